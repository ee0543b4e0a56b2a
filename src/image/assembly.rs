//! An assembly: layers and a config, written as the image that they are.
//!
//! <https://github.com/opencontainers/image-spec/blob/main/config.md>, with what Docker has beside it: a health check and
//! a shell. The same parts always give the same bytes.

use std::collections::BTreeMap;

use oci_spec::image::{Descriptor, Digest, MediaType};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::config::{HealthConfig, RunConfig};
use crate::dockerfile::Platform;

/// A layer of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its blob.
    pub descriptor: Descriptor,
    /// The digest of the tar archive in it.
    pub diff_id: Digest,
    /// The size of its files, in bytes; 0 where nobody has looked.
    pub unpacked: u64,
    /// What it holds, in a word or a few: `code`, `fastapi 0.115.12`.
    pub what: String,
}

/// What an image is put together from.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    /// How it is started.
    pub run: &'a RunConfig,
    /// What it is for.
    pub platform: &'a Platform,
    /// The base's layers, and the history that its config has of them.
    pub base: &'a [Layer],
    /// That history, as it was.
    pub history: &'a [Value],
    /// Ours, the lowest first.
    pub own: &'a [Layer],
    /// When it was made, in seconds since 1970.
    pub time: u64,
}

/// A document that has a digest: a config, a manifest or an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What names it.
    pub descriptor: Descriptor,
    /// Its text.
    pub text: String,
}

/// The image config.
pub fn config(parts: &Parts<'_>) -> Document {
    let time = timestamp(parts.time);
    let Platform { os, architecture, variant } = parts.platform;
    let mut text = Map::new();
    text.insert("created".into(), json!(time));
    text.insert("architecture".into(), json!(architecture));
    if !variant.is_empty() {
        text.insert("variant".into(), json!(variant));
    }
    text.insert("os".into(), json!(os));
    text.insert("config".into(), run(parts.run));
    let layers = || parts.base.iter().chain(parts.own);
    let diff_ids: Vec<_> = layers().map(|l| l.diff_id.to_string()).collect();
    text.insert("rootfs".into(), json!({"type": "layers", "diff_ids": diff_ids}));
    let own = parts.own.iter().map(|l| json!({"created": time, "created_by": format!("{MADE_BY}{}", l.what)}));
    text.insert("history".into(), parts.history.iter().cloned().chain(own).collect());
    document(&Value::Object(text), MediaType::ImageConfig)
}

/// How the history of a layer of ours begins.
pub const MADE_BY: &str = "pydeploy: ";

/// The manifest of an image.
pub fn manifest(config: &Descriptor, layers: &[&Layer]) -> Document {
    let text = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::ImageManifest.to_string(),
        "config": named(config),
        "layers": layers.iter().map(|l| named(&l.descriptor)).collect::<Vec<_>>(),
    });
    document(&text, MediaType::ImageManifest)
}

/// The index of the images of several platforms.
pub fn index(images: &[(&Platform, &Descriptor)]) -> Document {
    let manifests = images.iter().map(|(platform, manifest)| {
        let mut entry = named(manifest);
        let Platform { os, architecture, variant } = platform;
        entry["platform"] = json!({"architecture": architecture, "os": os});
        if !variant.is_empty() {
            entry["platform"]["variant"] = json!(variant);
        }
        entry
    });
    let text = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::ImageIndex.to_string(),
        "manifests": manifests.collect::<Vec<_>>(),
    });
    document(&text, MediaType::ImageIndex)
}

/// The media type by which an OCI manifest names a layer that a Docker manifest has: the blob is the same.
pub fn layer_type(media_type: &MediaType) -> MediaType {
    match media_type.as_ref() {
        "application/vnd.docker.image.rootfs.diff.tar.gzip" => MediaType::ImageLayerGzip,
        "application/vnd.docker.image.rootfs.diff.tar" => MediaType::ImageLayer,
        "application/vnd.docker.image.rootfs.diff.tar.zstd" => MediaType::ImageLayerZstd,
        _ => media_type.clone(),
    }
}

/// What is named, and none of what is only said about it.
fn named(descriptor: &Descriptor) -> Value {
    json!({
        "mediaType": descriptor.media_type().to_string(),
        "digest": descriptor.digest().to_string(),
        "size": descriptor.size(),
    })
}

fn document(value: &Value, media_type: MediaType) -> Document {
    let text = value.to_string();
    let digest = sha256(text.as_bytes());
    Document { descriptor: Descriptor::new(media_type, text.len() as u64, digest), text }
}

