//! The source of a contract: what was typed, found and examined.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Context;
use crate::cli::{Assertion, ContractArgs, ImageArgs, ProjectArg};
use crate::dockerfile::Platform;
use crate::engine::buildkit::Daemon;
use crate::fault::{Class, Fault};
use crate::inspect::{Image, Source};
use crate::settings::Settings;
use crate::stages::build::{daemon, keychain};
use crate::stages::examine::{self, Examined, Kind, Look};
use crate::stages::recipe::{self, Reading};
use crate::stages::{Blueprint, push};
use crate::workload::probes::{Assertions, Listens, Redirects};

/// The longest Dockerfile that is read, in bytes: BuildKit itself takes 16 MiB in one message.
const LONGEST: u64 = 16 << 20;

/// Finds what was typed, and examines it.
pub(super) async fn examine(context: &Context<'_>, args: &ContractArgs) -> Result<Examined, Fault> {
    let text = args.source.as_deref().unwrap_or_default();
    let path = Path::new(text);
    let is_named = text.starts_with("oci:") || text.starts_with("docker:");
    if !is_named && (path.is_dir() || path.is_file() || looks_like_a_file(text)) {
        return local(context, args, path);
    }
    let settings = settings(context, args, Path::new("."))?;
    let stated = assertions(&settings, args);
    let look = if args.look { Look::Programs } else { Look::Accounts };
    // A word alone may have been meant for a file.
    let misread = |fault: Fault| {
        let hint = format!("there is no file or folder {text} here, so it was taken for an image's name");
        if text.contains(['/', ':', '@']) { fault } else { Fault { hint: Some(hint), ..fault } }
    };
    match text.parse::<Source>().map_err(|e| misread(e.into()))? {
        Source::Registry(image) => {
            let keychain = keychain(context.machine, Some(image.repository.host()))?;
            let registry = push::client(&image.repository, &settings.security, &keychain).await?;
            let image = Image::from_registry(registry, &image).await.map_err(|e| misread(e.into()))?;
            examine::examine(Kind::Registry, &image, look, stated).await
        }
        Source::Layout(layout) => {
            let image = Image::from_layout(&layout).await?;
            examine::examine(Kind::Layout, &image, Look::Programs, stated).await
        }
        Source::Engine(name) => {
            let Daemon::Engine(engine) = daemon(context.machine).await? else {
                let hint = "unset BUILDKIT_HOST, or name the image in its registry".to_owned();
                return Err(Fault::new(Class::Environment, "a standalone BuildKit keeps no images", hint));
            };
            let image = Image::from_engine(engine, &name).await?;
            examine::examine(Kind::Engine, &image, Look::Programs, stated).await
        }
    }
}

/// Whether a path is meant, although nothing is there.
fn looks_like_a_file(text: &str) -> bool {
    let last = text.rsplit('/').next().unwrap_or_default();
    text.starts_with(['.', '/']) || last.to_ascii_lowercase().contains("dockerfile") && !last.contains(':')
}

fn settings(context: &Context<'_>, args: &ContractArgs, project: &Path) -> Result<Settings, Fault> {
    let image = ImageArgs { access: args.access.clone(), ..ImageArgs::default() };
    context.settings(&ProjectArg { project: project.to_path_buf() }, &image, None)
}

/// What the settings and the command line vouch for.
fn assertions(settings: &Settings, args: &ContractArgs) -> Assertions {
    let mut stated = settings.assertions;
    for assertion in &args.assertions {
        match assertion {
            Assertion::NoRedirects => stated.redirects = Redirects::Never,
            Assertion::AllInterfaces => stated.listens = Listens::Everywhere,
        }
    }
    stated
}

/// A Dockerfile, or a project's: its own, or the one that would be generated.
fn local(context: &Context<'_>, args: &ContractArgs, path: &Path) -> Result<Examined, Fault> {
    let is_project = path.is_dir();
    let folder = if is_project { path.to_path_buf() } else { PathBuf::from(".") };
    let settings = settings(context, args, &folder)?;
    let stated = assertions(&settings, args);
    let (bytes, name) = if is_project {
        let image = ImageArgs { access: args.access.clone(), ..ImageArgs::default() };
        let prepared = context.prepare(&ProjectArg { project: folder }, &image, None)?;
        match &prepared.blueprint {
            Blueprint::Generated { dockerfile, .. } => {
                (dockerfile.clone().into_bytes(), "Dockerfile (generated)".to_owned())
            }
            Blueprint::Own(own) => {
                let file = path.join(&own.value);
                (read(&file)?, file.display().to_string())
            }
        }
    } else {
        (read(path)?, path.display().to_string())
    };
    let reading =
        Reading { target: args.target.as_deref(), build_args: build_args(args)?, platform: platform(args)?, stated };
    recipe::examine(&bytes, &name, &reading)
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
    let fault = |cause: String| Fault {
        causes: vec![cause],
        ..Fault::new(
            Class::Project,
            format!("could not read the Dockerfile {}", path.display()),
            "name an image, oci:DIR, docker:NAME, a Dockerfile or a project's directory".to_owned(),
        )
    };
    match read {
        Ok(count) if count as u64 > LONGEST => Err(fault(format!("it is longer than {LONGEST} bytes"))),
        Ok(_) => Ok(bytes),
        Err(error) => Err(fault(error.to_string())),
    }
}

fn build_args(args: &ContractArgs) -> Result<BTreeMap<String, String>, Fault> {
    let pair = |text: &String| {
        let wrong = || {
            // What stands after the name may be a secret.
            let name = text.split('=').next().unwrap_or_default();
            Fault::new(Class::Usage, format!("--build-arg {name} has no value"), "--build-arg NAME=VALUE".to_owned())
        };
        let (name, value) = text.split_once('=').ok_or_else(wrong)?;
        Ok((name.to_owned(), value.to_owned()))
    };
    args.build_args.iter().map(pair).collect()
}

fn platform(args: &ContractArgs) -> Result<Platform, Fault> {
    let Some(text) = &args.platform else { return Ok(Platform::linux_amd64()) };
    text.parse().map_err(|error: crate::dockerfile::NotAPlatform| {
        Fault::from_error(Class::Usage, &error, Some("--platform linux/arm64".to_owned()))
    })
}
