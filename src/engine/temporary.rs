//! A temporary container: one that goes away, whatever becomes of what it was made for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use bollard::errors::Error as Bollard;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder};

use super::docker::{DockerEngine, client};
use super::endpoint::Endpoint;
use super::error::Error;

/// How long the engine gets to take a container away when we are about to end.
const FAREWELL: Duration = Duration::from_secs(3);
/// How often it is asked for one that it may be about to make, and how long after each other.
const ASKED: u32 = 5;
const APART: Duration = Duration::from_millis(100);

/// A container's name, for as long as there may be such a container. Dropping it removes the container.
pub(super) struct Temporary {
    endpoint: Endpoint,
    /// Empty when it is gone.
    name: String,
}

/// How many containers of ours there may be.
static THERE: AtomicU64 = AtomicU64::new(0);

/// Waits until no container of ours is left, for as long as that may take: for who is about to end the process.
pub async fn released() {
    let none = async {
        while THERE.load(Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL + Duration::from_secs(1), none).await;
}

impl DockerEngine {
    /// Makes a container of an image. It is `container`'s from before it is asked for: an interrupt may come in between.
    /// `doing` is what it is made for, as a verb phrase.
    pub(super) async fn make(
        &self,
        container: Temporary,
        body: ContainerCreateBody,
        doing: &'static str,
    ) -> Result<Temporary, Error> {
        let image = body.image.clone().unwrap_or_default();
        let options = CreateContainerOptionsBuilder::new().name(container.name()).build();
        match self.docker.create_container(Some(options), body).await {
            Ok(_) => Ok(container),
            Err(Bollard::DockerResponseServerError { status_code: 404, .. }) => {
                container.forget();
                Err(Error::NoImage(image))
            }
            Err(fault) => Err(self.conversation(doing)(Box::new(fault))),
        }
    }
}

impl Temporary {
    /// A name that no other container has; `does` is a word for what it is there for.
    pub(super) fn new(endpoint: Endpoint, does: &str) -> Self {
        THERE.fetch_add(1, Relaxed);
        Self { endpoint, name: fresh(does) }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What says to others what it is there for.
    pub(super) fn labels(what: &str) -> HashMap<String, String> {
        [("pydeploy.temporary".to_owned(), what.to_owned())].into()
    }

    /// Removes the container; where that fails, it is tried once more when this is dropped.
    pub(super) async fn remove(self, docker: &bollard::Docker) -> Result<(), Bollard> {
        remove(docker, &self.name).await?;
        self.forget();
        Ok(())
    }

    /// There is no such container.
    fn forget(mut self) {
        self.name.clear();
    }

    /// Has the container removed, by a runtime and a connection of its own: those that made it may be ending.
    fn farewell(&mut self) {
        let (endpoint, name) = (self.endpoint.clone(), std::mem::take(&mut self.name));
        let farewell = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            let removed = async {
                let docker = client(&endpoint).ok()?;
                for _ in 0..ASKED {
                    match remove(&docker, &name).await {
                        // Perhaps it is only about to be made.
                        Err(Bollard::DockerResponseServerError { status_code: 404, .. }) => {}
                        _ => return Some(()),
                    }
                    tokio::time::sleep(APART).await;
                }
                None
            };
            runtime.block_on(async { tokio::time::timeout(FAREWELL, removed).await.ok().flatten() })
        });
        let _ = farewell.join();
    }
}

async fn remove(docker: &bollard::Docker, name: &str) -> Result<(), Bollard> {
    // With the anonymous volumes that the image's VOLUME made.
    let options = RemoveContainerOptionsBuilder::new().v(true).force(true).build();
    docker.remove_container(name, Some(options)).await
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Still named only where what it was made for failed or was interrupted.
        if !self.name.is_empty() {
            self.farewell();
        }
        THERE.fetch_sub(1, Relaxed);
    }
}

/// A name that no other container has.
fn fresh(does: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("pydeploy-{does}-{}-{}-{}", std::process::id(), now.as_nanos(), COUNT.fetch_add(1, Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ() {
        assert_ne!(fresh("reads"), fresh("reads"));
    }
}
