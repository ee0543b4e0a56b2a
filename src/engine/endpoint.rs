//! An endpoint: where a daemon listens, and a byte stream to it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// A daemon that takes longer than this to accept a connection is not there.
const CONNECT: Duration = Duration::from_secs(10);

/// Where a daemon listens.
#[derive(Clone)]
pub enum Endpoint {
    /// A socket in the file system.
    Unix(PathBuf),
    /// A TCP address without TLS, as `host:port`.
    Tcp(String),
    /// A TCP address with mutual TLS, as Docker's own `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` ask for.
    Tls(String, Arc<rustls::ClientConfig>),
}

/// A stream in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Why an address is none that we can connect to.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The scheme is one that we don't speak.
    #[error("{0} is not an address that can be connected to (unix:// and tcp:// are)")]
    Scheme(String),
    /// A certificate or key of `DOCKER_CERT_PATH` can't be used.
    #[error("could not use {} for TLS: {why}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Endpoint {
    /// Reads `unix:///path`, `tcp://host:port` or `http://host:port`; `certificates` is the folder with `ca.pem`,
    /// `cert.pem` and `key.pem` where TLS is asked for.
    pub fn parse(address: &str, certificates: Option<&Path>) -> Result<Self, AddressError> {
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        match (scheme, certificates) {
            ("unix", _) => Ok(Self::Unix(PathBuf::from(rest))),
            ("tcp" | "http" | "https", Some(folder)) => Ok(Self::Tls(with_port(rest, 2376), Arc::new(tls(folder)?))),
            ("tcp" | "http", None) => Ok(Self::Tcp(with_port(rest, 2375))),
            _ => Err(AddressError::Scheme(address.to_owned())),
        }
    }

    /// Opens a new stream to the daemon.
    pub async fn connect(&self) -> io::Result<Box<dyn Duplex>> {
        tokio::time::timeout(CONNECT, self.open()).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn open(&self) -> io::Result<Box<dyn Duplex>> {
        match self {
            #[cfg(unix)]
            Self::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
            Self::Tcp(address) => Ok(Box::new(tcp(address).await?)),
            Self::Tls(address, config) => {
                let host = address.rsplit_once(':').map_or(address.as_str(), |(h, _)| h);
                let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
                let connector = tokio_rustls::TlsConnector::from(Arc::clone(config));
                Ok(Box::new(connector.connect(name, tcp(address).await?).await?))
            }
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(address) | Self::Tls(address, _) => write!(f, "tcp://{address}"),
        }
    }
}

async fn tcp(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn with_port(rest: &str, port: u16) -> String {
    let address = rest.trim_end_matches('/');
    if address.rsplit_once(':').is_some_and(|(_, p)| p.parse::<u16>().is_ok()) {
        address.to_owned()
    } else {
        format!("{address}:{port}")
    }
}

fn tls(folder: &Path) -> Result<rustls::ClientConfig, AddressError> {
    let failed = |name: &str| {
        let path = folder.join(name);
        move |e: &dyn std::fmt::Display| AddressError::Certificate { path: path.clone(), why: e.to_string() }
    };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(folder.join("ca.pem")).map_err(|e| failed("ca.pem")(&e))? {
        let certificate = certificate.map_err(|e| failed("ca.pem")(&e))?;
        roots.add(certificate).map_err(|e| failed("ca.pem")(&e))?;
    }
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(folder.join("cert.pem")).map_err(|e| failed("cert.pem")(&e))?.collect();
    let chain = chain.map_err(|e| failed("cert.pem")(&e))?;
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).map_err(|e| failed("key.pem")(&e))?;
    rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(|e| failed("key.pem")(&e))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_read_as_docker_reads_them() {
        let shown = |a| Endpoint::parse(a, None).unwrap().to_string();
        assert_eq!(shown("unix:///run/docker.sock"), "unix:///run/docker.sock");
        assert_eq!(shown("tcp://10.0.0.1"), "tcp://10.0.0.1:2375");
        assert_eq!(shown("tcp://127.0.0.1:1234/"), "tcp://127.0.0.1:1234");
        assert!(matches!(Endpoint::parse("ssh://host", None), Err(AddressError::Scheme(_))));
    }

    #[test]
    fn a_missing_certificate_is_named() {
        let Err(error) = Endpoint::parse("tcp://h", Some(Path::new("/nonexistent"))) else { unreachable!() };
        assert!(error.to_string().contains("/nonexistent/ca.pem"));
    }
}
