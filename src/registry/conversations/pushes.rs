//! Conversations about pushes: what breaks, what is refused, and what is asked at all.

use std::sync::Mutex;

use super::*;
use crate::image::reference::Tag;

const LAYER: &str = "0123456789abcdefghij";
const CONFIG: &str = "{}";
const UPLOADS: &str = "POST /v2/a/b/blobs/uploads/";
const PLACE: (&str, &str) = ("Location", "/upload/1?state=x%3D");

fn parcel(text: &'static str, source: BlobSource, presence: Presence) -> Parcel {
    let descriptor = Descriptor::new(MediaType::ImageLayer, text.len() as u64, sha256(text.as_bytes()).unwrap());
    Parcel { name: format!("layer of {} bytes", text.len()), descriptor, source, presence }
}

fn bytes(text: &'static str, presence: Presence) -> Parcel {
    parcel(text, BlobSource::Bytes(text.into()), presence)
}

fn shipment(blobs: Vec<Parcel>) -> Shipment {
    let manifest = RawManifest::new(INDEX.into(), MediaType::ImageManifest).unwrap();
    Shipment { blobs, manifests: vec![manifest] }
}

/// One layer that is new.
fn one() -> Shipment {
    shipment(vec![bytes(LAYER, Presence::Unlikely)])
}

fn tags(names: &[&str]) -> Vec<Tag> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

async fn push(script: &Script, shipment: &Shipment) -> Result<Sent, Error> {
    Arc::new(client(script, ship())).push("a/b", shipment, &tags(&["1"]), &silent()).await
}

fn put(text: &str) -> String {
    format!("PUT /upload/1?state=x%3D&digest={}", sha256(text.as_bytes()).unwrap())
}

/// What a registry says when all is well.
fn obliging(heard: &Heard) -> String {
    match heard.line.split(' ').next() {
        Some("HEAD") => answer("404 None", &[], ""),
        Some("POST" | "PATCH") => answer("202 Go", &[PLACE], ""),
        _ => answer("201 Made", &[], ""),
    }
}

fn shown(fault: &Error) -> String {
    let shown = format!("{fault} {fault:?} {:?}", fault.hint());
    assert!(!shown.contains("s3cret") && !shown.contains("state="), "{shown}");
    shown
}

#[tokio::test]
async fn what_is_new_is_sent_unasked_and_what_may_be_there_is_asked_for() {
    let script = Script::serve(|heard, _| match heard.line.as_str() {
        line if line.starts_with("HEAD") => answer("200 OK", &[], ""),
        _ => obliging(heard),
    })
    .await;
    let blobs = vec![bytes(LAYER, Presence::Unlikely), bytes(CONFIG, Presence::Likely), bytes("k", Presence::Known)];
    let sent = push(&script, &shipment(blobs)).await.unwrap();
    assert_eq!(sent, Sent { uploaded: 20, uploaded_blobs: 1, mounted: 0, existing: 2 });
    let mut lines = script.lines();
    assert_eq!(lines.pop().unwrap(), "PUT /v2/a/b/manifests/1");
    lines.sort();
    let asked = format!("HEAD /v2/a/b/blobs/{}", sha256(CONFIG.as_bytes()).unwrap());
    assert_eq!(lines, [asked.as_str(), UPLOADS, &put(LAYER)]);
    let heard = script.heard();
    let sent = heard.iter().find(|heard| heard.line.starts_with("PUT /upload")).unwrap();
    assert_eq!((sent.body.as_str(), sent.header("content-length")), (LAYER, Some("20")));
    assert_eq!(sent.header("transfer-encoding"), None);
}

