//! Documents: a stream of YAML, and the Pods and Services that are in it.

use k8s_openapi::api::core::v1::{PodSpec, Service};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Subject;

/// The longest stream of manifests, in bytes: a whole cluster's fits.
pub const LONGEST: usize = 64 << 20;

/// Where a Pod's spec is, by kind: <https://kubernetes.io/docs/concepts/workloads/>.
const KINDS: &[(&str, &str)] = &[
    ("CronJob", "spec.jobTemplate.spec.template"),
    ("DaemonSet", "spec.template"),
    ("Deployment", "spec.template"),
    ("Job", "spec.template"),
    ("Pod", ""),
    ("PodTemplate", "template"),
    ("ReplicaSet", "spec.template"),
    ("ReplicationController", "spec.template"),
    ("StatefulSet", "spec.template"),
];

/// Why manifests could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too much of it.
    #[error("the manifests are {bytes} bytes long, and {LONGEST} are read at most")]
    TooLarge {
        /// How long they are.
        bytes: usize,
    },
    /// Not YAML.
    #[error("the manifests are not YAML")]
    Syntax(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Not an object of the kind that it says it is.
    #[error("{document} is not as Kubernetes has it")]
    Shape {
        /// Kind and name.
        document: String,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// Nothing there that runs containers.
    #[error("the manifests hold nothing that runs containers{}", list(kinds))]
    NoWorkload {
        /// What they hold.
        kinds: Vec<String>,
    },
    /// No container of that name.
    #[error("no container is called {name:?}; there are: {}", known.join(", "))]
    NoContainer {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Which container is meant is open.
    #[error("the manifests have several containers, none of which runs this image: {}", known.join(", "))]
    Ambiguous {
        /// Those that there are.
        known: Vec<String>,
    },
}

impl Error {
    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Ambiguous { .. } | Self::NoContainer { .. } => "name the container: --container NAME".to_owned(),
            Self::NoWorkload { .. } => {
                "give a Deployment, StatefulSet, DaemonSet, Job, CronJob or Pod: `helm template … | pydeploy contract \
                 IMAGE --against -`"
                    .to_owned()
            }
            _ => return None,
        })
    }
}

fn list(kinds: &[String]) -> String {
    if kinds.is_empty() { String::new() } else { format!(", only: {}", kinds.join(", ")) }
}

/// What a stream of manifests holds, as far as an image can be compared with it.
#[derive(Debug)]
pub struct Found {
    pub(super) pods: Vec<Pods>,
    pub(super) services: Vec<(String, Service)>,
    pub(super) kinds: Vec<String>,
}

/// An object that makes Pods.
#[derive(Debug, Clone)]
pub struct Pods {
    /// `Deployment/api`.
    pub(super) document: String,
    pub(super) namespace: Option<String>,
    pub(super) labels: std::collections::BTreeMap<String, String>,
    field: String,
    pub(super) spec: PodSpec,
}

impl Pods {
    /// What an object of a cluster makes, by its kind; none where that kind makes no Pods.
    pub fn of(kind: &str, name: &str, namespace: Option<String>, spec: PodSpec) -> Option<Self> {
        let (_, path) = KINDS.iter().find(|(k, _)| *k == kind)?;
        let (document, labels) = (format!("{kind}/{name}"), std::collections::BTreeMap::new());
        Some(Self { document, namespace, labels, field: spec_field(path), spec })
    }

    /// The spec that they are made from.
    pub fn spec(&self) -> &PodSpec {
        &self.spec
    }

    /// Names a field of the container at that place of the spec.
    pub fn field(&self, container: usize, field: &str) -> String {
        format!("{} {}.containers[{container}].{field}", self.document, self.field)
    }

    /// Its containers, those that only prepare it left out: they are other images' business as a rule.
    pub(super) fn subjects(&self) -> impl Iterator<Item = Subject<'_>> {
        self.spec.containers.iter().enumerate().map(|(i, container)| Subject {
            document: &self.document,
            pod_field: &self.field,
            field: format!("{}.containers[{i}]", self.field),
            pod: &self.spec,
            container,
        })
    }
}

/// Reads a stream of YAML documents, as kubectl, kustomize and helm print it; lists are looked into.
pub fn read(text: &str) -> Result<Found, Error> {
    if text.len() > LONGEST {
        return Err(Error::TooLarge { bytes: text.len() });
    }
    // Modes of volumes are written as 0644, which YAML 1.1, and so kubectl, takes for octal.
    let options = serde_yaml::options! { legacy_octal_numbers: true };
    let documents: Vec<Value> =
        serde_yaml::from_multiple_with_options(text, options).map_err(|e| Error::Syntax(Box::new(e)))?;
    let mut found = Found { pods: Vec::new(), services: Vec::new(), kinds: Vec::new() };
    for document in documents {
        object(document, &mut found, 0)?;
    }
    found.kinds.sort();
    found.kinds.dedup();
    Ok(found)
}

/// How deep lists of lists are looked into.
const DEPTH: usize = 4;

fn object(mut document: Value, found: &mut Found, depth: usize) -> Result<(), Error> {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let Some(kind) = text("/kind") else { return Ok(()) };
    let name = text("/metadata/name").or_else(|| text("/metadata/generateName")).unwrap_or_else(|| "unnamed".into());
    let namespace = text("/metadata/namespace");
    let label = format!("{kind}/{name}");
    found.kinds.push(kind.clone());
    if let Some(Value::Array(items)) = document.get_mut("items").filter(|_| kind.ends_with("List")).map(Value::take) {
        if depth < DEPTH {
            items.into_iter().try_for_each(|item| object(item, found, depth + 1))?;
        }
    } else if kind == "Service" {
        found.services.push((label.clone(), typed(document, &label)?));
    } else if let Some((_, path)) = KINDS.iter().find(|(k, _)| *k == kind) {
        let pointer: String = path.split('.').filter(|p| !p.is_empty()).flat_map(|p| ["/", p]).collect();
        let template = document.pointer_mut(&pointer).map(Value::take).unwrap_or_default();
        let spec = template.get("spec").cloned().unwrap_or_default();
        let labels = template.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
        let field = spec_field(path);
        let (spec, labels) = (typed(spec, &label)?, typed(labels, &label)?);
        found.pods.push(Pods { document: label, namespace, labels, field, spec });
    }
    Ok(())
}

/// The field of a Pod's spec below a template's.
fn spec_field(template: &str) -> String {
    if template.is_empty() { "spec".to_owned() } else { format!("{template}.spec") }
}

fn typed<T: DeserializeOwned>(value: Value, document: &str) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|source| Error::Shape { document: document.to_owned(), source })
}
