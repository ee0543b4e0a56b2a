//! The settings: what was meant, from flags, environment and file. Nothing else reads any of these.

mod deploy;
pub mod keys;
pub mod layers;
mod machine;
mod reader;

pub use layers::{Error, Origin};
pub use machine::Machine;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::Value;

use crate::cli::{ImageArgs, OutArgs, OutputArgs};
use crate::dockerfile::Platform;
use crate::engine::{Engine, SecretSource};
use crate::image::duration::GoDuration;
use crate::image::layer::Compression;
use crate::image::plan::{Account, Strategy};
use crate::image::planner::{Timings, Wishes};
use crate::image::reference::{ImageRef, Tag};
use crate::manifests::Format;
use crate::project::{self, Decision, Manager, ProcessKind, PythonVersion, StatedProcess, is_process_name};
use crate::workload::Terms;
use crate::workload::deploy::Everywhere;
use crate::workload::probes::{Assertions, Listens, Prefer, Redirects};
use keys::{Kind, PROCESSES};
use layers::{Layers, Stated};
use reader::Reader;

/// Everything that a command needs to know of its user's wishes.
#[derive(Debug)]
pub struct Settings {
    /// The project's directory.
    pub project: PathBuf,
    /// What is stated of the project.
    pub stated: project::Stated,
    /// What is wished of the image.
    pub wishes: Wishes,
    /// Which Dockerfile to build.
    pub dockerfile: DockerfileChoice,
    /// The repository to push to, as stated.
    pub registry: Option<Decision<String>>,
    /// Tags to give; by default one is derived.
    pub tags: Vec<Tag>,
    /// What builds, where that is stated.
    pub engine: Option<Decision<Engine>>,
    /// The platforms to build for; the one of the machine that builds where none is stated.
    pub platforms: Vec<Platform>,
    /// What is wished of the layers that pydeploy makes.
    pub layers: LayerWishes,
    /// What is stated of the Debian archive.
    pub debian: Debian,
    /// What of the context is sent although it is held by default.
    pub include: Vec<String>,
    /// Where the values of build secrets are.
    pub secrets: BTreeMap<String, SecretSource>,
    /// How the registry may be spoken to.
    pub security: RegistrySecurity,
    /// Where manifests go.
    pub out: Out,
    /// What the user vouches for, so that probes may ask over the network.
    pub assertions: Assertions,
    /// On what terms the workload is deployed, in the chosen environment.
    pub deploy: Terms,
    /// The same in every environment that there is.
    pub environments: Everywhere<Terms>,
    /// In what form manifests are written.
    pub format: Format,
}

/// Which Dockerfile to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DockerfileChoice {
    /// The project's, if it has one; else ours.
    Detect,
    /// Ours.
    Generated(Decision<()>),
    /// This one of the project's.
    File(Decision<String>),
}

/// How the registry may be spoken to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistrySecurity {
    /// Plain HTTP is permitted.
    pub insecure: bool,
    /// A certificate authority to trust beside the system's.
    pub ca: Option<PathBuf>,
}

/// What is wished of the layers that pydeploy makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerWishes {
    /// How they are compressed.
    pub compression: Compression,
    /// Where they are kept; the platform's cache folder where nothing is stated.
    pub cache: Option<PathBuf>,
    /// Locked Debian packages move to what the archive has now.
    pub update: bool,
}

/// What is stated of the Debian archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debian {
    /// Its URL.
    pub archive: Option<Decision<String>>,
    /// The keys that it is signed with; Debian's own where nothing is stated.
    pub keyring: Option<PathBuf>,
}

/// Where manifests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out {
    /// Where the command puts them when nothing is stated.
    Default,
    /// Standard output.
    Stdout,
    /// A folder.
    Folder(PathBuf),
}

/// What a command was given, of all that commands can be given.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The project's directory.
    pub project: &'a Path,
    /// Of the image.
    pub image: &'a ImageArgs,
    /// Of the manifests, where the command makes some.
    pub out: Option<&'a OutArgs>,
    /// Of the way to say it: the file and the environment to use.
    pub output: &'a OutputArgs,
}

