//! Wheels: what the real uv installs, as the image has it.

mod bytecode;
mod hostile;
mod zip;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use pydeploy::engine::Events;
use pydeploy::engine::embedded::site::distributions;
use pydeploy::engine::embedded::uv::{Error, Home, Uv, Wanted};
use pydeploy::image::context::{Audience, ContextRules};
use pydeploy::image::install::Install;
use pydeploy::image::layer::Kind;
use pydeploy::image::site::{Distribution, Libc, Machine, Platform, Pylock, Target, Venv};
use pydeploy::project::{Parts, PythonVersion};

const PYTHON: PythonVersion = PythonVersion { major: 3, minor: 13 };

/// A project that is installed for an image.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("pydeploy-wheels-").tempdir().unwrap();
        for (path, text) in files {
            let at = folder.path().join("project").join(path);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::write(at, text).unwrap();
        }
        Self { folder }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    fn beside(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// Locks it with the real uv.
    async fn lock(&self) {
        let uv = uv().await;
        let mut command = Command::new(uv.program());
        command.args(["lock", "--quiet"]).env("UV_PYTHON_DOWNLOADS", "never").current_dir(self.root());
        assert!(command.status().unwrap().success());
    }

    async fn install(&self, install: &Install, machine: Machine, run: &str) -> Result<(Pylock, PathBuf), Error> {
        self.install_by(&uv().await, install, machine, run, &[]).await
    }

    async fn install_by(
        &self,
        uv: &Uv,
        install: &Install,
        machine: Machine,
        run: &str,
        wheels: &[PathBuf],
    ) -> Result<(Pylock, PathBuf), Error> {
        let rules = ContextRules::new(Audience::Generated, None, &[], &[], &[]).unwrap();
        let (root, into) = (self.root(), self.beside(&format!("{run}-site")));
        let wanted = Wanted { install, root: &root, rules: &rules, target: target(machine), wheels };
        let locked = uv.lock(wanted, &self.beside(&format!("{run}-scratch"))).await?;
        uv.install(wanted, &locked, &into).await?;
        Ok((locked.pylock().clone(), into))
    }
}

fn target(machine: Machine) -> Target {
    Target { python: PYTHON, platform: Platform { machine, libc: Libc::Glibc(36) } }
}

fn quiet() -> Events {
    Arc::new(|_| {})
}

/// The uv of this machine, or one that pip brings once, with the index that pip has.
async fn uv() -> Uv {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("uv");
    let pip_of = Some(Path::new(env!("CARGO_MANIFEST_DIR")));
    Uv::find(Home { named: None, cache: &cache, pip_of }, &quiet()).await.unwrap()
}

fn read(folder: &Path) -> Vec<Distribution> {
    distributions(folder, &Venv { python: PYTHON, interpreter: "/usr/local/bin/python3.13".into() }).unwrap()
}

fn identities(folder: &Path) -> BTreeMap<String, String> {
    read(folder).into_iter().map(|d| (format!("{} {}", d.name, d.version), d.identity.to_string())).collect()
}

/// Writes distributions as an image has them, without their links.
fn unpack(distributions: &[Distribution], into: &Path) {
    for (path, node) in distributions.iter().flat_map(|distribution| distribution.tree.iter()) {
        let Kind::File(content) = &node.kind else { continue };
        let at = into.join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::io::copy(&mut content.open().unwrap(), &mut std::fs::File::create(at).unwrap()).unwrap();
    }
}

fn requirements(file: &str) -> Install {
    Install::Requirements { files: vec![file.to_owned()], local: Vec::new(), beside: Vec::new() }
}

fn locked(package: bool) -> Install {
    let files = vec!["pyproject.toml".into(), "uv.lock".into()];
    Install::Uv { files, local: Vec::new(), package, member: None, parts: Parts::default() }
}

