//! Python modules, as far as it can be told without running them: by their syntax.

mod names;
pub(crate) mod objects;
mod reader;
pub(crate) mod routes;
pub(crate) mod scripts;
pub(crate) mod syntax;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(crate) use self::names::Referent;
use self::syntax::{Call, Class, Does, Expression, Function, Import, Scope, Statement};
use super::{Error, Evidence, paths};
use crate::source::SourceTree;

/// Folders whose code is never what is started.
const ASIDE: &[&str] = &[
    "tests",
    "test",
    "testing",
    "docs",
    "doc",
    "examples",
    "example",
    "samples",
    "migrations",
    "benchmarks",
    "build",
    "dist",
];
/// Files of tests.
const TESTS: &[&str] = &["conftest.py", "tests.py"];
/// Files at the root that only tools read.
const TOOLS: &[&str] = &["setup.py", "noxfile.py", "dodo.py", "fabfile.py"];
/// As many modules as are looked at: those nearest to the root.
const MODULES: usize = 5_000;
/// How deep modules lie that projects are started from, at most.
const DEPTH: usize = 3;
/// Larger files are data or generated, in bytes.
const LARGE: usize = 256 << 10;

/// A Python module.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its path.
    pub(crate) path: String,
    /// What it imports.
    pub(crate) imports: Vec<Import>,
    /// Its statements, in the order of the file.
    pub(crate) statements: Vec<Statement>,
    /// Its functions, with methods and those inside of others.
    pub(crate) functions: Vec<Function>,
    /// Its classes.
    pub(crate) classes: Vec<Class>,
}

/// The modules of a project that can matter to how it is started.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The modules that were read, nearest to the root first.
    pub(crate) modules: Vec<Module>,
    /// Whether there is any Python file at all, also one that is left aside.
    pub(crate) any: bool,
    /// Whether there are modules that were not read.
    pub(crate) is_partial: bool,
    /// Every path, and where it is among the modules that were read.
    places: BTreeMap<String, Option<usize>>,
}

impl Sources {
    /// Reads every module that can matter.
    pub(crate) fn read(tree: &SourceTree) -> Result<Self, Error> {
        Self::gather(tree, |_| true)
    }

    /// Reads the modules from which projects are started, and what these import, and so on.
    pub(crate) fn near(tree: &SourceTree) -> Result<Self, Error> {
        Self::gather(tree, is_start)
    }

    fn gather(tree: &SourceTree, is_seed: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let mut files: Vec<&str> = tree.files().filter(|path| paths::has_extension(path, "py")).collect();
        let any = !files.is_empty();
        files.retain(|path| !is_aside(path));
        files.sort_by_key(|path| depth_first(path));
        let mut queue: VecDeque<String> =
            files.iter().filter(|path| is_seed(path)).map(|path| (*path).to_owned()).collect();
        let places = files.into_iter().map(|path| (path.to_owned(), None)).collect();
        let mut sources = Self { modules: Vec::new(), any, is_partial: false, places };
        let mut seen: BTreeSet<String> = queue.iter().cloned().collect();
        reader::roomy(LARGE, || {
            while let Some(path) = queue.pop_front().filter(|_| sources.modules.len() < MODULES) {
                let text = tree.text(&path)?.unwrap_or_default();
                if text.len() > LARGE {
                    continue;
                }
                let module = Module::new(&path, &text);
                for name in module.imports.iter().flat_map(Import::modules) {
                    queue.extend(
                        sources.place(&path, &name).filter(|place| seen.insert((*place).to_owned())).map(str::to_owned),
                    );
                }
                sources.modules.push(module);
            }
            Ok::<_, Error>(())
        })?;
        sources.modules.sort_by(|a, b| depth_first(&a.path).cmp(&depth_first(&b.path)));
        for (at, module) in sources.modules.iter().enumerate() {
            sources.places.insert(module.path.clone(), Some(at));
        }
        sources.is_partial = seen.len() < sources.places.len();
        Ok(sources)
    }

    /// The module at a path, where it was read.
    pub(crate) fn get(&self, path: &str) -> Option<&Module> {
        self.modules.get((*self.places.get(path)?)?)
    }

