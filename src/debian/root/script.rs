//! A maintainer script: what it would do on a first installation, read and never run.
//!
//! The scripts that debhelper makes do nothing then that an image needs, but for alternatives, which are links. So a
//! script is followed as dpkg would first run it, and every command that is met has to be known to be such. The first
//! that isn't is why the package is refused: conservative, since what a script does can't be known in general.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::alternative::Alternative;
use crate::dockerfile::accounts::shell::{self, Join, Node, Piece, Word};

/// Programs that change nothing which a first installation has, or an image needs.
const HARMLESS: &[&str] = &[
    // They print, test or set what ends with the script.
    ":",
    "true",
    "false",
    "set",
    "export",
    "unset",
    "umask",
    "local",
    "shift",
    "echo",
    "printf",
    "cat",
    "grep",
    "egrep",
    "fgrep",
    "cut",
    "tr",
    "head",
    "which",
    "type",
    "command",
    "readlink",
    "dpkg-query",
    "cmp",
    // What an older version left behind; a first installation has none.
    "dpkg-maintscript-helper",
    // The loader's cache: see the rules of this room.
    "ldconfig",
    // Bytecode: made for all of an image, or for none of it.
    "py3compile",
    "pypy3compile",
    "py3clean",
    "pycompile",
    // Services of the system: an image starts one program.
    "systemctl",
    "deb-systemd-helper",
    "deb-systemd-invoke",
    "invoke-rc.d",
    "update-rc.d",
    "systemd-tmpfiles",
    "udevadm",
    // Caches of desktops.
    "update-menus",
    "update-desktop-database",
    "update-icon-caches",
    "gtk-update-icon-cache",
    // What another package's script answers to, which is judged by itself.
    "dpkg-trigger",
];

/// Where programs are that a name without a folder leads to.
const FOLDERS: &[&str] = &["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"];
/// How deep commands may be in commands, and how long a condition may be, in words: more than people write.
const DEEPEST: usize = 60;
const LONGEST: usize = 60;

/// What a script does that can't be done without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needed(pub(super) String);

/// Which of a package's scripts it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// `preinst install`.
    Before,
    /// `postinst configure`.
    After,
}

/// Whether a command succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Yes,
    No,
    Unknown,
}

impl From<bool> for Outcome {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl Outcome {
    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// The links that a script makes on a first installation, if that is all it does.
pub(super) fn judge(script: &str, moment: Moment) -> Result<Vec<Alternative>, Needed> {
    let first_line = script.lines().next().unwrap_or_default();
    if first_line.starts_with("#!") && !["sh", "bash", "dash"].iter().any(|sh| first_line.contains(&format!("/{sh}"))) {
        return Err(Needed(format!("a program of {}", first_line.trim_start_matches("#!").trim())));
    }
    let node = shell::read(&arguments(script, moment)).map_err(|odd| Needed(format!("it can't be read: {}", odd.0)))?;
    let known = BTreeMap::from([("DPKG_ROOT".to_owned(), String::new())]);
    let mut reader = Reader { known, before: moment == Moment::Before, ..Reader::default() };
    reader.run(&node)?;
    Ok(reader.alternatives)
}

/// The script with its arguments put in: what is done, and no version that was there before.
fn arguments(script: &str, moment: Moment) -> String {
    let action = if moment == Moment::Before { "install" } else { "configure" };
    let mut text = script.to_owned();
    for (number, value) in [("1", action), ("2", "")] {
        for form in
            [format!("${{{number}}}"), format!("${{{number}:-}}"), format!("${{{number}-}}"), format!("${number}")]
        {
            text = text.replace(&form, value);
        }
    }
    text
}

#[derive(Default)]
struct Reader {
    known: BTreeMap<String, String>,
    alternatives: Vec<Alternative>,
    /// Functions of its own, and whether all that they do is known to be harmless.
    functions: BTreeMap<String, bool>,
    /// What it does before its package's files are there.
    before: bool,
    /// The script has ended for certain.
    ended: bool,
    /// How many conditions that can't be known we are in.
    perhaps: usize,
}

impl Reader {
    fn run(&mut self, node: &Node) -> Result<Outcome, Needed> {
        if self.ended {
            return Ok(Outcome::Unknown);
        }
        match node {
            Node::Simple { assignments, words, redirects } => {
                redirects.iter().try_for_each(|redirect| self.redirect(redirect))?;
                for (name, word) in assignments {
                    self.substitutions(word)?;
                    match self.text(word) {
                        Some(value) if self.perhaps == 0 => drop(self.known.insert(name.clone(), value)),
                        _ => drop(self.known.remove(name)),
                    }
                }
                words.iter().try_for_each(|word| self.substitutions(word))?;
                let words: Vec<_> = words.iter().map(|word| self.text(word)).collect();
                if words.is_empty() { Ok(Outcome::Yes) } else { self.command(&words) }
            }
            Node::Chain(first, rest) => self.chain(first, rest),
            Node::Not(node) => self.run(node).map(Outcome::not),
            Node::Pipe(nodes) => {
                nodes.iter().try_for_each(|node| self.perhaps(node))?;
                Ok(Outcome::Unknown)
            }
            Node::List(nodes) => nodes.iter().try_fold(Outcome::Yes, |_, node| self.run(node)),
            Node::Group(node, redirects) => {
                redirects.iter().try_for_each(|redirect| self.redirect(redirect))?;
                self.run(node)
            }
            Node::Subshell(node, redirects) => {
                redirects.iter().try_for_each(|redirect| self.redirect(redirect))?;
                self.perhaps(node)?;
                Ok(Outcome::Unknown)
            }
            Node::If(branches, last) => self.branches(branches, last.as_deref()),
            Node::Each(name, body) => {
                self.known.remove(name);
                self.perhaps(body)?;
                Ok(Outcome::Unknown)
            }
            Node::Perhaps(nodes) => {
                nodes.iter().try_for_each(|node| self.perhaps(node))?;
                Ok(Outcome::Unknown)
            }
            Node::Function(name, body) => {
                let (known, alternatives) = (self.known.clone(), self.alternatives.len());
                let harmless = self.perhaps(body).is_ok() && self.alternatives.len() == alternatives;
                self.alternatives.truncate(alternatives);
                // What it sets is only set where it is called.
                self.known.retain(|name, value| known.get(name) == Some(value));
                self.functions.insert(name.clone(), harmless);
                Ok(Outcome::Yes)
            }
        }
    }