impl Settings {
    /// Flags, then `PYDEPLOY_*` variables, then the chosen environment, then the file.
    pub fn resolve(given: Given<'_>, machine: &Machine) -> Result<Self, Error> {
        let stated = [flags(given), variables(machine)?];
        let file = find_file(given)?.unwrap_or_default();
        let config = given.output.config.as_deref();
        let folder = config.map_or(given.project, |c| c.parent().unwrap_or(Path::new("")));
        let layers = |environment: Option<&String>| {
            let mut layers = Layers::default();
            stated.iter().cloned().for_each(|layer| layers.push(layer));
            if let Some(name) = environment {
                let known = || file.environments.keys().cloned().collect();
                let missing = || Error::NoEnvironment { name: name.clone(), known: known() };
                layers.push(file.environments.get(name).cloned().ok_or_else(missing)?);
            }
            layers.push(file.base.clone());
            Ok(Reader { layers, folder: folder.to_path_buf() })
        };
        let chosen = given.output.env.as_ref().filter(|n| !n.is_empty());
        let terms = |environment| deploy::terms(&layers(environment)?);
        let each = file.environments.keys().map(|name| Ok((name.clone(), terms(Some(name))?)));
        let environments = Everywhere { base: terms(None)?, each: each.collect::<Result<_, Error>>()? };
        let mut settings = read(given.project, &layers(chosen)?, environments)?;
        settings.layers.update = given.image.update;
        Ok(settings)
    }
}

/// The settings file: the one that was named, else pyproject.toml or pydeploy.toml of the project.
fn find_file(given: Given<'_>) -> Result<Option<layers::FileLayers>, Error> {
    if let Some(path) = &given.output.config {
        return layers::read(path, &path.display().to_string());
    }
    let mut found: Option<(&str, layers::FileLayers)> = None;
    for name in ["pyproject.toml", "pydeploy.toml"] {
        let path = given.project.join(name);
        if !path.is_file() {
            continue;
        }
        let Some(layers) = layers::read(&path, name)? else { continue };
        if let Some((first, _)) = &found {
            return Err(Error::TwoFiles { first: format!("{first} ([tool.pydeploy])"), second: name.to_owned() });
        }
        found = Some((name, layers));
    }
    Ok(found.map(|(_, layers)| layers))
}

fn flags(given: Given<'_>) -> BTreeMap<String, Stated> {
    let mut layer = BTreeMap::new();
    let mut put = |key: &str, flag: &str, value: Option<Value>| {
        if let Some(value) = value {
            layer.insert(key.to_owned(), Stated { value, origin: Origin::Flag(flag.to_owned()) });
        }
    };
    let text = |t: &Option<String>| t.as_deref().map(Value::from);
    let list = |l: &[String]| (!l.is_empty()).then(|| l.iter().collect::<Value>());
    let image = given.image;
    put("image", "--registry", text(&image.registry));
    put("tags", "--tag", list(&image.tags));
    put("engine", "--engine", text(&image.engine));
    put("strategy", "--strategy", text(&image.strategy));
    put("dockerfile", "--dockerfile", text(&image.dockerfile));
    put("platform", "--platform", text(&image.platform));
    put("base", "--base", text(&image.base));
    put("compression", "--compression", text(&image.compression));
    put("build-secrets", "--build-secret", list(&image.build_secrets));
    put("insecure-registry", "--insecure-registry", image.access.insecure_registry.then(|| Value::from(true)));
    let ca = image.access.registry_ca.as_ref().map(|p| Value::from(p.display().to_string()));
    put("registry-ca", "--registry-ca", ca);
    if let Some(out) = given.out {
        put("out", "--out", text(&out.out));
        put("format", "--format", text(&out.format));
        put("deploy.namespace", "--namespace", text(&out.namespace));
    }
    layer
}

