//! An index of packages, for one architecture and any number of sources.
//!
//! Debian's main release has 70,000 packages in 57 MB of text. Only what dependencies and fetching need is kept, as
//! places in one text.

mod read;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use oci_spec::image::{Digest, Sha256Digest};

use super::package::{Package, Priority};
use super::relation::Relation;
use super::version;

pub use self::read::IndexFault;

/// Which package has which name, and who provides what.
#[derive(Debug)]
pub struct Index {
    architecture: String,
    sources: Vec<String>,
    text: String,
    records: Vec<Record>,
    /// The newest of each name, by name.
    names: Vec<Id>,
    /// What packages provide beside their names, by what is provided.
    provided: Vec<Provided>,
}

/// A package in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id(u32);

/// A place in the index's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Span {
    start: u32,
    length: u32,
}

#[derive(Debug)]
struct Record {
    name: Span,
    version: Span,
    architecture: Span,
    depends: Span,
    provides: Span,
    /// `Conflicts`, then `Breaks`: among packages that are all new they mean the same.
    conflicts: Span,
    from: Span,
    filename: Span,
    size: u64,
    sha256: [u8; 32],
    priority: Priority,
    source: u16,
}

#[derive(Debug, Clone, Copy)]
struct Provided {
    name: Span,
    by: Id,
}

impl Index {
    /// An index without a package, for an architecture by Debian's name of it: `amd64`.
    pub fn new(architecture: &str) -> Self {
        let (text, sources) = (String::new(), Vec::new());
        Self { architecture: architecture.to_owned(), sources, text, records: vec![], names: vec![], provided: vec![] }
    }

    /// How many packages there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Debian's name of the architecture.
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The package of a name.
    pub fn package(&self, name: &str) -> Option<Package> {
        self.find(name).map(|id| self.describe(id))
    }

    /// The name that is most like another, where one is alike.
    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        let alike = |id: &Id| (strsim::jaro_winkler(self.name(*id), name), self.name(*id));
        let best = self.names.iter().map(alike).max_by(|one, other| one.0.total_cmp(&other.0))?;
        (best.0 > 0.85).then_some(best.1)
    }

    pub(super) fn find(&self, name: &str) -> Option<Id> {
        let at = self.names.binary_search_by(|id| self.name(*id).cmp(name)).ok()?;
        self.names.get(at).copied()
    }

    /// Who provides a name that may be no package's, in the order of the index.
    pub(super) fn providers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (Id, Relation<'a>)> {
        let start = self.provided.partition_point(|provided| self.at(provided.name) < name);
        let same = self.provided[start..].iter().take_while(move |provided| self.at(provided.name) == name);
        same.flat_map(move |provided| {
            let all = Relation::groups(self.provides(provided.by)).filter_map(Relation::parse);
            all.filter(move |relation| relation.name == name).map(|relation| (provided.by, relation))
        })
    }

    pub(super) fn name(&self, id: Id) -> &str {
        self.at(self.record(id).name)
    }

    pub(super) fn version(&self, id: Id) -> &str {
        self.at(self.record(id).version)
    }

    pub(super) fn depends(&self, id: Id) -> &str {
        self.at(self.record(id).depends)
    }

    pub(super) fn provides(&self, id: Id) -> &str {
        self.at(self.record(id).provides)
    }

    pub(super) fn conflicts(&self, id: Id) -> &str {
        self.at(self.record(id).conflicts)
    }

    pub(super) fn priority(&self, id: Id) -> Priority {
        self.record(id).priority
    }

    /// All that is known of a package.
    pub(super) fn describe(&self, id: Id) -> Package {
        let record = self.record(id);
        let (name, version) = (self.at(record.name), self.at(record.version));
        // `Source: glibc (2.41-12)`; without the version it is the package's, and without the field the name is, too.
        let (from, of) = self.at(record.from).split_once('(').unwrap_or((self.at(record.from), ""));
        let said = |text: &str, otherwise: &str| if text.is_empty() { otherwise.to_owned() } else { text.to_owned() };
        let source = (said(from.trim(), name), said(of.trim_end_matches(')').trim(), version));
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: self.at(record.architecture).to_owned(),
            source,
            priority: record.priority,
            depends: self.at(record.depends).to_owned(),
            uri: self.sources.get(usize::from(record.source)).cloned().unwrap_or_default(),
            filename: self.at(record.filename).to_owned(),
            size: record.size,
            sha256: digest(record.sha256),
        }
    }

    fn record(&self, id: Id) -> &Record {
        &self.records[id.0 as usize]
    }

    fn at(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// Puts names in order, once all is read. Of several versions the newest stays, and of equal ones the first.
    fn sort(&mut self) {
        let mut names: Vec<_> = (0..).map_while(|n| self.records.get(n as usize).map(|_| Id(n))).collect();
        names.sort_by(|one, other| {
            let newest = || version::compare(self.version(*other), self.version(*one));
            self.name(*one).cmp(self.name(*other)).then_with(newest).then(one.cmp(other))
        });
        names.dedup_by(|later, earlier| self.name(*later) == self.name(*earlier));
        let mut provided = Vec::new();
        for id in &names {
            for relation in Relation::groups(self.provides(*id)).filter_map(Relation::parse) {
                provided.push(Provided { name: self.span_of(relation.name), by: *id });
            }
        }
        let order = |one: &Provided, other: &Provided| self.at(one.name).cmp(self.at(other.name));
        provided.sort_by(|one, other| order(one, other).then(one.by.cmp(&other.by)));
        provided.dedup_by(|later, earlier| later.by == earlier.by && order(later, earlier) == Ordering::Equal);
        provided.shrink_to_fit();
        (self.names, self.provided) = (names, provided);
    }

    /// Where a piece of the text is in it.
    fn span_of(&self, piece: &str) -> Span {
        let start = piece.as_ptr() as usize - self.text.as_ptr() as usize;
        Span { start: u32::try_from(start).unwrap_or(0), length: u32::try_from(piece.len()).unwrap_or(0) }
    }
}

impl Span {
    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.length as usize
    }
}

/// A digest as images write it.
pub(super) fn digest(sha256: [u8; 32]) -> Digest {
    match hex::encode(sha256).parse::<Sha256Digest>() {
        Ok(digest) => digest.into(),
        Err(_) => unreachable!("64 hexadecimal digits are a SHA-256"),
    }
}
