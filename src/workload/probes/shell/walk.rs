//! A walk through all that a script may run.

use std::collections::BTreeSet;

use super::{Command, List, Otherwise, Part, Simple, Variable, Word};

/// Every simple command, in the order of the text, those in substitutions too.
pub(in crate::workload::probes) fn commands(list: &List) -> Vec<&Simple> {
    let mut found = Vec::new();
    in_list(list, &mut found);
    found
}

fn in_list<'l>(list: &'l List, found: &mut Vec<&'l Simple>) {
    for chain in list.0.iter().map(|item| &item.chain) {
        for pipeline in std::iter::once(&chain.first).chain(chain.rest.iter().map(|(_, p)| p)) {
            for command in &pipeline.commands {
                in_command(command, found);
            }
        }
    }
}

fn in_command<'l>(command: &'l Command, found: &mut Vec<&'l Simple>) {
    match command {
        Command::Simple(simple) => {
            found.push(simple);
            let targets = simple.redirects.iter().map(|r| &r.target);
            let words = simple.assignments.iter().map(|(_, word)| word).chain(&simple.words).chain(targets);
            for word in words {
                in_parts(&word.0, found);
            }
        }
        Command::Subshell(list) | Command::Group(list) => in_list(list, found),
        Command::If(branches, otherwise) => {
            branches.iter().flat_map(|(condition, branch)| [condition, branch]).for_each(|l| in_list(l, found));
            if let Some(list) = otherwise {
                in_list(list, found);
            }
        }
        Command::Opaque(_) => {}
    }
}

fn in_parts<'l>(parts: &'l [Part], found: &mut Vec<&'l Simple>) {
    for part in parts {
        match part {
            Part::Substitution(Some(list)) => in_list(list, found),
            Part::Variable(Variable {
                otherwise: Otherwise::Default(parts, _) | Otherwise::Instead(parts, _), ..
            }) => {
                in_parts(parts, found);
            }
            _ => {}
        }
    }
}

/// The variables that a word reads with nothing to take their place.
pub(in crate::workload::probes) fn variables(word: &Word) -> impl Iterator<Item = &str> {
    word.0.iter().filter_map(|part| match part {
        Part::Variable(Variable { name, otherwise: Otherwise::Empty, .. }) => Some(name.as_str()),
        _ => None,
    })
}

/// The variables that a script sets itself.
pub(in crate::workload::probes) fn assigned(list: &List) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for simple in commands(list) {
        names.extend(simple.assignments.iter().map(|(name, _)| name.clone()));
        let sets = matches!(simple.words.first().and_then(Word::bare), Some("export" | "read" | "local" | "readonly"));
        let texts = simple.words.iter().skip(1).filter(|_| sets).filter_map(|word| match word.0.first() {
            Some(Part::Text(text, _)) => Some(text.split('=').next().unwrap_or_default().to_owned()),
            _ => None,
        });
        names.extend(texts);
    }
    names
}

/// What only bash understands.
pub(super) fn bashisms(list: &List) -> Vec<&'static str> {
    let mut found = Vec::new();
    for simple in commands(list) {
        if simple.words.first().and_then(Word::bare) == Some("[[") {
            found.push("[[");
        }
        if simple.redirects.iter().any(|r| r.target.is_socket()) {
            found.push("/dev/tcp");
        }
    }
    found
}

impl Word {
    /// bash's own name for a connection.
    pub(in crate::workload::probes) fn is_socket(&self) -> bool {
        matches!(self.0.first(), Some(Part::Text(text, _)) if text.starts_with("/dev/tcp/"))
    }
}