fn variables(machine: &Machine) -> Result<BTreeMap<String, Stated>, Error> {
    let mut layer = BTreeMap::new();
    for (key, kind) in keys::KEYS {
        let name = keys::variable(key);
        let Some(text) = machine.variable(&name) else { continue };
        let origin = Origin::Variable(name);
        let wrong = |expected: &str| Error::Value {
            key: (*key).to_owned(),
            origin: origin.clone(),
            found: format!("{text:?}"),
            expected: expected.to_owned(),
        };
        let value = match kind {
            Kind::Other => continue,
            Kind::Text => Value::from(text.as_str()),
            Kind::Integer => Value::from(text.parse::<i64>().map_err(|_| wrong("a whole number"))?),
            Kind::Boolean => Value::from(text.parse::<bool>().map_err(|_| wrong("true or false"))?),
            Kind::List => {
                let words = shlex::split(&text).ok_or_else(|| wrong("words, quoted as a shell reads them"))?;
                words.iter().collect()
            }
        };
        layer.insert((*key).to_owned(), Stated { value, origin });
    }
    Ok(layer)
}

fn read(project: &Path, reader: &Reader, environments: Everywhere<Terms>) -> Result<Settings, Error> {
    let secrets = secrets(reader)?;
    let strategy = reader.parsed::<Strategy>("strategy", "minimal, multi-stage, alpine, single-stage or naive")?;
    let dockerfile = match reader.text("dockerfile")? {
        Some(choice) if choice.value == "generated" => DockerfileChoice::Generated(choice.map(|_| ())),
        Some(path) => DockerfileChoice::File(path),
        None => match &strategy {
            Some(stated) => DockerfileChoice::Generated(stated.clone().map(|_| ())),
            None => DockerfileChoice::Detect,
        },
    };
    let tag = |text: &String| text.parse().map_err(|_| reader.wrong("tags", "a list of tags"));
    let out = match reader.text("out")?.map(|d| d.value) {
        None => Out::Default,
        Some(dash) if dash == "-" => Out::Stdout,
        Some(folder) => Out::Folder(reader.path("out", &folder)),
    };
    Ok(Settings {
        project: project.to_path_buf(),
        stated: stated(reader)?,
        wishes: wishes(reader, strategy, secrets.keys().cloned().collect())?,
        dockerfile,
        registry: reader.text("image")?,
        tags: reader.words("tags")?.iter().map(tag).collect::<Result<_, _>>()?,
        engine: engine(reader)?,
        platforms: platforms(reader)?,
        layers: LayerWishes {
            compression: compression(reader)?,
            cache: reader.text("cache")?.map(|d| reader.path("cache", &d.value)),
            update: false,
        },
        debian: Debian {
            archive: reader.text("debian.archive")?,
            keyring: reader.text("debian.keyring")?.map(|d| reader.path("debian.keyring", &d.value)),
        },
        include: reader.words("include")?,
        secrets,
        security: RegistrySecurity {
            insecure: reader.boolean("insecure-registry")?,
            ca: reader.text("registry-ca")?.map(|d| reader.path("registry-ca", &d.value)),
        },
        assertions: assertions(reader)?,
        out,
        deploy: deploy::terms(reader)?,
        environments,
        format: reader.parsed("format", Format::EXPECTED)?.map_or(Format::Yaml, |d| d.value),
    })
}

/// What a user vouches for: by default nothing.
fn assertions(reader: &Reader) -> Result<Assertions, Error> {
    let handler = match reader.text("health.probe")?.as_ref().map(|d| d.value.as_str()) {
        None | Some("auto") => Prefer::Lightest,
        Some("exec") => Prefer::Exec,
        Some(_) => return Err(reader.wrong("health.probe", "auto or exec")),
    };
    let redirects = if reader.boolean("health.no-redirects")? { Redirects::Never } else { Redirects::Possible };
    let listens = if reader.boolean("health.all-interfaces")? { Listens::Everywhere } else { Listens::AsStarted };
    Ok(Assertions { redirects, listens, handler })
}

fn stated(reader: &Reader) -> Result<project::Stated, Error> {
    Ok(project::Stated {
        name: reader.text("name")?,
        python: reader.parsed::<PythonVersion>("python", "a version such as \"3.13\"")?,
        manager: reader.parsed::<Manager>("manager", "uv, poetry, pdm, pipenv or pip")?,
        parts: project::Parts { extras: reader.words("extras")?, groups: reader.words("groups")? },
        command: reader.command("command")?,
        port: port(reader)?,
        health_path: health_path(reader)?,
        processes: processes(reader)?,
        collect_static: reader.choice("collect-static")?,
    })
}

