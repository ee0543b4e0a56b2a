//! Tests of what needs no workshop.

#![allow(clippy::unwrap_used)]

use super::*;

fn sdist(name: &str) -> Sdist {
    Sdist { name: name.into(), version: "1.0".into(), place: Place::Index, sha256: vec!["ab".into()] }
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
