//! A connection: a client for one cluster, whose failures are told in words that a user can act on.

use std::error::Error as StdError;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use kube::client::AuthError;

use super::error::{Because, Error};
use super::kubeconfig::Way;
use super::notice::Notice;
use super::object::Identity;
use super::refusal::{Action, Refusal};
use super::retry::{Failed, PATIENCE, steadily};
use super::token::expiry;

/// For how long a server may be away before it is told to be: at the start nothing is lost by giving up.
pub(super) const AT_FIRST: Duration = Duration::from_secs(2);

/// A cluster that has answered.
#[derive(Clone)]
pub struct Cluster {
    /// The context.
    pub context: String,
    /// The API server's address.
    pub address: String,
    /// Where objects go that name no namespace.
    pub namespace: String,
    /// Its version, as it says itself: `v1.34.4`. None where it does not say.
    pub version: Option<String>,
    pub(super) client: Client,
    pub(super) notice: Notice,
    expires: Option<Timestamp>,
}

impl Cluster {
    /// Goes the way, and asks the server who it is.
    pub async fn connect(way: Way) -> Result<Self, Error> {
        Self::connect_with(way, Notice::default()).await
    }

    /// The same; whoever listens is told when the server keeps us waiting, now or later.
    pub async fn connect_with(way: Way, notice: Notice) -> Result<Self, Error> {
        let Way { context, address, namespace, config } = way;
        let expires = expires(&config);
        let client = Client::try_from(config).map_err(|e| failure(&e, &context, &address))?;
        let mut cluster = Self { context, address, namespace, version: None, client, notice, expires };
        match steadily(AT_FIRST, &cluster.notice, || cluster.client.apiserver_version()).await {
            Ok(info) => cluster.version = Some(info.git_version),
            // Who may not ask for the version may still do the rest.
            Err(Failed::Settled(kube::Error::Api(status))) if status.code == 403 => {}
            Err(Failed::Settled(e) | Failed::Passing(e)) => {
                return Err(cluster.unmet(&e));
            }
        }
        Ok(cluster)
    }

    /// Goes the way, and asks nothing yet: for what begins with a question of its own.
    pub fn unasked(way: Way) -> Result<Self, Error> {
        let Way { context, address, namespace, config } = way;
        let expires = expires(&config);
        let client = Client::try_from(config).map_err(|e| failure(&e, &context, &address))?;
        let notice = Notice::default();
        Ok(Self { context, address, namespace, version: None, client, notice, expires })
    }

    /// The same, but that objects without a namespace go elsewhere.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self.clone() }
    }

    /// Asks, again where that helps, and tells what comes in the way.
    pub(super) async fn ask<T, F>(&self, action: Action, object: &Identity, request: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, kube::Error>>,
    {
        steadily(PATIENCE, &self.notice, request).await.map_err(|failed| self.failed(action, object, failed))
    }

    /// What a request came to in the end, in the words of this room.
    pub(super) fn failed(&self, action: Action, object: &Identity, failed: Failed) -> Error {
        match failed {
            Failed::Passing(error) if matches!(error, kube::Error::Api(_)) => {
                let what = format!("{action} {object}");
                Error::Failing { what, address: self.address.clone(), source: because(&error) }
            }
            Failed::Settled(error) | Failed::Passing(error) => self.told(action, object, &error),
        }
    }

    /// An error in the words of this room.
    pub(super) fn told(&self, action: Action, object: &Identity, error: &kube::Error) -> Error {
        match error {
            kube::Error::Api(status) if status.code != 401 => Error::Refused(Refusal::of(action, object, status)),
            other => self.unmet(other),
        }
    }

    /// A failure that is not about one object.
    fn unmet(&self, error: &kube::Error) -> Error {
        match failure(error, &self.context, &self.address) {
            Error::Unauthorized { address, context, .. } => {
                let expired = self.expires.filter(|at| *at < Timestamp::now());
                Error::Unauthorized { address, context, expired }
            }
            other => other,
        }
    }
}

