//! A root file system: the rules that make one from unpacked packages.
//!
//! ```text
//! [Deb] ─judge their scripts─ place ─→ one tree ─ add what is made by rule ─→ parts, by how often they change
//! ```
//!
//! No script is run. What the scripts of the few packages would do that every image has is done by rule; another
//! package goes in if its scripts do nothing that a first installation into an image needs, and is refused by name
//! otherwise.

mod alternative;
mod certificates;
mod error;
mod known;
mod leave;
mod loader;
mod made;
mod part;
mod place;
mod records;
mod script;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::BTreeMap;
use std::io::{self, Read};

use self::alternative::{Alternative, Link, chosen};
pub use self::error::Error;
use self::known::{Known, known, python};
use self::part::Relations;
pub use self::part::{Part, What};
use self::place::{Owner, Placed};
use self::script::{Moment, judge};
pub use self::wanted::{Shell, Wanted};
use super::deb::Deb;
use crate::image::layer::{Kind, Node, Tree};

/// A root file system in its parts.
#[derive(Debug, Clone)]
pub struct Root {
    /// The parts, in the order of their layers. None is empty.
    pub parts: Vec<Part>,
    /// Every package in it, by name.
    pub packages: Vec<String>,
    /// What is other than with apt, and works without.
    pub notes: Vec<Note>,
    /// What was left out, by reason, in bytes.
    pub left_out: BTreeMap<&'static str, u64>,
}

/// What is other than with apt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The package.
    pub package: String,
    /// What is other.
    pub what: String,
}

/// Makes a root file system of packages, whichever order they are in.
pub fn compose(wanted: &Wanted, packages: &[Deb]) -> Result<Root, Error> {
    let packages = sorted(wanted, packages)?;
    let mut notes = Vec::new();
    let alternatives = scripts(&packages, &mut notes)?;
    let parts = part::parts(wanted, &packages.iter().map(|(name, deb)| (*name, relations(deb))).collect());
    let mut placed = Placed::default();
    for (name, deb) in &packages {
        placed.package(name, deb)?;
        notes.extend(deb.privileged.iter().map(|path| Note {
            package: (*name).to_owned(),
            what: format!("/{path} runs as who starts it: it has lost its set-user-ID bit"),
        }));
    }
    links(&mut placed, &alternatives)?;
    let bundle = packages.get("ca-certificates").map(|deb| certificates::bundle(&deb.tree));
    rules(&mut placed, wanted, bundle)?;
    let architecture = architecture(&packages).unwrap_or_default();
    let cache = loader::cache(placed.tree(), architecture);
    let mut records = placed.records(&packages)?;
    if let Some(cache) = cache {
        records.insert("etc/ld.so.cache", Node::file(0o644, cache)).map_err(Error::Rule)?;
    }
    let left_out = placed.left_out.clone();
    let mut parts = placed.split(&parts)?;
    parts.push(Part { what: What::Records, tree: records });
    notes.sort();
    let packages = packages.into_keys().map(str::to_owned).collect();
    Ok(Root { parts, packages, notes, left_out })
}

/// The packages by name, if they are what is needed.
fn sorted<'a>(wanted: &Wanted, packages: &'a [Deb]) -> Result<BTreeMap<&'a str, &'a Deb>, Error> {
    let mut sorted = BTreeMap::new();
    for deb in packages {
        if sorted.insert(deb.control.package(), deb).is_some() {
            return Err(Error::Twice(deb.control.package().to_owned()));
        }
    }
    let needed = wanted.base().into_iter().chain(wanted.extras.iter().cloned());
    let provided = |name: &str| sorted.values().any(|deb| relations(deb).provides.contains(&name));
    for name in needed {
        if !sorted.contains_key(name.as_str()) && !provided(&name) {
            return Err(Error::Lacks(name));
        }
    }
    let wanted = architecture(&sorted);
    for (name, deb) in &sorted {
        let (is, wanted) = (deb.control.architecture(), wanted.unwrap_or("all"));
        if is != "all" && is != wanted {
            return Err(Error::Architecture {
                package: (*name).to_owned(),
                is: is.to_owned(),
                wanted: wanted.to_owned(),
            });
        }
    }
    Ok(sorted)
}

fn architecture<'a>(packages: &BTreeMap<&'a str, &'a Deb>) -> Option<&'a str> {
    let interpreter = packages.iter().find(|(name, _)| python(name).is_some() && name.ends_with("-minimal"));
    interpreter.map(|(_, deb)| deb.control.architecture())
}

fn relations(deb: &Deb) -> Relations<'_> {
    let names = |field| deb.control.names(field);
    let depends = names("Pre-Depends").into_iter().chain(names("Depends")).collect();
    Relations { provides: names("Provides").into_iter().flatten().collect(), depends }
}

