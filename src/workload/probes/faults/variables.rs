//! The variables of a check: which of them nothing sets, and which no shell reads.

use super::{Faults, is_client};
use crate::workload::finding;
use crate::workload::probes::check::{Form, is_shell};
use crate::workload::probes::client::is_python;
use crate::workload::probes::shell::{Part, Simple, Word, assigned, variables};
use crate::workload::probes::subject::{Value, base_name};

/// What a variable that nothing sets is for.
#[derive(PartialEq, Eq)]
enum Use {
    /// It is in the address that is asked.
    Address,
    /// It is somewhere else.
    Other,
}

/// Finds them in the commands of a check.
pub(super) fn find(commands: &[Simple], faults: &mut Faults<'_>) {
    match &faults.read.form {
        Form::Program(argv) => literal(argv, faults),
        Form::Shell { script, .. } => {
            let own = script.as_ref().map(|s| assigned(&s.list)).unwrap_or_default();
            for simple in commands {
                for (word, purpose) in uses(simple) {
                    for name in variables(word).filter(|n| !own.contains(*n)) {
                        unset(name, &purpose, faults);
                    }
                }
            }
        }
    }
}

fn unset(name: &str, purpose: &Use, faults: &mut Faults<'_>) {
    let subject = faults.subject;
    let value = subject.env.value(name);
    let argument = subject.args.iter().any(|a| a == name);
    let check = faults.check();
    match (value, purpose) {
        (Value::Set(_) | Value::OfRuntime, _) => {}
        (Value::Unset, Use::Address) => {
            let why = if argument { "an ARG is there only while the image is built" } else { "nothing sets it" };
            faults.add(
                &finding::UNSET_VARIABLE,
                format!("{check} reads ${name} for its address, and {why}: it is empty"),
            );
        }
        (Value::OfBase, Use::Address) if argument => {
            let message = format!(
                "{check} reads ${name} for its address, and an ARG is there only while the image is built: it is empty"
            );
            faults.add(&finding::UNSET_VARIABLE, message);
        }
        (Value::OfBase, Use::Address) => {
            let message = format!("{check} reads ${name} for its address, which only the base image can set");
            faults.add(&finding::UNSET_PERHAPS, message);
        }
        (Value::Unset | Value::OfBase, Use::Other) => {
            faults.add(&finding::OF_DEPLOYMENT, format!("{check} reads ${name}, which the image does not set"));
        }
    }
}

/// The words of a command with what they are for.
fn uses(simple: &Simple) -> Vec<(&Word, Use)> {
    let name = simple.words.first().and_then(Word::text).unwrap_or_default();
    let asks = is_client(&name) || is_python(base_name(&name));
    let written = simple.words.iter().skip(1).any(is_address);
    let mut found = Vec::new();
    let mut before = String::new();
    for word in simple.words.iter().skip(1) {
        let text = word.text();
        let value = matches!(
            before.as_str(),
            "-H" | "--header" | "-A" | "--user-agent" | "-u" | "--user" | "-d" | "--data" | "-e" | "-w" | "-o" | "-m"
        );
        let whole = !written && matches!(word.0.first(), Some(Part::Variable(_)));
        let port = matches!(base_name(&name), "nc" | "ncat" | "netcat" | "grpc_health_probe");
        let address = asks && !value && (is_address(word) || whole || port);
        found.push((word, if address { Use::Address } else { Use::Other }));
        before = text.unwrap_or_default();
    }
    found.extend(
        simple.redirects.iter().map(|r| (&r.target, if r.target.is_socket() { Use::Address } else { Use::Other })),
    );
    found
}

/// Whether some of a word's own text is an address's.
fn is_address(word: &Word) -> bool {
    let names = |text: &str| ["://", "localhost", "127.0.0.1", "0.0.0.0", "[::"].iter().any(|n| text.contains(n));
    word.0.iter().any(|part| matches!(part, Part::Text(text, _) if names(text)))
}

/// `$PORT` where no shell reads it.
fn literal(argv: &[String], faults: &mut Faults<'_>) {
    let Some((program, arguments)) = argv.split_first() else { return };
    if is_shell(program) {
        return;
    }
    let mut before = "";
    for argument in arguments {
        // A program's text has a `$` of its own.
        let code = matches!(before, "-c" | "-e" | "--eval");
        before = argument;
        let Some(name) = dollar(argument).filter(|_| !code || argument.contains("://")) else { continue };
        let message = format!("{} hands {program} the letters {name}: no shell reads them", faults.check());
        let code = if is_client(program) || is_python(base_name(program)) && argument.contains("://") {
            &finding::LITERAL_VARIABLE
        } else {
            &finding::LITERAL_PASSED
        };
        return faults.add(code, message);
    }
}

/// `$NAME` or `${NAME…}` in a text.
fn dollar(text: &str) -> Option<String> {
    text.match_indices('$').find_map(|(at, _)| {
        let rest = text.get(at + 1..)?;
        let (open, rest) = rest.strip_prefix('{').map_or(("", rest), |rest| ("{", rest));
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let name = rest.get(..end).filter(|n| n.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))?;
        let close = if open.is_empty() { "" } else { "}" };
        Some(format!("${open}{name}{close}"))
    })
}
