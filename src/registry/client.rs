//! A client of one registry: the distribution protocol's reads and manifest writes.
//!
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>

use std::fmt;
use std::path::PathBuf;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use oci_spec::image::{Descriptor, Digest};
use reqwest::Url;
use tokio::sync::OnceCell;

use super::auth::{Authenticator, Scope};
use super::blob::Blob;
use super::call::{Answer, Call, Origin};
use super::credentials::Credentials;
use super::digest;
use super::error::Error;
use super::failure::{Cause, Failure};
use super::host::Host;
use super::manifest::{self, RawManifest, media_type};
use super::pointer::{Pointer, repository, written};
use super::refusal::refusal;
use super::shipment::Parcel;
use super::traffic::Traffic;
use super::transport::{Head, Proxy, Transport};

/// The largest manifest: what registries themselves take, at most.
const MANIFEST: u64 = 4 << 20;
/// The largest image config.
const CONFIG: u64 = 8 << 20;
/// The longest answer that isn't needed.
pub(super) const SMALL: u64 = 64 << 10;
/// The digest that a registry announces.
const DOCKER_CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// What protects a connection. Certificates are verified in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS, always.
    Tls,
    /// TLS, or plain HTTP where the server has no TLS. Loopback hosts are so even when `Tls` is asked for.
    InsecureAllowed,
}

/// What a client is made from.
#[derive(Debug, Clone)]
pub struct Options {
    /// The registry's host, with a port where it has one: `docker.io`, `localhost:5000`.
    pub host: String,
    /// What protects connections.
    pub security: Security,
    /// Files in PEM with certificate authorities to trust beside the system's.
    pub extra_ca: Vec<PathBuf>,
    /// What we call ourselves.
    pub user_agent: String,
}

/// A client of one registry. Keeps connections and tokens; share it by reference.
pub struct Registry {
    pub(super) host: Host,
    pub(super) security: Security,
    pub(super) transport: Transport,
    pub(super) auth: Authenticator,
    pub(super) base: OnceCell<Url>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("host", &self.host.name())
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// Makes a client; nothing is sent yet. Reads the files of certificate authorities.
    pub fn new(options: &Options, credentials: Credentials) -> Result<Self, Error> {
        let host = Host::parse(&options.host)?;
        let (security, proxy) = if host.is_loopback() {
            (Security::InsecureAllowed, Proxy::Never)
        } else {
            (options.security, Proxy::System)
        };
        let transport = Transport::new(&options.user_agent, &options.extra_ca, proxy)?;
        let auth = Authenticator::new(host.name().to_owned(), credentials, security);
        Ok(Self { host, security, transport, auth, base: OnceCell::new() })
    }

    /// What people call this registry: `docker.io` for all of Docker Hub's names.
    pub fn host(&self) -> &str {
        self.host.name()
    }

    /// What was sent and received so far.
    pub fn traffic(&self) -> Traffic {
        self.transport.traffic()
    }

    /// Whether there is a registry that accepts our credentials.
    pub async fn ping(&self) -> Result<(), Error> {
        let call = self.call("registry API under /v2/".to_owned(), Method::GET, "v2/", SMALL).await?;
        self.ask(&Scope::Registry, &call).await.map(drop)
    }

    /// A manifest, whose bytes agree with the digest that it was asked for by and with the one that the registry
    /// announced.
    pub async fn manifest(&self, repo: &str, pointer: &Pointer) -> Result<RawManifest, Error> {
        let call = self.manifest_call(Method::GET, repo, pointer).await?;
        let answer = self.ask(&Scope::Pull(repo.to_owned()), &call).await?;
        let media_type = media_type(&answer.headers, &answer.body)
            .ok_or_else(|| self.odd(&call, "it does not say what kind of manifest that is"))?;
        if let Some(announced) = self.announced(&call, &answer.headers)? {
            digest::verify(&call.what, &answer.body, &announced)?;
        }
        let mut manifest = RawManifest::new(answer.body, media_type)?;
        if let Pointer::Digest(wanted) = pointer {
            digest::verify(&call.what, &manifest.bytes, wanted)?;
            manifest.digest = wanted.clone();
        }
        Ok(manifest)
    }

