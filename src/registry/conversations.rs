//! Conversations with a scripted registry.

mod bed;
mod blobs;
mod pushes;
mod reaches;
pub(crate) mod script;
mod shipped;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oci_spec::image::{Descriptor, MediaType};
use tokio::net::TcpSocket;
use tokio::sync::OnceCell;

use self::script::{Heard, Script, answer};
use super::digest::sha256;
use super::*;

const INDEX: &str = r#"{"schemaVersion":2,"manifests":[]}"#;
const KIND: (&str, &str) = ("Content-Type", "application/vnd.oci.image.index.v1+json");

fn client(script: &Script, credentials: Credentials) -> Registry {
    let host = script.address.to_string();
    let options = Options { host, security: Security::Tls, extra_ca: Vec::new(), user_agent: "pydeploy/test".into() };
    let mut registry = Registry::new(&options, credentials).unwrap();
    // As if it had been found out already that there is no TLS.
    registry.base = OnceCell::new_with(Some(format!("http://{}/", script.address).parse().unwrap()));
    registry
}

fn ship() -> Credentials {
    Credentials::Basic { user: "ship".into(), secret: Secret::new("s3cret??~>") }
}

fn tag() -> Pointer {
    "1".parse().unwrap()
}

/// A port where nobody listens, and that no other test can get while it is held.
fn closed() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn well() -> String {
    answer("200 OK", &[KIND], INDEX)
}

async fn fault(script: &Script, credentials: Credentials) -> Error {
    let fault = client(script, credentials).manifest("a/b", &tag()).await.unwrap_err();
    let shown = format!("{fault} {fault:?} {:?}", fault.hint());
    assert!(!shown.contains("s3cret") && !shown.contains("t0ken") && !shown.contains("sig="), "{shown}");
    fault
}

#[tokio::test]
async fn a_registry_that_recovers_is_waited_for() {
    let script = Script::serve(|_, before| if before < 2 { answer("500 Oops", &[], "") } else { well() }).await;
    let registry = client(&script, Credentials::Anonymous);
    let manifest = registry.manifest("a/b", &tag()).await.unwrap();
    assert_eq!((manifest.media_type, manifest.digest), (MediaType::ImageIndex, sha256(INDEX.as_bytes()).unwrap()));
    assert_eq!(script.lines(), ["GET /v2/a/b/manifests/1"; 3]);
    let heard = &script.heard()[0];
    assert_eq!(heard.header("user-agent"), Some("pydeploy/test"));
    assert!(heard.header("accept").unwrap().contains("application/vnd.docker.distribution.manifest.list.v2+json"));
    let traffic = Traffic { requests: 3, bytes_sent: 0, bytes_received: INDEX.len() as u64 };
    assert_eq!(registry.traffic(), traffic);
}

#[tokio::test]
async fn a_registry_that_does_not_recover_is_given_up() {
    let body = r#"{"errors":[{"code":"UNAVAILABLE","message":"database at https://db/?sig=1 down"}]}"#;
    let script = Script::serve(|_, _| answer("503 Busy", &[], body)).await;
    let fault = fault(&script, Credentials::Anonymous).await;
    assert!(matches!(&fault, Error::Refused { code: Some(code), .. } if code == "UNAVAILABLE"), "{fault}");
    assert_eq!(script.heard().len(), 5);
}

#[tokio::test]
async fn a_registry_that_asks_for_time_gets_it() {
    let later = |seconds| answer("429 Slow", &[("Retry-After", seconds)], "");
    let script = Script::serve(move |_, before| if before < 1 { later("1") } else { well() }).await;
    let start = Instant::now();
    client(&script, Credentials::Anonymous).manifest("a/b", &tag()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));

    let script = Script::serve(move |_, _| later("3600")).await;
    let fault = fault(&script, Credentials::Anonymous).await;
    assert!(fault.hint().unwrap().contains("docker login"), "{fault}");
    assert_eq!(script.heard().len(), 1);
}

