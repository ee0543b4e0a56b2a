//! Tests of what needs no workshop.

#![allow(clippy::unwrap_used)]

use super::*;

fn sdist(name: &str) -> Sdist {
    Sdist { name: name.into(), version: Some("1.0".into()), place: Place::Index, sha256: vec!["ab".into()] }
}

#[test]
fn a_place_is_chosen_by_what_is_there() {
    let no = |why: &str| Err::<(), _>(why.to_owned());
    let sdists = [sdist("psycopg2"), sdist("odd")];
    assert_eq!(choose(&sdists, Ok(()), Ok(())).unwrap(), Choice::BuildKit);
    assert_eq!(choose(&sdists, no("x"), Ok(())).unwrap(), Choice::Sandbox);
    let error = choose(&sdists, no("no engine answers"), no("namespaces are off")).unwrap_err();
    let text = "psycopg2 1.0, odd 1.0 comes as source only, and there is nowhere to build it";
    assert_eq!(error.to_string(), text);
    let hint = error.hint().unwrap();
    assert!(hint.starts_with("depend on psycopg2-binary in place of psycopg2, or "), "{hint}");
    assert!(hint.ends_with("BuildKit (no engine answers), a sandbox (namespaces are off)"), "{hint}");
}

#[test]
fn only_one_wheel_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let found = |name: &str| {
        fs::write(folder.path().join(name), "").unwrap();
        wheel(folder.path(), &sdist("a"))
    };
    assert!(matches!(found("notes.txt"), Err(Error::NoWheel { wheels: 0, .. })));
    assert_eq!(found("a-1.0-py3-none-any.whl").unwrap(), folder.path().join("a-1.0-py3-none-any.whl"));
    assert!(matches!(found("b-1.0-py3-none-any.whl"), Err(Error::NoWheel { wheels: 2, .. })));
}

#[test]
fn what_is_passed_to_pip_is_its_own() {
    for name in ["PIP_INDEX_URL", "https_proxy", "NO_PROXY"] {
        assert!(Sandbox::is_passed(name), "{name}");
    }
    for name in ["PIP_FIND_LINKS", "AWS_SECRET_ACCESS_KEY", "PATH"] {
        assert!(!Sandbox::is_passed(name), "{name}");
    }
}

#[test]
fn a_dockerfile_exports_the_wheel_alone() {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use crate::engine::SecretSource;
    use crate::engine::buildkit::Daemon;
    use crate::engine::endpoint::Endpoint;
    use crate::image::native::Family;
    use crate::registry::Keychain;

    let daemon = Daemon::Standalone(Endpoint::parse("unix:///nonexistent", None).unwrap());
    let ids = ["PIP_INDEX_URL", "pip.conf"].into_iter();
    let secrets: BTreeMap<_, _> = ids.map(|id| (id.to_owned(), SecretSource::Variable(id.to_owned()))).collect();
    let shop = BuildKit {
        daemon: &daemon,
        base: "python:3.13-slim",
        digest: None,
        family: Family::Debian,
        packages: &["gcc".to_owned(), "libpq-dev".to_owned()],
        platform: "linux/amd64",
        secrets: &secrets,
        keychain: Arc::new(Keychain::from_docker_config(None, None).unwrap()),
    };
    let text = buildkit::dockerfile(&shop, &sdist("psycopg2"));
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    assert_eq!((lines[0], lines[lines.len() - 2]), ("FROM python:3.13-slim AS build", "FROM scratch"));
    assert!(
        text.contains("--no-install-recommends gcc libpq-dev\nRUN --mount=type=secret,id=PIP_INDEX_URL,"),
        "{text}"
    );
    assert!(text.contains("id=pip.conf,required=true,target=/etc/pip.conf \\\n"), "{text}");
    // What pip is told by a secret is in no line of the Dockerfile, but read where it runs.
    assert!(text.contains(r#"["sh","-c","export PIP_INDEX_URL=\"$(cat /run/secrets/PIP_INDEX_URL)\"\n"#), "{text}");
    assert_eq!(lines.last(), Some(&"COPY --from=build /wheels /"));
}
