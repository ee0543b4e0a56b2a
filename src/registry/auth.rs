//! Authorization: the header that a registry wants, fetched when it asks and kept while it lasts.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use reqwest::Url;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::call::{Answer, Call};
use super::challenge::Challenge;
use super::client::Security;
use super::credentials::Credentials;
use super::error::Error;
use super::refusal::words;
use super::secret::Secret;
use super::transport::{Transport, address};

/// The longest answer of a token service: some tokens list hundreds of permissions.
const TOKEN: u64 = 1 << 20;
/// How long a token lasts when the service doesn't say: the specification's minute.
/// <https://distribution.github.io/distribution/spec/auth/token/>
const LIFETIME: u64 = 60;
/// How much earlier a token is taken for expired than it is: a request takes time, and clocks differ.
const MARGIN: u64 = 10;

/// What a request needs to be allowed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// Nothing but to be known.
    Registry,
    /// To read a repository.
    Pull(String),
    /// To read and write a repository.
    Push(String),
    /// The same, and to take blobs over from another repository.
    Mount {
        /// Where they go.
        to: String,
        /// Where they are.
        from: String,
    },
}

impl Scope {
    /// As the specification writes them: one for each repository.
    fn texts(&self) -> Vec<String> {
        let pull = |name: &str| format!("repository:{name}:pull");
        let push = |name: &str| format!("repository:{name}:pull,push");
        match self {
            Self::Registry => Vec::new(),
            Self::Pull(name) => vec![pull(name)],
            Self::Push(name) => vec![push(name)],
            Self::Mount { to, from } => vec![push(to), pull(from)],
        }
    }
}

/// Knows one registry's credentials, and what they have been exchanged for.
pub(super) struct Authenticator {
    /// What people call the registry.
    host: String,
    credentials: Credentials,
    security: Security,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    basic: Option<HeaderValue>,
    tokens: HashMap<Scope, (HeaderValue, Instant)>,
}

/// A token service's answer. The specification has `token`, `OAuth2` has `access_token`; some send both.
#[derive(Deserialize)]
struct Grant {
    token: Option<Secret>,
    access_token: Option<Secret>,
    expires_in: Option<u64>,
}

impl Authenticator {
    /// Nothing is sent until the registry asks.
    pub(super) fn new(host: String, credentials: Credentials, security: Security) -> Self {
        Self { host, credentials, security, known: Mutex::default() }
    }

    /// Who we are to the registry.
    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The header that is known to do for `scope`.
    pub(super) async fn held(&self, scope: &Scope) -> Option<HeaderValue> {
        self.known.lock().await.held(scope)
    }

    /// The header that meets a challenge, which came in spite of the header `sent`.
    pub(super) async fn meet(
        &self,
        transport: &Transport,
        call: &Call,
        refused: &Answer,
        scope: &Scope,
        sent: Option<&HeaderValue>,
    ) -> Result<HeaderValue, Error> {
        // Held while the service is asked: ten parallel requests need one token.
        let mut known = self.known.lock().await;
        if let Some(newer) = known.held(scope).filter(|held| Some(held) != sent) {
            return Ok(newer);
        }
        match Challenge::read(&refused.headers) {
            Challenge::Basic => {
                let header = self.credentials.basic().map(|value| self.header(value.expose())).transpose()?;
                known.basic.clone_from(&header);
                header.filter(|header| Some(header) != sent).ok_or_else(|| self.unauthorized())
            }
            Challenge::Bearer { realm, service, scope: asked, .. } => {
                let (own, asked) = (scope.texts(), asked.unwrap_or_default());
                // The challenge's own words first: they win where a service reads one scope only.
                let mut scopes = vec![asked.as_str()];
                scopes.extend(own.iter().map(String::as_str).filter(|scope| *scope != asked));
                scopes.retain(|scope| !scope.is_empty());
                let realm = self.realm(&realm, call)?;
                let (header, until) = self.fetch(transport, realm, service.as_deref(), &scopes).await?;
                known.tokens.insert(scope.clone(), (header.clone(), until));
                Ok(header)
            }
            Challenge::Other(scheme) => Err(Error::Protocol {
                host: self.host.clone(),
                what: call.what.clone(),
                reason: format!("it asks for a login by {scheme}, and pydeploy has Basic and Bearer"),
            }),
        }
    }

    /// What a second 401 means, after a header that met the challenge.
    pub(super) fn verdict(&self, call: &Call, refused: &Answer) -> Error {
        match (Challenge::read(&refused.headers), self.credentials.user()) {
            // The service has accepted our login, and given a token that does not allow this.
            (Challenge::Bearer { .. }, Some(user)) => Error::Denied {
                host: self.host.clone(),
                user: Some(user.to_owned()),
                what: call.what.clone(),
                message: words(&refused.body, &self.credentials).message,
            },
            _ => self.unauthorized(),
        }
    }

