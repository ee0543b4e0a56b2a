//! An examination: what an image, or a Dockerfile, promises, and what that compiles to.

use std::collections::BTreeMap;

use super::{Blueprint, libraries};
use crate::dockerfile;
use crate::engine::docker::DockerEngine;
use crate::fault::{Class, Fault};
use crate::image::account::{Files, resolve};
use crate::image::config::ImageConfig;
use crate::image::contract::{ImageContract, User};
use crate::image::reference::DigestRef;
use crate::inspect::{Entry, Image, PlatformImage, Presence};
use crate::workload::Compiled;
use crate::workload::finding::{self, Finding, Severity};
use crate::workload::known::{Known, Who};
use crate::workload::probes::{self, Assertions, Programs};

/// Where Linux looks for programs when an image does not say: runc's default.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What was examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An image in a registry.
    Registry,
    /// An image in an OCI layout.
    Layout,
    /// An image in an engine.
    Engine,
    /// A Dockerfile that nobody has built yet.
    Dockerfile,
}

impl Kind {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Layout => "layout",
            Self::Engine => "engine",
            Self::Dockerfile => "dockerfile",
        }
    }
}

/// How far an image's layers are looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Not at all: what its config says has to do.
    Config,
    /// For the accounts, where its USER needs them: seldom more than one small layer.
    Accounts,
    /// For the programs that its health check runs as well: up to all of it.
    Programs,
}

/// An image, or a Dockerfile, with what was found.
#[derive(Debug)]
pub struct Examined {
    /// What it is.
    pub kind: Kind,
    /// What it was asked for by.
    pub name: String,
    /// Its name by content, where a registry has it.
    pub reference: Option<DigestRef>,
    /// What it is of each platform: at least one. The first is the one that is shown.
    pub platforms: Vec<Platform>,
    about: Vec<Finding>,
}

/// An image of one platform, examined.
#[derive(Debug)]
pub struct Platform {
    /// `linux/amd64`.
    pub name: String,
    /// What it says of itself.
    pub config: ImageConfig,
    /// What it promises.
    pub contract: ImageContract,
    /// What is known beside.
    pub known: Known,
    /// What that compiles to.
    pub compiled: Compiled,
}

impl Platform {
    /// Compiles what one platform's image promises.
    pub fn new(name: String, config: ImageConfig, contract: ImageContract, known: Known) -> Self {
        let compiled = Compiled::of(&contract, &known);
        Self { name, config, contract, known, compiled }
    }
}

impl Examined {
    /// Of one platform, with what was found beside its contract.
    pub fn one(kind: Kind, name: String, platform: Platform, about: Vec<Finding>) -> Self {
        Self { kind, name, reference: None, platforms: vec![platform], about }
    }

    /// Of configs that are here, one for each platform; what they promise needs no look into their layers.
    pub fn of_configs(
        kind: Kind,
        reference: DigestRef,
        configs: Vec<(String, ImageConfig)>,
        stated: Assertions,
    ) -> Result<Self, Fault> {
        let mut platforms = Vec::new();
        for (name, config) in configs {
            let contract = ImageContract::read(&config)?;
            platforms.push(Platform::new(name, config, contract, Known { stated, ..Known::default() }));
        }
        Self::of(kind, reference.to_string(), Some(reference), platforms)
    }

    /// The platform that this machine's kind would run comes first.
    fn of(kind: Kind, name: String, reference: Option<DigestRef>, mut platforms: Vec<Platform>) -> Result<Self, Fault> {
        let mine = dockerfile::Platform::here().to_string();
        platforms.sort_by_key(|p| !p.name.starts_with(&mine));
        if platforms.is_empty() {
            return Err(Fault::new(Class::Contract, format!("{name} holds no image that can be run"), None));
        }
        let about = differences(&platforms);
        Ok(Self { kind, name, reference, platforms, about })
    }

    /// The platform that speaks for all: they agree, or a finding says that they don't.
    pub fn shown(&self) -> &Platform {
        // There is one: neither constructor takes none.
        &self.platforms[0]
    }

    /// Where the numbers of its user are from, in words.
    pub fn user_from(&self) -> &'static str {
        match (self.kind, &self.shown().known.who) {
            (Kind::Dockerfile, Who::Is(account)) if account.name.is_some() => {
                "the accounts of the Dockerfile and its base"
            }
            (_, Who::Unlooked) if self.shown().config.config.user.is_empty() => "no USER",
            (_, who) => who.from(),
        }
    }

    /// Whether what a Dockerfile does not say may still be its base's to say.
    pub fn is_open(&self) -> bool {
        self.about.iter().any(|f| f.code == finding::BASE_UNKNOWN.id)
    }

    /// All that was found, errors first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut all: Vec<_> = self.shown().compiled.findings.iter().chain(&self.about).cloned().collect();
        all.sort_by_key(|f| f.severity);
        all
    }

    /// What stands in the way of any manifest.
    pub fn errors(&self) -> Vec<Finding> {
        self.findings().into_iter().filter(|f| f.severity == Severity::Error).collect()
    }

    /// Refuses what a cluster could not keep.
    pub fn check(&self) -> Result<(), Fault> {
        let errors = self.errors();
        if errors.is_empty() { Ok(()) } else { Err(Fault::contract(&self.name, errors)) }
    }
}

