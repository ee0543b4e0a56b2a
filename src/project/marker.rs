//! An environment marker, judged for the image.
//!
//! Grammar: <https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers>

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifier};

use super::PythonVersion;

/// Deeper than any marker that a person or a tool writes; what bounds the recursion.
const DEPTH: usize = 32;

/// The interpreter and system for which dependencies are chosen: `CPython` on Linux, on any machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    python: PythonVersion,
    machine: Option<&'static str>,
    extras: Extras,
}

/// The machine, where these are one alone.
pub(crate) fn only(machines: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    let mut machines = machines.into_iter();
    machines.next().filter(|_| machines.next().is_none())
}

/// What a marker is told of extras.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extras {
    /// None is asked for.
    Unasked,
    /// Whichever it names is asked for.
    Asked,
}

/// Stands for an extra that is asked for, whatever its name.
const ANY: &str = "\0";

/// The machines that images are built for, by their `platform_machine`.
pub(crate) const MACHINES: [&str; 2] = ["x86_64", "aarch64"];

impl Target {
    /// The image's Python.
    pub(crate) fn new(python: PythonVersion) -> Self {
        Self { python, machine: None, extras: Extras::Unasked }
    }

    /// The image's Python.
    pub(crate) fn python(self) -> PythonVersion {
        self.python
    }

    /// The same on one machine, by its `platform_machine`.
    pub(crate) fn on(self, machine: &'static str) -> Self {
        Self { machine: Some(machine), ..self }
    }

    /// The version of the image's Python: its newest patch release, whichever that is.
    pub(crate) fn full_version(self) -> Version {
        Version::new([u64::from(self.python.major), u64::from(self.python.minor), 99])
    }

    /// The same where the extra that a marker names is asked for.
    pub(crate) fn for_extra(self) -> Self {
        Self { extras: Extras::Asked, ..self }
    }

    /// Whether the marker holds on any machine, or on the one that was chosen; the text of what is wrong where it is not
    /// a marker.
    pub(crate) fn holds(self, marker: &str) -> Result<bool, String> {
        if let Some(machine) = self.machine {
            return self.judge(marker, machine);
        }
        // An image may be built for either machine: what one of them needs is needed.
        MACHINES.into_iter().try_fold(false, |held, machine| Ok(self.judge(marker, machine)? || held))
    }

    fn judge(self, marker: &str, machine: &'static str) -> Result<bool, String> {
        let mut parser = Parser { rest: marker, target: self, machine };
        let value = parser.any(DEPTH)?;
        match parser.peek() {
            None => Ok(value),
            Some(c) => Err(format!("found `{c}` where the marker should end")),
        }
    }

    fn value(self, variable: &str, machine: &str) -> Option<String> {
        let PythonVersion { major, minor } = self.python;
        Some(match variable {
            "python_version" => format!("{major}.{minor}"),
            // Images carry the newest patch release, whichever that is.
            "python_full_version" | "implementation_version" => format!("{major}.{minor}.99"),
            "os_name" | "os.name" => "posix".to_owned(),
            "sys_platform" | "sys.platform" => "linux".to_owned(),
            "platform_system" => "Linux".to_owned(),
            "platform_machine" | "platform.machine" => machine.to_owned(),
            "platform_python_implementation" | "python_implementation" | "platform.python_implementation" => {
                "CPython".to_owned()
            }
            "implementation_name" => "cpython".to_owned(),
            "extra" | "extras" if self.extras == Extras::Asked => ANY.to_owned(),
            "platform_release" | "platform_version" | "platform.version" | "extra" | "extras" | "dependency_groups" => {
                String::new()
            }
            _ => return None,
        })
    }
}