    /// What may be run, or not.
    fn perhaps(&mut self, node: &Node) -> Result<(), Needed> {
        if self.perhaps > DEEPEST {
            return Err(Needed("it is nested too deep".to_owned()));
        }
        self.perhaps += 1;
        let ran = self.run(node);
        self.perhaps -= 1;
        ran.map(drop)
    }

    fn chain(&mut self, first: &Node, rest: &[(Join, Node)]) -> Result<Outcome, Needed> {
        let mut outcome = self.run(first)?;
        for (join, node) in rest {
            outcome = match (join, outcome) {
                (Join::And, Outcome::No) | (Join::Or, Outcome::Yes) => outcome,
                (_, Outcome::Unknown) => {
                    self.perhaps(node)?;
                    Outcome::Unknown
                }
                _ => self.run(node)?,
            };
        }
        Ok(outcome)
    }

    fn branches(&mut self, branches: &[(Node, Node)], last: Option<&Node>) -> Result<Outcome, Needed> {
        let mut certain = true;
        for (condition, body) in branches {
            match self.run(condition)? {
                Outcome::No => {}
                Outcome::Yes if certain => return self.run(body),
                Outcome::Yes => {
                    self.perhaps(body)?;
                    return Ok(Outcome::Unknown);
                }
                Outcome::Unknown => {
                    self.perhaps(body)?;
                    certain = false;
                }
            }
        }
        match last {
            Some(last) if certain => self.run(last),
            Some(last) => self.perhaps(last).map(|()| Outcome::Unknown),
            None => Ok(if certain { Outcome::Yes } else { Outcome::Unknown }),
        }
    }

    /// Output may go nowhere or to the user, and input may come from anywhere.
    fn redirect(&self, redirect: &shell::Redirect) -> Result<(), Needed> {
        let target = self.text(&redirect.target);
        match (redirect.operator, target.as_deref()) {
            ("<" | "<<" | "<<-" | "<<<", _) | (_, Some("/dev/null" | "/dev/stderr" | "/dev/stdout" | "1" | "2")) => {
                Ok(())
            }
            (_, target) => Err(Needed(format!("it writes {}", target.unwrap_or("a file")))),
        }
    }

    fn command(&mut self, words: &[Option<String>]) -> Result<Outcome, Needed> {
        let name = words[0].as_deref().unwrap_or("a program that isn't known");
        let arguments = &words[1..];
        let first = arguments.first().and_then(Option::as_deref).unwrap_or_default();
        match self.functions.get(name) {
            Some(true) => return Ok(Outcome::Unknown),
            Some(false) => return Err(Needed(shown(words))),
            None => {}
        }
        match FOLDERS.iter().find_map(|folder| name.strip_prefix(folder)).unwrap_or(name) {
            "[" | "[[" | "test" => {
                let end = arguments.len() - usize::from(name != "test" && !arguments.is_empty());
                Ok(test(&arguments[..end]))
            }
            "true" | ":" | "set" => Ok(Outcome::Yes),
            "false" => Ok(Outcome::No),
            "exit" | "return" => {
                self.ended = self.perhaps == 0;
                Ok(Outcome::Yes)
            }
            "command" if first != "-v" && first != "-V" => Err(Needed(shown(words))),
            "dpkg" if first == "--compare-versions" => Ok(compare(&arguments[1..])),
            "dpkg" if first == "--print-architecture" => Ok(Outcome::Unknown),
            "dpkg-divert" if merges_usr(arguments) => Ok(Outcome::Yes),
            // Of a registry that a first installation has nothing in.
            "ucf" if matches!(first, "-p" | "--purge") => Ok(Outcome::Yes),
            // Configuration that an older version left behind.
            "rm" if self.before && arguments.iter().all(|word| word.as_deref().is_some_and(is_old)) => Ok(Outcome::Yes),
            "dpkg-statoverride" if first == "--list" => Ok(Outcome::Unknown),
            "update-alternatives" => self.alternative(words).map(|()| Outcome::Unknown),
            program if HARMLESS.contains(&program) => Ok(Outcome::Unknown),
            _ => Err(Needed(shown(words))),
        }
    }

