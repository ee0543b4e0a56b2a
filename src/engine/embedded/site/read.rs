//! A reading of distributions: each file to its owner, as it is in the image.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::UNCLAIMED;
use super::error::Error;
use super::folder::{Claims, Folder, Installed};
use crate::image::layer::{Content, Node, Open, Tree};
use crate::image::site::{Distribution, Identity, Record, Row, Venv, direct_url, script};

/// Files of a distribution's metadata that tell of the installer, its machine and its day.
const INSTALLERS: [&str; 3] = ["REQUESTED", "uv_cache.json", "uv_build.json"];
/// Scripts larger than this are programs, whatever they begin with.
const SCRIPT: u64 = 1 << 20;

/// A file on this machine's disk.
pub(in crate::engine::embedded) struct OnDisk(pub(in crate::engine::embedded) PathBuf);

impl Open for OnDisk {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(&self.0)?))
    }
}

/// A file as the image has it.
struct Kept {
    node: Node,
    size: u64,
    digest: [u8; 32],
}

pub(super) fn read(folder: &Folder, venv: &Venv) -> Result<Vec<Distribution>, Error> {
    let claims = folder.claims()?;
    let mut kept: Vec<BTreeMap<String, Kept>> = (0..=folder.installed.len()).map(|_| BTreeMap::new()).collect();
    let mut nearest = HashMap::new();
    for (path, at) in &folder.files {
        let owner = owner(path, &claims, &mut nearest);
        let installed = owner.and_then(|index| folder.installed.get(index));
        if installed.is_some_and(|installed| is_installers(installed, path)) {
            continue;
        }
        let name = installed.map_or(UNCLAIMED, |installed| installed.name.as_str());
        let to =
            place(path, venv).ok_or_else(|| Error::Reserved { distribution: name.to_owned(), path: path.clone() })?;
        let Some(file) = keep(path, at, venv)? else { continue };
        if let Some(files) = kept.get_mut(owner.unwrap_or(folder.installed.len())) {
            files.insert(to, file);
        }
    }
    let everything: HashMap<String, (u64, [u8; 32])> =
        kept.iter().flatten().map(|(path, file)| (path.clone(), (file.size, file.digest))).collect();
    let mut distributions = Vec::new();
    for (index, mut files) in kept.into_iter().enumerate() {
        let installed = folder.installed.get(index);
        if let Some(installed) = installed {
            let (path, record) = record(installed, venv, &everything)?;
            files.insert(path, record);
        }
        if !files.is_empty() {
            distributions.push(distribution(installed, files)?);
        }
    }
    Ok(distributions)
}

/// Whose a file is: the first that claims it, else the first that claims something in its folder, or above.
fn owner(path: &str, claims: &Claims, nearest: &mut HashMap<String, Option<usize>>) -> Option<usize> {
    if let Some((index, _)) = claims.get(path).and_then(|claims| claims.first()) {
        return Some(*index);
    }
    let mut folder = path;
    while let Some((above, _)) = folder.rsplit_once('/') {
        folder = above;
        // The folder of all packages is nobody's.
        if folder.ends_with("/site-packages") || folder == "bin" {
            return None;
        }
        let found = *nearest.entry(folder.to_owned()).or_insert_with(|| {
            let prefix = format!("{folder}/");
            let below = claims.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
            below.filter_map(|(_, claims)| claims.first()).map(|(index, _)| *index).min()
        });
        if found.is_some() {
            return found;
        }
    }
    None
}

fn is_installers(installed: &Installed, path: &str) -> bool {
    let file = path.strip_prefix(installed.info.as_str()).and_then(|rest| rest.strip_prefix('/'));
    // The RECORD is written anew.
    file.is_some_and(|file| file == "RECORD" || INSTALLERS.contains(&file))
}

/// Where a file is in the image; `None` where the environment has something of its own.
fn place(path: &str, venv: &Venv) -> Option<String> {
    let root = venv.root();
    let parts: Vec<_> = path.splitn(4, '/').collect();
    Some(match parts.as_slice() {
        ["lib" | "lib64", python, "site-packages", rest] if python.starts_with("python") => {
            format!("{}/{rest}", venv.site())
        }
        ["include", "site", python, rest] if python.starts_with("python") => {
            format!("{root}/include/site/python{}/{rest}", venv.python)
        }
        ["pyvenv.cfg"] | ["lib64", ..] => return None,
        ["bin", name] if is_interpreter(name) => return None,
        _ => format!("{root}/{path}"),
    })
}

