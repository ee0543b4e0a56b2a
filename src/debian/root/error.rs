//! A root's fault: why packages don't make a root file system.

use std::io;

use crate::image::layer::TreeError;

/// Why packages don't make a root file system.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A package that does something while it is installed which no rule stands for.
    #[error("the Debian package {package} needs its {script} script, and scripts are not run: it would do `{command}`")]
    Script {
        /// The package.
        package: String,
        /// `preinst` or `postinst`.
        script: &'static str,
        /// The first command that isn't known to be harmless.
        command: String,
    },
    /// A package without which there is no root.
    #[error("the Debian package {0} is missing")]
    Lacks(String),
    /// One package in two versions.
    #[error("the Debian package {0} is there twice")]
    Twice(String),
    /// Packages of different architectures.
    #[error("the Debian package {package} is for {is}, not for {wanted}")]
    Architecture {
        /// The package.
        package: String,
        /// What it is for.
        is: String,
        /// What the image is for.
        wanted: String,
    },
    /// Two packages that own one file.
    #[error("the Debian packages {first} and {second} both have /{path}")]
    Clash {
        /// The file.
        path: String,
        /// Who has it already.
        first: String,
        /// Who has it as well.
        second: String,
    },
    /// A package's file that can't be where it would have to be.
    #[error("the Debian package {package} can't be laid over the others")]
    Place {
        /// The package.
        package: String,
        /// Why.
        #[source]
        source: TreeError,
    },
    /// A link that leads to itself.
    #[error("the Debian package {package} has {path} below links that lead in a circle")]
    Circle {
        /// The package.
        package: String,
        /// The file.
        path: String,
    },
    /// A file's content is gone.
    #[error("the unpacked /{path} could not be read again")]
    Content {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What is made by rule can't be where it would have to be.
    #[error("what every image has can't be laid over its packages")]
    Rule(#[source] TreeError),
}

impl Error {
    /// What would mend it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Script { .. } => Some(
                "where there is a base image and an engine that runs steps, dpkg runs it: --strategy multi-stage --engine buildkit",
            ),
            Self::Clash { .. } => Some("leave one of them out, or use `--strategy multi-stage`"),
            _ => None,
        }
    }
}
