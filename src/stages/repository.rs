//! The repository that a project lies in, as far as its files tell without git.

use std::path::{Path, PathBuf};

use crate::init::ci::{GITLAB_ROOT, System};

/// Where a project lies in its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The root of the repository; the project itself where it is in none.
    pub root: PathBuf,
    /// The project's folder below that root, with `/` between its parts; empty where it is the root.
    pub folder: String,
}

impl Repository {
    /// The one around the project at `project`, an absolute path.
    pub fn around(project: &Path) -> Self {
        let root = project.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(project);
        let below = project.strip_prefix(root).unwrap_or(Path::new(""));
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        Self { root: root.to_path_buf(), folder: parts.join("/") }
    }

    /// The CI system that it shows signs of: stages that are there, else where it was cloned from.
    pub fn system(&self) -> Option<System> {
        let signs = [
            (".github/workflows", System::GitHub),
            (GITLAB_ROOT, System::GitLab),
            (".tekton", System::Tekton),
            (".github", System::GitHub),
        ];
        let seen = signs.into_iter().find(|(path, _)| self.root.join(path).exists()).map(|(_, system)| system);
        seen.or_else(|| origin(&std::fs::read_to_string(self.root.join(".git/config")).ok()?))
    }
}

/// The system of the host that `origin` of a git configuration is on.
fn origin(config: &str) -> Option<System> {
    let section = config.split("[remote \"origin\"]").nth(1)?.split("\n[").next()?;
    let url = section.lines().find_map(|line| line.trim().strip_prefix("url")?.trim().strip_prefix('='))?;
    let rest = url.trim().split_once("://").map_or(url.trim(), |(_, rest)| rest);
    let host = rest.split('/').next()?.rsplit('@').next()?.split(':').next()?;
    let is = |name: &str| host.split('.').any(|label| label == name);
    [("github", System::GitHub), ("gitlab", System::GitLab)].into_iter().find(|(name, _)| is(name)).map(|(_, s)| s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_origin_tells_the_system() {
        let of =
            |url: &str| origin(&format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {url}\n[x]\n\ty = 1\n"));
        assert_eq!(of("git@github.com:team/api.git"), Some(System::GitHub));
        assert_eq!(of("https://user:secret@gitlab.team.example/team/api"), Some(System::GitLab));
        assert_eq!(of("https://git.example/github/api"), None);
        assert_eq!(of("../api"), None);
        assert_eq!(origin("[remote \"other\"]\n\turl = git@github.com:a/b\n"), None);
    }
}
