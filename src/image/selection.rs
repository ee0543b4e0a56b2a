//! A selection: which paths of a context a build daemon is sent, as fsutil filters them.

use std::collections::BTreeSet;

use super::pattern::{ParentMatches, PatternError, PatternSet, glob, path};

/// What makes a pattern more than a path.
const PATTERN_CHARACTERS: [char; 6] = ['*', '[', ']', '?', '^', '\\'];

/// Which of a daemon's two lists cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// The patterns of what to send.
    #[error("invalid include patterns")]
    Include(#[source] PatternError),
    /// The patterns of what not to send.
    #[error("invalid exclude patterns")]
    Exclude(#[source] PatternError),
}

/// What a path's place in the walk comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Send it, behind those directories above it that [`Walk::due_parents`] names.
    Send,
    /// Do not send it.
    Skip,
    /// Do not send this directory, and do not look into it.
    SkipDir,
    /// Look into this directory, and send it only once something in it is sent.
    SendIfChildSent,
}

/// Include and exclude patterns.
#[derive(Debug, Clone)]
pub struct Selection {
    include: Option<PatternSet>,
    exclude: Option<PatternSet>,
    plain_includes: bool,
    plain_exceptions: bool,
}

impl Selection {
    /// The selection by these patterns; an empty list does not filter.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, SelectionError> {
        let set = |patterns: &[String]| {
            let filters = !patterns.is_empty();
            filters.then(|| PatternSet::new(patterns.iter().map(String::as_str))).transpose()
        };
        let include = set(include).map_err(SelectionError::Include)?;
        let exclude = set(exclude).map_err(SelectionError::Exclude)?;
        let plain = |set: &Option<PatternSet>, exclusions: bool| {
            set.iter().all(|set| set.texts(exclusions).all(|text| !fixed_part(text).contains(PATTERN_CHARACTERS)))
        };
        let (plain_includes, plain_exceptions) = (plain(&include, false), plain(&exclude, true));
        Ok(Self { include, exclude, plain_includes, plain_exceptions })
    }

    /// A walk over the context, at its root.
    pub fn walk(&self) -> Walk<'_> {
        Walk { selection: self, above: Vec::new() }
    }

    /// True if fsutil opens this file when the daemon asks for its content. For a few lists of patterns that repeat
    /// themselves it refuses a file that its walk has sent, and then answers with no content and no error.
    pub fn opens(&self, path: &str) -> bool {
        self.include.as_ref().is_none_or(|set| set.matches_or_parent_matches(path))
            && !self.exclude.as_ref().is_some_and(|set| set.matches_or_parent_matches(path))
    }
}

/// A walk over a context, directories before what is in them, each directory's names in byte order.
#[derive(Debug, Clone)]
pub struct Walk<'s> {
    selection: &'s Selection,
    above: Vec<Visited>,
}

/// A directory that the walk is in.
#[derive(Debug, Clone)]
struct Visited {
    path: String,
    include: ParentMatches,
    exclude: ParentMatches,
    sent: bool,
}

impl Walk<'_> {
    /// Decides about the next path of the walk: relative, slashes between its parts, never the root itself.
    pub fn enter(&mut self, path: &str, is_dir: bool) -> Verdict {
        while self.above.last().is_some_and(|dir| !is_below(path, &dir.path)) {
            self.above.pop();
        }
        let nothing = ParentMatches::default();
        let (of_include, of_exclude) =
            self.above.last().map_or((&nothing, &nothing), |dir| (&dir.include, &dir.exclude));
        let (mut skip, mut include, mut exclude) = (false, nothing.clone(), nothing.clone());
        if let Some(set) = &self.selection.include {
            let (hit, matches) = set.matches_using_parent(path, of_include);
            if !hit && is_dir && self.selection.plain_includes && !leads_to(path, set.texts(false)) {
                return Verdict::SkipDir;
            }
            (skip, include) = (!hit, matches);
        }
        if let Some(set) = &self.selection.exclude {
            let (hit, matches) = set.matches_using_parent(path, of_exclude);
            if hit && is_dir && self.selection.plain_exceptions && !leads_to(path, set.texts(true)) {
                return Verdict::SkipDir;
            }
            (skip, exclude) = (skip || hit, matches);
        }
        if is_dir {
            self.above.push(Visited { path: path.to_owned(), include, exclude, sent: !skip });
        }
        match (skip, is_dir) {
            (false, _) => Verdict::Send,
            (true, true) => Verdict::SendIfChildSent,
            (true, false) => Verdict::Skip,
        }
    }

    /// The directories that must be sent before the path for which [`Self::enter`] has just said [`Verdict::Send`],
    /// outermost first. Each is named once in a walk.
    pub fn due_parents(&mut self) -> Vec<String> {
        let due = self.above.iter_mut().filter(|dir| !dir.sent);
        due.map(|dir| {
            dir.sent = true;
            dir.path.clone()
        })
        .collect()
    }
}

