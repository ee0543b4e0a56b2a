//! A name: the words that Kubernetes' objects are told apart, counted and selected by.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

/// A text that is none of what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {0}")]
pub struct WrongName(pub &'static str);

/// A type over a text that a rule accepts.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $pattern:literal, $rule:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
        pub struct $name(#[schemars(regex(pattern = $pattern))] String);

        impl $name {
            /// What such a text must be.
            pub const EXPECTED: &'static str = $expected;

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = WrongName;

            fn from_str(text: &str) -> Result<Self, WrongName> {
                let rule: fn(&str) -> bool = $rule;
                if rule(text) { Ok(Self(text.to_owned())) } else { Err(WrongName($expected)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

word!(
    /// The name of an object, a DNS subdomain:
    /// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>.
    ObjectName,
    "a name of small letters, digits, '-' and '.', at most 253 characters",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    |text| text.len() <= 253 && text.split('.').all(is_label)
);

word!(
    /// A DNS label: the name of a volume.
    Label,
    "a name of small letters, digits and '-', at most 63 characters",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    is_label
);

word!(
    /// A Kubernetes quantity such as `100m` or `128Mi`:
    /// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
    Quantity,
    "a quantity such as \"100m\" or \"128Mi\"",
    r"^[0-9]+(\.[0-9]*)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$",
    |text| {
        const SUFFIXES: &[&str] = &["", "m", "k", "Ki", "M", "Mi", "G", "Gi", "T", "Ti", "P", "Pi", "E", "Ei"];
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(digits);
        number.starts_with(|c: char| c.is_ascii_digit()) && number.parse::<f64>().is_ok() && SUFFIXES.contains(&suffix)
    }
);

impl Quantity {
    /// One of the defaults.
    pub(super) fn literal(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// A whole number of the resource's own unit: CPUs, bytes.
    pub fn whole(number: u64) -> Self {
        Self(number.to_string())
    }

    /// Roughly how much it is, to tell a smaller from a larger one.
    pub fn amount(&self) -> f64 {
        const BINARY: &str = "KMGTPE";
        const DECIMAL: &str = "kMGTPE";
        let digits = self.0.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.0.len());
        let (number, suffix) = self.0.split_at(digits);
        let power = |units: &str, unit: char| units.find(unit).and_then(|i| i32::try_from(i + 1).ok()).unwrap_or(0);
        let scale = match suffix.chars().next() {
            None => 1.0,
            Some('m') => 0.001,
            Some(unit) if suffix.ends_with('i') => 1024_f64.powi(power(BINARY, unit)),
            Some(unit) => 1000_f64.powi(power(DECIMAL, unit)),
        };
        number.parse::<f64>().unwrap_or_default() * scale
    }
}

word!(
    /// The name of an environment variable.
    VariableName,
    "a variable's name: letters, digits, '_', '-' and '.', not starting with a digit",
    r"^[-._a-zA-Z][-._a-zA-Z0-9]*$",
    |text| !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
);

word!(
    /// A key in a config map or a secret.
    DataKey,
    "a key of letters, digits, '-', '_' and '.', at most 253 characters",
    r"^[-._a-zA-Z0-9]+$",
    |text| !text.is_empty()
        && text.len() <= 253
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
);

word!(
    /// The key of a label or an annotation: `[PREFIX/]NAME`.
    LabelKey,
    "a key such as \"tier\" or \"example.com/tier\"",
    r"^([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
    |text| {
        let (prefix, name) = text.split_once('/').map_or((None, text), |(p, n)| (Some(p), n));
        prefix.is_none_or(|p| p.len() <= 253 && p.split('.').all(is_label)) && !name.is_empty() && is_value(name)
    }
);

word!(
    /// The value of a label.
    LabelValue,
    "at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends",
    r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
    is_value
);

word!(
    /// A percentage.
    Percent,
    "a percentage such as \"50%\"",
    r"^([0-9]|[1-9][0-9]|100)%$",
    |text| text.strip_suffix('%').and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| n <= 100)
        && (text.len() == 2 || !text.starts_with(['0', '+']))
);

fn is_label(text: &str) -> bool {
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(valid) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_value(text: &str) -> bool {
    let end = |c: char| c.is_ascii_alphanumeric();
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.is_empty() || (text.len() <= 63 && text.chars().all(valid) && text.starts_with(end) && text.ends_with(end))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_what_kubernetes_takes() {
        assert!("registry.example-1".parse::<ObjectName>().is_ok());
        for wrong in ["", "A", "-a", "a-", "a..b", "a_b", &"a".repeat(64)] {
            assert!(wrong.parse::<ObjectName>().is_err(), "{wrong}");
        }
        assert!("example.com/Tier_1".parse::<LabelKey>().is_ok());
        for wrong in ["", "/a", "a/", "a/b/c", "A.com/b c", "_a"] {
            assert!(wrong.parse::<LabelKey>().is_err(), "{wrong}");
        }
        assert!("A_B".parse::<VariableName>().is_ok() && "1A".parse::<VariableName>().is_err());
        assert!("0%".parse::<Percent>().is_ok() && "100%".parse::<Percent>().is_ok());
        for wrong in ["", "%", "101%", "50", "+5%", "05%", "1.5%"] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn quantities_are_read_and_compared() {
        for right in ["0.5", "100m", "128Mi", "1G", "2"] {
            assert!(right.parse::<Quantity>().is_ok(), "{right}");
        }
        for wrong in ["", "Mi", "1 Gi", "-1", "1mi", "1.2.3", ".5"] {
            assert!(wrong.parse::<Quantity>().is_err(), "{wrong}");
        }
        let amount = |text: &str| text.parse::<Quantity>().unwrap().amount();
        assert!(amount("1Gi") > amount("1G") && amount("1G") > amount("900M") && amount("1") > amount("999m"));
        assert!((amount("1k") - 1000.0).abs() < 1e-9);
    }
}
