//! Preparation: from a directory and settings to everything that a build needs to know.

use std::path::{Path, PathBuf};

use super::examine::Look;
use crate::context::revision::{self, Revision};
use crate::engine::SecretSource;
use crate::fault::{Class, Fault};
use crate::image::closure::Places;
use crate::image::context::{Audience, ContextRules, Why};
use crate::image::plan::ImagePlan;
use crate::image::reference::{Repository, Tag};
use crate::image::{dockerfile, planner};
use crate::project::DependencySource;
use crate::project::{self, Decision, Evidence, Project};
use crate::settings::{DockerfileChoice, Out, Settings};
use crate::source::SourceTree;

/// A project that is ready to be built.
#[derive(Debug)]
pub struct Prepared {
    /// Its directory, absolute.
    pub root: PathBuf,
    /// What was stated.
    pub settings: Settings,
    /// Its name.
    pub name: Decision<String>,
    /// What it is; may be unknown where it has a Dockerfile of its own.
    pub project: Option<Project>,
    /// What to build by.
    pub blueprint: Blueprint,
    tree: SourceTree,
    dockerignore: Option<String>,
}

/// What to build by.
#[derive(Debug)]
pub enum Blueprint {
    /// Our plan, and the Dockerfile that it is written down as.
    Generated {
        /// What the image will be.
        plan: Box<ImagePlan>,
        /// The same as text.
        dockerfile: String,
    },
    /// The project's own Dockerfile, by its path.
    Own(Decision<String>),
}

impl Blueprint {
    /// How far an image of it is looked into: what ours is made of, we know.
    pub fn look(&self) -> Look {
        match self {
            Self::Generated { .. } => Look::Accounts,
            Self::Own(_) => Look::Programs,
        }
    }

    /// Where the files are whose libraries are looked for.
    pub fn places(&self) -> Places {
        match self {
            Self::Generated { .. } => Places::Ours,
            Self::Own(_) => Places::Packages,
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Generated { .. } => Audience::Generated,
            Self::Own(_) => Audience::Own,
        }
    }
}

impl Prepared {
    /// Reads the project and decides.
    pub fn new(settings: Settings) -> Result<Self, Fault> {
        let tree = SourceTree::open(&settings.project)?;
        let root = settings.project.canonicalize().map_err(|e| Fault::from_error(Class::Project, &e, None))?;
        let (project, blueprint) = if let Some(own) = own_dockerfile(&settings, &tree)? {
            (Project::read(&tree, &settings.stated).ok(), Blueprint::Own(own))
        } else {
            let project = Project::read(&tree, &settings.stated)?;
            refuse_credentials(&tree, &project)?;
            let plan = Box::new(planner::plan(&project, &settings.wishes));
            let dockerfile = dockerfile::text(&plan);
            (Some(project), Blueprint::Generated { plan, dockerfile })
        };
        let name = match &project {
            Some(project) => project.name.clone(),
            None => project::name(&tree, &settings.stated)?,
        };
        let dockerignore = tree.text(".dockerignore")?;
        Ok(Self { root, settings, name, project, blueprint, tree, dockerignore })
    }

    /// What of the project an engine may see.
    pub fn rules(&self) -> Result<ContextRules, Fault> {
        let keep = self.project.as_ref().map(|p| read_by_build(&p.dependencies.source)).unwrap_or_default();
        let secrets = self.settings.secrets.values().filter_map(|source| match source {
            SecretSource::File(path) => Some((inside(&self.root, path)?, Why::Secret)),
            SecretSource::Variable(_) => None,
        });
        let output = match &self.settings.out {
            Out::Folder(folder) => inside(&self.root, folder).map(|folder| (folder, Why::Output)),
            _ => None,
        };
        let held: Vec<_> = secrets.chain(output).collect();
        let dockerignore = self.dockerignore.as_deref();
        let audience = self.blueprint.audience();
        Ok(ContextRules::new(audience, dockerignore, &self.settings.include, &keep, &held)?)
    }

    /// The text of one of the project's files; empty where it has gone since.
    pub fn text(&self, path: &str) -> Result<String, Fault> {
        Ok(self.tree.text(path)?.unwrap_or_default())
    }

    /// Whose Dockerfile is built.
    pub fn audience(&self) -> Audience {
        self.blueprint.audience()
    }

