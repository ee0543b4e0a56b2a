//! A project that pydeploy can't install yet.

use super::scan::Sources;
use super::scan::syntax::Scope;
use super::{Error, Evidence, Manager, elsewhere, paths, standard_library};
use crate::source::SourceTree;

/// How a manager writes what pip reads.
pub(crate) fn export(manager: Manager) -> String {
    let command = match manager {
        Manager::Poetry => {
            "poetry export --format requirements.txt --output requirements.txt (by the plugin poetry-plugin-export)"
        }
        Manager::Pdm => "pdm export --prod --format requirements --output requirements.txt",
        Manager::Pipenv => "pipenv requirements > requirements.txt",
        Manager::Uv => "uv export --no-dev --format requirements.txt --output-file requirements.txt",
        Manager::Pip => "pip freeze > requirements.txt",
    };
    format!("run: {command}; then state manager = \"pip\"")
}

/// The error about dependencies that only the build backend knows.
pub(crate) fn dynamic(at: Evidence) -> Error {
    Error::Unsupported {
        what: "dependencies that only the build backend knows (dynamic)".to_owned(),
        at,
        mend: "list them in [project] dependencies, or write a requirements.txt".to_owned(),
    }
}

/// Goes through what else could state dependencies where no manifest was found, and refuses it.
pub(crate) fn others(tree: &SourceTree) -> Result<(), Error> {
    if let Some(file) = ["environment.yml", "environment.yaml"].into_iter().find(|file| tree.contains(file)) {
        return Err(Error::Unsupported {
            what: "conda environments".to_owned(),
            at: Evidence::file(file),
            mend: "write requirements.txt with the packages by their names on the package index".to_owned(),
        });
    }
    let is_compiled = |file: &str| tree.contains(&format!("{}.txt", file.trim_end_matches(".in")));
    let mut sources_of_locks =
        tree.files().filter(|file| file.ends_with("requirements.in") || *file == "requirements/base.in");
    let sources_of_locks = sources_of_locks.find(|file| !is_compiled(file));
    if let Some(file) = sources_of_locks {
        return Err(Error::Unsupported {
            what: "requirements that were not compiled".to_owned(),
            at: Evidence::file(file),
            mend: format!("run: uv pip compile {file} --output-file requirements.txt"),
        });
    }
    let mut files: Vec<String> =
        tree.files().filter(|file| elsewhere::is_requirements(file)).map(str::to_owned).collect();
    // The first is suggested.
    files.sort_by_key(|file| paths::is_aside(paths::file_name(file)));
    if !files.is_empty() {
        return Err(Error::WhichRequirements { files });
    }
    let sources = &Sources::read(tree)?;
    if !sources.any {
        return Err(Error::NothingFound { root: tree.name().to_owned(), below: below(tree) });
    }
    foreign_import(tree, sources).map_or(Ok(()), Err)
}

/// The folders nearest to the root that state dependencies: an application often lies beside others.
fn below(tree: &SourceTree) -> Vec<String> {
    let manifests = ["requirements.txt", "pyproject.toml", "uv.lock", "Pipfile"];
    let found = tree.files().filter(|path| manifests.contains(&paths::file_name(path)));
    let mut folders: Vec<&str> = found.map(paths::folder).filter(|folder| !folder.is_empty()).collect();
    folders.sort_by_key(|folder| (folder.matches('/').count(), *folder));
    folders.dedup();
    folders.into_iter().take(3).map(str::to_owned).collect()
}

/// The first import of what neither Python nor the project brings.
fn foreign_import(tree: &SourceTree, sources: &Sources) -> Option<Error> {
    let own = |package: &str| {
        let is = |path: &str| path.strip_suffix(".py").is_some_and(|path| paths::file_name(path) == package);
        tree.files().any(|path| is(path) || path.split('/').rev().skip(1).any(|folder| folder == package))
    };
    let modules = sources.modules.iter();
    let mut imports =
        modules.flat_map(|module| module.imports.iter().filter(|i| i.scope == Scope::Module).map(move |i| (module, i)));
    let foreign = imports.find(|(_, import)| {
        let package = import.package();
        !package.is_empty() && !standard_library::contains(package) && !own(package)
    });
    let (module, import) = foreign?;
    Some(Error::NothingStated { at: module.line(import.line), module: import.package().to_owned(), below: below(tree) })
}
