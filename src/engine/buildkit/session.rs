//! A session: the services that we offer to the daemon while it builds.

use std::path::Path;
use std::sync::Arc;

use bollard_buildkit_proto::health::health_server::{Health, HealthServer};
use bollard_buildkit_proto::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bollard_buildkit_proto::moby::buildkit::v1::BytesMessage;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::filesync::packet::file_sync_server::FileSyncServer;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::{Auth, AuthServer};
use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse, GetTokenAuthorityRequest,
    GetTokenAuthorityResponse, VerifyTokenAuthorityRequest, VerifyTokenAuthorityResponse,
};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinSet;
use tonic::{Request, Response, Status};

use super::Daemon;
use super::filesync::Files;
use super::receive::Receiver;
use super::seen::Seen;
use crate::context::walk::LeftOut;
use crate::engine::error::Error;
use crate::engine::{BuildInput, SecretSource, docker};
use crate::registry::{Credentials, Keychain};

/// The methods that the daemon may call.
const METHODS: &[&str] = &[
    "/moby.filesync.v1.FileSync/DiffCopy",
    "/moby.filesync.v1.FileSync/diffcopy",
    "/moby.filesync.v1.FileSend/DiffCopy",
    "/moby.filesync.v1.FileSend/diffcopy",
    "/moby.filesync.v1.Auth/Credentials",
    "/moby.filesync.v1.Auth/credentials",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
    "/moby.buildkit.secrets.v1.Secrets/getsecret",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/check",
];
/// How much may be under way between us and the daemon, in bytes.
const WINDOW: usize = 256 << 10;

/// An open session; it ends when dropped.
pub(super) struct Session {
    id: String,
    seen: Arc<Seen>,
    _tasks: JoinSet<()>,
}

impl Session {
    /// Offers our services; what the build exports as files goes to `files`.
    pub(super) async fn open(
        daemon: &Daemon,
        input: Arc<BuildInput>,
        keychain: Arc<Keychain>,
        files: Option<&Path>,
    ) -> Result<Self, Error> {
        let id = session_id();
        let shared = shared_key(&input.root);
        let seen = Arc::new(Seen::default());
        let mut tasks = JoinSet::new();
        let (ours, theirs) = tokio::io::duplex(WINDOW);
        match daemon {
            Daemon::Engine(engine) => {
                let mut headers = vec![
                    ("X-Docker-Expose-Session-Uuid", id.as_str()),
                    ("X-Docker-Expose-Session-Name", "pydeploy"),
                    ("X-Docker-Expose-Session-Sharedkey", shared.as_str()),
                ];
                headers.extend(METHODS.iter().map(|m| ("X-Docker-Expose-Session-Grpc-Method", *m)));
                let mut stream = docker::hijack(engine.endpoint(), "/session", &headers).await?;
                let mut theirs = theirs;
                tasks.spawn(async move {
                    let _ = tokio::io::copy_bidirectional_with_sizes(&mut stream, &mut theirs, WINDOW, WINDOW).await;
                });
            }
            Daemon::Standalone(_) => tunnel(daemon, &id, &shared, theirs, &mut tasks).await?,
        }
        let receiver = files.map(|to| Receiver::new(to, Arc::clone(&seen)));
        let files = Files::new(Arc::clone(&input), Arc::clone(&seen));
        let server = tonic::transport::Server::builder()
            .add_service(HealthServer::new(Alive))
            .add_service(FileSyncServer::new(files))
            .add_optional_service(receiver)
            .add_service(AuthServer::new(Passwords { keychain, seen: Arc::clone(&seen) }))
            .add_service(SecretsServer::new(Values { input, seen: Arc::clone(&seen) }));
        let incoming =
            futures_util::stream::iter([Ok::<_, std::io::Error>(ours)]).chain(futures_util::stream::pending());
        tasks.spawn(async move {
            let _ = server.serve_with_incoming(incoming).await;
        });
        Ok(Self { id, seen, _tasks: tasks })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn take_error(&self) -> Option<Error> {
        self.seen.take_error()
    }

    pub(super) fn take_left_out(&self) -> Vec<LeftOut> {
        self.seen.take_left_out()
    }

    pub(super) fn sent(&self) -> super::Sent {
        self.seen.sent()
    }
}

/// A standalone daemon carries the session's bytes inside a call of its own.
async fn tunnel(
    daemon: &Daemon,
    id: &str,
    shared: &str,
    stream: DuplexStream,
    tasks: &mut JoinSet<()>,
) -> Result<(), Error> {
    let mut client = ControlClient::new(daemon.channel().await?);
    let (mut read, mut write) = tokio::io::split(stream);
    let (sender, receiver) = tokio::sync::mpsc::channel::<BytesMessage>(4);
    let mut request = Request::new(tokio_stream::wrappers::ReceiverStream::new(receiver));
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = value.parse() {
            request.metadata_mut().append(name, value);
        }
    };
    put("x-docker-expose-session-uuid", id);
    put("x-docker-expose-session-name", "pydeploy");
    put("x-docker-expose-session-sharedkey", shared);
    for method in METHODS {
        put("x-docker-expose-session-grpc-method", method);
    }
    tasks.spawn(async move {
        let mut buffer = vec![0; 32 << 10];
        while let Ok(count @ 1..) = read.read(&mut buffer).await {
            let data = buffer.get(..count).unwrap_or_default().to_vec();
            if sender.send(BytesMessage { data }).await.is_err() {
                return;
            }
        }
    });
    tasks.spawn(async move {
        let Ok(response) = client.session(request).await else { return };
        let mut messages = response.into_inner();
        while let Some(Ok(message)) = messages.next().await {
            if write.write_all(&message.data).await.is_err() || write.flush().await.is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Unique among the sessions of any daemon: BuildKit refuses an id that it knows.
fn session_id() -> String {
    use std::hash::{BuildHasher, Hasher};
    let random = || std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// The same for every build of one folder, so that the daemon asks only for what has changed in it.
fn shared_key(root: &Path) -> String {
    hex::encode(Sha256::digest(format!("pydeploy {}", root.display())))
}

struct Alive;

#[tonic::async_trait]
impl Health for Alive {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: 1 }))
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("list"))
    }

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("watch"))
    }
}

