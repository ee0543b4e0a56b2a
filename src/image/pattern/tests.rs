//! The tables of moby's own tests, and what holds for any pattern.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// Pattern, paths that it matches, paths that it does not match.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const SINGLE: &[Row] = &[
    ("**", &["file", "file/", "/", "dir/file", "dir/file/"], &[]),
    ("**/", &["file", "file/", "/", "dir/file", "dir/file/"], &[]),
    ("**/**", &["dir/file", "dir/file/"], &[]),
    ("dir/**", &["dir/file", "dir/file/", "dir/dir2/file", "dir/dir2/file/"], &[]),
    ("**/dir", &["dir", "dir/file"], &[]),
    ("**/dir2/*", &["dir/dir2/file", "dir/dir2/file/"], &["dir/dir2"]),
    ("**/dir2/**", &["dir/dir2/dir3/file", "dir/dir2/dir3/file/"], &["dir/dir2"]),
    ("**file", &["file", "dir/file", "dir/dir/file", "dir/profile"], &["file.txt"]),
    ("**/file", &["dir/file", "dir/dir/file"], &["dir/profile"]),
    ("**/file*", &["dir/dir/file", "dir/dir/file.txt"], &[]),
    ("**/file*txt", &["dir/dir/file.txt"], &[]),
    ("**/file*.txt*", &["dir/dir/file.txt"], &[]),
    ("**/**/*.txt", &["file.txt", "dir/dir/file.txt"], &[]),
    ("**/**/*.txt2", &[], &["dir/dir/file.txt"]),
    ("**/*.txt", &["file.txt"], &[]),
    ("a**/*.txt", &["a/file.txt", "a/dir/file.txt", "a/dir/dir/file.txt"], &[]),
    ("a/*.txt", &["a/file.txt"], &["a/dir/file.txt"]),
    ("a/*.txt**", &["a/file.txt"], &[]),
    ("a[b-d]e", &["ace"], &["ae", "aae"]),
    ("a[^b-d]e", &["aze"], &[]),
    (".*", &[".foo"], &["foo"]),
    ("abc.def", &["abc.def"], &["abcdef", "abcZdef"]),
    ("abc?def", &["abcZdef"], &["abcdef"]),
    ("a\\\\", &["a\\"], &[]),
    ("a\\*b", &["a*b"], &["ab"]),
    ("**/foo/bar", &["foo/bar", "dir/foo/bar", "dir/dir2/foo/bar"], &[]),
    ("abc/**", &["abc/def", "abc/def/ghi"], &["abc"]),
    ("**/.foo", &[".foo"], &["bar.foo"]),
    ("a(b)c/def", &["a(b)c/def"], &["a(b)c/xyz"]),
    ("a.|)$(}+{bc", &["a.|)$(}+{bc"], &[]),
    ("dist/*.whl", &["dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl"], &[]),
    ("*", &["abc"], &[]),
    ("*c", &["abc"], &[]),
    ("a*", &["a", "abc", "ab/c"], &[]),
    ("a*/b", &["abc/b"], &["a/c/b"]),
    ("a*b*c*d*e*/f", &["axbxcxdxe/f", "axbxcxdxexxx/f"], &["axbxcxdxe/xxx/f", "axbxcxdxexxx/fff"]),
    ("a*b?c*x", &["abxbbxdbxebxczzx"], &["abxbbxdbxebxczzy"]),
    ("ab[^b-d]", &[], &["abc"]),
    ("a?b", &["a☺b"], &["a/b"]),
    ("a[^a]b", &["a☺b"], &[]),
    ("a???b", &[], &["a☺b"]),
    ("[a-ζ]*", &["α"], &[]),
    ("*[a-ζ]", &[], &["A"]),
    ("a*b", &[], &["a/b"]),
    ("[\\]a]", &["]"], &[]),
    ("[x\\-]", &["x", "-"], &["z"]),
    ("[\\-x]", &["x", "-"], &["a"]),
    // What moby hands to the regular expression on purpose or by mistake.
    ("a|b*", &["b", "axyz"], &["c"]),
    ("[ab]{2}", &["ab"], &["a", "a{2}"]),
    ("\\d", &["1"], &["d"]),
    ("[a*]", &["]", "a[/]"], &["a", "*]"]),
    ("/a", &[], &["a"]),
];

