//! BuildKit: a Dockerfile solved over a session of our own, in a Docker Engine or a standalone daemon.

mod failure;
mod filesync;
mod receive;
mod seen;
mod session;
mod status;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{SolveRequest, StatusRequest};
use hyper_util::rt::TokioIo;
use tonic::transport::Channel;

use super::docker::{self, DockerEngine};
use super::endpoint::Endpoint;
use super::error::Error;
use super::event::Events;
use super::{BuildInput, Cached, Dockerfile};
use crate::context::walk::LeftOut;
use crate::registry::Keychain;
use session::Session;
use status::Watch;

/// A BuildKit that we can reach.
#[derive(Clone)]
pub enum Daemon {
    /// The one inside a Docker Engine; it puts images into the engine.
    Engine(DockerEngine),
    /// One of its own, by `BUILDKIT_HOST`; it keeps no images, but pushes them.
    Standalone(Endpoint),
}

impl fmt::Display for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(engine) => write!(f, "Docker Engine {} at {}", engine.version, engine.endpoint()),
            Self::Standalone(endpoint) => write!(f, "BuildKit at {endpoint}"),
        }
    }
}

impl Daemon {
    /// Where it listens.
    pub fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Engine(engine) => engine.endpoint(),
            Self::Standalone(endpoint) => endpoint,
        }
    }

    pub(super) async fn channel(&self) -> Result<Channel, Error> {
        let daemon = self.clone();
        let connect = tower::service_fn(move |_: http::Uri| {
            let daemon = daemon.clone();
            async move {
                let stream = match &daemon {
                    Self::Engine(engine) => docker::hijack(engine.endpoint(), "/grpc", &[]).await?,
                    Self::Standalone(endpoint) => endpoint
                        .connect()
                        .await
                        .map_err(|source| Error::Absent { endpoint: endpoint.to_string(), source })?,
                };
                Ok::<_, Error>(TokioIo::new(stream))
            }
        });
        let endpoint = tonic::transport::Endpoint::from_static("http://buildkit");
        endpoint.connect_with_connector(connect).await.map_err(|e| connect_error(e, self.endpoint()))
    }
}

/// tonic wraps what our own connector said: that is the error worth telling.
fn connect_error(error: tonic::transport::Error, endpoint: &Endpoint) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        if let Some(Error::Absent { endpoint, source }) = current.downcast_ref::<Error>() {
            let source = std::io::Error::new(source.kind(), source.to_string());
            return Error::Absent { endpoint: endpoint.clone(), source };
        }
        cause = current.source();
    }
    Error::Conversation { endpoint: endpoint.to_string(), doing: "open a build session", source: Box::new(error) }
}

/// What is done with the image.
#[derive(Debug, Clone)]
pub enum Output {
    /// It gets these names in the engine.
    Names(Vec<String>),
    /// It is pushed to this repository under its digest alone: tags follow once its contract holds.
    PushByDigest {
        /// `host/repository`.
        repository: String,
        /// Plain HTTP is permitted.
        insecure: bool,
    },
    /// It stays in the daemon's cache.
    Cache,
    /// Its files come here, as one archive, which is written to this path.
    Files(PathBuf),
}

/// What a build gave.
#[derive(Debug, Clone)]
pub struct Built {
    /// The digest that the daemon answered: of the image config in an engine, of the manifest where it was pushed.
    pub digest: Option<String>,
    /// What of the context was sent.
    pub sent: Sent,
    /// What of the project stayed here.
    pub left_out: Vec<LeftOut>,
    /// Steps that ran, and steps that were taken from the cache.
    pub steps: Steps,
}

/// How much of the context went to the daemon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Files whose content was asked for.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// How many steps ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Steps {
    /// Steps that did run.
    pub ran: usize,
    /// Steps whose result was in the cache.
    pub cached: usize,
}

/// Builds. Dropping the future cancels the build in the daemon.
pub async fn build(
    daemon: &Daemon,
    input: Arc<BuildInput>,
    output: &Output,
    keychain: Arc<Keychain>,
    events: &Events,
) -> Result<Built, Error> {
    let files = if let Output::Files(path) = output { Some(path.as_path()) } else { None };
    let session = Session::open(daemon, Arc::clone(&input), keychain, files).await?;
    let channel = daemon.channel().await?;
    let request = solve_request(&session, daemon, &input, output);
    let watch = Watch::new(events.clone());
    let status = StatusRequest { r#ref: request.r#ref.clone() };
    let (mut solver, mut watcher) = (ControlClient::new(channel.clone()), ControlClient::new(channel));
    let (answer, ()) = futures_util::future::join(solver.solve(request), watch.follow(&mut watcher, status)).await;
    // What went wrong on our side of the session explains whatever the daemon makes of it.
    if let Some(error) = session.take_error() {
        return Err(error);
    }
    let response = answer.map_err(|status| failure::explain(&status, &watch, &input))?.into_inner();
    let digest = response.exporter_response.get("containerimage.digest").cloned();
    Ok(Built { digest, sent: session.sent(), left_out: session.take_left_out(), steps: watch.steps() })
}

fn solve_request(session: &Session, daemon: &Daemon, input: &BuildInput, output: &Output) -> SolveRequest {
    let mut frontend = HashMap::new();
    let filename = match &input.dockerfile {
        Dockerfile::Generated(_) => "Dockerfile".to_owned(),
        Dockerfile::File(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
    };
    frontend.insert("filename".to_owned(), filename);
    if let Some(platform) = &input.platform {
        frontend.insert("platform".to_owned(), platform.clone());
    }
    if input.cached == Cached::Ignored {
        frontend.insert("no-cache".to_owned(), String::new());
    }
    for (name, value) in &input.labels {
        frontend.insert(format!("label:{name}"), value.clone());
    }
    let (exporter, attributes) = exporter(daemon, output);
    SolveRequest {
        r#ref: format!("ref-{}", session.id()),
        session: session.id().to_owned(),
        frontend: "dockerfile.v0".to_owned(),
        frontend_attrs: frontend,
        exporter_deprecated: exporter,
        exporter_attrs_deprecated: attributes,
        ..SolveRequest::default()
    }
}

fn exporter(daemon: &Daemon, output: &Output) -> (String, HashMap<String, String>) {
    let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
    match (daemon, output) {
        (_, Output::Files(_)) => ("tar".into(), HashMap::new()),
        (Daemon::Engine(_), Output::Names(names)) => ("moby".into(), HashMap::from([pair("name", &names.join(","))])),
        (Daemon::Engine(_), _) => ("moby".into(), HashMap::new()),
        (Daemon::Standalone(_), Output::PushByDigest { repository, insecure }) => {
            let mut attributes = HashMap::from([
                pair("name", repository),
                pair("push", "true"),
                pair("push-by-digest", "true"),
                pair("oci-mediatypes", "true"),
            ]);
            if *insecure {
                attributes.insert("registry.insecure".into(), "true".into());
            }
            ("image".into(), attributes)
        }
        (Daemon::Standalone(_), _) => (String::new(), HashMap::new()),
    }
}
