//! The options of a line in a requirements file.

/// An option with what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    /// Which option.
    pub(super) option: Opt,
    /// Its value; empty for a switch.
    pub(super) value: String,
}

/// An option that pip reads in a requirements file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opt {
    /// `-r`: another requirements file.
    Requirement,
    /// `-c`: a file of constraints.
    Constraint,
    /// `-e`: a project that is installed in place.
    Editable,
    /// `-i`, `--extra-index-url`: a package index.
    Index,
    /// `-f`: a page or folder of links.
    FindLinks,
    /// `--require-hashes`.
    RequireHashes,
    /// `--hash` of one requirement.
    Hash,
    /// What else can follow one requirement.
    Setting,
    /// What changes how all are installed, but not what.
    Other,
}

/// Why a line's options could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// No such option, and the nearest one.
    Unknown(String, Option<String>),
    /// Something else.
    Malformed(String),
}

/// Long name, short name, whether a value follows, meaning.
type Known = (&'static str, Option<char>, bool, Opt);

const KNOWN: &[Known] = &[
    ("--requirement", Some('r'), true, Opt::Requirement),
    ("--constraint", Some('c'), true, Opt::Constraint),
    ("--editable", Some('e'), true, Opt::Editable),
    ("--index-url", Some('i'), true, Opt::Index),
    ("--pypi-url", None, true, Opt::Index),
    ("--extra-index-url", None, true, Opt::Index),
    ("--find-links", Some('f'), true, Opt::FindLinks),
    ("--no-index", None, false, Opt::Other),
    ("--no-binary", None, true, Opt::Other),
    ("--only-binary", None, true, Opt::Other),
    ("--prefer-binary", None, false, Opt::Other),
    ("--pre", None, false, Opt::Other),
    ("--trusted-host", None, true, Opt::Other),
    ("--use-feature", None, true, Opt::Other),
    ("--require-hashes", None, false, Opt::RequireHashes),
    ("--hash", None, true, Opt::Hash),
    ("--config-settings", Some('C'), true, Opt::Setting),
    ("--config-setting", None, true, Opt::Setting),
    ("--global-option", None, true, Opt::Setting),
];

/// Splits a line into the requirement before the first option, and the options.
pub(super) fn split(line: &str) -> Result<(String, Vec<Given>), Fault> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|word| word.starts_with('-')).unwrap_or(words.len());
    let (requirement, options) = words.split_at(at);
    let options = shlex::split(&options.join(" "))
        .ok_or_else(|| Fault::Malformed("a quote is not closed in the options".to_owned()))?;
    Ok((requirement.join(" "), parse(options)?))
}

fn parse(words: Vec<String>) -> Result<Vec<Given>, Fault> {
    let mut given = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (known, attached) = find(&word)?;
        let (name, _, takes_value, option) = *known;
        let value = match (takes_value, attached) {
            (true, Some(value)) => value,
            (true, None) => words.next().ok_or_else(|| Fault::Malformed(format!("{name} needs a value")))?,
            (false, None) => String::new(),
            (false, Some(_)) => return Err(Fault::Malformed(format!("{name} takes no value"))),
        };
        given.push(Given { option, value });
    }
    Ok(given)
}

/// The option that a word names, and the value that hangs on it.
fn find(word: &str) -> Result<(&'static Known, Option<String>), Fault> {
    if word.starts_with("--") {
        let (name, value) = word.split_once('=').map_or((word, None), |(n, v)| (n, Some(v.to_owned())));
        return long(name).map(|known| (known, value)).ok_or_else(|| unknown(name));
    }
    let mut letters = word.strip_prefix('-').unwrap_or_default().chars();
    let Some(letter) = letters.next() else {
        return Err(Fault::Malformed(format!("`{word}` is neither a requirement nor an option")));
    };
    let known = KNOWN.iter().find(|known| known.1 == Some(letter)).ok_or_else(|| unknown(word))?;
    let rest = letters.as_str();
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    Ok((known, (!rest.is_empty()).then(|| rest.to_owned())))
}

/// As optparse does, a beginning will do where only one option has it.
fn long(name: &str) -> Option<&'static Known> {
    let exact = KNOWN.iter().find(|known| known.0 == name);
    let mut begins = KNOWN.iter().filter(|known| name.len() > 2 && known.0.starts_with(name));
    exact.or_else(|| begins.next().filter(|_| begins.next().is_none()))
}

fn unknown(name: &str) -> Fault {
    let near = KNOWN.iter().map(|known| (strsim::jaro_winkler(known.0, name), known.0));
    let best = near.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
    Fault::Unknown(name.to_owned(), best.map(|(_, name)| name.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn one(line: &str) -> (Opt, String) {
        let (_, given) = split(line).unwrap();
        let first = given.into_iter().next().unwrap();
        (first.option, first.value)
    }

    #[test]
    fn every_way_to_write_a_value() {
        for line in
            ["-r base.txt", "-rbase.txt", "--requirement base.txt", "--requirement=base.txt", "--requirem 'base.txt'"]
        {
            assert_eq!(one(line), (Opt::Requirement, "base.txt".to_owned()), "{line}");
        }
        assert_eq!(one("-e ./lib[dev]"), (Opt::Editable, "./lib[dev]".to_owned()));
        assert_eq!(one("--pre"), (Opt::Other, String::new()));
        let (requirement, given) = split("a[x] == 1 ; os_name == 'x'\t--hash=sha256:0 --hash sha256:1").unwrap();
        assert_eq!((requirement.as_str(), given.len()), ("a[x] == 1 ; os_name == 'x'", 2));
        assert_eq!(split("--index-url https://a.example --extra-index-url https://b.example").unwrap().1.len(), 2);
    }

    #[test]
    fn faults() {
        assert_eq!(
            split("--requirements-file x").unwrap_err(),
            Fault::Unknown("--requirements-file".into(), Some("--requirement".into()))
        );
        assert_eq!(split("--upgrade").unwrap_err(), Fault::Unknown("--upgrade".into(), None));
        assert_eq!(split("-U a").unwrap_err(), Fault::Unknown("-U".into(), None));
        for line in ["-r", "--pre=x", "-", "--hash 'x", "--index-url"] {
            assert!(matches!(split(line).unwrap_err(), Fault::Malformed(_)), "{line}");
        }
    }
}
