//! One requirement, as a list of dependencies or a line of a requirements file writes it.

use std::str::FromStr;

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};

use super::paths;

/// What is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// The package; `None` where only its contents say.
    pub(crate) name: Option<String>,
    /// The extras, normalised and sorted.
    pub(crate) extras: Vec<String>,
    /// The versions that are allowed.
    pub(crate) specifiers: Option<VersionSpecifiers>,
    /// Where it comes from, if not from an index.
    pub(crate) origin: Origin,
    /// The text of the environment marker.
    pub(crate) marker: Option<String>,
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An index.
    Index,
    /// A URL, also of a version control system.
    Url,
    /// A path, as it is written.
    Path(String),
}

/// A name by PEP 503: lower case, with `-` for each run of `-`, `_` and `.`.
pub(crate) fn normalise(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// The normalised name that a text begins with.
pub(crate) fn name_of(text: &str) -> Option<String> {
    let text = text.trim_start();
    let end = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
    let name = text.get(..end)?.trim_end_matches(['-', '_', '.']);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()).then(|| normalise(name))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

impl Requirement {
    /// Reads a requirement; the text of what is wrong where it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((target, marker)) = location(text) {
            return Ok(Self::of_location(target, marker));
        }
        let (body, marker) = text.split_once(';').map_or((text, None), |(body, marker)| (body, Some(marker)));
        let end = body.find(|c: char| !is_name(c)).unwrap_or(body.len());
        let (name, rest) = body.split_at(end);
        if !valid(name) {
            return Err(match name.chars().next().or(body.chars().next()) {
                Some(c) if name.is_empty() => format!("a package's name can't begin with `{c}`"),
                Some(_) => format!("`{name}` is not a package's name"),
                None => "there is no package's name".to_owned(),
            });
        }
        let (extras, rest) = extras(rest.trim_start())?;
        let rest = rest.trim();
        if let Some(url) = rest.strip_prefix('@') {
            // `;` may stand in a URL, so that a marker needs a space before it.
            let url = text.split_once('@').map_or(url, |(_, url)| url).trim();
            let (target, marker) = split_marker(url);
            if target.is_empty() {
                return Err("a URL is missing after `@`".to_owned());
            }
            let origin = if is_url(target) { Origin::Url } else { Origin::Path(target.to_owned()) };
            let marker = marker.map(str::to_owned);
            return Ok(Self { name: Some(normalise(name)), extras, specifiers: None, origin, marker });
        }
        let specifiers = specifiers(rest)?;
        let marker = marker.map(|marker| marker.trim().to_owned());
        Ok(Self { name: Some(normalise(name)), extras, specifiers, origin: Origin::Index, marker })
    }

    /// A URL or a path without a name before it, as `-e` and pip's own lines write it.
    pub(crate) fn of_location(target: &str, marker: Option<&str>) -> Self {
        let (target, extras) = match target.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
            Some((target, names)) if names.split(',').all(|name| valid(name.trim())) => (target, sorted(names)),
            _ => (target, Vec::new()),
        };
        let url = is_url(target);
        let egg = target.split_once("#egg=").or_else(|| target.split_once("&egg="));
        let file = target.split(['#', '?']).next().unwrap_or_default();
        let name = match egg {
            Some((_, egg)) => name_of(egg),
            None => wheel(paths::file_name(file)).map(|(name, _)| name),
        };
        let version = wheel(paths::file_name(file)).map(|(_, version)| format!("=={version}"));
        let origin = match target.strip_prefix("file:") {
            Some(path) => Origin::Path(path.trim_start_matches("//localhost").trim_start_matches("//").to_owned()),
            None if url => Origin::Url,
            None => Origin::Path(target.to_owned()),
        };
        let specifiers = version.and_then(|version| VersionSpecifiers::from_str(&version).ok());
        Self { name, extras, specifiers, origin, marker: marker.map(|marker| marker.trim().to_owned()) }
    }

    /// The only version that is allowed, if there is only one.
    pub(crate) fn pinned(&self) -> Option<String> {
        let exact = |op: &Operator| matches!(op, Operator::Equal | Operator::ExactEqual);
        let pin = self.specifiers.as_ref()?.iter().find(|specifier| exact(specifier.operator()))?;
        Some(pin.version().to_string())
    }

    /// The lowest version that every allowed one is older than, where they have such a bound.
    pub(crate) fn below(&self) -> Option<String> {
        // `~=4.1.7` and `==4.1.*` stay in the series 4.1.
        let behind = |series: &[u64]| {
            let (last, before) = series.split_last()?;
            Some(Version::new(before.iter().copied().chain([last + 1])))
        };
        let bound = |specifier: &VersionSpecifier| {
            let version = specifier.version();
            match specifier.operator() {
                Operator::LessThan => Some(version.clone()),
                Operator::TildeEqual => behind(version.release().split_last()?.1),
                Operator::EqualStar => behind(version.release()),
                _ => None,
            }
        };
        self.specifiers.as_ref()?.iter().filter_map(bound).min().map(|version| version.to_string())
    }
}

