//! The machine: what its environment says, read once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cluster::{Access, Proxies};
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

    /// Where a cluster is, as far as the environment says.
    pub fn cluster(&self) -> Access {
        let either = |name: &str| self.variable(name).or_else(|| self.variable(&name.to_ascii_lowercase()));
        Access {
            list: self.variable("KUBECONFIG").map(Into::into),
            home: self.variable("HOME").map(PathBuf::from),
            proxies: Proxies { https: either("HTTPS_PROXY"), none: either("NO_PROXY") },
            ..Access::default()
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

    /// The variables that a program which is run on our behalf may know, by their names.
    pub fn passed(&self, is_passed: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let passed = self.variables.iter().filter(|(name, _)| is_passed(name));
        passed.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The files that pip reads of its user's: where it looks for them as root, and where they are.
    pub fn installer_files(&self) -> Vec<(String, PathBuf)> {
        let home = self.variable("HOME").map(PathBuf::from).unwrap_or_default();
        let stated = self.variable("PIP_CONFIG_FILE").map(PathBuf::from);
        let configs = [home.join(".config/pip/pip.conf"), home.join(".pip/pip.conf"), "/etc/pip.conf".into()];
        let config = stated.into_iter().chain(configs).find(|path| path.is_file());
        let netrc = self.variable("NETRC").map_or_else(|| home.join(".netrc"), PathBuf::from);
        let config = config.map(|path| ("/etc/pip.conf".to_owned(), path));
        config.into_iter().chain(netrc.is_file().then(|| ("/root/.netrc".to_owned(), netrc))).collect()
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
