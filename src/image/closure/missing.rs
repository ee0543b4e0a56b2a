//! What is missing: a library that files of an image need and do not get.

use std::fmt;

use super::distribution::Distribution;

/// A library that files of an image need and do not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its name, as the loader looks for it: `libpq.so.5`.
    pub library: String,
    /// What of it is missing.
    pub kind: Kind,
    /// Whether something fails.
    pub verdict: Verdict,
    /// Who needs it, sorted: at least one.
    pub needed_by: Vec<Needer>,
}

/// What of a library is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// All of it.
    Library,
    /// The image has an older one, which lacks this version of its symbols: `GLIBC_2.38`.
    Version(String),
    /// The file itself is for another machine than the image: what it is for, and what the image is for, by the names
    /// that image configs have.
    Machine {
        /// What it is for.
        is: String,
        /// What the image is for.
        wanted: String,
    },
}

/// Whether something fails for want of a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Whatever loads the file fails.
    Fails,
    /// It may be well nevertheless.
    Doubtful(Doubt),
}

/// Why something may be well without a library that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// The file is a part of a portable wheel, which brings all that it can't do without: this part is optional.
    Optional,
    /// Nothing that Python imports needs the file: whether anything opens it can't be seen.
    Unreached,
    /// Another Python package brings the library, and may load it first.
    Sibling,
    /// It belongs to a device's driver, and comes with the machine.
    Driver,
}

/// A file that needs a library.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needer {
    /// Its path, absolute.
    pub file: String,
    /// The Python package that brings it, where that is known.
    pub distribution: Option<Distribution>,
}

impl Missing {
    /// Whether something fails for want of it.
    pub fn fails(&self) -> bool {
        self.verdict == Verdict::Fails
    }

    /// Who needs it, in words: the distributions, else the first file.
    fn needers(&self) -> String {
        let mut names: Vec<_> = self.needed_by.iter().filter_map(|n| n.distribution.as_ref()).collect();
        names.dedup();
        let others = self.needed_by.iter().filter(|n| n.distribution.is_none()).map(|n| n.file.as_str());
        let mut all: Vec<_> = names.iter().map(ToString::to_string).chain(others.map(str::to_owned)).collect();
        all.sort_unstable();
        all.dedup();
        let more = all.len().saturating_sub(3);
        all.truncate(3);
        let all = all.join(", ");
        if more > 0 { format!("{all} and {more} more") } else { all }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (library, needers) = (&self.library, self.needers());
        let file = self.needed_by.first().map(|n| n.file.as_str()).unwrap_or_default();
        match &self.kind {
            Kind::Library => write!(f, "{needers} needs {library}, which the image does not have ({file})"),
            Kind::Version(version) => {
                write!(f, "{needers} needs {version} of {library}, and the image's is older ({file})")
            }
            Kind::Machine { is, wanted } => {
                write!(f, "{needers} is for {is}, and the image is for {wanted} ({file})")
            }
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Optional => "an optional part, perhaps: its wheel brings all that it can't do without",
            Self::Unreached => "nothing that Python imports needs that file",
            Self::Sibling => "another Python package brings it, and may load it first",
            Self::Driver => "it comes with the machine's driver",
        })
    }
}
