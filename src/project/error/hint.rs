//! A hint: what mends a fault of a project's.

use std::fmt;

use super::Error;
use crate::project::{Framework, Manager, PythonVersion};

/// A command as the setting is written.
struct Setting<'a>(&'a [String]);

impl fmt::Display for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|word| format!("{word:?}")).collect();
        write!(f, "command = [{}]", words.join(", "))
    }
}

impl Error {
    /// What mends it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source(_) | Self::Toml { .. } | Self::Key { .. } => None,
            Self::Requirement { hint, .. } => hint.clone(),
            Self::UnknownOption { nearest, .. } => nearest.as_ref().map(|n| format!("did you mean {n}?")),
            Self::MissingPath { .. } => Some("add the file, or correct the path".to_owned()),
            Self::OutsideContext { .. } => {
                Some("copy it into the project, or run pydeploy on the folder that holds both".to_owned())
            }
            Self::IncludeCycle { .. } => Some("remove one of the two includes".to_owned()),
            Self::NothingFound { below, .. } | Self::NothingStated { below, .. } if !below.is_empty() => {
                Some(format!("dependencies are stated below: run pydeploy on {}", below.join(" or ")))
            }
            Self::NothingFound { .. } => Some(
                "looked for uv.lock, pyproject.toml, requirements.txt, requirements/*.txt, poetry.lock, pdm.lock, \
                 Pipfile, setup.py and *.py; name the project's directory if it is another one"
                    .to_owned(),
            ),
            Self::NothingStated { .. } => {
                Some("write requirements.txt, or [project] dependencies in pyproject.toml".to_owned())
            }
            Self::WhichRequirements { files } => files.first().map(|file| {
                format!("write a requirements.txt at the root that includes the one to install, e.g. `-r {file}`")
            }),
            Self::Unsupported { mend, .. }
            | Self::ManagerFileMissing { mend, .. }
            | Self::Lock { mend, .. }
            | Self::Pylock { mend, .. } => Some(mend.clone()),
            Self::WhichPylock { .. } => Some("call the one to install pylock.toml".to_owned()),
            Self::NoParts { .. } => Some(
                "`extras` and `groups` are for uv and for [project]: list what is needed in the dependencies"
                    .to_owned(),
            ),
            Self::NoPart { known, .. } if known.is_empty() => Some("take it out of the settings".to_owned()),
            Self::NoPart { known, .. } => Some(format!("there are {}", known.join(", "))),
            Self::WhichManager { managers, .. } => Some(which(managers)),
            Self::WhichMember { members, able } => {
                let one = able.first().or(members.first()).map_or("", String::as_str);
                Some(format!("name the member's folder, e.g. pydeploy ship {one}"))
            }
            Self::ProcessCommand { name, known } => {
                let known = if known.is_empty() { String::new() } else { format!("; there are {}", known.join(", ")) };
                Some(format!("state it: [processes.{name}] command = [\"python\", \"{name}.py\"]{known}"))
            }
            Self::TwoPorts { .. } => Some("leave `port` out, or make both say the same".to_owned()),
            Self::NeedsLock { manager: Manager::Uv, .. } => Some(
                "run: uv lock; the lock of a workspace lies at its root, which has to be there with its members"
                    .to_owned(),
            ),
            Self::NeedsLock { manager, .. } | Self::StaleLock { manager, .. } => {
                Some(format!("run: {}", manager.relock()))
            }
            _ => self.hint_to_start(),
        }
    }

    /// A command that would settle it, where it is the command that is missing.
    pub fn command(&self) -> Option<&[String]> {
        match self {
            Self::NoEntry { example, .. }
            | Self::SeveralEntries { example, .. }
            | Self::NoCommand { example: Some(example) } => Some(example),
            _ => None,
        }
    }

    /// Whether a setting can't settle it: there is nothing here to deploy, or what there is can't be read.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Source(_)
                | Self::Toml { .. }
                | Self::Key { .. }
                | Self::NothingFound { .. }
                | Self::NothingStated { .. }
        )
    }

    fn hint_to_start(&self) -> Option<String> {
        let state = |example: &[String]| format!("state it: {}", Setting(example));
        match self {
            Self::PythonUnreadable { .. } | Self::PythonContradiction { .. } => {
                Some(format!("state the version to use with the setting `python`, e.g. python = \"{}\"", self.python()))
            }
            Self::PythonUnsupported { mend, .. } => Some(mend.clone().unwrap_or_else(|| {
                let (oldest, newest) = (PythonVersion::OLDEST, PythonVersion::NEWEST);
                format!("pydeploy builds with python {oldest} to {newest}: state one with the setting `python`")
            })),
            Self::Name { suggestion, .. } => Some(format!("`{suggestion}` would do")),
            Self::NoEntry { why, example, .. } => {
                let why = why.as_ref().map_or_else(String::new, |why| format!("{why}; "));
                Some(format!("{why}{}", state(example)))
            }
            Self::NoServer { add, .. } | Self::WrongServer { add, .. } => {
                Some(format!("add {add} to the dependencies, or state the setting `command`"))
            }
            Self::Loopback { framework: Framework::Gradio, .. } => Some("leave server_name out there".to_owned()),
            Self::Loopback { .. } => Some("pass host=\"0.0.0.0\" there".to_owned()),
            Self::SeveralEntries { example, .. } | Self::NoCommand { example: Some(example) } => Some(state(example)),
            Self::NoManage => Some("leave collect-static out, or let it be false".to_owned()),
            Self::NoCommand { example: None } => {
                Some("state it with the setting `command`, e.g. command = [\"python\", \"main.py\"]".to_owned())
            }
            _ => None,
        }
    }

    fn python(&self) -> PythonVersion {
        match self {
            Self::PythonContradiction { first, .. } => *first,
            _ => PythonVersion::DEFAULT,
        }
    }
}

fn which(managers: &[Manager]) -> String {
    let values: Vec<_> = managers.iter().map(|m| format!("manager = \"{m}\"")).collect();
    format!("state which one counts with the setting `manager`: {}", values.join(" or "))
}
