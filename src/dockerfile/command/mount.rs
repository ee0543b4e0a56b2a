//! A mount: `RUN --mount=type=cache,target=…`, and `--device` beside it.

use crate::dockerfile::chars::lower;
use crate::dockerfile::error::Trouble;
use crate::dockerfile::flags::boolean;
use crate::dockerfile::problem::Problem;

const TYPES: &[&str] = &["bind", "cache", "tmpfs", "secret", "ssh"];

/// A mount whose variables are expanded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::dockerfile) struct Mount {
    /// `bind` where none is stated.
    pub(in crate::dockerfile) kind: String,
    pub(in crate::dockerfile) from: String,
    pub(in crate::dockerfile) source: String,
    pub(in crate::dockerfile) target: String,
    id: String,
    sharing: String,
    /// `mode`, `uid` or `gid`, whichever is stated first of these.
    owner: Option<&'static str>,
}

fn wrong(value: &str, why: impl Into<String>) -> Trouble {
    let problem = Problem::FlagValue { flag: "--mount", value: value.to_owned(), why: why.into() };
    problem.into()
}

impl Mount {
    /// Checks what can be checked before variables are known: its commas and quotes, and that `from` has no variable.
    pub(super) fn check(text: &str) -> Result<(), Trouble> {
        for field in fields(text).ok_or_else(|| wrong(text, "its quotes are not closed, or not those of a list"))? {
            let Some((key, value)) = field.split_once('=') else { continue };
            // A dollar at the end is none.
            let variable = value.find('$').is_some_and(|at| at + 1 < value.len());
            if lower(key) == "from" && variable {
                return Err(Problem::FromVariable(value.to_owned()).into());
            }
        }
        Ok(())
    }

    /// The value of `from` before anything is expanded, which is all that may stand there.
    pub(in crate::dockerfile) fn from_of(text: &str) -> String {
        let from = |field: &String| {
            let (key, value) = field.split_once('=')?;
            (lower(key) == "from").then(|| value.to_owned())
        };
        fields(text).unwrap_or_default().iter().rev().find_map(from).unwrap_or_default()
    }

    /// Reads it, each value through `expand`.
    pub(in crate::dockerfile) fn parse<F>(text: &str, mut expand: F) -> Result<Self, Trouble>
    where
        F: FnMut(&str) -> Result<String, Trouble>,
    {
        let mut mount = Self { kind: "bind".to_owned(), ..Self::default() };
        for field in fields(text).unwrap_or_default() {
            match field.split_once('=') {
                Some((key, value)) => mount.set(&lower(key), &field, &expand(value)?)?,
                None => mount.mention(&field)?,
            }
        }
        mount.consistent(text)?;
        Ok(mount)
    }

    fn mention(&self, field: &str) -> Result<(), Trouble> {
        match lower(field).as_str() {
            "readonly" | "ro" | "readwrite" | "rw" => Ok(()),
            "required" if self.is_secret() => Ok(()),
            "required" => Err(wrong(field, format!("a mount of type {} has none", self.kind))),
            _ => Err(wrong(field, "it needs a value")),
        }
    }

    fn is_secret(&self) -> bool {
        matches!(self.kind.as_str(), "secret" | "ssh")
    }

    fn set(&mut self, key: &str, field: &str, value: &str) -> Result<(), Trouble> {
        let truth = || boolean(value).map(drop).ok_or_else(|| wrong(field, "it is neither true nor false"));
        let other_type = |kind: &str| wrong(field, format!("a mount of type {kind} has none"));
        match key {
            "type" => {
                self.kind = lower(value);
                let why = || format!("it is one of {}", TYPES.join(", "));
                TYPES.contains(&self.kind.as_str()).then_some(()).ok_or_else(|| wrong(field, why()))?;
            }
            "from" => value.clone_into(&mut self.from),
            "source" | "src" => value.clone_into(&mut self.source),
            "target" | "dst" | "destination" => value.clone_into(&mut self.target),
            "readonly" | "ro" | "readwrite" | "rw" => truth()?,
            "required" if self.is_secret() => truth()?,
            "size" if self.kind == "tmpfs" => {
                size(value).ok_or_else(|| wrong(field, "it is not a size such as 64m"))?;
            }
            "required" | "size" => return Err(other_type(&self.kind)),
            "id" => value.clone_into(&mut self.id),
            "sharing" => {
                self.sharing = lower(value);
                let known = matches!(self.sharing.as_str(), "shared" | "private" | "locked");
                known.then_some(()).ok_or_else(|| wrong(field, "it is one of shared, private, locked"))?;
            }
            "mode" => self.own("mode", number(value, 8), field)?,
            "uid" => self.own("uid", number(value, 10), field)?,
            "gid" => self.own("gid", number(value, 10), field)?,
            "env" => {}
            _ => return Err(wrong(field, "no mount has such an option")),
        }
        Ok(())
    }

