//! Tests of the choice of the manifest.
#![allow(clippy::panic, clippy::unwrap_used)]

use super::*;
use crate::project::marker::Target;
use crate::project::{Locker, Parts, PythonVersion};
use crate::source::SourceTree;

const LOCK: &str = "version = 1\nrequires-python = \">=3.12\"\n\
    [[package]]\nname = \"api\"\nversion = \"0\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"flask\" }]\n\
    [package.metadata]\nrequires-dist = [{ name = \"flask\", specifier = \">=3\" }]\n\
    [[package]]\nname = \"flask\"\nversion = \"3.0.0\"\nsource = { registry = \"https://index.example/simple\" }\n";
const PYPROJECT: &str = "[project]\nname = \"api\"\ndependencies = [\"flask>=3\"]\n";

fn choose(files: &[(&str, &str)], manager: Option<Manager>) -> Result<Chosen, Error> {
    let tree = SourceTree::in_memory("demo", files.iter().copied());
    let pyproject = Pyproject::read(&tree)?;
    let locks = Lock::all(&tree, None, manager)?;
    let target = Target::new(PythonVersion::DEFAULT);
    let of = Of { tree: &tree, pyproject: pyproject.as_ref(), workspace: None, parts: &Parts::default(), target };
    let manifest = Manifest { of, locks: &locks };
    let manager = manager.map(|manager| Decision::assumed(manager, "stated"));
    manifest.choose(&Stated { manager, ..Stated::default() })
}

fn error(files: &[(&str, &str)]) -> (String, String) {
    let error = choose(files, None).unwrap_err();
    (error.to_string(), error.hint().unwrap_or_default())
}

#[test]
fn a_uv_lock_counts() {
    let (manager, dependencies) = choose(&[("uv.lock", LOCK), ("pyproject.toml", PYPROJECT)], None).unwrap();
    assert_eq!((manager.value, manager.evidence.unwrap().to_string()), (Manager::Uv, "uv.lock".into()));
    assert_eq!(dependencies.get("flask").unwrap().version.as_deref(), Some("3.0.0"));
    assert!(matches!(dependencies.source, DependencySource::UvLock { package: false, .. }));
}

#[test]
fn groups_that_uv_installs_by_default_stay_out_and_are_named() {
    let pyproject = format!("{PYPROJECT}[tool.uv]\ndefault-groups = [\"dev\", \"metrics\"]\n");
    let dependencies = choose(&[("uv.lock", LOCK), ("pyproject.toml", &pyproject)], None).unwrap().1;
    let DependencySource::UvLock { left_groups, .. } = dependencies.source else { panic!() };
    assert_eq!(left_groups, ["metrics"]);
}

#[test]
fn a_pylock_counts_where_no_manager_has_a_lock_of_its_own() {
    const PYLOCK: &str = "lock-version = \"1.0\"\n[[packages]]\nname = \"flask\"\nversion = \"3.0.0\"\n";
    let files = |more: &[(&'static str, &'static str)]| {
        [&[("pylock.toml", PYLOCK), ("pyproject.toml", PYPROJECT)], more].concat()
    };
    let (manager, dependencies) = choose(&files(&[]), None).unwrap();
    assert_eq!((manager.value, manager.evidence.unwrap().to_string()), (Manager::Pip, "pylock.toml".into()));
    assert_eq!(dependencies.get("flask").unwrap().evidence.to_string(), "pyproject.toml:3");
    assert!(matches!(dependencies.source, DependencySource::Pylock { package: false, .. }));
    let beside = choose(&files(&[("requirements.txt", "flask==3.0.0\n")]), Some(Manager::Pip)).unwrap().1;
    assert!(matches!(beside.source, DependencySource::Pylock { .. }));
    let (said, hint) = error(&files(&[("requirements.txt", "flask==2.0.0\n")]));
    assert_eq!(
        said,
        "could not use pylock.toml: requirements.txt:1 pins flask==2.0.0, and pylock.toml has another version"
    );
    assert!(hint.contains("lock anew"), "{hint}");
    // Beside uv's own it is an export, and must be one of that.
    assert_eq!(choose(&files(&[("uv.lock", LOCK)]), None).unwrap().0.value, Manager::Uv);
    let newer = PYLOCK.replace("3.0.0", "3.0.1");
    let (said, _) = error(&[("pylock.toml", &newer), ("pyproject.toml", PYPROJECT), ("uv.lock", LOCK)]);
    assert_eq!(said, "pylock.toml:2 has flask 3.0.1, and uv.lock has not");
}

