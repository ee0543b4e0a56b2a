//! A stage: a namespace of a case's own, with what the case wants to be there.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{GroupVersionKind, TypeMeta};
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::case::{Case, Step};
use crate::sandbox::bed;

/// A namespace of a case's own.
pub(super) struct Stage {
    client: Client,
    pub(super) namespace: String,
    own: BTreeMap<String, String>,
    /// What is in no namespace, and has to be taken away.
    outside: Vec<Value>,
}

/// A client of the tests' own, as the cluster's administrator.
pub(super) async fn client() -> Client {
    let kubeconfig = Kubeconfig::read_from(bed("PYDEPLOY_TEST_KUBECONFIG")).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

const OUTSIDE: &[&str] = &[
    "Namespace",
    "Node",
    "ValidatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

impl Stage {
    /// Makes the namespace and what is to be there before.
    pub(super) async fn set(client: &Client, case: &Case, own: &BTreeMap<String, String>) -> Self {
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let namespace = format!("pydeploy-{}-{}-{next}", case.name, std::process::id());
        let mut own = own.clone();
        own.insert("namespace".to_owned(), namespace.clone());
        let mut stage = Self { client: client.clone(), namespace, own, outside: Vec::new() };
        let metadata = json!({"name": &stage.namespace, "labels": case.labels});
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        stage.create(&object).await;
        stage.outside.push(object);
        stage.until("its service account", |s| s.exists("ServiceAccount", "default")).await;
        for object in &case.objects {
            let object = stage.filled(object);
            stage.create(&object).await;
            if OUTSIDE.contains(&object["kind"].as_str().unwrap()) {
                stage.outside.push(object.clone());
            }
            if object["kind"] == "ResourceQuota" {
                stage.until("the quota", Self::counts).await;
            }
        }
        if let Some(text) = &case.refused {
            let pod = stage.filled(&case.pod());
            stage.until("what refuses its Pods", |s| s.refuses(&pod, text)).await;
        }
        if let Some(previous) = case.previous() {
            let previous = stage.filled(&previous);
            stage.put(&previous).await;
            stage.until("the rollout before", |s| s.shows(case.previous_shows.as_deref())).await;
        }
        stage
    }

    /// Applies the case's own Deployment.
    pub(super) async fn apply(&self, case: &Case) -> Deployment {
        self.put(&self.filled(&case.manifest())).await
    }

    /// Does what is to be done meanwhile.
    pub(super) fn meanwhile(&self, case: &Case) -> JoinHandle<()> {
        let steps = case.meanwhile.clone();
        let stage = Self {
            client: self.client.clone(),
            namespace: self.namespace.clone(),
            own: self.own.clone(),
            outside: vec![],
        };
        tokio::spawn(async move {
            for Step { after, patch, delete, object } in steps {
                tokio::time::sleep(Duration::from_secs(after)).await;
                if let Some(patch) = patch {
                    stage.deployments().patch("app", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
                }
                if let Some(object) = object {
                    stage.create(&object).await;
                }
                match delete.as_deref() {
                    Some("deployments") => {
                        stage.deployments().delete("app", &DeleteParams::default()).await.unwrap();
                    }
                    Some(_) => {
                        let pods = stage.api("v1", "Pod");
                        pods.delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
                    }
                    None => {}
                }
            }
        })
    }

    /// Takes everything away, without waiting for it to be gone.
    pub(super) async fn strike(self) {
        for object in &self.outside {
            let name = object["metadata"]["name"].as_str().unwrap();
            let api = self.api(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
            api.delete(name, &DeleteParams::default()).await.unwrap();
        }
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn put(&self, manifest: &Value) -> Deployment {
        let params = PatchParams::apply("test").force();
        self.deployments().patch("app", &params, &Patch::Apply(manifest)).await.unwrap()
    }

    fn api(&self, version: &str, kind: &str) -> Api<DynamicObject> {
        let types = TypeMeta { api_version: version.to_owned(), kind: kind.to_owned() };
        let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(types).unwrap());
        if OUTSIDE.contains(&kind) {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
        }
    }

    async fn create(&self, object: &Value) {
        let (version, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        let object: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        self.api(version, kind).create(&PostParams::default(), &object).await.unwrap();
    }

    /// Waits for something that comes of itself.
    async fn until<F: Future<Output = bool>>(&self, what: &str, is_so: impl Fn(Self) -> F) {
        for _ in 0..600 {
            let stage = Self {
                client: self.client.clone(),
                namespace: self.namespace.clone(),
                own: BTreeMap::new(),
                outside: vec![],
            };
            if is_so(stage).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{}: {what} did not come within 30 s", self.namespace);
    }

    async fn exists(self, kind: &str, name: &str) -> bool {
        self.api("v1", kind).get_opt(name).await.unwrap().is_some()
    }

    async fn counts(self) -> bool {
        let quotas = self.api("v1", "ResourceQuota").list(&ListParams::default()).await.unwrap();
        quotas.items.iter().all(|quota| !quota.data["status"]["used"].is_null())
    }

    async fn refuses(self, pod: &Value, text: &str) -> bool {
        let pod: DynamicObject = serde_json::from_value(pod.clone()).unwrap();
        let params = PostParams { dry_run: true, ..PostParams::default() };
        match self.api("v1", "Pod").create(&params, &pod).await {
            Ok(_) => false,
            Err(error) => error.to_string().contains(text),
        }
    }

    async fn shows(self, text: Option<&str>) -> bool {
        let Some(text) = text else {
            let deployment = self.deployments().get("app").await.unwrap();
            let available = deployment.status.unwrap_or_default().available_replicas.unwrap_or(0);
            return available > 0 && Some(available) == deployment.spec.and_then(|s| s.replicas);
        };
        let deployment = serde_json::to_string(&self.deployments().get("app").await.unwrap().status).unwrap();
        let pods = self.api("v1", "Pod").list(&ListParams::default()).await.unwrap();
        deployment.contains(text) || pods.items.iter().any(|pod| pod.data["status"].to_string().contains(text))
    }

    /// With what stands between two `@` in the place of that.
    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let mut text = text.clone();
                for (name, stands) in &self.own {
                    text = text.replace(&format!("@{name}@"), stands);
                }
                if text.starts_with("{\"") { serde_json::from_str(&text).unwrap() } else { Value::String(text) }
            }
            Value::Array(all) => all.iter().map(|each| self.filled(each)).collect(),
            Value::Object(fields) => match fields.get("webhook") {
                Some(url) => self.webhook(&self.filled(url)),
                None => fields.iter().map(|(key, each)| (key.clone(), self.filled(each))).collect(),
            },
            other => other.clone(),
        }
    }

    /// A webhook for the Pods of this namespace.
    fn webhook(&self, url: &Value) -> Value {
        let authority = STANDARD.encode(&self.own["authority"]);
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": self.namespace},
            "webhooks": [{
                "name": "pods.example.com",
                "clientConfig": {"url": url, "caBundle": authority},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 2,
            }],
        })
    }
}
