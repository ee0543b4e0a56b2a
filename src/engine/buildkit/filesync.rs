//! File sync: the files of the build context and the Dockerfile, streamed to the daemon as it asks for them.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use bollard_buildkit_proto::fsutil::types::packet::PacketType;
use bollard_buildkit_proto::fsutil::types::{Packet, Stat};
use bollard_buildkit_proto::moby::filesync::packet::file_sync_server::FileSync;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::seen::Seen;
use crate::context::walk::{self, Entry, EntryKind};
use crate::engine::error::Error;
use crate::engine::{BuildInput, Dockerfile};
use crate::image::context::Audience;
use crate::image::selection;

/// Bytes of a file in one packet, as fsutil's own sender does it.
const CHUNK: usize = 32 << 10;
/// Packets under way at most: 2 MiB of file content.
const PACKETS: usize = 64;
/// Go's mode bits for what a file is: <https://pkg.go.dev/io/fs#FileMode>.
const GO_DIRECTORY: u32 = 1 << 31;
const GO_LINK: u32 = 1 << 27;
/// And for the permission bits beyond rwx.
const GO_SPECIAL: &[(u32, u32)] = &[(0o4000, 1 << 23), (0o2000, 1 << 22), (0o1000, 1 << 20)];

type Packets = BoxStream<'static, Result<Packet, Status>>;

pub(super) struct Files {
    input: Arc<BuildInput>,
    seen: Arc<Seen>,
}

impl Files {
    pub(super) fn new(input: Arc<BuildInput>, seen: Arc<Seen>) -> Self {
        Self { input, seen }
    }
}

/// What one request is for.
struct Asked {
    folder: Folder,
    include: Vec<String>,
    exclude: Vec<String>,
    follow: Vec<String>,
}

/// The folders that a build has, by the names that BuildKit gives them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Folder {
    Context,
    Dockerfile,
}

#[tonic::async_trait]
impl FileSync for Files {
    type DiffCopyStream = Packets;
    type TarStreamStream = Packets;

    async fn diff_copy(&self, request: Request<Streaming<Packet>>) -> Result<Response<Packets>, Status> {
        let values = |name| header_values(request.metadata(), name);
        let folder = match values("dir-name").pop().as_deref() {
            Some("context") | None => Folder::Context,
            Some("dockerfile") => Folder::Dockerfile,
            Some(other) => return Err(Status::not_found(format!("no folder {other}"))),
        };
        let asked = Asked {
            folder,
            include: values("include-patterns"),
            exclude: values("exclude-patterns"),
            follow: values("followpaths"),
        };
        let mut requests = request.into_inner();
        let (packets, receiver) = channel(PACKETS);
        // File names are asked for on one side and read on another: the reader blocks, so it has a thread of its own.
        let (wanted, mut wanted_rx) = tokio::sync::mpsc::unbounded_channel::<u32>();
        let closing = packets.clone();
        tokio::spawn(async move {
            while let Some(Ok(packet)) = requests.next().await {
                match PacketType::try_from(packet.r#type) {
                    Ok(PacketType::PacketReq) => {
                        if wanted.send(packet.id).is_err() {
                            return;
                        }
                    }
                    Ok(PacketType::PacketFin) => {
                        let _ = closing.send(Ok(plain(PacketType::PacketFin))).await;
                        return;
                    }
                    _ => return,
                }
            }
        });
        let mut sender =
            SendFiles { input: Arc::clone(&self.input), seen: Arc::clone(&self.seen), packets, sources: Vec::new() };
        tokio::task::spawn_blocking(move || {
            let sent = sender.list(&asked).and_then(|()| {
                while let Some(id) = wanted_rx.blocking_recv() {
                    sender.content(id)?;
                }
                Ok(())
            });
            if let Err(Some(error)) = sent {
                let text = error.to_string();
                sender.seen.fail(error);
                let _ = sender.packets.blocking_send(Err(Status::internal(text)));
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver).boxed()))
    }

    async fn tar_stream(&self, _: Request<Streaming<Packet>>) -> Result<Response<Packets>, Status> {
        Err(Status::unimplemented("tar stream"))
    }
}

/// Where an announced file's content is.
enum Source {
    None,
    Disk(PathBuf),
    Text(String),
}

struct SendFiles {
    input: Arc<BuildInput>,
    seen: Arc<Seen>,
    packets: Sender<Result<Packet, Status>>,
    /// By the number under which each entry was announced.
    sources: Vec<Source>,
}

/// `None`: the daemon has what it wants and has hung up.
type Sent = Result<(), Option<Error>>;

impl SendFiles {
    /// Announces all that the daemon may ask for.
    fn list(&mut self, asked: &Asked) -> Sent {
        match (asked.folder, &self.input.dockerfile) {
            (Folder::Dockerfile, Dockerfile::Generated(text)) => {
                let text = text.clone();
                self.text("Dockerfile", text)?;
            }
            (Folder::Dockerfile, Dockerfile::File(path)) => self.dockerfile(&path.clone())?,
            (Folder::Context, _) => self.context(asked)?,
        }
        self.send(plain(PacketType::PacketStat))
    }

    fn text(&mut self, name: &str, text: String) -> Sent {
        let size = i64::try_from(text.len()).unwrap_or_default();
        let mod_time = time_of(&text);
        self.sources.push(Source::Text(text));
        self.stat(Stat { path: name.to_owned(), mode: 0o644, size, mod_time, ..Stat::default() })
    }

