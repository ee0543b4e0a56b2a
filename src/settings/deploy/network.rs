//! The network rules of a deployment, as the settings under `deploy.ingress` and `deploy.network-policy` state them.

use std::collections::BTreeMap;
use std::str::FromStr;

use toml_edit::Value;

use super::fields::{self, Fields};
use super::{required, strings, table, word};
use crate::settings::layers::Error;
use crate::settings::reader::Reader;
use crate::workload::deploy::{
    Cidr, Host, Ingress, LabelKey, LabelValue, NetworkPolicy, ObjectName, Peer, Reach, UrlPath,
};

/// How requests from outside reach it.
pub(super) fn ingress(reader: &Reader) -> Result<Option<Ingress>, Error> {
    const HOST: &str = "deploy.ingress.host";
    let Some(stated) = table(reader, "deploy.ingress")? else { return Ok(None) };
    let path = "deploy.ingress.path";
    let root = UrlPath::from_str("/").map_err(|_| reader.wrong(path, UrlPath::EXPECTED))?;
    Ok(Some(Ingress {
        host: required(word(reader, HOST, Host::EXPECTED)?, HOST, stated, Host::EXPECTED)?,
        path: word(reader, path, UrlPath::EXPECTED)?.unwrap_or(root),
        class: word(reader, "deploy.ingress.class", ObjectName::EXPECTED)?,
        tls_secret: word(reader, "deploy.ingress.tls-secret", ObjectName::EXPECTED)?,
        annotations: strings(reader, "deploy.ingress.annotations")?,
    }))
}

/// Who may reach it, and whom it may reach.
pub(super) fn policy(reader: &Reader) -> Result<Option<NetworkPolicy>, Error> {
    const FROM: &str = "deploy.network-policy.from";
    const TO: &str = "deploy.network-policy.to";
    let expected = "true, false, or a table with from, to or both";
    if reader.part("deploy.network-policy", expected)?.is_none() {
        return Ok(None);
    }
    let peers = "a list of { namespace = \"name\" }, { namespace-labels = {…}, pod-labels = {…} } and { cidr = \"10.0.0.0/8\" }";
    let mut policy = NetworkPolicy::default();
    if let Some(stated) = reader.layers.get(FROM) {
        let known = ["namespace", "namespace-labels", "pod-labels", "cidr"];
        let all = fields::each(FROM, stated, &known, peers)?;
        policy.from = all.iter().map(peer).collect::<Result<_, _>>()?;
    }
    if let Some(stated) = reader.layers.get(TO) {
        let known = ["namespace", "namespace-labels", "pod-labels", "cidr", "ports"];
        let reach = |fields: &Fields<'_>| Ok(Reach { peer: peer(fields)?, ports: ports(fields)? });
        let all = fields::each(TO, stated, &known, peers)?;
        policy.to = all.iter().map(reach).collect::<Result<_, _>>()?;
    }
    Ok(Some(policy))
}

fn peer(fields: &Fields<'_>) -> Result<Peer, Error> {
    /// The label that every namespace has, since Kubernetes 1.22.
    const NAME: &str = "kubernetes.io/metadata.name";
    let mut namespace_labels = labels(fields, "namespace-labels")?;
    let namespace: Option<LabelValue> = fields.word("namespace")?;
    if let (Some(namespace), Ok(name)) = (namespace, NAME.parse()) {
        namespace_labels.insert(name, namespace);
    }
    let pod_labels = labels(fields, "pod-labels")?;
    let is_pods = !namespace_labels.is_empty() || !pod_labels.is_empty();
    match fields.word::<Cidr>("cidr")? {
        Some(_) if is_pods => Err(fields.wrong("cidr", "left out: Pods are stated as well")),
        Some(cidr) => Ok(Peer::Cidr(cidr)),
        None if is_pods => Ok(Peer::Pods { namespace_labels, pod_labels }),
        None => Err(fields.wrong("namespace", "stated, or namespace-labels, pod-labels or cidr")),
    }
}

fn labels(fields: &Fields<'_>, name: &str) -> Result<BTreeMap<LabelKey, LabelValue>, Error> {
    let Some(value) = fields.get(name) else { return Ok(BTreeMap::new()) };
    let wrong = || fields.wrong(name, "a table of labels such as { app = \"web\" }");
    let table = value.as_inline_table().ok_or_else(wrong)?;
    let label = |(key, value): (&str, &Value)| Some((key.parse().ok()?, value.as_str()?.parse().ok()?));
    table.iter().map(|pair| label(pair).ok_or_else(wrong)).collect()
}

fn ports(fields: &Fields<'_>) -> Result<Vec<u16>, Error> {
    let Some(value) = fields.get("ports") else { return Ok(Vec::new()) };
    let wrong = || fields.wrong("ports", "a list of ports from 1 to 65535");
    let port = |value: &Value| value.as_integer().and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
    value.as_array().ok_or_else(wrong)?.iter().map(|v| port(v).ok_or_else(wrong)).collect()
}
