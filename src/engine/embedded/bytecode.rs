//! Bytecode: what an interpreter makes of sources, so that no start has to.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;

use tempfile::{NamedTempFile, TempPath};

use super::interpreter::Interpreter;
use crate::image::layer::{Content, Kind, Node, Open, Tree, TreeError};
use crate::project::PythonVersion;

/// Reads sources, and answers with bytecode whose validity hangs on nothing: PEP 552's unchecked hashes. A source is
/// its path and its text, each after its length; an answer is a length and the file, of no bytes where it does not
/// compile. Only what is in every interpreter is imported. No set is walked in an order of chance, since it is run with
/// a fixed seed of hashes.
const PROGRAM: &str = r"
import sys, _imp, _warnings, _frozen_importlib_external as external
_warnings.filters.insert(0, ('ignore', None, Warning, None, 0))
sources, answers = sys.stdin.buffer, sys.stdout.buffer
def answer(data):
    answers.write(len(data).to_bytes(4, 'little') + data)
def number(data):
    return int.from_bytes(data, 'little')
answer(sys.implementation.cache_tag.encode())
answers.flush()
while True:
    head = sources.read(8)
    if len(head) < 8:
        break
    path, source = sources.read(number(head[:4])), sources.read(number(head[4:]))
    try:
        code = compile(source, path.decode(), 'exec', 0, True, 0)
        digest = _imp.source_hash(external._RAW_MAGIC_NUMBER, source)
        data = external._code_to_hash_pyc(code, digest, False)
    except Exception:
        data = b''
    answer(data)
    answers.flush()
";
/// A source larger than this is data, in bytes.
const LARGEST: u64 = 32 << 20;
/// The largest answer, in bytes.
const ANSWER: u32 = 512 << 20;
/// How many sources it takes for a second process to be worth its start.
const ENOUGH: usize = 24;
/// How often a process may die of a source before the interpreter is given up.
const DEATHS: usize = 8;

/// Why bytecode could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The interpreter does not start.
    #[error("could not start {}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is not the image's Python.
    #[error("{} is {found:?}, and the image has {wanted}", program.display())]
    Other {
        /// The program.
        program: PathBuf,
        /// What it calls itself; empty where it says nothing.
        found: String,
        /// What the image has.
        wanted: String,
    },
    /// It broke off again and again.
    #[error("{} broke off while it compiled {path}", program.display())]
    Died {
        /// The program.
        program: PathBuf,
        /// The source.
        path: String,
    },
    /// A source could not be read.
    #[error("could not read {path} to compile it")]
    Source {
        /// Its path in the image.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Bytecode could not be kept.
    #[error("could not keep bytecode in {}", folder.display())]
    Keep {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A path can't be in an image.
    #[error("could not put bytecode into the image")]
    Tree(#[from] TreeError),
}

/// What came of sources.
#[derive(Debug, Default)]
pub struct Compiled {
    /// The bytecode, where the interpreter looks for it: `__pycache__` beside each source.
    pub tree: Tree,
    /// The sources that don't compile, sorted: templates most often.
    pub skipped: Vec<String>,
}

/// Compiles every source in a tree, for the paths that they have in the image. The same sources give the same bytes.
/// `scratch` is a folder for what is made, until it is dropped.
pub fn compile(
    interpreter: &Interpreter,
    python: PythonVersion,
    tree: &Tree,
    scratch: &Path,
) -> Result<Compiled, Error> {
    let sources: Vec<_> = tree.iter().filter_map(|(path, node)| source(path, node)).collect();
    let run = Run { interpreter, tag: format!("cpython-{}{}", python.major, python.minor), scratch };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let processes = if sources.len() < ENOUGH { 1 } else { processors.min(4) };
    // By turns, so that each gets its share of every package.
    let share = |n: usize| sources.iter().skip(n).step_by(processes).copied().collect::<Vec<_>>();
    let parts: Vec<_> = std::thread::scope(|scope| {
        let run = &run;
        let shares: Vec<_> = (0..processes).map(share).collect();
        let running: Vec<_> = shares.into_iter().map(|share| scope.spawn(move || run.all(&share))).collect();
        running.into_iter().map(|part| part.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault))).collect()
    });
    let mut compiled = Compiled::default();
    for part in parts {
        for (path, content) in part? {
            match content {
                Some(content) => compiled.tree.insert(&cached(path, &run.tag), Node::file(0o644, content))?,
                None => compiled.skipped.push(path.to_owned()),
            }
        }
    }
    compiled.skipped.sort();
    Ok(compiled)
}

fn source<'a>(path: &'a str, node: &'a Node) -> Option<(&'a str, &'a Content)> {
    match &node.kind {
        Kind::File(content) if path.ends_with(".py") && content.size() <= LARGEST => Some((path, content)),
        _ => None,
    }
}

/// Where an interpreter looks for a source's bytecode: PEP 3147.
fn cached(path: &str, tag: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let gap = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{gap}__pycache__/{}.{tag}.pyc", name.strip_suffix(".py").unwrap_or(name))
}

/// The bytecode of a source, among that of many.
pub(super) fn of<'t>(compiled: &'t Tree, source: &str) -> impl Iterator<Item = (&'t str, &'t Node)> {
    let (folder, name) = source.rsplit_once('/').unwrap_or(("", source));
    let gap = if folder.is_empty() { "" } else { "/" };
    let stem = name.strip_suffix(".py").unwrap_or(name).to_owned();
    let cache = format!("{folder}{gap}__pycache__");
    compiled.below(&cache).filter(move |(path, _)| {
        let name = path.rsplit('/').next().and_then(|n| n.strip_suffix(".pyc")?.rsplit_once('.'));
        name.is_some_and(|(name, _)| name == stem)
    })
}