    /// What the registry says of a manifest; none when there is none. Unlike [`Registry::manifest`]'s, this digest is
    /// the registry's word.
    pub async fn head_manifest(&self, repo: &str, pointer: &Pointer) -> Result<Option<Descriptor>, Error> {
        let call = self.manifest_call(Method::HEAD, repo, pointer).await?;
        let answer = match self.ask(&Scope::Pull(repo.to_owned()), &call).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            answer => answer?,
        };
        let announced = self.announced(&call, &answer.headers)?;
        let size = answer.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if let (Some(digest), Some(size), Some(kind)) = (announced, size, media_type(&answer.headers, b"")) {
            match pointer {
                Pointer::Digest(wanted) if *wanted != digest => return Err(mismatch(&call, wanted, &digest)),
                _ => return Ok(Some(Descriptor::new(kind, size, digest))),
            }
        }
        // A registry that keeps it to itself has to hand over the manifest.
        let manifest = self.manifest(repo, pointer).await?;
        Ok(Some(Descriptor::new(manifest.media_type, manifest.bytes.len() as u64, manifest.digest)))
    }

    /// Stores a manifest. Every blob and manifest that it names must be there already.
    pub async fn put_manifest(&self, repo: &str, pointer: &Pointer, manifest: &RawManifest) -> Result<(), Error> {
        let kind = HeaderValue::from_str(manifest.media_type.as_ref())
            .map_err(|_| Error::BadName { text: manifest.media_type.to_string() })?;
        let path = format!("v2/{}/manifests/{pointer}", repository(repo)?);
        let what = format!("a place for manifest {}", written(repo, pointer));
        let call = self.call(what, Method::PUT, &path, SMALL).await?;
        let call = call.header(CONTENT_TYPE, kind).body(manifest.bytes.clone());
        let answer = self.ask(&Scope::Push(repo.to_owned()), &call).await?;
        match self.announced(&call, &answer.headers)? {
            Some(stored) if stored != manifest.digest => Err(mismatch(&call, &manifest.digest, &stored)),
            _ => Ok(()),
        }
    }

    /// An image config, whose bytes agree with its descriptor's digest and size.
    pub async fn config(&self, repo: &str, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let digest = descriptor.digest();
        let what = format!("image config {digest} of {repo}");
        if descriptor.size() > CONFIG {
            return Err(Error::TooLarge { what, limit: CONFIG });
        }
        let path = format!("v2/{}/blobs/{digest}", repository(repo)?);
        let call = self.call(what, Method::GET, &path, CONFIG).await?;
        let answer = self.ask(&Scope::Pull(repo.to_owned()), &call).await?;
        digest::verify(&call.what, &answer.body, digest)?;
        if answer.body.len() as u64 != descriptor.size() {
            return Err(self.odd(&call, "its size is not the one that the manifest gives"));
        }
        Ok(answer.body.into())
    }

    /// A blob, piece by piece; the last piece is followed by the check of its digest and size.
    pub async fn blob(&self, repo: &str, descriptor: &Descriptor) -> Result<Blob<'_>, Error> {
        let digest = descriptor.digest();
        let path = format!("v2/{}/blobs/{digest}", repository(repo)?);
        let call = self.call(format!("blob {digest} of {repo}"), Method::GET, &path, SMALL).await?;
        let scope = Scope::Pull(repo.to_owned());
        let head = self.open(&scope, &call).await?;
        Ok(Blob::new(self, scope, call, head, descriptor))
    }

    /// Goes on with a blob whose connection broke, at this byte where the server can do that.
    pub(super) async fn reopen(&self, scope: &Scope, call: &Call, at: u64) -> Result<Head, Error> {
        let range = HeaderValue::from_str(&format!("bytes={at}-"));
        let range = range.map_err(|_| Error::BadName { text: at.to_string() })?;
        self.open(scope, &call.clone().header(RANGE, range)).await
    }

    pub(super) async fn piece(&self, head: &mut Head) -> Result<Option<Bytes>, Cause> {
        self.transport.piece(head).await
    }

    /// Whether the repository has a blob.
    pub async fn blob_exists(&self, repo: &str, digest: &Digest) -> Result<bool, Error> {
        self.head_blob(&Scope::Pull(repo.to_owned()), repo, format!("blob {digest} of {repo}"), digest).await
    }

    /// The same, of who is about to send it: one token does for both.
    pub(super) async fn has_blob(&self, repo: &str, parcel: &Parcel) -> Result<bool, Error> {
        let what = format!("{} in {repo}", parcel.what());
        self.head_blob(&Scope::Push(repo.to_owned()), repo, what, parcel.descriptor.digest()).await
    }

    async fn head_blob(&self, scope: &Scope, repo: &str, what: String, digest: &Digest) -> Result<bool, Error> {
        let path = format!("v2/{}/blobs/{digest}", repository(repo)?);
        let call = self.call(what, Method::HEAD, &path, SMALL).await?;
        match self.ask(scope, &call).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    async fn manifest_call(&self, method: Method, repo: &str, pointer: &Pointer) -> Result<Call, Error> {
        let path = format!("v2/{}/manifests/{pointer}", repository(repo)?);
        let call = self.call(format!("manifest {}", written(repo, pointer)), method, &path, MANIFEST).await?;
        Ok(call.header(ACCEPT, HeaderValue::from_static(manifest::ACCEPT)))
    }

    pub(super) async fn call(&self, what: String, method: Method, path: &str, limit: u64) -> Result<Call, Error> {
        let url = self.base().await?.join(path).map_err(|_| Error::BadName { text: path.to_owned() })?;
        Ok(Call::new(what, method, url, limit))
    }

    /// Sends a call with the authorization that it needs; gives back a success only, whole.
    async fn ask(&self, scope: &Scope, call: &Call) -> Result<Answer, Error> {
        self.ask_at(scope, call).await.map(|(answer, _)| answer)
    }

    /// The same, with the URL that the answer came from.
    pub(super) async fn ask_at(&self, scope: &Scope, call: &Call) -> Result<(Answer, Url), Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let head = self.open(scope, call).await?;
            let (host, url) = (head.host.clone(), head.response.url().clone());
            match self.transport.whole(head, call.limit).await {
                Ok(answer) => return Ok((answer, url)),
                Err(cause) => self.pause(call, cause, host, tries).await?,
            }
        }
    }

    /// The same, for an answer whose body is yet to come.
    async fn open(&self, scope: &Scope, call: &Call) -> Result<Head, Error> {
        let challenged = |answer: &Answer| answer.status == StatusCode::UNAUTHORIZED && answer.origin == Origin::Asked;
        let held = self.auth.held(scope).await;
        let mut result = self.once(call, held.as_ref()).await?;
        if let Err(answer) = &result
            && challenged(answer)
        {
            let header = self.auth.meet(&self.transport, call, answer, scope, held.as_ref()).await?;
            result = self.once(call, Some(&header)).await?;
            if let Err(answer) = &result
                && challenged(answer)
            {
                return Err(self.auth.verdict(call, answer));
            }
        }
        result.map_err(|answer| self.refusal(call, &answer))
    }

    /// Sends a call with this authorization; what is no success comes whole.
    async fn once(&self, call: &Call, header: Option<&HeaderValue>) -> Result<Result<Head, Answer>, Error> {
        let about = |failure: Failure| failure.about(&call.what);
        let head = self.transport.open(&call.authorized(header)).await.map_err(about)?;
        if head.response.status().is_success() {
            return Ok(Ok(head));
        }
        let host = head.host.clone();
        let answer = self.transport.whole(head, call.limit).await;
        answer.map(Err).map_err(|cause| about(Failure { cause, host, tries: 1 }))
    }

    /// Waits before the next try, or gives up.
    pub(super) async fn pause(&self, call: &Call, cause: Cause, host: String, tries: u32) -> Result<(), Error> {
        self.transport.pause(cause, host, tries).await.map_err(|failure| failure.about(&call.what))
    }

    pub(super) fn announced(&self, call: &Call, headers: &HeaderMap) -> Result<Option<Digest>, Error> {
        let parse = |value: &HeaderValue| value.to_str().ok()?.parse().ok();
        headers
            .get(DOCKER_CONTENT_DIGEST)
            .map(|value| parse(value).ok_or_else(|| self.odd(call, "its Docker-Content-Digest is no digest")))
            .transpose()
    }

    pub(super) fn odd(&self, call: &Call, reason: &str) -> Error {
        Error::Protocol { host: self.host.name().to_owned(), what: call.what.clone(), reason: reason.to_owned() }
    }

    /// The fault in an answer that is no success.
    pub(super) fn refusal(&self, call: &Call, answer: &Answer) -> Error {
        refusal(self.host.name(), &call.what, answer, self.auth.credentials())
    }
}

