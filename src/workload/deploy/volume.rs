//! A volume: a folder that is not the image's, and where its files are.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

use super::name::{ObjectName, Quantity};

/// A folder of the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// Where it is in the container.
    pub path: MountPath,
    /// Whether it can only be read.
    pub read_only: bool,
    /// Where its files are.
    pub source: Source,
}

/// Where a volume's files are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// On a claim that exists.
    Claim(ObjectName),
    /// On a claim that is made along with the workload.
    #[serde(rename_all = "camelCase")]
    New {
        /// How much is claimed.
        size: Quantity,
        /// The class of storage; the cluster's default where none is stated.
        #[serde(skip_serializing_if = "Option::is_none")]
        storage_class: Option<ObjectName>,
        /// Who may mount it at a time.
        access_mode: AccessMode,
    },
    /// In a config map.
    ConfigMap(ObjectName),
    /// In a secret.
    Secret(ObjectName),
    /// Nowhere: it is empty when the Pod starts and gone when it ends. How large it may grow, where stated.
    #[serde(rename_all = "camelCase")]
    EmptyDir {
        /// How large it may grow.
        #[serde(skip_serializing_if = "Option::is_none")]
        size_limit: Option<Quantity>,
    },
}

/// Who may mount a claim at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum AccessMode {
    /// The Pods of one node.
    ReadWriteOnce,
    /// One Pod.
    ReadWriteOncePod,
    /// Pods of any node.
    ReadWriteMany,
    /// Pods of any node, to read.
    ReadOnlyMany,
}

impl AccessMode {
    /// All of them, by the names that Kubernetes gives them.
    pub const ALL: [(&'static str, Self); 4] = [
        ("ReadWriteOnce", Self::ReadWriteOnce),
        ("ReadWriteOncePod", Self::ReadWriteOncePod),
        ("ReadWriteMany", Self::ReadWriteMany),
        ("ReadOnlyMany", Self::ReadOnlyMany),
    ];

    /// The name that Kubernetes gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadWriteOnce => "ReadWriteOnce",
            Self::ReadWriteOncePod => "ReadWriteOncePod",
            Self::ReadWriteMany => "ReadWriteMany",
            Self::ReadOnlyMany => "ReadOnlyMany",
        }
    }

    /// Whether Pods of two nodes can't have it at once.
    pub fn is_single(self) -> bool {
        matches!(self, Self::ReadWriteOnce | Self::ReadWriteOncePod)
    }
}

/// An absolute path in the container, without `.`, `..`, `:` and empty parts, and not the root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct MountPath(#[schemars(regex(pattern = r"^(/[^/:]+)+$"))] String);

/// A text that is no such path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {}", MountPath::EXPECTED)]
pub struct WrongPath;

impl MountPath {
    /// What it must be.
    pub const EXPECTED: &'static str = "an absolute path such as \"/data\", without ':' and '..'";

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MountPath {
    type Err = WrongPath;

    fn from_str(text: &str) -> Result<Self, WrongPath> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let is_part =
            |part: &str| !matches!(part, "" | "." | "..") && !part.contains(|c: char| c == ':' || c.is_control());
        match text.strip_prefix('/') {
            Some(rest) if rest.split('/').all(is_part) => Ok(Self(text.to_owned())),
            _ => Err(WrongPath),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_are_absolute_and_plain() {
        assert_eq!("/data/".parse::<MountPath>().unwrap().as_str(), "/data");
        for wrong in ["", "/", "data", "//a", "/a/../b", "/a:b", "/a/./b", "/a\n"] {
            assert!(wrong.parse::<MountPath>().is_err(), "{wrong}");
        }
    }
}