    /// The path of the module or package at a path without its ending.
    pub(crate) fn file(&self, base: &str) -> Option<&str> {
        let both = [paths::join(base, "__init__.py"), format!("{base}.py")];
        both.iter().find_map(|path| self.places.get_key_value(path)).map(|(path, _)| path.as_str())
    }

    /// Whether there is any module in a folder.
    pub(crate) fn has_folder(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        self.places.range(prefix.clone()..).next().is_some_and(|(path, _)| path.starts_with(&prefix))
    }
}

fn depth_first(path: &str) -> (usize, &str) {
    (path.matches('/').count(), path)
}

/// Whether a module is one of those that projects are started from, by its place and name.
fn is_start(path: &str) -> bool {
    const DJANGO: [&str; 3] = ["manage", "settings", "urls"];
    let (folder, stem) = (paths::folder(path), paths::file_name(path).trim_end_matches(".py"));
    let named =
        super::entry::STEMS.contains(&stem) || DJANGO.contains(&stem) || matches!(stem, "__init__" | "__main__");
    let depth = path.matches('/').count();
    depth == 0 || (depth <= DEPTH && (named || paths::file_name(folder) == "settings"))
}

fn is_aside(path: &str) -> bool {
    let name = paths::file_name(path);
    let test = name.starts_with("test_") || name.ends_with("_test.py");
    let mut folders = paths::folder(path).split('/');
    test || TESTS.contains(&name)
        || TOOLS.contains(&path)
        || folders.any(|folder| ASIDE.contains(&folder) || folder.starts_with('.'))
}

impl Module {
    /// Reads a module's text.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let reader::Read { statements, functions, classes, imports } = reader::read(text);
        Self { path: path.to_owned(), imports, statements, functions, classes }
    }

    /// The name without folders and ending.
    pub(crate) fn stem(&self) -> &str {
        let name = paths::file_name(&self.path).trim_end_matches(".py");
        if name == "__init__" { paths::file_name(paths::folder(&self.path)) } else { name }
    }

    /// A line as evidence.
    pub(crate) fn line(&self, line: usize) -> Evidence {
        Evidence::line(&self.path, line)
    }

    /// Every assignment of a value to a target: the statement, the target, the value.
    pub(crate) fn assigned(&self) -> impl Iterator<Item = (&Statement, &str, &Expression)> {
        self.statements.iter().filter_map(|statement| match &statement.does {
            Does::Assign { target, value } => Some((statement, target.as_str(), value)),
            _ => None,
        })
    }

    /// Every call, with what it stands in. Those in decorators stand in what the function is defined in.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (Scope, &Call)> {
        let stated = self.statements.iter().flat_map(|statement| {
            let calls = statement.does.value().into_iter().flat_map(Expression::calls);
            calls.map(|call| (statement.scope, call))
        });
        let decorators = self.functions.iter().flat_map(|function| {
            let calls = function.decorators.iter().flat_map(|(_, decorator)| decorator.calls());
            calls.map(|call| (function.scope, call))
        });
        stated.chain(decorators)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tests_and_tools_are_left_aside() {
        let tree = SourceTree::in_memory(
            "p",
            [
                ("a/b.py", ""),
                ("z.py", ""),
                ("tests/x.py", ""),
                ("a/test_b.py", ""),
                ("conftest.py", ""),
                ("setup.py", ""),
                (".x/y.py", ""),
            ],
        );
        let sources = Sources::read(&tree).unwrap();
        assert_eq!(sources.modules.iter().map(|m| m.path.as_str()).collect::<Vec<_>>(), ["z.py", "a/b.py"]);
        assert!(sources.get("a/b.py").is_some() && sources.has_folder("a") && !sources.has_folder("b"));
        assert!(Sources::read(&SourceTree::in_memory("p", [("tests/x.py", "")])).unwrap().any);
    }

    #[test]
    fn calls_are_found_wherever_they_stand() {
        let text = "a = b(c())\n@d()\ndef e():\n    return f()\nif g():\n    h = [i() for j in k()]\n";
        let module = Module::new("m.py", text);
        let names: Vec<_> = module.calls().map(|(_, call)| call.method()).collect();
        assert_eq!(names, ["b", "c", "f", "g", "k", "i", "d"]);
    }
}
