//! The Docker Engine: found, asked what it is and has, and told to push.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bollard::models::ImageInspect;
use bollard::query_parameters::RemoveImageOptionsBuilder;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::endpoint::{Duplex, Endpoint};
use super::error::{Error, PushFailure};
use super::event::{End, Event, Events};

/// The engine's default address.
const DEFAULT: &str = "unix:///var/run/docker.sock";
/// The oldest API whose BuildKit takes our Dockerfiles: Engine 20.10.
const OLDEST: (usize, usize) = (1, 41);

/// What says where the engine is: the environment and Docker's own files, as `docker` itself reads them.
#[derive(Debug, Clone, Default)]
pub struct Whereabouts {
    /// `DOCKER_HOST`.
    pub host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub context: Option<String>,
    /// `DOCKER_TLS_VERIFY` is set and not empty.
    pub tls: bool,
    /// `DOCKER_CERT_PATH`.
    pub certificates: Option<PathBuf>,
    /// Docker's configuration folder.
    pub config: Option<PathBuf>,
}

impl Whereabouts {
    /// The address and the folder of certificates to use: `DOCKER_HOST`, else the current context, else the default.
    pub fn resolve(&self) -> Result<Endpoint, Error> {
        if let Some(host) = self.host.as_deref().filter(|h| !h.is_empty()) {
            let certificates = self.tls.then(|| self.certificates.clone().or(self.config.clone())).flatten();
            return Ok(Endpoint::parse(host, certificates.as_deref())?);
        }
        if let Some((name, config)) = self.current_context() {
            return from_context(&name, &config);
        }
        Ok(Endpoint::parse(DEFAULT, None)?)
    }

    fn current_context(&self) -> Option<(String, PathBuf)> {
        let config = self.config.clone()?;
        let stated = self.context.clone().or_else(|| {
            let text = std::fs::read_to_string(config.join("config.json")).ok()?;
            let json: serde_json::Value = serde_json::from_str(&text).ok()?;
            json.get("currentContext")?.as_str().map(str::to_owned)
        });
        stated.filter(|n| !n.is_empty() && n != "default").map(|n| (n, config))
    }
}

/// Docker keeps a context under the SHA-256 of its name.
fn from_context(name: &str, config: &Path) -> Result<Endpoint, Error> {
    let failed = |why: String| Error::Context { name: name.to_owned(), why };
    let id = hex::encode(Sha256::digest(name.as_bytes()));
    let text = std::fs::read_to_string(config.join("contexts/meta").join(&id).join("meta.json"));
    let text = text.map_err(|e| failed(e.to_string()))?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|e| failed(e.to_string()))?;
    let host = json.pointer("/Endpoints/docker/Host").and_then(|h| h.as_str());
    let host = host.ok_or_else(|| failed("it names no Docker host".into()))?;
    let tls = config.join("contexts/tls").join(&id).join("docker");
    Ok(Endpoint::parse(host, tls.is_dir().then_some(tls.as_path()))?)
}

/// A Docker Engine that answered and is new enough.
#[derive(Clone)]
pub struct DockerEngine {
    pub(super) endpoint: Endpoint,
    pub(super) docker: bollard::Docker,
    /// Its version, as `20.10.24`.
    pub version: String,
    /// Its API version, as `1.41`.
    pub api: String,
}

impl DockerEngine {
    /// Connects to the engine and asks for its version.
    pub async fn connect(endpoint: Endpoint) -> Result<Self, Error> {
        endpoint.connect().await.map_err(|source| absent(&endpoint, source))?;
        let conversation = |source: bollard::errors::Error| Error::Conversation {
            endpoint: endpoint.to_string(),
            doing: "say its version",
            source: Box::new(source),
        };
        let docker = client(&endpoint).map_err(conversation)?;
        let version = docker.version().await.map_err(conversation)?;
        let api = version.api_version.unwrap_or_default();
        let engine = Self { endpoint, docker, version: version.version.unwrap_or_default(), api };
        if !engine.is_new_enough() {
            return Err(Error::TooOld {
                endpoint: engine.endpoint.to_string(),
                version: engine.version,
                api: engine.api,
            });
        }
        Ok(engine)
    }

    fn is_new_enough(&self) -> bool {
        self.api_number() >= OLDEST
    }