fn is_interpreter(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// A file as the image has it; `None` where it has no place there.
fn keep(path: &str, at: &Path, venv: &Venv) -> Result<Option<Kept>, Error> {
    let unreadable = |source| Error::Unreadable { path: at.to_path_buf(), source };
    let meta = std::fs::metadata(at).map_err(unreadable)?;
    let mode = if executable(&meta) { 0o755 } else { 0o644 };
    if path.starts_with("bin/") && meta.len() <= SCRIPT {
        let text = std::fs::read(at).map_err(unreadable)?;
        if let Some(script) = script(&text, &venv.script_interpreter()) {
            return Ok(Some(whole(0o755, script)));
        }
    }
    if path.ends_with(".dist-info/direct_url.json") {
        let text = std::fs::read(at).map_err(unreadable)?;
        return Ok(direct_url(&text).map(|text| whole(mode, text)));
    }
    let (size, digest) = hash(at).map_err(unreadable)?;
    let content = Content::elsewhere(size, Arc::new(OnDisk(at.to_path_buf())));
    Ok(Some(Kept { node: Node::file(mode, content), size, digest }))
}

fn whole(mode: u32, bytes: Vec<u8>) -> Kept {
    let (size, digest) = (bytes.len() as u64, Sha256::digest(&bytes).into());
    Kept { node: Node::file(mode, bytes), size, digest }
}

fn hash(at: &Path) -> io::Result<(u64, [u8; 32])> {
    let mut file = File::open(at)?;
    let (mut hasher, mut piece, mut size) = (Sha256::new(), vec![0; 1 << 16], 0);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((size, hasher.finalize().into()));
        }
        hasher.update(&piece[..read]);
        size += read as u64;
    }
}

#[cfg(unix)]
fn executable(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    meta.mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn executable(_: &std::fs::Metadata) -> bool {
    false
}

/// The RECORD as it is true in the image.
fn record(
    installed: &Installed,
    venv: &Venv,
    everything: &HashMap<String, (u64, [u8; 32])>,
) -> Result<(String, Kept), Error> {
    let mut rows = Vec::new();
    let own = installed.info.strip_prefix(&format!("{}/", installed.site)).unwrap_or(&installed.info);
    for row in installed.record.rows() {
        let path = place(&installed.resolve(row)?, venv).unwrap_or_default();
        if let Some((size, digest)) = everything.get(&path) {
            let hash = format!("sha256={}", URL_SAFE_NO_PAD.encode(digest));
            rows.push(Row { path: relative(&path, venv), hash, size: size.to_string() });
        }
    }
    let path = format!("{own}/RECORD");
    rows.push(Row { path: path.clone(), hash: String::new(), size: String::new() });
    let record = rows.into_iter().collect::<Record>().text();
    Ok((format!("{}/{path}", venv.site()), whole(0o644, record.into_bytes())))
}

/// A path as a RECORD names it: from the folder that packages are imported from.
fn relative(path: &str, venv: &Venv) -> String {
    match path.strip_prefix(&format!("{}/", venv.site())) {
        Some(inside) => inside.to_owned(),
        None => format!("../../../{}", path.strip_prefix(&format!("{}/", venv.root())).unwrap_or(path)),
    }
}

fn distribution(installed: Option<&Installed>, files: BTreeMap<String, Kept>) -> Result<Distribution, Error> {
    let (mut tree, mut identity, mut total) = (Tree::default(), Identity::default(), 0);
    for (path, Kept { node, size, digest }) in files {
        identity.file(&path, node.mode, size, &digest);
        total += size;
        tree.insert(&path, node)?;
    }
    Ok(Distribution {
        name: installed.map_or(UNCLAIMED, |installed| installed.name.as_str()).to_owned(),
        version: installed.map_or("", |installed| installed.version.as_str()).to_owned(),
        tree,
        identity: identity.digest()?,
        size: total,
    })
}