    fn alternative(&mut self, words: &[Option<String>]) -> Result<(), Needed> {
        let known: Option<Vec<&str>> = words[1..].iter().map(Option::as_deref).collect();
        let known = known.ok_or_else(|| Needed(shown(words)))?;
        if known.contains(&"--install") {
            let found = Alternative::read(&known).ok_or_else(|| Needed(shown(words)))?;
            self.alternatives.push(found);
        }
        // All else takes away, or asks.
        Ok(())
    }

    /// What is run to get a word is run, too.
    fn substitutions(&mut self, word: &Word) -> Result<(), Needed> {
        for piece in word {
            match piece {
                Piece::Command { script, .. } => {
                    let odd = |odd: shell::Unread| Needed(format!("it can't be read: {}", odd.0));
                    self.perhaps(&shell::read(script).map_err(odd)?)?;
                }
                Piece::Variable { after, .. } if after.contains(['`', '(']) => {
                    return Err(Needed(format!("it runs {}", after.chars().take(100).collect::<String>())));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn text(&self, word: &Word) -> Option<String> {
        let piece = |piece: &Piece| match piece {
            Piece::Text { text, .. } => Some(text.clone()),
            Piece::Variable { name, after, .. } if after.is_empty() => self.known.get(name).cloned(),
            _ => None,
        };
        word.iter().map(piece).collect()
    }
}

fn shown(words: &[Option<String>]) -> String {
    let words: Vec<_> = words.iter().map(|word| word.as_deref().unwrap_or("…")).collect();
    words.join(" ").chars().take(120).collect()
}

/// Diversions that keep files which moved to /usr from being lost on upgrades.
/// `-f`, or a file of a system's configuration.
fn is_old(word: &str) -> bool {
    word == "-f" || (word.starts_with("/etc/") && !word.contains(".."))
}

fn merges_usr(arguments: &[Option<String>]) -> bool {
    arguments.iter().flatten().any(|argument| argument.ends_with(".usr-is-merged"))
}

/// `dpkg --compare-versions`, with what may be the empty version of a first installation.
fn compare(arguments: &[Option<String>]) -> Outcome {
    let arguments: Vec<_> = arguments.iter().map(Option::as_deref).collect();
    match arguments[..] {
        // No version is earlier than any, unless it is said to count as later.
        [Some(""), Some("lt" | "le" | "ne" | "gt-nl" | "ge-nl"), Some(other)] if !other.is_empty() => Outcome::Yes,
        [Some(""), Some("gt" | "ge" | "eq" | "lt-nl" | "le-nl"), Some(other)] if !other.is_empty() => Outcome::No,
        _ => Outcome::Unknown,
    }
}

/// `test`, as far as it is about texts. Files may be there or not.
fn test(words: &[Option<String>]) -> Outcome {
    if words.len() > LONGEST {
        return Outcome::Unknown;
    }
    let is = |at: usize, operator: &str| words[at].as_deref() == Some(operator);
    if let Some(at) = (1..words.len()).find(|at| is(*at, "-o")) {
        return match (test(&words[..at]), test(&words[at + 1..])) {
            (Outcome::Yes, _) | (_, Outcome::Yes) => Outcome::Yes,
            (Outcome::No, Outcome::No) => Outcome::No,
            _ => Outcome::Unknown,
        };
    }
    if let Some(at) = (1..words.len()).find(|at| is(*at, "-a")) {
        return match (test(&words[..at]), test(&words[at + 1..])) {
            (Outcome::No, _) | (_, Outcome::No) => Outcome::No,
            (Outcome::Yes, Outcome::Yes) => Outcome::Yes,
            _ => Outcome::Unknown,
        };
    }
    let words: Vec<_> = words.iter().map(Option::as_deref).collect();
    match words[..] {
        [Some("!"), ..] => test(&words[1..].iter().map(|w| w.map(str::to_owned)).collect::<Vec<_>>()).not(),
        [Some("-n"), Some(text)] => (!text.is_empty()).into(),
        [Some("-z"), Some(text)] => text.is_empty().into(),
        [Some(left), Some("=" | "=="), Some(right)] => (left == right).into(),
        [Some(left), Some("!="), Some(right)] => (left != right).into(),
        _ => Outcome::Unknown,
    }
}