    fn realm(&self, realm: &str, call: &Call) -> Result<Url, Error> {
        let odd = |reason: &str| Error::Protocol {
            host: self.host.clone(),
            what: call.what.clone(),
            reason: reason.to_owned(),
        };
        let url = Url::parse(realm).map_err(|_| odd("its token service has no URL"))?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if self.security == Security::InsecureAllowed => Ok(url),
            _ => Err(odd("its token service would have our login without TLS")),
        }
    }

    async fn fetch(
        &self,
        transport: &Transport,
        realm: Url,
        service: Option<&str>,
        scopes: &[&str],
    ) -> Result<(HeaderValue, Instant), Error> {
        let host = address(&realm);
        let call = self.token_call(realm, service, scopes)?;
        let answer = transport.send(&call).await.map_err(|failure| failure.about(&call.what))?;
        let fault = |status, message| Error::TokenService { host: self.host.clone(), service: host, status, message };
        match (answer.status, self.credentials.user()) {
            (StatusCode::OK, _) => {}
            // GitHub's service says 403 to strangers where others say 401.
            (StatusCode::UNAUTHORIZED, _) | (StatusCode::FORBIDDEN, None) => return Err(self.unauthorized()),
            (status, _) => {
                let words = words(&answer.body, &self.credentials);
                return Err(fault(status, words.message.or(words.code)));
            }
        }
        let grant: Option<Grant> = serde_json::from_slice(&answer.body).ok();
        let lifetime = grant.as_ref().and_then(|grant| grant.expires_in).unwrap_or(LIFETIME);
        let token =
            grant.and_then(|grant| grant.token.or(grant.access_token)).filter(|token| !token.expose().is_empty());
        let Some(token) = token else {
            return Err(fault(answer.status, Some("there is no token in its answer".to_owned())));
        };
        let until = Instant::now() + Duration::from_secs(lifetime.saturating_sub(MARGIN).min(24 * 3600));
        Ok((self.header(&format!("Bearer {}", token.expose()))?, until))
    }

    /// A GET with our login, or the exchange of an identity token.
    fn token_call(&self, mut realm: Url, service: Option<&str>, scopes: &[&str]) -> Result<Call, Error> {
        let what = format!("a token for {}", scopes.first().unwrap_or(&"the registry"));
        if let Credentials::IdentityToken { token } = &self.credentials {
            // A URL's query has a form's encoding.
            let mut form = realm.clone();
            form.query_pairs_mut()
                .clear()
                .append_pair("grant_type", "refresh_token")
                .append_pair("client_id", "pydeploy")
                .append_pair("service", service.unwrap_or_default())
                .append_pair("scope", &scopes.join(" "))
                .append_pair("refresh_token", token.expose());
            let body = Bytes::from(form.query().unwrap_or_default().to_owned());
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            return Ok(Call::new(what, Method::POST, realm, TOKEN).header(CONTENT_TYPE, kind).body(body));
        }
        if service.is_some() || !scopes.is_empty() {
            let pairs = service.map(|service| ("service", service)).into_iter();
            realm.query_pairs_mut().extend_pairs(pairs.chain(scopes.iter().map(|scope| ("scope", *scope))));
        }
        let call = Call::new(what, Method::GET, realm, TOKEN);
        Ok(match self.credentials.basic() {
            Some(basic) => call.header(AUTHORIZATION, self.header(basic.expose())?),
            None => call,
        })
    }

    fn header(&self, value: &str) -> Result<HeaderValue, Error> {
        let mut header = HeaderValue::from_str(value).map_err(|_| Error::Protocol {
            host: self.host.clone(),
            what: "a token".to_owned(),
            reason: "it has characters that no header can".to_owned(),
        })?;
        header.set_sensitive(true);
        Ok(header)
    }

    fn unauthorized(&self) -> Error {
        Error::Unauthorized { host: self.host.clone(), user: self.credentials.user().map(str::to_owned) }
    }
}

impl Known {
    fn held(&self, scope: &Scope) -> Option<HeaderValue> {
        let token = |scope: &Scope| self.tokens.get(scope).filter(|(_, until)| *until > Instant::now());
        let wider = match scope {
            Scope::Pull(name) => token(&Scope::Push(name.clone())),
            Scope::Registry | Scope::Push(_) | Scope::Mount { .. } => None,
        };
        self.basic.clone().or_else(|| token(scope).or(wider).map(|(header, _)| header.clone()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_not_sent_without_tls_unasked() {
        let call = Call::new("x".into(), Method::GET, Url::parse("https://a.example/v2/").unwrap(), 1);
        let realm = |security, realm: &str| {
            Authenticator::new("a.example".into(), Credentials::Anonymous, security).realm(realm, &call)
        };
        assert!(realm(Security::Tls, "https://b.example/token").is_ok());
        assert!(realm(Security::InsecureAllowed, "http://b.example/token").is_ok());
        for bad in ["http://b.example/token", "ftp://b.example/", "/token"] {
            assert!(matches!(realm(Security::Tls, bad), Err(Error::Protocol { .. })), "{bad}");
        }
    }

    #[test]
    fn scopes_are_written_as_the_specification_has_them() {
        assert_eq!(Scope::Pull("a/b".into()).texts(), ["repository:a/b:pull"]);
        assert_eq!(Scope::Push("a/b".into()).texts(), ["repository:a/b:pull,push"]);
        assert!(Scope::Registry.texts().is_empty());
        let mount = Scope::Mount { to: "a/b".into(), from: "c".into() };
        assert_eq!(mount.texts(), ["repository:a/b:pull,push", "repository:c:pull"]);
    }
}
