//! A network rule: who may reach a workload from where, and whom it may reach.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

use super::name::{LabelKey, LabelValue, ObjectName};

/// A text that is none of what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {0}")]
pub struct WrongAddress(&'static str);

/// How requests from outside the cluster reach a workload: its first port gets them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// The host that they are for.
    pub host: Host,
    /// What their paths start with.
    pub path: UrlPath,
    /// The class of the controller; the cluster's default where none is stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<ObjectName>,
    /// The secret with the host's certificate; without one there is no TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_secret: Option<ObjectName>,
    /// What else the controller is told.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<LabelKey, String>,
}

/// Who may reach a workload, and whom it may reach.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct NetworkPolicy {
    /// Who may reach the ports that the image exposes, and no others; everyone where none is stated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Peer>,
    /// Whom the workload may reach, beside name servers; everyone where none is stated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Reach>,
}

/// Someone on the network: Pods by their labels and their namespaces', or a block of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Peer {
    /// A block of addresses, of whomever.
    Cidr(Cidr),
    /// Pods.
    #[serde(rename_all = "camelCase")]
    Pods {
        /// Their namespaces' labels; the workload's own namespace where none are stated.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        namespace_labels: BTreeMap<LabelKey, LabelValue>,
        /// Their labels; any Pods where none are stated.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pod_labels: BTreeMap<LabelKey, LabelValue>,
    },
}

/// Someone whom a workload may reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reach {
    /// Who.
    pub peer: Peer,
    /// At which TCP ports; at any where none are stated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<u16>,
}

/// A block of addresses: `10.0.0.0/8`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cidr(#[schemars(regex(pattern = "^[0-9a-fA-F.:]+/[0-9]+$"))] String);

impl Cidr {
    /// What it must be.
    pub const EXPECTED: &'static str = "a block of addresses such as \"10.0.0.0/8\"";

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Cidr {
    type Err = WrongAddress;

    fn from_str(text: &str) -> Result<Self, WrongAddress> {
        let wrong = WrongAddress(Self::EXPECTED);
        let (address, bits) = text.split_once('/').ok_or(wrong)?;
        let most = match address.parse().map_err(|_| wrong)? {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let is_number = !bits.is_empty() && bits.chars().all(|c| c.is_ascii_digit());
        match bits.parse::<u8>() {
            Ok(bits) if is_number && bits <= most => Ok(Self(text.to_owned())),
            _ => Err(wrong),
        }
    }
}

/// A host's name, of which the first part may be `*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Host(#[schemars(regex(pattern = r"^(\*\.)?[a-z0-9.-]+$"))] String);

impl Host {
    /// What it must be.
    pub const EXPECTED: &'static str = "a host such as \"api.example.com\" or \"*.example.com\"";

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Host {
    type Err = WrongAddress;

    fn from_str(text: &str) -> Result<Self, WrongAddress> {
        let wrong = WrongAddress(Self::EXPECTED);
        let name = text.strip_prefix("*.").unwrap_or(text);
        name.parse::<ObjectName>().map_err(|_| wrong)?;
        // An Ingress' host is a name: the API server refuses an address.
        if name.parse::<IpAddr>().is_ok() { Err(wrong) } else { Ok(Self(text.to_owned())) }
    }
}

/// What a request's path starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UrlPath(#[schemars(regex(pattern = "^/[!-~]*$"))] String);

impl UrlPath {
    /// What it must be.
    pub const EXPECTED: &'static str = "a path such as \"/\" or \"/api\"";

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UrlPath {
    type Err = WrongAddress;

    fn from_str(text: &str) -> Result<Self, WrongAddress> {
        // The API server refuses these in a path that is matched part by part.
        let odd = text.contains("//") || text.split('/').any(|part| matches!(part, "." | "..")) || text.contains('%');
        if text.starts_with('/') && !odd && text.chars().all(|c| c.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(WrongAddress(Self::EXPECTED))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_what_the_api_server_takes() {
        assert!("10.0.0.0/8".parse::<Cidr>().is_ok() && "fd00::/8".parse::<Cidr>().is_ok());
        for wrong in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/+8"] {
            assert!(wrong.parse::<Cidr>().is_err(), "{wrong}");
        }
        assert!("api.example.com".parse::<Host>().is_ok() && "*.example.com".parse::<Host>().is_ok());
        for wrong in ["", "*", "Api.example.com", "10.0.0.1", "a b", "https://a", "a:80", "a.*.com"] {
            assert!(wrong.parse::<Host>().is_err(), "{wrong}");
        }
        assert!("/".parse::<UrlPath>().is_ok() && "/api/v1".parse::<UrlPath>().is_ok());
        for wrong in ["", "api", "/a//b", "/a/../b", "/a b"] {
            assert!(wrong.parse::<UrlPath>().is_err(), "{wrong}");
        }
    }
}