const FASTAPI: &str = "[project]\nname = \"example\"\nversion = \"0.1\"\nrequires-python = \">=3.10\"\n\
                       dependencies = [\"fastapi\", \"uvicorn\", \"psycopg[binary]\"]\n";

/// Lists every distribution with its version, and checks each of its files against its RECORD.
const LIST: &str = r"
import base64, hashlib, importlib.metadata, sys
for distribution in importlib.metadata.distributions(path=[sys.argv[1]]):
    for file in distribution.files:
        data = file.locate().read_bytes()
        if file.hash:
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()
            assert (file.hash.mode, file.hash.value, file.size) == ('sha256', digest, len(data)), file
        else:
            assert file.name == 'RECORD', file
    print(distribution.metadata['Name'].lower().replace('_', '-'), distribution.version)
";

#[tokio::test]
#[ignore = "needs the bed: a package index"]
async fn an_image_holds_what_the_lock_says_and_no_more() {
    let project = Project::new(&[("pyproject.toml", FASTAPI)]);
    project.lock().await;
    for machine in Machine::ALL {
        let (pylock, folder) = project.install(&locked(false), machine, machine.as_str()).await.unwrap();
        let found = read(&folder);
        let root = project.beside(&format!("{machine}-image"));
        unpack(&found, &root);
        let site = root.join("opt/venv/lib/python3.13/site-packages");
        let output = Command::new("python3").args(["-I", "-c", LIST]).arg(&site).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut listed: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
        listed.sort();
        let names: Vec<_> = found.iter().map(|d| format!("{} {}", d.name, d.version)).collect();
        assert_eq!(listed, names);
        let expected = pylock.packages(target(machine)).into_iter();
        let expected: Vec<_> = expected.map(|(name, version)| format!("{name} {}", version.unwrap())).collect();
        assert_eq!(names, expected);
        let script = std::fs::read_to_string(root.join("opt/venv/bin/uvicorn")).unwrap();
        assert!(script.starts_with("#!/opt/venv/bin/python\n"), "{script}");
        let compiled: Vec<_> = found
            .iter()
            .flat_map(|d| d.tree.iter())
            .filter(|(path, _)| path.contains("/pydantic_core/") && path.contains(".so"))
            .collect();
        let [(extension, _)] = compiled.as_slice() else { unreachable!("{compiled:?}") };
        assert!(extension.ends_with(&format!(".cpython-313-{machine}-linux-gnu.so")), "{extension}");
    }
}

/// A uv that is started by a shell which does this first.
async fn uv_after(project: &Project, before: &str) -> Uv {
    let path = project.beside("wrapper").join("uv");
    let text = format!("#!/bin/sh\n{before} {} \"$@\"\n", uv().await.program().display());
    // Written by another process: a file that this one holds open for writing, a sibling test could not execute.
    let write = r#"printf '%s' "$1" > "$2" && chmod 755 "$2""#;
    let done = Command::new("sh").args(["-c", write, "sh", &text]).arg(&path).status().unwrap();
    assert!(done.success());
    Uv::find(Home { named: Some(&path), cache: &project.beside("no-cache"), pip_of: None }, &quiet()).await.unwrap()
}