#[tokio::test]
async fn a_broken_answer_is_fetched_again() {
    let half = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n{".to_owned();
    let script = Script::serve(move |_, before| if before < 1 { half.clone() } else { well() }).await;
    client(&script, Credentials::Anonymous).manifest("a/b", &tag()).await.unwrap();
    assert_eq!(script.heard().len(), 2);
}

#[tokio::test]
async fn nobody_there_is_tried_thrice() {
    let (_held, address) = closed();
    let options =
        Options { host: address.to_string(), security: Security::Tls, extra_ca: Vec::new(), user_agent: "x".into() };
    let registry = Registry::new(&options, Credentials::Anonymous).unwrap();
    let fault = registry.ping().await.unwrap_err();
    assert!(matches!(fault, Error::Unreachable { tries: 3, .. }), "{fault:?}");
    assert_eq!(registry.traffic().requests, 3);
}

#[tokio::test]
async fn wrong_content_is_never_taken() {
    let other = format!("sha256:{}", "0".repeat(64));
    let announced = other.clone();
    let lie = move |_: &Heard, _| answer("200 OK", &[KIND, ("Docker-Content-Digest", &announced)], INDEX);
    let script = Script::serve(lie).await;
    assert!(matches!(fault(&script, Credentials::Anonymous).await, Error::DigestMismatch { .. }));

    let script = Script::serve(|_, _| well()).await;
    let registry = client(&script, Credentials::Anonymous);
    let fault = registry.manifest("a/b", &other.parse().unwrap()).await.unwrap_err();
    assert!(matches!(fault, Error::DigestMismatch { .. }), "{fault}");
    let descriptor = Descriptor::new(MediaType::ImageConfig, INDEX.len() as u64, sha256(b"other").unwrap());
    let fault = registry.config("a/b", &descriptor).await.unwrap_err();
    assert!(matches!(fault, Error::DigestMismatch { .. }), "{fault}");
}

#[tokio::test]
async fn what_is_too_large_is_not_read() {
    let script = Script::serve(|_, _| answer("200 OK", &[KIND], &" ".repeat((4 << 20) + 1))).await;
    assert!(matches!(fault(&script, Credentials::Anonymous).await, Error::TooLarge { limit: 4_194_304, .. }));
    let registry = client(&script, Credentials::Anonymous);
    let descriptor = Descriptor::new(MediaType::ImageConfig, 9 << 20, sha256(b"").unwrap());
    assert!(matches!(registry.config("a/b", &descriptor).await, Err(Error::TooLarge { .. })));
}

#[tokio::test]
async fn storage_is_not_shown_our_login() {
    let storage = Script::serve(|_, _| answer("200 OK", &[], "{}")).await;
    let elsewhere = format!("http://{}/blob?sig=1", storage.address);
    let script = Script::serve(move |heard, _| match heard.header("authorization") {
        None => answer("401 Who", &[("WWW-Authenticate", "Basic realm=\"r\"")], ""),
        Some(_) => answer("307 There", &[("Location", &elsewhere)], ""),
    })
    .await;
    let descriptor = Descriptor::new(MediaType::ImageConfig, 2, sha256(b"{}").unwrap());
    let registry = client(&script, ship());
    assert_eq!(registry.config("a/b", &descriptor).await.unwrap(), b"{}");
    assert!(registry.blob_exists("a/b", descriptor.digest()).await.unwrap());
    // The first request was refused; the third came with what the second had learned.
    assert_eq!(script.heard().len(), 3);
    let heard = storage.heard();
    assert_eq!((heard.len(), heard[0].header("authorization")), (2, None));
    assert!(heard[0].header("referer").is_none());
}

#[tokio::test]
async fn storage_that_asks_for_a_login_gets_none() {
    let thief = Script::serve(|_, _| answer("401 Who", &[("WWW-Authenticate", "Basic realm=\"r\"")], "")).await;
    let elsewhere = format!("http://{}/?sig=1", thief.address);
    let script = Script::serve(move |_, _| answer("307 There", &[("Location", &elsewhere)], "")).await;
    let fault = fault(&script, ship()).await;
    assert!(matches!(&fault, Error::Refused { host, .. } if *host == thief.address.to_string()), "{fault}");
    assert_eq!((thief.heard().len(), thief.heard()[0].header("authorization")), (1, None));
}

#[tokio::test]
async fn storage_that_is_away_is_named_without_its_signature() {
    let (_held, away) = closed();
    let elsewhere = format!("http://{away}/?sig=1");
    let script = Script::serve(move |_, _| answer("307 There", &[("Location", &elsewhere)], "")).await;
    let fault = fault(&script, ship()).await;
    assert!(matches!(&fault, Error::Unreachable { host, tries: 3, .. } if *host == away.to_string()), "{fault}");
}

#[tokio::test]
async fn a_manifest_is_put_once_more_after_a_failure() {
    let script = Script::serve(|_, before| match before {
        0 => answer("502 Oops", &[], ""),
        _ => answer("201 Made", &[], ""),
    })
    .await;
    let registry = client(&script, Credentials::Anonymous);
    let manifest = RawManifest::new(INDEX.into(), MediaType::ImageIndex).unwrap();
    registry.put_manifest("a/b", &tag(), &manifest).await.unwrap();
    let heard = script.heard();
    assert_eq!((heard.len(), heard[1].line.as_str(), heard[1].body.as_str()), (2, "PUT /v2/a/b/manifests/1", INDEX));
    assert_eq!(heard[1].header("content-type"), Some(KIND.1));
    assert_eq!(registry.traffic().bytes_sent, 2 * INDEX.len() as u64);
}

#[tokio::test]
async fn a_put_is_not_led_astray() {
    let script = Script::serve(|_, _| answer("301 There", &[("Location", "/login")], "")).await;
    let registry = client(&script, Credentials::Anonymous);
    let manifest = RawManifest::new(INDEX.into(), MediaType::ImageIndex).unwrap();
    let fault = registry.put_manifest("a/b", &tag(), &manifest).await.unwrap_err();
    assert!(matches!(&fault, Error::Refused { status, .. } if status.as_u16() == 301), "{fault}");
}

#[tokio::test]
async fn a_head_without_a_digest_becomes_a_get() {
    let script =
        Script::serve(|heard, _| if heard.line.starts_with("HEAD") { answer("200 OK", &[KIND], "") } else { well() })
            .await;
    let described = client(&script, Credentials::Anonymous).head_manifest("a/b", &tag()).await.unwrap().unwrap();
    assert_eq!((described.size(), described.digest()), (INDEX.len() as u64, &sha256(INDEX.as_bytes()).unwrap()));
}