pub(super) fn mismatch(call: &Call, expected: &Digest, actual: &Digest) -> Error {
    Error::DigestMismatch { what: call.what.clone(), expected: expected.to_string(), actual: actual.to_string() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::conversations::script::{Script, answer};
    use super::*;

    fn client(host: String) -> Registry {
        let options = Options { host, security: Security::Tls, extra_ca: Vec::new(), user_agent: "x".into() };
        Registry::new(&options, Credentials::Anonymous).unwrap()
    }

    #[tokio::test]
    async fn tls_is_not_given_up_unasked() {
        let script = Script::serve(|_, _| answer("200 OK", &[], "{}")).await;
        let mut registry = client(script.address.to_string());
        // As if the host were not this machine's own.
        registry.security = Security::Tls;
        let fault = registry.ping().await.unwrap_err();
        assert!(matches!(fault, Error::Tls { .. }), "{fault}");
        assert!(fault.hint().unwrap().contains("--insecure-registry"), "{:?}", fault.hint());
        assert!(script.heard().is_empty());
    }

    #[test]
    fn docker_hub_answers_under_another_name() {
        let registry = client("docker.io".to_owned());
        assert_eq!((registry.host(), registry.host.endpoint()), ("docker.io", "registry-1.docker.io"));
        assert_eq!(registry.security, Security::Tls);
    }

    #[tokio::test]
    async fn names_lead_nowhere_else() {
        let registry = client("docker.io".to_owned());
        let fault = registry.manifest("../x", &Pointer::Tag("1".into())).await.unwrap_err();
        assert!(matches!(fault, Error::BadName { .. }), "{fault}");
        assert_eq!(registry.traffic().requests, 0);
    }
}
