//! `manifests`: Kubernetes objects for any image, from what the image itself says.

use std::path::PathBuf;

use serde_json::json;

use super::{Context, documents};
use crate::cli::ManifestsArgs;
use crate::fault::Fault;
use crate::image::reference::ImageRef;
use crate::manifests::{Manifests, yaml};
use crate::settings::{Out, Settings};
use crate::source::SourceTree;
use crate::stages::build::keychain;
use crate::stages::{Pushed, push, write};
use crate::workload::{Compiled, Deploy, Workload};

pub(super) async fn run(context: &Context<'_>, args: &ManifestsArgs) -> Result<(), Fault> {
    let (image, deploy, settings) = subject(context, args)?;
    let keychain = keychain(context.machine, Some(image.repository.host()))?;
    let registry = push::client(&image.repository, &settings.security, &keychain).await?;
    let pushed = push::read(&registry, &image).await?;
    let (compiled, manifests) = compile(&pushed, &deploy)?;
    tell(context, &compiled);
    let files = match &settings.out {
        Out::Default | Out::Stdout => {
            context.report.answer(&yaml::stream(&manifests).map_err(|e| super::bug(&e))?);
            Vec::new()
        }
        Out::Folder(folder) => save(folder, &manifests)?,
    };
    let objects: Result<Vec<_>, _> = manifests.0.iter().map(yaml::value).collect();
    context.report.document(&json!({
        "schema": "pydeploy.manifests/1",
        "image": documents::pushed(&pushed, None),
        "contract": documents::contract(&pushed.reference.to_string(), &pushed.contract, &compiled),
        "manifests": {"files": paths(&files), "objects": objects.map_err(|e| super::bug(&e))?},
    }));
    Ok(())
}

/// Which image, and what the operator decides about it. A stated image needs no project, only its settings if it has any.
fn subject(context: &Context<'_>, args: &ManifestsArgs) -> Result<(ImageRef, Deploy, Settings), Fault> {
    let Some(image) = &args.image else {
        let prepared = context.prepare(&args.project, &args.source, Some(&args.out))?;
        let repository = prepared.target()?;
        let tag = prepared.tags(&prepared.revision()?)?.into_iter().next();
        let image = ImageRef { repository, tag, digest: None };
        return Ok((image, prepared.deploy(), prepared.settings));
    };
    let image: ImageRef = image.parse()?;
    let settings = context.settings(&args.project, &args.source, Some(&args.out))?;
    let last = image.repository.path().rsplit('/').next().unwrap_or_default().to_owned();
    let name = match &settings.stated.name {
        Some(_) => crate::project::name(&SourceTree::open(&settings.project)?, &settings.stated)?.value,
        None => crate::project::name(&SourceTree::in_memory(&last, []), &settings.stated)?.value,
    };
    let stated = &settings.deploy;
    let deploy = Deploy {
        name,
        namespace: stated.namespace.clone(),
        replicas: stated.replicas,
        resources: stated.resources.clone(),
    };
    Ok((image, deploy, settings))
}

/// The manifests of a pushed image, or the fault that stands in their way.
pub(super) fn compile(pushed: &Pushed, deploy: &Deploy) -> Result<(Compiled, Manifests), Fault> {
    let compiled = push::check(&pushed.contract, &pushed.reference.to_string())?;
    let version = pushed.tags.first().map(ToString::to_string);
    let workload: Option<Workload> = compiled.workload(&pushed.contract, pushed.reference.clone(), version, deploy);
    match workload {
        Some(workload) => Ok((compiled, Manifests::of(&workload))),
        None => Err(Fault::contract(&pushed.reference.to_string(), compiled.findings)),
    }
}

/// Says what was found that is no error.
pub(super) fn tell(context: &Context<'_>, compiled: &Compiled) {
    for finding in &compiled.findings {
        context.report.warn(&format!("{} ({}): {}", finding.message, finding.code, finding.hint));
    }
}

/// Writes the manifests into a folder.
pub(super) fn save(folder: &std::path::Path, manifests: &Manifests) -> Result<Vec<PathBuf>, Fault> {
    write::write(folder, &yaml::files(manifests).map_err(|e| super::bug(&e))?)
}

/// Where manifests are, as people name it: the folder, relative to where they are.
pub(super) fn place(files: &[PathBuf]) -> String {
    let Some(folder) = files.first().and_then(|f| f.parent()) else { return "standard output".to_owned() };
    let here = std::path::absolute(".").ok();
    let relative = here.and_then(|h| folder.strip_prefix(h).ok().map(std::path::Path::to_path_buf));
    format!("{}/ ({} files)", relative.as_deref().unwrap_or(folder).display(), files.len())
}

/// Paths as JSON has them.
pub(super) fn paths(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|f| f.display().to_string()).collect()
}
