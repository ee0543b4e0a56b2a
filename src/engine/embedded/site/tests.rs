#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use super::*;
use crate::image::layer::{Kind, Tree};
use crate::project::PythonVersion;

const SITE: &str = "lib/python3.11/site-packages";

fn venv() -> Venv {
    Venv { python: PythonVersion { major: 3, minor: 13 }, interpreter: "/usr/local/bin/python3.13".into() }
}

/// A folder as uv leaves it on a machine with another Python: files by their paths, and for each distribution a RECORD.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let at = folder.path().join(path.replace("SITE", SITE));
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, text).unwrap();
    }
    folder
}

fn read(files: &[(&str, &str)]) -> Result<Vec<Distribution>, Error> {
    distributions(folder(files).path(), &venv())
}

fn text(tree: &Tree, path: &str) -> String {
    let Kind::File(content) = &tree.get(path).unwrap().kind else { unreachable!() };
    let mut text = String::new();
    content.open().unwrap().read_to_string(&mut text).unwrap();
    text
}

fn paths(distribution: &Distribution) -> Vec<&str> {
    distribution.tree.iter().map(|(path, _)| path.strip_prefix("opt/venv/").unwrap()).collect()
}

const TOOL: &[(&str, &str)] = &[
    (".lock", ""),
    ("SITE/tool/__init__.py", "x = 1\n"),
    ("SITE/tool/__pycache__/__init__.cpython-313.pyc", "made elsewhere"),
    ("SITE/Tool.Kit-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: Tool.Kit\nVersion: 1.0\n\nName: no\n"),
    ("SITE/Tool.Kit-1.0.dist-info/INSTALLER", "uv"),
    ("SITE/Tool.Kit-1.0.dist-info/REQUESTED", ""),
    ("SITE/Tool.Kit-1.0.dist-info/uv_cache.json", "{\"timestamp\":1}"),
    ("SITE/Tool.Kit-1.0.dist-info/direct_url.json", "{\"url\":\"file:///home/u/tool.whl\"}"),
    (
        "SITE/Tool.Kit-1.0.dist-info/RECORD",
        "tool/gone.py,sha256=0,1\ntool/__init__.py,sha256=wrong,99\n../../../bin/tool,,\n../../../share/tool.txt,,\n\
         ../../../include/site/python3.11/tool/t.h,,\nTool.Kit-1.0.dist-info/METADATA,,\n\
         Tool.Kit-1.0.dist-info/INSTALLER,,\nTool.Kit-1.0.dist-info/REQUESTED,,\n\
         Tool.Kit-1.0.dist-info/uv_cache.json,,\nTool.Kit-1.0.dist-info/direct_url.json,,\n\
         Tool.Kit-1.0.dist-info/RECORD,,\n",
    ),
    ("bin/tool", "#!/home/u/.venv/bin/python3.11\nimport tool\n"),
    ("share/tool.txt", "shared"),
    ("include/site/python3.11/tool/t.h", "header"),
];

#[test]
fn a_distribution_is_as_the_image_has_it() {
    let folder = folder(TOOL);
    let found = distributions(folder.path(), &venv()).unwrap();
    let [tool] = found.as_slice() else { unreachable!() };
    assert_eq!((tool.name.as_str(), tool.version.as_str()), ("tool-kit", "1.0"));
    assert_eq!(
        paths(tool),
        [
            "bin/tool",
            "include/site/python3.13/tool/t.h",
            "lib/python3.13/site-packages/Tool.Kit-1.0.dist-info/INSTALLER",
            "lib/python3.13/site-packages/Tool.Kit-1.0.dist-info/METADATA",
            "lib/python3.13/site-packages/Tool.Kit-1.0.dist-info/RECORD",
            "lib/python3.13/site-packages/tool/__init__.py",
            "share/tool.txt",
        ]
    );
    assert_eq!(text(&tool.tree, "opt/venv/bin/tool"), "#!/opt/venv/bin/python\nimport tool\n");
    assert_eq!(tool.tree.get("opt/venv/bin/tool").unwrap().mode, 0o755);
    assert_eq!(
        text(&tool.tree, "opt/venv/lib/python3.13/site-packages/Tool.Kit-1.0.dist-info/RECORD"),
        "../../../bin/tool,sha256=k9GpiNXViok1J9LKmO6NEjVmpr9Zq2MNWtJMllCuahk,35\n\
         ../../../include/site/python3.13/tool/t.h,sha256=HgWEol2fQ79cvQrsAesa8iIO0IW05_GDew2JlYyuNTo,6\n\
         ../../../share/tool.txt,sha256=pNJoaAF8DM_-Lv5QlE70IRg0ZgzKg0xun4bexqiCRvo,6\n\
         Tool.Kit-1.0.dist-info/INSTALLER,sha256=5hhM4Q4mYTT9z6QB6PGpUAW81PGNFrYrdXMj4oM_6ak,2\n\
         Tool.Kit-1.0.dist-info/METADATA,sha256=szMngMqS8r-EbFE1QoMRhdxy7UBtCCWmKAcZXLbgplA,60\n\
         Tool.Kit-1.0.dist-info/RECORD,,\n\
         tool/__init__.py,sha256=nia_NpkRxFwkPGhBR7I_yeHc_PJX0pmhxjIBam_NM_Q,6\n"
    );
}

