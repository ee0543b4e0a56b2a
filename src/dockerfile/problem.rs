//! A problem: what the frontend would refuse in a Dockerfile, and what would mend it.

use super::shell::Substitution;
use super::source::{LARGEST_FILE, LONGEST_LINE};

/// Why a Dockerfile can't be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing but comments and empty lines.
    #[error("there is no instruction in it")]
    Empty,
    /// More than BuildKit reads.
    #[error("it is larger than {} MiB", LARGEST_FILE >> 20)]
    TooLarge,
    /// More than the frontend's scanner takes.
    #[error("the line is longer than {LONGEST_LINE} bytes")]
    LongLine,
    /// `# escape=` twice, for one.
    #[error("only one {0} directive is allowed")]
    RepeatedDirective(String),
    /// Neither `\` nor a backtick.
    #[error("{0:?} can't be the escape character")]
    Escape(String),
    /// What `# check=` says is not understood.
    #[error("the check directive can't be read: {0:?}")]
    Check(String),
    /// The file ends in it.
    #[error("the heredoc is not closed: no line is {0:?} alone")]
    OpenHeredoc(String),
    /// An instruction but ARG above the first FROM.
    #[error("{0} stands above the first FROM")]
    BeforeFrom(String),
    /// Only ARGs.
    #[error("there is no FROM in it")]
    NoStage,
    /// No such instruction.
    #[error("there is no instruction {name:?}")]
    UnknownInstruction {
        /// As written.
        name: String,
        /// One that is spelled alike.
        near: Option<&'static str>,
    },
    /// Too few or too many arguments.
    #[error("{instruction} takes {takes}")]
    Arguments {
        /// Its name.
        instruction: &'static str,
        /// How many it takes.
        takes: &'static str,
    },
    /// A word without `=` where the first had one.
    #[error("{0:?} is not of the form name=value")]
    NotAPair(String),
    /// `=value`.
    #[error("a name is missing before the '='")]
    NoName,
    /// A JSON array that holds something else.
    #[error("a JSON array may only hold strings here")]
    NotStrings,
    /// `SHELL` in words.
    #[error("SHELL takes a JSON array of strings")]
    ShellForm,
    /// The instruction has no such flag.
    #[error("there is no flag {flag} here")]
    UnknownFlag {
        /// As written.
        flag: String,
        /// One that is spelled alike, without its dashes.
        near: Option<String>,
    },
    /// It may be given once.
    #[error("{0} is given twice")]
    RepeatedFlag(String),
    /// Neither true nor false.
    #[error("{0:?} is neither true nor false")]
    FlagNotBoolean(String),
    /// `--flag` where `--flag=value` is meant.
    #[error("{0} needs a value")]
    FlagWithoutValue(String),
    /// The value of a flag is refused.
    #[error("{value:?} is not allowed for {flag}: {why}")]
    FlagValue {
        /// With its dashes.
        flag: &'static str,
        /// As written, or as expanded.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// Neither CMD nor NONE.
    #[error("HEALTHCHECK takes CMD or NONE, not {0:?}")]
    HealthType(String),
    /// `ONBUILD ONBUILD`, for one.
    #[error("{0} can't be a trigger")]
    Trigger(String),
    /// An image's trigger is not one instruction.
    #[error("the trigger {0:?} of the base image is not one instruction")]
    TriggerOfImage(String),
    /// `COPY … <<EOF`.
    #[error("a heredoc can't be the destination")]
    HeredocDestination,
    /// What follows AS.
    #[error("{0:?} can't be the name of a stage")]
    StageName(String),
    /// A part of a word can't be expanded.
    #[error("{text:?} can't be expanded: {why}")]
    Substitution {
        /// The word.
        text: String,
        /// Why not.
        why: Substitution,
    },
    /// `FROM $X` without X.
    #[error("the base {0:?} comes to nothing")]
    EmptyBase(String),
    /// Not the name of an image.
    #[error("{name:?} is neither a stage above nor the name of an image: {why}")]
    BaseName {
        /// As expanded.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a platform.
    #[error("{0:?} is not a platform")]
    Platform(String),
    /// No such stage.
    #[error("there is no stage {name:?} to build")]
    Target {
        /// As asked for.
        name: String,
        /// What stages there are.
        stages: Vec<String>,
    },
    /// `COPY --from=7`.
    #[error("there is no stage with the number {0}")]
    StageNumber(String),
    /// `COPY --from=$X`.
    #[error("no variable is expanded in {0:?}")]
    FromVariable(String),
    /// Stages that copy from each other.
    #[error("the stage {0} is made from itself")]
    Circular(String),
    /// A stage that is made later.
    #[error("{0:?} is no stage above this one")]
    LaterStage(String),
    /// Not a port.
    #[error("{port:?} is not a port: {why}")]
    Port {
        /// As expanded.
        port: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a signal.
    #[error("{0:?} is not a signal")]
    Signal(String),
    /// `VOLUME ""`.
    #[error("the name of a volume comes to nothing")]
    EmptyVolume,
    /// `RUN []`.
    #[error("there is nothing to run")]
    NothingToRun,
    /// What can't be copied.
    #[error("{source_text:?} can't be copied: {why}")]
    Origin {
        /// The source, as expanded.
        source_text: String,
        /// Why not.
        why: String,
    },
    /// The build time is none.
    #[error("SOURCE_DATE_EPOCH is {0:?}, which is neither a number of seconds, \"context\", nor a stage")]
    Epoch(String),
    /// Variables that double each other, or stages by the thousand.
    #[error("it comes to more than any image can hold")]
    TooMuch,
}

impl Problem {
    /// What would mend it, where there is more to say than the problem itself does.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::UnknownInstruction { near: Some(near), .. } => return Some(format!("{near} is one")),
            Self::UnknownInstruction { near: None, .. } => {
                "a line that belongs to the one above it needs a '\\' at that one's end"
            }
            Self::UnknownFlag { near: Some(near), .. } => return Some(format!("--{near} is one")),
            Self::Target { stages, .. } if !stages.is_empty() => {
                return Some(format!("its stages are {}", stages.join(", ")));
            }
            Self::Escape(_) => "it is '\\' or a backtick",
            Self::Check(_) => "it is skip=RULE,… or skip=all, and error=true, parted by a ';' without blanks",
            Self::BeforeFrom(_) => "only ARG may stand there",
            Self::NotStrings => "put numbers, true, false and null into quotes",
            Self::ShellForm => "write SHELL [\"/bin/bash\", \"-c\"]",
            Self::NotAPair(_) => "quote a value that has blanks in it: NAME=\"a b\"",
            Self::HealthType(_) => "write HEALTHCHECK CMD and the command; flags stand before CMD",
            Self::FromVariable(_) => {
                "name the stage in a FROM of its own, where global ARGs are expanded, and copy from that"
            }
            Self::BaseName { .. } => "names of images and stages are in lower case",
            Self::EmptyBase(_) => "give the ARG above the first FROM a default, or state it as a build argument",
            Self::Port { .. } => "write 8000, 8000/udp or 8000-8010",
            Self::OpenHeredoc(_) => "the closing word stands alone, with no blank before or behind it",
            Self::StageName(_) => "it starts with a letter, and is of letters, digits, '-', '_' and '.'",
            Self::LongLine => "cut it with '\\'",
            _ => return None,
        };
        Some(text.to_owned())
    }
}
