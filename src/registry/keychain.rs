//! A keychain: the credentials that this user has for registries.

use std::io;
use std::path::PathBuf;

use super::credentials::Credentials;
use super::docker_config::{DockerConfig, Place};
use super::helper::Helper;
use super::host::Host;
use super::keychain_error::KeychainError;
use super::secret::Secret;

/// What messages call the configuration in the environment.
const VARIABLE: &str = "DOCKER_AUTH_CONFIG";

/// The credentials that this user has for registries: those given for one registry by name, then the environment's
/// configuration, then the file's.
#[derive(Debug, Clone, Default)]
pub struct Keychain {
    explicit: Vec<(Host, Credentials)>,
    configs: Vec<DockerConfig>,
}

impl Keychain {
    /// Reads `config.json` in `dir`, the folder that `DOCKER_CONFIG` names or else `~/.docker`; a missing file is an
    /// empty one. `env_auth` is the content of `DOCKER_AUTH_CONFIG`, which goes before the file.
    pub fn from_docker_config(dir: Option<PathBuf>, env_auth: Option<String>) -> Result<Self, KeychainError> {
        let mut configs = Vec::new();
        if let Some(text) = env_auth.filter(|text| !text.trim().is_empty()) {
            configs.push(DockerConfig::parse(VARIABLE, &text)?);
        }
        if let Some(file) = dir.map(|dir| dir.join("config.json")) {
            match std::fs::read_to_string(&file) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => configs.push(DockerConfig::parse(&file.display().to_string(), &text)?),
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(KeychainError::Unreadable { file, source }),
            }
        }
        Ok(Self { explicit: Vec::new(), configs })
    }

    /// Adds a login for `host` alone, which goes before all others. It is never shown to another registry, such as the
    /// base image's.
    pub fn with_explicit(mut self, host: &str, user: String, secret: Secret) -> Result<Self, KeychainError> {
        self.explicit.push((parse(host)?, Credentials::Basic { user, secret }));
        Ok(self)
    }

    /// The credentials for `host`, such as `docker.io` or `localhost:5000`. Starts the credential helper that the
    /// configuration names, which may take seconds.
    pub async fn lookup(&self, host: &str) -> Result<Credentials, KeychainError> {
        let host = parse(host)?;
        if let Some((_, credentials)) = self.explicit.iter().find(|(named, _)| *named == host) {
            return Ok(credentials.clone());
        }
        for config in &self.configs {
            let found = match config.place(&host)? {
                Place::Here(credentials) => credentials,
                Place::Helper { name, key, otherwise } => match Helper::new(&name).get(&key).await? {
                    Credentials::Anonymous => otherwise,
                    credentials => credentials,
                },
                Place::Nowhere => Credentials::Anonymous,
            };
            if found != Credentials::Anonymous {
                return Ok(found);
            }
        }
        Ok(Credentials::Anonymous)
    }

    /// The value of the Engine's `X-Registry-Auth` header for `host`.
    pub async fn raw_docker_auth(&self, host: &str) -> Result<Secret, KeychainError> {
        Ok(self.lookup(host).await?.docker_auth(host))
    }
}

fn parse(host: &str) -> Result<Host, KeychainError> {
    Host::parse(host).map_err(|_| KeychainError::BadHost { host: host.to_owned() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"auths": {"a.example": {"username": "file", "password": "f"},
                                     "b.example": {"username": "file", "password": "f"}}}"#;
    const ENV: &str = r#"{"auths": {"a.example": {"username": "env", "password": "e"}}}"#;

    fn keychain() -> Keychain {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.json"), FILE).unwrap();
        Keychain::from_docker_config(Some(dir.path().to_owned()), Some(ENV.to_owned())).unwrap()
    }

    async fn user(keychain: &Keychain, host: &str) -> Option<String> {
        keychain.lookup(host).await.unwrap().user().map(str::to_owned)
    }

    #[tokio::test]
    async fn the_environment_goes_before_the_file() {
        let keychain = keychain();
        assert_eq!(user(&keychain, "a.example").await.as_deref(), Some("env"));
        assert_eq!(user(&keychain, "b.example").await.as_deref(), Some("file"));
        assert_eq!(user(&keychain, "c.example").await, None);
    }

    #[tokio::test]
    async fn a_login_given_by_name_goes_before_all_and_nowhere_else() {
        let keychain = keychain().with_explicit("a.example", "me".into(), Secret::new("m")).unwrap();
        assert_eq!(user(&keychain, "a.example").await.as_deref(), Some("me"));
        assert_eq!(user(&keychain, "b.example").await.as_deref(), Some("file"));
        assert!(!format!("{keychain:?}").contains("\"m\""));
    }

    #[tokio::test]
    async fn no_configuration_is_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let keychain = Keychain::from_docker_config(Some(dir.path().to_owned()), Some(String::new())).unwrap();
        assert_eq!(keychain.lookup("docker.io").await.unwrap(), Credentials::Anonymous);
        assert_eq!(Keychain::default().raw_docker_auth("docker.io").await.unwrap().expose(), "e30=");
    }

    #[test]
    fn a_broken_variable_is_named() {
        let fault = Keychain::from_docker_config(None, Some("{s3cret".into())).unwrap_err();
        assert!(fault.to_string().contains(VARIABLE) && !format!("{fault:?}").contains("s3cret"), "{fault}");
    }
}
