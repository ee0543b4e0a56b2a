//! An error on the way to a cluster, or its refusal.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;

use super::refusal::Refusal;
use crate::fault::Class;

/// What can go wrong between this machine and a cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing says where a cluster is.
    #[error("there is no kubeconfig: nothing says which cluster is meant")]
    NoKubeconfig {
        /// The files that are not there.
        looked: Vec<PathBuf>,
    },
    /// The stated kubeconfig does not exist.
    #[error("there is no kubeconfig {}", .0.display())]
    NoFile(PathBuf),
    /// A kubeconfig can't be read.
    #[error("could not read the kubeconfig {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is no kubeconfig.
    #[error("the kubeconfig {} is malformed: {place}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, or what; nothing that it holds.
        place: String,
    },
    /// The kubeconfig does not have that context.
    #[error("there is no context {name:?} in the kubeconfig")]
    NoContext {
        /// The context.
        name: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// The kubeconfig names no current context.
    #[error("the kubeconfig has no current context")]
    NoCurrentContext {
        /// Those that it has.
        known: Vec<String>,
    },
    /// A context can't be used.
    #[error("the context {context:?} is incomplete: {what}")]
    Incomplete {
        /// The context.
        context: String,
        /// What it lacks.
        what: String,
    },
    /// A proxy can't be used.
    #[error("{address} is no proxy that can be used")]
    Proxy {
        /// Its address, without a password.
        address: String,
    },
    /// Nothing says who the user is.
    #[error("could not log in to the cluster of the context {context:?}: {what}")]
    Login {
        /// The context.
        context: String,
        /// What failed; nothing that a program printed on standard output.
        what: String,
    },
    /// Nothing answers.
    #[error("no API server answers at {address} (context {context:?})")]
    Unreachable {
        /// The address.
        address: String,
        /// The context.
        context: String,
        /// Why.
        #[source]
        source: Because,
    },
    /// It is not who it says to be, as far as the kubeconfig knows.
    #[error("the API server at {address} (context {context:?}) has a certificate that is not trusted")]
    Untrusted {
        /// The address.
        address: String,
        /// The context.
        context: String,
        /// Why.
        #[source]
        source: Because,
    },
    /// It does not know the user.
    #[error(
        "the API server at {address} does not accept the credentials of the context {context:?}{}",
        .expired.map(|at| format!(": its token has expired at {at}")).unwrap_or_default()
    )]
    Unauthorized {
        /// The address.
        address: String,
        /// The context.
        context: String,
        /// Since when its token is no longer good, where it says so itself.
        expired: Option<Timestamp>,
    },
    /// It answers, but not with what was asked for.
    #[error("could not {what}: the API server at {address} went on failing")]
    Failing {
        /// What was tried, as words after "could not".
        what: String,
        /// The address.
        address: String,
        /// Its last answer.
        #[source]
        source: Because,
    },
    /// It says no.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
}

/// A cause in words, with no secret among them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Because(pub String);

impl Error {
    /// Whose it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Refused(_) => Class::Refused,
            _ => Class::Environment,
        }
    }

    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        let known = |known: &[String]| match known {
            [] => "it has none".to_owned(),
            known => format!("it has: {}", known.join(", ")),
        };
        Some(match self {
            Self::NoKubeconfig { looked } if looked.is_empty() => {
                "name one: --kubeconfig FILE, or KUBECONFIG".to_owned()
            }
            Self::NoKubeconfig { looked } => {
                let looked: Vec<_> = looked.iter().map(|p| p.display().to_string()).collect();
                format!("name one with --kubeconfig FILE or KUBECONFIG; looked for {}", looked.join(", "))
            }
            Self::NoFile(_) | Self::Unreadable { .. } | Self::Malformed { .. } => {
                "`kubectl config view` shows what kubectl makes of it".to_owned()
            }
            Self::NoContext { known: names, .. } => known(names),
            Self::NoCurrentContext { known: names } => format!("choose one with --context; {}", known(names)),
            Self::Incomplete { context, .. } => format!("see `kubectl config view --context {context}`"),
            Self::Proxy { .. } => {
                "HTTP and SOCKS 5 proxies can be used, the latter without a login; see proxy-url in the kubeconfig, \
                 HTTPS_PROXY and NO_PROXY"
                    .to_owned()
            }
            Self::Login { .. } | Self::Unauthorized { .. } => {
                "log in anew as your cluster asks for it; `kubectl auth whoami` shows whether it worked".to_owned()
            }
            Self::Unreachable { .. } => {
                "see that it runs and that this machine reaches it, or choose another cluster with --context".to_owned()
            }
            Self::Untrusted { .. } => {
                "the kubeconfig's certificate-authority must be the one that signed it: fetch the kubeconfig anew"
                    .to_owned()
            }
            Self::Failing { .. } => "see how it is: kubectl get --raw /readyz?verbose; then run again".to_owned(),
            Self::Refused(refusal) => return refusal.hint(),
        })
    }

    /// Whether everything the server did is what it was asked, and it was only slow or absent.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Failing { .. })
    }
}
