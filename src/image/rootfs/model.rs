//! A model: whole file systems, unpacked and laid over each other naively, against which the lazy one is held.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::{Tape, layer};
use super::{Sight, Stack, What};

type Path = Vec<String>;

#[derive(Debug, Clone, PartialEq)]
enum Item {
    Folder { opaque: bool },
    Link(String),
    File(String),
    Whiteout,
}

#[derive(Debug, Clone)]
enum Op {
    File(String, String),
    Folder(String),
    Link(String, String),
    Hardlink(String, String),
    Whiteout(String),
    Opaque(String),
}

/// A file system by its true paths; the root is always there.
type Tree = BTreeMap<Path, Item>;

fn split(path: &str) -> Path {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
}

fn remove(tree: &mut Tree, path: &[String]) {
    tree.retain(|at, _| !at.starts_with(path));
}

/// The true path of a folder of a layer, made on the way where it isn't there; none where that can't be.
fn make(tree: &mut Tree, path: &str) -> Option<Path> {
    let mut at = Path::new();
    let mut rest = split(path);
    for _ in 0..2000 {
        if rest.is_empty() {
            return Some(at);
        }
        let part = rest.remove(0);
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        match tree.get(&at).cloned() {
            Some(Item::Folder { .. }) => {}
            Some(Item::File(_)) => return None,
            Some(Item::Link(target)) => {
                at.pop();
                if target.starts_with('/') {
                    at.clear();
                }
                rest = split(&target).into_iter().chain(rest).collect();
            }
            hidden @ (None | Some(Item::Whiteout)) => {
                tree.insert(at.clone(), Item::Folder { opaque: hidden.is_some() });
            }
        }
    }
    None
}

fn parent(tree: &mut Tree, path: &str) -> Option<Path> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut at = make(tree, folder)?;
    at.push(name.to_owned());
    Some(at)
}

/// Unpacks a layer into a file system of its own, or fails as an engine would.
fn unpack(ops: &[Op]) -> Option<(Tree, bool)> {
    let (mut tree, mut opaque_root) = (Tree::new(), false);
    for op in ops {
        match op {
            Op::File(path, content) => {
                let at = parent(&mut tree, path)?;
                remove(&mut tree, &at);
                tree.insert(at, Item::File(content.clone()));
            }
            Op::Link(path, target) => {
                let at = parent(&mut tree, path)?;
                remove(&mut tree, &at);
                tree.insert(at, Item::Link(target.clone()));
            }
            Op::Hardlink(path, target) => {
                let at = parent(&mut tree, path)?;
                let from = parent(&mut tree, target)?;
                let item = tree.get(&from).cloned()?;
                if !matches!(item, Item::File(_) | Item::Link(_)) {
                    return None;
                }
                remove(&mut tree, &at);
                tree.insert(at, item);
            }
            Op::Folder(path) => {
                let at = parent(&mut tree, path)?;
                if !matches!(tree.get(&at), Some(Item::Folder { .. })) {
                    remove(&mut tree, &at);
                    tree.insert(at, Item::Folder { opaque: false });
                }
            }
            Op::Whiteout(path) => {
                let at = parent(&mut tree, path)?;
                match tree.get(&at) {
                    Some(Item::Folder { .. }) => drop(tree.insert(at, Item::Folder { opaque: true })),
                    Some(_) => {}
                    None => drop(tree.insert(at, Item::Whiteout)),
                }
            }
            Op::Opaque(path) => {
                let at = make(&mut tree, path)?;
                if at.is_empty() {
                    opaque_root = true;
                } else {
                    tree.insert(at, Item::Folder { opaque: true });
                }
            }
        }
    }
    Some((tree, opaque_root))
}

fn lay_over(lower: &mut Tree, upper: &Tree, opaque_root: bool) {
    if opaque_root {
        lower.clear();
    }
    // Folders come before what is in them.
    for (at, item) in upper {
        let merges = matches!((lower.get(at), item), (Some(Item::Folder { .. }), Item::Folder { opaque: false }));
        if !merges {
            remove(lower, at);
            if *item != Item::Whiteout {
                lower.insert(at.clone(), item.clone());
            }
        }
    }
}

