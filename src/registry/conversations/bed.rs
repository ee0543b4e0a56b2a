//! Conversations with the bed's two real registries:
//! `eval "$(tests/bed/up docker registry)"; cargo test registry::bed -- --ignored`

use std::process::Command;

use crate::registry::*;

pub(super) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: eval \"$(tests/bed/up docker registry)\""))
}

pub(super) fn open() -> Registry {
    let options = Options {
        host: variable("PYDEPLOY_TEST_REGISTRY"),
        security: Security::Tls,
        extra_ca: Vec::new(),
        user_agent: "pydeploy/test".into(),
    };
    Registry::new(&options, Credentials::Anonymous).unwrap()
}

pub(super) fn protected(credentials: Credentials, ca: &Ca) -> Registry {
    let options = Options {
        host: variable("PYDEPLOY_TEST_REGISTRY_TLS"),
        security: Security::InsecureAllowed,
        extra_ca: match ca {
            Ca::Given => vec![variable("PYDEPLOY_TEST_REGISTRY_TLS_CA").into()],
            Ca::Missing => Vec::new(),
        },
        user_agent: "pydeploy/test".into(),
    };
    Registry::new(&options, credentials).unwrap()
}

pub(super) enum Ca {
    Given,
    Missing,
}

pub(super) fn password() -> String {
    std::fs::read_to_string(variable("PYDEPLOY_TEST_REGISTRY_TLS_PASSWORD_FILE")).unwrap().trim_end().to_owned()
}

pub(super) fn ship(password: &str) -> Credentials {
    Credentials::Basic { user: variable("PYDEPLOY_TEST_REGISTRY_TLS_USER"), secret: Secret::new(password) }
}

fn docker(args: &[&str]) {
    let output = Command::new("docker").args(args).output().unwrap();
    assert!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Pushes the bed's base image, and gives its repository.
pub(super) fn pushed(name: &str) -> String {
    let repository = format!("registryroom/{name}-{}", std::process::id());
    let image = format!("{}/{repository}:1", variable("PYDEPLOY_TEST_REGISTRY"));
    docker(&["tag", "python:3.13-slim", &image]);
    docker(&["push", "-q", &image]);
    docker(&["rmi", &image]);
    repository
}

#[tokio::test]
#[ignore = "needs the bed: docker registry"]
async fn what_docker_pushed_is_read_back() {
    let (registry, repository) = (open(), pushed("read"));
    registry.ping().await.unwrap();
    let manifest = registry.manifest(&repository, &"1".parse().unwrap()).await.unwrap();
    let again = registry.manifest(&repository, &Pointer::Digest(manifest.digest.clone())).await.unwrap();
    assert_eq!(manifest, again);
    let head = registry.head_manifest(&repository, &"1".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((head.digest(), head.size()), (&manifest.digest, manifest.bytes.len() as u64));
    let Manifest::Image(image) = manifest.read().unwrap() else { panic!("docker pushes an image") };
    let config = registry.config(&repository, image.config()).await.unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&config).unwrap()["os"], "linux");
    assert!(registry.blob_exists(&repository, image.layers()[0].digest()).await.unwrap());

    registry.put_manifest(&repository, &"2".parse().unwrap(), &manifest).await.unwrap();
    let copied = registry.manifest(&repository, &"2".parse().unwrap()).await.unwrap();
    assert_eq!(copied.digest, manifest.digest);
}

#[tokio::test]
#[ignore = "needs the bed: docker registry"]
async fn what_is_not_there_is_not_found() {
    let registry = open();
    let fault = registry.manifest("registryroom/none", &"1".parse().unwrap()).await.unwrap_err();
    assert!(matches!(fault, Error::NotFound { .. }), "{fault}");
    assert!(registry.head_manifest("registryroom/none", &"1".parse().unwrap()).await.unwrap().is_none());
    let digest = digest::sha256(b"nothing has this").unwrap();
    assert!(!registry.blob_exists("registryroom/none", &digest).await.unwrap());
}

#[tokio::test]
#[ignore = "needs the bed: docker registry"]
async fn a_manifest_without_its_blobs_is_refused_with_the_code() {
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
        "config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":2,
        "digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"layers":[]}"#;
    let kind = "application/vnd.docker.distribution.manifest.v2+json".into();
    let manifest = RawManifest::new(manifest.into(), kind).unwrap();
    let fault = open().put_manifest("registryroom/refused", &"1".parse().unwrap(), &manifest).await.unwrap_err();
    assert!(matches!(&fault, Error::Refused { code: Some(code), .. } if code == "MANIFEST_BLOB_UNKNOWN"), "{fault}");
}

#[tokio::test]
#[ignore = "needs the bed: docker registry"]
async fn the_right_password_opens_the_door() {
    let registry = protected(ship(&password()), &Ca::Given);
    registry.ping().await.unwrap();
    let fault = registry.manifest("registryroom/none", &"1".parse().unwrap()).await.unwrap_err();
    assert!(matches!(fault, Error::NotFound { .. }), "{fault}");
}

#[tokio::test]
#[ignore = "needs the bed: docker registry"]
async fn a_wrong_password_and_none_do_not() {
    let fault = protected(ship("wrong"), &Ca::Given).ping().await.unwrap_err();
    assert!(matches!(&fault, Error::Unauthorized { user: Some(_), .. }), "{fault}");
    let fault = protected(Credentials::Anonymous, &Ca::Given).ping().await.unwrap_err();
    assert!(matches!(&fault, Error::Unauthorized { user: None, .. }), "{fault}");
}

#[tokio::test]
#[ignore = "needs the bed: docker registry"]
async fn an_unknown_authority_is_refused_even_on_loopback() {
    let registry = protected(ship(&password()), &Ca::Missing);
    let fault = registry.ping().await.unwrap_err();
    assert!(matches!(fault, Error::Tls { .. }), "{fault}");
    assert!(fault.hint().unwrap().contains("--registry-ca"), "{:?}", fault.hint());
    // Once without TLS, which the server refused, and once with it: there is no way back.
    assert_eq!(registry.traffic().requests, 2);
}