/// What the scripts come to: links, and what is done without. The first that can't be done is the end.
fn scripts(packages: &BTreeMap<&str, &Deb>, notes: &mut Vec<Note>) -> Result<Vec<Alternative>, Error> {
    let mut alternatives = Vec::new();
    for (name, deb) in packages {
        match known(name) {
            Some(Known::Done | Known::Empty(_)) => continue,
            Some(Known::Without(what)) => {
                notes.push(Note { package: (*name).to_owned(), what: what.to_owned() });
                continue;
            }
            Some(Known::Link(at, link, to)) => {
                let link = Link { at: at.to_owned(), name: link.to_owned(), to: to.to_owned() };
                // Of the two that are known, the first package's counts.
                alternatives.push(Alternative { priority: 0, links: vec![link] });
                continue;
            }
            None => {}
        }
        let moments =
            [("preinst", &deb.scripts.preinst, Moment::Before), ("postinst", &deb.scripts.postinst, Moment::After)];
        for (script, text, moment) in moments {
            let judged = judge(text.as_deref().unwrap_or_default(), moment);
            alternatives.extend(judged.map_err(|needed| Error::Script {
                package: (*name).to_owned(),
                script,
                command: needed.0,
            })?);
        }
    }
    Ok(alternatives)
}

/// The links of alternatives, where what they lead to is there.
fn links(placed: &mut Placed, alternatives: &[Alternative]) -> Result<(), Error> {
    for alternative in chosen(alternatives) {
        for link in &alternative.links {
            if placed.tree().get(link.to.trim_start_matches('/')).is_none() {
                continue;
            }
            let owner = Owner::Rule(What::Extras);
            placed.rule(&link.at, Node::symlink(format!("/etc/alternatives/{}", link.name)), owner.clone())?;
            placed.rule(&format!("etc/alternatives/{}", link.name), Node::symlink(link.to.clone()), owner)?;
        }
    }
    Ok(())
}

fn rules(placed: &mut Placed, wanted: &Wanted, bundle: Option<io::Result<Vec<u8>>>) -> Result<(), Error> {
    for (path, node, what) in made::all(placed.tree(), wanted.python) {
        placed.rule(&path, node, Owner::Rule(what))?;
    }
    if let Some(bundle) = bundle {
        let path = certificates::BUNDLE;
        let bundle = bundle.map_err(|source| Error::Content { path: path.to_owned(), source })?;
        placed.rule(path, Node::file(0o644, bundle), Owner::Rule(What::Data))?;
    }
    let names: Vec<String> = placed.names().map(str::to_owned).collect();
    for name in names {
        if let Some(Known::Empty(path)) = known(&name) {
            placed.rule(path, Node::file(0o644, ""), Owner::Rule(What::Extras))?;
        }
    }
    Ok(())
}

/// Where a path is on a system whose /usr is merged.
pub fn merged(path: &str) -> String {
    let first = path.split('/').next().unwrap_or_default();
    if made::MERGED.contains(&first) { format!("usr/{path}") } else { path.to_owned() }
}

/// A tree without what it holds of folders that nothing has to say of: their mode is what any has.
fn is_plain(tree: &Tree, path: &str, node: &Node) -> bool {
    let plain = Node::directory();
    node.mode == plain.mode && node.owner == plain.owner && tree.below(path).next().is_some()
}

/// The files of packages that are put over a base which has others: `status` is what the base's dpkg keeps of those, and
/// `loader` the text of its cache of libraries. Other caches (of icons and the like) stay as they were.
pub fn over(status: &str, loader: Option<&str>, packages: &[Deb]) -> Result<Tree, Error> {
    let packages: BTreeMap<&str, &Deb> = packages.iter().map(|deb| (deb.control.package(), deb)).collect();
    let alternatives = scripts(&packages, &mut Vec::new())?;
    let mut placed = Placed::default();
    for (name, deb) in &packages {
        placed.package(name, deb)?;
    }
    links(&mut placed, &alternatives)?;
    let records = placed.records(&packages)?;
    let mut tree = placed.tree().clone();
    for (path, node) in records.iter().filter(|(path, _)| *path != records::FORMAT) {
        let node = match &node.kind {
            Kind::File(content) if path == records::STATUS => {
                let mut all = status.trim_end().to_owned().into_bytes();
                all.extend_from_slice(b"\n\n");
                let mut ours = content.open().map_err(|source| content_of(path, source))?;
                ours.read_to_end(&mut all).map_err(|source| content_of(path, source))?;
                Node::file(0o644, all)
            }
            _ => node.clone(),
        };
        tree.insert(path, node).map_err(Error::Rule)?;
    }
    // A base without one has another loader, or looks into the folders themselves.
    let architecture = packages.values().map(|deb| deb.control.architecture()).find(|of| *of != "all");
    if let (Some(below), Some(architecture)) = (loader, architecture)
        && let Some(cache) = loader::over(below, &tree, architecture)
    {
        tree.insert("etc/ld.so.cache", Node::file(0o644, cache)).map_err(Error::Rule)?;
    }
    Ok(tree)
}

fn content_of(path: &str, source: io::Error) -> Error {
    Error::Content { path: path.to_owned(), source }
}