/// The name and version that a wheel's file name carries.
pub(crate) fn wheel(file: &str) -> Option<(String, String)> {
    let mut parts = file.strip_suffix(".whl")?.split('-');
    let (name, version) = (parts.next()?, parts.next()?);
    (valid(name) && parts.count() >= 3).then(|| (normalise(name), version.replace("%2B", "+")))
}

fn valid(name: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    name.starts_with(ends) && name.ends_with(ends) && name.chars().all(is_name)
}

/// A requirement that is a URL or a path only, with its marker.
fn location(text: &str) -> Option<(&str, Option<&str>)> {
    let (target, marker) = split_marker(text);
    if is_url(target) {
        return Some((target, marker));
    }
    // pip takes what has a separator in it, or is an archive, for a path; a name before an `@` makes it none.
    let named = target.split_once('@').is_some_and(|(name, _)| valid(name.split('[').next().unwrap_or(name).trim()));
    let (target, marker) = text.split_once(';').map_or((text, None), |(target, marker)| (target.trim(), Some(marker)));
    let plain = target.split_once('[').map_or(target, |(target, _)| target);
    let archive = [".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz", ".tar.xz", ".tar"].iter().any(|e| plain.ends_with(e));
    let path = plain.starts_with('.') || plain.contains(['/', '\\']) || archive;
    (path && !named && !plain.contains(['=', '<', '>', '~'])).then_some((target, marker))
}

/// Before a marker a URL needs a space, since it may hold a semicolon itself.
fn split_marker(text: &str) -> (&str, Option<&str>) {
    let split = text.split_once(" ;").or_else(|| text.split_once("; "));
    split.map_or((text, None), |(target, marker)| (target.trim(), Some(marker.trim())))
}

fn is_url(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        let word = scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        let begins = scheme.len() > 1 && scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        begins && word && (rest.starts_with("//") || scheme == "file")
    })
}

fn extras(text: &str) -> Result<(Vec<String>, &str), String> {
    let Some(rest) = text.strip_prefix('[') else { return Ok((Vec::new(), text)) };
    let (names, rest) = rest.split_once(']').ok_or("a `]` is missing after the extras")?;
    if let Some(bad) = names.split(',').map(str::trim).find(|name| !valid(name) && !names.trim().is_empty()) {
        return Err(format!("`{bad}` is not the name of an extra"));
    }
    Ok((sorted(names), rest))
}