/// An error that is not about one object.
pub(super) fn failure(error: &kube::Error, context: &str, address: &str) -> Error {
    let (context, address) = (context.to_owned(), address.to_owned());
    if let Some(auth) = find::<AuthError>(error) {
        return Error::Login { context, what: login(auth) };
    }
    let source = because(error);
    match error {
        kube::Error::Api(status) if status.code == 401 => Error::Unauthorized { address, context, expired: None },
        kube::Error::Api(_) => Error::Failing { what: "ask for its version".into(), address, source },
        kube::Error::InferKubeconfig(_) | kube::Error::InferConfig(_) => {
            Error::Incomplete { context, what: "its user's certificate or key can't be read".into() }
        }
        kube::Error::RustlsTls(_) => {
            Error::Incomplete { context, what: "its certificates can't be used for TLS".into() }
        }
        kube::Error::ProxyProtocolDisabled { .. } | kube::Error::ProxyProtocolUnsupported { .. } => {
            Error::Proxy { address: "what the kubeconfig or the environment names".into() }
        }
        _ if is_certificate(error) => Error::Untrusted { address, context, source },
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            let source = Because("what answers there is no API server".to_owned());
            Error::Unreachable { address, context, source }
        }
        _ => Error::Unreachable { address, context, source },
    }
}

/// Until when the token of the kubeconfig is good, where it says so.
fn expires(config: &kube::Config) -> Option<Timestamp> {
    // The client gives secrets to a serializer alone.
    let user = serde_json::to_value(&config.auth_info).ok()?;
    if let Some(token) = user.get("token").and_then(serde_json::Value::as_str) {
        return expiry(token);
    }
    expiry(&std::fs::read_to_string(config.auth_info.token_file.as_ref()?).ok()?)
}

/// Whether what failed is on our side, and fails again.
pub(super) fn is_ours(error: &kube::Error) -> bool {
    find::<AuthError>(error).is_some() || is_certificate(error)
}

fn is_certificate(error: &kube::Error) -> bool {
    let of_tls = find::<rustls::Error>(error).is_some_and(|e| matches!(e, rustls::Error::InvalidCertificate(_)));
    // Within an io::Error its type is out of reach by source() alone.
    of_tls || because(error).0.contains("invalid peer certificate")
}

fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |e: &&'e (dyn StdError + 'static)| (*e).source())
}

fn find<E: StdError + 'static>(error: &kube::Error) -> Option<&E> {
    chain(error).find_map(|e| e.downcast_ref::<E>())
}

/// The innermost cause, which is the one that names what is wrong.
pub(super) fn because(error: &kube::Error) -> Because {
    if let kube::Error::Api(status) = error {
        return Because(format!("{} ({})", status.message.trim(), status.code));
    }
    let last = chain(error).last().map(ToString::to_string).unwrap_or_default();
    Because(if last.is_empty() { error.to_string() } else { last })
}

/// What a login failed of. What a plugin prints on standard output may be a token; on standard error it is for people.
fn login(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecStart(e) => format!("its program can't be run: {e}"),
        AuthError::AuthExecRun { cmd, out } => {
            let program = cmd.split_whitespace().next().unwrap_or_default().trim_matches('"');
            let said = String::from_utf8_lossy(&out.stderr);
            let said: Vec<_> = said.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
            let last = said.iter().rev().take(3).rev().copied().collect::<Vec<_>>().join("; ");
            format!("{program} ended with {}: {}", out.status, last.chars().take(500).collect::<String>())
        }
        AuthError::AuthExecParse(_) => "its program answers with something else than an ExecCredential".to_owned(),
        AuthError::ReadTokenFile(e, path) => format!("the token file {} can't be read: {e}", path.display()),
        AuthError::Oidc(_) => "its OpenID Connect token has ended, and the provider gives no new one".to_owned(),
        AuthError::ExecPluginFailed => "its program gives no status".to_owned(),
        AuthError::MissingCommand => "its user names no program".to_owned(),
        AuthError::InvalidBearerToken(_) | AuthError::InvalidBasicAuth(_) => "its token is no header's text".to_owned(),
        _ => "its user's credentials can't be used".to_owned(),
    }
}
