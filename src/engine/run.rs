//! A run: an image started in the engine under a manifest's conditions, asked and watched.

use std::collections::HashMap;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error as Bollard;
use bollard::models::{
    ContainerCreateBody, ContainerStateStatusEnum, ExecConfig, HealthConfig, HostConfig, Mount, MountType,
};
use bollard::query_parameters::{
    LogsOptionsBuilder, StartContainerOptions, StatsOptionsBuilder, UploadToContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full};
use serde_json::json;

use super::docker::DockerEngine;
use super::error::Error;
use super::temporary::Temporary;
use crate::trial::{Access, Conditions, Folder, Root};

/// So much of what a command prints is kept, in bytes.
const KEPT: usize = 64 << 10;
/// The exit code of a command that could not be started, as shells have it.
const UNSTARTED: i64 = 126;
/// What an engine is asked for first.
const MAKE: &str = "make a container of the image";
/// The last lines of a log that are read.
const LINES: &str = "200";

/// A container that was started, and goes away: by [`Run::release`], or when this is dropped.
pub struct Run {
    engine: DockerEngine,
    container: Temporary,
    /// Has the folders that can be written to, and is never started.
    holder: Temporary,
}

/// How a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its process runs.
    Running,
    /// Its process has ended.
    Ended {
        /// With this exit code.
        exit: i32,
        /// The kernel killed a process of it for want of memory.
        for_memory: bool,
    },
}

/// What a command in a container came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its exit code; `None` where it had not ended in time.
    pub exit: Option<i64>,
    /// What it printed, both streams together.
    pub output: String,
}

/// Why an image was not started.
#[derive(Debug)]
pub enum NotStarted {
    /// The runtime could not start its command: the engine's words.
    Refused(String),
    /// The engine failed.
    Fault(Error),
}

impl From<Error> for NotStarted {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl DockerEngine {
    /// Starts an image under these conditions. Its own health check is not run: Kubernetes would not.
    pub async fn run(&self, image: &str, conditions: &Conditions) -> Result<Run, NotStarted> {
        let holder = self.holder(image, &conditions.folders).await?;
        let container = Temporary::new(self.endpoint.clone(), "checks");
        let container = self.make(container, body(image, conditions, holder.name()), MAKE).await?;
        let run = Run { engine: self.clone(), container, holder };
        match self.docker.start_container(run.container.name(), None::<StartContainerOptions>).await {
            Ok(()) => Ok(run),
            Err(Bollard::DockerResponseServerError { message, .. }) => {
                run.release().await?;
                Err(NotStarted::Refused(message))
            }
            Err(fault) => Err(self.conversation("start the image")(Box::new(fault)).into()),
        }
    }