#[tokio::test]
#[ignore = "needs the bed: a package index"]
async fn neither_folder_nor_umask_nor_user_change_what_is_installed() {
    let project = Project::new(&[("pyproject.toml", FASTAPI)]);
    project.lock().await;
    let (_, plain) = project.install(&locked(false), Machine::X86_64, "plain").await.unwrap();
    let expected = identities(&plain);
    assert!(expected.len() > 10, "{expected:?}");
    let tight = uv_after(&project, "umask 077; export UV_CACHE_DIR=$(mktemp -d); exec").await;
    let (_, tight) = project.install_by(&tight, &locked(false), Machine::X86_64, "tight", &[]).await.unwrap();
    assert_eq!(identities(&tight), expected);
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !root || !Path::new("/usr/bin/python3").exists() {
        return;
    }
    for name in ["user-site", "user-scratch", "user-home", "wrapper"] {
        let made = Command::new("chown").arg("1234:1234").arg(project.beside(name)).status().unwrap();
        assert!(made.success());
    }
    std::fs::set_permissions(project.folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // The program itself may lie where that user may not look.
    let copy = project.beside("program").join("uv");
    std::fs::copy(uv().await.program(), &copy).unwrap();
    let home = project.beside("user-home");
    // Nor may it use the Python of the one who runs the tests: the last two words name it.
    let words = "case $1 in --version) ;; *) n=$(($#-2)); i=0; for word; do shift; i=$((i+1)); \
                 if [ $i -le $n ]; then set -- \"$@\" \"$word\"; fi; done; set -- \"$@\" --python /usr/bin/python3;; esac";
    let before = format!(
        "{words}\numask 022; exec setpriv --reuid 1234 --regid 1234 --clear-groups env HOME={home} \
         UV_CACHE_DIR={home}/cache {copy} \"$@\"; exit;",
        home = home.display(),
        copy = copy.display()
    );
    let user = uv_after(&project, &before).await;
    let (_, user) = project.install_by(&user, &locked(false), Machine::X86_64, "user", &[]).await.unwrap();
    assert_eq!(identities(&user), expected);
}

#[tokio::test]
#[ignore = "needs the bed: a package index"]
async fn requirements_of_every_form_are_installed() {
    let project = Project::new(&[
        ("requirements.txt", "-r requirements/prod.txt\n-e ./libs/core[extra]\n--prefer-binary\n"),
        ("requirements/prod.txt", "-c ../constraints.txt\nidna # why\nsix==1.17.0 ; sys_platform == 'win32'\n"),
        ("constraints.txt", "idna==3.7\n"),
        (
            "libs/core/pyproject.toml",
            "[project]\nname = \"the-core\"\nversion = \"2\"\n[project.optional-dependencies]\nextra = [\"iniconfig\"]\n\
             [build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\
             [tool.setuptools]\npackages = [\"the_core\"]\n",
        ),
        ("libs/core/the_core/__init__.py", "x = 1\n"),
    ]);
    let install = Install::Requirements {
        files: ["requirements.txt", "requirements/prod.txt", "constraints.txt"].map(str::to_owned).to_vec(),
        local: vec!["libs/core".into()],
        beside: Vec::new(),
    };
    let (_, first) = project.install(&install, Machine::X86_64, "first").await.unwrap();
    let found = identities(&first);
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["idna 3.7", "iniconfig 2.3.1", "the-core 2"].map(|n| if n.starts_with("ini") { names[1] } else { n })
    );
    assert!(names[1].starts_with("iniconfig "));
    // Built once more, and elsewhere: the same.
    let (_, again) = project.install(&install, Machine::X86_64, "again").await.unwrap();
    assert_eq!(identities(&again), found);
    let mut left: Vec<_> =
        std::fs::read_dir(project.root().join("libs/core")).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["pyproject.toml", "the_core"]);
    let text = format!("{:?}", read(&first).iter().flat_map(|d| d.tree.iter()).map(|(p, _)| p).collect::<Vec<_>>());
    assert!(text.contains("site-packages/the_core/__init__.py") && !text.contains("direct_url"), "{text}");
}

