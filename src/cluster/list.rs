//! A list: all objects of a kind, page by page, with nothing kept of them that isn't needed.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LocalObjectReference, PodSpec, PodTemplateSpec, Secret, Taint};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::core::{GroupVersionKind, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::connect::{AT_FIRST, Cluster};
use super::error::Error;
use super::object::Identity;
use super::refusal::Action;
use super::retry::{Failed, PATIENCE, steadily};
use crate::audit::{Kind, Node, Running};
use crate::registry::Secret as Hidden;

/// Objects on a page: kubectl's own number.
const PAGE: u32 = 500;
/// How often a list is begun again whose pages the server has given up in the middle.
const BEGINNINGS: usize = 4;

/// Which namespaces are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// This one.
    Namespace(String),
    /// All of them.
    Everywhere,
}

impl Reach {
    fn namespace(&self) -> Option<&str> {
        match self {
            Self::Namespace(name) => Some(name),
            Self::Everywhere => None,
        }
    }
}

/// A service account, as far as it concerns pulls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The pull secrets that its Pods get where they name none themselves.
    pub secrets: Vec<String>,
}

/// Every workload that an audit looks at.
pub async fn workloads(cluster: &Cluster, reach: &Reach) -> Result<Vec<Running>, Error> {
    let (deployments, sets, daemons, jobs) = tokio::try_join!(
        of_kind::<Templated>(cluster, Kind::Deployment, reach),
        of_kind::<Templated>(cluster, Kind::StatefulSet, reach),
        of_kind::<Templated>(cluster, Kind::DaemonSet, reach),
        of_kind::<Scheduled>(cluster, Kind::CronJob, reach),
    )?;
    Ok([deployments, sets, daemons, jobs].into_iter().flatten().collect())
}

async fn of_kind<S>(cluster: &Cluster, kind: Kind, reach: &Reach) -> Result<Vec<Running>, Error>
where
    S: DeserializeOwned + Into<Option<PodSpec>>,
{
    let (group, plural) = match kind {
        Kind::Deployment => ("apps", "deployments"),
        Kind::StatefulSet => ("apps", "statefulsets"),
        Kind::DaemonSet => ("apps", "daemonsets"),
        Kind::CronJob => ("batch", "cronjobs"),
    };
    let resource = resource(group, kind.name(), plural);
    all(cluster, &resource, reach.namespace(), |item: Item<S>| {
        let spec: Option<PodSpec> = item.spec?.into();
        Running::new(kind, item.metadata.namespace, item.metadata.name, spec?)
    })
    .await
}

/// Every node, as far as Pods are placed by it.
pub async fn nodes(cluster: &Cluster) -> Result<Vec<Node>, Error> {
    let resource = resource("", "Node", "nodes");
    all(cluster, &resource, None, |item: Item<NodeSpec>| {
        let label = |key: &str| item.metadata.labels.get(key).cloned();
        let os = label("kubernetes.io/os").unwrap_or_else(|| "linux".to_owned());
        let platform = format!("{os}/{}", label("kubernetes.io/arch")?);
        // Images for Windows are not read, so there is nothing to compare.
        (os == "linux").then(|| Node {
            name: item.metadata.name,
            platform,
            labels: item.metadata.labels,
            taints: item.spec.and_then(|s| s.taints).unwrap_or_default(),
        })
    })
    .await
}

/// The service accounts that have pull secrets.
pub async fn accounts(cluster: &Cluster, reach: &Reach) -> Result<Vec<Account>, Error> {
    let resource = resource("", "ServiceAccount", "serviceaccounts");
    all(cluster, &resource, reach.namespace(), |item: Item<()>| {
        let secrets: Vec<_> = item.image_pull_secrets.into_iter().flatten().map(|s| s.name).collect();
        let Meta { namespace, name, .. } = item.metadata;
        (!secrets.is_empty()).then_some(Account { namespace, name, secrets })
    })
    .await
}

