//! The reach of a registry: whether it is spoken to with TLS.

use http::{Method, StatusCode};
use reqwest::Url;

use super::call::Call;
use super::client::{Registry, SMALL, Security};
use super::error::Error;
use super::failure::{Cause, Failure};
use super::transport::address;

/// What is asked to find out.
const API: &str = "registry API under /v2/";

impl Registry {
    /// The registry's URL: HTTPS, unless it may be plain HTTP and turns out to be. Found out once.
    pub(super) async fn base(&self) -> Result<&Url, Error> {
        self.base.get_or_try_init(async || self.reach().await).await
    }

    async fn reach(&self) -> Result<Url, Error> {
        let (http, https) = (self.url("http")?, self.url("https")?);
        if self.security == Security::Tls {
            return Ok(https);
        }
        // On this machine, plain HTTP is what there mostly is. Whoever has TLS refuses it, and nothing is said in it
        // that anybody may not hear.
        if self.host.is_loopback() && self.speaks_http(&http).await? {
            return Ok(http);
        }
        match self.transport.send(&probe(&https)?).await {
            Err(failure) if self.has_no_tls(&failure) => Ok(http),
            Err(failure) => Err(failure.about(API)),
            Ok(_) => Ok(https),
        }
    }

    /// Whether a registry answers in plain HTTP: a server with TLS says 400, sends us there, or says nothing.
    async fn speaks_http(&self, http: &Url) -> Result<bool, Error> {
        let call = probe(http)?;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.transport.single(&call).await {
                Ok(answer) => return Ok(matches!(answer.status, StatusCode::OK | StatusCode::UNAUTHORIZED)),
                // With a port given, HTTPS would be at the same closed door.
                Err(cause @ Cause::Refused(_)) if self.host.has_port() => {
                    let paused = self.transport.pause(cause, address(http), tries).await;
                    paused.map_err(|failure| failure.about(API))?;
                }
                Err(_) => return Ok(false),
            }
        }
    }

    fn url(&self, scheme: &str) -> Result<Url, Error> {
        let text = format!("{scheme}://{}/", self.host.endpoint());
        Url::parse(&text).map_err(|_| Error::BadName { text })
    }

    /// Whether a failed HTTPS request means that the server has no TLS. A certificate that isn't trusted does not.
    fn has_no_tls(&self, failure: &Failure) -> bool {
        match failure.cause {
            Cause::Tls(rustls::Error::InvalidMessage(_)) | Cause::Closed(_) => true,
            // With a port given, HTTP would be at the same closed door.
            Cause::Refused(_) => !self.host.has_port(),
            _ => false,
        }
    }
}

fn probe(base: &Url) -> Result<Call, Error> {
    let url = base.join("v2/").map_err(|_| Error::BadName { text: base.to_string() })?;
    Ok(Call::new(API.to_owned(), Method::GET, url, SMALL))
}