/// What runs beside the command, by name: a table each, or false for one that is found and not wanted.
fn processes(reader: &Reader) -> Result<BTreeMap<String, StatedProcess>, Error> {
    let mut processes = BTreeMap::new();
    for name in reader.names(PROCESSES) {
        let key = format!("{PROCESSES}.{name}");
        let process = match reader.part(&key, "a table, or false for none")? {
            None => StatedProcess::Absent,
            Some(stated) if !is_process_name(&name) => {
                return Err(reader::wrong(&key, stated, "named with small letters, digits and '-', at most 30"));
            }
            Some(_) => StatedProcess::Present {
                command: reader.command(&format!("{key}.command"))?,
                kind: reader.one_of(&format!("{key}.kind"), ProcessKind::NAMES)?,
                health: reader.command(&format!("{key}.health"))?.map(|health| health.value),
            },
        };
        processes.insert(name, process);
    }
    Ok(processes)
}

/// A request line holds neither spaces nor anything but ASCII.
fn health_path(reader: &Reader) -> Result<Option<Decision<String>>, Error> {
    let is_path = |path: &String| path.starts_with('/') && path.chars().all(|c| c.is_ascii_graphic());
    let expected = "a path such as \"/health\", percent-encoded where need be";
    reader.checked("health.path", reader.text("health.path")?, expected, is_path)
}

/// The engine that is asked for; none where pydeploy chooses.
fn engine(reader: &Reader) -> Result<Option<Decision<Engine>>, Error> {
    let Some(stated) = reader.text("engine")? else { return Ok(None) };
    match stated.value.as_str() {
        "auto" => Ok(None),
        "embedded" => Ok(Some(stated.map(|_| Engine::Embedded))),
        "buildkit" => Ok(Some(stated.map(|_| Engine::BuildKit))),
        _ => Err(reader.wrong("engine", "auto, embedded or buildkit")),
    }
}

fn compression(reader: &Reader) -> Result<Compression, Error> {
    match reader.text("compression")?.as_ref().map(|d| d.value.as_str()) {
        None | Some("gzip") => Ok(Compression::Gzip),
        Some("zstd") => Ok(Compression::Zstd),
        Some(_) => Err(reader.wrong("compression", "gzip or zstd")),
    }
}

