//! An image config: what an image says of itself.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The image config of OCI and Docker. The specification's own types drop Docker's Healthcheck, so these are ours:
/// <https://github.com/opencontainers/image-spec/blob/main/config.md>.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ImageConfig {
    /// How a container is started.
    #[serde(default)]
    pub config: RunConfig,
    /// The processor that it is for, as Go names it.
    #[serde(default)]
    pub architecture: String,
    /// The operating system.
    #[serde(default)]
    pub os: String,
    /// The layers, uncompressed.
    #[serde(default)]
    pub rootfs: RootFs,
    /// What made each layer.
    #[serde(default, deserialize_with = "null_is_default")]
    pub history: Vec<History>,
}

/// The layers by what they hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct RootFs {
    /// Digests of the uncompressed layers, the lowest first; BuildKit writes null where there is none.
    #[serde(default, deserialize_with = "null_is_default")]
    pub diff_ids: Vec<String>,
}

/// One instruction that made the image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct History {
    /// Its text.
    #[serde(default)]
    pub created_by: String,
    /// It made no layer.
    #[serde(default)]
    pub empty_layer: bool,
}

/// How a container of the image is started, unless it is told otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RunConfig {
    /// `USER`, as it was written.
    pub user: String,
    /// `EXPOSE`: `8000/tcp` and so on.
    #[serde(deserialize_with = "null_is_default")]
    pub exposed_ports: BTreeMap<String, serde_json::Value>,
    /// `ENV`, as `NAME=value`.
    #[serde(deserialize_with = "null_is_default")]
    pub env: Vec<String>,
    /// `ENTRYPOINT`.
    #[serde(deserialize_with = "null_is_default")]
    pub entrypoint: Vec<String>,
    /// `CMD`.
    #[serde(deserialize_with = "null_is_default")]
    pub cmd: Vec<String>,
    /// `WORKDIR`; `/` where empty.
    pub working_dir: String,
    /// `LABEL`.
    #[serde(deserialize_with = "null_is_default")]
    pub labels: BTreeMap<String, String>,
    /// `STOPSIGNAL`; SIGTERM where empty.
    pub stop_signal: String,
    /// `HEALTHCHECK`.
    pub healthcheck: Option<HealthConfig>,
    /// `SHELL`, which Docker and BuildKit store beside what the specification has.
    #[serde(deserialize_with = "null_is_default")]
    pub shell: Vec<String>,
    /// `ONBUILD`: instructions for the images that are built on this one.
    #[serde(deserialize_with = "null_is_default")]
    pub on_build: Vec<String>,
    /// `VOLUME`: folders that are written to.
    #[serde(deserialize_with = "null_is_default")]
    pub volumes: BTreeMap<String, serde_json::Value>,
}

/// Docker's health check, durations in nanoseconds; 0 means the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct HealthConfig {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", command]`; empty means none.
    #[serde(deserialize_with = "null_is_default")]
    pub test: Vec<String>,
    /// Between checks.
    pub interval: i64,
    /// For one check.
    pub timeout: i64,
    /// In which failures don't count.
    pub start_period: i64,
    /// Between checks during the start period.
    pub start_interval: i64,
    /// Failures in a row until unhealthy.
    pub retries: i64,
}

impl RunConfig {
    /// The value of an environment variable of the image.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().find_map(|e| e.split_once('=').filter(|(n, _)| *n == name).map(|(_, v)| v))
    }
}

fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn dockers_nulls_are_empty() {
        let text = r#"{"config":{"User":"1000","Cmd":null,"ExposedPorts":null,"Env":["A=b=c"],
            "Healthcheck":{"Test":["CMD","x"],"Interval":5000000000}},
            "rootfs":{"type":"layers","diff_ids":null},"history":null}"#;
        let config: ImageConfig = serde_json::from_str(text).unwrap();
        assert_eq!(config.config.variable("A"), Some("b=c"));
        assert_eq!(config.config.healthcheck.unwrap().interval, 5_000_000_000);
    }
}
