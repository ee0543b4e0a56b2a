//! A source: where an image is to be read from, as it was typed.

use std::fmt;
use std::str::FromStr;

use crate::image::reference::{ImageRef, NameError};

/// Where an image is to be read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A registry.
    Registry(ImageRef),
    /// An OCI layout: `PATH`, `PATH:TAG` or `PATH@DIGEST`.
    Layout(String),
    /// An engine: a name or an id.
    Engine(String),
}

impl FromStr for Source {
    type Err = NameError;

    /// Reads `oci:PATH[:TAG|@DIGEST]`, `docker:NAME` (or `docker-daemon:NAME`, as other tools have it), or a reference.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let after = |marks: &[&str]| marks.iter().find_map(|mark| text.strip_prefix(mark));
        if let Some(path) = after(&["oci:", "oci-archive:"]) {
            return if path.is_empty() {
                Err(NameError::Reference(text.to_owned()))
            } else {
                Ok(Self::Layout(path.to_owned()))
            };
        }
        // What skopeo calls a registry.
        if let Some(reference) = after(&["docker://"]) {
            return reference.parse().map(Self::Registry);
        }
        match after(&["docker:", "docker-daemon:"]) {
            Some("") => Err(NameError::Reference(text.to_owned())),
            Some(name) if !is_port(name) => Ok(Self::Engine(name.to_owned())),
            _ => text.parse().map(Self::Registry),
        }
    }
}

/// Whether `docker:NAME` is a registry on a host called docker.
fn is_port(name: &str) -> bool {
    name.split_once('/').is_some_and(|(port, _)| port.parse::<u16>().is_ok())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(image) => write!(f, "{image}"),
            Self::Layout(text) => write!(f, "oci:{text}"),
            Self::Engine(name) => write!(f, "docker:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_mark_says_where() {
        let read = |text: &str| text.parse::<Source>().unwrap();
        assert_eq!(read("oci:out/image:1.0"), Source::Layout("out/image:1.0".into()));
        assert_eq!(read("docker:api:1.0"), Source::Engine("api:1.0".into()));
        assert_eq!(read("docker-daemon:api"), Source::Engine("api".into()));
        for reference in ["registry.example/api:1.0", "docker:5000/api", "docker://registry.example/api", "oci/api"] {
            assert!(matches!(read(reference), Source::Registry(_)), "{reference}");
        }
        for wrong in ["oci:", "docker://", "docker:", "", "registry.example/UPPER"] {
            assert!(wrong.parse::<Source>().is_err(), "{wrong}");
        }
        assert_eq!(read("oci:a").to_string(), "oci:a");
    }
}