/// True if `path` lies below the directory `dir`.
fn is_below(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

/// True if one of these patterns is this directory or, by its fixed part, something below it.
fn leads_to<'t>(dir: &str, mut texts: impl Iterator<Item = &'t str>) -> bool {
    texts.any(|text| {
        let fixed = fixed_part(text);
        fixed == dir || is_below(fixed, dir)
    })
}

/// A pattern without a `/**` or a `/*` at its end.
fn fixed_part(text: &str) -> &str {
    let text = text.strip_suffix("/**").unwrap_or(text);
    text.strip_suffix("/*").unwrap_or(text)
}

/// The include patterns that ask for these paths and for what their symbolic links lead to, link by link. A link
/// cannot lead out of the context: above its root is its root. Nothing at all means that everything was asked for.
///
/// `read_link` gives a symbolic link's target, `None` for anything else and for what does not exist; `list` gives the
/// names in a directory. Both are asked about clean relative paths inside the context, `list` also about `.`.
pub fn follow(
    paths: &[String],
    read_link: impl Fn(&str) -> Option<String>,
    list: impl Fn(&str) -> Vec<String>,
) -> Vec<String> {
    let mut resolved = BTreeSet::new();
    let mut waiting: Vec<String> = paths.iter().rev().cloned().collect();
    while let Some(next) = waiting.pop() {
        let whole = path::join(".", &next);
        let (mut current, mut rest) = (String::from("."), whole.as_str());
        loop {
            let (part, behind) = rest.split_once('/').unwrap_or((rest, ""));
            current = path::join(&current, part);
            rest = behind;
            let targets = targets_of(&current, &read_link, &list);
            if targets.is_empty() && !rest.is_empty() {
                continue;
            }
            if resolved.insert(current) {
                // Each target's own links come before the next target.
                waiting.extend(targets.iter().rev().map(|target| path::join(target, rest)));
            }
            break;
        }
    }
    without_covered(resolved)
}

/// The include patterns of a request that also names paths to follow, given what [`follow`] made of those.
pub fn with_followed(include: &[String], followed: Vec<String>) -> Vec<String> {
    if followed.is_empty() { include.to_vec() } else { without_covered(include.iter().cloned().chain(followed)) }
}

/// Where the links lead that a path, or a pattern in its last part, names: absolute, with the context as the root.
fn targets_of(
    current: &str,
    read_link: &impl Fn(&str) -> Option<String>,
    list: &impl Fn(&str) -> Vec<String>,
) -> Vec<String> {
    // What is outside is none of this context's links, and the root is none.
    if current == "." || current == ".." || current.starts_with("../") {
        return Vec::new();
    }
    let (dir, name) = (path::dir(current), path::base(current));
    let target_of = |link: &str| read_link(link).map(|target| absolute_target(&dir, &target));
    if !has_wildcards(name) {
        return target_of(current).into_iter().collect();
    }
    let mut names = list(&dir);
    names.sort_unstable();
    names.retain(|found| glob::glob_match(name, found) == Ok(true));
    names.iter().filter_map(|found| target_of(&path::join(&dir, found))).collect()
}

/// A link's target as seen from the context's root, which nothing climbs over.
fn absolute_target(dir: &str, target: &str) -> String {
    if target.starts_with('/') { path::clean(target) } else { path::join("/", &path::join(dir, target)) }
}

/// True if a name holds a wildcard that no backslash takes the meaning from.
fn has_wildcards(name: &str) -> bool {
    let mut bytes = name.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'*' | b'?' | b'[' => return true,
            _ => {}
        }
    }
    false
}

