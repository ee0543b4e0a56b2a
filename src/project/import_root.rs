//! The folder that a module is imported from.

use super::scan::syntax::{Import, Scope};
use super::scan::{Module, Sources};
use super::{Decision, paths, standard_library};

/// The name under which a module is imported, and the folder for it if that is not the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Importable {
    /// The dotted name.
    pub(crate) module: String,
    /// The folder; `None` for the root, and where the code is installed.
    pub(crate) root: Option<Decision<String>>,
}

/// Finds out from where `module` is imported; `None` where it can't be.
pub(crate) fn of(sources: &Sources, module: &Module, installed: bool) -> Option<Importable> {
    let root = if installed { installed_root(module) } else { root(sources, module) };
    let folder = root.as_ref().map_or("", |root| root.value.as_str());
    let path = module.path.strip_prefix(folder)?.trim_start_matches('/').strip_suffix(".py")?;
    // A package of the same name comes before a module: app/__init__.py hides app.py.
    if sources
        .file(module.path.trim_end_matches(".py"))
        .is_some_and(|path| path.ends_with("/__init__.py") && path != module.path)
    {
        return None;
    }
    let path = path.strip_suffix("/__init__").unwrap_or(path);
    if path.contains('.') || path == "__init__" {
        return None;
    }
    // What imports from beside itself must lie in a package, and there is none around the root.
    let is_relative = |import: &Import| import.module.starts_with('.') && import.scope == Scope::Module;
    if !module.path.contains('/') && module.imports.iter().any(is_relative) {
        return None;
    }
    Some(Importable { module: path.replace('/', "."), root: root.filter(|_| !installed) })
}

fn installed_root(module: &Module) -> Option<Decision<String>> {
    module.path.starts_with("src/").then(|| Decision::assumed("src".to_owned(), "installed from there"))
}

fn root(sources: &Sources, module: &Module) -> Option<Decision<String>> {
    let imports = || module.imports.iter().filter(|import| !standard_library::contains(import.package()));
    let absolute = || imports().filter(|import| !import.package().is_empty());
    let home = absolute().any(|import| resolves(sources, "", import.package()));
    let own = paths::folder(&module.path);
    // A relative import works only in a package, so that the module's own folder can't be the root.
    let relative = imports().any(|import| import.module.starts_with('.'));
    let mut folder = own;
    while !home && !folder.is_empty() {
        let found = absolute().find(|import| {
            let name = import.package();
            let is_own = module.path == format!("{}.py", paths::join(folder, name));
            !is_own && !sources.is_foreign(folder, name) && resolves(sources, folder, name)
        });
        if let Some(import) = found.filter(|_| folder != own || !relative) {
            let because = format!("the code imports {} from there", import.package());
            return Some(Decision::seen(folder.to_owned(), because, module.line(import.line)));
        }
        folder = paths::folder(folder);
    }
    let mut users = sources.modules.iter().flat_map(|m| m.imports.iter()).filter(|import| import.package() == "src");
    let is_package = users.next().is_some() || (own == "src" && relative);
    if module.path.starts_with("src/") && !is_package {
        return Some(Decision::assumed("src".to_owned(), "the code lies there, and nothing imports it as src"));
    }
    None
}

/// The folder that a stated module needs to be imported from: src, if it lies there and nowhere else.
pub(crate) fn of_stated(sources: &Sources, module: &str) -> Option<Decision<String>> {
    let package = module.split('.').next().unwrap_or(module);
    let needed = resolves(sources, "src", package) && !resolves(sources, "", package);
    needed.then(|| Decision::assumed("src".to_owned(), format!("the stated command names {package}, which lies there")))
}

/// Whether `import name` finds something in `folder`.
fn resolves(sources: &Sources, folder: &str, name: &str) -> bool {
    let base = paths::join(folder, name);
    sources.file(&base).is_some() || sources.has_folder(&base)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::SourceTree;

    fn import(files: &[(&str, &str)], installed: bool) -> Option<(String, Option<String>)> {
        let sources = Sources::read(&SourceTree::in_memory("p", files.iter().copied())).unwrap();
        let found = of(&sources, sources.get(files[0].0).unwrap(), installed)?;
        Some((found.module, found.root.map(|root| root.value)))
    }

    fn is<'a>(module: &'a str, root: Option<&'a str>) -> Option<(String, Option<String>)> {
        Some(module).map(|module| (module.to_owned(), root.map(str::to_owned)))
    }

    #[test]
    fn the_root_is_where_the_imports_resolve() {
        assert_eq!(import(&[("main.py", "")], false), is("main", None));
        assert_eq!(import(&[("app/main.py", "from app.x import y"), ("app/x.py", "")], false), is("app.main", None));
        assert_eq!(import(&[("app/__init__.py", "")], false), is("app", None));
        assert_eq!(import(&[("app/main.py", "from x import y"), ("app/x.py", "")], false), is("main", Some("app")));
        assert_eq!(
            import(&[("app/main.py", "from .x import y\nimport x"), ("app/x.py", "")], false),
            is("app.main", None)
        );
        assert_eq!(
            import(&[("backend/app/main.py", "import app.x"), ("backend/app/x.py", "")], false),
            is("app.main", Some("backend"))
        );
    }

    #[test]
    fn src_is_a_root_unless_it_is_a_package() {
        assert_eq!(import(&[("src/pkg/main.py", "")], false), is("pkg.main", Some("src")));
        assert_eq!(import(&[("src/pkg/main.py", "")], true), is("pkg.main", None));
        assert_eq!(import(&[("src/main.py", "from src.x import y"), ("src/x.py", "")], false), is("src.main", None));
        assert_eq!(import(&[("src/main.py", "from .x import y"), ("src/x.py", "")], false), is("src.main", None));
        assert_eq!(import(&[("src/main.py", "from x import y"), ("src/x.py", "")], false), is("main", Some("src")));
    }

    #[test]
    fn some_modules_cannot_be_imported() {
        assert_eq!(import(&[("app.py", ""), ("app/__init__.py", "")], false), None);
        assert_eq!(import(&[("app.py", ""), ("app/x.py", "")], false), is("app", None));
        assert_eq!(import(&[("v1.0/main.py", "")], false), None);
        assert_eq!(import(&[("__init__.py", "")], false), None);
    }
}
