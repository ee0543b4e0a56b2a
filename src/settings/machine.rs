//! The machine: what its environment says, read once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::engine::docker::Whereabouts;

/// The environment of the process.
#[derive(Clone, Default)]
pub struct Machine {
    variables: BTreeMap<String, String>,
}

impl std::fmt::Debug for Machine {
    /// Variables hold passwords: none is ever printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine").finish_non_exhaustive()
    }
}

impl Machine {
    /// Reads the environment; what is not UTF-8 is none of ours.
    pub fn read() -> Self {
        let variables = std::env::vars_os();
        let utf8 = variables.filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Self { variables: utf8.collect() }
    }

    /// A variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|v| !v.is_empty()).cloned()
    }

    /// Where the Docker Engine is.
    pub fn docker(&self) -> Whereabouts {
        Whereabouts {
            host: self.variable("DOCKER_HOST"),
            context: self.variable("DOCKER_CONTEXT"),
            tls: self.variable("DOCKER_TLS_VERIFY").is_some(),
            certificates: self.variable("DOCKER_CERT_PATH").map(PathBuf::from),
            config: self.docker_config(),
        }
    }

    /// Docker's configuration folder.
    pub fn docker_config(&self) -> Option<PathBuf> {
        let home = || self.variable("HOME").map(|h| PathBuf::from(h).join(".docker"));
        self.variable("DOCKER_CONFIG").map(PathBuf::from).or_else(home)
    }

    /// The folder of the cache, where nothing else names it: the platform's own for caches.
    pub fn cache(&self) -> Result<PathBuf, crate::cache::Error> {
        crate::cache::default_root(|name| self.variable(name)).ok_or(crate::cache::Error::NoPlace)
    }

    /// Whether this is a CI job, where nobody watches a live display.
    pub fn is_ci(&self) -> bool {
        self.variable("CI").is_some()
    }

    /// The search path for programs.
    pub fn path(&self) -> Option<String> {
        self.variable("PATH")
    }
}
