//! A control file: what a package says of itself.
//!
//! <https://www.debian.org/doc/debian-policy/ch-controlfields.html>

use super::error::Fault;

/// The fields of a package's control file, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    fields: Vec<(String, String)>,
}

impl Control {
    /// Reads one paragraph, which must name package, version and architecture.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.trim_matches('\n').lines() {
            if line.starts_with([' ', '\t']) {
                if line.trim().is_empty() {
                    return Err(Fault::Control("it has an empty line"));
                }
                let (_, value) = fields.last_mut().ok_or(Fault::Control("it begins with a line that continues"))?;
                value.push('\n');
                value.push_str(line.trim_end());
            } else {
                let (name, value) = line.split_once(':').ok_or(Fault::Control("it has a line that is no field"))?;
                if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
                    return Err(Fault::Control("it has a field with no name"));
                }
                fields.push((name.to_owned(), value.trim().to_owned()));
            }
        }
        let control = Self { fields };
        let good = |field: &str, marks: &str| {
            let value = control.get(field).unwrap_or_default();
            let known = |b: u8| b.is_ascii_alphanumeric() || marks.as_bytes().contains(&b);
            // Each becomes part of a path.
            value.starts_with(|c: char| c.is_ascii_alphanumeric()) && value.bytes().all(known)
        };
        match () {
            () if !good("Package", "+-.") => Err(Fault::Control("it has no usable Package")),
            () if !good("Version", "+-.~:") => Err(Fault::Control("it has no usable Version")),
            () if !good("Architecture", "-") => Err(Fault::Control("it has no usable Architecture")),
            () => Ok(control),
        }
    }

    /// A field's value, its name in any case.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, value)| value.as_str())
    }

    /// All fields, in the file's order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The package's name.
    pub fn package(&self) -> &str {
        self.get("Package").unwrap_or_default()
    }

    /// Its version.
    pub fn version(&self) -> &str {
        self.get("Version").unwrap_or_default()
    }

    /// Its architecture, or `all`.
    pub fn architecture(&self) -> &str {
        self.get("Architecture").unwrap_or_default()
    }

    /// The names in a field of relations (`Depends`, `Provides` …), without versions: each comma's part, with its
    /// alternatives.
    pub fn names(&self, field: &str) -> Vec<Vec<&str>> {
        let name = |text| {
            let text: &str = text;
            text.trim().split([' ', '(', ':', '[', '<', '\n', '\t']).next().unwrap_or_default()
        };
        let parts = self.get(field).unwrap_or_default().split(',').filter(|part| !part.trim().is_empty());
        parts.map(|part| part.split('|').map(name).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GOOD: &str = "Package: libpq5\nVersion: 1:17.2-1+b1~deb13u1\nArchitecture: amd64\n\
        Depends: libc6 (>= 2.38), libssl3t64:any | libssl3, python3-a [linux-any] ,\n  zlib1g\n\
        Description: PostgreSQL client library\n The long text.\n .\n More: of it.\n";

    #[test]
    fn fields_keep_their_lines() {
        let control = Control::read(GOOD).unwrap();
        assert_eq!(control.package(), "libpq5");
        assert_eq!(control.version(), "1:17.2-1+b1~deb13u1");
        assert_eq!(control.get("description").unwrap().lines().count(), 4);
        let names = control.names("Depends");
        assert_eq!(names, [vec!["libc6"], vec!["libssl3t64", "libssl3"], vec!["python3-a"], vec!["zlib1g"]]);
    }

    #[test]
    fn what_would_break_a_record_or_a_path_is_refused() {
        for odd in [
            "",
            " Package: a",
            "Package: ../a\nVersion: 1\nArchitecture: all",
            "Package: a/b\nVersion: 1\nArchitecture: all",
            "Package: a\nVersion: 1 2\nArchitecture: all",
            "Package: a\nVersion: 1",
            "Package: a\nVersion: 1\nArchitecture: all\n\nPackage: b",
            "Package: a\nVersion: 1\nArchitecture: all\nDescription: x\n \n y",
            "Package: a\nVersion: 1\nArchitecture: all\nno field",
            "Package: .a\nVersion: 1\nArchitecture: all",
        ] {
            assert!(Control::read(odd).is_err(), "{odd:?}");
        }
    }
}
