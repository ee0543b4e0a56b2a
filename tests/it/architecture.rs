//! The house's rules, held by a test: what a pure room may name, and how large a file may grow.

use std::path::{Path, PathBuf};

/// Rooms that decide and do no input or output.
const PURE: &[&str] = &[
    "src/project",
    "src/image",
    "src/dockerfile",
    "src/workload",
    "src/manifests",
    "src/rollout",
    "src/difference",
    "src/plain.rs",
    "src/init",
    "src/audit",
    "src/debian",
    "src/trial",
    "src/comparison",
    "src/words.rs",
];
/// Their doors to the world: what is fetched, and what is kept for a while.
const DOORS: &[&str] = &["src/debian/archive", "src/debian/spool.rs"];
/// What no pure room may name.
const EDGES: &[&str] = &[
    "bollard::",
    "kube::",
    "reqwest::",
    "hyper::",
    "tonic::",
    "tokio::",
    "std::fs",
    "std::env::var",
    "std::process",
    "std::net",
    "crate::engine",
    "crate::registry",
    "crate::stages",
    "crate::commands",
    "crate::settings",
    "crate::cli",
    "crate::report",
    "crate::fault",
    "crate::context",
];
/// Files may be this long, in lines.
const LONGEST: usize = 600;

fn files(folder: &Path) -> Vec<PathBuf> {
    if folder.is_file() {
        return vec![folder.to_path_buf()];
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_pure_room_names_no_edge() {
    let mut wrong = Vec::new();
    let is_door = |file: &PathBuf| DOORS.iter().any(|door| file.starts_with(root().join(door)));
    for file in PURE.iter().flat_map(|room| files(&root().join(room))).filter(|file| !is_door(file)) {
        for (number, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for edge in EDGES.iter().filter(|e| code.contains(**e)) {
                wrong.push(format!("{}:{}: {edge}", file.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_outgrows_its_room() {
    let long: Vec<_> = files(&root().join("src"))
        .into_iter()
        .chain(files(&root().join("tests/it")))
        .map(|f| (std::fs::read_to_string(&f).unwrap().lines().count(), f))
        .filter(|(lines, _)| *lines > LONGEST)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn main_is_short_and_every_module_says_what_it_is() {
    let main = std::fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(main.lines().count() < 50, "main.rs has {} lines", main.lines().count());
    let mute: Vec<_> = files(&root().join("src"))
        .into_iter()
        .filter(|f| {
            let first = std::fs::read_to_string(f).unwrap();
            !first.starts_with("//! ") && !f.to_string_lossy().contains("tests")
        })
        .collect();
    assert!(mute.is_empty(), "no first doc line: {mute:?}");
}

#[test]
fn only_the_report_prints() {
    let printing = ["println!", "eprintln!", "print!(", "eprint!("];
    let wrong: Vec<_> = files(&root().join("src"))
        .into_iter()
        .filter(|f| !f.starts_with(root().join("src/report")))
        .filter(|f| {
            let text = std::fs::read_to_string(f).unwrap();
            text.lines().any(|l| printing.iter().any(|p| l.trim_start().starts_with(p)))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_recorded_rollout_is_replayed() {
    let table = std::fs::read_to_string(root().join("src/rollout/tests/expected.rs")).unwrap();
    let recordings = std::fs::read_dir(root().join("tests/data/rollouts")).unwrap();
    let names = recordings.map(|e| e.unwrap().file_name().into_string().unwrap());
    let forgotten: Vec<String> = names
        .filter_map(|n| n.strip_suffix(".jsonl").map(str::to_owned))
        .filter(|n| !table.contains(&format!("\"{n}\" \"")))
        .collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
