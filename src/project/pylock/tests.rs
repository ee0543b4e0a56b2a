#![allow(clippy::unwrap_used)]

use super::*;
use crate::project::PythonVersion;

const LOCK: &str = r#"
lock-version = "1.0"
requires-python = ">=3.11"
created-by = "any"
[[packages]]
name = "Starlette"
version = "0.46.2"
dependencies = [{ name = "anyio" }]
wheels = [{ url = "https://index.example/starlette-0.46.2-py3-none-any.whl", hashes = { sha256 = "00" } }]
[[packages]]
name = "anyio"
version = "4.9.0"
sdist = { name = "anyio-4.9.0.tar.gz", url = "https://index.example/x", hashes = { sha256 = "00" } }
[[packages]]
name = "colorama"
version = "1"
marker = "sys_platform == 'win32'"
[[packages]]
name = "pytest"
version = "8"
marker = "'test' in dependency_groups"
[[packages]]
name = "shared"
directory = { path = "libs/shared" }
[[packages]]
name = "own"
wheels = [{ path = "wheels/own-1-py3-none-any.whl", hashes = { sha256 = "00" } }]
[[packages]]
name = "demo"
directory = { path = ".", editable = true }
"#;

fn read(files: &[(&str, &str)]) -> Result<Option<Pylock>, Error> {
    Pylock::read(&SourceTree::in_memory("p", files.iter().copied()))
}

fn installed(lock: &str, pyproject: &str) -> Result<(Vec<String>, Vec<String>), Error> {
    let tree = SourceTree::in_memory("p", [("pylock.toml", lock), ("pyproject.toml", pyproject)]);
    let target = Target::new(PythonVersion { major: 3, minor: 13 });
    let pyproject = Pyproject::read(&tree)?.unwrap_or_default();
    let found = Pylock::read(&tree)?.unwrap().installed(&pyproject, &Asked::new(), target)?;
    let show = |d: &Dependency| {
        let direct = if d.direct { "!" } else { "" };
        format!("{}{direct} {} {}", d.name, d.version.as_deref().unwrap_or("-"), d.evidence)
    };
    Ok((found.packages.iter().map(show).collect(), found.members))
}

#[test]
fn what_it_installs_is_read_with_what_asks_for_it() {
    let members = ["libs/shared", "wheels/own-1-py3-none-any.whl", "."];
    let stated = "[project]\nname = \"demo\"\ndependencies = [\"starlette>=0.40\"]\n";
    let (packages, mut found) = installed(LOCK, stated).unwrap();
    assert_eq!(
        packages,
        [
            "anyio 4.9.0 pylock.toml:10",
            "own - pylock.toml:25",
            "shared - pylock.toml:22",
            "starlette! 0.46.2 pyproject.toml:3"
        ]
    );
    found.sort();
    let mut members = members.to_vec();
    members.sort_unstable();
    assert_eq!(found, members);
    let (alone, _) = installed(LOCK, "[tool.x]\n").unwrap();
    assert_eq!(
        alone,
        [
            "anyio 4.9.0 pylock.toml:10",
            "own! - pylock.toml:25",
            "shared! - pylock.toml:22",
            "starlette! 0.46.2 pylock.toml:5"
        ]
    );
}

#[test]
fn what_is_stated_must_be_in_it() {
    for (dependency, says) in [
        ("flask", "could not use pylock.toml: flask is not locked (pyproject.toml:3)"),
        ("starlette>=1", "could not use pylock.toml: starlette is locked in another version than is stated"),
    ] {
        let stated = format!("[project]\nname = \"demo\"\ndependencies = [\"{dependency}\"]\n");
        let error = installed(LOCK, &stated).unwrap_err();
        assert!(error.to_string().starts_with(says), "{error}");
        assert!(error.hint().is_some());
    }
    let absent = "[project]\nname = \"demo\"\ndependencies = [\"flask; sys_platform == 'win32'\"]\n";
    assert!(installed(LOCK, absent).is_ok());
}

#[test]
fn a_lock_may_have_a_name_of_its_own() {
    let text = "lock-version = \"1.0\"\n";
    let found = |files: &[&str]| {
        let files: Vec<_> = files.iter().map(|file| (*file, text)).collect();
        read(&files).map(|lock| lock.map(|lock| lock.file))
    };
    assert_eq!(found(&["pylock.prod.toml", "pylock.toml"]).unwrap().as_deref(), Some("pylock.toml"));
    assert_eq!(found(&["pylock.prod.toml", "pylock.dev.toml"]).unwrap().as_deref(), Some("pylock.prod.toml"));
    assert_eq!(found(&["pylock.dev.toml", "pylock.a.b.toml", "x/pylock.toml"]).unwrap(), None);
    let error = found(&["pylock.api.toml", "pylock.worker.toml"]).unwrap_err();
    assert!(error.to_string().contains("pylock.api.toml, pylock.worker.toml"), "{error}");
}

#[test]
fn what_can_not_be_used_is_refused() {
    let version = read(&[("pylock.toml", "lock-version = \"2.0\"\n")]).unwrap_err();
    assert!(version.to_string().contains("its format is version `2.0`"), "{version}");
    let nameless = installed("lock-version = \"1.0\"\n[[packages]]\nname = \"../x\"\n", "").unwrap_err();
    assert!(nameless.to_string().contains("no package of a name"), "{nameless}");
    let outside = "lock-version = \"1.0\"\n[[packages]]\nname = \"x\"\ndirectory = { path = \"../x\" }\n";
    assert!(installed(outside, "").unwrap_err().to_string().contains("outside the build context"));
}
