//! Preparation: from a directory and settings to everything that a build needs to know.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::examine::Look;
use super::target::Target;
use crate::context::revision::{self, Revision};
use crate::debian::lock::{self, Lock};
use crate::engine::{Cached, SecretSource};
use crate::fault::{Class, Fault};
use crate::image::closure::Places;
use crate::image::context::{Audience, ContextRules, Part, Why};
use crate::image::install::Install;
use crate::image::plan::{ImagePlan, Strategy};
use crate::image::reference::Tag;
use crate::image::release::Release;
use crate::image::{dockerfile, planner};
use crate::project::DependencySource;
use crate::project::support::{self, Day};
use crate::project::{self, Decision, Evidence, Member, Process, Project};
use crate::settings::{DockerfileChoice, Out, Settings};
use crate::source::SourceTree;

/// A project that is ready to be built.
#[derive(Debug)]
pub struct Prepared {
    /// Its directory, absolute.
    pub root: PathBuf,
    /// The root of what it is built from, absolute: its directory, or that of the workspace that it is a member of.
    pub context: PathBuf,
    /// What was stated.
    pub settings: Settings,
    /// Its name.
    pub name: Decision<String>,
    /// What it is; may be unknown where it has a Dockerfile of its own.
    pub project: Option<Project>,
    /// What to build by.
    pub blueprint: Blueprint,
    /// What its image is started for beside its own command. What a Dockerfile of the project's makes is started for what
    /// is stated, and for nothing else.
    pub processes: Vec<Process>,
    /// Its files.
    pub tree: SourceTree,
    /// Whether an engine may take from its cache what it has built before.
    pub cached: Cached,
    dockerignores: Ignores,
}

/// The texts of a project's .dockerignore.
#[derive(Debug, Default)]
struct Ignores {
    own: Option<String>,
    /// At the root of its workspace.
    root: Option<String>,
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

    /// What a user should know before it is built, one sentence each.
    pub fn notes(&self) -> &[String] {
        match self {
            Self::Generated { plan, .. } => &plan.notes,
            Self::Own(_) => &[],
        }
    }

