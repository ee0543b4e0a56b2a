//! A lock: which file of which distribution gets into the image, found before anything is fetched.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::{Step, Uv, process};
use crate::image::context::ContextRules;
use crate::image::install::Install;
use crate::image::site::{Pylock, Target, Wheel};
use crate::project::{Flat, Member, PythonVersion, Replacement, flatten};
use crate::source::decoded;

/// What is to be installed.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// From where.
    pub install: &'a Install,
    /// The root of what is built from, absolute: the project's, or that of its workspace. uv runs there, so that the project's own settings of it hold.
    pub root: &'a Path,
    /// Which of the project's files a build of it sees.
    pub rules: &'a ContextRules,
    /// What for.
    pub target: Target,
    /// Wheels that were built for what has none; those that don't fit the target are passed over.
    pub wheels: &'a [PathBuf],
}

/// What will be installed, to the file.
pub struct Locked {
    pub(super) pylock: Pylock,
    /// What uv installs from.
    pub(super) list: List,
    /// What uv found for requirements that nothing had locked, as a pylock that others can install from.
    resolved: Option<String>,
}

impl fmt::Debug for Locked {
    // Addresses of indexes may hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked").finish_non_exhaustive()
    }
}

/// What uv installs from.
pub(super) enum List {
    /// Nothing is installed.
    Nothing,
    /// The pylock, on disk.
    Pylock(PathBuf),
    /// Requirements with hashes, which uv checks itself: a pylock holds what the index says of hashes.
    Hashed {
        /// They, on disk.
        requirements: PathBuf,
        /// Whether versions may be prereleases.
        prereleases: bool,
    },
}

impl Locked {
    /// What will be installed. The same text, for the same target, installs the same files.
    pub fn pylock(&self) -> &Pylock {
        &self.pylock
    }

    /// What was found for requirements that nothing had locked, as a pylock.
    pub fn resolved(&self) -> Option<&str> {
        self.resolved.as_deref()
    }
}

impl Uv {
    /// Finds out which files are installed; what lies in the project itself is built. `scratch` is an empty folder that
    /// must stay until the installation is done.
    pub async fn lock(&self, wanted: Wanted<'_>, scratch: &Path) -> Result<Locked, Error> {
        let built = Built { uv: self, wanted, scratch };
        let locked = match wanted.install {
            Install::Nothing => {
                let pylock = Pylock::parse("lock-version = \"1.0\"\ncreated-by = \"pydeploy\"\n")?;
                return Ok(Locked { pylock, list: List::Nothing, resolved: None });
            }
            Install::Uv { package, member, .. } => self.read_lock(&built, *package, member.as_ref()).await?,
            Install::Pylock { file, .. } => {
                let mut pylock = Pylock::parse(&read(&wanted.root.join(file))?)?;
                pylock.place(wanted.root);
                built.complete(pylock, wanted.root, None).await?
            }
            Install::Requirements { files, local, beside } => {
                self.read_requirements(&built, files, local, beside).await?
            }
            Install::Listed(requirements) => {
                let listed = ("requirements".to_owned(), requirements.join("\n"));
                self.resolve(&built, &[listed], built.folders(&[]).await?, Needs::Followed).await?
            }
            Install::Lock { pins, local, package, .. } => {
                let mut replacements = built.folders(local).await?;
                if *package {
                    replacements.push(built.wheel(wanted.root).await?.replacement());
                }
                self.resolve(&built, &[("lock".to_owned(), pins.join("\n"))], replacements, Needs::Listed).await?
            }
        };
        let missing = locked.pylock.missing(wanted.target);
        if missing.is_empty() { Ok(locked) } else { Err(Error::NoWheel { missing, target: wanted.target }) }
    }

    /// The newest Python before the target's for which a release has a wheel; uv runs in `root`, as when it resolved.
    /// `scratch` is a folder to write to.
    pub async fn older(&self, release: &str, root: &Path, target: Target, scratch: &Path) -> Option<PythonVersion> {
        let path = scratch.join("older.txt");
        write(&path, release).ok()?;
        for python in target.python.older() {
            let mut command = self.compile(root, Target { python, ..target });
            command.args(["--quiet", "--no-deps"]).arg(&path);
            if process::run(&mut command, None).await.is_ok_and(|ended| ended.success) {
                return Some(python);
            }
        }
        None
    }

