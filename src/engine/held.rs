//! A held image: an engine's image whose files can be looked at, through a container that never runs.

use bollard::errors::Error as Bollard;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::docker::DockerEngine;
use super::error::Error;
use super::temporary::Temporary;

/// What an archive of one file has beside its content, at most, in bytes.
const AROUND: u64 = 64 << 10;

/// An engine's image whose files can be looked at. The container behind it is created, never started, and removed:
/// by [`Held::release`], or, when that isn't come to, when this is dropped.
pub struct Held {
    engine: DockerEngine,
    image: String,
    container: Temporary,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stat {
    /// Nothing.
    Missing,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A symbolic link in a circle of them, of which the engine says no more.
    Circle,
    /// A regular file.
    File {
        /// Permissions, as in `chmod`.
        mode: u32,
        /// In bytes.
        size: u64,
    },
    /// A device, pipe or socket.
    Other,
}

impl DockerEngine {
    /// Makes the files of an image readable.
    pub async fn hold(&self, image: &str) -> Result<Held, Error> {
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            // Never run, but an image without a command of its own would be refused.
            cmd: Some(vec!["/".to_owned()]),
            network_disabled: Some(true),
            labels: Some(Temporary::labels("reads an image")),
            ..ContainerCreateBody::default()
        };
        let container = Temporary::new(self.endpoint.clone(), "reads");
        let container = self.make(container, body, "make the image's files readable").await?;
        Ok(Held { engine: self.clone(), image: image.to_owned(), container })
    }
}

impl Held {
    /// What is at a path, whose folders must be no links.
    pub async fn stat(&self, path: &str) -> Result<Stat, Error> {
        let options = ContainerArchiveInfoOptionsBuilder::new().path(path).build();
        let stat = match self.engine.docker.get_container_archive_info(self.container.name(), Some(options)).await {
            Err(Bollard::DockerResponseServerError { status_code: 404, .. }) => return Ok(Stat::Missing),
            // The answer to HEAD has no room for the reason; the same question by GET has.
            Err(Bollard::DockerResponseServerError { status_code: 500, .. }) => return self.why_not(path).await,
            stat => stat.map_err(|e| self.engine.conversation("look at a file of the image")(Box::new(e)))?,
        };
        Ok(Stat::of(stat.file_mode, u64::try_from(stat.size).unwrap_or_default()))
    }

    /// What is at a path that the engine could not look at.
    async fn why_not(&self, path: &str) -> Result<Stat, Error> {
        let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
        let mut pieces = Box::pin(self.engine.docker.download_from_container(self.container.name(), Some(options)));
        let failed = self.engine.conversation("look at a file of the image");
        match pieces.next().await {
            Some(Err(Bollard::DockerResponseServerError { message, .. })) if message.contains("too many links") => {
                Ok(Stat::Circle)
            }
            Some(Err(fault)) => Err(failed(Box::new(fault))),
            _ => Err(failed("it said that it can't, and then that it can".into())),
        }
    }

    /// An archive of the one file or link at a path; content of more than `limit` bytes is refused.
    pub async fn archive(&self, path: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
        let mut pieces = Box::pin(self.engine.docker.download_from_container(self.container.name(), Some(options)));
        let mut archive = Vec::new();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|e| self.engine.conversation("hand over a file of the image")(Box::new(e)))?;
            archive.extend_from_slice(&piece);
            if archive.len() as u64 > limit + AROUND {
                return Err(Error::TooLarge { image: self.image.clone(), path: path.to_owned(), limit });
            }
        }
        Ok(archive)
    }

    /// All files of the image, as one archive, in pieces.
    pub fn export(&self) -> impl Stream<Item = Result<Bytes, Error>> {
        let failed = self.engine.conversation("hand over the files of the image");
        let pieces = self.engine.docker.export_container(self.container.name());
        pieces.map(move |piece| piece.map_err(|e| failed(Box::new(e))))
    }

    /// Removes the container.
    pub async fn release(self) -> Result<(), Error> {
        let failed = self.engine.conversation("remove the container that was made to read the image");
        self.container.remove(&self.engine.docker).await.map_err(|e| failed(Box::new(e)))
    }
}

impl Stat {
    /// From Go's file mode: <https://pkg.go.dev/io/fs#FileMode>.
    fn of(mode: u32, size: u64) -> Self {
        let has = |bit: u32| mode & (1 << bit) != 0;
        let special = |bit: u32, mode: u32| if has(bit) { mode } else { 0 };
        match mode {
            _ if has(31) => Self::Folder,
            _ if has(27) => Self::Link,
            // Devices, pipes, sockets, and what even Go has no name for.
            _ if [26, 25, 24, 21, 19].into_iter().any(has) => Self::Other,
            _ => Self::File {
                mode: mode & 0o777 | special(23, 0o4000) | special(22, 0o2000) | special(20, 0o1000),
                size,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_modes_are_read() {
        assert_eq!(Stat::of(0o644, 7), Stat::File { mode: 0o644, size: 7 });
        assert_eq!(Stat::of(1 << 23 | 0o755, 7), Stat::File { mode: 0o4755, size: 7 });
        assert_eq!(Stat::of(1 << 31 | 1 << 20 | 0o777, 4096), Stat::Folder);
        assert_eq!(Stat::of(1 << 27 | 0o777, 7), Stat::Link);
        assert_eq!(Stat::of(1 << 26 | 1 << 21 | 0o666, 0), Stat::Other);
    }
}
