//! A failure to find packages that go together.

/// Why there is no set of packages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClosureError {
    /// No package has this name, and none provides it.
    #[error("the archive has no package {name}")]
    Missing {
        /// What was asked for.
        name: String,
        /// A name that is like it.
        nearest: Option<String>,
    },
    /// Nothing meets a dependency.
    #[error("{package} {version} needs {dependency}, which can't be had")]
    Unsatisfied {
        /// Who needs it.
        package: String,
        /// In which version.
        version: String,
        /// What is needed.
        dependency: String,
        /// Why the first that would meet it can't be had; without this, there is none.
        #[source]
        cause: Option<Box<ClosureError>>,
    },
    /// Two packages can't be beside each other.
    #[error("{one} can't be beside {other}: it conflicts with {relation}")]
    Conflict {
        /// Who says so.
        one: String,
        /// The other one.
        other: String,
        /// By which words.
        relation: String,
    },
    /// Packages depend on each other without an end.
    #[error("the archive's dependencies lead on and on, to {0} at last")]
    TooDeep(String),
}

impl ClosureError {
    pub(super) fn unsatisfied(package: &str, version: &str, group: &str, cause: Option<Box<Self>>) -> Self {
        let (package, version, dependency) = (package.to_owned(), version.to_owned(), group.to_owned());
        Self::Unsatisfied { package, version, dependency, cause }
    }

    /// Whether it is so whatever else is chosen.
    pub(super) fn is_lasting(&self) -> bool {
        match self {
            Self::Missing { .. } => true,
            Self::Unsatisfied { cause, .. } => cause.as_ref().is_none_or(|cause| cause.is_lasting()),
            Self::Conflict { .. } | Self::TooDeep(_) => false,
        }
    }

    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { nearest: Some(nearest), .. } => Some(format!("did you mean {nearest}?")),
            Self::Missing { nearest: None, .. } => {
                Some("not every release has every package: `apt-cache policy NAME` in an image of it tells".to_owned())
            }
            Self::Conflict { .. } => Some("leave one of them out of system-packages".to_owned()),
            Self::Unsatisfied { .. } => {
                Some("the archive may lack a part of the release, such as its updates: see debian.archive".to_owned())
            }
            Self::TooDeep(_) => None,
        }
    }
}