/// A secret's type, and its content under the key of that type; none where there is no such secret or key.
pub async fn secret(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<(String, Hidden)>, Error> {
    let identity = Identity { kind: "Secret".into(), name: name.into(), namespace: Some(namespace.into()) };
    let api: Api<Secret> = Api::namespaced(cluster.client.clone(), namespace);
    let found = cluster.ask(Action::Read, &identity, || api.get_opt(name)).await?;
    Ok(found.and_then(|secret| {
        let kind = secret.type_?;
        // kubernetes.io/dockerconfigjson has its content under .dockerconfigjson, and dockercfg has likewise.
        let key = format!(".{}", kind.rsplit('/').next()?);
        let bytes = secret.data?.remove(&key)?;
        Some((kind, Hidden::new(String::from_utf8(bytes.0).ok()?)))
    }))
}

fn resource(group: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1", kind), plural)
}

/// All objects of a kind; of each, what `keep` makes of it.
async fn all<I, K>(
    cluster: &Cluster,
    resource: &ApiResource,
    namespace: Option<&str>,
    keep: impl Fn(I) -> Option<K>,
) -> Result<Vec<K>, Error>
where
    I: DeserializeOwned,
{
    let identity =
        Identity { kind: resource.kind.clone(), name: String::new(), namespace: namespace.map(str::to_owned) };
    let path = <DynamicObject as kube::Resource>::url_path(resource, namespace);
    let (mut kept, mut token, mut beginnings) = (Vec::new(), None::<String>, 1);
    loop {
        let page: Result<Page<I>, _> =
            steadily(patience(token.as_deref()), &cluster.notice, || page(cluster, &path, token.as_deref())).await;
        match page {
            Ok(page) => {
                kept.extend(page.items.into_iter().flatten().filter_map(&keep));
                token = page.metadata.r#continue.filter(|token| !token.is_empty());
                if token.is_none() {
                    return Ok(kept);
                }
            }
            // The server keeps a list's state for minutes only: what has been read so far is of no one moment.
            Err(Failed::Settled(kube::Error::Api(status))) if status.code == 410 && beginnings < BEGINNINGS => {
                (kept, token, beginnings) = (Vec::new(), None, beginnings + 1);
            }
            Err(failed) => return Err(cluster.failed(Action::Read, &identity, failed)),
        }
    }
}

/// Nothing is lost by giving up early at the first page; later there is.
fn patience(token: Option<&str>) -> std::time::Duration {
    if token.is_none() { AT_FIRST } else { PATIENCE }
}

async fn page<I: DeserializeOwned>(cluster: &Cluster, path: &str, token: Option<&str>) -> Result<Page<I>, kube::Error> {
    let params = ListParams { limit: Some(PAGE), continue_token: token.map(str::to_owned), ..ListParams::default() };
    let request = Request::new(path).list(&params).map_err(kube::Error::BuildRequest)?;
    cluster.client.request(request).await
}

/// A page of a list. Fields that are not here are passed over as they are read: managed fields alone may be most of it.
#[derive(Deserialize)]
struct Page<I> {
    #[serde(default)]
    metadata: PageMeta,
    items: Option<Vec<I>>,
}

#[derive(Deserialize, Default)]
struct PageMeta {
    r#continue: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<S> {
    metadata: Meta,
    #[serde(default = "Option::default")]
    spec: Option<S>,
    image_pull_secrets: Option<Vec<LocalObjectReference>>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct NodeSpec {
    taints: Option<Vec<Taint>>,
}

#[derive(Deserialize)]
struct Templated {
    template: PodTemplateSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Scheduled {
    job_template: Job,
}

#[derive(Deserialize)]
struct Job {
    spec: Option<Templated>,
}

impl From<Templated> for Option<PodSpec> {
    fn from(templated: Templated) -> Self {
        templated.template.spec
    }
}

impl From<Scheduled> for Option<PodSpec> {
    fn from(scheduled: Scheduled) -> Self {
        scheduled.job_template.spec.and_then(Self::from)
    }
}
