//! `manifests`: Kubernetes objects for any image, from what the image itself says.

use std::path::PathBuf;

use serde_json::json;

use super::{Context, documents};
use crate::cli::{ImageArgs, ManifestsArgs, OutArgs, ProjectArg};
use crate::fault::{Class, Fault};
use crate::image::contract::ImageContract;
use crate::image::planner;
use crate::image::process::Process;
use crate::image::reference::{ImageRef, Repository};
use crate::inspect::Source;
use crate::manifests::yaml::{self, File};
use crate::manifests::{Format, Manifests, tree};
use crate::project::{self, Decision, ProcessKind};
use crate::settings::{Out, Settings};
use crate::source::SourceTree;
use crate::stages::build::keychain;
use crate::stages::target::{LayoutTarget, Target};
use crate::stages::{Pushed, push, write};
use crate::workload::deploy::Everywhere;
use crate::workload::{Compiled, Deploy, Finding, Known, Severity, Terms, Workload};

/// What manifests are asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) project: &'a ProjectArg,
    pub(super) source: &'a ImageArgs,
    pub(super) image: Option<&'a str>,
    pub(super) out: &'a OutArgs,
}

pub(super) async fn run(context: &Context<'_>, args: &ManifestsArgs) -> Result<(), Fault> {
    let asked = Asked { project: &args.project, source: &args.source, image: args.image.as_deref(), out: &args.out };
    let (source, name, settings) = subject(context, asked)?;
    refuse_stream(&settings)?;
    let pushed = read(context, &source, &name, &settings).await?;

    let made = compile(&pushed, &name, &settings)?;
    tell(context, &made.findings);
    let files = match &settings.out {
        Out::Default | Out::Stdout => {
            context.report.answer(&made.stream()?);
            Vec::new()
        }
        Out::Folder(folder) => write::write(folder, &made.files(settings.format)?)?,
    };
    let objects: Result<Vec<_>, _> = made.objects().0.iter().map(yaml::value).collect();
    context.report.document(&json!({
        "schema": "pydeploy.manifests/1",
        "image": documents::pushed(&pushed, None),
        "contract": documents::contract(&pushed.examined),
        "manifests": {"files": paths(&files), "objects": objects.map_err(|e| super::bug(&e))?},
    }));
    Ok(())
}

/// What the image says, where it is.
pub(super) async fn read(
    context: &Context<'_>,
    source: &Source,
    name: &str,
    settings: &Settings,
) -> Result<Pushed, Fault> {
    match source {
        Source::Registry(image) => {
            let keychain = keychain(context.machine, Some(image.repository.host()))?;
            let registry = push::client(&image.repository, &settings.security, &keychain).await?;
            push::read(&registry, image, settings.assertions).await
        }
        Source::Layout(layout) => push::read_layout(layout, &target(settings, name)?, settings.assertions).await,
        Source::Engine(image) => {
            let message = format!("{image} is in an engine, where no cluster can pull it from");
            Err(Fault::new(Class::Usage, message, "push it, and name it in its registry".to_owned()))
        }
    }
}

/// One document a file is a stream; a base with overlays, or a chart, is a folder.
fn refuse_stream(settings: &Settings) -> Result<(), Fault> {
    match (&settings.out, settings.format) {
        (Out::Folder(_), _) | (_, Format::Yaml) => Ok(()),
        (_, format) => Err(no_stream(format)),
    }
}

/// The fault that a tree of files was to go to standard output.
pub(super) fn no_stream(format: Format) -> Fault {
    let message = format!("--format {} makes a folder of files, which standard output can't hold", format.name());
    Fault::new(Class::Usage, message, "name a folder: --out k8s/".to_owned())
}

/// Which image, and the name of what it runs as. A stated image needs no project, only its settings if it has any.
pub(super) fn subject(context: &Context<'_>, asked: Asked<'_>) -> Result<(Source, String, Settings), Fault> {
    let Some(image) = asked.image else {
        let prepared = context.prepare(asked.project, asked.source, Some(asked.out))?;
        let tag = prepared.tags(&prepared.revision()?)?.into_iter().next();
        let source = match prepared.target()? {
            Target::Registry(repository) => Source::Registry(ImageRef { repository, tag, digest: None }),
            Target::Layout(LayoutTarget { folder, .. }) => {
                let tag = tag.map(|t| format!(":{t}")).unwrap_or_default();
                Source::Layout(format!("{}{tag}", folder.display()))
            }
        };
        return Ok((source, prepared.name.value, prepared.settings));
    };
    let source: Source = image.parse()?;
    let settings = context.settings(asked.project, asked.source, Some(asked.out))?;
    let path = match (&source, &settings.registry) {
        (Source::Registry(image), _) => image.repository.path().to_owned(),
        (_, Some(registry)) => registry.value.clone(),
        (_, None) => String::new(),
    };
    let last = path.rsplit('/').next().unwrap_or_default().to_owned();
    let name = match &settings.stated.name {
        Some(_) => crate::project::name(&SourceTree::open(&settings.project)?, &settings.stated)?.value,
        None => crate::project::name(&SourceTree::in_memory(&last, []), &settings.stated)?.value,
    };
    Ok((source, name, settings))
}

