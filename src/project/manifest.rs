//! The manifest: which of a project's files states what is installed.

use std::collections::BTreeSet;

use super::dependencies::{Dependencies, Dependency, DependencySource, IndexUse};
use super::marker::Target;
use super::pyproject::{self, Pyproject};
use super::requirement::{self, Origin, Requirement};
use super::requirements::{self, Requirements};
use super::scan::Sources;
use super::toml_file::Located;
use super::uv_lock::{self, UvLock};
use super::{Decision, Error, Evidence, Manager, Stated, paths, unsupported};
use crate::source::SourceTree;

/// The file that pip users write.
const REQUIREMENTS: &str = "requirements.txt";
/// Where requirements are looked for if they are not at the root.
const ROLES: [&str; 4] =
    ["requirements/prod.txt", "requirements/production.txt", "requirements/base.txt", "requirements/main.txt"];

/// What the choice is made from.
pub(crate) struct Manifest<'a> {
    /// The project's files.
    pub(crate) tree: &'a SourceTree,
    /// Its pyproject.toml.
    pub(crate) pyproject: Option<&'a Pyproject>,
    /// Its uv.lock.
    pub(crate) lock: Option<&'a UvLock>,
    /// Its code.
    pub(crate) sources: &'a Sources,
    /// What markers are judged for.
    pub(crate) target: Target,
}

type Chosen = (Decision<Manager>, Dependencies);

