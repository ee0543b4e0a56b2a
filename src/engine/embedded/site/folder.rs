//! A folder that was installed into: what claims to be there, and what is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::Error;
use crate::image::site::{Record, Row};

/// What an installer says of a distribution in the folder's RECORD.
pub(super) struct Installed {
    /// Its name, normalised.
    pub(super) name: String,
    pub(super) version: String,
    /// The folder of its metadata, relative to what was installed into.
    pub(super) info: String,
    /// The folder that its packages are imported from, relative to what was installed into.
    pub(super) site: String,
    pub(super) record: Record,
}

/// A folder that was installed into.
pub(super) struct Folder {
    root: PathBuf,
    /// What is in it, sorted by name.
    pub(super) installed: Vec<Installed>,
    /// Its files, sorted by path: relative, and where they are.
    pub(super) files: BTreeMap<String, PathBuf>,
}

/// Claims on files, by their paths: whose, by index and in that order, and with which hash.
pub(super) type Claims = BTreeMap<String, Vec<(usize, String)>>;

impl Folder {
    pub(super) fn open(root: &Path) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        walk(root, "", &mut files)?;
        let mut folder = Self { root: root.to_path_buf(), installed: Vec::new(), files };
        let records: Vec<_> = folder.files.keys().filter_map(|path| path.strip_suffix(".dist-info/RECORD")).collect();
        let mut installed = Vec::new();
        for stem in records {
            let Some((site, stem)) = stem.rsplit_once('/') else { continue };
            installed.push(folder.read(site, &format!("{site}/{stem}.dist-info"), stem)?);
        }
        installed.sort_by(|a: &Installed, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        folder.installed = installed;
        Ok(folder)
    }

    fn read(&self, site: &str, info: &str, stem: &str) -> Result<Installed, Error> {
        let record = Record::parse(&self.text(&format!("{info}/RECORD"))?);
        let metadata = self.text(&format!("{info}/METADATA")).unwrap_or_default();
        let header = |key: &str| {
            let mut lines = metadata.lines().take_while(|line| !line.is_empty());
            lines.find_map(|line| line.strip_prefix(key).map(|value| value.trim().to_owned()))
        };
        let (name, version) = stem.split_once('-').unwrap_or((stem, ""));
        let name = header("Name:").unwrap_or_else(|| name.to_owned());
        let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
        Ok(Installed {
            name: parts.collect::<Vec<_>>().join("-").to_ascii_lowercase(),
            version: header("Version:").unwrap_or_else(|| version.to_owned()),
            info: info.to_owned(),
            site: site.to_owned(),
            record,
        })
    }

    fn text(&self, path: &str) -> Result<String, Error> {
        let path = self.root.join(path);
        let bytes = fs::read(&path).map_err(|source| Error::Unreadable { path, source })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(super) fn claims(&self) -> Result<Claims, Error> {
        let mut claims = Claims::new();
        for (index, installed) in self.installed.iter().enumerate() {
            for row in installed.record.rows() {
                claims.entry(installed.resolve(row)?).or_default().push((index, row.hash.clone()));
            }
        }
        Ok(claims)
    }
}

impl Installed {
    pub(super) fn resolve(&self, row: &Row) -> Result<String, Error> {
        row.resolve(&self.site).map_err(|source| Error::Outside { distribution: self.name.clone(), source })
    }
}

fn walk(root: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<(), Error> {
    let mut folders = vec![prefix.to_owned()];
    while let Some(prefix) = folders.pop() {
        let folder = root.join(&prefix);
        let unreadable = |source| Error::Unreadable { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                return Err(Error::Name(entry.path()));
            };
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            let kind = entry.file_type().map_err(unreadable)?;
            // Bytecode of a wheel was made for another path, and at another time.
            if kind.is_dir() && name != "__pycache__" {
                folders.push(path);
            } else if kind.is_file() && path != ".lock" {
                files.insert(path, entry.path());
            } else if !kind.is_dir() && !kind.is_file() {
                return Err(Error::Special(entry.path()));
            }
        }
    }
    Ok(())
}
