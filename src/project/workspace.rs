//! A workspace of uv's: projects in folders of one root, which has the lock of them all.
//!
//! <https://docs.astral.sh/uv/concepts/projects/workspaces/>

use super::pyproject::{self, Globs, Pyproject};
use super::toml_file::TomlFile;
use super::{Error, Project, Stated, paths};
use crate::source::{Above, SourceTree};

/// The workspace that a project is a member of, and whose root lies above it.
#[derive(Debug)]
pub(crate) struct Workspace<'t> {
    /// Its root.
    pub(crate) root: Above<'t>,
    /// What the root's pyproject.toml says to uv.
    pub(crate) pyproject: Pyproject,
}

/// A project's place in the workspace that locks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name of its package, as the lock has it.
    pub name: String,
    /// Its folder, relative to the workspace's root: `services/api`.
    pub folder: String,
}

impl Member {
    /// How many folders above the project's the root is.
    pub fn levels(&self) -> usize {
        self.folder.split('/').count()
    }

    /// The way from the project to one of the root's files.
    pub fn way(&self, file: &str) -> String {
        format!("{}{file}", "../".repeat(self.levels()))
    }

    /// The path from the root of one of the project's files.
    pub fn path(&self, file: &str) -> String {
        format!("{}/{file}", self.folder)
    }
}

impl<'t> Workspace<'t> {
    /// The workspace of a project: that of the nearest pyproject.toml above, if it counts the project in. What lies in a
    /// folder of another project, such as an example, is no part of it.
    pub(crate) fn find(tree: &'t SourceTree, project: Option<&Pyproject>) -> Result<Option<Self>, Error> {
        // A project that has members of its own is a root.
        if project.is_none_or(|project| !project.has_project || project.workspace.is_some()) {
            return Ok(None);
        }
        for root in (1..).map_while(|levels| tree.above(levels)) {
            let Some(text) = root.text(pyproject::FILE)? else { continue };
            let file = TomlFile::parse(&format!("{}/{}", root.way(), pyproject::FILE), text)?;
            let pyproject = Pyproject::stated(&file)?;
            let counted_in = pyproject.workspace.as_ref().is_some_and(|globs| globs.count_in(&root.folder()));
            return Ok(counted_in.then_some(Self { root, pyproject }));
        }
        Ok(None)
    }

    /// The way from the project to one of the root's files.
    pub(crate) fn way(&self, file: &str) -> String {
        format!("{}/{file}", self.root.way())
    }
}

impl Globs {
    /// Whether they count a folder in, which is relative to the root.
    fn count_in(&self, folder: &str) -> bool {
        let any = |globs: &[super::toml_file::Located]| globs.iter().any(|glob| matches(&glob.text, folder));
        any(&self.members) && !any(&self.exclude)
    }
}

fn matches(glob: &str, folder: &str) -> bool {
    let glob = glob.strip_prefix("./").unwrap_or(glob).trim_end_matches('/');
    // Alone, two stars are all folders below, and in a path any number of them.
    let all = glob.strip_suffix("**").map(|above| format!("{above}**/*"));
    paths::matches(all.as_deref().unwrap_or(glob), folder)
}

/// The only member that can be started, by its folder, where a root is no project itself; `None` where it is one, or has
/// no members.
pub fn only_member(tree: &SourceTree, stated: &Stated) -> Result<Option<String>, Error> {
    let Some(text) = tree.text(pyproject::FILE)? else { return Ok(None) };
    let file = TomlFile::parse(pyproject::FILE, text)?;
    let pyproject = Pyproject::stated(&file)?;
    let Some(globs) = pyproject.workspace.filter(|_| !pyproject.has_project) else { return Ok(None) };
    let manifests = tree.files().filter(|path| paths::file_name(path) == pyproject::FILE);
    let members: Vec<_> = manifests.map(paths::folder).filter(|folder| globs.count_in(folder)).collect();
    if members.is_empty() {
        return Ok(None);
    }
    let mut able = Vec::new();
    let mut why = None;
    for folder in &members {
        let member = tree.below(folder)?;
        match Project::read(&member, stated) {
            // What is stated for a member counts only where pydeploy is run on it.
            Ok(_) => able.push((*folder, states_settings(&member)?)),
            Err(error) => why = why.or(Some(error)),
        }
    }
    match (able.as_slice(), why) {
        ([(only, false)], _) => Ok(Some((*only).to_owned())),
        ([], Some(error)) if members.len() == 1 => Err(error),
        _ => Err(Error::WhichMember {
            members: members.iter().map(|folder| (*folder).to_owned()).collect(),
            able: able.iter().map(|(folder, _)| (*folder).to_owned()).collect(),
        }),
    }
}

fn states_settings(member: &SourceTree) -> Result<bool, Error> {
    let Some(text) = member.text(pyproject::FILE)? else { return Ok(false) };
    let file = TomlFile::parse(pyproject::FILE, text)?;
    Ok(file.get(&["tool", "pydeploy"]).is_some() || member.contains("pydeploy.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_counted_in_by_patterns() {
        for (glob, folder, is) in [
            ("services/*", "services/api", true),
            ("services/*", "services/team/api", false),
            ("./services/api/", "services/api", true),
            ("services/**", "services/team/api", true),
            ("services/**", "libs/api", false),
            ("**/api", "services/team/api", true),
            ("services/[ab]pi", "services/api", true),
            ("../services/*", "services/api", false),
        ] {
            assert_eq!(matches(glob, folder), is, "{glob} {folder}");
        }
    }
}
