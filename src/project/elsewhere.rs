//! A package that is stated somewhere, but not installed in the image.

use super::pyproject::Pyproject;
use super::{Error, Evidence, paths, requirement};
use crate::source::SourceTree;

/// Where one of `packages` is stated without being installed, as a phrase ("uvicorn is only in the group dev").
pub(crate) fn find(
    tree: &SourceTree,
    pyproject: Option<&Pyproject>,
    packages: &[&str],
) -> Result<Option<(String, Evidence)>, Error> {
    for package in packages {
        if let Some(aside) = pyproject.and_then(|pyproject| pyproject.aside(package)) {
            let what = format!("{package} is only in {}{}", aside.place, chosen(&aside.place));
            return Ok(Some((what, aside.requirement.at.clone())));
        }
    }
    for file in tree.files().filter(|file| is_requirements(file)) {
        let text = tree.text(file)?.unwrap_or_default();
        for (n, line) in text.lines().enumerate() {
            let name = requirement::name_of(line);
            if let Some(package) = packages.iter().find(|package| name.as_deref() == Some(**package)) {
                return Ok(Some((format!("{package} is only in {file}"), Evidence::line(file, n + 1))));
            }
        }
    }
    Ok(None)
}

/// The setting that would install an extra or a group; nothing of what is for development.
fn chosen(place: &str) -> String {
    let setting = |kind: &str, key: &str| {
        let name = place.strip_prefix(kind).filter(|name| !paths::is_aside(name))?;
        Some(format!(", which the setting {key} = [\"{name}\"] installs"))
    };
    setting("the extra ", "extras").or_else(|| setting("the group ", "groups")).unwrap_or_default()
}

/// Whether a path is that of a requirements file of any role: `requirements-dev.txt`, `requirements/test.txt`.
pub(crate) fn is_requirements(path: &str) -> bool {
    // Some are written in haste.
    let name = paths::file_name(path);
    let named = (name.contains("requirements") || matches!(name, "requirement.txt" | "req.txt" | "reqs.txt"))
        && !path.contains('/');
    let folder = matches!(paths::folder(path), "requirements" | "reqs");
    paths::has_extension(path, "txt") && (named || folder)
}