    /// The API's version, to be compared.
    pub(super) fn api_number(&self) -> (usize, usize) {
        let mut parts = self.api.split('.').map(|p| p.parse::<usize>().unwrap_or_default());
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn conversation(
        &self,
        doing: &'static str,
    ) -> impl Fn(Box<dyn std::error::Error + Send + Sync>) -> Error + use<> {
        let endpoint = self.endpoint.to_string();
        move |source| Error::Conversation { endpoint: endpoint.clone(), doing, source }
    }

    /// What the engine knows of an image, by its name or id; the image config's fields are in `config`.
    pub async fn inspect(&self, image: &str) -> Result<ImageInspect, Error> {
        self.docker.inspect_image(image).await.map_err(|e| match e {
            bollard::errors::Error::DockerResponseServerError { status_code: 404, .. } => Error::NoImage(image.into()),
            other => self.conversation("describe the image")(Box::new(other)),
        })
    }

    /// Takes a name from an image; without another one, and used by nothing, the image goes away.
    pub async fn forget(&self, name: &str) -> Result<(), Error> {
        let options = RemoveImageOptionsBuilder::new().force(false).build();
        match self.docker.remove_image(name, Some(options), None).await {
            Ok(_) | Err(bollard::errors::Error::DockerResponseServerError { status_code: 404 | 409, .. }) => Ok(()),
            Err(fault) => Err(self.conversation("remove the image")(Box::new(fault))),
        }
    }

    /// Sends one request of our own, where bollard's answer would lack what we need.
    async fn post(&self, path: &str, auth: &str) -> Result<hyper::Response<hyper::body::Incoming>, Error> {
        let request = hyper::Request::post(path).header("Host", "docker").header("X-Registry-Auth", auth);
        let failed = self.conversation("take the push");
        let request = request.body(Empty::<Bytes>::new()).map_err(|e| failed(Box::new(e)))?;
        self.request(request, "take the push").await
    }

    /// The same, with whatever body.
    pub(super) async fn request<B>(
        &self,
        request: hyper::Request<B>,
        doing: &'static str,
    ) -> Result<hyper::Response<hyper::body::Incoming>, Error>
    where
        B: hyper::body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let failed = self.conversation(doing);
        let stream = self.endpoint.connect().await.map_err(|source| absent(&self.endpoint, source))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| failed(Box::new(e)))?;
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(|e| failed(Box::new(e)))
    }

    /// Pushes `repository:tag`; `auth` is the value of `X-Registry-Auth`.
    ///
    /// bollard's own push drops the layers' ids and the digest that the engine reports, and encodes credentials with
    /// the wrong base64 alphabet (fussybeaver/bollard, pull request 169), hence the request of our own.
    pub async fn push(&self, repository: &str, tag: &str, auth: &str, events: &Events) -> Result<EnginePush, Error> {
        let image = format!("{repository}:{tag}");
        let failed = self.conversation("push the image");
        let response = self.post(&format!("/images/{repository}/push?tag={tag}"), auth).await?;
        let status = response.status();
        let mut body = response.into_body();
        let mut reader = PushReader::default();
        let mut line = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|e| failed(Box::new(e)))?;
            for &byte in frame.data_ref().map(AsRef::as_ref).unwrap_or_default() {
                if byte == b'\n' {
                    reader.line(&line, events);
                    line.clear();
                } else {
                    line.push(byte);
                }
            }
        }
        reader.line(&line, events);
        match (status.is_success(), reader.error) {
            (true, None) => {
                let digest = reader.digest.ok_or_else(|| failed("it reported no digest".into()))?;
                Ok(EnginePush { digest, pushed: reader.pushed })
            }
            (_, Some(message)) => Err(Error::Push { image, failure: classify(&message), message }),
            (false, None) => Err(Error::Push {
                image,
                failure: PushFailure::Refused,
                message: String::from_utf8_lossy(&line).into_owned(),
            }),
        }
    }
}

/// What the engine said of a push.
#[derive(Debug, Clone)]
pub struct EnginePush {
    /// The manifest's digest, as `sha256:…`.
    pub digest: String,
    /// Short ids (the first 12 digits of the layer's diff ID) of the layers that were uploaded.
    pub pushed: Vec<String>,
}

#[derive(Debug, Default)]
struct PushReader {
    digest: Option<String>,
    pushed: Vec<String>,
    error: Option<String>,
}

/// One line of the engine's answer to a push.
#[derive(Debug, Deserialize)]
struct PushLine {
    #[serde(default)]
    status: String,
    id: Option<String>,
    aux: Option<Aux>,
    error: Option<String>,
    message: Option<String>,
    #[serde(default, rename = "progressDetail")]
    progress: ProgressDetail,
}

