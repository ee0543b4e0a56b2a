//! A target: where an image goes.

use std::fmt;
use std::path::PathBuf;

use crate::fault::{Class, Fault};
use crate::image::reference::Repository;

/// Where an image goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Into a registry.
    Registry(Repository),
    /// Into an OCI layout on disk.
    Layout(LayoutTarget),
}

/// An OCI layout that is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutTarget {
    /// Its folder.
    pub folder: PathBuf,
    /// The name that manifests call the image by. Nothing can be pulled by it: who copies the layout into a registry
    /// knows the name there.
    pub repository: Repository,
}

impl Target {
    /// Reads `HOST[:PORT][/REPOSITORY]` or `oci:DIR`; the project's name completes a host.
    pub fn parse(text: &str, name: &str) -> Result<Self, Fault> {
        let Some(folder) = text.strip_prefix("oci:") else {
            return Ok(Self::Registry(Repository::at(text, name)?));
        };
        if folder.is_empty() {
            let hint = "name a folder: --registry oci:DIR".to_owned();
            return Err(Fault::new(Class::Usage, "\"oci:\" names no OCI layout", hint));
        }
        let repository = Repository::at(&format!("localhost/{name}"), name)?;
        Ok(Self::Layout(LayoutTarget { folder: folder.into(), repository }))
    }

    /// The repository that the image is called by.
    pub fn repository(&self) -> &Repository {
        match self {
            Self::Registry(repository) | Self::Layout(LayoutTarget { repository, .. }) => repository,
        }
    }

    /// The registry, for an engine that can push nowhere else.
    pub fn registry(&self) -> Result<&Repository, Fault> {
        match self {
            Self::Registry(repository) => Ok(repository),
            Self::Layout(_) => Err(Fault::new(
                Class::Usage,
                format!("BuildKit can't write the image to {self}"),
                "name a registry: --registry HOST[:PORT]/REPOSITORY; OCI layouts are for --engine embedded".to_owned(),
            )),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(repository) => repository.fmt(f),
            Self::Layout(layout) => write!(f, "oci:{}", layout.folder.display()),
        }
    }
}
