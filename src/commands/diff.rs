//! `diff`: what `deploy` would change, by the API server's own dry run.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::deploy::{Subject, order};
use super::{Context, documents};
use crate::cli::{ApplyArgs, DiffArgs};
use crate::cluster::{self, Applied, Cluster, Conflicts, Identity, Order, Reason, Target};
use crate::difference::{self, Field};
use crate::fault::{Class, Fault};
use crate::report::lines;

/// An object, and what would become of it.
struct Compared {
    identity: Identity,
    change: &'static str,
    fields: Vec<Field>,
}

pub(super) async fn run(context: &Context<'_>, args: &DiffArgs) -> Result<(), Fault> {
    let Subject { name, pushed, made, cluster } =
        Box::pin(Subject::read(context, &args.subject, &args.cluster)).await?;
    let (create_namespace, adopt) = (args.create_namespace, args.adopt);
    let order = order(&made, &cluster, &ApplyArgs { create_namespace, adopt, ..ApplyArgs::default() })?;
    let (applied, conflicts) = dry_run(&cluster, order.clone()).await?;
    let mut objects: Vec<_> = applied.iter().map(|a| compared(a, &order)).collect();
    if let [Applied { identity, .. }] = &applied[..]
        && identity.kind == "Namespace"
    {
        // What would be in it the server can't say before it is there.
        objects.extend(order.targets.iter().map(made_anew));
    }
    if args.prune {
        let stale = cluster::stale(&cluster, &name, &order.targets).await?;
        objects.extend(stale.into_iter().filter(|s| !s.is_kept()).map(|s| Compared {
            identity: s.identity,
            change: "deleted",
            fields: Vec::new(),
        }));
    }
    for conflict in &conflicts {
        context.report.warn(&format!("{conflict}; deploy takes them with --force-conflicts alone"));
    }
    context.report.answer(&text(&objects));
    let differing = objects.iter().filter(|o| o.change != "unchanged").count();
    context.report.document(&json!({
        "schema": "pydeploy.diff/1",
        "image": documents::pushed(&pushed, None),
        "cluster": documents::cluster(&cluster),
        "same": differing == 0,
        "objects": objects.iter().map(document).collect::<Vec<_>>(),
        "conflicts": conflicts.iter().flat_map(fields_of_others).collect::<Vec<_>>(),
    }));
    if differing == 0 {
        return Ok(());
    }
    let message = format!("{differing} of {} objects would change", objects.len());
    Err(Fault { told: true, ..Fault::new(Class::Differences, message, None) })
}

/// What would become of it all, and what `deploy` would refuse to take from others. A dry run takes nothing from
/// anybody, so that what differs is shown all the same.
async fn dry_run(cluster: &Cluster, order: Order) -> Result<(Vec<Applied>, Vec<cluster::Refusal>), Fault> {
    match cluster::dry_run(cluster, &order).await {
        Err(cluster::Error::Refused(refusal)) if matches!(refusal.reason, Reason::Conflict(_)) => {
            let taken = Order { conflicts: Conflicts::Taken, ..order };
            Ok((cluster::dry_run(cluster, &taken).await?, vec![*refusal]))
        }
        other => Ok((other?, Vec::new())),
    }
}

fn compared(applied: &Applied, order: &Order) -> Compared {
    let value = |object| serde_json::to_value(object).unwrap_or_default();
    let Some(before) = applied.before.as_ref().map(value) else {
        // Of what is new the server's defaults are no news.
        let target = order.targets.iter().find(|t| t.identity == applied.identity);
        let fields = target.map(|t| difference::fields(&Value::Null, t.value())).unwrap_or_default();
        return Compared { identity: applied.identity.clone(), change: "created", fields };
    };
    let fields = difference::fields(&before, &value(&applied.object));
    let change = if fields.is_empty() { "unchanged" } else { "changed" };
    Compared { identity: applied.identity.clone(), change, fields }
}

fn made_anew(target: &Target) -> Compared {
    let fields = difference::fields(&Value::Null, target.value());
    Compared { identity: target.identity.clone(), change: "created", fields }
}

/// A line for each object, and below it what differs.
fn text(objects: &[Compared]) -> String {
    let mut text = String::new();
    for Compared { identity, change, fields } in objects {
        let _ = writeln!(text, "{}", lines::object(&identity.to_string(), change));
        text.push_str(&lines::fields(fields));
    }
    text
}

fn document(compared: &Compared) -> Value {
    let Compared { identity: Identity { kind, name, namespace }, change, fields } = compared;
    json!({"kind": kind, "name": name, "namespace": namespace, "change": change, "fields": documents::fields(fields)})
}

fn fields_of_others(refusal: &cluster::Refusal) -> Vec<Value> {
    let Identity { kind, name, .. } = &refusal.object;
    match &refusal.reason {
        Reason::Conflict(fields) => {
            fields.iter().map(|f| json!({"kind": kind, "name": name, "field": f.field, "manager": f.manager})).collect()
        }
        _ => Vec::new(),
    }
}
