//! Lines that people compare: what is removed, what is added, what is as it was.

use super::{BOLD, DIM, GREEN, RED, YELLOW};
use crate::difference::{Field, Line, lines};

/// An object, and what becomes of it.
pub fn object(name: &str, change: &str) -> String {
    match change {
        "created" => format!("{GREEN}+{GREEN:#} {BOLD}{name}{BOLD:#}  {GREEN}{change}{GREEN:#}"),
        "deleted" => format!("{RED}-{RED:#} {BOLD}{name}{BOLD:#}  {RED}{change}{RED:#}"),
        "changed" => format!("{YELLOW}~{YELLOW:#} {BOLD}{name}{BOLD:#}  {YELLOW}{change}{YELLOW:#}"),
        other => format!("{DIM}= {name}  {other}{DIM:#}"),
    }
}

/// The fields that differ, a line or a few each.
pub fn fields(fields: &[Field]) -> String {
    let lines = lines(fields).into_iter().map(|line| match line {
        Line::Removed(text) => format!("  {RED}- {text}{RED:#}\n"),
        Line::Added(text) => format!("  {GREEN}+ {text}{GREEN:#}\n"),
    });
    lines.collect()
}
