//! Servers that do what registries and webhooks do on a bad day, where the node reaches them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::sandbox::bed;

const LIMITED: &str = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#;
const DENIED: &str = r#"{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}"#;
const UNAUTHORIZED: &str = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;

/// Starts them; where each is. They end with the tests' process.
pub(super) fn started() -> BTreeMap<String, String> {
    let mut own = BTreeMap::from([("here".to_owned(), bed("PYDEPLOY_TEST_CLUSTER_HERE"))]);
    let denies = registry("403 Forbidden", "", DENIED);
    let token = format!("WWW-Authenticate: Bearer realm=\"http://{denies}/token\",service=\"x\"\r\n");
    own.insert("answers-401".into(), registry("401 Unauthorized", &token, UNAUTHORIZED));
    own.insert("answers-403".into(), denies);
    own.insert("answers-429".into(), registry("429 Too Many Requests", "", LIMITED));
    own.insert("answers-500".into(), registry("500 Internal Server Error", "", ""));
    own.insert("hangs".into(), taken_from(serve(hang)));
    own.insert("silent".into(), serve(hang));
    own.insert("plain".into(), serve(|stream| answer(stream, "400 Bad Request", "", "")));
    let (config, authority) = tls();
    own.insert("authority".into(), authority);
    own.insert("webhook".into(), serve(move |stream| review(stream, &config)));
    own
}

/// A registry that answers everything so, in plain HTTP as the node is told.
fn registry(status: &'static str, headers: &str, body: &'static str) -> String {
    let headers = headers.to_owned();
    taken_from(serve(move |stream| answer(stream, status, &headers, body)))
}

fn taken_from(address: String) -> String {
    let fault = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bed/cluster/fault");
    let told = Command::new(fault).args(["registry", &address]).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    address
}

fn serve(each: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((bed("PYDEPLOY_TEST_CLUSTER_HERE"), 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let each = Arc::new(each);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let each = Arc::clone(&each);
            std::thread::spawn(move || each(stream));
        }
    });
    address
}

/// Takes connections and says nothing, until the other side gives up.
fn hang(mut stream: TcpStream) {
    while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
}

/// Answers whatever comes first, be it HTTP or not.
fn answer(mut stream: TcpStream, status: &str, headers: &str, body: &str) {
    let mut begun = [0; 4096];
    let read = stream.read(&mut begun).unwrap_or(0);
    let body = if begun[..read].starts_with(b"HEAD") { "" } else { body };
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
}

/// A key and a certificate that vouches for itself.
fn tls() -> (Arc<ServerConfig>, String) {
    let folder = tempfile::tempdir().unwrap();
    let (key, certificate) = (folder.path().join("key"), folder.path().join("certificate"));
    let name = format!("subjectAltName=IP:{}", bed("PYDEPLOY_TEST_CLUSTER_HERE"));
    let words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    let mut openssl = Command::new("openssl");
    openssl.args(words).args(["-subj", "/CN=a test", "-addext", &name, "-keyout"]).arg(&key);
    assert!(openssl.arg("-out").arg(&certificate).output().unwrap().status.success());
    let authority = std::fs::read_to_string(&certificate).unwrap();
    let chain = vec![CertificateDer::from_pem_file(&certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&key).unwrap();
    (Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap()), authority)
}

/// A webhook that refuses everything, and at `/hang` takes its time for it.
fn review(stream: TcpStream, config: &Arc<ServerConfig>) {
    let Ok(connection) = ServerConnection::new(Arc::clone(config)) else { return };
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let (mut path, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if path.is_empty() {
            line.split(' ').nth(1).unwrap_or_default().clone_into(&mut path);
        }
        if let Some(stated) = line.to_lowercase().strip_prefix("content-length:") {
            length = stated.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    if path.starts_with("/hang") {
        std::thread::sleep(Duration::from_secs(20));
    }
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let status = json!({"message": "images must come from registry.example.com", "code": 403});
    let said = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": asked["request"]["uid"], "allowed": false, "status": status},
    })
    .to_string();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", said.len());
    let _ = write!(stream.get_mut(), "{head}Connection: close\r\n\r\n{said}");
}
