//! `contract`: what an image promises, and the probes and security context that it compiles to.

mod source;
mod text;

use std::io::Read;
use std::path::Path;

use serde_json::json;

use super::{Context, documents};
use crate::cli::ContractArgs;
use crate::fault::{Class, Fault};
use crate::image::reference::ImageRef;
use crate::manifests::against::{self, Found};
use crate::stages::examine::Examined;
use crate::stages::promise::promise;
use crate::workload::Finding;
use crate::workload::finding::{self, Severity};

pub(super) async fn run(context: &Context<'_>, args: &ContractArgs) -> Result<(), Fault> {
    if let Some(id) = &args.explain {
        return explain(context, id);
    }
    // Manifests that can't be read are said before anything is fetched.
    let manifests = args.against.as_deref().map(manifests).transpose()?;
    let examined = source::examine(context, args).await?;
    let differences = match &manifests {
        Some(found) => {
            let asked: Option<ImageRef> = args.source.as_deref().and_then(|text| text.parse().ok());
            Some(against::compare(found, &promise(&examined, asked.as_ref()), args.container.as_deref())?)
        }
        None => None,
    };
    let told = differences.as_deref().unwrap_or_default();
    context.report.answer(&text::text(&examined, told));
    let mut document = documents::contract(&examined);
    if let Some(fields) = document.as_object_mut() {
        fields.shift_insert(0, "schema".into(), json!("pydeploy.contract/1"));
        if let Some(differences) = &differences {
            fields.insert("differences".into(), json!(differences));
        }
    }
    context.report.document(&document);
    verdict(&examined, differences.as_deref())
}

/// The exit code: differences where manifests were compared, errors of the contract otherwise.
fn verdict(examined: &Examined, differences: Option<&[Finding]>) -> Result<(), Fault> {
    let told = |class, message: &str| Err(Fault { told: true, ..Fault::new(class, message, None) });
    let differ = |all: &[Finding]| all.iter().any(|f| f.severity != Severity::Note);
    match differences {
        Some(all) if differ(all) => told(Class::Differences, "the manifests contradict the image"),
        None if !examined.errors().is_empty() => told(Class::Contract, "the image can't run as its contract says"),
        _ => Ok(()),
    }
}

fn explain(context: &Context<'_>, id: &str) -> Result<(), Fault> {
    let Some(code) = finding::code(id) else {
        let line = |c: &finding::Code| format!("\n  {} {}", c.id, c.title);
        let hint = format!("the codes are:{}", finding::codes().map(line).collect::<String>());
        return Err(Fault::new(Class::Usage, format!("there is no code {id:?}"), hint));
    };
    context.report.answer(&finding::explain(code));
    context.report.document(&json!({
        "schema": "pydeploy.code/1",
        "code": code.id,
        "severity": code.severity,
        "title": code.title,
        "why": code.why,
        "mend": code.mend,
    }));
    Ok(())
}

/// The manifests to compare: a file's, or those on standard input.
fn manifests(path: &Path) -> Result<Found, Fault> {
    let is_stdin = path == Path::new("-");
    let shown = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
    let mut text = String::new();
    // One more than is taken, so that too much of it is told from enough.
    let most = against::LONGEST as u64 + 1;
    let read = |text: &mut String| {
        if is_stdin {
            std::io::stdin().lock().take(most).read_to_string(text)
        } else {
            std::fs::File::open(path)?.take(most).read_to_string(text)
        }
    };
    read(&mut text).map_err(|e| Fault {
        causes: vec![e.to_string()],
        ..Fault::new(Class::Project, format!("could not read the manifests of {shown}"), None)
    })?;
    against::read(&text).map_err(|e| {
        let fault = Fault::from(e);
        Fault { message: format!("{}: {shown}", fault.message), ..fault }
    })
}