#[test]
fn neither_machine_nor_folder_nor_umask_reach_the_identity() {
    let identity = |files: &[(&str, &str)], mode: u32| {
        let folder = folder(files);
        set_mode(folder.path(), mode);
        distributions(folder.path(), &venv()).unwrap()[0].identity.clone()
    };
    let other: Vec<(String, String)> = TOOL
        .iter()
        .map(|(path, text)| {
            let of_machine = |text: &str| text.replace("/home/u/.venv/bin/python3.11", "/usr/bin/python3");
            ((*path).replace("python3.11", "python3.9"), of_machine(text).replace("python3.11", "python3.9"))
        })
        .collect();
    let other: Vec<_> = other
        .iter()
        .map(|(path, text)| (path.replace("SITE", "lib64/python3.9/site-packages"), text.as_str()))
        .collect();
    let other: Vec<_> = other.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    assert_eq!(identity(TOOL, 0o600), identity(&other, 0o664));
    let changed: Vec<_> =
        TOOL.iter().map(|(p, t)| if p.ends_with("tool.txt") { (*p, "other") } else { (*p, *t) }).collect();
    assert_ne!(identity(TOOL, 0o644), identity(&changed, 0o644));
}

#[cfg(unix)]
fn set_mode(folder: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            set_mode(&entry.path(), mode);
        } else {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}

/// A distribution of these files, whose RECORD says what is told of them.
fn distribution<'a>(name: &'a str, files: &[(&'a str, &'a str, &'a str)]) -> Vec<(String, String)> {
    let info = format!("{name}-1.dist-info");
    let mut all = vec![(format!("SITE/{info}/METADATA"), format!("Name: {name}\nVersion: 1\n"))];
    let mut record = format!("{info}/METADATA,,\n{info}/RECORD,,\n");
    for (path, text, hash) in files {
        all.push((format!("SITE/{path}"), (*text).to_owned()));
        record.push_str(&format!("{path},{hash},\n"));
    }
    all.push((format!("SITE/{info}/RECORD"), record));
    all
}

fn together(parts: &[Vec<(String, String)>]) -> tempfile::TempDir {
    let files: BTreeMap<_, _> = parts.iter().flatten().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    folder(&files.into_iter().collect::<Vec<_>>())
}

#[test]
fn a_file_of_two_is_the_first_ones() {
    let folder = together(&[
        distribution("b", &[("same.py", "s", "sha256=s"), ("tests/__init__.py", "b", "sha256=b")]),
        distribution("a", &[("same.py", "s", "sha256=s"), ("tests/__init__.py", "a", "sha256=a")]),
        distribution("c", &[("c.py", "", "sha256=c"), ("same.py", "s", "sha256=s")]),
    ]);
    assert_eq!(shared(folder.path()).unwrap(), ["a", "b"]);
    let found = distributions(folder.path(), &venv()).unwrap();
    let owners: Vec<_> = found
        .iter()
        .filter(|d| d.tree.get("opt/venv/lib/python3.13/site-packages/same.py").is_some())
        .map(|d| d.name.as_str())
        .collect();
    assert_eq!(owners, ["a"]);
    // Whoever asks for its files is told of it all the same.
    let record = text(&found[2].tree, "opt/venv/lib/python3.13/site-packages/c-1.dist-info/RECORD");
    assert!(record.contains("same.py,sha256="), "{record}");
}

#[test]
fn what_states_no_hash_may_differ() {
    let two = ["a", "b"].map(|name| distribution(name, &[("same.py", "s", "")]));
    assert_eq!(shared(together(&two).path()).unwrap(), ["a", "b"]);
}

#[test]
fn files_that_nobody_claims_go_with_their_neighbours() {
    let mut tool = distribution("a", &[("a/x.py", "", "")]);
    tool.push(("SITE/a/deep/data.bin".into(), "data".into()));
    tool.push(("SITE/stray.py".into(), String::new()));
    let found = distributions(together(&[tool]).path(), &venv()).unwrap();
    assert!(found[0].tree.get("opt/venv/lib/python3.13/site-packages/a/deep/data.bin").is_some());
    assert_eq!((found[1].name.as_str(), paths(&found[1])), (UNCLAIMED, vec!["lib/python3.13/site-packages/stray.py"]));
}

#[test]
fn a_hostile_record_is_refused() {
    for path in ["/etc/passwd", "../../../../../etc/passwd"] {
        let record = format!("{path},,\n");
        let error = read(&[("SITE/a-1.dist-info/RECORD", &record)]).unwrap_err();
        assert_eq!(error.to_string(), "a claims a file outside of its environment");
    }
}

#[test]
fn what_makes_the_environment_is_nobodys() {
    for path in ["pyvenv.cfg", "bin/python", "bin/python3.13"] {
        let error = read(&[(path, "x"), ("SITE/a-1.dist-info/RECORD", &format!("../../../{path},,\n"))]).unwrap_err();
        assert!(matches!(error, Error::Reserved { .. }), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_refused() {
    let folder = folder(TOOL);
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join(SITE).join("tool/link")).unwrap();
    assert!(matches!(distributions(folder.path(), &venv()), Err(Error::Special(_))));
}
