//! What pyproject.toml says about a project.

use toml_edit::{Item, TableLike};

use super::poetry::{self, constraint::Constraint};
use super::toml_file::{Located, TomlFile};
use super::{Error, Evidence, IndexUse, paths, requirement};
use crate::source::SourceTree;

/// The file's name.
pub(crate) const FILE: &str = "pyproject.toml";

/// A requirement that is not installed in the image: of an extra, a group or for development.
#[derive(Debug, Clone)]
pub(crate) struct Aside {
    /// What it belongs to, as a phrase ("the group dev").
    pub(crate) place: String,
    /// The requirement.
    pub(crate) requirement: Located,
}

/// A program that an install of the project makes: `name = "package.module:function"`.
/// <https://packaging.python.org/en/latest/specifications/entry-points/>
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// What it is called.
    pub(crate) name: String,
    /// The module of its function.
    pub(crate) module: String,
    /// The function.
    pub(crate) function: String,
    /// Where it is stated.
    pub(crate) at: Evidence,
}

/// What is of interest in pyproject.toml.
#[derive(Debug, Default)]
pub(crate) struct Pyproject {
    /// Whether there is a `[project]` table.
    pub(crate) has_project: bool,
    /// `[project]` name, or Poetry's.
    pub(crate) name: Option<Located>,
    /// `[project]` version, or Poetry's.
    pub(crate) version: Option<Located>,
    /// `[project]` description.
    pub(crate) description: Option<String>,
    /// `[project]` dependencies; `None` where the key is absent.
    pub(crate) dependencies: Option<Vec<Located>>,
    /// What is stated but not installed.
    pub(crate) asides: Vec<Aside>,
    /// `[project]` requires-python, or Poetry's python in the same terms.
    pub(crate) requires_python: Option<Located>,
    /// `[project.scripts]`, or Poetry's.
    pub(crate) programs: Vec<Program>,
    /// The file that the build backend reads as the description.
    pub(crate) readme: Option<String>,
    /// The files that the build backend reads as licences.
    pub(crate) licenses: Vec<String>,
    /// The line of `dynamic`, where it names the dependencies.
    pub(crate) dynamic_dependencies: Option<Located>,
    /// The requirements files that setuptools reads for dynamic dependencies.
    pub(crate) dynamic_files: Vec<Located>,
    /// Whether the project is installed itself: it has a build system, and nothing says otherwise.
    pub(crate) package: bool,
    /// `[tool.poetry]` with dependencies of its own.
    pub(crate) poetry: Option<Located>,
    /// Indexes that PDM asks beside the default one, or in its place.
    pub(crate) pdm_sources: Vec<Located>,
    /// What is stated, as Poetry counts it.
    pub(crate) for_poetry: poetry::Stated,
    /// What of `[tool.uv]` only uv honours (sources, indexes).
    pub(crate) uv_only: Option<Located>,
    /// The lines that name an index for uv.
    pub(crate) indexes: Vec<Located>,
    /// Groups that include others, as phrases ("the group web").
    pub(crate) nested_groups: Vec<Located>,
    /// The groups that uv installs by default, where they are stated.
    pub(crate) default_groups: Vec<Located>,
    /// `[tool.uv.workspace]`: the project is the root of a workspace.
    pub(crate) workspace: Option<Globs>,
}

/// The folders that are members of a workspace, as patterns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Globs {
    /// Of those that are.
    pub(crate) members: Vec<Located>,
    /// Of those among them that are not.
    pub(crate) exclude: Vec<Located>,
}

