//! An output: what a program said, its last lines, with no credential in them.

use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::Regex;

use crate::image::site::{Missing, Place, Sdist};

/// How many lines are kept.
const LINES: usize = 40;
/// How much of a line is kept, in characters.
const WIDTH: usize = 2000;

/// What a program said last.
#[derive(Debug, Default, Clone)]
pub(super) struct Output {
    lines: VecDeque<String>,
}

impl Output {
    /// Takes a line; gives back what may be shown of it.
    pub(super) fn push(&mut self, line: &str) -> Option<&str> {
        let line = line.trim_end();
        if line.is_empty() {
            return None;
        }
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(redact(&line.chars().take(WIDTH).collect::<String>()));
        self.lines.back().map(String::as_str)
    }

    /// The lines.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }

    /// The distribution whose file was not the one that was locked.
    pub(super) fn mismatch(&self) -> Option<String> {
        let line = self.lines.iter().find_map(|line| line.split_once("Hash mismatch for `"))?.1;
        Some(line.split(['`', '@']).next().unwrap_or(line).trim().to_owned())
    }

    /// The distributions that can't be had as wheels, where that is why it failed.
    pub(super) fn without_wheel(&self) -> Vec<Missing> {
        static SAYS: LazyLock<Vec<(Regex, bool)>> = LazyLock::new(|| {
            let patterns = [
                (r"Wheels are required for `([^`=]+)(?:==([^`]+))?`", true),
                (r"Package `([^`=]+)(?:==([^`]+))?` can't be installed because it is marked as `--no-build`", true),
                (r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:==([^\s,]+)|[<>~!][^\s]*)? ha(?:s|ve) no (?:usable )?wheels", false),
                (r"`([^`=]+)(?:==([^`]+))?`? can't be installed because it doesn't have a source distribution", false),
            ];
            patterns.into_iter().filter_map(|(pattern, source)| Some((Regex::new(pattern).ok()?, source))).collect()
        });
        let mut missing: Vec<Missing> = Vec::new();
        for (pattern, source) in SAYS.iter() {
            for found in self.lines.iter().flat_map(|line| pattern.captures_iter(line)) {
                let name = found[1].to_ascii_lowercase().replace(['_', '.'], "-");
                let version = found.get(2).map(|version| version.as_str().to_owned());
                match missing.iter_mut().find(|one| one.name == name) {
                    Some(one) => one.version = one.version.take().or(version),
                    None => {
                        missing.push(Missing { name, version, source: *source, platforms: Vec::new(), sdist: None });
                    }
                }
            }
        }
        for one in missing.iter_mut().filter(|one| one.source) {
            let (name, version) = (one.name.clone(), one.version.clone());
            one.sdist = Some(Sdist { name, version, place: Place::Index, sha256: Vec::new() });
        }
        missing.sort();
        missing
    }
}

/// The text without what may be a credential: a URL's user and password, and its query.
pub(super) fn redact(text: &str) -> String {
    static USER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"://[^/\s@`'\x22]*@").ok());
    static QUERY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(://[^\s?`'\x22]*)\?[^\s`'\x22)]*").ok());
    let (Some(user), Some(query)) = (USER.as_ref(), QUERY.as_ref()) else { return String::new() };
    query.replace_all(&user.replace_all(text, "://***@"), "$1?***").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Output {
        let mut output = Output::default();
        for line in text.lines() {
            output.push(line);
        }
        output
    }

    #[test]
    fn credentials_are_not_kept() {
        let text = "GET https://u:p%40@index.example/simple?token=s and `https://t@x.example/a`, http://y.example/?q";
        let kept = "GET https://***@index.example/simple?*** and `https://***@x.example/a`, http://y.example/?***";
        assert_eq!(redact(text), kept);
        assert_eq!(redact("torch @ file:///x"), "torch @ file:///x");
    }

    #[test]
    fn the_last_lines_are_kept_and_none_is_endless() {
        let mut output = said(&"line\n".repeat(100));
        output.push(&"é".repeat(5000));
        let lines = output.lines();
        assert_eq!((lines.len(), lines.last().map(|line| line.chars().count())), (LINES, Some(WIDTH)));
    }

    #[test]
    fn what_uv_says_of_wheels_is_understood() {
        let resolving = said(
            "error: No solution found when resolving dependencies\n  cause: Because psycopg2==2.9.10 has no usable wheels \
             and you require psycopg2==2.9.10, we can conclude that your requirements are unsatisfiable.\n\
             hint: Wheels are required for `psycopg2` because building from source is disabled for all packages",
        );
        let [missing] = resolving.without_wheel().try_into().unwrap_or_else(|_| unreachable!());
        assert_eq!((missing.to_string().as_str(), missing.source), ("psycopg2 2.9.10", true));
        let ranged = said(
            "  cause: Because jsonpath>=0.82 has no usable wheels and all versions of akshare depend on jsonpath>=0.82, we \
             can conclude that all versions of akshare cannot be used.\n\
             hint: Wheels are required for `jsonpath` because building from source is disabled for all packages",
        );
        assert_eq!(ranged.without_wheel().iter().map(ToString::to_string).collect::<Vec<_>>(), ["jsonpath"]);
        let installing = said(
            "error: Package `lib2` can't be installed because it is marked as `--no-build` but has no binary distribution",
        );
        assert_eq!(installing.without_wheel().iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["lib2"]);
        assert!(said("error: something else").without_wheel().is_empty());
    }

    #[test]
    fn a_wrong_hash_is_told() {
        let output =
            said("error: Failed to download `six==1.17.0`\n  cause: Hash mismatch for `six==1.17.0`\n\n   Expected:");
        assert_eq!(output.mismatch().as_deref(), Some("six==1.17.0"));
        assert_eq!(said("error: x").mismatch(), None);
    }
}