    /// The project's Dockerfile, and the ignore file that belongs to it alone, if there is one.
    fn dockerfile(&mut self, path: &str) -> Sent {
        for path in [path.to_owned(), format!("{path}.dockerignore")] {
            let at = self.input.root.join(&path);
            match std::fs::read(&at) {
                Ok(bytes) => {
                    let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
                    self.text(&name, String::from_utf8_lossy(&bytes).into_owned())?;
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound && path.ends_with(".dockerignore") => {}
                Err(source) => return Err(Some(Error::File { path: at, source })),
            }
        }
        Ok(())
    }

    fn context(&mut self, asked: &Asked) -> Sent {
        let input = Arc::clone(&self.input);
        let include = selection::with_followed(&asked.include, follow(&input, &asked.follow));
        let whole = include.is_empty();
        let request = walk::Request { include, exclude: asked.exclude.clone() };
        let mut stopped = None;
        let walked = walk::walk(&input.root, &input.rules, &request, &mut |entry| match self.entry(entry) {
            Ok(()) => true,
            Err(why) => {
                stopped = Some(why);
                false
            }
        });
        match (walked, stopped) {
            (_, Some(why)) => Err(why),
            (Err(error), None) => Err(Some(error.into())),
            (Ok(left), None) => {
                if whole {
                    self.seen.left_out(left);
                }
                Ok(())
            }
        }
    }

    fn entry(&mut self, entry: Entry) -> Sent {
        let mut stat = Stat { mod_time: entry.modified, ..Stat::default() };
        let permissions = self.permissions(&entry);
        match entry.kind {
            EntryKind::Directory => {
                stat.mode = permissions | GO_DIRECTORY;
                self.sources.push(Source::None);
            }
            EntryKind::Link(target) => {
                stat.mode = 0o777 | GO_LINK;
                stat.linkname = target;
                self.sources.push(Source::None);
            }
            EntryKind::File(bytes) => {
                stat.mode = permissions;
                stat.size = i64::try_from(bytes).unwrap_or(i64::MAX);
                self.sources.push(Source::Disk(PathBuf::from(&entry.path)));
            }
        }
        stat.path = entry.path;
        self.stat(stat)
    }

    /// With our own Dockerfile, modes are those of a fresh checkout: whoever runs the image can read its files, and
    /// two checkouts under different umasks give the same layer.
    fn permissions(&self, entry: &Entry) -> u32 {
        match (self.input.audience, &entry.kind) {
            (Audience::Generated, EntryKind::Directory) => 0o755,
            (Audience::Generated, _) => {
                if entry.mode & 0o100 == 0 {
                    0o644
                } else {
                    0o755
                }
            }
            (Audience::Own, _) => {
                let special = GO_SPECIAL.iter().filter(|(unix, _)| entry.mode & unix != 0).map(|(_, go)| go);
                (entry.mode & 0o777) | special.fold(0, |bits, go| bits | go)
            }
        }
    }

    /// Sends one file's content, and an empty packet at its end.
    fn content(&mut self, id: u32) -> Sent {
        let data = |data: Vec<u8>| Packet { r#type: PacketType::PacketData.into(), stat: None, id, data };
        match self.sources.get(id as usize) {
            Some(Source::Text(text)) => {
                let bytes = text.clone().into_bytes();
                self.send(data(bytes))?;
            }
            Some(Source::Disk(path)) => {
                let path = self.input.root.join(path);
                let failed = |source| Some(Error::File { path: path.clone(), source });
                let mut file = File::open(&path).map_err(failed)?;
                self.seen.file();
                loop {
                    let mut chunk = vec![0; CHUNK];
                    let count = file.read(&mut chunk).map_err(failed)?;
                    if count == 0 {
                        break;
                    }
                    chunk.truncate(count);
                    self.seen.bytes(count as u64);
                    self.send(data(chunk))?;
                }
            }
            Some(Source::None) | None => {}
        }
        self.send(data(Vec::new()))
    }

    fn stat(&self, stat: Stat) -> Sent {
        self.send(Packet { stat: Some(stat), ..plain(PacketType::PacketStat) })
    }

    fn send(&self, packet: Packet) -> Sent {
        self.packets.blocking_send(Ok(packet)).map_err(|_| None)
    }
}

/// A time of change, in nanoseconds since 1970, that no other content has: a daemon that was sent a file of this name,
/// size and time before does not ask for it again, and would build a Dockerfile that was edited since.
fn time_of(text: &str) -> i64 {
    let hash: [u8; 32] = Sha256::digest(text).into();
    hash.iter().take(8).fold(0, |time, byte| (time << 8) | i64::from(*byte)) & ((1 << 60) - 1)
}

fn plain(kind: PacketType) -> Packet {
    Packet { r#type: kind.into(), ..Packet::default() }
}

/// The paths that a COPY names, with what their links lead to.
fn follow(input: &BuildInput, paths: &[String]) -> Vec<String> {
    let link = |path: &str| std::fs::read_link(input.root.join(path)).ok()?.into_os_string().into_string().ok();
    let list = |path: &str| {
        let entries = std::fs::read_dir(input.root.join(path)).into_iter().flatten().filter_map(Result::ok);
        entries.filter_map(|e| e.file_name().into_string().ok()).collect()
    };
    selection::follow(paths, link, list)
}

/// The headers that a daemon sends with a request for files, by name.
fn header_values(metadata: &tonic::metadata::MetadataMap, name: &str) -> Vec<String> {
    // Values that a header can't carry as they are come encoded: https://github.com/moby/buildkit, session/filesync.
    let encoded = metadata.get(format!("{name}-encoded").as_str()).is_some_and(|v| v == "1");
    let decode = |v: &str| if encoded { percent_decode(v) } else { v.to_owned() };
    metadata.get_all(name).iter().filter_map(|v| v.to_str().ok()).map(decode).collect()
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