impl Pyproject {
    /// Reads the file, if there is one.
    pub(crate) fn read(tree: &SourceTree) -> Result<Option<Self>, Error> {
        let Some(text) = tree.text(FILE)? else { return Ok(None) };
        let file = TomlFile::parse(FILE, text)?;
        let mut this = Self::stated(&file)?;
        let poetry = file.table(&["tool", "poetry"])?;
        this.name = file.text(&["project", "name"])?.or(file.text(&["tool", "poetry", "name"])?);
        this.version = file.text(&["project", "version"])?.or(file.text(&["tool", "poetry", "version"])?);
        this.description = file.text(&["project", "description"])?.map(|d| d.text).filter(|d| !d.is_empty());
        this.programs = [&["project", "scripts"][..], &["tool", "poetry", "scripts"]]
            .iter()
            .flat_map(|path| programs(&file, path))
            .collect();
        this.asides = asides(&file);
        let groups = file.get(&["dependency-groups"]).and_then(Item::as_table_like);
        for (name, item) in groups.into_iter().flat_map(|table| table.iter()) {
            if item.as_array().is_some_and(|group| group.iter().any(toml_edit::Value::is_inline_table)) {
                let text = format!("the group {name}");
                this.nested_groups.push(Located { text, at: file.at(item.span()) });
            }
        }
        this.requires_python = file.text(&["project", "requires-python"])?;
        this.for_poetry = poetry::Stated::of(&file)?;
        this.pdm_sources = sources(&file, &["tool", "pdm", "source"]);
        this.read_documents(tree, &file)?;
        this.package = packaged(&file) && this.poetry_has_its_package(tree, &file);
        if poetry.is_some_and(|table| table.contains_key("dependencies")) && this.dependencies.is_none() {
            let at = file.at(file.get(&["tool", "poetry"]).and_then(Item::span));
            this.poetry = Some(Located { text: "[tool.poetry]".to_owned(), at });
        }
        if this.requires_python.is_none() {
            this.requires_python = poetry_python(&file);
        }
        Ok(Some(this))
    }

    /// Of one of another folder, what it states of dependencies and to uv.
    pub(crate) fn stated(file: &TomlFile) -> Result<Self, Error> {
        let mut this = Self {
            has_project: file.table(&["project"])?.is_some(),
            dependencies: file.texts(&["project", "dependencies"])?,
            ..Self::default()
        };
        this.read_dynamic(file)?;
        this.read_uv(file);
        Ok(this)
    }

    /// Whether Poetry's backend, if it is that, would find what it is to build: many who never install their own project
    /// have a build system all the same. Source: <https://python-poetry.org/docs/pyproject/#packages>.
    fn poetry_has_its_package(&self, tree: &SourceTree, file: &TomlFile) -> bool {
        let backend = file.get(&["build-system", "build-backend"]).and_then(Item::as_str);
        let poetry = backend.is_some_and(|backend| backend.starts_with("poetry."));
        let listed = ["packages", "include"].iter().any(|key| file.get(&["tool", "poetry", key]).is_some());
        let Some(name) = self.name.as_ref().filter(|_| poetry && !listed) else { return true };
        let module = requirement::normalise(&name.text).replace('-', "_");
        ["", "src/"].iter().any(|root| {
            tree.contains(&format!("{root}{module}.py")) || paths::is_folder(tree, &format!("{root}{module}"))
        })
    }

    /// What an install needs to know of package indexes.
    pub(crate) fn index_use(&self) -> IndexUse {
        IndexUse::of(&self.indexes)
    }

    /// Takes in what the lock of a workspace allows of Python: what all of its members allow together.
    pub(crate) fn narrow_python(&mut self, locked: &str) {
        if let Some(own) = self.requires_python.as_mut().filter(|own| own.text != locked) {
            own.text = format!("{},{locked}", own.text);
        }
    }

    /// Where a package is stated without being installed.
    pub(crate) fn aside(&self, package: &str) -> Option<&Aside> {
        self.asides.iter().find(|aside| requirement::name_of(&aside.requirement.text).as_deref() == Some(package))
    }

