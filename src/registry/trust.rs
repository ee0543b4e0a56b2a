//! Trust: whose certificates a connection accepts.

use std::path::{Path, PathBuf};

use reqwest::{Certificate, Client, ClientBuilder};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::error::Error;

/// The authorities in files.
pub(super) fn read(files: &[PathBuf]) -> Result<Vec<Certificate>, Error> {
    let mut certificates = Vec::new();
    for path in files {
        certificates.extend(read_file(path).map_err(|source| Error::BadCa { path: path.clone(), source })?);
    }
    Ok(certificates)
}

/// Builds a client that trusts the system's authorities, or those in `SSL_CERT_FILE`, and `extra` ones.
/// There is no way to switch verification off.
pub(super) fn build(make: impl Fn() -> ClientBuilder, extra: &[Certificate]) -> Result<Client, reqwest::Error> {
    provide();
    make().tls_certs_merge(extra.to_vec()).build().or_else(|_| {
        // A machine without any authorities, such as a slim container, may still speak plain HTTP or know ours.
        make().tls_certs_only(extra.to_vec()).build().map_err(reqwest::Error::without_url)
    })
}

/// Builds a client that trusts nobody, and so speaks plain HTTP alone.
pub(super) fn nobody(make: impl Fn() -> ClientBuilder) -> Result<Client, reqwest::Error> {
    provide();
    make().tls_certs_only([]).build().map_err(reqwest::Error::without_url)
}

/// reqwest panics without a provider. `main` installs this same one; that a second is refused is fine.
fn provide() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

fn read_file(path: &Path) -> Result<Vec<Certificate>, Box<dyn std::error::Error + Send + Sync>> {
    let text = std::fs::read(path)?;
    let mut certificates = Vec::new();
    for der in CertificateDer::pem_slice_iter(&text) {
        let der = der?;
        certificates.push(Certificate::from_der(&der)?);
        RootCertStore::empty().add(der)?;
    }
    if certificates.is_empty() { Err("it holds no certificate in PEM".into()) } else { Ok(certificates) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_built_without_main() {
        build(Client::builder, &[]).unwrap();
        nobody(Client::builder).unwrap();
    }

    #[test]
    fn a_bad_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (name, text) in [("missing.crt", None), ("empty.crt", Some("")), ("broken.crt", Some(broken))] {
            let path = dir.path().join(name);
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let fault = read(&[path]).unwrap_err();
            assert!(matches!(fault, Error::BadCa { .. }) && fault.to_string().contains(name), "{fault}");
        }
    }
}