    /// The project's place in a workspace whose root is the context.
    fn member(&self) -> Option<&Member> {
        match self {
            Self::Generated { plan, .. } => plan.install.member(),
            Self::Own(_) => None,
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
    pub fn new(mut settings: Settings) -> Result<Self, Fault> {
        let (folder, tree) = files(&settings)?;
        settings.project = folder;
        let root = settings.project.canonicalize().map_err(|e| Fault::from_error(Class::Project, &e, None))?;
        let (project, blueprint) = if let Some(own) = own_dockerfile(&settings, &tree)? {
            (Project::read(&tree, &settings.stated).ok(), Blueprint::Own(own))
        } else {
            let project = Project::read(&tree, &settings.stated)?;
            refuse_credentials(&tree, &project)?;
            let mut plan = Box::new(planner::plan(&project, &settings.wishes));
            plan.notes.extend(unsupported(&project, today()));
            refuse_what_debian_lacks(&plan, &settings)?;
            let dockerfile = dockerfile::text(&plan);
            (Some(project), Blueprint::Generated { plan, dockerfile })
        };
        let processes = match (&project, &blueprint) {
            (Some(project), Blueprint::Generated { .. }) => project.processes.clone(),
            _ => project::stated_processes(Vec::new(), &settings.stated.processes)?,
        };
        let name = match &project {
            Some(project) => project.name.clone(),
            None => project::name(&tree, &settings.stated)?,
        };
        let above = blueprint.member().and_then(|member| tree.above(member.levels()));
        let dockerignores = Ignores {
            own: tree.text(".dockerignore")?,
            root: above.map(|root| root.text(".dockerignore")).transpose()?.flatten(),
        };
        let levels = blueprint.member().map_or(0, Member::levels);
        let context = root.ancestors().nth(levels).unwrap_or(&root).to_path_buf();
        let cached = Cached::default();
        Ok(Self { root, context, settings, name, project, blueprint, processes, tree, cached, dockerignores })
    }

    /// The project's folder in the context, where it is not all of it.
    pub fn part(&self) -> Option<&str> {
        self.blueprint.member().map(|member| member.folder.as_str())
    }

    /// The files and folders of the context that are needed, relative to its root; none where all of it is.
    fn needed(&self) -> Vec<String> {
        let Blueprint::Generated { plan, .. } = &self.blueprint else { return Vec::new() };
        match &plan.install {
            // The root itself may be a package that the member needs.
            Install::Uv { local, .. } if local.iter().any(|path| path == ".") => Vec::new(),
            Install::Uv { files, local, member: Some(member), .. } => {
                [&member.folder].into_iter().chain(files).chain(local).cloned().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What of the project an engine may see.
    pub fn rules(&self) -> Result<ContextRules, Fault> {
        let keep = self.project.as_ref().map(|p| read_by_build(&p.dependencies.source)).unwrap_or_default();
        let secrets = self.settings.secrets.values().filter_map(|source| match source {
            SecretSource::File(path) => Some((inside(&self.context, path)?, Why::Secret)),
            SecretSource::Variable(_) => None,
        });
        let output = match &self.settings.out {
            Out::Folder(folder) => inside(&self.context, folder).map(|folder| (folder, Why::Output)),
            _ => None,
        };
        let held: Vec<_> = secrets.chain(output).collect();
        let Ignores { own, root } = &self.dockerignores;
        let needed = self.needed();
        let part = self.part().map(|folder| Part { folder, needed: &needed, dockerignore: root.as_deref() });
        let audience = self.blueprint.audience();
        Ok(ContextRules::of(part, audience, own.as_deref(), &self.settings.include, &keep, &held)?)
    }

    /// The text of one of the context's files; empty where it has gone since.
    pub fn text(&self, path: &str) -> Result<String, Fault> {
        let above = self.blueprint.member().and_then(|member| self.tree.above(member.levels()));
        let text = above.map_or_else(|| self.tree.text(path), |root| root.text(path));
        Ok(text?.unwrap_or_default())
    }

    /// Whose Dockerfile is built.
    pub fn audience(&self) -> Audience {
        self.blueprint.audience()
    }

    /// Where the image goes, where that is stated.
    pub fn stated_target(&self) -> Result<Option<Target>, Fault> {
        let Some(stated) = &self.settings.registry else { return Ok(None) };
        Ok(Some(Target::parse(&stated.value, &self.name.value)?))
    }

    /// Where the image goes, which a push can't do without.
    pub fn target(&self) -> Result<Target, Fault> {
        self.stated_target()?.ok_or_else(|| {
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

    /// The Debian packages that the project holds.
    pub fn lock(&self) -> Result<Lock, Fault> {
        let text = self.tree.text(lock::FILE)?;
        let lock = text.as_deref().map_or_else(|| Ok(Lock::default()), Lock::read);
        lock.map_err(|error| Fault::from_error(Class::Project, &error, Some(error.hint().to_owned())))
    }

    /// A digest over what states the dependencies: the files that an installer reads, and what the plan lists itself.
    pub fn stated_dependencies(&self) -> Result<[u8; 32], Fault> {
        let mut hasher = Sha256::new();
        let mut add = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        };
        if let Blueprint::Generated { plan, .. } = &self.blueprint {
            add(&format!("{:?}", plan.install));
            match &plan.install {
                Install::Requirements { files, .. } | Install::Uv { files, .. } | Install::Lock { files, .. } => {
                    for file in files {
                        add(&self.text(file)?);
                    }
                }
                Install::Pylock { file, .. } => add(&self.text(file)?),
                Install::Listed(_) | Install::Nothing => {}
            }
        }
        Ok(hasher.finalize().into())
    }

    /// The state of the project's files. All of them are read only where no commit and no tag stands for them.
    pub fn revision(&self) -> Result<Revision, Fault> {
        match revision::commit(&self.context, &self.needed()) {
            Some(commit) => Ok(commit),
            None if !self.settings.tags.is_empty() => Ok(Revision::Unknown),
            None => Ok(revision::content(&self.context, &self.rules()?)?),
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

/// A project's directory and its files: where that is the root of a workspace and no project itself, those of the only
/// member that can be started.
pub fn files(settings: &Settings) -> Result<(PathBuf, SourceTree), Fault> {
    let tree = SourceTree::open(&settings.project)?;
    if own_dockerfile(settings, &tree)?.is_some() {
        return Ok((settings.project.clone(), tree));
    }
    match project::only_member(&tree, &settings.stated)? {
        Some(folder) => Ok((settings.project.join(&folder), tree.below(&folder)?)),
        None => Ok((settings.project.clone(), tree)),
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

/// The minimal strategy takes Python from Debian, and each Debian has one.
fn refuse_what_debian_lacks(plan: &ImagePlan, settings: &Settings) -> Result<(), Fault> {
    if plan.strategy.value != Strategy::Minimal {
        return Ok(());
    }
    let other = "another strategy takes it from an image: --strategy multi-stage";
    if let Some(base) = &settings.wishes.base {
        let message = format!("the minimal strategy has no base image, and {} is stated", base.value);
        return Err(Fault::new(Class::Usage, message, format!("leave it out, or {other}")));
    }
    if Release::with(plan.python).is_some() {
        return Ok(());
    }
    let has = Release::ALL.map(|r| format!("Python {} ({r})", r.python())).join(", ");
    let message = format!("no Debian has Python {}, which the minimal strategy takes from there", plan.python);
    Err(Fault::new(Class::Project, message, format!("there are {has}; {other}")))
}

/// What states the dependencies becomes part of the image: a password in it would, too.
fn refuse_credentials(tree: &SourceTree, project: &Project) -> Result<(), Fault> {
    let files = match &project.dependencies.source {
        DependencySource::Requirements { files, .. } | DependencySource::Lock { files, .. } => files.clone(),
        DependencySource::Pylock { lock, .. } => vec![lock.clone()],
        // A Pipfile that is not locked states them in the same way as [project].
        DependencySource::Pyproject { .. } | DependencySource::UvLock { .. } => {
            ["pyproject.toml", "Pipfile"].map(str::to_owned).to_vec()
        }
        DependencySource::None => Vec::new(),
    };
    let mut texts = Vec::new();
    for file in files {
        texts.push((tree.text(&file)?, file));
    }
    if let DependencySource::UvLock { member: Some(member), pyproject, .. } = &project.dependencies.source
        && let Some(root) = tree.above(member.levels())
    {
        texts.push((root.text(pyproject)?, member.way(pyproject)));
    }
    for (text, file) in texts {
        let text = text.unwrap_or_default();
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
pub(super) fn has_password(line: &str) -> bool {
    line.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', ' ', '"', '\'', '?']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        user.and_then(|u| u.split_once(':')).is_some_and(|(_, p)| !p.is_empty() && !p.starts_with("${"))
    })
}

/// Files that a build backend reads because pyproject.toml names them.
pub fn read_by_build(source: &DependencySource) -> Vec<String> {
    match source {
        DependencySource::UvLock { readme, licenses, .. }
        | DependencySource::Lock { readme, licenses, .. }
        | DependencySource::Pylock { readme, licenses, .. }
        | DependencySource::Pyproject { readme, licenses, .. } => readme.iter().chain(licenses).cloned().collect(),
        _ => Vec::new(),
    }
}

/// The Python that something states, where nobody mends it any more.
fn unsupported(project: &Project, today: Day) -> Option<String> {
    let at = project.python.evidence.as_ref()?;
    let (python, (year, month, day)) = (project.python.value, support::ended(project.python.value, today)?);
    Some(format!(
        "Python {python} ({at}) is out of support since {year}-{month:02}-{day:02}, and its holes stay: state a newer one"
    ))
}

fn today() -> Day {
    let date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    (date.year(), date.month(), date.day())
}

/// The path of `folder` relative to `root`, if it lies in it.
fn inside(root: &Path, folder: &Path) -> Option<String> {
    let absolute = std::path::absolute(folder).ok()?;
    // The folder may not be there yet; its parent says whether a link leads elsewhere.
    let parent = absolute.parent()?.canonicalize().ok()?;
    let relative = parent.join(absolute.file_name()?).strip_prefix(root).ok()?.to_str()?.to_owned();
    (!relative.is_empty()).then_some(relative)
}
