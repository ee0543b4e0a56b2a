//! A platform: `linux/amd64` and the like, read and written as containerd does.

use std::fmt;
use std::str::FromStr;

use super::chars::lower;

/// Operating systems and processors that may stand alone.
const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];
const PROCESSORS: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "ppc64",
    "ppc64le",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// What an image is made for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// The operating system, as Go names it.
    pub os: String,
    /// The processor, as Go names it.
    pub architecture: String,
    /// Its variant, such as `v7`; empty where the architecture says it all.
    pub variant: String,
}

/// Why a text is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a platform such as linux/amd64 or linux/arm64/v8")]
pub struct NotAPlatform(pub String);

impl Platform {
    /// Linux on this machine's processor.
    pub fn here() -> Self {
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        Self { architecture: architecture.into(), ..Self::linux_amd64() }
    }

    /// Linux on 64-bit x86, where nothing else is said.
    pub fn linux_amd64() -> Self {
        Self { os: "linux".into(), architecture: "amd64".into(), variant: String::new() }
    }
}

impl FromStr for Platform {
    type Err = NotAPlatform;

    /// containerd's `platforms.Parse`, normalized: <https://pkg.go.dev/github.com/containerd/platforms#Parse>. Where
    /// only one half is stated, the other is Linux, or amd64: never what this machine happens to be.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotAPlatform(text.to_owned());
        let parts: Vec<&str> = text.split('/').collect();
        let valid = |part: &&str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        };
        let (first, rest) = parts.split_first().ok_or_else(wrong)?;
        let system = system(first).ok_or_else(wrong)?;
        if !rest.iter().all(valid) {
            return Err(wrong());
        }
        let (os, (architecture, variant)) = match rest {
            [] if SYSTEMS.contains(&system.as_str()) => (system, ("amd64".to_owned(), String::new())),
            [] => ("linux".to_owned(), processor(first, "")),
            [architecture] => (system, processor(architecture, "")),
            [architecture, variant] => (system, processor(architecture, variant)),
            _ => return Err(wrong()),
        };
        if rest.is_empty() && !PROCESSORS.contains(&architecture.as_str()) {
            return Err(wrong());
        }
        Ok(Self { os, architecture, variant })
    }
}

/// The name of an operating system, without the version and features that may follow it in parentheses.
fn system(text: &str) -> Option<String> {
    let (name, options) = match text.split_once('(') {
        Some((name, options)) => (name, options.strip_suffix(')')?),
        None => (text, ""),
    };
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let option = |c: char| word(c) || matches!(c, '.' | '%');
    let mut options = options.split('+');
    let version = options.next().unwrap_or_default();
    let features = options.all(|feature| !feature.is_empty() && feature.chars().all(option));
    if name.is_empty() || !name.chars().all(word) || !version.chars().all(option) || !features {
        return None;
    }
    let name = lower(name);
    Some(if name == "macos" { "darwin".to_owned() } else { name })
}

fn processor(architecture: &str, variant: &str) -> (String, String) {
    let (architecture, variant) = (lower(architecture), lower(variant));
    let (architecture, variant) = match (architecture.as_str(), variant.as_str()) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64" | "amd64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9"),
        ("aarch64" | "arm64", variant) => ("arm64", variant),
        ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
        ("armel", _) | ("arm", "6") => ("arm", "v6"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "8") => ("arm", "v8"),
        other => other,
    };
    (architecture.to_owned(), variant.to_owned())
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if self.variant.is_empty() { Ok(()) } else { write!(f, "/{}", self.variant) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn platforms_are_normalized() {
        for (text, normal) in [
            ("linux/amd64", "linux/amd64"),
            ("Linux/x86_64", "linux/amd64"),
            ("linux/aarch64/v8", "linux/arm64"),
            ("linux/arm", "linux/arm/v7"),
            ("arm64", "linux/arm64"),
            ("linux", "linux/amd64"),
            ("windows(10.0.17763+win32k)/amd64", "windows/amd64"),
            ("odd/machine", "odd/machine"),
        ] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), normal, "{text}");
        }
        for wrong in ["", "*", "odd", "linux/", "linux/a/b/c", "linux/a b", "lin.ux/amd64", "linux()x/amd64"] {
            assert!(wrong.parse::<Platform>().is_err(), "{wrong}");
        }
    }
}