fn sorted(names: &str) -> Vec<String> {
    let mut names: Vec<_> = names.split(',').map(normalise).map(|n| n.trim().to_owned()).collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

fn specifiers(text: &str) -> Result<Option<VersionSpecifiers>, String> {
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text).trim();
    if inner.is_empty() {
        return Ok(None);
    }
    if !inner.starts_with(['<', '>', '=', '!', '~']) {
        return Err(if inner.starts_with(|c: char| c.is_ascii_digit()) {
            format!("a comparison is missing before `{inner}`")
        } else {
            format!("`{inner}` follows the name, which is neither a version nor a marker")
        });
    }
    if inner.starts_with('=') && !inner.starts_with("==") {
        return Err(format!("`{inner}` compares with a single `=`"));
    }
    VersionSpecifiers::from_str(inner).map(Some).map_err(|_| format!("`{inner}` is not a version specifier"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parts(text: &str) -> (Option<String>, Vec<String>, Option<String>, Origin, Option<String>) {
        let r = Requirement::parse(text).unwrap();
        let pinned = r.pinned();
        (r.name, r.extras, pinned, r.origin, r.marker)
    }

    #[test]
    fn names_extras_versions_and_markers() {
        let (name, extras, pinned, _, marker) = parts("Zope.Interface [B,a_a] == 5.0 ; python_version < '4'");
        assert_eq!(name.as_deref(), Some("zope-interface"));
        assert_eq!(extras, ["a-a", "b"]);
        assert_eq!((pinned.as_deref(), marker.as_deref()), (Some("5.0"), Some("python_version < '4'")));
        assert_eq!(parts("a>=1,<2").2, None);
        assert_eq!(parts("a (>=1,==1.5)").2.as_deref(), Some("1.5"));
        assert_eq!(parts("a==1.*").2, None);
        assert_eq!(parts("a[]").1, Vec::<String>::new());
    }

    #[test]
    fn bounds() {
        let below = |text: &str| Requirement::parse(text).unwrap().below();
        for (text, bound) in [
            ("a<4", Some("4")),
            ("a>=3,<4.2,<5", Some("4.2")),
            ("a~=4.1", Some("5")),
            ("a~=4.1.7", Some("4.2")),
            ("a==4.1.*", Some("4.2")),
            ("a>=3,!=4", None),
            ("a==4", None),
            ("a", None),
        ] {
            assert_eq!(below(text).as_deref(), bound, "{text}");
        }
    }

    #[test]
    fn urls_and_paths() {
        for (text, name, origin) in [
            ("a @ git+https://git.example/a@v1", Some("a"), Origin::Url),
            ("a[x]@https://index.example/a-1.tar.gz#sha256=0 ; os_name == 'posix'", Some("a"), Origin::Url),
            ("git+https://git.example/r.git@main#egg=My_Egg&subdirectory=x", Some("my-egg"), Origin::Url),
            ("git+ssh://git@git.example/r.git", None, Origin::Url),
            ("https://index.example/b-1.2-py3-none-any.whl", Some("b"), Origin::Url),
            ("./lib[dev]", None, Origin::Path("./lib".into())),
            (".", None, Origin::Path(".".into())),
            ("wheels/b-1.2-py3-none-any.whl", Some("b"), Origin::Path("wheels/b-1.2-py3-none-any.whl".into())),
            ("file:lib", None, Origin::Path("lib".into())),
            ("file:///srv/lib", None, Origin::Path("/srv/lib".into())),
            ("a @ ./lib", Some("a"), Origin::Path("./lib".into())),
        ] {
            let found = parts(text);
            assert_eq!((found.0.as_deref(), found.3), (name, origin), "{text}");
        }
        assert_eq!(parts("b-1.2-py3-none-any.whl").2.as_deref(), Some("1.2"));
    }

    #[test]
    fn what_is_no_requirement_says_why() {
        for (text, why) in [
            ("a=1", "`=1` compares with a single `=`"),
            ("a 1.0", "a comparison is missing before `1.0`"),
            ("a==", "`==` is not a version specifier"),
            ("a[x", "a `]` is missing after the extras"),
            ("a[-]", "`-` is not the name of an extra"),
            ("a-", "`a-` is not a package's name"),
            ("!a", "a package's name can't begin with `!`"),
            ("a @", "a URL is missing after `@`"),
            ("<<<<<<< HEAD", "a package's name can't begin with `<`"),
            ("pip install a", "`install a` follows the name, which is neither a version nor a marker"),
        ] {
            assert_eq!(Requirement::parse(text).unwrap_err(), why, "{text}");
        }
    }
}