    fn read_documents(&mut self, tree: &SourceTree, file: &TomlFile) -> Result<(), Error> {
        let item = file.get(&["project", "readme"]);
        self.readme = match item {
            Some(item) if item.is_str() => item.as_str().map(str::to_owned),
            _ => file.text(&["project", "readme", "file"])?.map(|readme| readme.text),
        };
        // `license = "MIT"` is an expression, `license = {file = …}` is a file.
        let license = file.get(&["project", "license"]).filter(|item| item.is_table_like());
        let mut patterns: Vec<String> =
            license.and_then(|item| item.get("file")).and_then(Item::as_str).map(str::to_owned).into_iter().collect();
        let listed = file.get(&["project", "license-files"]);
        let listed = listed.and_then(|item| item.get("paths").or_else(|| item.get("globs"))).or(listed);
        patterns.extend(listed.map(|item| file.strings_in(item)).unwrap_or_default().into_iter().map(|p| p.text));
        let matched = tree.files().filter(|path| patterns.iter().any(|pattern| paths::matches(pattern, path)));
        self.licenses = matched.map(str::to_owned).collect();
        // What is not built is not described either.
        if let Some(readme) = self.readme.as_ref().filter(|readme| packaged(file) && !tree.contains(readme)) {
            let at = file.at(item.and_then(Item::span));
            return Err(Error::MissingPath { at, path: readme.clone() });
        }
        self.read_poetrys_readmes(tree, file);
        Ok(())
    }

    /// Poetry's own key names one file, or several.
    fn read_poetrys_readmes(&mut self, tree: &SourceTree, file: &TomlFile) {
        let Some(item) = file.get(&["tool", "poetry", "readme"]).filter(|_| self.readme.is_none()) else { return };
        let one = item.as_str().map(str::to_owned).into_iter();
        let named = one.chain(file.strings_in(item).into_iter().map(|named| named.text));
        let mut there = named.filter(|path| tree.contains(path));
        self.readme = there.next();
        self.licenses.extend(there);
    }

    fn read_dynamic(&mut self, file: &TomlFile) -> Result<(), Error> {
        let dynamic = file.texts(&["project", "dynamic"])?.unwrap_or_default();
        self.dynamic_dependencies = dynamic.into_iter().find(|key| key.text == "dependencies");
        if let Some(item) = file.get(&["tool", "setuptools", "dynamic", "dependencies", "file"]) {
            let single = item.as_str().map(|text| Located { text: text.to_owned(), at: file.at(item.span()) });
            self.dynamic_files = single.map_or_else(|| file.strings_in(item), |single| vec![single]);
        }
        Ok(())
    }

    fn read_uv(&mut self, file: &TomlFile) {
        let globs = |key: &str| {
            let item = file.get(&["tool", "uv", "workspace", key]);
            item.map(|item| file.strings_in(item)).unwrap_or_default()
        };
        let default = file.get(&["tool", "uv", "default-groups"]);
        self.default_groups = default.map(|item| file.strings_in(item)).unwrap_or_default();
        let is_root = file.get(&["tool", "uv", "workspace"]).is_some();
        self.workspace = is_root.then(|| Globs { members: globs("members"), exclude: globs("exclude") });
        for key in ["index", "index-url", "extra-index-url", "find-links", "sources"] {
            let Some(item) = file.get(&["tool", "uv", key]) else { continue };
            // An array of tables has no place of its own; its first table has.
            let first = item.as_array_of_tables().and_then(|tables| tables.get(0)).and_then(toml_edit::Table::span);
            let named = Located { text: format!("[tool.uv] {key}"), at: file.at(item.span().or(first)) };
            if key != "sources" {
                self.indexes.push(named.clone());
            }
            if !item.as_table_like().is_some_and(TableLike::is_empty) {
                self.uv_only.get_or_insert(named);
            }
        }
    }
}

/// The programs of a table; those that are no function of a module by itself are passed over.
fn programs(file: &TomlFile, path: &[&str]) -> Vec<Program> {
    let table = file.get(path).and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter);
    let program = |(name, item): (&str, &Item)| {
        let (module, function) = item.as_str()?.split_once(':')?;
        let (module, function) = (module.trim().to_owned(), function.trim().to_owned());
        let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (module.split('.').all(is_word) && is_word(&function)).then(|| Program {
            name: name.to_owned(),
            module,
            function,
            at: file.at(item.span()),
        })
    };
    table.filter_map(program).collect()
}

