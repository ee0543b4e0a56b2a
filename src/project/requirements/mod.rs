//! Requirements files, as pip reads them.

mod flat;
mod lines;
mod options;

use std::collections::{BTreeMap, BTreeSet};

pub use self::flat::{Flat, Replacement, flatten};
use self::lines::Line;
use self::options::{Fault, Given, Opt};
use super::marker::Target;
use super::requirement::{self, Origin, Requirement};
use super::{Dependency, Error, Evidence, paths};
use crate::source::SourceTree;

/// Deeper than people nest; what bounds the recursion.
const DEPTH: usize = 32;

/// What a file of requirements and all that it includes say.
#[derive(Debug, Default)]
pub(crate) struct Requirements {
    /// The files in the order in which pip meets them.
    pub(crate) files: Vec<String>,
    /// Whether hashes are checked.
    pub(crate) hashes: bool,
    /// The variables that pip replaces.
    pub(crate) variables: BTreeSet<String>,
    /// The files and folders that must be there.
    pub(crate) local_paths: BTreeSet<String>,
    /// The lines that name an index or a page of links.
    pub(crate) indexes: Vec<Evidence>,
    /// What is installed on Linux, by name.
    pub(crate) packages: BTreeMap<String, Dependency>,
    /// The extras of the project itself that are asked for, where it is among its own requirements.
    pub(crate) own_extras: BTreeSet<String>,
    constraints: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Install,
    Constrain,
}

/// Reads the files at `roots` and whatever they include.
pub(crate) fn read(tree: &SourceTree, roots: &[String], target: Target) -> Result<Requirements, Error> {
    let mut reader = Reader { tree, target, out: Requirements::default(), open: Vec::new(), done: BTreeSet::new() };
    for root in roots {
        reader.file(root, Role::Install)?;
    }
    let mut out = reader.out;
    for (name, version) in &out.constraints {
        if let Some(package) = out.packages.get_mut(name) {
            package.version.get_or_insert_with(|| version.clone());
        }
    }
    Ok(out)
}

struct Reader<'a> {
    tree: &'a SourceTree,
    target: Target,
    out: Requirements,
    open: Vec<String>,
    done: BTreeSet<(String, Role)>,
}

