//! Why credentials could not be looked up.

use std::io;
use std::path::PathBuf;

/// Why credentials could not be looked up. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum KeychainError {
    /// The configuration is there and could not be read.
    #[error("could not read Docker's configuration {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// The configuration is not the JSON that Docker writes.
    #[error("could not understand Docker's configuration {origin}, line {line}, column {column}")]
    Malformed {
        /// The file's path, or the variable's name.
        origin: String,
        /// Where parsing stopped, counted from one.
        line: usize,
        /// Where parsing stopped in that line.
        column: usize,
    },
    /// An `auth` is not the base64 of `user:password`.
    #[error("could not understand the login for {host} in {origin}")]
    BadEntry {
        /// The file's path, or the variable's name.
        origin: String,
        /// The registry's host.
        host: String,
    },
    /// The host that was looked up is none.
    #[error("`{host}` is not a registry's host")]
    BadHost {
        /// What was asked for.
        host: String,
    },
    /// The program that the configuration names isn't on PATH.
    #[error("could not find the credential helper docker-credential-{name}, which Docker's configuration names")]
    HelperMissing {
        /// The helper's name, without `docker-credential-`.
        name: String,
    },
    /// The program could not be run.
    #[error("could not run the credential helper docker-credential-{name}")]
    HelperBroken {
        /// The helper's name.
        name: String,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// The program failed.
    #[error("the credential helper docker-credential-{name} gave nothing for {host}: {message}")]
    HelperFailed {
        /// The helper's name.
        name: String,
        /// The registry that it was asked for.
        host: String,
        /// What it said, in one line.
        message: String,
    },
    /// The program gave no answer in time.
    #[error("the credential helper docker-credential-{name} gave no answer for {host} in {seconds} seconds")]
    HelperSlow {
        /// The helper's name.
        name: String,
        /// The registry that it was asked for.
        host: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

impl KeychainError {
    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        const OURS: &str = "set PYDEPLOY_REGISTRY_USERNAME and PYDEPLOY_REGISTRY_PASSWORD, which go before it";
        Some(match self {
            Self::Unreadable { .. } => "check who may read it, or point DOCKER_CONFIG at another folder".to_owned(),
            Self::Malformed { origin, .. } => format!("mend {origin}; `docker login` writes it anew once it is gone"),
            Self::BadEntry { host, .. } => format!("log in anew: `docker login {host}`"),
            Self::BadHost { .. } => "a host has no scheme and no path: registry.example.com:5000".to_owned(),
            Self::HelperMissing { name } => format!(
                "install docker-credential-{name}, or take it out of credsStore and credHelpers in Docker's \
                 config.json, or {OURS}"
            ),
            Self::HelperBroken { name, .. } => {
                format!("check that docker-credential-{name} may be executed, or {OURS}")
            }
            Self::HelperFailed { name, host, .. } | Self::HelperSlow { name, host, .. } => {
                format!("try it: `echo {host} | docker-credential-{name} get`; or {OURS}")
            }
        })
    }
}
