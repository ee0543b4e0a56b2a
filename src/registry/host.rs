//! A registry's host: the part of an image's name before its repository.

use std::net::IpAddr;

use super::Error;

/// Docker Hub's names. The first is what images are called by; the last is who answers.
const HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
/// What Docker has always called Docker Hub in its configuration and towards credential helpers.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// A host, with its port where one was given, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host(String);

impl Host {
    /// Takes `name` or `name:port`; all of Docker Hub's names become `docker.io`.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let name = text.to_ascii_lowercase();
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        let sound = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') && name.chars().all(legal);
        if !sound || reqwest::Url::parse(&format!("https://{name}/")).is_err() {
            return Err(Error::BadName { text: text.to_owned() });
        }
        Ok(if HUB.contains(&name.as_str()) { Self(HUB[0].to_owned()) } else { Self(name) })
    }

    /// What images are called by: `docker.io` for Docker Hub.
    pub(super) fn name(&self) -> &str {
        &self.0
    }

    /// Who answers requests: `registry-1.docker.io` for Docker Hub.
    pub(super) fn endpoint(&self) -> &str {
        if self.is_hub() { HUB[2] } else { &self.0 }
    }

    /// What Docker's configuration and credential helpers call this host.
    pub(super) fn key(&self) -> &str {
        if self.is_hub() { HUB_KEY } else { &self.0 }
    }

    /// Whether requests stay on this machine, so that Docker too speaks plain HTTP to it unasked.
    pub(super) fn is_loopback(&self) -> bool {
        let bare = match self.0.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or(rest),
            None => self.0.split(':').next().unwrap_or(&self.0),
        };
        bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether a port was given; without one, HTTPS and HTTP are at different doors.
    pub(super) fn has_port(&self) -> bool {
        self.0.rsplit_once(':').is_some_and(|(_, port)| port.chars().all(|c| c.is_ascii_digit()))
    }

    fn is_hub(&self) -> bool {
        self.0 == HUB[0]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn docker_hub_has_one_name_one_endpoint_and_one_key() {
        for name in ["docker.io", "index.docker.io", "registry-1.docker.io", "Docker.IO"] {
            let host = Host::parse(name).unwrap();
            assert_eq!((host.name(), host.endpoint(), host.key()), ("docker.io", HUB[2], HUB_KEY));
        }
        let host = Host::parse("Registry.example.com:5000").unwrap();
        assert_eq!(host.key(), "registry.example.com:5000");
        assert_eq!(host.endpoint(), host.name());
    }

    #[test]
    fn loopback_is_what_docker_takes_for_it() {
        for name in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.8.7", "[::1]:5000", "[::1]"] {
            assert!(Host::parse(name).unwrap().is_loopback(), "{name}");
        }
        for name in ["localhost.example.com", "10.0.0.1:5000", "127.example.com", "[::2]:80", "docker.io"] {
            assert!(!Host::parse(name).unwrap().is_loopback(), "{name}");
        }
    }

    #[test]
    fn ports_are_told_from_addresses() {
        assert!(Host::parse("a:5000").unwrap().has_port() && Host::parse("[::1]:5000").unwrap().has_port());
        assert!(!Host::parse("a.example").unwrap().has_port() && !Host::parse("[::1]").unwrap().has_port());
    }

    #[test]
    fn what_is_not_a_host_is_refused() {
        for text in ["", "https://a", "a/b", "user:pw@a", "a b", "a:port", "a?x", "-a"] {
            assert!(Host::parse(text).is_err(), "{text}");
        }
    }
}
