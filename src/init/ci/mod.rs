//! A stage of a CI system that ships a project: the file that holds it.

use std::fmt;

use crate::project::PythonVersion;

/// A system that runs stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI.
    GitLab,
    /// Tekton.
    Tekton,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::GitHub, Self::GitLab, Self::Tekton];

    /// The word for it on a command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Tekton => "tekton",
        }
    }

    /// The system of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.word() == word)
    }

    fn template(self) -> &'static str {
        match self {
            Self::GitHub => include_str!("github.yaml"),
            Self::GitLab => include_str!("gitlab.yaml"),
            Self::Tekton => include_str!("tekton.yaml"),
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitHub => "GitHub Actions",
            Self::GitLab => "GitLab CI",
            Self::Tekton => "Tekton",
        })
    }
}

/// What a stage ships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The repository is the project.
    Whole,
    /// A project that is a folder of its repository.
    Folder(Folder),
}

/// A folder of a repository, whose path may stand in a script as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: String,
}

impl Folder {
    /// The folder at `path`, with `/` between its parts; `None` where a shell or a template would read more into it.
    pub fn at(path: &str) -> Option<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
        let is_whole = !path.is_empty() && !path.starts_with(['/', '-']) && path.chars().all(is_plain);
        is_whole.then(|| Self { path: path.to_owned() })
    }

    /// The path.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path from the repository's root.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The file that holds the stage, where `system` looks for it.
pub fn file(system: System, subject: &Subject) -> File {
    let job = job(subject);
    let path = match system {
        System::GitHub => format!(".github/workflows/{job}.yml"),
        System::GitLab => format!(".gitlab/{job}.gitlab-ci.yml"),
        System::Tekton => format!(".tekton/{job}.yaml"),
    };
    let (what, ship) = match subject {
        Subject::Whole => ("this project".to_owned(), "pydeploy ship".to_owned()),
        Subject::Folder(folder) => (folder.path.clone(), format!("pydeploy ship {}", folder.path)),
    };
    let python = PythonVersion::DEFAULT.to_string();
    let words = [
        ("@WHAT@", what.as_str()),
        ("@JOB@", &job),
        ("@FILE@", &path),
        ("@SHIP@", &ship),
        ("@RUST@", env!("CARGO_PKG_RUST_VERSION")),
        ("@PYTHON@", &python),
    ];
    let text = words.iter().fold(system.template().to_owned(), |text, (word, value)| text.replace(word, value));
    File { path, text }
}

/// The `.gitlab-ci.yml` of a repository that has none: GitLab looks nowhere else.
pub fn gitlab_root(stage: &File) -> File {
    let text = format!("# Made by `pydeploy init`; yours from now on.\ninclude:\n  - local: {}\n", stage.path);
    File { path: GITLAB_ROOT.to_owned(), text }
}

/// Where GitLab looks for the stages of a repository.
pub const GITLAB_ROOT: &str = ".gitlab-ci.yml";

/// What a stage is called: pydeploy, and the folder's name beside it where a repository may have several.
fn job(subject: &Subject) -> String {
    let Subject::Folder(folder) = subject else { return "pydeploy".to_owned() };
    let valid = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = folder.path.chars().map(valid).collect();
    format!("pydeploy-{}", name.trim_matches('-'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_folder_of_a_repository_is_shipped_by_a_stage_of_its_own() {
        let subject = Subject::Folder(Folder::at("services/My_api").unwrap());
        let stage = file(System::GitHub, &subject);
        assert_eq!(stage.path, ".github/workflows/pydeploy-services-my-api.yml");
        assert!(stage.text.contains("image=$(pydeploy ship services/My_api --out "), "{}", stage.text);
        let stage = file(System::GitLab, &subject);
        assert!(stage.text.contains("\npydeploy-services-my-api:\n") && stage.text.contains(&stage.path));
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        for system in System::ALL {
            let File { text, .. } = file(system, &Subject::Whole);
            for word in ["@WHAT@", "@JOB@", "@FILE@", "@SHIP@", "@RUST@", "@PYTHON@"] {
                assert!(!text.contains(word), "{word}: {text}");
            }
            assert_eq!(System::of(system.word()), Some(system));
        }
    }

    #[test]
    fn a_path_that_a_shell_would_read_is_none() {
        for path in ["", "/a", "-a", "a b", "a$(b)", "a;b", "${{ a }}", "a'b", "a\nb"] {
            assert_eq!(Folder::at(path), None, "{path:?}");
        }
    }
}
