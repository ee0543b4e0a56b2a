//! A path that one file of a project writes to name another.

use super::{Error, Evidence};
use crate::source::SourceTree;

/// The path that `written` names from the folder `base`, relative to the root; `.` for the root itself.
pub(crate) fn resolve(base: &str, written: &str, at: &Evidence) -> Result<String, Error> {
    let outside = || Error::OutsideContext { at: at.clone(), path: written.to_owned() };
    let written = written.replace('\\', "/");
    let drive = written.as_bytes().get(1) == Some(&b':');
    // What is no path of anyone's would end a line of a Dockerfile.
    let control = written.contains(|c: char| c.is_control());
    if written.starts_with('/') || written.starts_with('~') || drive || control {
        return Err(outside());
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or_else(outside)?;
            }
            part => parts.push(part),
        }
    }
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// The folder that a file lies in; empty for the root.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Whether a path ends in `.` and the extension, as it is written.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

/// `name` in `folder`, which is empty or `.` for the root.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() || folder == "." { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Whether a path is that of the root itself.
pub(crate) fn is_root(path: &str) -> bool {
    path.split(['/', '\\']).all(|part| matches!(part, "" | "."))
}

/// Whether the name of a file says that it is for other purposes than what runs: `requirements-dev`.
pub(crate) fn is_aside(name: &str) -> bool {
    const ASIDE: [&str; 6] = ["dev", "test", "doc", "lint", "ci", "local"];
    name.split(|c: char| !c.is_ascii_alphabetic()).any(|word| ASIDE.contains(&word))
}

/// Whether there is a folder at `path` with any file in it.
pub(crate) fn is_folder(tree: &SourceTree, path: &str) -> bool {
    let prefix = format!("{path}/");
    path == "." || path.is_empty() || tree.files().any(|file| file.starts_with(&prefix))
}

/// Whether a path matches a pattern of `*`, `?`, `[abc]` and `**`.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    // Bounded, so that a pattern of many stars can't take exponential time.
    let mut steps = 20_000_usize;
    glob(pattern.as_bytes(), path.as_bytes(), &mut steps)
}

fn glob(pattern: &[u8], path: &[u8], steps: &mut usize) -> bool {
    let Some(left) = steps.checked_sub(1) else { return false };
    *steps = left;
    match pattern {
        [] => path.is_empty(),
        [b'*', b'*', b'/', rest @ ..] => {
            glob(rest, path, steps)
                || path
                    .iter()
                    .enumerate()
                    .any(|(i, b)| *b == b'/' && glob(rest, path.get(i + 1..).unwrap_or(&[]), steps))
        }
        [b'*', rest @ ..] => (0..=path.len())
            .take_while(|&i| i == 0 || path.get(i - 1) != Some(&b'/'))
            .any(|i| glob(rest, path.get(i..).unwrap_or(&[]), steps)),
        [b'?', rest @ ..] => matches!(path, [c, tail @ ..] if *c != b'/' && glob(rest, tail, steps)),
        [b'[', rest @ ..] => match (rest.iter().position(|b| *b == b']'), path) {
            (Some(end), [c, tail @ ..]) if rest.get(..end).is_some_and(|set| set.contains(c)) => {
                glob(rest.get(end + 1..).unwrap_or(&[]), tail, steps)
            }
            _ => false,
        },
        [p, rest @ ..] => matches!(path, [c, tail @ ..] if c == p && glob(rest, tail, steps)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_stay_inside() {
        let at = Evidence::line("requirements/prod.txt", 1);
        let from = |written: &str| resolve("requirements", written, &at);
        assert_eq!(from("base.txt").unwrap(), "requirements/base.txt");
        assert_eq!(from("../base.txt").unwrap(), "base.txt");
        assert_eq!(from("..").unwrap(), ".");
        assert_eq!(from(".\\base.txt").unwrap(), "requirements/base.txt");
        for out in ["../../base.txt", "/etc/base.txt", "~/base.txt", "C:\\base.txt", "a\nRUN x"] {
            let error = from(out).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("requirements/prod.txt:1 names {out}, which lies outside the build context")
            );
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        assert!(matches("LICEN[CS]E*", "LICENSE.txt"));
        assert!(matches("licenses/*.md", "licenses/MIT.md"));
        assert!(!matches("*.md", "licenses/MIT.md"));
        assert!(matches("**/*.md", "a/b/MIT.md"));
        assert!(!matches("****************************b", &"a".repeat(200)));
    }
}
