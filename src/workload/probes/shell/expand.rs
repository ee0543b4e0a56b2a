//! An expansion: a word as the program gets it, where that can be told.

use std::collections::BTreeSet;

use super::{Counts, Otherwise, Part, Quoting, Variable, Word};
use crate::workload::probes::subject::{Environment, Value};

/// What a script's variables are.
#[derive(Debug, Clone, Copy)]
pub(in crate::workload::probes) struct Scope<'a> {
    pub(in crate::workload::probes) env: &'a Environment,
    /// Variables that the script sets itself: their values are not followed.
    pub(in crate::workload::probes) assigned: &'a BTreeSet<String>,
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::workload::probes) struct Field {
    pub(in crate::workload::probes) text: String,
    /// The variables that it is made of.
    pub(in crate::workload::probes) from: Vec<String>,
}

/// Why an argument can't be told, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::workload::probes) struct Unclear(pub(in crate::workload::probes) String);

/// The arguments that words become.
pub(in crate::workload::probes) fn expand(words: &[Word], scope: Scope<'_>) -> Result<Vec<Field>, Unclear> {
    let mut fields = Vec::new();
    for word in words {
        let mut open = None;
        parts(&word.0, scope, &mut open, &mut fields)?;
        fields.extend(open);
    }
    Ok(fields)
}

fn parts(all: &[Part], scope: Scope<'_>, open: &mut Option<Field>, fields: &mut Vec<Field>) -> Result<(), Unclear> {
    for part in all {
        match part {
            Part::Text(text, Quoting::Bare) if is_pattern(text, all) => {
                return Err(Unclear("a word in it is a pattern of file names".to_owned()));
            }
            Part::Text(text, _) => open.get_or_insert_default().text.push_str(text),
            Part::Variable(variable) => self::variable(variable, scope, open, fields)?,
            Part::Substitution(_) => return Err(Unclear("a word in it is another command's output".to_owned())),
            Part::Opaque => return Err(Unclear("a word in it is known only when it runs".to_owned())),
        }
    }
    Ok(())
}

/// `[` alone is a program; `{a,b}` is two words for bash.
fn is_pattern(text: &str, all: &[Part]) -> bool {
    let bracket = text.contains('[') && !(all.len() == 1 && matches!(text, "[" | "[["));
    bracket || (text.contains('{') && text.contains([',', '.']))
}

fn variable(v: &Variable, scope: Scope<'_>, open: &mut Option<Field>, fields: &mut Vec<Field>) -> Result<(), Unclear> {
    let unclear = || Unclear(format!("${} in it is known only when it runs", v.name));
    if scope.assigned.contains(&v.name) {
        return Err(unclear());
    }
    let value = match scope.env.value(&v.name) {
        Value::Set(value) => Some(value),
        Value::Unset => None,
        Value::OfBase | Value::OfRuntime => return Err(unclear()),
    };
    let counts = |counts: Counts| value.is_some_and(|v| counts == Counts::Set || !v.is_empty());
    match &v.otherwise {
        Otherwise::Default(otherwise, c) if !counts(*c) => return substitute(otherwise, scope, open, fields),
        Otherwise::Instead(instead, c) if counts(*c) => return substitute(instead, scope, open, fields),
        Otherwise::Instead(..) => return Ok(()),
        Otherwise::Empty | Otherwise::Default(..) => {}
    }
    let value = value.unwrap_or_default();
    if v.quoting == Quoting::Quoted {
        append(open, value, &v.name);
        return Ok(());
    }
    if value.contains(['*', '?', '[', '\\']) {
        return Err(Unclear(format!("${} in it has signs of a pattern", v.name)));
    }
    // Without quotes the value is cut at white space.
    let is_space = |c: char| matches!(c, ' ' | '\t' | '\n');
    if value.starts_with(is_space) {
        fields.extend(open.take());
    }
    for (i, piece) in value.split(is_space).filter(|p| !p.is_empty()).enumerate() {
        if i > 0 {
            fields.extend(open.take());
        }
        append(open, piece, &v.name);
    }
    if value.ends_with(is_space) {
        fields.extend(open.take());
    }
    Ok(())
}

/// A word of braces; one that white space would cut is not followed.
fn substitute(
    all: &[Part],
    scope: Scope<'_>,
    open: &mut Option<Field>,
    fields: &mut Vec<Field>,
) -> Result<(), Unclear> {
    let cut = |part: &Part| matches!(part, Part::Text(text, Quoting::Bare) if text.contains([' ', '\t', '\n']));
    if all.iter().any(cut) {
        return Err(Unclear("a default in it is more than one word".to_owned()));
    }
    parts(all, scope, open, fields)
}

fn append(open: &mut Option<Field>, text: &str, name: &str) {
    let field = open.get_or_insert_default();
    field.text.push_str(text);
    field.from.push(name.to_owned());
}
