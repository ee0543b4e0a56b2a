//! `plan`: what would be built and why.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Context, documents};
use crate::cli::PlanArgs;
use crate::context::walk;
use crate::engine::Engine;
use crate::fault::Fault;
use crate::image::plan::ImagePlan;
use crate::project::{Decision, Health, Project};
use crate::stages::choice::choose;
use crate::stages::{Blueprint, Prepared};

pub(super) fn run(context: &Context<'_>, args: &PlanArgs) -> Result<(), Fault> {
    let prepared = context.prepare(&args.project, &args.image, None)?;
    show(context, &prepared)
}

/// Prints the plan; nothing is built.
pub(super) fn show(context: &Context<'_>, prepared: &Prepared) -> Result<(), Fault> {
    let engine = choose(prepared)?;
    let left_out = left_out(prepared)?;
    let rows = rows(prepared, &engine);
    context.report.answer(&text(prepared, &rows, &left_out));
    context.report.document(&json!({
        "schema": "pydeploy.plan/1",
        "project": documents::project(prepared),
        "image": documents::image(prepared, &engine),
        "decisions": rows.iter().map(Row::document).collect::<Vec<_>>(),
        "files": {"listed": prepared.tree.files().count(), "opened": prepared.tree.opened()},
        "leftOut": left_out.iter().map(|l| json!({"path": l.path, "why": l.why.to_string()})).collect::<Vec<_>>(),
    }));
    Ok(())
}

fn left_out(prepared: &Prepared) -> Result<Vec<walk::LeftOut>, Fault> {
    let rules = prepared.rules()?;
    let mut left = walk::walk(&prepared.context, &rules, &walk::Request::default(), &mut |_| true)?;
    left.sort();
    Ok(left)
}

/// One decision, as it is shown.
struct Row {
    what: &'static str,
    value: String,
    because: String,
    evidence: Option<String>,
}

impl Row {
    fn of<T>(what: &'static str, decision: &Decision<T>, value: &dyn ToString) -> Self {
        let evidence = decision.evidence.as_ref().map(ToString::to_string);
        Self { what, value: value.to_string(), because: decision.because.clone(), evidence }
    }

    fn document(&self) -> Value {
        json!({"what": self.what, "value": self.value, "because": self.because, "evidence": self.evidence})
    }
}

fn rows(prepared: &Prepared, engine: &Decision<Engine>) -> Vec<Row> {
    let mut rows = vec![Row::of("name", &prepared.name, &prepared.name.value)];
    if let Some(project) = &prepared.project {
        project_rows(project, &mut rows);
    }
    match &prepared.blueprint {
        Blueprint::Own(path) => rows.push(Row::of("dockerfile", path, &path.value)),
        Blueprint::Generated { plan, .. } => image_rows(plan, prepared.project.as_ref(), &mut rows),
    }
    for process in &prepared.processes {
        let value = format!("{process}: {}", words(&process.command.value));
        rows.push(Row::of("process", &process.command, &value));
    }
    rows.push(Row::of("engine", engine, &engine.value));
    if let Some(registry) = &prepared.settings.registry {
        rows.push(Row::of("registry", registry, &registry.value));
    }
    rows
}

fn project_rows(project: &Project, rows: &mut Vec<Row>) {
    rows.push(Row::of("manager", &project.manager, &project.manager.value));
    rows.push(Row::of("python", &project.python, &project.python.value));
    if let Some(framework) = &project.framework {
        rows.push(Row::of("framework", framework, &framework.value));
    }
    rows.push(Row::of("kind", &project.kind, &project.kind.value));
    rows.push(Row::of("command", &project.command, &words(&project.command.value)));
    if let Some(port) = &project.port {
        rows.push(Row::of("port", port, &port.value));
    }
    if let Some(step) = &project.static_files {
        rows.push(Row::of("static files", step, &words(&step.value.command)));
    }
    if let Some(root) = &project.import_root {
        rows.push(Row::of("import root", root, &root.value));
    }
}

fn image_rows(plan: &ImagePlan, project: Option<&Project>, rows: &mut Vec<Row>) {
    rows.push(Row::of("strategy", &plan.strategy, &plan.strategy.value));
    rows.push(Row::of("base", &plan.base, &plan.base.value));
    match &plan.healthcheck {
        Some(check) => {
            let asked = match project.and_then(|project| project.health.as_ref()) {
                // One that is stated as a command asks what it asks.
                Some(health) if health.because != check.because => "asked".to_owned(),
                Some(Decision { value: Health::Http { path, .. }, .. }) => format!("GET {path}"),
                Some(Decision { value: Health::Tcp, .. }) => "the port is open".to_owned(),
                None => "asked".to_owned(),
            };
            rows.push(Row::of("health", check, &format!("{asked}, every {}", check.value.interval)));
        }
        None => {
            rows.push(Row { what: "health", value: "none".into(), because: "nothing to ask".into(), evidence: None });
        }
    }
    let user = plan.account.as_ref().map_or("root".to_owned(), |a| format!("{}:{} ({})", a.uid, a.gid, a.name));
    let because = "a number, since Kubernetes can't verify a name".to_owned();
    rows.push(Row { what: "user", value: user, because, evidence: None });
    for (what, packages) in [("to build", &plan.build_packages), ("to run", &plan.run_packages)] {
        for package in packages {
            rows.push(Row { what, value: package.name.clone(), because: package.because.clone(), evidence: None });
        }
    }
}

/// A command as one would type it.
fn words(argv: &[String]) -> String {
    shlex::try_join(argv.iter().map(String::as_str)).unwrap_or_else(|_| argv.join(" "))
}

/// Values wider than this, in characters, have their reason on a line of its own.
const WIDEST: usize = 28;

fn text(prepared: &Prepared, rows: &[Row], left_out: &[walk::LeftOut]) -> String {
    let what_width = rows.iter().map(|r| r.what.len()).max().unwrap_or_default().max("looked at".len());
    let value_width = rows.iter().map(|r| r.value.chars().count()).filter(|n| *n <= WIDEST).max().unwrap_or_default();
    let mut text = String::new();
    for row in rows {
        let evidence = row.evidence.as_ref().map(|e| format!(" ({e})")).unwrap_or_default();
        let Row { what, value, because, .. } = row;
        let _ = if value.chars().count() > WIDEST {
            writeln!(
                text,
                "{what:<what_width$}  {value}\n{:<what_width$}  {:<value_width$}  {because}{evidence}",
                "", ""
            )
        } else {
            writeln!(text, "{what:<what_width$}  {value:<value_width$}  {because}{evidence}")
        };
    }
    if let Blueprint::Generated { plan, .. } = &prepared.blueprint {
        for note in &plan.notes {
            let _ = writeln!(text, "note: {note}");
        }
    }
    for left in left_out.iter().filter(|l| l.why.is_notable()) {
        let _ = writeln!(text, "{:<what_width$}  {:<value_width$}  {}", "left out", left.path, left.why);
    }
    let others: Vec<_> = left_out.iter().filter(|l| !l.why.is_notable()).map(|l| l.path.as_str()).collect();
    if !others.is_empty() {
        let _ = writeln!(text, "{:<what_width$}  {}", "left out", shortened(&others));
    }
    let (opened, listed) = (prepared.tree.opened(), prepared.tree.files().count());
    let more = if prepared.tree.is_cut() { "more than " } else { "" };
    let _ = writeln!(text, "{:<what_width$}  {opened} of {more}{listed} files", "looked at");
    text
}

/// The first of many names, and how many more there are.
fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        _ => shown,
    }
}
