#![allow(clippy::unwrap_used)]
use std::process::Command;

use super::*;

/// Any Python 3 of this machine, and its version.
fn host() -> Option<(Interpreter, PythonVersion)> {
    let ask = "import sys; print(sys.executable); print('%d.%d' % sys.version_info[:2])";
    let output = Command::new("python3").args(["-I", "-c", ask]).output().ok().filter(|o| o.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (program, version) = text.trim().split_once('\n')?;
    Some((Interpreter::host(program.into()), version.parse().ok()?))
}

fn sources(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.insert(path, Node::file(0o644, *text)).unwrap();
    }
    tree
}

fn bytes(tree: &Tree, path: &str) -> Vec<u8> {
    let Kind::File(content) = &tree.get(path).unwrap().kind else { unreachable!() };
    let mut bytes = Vec::new();
    content.open().unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, content.size());
    bytes
}

#[test]
fn sources_become_unchecked_bytecode_of_the_images_paths() {
    let Some((interpreter, python)) = host() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let tree = sources(&[
        ("app/main.py", "x = '\\d'\nprint(__file__)\n"),
        ("app/template.py", "{{ nothing }} %}"),
        ("app/latin.py", "# -*- coding: latin-1 -*-\nx = 1\n"),
        ("app/nul.py", "x = '\0'\n"),
        ("app/data.txt", "no source"),
        ("top.py", ""),
    ]);
    let compiled = compile(&interpreter, python, &tree, scratch.path()).unwrap();
    let tag = format!("cpython-{}{}", python.major, python.minor);
    let paths: Vec<_> = compiled.tree.iter().map(|(path, _)| path.to_owned()).collect();
    let expected = ["__pycache__/top", "app/__pycache__/latin", "app/__pycache__/main"];
    assert_eq!(paths, expected.map(|path| format!("{path}.{tag}.pyc")));
    assert_eq!(compiled.skipped, ["app/nul.py", "app/template.py"]);
    let main = bytes(&compiled.tree, &format!("app/__pycache__/main.{tag}.pyc"));
    // PEP 552: a hash, and nobody checks it.
    assert_eq!(main[4..8], [1, 0, 0, 0]);
    let has = |text: &str| main.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("/app/main.py") && !has(scratch.path().to_str().unwrap()));
}

#[test]
fn bytecode_depends_on_its_source_alone() {
    let Some((interpreter, python)) = host() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let texts: Vec<_> = (0..60)
        .map(|n| {
            let text = format!(
                "import os, sys\nNAMES = {{'a{n}', 'b', 'c'}}\ndef f{n}(path, *, key='path'):\n    \
                 return path in {{'x', 'y', 'z{n}'}} and (1, 2.5, 'a b', b'q', None, {n})\nclass C:\n    key = 'a b'\n"
            );
            (format!("m{n:02}.py"), text)
        })
        .collect();
    let all: Vec<_> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let together = compile(&interpreter, python, &sources(&all), scratch.path()).unwrap();
    assert_eq!(together.tree.iter().count(), 60);
    for one in all.iter().step_by(7) {
        let alone = compile(&interpreter, python, &sources(&[*one]), scratch.path()).unwrap();
        for (path, _) in alone.tree.iter() {
            assert_eq!(bytes(&alone.tree, path), bytes(&together.tree, path), "{path}");
        }
    }
}

#[test]
fn a_process_that_dies_of_a_source_costs_that_source_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let tree = sources(&[("a.py", "one"), ("b.py", "two"), ("c.py", "three")]);
    // It answers with each source's text, and breaks off at the second.
    let Some((interpreter, python)) = host() else { return };
    let text = "x = 1\n";
    let whole = sources(&[("a.py", text), ("deep.py", &"(".repeat(200_000)), ("z.py", text)]);
    let compiled = compile(&interpreter, python, &whole, scratch.path()).unwrap();
    assert_eq!((compiled.tree.iter().count(), compiled.skipped.as_slice()), (2, &["deep.py".to_owned()][..]));
    let other = PythonVersion { major: 3, minor: 99 };
    let refused = compile(&interpreter, other, &tree, scratch.path()).unwrap_err();
    assert!(matches!(refused, Error::Other { .. }), "{refused}");
    let absent = Interpreter::host("/nowhere/python3".into());
    assert!(matches!(compile(&absent, python, &tree, scratch.path()), Err(Error::Start { .. })));
}