/// Examines every platform of an image. The one that this machine's kind would run comes first.
pub async fn examine(kind: Kind, image: &Image, look: Look, stated: Assertions) -> Result<Examined, Fault> {
    let mut platforms = Vec::new();
    for platform in &image.platforms {
        let contract = ImageContract::read(&platform.config)?;
        let known = known(image, platform, &contract, look, stated).await?;
        platforms.push(Platform::new(platform.platform.clone(), platform.config.clone(), contract, known));
    }
    let name = image.reference.as_ref().map_or_else(|| image.name.clone(), ToString::to_string);
    Examined::of(kind, name, image.reference.clone(), platforms)
}

/// Refuses an image of an engine that a cluster could not run, before it is pushed; `shown` is what people call it.
pub async fn check_in_engine(
    engine: &DockerEngine,
    image: &str,
    shown: &str,
    blueprint: &Blueprint,
    stated: Assertions,
) -> Result<(), Fault> {
    let image = Image::from_engine(engine.clone(), image).await?;
    let examined = examine(Kind::Engine, &image, blueprint.look(), stated).await?;
    Examined { name: shown.to_owned(), ..examined }.check()?;
    libraries::check(&image, shown, blueprint.places()).await
}

/// What a contract needs to know beside the config.
async fn known(
    image: &Image,
    platform: &PlatformImage,
    contract: &ImageContract,
    look: Look,
    stated: Assertions,
) -> Result<Known, Fault> {
    let who = match (&contract.user, look) {
        (User::Numeric { gid: Some(_), .. } | User::Root(_), _) | (_, Look::Config) => Who::Unlooked,
        (User::Numeric { gid: None, .. } | User::Named(_), _) => who(image, platform).await?,
    };
    let programs = match (&contract.healthcheck, look) {
        (Some(check), Look::Programs) => programs(image, platform, &probes::programs(&check.test)).await?,
        _ => Programs::default(),
    };
    Ok(Known { who, programs, stated, ..Known::default() })
}

async fn who(image: &Image, platform: &PlatformImage) -> Result<Who, Fault> {
    const PASSWD: &str = "/etc/passwd";
    const GROUP: &str = "/etc/group";
    let files = image.files(platform, &[PASSWD, GROUP]).await?;
    let text = |path: &str| match files.get(path) {
        Some(Entry::File { bytes, .. }) => Ok(Some(String::from_utf8_lossy(bytes).into_owned())),
        None | Some(Entry::Missing) => Ok(None),
        Some(Entry::Directory) => Err(format!("the image's {path} is a folder")),
        Some(Entry::Loop) => Err(format!("the image's {path} is a link that leads round in a circle")),
        Some(Entry::TooLarge(bytes)) => Err(format!("the image's {path} is {bytes} bytes long")),
        Some(Entry::Other(what)) => Err(format!("the image's {path} is {what}")),
    };
    let resolved = text(PASSWD).and_then(|passwd| {
        let group = text(GROUP)?;
        let files = Files { passwd: passwd.as_deref(), group: group.as_deref() };
        resolve(&platform.config.config.user, &files).map_err(|e| e.to_string())
    });
    Ok(resolved.map_or_else(Who::Unknown, Who::Is))
}

async fn programs(image: &Image, platform: &PlatformImage, names: &[String]) -> Result<Programs, Fault> {
    let path = platform.config.config.variable("PATH").unwrap_or(PATH);
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let found: BTreeMap<String, Presence> = image.programs(platform, &names, path).await?;
    Ok(Programs::new(found.into_iter().map(|(name, presence)| {
        let presence = match presence {
            Presence::Executable(path) => probes::Presence::At(path),
            Presence::NotExecutable(_) | Presence::Missing => probes::Presence::Absent,
        };
        (name, presence)
    })))
}

/// Where the platforms of one image disagree.
fn differences(platforms: &[Platform]) -> Vec<Finding> {
    let Some((first, others)) = platforms.split_first() else { return Vec::new() };
    let mut findings = Vec::new();
    for other in others {
        let parts = |p: &Platform| (p.compiled.identity, p.compiled.probes.clone());
        if parts(first) != parts(other) {
            let message = format!("{} and {} differ in {}", first.name, other.name, what_differs(first, other));
            findings.push(Finding::of(&finding::PLATFORMS_CONTRADICT, message));
        }
        let rest = |p: &Platform| (p.contract.ports.clone(), p.contract.stop_signal.clone());
        if rest(first) != rest(other) {
            let message = format!("{} and {} differ in their ports or stop signal", first.name, other.name);
            findings.push(Finding::of(&finding::PLATFORMS_DIFFER, message));
        }
    }
    findings
}

fn what_differs(first: &Platform, other: &Platform) -> String {
    let users = [first, other]
        .map(|p| p.compiled.identity.map_or("root or nobody".to_owned(), |i| format!("{}:{}", i.uid, i.gid)));
    if first.compiled.identity == other.compiled.identity {
        "the way in which they are asked for health".to_owned()
    } else {
        format!("their users ({})", users.join(" and "))
    }
}
