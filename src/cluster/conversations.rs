//! Conversations with a scripted API server.

#![allow(clippy::unwrap_used)]

mod answers;
mod applies;
mod backs;
mod connects;
mod lists;
mod proxies;
mod watches;

use kube::Config;
use serde_json::{Value, json};

use super::kubeconfig::{Access, Way, find};
use super::object::{Identity, KINDS, Target};
use super::*;
use crate::registry::conversations::script::{Heard, Script, answer};

/// An answer of the API server.
fn says(status: &str, body: &Value) -> String {
    answer(status, &[("Content-Type", "application/json")], &body.to_string())
}

/// A failure in the API server's own form.
#[allow(clippy::needless_pass_by_value)] // It is a JSON literal everywhere.
fn fails(code: u16, message: &str, details: Value) -> String {
    let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "code": code});
    if code == 404 {
        status["reason"] = json!("NotFound");
    }
    if !details.is_null() {
        status["details"] = details;
    }
    says(&format!("{code} x"), &status)
}

fn version() -> String {
    let text = |key: &str| (key.to_owned(), json!("v1.34.4"));
    let keys =
        ["buildDate", "compiler", "gitCommit", "gitTreeState", "gitVersion", "goVersion", "major", "minor", "platform"];
    says("200 OK", &Value::Object(keys.into_iter().map(text).collect()))
}

fn way(script: &Script) -> Way {
    let mut config = Config::new(format!("http://{}", script.address).parse().unwrap());
    config.default_retry = false;
    Way { context: "test".into(), address: format!("http://{}", script.address), namespace: "n".into(), config }
}

/// A cluster whose server says its version, and beyond that what `answers` says.
async fn cluster<A>(answers: A) -> (Cluster, Script)
where
    A: Fn(&Heard, usize) -> String + Send + Sync + 'static,
{
    let script = Script::serve(move |heard, before| match heard.line.as_str() {
        "GET /version" => version(),
        _ => answers(heard, before),
    });
    let script = script.await;
    (Cluster::connect(way(&script)).await.unwrap(), script)
}

/// An object of a kind that is to be applied.
fn target(kind: &str, name: &str, spec: &Value) -> Target {
    let kind = *KINDS.iter().find(|k| k.name == kind).unwrap();
    let resource = kind.resource();
    let value = json!({
        "apiVersion": resource.api_version, "kind": resource.kind,
        "metadata": {"name": name, "namespace": "n"}, "spec": spec,
    });
    let identity = Identity { kind: kind.name.into(), name: name.into(), namespace: Some("n".into()) };
    Target { identity, kind, value }
}

fn order(targets: Vec<Target>) -> Order {
    let (namespace, conflicts, foreign) = (Namespace::Required, Conflicts::Refused, Foreign::Refused);
    Order { targets, namespace, conflicts, foreign }
}

fn missing(heard: &Heard) -> bool {
    heard.line.starts_with("GET ")
}

fn not_found() -> String {
    fails(404, "services \"api\" not found", json!({"name": "api", "kind": "services"}))
}
