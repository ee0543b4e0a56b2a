//! Tests of the decision about Python's version.
#![allow(clippy::unwrap_used)]

use super::*;

fn decide_from(files: &[(&str, &str)], stated: Option<&str>) -> Result<Decision<PythonVersion>, Error> {
    let tree = SourceTree::in_memory("p", files.iter().copied());
    let python = stated.map(|text| Decision::assumed(text.parse().unwrap(), "stated by a flag"));
    let pyproject = Pyproject::read(&tree)?;
    decide(&tree, None, pyproject.as_ref(), None, &Stated { python, ..Stated::default() })
}

fn requires(specifiers: &str) -> Result<String, Error> {
    let text = format!("[project]\nname = \"p\"\nrequires-python = \"{specifiers}\"\n");
    decide_from(&[("pyproject.toml", &text)], None).map(|decision| decision.value.to_string())
}

fn version_file(text: &str) -> Result<String, Error> {
    decide_from(&[(".python-version", text)], None).map(|decision| decision.value.to_string())
}

#[test]
fn requires_python_gives_the_newest_allowed_but_prefers_the_default() {
    for (specifiers, version) in [
        (">=3.9", "3.13"),
        ("~=3.11", "3.13"),
        ("==3.13.*", "3.13"),
        (">=3.11,<3.13", "3.12"),
        (">=3.14", "3.14"),
        (">=3.11.4,!=3.11.5", "3.13"),
        ("<=3.12", "3.11"),
        ("==3.10.*", "3.10"),
        (">=2.7", "3.13"),
        ("", "3.13"),
    ] {
        assert_eq!(requires(specifiers).unwrap(), version, "{specifiers}");
    }
}

#[test]
fn requires_python_that_nothing_satisfies_is_refused() {
    for out in [">=3.15", "<3.9", "==2.7.*"] {
        let error = requires(out).unwrap_err();
        assert_eq!(error.to_string(), format!("python {out} is not supported (pyproject.toml:3)"));
        assert!(error.hint().unwrap().starts_with("pydeploy builds with python 3.9 to 3.14: "));
    }
    let exact = requires("==3.11.7").unwrap_err();
    assert!(exact.hint().unwrap().ends_with("write ==3.11.* instead"), "{exact:?}");
    assert!(matches!(requires("three").unwrap_err(), Error::PythonUnreadable { .. }));
}

#[test]
fn version_files_are_read_as_pyenv_and_uv_do() {
    for (text, version) in [
        ("3.12\n", "3.12"),
        ("3.12.4", "3.12"),
        ("# ours\n\n3.11.7  # why\n3.12\n", "3.11"),
        ("cpython-3.12\r\n", "3.12"),
        ("cpython@3.10", "3.10"),
        ("python3.12", "3.12"),
        ("cpython-3.12.4-linux-x86_64-gnu", "3.12"),
        (">=3.10,<3.12", "3.11"),
        ("3", "3.13"),
        ("# nothing\n", "3.13"),
    ] {
        assert_eq!(version_file(text).unwrap(), version, "{text}");
    }
    for text in ["pypy3.10", "my-env", "3.13t", "3.13+freethreaded", "system"] {
        assert!(matches!(version_file(text).unwrap_err(), Error::PythonUnreadable { .. }), "{text}");
    }
    for text in ["2.7.18", "3.7", "3.15"] {
        assert!(matches!(version_file(text).unwrap_err(), Error::PythonUnsupported { .. }), "{text}");
    }
}

#[test]
fn the_order_is_stated_then_file_then_requires_then_runtime() {
    let pyproject = ("pyproject.toml", "[project]\nname='p'\nrequires-python='>=3.10'\n");
    let runtime = ("runtime.txt", "python-3.10.2\n");
    let file = (".python-version", "3.12\n");
    let all = [pyproject, runtime, file];
    assert_eq!(decide_from(&all, Some("3.11.2")).unwrap().value.to_string(), "3.11");
    let decision = decide_from(&all, None).unwrap();
    assert_eq!(
        (decision.value.to_string(), decision.evidence.unwrap().to_string()),
        ("3.12".into(), ".python-version:1".into())
    );
    let decision = decide_from(&[pyproject, runtime], None).unwrap();
    assert_eq!(decision.because, "stated in requires-python");
    let decision = decide_from(&[runtime], None).unwrap();
    assert_eq!((decision.value.to_string(), decision.because), ("3.10".into(), "stated in runtime.txt".into()));
    assert_eq!(decide_from(&[], None).unwrap().evidence, None);
    assert!(decide_from(&[], Some("3.7")).is_err());
    assert!(decide_from(&[("runtime.txt", "python-2.7.18")], None).is_err());
    for text in
        ["python~=3.10.0", "python_version=3.10", "python-3.10.x", "Python: 3.10.13 (main, Jun  4 2025)", "3.10.2"]
    {
        assert_eq!(decide_from(&[("runtime.txt", text)], None).unwrap().value.to_string(), "3.10", "{text}");
    }
    assert!(decide_from(&[("runtime.txt", "python")], None).is_err());
}

#[test]
fn a_contradiction_asks_for_the_setting() {
    let pyproject = ("pyproject.toml", "[project]\nname='p'\nrequires-python='>=3.12'\n");
    let error = decide_from(&[pyproject, (".python-version", "3.11.7\n")], None).unwrap_err();
    assert_eq!(error.to_string(), ".python-version:1 asks for python 3.11, but pyproject.toml:3 allows only >=3.12");
    assert!(error.hint().unwrap().contains("setting `python`"));
    assert!(decide_from(&[pyproject, (".python-version", "3.11.7\n")], Some("3.12")).is_ok());
}
