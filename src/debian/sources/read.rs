//! A reader of apt's configuration, in both of its forms.

use super::super::stanza::Stanza;
use super::{Expiry, Signer, Source, dated};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One line a source: `sources.list`, `*.list`.
    Lines,
    /// One stanza for several: `*.sources`.
    Stanzas,
}

impl Form {
    /// The form of a file with this name; none where apt would not read it.
    pub fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1 {
            "list" => Some(Self::Lines),
            "sources" => Some(Self::Stanzas),
            _ => None,
        }
    }
}

/// What in a configuration of apt is no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no source of packages: {reason}")]
pub struct Unreadable {
    /// What was read.
    pub text: String,
    /// Why it is none.
    pub reason: &'static str,
}

/// The sources of binary packages in a text. Those that are switched off, those of a form that no release has (a flat
/// folder, a disc) and those that no HTTP leads to are left out.
pub fn read(form: Form, text: &str) -> Result<Vec<Source>, Unreadable> {
    match form {
        Form::Lines => {
            let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
            let sources = lines.filter(|line| !line.is_empty()).map(line);
            Ok(sources.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        }
        Form::Stanzas => {
            let sources = Stanza::all(text).into_iter().map(|stanza| self::stanza(&stanza));
            Ok(sources.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        }
    }
}

/// `deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://archive.example/debian trixie main`
fn line(line: &str) -> Result<Vec<Source>, Unreadable> {
    let wrong = |reason| Unreadable { text: line.to_owned(), reason };
    let (kind, rest) = line.split_once([' ', '\t']).ok_or_else(|| wrong("it has no address"))?;
    match kind {
        "deb" => {}
        "deb-src" => return Ok(Vec::new()),
        _ => return Err(wrong("it begins with neither deb nor deb-src")),
    }
    let rest = rest.trim();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']').ok_or_else(|| wrong("its options have no end"))?,
        None => ("", rest),
    };
    let option = |name: &str| {
        let found = options.split_ascii_whitespace().filter_map(|option| option.split_once('='));
        found.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next_back()
    };
    let mut words = rest.split_ascii_whitespace();
    let uri = words.next().ok_or_else(|| wrong("it has no address"))?;
    let suite = words.next().ok_or_else(|| wrong("it has no release"))?;
    let terms = Terms {
        components: words.map(str::to_owned).collect(),
        architectures: option("arch").map(|list| list.split(',').map(str::to_owned).collect()).unwrap_or_default(),
        signer: signer(option("signed-by")),
        expiry: option("check-valid-until"),
    };
    Ok(terms.sources(&[uri.to_owned()], &[suite.to_owned()]))
}

fn stanza(stanza: &Stanza<'_>) -> Result<Vec<Source>, Unreadable> {
    let is_off = stanza.get("Enabled").is_some_and(|value| !is_yes(value));
    if is_off || !stanza.words("Types").iter().any(|kind| kind == "deb") {
        return Ok(Vec::new());
    }
    let (uris, suites) = (stanza.words("URIs"), stanza.words("Suites"));
    let missing = [(&uris, "it has no URIs"), (&suites, "it has no Suites")];
    if let Some((_, reason)) = missing.into_iter().find(|(words, _)| words.is_empty()) {
        let text = stanza.get("URIs").or(stanza.get("Suites")).unwrap_or_default().to_owned();
        return Err(Unreadable { text, reason });
    }
    let key = stanza.lines("Signed-By").any(|line| !line.is_empty() && !line.starts_with('/'));
    let terms = Terms {
        components: stanza.words("Components"),
        architectures: stanza.words("Architectures"),
        signer: if key { Signer::Other } else { signer(stanza.get("Signed-By")) },
        expiry: stanza.get("Check-Valid-Until"),
    };
    Ok(terms.sources(&uris, &suites))
}

/// What several sources have in common.
struct Terms<'a> {
    components: Vec<String>,
    architectures: Vec<String>,
    signer: Signer,
    expiry: Option<&'a str>,
}

impl Terms<'_> {
    fn sources(&self, uris: &[String], suites: &[String]) -> Vec<Source> {
        let every = suites.iter().flat_map(|suite| uris.iter().map(move |uri| (uri, suite)));
        every.filter_map(|(uri, suite)| self.source(uri, suite)).collect()
    }

    fn source(&self, uri: &str, suite: &str) -> Option<Source> {
        let is_http = ["http://", "https://"].iter().any(|scheme| uri.starts_with(scheme));
        // A suite with a slash at its end is a folder without a release, and one without components as well.
        if !is_http || suite.ends_with('/') || self.components.is_empty() {
            return None;
        }
        let uri = uri.trim_end_matches('/').to_owned();
        let is_past = dated(&uri) || self.expiry.is_some_and(|value| !is_yes(value));
        Some(Source {
            expiry: if is_past { Expiry::Expected } else { Expiry::Refused },
            uri,
            suite: suite.to_owned(),
            components: self.components.clone(),
            architectures: self.architectures.clone(),
            signer: self.signer,
        })
    }
}

/// By the name of a keyring's file; a fingerprint may be anybody's.
fn signer(keyring: Option<&str>) -> Signer {
    match keyring {
        None => Signer::Unsaid,
        Some(path) if path.rsplit('/').next().is_some_and(|name| name.starts_with("debian-archive-")) => Signer::Debian,
        Some(_) => Signer::Other,
    }
}

/// As apt reads switches.
fn is_yes(value: &str) -> bool {
    !["no", "false", "without", "off", "disable", "0"].iter().any(|no| value.eq_ignore_ascii_case(no))
}