/// The digest of bytes that are here.
pub fn sha256(bytes: &[u8]) -> Digest {
    let text = format!("sha256:{}", hex::encode(Sha256::digest(bytes)));
    text.parse().unwrap_or_else(|_| unreachable!("64 hexadecimal digits are a digest"))
}

/// How a container is started, in the order in which Docker writes it; what is empty is left out.
fn run(config: &RunConfig) -> Value {
    let mut text = Map::new();
    let mut put = |name: &str, value: Value| {
        let empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        if !empty {
            text.insert(name.to_owned(), value);
        }
    };
    put("User", json!(config.user));
    put("ExposedPorts", empty_objects(&config.exposed_ports));
    put("Env", json!(config.env));
    put("Entrypoint", json!(config.entrypoint));
    put("Cmd", json!(config.cmd));
    put("Healthcheck", config.healthcheck.as_ref().map_or(Value::Null, health));
    put("Volumes", empty_objects(&config.volumes));
    put("WorkingDir", json!(config.working_dir));
    put("Labels", json!(config.labels));
    put("StopSignal", json!(config.stop_signal));
    put("Shell", json!(config.shell));
    put("OnBuild", json!(config.on_build));
    Value::Object(text)
}

/// A set, as Go writes one.
fn empty_objects(names: &BTreeMap<String, Value>) -> Value {
    names.keys().map(|name| (name.clone(), json!({}))).collect()
}

fn health(check: &HealthConfig) -> Value {
    let mut text = Map::new();
    text.insert("Test".into(), json!(check.test));
    let durations = [
        ("Interval", check.interval),
        ("Timeout", check.timeout),
        ("StartPeriod", check.start_period),
        ("StartInterval", check.start_interval),
        ("Retries", check.retries),
    ];
    for (name, value) in durations.into_iter().filter(|(_, value)| *value != 0) {
        text.insert(name.into(), json!(value));
    }
    Value::Object(text)
}

/// A time as RFC 3339 has it.
fn timestamp(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or_default();
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::image::config::ImageConfig;

    fn layer(what: &str) -> Layer {
        let digest = sha256(what.as_bytes());
        let descriptor = Descriptor::new(MediaType::ImageLayerGzip, 5, digest.clone());
        Layer { descriptor, diff_id: digest, unpacked: 7, what: what.to_owned() }
    }

    #[test]
    fn a_config_is_read_back_as_it_was_meant() {
        let mut run = RunConfig { user: "1000:1000".into(), working_dir: "/app".into(), ..RunConfig::default() };
        run.env = vec!["PATH=/opt/venv/bin:/usr/bin".into(), "A=\"q\"".into()];
        run.exposed_ports.insert("8000/tcp".into(), json!({}));
        run.healthcheck =
            Some(HealthConfig { test: vec!["CMD".into(), "x".into()], retries: 3, ..HealthConfig::default() });
        run.labels.insert("b".into(), "2".into());
        let (base, own) = ([layer("base")], [layer("dependencies"), layer("code")]);
        let platform = Platform::linux_amd64();
        let history = [json!({"created_by": "ADD rootfs"})];
        let parts =
            Parts { run: &run, platform: &platform, base: &base, history: &history, own: &own, time: 1_700_000_000 };
        let document = config(&parts);
        let read: ImageConfig = serde_json::from_str(&document.text).unwrap();
        assert_eq!(read.config, run);
        assert_eq!(read.rootfs.diff_ids.len(), 3);
        let made: Vec<_> = read.history.iter().map(|h| h.created_by.as_str()).collect();
        assert_eq!(made, ["ADD rootfs", "pydeploy: dependencies", "pydeploy: code"]);
        assert!(document.text.starts_with(r#"{"created":"2023-11-14T22:13:20Z","#));
        assert_eq!(document, config(&parts));
    }

    #[test]
    fn documents_are_what_their_descriptors_say() {
        let (base, code) = (layer("base"), layer("code"));
        let made = manifest(&base.descriptor, &[&base, &code]);
        assert_eq!(*made.descriptor.digest(), sha256(made.text.as_bytes()));
        let parsed: oci_spec::image::ImageManifest = serde_json::from_str(&made.text).unwrap();
        assert_eq!(parsed.layers().len(), 2);
        let arm = "linux/arm/v7".parse().unwrap();
        let both = index(&[(&Platform::linux_amd64(), &made.descriptor), (&arm, &made.descriptor)]);
        let parsed: oci_spec::image::ImageIndex = serde_json::from_str(&both.text).unwrap();
        let variant = parsed.manifests()[1].platform().clone().unwrap().variant().clone();
        assert_eq!(variant.as_deref(), Some("v7"));
    }
}
