//! A process: a program that is run to its end, its words passed on as they come.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::error::Error;
use super::output::Output;
use crate::engine::event::{Event, Events};

/// The most that is taken of a program's answer, in bytes: locks of large projects reach a few MiB.
const ANSWER: u64 = 64 << 20;
/// The longest line that is put together, in bytes.
const LINE: usize = 16 << 10;

/// How a program ended.
pub(super) struct Ended {
    /// Whether it did what it was to do.
    pub(super) success: bool,
    /// Its standard output.
    pub(super) answer: String,
    /// The last that it said on standard error.
    pub(super) output: Output,
}

/// A command that reads nothing, colours nothing, and ends with us.
pub(super) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.env("NO_COLOR", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Runs it. What it says is told as the output of the step `id`.
pub(super) async fn run(command: &mut Command, tell: Option<(&Events, &str)>) -> Result<Ended, Error> {
    let program = Path::new(<&OsStr>::from(command.as_std().get_program())).to_path_buf();
    let start = |source| Error::Start { program: program.clone(), source };
    let mut child = command.spawn().map_err(start)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let answer = async {
        let mut answer = Vec::new();
        if let Some(stdout) = stdout {
            let mut limited = stdout.take(ANSWER);
            limited.read_to_end(&mut answer).await?;
            // Whoever says more still has to come to an end.
            tokio::io::copy(&mut limited.into_inner(), &mut tokio::io::sink()).await?;
        }
        Ok::<_, std::io::Error>(answer)
    };
    let (answer, output) = tokio::try_join!(answer, listen(stderr, tell)).map_err(start)?;
    let status = child.wait().await.map_err(start)?;
    Ok(Ended { success: status.success(), answer: String::from_utf8_lossy(&answer).into_owned(), output })
}

async fn listen(stderr: Option<impl AsyncRead + Unpin>, tell: Option<(&Events, &str)>) -> std::io::Result<Output> {
    let mut output = Output::default();
    let Some(mut stderr) = stderr else { return Ok(output) };
    let mut say = |line: &[u8]| {
        if let (Some(text), Some((tell, id))) = (output.push(&String::from_utf8_lossy(line)), tell) {
            tell(&Event::Output { id: id.to_owned(), text: format!("{text}\n") });
        }
    };
    let (mut line, mut piece) = (Vec::new(), vec![0; 8 << 10]);
    loop {
        let read = stderr.read(&mut piece).await?;
        if read == 0 {
            break;
        }
        for part in piece[..read].split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if part.ends_with(b"\n") || line.len() > LINE {
                say(&line);
                line.clear();
            }
        }
    }
    say(&line);
    Ok(output)
}