/// What a path names: `Missing`, `Loop`, `Directory`, or a file's true path and content.
fn find(tree: &Tree, path: &str) -> String {
    let (mut at, mut rest, mut links) = (Path::new(), split(path), 0);
    while !rest.is_empty() {
        let part = rest.remove(0);
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        match tree.get(&at) {
            Some(Item::Folder { .. }) => {}
            Some(Item::File(content)) if rest.is_empty() => return format!("/{} {content}", at.join("/")),
            Some(Item::Link(target)) => {
                links += 1;
                if links > 40 {
                    return "Loop".to_owned();
                }
                at.pop();
                if target.starts_with('/') {
                    at.clear();
                }
                rest = split(target).into_iter().chain(rest).collect();
            }
            _ => return "Missing".to_owned(),
        }
    }
    "Directory".to_owned()
}

fn write(ops: &[Op]) -> Vec<u8> {
    let named = |path: &str, mark: &str| match path.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/{mark}{name}"),
        None => format!("{mark}{path}"),
    };
    ops.iter()
        .fold(Tape::default(), |tape, op| match op {
            Op::File(path, content) => tape.file(path, content),
            Op::Folder(path) => tape.folder(path),
            Op::Link(path, target) => tape.symlink(path, target),
            Op::Hardlink(path, target) => tape.hardlink(path, target),
            Op::Whiteout(path) => tape.file(&named(path, ".wh."), ""),
            Op::Opaque(path) => tape.file(&format!("{path}/.wh..wh..opq"), ""),
        })
        .end()
}

fn path() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "passwd"]);
    prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"))
}

fn target() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "passwd", "..", "."]);
    let relative = prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"));
    (any::<bool>(), relative).prop_map(|(absolute, path)| if absolute { format!("/{path}") } else { path })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (path(), "[x-z]{0,3}").prop_map(|(path, content)| Op::File(path, content)),
        3 => path().prop_map(Op::Folder),
        2 => (path(), target()).prop_map(|(path, target)| Op::Link(path, target)),
        1 => (path(), path()).prop_map(|(path, target)| Op::Hardlink(path, target)),
        2 => path().prop_map(Op::Whiteout),
        1 => prop_oneof![path(), Just(".".to_owned())].prop_map(Op::Opaque),
    ]
}

fn shown(sight: Sight) -> String {
    match sight {
        Sight::Leaf { path, body, what: What::File { .. }, .. } => {
            let content = body.map(|body| String::from_utf8_lossy(&body).into_owned());
            format!("{} {}", String::from_utf8_lossy(&path), content.unwrap_or_else(|| "?".to_owned()))
        }
        other => format!("{other:?}"),
    }
}

/// Whether an answer is the model's; contents are kept of files called passwd alone.
fn agree(ours: &str, model: &str) -> bool {
    match (ours.strip_suffix(" ?"), model.split_once(' ')) {
        (Some(path), Some((expected, _))) => path == expected,
        _ => ours == model,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn layers_are_what_unpacking_them_would_give(
        // The lowest first, as an image has them.
        layers in prop::collection::vec(prop::collection::vec(op(), 0..7), 1..5),
        asked in prop::collection::vec(target(), 8),
    ) {
        let mut whole = Tree::new();
        let mut good = Vec::new();
        for ops in &layers {
            let (ours, model) = (layer(&write(ops)), unpack(ops));
            prop_assert_eq!(ours.is_ok(), model.is_some(), "{:?}", ours);
            if let (Ok(ours), Some((tree, opaque_root))) = (ours, model) {
                lay_over(&mut whole, &tree, opaque_root);
                good.push(ours);
            }
        }
        let count = good.len();
        let mut stack = Stack::new(count);
        let expected: Vec<_> = asked.iter().map(|path| find(&whole, path)).collect();
        for read in 0..=count {
            for (path, expected) in asked.iter().zip(&expected) {
                let sight = stack.resolve(path.as_bytes());
                // What is said before all is read must never be taken back.
                if sight != Sight::Unknown || read == count {
                    let ours = shown(sight);
                    prop_assert!(agree(&ours, expected), "{}: {}, not {}, of {} layers", path, ours, expected, read);
                }
            }
            stack.push(good.pop().unwrap_or_default());
        }
    }
}
