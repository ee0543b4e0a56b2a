//! A flat file of requirements: all that is included in one text, with wheels in the place of what was built of them.

use std::collections::BTreeSet;

use super::lines::{self, Line};
use super::options::{self, Given, Opt};
use crate::project::requirement::{Origin, Requirement};
use crate::project::{Evidence, paths};

/// A wheel that is installed instead of what a line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The folder that it was built from, relative to the root; `None` where it stands for every line of its name.
    pub path: Option<String>,
    /// Its name, normalised.
    pub name: String,
    /// Where it is: an absolute path.
    pub file: String,
    /// Its digest, in hexadecimal.
    pub sha256: String,
}

/// A flat file of requirements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flat {
    /// Its text.
    pub text: String,
    /// Whether hashes are checked.
    pub hashes: bool,
    /// Whether versions may be prereleases.
    pub prereleases: bool,
}

/// Flattens the first of `files` (paths relative to `root`, an absolute path, with their texts) with all that it
/// includes.
pub fn flatten(root: &str, files: &[(String, String)], replacements: &[Replacement]) -> Flat {
    let used = vec![false; replacements.len()];
    let mut flat = Flattener { root, files, replacements, used, done: BTreeSet::new(), out: Flat::default() };
    flat.out.hashes = files.iter().flat_map(|(_, text)| lines::logical(text)).any(|line| line.text.contains("--hash"));
    if let Some((first, _)) = files.first() {
        flat.file(first);
    }
    // What nobody names was asked for by another package.
    for (index, replacement) in replacements.iter().enumerate() {
        if replacement.path.is_none() && flat.used.get(index) == Some(&false) {
            let line = flat.wheel(replacement, &[], None);
            flat.push(&line);
        }
    }
    flat.out
}

struct Flattener<'a> {
    root: &'a str,
    files: &'a [(String, String)],
    replacements: &'a [Replacement],
    used: Vec<bool>,
    done: BTreeSet<String>,
    out: Flat,
}

impl Flattener<'_> {
    fn push(&mut self, line: &str) {
        self.out.text.push_str(line);
        self.out.text.push('\n');
    }

    fn file(&mut self, path: &str) {
        let Some((_, text)) = self.files.iter().find(|(p, _)| p == path) else { return };
        if !self.done.insert(path.to_owned()) {
            return;
        }
        for line in lines::logical(text) {
            // What can't be read was refused when the project was.
            let Ok((requirement, given)) = options::split(&line.text) else { continue };
            if requirement.is_empty() {
                given.iter().for_each(|option| self.option(path, &line, option));
            } else if let Ok(parsed) = Requirement::parse(&requirement) {
                let hashes = given.iter().filter(|g| g.option == Opt::Hash).map(|g| format!(" --hash={}", g.value));
                let hashes: String = hashes.collect();
                self.requirement(&requirement, &hashes, &parsed);
            }
        }
    }

    fn option(&mut self, path: &str, line: &Line, given: &Given) {
        let value = given.value.as_str();
        match given.option {
            Opt::Requirement => {
                if let Some(path) = normal(paths::folder(path), value) {
                    self.file(&path);
                }
            }
            Opt::Constraint if value.contains("://") => self.push(&format!("-c {value}")),
            Opt::Constraint => {
                if let Some(path) = normal(paths::folder(path), value) {
                    self.push(&format!("-c {}/{path}", self.root));
                }
            }
            Opt::Editable => {
                let parsed = if value.contains(" @ ") {
                    Requirement::parse(value).ok()
                } else {
                    Some(Requirement::of_location(value, None))
                };
                if let Some(parsed) = parsed {
                    self.requirement(value, "", &parsed);
                }
            }
            Opt::FindLinks if !value.contains("://") && !value.contains("${") => {
                if let Some(path) = normal("", value) {
                    self.push(&format!("--find-links {}/{path}", self.root));
                }
            }
            Opt::Index | Opt::FindLinks => self.push(&line.text),
            Opt::Other if line.text.starts_with("--pre") && !line.text.starts_with("--prefer") => {
                self.out.prereleases = true;
            }
            Opt::Other if ["--no-index", "--no-binary", "--only-binary"].iter().any(|o| line.text.starts_with(o)) => {
                self.push(&line.text);
            }
            Opt::RequireHashes => self.out.hashes = true,
            Opt::Hash | Opt::Setting | Opt::Other => {}
        }
    }

    fn requirement(&mut self, text: &str, hashes: &str, parsed: &Requirement) {
        let path = match &parsed.origin {
            Origin::Path(written) => normal("", written.split(['#', '?']).next().unwrap_or(written)),
            _ => None,
        };
        let by_path = |r: &Replacement| r.path.is_some() && r.path == path;
        let by_name = |r: &Replacement| r.path.is_none() && parsed.name.as_ref() == Some(&r.name);
        let found = self.replacements.iter().position(|r| by_path(r) || by_name(r));
        if let Some((index, replacement)) = found.and_then(|index| Some((index, self.replacements.get(index)?))) {
            self.used[index] = true;
            let line = self.wheel(replacement, &parsed.extras, parsed.marker.as_deref());
            self.push(&line);
            return;
        }
        match (&parsed.origin, path) {
            (Origin::Path(written), Some(path)) => {
                let text = text.replacen(written.as_str(), &format!("{}/{path}", self.root), 1);
                self.push(&format!("{text}{hashes}"));
            }
            _ => self.push(&format!("{text}{hashes}")),
        }
    }

    fn wheel(&self, replacement: &Replacement, extras: &[String], marker: Option<&str>) -> String {
        let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
        let marker = marker.map(|marker| format!(" ; {marker}")).unwrap_or_default();
        let hash = if self.out.hashes { format!(" --hash=sha256:{}", replacement.sha256) } else { String::new() };
        format!("{}{extras} @ {}{marker}{hash}", replacement.name, url(&replacement.file))
    }
}