/// Platforms with commas between, each once, in the order in which they are named.
fn platforms(reader: &Reader) -> Result<Vec<Platform>, Error> {
    let Some(stated) = reader.text("platform")? else { return Ok(Vec::new()) };
    let expected = "platforms with commas between, such as \"linux/amd64,linux/arm64\"";
    let mut platforms: Vec<Platform> = Vec::new();
    for text in stated.value.split(',') {
        let whole = text.trim().contains('/').then(|| text.trim().parse().ok()).flatten();
        let platform = whole.ok_or_else(|| reader.wrong("platform", expected))?;
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    Ok(platforms)
}

/// Port 0 is a number, but no port.
fn port(reader: &Reader) -> Result<Option<Decision<u16>>, Error> {
    let expected = "a port from 1 to 65535";
    reader.checked("port", reader.number("port", expected)?, expected, |port| *port > 0)
}

fn wishes(reader: &Reader, strategy: Option<Decision<Strategy>>, secrets: Vec<String>) -> Result<Wishes, Error> {
    let defaults = Timings::default();
    let duration = |key, default| -> Result<GoDuration, Error> {
        Ok(reader.parsed(key, "a duration such as \"30s\"")?.map_or(default, |d| d.value))
    };
    // Docker takes 0 for its own default, and Engine 20.10 refuses it.
    let positive = |key, default| match duration(key, default)? {
        d if d.0 < Duration::from_millis(1) => Err(reader.wrong(key, "a duration of at least 1ms, such as \"30s\"")),
        d => Ok(d),
    };
    let above_0 = "a number above 0";
    let retries = reader.number::<u32>("health.retries", above_0)?;
    let retries = reader.checked("health.retries", retries, above_0, |n| *n > 0)?;
    let is_uid = |uid: &u32| *uid > 0 && i32::try_from(*uid).is_ok();
    let uid = reader.number::<u32>("user.uid", above_0)?;
    let uid = reader.checked("user.uid", uid, "a number from 1 to 2147483647: 0 is root", is_uid)?;
    let uid = uid.map_or(1000, |d| d.value);
    let is_name = |name: &String| is_account_name(name) && !TAKEN.contains(&name.as_str());
    let expected = "an account's name that the base does not have: small letters, digits, '_' and '-'";
    let name = reader.checked("user.name", reader.text("user.name")?, expected, is_name)?;
    let name = name.map_or_else(|| "appuser".to_owned(), |d| d.value);
    Ok(Wishes {
        strategy: strategy.unwrap_or_else(|| Decision::assumed(Strategy::MultiStage, "the default")),
        base: base(reader)?,
        system_packages: system_packages(reader)?,
        account: Account { name, uid, gid: uid },
        health_command: reader.command("health.command")?,
        timings: Timings {
            interval: positive("health.interval", defaults.interval)?,
            timeout: positive("health.timeout", defaults.timeout)?,
            start_period: duration("health.start-period", defaults.start_period)?,
            retries: retries.map_or(defaults.retries, |d| d.value),
        },
        secrets,
    })
}

/// The base becomes part of the Dockerfile, so it must be an image's name and nothing else.
fn base(reader: &Reader) -> Result<Option<Decision<String>>, Error> {
    let expected = "an image such as \"python:3.13-slim\"";
    reader.checked("base", reader.text("base")?, expected, |text| text.parse::<ImageRef>().is_ok())
}

/// Packages become words of a shell command: <https://www.debian.org/doc/debian-policy/ch-controlfields.html#source>.
fn system_packages(reader: &Reader) -> Result<Vec<String>, Error> {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '=' | ':' | '~' | '_');
    let is_package = |p: &String| p.starts_with(|c: char| c.is_ascii_alphanumeric()) && p.chars().all(valid);
    let expected = "a list of package names, each with \"=version\" after it if need be";
    let stated = reader.list("system-packages")?;
    let stated = reader.checked("system-packages", stated, expected, |all| all.iter().all(is_package))?;
    Ok(stated.map(|d| d.value).unwrap_or_default())
}

/// Accounts that Debian and Alpine bases come with.
const TAKEN: &[&str] = &[
    "root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp", "proxy", "www-data",
    "backup", "list", "irc", "nobody", "_apt", "adm", "shutdown", "halt", "guest", "ftp", "ntp", "cron", "users",
];

fn is_account_name(name: &str) -> bool {
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') && name.len() <= 31 && name.chars().all(valid)
}

/// `id=NAME,src=FILE` and `id=NAME,env=VARIABLE`, as `docker build --secret` takes them.
fn secrets(reader: &Reader) -> Result<BTreeMap<String, SecretSource>, Error> {
    let mut secrets = BTreeMap::new();
    for text in reader.words("build-secrets")? {
        let wrong = || reader.wrong("build-secrets", "id=NAME,src=FILE or id=NAME,env=VARIABLE");
        let (mut id, mut source) = (None, None);
        for part in text.split(',') {
            match part.split_once('=').ok_or_else(wrong)? {
                ("id", value) => id = Some(value.to_owned()),
                ("src" | "source", value) => source = Some(SecretSource::File(reader.path("build-secrets", value))),
                ("env", value) => source = Some(SecretSource::Variable(value.to_owned())),
                ("type", "file" | "env") => {}
                _ => return Err(wrong()),
            }
        }
        let id = id.filter(|i| is_secret_id(i)).ok_or_else(wrong)?;
        let source = source.unwrap_or_else(|| SecretSource::Variable(id.clone()));
        secrets.insert(id, source);
    }
    Ok(secrets)
}

/// The id becomes part of the Dockerfile, so it may hold nothing that means something there.
fn is_secret_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}
