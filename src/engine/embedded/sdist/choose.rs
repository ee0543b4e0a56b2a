//! A choice: where source distributions are built.

use super::Sdist;
use super::error::Error;

/// Where source distributions are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// In BuildKit: it is there, and keeps what it has made.
    BuildKit,
    /// In a sandbox on this machine.
    Sandbox,
}

/// Chooses a place, by what is there; each that isn't says why.
pub fn choose(sdists: &[Sdist], buildkit: Result<(), String>, sandbox: Result<(), String>) -> Result<Choice, Error> {
    match (buildkit, sandbox) {
        (Ok(()), _) => Ok(Choice::BuildKit),
        (_, Ok(())) => Ok(Choice::Sandbox),
        (Err(buildkit), Err(sandbox)) => Err(Error::Nowhere { sdists: sdists.to_vec(), buildkit, sandbox }),
    }
}