#[derive(Debug, Deserialize)]
struct Aux {
    #[serde(rename = "Digest")]
    digest: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct ProgressDetail {
    current: Option<u64>,
    total: Option<u64>,
}

impl PushReader {
    fn line(&mut self, line: &[u8], events: &Events) {
        let Ok(line) = serde_json::from_slice::<PushLine>(line) else { return };
        if let Some(error) = line.error.or(line.message) {
            self.error = Some(error);
        }
        if let Some(digest) = line.aux.and_then(|a| a.digest) {
            self.digest = Some(digest);
        }
        let Some(id) = line.id else { return };
        let name = format!("push layer {id}");
        match line.status.as_str() {
            "Pushing" => events(&Event::Progress {
                id,
                current: line.progress.current.unwrap_or_default(),
                total: line.progress.total,
            }),
            "Preparing" | "Waiting" => events(&Event::Started { id, name }),
            "Pushed" => {
                events(&Event::Finished { id: id.clone(), name, end: End::Ran(std::time::Duration::ZERO) });
                self.pushed.push(id);
            }
            s if s == "Layer already exists" || s.starts_with("Mounted from") => {
                events(&Event::Finished { id, name, end: End::Cached });
            }
            _ => {}
        }
    }
}

/// The engine hands on what the registry client in it says, as text.
fn classify(message: &str) -> PushFailure {
    let message = message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| message.contains(w));
    if has(&["no basic auth credentials", "unauthorized", "authentication required", "incorrect username or password"])
    {
        PushFailure::Unauthorized
    } else if has(&["server gave http response to https client"]) {
        PushFailure::Plain
    } else if has(&["x509:", "certificate"]) {
        PushFailure::Untrusted
    } else if has(&["denied", "forbidden"]) {
        PushFailure::Denied
    } else if has(&[
        "connection refused",
        "connection reset",
        "timeout",
        "timed out",
        "eof",
        "no such host",
        "500 internal",
        "502 bad",
        "503 service",
        "504 gateway",
        "429 too many",
        "toomanyrequests",
        "no route to host",
        "unexpected http status: 5",
        "received unexpected http status",
        "broken pipe",
    ]) {
        PushFailure::Unavailable
    } else {
        PushFailure::Refused
    }
}

fn absent(endpoint: &Endpoint, source: std::io::Error) -> Error {
    let endpoint = endpoint.to_string();
    if source.kind() == std::io::ErrorKind::PermissionDenied {
        Error::Forbidden { endpoint, source }
    } else {
        Error::Absent { endpoint, source }
    }
}

/// bollard over our own endpoints, so that every conversation with the engine takes the same way.
pub(super) fn client(endpoint: &Endpoint) -> Result<bollard::Docker, bollard::errors::Error> {
    let endpoint = Arc::new(endpoint.clone());
    let transport = move |request: bollard::BollardRequest| {
        let endpoint = Arc::clone(&endpoint);
        async move {
            let stream: Box<dyn Duplex> = endpoint.connect().await?;
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            let (mut parts, body) = request.into_parts();
            parts.headers.insert("Host", http::HeaderValue::from_static("docker"));
            // Absolute addresses are for proxies; the daemon wants the path alone.
            if let Some(path) = parts.uri.path_and_query().cloned() {
                parts.uri = path.into();
            }
            Ok(sender.send_request(bollard::BollardRequest::from_parts(parts, body)).await?)
        }
    };
    bollard::Docker::connect_with_custom_transport(transport, Some("http://docker"), 120, bollard::API_DEFAULT_VERSION)
}

/// A request without a body, for `/session` and `/grpc`, which hand the whole stream over.
pub(super) async fn hijack(
    endpoint: &Endpoint,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<Box<dyn Duplex>, Error> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Conversation {
        endpoint: endpoint.to_string(),
        doing: "open a build session",
        source,
    };
    let stream = endpoint.connect().await.map_err(|source| absent(endpoint, source))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| failed(Box::new(e)))?;
    tokio::spawn(connection.with_upgrades());
    let mut request = hyper::Request::post(path)
        .header("Host", "docker")
        .header("Connection", "Upgrade")
        .header("Upgrade", "h2c")
        .header("Content-Length", "0");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::new())).map_err(|e| failed(Box::new(e)))?;
    let response = sender.send_request(request).await.map_err(|e| failed(Box::new(e)))?;
    if response.status() != hyper::StatusCode::SWITCHING_PROTOCOLS {
        return Err(failed(format!("it answered {}", response.status()).into()));
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(|e| failed(Box::new(e)))?;
    Ok(Box::new(TokioIo::new(upgraded)))
}
