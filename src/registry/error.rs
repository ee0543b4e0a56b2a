//! Why a registry did not do what it was asked.

use std::path::PathBuf;

use http::StatusCode;
use oci_spec::image::Digest;

use super::keychain_error::KeychainError;

/// Why a registry did not do what it was asked. No variant holds a credential, a token or a URL's query.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answered, or not to the end.
    #[error("could not reach {host}, tried {}", times(*tries))]
    Unreachable {
        /// Who was asked: the registry, its token service, or the storage that it sent us to.
        host: String,
        /// How often it was tried.
        tries: u32,
        /// What the last try came to.
        #[source]
        source: reqwest::Error,
    },
    /// The answer was an error of no other class.
    #[error("{host} did not give {what}: {status}{}", said(code.as_deref(), message.as_deref()))]
    Refused {
        /// Who answered.
        host: String,
        /// What was asked for.
        what: String,
        /// The answer's status.
        status: StatusCode,
        /// The registry's code, such as `MANIFEST_BLOB_UNKNOWN`, where it gave one.
        code: Option<String>,
        /// The registry's message, where it gave one.
        message: Option<String>,
    },
    /// There is no such thing.
    #[error("{host} has no {what}")]
    NotFound {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// The credentials are wrong, or there are none and the registry wants some.
    #[error("{host} did not accept {}", login_of(user.as_deref()))]
    Unauthorized {
        /// The registry.
        host: String,
        /// Whose login was refused; none when there was no login.
        user: Option<String>,
    },
    /// Who we are is known, and is not allowed this.
    #[error("{host} does not allow {} {what}{}", someone(user.as_deref()), said(None, message.as_deref()))]
    Denied {
        /// The registry.
        host: String,
        /// Who isn't allowed; none when there was no login.
        user: Option<String>,
        /// What was asked for.
        what: String,
        /// The registry's message, where it gave one.
        message: Option<String>,
    },
    /// The registry sends us to a token service, and that fails.
    #[error("the token service {service} of {host} gave no token: {status}{}", said(None, message.as_deref()))]
    TokenService {
        /// The registry.
        host: String,
        /// The token service's host.
        service: String,
        /// The answer's status.
        status: StatusCode,
        /// The service's message, where it gave one.
        message: Option<String>,
    },
    /// No trusted connection: the certificate isn't trusted, or there is no TLS.
    #[error("could not make a trusted connection to {host}")]
    Tls {
        /// Who was asked.
        host: String,
        /// What is wrong with it.
        #[source]
        source: rustls::Error,
    },
    /// What came is not what was named.
    #[error("{what} has the digest {actual}, and {expected} was promised")]
    DigestMismatch {
        /// What was fetched.
        what: String,
        /// The digest that was asked for, or that the registry announced.
        expected: String,
        /// The digest of what came.
        actual: String,
    },
    /// More came than such a thing can hold.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What was fetched.
        what: String,
        /// The most that is taken, in bytes.
        limit: u64,
    },
    /// The answer is none of the distribution protocol's.
    #[error("could not understand the answer of {host} about {what}: {reason}")]
    Protocol {
        /// Who answered.
        host: String,
        /// What was asked for.
        what: String,
        /// What is odd about the answer.
        reason: String,
    },
    /// A manifest has its digest, and is none that we can read.
    #[error("could not understand the manifest {digest}: {reason}")]
    BadManifest {
        /// The manifest's digest.
        digest: String,
        /// What is odd about it.
        reason: String,
    },
    /// Bytes of ours are not what they should be: a cache entry that is to be made anew.
    #[error("the {what} is damaged on this machine")]
    Damaged {
        /// What it is: `layer of the code`.
        what: String,
        /// Its digest.
        digest: Digest,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of ours can't be read.
    #[error("could not read the {what} from {}", path.display())]
    Unreadable {
        /// What it is: `layer of the code`.
        what: String,
        /// Its digest.
        digest: Digest,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Nothing moved for so long that it was given up.
    #[error("{host} let {seconds} seconds pass without taking or giving anything, tried {}", times(*tries))]
    Stalled {
        /// Who was asked.
        host: String,
        /// How long that was, in seconds.
        seconds: u64,
        /// How often it was tried.
        tries: u32,
    },
    /// The registry does not take a manifest.
    #[error("{host} does not take {what}: {status}{}", said(code.as_deref(), message.as_deref()))]
    ManifestRefused {
        /// The registry.
        host: String,
        /// The manifest, and of which kind it is.
        what: String,
        /// The answer's status.
        status: StatusCode,
        /// The registry's code, such as `MANIFEST_INVALID`, where it gave one.
        code: Option<String>,
        /// The registry's message, where it gave one.
        message: Option<String>,
    },
    /// A file of certificate authorities can't be used.
    #[error("could not use {} as certificate authorities", path.display())]
    BadCa {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What should name a registry, repository, tag or digest does not.
    #[error("`{text}` is not a name in a registry")]
    BadName {
        /// What was given.
        text: String,
    },
    /// There is no way to speak HTTP on this machine.
    #[error("could not set up an HTTP client")]
    Setup(#[source] reqwest::Error),
    /// The credentials could not be looked up.
    #[error(transparent)]
    Keychain(#[from] KeychainError),
}

impl Error {
    /// The digest of the blob of ours that is damaged or gone, where that is the fault.
    pub fn damaged(&self) -> Option<&Digest> {
        match self {
            Self::Damaged { digest, .. } => Some(digest),
            _ => None,
        }
    }

    /// What would mend it, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable { host, .. } => format!(
                "check the name, the port and the network to {host}; a proxy is taken from HTTPS_PROXY and NO_PROXY"
            ),
            Self::Refused { status, host, .. } if *status == StatusCode::TOO_MANY_REQUESTS => {
                format!("{host} counts requests, fewer without a login: wait, or log in with `docker login`")
            }
            Self::Refused { status, host, .. } if status.is_server_error() => {
                format!("this lies with {host}: try again later, or ask who runs it")
            }
            Self::NotFound { .. } => {
                "check the spelling; some registries say so, too, to those who may not see it: `docker login`"
                    .to_owned()
            }
            Self::Unauthorized { host, user: Some(user) } => {
                format!("the password or token of {user} is wrong or has run out: {}", login(host))
            }
            Self::Denied { user: Some(user), .. } => {
                format!(
                    "give {user} the right to it in the registry, check the repository's name, or use another login"
                )
            }
            Self::TokenService { status, .. } if status.is_server_error() => {
                "try again later, or ask who runs the registry".to_owned()
            }
            Self::Unauthorized { host, user: None }
            | Self::Denied { host, user: None, .. }
            | Self::TokenService { host, .. } => login(host),
            Self::Tls { host, source } => return tls_hint(host, source),
            Self::DigestMismatch { .. } => {
                "a proxy or mirror on the way changes content, or the registry's storage is damaged: don't use it"
                    .to_owned()
            }
            Self::ManifestRefused { code: Some(code), .. } if code.ends_with("BLOB_UNKNOWN") => {
                "blobs that were there are gone again: is the registry being cleaned up? Run again".to_owned()
            }
            Self::ManifestRefused { host, what, .. } => {
                let more = if what.contains("the index") { ", or push one platform alone" } else { "" };
                format!("{host} may not know OCI's kinds of manifests: update it{more}")
            }
            Self::Stalled { host, .. } => format!("check the network to {host}, and whether it is overloaded"),
            Self::Damaged { .. } => "run again: it is made anew".to_owned(),
            Self::Protocol { host, .. } => format!("check that {host} is a registry, and no web page in front of one"),
            Self::BadCa { .. } => "`registry-ca` takes files in PEM: -----BEGIN CERTIFICATE-----".to_owned(),
            Self::Keychain(fault) => return fault.hint(),
            _ => return None,
        })
    }
}

