//! Everywhere: the same thing in each environment.

use std::collections::BTreeMap;

/// Something as it is without any environment, and in each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Everywhere<T> {
    /// Where no environment is chosen.
    pub base: T,
    /// By the environment's name.
    pub each: BTreeMap<String, T>,
}

impl<T> Everywhere<T> {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.base).chain(self.each.values())
    }

    /// What becomes of it everywhere, or of the first part of it of which nothing becomes.
    pub fn try_map<U, E>(&self, make: impl Fn(&T) -> Result<U, E>) -> Result<Everywhere<U>, E> {
        let each = self.each.iter().map(|(name, part)| Ok((name.clone(), make(part)?)));
        Ok(Everywhere { base: make(&self.base)?, each: each.collect::<Result<_, E>>()? })
    }
}
