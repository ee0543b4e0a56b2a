//! The page of all codes, and what is printed of one.

use std::fmt::Write;

use super::{Code, Example, Severity, codes};

impl Severity {
    /// Its name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Everything about one code, for a terminal.
pub fn explain(code: &Code) -> String {
    let mut text =
        format!("{} ({}): {}\n\n{}\n\nExample", code.id, code.severity.name(), code.title, wrapped(code.why));
    match &code.example {
        Example::Dockerfile(dockerfile) => {
            text.push_str(", a Dockerfile:\n\n");
            for line in dockerfile.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
        Example::Words(words) => {
            let _ = writeln!(text, ": {words}");
        }
    }
    let _ = writeln!(text, "\nMend: {}", code.mend);
    text
}

/// Every code, as a page in Markdown.
pub fn page() -> String {
    let mut text = "# Findings\n\nWhat `pydeploy contract`, `audit`, `manifests` and `ship` say, by code. An error \
                    stands in the way of any manifest (exit code 7); a warning may not do what is meant; a note is \
                    worth knowing. `pydeploy contract --explain CODE` prints one.\n\nThis page is made from the code: \
                    `tests/run bless` writes it anew.\n\n| code | severity | what is so |\n|---|---|---|\n"
        .to_owned();
    for code in codes() {
        let Code { id, severity, title, .. } = code;
        let _ = writeln!(text, "| [{id}](#{}) | {} | {title} |", id.to_lowercase(), severity.name());
    }
    for code in codes() {
        let Code { id, severity, title, why, mend, example } = code;
        let _ = writeln!(text, "\n## {id}\n\n**{}: {title}.** {why}\n", severity.name());
        match example {
            Example::Dockerfile(dockerfile) => {
                let _ = writeln!(text, "```dockerfile\n{dockerfile}```");
            }
            Example::Words(words) => {
                let _ = writeln!(text, "Example: {words}.");
            }
        }
        let _ = writeln!(text, "\nMend: {mend}.");
    }
    text
}

/// Columns of running text.
const WIDTH: usize = 100;

fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_says_all_of_it() {
        let text = explain(&super::super::TOO_LONG);
        for part in ["PD204 (error)", "whole seconds", "    HEALTHCHECK --interval=1s", "Mend: shorten"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.lines().all(|l| l.chars().count() <= WIDTH), "{text}");
    }
}