impl Reader<'_> {
    fn file(&mut self, path: &str, role: Role) -> Result<(), Error> {
        if !self.done.insert((path.to_owned(), role)) {
            return Ok(());
        }
        if !self.out.files.iter().any(|file| file == path) {
            self.out.files.push(path.to_owned());
        }
        let text = self.tree.text(path)?.unwrap_or_default();
        self.open.push(path.to_owned());
        for line in lines::logical(&text) {
            self.line(path, &line, role)?;
        }
        self.open.pop();
        Ok(())
    }

    fn line(&mut self, path: &str, line: &Line, role: Role) -> Result<(), Error> {
        let at = Evidence::line(path, line.number);
        let place = Place { at: &at, line };
        self.out.variables.extend(variables(&line.text));
        let (requirement, given) = options::split(&line.text).map_err(|fault| place.fault(fault))?;
        for option in &given {
            self.option(&place, option, role, requirement.is_empty())?;
        }
        if !requirement.is_empty() {
            let parsed = Requirement::parse(&requirement).map_err(|reason| place.refuse(reason))?;
            self.requirement(&place, parsed, role)?;
        }
        Ok(())
    }

    fn option(&mut self, place: &Place<'_>, given: &Given, role: Role, alone: bool) -> Result<(), Error> {
        let value = given.value.as_str();
        match (given.option, alone) {
            (Opt::Hash, _) | (Opt::RequireHashes, true) => self.out.hashes = true,
            (Opt::Setting, _) | (Opt::Other, true) => {}
            (_, false) => return Err(place.refuse("this option needs a line of its own".to_owned())),
            (Opt::Requirement, true) => self.include(place, value, role)?,
            (Opt::Constraint, true) => self.include(place, value, Role::Constrain)?,
            (Opt::Editable, true) => {
                let parsed = if value.contains(" @ ") {
                    Requirement::parse(value).map_err(|reason| place.refuse(reason))?
                } else {
                    Requirement::of_location(value, None)
                };
                self.requirement(place, parsed, role)?;
            }
            (Opt::Index, true) => self.out.indexes.push(place.at.clone()),
            (Opt::FindLinks, true) => {
                if value.contains("://") || value.contains("${") {
                    self.out.indexes.push(place.at.clone());
                } else {
                    let path = self.local(place, value)?;
                    self.out.local_paths.insert(path);
                }
            }
        }
        Ok(())
    }

    fn include(&mut self, place: &Place<'_>, written: &str, role: Role) -> Result<(), Error> {
        if written.contains("://") {
            // Constraints from a URL only narrow what is named elsewhere; requirements from one can't be seen.
            return match role {
                Role::Constrain => Ok(()),
                Role::Install => Err(place.refuse("requirements can't be included from a URL".to_owned())),
            };
        }
        let folder = self.open.last().map_or("", |file| paths::folder(file));
        let path = paths::resolve(folder, written, place.at)?;
        if self.open.contains(&path) || self.open.len() >= DEPTH {
            return Err(Error::IncludeCycle { at: place.at.clone(), path });
        }
        if !self.tree.contains(&path) {
            return Err(Error::MissingPath { at: place.at.clone(), path });
        }
        self.file(&path, role)
    }

    /// A path in a requirement, which pip takes from the folder that it runs in: the root.
    fn local(&self, place: &Place<'_>, written: &str) -> Result<String, Error> {
        let path = paths::resolve("", written.split(['#', '?']).next().unwrap_or(written), place.at)?;
        if self.tree.contains(&path) || paths::is_folder(self.tree, &path) {
            return Ok(path);
        }
        Err(Error::MissingPath { at: place.at.clone(), path })
    }

    fn requirement(&mut self, place: &Place<'_>, parsed: Requirement, role: Role) -> Result<(), Error> {
        let holds = match &parsed.marker {
            Some(marker) => self.target.holds(marker).map_err(|reason| place.refuse(reason))?,
            None => true,
        };
        let mut name = parsed.name.clone();
        if let Origin::Path(written) = &parsed.origin
            && !written.contains("${")
        {
            let path = self.local(place, written)?;
            if path == "." {
                self.out.own_extras.extend(parsed.extras.iter().cloned());
            } else if name.is_none() {
                name = self.local_name(&path)?;
            }
            self.out.local_paths.insert(path);
        }
        let Some(name) = name.filter(|_| holds) else { return Ok(()) };
        let (version, below) = (parsed.pinned(), parsed.below());
        if role == Role::Constrain {
            self.out.constraints.extend(version.map(|version| (name, version)));
            return Ok(());
        }
        let package = self.out.packages.entry(name.clone()).or_insert_with(|| Dependency {
            name,
            version: None,
            below: None,
            extras: Vec::new(),
            evidence: place.at.clone(),
            wheels: None,
            sdist: None,
            direct: false,
            only: None,
        });
        package.direct |= place.line.direct();
        package.version = package.version.take().or(version);
        package.below = package.below.take().or(below);
        package.extras.extend(parsed.extras);
        package.extras.sort();
        package.extras.dedup();
        Ok(())
    }

    /// The name of the package in a folder: what its own pyproject.toml says, else the folder's.
    fn local_name(&self, path: &str) -> Result<Option<String>, Error> {
        if self.tree.contains(path) {
            return Ok(None);
        }
        let file = paths::join(path, super::pyproject::FILE);
        let stated = match self.tree.text(&file)? {
            Some(text) => super::toml_file::TomlFile::parse(&file, text)?.text(&["project", "name"])?,
            None => None,
        };
        let name = stated.map_or_else(|| paths::file_name(path).to_owned(), |name| name.text);
        Ok(Some(requirement::normalise(&name)))
    }
}

/// A line and where it stands.
struct Place<'a> {
    at: &'a Evidence,
    line: &'a Line,
}

impl Place<'_> {
    fn refuse(&self, reason: String) -> Error {
        refuse(self.at, &self.line.text, reason)
    }

    fn fault(&self, fault: Fault) -> Error {
        match fault {
            Fault::Unknown(option, nearest) => Error::UnknownOption { at: self.at.clone(), option, nearest },
            Fault::Malformed(reason) => self.refuse(reason),
        }
    }
}

/// A requirement that can't be read, with what to write instead.
pub(crate) fn refuse(at: &Evidence, text: &str, reason: String) -> Error {
    let hint = if text.starts_with(['<', '>', '=']) {
        "a merge left a mark here: keep one of the two sides"
    } else if text.starts_with("pip ") || text.starts_with("python") {
        "keep only the requirement, without the command"
    } else if reason.contains("line of its own") {
        "move the option to a line before the requirement"
    } else if reason.contains("from a URL") {
        "download the file into the project and include it by its path"
    } else {
        "write it as name[extra]>=1.0 ; marker, or as name @ URL"
    };
    Error::Requirement { at: at.clone(), text: redact(text), reason, hint: Some(hint.to_owned()) }
}

/// The text without the credentials that a URL in it may carry.
fn redact(text: &str) -> String {
    let mut words = text.split(' ').map(|word| match word.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((user, host)) if !user.contains('/') => format!("{scheme}://***@{host}"),
            _ => word.to_owned(),
        },
        None => word.to_owned(),
    });
    let first = words.next().unwrap_or_default();
    words.fold(first, |text, word| text + " " + &word)
}

/// The names in `${NAME}`, which pip replaces if they are upper case.
fn variables(text: &str) -> Vec<String> {
    let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    names.filter(|name| !name.is_empty() && name.chars().all(upper)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
