//! A lock's fault: why its text can't be used.

/// Why a lock's text can't be used. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// It is no TOML.
    #[error("pydeploy.lock, line {line}: {why}")]
    Toml {
        /// Where.
        line: usize,
        /// What a reader of TOML says of it.
        why: String,
    },
    /// A form that isn't known.
    #[error("pydeploy.lock is of version {0}, and this pydeploy knows version 1")]
    Version(i64),
    /// Something is missing, or isn't what it has to be.
    #[error("pydeploy.lock, line {line}: {what}")]
    Odd {
        /// Where.
        line: usize,
        /// What.
        what: String,
    },
}

impl LockError {
    /// What would mend it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Version(_) => "use the pydeploy that wrote it, or a later one",
            _ => "take it back from version control, or remove it: the next build writes it anew",
        }
    }
}