struct Passwords {
    keychain: Arc<Keychain>,
    seen: Arc<Seen>,
}

#[tonic::async_trait]
impl Auth for Passwords {
    async fn credentials(&self, request: Request<CredentialsRequest>) -> Result<Response<CredentialsResponse>, Status> {
        let host = request.into_inner().host;
        match self.keychain.lookup(&host).await {
            Ok(Credentials::Anonymous) => Ok(Response::new(CredentialsResponse::default())),
            Ok(Credentials::Basic { user, secret }) => {
                let secret = secret.expose().to_owned();
                Ok(Response::new(CredentialsResponse { username: user, secret }))
            }
            Ok(Credentials::IdentityToken { token }) => {
                let secret = token.expose().to_owned();
                Ok(Response::new(CredentialsResponse { username: String::new(), secret }))
            }
            Err(error) => {
                let status = Status::internal(error.to_string());
                self.seen.fail(Error::Credentials(error));
                Err(status)
            }
        }
    }

    async fn fetch_token(&self, _: Request<FetchTokenRequest>) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("tokens are fetched by the daemon"))
    }

    async fn get_token_authority(
        &self,
        _: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("no token authority"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("no token authority"))
    }
}

struct Values {
    input: Arc<BuildInput>,
    seen: Arc<Seen>,
}

#[tonic::async_trait]
impl Secrets for Values {
    async fn get_secret(&self, request: Request<GetSecretRequest>) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        let Some(source) = self.input.secrets.get(&id) else {
            return Err(Status::not_found(format!("secret {id} not found")));
        };
        match read_secret(&id, source).await {
            Ok(data) => Ok(Response::new(GetSecretResponse { data })),
            Err(error) => {
                let status = Status::not_found(error.to_string());
                self.seen.fail(error);
                Err(status)
            }
        }
    }
}

async fn read_secret(id: &str, source: &SecretSource) -> Result<Vec<u8>, Error> {
    let failed = |from: String, why: String| Error::Secret { id: id.to_owned(), from, why };
    match source {
        SecretSource::File(path) => {
            tokio::fs::read(path).await.map_err(|e| failed(path.display().to_string(), e.to_string()))
        }
        SecretSource::Variable(name) => std::env::var(name)
            .map(String::into_bytes)
            .map_err(|_| failed(format!("the environment variable {name}"), "it is not set".into())),
    }
}
