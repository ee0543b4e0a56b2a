//! Tests of reading a pdm.lock in the forms that it has had.
#![allow(clippy::panic, clippy::unwrap_used)]

use super::*;
use crate::project::PythonVersion;

const PYPROJECT: &str = "[project]\nname = \"shop\"\nrequires-python = \">=3.11\"\n\
    dependencies = [\"uvicorn[standard]>=0.29\", \"x; sys_platform == 'win32'\"]\n[dependency-groups]\ndev = [\"pytest\"]\n";

/// By the strategy `inherit_metadata`, the default since 2.11.
const INHERITED: &str = "[metadata]\ngroups = [\"default\", \"dev\"]\nstrategy = [\"inherit_metadata\"]\nlock_version = \"4.5.0\"\n\
    content_hash = \"sha256:00\"\n[[metadata.targets]]\nrequires_python = \">=3.11\"\n\
    [[package]]\nname = \"pytest\"\nversion = \"8\"\ngroups = [\"dev\"]\n\
    [[package]]\nname = \"uvicorn\"\nversion = \"0.29.0\"\ngroups = [\"default\"]\n\
    files = [{file = \"uvicorn-0.29.0-py3-none-any.whl\", hash = \"sha256:aa\"}, {file = \"uvicorn-0.29.0.tar.gz\", hash = \"sha256:ab\"}]\n\
    [[package]]\nname = \"uvicorn\"\nversion = \"0.29.0\"\nextras = [\"standard\"]\ngroups = [\"default\"]\n\
    [[package]]\nname = \"uvloop\"\nversion = \"0.19.0\"\ngroups = [\"default\"]\nmarker = \"platform_machine == 'x86_64'\"\n\
    files = [{url = \"https://index.example/uvloop-0.19.0.tar.gz#sha256=ac\", hash = \"sha256:ac\"}]\n\
    [[package]]\nname = \"wmi\"\nversion = \"1\"\ngroups = [\"default\"]\nmarker = \"sys_platform == 'win32'\"\n";

/// Of PDM 2.4: neither groups nor markers of packages, and the files at the end.
const WALKED: &str = "[[package]]\nname = \"h11\"\nversion = \"0.14.0\"\n\
    [[package]]\nname = \"pytest\"\nversion = \"8\"\n\
    [[package]]\nname = \"uvicorn\"\nversion = \"0.29.0\"\ndependencies = [\"h11>=0.8\"]\n\
    [[package]]\nname = \"uvicorn\"\nversion = \"0.29.0\"\nextras = [\"standard\"]\ndependencies = [\"uvicorn==0.29.0\", \"uvloop>=0.14; sys_platform != 'win32'\"]\n\
    [[package]]\nname = \"uvicorn\"\nversion = \"0.29.0\"\nextras = [\"reload\"]\ndependencies = [\"pytest\"]\n\
    [[package]]\nname = \"uvloop\"\nversion = \"0.19.0\"\n\
    [metadata]\nlock_version = \"4.2\"\n[metadata.files]\n\"h11 0.14.0\" = [{file = \"h11-0.14.0-py3-none-any.whl\", hash = \"sha256:aa\"}]\n";

fn installed(lock: &str, pyproject: &str) -> Result<Installed, Error> {
    let tree = SourceTree::in_memory("p", [(FILE, lock), ("pyproject.toml", pyproject)]);
    let lock = PdmLock::read(&tree)?.unwrap();
    let pyproject = Pyproject::read(&tree)?.unwrap();
    lock.installed(&pyproject, Target::new(PythonVersion { major: 3, minor: 12 }))
}

#[test]
fn a_lock_with_groups_says_itself_what_is_needed() {
    let found = installed(INHERITED, PYPROJECT).unwrap();
    let expected = [
        "uvicorn==0.29.0 --hash=sha256:aa --hash=sha256:ab",
        "uvloop==0.19.0 ; platform_machine == 'x86_64' --hash=sha256:ac",
    ];
    assert_eq!(found.pins, expected);
    let [uvicorn, uvloop] = &found.packages[..] else { panic!() };
    assert_eq!((uvicorn.direct, uvicorn.extras.as_slice()), (true, &["standard".to_owned()][..]));
    assert_eq!(uvicorn.evidence.to_string(), "pyproject.toml:4");
    assert_eq!((uvloop.direct, uvloop.only, uvloop.sdist), (false, Some("x86_64"), Some(true)));
}

#[test]
fn a_lock_without_groups_is_walked() {
    let found = installed(WALKED, PYPROJECT).unwrap();
    assert_eq!(found.pins, ["h11==0.14.0 --hash=sha256:aa", "uvicorn==0.29.0", "uvloop==0.19.0"]);
}

#[test]
fn a_lock_of_other_dependencies_is_stale() {
    let error = |pyproject: &str| installed(INHERITED, pyproject).unwrap_err();
    let missing = error(&PYPROJECT.replace("\"x;", "\"flask\", \"x;"));
    assert_eq!(missing.to_string(), "pdm.lock does not match pyproject.toml: flask is not locked (pyproject.toml:4)");
    assert_eq!(missing.hint().unwrap(), "run: pdm lock");
    assert!(error(&PYPROJECT.replace(">=0.29", ">=0.30")).to_string().contains("another version"));
    let only = INHERITED.replace("groups = [\"default\", \"dev\"]", "groups = [\"dev\"]");
    assert!(installed(&only, PYPROJECT).unwrap_err().to_string().contains("the group `default`"));
}

#[test]
fn what_is_no_lock_is_refused() {
    let error = installed("[metadata]\nlock_version = \"5.0\"\n", PYPROJECT).unwrap_err();
    assert!(error.to_string().starts_with("could not use pdm.lock: its format is version `5.0`"), "{error}");
    assert!(installed("[[package]]\nname = 1\n", PYPROJECT).is_err());
}
