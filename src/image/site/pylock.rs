//! A pylock: which file of which distribution is installed, as uv exports it from a lock or from requirements.
//!
//! <https://packaging.python.org/en/latest/specifications/pylock-toml/>

use std::fmt;
use std::str::FromStr;

use pep440_rs::Version;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::platform::Target;
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

/// A distribution that has no wheel for a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// Its name, normalised.
    pub name: String,
    /// Its version, where it is known.
    pub version: Option<String>,
    /// Whether there is something that a wheel can be built from: a source distribution, or a repository.
    pub source: bool,
    /// The platforms that it has wheels for, sorted: tags as in their file names.
    pub platforms: Vec<String>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, " {version}"))
    }
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
        let needed = self.entries().filter(|package| applies(*package, target) && package.get("directory").is_none());
        let mut missing: Vec<_> = needed.filter_map(|package| missing(package, target)).collect();
        missing.sort();
        missing.dedup();
        missing
    }

    /// The packages that are built from folders of the project.
    pub fn local(&self, target: Target) -> Vec<Local> {
        let needed = self.entries().filter(|package| applies(*package, target));
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
                PLACES.iter().for_each(|place| drop(package.remove(place)));
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
    let judge = |marker| Markers::new(target.python).judge(marker, target.platform.machine.as_str());
    marker.is_none_or(|marker| judge(marker).unwrap_or(true))
}

fn missing(package: &Table, target: Target) -> Option<Missing> {
    let files: Vec<_> =
        wheels(package).into_iter().chain(archive(package)).filter_map(|file| Wheel::parse(&file)).collect();
    if files.iter().any(|wheel| wheel.fits(target)) {
        return None;
    }
    let mut platforms: Vec<_> = files.iter().flat_map(|wheel| wheel.platforms().iter().cloned()).collect();
    platforms.sort();
    platforms.dedup();
    let source = ["sdist", "vcs"].iter().any(|key| package.get(key).is_some())
        || archive(package).is_some_and(|file| Wheel::parse(&file).is_none());
    Some(Missing { name: name(package)?.to_owned(), version: version(package).map(str::to_owned), source, platforms })
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
sdist = { url = "https://index.example/psycopg2-2.9.tar.gz" }
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
        assert!(lock.missing(target(Machine::X86_64)).iter().all(|m| m.source));
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
