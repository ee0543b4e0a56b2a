//! An image config: what an image says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The image config of OCI and Docker. The specification's own types drop Docker's Healthcheck, so these are ours:
/// <https://github.com/opencontainers/image-spec/blob/main/config.md>.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ImageConfig {
    /// How a container is started.
    #[serde(default, deserialize_with = "null_is_default")]
    pub config: RunConfig,
    /// The processor that it is for, as Go names it.
    #[serde(default, deserialize_with = "null_is_default")]
    pub architecture: String,
    /// The operating system.
    #[serde(default, deserialize_with = "null_is_default")]
    pub os: String,
    /// The layers, uncompressed.
    #[serde(default, deserialize_with = "null_is_default")]
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
    #[serde(default, deserialize_with = "null_is_default")]
    pub created_by: String,
    /// It made no layer.
    #[serde(default, deserialize_with = "null_is_default")]
    pub empty_layer: bool,
}

/// How a container of the image is started, unless it is told otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RunConfig {
    /// `USER`, as it was written.
    #[serde(deserialize_with = "null_is_default")]
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
    #[serde(deserialize_with = "null_is_default")]
    pub working_dir: String,
    /// `LABEL`.
    #[serde(deserialize_with = "null_is_default")]
    pub labels: BTreeMap<String, String>,
    /// `STOPSIGNAL`; SIGTERM where empty.
    #[serde(deserialize_with = "null_is_default")]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dockers_nulls_are_empty() {
        let text = r#"{"config":{"User":"1000","Cmd":null,"ExposedPorts":null,"Env":["A=b=c"],
            "Healthcheck":{"Test":["CMD","x"],"Interval":5000000000}},
            "rootfs":{"type":"layers","diff_ids":null},"history":null}"#;
        let config: ImageConfig = serde_json::from_str(text).unwrap();
        assert_eq!(config.config.variable("A"), Some("b=c"));
        assert_eq!(config.config.healthcheck.unwrap().interval, 5_000_000_000);
        let nulls = r#"{"config": null, "os": null, "rootfs": {"diff_ids": null}, "history": null}"#;
        assert_eq!(serde_json::from_str::<ImageConfig>(nulls).unwrap(), ImageConfig::default());
    }

    /// JSON of any shape, with the names that a config has.
    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "[A-Za-z0-9:/=-]{0,8}".prop_map(Into::into),
        ];
        let name = prop::sample::select(vec![
            "config",
            "User",
            "Env",
            "Healthcheck",
            "Test",
            "Interval",
            "Retries",
            "ExposedPorts",
            "80/tcp",
            "rootfs",
            "diff_ids",
            "history",
            "created_by",
            "os",
            "StopSignal",
            "Labels",
            "Volumes",
        ]);
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map(name.clone(), inner, 0..6)
                    .prop_map(|entries| { entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect() }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_config_makes_the_reader_panic(value in json(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(config) = serde_json::from_value::<ImageConfig>(value) {
                let _ = crate::image::contract::ImageContract::read(&config);
            }
            let _ = serde_json::from_slice::<ImageConfig>(&bytes);
        }
    }
}
