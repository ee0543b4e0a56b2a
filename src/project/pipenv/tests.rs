//! Tests of reading a Pipfile.lock.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::project::PythonVersion;

const PIPFILE: &str = "[[source]]\nname = \"private\"\nurl = \"https://$USER:${TOKEN}@index.example/simple\"\nverify_ssl = true\n\
    [packages]\nflask = {version = \">=2\", extras = [\"async\"]}\nshop = {editable = true, path = \".\"}\nlib = {path = \"./libs/lib\"}\n\
    [dev-packages]\npytest = \"*\"\n[requires]\npython_version = \"3.12\"\n";

const LOCK: &str = r#"{
    "_meta": {
        "hash": {"sha256": "HASH"},
        "pipfile-spec": 6,
        "requires": {"python_version": "3.12"},
        "sources": [{"name": "private", "url": "https://$USER:${TOKEN}@index.example/simple", "verify_ssl": true}]
    },
    "default": {
        "colorama": {"markers": "sys_platform == 'win32'", "version": "==0.4", "hashes": ["sha256:ac"]},
        "flask": {
            "extras": ["async"],
            "hashes": ["sha256:aa", "sha256:ab"],
            "index": "private",
            "markers": "python_version >= '3.8'",
            "version": "==3.0.0"
        },
        "greenlet": {"hashes": ["sha256:ad"], "markers": "platform_machine == 'aarch64'", "version": "==3.0"},
        "lib": {"path": "./libs/lib"},
        "shop": {"editable": true, "path": "."},
        "tool": {"git": "https://git.example/tool.git", "ref": "0123"}
    },
    "develop": {"pytest": {"version": "==8.0"}}
}"#;

/// The hash that Pipenv 2025.0.4 gives the Pipfile.
const HASH: &str = "a525c5baa99568b3a1783f856901ede297284077cb1ce43a67db9ce6765a94fc";

fn installed(pipfile: &str, lock: &str) -> Result<Installed, Error> {
    let tree = SourceTree::in_memory("p", [("Pipfile", pipfile), (FILE, lock)]);
    let lock = PipenvLock::read(&tree)?.unwrap();
    lock.installed(Target::new(PythonVersion { major: 3, minor: 12 }))
}

#[test]
fn what_is_locked_for_linux_is_installed() {
    let found = installed(PIPFILE, &LOCK.replace("HASH", HASH)).unwrap();
    assert_eq!(
        found.pins,
        [
            "flask==3.0.0 --hash=sha256:aa --hash=sha256:ab",
            "greenlet==3.0 ; platform_machine == 'aarch64' --hash=sha256:ad",
            "./libs/lib",
            "tool @ git+https://git.example/tool.git@0123",
        ]
    );
    assert_eq!(found.members, [".", "libs/lib"]);
    let flask = found.packages.iter().find(|package| package.name == "flask").unwrap();
    assert_eq!((flask.evidence.to_string().as_str(), flask.direct), ("Pipfile:6", true));
    let greenlet = found.packages.iter().find(|package| package.name == "greenlet").unwrap();
    assert_eq!((greenlet.evidence.to_string().as_str(), greenlet.only), ("Pipfile.lock:17", Some("aarch64")));
}

#[test]
fn a_lock_of_another_pipfile_is_stale() {
    let lock = LOCK.replace("HASH", HASH);
    let stale = installed(&PIPFILE.replace(">=2", ">=3"), &lock).unwrap_err();
    assert!(stale.to_string().starts_with("Pipfile.lock does not match Pipfile: "), "{stale}");
    assert_eq!(stale.hint().unwrap(), "run: pipenv lock");
    // Scripts are not counted.
    assert!(installed(&format!("{PIPFILE}[scripts]\nserve = \"flask run\"\n"), &lock).is_ok());
    // Without sources of its own it has those that Pipenv put into the lock.
    let (_, rest) = PIPFILE.split_once("[packages]").unwrap();
    assert!(installed(&format!("[packages]{rest}"), &lock).is_ok());
}

#[test]
fn a_pipfile_names_its_indexes_and_its_python() {
    let tree = SourceTree::in_memory("p", [("Pipfile", PIPFILE)]);
    let pipfile = Pipfile::read(&tree).unwrap().unwrap();
    let urls: Vec<_> = pipfile.sources.iter().map(|source| source.text.as_str()).collect();
    assert_eq!(urls, ["https://${USER}:${TOKEN}@index.example/simple"]);
    assert_eq!(pipfile.requires_python().unwrap().text, "==3.12.*");
    let error = pipfile.requirements().unwrap_err().to_string();
    assert_eq!(error, "shop (Pipfile:7) comes from a path, and there is no Pipfile.lock");
    let tree = SourceTree::in_memory(
        "p",
        [(
            "Pipfile",
            "[packages]\na = \"*\"\nb = {version = \"~=1.0\", extras = [\"x\"], sys_platform = \"== 'linux'\"}\n",
        )],
    );
    let written = Pipfile::read(&tree).unwrap().unwrap().requirements().unwrap();
    let written: Vec<_> = written.into_iter().map(|requirement| requirement.text).collect();
    assert_eq!(written, ["a", "b[x]~=1.0 ; sys_platform == 'linux'"]);
}

#[test]
fn what_is_no_lock_is_refused() {
    let error = installed("", "{").unwrap_err();
    assert!(error.to_string().starts_with("could not use Pipfile.lock: it is not what Pipenv writes: "), "{error}");
    let hostile = r#"{"_meta": {}, "default": {"a": {"version": "==1\n--index-url x"}}}"#;
    assert!(installed("", hostile).is_err());
}