/// Leaves out what the path before it covers; nothing is left if the root is among them.
fn without_covered(paths: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for path in paths {
        if path == "." {
            return Vec::new();
        }
        let last = kept.last().map_or("", String::as_str);
        if !is_below(&path, last) {
            kept.push(path);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    /// One case that the Go modules themselves have answered: `dir/`, `file` and `link -> target` make the tree.
    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Case {
        include: Vec<String>,
        exclude: Vec<String>,
        follow: Vec<String>,
        followed: Vec<String>,
        tree: Vec<String>,
        sent: Vec<String>,
        unopened: Vec<String>,
        refused: bool,
    }

    /// A tree in the order of a walk: a path's parts, and what it is.
    #[derive(Default)]
    struct Tree<'t>(BTreeMap<Vec<&'t str>, Entry<'t>>);

    #[derive(Clone, Copy, PartialEq)]
    enum Entry<'t> {
        Dir,
        File,
        Link(&'t str),
    }

    impl<'t> Tree<'t> {
        fn of(lines: impl IntoIterator<Item = &'t str>) -> Self {
            let entry = |line: &'t str| match (line.split_once(" -> "), line.strip_suffix('/')) {
                (Some((path, target)), _) => (path, Entry::Link(target)),
                (None, Some(path)) => (path, Entry::Dir),
                (None, None) => (line, Entry::File),
            };
            Self(lines.into_iter().map(entry).map(|(path, entry)| (path.split('/').collect(), entry)).collect())
        }

        fn follow(&self, paths: &[String]) -> Vec<String> {
            let read_link = |path: &str| match self.0.get(&path.split('/').collect::<Vec<_>>())? {
                Entry::Link(target) => Some((*target).to_owned()),
                _ => None,
            };
            let list = |dir: &str| {
                let dir: Vec<&str> = dir.split('/').filter(|part| *part != ".").collect();
                let children = self.0.keys().filter(|path| path.len() == dir.len() + 1 && path.starts_with(&dir));
                children.filter_map(|path| path.last().map(|name| (*name).to_owned())).collect()
            };
            follow(paths, read_link, list)
        }

        fn sent(&self, selection: &Selection) -> Vec<String> {
            let (mut walk, mut sent, mut skipped) = (selection.walk(), Vec::new(), None);
            for (path, entry) in &self.0 {
                let path = path.join("/");
                if skipped.as_ref().is_some_and(|dir: &String| is_below(&path, dir)) {
                    continue;
                }
                match walk.enter(&path, *entry == Entry::Dir) {
                    Verdict::Send => {
                        sent.extend(walk.due_parents());
                        sent.push(path);
                    }
                    Verdict::SkipDir => skipped = Some(path),
                    Verdict::Skip | Verdict::SendIfChildSent => {}
                }
            }
            sent
        }
    }

    #[test]
    fn sends_what_fsutil_sends() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../tests/data/dockerignore.json")).unwrap();
        for case in cases {
            let tree = Tree::of(case.tree.iter().map(String::as_str));
            let followed = tree.follow(&case.follow);
            let selection = Selection::new(&with_followed(&case.include, followed.clone()), &case.exclude);
            assert_eq!(selection.is_err(), case.refused, "{case:?}");
            if let Ok(selection) = selection {
                assert_eq!((followed, tree.sent(&selection)), (case.followed.clone(), case.sent.clone()), "{case:?}");
                let is_file = |path: &&String| tree.0[&path.split('/').collect::<Vec<_>>()] == Entry::File;
                let files = case.sent.iter().filter(is_file);
                let unopened: Vec<_> = files.filter(|path| !selection.opens(path)).cloned().collect();
                assert_eq!(unopened, case.unopened, "{case:?}");
            }
        }
    }

    #[test]
    fn follows_links_as_fsutil_does() {
        let plain = "dir/, dir/foo, dir/l1 -> foo, l2 -> dir/l1, bar, baz";
        let loops = "l1 -> l1, l2 -> l3, l3 -> l2";
        let inside = "dir/, dir/l1 -> /foo/bar/baz, foo/, foo/bar -> ../, baz";
        let outside = "dir/, dir/l1 -> /foo/bar/baz, foo/, foo/bar -> ../../../, baz";
        let covered = "dir/, dir/l1 -> /foo, dir/l2 -> /, foo/, foo/bar";
        let wild = "dir/, foo/, dir/l1 -> /foo/bar1, dir/l2 -> /foo/bar2, dir/anotherlink -> /foo/bar3, \
                    foo/bar2 -> ../baz, foo/bar1, foo/bar3, baz";
        for (tree, paths, expected) in [
            (plain, "l2, bar", "bar, dir/foo, dir/l1, l2"),
            (plain, "../l2, ../../x", "../../x, ../l2"),
            (loops, "l1, l3", "l1, l2, l3"),
            (inside, "dir/l1", "baz, dir/l1, foo/bar"),
            (outside, "dir/l1", "baz, dir/l1, foo/bar"),
            ("x", "foo/bar/baz, bar/baz", "bar/baz, foo/bar/baz"),
            ("x", ".", ""),
            ("x", "f*/foo/t*", "f*/foo/t*"),
            ("x", "foo/bar/baz, foo/bar", "foo/bar"),
            (covered, "dir/l1, foo/bar", "dir/l1, foo"),
            (covered, "dir/l2, foo, foo/bar", ""),
            (wild, "dir/l*", "baz, dir/l*, foo/bar1, foo/bar2"),
            (wild, "dir", "dir"),
            (wild, "dir, dir/*link", "dir, foo/bar3"),
        ] {
            let paths: Vec<String> = paths.split(", ").map(str::to_owned).collect();
            assert_eq!(Tree::of(tree.split(", ")).follow(&paths).join(", "), expected, "{tree}: {paths:?}");
        }
        assert_eq!(follow(&[String::new()], |_| None, |_| Vec::new()), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn nothing_panics(
            lists in prop::collection::vec(prop::collection::vec("!?([ab/*?.☺]|\\[a-c\\]|\\*\\*){0,6}", 0..3), 3),
            tree in prop::collection::vec("[ab☺]{1,2}(/[ab]){0,2}(/| -> (/|\\.\\./|\\*|a|b){1,3})?", 0..9),
        ) {
            let tree = Tree::of(tree.iter().map(String::as_str));
            let include = with_followed(&lists[0], tree.follow(&lists[1]));
            if let Ok(selection) = Selection::new(&include, &lists[2]) {
                tree.sent(&selection);
            }
        }
    }
}
