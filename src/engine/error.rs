//! The engine's faults: what was asked of it, and what it answered.

use std::path::PathBuf;

use super::endpoint::AddressError;

/// Why an engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answers at the engine's address.
    #[error("no engine answers at {endpoint}")]
    Absent {
        /// Where it was looked for.
        endpoint: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The engine's socket is there, but not for this user.
    #[error("the engine's socket at {endpoint} may not be opened by this user")]
    Forbidden {
        /// Where it is.
        endpoint: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The engine is older than what its BuildKit needs to be.
    #[error("the engine at {endpoint} is version {version} (API {api}); builds need 20.10 (API 1.41) or newer")]
    TooOld {
        /// Where it is.
        endpoint: String,
        /// Its version.
        version: String,
        /// Its API version.
        api: String,
    },
    /// The address is none.
    #[error("could not use the engine's address")]
    Address(#[from] AddressError),
    /// Docker's own configuration can't be read.
    #[error("could not read the Docker context {name}")]
    Context {
        /// The context's name.
        name: String,
        /// Why.
        why: String,
    },
    /// The engine answered something that it should not.
    #[error("the engine at {endpoint} did not {doing}")]
    Conversation {
        /// Where it is.
        endpoint: String,
        /// What was asked, as a verb phrase.
        doing: &'static str,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The image is not in the engine.
    #[error("the engine has no image {0}")]
    NoImage(String),
    /// A file of an image is larger than what is taken of such files.
    #[error("{path} in the image {image} is larger than {limit} bytes")]
    TooLarge {
        /// The image.
        image: String,
        /// The file.
        path: String,
        /// The most that is taken, in bytes.
        limit: u64,
    },
    /// A step of the Dockerfile failed.
    #[error("{}", .0.headline())]
    Step(Box<StepFailure>),
    /// The engine refused the Dockerfile.
    #[error("{}{}: {message}", dockerfile, line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Dockerfile {
        /// Its name.
        dockerfile: String,
        /// The line, counted from 1, where known.
        line: Option<usize>,
        /// What the engine said.
        message: String,
    },
    /// A base image could not be had.
    #[error("could not get the base image {image}")]
    Base {
        /// Its name.
        image: String,
        /// What the engine said.
        message: String,
    },
    /// The engine's disk is full.
    #[error("the engine has no space left on its disk, while {doing}")]
    DiskFull {
        /// What it was doing.
        doing: String,
    },
    /// A file of the context could not be read here.
    #[error("could not send the build context")]
    Walk(#[from] crate::context::walk::Error),
    /// A file of the context changed or went away while it was sent.
    #[error("could not read {} for the build context", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// What a build exports could not be written here.
    #[error("could not write what the build exports to {}", path.display())]
    Export {
        /// Where it was to be written.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A build secret could not be read.
    #[error("could not read the build secret {id} from {from}")]
    Secret {
        /// Its id.
        id: String,
        /// Where it should be.
        from: String,
        /// Why it can't be read.
        why: String,
    },
    /// The daemon gave the session up while it built.
    #[error("the builder lost its connection to pydeploy while it built")]
    SessionLost {
        /// What the daemon said.
        message: String,
    },
    /// The credentials for a base image could not be looked up.
    #[error(transparent)]
    Credentials(crate::registry::KeychainError),
    /// The engine did not take an image.
    #[error("could not load the image into the engine: {message}")]
    Load {
        /// What the engine said.
        message: String,
    },
    /// A blob's bytes can't be had.
    #[error(transparent)]
    Source(#[from] crate::registry::Error),
    /// The build failed for a reason that has no class of its own.
    #[error("the build failed: {0}")]
    Other(String),
    /// The engine could not push.
    #[error("could not push {image}")]
    Push {
        /// What was pushed.
        image: String,
        /// How the registry or the way to it failed.
        failure: PushFailure,
        /// What the engine said.
        message: String,
    },
}

impl Error {
    /// The digest of the blob of ours that is damaged or gone, where that is the fault.
    pub fn damaged(&self) -> Option<&oci_spec::image::Digest> {
        match self {
            Self::Source(fault) => fault.damaged(),
            _ => None,
        }
    }
}

/// How a push through the engine failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushFailure {
    /// No credentials, or wrong ones.
    Unauthorized,
    /// Known, but not allowed to push there.
    Denied,
    /// The registry can't be reached, or fails: worth another try.
    Unavailable,
    /// The registry's certificate is not trusted by the engine.
    Untrusted,
    /// The engine insists on TLS, and the registry has none.
    Plain,
    /// Anything else.
    Refused,
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFailure {
    /// The Dockerfile's name.
    pub dockerfile: String,
    /// The line of the instruction, counted from 1, where known.
    pub line: Option<usize>,
    /// The instruction's text, as the engine names the step.
    pub step: String,
    /// What the engine says of it: `exit code: 1`.
    pub reason: String,
    /// The last lines that it printed.
    pub output: Vec<String>,
}

impl StepFailure {
    fn headline(&self) -> String {
        let at = self.line.map(|l| format!(", line {l}")).unwrap_or_default();
        format!("a build step failed ({}{at}): {}: {}", self.dockerfile, self.step, self.reason)
    }
}
