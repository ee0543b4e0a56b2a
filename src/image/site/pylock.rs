//! A pylock: which file of which distribution is installed, as uv exports it from a lock or from requirements.
//!
//! <https://packaging.python.org/en/latest/specifications/pylock-toml/>

use std::path::Path;
use std::str::FromStr;

use pep440_rs::Version;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::missing::Missing;
use super::platform::Target;
use super::sdist::{Place, Sdist};
use super::wheel::Wheel;
use crate::project::Markers;

/// The keys of a package that say where it can be had.
const PLACES: [&str; 6] = ["wheels", "sdist", "archive", "vcs", "directory", "index"];

/// What is installed, to the file.
#[derive(Debug, Clone)]
pub struct Pylock {
    document: DocumentMut,
}

/// Why a pylock can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PylockError {
    /// It is no TOML.
    #[error("uv's list of files to install can't be read: {0}")]
    Toml(String),
    /// A package in it has no name.
    #[error("uv's list of files to install names no package in one of its entries")]
    NoName,
}

/// A distribution that is built from a folder of the project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local {
    /// Its name, normalised.
    pub name: String,
    /// The folder, as uv wrote it: relative to the project, most often.
    pub path: String,
}

impl Pylock {
    /// Reads one. What it says of the Python that may install from it goes: that is this machine's, and it is the
    /// image's that counts.
    pub fn parse(text: &str) -> Result<Self, PylockError> {
        let mut document: DocumentMut =
            text.parse().map_err(|error: toml_edit::TomlError| PylockError::Toml(error.message().to_owned()))?;
        document.remove("requires-python");
        let pylock = Self { document };
        let named = pylock.entries().all(|package| name(package).is_some());
        if named { Ok(pylock) } else { Err(PylockError::NoName) }
    }

    /// Its text.
    pub fn text(&self) -> String {
        self.document.to_string()
    }

    /// Whether nothing is installed.
    pub fn is_empty(&self) -> bool {
        self.entries().next().is_none()
    }

    /// The names of what is installed there, with the versions where they are known, sorted.
    pub fn packages(&self, target: Target) -> Vec<(String, Option<String>)> {
        let packages = self.entries().filter(|package| applies(package, target));
        let mut packages: Vec<_> = packages
            .filter_map(|package| Some((name(package)?.to_owned(), version(package).map(str::to_owned))))
            .collect();
        packages.sort();
        packages
    }

    /// The packages that have no wheel for `target`, sorted; those that are built from the project's own folders aside.
    pub fn missing(&self, target: Target) -> Vec<Missing> {
        let needed = self.entries().filter(|package| applies(package, target) && package.get("directory").is_none());
        let mut missing: Vec<_> = needed.filter_map(|package| missing(package, target)).collect();
        missing.sort();
        missing.dedup();
        missing
    }

    /// The packages that are built from folders of the project.
    pub fn local(&self, target: Target) -> Vec<Local> {
        let needed = self.entries().filter(|package| applies(package, target));
        let local = needed.filter_map(|package| {
            let path = package.get("directory")?.as_table_like()?.get("path")?.as_str()?;
            Some(Local { name: name(package)?.to_owned(), path: path.to_owned() })
        });
        local.collect()
    }

    /// Takes a package from a wheel on this machine instead, where it is listed in the wheel's version or in none;
    /// whether it is. `sha256` is in hexadecimal.
    pub fn provide(&mut self, wheel: &Wheel, path: &str, sha256: &str) -> bool {
        let packages = self.document.get_mut("packages").and_then(Item::as_array_of_tables_mut);
        let mut found = false;
        for package in packages.into_iter().flat_map(ArrayOfTables::iter_mut) {
            let same = version(package).is_none_or(|listed| same_version(listed, &wheel.version));
            if name(package) == Some(wheel.name.as_str()) && same {
                found = true;
                for place in PLACES {
                    package.remove(place);
                }
                package.insert("version", toml_edit::value(&wheel.version));
                package.insert("wheels", toml_edit::value(files(path, sha256)));
            }
        }
        found
    }

    /// Adds a package that is installed from a wheel on this machine.
    pub fn add(&mut self, wheel: &Wheel, path: &str, sha256: &str) {
        let packages = self.document.entry("packages").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        // An empty list has no tables to tell it from an array.
        if !packages.is_array_of_tables() {
            *packages = Item::ArrayOfTables(ArrayOfTables::new());
        }
        let mut package = Table::new();
        package.insert("name", toml_edit::value(&wheel.name));
        package.insert("version", toml_edit::value(&wheel.version));
        package.insert("wheels", toml_edit::value(files(path, sha256)));
        if let Some(packages) = packages.as_array_of_tables_mut() {
            packages.push(package);
        }
    }