impl Manifest<'_> {
    /// Chooses the manager and reads what is installed.
    pub(crate) fn choose(&self, stated: &Stated) -> Result<Chosen, Error> {
        let Some(stated) = &stated.manager else { return self.detect() };
        let dependencies = match stated.value {
            Manager::Uv => self.stated_uv()?,
            Manager::Pip => self.stated_pip()?,
            other => {
                let at = unsupported::sign(self.tree, self.pyproject, other);
                return Err(unsupported::error(other, at.unwrap_or_else(|| Evidence::file(pyproject::FILE))));
            }
        };
        Ok((stated.clone(), dependencies))
    }

    fn stated_uv(&self) -> Result<Dependencies, Error> {
        match (self.lock, self.pyproject) {
            (Some(lock), Some(pyproject)) => self.locked(lock, pyproject),
            (_, pyproject) => Err(Error::ManagerFileMissing {
                manager: Manager::Uv,
                file: if self.lock.is_some() { pyproject::FILE } else { uv_lock::FILE }.to_owned(),
                mend: match pyproject {
                    Some(_) => "run: uv lock".to_owned(),
                    None => "write pyproject.toml with a [project] table and run: uv lock; or state manager = \"pip\""
                        .to_owned(),
                },
            }),
        }
    }

    fn stated_pip(&self) -> Result<Dependencies, Error> {
        if let Some(roots) = self.requirement_roots()? {
            return self.required(&roots);
        }
        match self.pyproject.filter(|pyproject| pyproject.has_project) {
            Some(pyproject) => self.listed(pyproject),
            None => Err(Error::ManagerFileMissing {
                manager: Manager::Pip,
                file: REQUIREMENTS.to_owned(),
                mend: unsupported::first(self.tree, self.pyproject)
                    .map_or_else(|| format!("write {REQUIREMENTS}"), |(manager, _)| unsupported::export(manager)),
            }),
        }
    }

    fn detect(&self) -> Result<Chosen, Error> {
        let roots = self.requirement_roots()?;
        let other = unsupported::first(self.tree, self.pyproject);
        if let (Some(lock), Some(pyproject)) = (self.lock, self.pyproject) {
            if let Some((_, at)) = other.filter(|(_, at)| at.file != pyproject::FILE) {
                return Err(which(format!("{at} and uv.lock stand side by side"), &[Manager::Uv], roots.is_some()));
            }
            let because = self.compared(lock, roots.as_deref())?;
            let decision = Decision::seen(Manager::Uv, because, Evidence::file(uv_lock::FILE));
            return Ok((decision, self.locked(lock, pyproject)?));
        }
        if let Some((manager, at)) = other {
            if roots.is_some() {
                return Err(which(format!("{at} stands beside a requirements file"), &[], true));
            }
            return Err(unsupported::error(manager, at));
        }
        if let Some(roots) = roots {
            let dependencies = self.required(&roots)?;
            self.covers(&dependencies, &roots)?;
            let at = Evidence::file(roots.first().map_or(REQUIREMENTS, String::as_str));
            return Ok((Decision::seen(Manager::Pip, "a requirements file states the dependencies", at), dependencies));
        }
        if let Some(pyproject) = self.pyproject
            && (pyproject.dependencies.is_some() || pyproject.dynamic_dependencies.is_some() || pyproject.package)
            && pyproject.has_project
        {
            let decision =
                Decision::seen(Manager::Pip, "[project] states the dependencies", Evidence::file(pyproject::FILE));
            return Ok((decision, self.listed(pyproject)?));
        }
        unsupported::others(self.tree, self.sources)?;
        let nothing =
            Dependencies { source: DependencySource::None, packages: Vec::new(), indexes: IndexUse::default() };
        Ok((Decision::assumed(Manager::Pip, "nothing but the standard library is imported"), nothing))
    }

    /// The requirements files to begin with; `None` where there are none.
    fn requirement_roots(&self) -> Result<Option<Vec<String>>, Error> {
        if let Some(pyproject) =
            self.pyproject.filter(|p| p.dynamic_dependencies.is_some() && !p.dynamic_files.is_empty())
        {
            let exists = |file: &Located| {
                let path = paths::resolve("", &file.text, &file.at)?;
                let missing = || Error::MissingPath { at: file.at.clone(), path: path.clone() };
                self.tree.contains(&path).then(|| path.clone()).ok_or_else(missing)
            };
            return pyproject.dynamic_files.iter().map(exists).collect::<Result<_, _>>().map(Some);
        }
        if self.tree.contains(REQUIREMENTS) {
            return Ok(Some(vec![REQUIREMENTS.to_owned()]));
        }
        let present: Vec<String> =
            ROLES.into_iter().filter(|role| self.tree.contains(role)).map(str::to_owned).collect();
        let mut included = Vec::new();
        for role in &present {
            let read = requirements::read(self.tree, std::slice::from_ref(role), self.target)?;
            included.extend(read.files.into_iter().skip(1));
        }
        let roots: Vec<String> = present.into_iter().filter(|role| !included.contains(role)).collect();
        match roots.len() {
            0 => Ok(None),
            1 => Ok(Some(roots)),
            _ => Err(Error::WhichRequirements { files: roots }),
        }
    }

    /// Compares an exported requirements.txt with the lock.
    fn compared(&self, lock: &UvLock, roots: Option<&[String]>) -> Result<String, Error> {
        let Some(roots) = roots else { return Ok("it locks the dependencies".to_owned()) };
        let read = requirements::read(self.tree, roots, self.target)?;
        for package in read.packages.values() {
            let at = &package.evidence;
            let what = match &package.version {
                Some(version) if lock.agrees(&package.name, version) == Some(false) => {
                    format!("{at} pins {}=={version}, and uv.lock has another version", package.name)
                }
                _ if !lock.contains(&package.name) => format!("{at} names {}, which uv.lock lacks", package.name),
                _ => continue,
            };
            return Err(which(what, &[Manager::Uv], true));
        }
        let first = roots.first().map_or(REQUIREMENTS, String::as_str);
        Ok(format!("it locks the dependencies, and {first} agrees with it"))
    }

    /// A requirements file beside `[project]` must install everything that `[project]` needs.
    fn covers(&self, dependencies: &Dependencies, roots: &[String]) -> Result<(), Error> {
        let Some(pyproject) = self.pyproject.filter(|_| !dependencies.installs_project()) else { return Ok(()) };
        for listed in pyproject.dependencies.iter().flatten() {
            let Some(name) = requirement::name_of(&listed.text) else { continue };
            let applies = Requirement::parse(&listed.text)
                .ok()
                .and_then(|r| r.marker)
                .is_none_or(|marker| self.target.holds(&marker).unwrap_or(true));
            if applies && dependencies.get(&name).is_none() {
                let first = roots.first().map_or(REQUIREMENTS, String::as_str);
                return Err(which(format!("{first} lacks {name}, which {} states", listed.at), &[], true));
            }
        }
        Ok(())
    }

    fn required(&self, roots: &[String]) -> Result<Dependencies, Error> {
        let Requirements { files, hashes, variables, local_paths, indexes, mut packages, own_extras, .. } =
            requirements::read(self.tree, roots, self.target)?;
        let variables: Vec<String> = variables.into_iter().collect();
        if let Some(pyproject) = self.pyproject.filter(|_| local_paths.contains(".")) {
            for package in self.packages(own(pyproject, &own_extras))? {
                packages.entry(package.name.clone()).or_insert(package);
            }
        }
        Ok(Dependencies {
            packages: packages.into_values().collect(),
            indexes: IndexUse { places: indexes, variables: variables.clone() },
            source: DependencySource::Requirements {
                files,
                hashes,
                variables,
                local_paths: local_paths.into_iter().collect(),
            },
        })
    }

    fn locked(&self, lock: &UvLock, pyproject: &Pyproject) -> Result<Dependencies, Error> {
        let installed = lock.installed(pyproject, self.target)?;
        Ok(Dependencies {
            packages: installed.packages,
            indexes: index_use(pyproject),
            source: DependencySource::UvLock {
                lock: uv_lock::FILE.to_owned(),
                pyproject: pyproject::FILE.to_owned(),
                package: pyproject.package,
                readme: pyproject.readme.clone(),
                licenses: pyproject.licenses.clone(),
                members: installed.members,
            },
        })
    }

    /// What a list of requirements installs on Linux.
    fn packages<'a>(&self, listed: impl IntoIterator<Item = &'a Located>) -> Result<Vec<Dependency>, Error> {
        let mut packages = Vec::new();
        for Located { text, at } in listed {
            let refuse = |reason| requirements::refuse(at, text, reason);
            let parsed = Requirement::parse(text).map_err(refuse)?;
            let holds = parsed.marker.as_deref().map_or(Ok(true), |marker| self.target.holds(marker));
            if matches!(parsed.origin, Origin::Path(_)) {
                return Err(refuse("[project] can't name a path".to_owned()));
            }
            let (version, extras, evidence) = (parsed.pinned(), parsed.extras, at.clone());
            if let Some(name) = parsed.name
                && holds.map_err(refuse)?
            {
                packages.push(Dependency {
                    name,
                    version,
                    extras,
                    evidence,
                    wheels: None,
                    sdist: None,
                    direct: true,
                    only: None,
                });
            }
        }
        Ok(packages)
    }

    fn listed(&self, pyproject: &Pyproject) -> Result<Dependencies, Error> {
        if let Some(dynamic) = &pyproject.dynamic_dependencies {
            return Err(unsupported::dynamic(dynamic.at.clone()));
        }
        if let Some(only) = &pyproject.uv_only {
            return Err(Error::NeedsLock { what: format!("{} ({}) is only honoured by uv", only.text, only.at) });
        }
        let listed = pyproject.dependencies.as_deref().unwrap_or_default();
        let mut packages = self.packages(listed)?;
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        packages.dedup_by(|a, b| a.name == b.name);
        let source = if listed.is_empty() && !pyproject.package {
            DependencySource::None
        } else {
            DependencySource::Pyproject {
                requirements: listed.iter().map(|located| located.text.clone()).collect(),
                package: pyproject.package,
                readme: pyproject.readme.clone(),
                licenses: pyproject.licenses.clone(),
            }
        };
        Ok(Dependencies { source, packages, indexes: index_use(pyproject) })
    }
}

/// The requirements of the project itself and of some of its extras.
fn own<'a>(pyproject: &'a Pyproject, extras: &BTreeSet<String>) -> Vec<&'a Located> {
    let of_extra = |aside: &&pyproject::Aside| {
        aside.place.strip_prefix("the extra ").is_some_and(|extra| extras.contains(&requirement::normalise(extra)))
    };
    let asides = pyproject.asides.iter().filter(of_extra).map(|aside| &aside.requirement);
    pyproject.dependencies.iter().flatten().chain(asides).collect()
}

fn index_use(pyproject: &Pyproject) -> IndexUse {
    let places = pyproject.indexes.iter().map(|index| index.at.clone()).collect();
    IndexUse { places, variables: Vec::new() }
}

fn which(what: String, managers: &[Manager], pip: bool) -> Error {
    let managers = managers.iter().copied().chain(pip.then_some(Manager::Pip)).collect();
    Error::WhichManager { what, managers }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
