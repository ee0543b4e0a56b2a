//! A log in SARIF 2.1.0: an audit as code hosts and their dashboards take it.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Value, json};

use super::report::{Report, Row};
use crate::workload::finding::{Code, Finding, Severity, codes};

/// The schema that it follows.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The audit, with a rule for each code that it has.
pub fn sarif(report: &Report) -> Value {
    let used: BTreeSet<_> = report.rows.iter().flat_map(|r| &r.findings).map(|f| f.code).collect();
    let rules: Vec<_> = codes().filter(|code| used.contains(code.id)).collect();
    let results = report.rows.iter().flat_map(|row| row.findings.iter().map(|f| result(report, row, f, &rules)));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "pydeploy",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": format!("pydeploy/audit/{}/", place(report))},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": report.notes.iter().map(|note| json!({
                    "level": "warning", "message": {"text": note},
                })).collect::<Vec<_>>(),
            }],
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn place(report: &Report) -> String {
    let namespace = report.scope.namespace.as_deref().unwrap_or("all-namespaces");
    format!("{}/{namespace}", report.scope.context)
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.id,
        "shortDescription": {"text": sentence(code.title)},
        "fullDescription": {"text": code.why},
        "help": {
            "text": format!("{}\n\nMend: {}.", code.why, code.mend),
            "markdown": format!("{}\n\n**Mend:** {}.", code.why, code.mend),
        },
        "defaultConfiguration": {"level": level(code.severity)},
        "properties": {"tags": ["kubernetes", "container"]},
    })
}

fn sentence(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map(|c| format!("{}{}.", c.to_uppercase(), chars.as_str())).unwrap_or_default()
}

fn level(severity: Severity) -> &'static str {
    severity.name()
}

fn result(report: &Report, row: &Row, finding: &Finding, rules: &[&Code]) -> Value {
    let field = finding.place.as_deref().and_then(|p| p.split_once(' ')).map_or("", |(_, field)| field);
    let workload = format!("{}/{}", row.namespace, row.workload());
    let whole = format!("{workload}/{}", row.container);
    json!({
        "ruleId": finding.code,
        "ruleIndex": rules.iter().position(|code| code.id == finding.code),
        "level": level(finding.severity),
        "message": {"text": format!("{workload}, container {}: {}. Mend: {}.", row.container, finding.message, finding.hint)},
        "locations": [{
            // Code hosts show only results that are somewhere in a file: the object's name stands for one.
            "physicalLocation": {
                "artifactLocation": {"uri": format!("kubernetes/{}.yaml", uri(&workload))},
                "region": {"startLine": 1},
            },
            "logicalLocations": [
                {"name": row.namespace, "fullyQualifiedName": row.namespace, "kind": "namespace"},
                {"name": row.name, "fullyQualifiedName": workload, "kind": "object", "properties": {"kind": row.kind.name()}},
                {"name": row.container, "fullyQualifiedName": whole, "kind": "member"},
            ],
        }],
        // What stays the same from run to run while the finding does: neither message nor digest.
        "partialFingerprints": {"pydeployFinding/v1": format!("{}/{whole}/{}/{field}", report.scope.context, finding.code)},
        "properties": {"image": row.image, "digest": row.digest, "field": field},
    })
}

/// A path of a URI, whatever a name holds.
fn uri(text: &str) -> String {
    let mut path = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => path.push(char::from(byte)),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    path
}