struct Parser<'a> {
    rest: &'a str,
    target: Target,
    machine: &'static str,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn eat(&mut self, text: &str) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.strip_prefix(text).inspect(|rest| self.rest = rest).is_some()
    }

    fn word(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(word) {
            Some(rest) if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn any(&mut self, depth: usize) -> Result<bool, String> {
        let mut value = self.all(depth)?;
        while self.word("or") {
            value |= self.all(depth)?;
        }
        Ok(value)
    }

    fn all(&mut self, depth: usize) -> Result<bool, String> {
        let mut value = self.one(depth)?;
        while self.word("and") {
            value &= self.one(depth)?;
        }
        Ok(value)
    }

    fn one(&mut self, depth: usize) -> Result<bool, String> {
        if self.eat("(") {
            let depth = depth.checked_sub(1).ok_or("the marker is nested too deeply")?;
            let value = self.any(depth)?;
            return if self.eat(")") { Ok(value) } else { Err("a `)` is missing in the marker".to_owned()) };
        }
        let left = self.operand()?;
        let operator = self.operator()?;
        let right = self.operand()?;
        compare(&left, operator, &right)
    }

    fn operand(&mut self) -> Result<String, String> {
        if let Some(quote @ ('"' | '\'')) = self.peek() {
            let body = self.rest.get(1..).unwrap_or_default();
            let (value, rest) = body.split_once(quote).ok_or("a quote is not closed in the marker")?;
            self.rest = rest;
            return Ok(value.to_owned());
        }
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let value = self.target.value(name, self.machine);
        value.ok_or_else(|| format!("`{name}` is neither a quoted text nor a marker's variable"))
    }

    fn operator(&mut self) -> Result<&'a str, String> {
        const SIGNS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];
        if self.word("not") {
            return if self.word("in") { Ok("not in") } else { Err("`not` without `in` in the marker".to_owned()) };
        }
        if self.word("in") {
            return Ok("in");
        }
        SIGNS.into_iter().find(|sign| self.eat(sign)).ok_or_else(|| "a comparison is missing in the marker".to_owned())
    }
}

fn compare(left: &str, operator: &str, right: &str) -> Result<bool, String> {
    if left == ANY || right == ANY {
        return Ok(true);
    }
    match operator {
        "in" => return Ok(right.contains(left)),
        "not in" => return Ok(!right.contains(left)),
        _ => {}
    }
    if let (Ok(specifier), Ok(version)) =
        (VersionSpecifier::from_str(&format!("{operator}{right}")), Version::from_str(left))
    {
        return Ok(specifier.contains(&version));
    }
    match operator {
        "==" | "===" => Ok(left == right),
        "!=" => Ok(left != right),
        "<" => Ok(left < right),
        "<=" => Ok(left <= right),
        ">" => Ok(left > right),
        ">=" => Ok(left >= right),
        _ => Err(format!("`{operator}` compares versions, and these are none")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn holds(marker: &str) -> Result<bool, String> {
        Target::new(PythonVersion { major: 3, minor: 12 }).holds(marker)
    }

    #[test]
    fn judges_for_linux() {
        for yes in [
            "sys_platform == 'linux'",
            "sys_platform != \"win32\" and python_version >= '3.8'",
            "platform_machine == 'aarch64'",
            "(python_version < '3.9' or os_name=='posix')",
            "'3.9' <= python_version",
            "python_version in '3.11 3.12'",
            "python_full_version == '3.12.*'",
            "platform_python_implementation not in 'PyPy'",
            "python_version>'3.9'and'linux' in sys_platform",
        ] {
            assert_eq!(holds(yes), Ok(true), "{yes}");
        }
        for no in ["sys_platform == 'win32'", "python_version < '3'", "extra == 'dev'", "platform_machine == 'riscv64'"]
        {
            assert_eq!(holds(no), Ok(false), "{no}");
        }
    }

    #[test]
    fn an_extra_holds_where_it_is_asked_for() {
        let marker = "sys_platform == 'linux' and extra == 'dev'";
        assert_eq!(holds(marker), Ok(false));
        let asked = Target::new(PythonVersion { major: 3, minor: 12 }).for_extra();
        assert_eq!(asked.holds(marker), Ok(true));
        assert_eq!(asked.holds("sys_platform == 'win32' and extra == 'dev'"), Ok(false));
    }

    #[test]
    fn refuses_what_is_no_marker() {
        for bad in [
            "",
            "python",
            "python_version",
            "python_version >=",
            "os_name ~= 'x'",
            "'linux' ~= sys_platform",
            "os_name == 'x",
            "(os_name == 'x'",
            "os_name == 'x' os_name",
            "os_name not 'x'",
        ] {
            assert!(holds(bad).is_err(), "{bad}");
        }
        assert!(holds(&format!("{}os_name == 'x'", "(".repeat(100_000))).unwrap_err().contains("nested"));
    }
}
