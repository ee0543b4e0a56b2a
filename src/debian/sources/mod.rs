//! A source: where an archive is, and which releases of it, as apt's configuration says it.
//!
//! <https://manpages.debian.org/sources.list.5>

mod choose;
mod read;
#[cfg(test)]
mod tests;

pub use self::choose::{choose, snapshots};
pub use self::read::{Form, Unreadable, read};

/// One release of one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The archive's address, without a slash at its end.
    pub uri: String,
    /// The release, as its folder under `dists` is called: `trixie`, `trixie-security`.
    pub suite: String,
    /// Which parts of it, by name: `main`. Never none.
    pub components: Vec<String>,
    /// For which architectures; all of them where it names none.
    pub architectures: Vec<String>,
    /// Whose signature it is said to have.
    pub signer: Signer,
    /// Whether an index is refused that says to be valid no more.
    pub expiry: Expiry,
}

/// Whose signature a source is said to have. It is only for choosing among sources: what is trusted is up to
/// [`Trust`](super::trust::Trust).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// Nobody in particular.
    Unsaid,
    /// Debian, by the name of its keyring.
    Debian,
    /// Somebody else, or a key of its own.
    Other,
}

/// Whether an index is refused that says to be valid no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// It is: somebody may hide what is newer.
    Refused,
    /// It is not: the archive is one of the past.
    Expected,
}

impl Source {
    /// A source of an archive's address, release and components.
    pub fn new(uri: &str, suite: &str, components: &[&str]) -> Self {
        let uri = uri.trim_end_matches('/').to_owned();
        Self {
            expiry: if dated(&uri) { Expiry::Expected } else { Expiry::Refused },
            uri,
            suite: suite.to_owned(),
            components: components.iter().map(|&name| name.to_owned()).collect(),
            architectures: Vec::new(),
            signer: Signer::Unsaid,
        }
    }

    /// The address of something in the release's folder.
    pub(super) fn in_release(&self, path: &str) -> String {
        format!("{}/dists/{}/{path}", self.uri, self.suite)
    }
}

/// Whether an address is of an archive as it was at some time: `https://archive.example/debian/20261121T091544Z`.
fn dated(uri: &str) -> bool {
    let is_time = |part: &str| {
        let digits = |from: usize, to: usize| part.as_bytes()[from..to].iter().all(u8::is_ascii_digit);
        part.len() == 16 && part.as_bytes()[8] == b'T' && part.ends_with('Z') && digits(0, 8) && digits(9, 15)
    };
    uri.split('/').any(is_time)
}
