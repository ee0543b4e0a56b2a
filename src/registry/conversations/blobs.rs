//! Conversations about blobs, which come in pieces.

use super::*;

const BLOB: &str = "0123456789abcdefghij";

fn descriptor(content: &str, size: u64) -> Descriptor {
    Descriptor::new(MediaType::ImageLayer, size, sha256(content.as_bytes()).unwrap())
}

async fn read(script: &Script, descriptor: &Descriptor) -> Result<String, Error> {
    let registry = client(script, Credentials::Anonymous);
    let mut blob = registry.blob("a/b", descriptor).await?;
    let mut text = Vec::new();
    while let Some(piece) = blob.piece().await? {
        text.extend_from_slice(&piece);
    }
    assert!(blob.piece().await?.is_none(), "the end stays the end");
    Ok(String::from_utf8(text).unwrap())
}

/// An answer that breaks off.
fn half(head: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {}\r\n\r\n{body}", BLOB.len())
}

#[tokio::test]
async fn a_blob_has_its_digest_and_size() {
    let script = Script::serve(|_, _| answer("200 OK", &[], BLOB)).await;
    assert_eq!(read(&script, &descriptor(BLOB, 20)).await.unwrap(), BLOB);
    assert_eq!(script.lines()[0], format!("GET /v2/a/b/blobs/{}", sha256(BLOB.as_bytes()).unwrap()));
    let fault = read(&script, &descriptor("other", 20)).await.unwrap_err();
    assert!(matches!(fault, Error::DigestMismatch { .. }), "{fault}");
    let fault = read(&script, &descriptor(BLOB, 19)).await.unwrap_err();
    assert!(matches!(fault, Error::TooLarge { limit: 19, .. }), "{fault}");
    let fault = read(&script, &descriptor(BLOB, 21)).await.unwrap_err();
    assert!(matches!(fault, Error::Protocol { .. }), "{fault}");
}

#[tokio::test]
async fn a_broken_blob_goes_on_where_it_was() {
    let script = Script::serve(|heard, before| match (before, heard.header("range")) {
        (0, None) => half("", &BLOB[..7]),
        (1, Some("bytes=7-")) => answer("206 Part", &[("Content-Range", "bytes 7-19/20")], &BLOB[7..]),
        _ => answer("400 What", &[], ""),
    })
    .await;
    assert_eq!(read(&script, &descriptor(BLOB, 20)).await.unwrap(), BLOB);
    // Where the server can't, or says that it goes on elsewhere, what is known comes once more.
    for second in [answer("200 OK", &[], BLOB), answer("206 Part", &[("Content-Range", "bytes 0-19/20")], BLOB)] {
        let script =
            Script::serve(move |_, before| if before == 0 { half("", &BLOB[..7]) } else { second.clone() }).await;
        assert_eq!(read(&script, &descriptor(BLOB, 20)).await.unwrap(), BLOB);
    }
}

#[tokio::test]
async fn a_blob_that_breaks_again_and_again_is_given_up() {
    let script = Script::serve(|_, _| half("", &BLOB[..7])).await;
    let fault = read(&script, &descriptor(BLOB, 20)).await.unwrap_err();
    assert!(matches!(fault, Error::Unreachable { tries: 5, .. }), "{fault}");
    assert_eq!(script.heard().len(), 5);
}

#[tokio::test]
async fn a_blob_needs_the_login_and_its_storage_is_not_shown_it() {
    let storage = Script::serve(|_, _| answer("200 OK", &[], BLOB)).await;
    let elsewhere = format!("http://{}/blob?sig=1", storage.address);
    let script = Script::serve(move |heard, _| match heard.header("authorization") {
        None => answer("401 Who", &[("WWW-Authenticate", "Basic realm=\"r\"")], ""),
        Some(_) => answer("307 There", &[("Location", &elsewhere)], ""),
    })
    .await;
    let registry = client(&script, ship());
    let mut blob = registry.blob("a/b", &descriptor(BLOB, 20)).await.unwrap();
    while blob.piece().await.unwrap().is_some() {}
    assert_eq!((script.heard().len(), storage.heard()[0].header("authorization")), (2, None));
    assert_eq!(registry.traffic().bytes_received, 20);
    let script = Script::serve(|_, _| answer("404 None", &[], "")).await;
    assert!(matches!(read(&script, &descriptor(BLOB, 20)).await, Err(Error::NotFound { .. })));
}