/// The repository that an image of a layout will be pulled from.
fn target(settings: &Settings, name: &str) -> Result<Repository, Fault> {
    let Some(registry) = &settings.registry else {
        let hint = "say where it will be pushed to: --registry HOST[:PORT]/REPOSITORY".to_owned();
        return Err(Fault::new(
            Class::Usage,
            "an OCI layout does not say which repository a cluster pulls it from",
            hint,
        ));
    };
    Ok(Target::parse(&registry.value, name)?.repository().clone())
}

/// What an image's contract and the settings come to.
pub(super) struct Made {
    /// What was found, none of it an error.
    pub(super) findings: Vec<Finding>,
    chosen: Workload,
    everywhere: Everywhere<Workload>,
}

impl Made {
    /// The objects, in the chosen environment.
    pub(super) fn objects(&self) -> Manifests {
        Manifests::of(&self.chosen)
    }

    /// The same as one stream of documents.
    pub(super) fn stream(&self) -> Result<String, Fault> {
        yaml::stream(&self.objects()).map_err(|e| super::bug(&e))
    }

    /// The files of a format.
    pub(super) fn files(&self, format: Format) -> Result<Vec<File>, Fault> {
        tree::files(format, &self.chosen, &self.everywhere).map_err(|e| super::bug(&e))
    }
}

/// The manifests of a pushed image, or the fault that stands in their way.
pub(super) fn compile(pushed: &Pushed, name: &str, settings: &Settings) -> Result<Made, Fault> {
    pushed.examined.check()?;
    let shown = pushed.examined.shown();
    let contract = ImageContract { processes: processes(&shown.contract, settings)?, ..shown.contract.clone() };
    let version = pushed.tags.first().map(ToString::to_string);
    let workload = |terms: &Terms| {
        let deploy = Deploy { name: name.to_owned(), terms: terms.clone() };
        // A variable that the manifest sets is one that the check reads.
        let known = Known { env: terms.plain_env(), ..shown.known.clone() };
        let mut compiled = Compiled::of(&contract, &known);
        compiled.findings.extend(terms.findings(&contract.ports));
        compiled.findings.sort_by_key(|f| f.severity);
        let workload = compiled.workload(&contract, pushed.reference.clone(), version.clone(), &deploy);
        workload.ok_or_else(|| Fault::contract(&pushed.examined.name, compiled.errors().cloned().collect()))
    };
    let chosen = workload(&settings.deploy)?;
    let everywhere = settings.environments.try_map(workload)?;
    let mut findings = pushed.examined.findings();
    findings.extend(settings.deploy.findings(&shown.contract.ports));
    findings.sort_by_key(|f| f.severity);
    Ok(Made { findings, chosen, everywhere })
}

/// The processes that the image states, changed by what the settings state: an image may be others' work.
fn processes(contract: &ImageContract, settings: &Settings) -> Result<Vec<Process>, Fault> {
    let found = contract.processes.iter().map(|process| project::Process {
        name: process.name.clone(),
        kind: process.kind,
        command: Decision::assumed(process.command.clone(), "the image's"),
        health: None,
    });
    let stated = project::stated_processes(found.collect(), &settings.stated.processes)?;
    let mut processes = planner::processes(&stated, settings.wishes.timings);
    for process in processes.iter_mut().filter(|process| process.healthcheck.is_none()) {
        let own = contract.processes.iter().find(|own| own.name == process.name);
        process.healthcheck = own.and_then(|own| own.healthcheck.clone());
    }
    for (name, terms) in settings.environments.all().flat_map(|terms| &terms.processes) {
        let kind = processes.iter().find(|process| process.name == *name).map(|process| process.kind);
        let why = match (kind, terms.replicas) {
            (None, _) => {
                let names: Vec<_> = processes.iter().map(|process| process.name.as_str()).collect();
                format!(
                    "there is no such process; there are {}",
                    if names.is_empty() { "none".into() } else { names.join(", ") }
                )
            }
            (Some(ProcessKind::Scheduler), Some(2..)) => "there are never two of a scheduler at a time".to_owned(),
            (Some(ProcessKind::Release), Some(_)) => "a release step runs in each Pod that is started".to_owned(),
            _ => continue,
        };
        return Err(Fault::new(Class::Project, format!("deploy.processes.{name}: {why}"), None));
    }
    Ok(processes)
}

/// Says what was found that is no error.
pub(super) fn tell(context: &Context<'_>, findings: &[Finding]) {
    for finding in findings {
        let text = format!("{} ({}): {}", finding.message, finding.code, finding.hint);
        match finding.severity {
            Severity::Note => context.report.note(&text),
            _ => context.report.warn(&text),
        }
    }
}

/// Where manifests are, as people name it: the folder, relative to where they are.
pub(super) fn place(files: &[PathBuf]) -> String {
    let Some(first) = files.first().and_then(|f| f.parent()) else { return "standard output".to_owned() };
    let holds_all = |folder: &&std::path::Path| files.iter().all(|file| file.starts_with(folder));
    let folder = first.ancestors().find(holds_all).unwrap_or(first);
    let here = std::path::absolute(".").ok();
    let relative = here.and_then(|h| folder.strip_prefix(h).ok().map(std::path::Path::to_path_buf));
    format!("{}/ ({} files)", relative.as_deref().unwrap_or(folder).display(), files.len())
}

/// Paths as JSON has them.
pub(super) fn paths(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|f| f.display().to_string()).collect()
}