    /// The command that resolves requirements for a target, from wheels alone.
    fn compile(&self, root: &Path, target: Target) -> tokio::process::Command {
        let mut command = self.command(Some(root));
        command.args(["pip", "compile", "--only-binary", ":all:"]);
        command.args(["--python-platform", &target.platform.uv_name(), "--python-version", &target.python.to_string()]);
        as_pip(&mut command, &self.indexes);
        command
    }

    async fn read_lock(&self, built: &Built<'_>, package: bool, member: Option<&Member>) -> Result<Locked, Error> {
        let root = built.wanted.root;
        let path = built.scratch.join("pylock.toml");
        let mut command = self.command(Some(root));
        command.args(["export", "--quiet", "--frozen", "--no-emit-project", "--no-header"]);
        command.args(built.wanted.install.uv_words());
        command.args(["--format", "pylock.toml", "--output-file"]).arg(&path);
        self.run(command, Step { id: "lock", doing: "read the lock" }, None).await?;
        let own = member.map_or_else(|| root.to_path_buf(), |member| root.join(&member.folder));
        built.complete(Pylock::parse(&read(&path)?)?, built.scratch, package.then_some(own)).await
    }

    async fn read_requirements(
        &self,
        built: &Built<'_>,
        files: &[String],
        local: &[String],
        beside: &[String],
    ) -> Result<Locked, Error> {
        let text = |file: &String| read(&built.wanted.root.join(file)).map(|text| (file.clone(), text));
        let mut texts = files.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        // What is read first includes the others.
        if let Some((_, first)) = texts.first_mut() {
            for requirement in beside {
                first.push('\n');
                first.push_str(requirement);
            }
        }
        self.resolve(built, &texts, built.folders(local).await?, Needs::Followed).await
    }

    /// Resolves requirements as of now, from wheels alone.
    async fn resolve(
        &self,
        built: &Built<'_>,
        files: &[(String, String)],
        replacements: Vec<Replacement>,
        needs: Needs,
    ) -> Result<Locked, Error> {
        let Wanted { root, target, .. } = built.wanted;
        let Flat { text, hashes, prereleases } = flatten(&root.to_string_lossy(), files, &replacements);
        let (from, path) = (built.scratch.join("requirements.txt"), built.scratch.join("pylock.toml"));
        write(&from, &text)?;
        let mut command = self.compile(root, target);
        command.args(["--quiet", "--no-header", "--format", "pylock.toml", "--output-file"]).arg(&path).arg(&from);
        if prereleases {
            command.args(["--prerelease", "allow"]);
        }
        if needs == Needs::Listed {
            command.arg("--no-deps");
        }
        self.run(command, Step { id: "lock", doing: "resolve the requirements" }, Some(target)).await?;
        let resolved = read(&path)?;
        let mut pylock = Pylock::parse(&resolved)?;
        built.provide(&mut pylock)?;
        write(&path, &pylock.text())?;
        let list = if hashes { List::Hashed { requirements: from, prereleases } } else { List::Pylock(path) };
        let resolved = matches!(built.wanted.install, Install::Listed(_)).then_some(resolved);
        Ok(Locked { pylock, list, resolved })
    }
}

/// Whether requirements bring others that are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// What they need is found as well.
    Followed,
    /// All that is needed is listed.
    Listed,
}