    fn own(&mut self, key: &'static str, number: Option<u32>, field: &str) -> Result<(), Trouble> {
        number.ok_or_else(|| wrong(field, "it is not a number"))?;
        self.owner.get_or_insert(key);
        Ok(())
    }

    fn consistent(&self, text: &str) -> Result<(), Trouble> {
        let kind = self.kind.as_str();
        if let Some(key) = self.owner.filter(|_| !matches!(kind, "secret" | "ssh" | "cache")) {
            return Err(wrong(text, format!("a mount of type {kind} has no {key}")));
        }
        if !self.sharing.is_empty() && kind != "cache" {
            return Err(wrong(text, format!("a mount of type {kind} has no sharing")));
        }
        if kind == "ssh" && !self.source.is_empty() {
            return Err(wrong(text, "a mount of type ssh has no source"));
        }
        if kind != "secret" {
            return Ok(());
        }
        match (self.from.is_empty(), self.source.is_empty(), self.target.is_empty(), self.id.is_empty()) {
            (false, ..) => Err(wrong(text, "a mount of type secret has no from")),
            (_, true, true, true) => Err(wrong(text, "a secret needs an id or a target")),
            (_, false, _, false) => Err(wrong(text, "a secret has either a source or an id")),
            _ => Ok(()),
        }
    }
}

/// Checks `--device=NAME,required`.
pub(super) fn check_device(text: &str) -> Result<(), Trouble> {
    let wrong = |why: &str| {
        let problem = Problem::FlagValue { flag: "--device", value: text.to_owned(), why: why.to_owned() };
        Trouble::from(problem)
    };
    let mut named = false;
    for field in fields(text).ok_or_else(|| wrong("its quotes are not closed, or not those of a list"))? {
        match field.split_once('=').map_or((lower(&field), None), |(key, value)| (lower(key), Some(value))) {
            (key, None) if key == "required" => {}
            (key, Some(value)) if key == "required" => {
                boolean(value).ok_or_else(|| wrong("required is neither true nor false"))?;
            }
            _ if named => return Err(wrong("it has only a name and 'required'")),
            (key, Some(value)) if key == "name" => named = !value.is_empty(),
            _ => named = !field.is_empty(),
        }
    }
    Ok(())
}

/// The fields of a line of comma-separated values, where it is one.
fn fields(text: &str) -> Option<Vec<String>> {
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if text.is_empty() {
        return None;
    }
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let Some(mut quoted) = rest.strip_prefix('"') else {
            let (field, after) = rest.split_once(',').map_or((rest, None), |(field, after)| (field, Some(after)));
            if field.contains('"') {
                return None;
            }
            fields.push(field.to_owned());
            match after {
                Some(after) => rest = after,
                None => return Some(fields),
            }
            continue;
        };
        let mut field = String::new();
        loop {
            let (part, after) = quoted.split_once('"')?;
            field.push_str(part);
            let Some(more) = after.strip_prefix('"') else {
                quoted = after;
                break;
            };
            field.push('"');
            quoted = more;
        }
        fields.push(field);
        match quoted.strip_prefix(',') {
            Some(after) => rest = after,
            None if quoted.is_empty() => return Some(fields),
            None => return None,
        }
    }
}

fn number(text: &str, radix: u32) -> Option<u32> {
    u32::from_str_radix(text, radix).ok().filter(|_| !text.starts_with('+'))
}

/// Whether a text is a size in bytes: a number, and perhaps a unit such as `m`, `mb` or `MiB`.
fn size(text: &str) -> Option<()> {
    let last = text.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' '))?;
    let suffix = &text[last + 1..];
    let number = if text[last..].starts_with(' ') { &text[..last] } else { &text[..=last] };
    number.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0)?;
    let suffix = lower(suffix);
    let unit = suffix.strip_suffix("ib").or_else(|| suffix.strip_suffix('b')).unwrap_or(&suffix);
    (suffix.is_empty() || suffix == "b" || matches!(unit, "k" | "m" | "g" | "t" | "p")).then_some(())
}
