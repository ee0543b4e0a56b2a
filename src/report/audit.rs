//! An audit as people read it on a terminal: the worst first, and the sums at the end, where one looks.

use std::fmt::Write;

use anstyle::Style;

use super::picture::{Bar, draw};
use super::{BOLD, DIM, GREEN, RED, YELLOW};
use crate::audit::{Counts, Report, Row, Verdict};
use crate::workload::Severity;
use crate::workload::finding::code;

/// The whole table. What agrees is counted, and not listed.
pub fn audit(report: &Report) -> String {
    let mut text = String::new();
    let mut workload = None;
    for row in report.rows.iter().filter(|r| r.verdict != Verdict::Agrees) {
        let name = (&row.namespace, row.workload());
        if workload.as_ref() != Some(&name) {
            let (namespace, of) = (plain(&row.namespace), plain(&name.1));
            let _ = writeln!(text, "{BOLD}{namespace}{BOLD:#}  {BOLD}{of}{BOLD:#}");
            workload = Some(name);
        }
        one(&mut text, row);
    }
    text.push_str(&sums(report, &report.counts()));
    text
}

/// A cluster's words move no cursor.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn one(text: &mut String, row: &Row) {
    let (mark, style) = match row.verdict {
        Verdict::Agrees => ("✓", GREEN),
        Verdict::Unread => ("?", YELLOW),
        Verdict::Differs if row.worst() == Some(Severity::Error) => ("✗", RED),
        Verdict::Differs => ("✗", YELLOW),
    };
    let _ = writeln!(text, "  {style}{mark}{style:#} {}  {DIM}{}{DIM:#}", plain(&row.container), plain(&row.image));
    for finding in &row.findings {
        let style = of(finding.severity);
        let name = finding.severity.name();
        let _ = writeln!(text, "      {} {style}{name:<7}{style:#} {}", finding.code, plain(&finding.message));
    }
}

fn of(severity: Severity) -> Style {
    match severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Note => DIM,
    }
}

fn sums(report: &Report, counts: &Counts) -> String {
    let place = report.scope.namespace.as_ref().map_or("all namespaces".to_owned(), |n| format!("namespace {n}"));
    let title =
        format!("{} in {} ({})", many(counts.containers, "container"), plain(&place), plain(&report.scope.context));
    if counts.containers == 0 {
        return format!("{title}: nothing runs there that could be audited\n");
    }
    let said = |n: usize, style: Style, what: &str| {
        if n == 0 { format!("{DIM}{n} {what}{DIM:#}") } else { format!("{style}{n} {what}{style:#}") }
    };
    let verdicts = [
        said(counts.differ, RED, "differ from their image"),
        said(counts.unread, YELLOW, "can't be told: unread image"),
        said(counts.agree, GREEN, "agree"),
    ];
    let rows = vec![
        ("containers".to_owned(), verdicts.join(", ")),
        ("of".to_owned(), format!("{}, {}", many(counts.workloads, "workload"), many(counts.images, "image"))),
    ];
    let mut codes: Vec<_> = counts.codes.iter().collect();
    codes.sort_by_key(|(id, n)| (code(id).map(|c| c.severity), std::cmp::Reverse(**n)));
    let bars: Vec<_> = codes
        .into_iter()
        .map(|(id, n)| Bar {
            length: *n as u64,
            amount: n.to_string(),
            what: format!("{id} {:<7}", code(id).map_or("", |c| c.severity.name())),
            remark: code(id).map_or("", |c| c.title).to_owned(),
        })
        .collect();
    let drawn = draw(&title, &rows, &bars);
    if report.rows.iter().all(|r| r.verdict == Verdict::Agrees) { drawn.trim_start().to_owned() } else { drawn }
}

fn many(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
