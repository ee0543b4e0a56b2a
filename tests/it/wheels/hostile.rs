//! Wheels that mean harm, or clash, through the real uv.

use std::path::Path;

use pydeploy::engine::embedded::uv::Error;
use pydeploy::image::layer::Kind;
use pydeploy::image::site::Machine;

use super::zip::{Entry, wheel, wheel_of};
use super::{Project, identities, locked, read, requirements};

/// A project that installs these wheels of its own.
fn with(wheels: &[(&str, Vec<u8>)]) -> Project {
    let names: Vec<_> = wheels.iter().map(|(name, _)| format!("./{name}-1-py3-none-any.whl\n")).collect();
    let project = Project::new(&[("requirements.txt", &names.concat())]);
    for (name, bytes) in wheels {
        std::fs::write(project.root().join(format!("{name}-1-py3-none-any.whl")), bytes).unwrap();
    }
    project
}

fn has(folder: &Path, wanted: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| {
        let inside = entry.file_type().unwrap().is_dir() && has(&entry.path(), wanted);
        inside || entry.file_name().to_string_lossy().contains(wanted)
    })
}

#[tokio::test]
#[ignore = "needs the bed: a package index"]
async fn nothing_is_written_outside_of_the_environment() {
    for path in
        ["../evil.py", "a/../../../../../../../evil.py", "/tmp/pydeploy-evil.py", "bad-1.data/data/../../../../evil"]
    {
        let entries =
            [Entry { path, text: "evil", mode: 0o100_644 }, Entry { path: "bad.py", text: "", mode: 0o100_644 }];
        let project = with(&[("bad", wheel_of("bad", "1", "py3-none-any", &entries))]);
        // uv leaves such files out; were it to refuse the wheel, that would do as well.
        if let Ok((_, folder)) = project.install(&requirements("requirements.txt"), Machine::X86_64, "a").await {
            assert!(read(&folder).iter().all(|d| d.tree.iter().all(|(path, _)| !path.contains("evil"))));
        }
        assert!(!has(project.folder.path(), "evil") && !Path::new("/tmp/pydeploy-evil.py").exists(), "{path}");
    }
}

#[tokio::test]
#[ignore = "needs the bed: a package index"]
async fn a_link_in_a_wheel_is_no_link_in_the_image() {
    let entries = [
        Entry { path: "bad/link", text: "/etc/passwd", mode: 0o120_777 },
        Entry { path: "bad/__init__.py", text: "", mode: 0o100_644 },
    ];
    let project = with(&[("bad", wheel_of("bad", "1", "py3-none-any", &entries))]);
    let (_, folder) = project.install(&requirements("requirements.txt"), Machine::X86_64, "a").await.unwrap();
    let found = read(&folder);
    let files: Vec<_> = found.iter().flat_map(|d| d.tree.iter()).collect();
    assert!(files.iter().all(|(_, node)| matches!(node.kind, Kind::File(_))));
    let (_, link) = files.iter().find(|(path, _)| path.ends_with("/link")).unwrap();
    let Kind::File(content) = &link.kind else { unreachable!() };
    assert_eq!(content.size(), "/etc/passwd".len() as u64);
}

#[tokio::test]
#[ignore = "needs the bed: a package index"]
async fn of_two_that_own_a_file_the_first_by_name_has_its_way() {
    let one =
        |name: &str| wheel(name, "1", "py3-none-any", &[("tests/__init__.py", name), (&format!("{name}.py"), "")]);
    let project = with(&[("zz", one("zz")), ("aa", one("aa")), ("mm", one("mm"))]);
    let (_, folder) = project.install(&requirements("requirements.txt"), Machine::X86_64, "a").await.unwrap();
    let installed = identities(&folder);
    for run in ["b", "c", "d"] {
        let (_, folder) = project.install(&requirements("requirements.txt"), Machine::X86_64, run).await.unwrap();
        assert_eq!(identities(&folder), installed);
        let text = std::fs::read_dir(folder.join("lib")).unwrap().next().unwrap().unwrap().path();
        assert_eq!(std::fs::read_to_string(text.join("site-packages/tests/__init__.py")).unwrap(), "aa");
    }
}

#[tokio::test]
#[ignore = "needs the bed: a package index"]
async fn another_file_than_the_locked_one_is_refused() {
    let wrong = "0".repeat(64);
    let project = Project::new(&[("requirements.txt", &format!("six==1.17.0 --hash=sha256:{wrong}\n"))]);
    let error = project.install(&requirements("requirements.txt"), Machine::X86_64, "a").await.unwrap_err();
    let Error::Hash { package, .. } = &error else { panic!("{error}: {:?}", error.output()) };
    assert_eq!(package, "six==1.17.0");
    let pyproject =
        "[project]\nname = \"p\"\nversion = \"1\"\nrequires-python = \">=3.10\"\ndependencies = [\"six==1.17.0\"]\n";
    let project = Project::new(&[("pyproject.toml", pyproject)]);
    project.lock().await;
    let at = project.root().join("uv.lock");
    let lock = std::fs::read_to_string(&at).unwrap();
    let hashes = |line: &str| match line.split_once("sha256:") {
        Some((before, after)) => format!("{before}sha256:{wrong}{}\n", &after[64..]),
        None => format!("{line}\n"),
    };
    std::fs::write(&at, lock.lines().map(hashes).collect::<String>()).unwrap();
    let error = project.install(&locked(false), Machine::X86_64, "a").await.unwrap_err();
    assert!(matches!(error, Error::Hash { .. }), "{error}: {:?}", error.output());
}
