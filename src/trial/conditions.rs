//! Conditions: the limits and the environment that a manifest gives a container.

use crate::workload::deploy::{EnvFrom, EnvValue, KeyOf, Quantity, Source};
use crate::workload::{Identity, Terms};

/// The folder that every Pod of ours can write to.
const TMP: &str = "/tmp";

/// How a container is run: what of a Pod a single engine can keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// Who it runs as; `None` is whoever the image says, root or not.
    pub identity: Option<Identity>,
    /// Whether its root can be written to.
    pub root: Root,
    /// Variables beside those of the image, as `NAME=value`.
    pub env: Vec<String>,
    /// The most memory, in bytes.
    pub memory: Option<u64>,
    /// The most CPU, in billionths of one.
    pub nano_cpus: Option<u64>,
    /// The folders that are not the image's.
    pub folders: Vec<Folder>,
}

/// Whether a root file system can be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// It can't, and no capability is held.
    ReadOnly,
    /// It can, with all that the engine gives a container by itself.
    Writable,
}

/// A folder that is not the image's: empty at first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Folder {
    /// Where it is, absolute.
    pub path: String,
    /// Who may write to it.
    pub access: Access,
}

/// Who may write to a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Everyone.
    All,
    /// Nobody.
    Read,
}

impl Conditions {
    /// Those of a manifest on these terms, and what of them can't be had outside a cluster. `variable` is this machine's
    /// environment, which stands in for secrets and config maps.
    pub fn of(identity: Identity, terms: &Terms, variable: impl Fn(&str) -> Option<String>) -> (Self, Vec<String>) {
        let mut lacking = Vec::new();
        let mut env = Vec::new();
        for (name, value) in &terms.env {
            let (kind, KeyOf { name: object, key }) = match value {
                EnvValue::Value(value) => {
                    env.push(format!("{name}={value}"));
                    continue;
                }
                EnvValue::Secret(key) => ("Secret", key),
                EnvValue::ConfigMap(key) => ("ConfigMap", key),
            };
            match variable(name.as_str()) {
                Some(value) => env.push(format!("{name}={value}")),
                None => lacking.push(format!(
                    "{name} is not set: {kind} {object} (key {key}) is the cluster's; set {name} in the environment to \
                     check with a value"
                )),
            }
        }
        for from in &terms.env_from {
            let (kind, name) = match from {
                EnvFrom::Secret(name) => ("Secret", name),
                EnvFrom::ConfigMap(name) => ("ConfigMap", name),
            };
            lacking.push(format!("the variables of {kind} {name} are not set: it is the cluster's"));
        }
        let mut folders = vec![Folder { path: TMP.to_owned(), access: Access::All }];
        for (name, volume) in &terms.volumes {
            let path = volume.path.as_str().to_owned();
            let is_fixed = matches!(volume.source, Source::ConfigMap(_) | Source::Secret(_));
            if is_fixed || matches!(volume.source, Source::Claim(_)) {
                lacking.push(format!("{path} is empty: what volume {name} is filled with is the cluster's"));
            }
            let access = if is_fixed || volume.read_only { Access::Read } else { Access::All };
            folders.push(Folder { path, access });
        }
        // A volume that is mounted at /tmp takes its place.
        folders.reverse();
        folders.sort_by(|a, b| a.path.cmp(&b.path));
        folders.dedup_by(|a, b| a.path == b.path);
        let limit = |resource: &str| terms.resources.limits.get(resource);
        let conditions = Self {
            identity: Some(identity),
            root: Root::ReadOnly,
            env,
            memory: limit("memory").and_then(|q| whole(q, 1.0)),
            nano_cpus: limit("cpu").and_then(|q| whole(q, 1e9)),
            folders,
        };
        (conditions, lacking)
    }

    /// Those of `docker run` with nothing said: for an image that a cluster of ours would refuse.
    pub fn none() -> Self {
        Self {
            identity: None,
            root: Root::Writable,
            env: Vec::new(),
            memory: None,
            nano_cpus: None,
            folders: Vec::new(),
        }
    }
}

/// A quantity as a whole number of a part of its unit.
fn whole(quantity: &Quantity, parts: f64) -> Option<u64> {
    format!("{:.0}", quantity.amount() * parts).parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::workload::deploy::{Resources, Volume};

    fn of(terms: &Terms) -> (Conditions, Vec<String>) {
        let here = |name: &str| (name == "HERE").then(|| "1".to_owned());
        Conditions::of(Identity { uid: 1000, gid: 1000 }, terms, here)
    }

    #[test]
    fn limits_are_those_of_the_manifest() {
        let (by_default, lacking) = of(&Terms::default());
        assert_eq!(by_default.memory, Some(512 << 20));
        assert_eq!(by_default.nano_cpus, None);
        assert_eq!(by_default.root, Root::ReadOnly);
        assert_eq!(by_default.folders, [Folder { path: "/tmp".into(), access: Access::All }]);
        assert!(lacking.is_empty());
        let limits = [("cpu".to_owned(), "500m".parse().unwrap()), ("memory".to_owned(), "1G".parse().unwrap())];
        let resources = Resources { limits: limits.into(), ..Resources::default() };
        let (stated, _) = of(&Terms { resources, ..Terms::default() });
        assert_eq!((stated.memory, stated.nano_cpus), (Some(1_000_000_000), Some(500_000_000)));
    }

    #[test]
    fn what_only_a_cluster_has_is_taken_from_here_or_named() {
        let key = |name: &str| KeyOf { name: name.parse().unwrap(), key: "k".parse().unwrap() };
        let env = [
            ("HERE".parse().unwrap(), EnvValue::Secret(key("db"))),
            ("THERE".parse().unwrap(), EnvValue::ConfigMap(key("map"))),
            ("PLAIN".parse().unwrap(), EnvValue::Value("x $(y)".into())),
        ];
        let terms =
            Terms { env: env.into(), env_from: vec![EnvFrom::Secret("all".parse().unwrap())], ..Terms::default() };
        let (conditions, lacking) = of(&terms);
        assert_eq!(conditions.env, ["HERE=1", "PLAIN=x $(y)"]);
        assert_eq!(lacking.len(), 2, "{lacking:?}");
        assert!(lacking[0].starts_with("THERE is not set: ConfigMap map (key k)"));
        assert!(lacking[1].contains("Secret all"));
    }

    #[test]
    fn a_volume_at_tmp_takes_its_place() {
        let volume = |path: &str, source| Volume { path: path.parse().unwrap(), read_only: false, source };
        let volumes = [
            ("t".parse().unwrap(), volume("/tmp", Source::Secret("s".parse().unwrap()))),
            ("d".parse().unwrap(), volume("/data", Source::EmptyDir { size_limit: None })),
        ];
        let (conditions, lacking) = of(&Terms { volumes: volumes.into(), ..Terms::default() });
        let folder = |path: &str, access| Folder { path: path.into(), access };
        assert_eq!(conditions.folders, [folder("/data", Access::All), folder("/tmp", Access::Read)]);
        assert_eq!(lacking.len(), 1);
    }
}
