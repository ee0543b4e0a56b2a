//! A page in HTML: an audit that an operator can hand on, whole in one file.
//!
//! Names and messages are a cluster's and a registry's: all of them are escaped, and the page's own policy lets no
//! script run but the one whose hash it states.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::report::{Counts, Report, Row, Verdict};
use crate::workload::finding::{Code, Finding, Severity, code};

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// One self-contained page; `made` says when, as people write it.
pub fn page(report: &Report, made: &str) -> String {
    let counts = report.counts();
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = whole(&mut page, report, &counts, made);
    page
}

fn whole(page: &mut String, report: &Report, counts: &Counts, made: &str) -> fmt::Result {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let place = place(report);
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>Audit of {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
        Escaped(&place)
    )?;
    head(page, report, counts, &place, made)?;
    codes(page, counts)?;
    if !report.rows.is_empty() {
        filter(page, report, counts)?;
        rows(page, report)?;
        legend(page, counts)?;
    }
    writeln!(
        page,
        "<footer>Made by pydeploy {} · what runs, held against what its images promise</footer>\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>",
        env!("CARGO_PKG_VERSION")
    )
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

fn place(report: &Report) -> String {
    report.scope.namespace.as_ref().map_or_else(|| "all namespaces".to_owned(), |n| format!("namespace {n}"))
}

fn head(page: &mut String, report: &Report, counts: &Counts, place: &str, made: &str) -> fmt::Result {
    let scope = &report.scope;
    writeln!(
        page,
        "<header>\n<p class=\"eyebrow\">Kubernetes audit</p>\n<h1>What runs in {}</h1>\n\
         <p class=\"about\">Context {}, {} · {} · {}, {}, {}</p>",
        Escaped(place),
        Escaped(&scope.context),
        Escaped(&scope.address),
        Escaped(made),
        many(counts.workloads, "workload"),
        many(counts.containers, "container"),
        many(counts.images, "image"),
    )?;
    let tile = |class: &str, n: usize, what: &str| {
        let none = if n == 0 { " none" } else { "" };
        format!("<div class=\"tile {class}{none}\"><b>{n}</b><span>{what}</span></div>")
    };
    writeln!(
        page,
        "<div class=\"tiles\">{}{}{}</div>",
        tile("differs", counts.differ, "differ from what their image promises"),
        tile("unread", counts.unread, "can’t be told: the image could not be read"),
        tile("agrees", counts.agree, "are as their image says"),
    )?;
    share(page, report)?;
    if !report.notes.is_empty() {
        page.push_str("<ul class=\"notes\">");
        for note in &report.notes {
            write!(page, "<li>{}</li>", Escaped(note))?;
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</header>\n");
    Ok(())
}

/// The picture: all containers as one bar.
fn share(page: &mut String, report: &Report) -> fmt::Result {
    if report.rows.is_empty() {
        return Ok(());
    }
    let mut parts: BTreeMap<usize, (&str, &str, usize)> = BTreeMap::new();
    for row in &report.rows {
        let (at, class, what) = match row.class() {
            "error" => (0, "error", "with an error"),
            "warning" => (1, "warning", "with a warning"),
            "unread" => (2, "unread", "with an unread image"),
            _ => (3, "agrees", "that agree"),
        };
        parts.entry(at).or_insert((class, what, 0)).2 += 1;
    }
    let words: Vec<_> = parts.values().map(|(_, what, n)| format!("{n} {what}")).collect();
    let label = format!("Containers: {}", words.join(", "));
    write!(
        page,
        "<svg class=\"share\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {} 1\" preserveAspectRatio=\"none\"><title>{label}</title>",
        report.rows.len()
    )?;
    let mut x = 0;
    for (class, _, n) in parts.values() {
        write!(page, "<rect class=\"{class}\" x=\"{x}\" y=\"0\" width=\"{n}\" height=\"1\"/>")?;
        x += n;
    }
    page.push_str("</svg>\n<ul class=\"key\">");
    for (class, what, n) in parts.values() {
        write!(
            page,
            "<li><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"1\" height=\"1\"/></svg>{n} {what}</li>"
        )?;
    }
    page.push_str("</ul>\n");
    Ok(())
}

/// The codes that were found, errors first, then by how often.
fn found(counts: &Counts) -> Vec<(&'static Code, usize)> {
    let mut found: Vec<_> = counts.codes.iter().filter_map(|(id, n)| Some((code(id)?, *n))).collect();
    found.sort_by_key(|(code, n)| (code.severity, std::cmp::Reverse(*n), code.id));
    found
}

fn codes(page: &mut String, counts: &Counts) -> fmt::Result {
    let found = found(counts);
    let Some(most) = found.iter().map(|(_, n)| *n).max() else {
        page.push_str("<p class=\"empty\">Nothing was found that differs.</p>\n");
        return Ok(());
    };
    page.push_str("<h2>What was found</h2>\n<table class=\"codes\">\n");
    for (code, n) in found {
        let (id, class) = (code.id, code.severity.name());
        writeln!(
            page,
            "<tr><td><span class=\"badge {class}\">{class}</span></td><td><a href=\"#{id}\"><code>{id}</code></a></td><td>{}</td>\
             <td class=\"bar\"><svg viewBox=\"0 0 {most} 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"{n}\" height=\"1\"/></svg></td>\
             <td class=\"n\">{n}</td></tr>",
            Escaped(code.title)
        )?;
    }
    page.push_str("</table>\n");
    Ok(())
}

/// What the script shows once it runs: without it, all rows are there and nothing pretends to filter them.
fn filter(page: &mut String, report: &Report, counts: &Counts) -> fmt::Result {
    page.push_str(
        "<h2 id=\"containers\">Containers, the worst first</h2>\n<form id=\"filter\" hidden>\n\
         <input id=\"text\" type=\"search\" placeholder=\"Filter by any word: a name, an image, a port\" aria-label=\"Filter by any word\" autocomplete=\"off\">\n\
         <select id=\"namespace\" aria-label=\"Namespace\"><option value=\"\">All namespaces</option>",
    );
    for namespace in report.rows.iter().map(|r| &r.namespace).collect::<BTreeSet<_>>() {
        write!(page, "<option>{}</option>", Escaped(namespace))?;
    }
    page.push_str(
        "</select>\n<select id=\"severity\" aria-label=\"What was found\"><option value=\"\">Whatever was found</option>\
         <option value=\"error\">Errors</option><option value=\"warning\">Warnings</option><option value=\"note\">Notes</option>\
         <option value=\"unread\">Unread images</option><option value=\"agrees\">Agreeing</option></select>\n\
         <select id=\"code\" aria-label=\"Code\"><option value=\"\">All codes</option>",
    );
    for (code, _) in found(counts) {
        write!(page, "<option>{}</option>", code.id)?;
    }
    page.push_str(
        "</select>\n<button type=\"button\" id=\"clear\">Clear</button>\n<output id=\"shown\"></output>\n</form>\n",
    );
    page.push_str("<p id=\"empty\" class=\"empty\" hidden>Nothing fits that filter.</p>\n");
    Ok(())
}

fn rows(page: &mut String, report: &Report) -> fmt::Result {
    let agrees = |row: &&Row| row.verdict == Verdict::Agrees;
    report.rows.iter().filter(|r| !agrees(r)).try_for_each(|row| one(page, row))?;
    let agreeing: Vec<_> = report.rows.iter().filter(agrees).collect();
    if !agreeing.is_empty() {
        let agree = if agreeing.len() == 1 { "agrees" } else { "agree" };
        writeln!(
            page,
            "<details id=\"agreeing\"><summary>{} {agree} with what the image promises</summary>",
            many(agreeing.len(), "container")
        )?;
        agreeing.into_iter().try_for_each(|row| one(page, row))?;
        page.push_str("</details>\n");
    }
    Ok(())
}

impl Row {
    /// What it is coloured by.
    fn class(&self) -> &'static str {
        match (self.verdict, self.worst()) {
            (Verdict::Unread, _) => "unread",
            (Verdict::Agrees, _) => "agrees",
            (Verdict::Differs, Some(Severity::Error)) => "error",
            (Verdict::Differs, _) => "warning",
        }
    }
}

fn one(page: &mut String, row: &Row) -> fmt::Result {
    let class = row.class();
    let words: BTreeSet<_> = row.findings.iter().flat_map(|f| [f.code, f.severity.name()]).chain([class]).collect();
    let words: Vec<_> = words.into_iter().collect();
    write!(
        page,
        "<article class=\"row {class}\" data-namespace=\"{}\" data-is=\"{}\"><div><h3><span>{} /</span> {}</h3><p>{} · container {}</p><p class=\"mono\">{}</p></div>",
        Escaped(&row.namespace),
        words.join(" "),
        Escaped(&row.namespace),
        Escaped(&row.name),
        row.kind.name(),
        Escaped(&row.container),
        Escaped(&row.image),
    )?;
    if row.findings.is_empty() {
        page.push_str("<div><span class=\"badge agrees\">agrees</span></div>");
    } else {
        page.push_str("<ul class=\"found\">");
        row.findings.iter().try_for_each(|finding| item(page, finding))?;
        page.push_str("</ul>");
    }
    page.push_str("</article>\n");
    Ok(())
}

fn item(page: &mut String, finding: &Finding) -> fmt::Result {
    let (id, class) = (finding.code, finding.severity.name());
    write!(
        page,
        "<li><span class=\"badge {class}\">{class}</span><a href=\"#{id}\"><code>{id}</code></a><div class=\"what\">{}",
        Escaped(&finding.message)
    )?;
    // The code's own advice stands once, in the legend.
    if code(id).is_none_or(|code| code.mend != finding.hint) {
        write!(page, "<small>{}</small>", Escaped(&finding.hint))?;
    }
    page.push_str("</div></li>");
    Ok(())
}

fn legend(page: &mut String, counts: &Counts) -> fmt::Result {
    let found = found(counts);
    if found.is_empty() {
        return Ok(());
    }
    page.push_str("<h2>What the codes mean</h2>\n<dl>\n");
    for (code, _) in found {
        let (id, class) = (code.id, code.severity.name());
        writeln!(
            page,
            "<dt id=\"{id}\"><code>{id}</code>{} <span class=\"badge {class}\">{class}</span></dt><dd>{} <b>Mend:</b> {}.</dd>",
            Escaped(code.title),
            Escaped(code.why),
            Escaped(code.mend),
        )?;
    }
    page.push_str("</dl>\n");
    Ok(())
}

fn many(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A text as HTML shows it, in an element or between double quotes.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // Controls but for white space are no text, and those that turn the reading order hide what is there.
                '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => f.write_char('\u{FFFD}')?,
                c if c.is_control() && !matches!(c, '\n' | '\t') => f.write_char('\u{FFFD}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