#[tokio::test]
#[ignore = "needs the bed: a package index"]
async fn a_project_and_its_members_are_installed_as_packages() {
    let system = "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";
    let root = format!(
        "[project]\nname = \"whole\"\nversion = \"1.2\"\nrequires-python = \">=3.10\"\ndependencies = [\"member\", \"psycopg2\"]\n\
         [project.scripts]\nwhole = \"whole:main\"\n{system}[tool.uv.sources]\nmember = {{ workspace = true }}\n\
         [tool.uv.workspace]\nmembers = [\"libs/member\"]\n"
    );
    let member = format!("[project]\nname = \"member\"\nversion = \"3\"\ndependencies = [\"idna\"]\n{system}");
    let project = Project::new(&[
        ("pyproject.toml", &root),
        ("src/whole/__init__.py", "def main(): pass\n"),
        ("libs/member/pyproject.toml", &member),
        ("libs/member/src/member/__init__.py", ""),
        (".env", "SECRET=1"),
    ]);
    project.lock().await;
    // Without a wheel for one of them, each is named.
    let error = project.install(&locked(true), Machine::Aarch64, "missing").await.unwrap_err();
    let Error::NoWheel { missing, .. } = &error else { panic!("{error}") };
    assert_eq!((missing.len(), missing[0].name.as_str(), missing[0].source), (1, "psycopg2", true));
    assert!(error.to_string().starts_with("there is no wheel of psycopg2 2."), "{error}");
    assert!(error.hint().unwrap().contains("psycopg2-binary"));
    // With one that was built elsewhere, the rest is still from the lock.
    let version = missing[0].version.clone().unwrap();
    let built = project.beside("wheels").join(format!("psycopg2-{version}-cp313-cp313-linux_aarch64.whl"));
    let wheel =
        zip::wheel("psycopg2", &version, "cp313-cp313-linux_aarch64", &[("psycopg2/__init__.py", "built = 1\n")]);
    std::fs::write(&built, wheel).unwrap();
    let other = built.with_file_name(format!("psycopg2-{version}-cp313-cp313-linux_x86_64.whl"));
    let wheels = [other, built];
    let done = project.install_by(&uv().await, &locked(true), Machine::Aarch64, "built", &wheels).await;
    let (_, folder) = done.unwrap();
    let names: Vec<_> = identities(&folder).into_keys().collect();
    assert_eq!(
        names.iter().map(|n| n.split(' ').next().unwrap()).collect::<Vec<_>>(),
        ["idna", "member", "psycopg2", "whole"]
    );
    let image = project.beside("image");
    unpack(&read(&folder), &image);
    assert!(image.join("opt/venv/bin/whole").is_file());
    assert!(!image.join("opt/venv/lib/python3.13/site-packages/.env").exists());
}

#[tokio::test]
#[ignore = "needs the bed: a package index"]
async fn what_has_no_wheel_is_named_from_requirements_too() {
    let project = Project::new(&[("requirements.txt", "idna\npsycopg2==2.9.10\n")]);
    let error = project.install(&requirements("requirements.txt"), Machine::X86_64, "a").await.unwrap_err();
    let Error::NoWheel { missing, .. } = &error else { panic!("{error}: {:?}", error.output()) };
    assert_eq!((missing[0].to_string().as_str(), missing[0].source), ("psycopg2 2.9.10", true));
    let project = Project::new(&[("requirements.txt", "idna==99\n")]);
    let error = project.install(&requirements("requirements.txt"), Machine::X86_64, "a").await.unwrap_err();
    assert!(matches!(error, Error::Failed { .. }) && error.hint().is_some(), "{error:?}");
}

#[tokio::test]
#[ignore = "needs the bed: a package index"]
async fn uv_comes_through_pip_once() {
    let cache = tempfile::tempdir().unwrap();
    let home = cache.path().join("uv");
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let tell: Events = Arc::new({
        let told = Arc::clone(&told);
        move |event| told.lock().unwrap().push(format!("{event:?}"))
    });
    // Two at once over an empty cache.
    let (one, two) = tokio::join!(Uv::find(Home { named: None, cache: &home, pip_of: None }, &tell), async {
        Uv::find(Home { named: None, cache: &home, pip_of: None }, &tell).await
    });
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.version(), two.version());
    let said = told.lock().unwrap().len();
    Uv::find(Home { named: None, cache: &home, pip_of: None }, &tell).await.unwrap();
    assert_eq!(told.lock().unwrap().len(), said);
}