#[test]
fn an_exported_requirements_file_must_agree_with_the_lock() {
    let with = |requirements: &str, manager| {
        choose(&[("uv.lock", LOCK), ("pyproject.toml", PYPROJECT), ("requirements.txt", requirements)], manager)
    };
    let (manager, _) = with("-e .\nflask==3.0.0\n", None).unwrap();
    assert_eq!(manager.because, "it locks the dependencies, and requirements.txt agrees with it");
    let differs = with("flask==2.0\n", None).unwrap_err();
    assert_eq!(differs.to_string(), "requirements.txt:1 pins flask==2.0, and uv.lock has another version");
    assert_eq!(
        differs.hint().unwrap(),
        r#"state which one counts with the setting `manager`: manager = "uv" or manager = "pip""#
    );
    assert!(with("gunicorn\n", None).unwrap_err().to_string().contains("gunicorn, which uv.lock lacks"));
    assert_eq!(
        with("flask==2.0\n", Some(Manager::Uv)).unwrap().1.get("flask").unwrap().version.as_deref(),
        Some("3.0.0")
    );
    assert_eq!(
        with("flask==2.0\n", Some(Manager::Pip)).unwrap().1.get("flask").unwrap().version.as_deref(),
        Some("2.0")
    );
}

#[test]
fn conda_is_refused_with_the_way_out() {
    let (message, hint) = error(&[("environment.yml", "")]);
    assert_eq!(message, "conda environments are not supported yet (environment.yml)");
    assert!(hint.contains("requirements.txt"), "{hint}");
}

const POETRY_LOCK: &str = "[[package]]\nname = \"flask\"\nversion = \"3.0.0\"\ngroups = [\"main\"]\nfiles = []\n\
    [metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.12\"\n";

#[test]
fn poetry_counts_by_its_lock_or_by_its_table() {
    let locked = [("poetry.lock", POETRY_LOCK), ("pyproject.toml", PYPROJECT)];
    let (manager, dependencies) = choose(&locked, None).unwrap();
    assert_eq!((manager.value, manager.evidence.unwrap().to_string()), (Manager::Poetry, "poetry.lock".into()));
    assert_eq!(dependencies.get("flask").unwrap().evidence.to_string(), "pyproject.toml:3");
    let DependencySource::Lock { manager: Locker::Poetry, pins, files, package: false, .. } = dependencies.source
    else {
        panic!()
    };
    assert_eq!((pins, files), (vec!["flask==3.0.0".to_owned()], vec!["poetry.lock".into(), "pyproject.toml".into()]));
    let table = "[tool.poetry]\nname='a'\n[tool.poetry.dependencies]\nflask='^3'\n";
    let (manager, dependencies) = choose(&[("pyproject.toml", table)], None).unwrap();
    assert_eq!((manager.value, manager.evidence.unwrap().to_string()), (Manager::Poetry, "pyproject.toml:1".into()));
    let DependencySource::Pyproject { requirements, .. } = dependencies.source else { panic!() };
    assert_eq!(requirements, ["flask>=3,<4"]);
    let exported = |text| choose(&[locked[0], locked[1], ("requirements.txt", text)], None);
    assert_eq!(exported("flask==3.0.0\n").unwrap().0.value, Manager::Poetry);
    let differs = exported("flask==2\n").unwrap_err();
    assert_eq!(differs.to_string(), "requirements.txt:1 pins flask==2, and poetry.lock has another version");
    let (message, hint) = error(&[("pyproject.toml", table), ("requirements.txt", "flask\n")]);
    assert_eq!(message, "[tool.poetry] (pyproject.toml:1) stands beside a requirements file");
    assert!(hint.ends_with("manager = \"poetry\" or manager = \"pip\""));
    // A lock that does not count need not be readable.
    let stated = choose(&[("poetry.lock", ""), ("requirements.txt", "flask\n")], Some(Manager::Pip)).unwrap();
    assert_eq!(stated.1.packages.len(), 1);
    let (message, hint) = error(&[("poetry.lock", POETRY_LOCK)]);
    assert_eq!(message, "could not use poetry.lock: there is no pyproject.toml beside it");
    assert_eq!(hint, "name the folder that has both");
}

#[test]
fn of_two_locks_it_is_said_which_one_is_stale() {
    let stale = format!("{POETRY_LOCK}content-hash = \"00\"\n");
    let (message, hint) = error(&[("poetry.lock", &stale), ("uv.lock", LOCK), ("pyproject.toml", PYPROJECT)]);
    assert_eq!(
        message,
        "uv.lock and poetry.lock stand side by side; poetry.lock does not match pyproject.toml: \
         the content-hash in it is not that of what is stated there now"
    );
    assert!(hint.ends_with(": manager = \"uv\""), "{hint}");
    let (message, hint) = error(&[("poetry.lock", POETRY_LOCK), ("uv.lock", LOCK), ("pyproject.toml", PYPROJECT)]);
    assert_eq!(message, "uv.lock and poetry.lock stand side by side");
    assert!(hint.ends_with("manager = \"uv\" or manager = \"poetry\""), "{hint}");
    let (message, hint) = error(&[("Pipfile", ""), ("uv.lock", LOCK), ("pyproject.toml", PYPROJECT)]);
    assert_eq!(message, "Pipfile and uv.lock stand side by side");
    assert!(hint.ends_with("manager = \"uv\" or manager = \"pipenv\""), "{hint}");
}