/// The URLs of indexes that an array of tables names, each under `url`.
pub(crate) fn sources(file: &TomlFile, path: &[&str]) -> Vec<Located> {
    let tables = file.get(path).and_then(Item::as_array_of_tables).into_iter().flatten();
    let urls = tables.filter_map(|table| table.get("url"));
    let urls = urls.filter_map(|url| Some(Located { text: url.as_str()?.to_owned(), at: file.at(url.span()) }));
    // Each becomes a line of a file that uv reads: nothing may end it.
    urls.filter(|url| url.text.starts_with("http") && url.text.chars().all(|c| c.is_ascii_graphic())).collect()
}

fn packaged(file: &TomlFile) -> bool {
    let says = |path: &[&str]| file.get(path).and_then(Item::as_bool);
    let stated = says(&["tool", "uv", "package"]).or(says(&["tool", "poetry", "package-mode"])).or(says(&[
        "tool",
        "pdm",
        "distribution",
    ]));
    stated.unwrap_or(file.get(&["build-system"]).is_some())
}

fn asides(file: &TomlFile) -> Vec<Aside> {
    let mut asides = Vec::new();
    let mut add = |place: String, found: Vec<Located>| {
        asides.extend(found.into_iter().map(|requirement| Aside { place: place.clone(), requirement }));
    };
    for (path, kind) in [
        (&["project", "optional-dependencies"][..], "extra"),
        (&["dependency-groups"], "group"),
        (&["tool", "pdm", "dev-dependencies"], "group"),
    ] {
        for (name, item) in file.get(path).and_then(Item::as_table_like).into_iter().flat_map(|table| table.iter()) {
            add(format!("the {kind} {name}"), file.strings_in(item));
        }
    }
    if let Some(item) = file.get(&["tool", "uv", "dev-dependencies"]) {
        add("the development dependencies".to_owned(), file.strings_in(item));
    }
    let legacy = file.get(&["tool", "poetry", "dev-dependencies"]).and_then(Item::as_table_like);
    let legacy = legacy.into_iter().flat_map(|table| table.iter());
    let found = legacy.map(|(key, item)| Located { text: key.to_owned(), at: file.at(item.span()) }).collect();
    add("the development dependencies".to_owned(), found);
    let groups = file.get(&["tool", "poetry", "group"]).and_then(Item::as_table_like);
    for (name, item) in groups.into_iter().flat_map(|table| table.iter()) {
        let packages = item.get("dependencies").and_then(Item::as_table_like);
        let packages = packages.into_iter().flat_map(|table| table.iter());
        let found = packages.map(|(key, item)| Located { text: key.to_owned(), at: file.at(item.span()) }).collect();
        add(format!("the group {name}"), found);
    }
    asides
}

