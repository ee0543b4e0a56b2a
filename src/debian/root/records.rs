//! A record of packages: what dpkg and the scanners of vulnerabilities read in /var/lib/dpkg.
//!
//! ```text
//! status            every package, as dpkg keeps it: `dpkg-query --admindir` reads it
//! status.d/NAME     the same of one package, and its files' checksums, as images without dpkg have it
//! info/NAME.list    the paths of its files
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::debian::deb::{Control, Deb};
use crate::image::layer::{Node, Tree, TreeError};

const FOLDER: &str = "var/lib/dpkg";
/// All packages.
pub(super) const STATUS: &str = "var/lib/dpkg/status";
/// The form of the lists.
pub(super) const FORMAT: &str = "var/lib/dpkg/info/format";

/// A package, and those of its files that are in the image: where each is, and where the package has it.
pub(super) struct Installed<'a> {
    pub(super) deb: &'a Deb,
    pub(super) files: BTreeMap<&'a str, &'a str>,
}

/// The records of all packages.
pub(super) fn records(packages: &[Installed<'_>]) -> Result<Tree, TreeError> {
    let mut tree = Tree::default();
    let mut put = |path: String, text: String| tree.insert(&format!("{FOLDER}/{path}"), Node::file(0o644, text));
    let mut status = String::new();
    for package in packages {
        let control = &package.deb.control;
        let paragraph = paragraph(control);
        put(format!("status.d/{}", control.package()), paragraph.clone())?;
        put(format!("status.d/{}.md5sums", control.package()), sums(package))?;
        put(format!("info/{}.list", name(control)), list(package))?;
        status.push_str(&paragraph);
        status.push('\n');
    }
    put("status".to_owned(), status)?;
    // The names of lists have an architecture where several may be installed.
    put("info/format".to_owned(), "1\n".to_owned())?;
    Ok(tree)
}

/// The package's name in info/.
fn name(control: &Control) -> String {
    let several = control.get("Multi-Arch").is_some_and(|value| value == "same");
    if several { format!("{}:{}", control.package(), control.architecture()) } else { control.package().to_owned() }
}

fn paragraph(control: &Control) -> String {
    let mut text = String::new();
    for (field, value) in control.fields() {
        // A field without a value on its first line has no space after its colon.
        let space = if value.is_empty() || value.starts_with('\n') { "" } else { " " };
        let _ = writeln!(text, "{field}:{space}{value}");
        if field.eq_ignore_ascii_case("Package") {
            text.push_str("Status: install ok installed\n");
        }
    }
    text
}

fn sums(package: &Installed<'_>) -> String {
    let mut text = String::new();
    for (path, original) in &package.files {
        if let Some(sum) = package.deb.sums.get(*original) {
            let _ = writeln!(text, "{sum}  {path}");
        }
    }
    text
}

fn list(package: &Installed<'_>) -> String {
    let mut paths = BTreeSet::from(["/.".to_owned()]);
    for path in package.files.keys() {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        paths.extend(folders.chain([*path]).map(|path| format!("/{path}")));
    }
    paths.into_iter().fold(String::new(), |text, path| text + &path + "\n")
}