/// A requirements file is written for pip, which takes the best version that any of its indexes has.
pub(super) fn as_pip(command: &mut tokio::process::Command, indexes: &[(&'static str, String)]) {
    // By the environment: an address may hold a password.
    command.envs(indexes.iter().map(|(name, value)| (name, value)));
    if std::env::var_os("UV_INDEX_STRATEGY").is_none() {
        command.args(["--index-strategy", "unsafe-best-match"]);
    }
}

/// What is built for a lock.
struct Built<'a> {
    uv: &'a Uv,
    wanted: Wanted<'a>,
    scratch: &'a Path,
}

/// A wheel on this machine.
struct BuiltWheel {
    name: Wheel,
    path: String,
    sha256: String,
}

impl BuiltWheel {
    fn replacement(self) -> Replacement {
        Replacement { path: None, name: self.name.name, file: self.path, sha256: self.sha256 }
    }
}

impl Built<'_> {
    /// Builds a wheel from a folder of the project: in a copy, since builds leave traces.
    async fn wheel(&self, folder: &Path) -> Result<BuiltWheel, Error> {
        let root = self.wanted.root;
        let copy = self.scratch.join("source");
        if !copy.exists() {
            super::build::copy(root, self.wanted.rules, &copy)?;
        }
        let inside = folder.canonicalize().map_err(Error::file("find", folder))?;
        let root = root.canonicalize().map_err(Error::file("find", root))?;
        let inside = inside.strip_prefix(&root).map_err(|_| {
            let outside = std::io::Error::other("it is not in the project");
            Error::file("build a wheel of", folder)(outside)
        })?;
        let out = tempfile::Builder::new().prefix("wheel-").tempdir_in(self.scratch);
        let out = out.map_err(Error::file("write to", self.scratch))?.keep();
        let wheel = told(&self.uv.build_wheel(&copy.join(inside), &out).await?)?;
        if wheel.name.is_pure() {
            return Ok(wheel);
        }
        let folder = inside.display().to_string();
        let folder = if folder.is_empty() { "the project".to_owned() } else { folder };
        Err(Error::NotPure { wheel: format!("{} {}", wheel.name.name, wheel.name.version), folder })
    }

    /// The wheels that were given, and fit.
    fn given(&self) -> Result<Vec<BuiltWheel>, Error> {
        let fits = |path: &&PathBuf| {
            let name = path.file_name().and_then(|name| Wheel::parse(name.to_str()?));
            name.is_none_or(|name| name.fits(self.wanted.target))
        };
        self.wanted.wheels.iter().filter(fits).map(|path| told(path)).collect()
    }

    /// What stands for folders of the project, each built, and for what was given.
    async fn folders(&self, local: &[String]) -> Result<Vec<Replacement>, Error> {
        let root = self.wanted.root;
        let is_built = |folder: &Path| ["pyproject.toml", "setup.py"].iter().any(|file| folder.join(file).is_file());
        let mut replacements = Vec::new();
        for path in local.iter().filter(|path| is_built(&root.join(path))) {
            let wheel = self.wheel(&root.join(path)).await?;
            replacements.push(Replacement { path: Some(path.clone()), ..wheel.replacement() });
        }
        replacements.extend(self.given()?.into_iter().map(BuiltWheel::replacement));
        Ok(replacements)
    }

    /// Takes what was given, and builds what lies in the project: the folders of the list, which are relative to `base`,
    /// and the project's own.
    async fn complete(&self, mut pylock: Pylock, base: &Path, own: Option<PathBuf>) -> Result<Locked, Error> {
        self.provide(&mut pylock)?;
        let folders = pylock.local(self.wanted.target).into_iter().map(|local| base.join(local.path));
        for folder in folders.chain(own).collect::<Vec<_>>() {
            let wheel = self.wheel(&folder).await?;
            if !pylock.provide(&wheel.name, &wheel.path, &wheel.sha256) {
                pylock.add(&wheel.name, &wheel.path, &wheel.sha256);
            }
        }
        let path = self.scratch.join("pylock.toml");
        write(&path, &pylock.text())?;
        Ok(Locked { pylock, list: List::Pylock(path), resolved: None })
    }

    /// Puts the wheels that were given in the place of what the lock has of them.
    fn provide(&self, pylock: &mut Pylock) -> Result<(), Error> {
        for wheel in self.given()? {
            pylock.provide(&wheel.name, &wheel.path, &wheel.sha256);
        }
        Ok(())
    }
}

fn told(path: &Path) -> Result<BuiltWheel, Error> {
    let no_wheel = || Error::file("use the wheel", path)(std::io::Error::other("its name is no wheel's"));
    let name = path.file_name().and_then(|name| Wheel::parse(name.to_str()?)).ok_or_else(no_wheel)?;
    let text = path.to_str().map(str::to_owned).ok_or_else(no_wheel)?;
    let mut file = std::fs::File::open(path).map_err(Error::file("read", path))?;
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut piece).map_err(Error::file("read", path))?;
        if read == 0 {
            return Ok(BuiltWheel { name, path: text, sha256: hex::encode(hasher.finalize()) });
        }
        hasher.update(&piece[..read]);
    }
}

fn read(path: &Path) -> Result<String, Error> {
    Ok(decoded(&std::fs::read(path).map_err(Error::file("read", path))?))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(Error::file("write", path))
}