const SEVERAL: [(&[&str], &str, bool); 9] = [
    (&["**", "!util/docker/web"], "util/docker/web/foo", false),
    (&["**", "!util/docker/web", "util/docker/web/foo"], "util/docker/web/foo", true),
    (&["**", "!dist/*.whl"], "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", false),
    (&["!fileutils.go", "*.go"], "fileutils.go", true),
    (&["*.go", "!fileutils.go"], "fileutils.go", false),
    (&["docs/", "!docs/README.md"], "docs/README.md", false),
    (&["docs/*", "!docs/README.md"], "docs/README.md", false),
    (&["docs", "", "  !docs/README.md  "], "docs/README.md", false),
    (&[], "/any/path/there", false),
];

fn set(patterns: &[&str]) -> PatternSet {
    PatternSet::new(patterns.iter().copied()).unwrap()
}

/// The answer of a walk that asks about each directory before what is in it.
fn walked(set: &PatternSet, path: &str) -> bool {
    let mut parent = ParentMatches::default();
    let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    for end in ends {
        parent = set.matches_using_parent(&path[..end], &parent).1;
    }
    set.matches_using_parent(path, &parent).0
}

#[test]
fn matches_as_moby_says() {
    let single = SINGLE.iter().flat_map(|(pattern, matched, others)| {
        let matched = matched.iter().map(move |path| (vec![*pattern], *path, true));
        matched.chain(others.iter().map(move |path| (vec![*pattern], *path, false)))
    });
    let several = SEVERAL.iter().map(|(patterns, path, matched)| (patterns.to_vec(), *path, *matched));
    for (patterns, path, expected) in single.chain(several) {
        let set = set(&patterns);
        let unknown = set.matches_using_parent(path, &ParentMatches::default()).0;
        let answers = [set.matches_or_parent_matches(path), unknown, walked(&set, path)];
        assert_eq!(answers, [expected; 3], "{patterns:?} {path:?}");
    }
}

#[test]
fn refuses_what_go_refuses() {
    for pattern in [
        "[]a]",
        "[-]",
        "[x-]",
        "[-x]",
        "\\",
        "[a-b-c]",
        "[",
        "[^",
        "[^bc",
        "a[",
        "![", // by filepath.Match
        "[Local-Only]/",
        "a*[",
        "[[:nope:]]",
        "\\y",
        "*{2}",
        "[ab]{1001}",
        "\\x4", // by regexp
    ] {
        let text = path::clean(pattern).trim_start_matches('!').to_owned();
        let error = PatternSet::new(["a", "", pattern]).unwrap_err();
        assert_eq!(error, PatternError::Syntax { index: 2, pattern: text });
    }
    for pattern in ["!", " ! ", "!/", "./!"] {
        let error = PatternSet::new([pattern]).unwrap_err();
        assert_eq!((error.index(), &error), (0, &PatternError::LoneExclusion { index: 0 }));
    }
}

#[test]
fn knows_exclusions() {
    assert!(set(&["docs", "!docs/README.md"]).has_exclusions());
    assert!(!set(&["docs", "a!"]).has_exclusions());
}

#[test]
fn names_the_pattern_that_decided() {
    let set = set(&["*.md", "", "docs", "!docs/keep", "docs/keep/secret", "**/*.md"]);
    for (path, index) in [
        ("README.md", Some(0)),
        ("docs/a", Some(2)),
        ("docs/keep/a", None),
        ("docs/keep/secret/a", Some(4)),
        ("docs/keep/a.md", Some(5)),
        ("src", None),
    ] {
        assert_eq!(set.decided_by(path), index, "{path}");
    }
}

#[test]
fn a_walk_forgets_what_did_not_matter_to_a_directory() {
    let set = set(&["*", "!x/y", "x"]);
    assert!(set.matches_or_parent_matches("x/y"));
    assert!(!walked(&set, "x/y"));
}

/// Patterns made of whatever means something to one of the readers.
const ANY_PATTERN: &str = "([ab/*?!.^|+() \\\\\\[\\]{}☺:\n\u{feff}-]|\\*\\*/|\\[a|\\\\[Qxpd0E]|\\{2\\}|\\PC){0,9}";

proptest! {
    #[test]
    fn nothing_panics(
        patterns in prop::collection::vec(ANY_PATTERN, 0..4),
        path in "([ab/.\n☺]|\\PC){0,8}",
    ) {
        if let Ok(set) = PatternSet::new(patterns.iter().map(String::as_str)) {
            let (matched, parent) = set.matches_using_parent(&path, &ParentMatches::default());
            prop_assert_eq!(matched, set.matches_or_parent_matches(&path));
            set.matches_using_parent(&format!("{path}/a"), &parent);
        }
        for pattern in &patterns {
            let _ = glob::glob_match(pattern, &path);
        }
    }
}