#[tokio::test]
async fn children_go_before_their_index_and_tags_last() {
    let script = Script::serve(|heard, _| obliging(heard)).await;
    let manifest = |text: &str, kind| RawManifest::new(text.to_owned().into(), kind).unwrap();
    let children = ["x", "y"].map(|text| manifest(text, MediaType::ImageManifest));
    let mut manifests = children.to_vec();
    manifests.push(manifest(INDEX, MediaType::ImageIndex));
    let image = Shipment { blobs: Vec::new(), manifests: manifests.clone() };
    Arc::new(client(&script, ship())).push("a/b", &image, &tags(&["1", "2"]), &silent()).await.unwrap();
    let mut lines = script.lines();
    assert_eq!(lines.split_off(2), ["PUT /v2/a/b/manifests/1", "PUT /v2/a/b/manifests/2"]);
    lines.sort();
    let mut wanted = children.map(|child| format!("PUT /v2/a/b/manifests/{}", child.digest));
    wanted.sort();
    assert_eq!(lines, wanted);

    let script = Script::serve(|heard, _| obliging(heard)).await;
    Arc::new(client(&script, ship())).push("a/b", &image, &[], &silent()).await.unwrap();
    assert_eq!(script.lines()[2], format!("PUT /v2/a/b/manifests/{}", manifests[2].digest));
}

#[tokio::test]
async fn a_broken_upload_goes_on_where_the_registry_has_it() {
    let cut = |heard: &Heard, _| heard.line.starts_with("PUT /upload").then_some(7);
    let first = Mutex::new(true);
    let cut = move |heard: &Heard, before| cut(heard, before).filter(|_| std::mem::take(&mut *first.lock().unwrap()));
    let script = Script::serve_cutting(cut, |heard, _| match heard.line.as_str() {
        "GET /upload/1?state=x%3D" => answer("204 Here", &[("Range", "0-6"), ("Location", "/upload/2")], ""),
        "PATCH /upload/2" => answer("202 Go", &[("Location", "/upload/3?a")], ""),
        _ => obliging(heard),
    })
    .await;
    let sent = push(&script, &one()).await.unwrap();
    assert_eq!((sent.uploaded, sent.uploaded_blobs), (20, 1));
    let heard = script.heard();
    let patch = heard.iter().find(|heard| heard.line == "PATCH /upload/2").unwrap();
    assert_eq!((patch.body.as_str(), patch.header("content-range")), (&LAYER[7..], Some("7-19")));
    let last = &heard[heard.len() - 2];
    let digest = sha256(LAYER.as_bytes()).unwrap();
    assert_eq!((last.line.as_str(), last.body.as_str()), (&*format!("PUT /upload/3?a&digest={digest}"), ""));
    assert_eq!(last.header("content-length"), Some("0"));
}

#[tokio::test]
async fn a_broken_upload_begins_anew_where_the_registry_has_forgotten_it() {
    for status in ["404 What", "400 Stale"] {
        let first = Mutex::new(true);
        let cut = move |heard: &Heard, _: usize| {
            let hit = heard.line.starts_with("PUT /upload") && std::mem::take(&mut *first.lock().unwrap());
            hit.then_some(7)
        };
        let script = Script::serve_cutting(cut, move |heard, _| match heard.line.as_str() {
            line if line.starts_with("GET /upload") => answer(status, &[], ""),
            _ => obliging(heard),
        })
        .await;
        push(&script, &one()).await.unwrap();
        let lines = script.lines();
        let wanted =
            [UPLOADS, &put(LAYER), "GET /upload/1?state=x%3D", UPLOADS, &put(LAYER), "PUT /v2/a/b/manifests/1"];
        assert_eq!(lines, wanted);
        assert_eq!(script.heard()[4].body, LAYER);
    }
}

#[tokio::test]
async fn an_upload_that_breaks_again_and_again_is_given_up() {
    let cut = |heard: &Heard, _| heard.line.starts_with("PUT /upload").then_some(7);
    let script = Script::serve_cutting(cut, |heard, _| obliging(heard)).await;
    let fault = push(&script, &one()).await.unwrap_err();
    assert!(matches!(fault, Error::Unreachable { tries: 5, .. }), "{}", shown(&fault));
    assert!(!script.lines().iter().any(|line| line.contains("manifests")));
}

