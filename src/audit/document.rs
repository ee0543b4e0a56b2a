//! A document: an audit as JSON.

use serde_json::{Map, Value, json};

use super::report::{Counts, Report, Row};

/// `pydeploy.audit/1`.
pub fn document(report: &Report) -> Value {
    json!({
        "schema": "pydeploy.audit/1",
        "cluster": {
            "context": report.scope.context,
            "address": report.scope.address,
            "namespace": report.scope.namespace,
        },
        "deployments": report.rows.iter().map(row).collect::<Vec<_>>(),
        "notes": report.notes,
        "counts": counts(&report.counts()),
    })
}

fn row(row: &Row) -> Value {
    json!({
        "namespace": row.namespace,
        "kind": row.kind.name(),
        "name": row.name,
        "container": row.container,
        "image": row.image,
        "digest": row.digest,
        "verdict": row.verdict.name(),
        "findings": row.findings,
    })
}

fn counts(counts: &Counts) -> Value {
    let codes: Map<String, Value> = counts.codes.iter().map(|(code, n)| ((*code).to_owned(), json!(n))).collect();
    json!({
        "workloads": counts.workloads,
        "containers": counts.containers,
        "images": counts.images,
        "agrees": counts.agree,
        "differs": counts.differ,
        "unread": counts.unread,
        "errors": counts.errors,
        "warnings": counts.warnings,
        "notes": counts.notes,
        "codes": codes,
    })
}
