//! Conversations with a scripted token service.

use super::client;
use super::script::{Heard, Script, answer};
use crate::registry::*;

const MANIFEST: &str = r#"{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

/// A registry that takes `good`, and sends everyone else to `service`.
async fn registry(service: &Script, good: &'static str) -> Script {
    let realm = format!("http://{}/token", service.address);
    Script::serve(move |heard, _| {
        if heard.header("authorization") == Some(good) {
            return answer("200 OK", &[], MANIFEST);
        }
        let challenge = format!(r#"Bearer realm="{realm}",service="the registry",scope="repository:a/b:pull""#);
        answer("401 Who", &[("WWW-Authenticate", &challenge)], "")
    })
    .await
}

async fn service(reply: impl Fn(&Heard, usize) -> String + Send + Sync + 'static) -> Script {
    Script::serve(reply).await
}

fn ship() -> Credentials {
    Credentials::Basic { user: "ship".into(), secret: Secret::new("s3cret") }
}

async fn fetch(client: &Registry) -> Result<RawManifest, Error> {
    client.manifest("a/b", &"1".parse().unwrap()).await
}

async fn fault(reply: impl Fn(&Heard, usize) -> String + Send + Sync + 'static, credentials: Credentials) -> Error {
    let service = service(reply).await;
    let fault = fetch(&client(&registry(&service, "Bearer good").await, credentials)).await.unwrap_err();
    let shown = format!("{fault} {fault:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("t0ken") && !shown.contains("scope="), "{shown}");
    fault
}

#[tokio::test]
async fn one_token_does_for_all_requests_of_a_scope() {
    let service = service(|_, _| answer("200 OK", &[], r#"{"token":"good"}"#)).await;
    let registry = registry(&service, "Bearer good").await;
    let client = client(&registry, ship());
    fetch(&client).await.unwrap();
    let (one, two) = tokio::join!(fetch(&client), fetch(&client));
    one.and(two).unwrap();
    assert_eq!(service.lines(), ["GET /token?service=the+registry&scope=repository%3Aa%2Fb%3Apull"]);
    assert_eq!(service.heard()[0].header("authorization"), Some("Basic c2hpcDpzM2NyZXQ="));
    assert_eq!(registry.heard().len(), 4);
}

#[tokio::test]
async fn parallel_requests_fetch_one_token() {
    let service = service(|_, _| answer("200 OK", &[], r#"{"access_token":"good"}"#)).await;
    let registry = registry(&service, "Bearer good").await;
    let client = client(&registry, Credentials::Anonymous);
    let (one, two, three) = tokio::join!(fetch(&client), fetch(&client), fetch(&client));
    one.and(two).and(three).unwrap();
    assert_eq!((service.heard().len(), service.heard()[0].header("authorization")), (1, None));
}

#[tokio::test]
async fn to_push_is_another_scope() {
    let service = service(|_, _| answer("200 OK", &[], r#"{"token":"good"}"#)).await;
    let registry = registry(&service, "Bearer good").await;
    let client = client(&registry, ship());
    let manifest = RawManifest::new(MANIFEST.into(), oci_spec::image::MediaType::ImageIndex).unwrap();
    client.put_manifest("a/b", &"1".parse().unwrap(), &manifest).await.unwrap();
    assert!(service.lines()[0].contains("&scope=repository%3Aa%2Fb%3Apull%2Cpush"), "{:?}", service.lines());
    // Who may push may pull.
    fetch(&client).await.unwrap();
    assert_eq!(service.heard().len(), 1);
}

#[tokio::test]
async fn a_token_that_has_run_out_is_renewed() {
    let service = service(|_, before| {
        let token = if before == 0 { r#"{"token":"good","expires_in":5}"# } else { r#"{"token":"good"}"# };
        answer("200 OK", &[], token)
    })
    .await;
    let registry = registry(&service, "Bearer good").await;
    let client = client(&registry, ship());
    for _ in 0..3 {
        fetch(&client).await.unwrap();
    }
    assert_eq!(service.heard().len(), 2);
}

#[tokio::test]
async fn a_kept_token_that_is_refused_is_renewed() {
    let service = service(|_, before| answer("200 OK", &[], &format!(r#"{{"token":"t{before}"}}"#))).await;
    let realm = format!(r#"Bearer realm="http://{}/""#, service.address);
    let registry = Script::serve(move |heard, before| match (heard.header("authorization"), before) {
        (Some("Bearer t0"), 1) | (Some("Bearer t1"), _) => answer("200 OK", &[], MANIFEST),
        _ => answer("401 Who", &[("WWW-Authenticate", &realm)], ""),
    })
    .await;
    let client = client(&registry, ship());
    fetch(&client).await.unwrap();
    fetch(&client).await.unwrap();
    assert_eq!((service.heard().len(), registry.heard().len()), (2, 4));
}

#[tokio::test]
async fn an_identity_token_is_exchanged() {
    let service = service(|_, _| answer("200 OK", &[], r#"{"access_token":"good"}"#)).await;
    let registry = registry(&service, "Bearer good").await;
    let credentials = Credentials::IdentityToken { token: Secret::new("t0ken/+") };
    fetch(&client(&registry, credentials)).await.unwrap();
    let heard = &service.heard()[0];
    assert_eq!((heard.line.as_str(), heard.header("authorization")), ("POST /token", None));
    assert_eq!(heard.header("content-type"), Some("application/x-www-form-urlencoded"));
    let form = "grant_type=refresh_token&client_id=pydeploy&service=the+registry\
                &scope=repository%3Aa%2Fb%3Apull&refresh_token=t0ken%2F%2B";
    assert_eq!(heard.body, form);
}

#[tokio::test]
async fn a_service_that_recovers_is_waited_for() {
    let reply = |_: &Heard, before| match before {
        0 => answer("500 Oops", &[], ""),
        _ => answer("200 OK", &[], r#"{"token":"good"}"#),
    };
    let service = service(reply).await;
    fetch(&client(&registry(&service, "Bearer good").await, ship())).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_noticed() {
    let reply = |_: &Heard, _| answer("401 No", &[], r#"{"details":"incorrect username or password s3cret"}"#);
    let fault = fault(reply, ship()).await;
    assert!(matches!(&fault, Error::Unauthorized { user: Some(user), .. } if user == "ship"), "{fault}");
}

#[tokio::test]
async fn strangers_are_told_to_log_in() {
    for status in ["401 No", "403 No"] {
        let fault = fault(move |_, _| answer(status, &[], ""), Credentials::Anonymous).await;
        assert!(matches!(&fault, Error::Unauthorized { user: None, .. }), "{fault}");
    }
    // The service gives strangers a token, and it does not do.
    let fault = fault(|_, _| answer("200 OK", &[], r#"{"token":"t0ken"}"#), Credentials::Anonymous).await;
    assert!(matches!(&fault, Error::Unauthorized { user: None, .. }), "{fault}");
}

#[tokio::test]
async fn a_token_that_does_not_do_is_a_missing_right() {
    let fault = fault(|_, _| answer("200 OK", &[], r#"{"token":"t0ken"}"#), ship()).await;
    assert!(matches!(&fault, Error::Denied { user: Some(user), .. } if user == "ship"), "{fault}");
}

#[tokio::test]
async fn a_failing_service_is_told_with_its_status() {
    let body = r#"{"errors":[{"code":"X","message":"no such realm s3cret"}]}"#;
    let failed = fault(move |_, _| answer("400 Bad", &[], body), ship()).await;
    assert!(matches!(&failed, Error::TokenService { status, .. } if status.as_u16() == 400), "{failed}");
    assert!(failed.to_string().contains("no such realm"), "{failed}");
    let empty = fault(|_, _| answer("200 OK", &[], r#"{"token":""}"#), ship()).await;
    assert!(matches!(&empty, Error::TokenService { .. }), "{empty}");
}