    /// Names the archives that lie beside it by the whole path of where that is: it is used from somewhere else.
    pub fn place(&mut self, folder: &Path) {
        let packages = self.document.get_mut("packages").and_then(Item::as_array_of_tables_mut);
        let at = |file: &mut dyn TableLike| {
            let path = file.get("path").and_then(Item::as_str);
            let whole = path.and_then(|path| folder.join(path).to_str().map(str::to_owned));
            // Where it can be had elsewhere, that is where it is had.
            if let Some(whole) = whole.filter(|_| !file.contains_key("url")) {
                file.insert("path", toml_edit::value(whole));
            }
        };
        for package in packages.into_iter().flat_map(ArrayOfTables::iter_mut) {
            for key in ["sdist", "archive"] {
                package.get_mut(key).and_then(Item::as_table_like_mut).into_iter().for_each(at);
            }
            match package.get_mut("wheels") {
                Some(Item::Value(Value::Array(wheels))) => {
                    wheels.iter_mut().filter_map(Value::as_inline_table_mut).for_each(|file| at(file));
                }
                Some(Item::ArrayOfTables(wheels)) => wheels.iter_mut().for_each(|file| at(file)),
                _ => {}
            }
        }
    }

    fn entries(&self) -> impl Iterator<Item = &Table> {
        self.document
            .get("packages")
            .and_then(Item::as_array_of_tables)
            .into_iter()
            .flat_map(|packages| packages.iter())
    }
}

/// One file on this machine, as a package lists its wheels.
fn files(path: &str, sha256: &str) -> Array {
    let mut hashes = InlineTable::new();
    hashes.insert("sha256", sha256.into());
    let mut file = InlineTable::new();
    file.insert("path", path.into());
    file.insert("hashes", Value::InlineTable(hashes));
    std::iter::once(Value::InlineTable(file)).collect()
}

fn same_version(one: &str, other: &str) -> bool {
    one == other || matches!((Version::from_str(one), Version::from_str(other)), (Ok(one), Ok(other)) if one == other)
}

fn version(package: &Table) -> Option<&str> {
    package.get("version").and_then(Item::as_str)
}

fn name(package: &Table) -> Option<&str> {
    package.get("name").and_then(Item::as_str)
}

/// A marker that can't be judged keeps its package: uv has the last word.
fn applies(package: &Table, target: Target) -> bool {
    let marker = package.get("marker").and_then(Item::as_str);
    let there = Markers::new(target.python).on(target.platform.machine.as_str());
    marker.is_none_or(|marker| there.holds(marker).unwrap_or(true))
}

fn missing(package: &Table, target: Target) -> Option<Missing> {
    let wheels: Vec<_> = wheels(package).into_iter().chain(archive(package)).collect();
    let source = ["sdist", "vcs"].iter().any(|key| package.get(key).is_some())
        || archive(package).is_some_and(|file| Wheel::parse(&file).is_none());
    let found = Missing::among(name(package)?, version(package), &wheels, source, target)?;
    Some(Missing { sdist: sdist(package), ..found })
}

/// What a wheel of a package can be built from.
fn sdist(package: &Table) -> Option<Sdist> {
    let text = |table: &dyn TableLike, key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
    let table = |key: &str| package.get(key).and_then(Item::as_table_like);
    let (place, sha256) = if let Some(vcs) = table("vcs") {
        let is_git = vcs.get("type").and_then(Item::as_str) == Some("git");
        let (url, commit) = (text(vcs, "url")?, text(vcs, "commit-id")?);
        // A part of a repository is not built alone.
        if !is_git || vcs.contains_key("subdirectory") {
            return None;
        }
        (Place::Git { url, commit }, Vec::new())
    } else {
        let file = table("sdist").or_else(|| table("archive"))?;
        let sums = file.get("hashes").and_then(Item::as_table_like).and_then(|hashes| text(hashes, "sha256"));
        (text(file, "url").map_or(Place::Index, Place::Url), sums.into_iter().collect())
    };
    Some(Sdist { name: name(package)?.to_owned(), version: text(package, "version"), place, sha256 })
}

fn wheels(package: &Table) -> Vec<String> {
    let Some(wheels) = package.get("wheels") else { return Vec::new() };
    if let Some(array) = wheels.as_array() {
        return array.iter().filter_map(|file| file_name(file.as_inline_table()?)).collect();
    }
    let tables = wheels.as_array_of_tables().into_iter().flat_map(|tables| tables.iter());
    tables.filter_map(|file| file_name(file)).collect()
}

fn archive(package: &Table) -> Option<String> {
    file_name(package.get("archive")?.as_table_like()?)
}

