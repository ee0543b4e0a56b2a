//! A scale: how many Pods there are, and how many must stay.

use schemars::JsonSchema;
use serde::Serialize;

use super::name::Percent;

/// What decides how many Pods there are, by what they use of what they ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Autoscaler {
    /// At least.
    #[schemars(range(min = 1))]
    pub min: i32,
    /// At most.
    #[schemars(range(min = 1))]
    pub max: i32,
    /// The percentage of the CPU request that Pods should use on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub cpu: Option<i32>,
    /// The percentage of the memory request that Pods should use on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub memory: Option<i32>,
}

/// How many Pods may go at a time when nodes are drained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Budget {
    /// So many must stay.
    MinAvailable(Count),
    /// So many may be missing.
    MaxUnavailable(Count),
}

/// A number of Pods, or a part of all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Count {
    /// A number.
    Number(#[schemars(range(min = 0))] i32),
    /// A part; Kubernetes rounds up.
    Part(Percent),
}

impl Count {
    /// Of so many Pods.
    pub fn of(&self, pods: i32) -> i32 {
        match self {
            Self::Number(number) => *number,
            Self::Part(percent) => {
                let part = percent.as_str().trim_end_matches('%').parse::<i64>().unwrap_or_default();
                i32::try_from((i64::from(pods) * part + 99) / 100).unwrap_or(i32::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn parts_are_rounded_up() {
        let part = |text: &str, pods| Count::Part(text.parse().unwrap()).of(pods);
        assert_eq!((part("50%", 3), part("0%", 3), part("100%", 7), Count::Number(2).of(9)), (2, 0, 7, 2));
    }
}
