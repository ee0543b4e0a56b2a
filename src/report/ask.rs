//! A question to whoever sits at the terminal: put on standard error, answered with a line.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::atomic::Ordering;

use anstream::AutoStream;

use super::{BOLD, DIM, Report, Volume};

impl Report {
    /// Whether there is somebody to ask, who also wants to be talked to.
    pub fn can_ask(&self) -> bool {
        let is_seen = !self.json && self.volume >= Volume::Normal;
        is_seen && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks, and gives the answer without the spaces around it; `default` is what an empty answer means.
    /// `None` where no more answers will come.
    ///
    /// The terminal stays in its own mode, so that there is nothing to set right after an interrupt.
    pub fn ask(&self, question: &str, default: &str) -> io::Result<Option<String>> {
        self.progress.finish();
        let shown = if default.is_empty() { String::new() } else { format!(" {DIM}[{default}]{DIM:#}") };
        let mut err = AutoStream::new(io::stderr(), self.color);
        write!(err, "{BOLD}{question}{BOLD:#}{shown}: ")?;
        err.flush()?;
        self.asking.store(true, Ordering::Relaxed);
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        if read? == 0 {
            return Ok(None);
        }
        self.asking.store(false, Ordering::Relaxed);
        let answer = line.trim();
        Ok(Some(if answer.is_empty() { default } else { answer }.to_owned()))
    }

    /// The line that an unanswered question stands on is ended before anything else is said.
    pub(super) fn leave_question(&self) {
        if self.asking.swap(false, Ordering::Relaxed) {
            let _ = writeln!(io::stderr());
        }
    }
}