#[tokio::test]
async fn a_busy_registry_is_waited_for() {
    for (status, after) in [("429 Slow", "1"), ("503 Busy", "1"), ("500 Oops", "0")] {
        let first = Mutex::new(true);
        let script = Script::serve(move |heard, _| {
            let put = heard.line.starts_with("PUT /upload");
            if put && std::mem::take(&mut *first.lock().unwrap()) {
                return answer(status, &[("Retry-After", after)], "");
            }
            if heard.line.starts_with("GET /upload") { answer("404 What", &[], "") } else { obliging(heard) }
        })
        .await;
        let start = Instant::now();
        push(&script, &one()).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(after.parse().unwrap()), "{status}");
    }
    let script = Script::serve(|heard, _| match heard.line.as_str() {
        line if line.starts_with("PUT /upload") => answer("429 Slow", &[("Retry-After", "3600")], ""),
        _ => obliging(heard),
    })
    .await;
    let fault = push(&script, &one()).await.unwrap_err();
    assert!(shown(&fault).contains("429") && script.heard().len() == 2, "{fault}");
}

#[tokio::test]
async fn a_login_that_runs_out_is_renewed() {
    let tries = Mutex::new(0);
    let script = Script::serve(move |heard, _| {
        let known = heard.header("authorization").is_some();
        let mut tries = tries.lock().unwrap();
        match heard.line.split(' ').next() {
            _ if !known && !heard.line.starts_with("GET /token") => {
                let realm = format!("Bearer realm=\"http://{}/token\"", heard.header("host").unwrap());
                answer("401 Who", &[("WWW-Authenticate", &realm)], "")
            }
            Some("GET") => {
                *tries += 1;
                answer("200 OK", &[], &format!(r#"{{"token":"t0ken{tries}","expires_in":3600}}"#))
            }
            Some("PUT") if heard.header("authorization") == Some("Bearer t0ken1") => {
                let realm = format!("Bearer realm=\"http://{}/token\"", heard.header("host").unwrap());
                answer("401 Who", &[("WWW-Authenticate", &realm)], "")
            }
            _ => obliging(heard),
        }
    })
    .await;
    push(&script, &one()).await.unwrap();
    let heard = script.heard();
    let sent: Vec<_> = heard.iter().filter(|heard| heard.line.starts_with("PUT /upload")).collect();
    assert_eq!((sent.len(), sent[1].header("authorization")), (2, Some("Bearer t0ken2")));
    assert_eq!(sent[1].body, LAYER);
}

#[tokio::test]
async fn a_place_elsewhere_gets_the_bytes_and_no_login() {
    let storage = Script::serve(|_, _| answer("201 Made", &[], "")).await;
    for redirected in [false, true] {
        let elsewhere = format!("http://{}/put?state=secret", storage.address);
        let script = Script::serve(move |heard, _| match heard.line.split(' ').next() {
            _ if heard.header("authorization").is_none() => {
                answer("401 Who", &[("WWW-Authenticate", "Basic realm=\"r\"")], "")
            }
            Some("POST") if !redirected => answer("202 Go", &[("Location", &elsewhere)], ""),
            Some("PUT") if redirected && heard.line.starts_with("PUT /upload") => {
                answer("307 There", &[("Location", &elsewhere)], "")
            }
            _ => obliging(heard),
        })
        .await;
        push(&script, &one()).await.unwrap();
        let heard = storage.heard();
        let last = heard.last().unwrap();
        assert_eq!((last.body.as_str(), last.header("authorization")), (LAYER, None));
        // Who redirects says all of it; who names a place is told the digest there.
        let more = if redirected { String::new() } else { format!("&digest={}", sha256(LAYER.as_bytes()).unwrap()) };
        assert_eq!(last.line, format!("PUT /put?state=secret{more}"));
    }
    // It is named, and its signature is not.
    let (_held, away) = closed();
    let elsewhere = format!("http://{away}/?state=1");
    let script = Script::serve(move |_, _| answer("202 Go", &[("Location", &elsewhere)], "")).await;
    let fault = push(&script, &one()).await.unwrap_err();
    assert!(shown(&fault).contains(&away.to_string()), "{fault}");
}

#[tokio::test]
async fn another_digest_than_ours_is_a_fault() {
    let other = format!("sha256:{}", "0".repeat(64));
    let script = Script::serve(move |heard, _| match heard.line.as_str() {
        line if line.starts_with("PUT /upload") => answer("201 Made", &[("Docker-Content-Digest", &other)], ""),
        _ => obliging(heard),
    })
    .await;
    let fault = push(&script, &one()).await.unwrap_err();
    assert!(matches!(fault, Error::DigestMismatch { .. }), "{}", shown(&fault));
}

#[tokio::test]
async fn a_refused_manifest_is_told_with_its_kind() {
    let body = r#"{"errors":[{"code":"MANIFEST_INVALID","message":"unknown media type"}]}"#;
    let script = Script::serve(move |heard, _| match heard.line.as_str() {
        line if line.contains("/manifests/") => answer("400 No", &[], body),
        _ => obliging(heard),
    })
    .await;
    let mut image = one();
    image.manifests = vec![RawManifest::new(INDEX.into(), MediaType::ImageIndex).unwrap()];
    let fault = push(&script, &image).await.unwrap_err();
    assert!(matches!(fault, Error::ManifestRefused { .. }), "{fault}");
    let text = shown(&fault);
    for part in ["index a/b:1", "vnd.oci.image.index", "MANIFEST_INVALID", &script.address.to_string(), "one platform"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn a_refused_blob_is_named() {
    let body = r#"{"errors":[{"code":"DENIED","message":"read only"}]}"#;
    let script = Script::serve(move |_, _| answer("403 No", &[], body)).await;
    let fault = push(&script, &one()).await.unwrap_err();
    let text = shown(&fault);
    assert!(matches!(fault, Error::Denied { .. }), "{fault}");
    assert!(text.contains("layer of 20 bytes") && text.contains("a/b") && text.contains("read only"), "{text}");
}

#[tokio::test]
async fn damaged_bytes_are_told_and_never_completed() {
    let script = Script::serve(|heard, _| obliging(heard)).await;
    let damaged = parcel(LAYER, BlobSource::Bytes("0123456789abcdefghiJ".into()), Presence::Unlikely);
    let digest = damaged.descriptor.digest().clone();
    let fault = push(&script, &shipment(vec![damaged])).await.unwrap_err();
    assert_eq!(fault.damaged(), Some(&digest));
    assert!(script.lines().iter().all(|line| !line.starts_with("PUT")), "{:?}", script.lines());
}

#[tokio::test]
async fn what_was_supposed_to_be_there_is_sent_when_it_is_not() {
    let refused = Mutex::new(true);
    let script = Script::serve(move |heard, _| match heard.line.as_str() {
        "PUT /v2/a/b/manifests/1" if std::mem::take(&mut *refused.lock().unwrap()) => {
            answer("400 No", &[], r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"x"}]}"#)
        }
        _ => obliging(heard),
    })
    .await;
    let blobs = vec![bytes(LAYER, Presence::Known), bytes(CONFIG, Presence::Unlikely)];
    let sent = push(&script, &shipment(blobs)).await.unwrap();
    assert_eq!(script.lines().iter().filter(|line| **line == put(LAYER)).count(), 1);
    assert!(sent.uploaded >= 22 && sent.existing == 0, "{sent:?}");
}

#[tokio::test]
async fn a_mount_that_becomes_an_upload_is_gone_on_with() {
    let remote = |script: &Script| {
        let base = BlobSource::Remote { registry: Arc::new(client(script, ship())), repository: "base/x".into() };
        shipment(vec![parcel(LAYER, base, Presence::Unlikely)])
    };
    let digest = sha256(LAYER.as_bytes()).unwrap().to_string().replace(':', "%3A");
    let mount = format!("{UPLOADS}?mount={digest}&from=base%2Fx");
    let script = Script::serve(|heard, _| match heard.line.as_str() {
        line if line.contains("mount=") => answer("201 Made", &[], ""),
        _ => obliging(heard),
    })
    .await;
    let sent = push(&script, &remote(&script)).await.unwrap();
    assert_eq!((sent.mounted, sent.uploaded_blobs), (1, 0));
    assert_eq!(script.lines(), [mount.as_str(), "PUT /v2/a/b/manifests/1"]);

    // 202: the upload that it opened is used. 403: another is opened.
    let get = format!("GET /v2/base/x/blobs/{}", sha256(LAYER.as_bytes()).unwrap());
    for (status, more) in [("202 Go", None), ("403 No", Some(UPLOADS))] {
        let script = Script::serve(move |heard, _| match heard.line.as_str() {
            line if line.contains("mount=") => answer(status, &[PLACE], ""),
            line if line.starts_with("GET") => answer("200 OK", &[], LAYER),
            _ => obliging(heard),
        })
        .await;
        let sent = push(&script, &remote(&script)).await.unwrap();
        assert_eq!((sent.mounted, sent.uploaded_blobs), (0, 1));
        let lines = script.lines();
        let wanted: Vec<_> =
            [mount.as_str()].into_iter().chain(more).chain([put(LAYER).as_str()]).map(str::to_owned).collect();
        let kept: Vec<_> = lines.iter().filter(|line| **line != get && !line.contains("manifests")).cloned().collect();
        assert_eq!(kept, wanted, "{lines:?}");
    }
}

#[tokio::test]
async fn a_mount_asks_for_both_repositories() {
    let script = Script::serve(|heard, _| match heard.line.as_str() {
        line if line.starts_with("GET /token") => answer("200 OK", &[], r#"{"token":"t0ken"}"#),
        _ if heard.header("authorization").is_none() => {
            let realm = format!("Bearer realm=\"http://{}/token\"", heard.header("host").unwrap());
            answer("401 Who", &[("WWW-Authenticate", &realm)], "")
        }
        _ => answer("201 Made", &[], ""),
    })
    .await;
    let base = BlobSource::Remote { registry: Arc::new(client(&script, ship())), repository: "base/x".into() };
    push(&script, &shipment(vec![parcel(LAYER, base, Presence::Unlikely)])).await.unwrap();
    let asked = script.lines().into_iter().find(|line| line.starts_with("GET /token")).unwrap();
    assert!(asked.contains("repository%3Aa%2Fb%3Apull%2Cpush") && asked.contains("repository%3Abase%2Fx%3Apull"));
}

#[tokio::test]
async fn a_copy_from_another_registry_is_checked_on_the_way() {
    for (content, well) in [(LAYER, true), ("0123456789abcdefghiJ", false)] {
        let from = Script::serve(move |_, _| answer("200 OK", &[], content)).await;
        let to = Script::serve(|heard, _| obliging(heard)).await;
        let base = BlobSource::Remote { registry: Arc::new(client(&from, ship())), repository: "base/x".into() };
        let result = push(&to, &shipment(vec![parcel(LAYER, base, Presence::Likely)])).await;
        if well {
            assert_eq!(result.unwrap().uploaded, 20);
            assert!(!to.lines().iter().any(|line| line.contains("mount=")));
        } else {
            assert!(matches!(result, Err(Error::DigestMismatch { .. })), "{result:?}");
            assert!(!to.lines().iter().any(|line| line.contains("manifests")));
        }
    }
}