/// Poetry's constraint on Python in the terms of requires-python; `None` where it uses what those can't say.
fn poetry_python(file: &TomlFile) -> Option<Located> {
    let item = file.get(&["tool", "poetry", "dependencies", "python"])?;
    let text = Constraint::parse(item.as_str()?)?.specifiers().filter(|text| !text.is_empty())?;
    Some(Located { text, at: file.at(item.span()) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str, others: &[&str]) -> Result<Pyproject, Error> {
        let files = others.iter().map(|path| (*path, "")).chain([(FILE, text)]);
        Pyproject::read(&SourceTree::in_memory("p", files)).map(Option::unwrap)
    }

    #[test]
    fn reads_the_files_that_a_backend_reads() {
        let text = "[project]\nname=\"a\"\nreadme={file=\"docs/R.md\",content-type=\"text/markdown\"}\n\
                    license-files=[\"LICEN[CS]E*\"]\n[build-system]\nrequires=[]\n";
        let read_it = read(text, &["docs/R.md", "LICENSE.txt", "x.py"]).unwrap();
        assert_eq!(read_it.readme.as_deref(), Some("docs/R.md"));
        assert_eq!(read_it.licenses, ["LICENSE.txt"]);
        assert!(read_it.package);
        let table = read("[project]\nname='a'\nlicense={file='COPYING'}\nreadme='R.md'", &["COPYING", "R.md"]).unwrap();
        assert_eq!((table.licenses, table.package), (vec!["COPYING".to_owned()], false));
        let absent = "[project]\nname='a'\nreadme='R.md'\n";
        let missing = read(&format!("{absent}[build-system]\n"), &[]).unwrap_err();
        assert_eq!(missing.to_string(), "pyproject.toml:3 names R.md, which is not in the project");
        // What is not built is not described either.
        assert!(read(absent, &[]).is_ok());
    }

    #[test]
    fn poetry_names_its_readmes_itself() {
        let poetry =
            |readme: &str| read(&format!("[tool.poetry]\nname='a'\nreadme={readme}\n"), &["R.md", "b/C.md"]).unwrap();
        assert_eq!(poetry("'R.md'").readme.as_deref(), Some("R.md"));
        let several = poetry("['R.md', 'b/C.md', 'absent.md']");
        assert_eq!((several.readme.as_deref(), several.licenses), (Some("R.md"), vec!["b/C.md".to_owned()]));
    }

    #[test]
    fn a_package_can_be_switched_off() {
        let system = "[build-system]\nrequires=[]\n";
        for off in ["[tool.uv]\npackage=false", "[tool.poetry]\npackage-mode=false", "[tool.pdm]\ndistribution=false"] {
            assert!(!read(&format!("{system}{off}"), &[]).unwrap().package, "{off}");
        }
        assert!(read("[tool.uv]\npackage=true", &[]).unwrap().package);
    }

    #[test]
    fn poetry_builds_no_package_that_is_not_there() {
        let text = "[tool.poetry]\nname = \"my-shop\"\n[build-system]\nbuild-backend = \"poetry.core.masonry.api\"\n";
        assert!(!read(text, &["main.py"]).unwrap().package);
        for there in ["my_shop.py", "my_shop/__init__.py", "src/my_shop/__init__.py"] {
            assert!(read(text, &[there]).unwrap().package, "{there}");
        }
        let listed = text.replace("[build", "packages = [{ include = \"app\" }]\n[build");
        assert!(read(&listed, &["app/x.py"]).unwrap().package);
        assert!(read(&text.replace("poetry.core.masonry.api", "hatchling.build"), &["main.py"]).unwrap().package);
    }

    #[test]
    fn what_is_stated_aside_is_known() {
        let text = "[dependency-groups]\ndev=[\"Uvicorn[standard]>=0.3\", {include-group=\"x\"}]\n\
                    [project.optional-dependencies]\nserver=[\"gunicorn\"]\n\
                    [tool.poetry.group.test.dependencies]\nwaitress=\"^3\"\n";
        let read = read(text, &[]).unwrap();
        let aside = read.aside("uvicorn").unwrap();
        assert_eq!((aside.place.as_str(), aside.requirement.at.line), ("the group dev", Some(2)));
        assert_eq!(read.aside("gunicorn").unwrap().place, "the extra server");
        assert_eq!(read.aside("waitress").unwrap().place, "the group test");
        assert!(read.aside("flask").is_none());
    }

    #[test]
    fn poetrys_python_is_translated() {
        for (poetry, ours) in [
            ("^3.11", Some(">=3.11,<4")),
            ("~3.11", Some(">=3.11,<3.12")),
            (">=3.9,<3.13", Some(">=3.9,<3.13")),
            ("3.11.7", Some("==3.11.7")),
            ("*", None),
            ("^3.8 || ^4", None),
        ] {
            let read = read(&format!("[tool.poetry.dependencies]\npython = \"{poetry}\"\n"), &[]).unwrap();
            assert_eq!(read.requires_python.map(|r| r.text).as_deref(), ours, "{poetry}");
        }
    }
}