/// The path that `written` names from the folder `base`; `None` where it leads out of the project.
fn normal(base: &str, written: &str) -> Option<String> {
    paths::resolve(base, written, &Evidence::file("")).ok()
}

fn url(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~+".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    format!("file://{}", path.bytes().map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Vec<(String, String)> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    fn replacement(path: Option<&str>, name: &str) -> Replacement {
        let file = format!("/w e/{name}-1-py3-none-any.whl");
        Replacement { path: path.map(str::to_owned), name: name.into(), file, sha256: "00".into() }
    }

    #[test]
    fn includes_are_one_text() {
        let files = files(&[
            (
                "requirements.txt",
                "-r requirements/prod.txt\n-c c.txt\n--index-url https://index.example/simple\n--pre\n",
            ),
            ("requirements/prod.txt", "-r base.txt\na==1 ; python_version > '3' # why\n--find-links ./wheels\n"),
            ("requirements/base.txt", "b \\\n >=2\n./x.whl\n--prefer-binary\n-r ../requirements.txt\n"),
            ("c.txt", "b<3\n"),
        ]);
        let flat = flatten("/p", &files, &[]);
        assert!(flat.prereleases && !flat.hashes);
        let (first, rest) = flat.text.split_once("a==1").unwrap_or_default();
        assert!(first.starts_with("b >=2\n/p/x.whl\n"), "{first}");
        assert!(
            rest.contains("--find-links /p/wheels\n-c /p/c.txt\n--index-url https://index.example/simple\n"),
            "{rest}"
        );
    }

    #[test]
    fn wheels_take_the_place_of_folders_and_names() {
        let files = files(&[(
            "requirements.txt",
            "-e .[server]\n./libs/core ; python_version > '3'\nPsycopg2==2.9\ncore2 @ ./libs/core2\ngit+https://git.example/r\n",
        )]);
        let replacements = [
            replacement(Some("."), "app"),
            replacement(Some("libs/core"), "core"),
            replacement(Some("libs/core2"), "core2"),
            replacement(None, "psycopg2"),
            replacement(None, "deep"),
        ];
        assert_eq!(
            flatten("/p", &files, &replacements).text,
            "app[server] @ file:///w%20e/app-1-py3-none-any.whl\n\
             core @ file:///w%20e/core-1-py3-none-any.whl ; python_version > '3'\n\
             psycopg2 @ file:///w%20e/psycopg2-1-py3-none-any.whl\n\
             core2 @ file:///w%20e/core2-1-py3-none-any.whl\n\
             git+https://git.example/r\n\
             deep @ file:///w%20e/deep-1-py3-none-any.whl\n"
        );
    }

    #[test]
    fn hashes_are_kept_and_given() {
        let files = files(&[(
            "requirements.txt",
            "a==1 \\\n  --hash=sha256:11 \\\n  --hash=sha256:22\nb==1 --hash=sha256:33\n",
        )]);
        let flat = flatten("/p", &files, &[replacement(None, "b")]);
        assert!(flat.hashes);
        assert_eq!(
            flat.text,
            "a==1 --hash=sha256:11 --hash=sha256:22\nb @ file:///w%20e/b-1-py3-none-any.whl --hash=sha256:00\n"
        );
    }
}