    /// A container with the folders that everyone may write to. They are volumes on the engine's disk and no memory, so
    /// that files in them don't count as the container's; an engine lets nobody but root write to a new volume, and puts
    /// no files into a container whose root is read-only, hence a container of their own.
    async fn holder(&self, image: &str, folders: &[Folder]) -> Result<Temporary, Error> {
        let open: Vec<_> = folders.iter().filter(|folder| folder.access == Access::All).collect();
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            // Never run, but an image without a command of its own would be refused.
            cmd: Some(vec!["/".to_owned()]),
            labels: Some(Temporary::labels("holds the folders of a checked image")),
            host_config: Some(HostConfig {
                mounts: Some(open.iter().map(|folder| mount(folder)).collect()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let holder = self.make(Temporary::new(self.endpoint.clone(), "holds"), body, MAKE).await?;
        let failed = self.conversation("open a folder of the container");
        let archive = opened(&open).map_err(|e| failed(Box::new(e)))?;
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let upload = self.docker.upload_to_container(holder.name(), Some(options), bollard::body_full(archive.into()));
        upload.await.map_err(|e| failed(Box::new(e)))?;
        Ok(holder)
    }
}

/// An archive of folders that everyone may write to, as a node makes them.
fn opened(folders: &[&Folder]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for folder in folders {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o1777);
        header.set_size(0);
        let path = format!("{}/", folder.path.trim_matches('/'));
        archive.append_data(&mut header, path, std::io::empty())?;
    }
    archive.into_inner()
}

fn mount(folder: &Folder) -> Mount {
    Mount {
        target: Some(folder.path.clone()),
        typ: Some(MountType::VOLUME),
        read_only: Some(folder.access == Access::Read),
        ..Mount::default()
    }
}

fn body(image: &str, conditions: &Conditions, holder: &str) -> ContainerCreateBody {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let strict = conditions.root == Root::ReadOnly;
    let fixed = conditions.folders.iter().filter(|folder| folder.access == Access::Read);
    ContainerCreateBody {
        image: Some(image.to_owned()),
        user: conditions.identity.map(|who| format!("{}:{}", who.uid, who.gid)),
        env: Some(conditions.env.clone()),
        labels: Some(Temporary::labels("checks an image")),
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        host_config: Some(HostConfig {
            readonly_rootfs: Some(strict),
            cap_drop: strict.then(|| vec!["ALL".to_owned()]),
            security_opt: strict.then(|| vec!["no-new-privileges".to_owned()]),
            memory: conditions.memory.map(whole),
            // No swap: a node has none, as a rule.
            memory_swap: conditions.memory.map(whole),
            nano_cpus: conditions.nano_cpus.map(whole),
            mounts: Some(fixed.map(mount).collect()),
            volumes_from: Some(vec![holder.to_owned()]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

impl Run {
    /// How it is.
    pub async fn state(&self) -> Result<State, Error> {
        let failed = self.engine.conversation("say how the container is");
        let seen = self.engine.docker.inspect_container(self.container.name(), None).await;
        let state = seen.map_err(|e| failed(Box::new(e)))?.state.unwrap_or_default();
        Ok(match state.status {
            Some(ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD) => State::Ended {
                exit: state.exit_code.and_then(|code| i32::try_from(code).ok()).unwrap_or(-1),
                for_memory: state.oom_killed == Some(true),
            },
            _ => State::Running,
        })
    }

    /// Its address on its first network; loopback where it has none.
    pub async fn address(&self) -> Result<String, Error> {
        let failed = self.engine.conversation("say where the container is");
        let seen = self.engine.docker.inspect_container(self.container.name(), None).await;
        let networks = seen.map_err(|e| failed(Box::new(e)))?.network_settings.and_then(|n| n.networks);
        let mut addresses = networks.unwrap_or_default().into_values().filter_map(|n| n.ip_address);
        Ok(addresses.find(|a| !a.is_empty()).unwrap_or_else(|| "127.0.0.1".to_owned()))
    }

    /// Runs a command in it, for so long.
    pub async fn ask(&self, argv: &[String], within: Duration) -> Result<Answer, Error> {
        let mut output = String::new();
        match tokio::time::timeout(within, self.exec(argv, &mut output)).await {
            Ok(exit) => Ok(Answer { exit: exit?, output }),
            Err(_) => Ok(Answer { exit: None, output }),
        }
    }

    /// A plain request does for a command that reads nothing: bollard's own takes over the connection.
    async fn exec(&self, argv: &[String], output: &mut String) -> Result<Option<i64>, Error> {
        let failed = self.engine.conversation("run a command in the container");
        let config = ExecConfig {
            cmd: Some(argv.to_vec()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..ExecConfig::default()
        };
        let id = match self.engine.docker.create_exec(self.container.name(), config).await {
            Ok(made) => made.id,
            // It has ended since anyone looked: how it is now says more than this.
            Err(Bollard::DockerResponseServerError { status_code: 409, message }) => {
                output.push_str(&message);
                return Ok(Some(UNSTARTED));
            }
            Err(fault) => return Err(failed(Box::new(fault))),
        };
        let start = Bytes::from(json!({"Detach": false, "Tty": false}).to_string());
        let request = hyper::Request::post(format!("/exec/{id}/start"));
        let request = request.header("Host", "docker").header("Content-Type", "application/json");
        let request = request.body(Full::new(start)).map_err(|e| failed(Box::new(e)))?;
        let response = self.engine.request(request, "run a command in the container").await?;
        let began = response.status().is_success();
        let mut body = response.into_body();
        let mut frames = Frames::default();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|e| failed(Box::new(e)))?;
            let piece = frame.data_ref().map(AsRef::as_ref).unwrap_or_default();
            output.push_str(&if began { frames.take(piece) } else { String::from_utf8_lossy(piece).into_owned() });
            if output.len() > KEPT {
                break;
            }
        }
        if !began {
            // The runtime's own words, of a program that it could not start.
            return Ok(Some(UNSTARTED));
        }
        let ended = self.engine.docker.inspect_exec(&id).await.map_err(|e| failed(Box::new(e)))?;
        Ok(ended.exit_code)
    }

    /// The last lines that it has printed.
    pub async fn log(&self) -> Result<String, Error> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(LINES).build();
        let mut pieces = Box::pin(self.engine.docker.logs(self.container.name(), Some(options)));
        let mut log = String::new();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|e| self.engine.conversation("hand over the container's log")(Box::new(e)))?;
            let (LogOutput::StdOut { message } | LogOutput::StdErr { message } | LogOutput::Console { message }) =
                piece
            else {
                continue;
            };
            log.push_str(&String::from_utf8_lossy(&message));
        }
        Ok(log)
    }

    /// The memory that it holds now, in bytes, without the files that the kernel keeps for it; `None` where the engine
    /// does not count.
    pub async fn memory(&self) -> Result<Option<u64>, Error> {
        let options = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
        let mut pieces = Box::pin(self.engine.docker.stats(self.container.name(), Some(options)));
        let Some(stats) = pieces.next().await else { return Ok(None) };
        let failed = self.engine.conversation("say how much memory the container holds");
        let stats = stats.map_err(|e| failed(Box::new(e)))?.memory_stats.unwrap_or_default();
        let counts: HashMap<String, u64> = stats.stats.unwrap_or_default();
        // As `docker stats` has it: cgroup v2 and v1 have their own names for it.
        let files = ["inactive_file", "total_inactive_file"].iter().find_map(|name| counts.get(*name)).copied();
        Ok(stats.usage.map(|usage| usage.saturating_sub(files.unwrap_or_default())))
    }

    /// Ends and removes it.
    pub async fn release(self) -> Result<(), Error> {
        let failed = self.engine.conversation("remove the container that the image was checked in");
        self.container.remove(&self.engine.docker).await.map_err(|e| failed(Box::new(e)))?;
        self.holder.remove(&self.engine.docker).await.map_err(|e| failed(Box::new(e)))
    }
}

/// The engine's frames: a head of eight bytes, of which the last four say how long the text is that follows.
/// <https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach>
#[derive(Debug, Default)]
struct Frames {
    pending: Vec<u8>,
}

impl Frames {
    const HEAD: usize = 8;

    /// The text of the frames that are whole by now.
    fn take(&mut self, piece: &[u8]) -> String {
        self.pending.extend_from_slice(piece);
        let mut text = String::new();
        while let Some((head, rest)) = self.pending.split_at_checked(Self::HEAD) {
            let length = <[u8; 4]>::try_from(&head[4..]).map(u32::from_be_bytes).unwrap_or_default() as usize;
            let Some((content, _)) = rest.split_at_checked(length) else { break };
            text.push_str(&String::from_utf8_lossy(content));
            self.pending.drain(..Self::HEAD + length);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_put_together() {
        let mut frames = Frames::default();
        let bytes = [&[1, 0, 0, 0, 0, 0, 0, 3], b"abc".as_slice(), &[2, 0, 0, 0, 0, 0, 0, 1], b"d"].concat();
        assert_eq!(frames.take(&bytes[..9]), "");
        assert_eq!(frames.take(&bytes[9..]), "abcd");
        assert_eq!(frames.take(&[1, 0, 0, 0, 255, 255, 255, 255, 0]), "");
    }
}
