#![allow(clippy::unwrap_used)]
use super::*;

/// An index of packages, each with its fields: `a 1.0|Depends: b`.
fn index(packages: &[&str]) -> Index {
    let sum = "ab".repeat(32);
    let text: String = packages.iter().fold(String::new(), |text, package| {
        let (head, fields) = package.split_once('/').unwrap_or((package, ""));
        let (name, version) = head.split_once(' ').unwrap_or((head, "1"));
        let fields = fields.replace('/', "\n");
        format!("{text}Package: {name}\nVersion: {version}\nFilename: {name}\nSize: 1\nSHA256: {sum}\n{fields}\n\n")
    });
    let mut index = Index::new("amd64");
    index.read("http://archive.example", text.as_bytes()).unwrap();
    index
}

fn names(packages: &[&str], roots: &[&str], without: &[&str]) -> Result<String, ClosureError> {
    let without = without.iter().map(|&name| (name, "not needed")).collect();
    let found = closure(&index(packages), roots, &without)?;
    Ok(found.into_iter().map(|package| package.name).collect::<Vec<_>>().join(" "))
}

fn fault(packages: &[&str], roots: &[&str]) -> String {
    let mut fault = names(packages, roots, &[]).unwrap_err();
    let mut text = fault.to_string();
    while let ClosureError::Unsatisfied { cause: Some(cause), .. } = fault {
        text = format!("{text}: {cause}");
        fault = *cause;
    }
    text
}

#[test]
fn everything_that_is_needed_comes() {
    let packages =
        ["a/Pre-Depends: b/Depends: c:any (>= 1), d | e", "b/Depends: a", "c 1.0", "d", "e", "f/Recommends: a"];
    assert_eq!(names(&packages, &["a"], &[]).unwrap(), "a b c d");
    assert_eq!(names(&packages, &["e", "a", "a"], &[]).unwrap(), "a b c e");
    assert_eq!(names(&packages, &["f"], &[]).unwrap(), "f");
    assert_eq!(names(&packages, &[], &[]).unwrap(), "");
}

#[test]
fn the_first_alternative_that_can_be_had_comes() {
    let packages = ["a/Depends: none | b (>= 2) | c | d", "b 1", "c/Depends: e, none", "d", "e"];
    assert_eq!(names(&packages, &["a"], &[]).unwrap(), "a d");
    // It is there for another reason.
    assert_eq!(names(&["a/Depends: b | c, c", "b", "c", "z/Depends: c, a"], &["z"], &[]).unwrap(), "a c z");
}

#[test]
fn what_is_provided_will_do() {
    let packages = ["a/Depends: v", "x/Provides: v/Priority: optional", "w/Provides: v/Priority: important", "r"];
    assert_eq!(names(&packages, &["a"], &[]).unwrap(), "a w");
    assert_eq!(names(&packages, &["x", "a"], &[]).unwrap(), "a x");
    assert_eq!(names(&packages, &["v"], &[]).unwrap(), "x");
    let versioned = ["a/Depends: v (>= 2)", "x/Provides: v", "y/Provides: v (= 1)", "z/Provides: v (= 2)"];
    assert_eq!(names(&versioned, &["a"], &[]).unwrap(), "a z");
    // A package of that name goes before those that provide it.
    assert_eq!(names(&["a/Depends: v", "b/Provides: v", "v"], &["a"], &[]).unwrap(), "a v");
}

#[test]
fn what_is_left_out_is_not_followed() {
    let packages = [
        "a/Depends: out, b | out, gone | c",
        "b",
        "c",
        "out/Depends: much",
        "much",
        "d/Depends: v",
        "out2/Provides: v",
    ];
    assert_eq!(names(&packages, &["a"], &["out"]).unwrap(), "a b c");
    assert_eq!(names(&packages, &["a"], &["out", "gone"]).unwrap(), "a b");
    assert_eq!(names(&packages, &["d"], &["out2"]).unwrap(), "d");
    // What is asked for by name comes.
    assert_eq!(names(&packages, &["out", "a"], &["out"]).unwrap(), "a c much out");
}

#[test]
fn packages_that_conflict_don_t_come_together() {
    let packages =
        ["a/Depends: b | c, d", "b/Conflicts: v", "c", "d/Provides: v", "e/Breaks: c (<< 2)", "f 1/Conflicts: f"];
    assert_eq!(names(&packages, &["d", "a"], &[]).unwrap(), "a c d");
    assert_eq!(fault(&packages, &["e", "c"]), "e 1 can't be beside c 1: it conflicts with c (<< 2)");
    assert_eq!(fault(&packages, &["c", "e"]), "e 1 can't be beside c 1: it conflicts with c (<< 2)");
    assert_eq!(names(&packages, &["f"], &[]).unwrap(), "f");
    // A package may provide what it conflicts with: it is to be the only one.
    assert_eq!(names(&["a/Provides: v/Conflicts: v"], &["a"], &[]).unwrap(), "a");
}

#[test]
fn a_chain_without_an_end_is_told() {
    let packages = ["python3 3.13/Depends: libpython (= 3.13)", "libpython 3.13/Depends: libc6 (>= 3)", "libc6 2.41"];
    assert_eq!(
        fault(&packages, &["python3"]),
        "python3 3.13 needs libpython (= 3.13), which can't be had: libpython 3.13 needs libc6 (>= 3), which can't be had"
    );
    assert_eq!(fault(&["a/Depends: b:i386", "b"], &["a"]), "a 1 needs b:i386, which can't be had");
    let missing = names(&packages, &["pyton3"], &[]).unwrap_err();
    assert_eq!(missing.to_string(), "the archive has no package pyton3");
    assert_eq!(missing.hint().unwrap(), "did you mean python3?");
}

#[test]
fn a_hostile_index_ends() {
    let chain: Vec<String> = (0..5_000).map(|n| format!("p{n}/Depends: p{}", n + 1)).collect();
    let chain: Vec<&str> = chain.iter().map(String::as_str).collect();
    assert!(matches!(names(&chain, &["p0"], &[]), Err(ClosureError::TooDeep(_))));
    // Every way fails at its end, and only because of what was chosen at the beginning.
    let mut ways: Vec<String> = (0..40)
        .map(|n| format!("p{n}/Depends: x{n} | y{n}, p{}/", n + 1))
        .chain((0..40).flat_map(|n| [format!("x{n}"), format!("y{n}")]))
        .collect();
    ways.extend(["p40/Conflicts: p0".to_owned()]);
    let ways: Vec<&str> = ways.iter().map(String::as_str).collect();
    assert!(names(&ways, &["p0"], &[]).is_err());
}
