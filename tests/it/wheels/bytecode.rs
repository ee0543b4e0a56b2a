//! Bytecode by the base image's own interpreter, run from its unpacked files.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use pydeploy::engine::embedded::bytecode::{Compiled, compile};
use pydeploy::engine::embedded::interpreter::Interpreter;
use pydeploy::engine::embedded::unpacked::{Unpacked, interpreter_needs};
use pydeploy::image::layer::{Kind, Node, Tree};
use pydeploy::image::site::Machine;

use super::{PYTHON, Project, locked, read, unpack};
use crate::sandbox::docker;

const BASE: &str = "python:3.13-slim";

/// The files of the base that its interpreter needs.
fn base(into: &Path) -> Interpreter {
    let container = docker(&["create", BASE]);
    let mut export = Command::new("docker").args(["export", &container]).stdout(Stdio::piped()).spawn().unwrap();
    let mut unpacked = Unpacked::new(into);
    unpacked.layer(export.stdout.take().unwrap(), interpreter_needs).unwrap();
    unpacked.finish().unwrap();
    assert!(export.wait().unwrap().success());
    docker(&["rm", &container]);
    Interpreter::from_root(into, "/usr/local/bin/python3.13").unwrap()
}

fn bytes(node: &Node) -> Vec<u8> {
    let Kind::File(content) = &node.kind else { unreachable!() };
    let mut bytes = Vec::new();
    content.open().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
#[ignore = "needs the bed: a package index, docker base"]
async fn the_bases_own_interpreter_compiles_as_it_does_in_a_container() {
    let text = "[project]\nname = \"p\"\nversion = \"1\"\nrequires-python = \">=3.10\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n";
    let project = Project::new(&[("pyproject.toml", text)]);
    project.lock().await;
    let (_, folder) = project.install(&locked(false), Machine::X86_64, "a").await.unwrap();
    let found = read(&folder);
    let mut tree = Tree::default();
    for (path, node) in found.iter().flat_map(|distribution| distribution.tree.iter()) {
        tree.insert(path, node.clone()).unwrap();
    }
    tree.insert("opt/venv/bad.py", Node::file(0o644, "{% template %}\n")).unwrap();
    let root = project.beside("base");
    let interpreter = base(&root);
    // What it takes is a part of the base.
    assert!(!root.join("usr/share").exists() && !root.join("usr/local/lib/python3.13/asyncio").exists());
    let scratch = project.beside("spool");
    let Compiled { tree: compiled, skipped } = compile(&interpreter, PYTHON, &tree, &scratch).unwrap();
    assert_eq!(skipped, ["opt/venv/bad.py"]);
    let image = project.beside("image");
    unpack(&found, &image);
    let mount = format!("{}:/opt", image.join("opt").display());
    let compileall = "python -m compileall -q --invalidation-mode unchecked-hash /opt/venv; chmod -R a+rX /opt";
    docker(&["run", "--rm", "-v", &mount, BASE, "sh", "-c", compileall]);
    let mut count = 0;
    for (path, node) in compiled.iter() {
        assert!(bytes(node) == std::fs::read(image.join(path)).unwrap(), "{path}");
        count += 1;
    }
    let sources = tree.iter().filter(|(path, _)| path.ends_with(".py")).count();
    assert_eq!(count, sources - 1);
}
