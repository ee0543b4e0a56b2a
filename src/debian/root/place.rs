//! Placed files: the packages' files laid over each other, with who has what.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::made::MERGED;
use super::part::{Part, What};
use super::records::{Installed, records};
use super::{Error, is_plain, leave, merged};
use crate::debian::deb::Deb;
use crate::image::layer::{Content, Kind, Node, Tree};

/// The most links that one path leads over: Linux' own limit.
const LINKS: usize = 40;

/// Whose a path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// A package's, where it has it under this path.
    Package { name: String, original: String },
    /// Made by rule, for this part.
    Rule(What),
}

/// One tree of all packages.
#[derive(Debug, Default)]
pub(super) struct Placed {
    tree: Tree,
    owners: BTreeMap<String, Owner>,
    packages: BTreeMap<String, Vec<String>>,
    /// What was left out, by reason, in bytes.
    pub(super) left_out: BTreeMap<&'static str, u64>,
}

impl Placed {
    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The names of the packages.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.packages.keys().map(String::as_str)
    }

    /// Puts a package's files in.
    pub(super) fn package(&mut self, name: &str, deb: &Deb) -> Result<(), Error> {
        let replaces = deb.control.names("Replaces").into_iter().flatten().map(str::to_owned).collect();
        self.packages.insert(name.to_owned(), replaces);
        // The links of a merged /usr are made by rule, whether a package has them, or folders there.
        for (original, node) in deb.tree.iter().filter(|(path, _)| !MERGED.contains(path)) {
            let path = merged(original);
            if let Some(why) = leave::reason(&path) {
                if let Kind::File(content) = &node.kind {
                    *self.left_out.entry(why).or_default() += content.size();
                }
            } else if !(matches!(node.kind, Kind::Directory) && is_plain(&deb.tree, original, node)) {
                let path = self.resolve(name, &path)?;
                let owner = Owner::Package { name: name.to_owned(), original: original.to_owned() };
                self.put(&path, node.clone(), owner)?;
            }
        }
        Ok(())
    }

    /// Puts in what is made by rule, unless there is something.
    pub(super) fn rule(&mut self, path: &str, node: Node, owner: Owner) -> Result<(), Error> {
        let path = merged_below(path);
        if self.tree.get(&path).is_some() || self.tree.below(&path).next().is_some() {
            return Ok(());
        }
        self.tree.insert(&path, node).map_err(Error::Rule)?;
        self.owners.insert(path, owner);
        Ok(())
    }

    fn put(&mut self, path: &str, node: Node, owner: Owner) -> Result<(), Error> {
        match (self.tree.get(path).map(|node| &node.kind), &node.kind) {
            // Folders are shared: one that others may write to, or none may look into, stays so.
            (Some(Kind::Directory), Kind::Directory) if node.mode == 0o755 => return Ok(()),
            // As dpkg has it: a link to a folder will do for one, and a folder is never replaced by a link.
            (Some(Kind::Symlink(_)), Kind::Directory) | (Some(Kind::Directory), Kind::Symlink(_)) => return Ok(()),
            (None, Kind::Symlink(_)) if self.tree.below(path).next().is_some() => return Ok(()),
            (Some(Kind::File(_) | Kind::Symlink(_)), Kind::File(_) | Kind::Symlink(_))
                if !self.wins(path, &node, &owner)? =>
            {
                return Ok(());
            }
            _ => {}
        }
        self.tree.insert(path, node).map_err(|source| Error::Place { package: owner.name().to_owned(), source })?;
        self.owners.insert(path.to_owned(), owner);
        Ok(())
    }

    /// Whether a second owner's file takes the place of the first's: it does where it says that it replaces it.
    fn wins(&self, path: &str, node: &Node, owner: &Owner) -> Result<bool, Error> {
        let (Some(before), Some(first)) = (self.tree.get(path), self.owners.get(path)) else { return Ok(true) };
        let replaces = |new: &Owner, old: &Owner| {
            self.packages.get(new.name()).is_some_and(|replaced| replaced.iter().any(|name| name == old.name()))
        };
        if replaces(owner, first) {
            return Ok(true);
        }
        let same = same(&before.kind, &node.kind).map_err(|source| Error::Content { path: path.to_owned(), source })?;
        if same || replaces(first, owner) {
            return Ok(false);
        }
        let (first, second) = (first.name().to_owned(), owner.name().to_owned());
        Err(Error::Clash { path: path.to_owned(), first, second })
    }

    /// A path's true place: below what the links on its way lead to.
    fn resolve(&self, package: &str, path: &str) -> Result<String, Error> {
        let circle = || Error::Circle { package: package.to_owned(), path: path.to_owned() };
        let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let (mut at, mut links) = (Vec::new(), 0);
        while let Some(part) = rest.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    at.pop();
                    continue;
                }
                _ => at.push(part),
            }
            let Some(Kind::Symlink(target)) = self.tree.get(&at.join("/")).map(|node| &node.kind) else { continue };
            // The last part is what is put there, whatever it is.
            if rest.is_empty() {
                continue;
            }
            links += 1;
            if links > LINKS {
                return Err(circle());
            }
            at.pop();
            let target = if let Some(absolute) = target.strip_prefix('/') {
                at.clear();
                merged(absolute)
            } else {
                target.clone()
            };
            rest.extend(target.split('/').rev().map(str::to_owned));
        }
        Ok(at.join("/"))
    }

    /// The records of the packages.
    pub(super) fn records(&self, packages: &BTreeMap<&str, &Deb>) -> Result<Tree, Error> {
        let mut files: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        for (path, owner) in &self.owners {
            if let Owner::Package { name, original } = owner {
                files.entry(name).or_default().insert(path, original);
            }
        }
        let mut installed = Vec::new();
        for (name, deb) in packages {
            installed.push(Installed { deb, files: files.remove(name).unwrap_or_default() });
        }
        records(&installed).map_err(Error::Rule)
    }

    /// Divides it into parts.
    pub(super) fn split(self, parts: &BTreeMap<&str, What>) -> Result<Vec<Part>, Error> {
        let mut trees: BTreeMap<What, Tree> = BTreeMap::new();
        for (path, node) in self.tree.iter() {
            let what = match self.owners.get(path) {
                Some(Owner::Package { name, .. }) => parts.get(name.as_str()).copied(),
                Some(Owner::Rule(what)) => Some(*what),
                None => None,
            };
            let tree = trees.entry(what.unwrap_or(What::Libraries)).or_default();
            tree.insert(path, node.clone()).map_err(Error::Rule)?;
        }
        Ok(trees.into_iter().map(|(what, tree)| Part { what, tree }).collect())
    }
}

impl Owner {
    fn name(&self) -> &str {
        match self {
            Self::Package { name, .. } => name,
            Self::Rule(_) => "",
        }
    }
}

/// The links of a merged /usr are themselves where they are.
fn merged_below(path: &str) -> String {
    if path.contains('/') { merged(path) } else { path.to_owned() }
}

/// Whether two files are the same, byte for byte.
fn same(left: &Kind, right: &Kind) -> io::Result<bool> {
    match (left, right) {
        (Kind::Symlink(left), Kind::Symlink(right)) => Ok(left == right),
        (Kind::File(left), Kind::File(right)) => Ok(left.size() == right.size() && bytes(left)? == bytes(right)?),
        _ => Ok(false),
    }
}

fn bytes(content: &Content) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    content.open()?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
