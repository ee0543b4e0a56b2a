//! The report: the only one who prints. Answers go to standard output, everything else to standard error.

mod ask;
mod audit;
pub mod lines;
mod live;
mod passages;
mod picture;
mod plain;
mod rollout;
pub mod status;

pub use crate::words::{duration, size};
pub use audit::audit;
pub use picture::{Bar, draw};

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use serde_json::Value;

use crate::cli::{ColorMode, OutputArgs, ProgressMode};
use crate::engine::{Event, Events};
use crate::fault::Fault;
use crate::registry::Progress as Passages;
use crate::rollout::Progress as Rollout;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Volume {
    Quiet,
    Normal,
    Verbose,
}

/// Says what a command has to say, in the form that was asked for.
pub struct Report {
    json: bool,
    volume: Volume,
    color: anstream::ColorChoice,
    progress: Arc<dyn Progress>,
    unsaid: AtomicBool,
    asking: AtomicBool,
    standing: Mutex<Option<String>>,
}

/// One way to show progress.
trait Progress: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event);
    /// Prints a line without disturbing what is shown.
    fn line(&self, text: &str);
    /// How far a rollout is.
    fn rollout(&self, name: &str, progress: &Rollout);
    /// Nothing more will come: what is left on the screen is final.
    fn finish(&self);
}

impl Report {
    /// A report as the flags ask for it; `ci` is whether this is a CI job.
    pub fn new(output: &OutputArgs, ci: bool) -> Self {
        let volume = match (output.quiet, output.verbose) {
            (true, _) => Volume::Quiet,
            (_, true) => Volume::Verbose,
            _ => Volume::Normal,
        };
        let color = match output.color {
            ColorMode::Always => anstream::ColorChoice::Always,
            ColorMode::Never => anstream::ColorChoice::Never,
            ColorMode::Auto => AutoStream::choice(&std::io::stderr()),
        };
        let terminal = std::io::stderr().is_terminal() && !ci;
        let progress: Arc<dyn Progress> = match output.progress {
            ProgressMode::None => Arc::new(plain::Silent { color }),
            _ if volume == Volume::Quiet => Arc::new(plain::Silent { color }),
            ProgressMode::Json => Arc::new(plain::Lines),
            ProgressMode::Bar => Arc::new(live::Live::new(color)),
            ProgressMode::Auto if terminal => Arc::new(live::Live::new(color)),
            ProgressMode::Auto | ProgressMode::Plain => Arc::new(plain::Plain::new(color, volume == Volume::Verbose)),
        };
        let (unsaid, asking) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { json: output.json, volume, color, progress, unsaid, asking, standing: Mutex::default() }
    }

    /// Takes the events of a build or push.
    pub fn events(&self) -> Events {
        let progress = Arc::clone(&self.progress);
        Arc::new(move |event: &Event| progress.event(event))
    }

    /// Shows how far the rollout of `name` is.
    pub fn rollout(&self, name: &str, progress: &Rollout) {
        self.progress.rollout(name, progress);
    }

    /// Takes what becomes of blobs that go out.
    pub fn passages(&self) -> Passages {
        passages::told(self.events())
    }

    /// The answer, as text; nothing where JSON is wanted.
    pub fn answer(&self, text: &str) {
        if !self.json {
            self.stdout(text);
        }
    }

    /// The answer, as JSON; nothing where text is wanted.
    pub fn document(&self, document: &Value) {
        if self.json {
            self.stdout(&format!("{document:#}\n"));
        }
    }

    /// A reader that has gone away (`| head`) is no fault of ours.
    fn stdout(&self, text: &str) {
        self.progress.finish();
        let mut out = AutoStream::new(std::io::stdout(), self.color_of_stdout());
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            self.unsaid.store(true, Ordering::Relaxed);
            self.progress.line(&format!("{RED}error{RED:#}: could not write the answer to standard output: {error}"));
        }
    }

    /// Whether the answer got through, as far as someone was there to take it.
    pub fn is_said(&self) -> bool {
        !self.unsaid.load(Ordering::Relaxed)
    }

    fn color_of_stdout(&self) -> anstream::ColorChoice {
        if std::io::stdout().is_terminal() { self.color } else { anstream::ColorChoice::Never }
    }

    /// What would stand, outside this machine, if the command were interrupted now.
    pub fn stands(&self, text: impl Into<String>) {
        if let Ok(mut standing) = self.standing.lock() {
            *standing = Some(text.into());
        }
    }

    /// What was last said to stand.
    pub fn standing(&self) -> Option<String> {
        self.standing.lock().ok().and_then(|standing| standing.clone())
    }

    /// Something worth knowing.
    pub fn note(&self, text: &str) {
        if self.volume >= Volume::Normal {
            self.progress.line(&format!("{CYAN}note{CYAN:#}: {text}"));
        }
    }

    /// Something that may not be meant.
    pub fn warn(&self, text: &str) {
        self.progress.line(&format!("{YELLOW}warning{YELLOW:#}: {text}"));
    }

    /// A stage of the command begins.
    pub fn stage(&self, text: &str) {
        if self.volume >= Volume::Normal {
            self.progress.line(&format!("{BOLD}{text}{BOLD:#}"));
        }
    }

    /// What was made, as a picture on standard error.
    pub fn picture(&self, title: &str, rows: &[(String, String)], bars: &[Bar]) {
        if self.volume >= Volume::Normal {
            self.progress.finish();
            self.progress.line(&picture::draw(title, rows, bars));
        }
    }

    /// The failure of the whole command: on standard error, or as the JSON document.
    pub fn fault(&self, fault: &Fault) {
        self.progress.finish();
        self.leave_question();
        if fault.told {
            return;
        }
        if self.json {
            self.document(&fault.document());
            return;
        }
        let mut text = format!("{RED}error{RED:#}: {}", fault.message);
        for line in &fault.output {
            let _ = write!(text, "\n  {DIM}│{DIM:#} {line}");
        }
        for cause in &fault.causes {
            let _ = write!(text, "\n  {DIM}because{DIM:#} {cause}");
        }
        if let Some((first, others)) = fault.findings.split_first() {
            // The first one is the message itself: its code is what there is to look up.
            let _ = write!(text, "\n  {DIM}{0}{DIM:#} see pydeploy contract --explain {0}", first.code);
            for finding in others {
                let _ = write!(text, "\n  {DIM}{}{DIM:#} {}", finding.code, finding.message);
            }
        }
        if let Some(hint) = &fault.hint {
            let _ = write!(text, "\n{GREEN}hint{GREEN:#}: {hint}");
        }
        self.progress.line(&text);
    }
}

/// Says what is wrong with the command line, or shows the help that was asked for; answers with the exit code.
pub fn usage(error: &clap::Error) -> std::process::ExitCode {
    let json = std::env::args_os().any(|a| a == "--json");
    if json && error.use_stderr() {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let fault = Fault::new(crate::fault::Class::Usage, message, "see pydeploy --help".to_owned());
        let mut out = std::io::stdout();
        let _ = writeln!(out, "{:#}", fault.document());
    } else {
        let _ = error.print();
    }
    std::process::ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Writes a line to standard error, with colours where they are shown.
fn stderr_line(color: anstream::ColorChoice, text: &str) {
    let mut err = AutoStream::new(std::io::stderr(), color);
    let _ = writeln!(err, "{text}");
}