#[test]
fn a_pipfile_counts_with_its_lock_and_without() {
    let pipfile = ("Pipfile", "[packages]\nflask = \"*\"\n[dev-packages]\npytest = \"*\"\n");
    let (manager, dependencies) = choose(&[pipfile], None).unwrap();
    assert_eq!((manager.value, manager.because.as_str()), (Manager::Pipenv, "the Pipfile states the dependencies"));
    let DependencySource::Pyproject { requirements, package: false, .. } = dependencies.source else { panic!() };
    assert_eq!(requirements, ["flask"]);
    let lock = ("Pipfile.lock", "{\"_meta\": {}, \"default\": {\"flask\": {\"version\": \"==3.0.0\"}}}");
    let (manager, dependencies) = choose(&[pipfile, lock], None).unwrap();
    assert_eq!(manager.evidence.unwrap().to_string(), "Pipfile.lock");
    let DependencySource::Lock { manager: Locker::Pipenv, pins, .. } = dependencies.source else { panic!() };
    assert_eq!(pins, ["flask==3.0.0"]);
    assert_eq!(error(&[lock]).0, "could not use Pipfile.lock: there is no Pipfile beside it");
}

#[test]
fn a_stated_manager_needs_its_file() {
    let uv = choose(&[("pyproject.toml", PYPROJECT)], Some(Manager::Uv)).unwrap_err();
    assert_eq!(uv.to_string(), "the manager is stated to be uv, but there is no uv.lock");
    assert_eq!(uv.hint().unwrap(), "run: uv lock");
    let pip = choose(&[("poetry.lock", "")], Some(Manager::Pip)).unwrap_err();
    assert!(pip.hint().unwrap().starts_with("run: poetry export"), "{pip:?}");
    assert!(choose(&[("requirements.txt", "a")], Some(Manager::Uv)).is_err());
}

#[test]
fn requirements_are_found_in_their_folder_if_that_is_clear() {
    let files = |files: &[(&str, &str)]| match choose(files, None).unwrap().1.source {
        DependencySource::Requirements { files, .. } => files,
        _ => Vec::new(),
    };
    let base = ("requirements/base.txt", "flask\n");
    assert_eq!(files(&[base, ("requirements/dev.txt", "x\n")]), ["requirements/base.txt"]);
    let prod = ("requirements/prod.txt", "-r base.txt\n");
    assert_eq!(files(&[base, prod]), ["requirements/prod.txt", "requirements/base.txt"]);
    let (message, hint) = error(&[base, ("requirements/prod.txt", "gunicorn\n")]);
    assert_eq!(
        message,
        "which requirements file is installed is not clear: requirements/prod.txt, requirements/base.txt"
    );
    assert!(hint.contains("-r requirements/prod.txt"));
    let (message, _) = error(&[("requirements-server.txt", ""), ("requirements-worker.txt", "")]);
    assert!(message.ends_with("requirements-server.txt, requirements-worker.txt"), "{message}");
    // What was compiled lies beside what it was compiled from.
    let compiled = [("requirements/requirements.in", "flask"), ("requirements/requirements.txt", "flask==3.0.0\n")];
    let dev = [("requirements/requirements-dev.in", "x"), ("requirements/requirements-dev.txt", "x==1\n")];
    assert_eq!(files(&[compiled, dev].concat()), ["requirements/requirements.txt"]);
    assert_eq!(files(&[("requirement.txt", "flask\n")]), ["requirement.txt"]);
    let (_, hint) = error(&[("reqs/dev.txt", "x"), ("reqs/web.txt", "flask")]);
    assert!(hint.ends_with("`-r reqs/web.txt`"), "{hint}");
    let (message, hint) = error(&[("requirements.in", "flask")]);
    assert!(message.contains("not compiled") && hint.contains("uv pip compile requirements.in"), "{message} {hint}");
}