fn file_name(file: &dyn TableLike) -> Option<String> {
    let text = |key: &str| file.get(key).and_then(Item::as_str);
    let place = text("name").or_else(|| text("url")).or_else(|| text("path"))?;
    let place = place.split(['?', '#']).next().unwrap_or_default();
    // A local version's `+` is the only character of a wheel's name that URLs escape.
    Some(place.rsplit(['/', '\\']).next().unwrap_or(place).replace("%2B", "+").replace("%2b", "+"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::platform::{Libc, Machine, Platform};
    use super::*;
    use crate::project::PythonVersion;

    const LOCK: &str = r#"
lock-version = "1.0"
requires-python = ">=3.13"
[[packages]]
name = "pure"
version = "1"
wheels = [{ url = "https://index.example/pure-1-py3-none-any.whl", hashes = { sha256 = "00" } }]
[[packages]]
name = "psycopg2"
version = "2.9"
sdist = { url = "https://index.example/psycopg2-2.9.tar.gz", hashes = { sha256 = "ab" } }
wheels = [{ url = "https://index.example/psycopg2-2.9-cp313-cp313-win_amd64.whl" }]
[[packages]]
name = "only-intel"
version = "1"
marker = "platform_machine == 'x86_64'"
wheels = [{ url = "https://index.example/only_intel-1%2Bcu-py3-none-manylinux_2_27_x86_64.whl" }]
[[packages]]
name = "intel"
version = "1"
wheels = [{ url = "https://index.example/intel-1-py3-none-manylinux_2_27_x86_64.whl" }]
[[packages]]
name = "here"
directory = { path = "libs/here", editable = true }
[[packages]]
name = "repository"
vcs = { type = "git", url = "https://git.example/r.git", commit-id = "0" }
"#;

    fn target(machine: Machine) -> Target {
        let platform = Platform { machine, libc: Libc::Glibc(41) };
        Target { python: PythonVersion { major: 3, minor: 13 }, platform }
    }

    #[test]
    fn what_has_no_wheel_for_a_machine_is_named() {
        let lock = Pylock::parse(LOCK).unwrap();
        let missing = |machine| lock.missing(target(machine)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(missing(Machine::X86_64), ["psycopg2 2.9", "repository"]);
        assert_eq!(missing(Machine::Aarch64), ["intel 1", "psycopg2 2.9", "repository"]);
        let intel = &lock.missing(target(Machine::Aarch64))[0];
        assert_eq!((intel.source, intel.platforms.as_slice()), (false, &["manylinux_2_27_x86_64".to_owned()][..]));
        let missing = lock.missing(target(Machine::X86_64));
        assert!(missing.iter().all(|m| m.source));
        let sdists: Vec<_> = missing.iter().filter_map(|m| m.sdist.clone()).collect();
        let place = Place::Url("https://index.example/psycopg2-2.9.tar.gz".into());
        let (version, sha256) = (Some("2.9".into()), vec!["ab".into()]);
        assert_eq!(sdists[0], Sdist { name: "psycopg2".into(), version, place, sha256 });
        assert_eq!(sdists[1].place, Place::Git { url: "https://git.example/r.git".into(), commit: "0".into() });
        let local = lock.local(target(Machine::X86_64));
        assert_eq!(local, [Local { name: "here".into(), path: "libs/here".into() }]);
    }

    #[test]
    fn a_wheel_that_was_built_takes_the_place_of_the_source() {
        let mut lock = Pylock::parse(LOCK).unwrap();
        let provide = |lock: &mut Pylock, file: &str| {
            lock.provide(&Wheel::parse(file).unwrap(), &format!("/wheels/{file}"), "00")
        };
        assert!(provide(&mut lock, "psycopg2-2.9.0-cp313-cp313-linux_x86_64.whl"));
        assert!(provide(&mut lock, "here-2-py3-none-any.whl"));
        assert!(!provide(&mut lock, "pure-2-py3-none-any.whl") && !provide(&mut lock, "new-1-py3-none-any.whl"));
        lock.add(&Wheel::parse("new-1-py3-none-any.whl").unwrap(), "/wheels/new-1-py3-none-any.whl", "00");
        let lock = Pylock::parse(&lock.text()).unwrap();
        let missing = lock.missing(target(Machine::X86_64));
        assert_eq!(missing.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["repository"]);
        assert!(lock.local(target(Machine::X86_64)).is_empty() && !lock.text().contains("requires-python"));
        let packages = lock.packages(target(Machine::Aarch64));
        let told: Vec<_> = packages.iter().map(|(name, version)| (name.as_str(), version.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("here", Some("2")),
                ("intel", Some("1")),
                ("new", Some("1")),
                ("psycopg2", Some("2.9.0")),
                ("pure", Some("1")),
                ("repository", None)
            ]
        );
        let mut empty = Pylock::parse("lock-version = \"1.0\"\npackages = []\n").unwrap();
        assert!(empty.is_empty());
        empty.add(&Wheel::parse("new-1-py3-none-any.whl").unwrap(), "new.whl", "00");
        assert_eq!(Pylock::parse(&empty.text()).unwrap().packages(target(Machine::X86_64)).len(), 1);
    }

    #[test]
    fn what_is_no_pylock_is_refused() {
        assert!(matches!(Pylock::parse("a = ["), Err(PylockError::Toml(_))));
        assert!(matches!(Pylock::parse("[[packages]]\nversion = \"1\"\n"), Err(PylockError::NoName)));
    }
}