    /// The repository to push to.
    pub fn repository(&self) -> Result<Option<Repository>, Fault> {
        let Some(stated) = &self.settings.registry else { return Ok(None) };
        if stated.value.starts_with("oci:") {
            let hint = "name a registry: --registry HOST[:PORT]/REPOSITORY".to_owned();
            return Err(Fault::new(Class::Usage, "OCI layouts can't be written by the BuildKit engine yet", hint));
        }
        Ok(Some(Repository::at(&stated.value, &self.name.value)?))
    }

    /// The repository to push to, which a push can't do without.
    pub fn target(&self) -> Result<Repository, Fault> {
        self.repository()?.ok_or_else(|| {
            Fault::new(
                Class::Project,
                "nothing says where to push the image",
                format!(
                    "name a registry: --registry registry.example/team/{0}, or image = \"registry.example/team/{0}\" in \
                     [tool.pydeploy]",
                    self.name.value
                ),
            )
        })
    }

    /// The state of the project's files. All of them are read only where no commit and no tag stands for them.
    pub fn revision(&self) -> Result<Revision, Fault> {
        match revision::commit(&self.root) {
            Some(commit) => Ok(commit),
            None if !self.settings.tags.is_empty() => Ok(Revision::Unknown),
            None => Ok(revision::content(&self.root, &self.rules()?)?),
        }
    }

    /// The tags that were stated, or the one that the revision gives.
    pub fn tags(&self, revision: &Revision) -> Result<Vec<Tag>, Fault> {
        if self.settings.tags.is_empty() {
            return Ok(vec![revision.tag().parse()?]);
        }
        Ok(self.settings.tags.clone())
    }
}

fn own_dockerfile(settings: &Settings, tree: &SourceTree) -> Result<Option<Decision<String>>, Fault> {
    match &settings.dockerfile {
        // `pydeploy build --dockerfile-only > Dockerfile` finds the file that the shell has just made.
        DockerfileChoice::Detect if tree.text("Dockerfile")?.is_some_and(|text| !text.trim().is_empty()) => {
            let because = "the project has a Dockerfile of its own (ours: --dockerfile generated)";
            Ok(Some(Decision::seen("Dockerfile".into(), because, Evidence::file("Dockerfile"))))
        }
        DockerfileChoice::Detect | DockerfileChoice::Generated(_) => Ok(None),
        DockerfileChoice::File(path) if tree.contains(path.value.trim_start_matches("./")) => {
            Ok(Some(path.clone().map(|p| p.trim_start_matches("./").to_owned())))
        }
        DockerfileChoice::File(path) => Err(Fault::new(
            Class::Project,
            format!("there is no Dockerfile at {} in the project", path.value),
            "name it relative to the project's directory, or `generated`".to_owned(),
        )),
    }
}

/// What states the dependencies becomes part of the image: a password in it would, too.
fn refuse_credentials(tree: &SourceTree, project: &Project) -> Result<(), Fault> {
    let files = match &project.dependencies.source {
        DependencySource::Requirements { files, .. } => files.clone(),
        DependencySource::Pyproject { .. } | DependencySource::UvLock { .. } => vec!["pyproject.toml".to_owned()],
        DependencySource::None => Vec::new(),
    };
    for file in files {
        let text = tree.text(&file)?.unwrap_or_default();
        let Some(line) = text.lines().position(has_password) else { continue };
        return Err(Fault::new(
            Class::Project,
            format!("{file}, line {}: a password in a URL would be in the image for all to read", line + 1),
            "take it out: `https://${TOKEN}@…` in a requirements file, or --build-secret id=netrc,src=FILE".to_owned(),
        ));
    }
    Ok(())
}

/// `https://user:password@host`, where the password is no variable.
fn has_password(line: &str) -> bool {
    line.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', ' ', '"', '\'', '?']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        user.and_then(|u| u.split_once(':')).is_some_and(|(_, p)| !p.is_empty() && !p.starts_with("${"))
    })
}

/// Files that a build backend reads because pyproject.toml names them.
fn read_by_build(source: &DependencySource) -> Vec<String> {
    match source {
        DependencySource::UvLock { readme, licenses, .. } | DependencySource::Pyproject { readme, licenses, .. } => {
            readme.iter().chain(licenses).cloned().collect()
        }
        _ => Vec::new(),
    }
}

/// The path of `folder` relative to `root`, if it lies in it.
fn inside(root: &Path, folder: &Path) -> Option<String> {
    let absolute = std::path::absolute(folder).ok()?;
    // The folder may not be there yet; its parent says whether a link leads elsewhere.
    let parent = absolute.parent()?.canonicalize().ok()?;
    let relative = parent.join(absolute.file_name()?).strip_prefix(root).ok()?.to_str()?.to_owned();
    (!relative.is_empty()).then_some(relative)
}