#[test]
fn a_requirements_file_covers_what_the_project_states() {
    let with = |requirements| choose(&[("pyproject.toml", PYPROJECT), ("requirements.txt", requirements)], None);
    assert!(matches!(with("flask==3.0.0").unwrap().1.source, DependencySource::Requirements { .. }));
    assert!(with(".\n").unwrap().1.installs_project());
    let extra = format!("{PYPROJECT}[project.optional-dependencies]\nserver=['gunicorn']\ndev=['pytest']\n");
    let own = choose(&[("pyproject.toml", &extra), ("requirements.txt", "-e .[server]\n")], None).unwrap().1;
    let names: Vec<_> = own.packages.iter().map(|p| format!("{} {}", p.name, p.evidence)).collect();
    assert_eq!(names, ["flask pyproject.toml:3", "gunicorn pyproject.toml:5"]);
    let error = with("httpx").unwrap_err();
    assert_eq!(error.to_string(), "requirements.txt lacks flask, which pyproject.toml:3 states");
    let tools = choose(&[("pyproject.toml", "[tool.ruff]\n"), ("requirements.txt", "a")], None).unwrap();
    assert_eq!(tools.1.packages.len(), 1);
}

#[test]
fn project_dependencies_without_a_lock() {
    let text = "[project]\nname='a'\nrequires-python='>=3.12'\ndependencies=[\n 'Flask[async]==3.0',\n 'x; os_name==\"nt\"',\n]\n[build-system]\n";
    let (manager, dependencies) = choose(&[("pyproject.toml", text)], None).unwrap();
    assert_eq!(manager.value, Manager::Pip);
    let flask = dependencies.get("flask").unwrap();
    assert_eq!((flask.version.as_deref(), flask.evidence.to_string()), (Some("3.0"), "pyproject.toml:5".into()));
    assert_eq!(dependencies.packages.len(), 1);
    assert!(matches!(dependencies.source, DependencySource::Pyproject { package: true, .. }));
    let (message, hint) =
        error(&[("pyproject.toml", &format!("{PYPROJECT}[tool.uv.sources]\nflask={{git='https://git.example/f'}}\n"))]);
    assert_eq!(message, "[tool.uv] sources (pyproject.toml:4) is only honoured by uv, and there is no uv.lock");
    assert!(hint.starts_with("run: uv lock"));
    let (message, _) = error(&[("pyproject.toml", "[project]\nname='a'\ndependencies=['flask=3']\n")]);
    assert!(message.contains("`flask=3` (pyproject.toml:3)"), "{message}");
    let dynamic = "[project]\nname='a'\ndynamic=['dependencies']\n";
    assert!(error(&[("pyproject.toml", dynamic)]).0.contains("only the build backend knows"));
    let files = format!("{dynamic}[tool.setuptools.dynamic]\ndependencies={{file=['deps/r.txt']}}\n");
    let (_, dependencies) = choose(&[("pyproject.toml", &files), ("deps/r.txt", "flask\n")], None).unwrap();
    assert!(dependencies.get("flask").is_some());
    assert_eq!(
        error(&[("pyproject.toml", &files)]).0,
        "pyproject.toml:5 names deps/r.txt, which is not in the project"
    );
    let none = choose(&[("pyproject.toml", "[project]\nname='a'\ndependencies=[]\n")], None).unwrap();
    assert_eq!(none.1.source, DependencySource::None);
}

#[test]
fn without_a_manifest_the_imports_decide() {
    let (message, hint) = error(&[("README.md", "")]);
    assert_eq!(message, "nothing that looks like a Python project in demo");
    assert!(hint.contains("uv.lock, pyproject.toml, requirements.txt"));
    let (message, hint) = error(&[("main.py", "import os\nfrom fastapi import FastAPI\n")]);
    assert_eq!(message, "nothing says what the project depends on, and main.py:2 imports fastapi");
    assert!(hint.contains("requirements.txt"));
    let (_, hint) = error(&[("api/requirements.txt", ""), ("api/main.py", "import flask"), ("web/pyproject.toml", "")]);
    assert_eq!(hint, "dependencies are stated below: run pydeploy on api or web");
    let own =
        [("main.py", "import os, json\nfrom util import x\nfrom pkg.y import z\n"), ("util.py", ""), ("pkg/y.py", "")];
    assert_eq!(choose(&own, None).unwrap().1.source, DependencySource::None);
    let worked_out = "from setuptools import setup\nsetup(install_requires=open('x').read())\n";
    assert!(error(&[("setup.py", worked_out)]).1.contains("`.`"));
    let flake8 = [("setup.cfg", "[flake8]\nmax-line-length = 100\n"), ("main.py", "import os")];
    assert_eq!(choose(&flake8, None).unwrap().1.source, DependencySource::None);
    let config = ("setup.cfg", "[metadata]\nname = a\n[options]\ninstall_requires = file: x\n");
    assert!(error(&[config]).0.contains("setup.cfg:4"));
    assert_eq!(
        choose(&[("setup.cfg", "[metadata]\nname = a\n"), ("main.py", "import os")], None).unwrap().1.source,
        DependencySource::None
    );
}