fn login(host: &str) -> String {
    format!("`docker login {host}`, or set PYDEPLOY_REGISTRY_USERNAME and PYDEPLOY_REGISTRY_PASSWORD")
}

fn tls_hint(host: &str, source: &rustls::Error) -> Option<String> {
    use rustls::CertificateError as Certificate;
    Some(match source {
        rustls::Error::InvalidMessage(_) => {
            format!("{host} seems to speak plain HTTP: if that is meant, --insecure-registry")
        }
        rustls::Error::InvalidCertificate(Certificate::Expired | Certificate::ExpiredContext { .. }) => {
            "the certificate has expired, or this machine's clock is wrong".to_owned()
        }
        rustls::Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => {
            format!("the certificate is another host's: use the name that it is made for in place of {host}")
        }
        rustls::Error::InvalidCertificate(_) => "give the certificate authority that signed it: the setting \
             `registry-ca`, --registry-ca FILE, or SSL_CERT_FILE"
            .to_owned(),
        _ => return None,
    })
}

fn login_of(user: Option<&str>) -> String {
    user.map_or_else(|| "a request without a login".to_owned(), |user| format!("the login of {user}"))
}

fn someone(user: Option<&str>) -> &str {
    user.unwrap_or("anonymous users")
}

fn times(tries: u32) -> String {
    if tries == 1 { "once".to_owned() } else { format!("{tries} times") }
}

fn said(code: Option<&str>, message: Option<&str>) -> String {
    [code, message].into_iter().flatten().fold(String::new(), |text, part| format!("{text}: {part}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(status: StatusCode, code: Option<&str>, message: Option<&str>) -> Error {
        let (host, what) = ("a.example".to_owned(), "the manifest x:1".to_owned());
        Error::Refused { host, what, status, code: code.map(str::to_owned), message: message.map(str::to_owned) }
    }

    #[test]
    fn messages_say_who_what_and_why() {
        let fault = refused(StatusCode::BAD_REQUEST, Some("MANIFEST_INVALID"), Some("no layers"));
        let text = "a.example did not give the manifest x:1: 400 Bad Request: MANIFEST_INVALID: no layers";
        assert_eq!(fault.to_string(), text);
        let host = "a.example".to_owned();
        let fault = Error::Unauthorized { host: host.clone(), user: Some("ship".into()) };
        assert_eq!(fault.to_string(), "a.example did not accept the login of ship");
        let fault = Error::Unauthorized { host, user: None };
        assert_eq!(fault.to_string(), "a.example did not accept a request without a login");
    }

    #[test]
    fn hints_name_what_mends_it() {
        let tls = |source| Error::Tls { host: "a.example".into(), source }.hint().unwrap_or_default();
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert!(tls(unknown).contains("--registry-ca") && refused(StatusCode::CONFLICT, None, None).hint().is_none());
        let plain = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        assert!(tls(plain).contains("--insecure-registry"));
        assert!(refused(StatusCode::TOO_MANY_REQUESTS, None, None).hint().unwrap().contains("log in"));
    }
}
