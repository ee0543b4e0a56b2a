//! A slash path: Go's `filepath` on Unix, by which the build daemon and its clients spell one.

use std::borrow::Cow;

/// `filepath.Clean`: the shortest spelling that means the same, `.` for nothing at all.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            _ => kept.push(part),
        }
    }
    match (rooted, kept.is_empty()) {
        (true, _) => format!("/{}", kept.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => kept.join("/"),
    }
}

/// `filepath.Dir`: everything before the last slash, cleaned.
pub(crate) fn dir(path: &str) -> Cow<'_, str> {
    let Some(slash) = path.rfind('/') else { return Cow::Borrowed(".") };
    let head = &path[..slash];
    if head.split('/').any(|part| matches!(part, "" | "." | "..")) {
        Cow::Owned(clean(&path[..=slash]))
    } else {
        Cow::Borrowed(head)
    }
}

/// `filepath.Base` of a clean path.
pub(crate) fn base(path: &str) -> &str {
    match path.rsplit('/').next() {
        None | Some("") if path.is_empty() => ".",
        None | Some("") => "/",
        Some(name) => name,
    }
}

/// `filepath.Join` of two paths, of which an empty one adds nothing.
pub(crate) fn join(first: &str, second: &str) -> String {
    match (first.is_empty(), second.is_empty()) {
        (true, true) => String::new(),
        (true, false) => clean(second),
        (false, true) => clean(first),
        (false, false) => clean(&format!("{first}/{second}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans_as_go_does() {
        for (path, expected) in [
            ("", "."),
            (".", "."),
            ("/", "/"),
            ("//", "/"),
            ("a/", "a"),
            ("./a//b/./c/", "a/b/c"),
            ("a/..", "."),
            ("a/../..", ".."),
            ("../../a", "../../a"),
            ("/../a", "/a"),
            ("/a/../..", "/"),
            ("!a/..", "."),
            ("..a/...", "..a/..."),
        ] {
            assert_eq!(clean(path), expected, "{path:?}");
        }
    }

    #[test]
    fn takes_paths_apart_and_puts_them_together() {
        for (path, parent, name) in
            [("a", ".", "a"), ("a/b", "a", "b"), ("a//b", "a", "b"), ("/a", "/", "a"), ("./a", ".", "a")]
        {
            assert_eq!((dir(path).as_ref(), base(path)), (parent, name), "{path:?}");
        }
        assert_eq!((dir("../a").as_ref(), dir("a/b/").as_ref(), base("/"), base("")), ("..", "a/b", "/", "."));
        assert_eq!((join(".", ""), join("", "/a/"), join("/a", "../../b")), (".".into(), "/a".into(), "/b".into()));
    }
}
