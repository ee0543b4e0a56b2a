//! `compare`: one project's image by every strategy, measured in one run.

use std::path::Path;

use serde_json::{Value, json};

use super::Context;
use super::build::millis;
use crate::cli::{CompareArgs, ImageArgs};
use crate::comparison::{self, Comparison, Measured, Row, Twice};
use crate::engine::Engine;
use crate::fault::{Class, Fault};
use crate::image::plan::Strategy;
use crate::stages::choice::choose;
use crate::stages::compare::{Bench, measure};
use crate::stages::loaded::docker;
use crate::stages::{Prepared, write};

pub(super) async fn run(context: &Context<'_>, args: &CompareArgs) -> Result<(), Fault> {
    if args.image.strategy.is_some() {
        let hint = "leave it out, or name those to compare: --only minimal,multi-stage".to_owned();
        return Err(Fault::new(Class::Usage, "every strategy is compared, and --strategy names one", hint));
    }
    let strategies = strategies(&args.only)?;
    let prepared = prepare(context, args, strategies[0])?;
    let target = prepared.target()?;
    let revision = prepared.revision()?;
    let engine = docker(context.machine).await;
    let mut comparison = begun(&prepared.name.value);
    let mut first_fault = None;
    for strategy in strategies {
        let (machine, report) = (context.machine, context.report);
        let bench = Bench { target: &target, revision: &revision, engine: engine.as_ref().ok(), machine, report };
        let outcome = Box::pin(one(context, args, &bench, engine.as_ref().err(), strategy)).await;
        let row = match outcome {
            Ok((measured, notes)) => Row { strategy, outcome: Ok(measured), notes },
            Err(fault) => {
                let why = fault.causes.first().map(|c| format!(": {c}")).unwrap_or_default();
                let row = Row { strategy, outcome: Err(format!("{}{why}", fault.message)), notes: Vec::new() };
                report.warn(&format!("{strategy}: {}{why}", fault.message));
                first_fault.get_or_insert(fault);
                row
            }
        };
        comparison.rows.push(row);
    }
    if let (None, Some(fault)) = (comparison.measured().next(), first_fault) {
        return Err(fault);
    }
    if let Some(path) = &args.chart {
        let picture = comparison::chart(&comparison);
        write::put(path, &format!("the picture to {}", path.display()), picture.as_bytes(), None)?;
        context.report.note(&format!("the picture is in {}", path.display()));
    }
    context.report.answer(&comparison::table(&comparison));
    context.report.document(&document(&comparison, args.chart.as_deref()));
    Ok(())
}

/// Those that were named, in our order; all where none is.
fn strategies(only: &[String]) -> Result<Vec<Strategy>, Fault> {
    let named: Result<Vec<Strategy>, _> = only.iter().map(|name| name.parse()).collect();
    let named =
        named.map_err(|e| Fault::from_error(Class::Usage, &e, Some("--only minimal,multi-stage".to_owned())))?;
    Ok(comparison::ORDER.into_iter().filter(|s| named.is_empty() || named.contains(s)).collect())
}

/// The project by one strategy. A base that is stated is for those that have one of their user's choice.
fn prepare(context: &Context<'_>, args: &CompareArgs, strategy: Strategy) -> Result<Prepared, Fault> {
    let image = ImageArgs { strategy: Some(strategy.to_string()), ..args.image.clone() };
    let mut settings = context.settings(&args.project, &image, None)?;
    if matches!(strategy, Strategy::Naive | Strategy::Alpine | Strategy::Minimal) {
        settings.wishes.base = None;
    }
    Prepared::new(settings)
}

async fn one(
    context: &Context<'_>,
    args: &CompareArgs,
    bench: &Bench<'_>,
    absent: Option<&Fault>,
    strategy: Strategy,
) -> Result<(Measured, Vec<String>), Fault> {
    let prepare = || prepare(context, args, strategy);
    let engine = engine_of(prepare()?)?;
    if let (Engine::BuildKit, Some(absent)) = (engine, absent) {
        let message = format!("it takes an engine that follows a Dockerfile: {}", absent.message);
        return Err(Fault::new(Class::Environment, message, absent.hint.clone()));
    }
    Box::pin(measure(bench, prepare, engine)).await
}

/// What builds it. An engine that is stated is for those that have a choice.
fn engine_of(mut prepared: Prepared) -> Result<Engine, Fault> {
    let chosen = choose(&prepared).or_else(|_| {
        prepared.settings.engine = None;
        choose(&prepared)
    });
    Ok(chosen?.value)
}

fn begun(name: &str) -> Comparison {
    Comparison {
        name: name.to_owned(),
        date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        memory: memory(),
        rows: Vec::new(),
    }
}

/// This machine's memory, in bytes, where the system says it as Linux does.
fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn document(comparison: &Comparison, chart: Option<&Path>) -> Value {
    let Comparison { name, date, cores, memory, rows } = comparison;
    let twice = |twice: &Twice| json!({"coldMs": millis(twice.cold), "warmMs": millis(twice.warm)});
    let measured = |m: &Measured| {
        let largest: Vec<_> = m.largest.iter().map(|(path, size)| json!({"path": path, "size": size})).collect();
        json!({
            "engine": m.engine, "base": m.base,
            "size": {"unpacked": m.unpacked, "compressed": m.compressed}, "underNaive": comparison.under(m),
            "layers": m.layers, "largest": largest, "build": twice(&m.build), "push": twice(&m.push),
            "uploaded": m.uploaded, "healthyMs": m.healthy.map(millis),
        })
    };
    let row = |row: &Row| {
        let (measured, problem) = match &row.outcome {
            Ok(outcome) => (measured(outcome), None),
            Err(why) => (Value::Null, Some(why)),
        };
        json!({"strategy": row.strategy.to_string(), "measured": measured, "problem": problem, "notes": row.notes})
    };
    json!({
        "schema": "pydeploy.compare/1",
        "name": name, "date": date, "machine": {"cores": cores, "memory": memory},
        "strategies": rows.iter().map(row).collect::<Vec<_>>(),
        "chart": chart.map(|path| path.display().to_string()),
    })
}