/// A source by its path.
type Source<'a> = (&'a str, &'a Content);

struct Run<'a> {
    interpreter: &'a Interpreter,
    tag: String,
    scratch: &'a Path,
}

impl Run<'_> {
    /// Compiles sources one after the other; `None` for what does not compile.
    fn all<'s>(&self, sources: &[Source<'s>]) -> Result<Vec<(&'s str, Option<Content>)>, Error> {
        let keep = |source| Error::Keep { folder: self.scratch.to_path_buf(), source };
        let mut spool = NamedTempFile::new_in(self.scratch).map_err(keep)?;
        let (mut slices, mut deaths) = (Vec::with_capacity(sources.len()), 0);
        while slices.len() < sources.len() {
            let rest = sources.get(slices.len()..).unwrap_or_default();
            if !self.process(rest, &mut spool, &mut slices)? {
                // The process died of this one.
                deaths += 1;
                slices.push(None);
                if deaths > DEATHS {
                    let path = rest.first().map_or("", |(path, _)| path).to_owned();
                    return Err(Error::Died { program: self.interpreter.program().to_path_buf(), path });
                }
            }
        }
        spool.flush().map_err(keep)?;
        let file = Arc::new(spool.into_temp_path());
        let content = |(offset, size): (u64, u64)| {
            Content::elsewhere(size, Arc::new(Slice { file: Arc::clone(&file), offset, size }))
        };
        Ok(sources.iter().zip(slices).map(|((path, _), slice)| (*path, slice.map(content))).collect())
    }

    /// Compiles with one process; whether it lived to the end.
    fn process(
        &self,
        sources: &[Source<'_>],
        spool: &mut NamedTempFile,
        slices: &mut Vec<Option<(u64, u64)>>,
    ) -> Result<bool, Error> {
        let program = self.interpreter.program().to_path_buf();
        let start = |source| Error::Start { program: program.clone(), source };
        let mut child = self.interpreter.command(PROGRAM).spawn().map_err(start)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else { return Ok(false) };
        let result = std::thread::scope(|scope| {
            let writer = scope.spawn(|| send(stdin, sources));
            let alive = self.receive(BufReader::new(stdout), sources.len(), spool, slices);
            let sent = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            sent.and(alive)
        });
        // It has ended by itself when its input did, unless something went wrong.
        if result.is_err() {
            let _ = child.kill();
        }
        child.wait().map_err(start)?;
        result
    }

    fn receive(
        &self,
        mut answers: BufReader<ChildStdout>,
        count: usize,
        spool: &mut NamedTempFile,
        slices: &mut Vec<Option<(u64, u64)>>,
    ) -> Result<bool, Error> {
        let mut tag = Vec::new();
        if let Ok(size) = size(&mut answers) {
            let _ = answers.by_ref().take(size.min(64).into()).read_to_end(&mut tag);
        }
        if tag != self.tag.as_bytes() {
            let program = self.interpreter.program().to_path_buf();
            return Err(Error::Other {
                program,
                found: String::from_utf8_lossy(&tag).into_owned(),
                wanted: self.tag.clone(),
            });
        }
        let keep = |source| Error::Keep { folder: self.scratch.to_path_buf(), source };
        for _ in 0..count {
            let Ok(size) = size(&mut answers) else { return Ok(false) };
            if size == 0 {
                slices.push(None);
                continue;
            }
            let offset = spool.stream_position().map_err(keep)?;
            let copied = io::copy(&mut answers.by_ref().take(size.into()), spool).map_err(keep)?;
            if copied < u64::from(size) {
                spool.seek(SeekFrom::Start(offset)).map_err(keep)?;
                return Ok(false);
            }
            slices.push(Some((offset, copied)));
        }
        Ok(true)
    }
}

fn size(answers: &mut impl Read) -> io::Result<u32> {
    let mut size = [0; 4];
    answers.read_exact(&mut size)?;
    let size = u32::from_le_bytes(size);
    if size <= ANSWER { Ok(size) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Sends sources for as long as somebody reads them.
fn send(mut stdin: ChildStdin, sources: &[Source<'_>]) -> Result<(), Error> {
    for (path, content) in sources {
        let unreadable = |source| Error::Source { path: (*path).to_owned(), source };
        let mut text = Vec::new();
        content.open().and_then(|file| file.take(LARGEST).read_to_end(&mut text)).map_err(unreadable)?;
        // Code carries the path that it has in the image.
        let path = format!("/{path}");
        let mut message = Vec::with_capacity(8 + path.len() + text.len());
        for part in [path.as_bytes(), &text] {
            message.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
        message.extend_from_slice(path.as_bytes());
        message.extend_from_slice(&text);
        if stdin.write_all(&message).is_err() {
            break;
        }
    }
    Ok(())
}

/// A part of a file that goes when nobody needs it any more.
struct Slice {
    file: Arc<TempPath>,
    offset: u64,
    size: u64,
}

impl Open for Slice {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let mut file = std::fs::File::open(&*self.file)?;
        file.seek(SeekFrom::Start(self.offset))?;
        Ok(Box::new(file.take(self.size)))
    }
}

#[cfg(test)]
#[path = "bytecode_tests.rs"]
mod tests;
