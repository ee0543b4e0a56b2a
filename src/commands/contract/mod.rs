//! `contract`: what an image promises, and the probes and security context that it compiles to.

mod text;

use std::io::Read;
use std::path::Path;

use serde_json::json;

use super::{Context, documents};
use crate::cli::ContractArgs;
use crate::fault::{Class, Fault};
use crate::manifests::against::{self, Promise};
use crate::stages::examine::{self, Examined};
use crate::workload::Finding;
use crate::workload::finding::{self, Severity};

/// The longest stream of manifests that is read, in bytes.
const LONGEST: u64 = 64 << 20;

pub(super) async fn run(context: &Context<'_>, args: &ContractArgs) -> Result<(), Fault> {
    if let Some(id) = &args.explain {
        return explain(context, id);
    }
    // Manifests that can't be read are said before anything is fetched.
    let manifests = args.against.as_deref().map(manifests).transpose()?;
    let examined = subject(context, args).await?;
    let differences = match &manifests {
        Some((name, found)) => Some(compare(&examined, found, args.container.as_deref(), name)?),
        None => None,
    };
    let told = differences.as_deref().unwrap_or_default();
    context.report.answer(&text::text(&examined, told));
    let mut document = documents::contract(&examined);
    if let (Some(fields), Some(differences)) = (document.as_object_mut(), &differences) {
        fields.insert("differences".into(), json!(differences));
    }
    if let Some(fields) = document.as_object_mut() {
        fields.shift_insert(0, "schema".into(), json!("pydeploy.contract/1"));
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
        _ if examined.errors().next().is_some() => told(Class::Contract, "the image can't run as its contract says"),
        _ => Ok(()),
    }
}

fn explain(context: &Context<'_>, id: &str) -> Result<(), Fault> {
    let Some(code) = finding::code(id) else {
        let known: Vec<_> = finding::codes().map(|c| c.id).collect();
        let hint = format!("the codes are: {}", known.join(", "));
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
