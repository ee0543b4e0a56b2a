//! A stanza: a block of fields, in which Debian's tools write nearly everything.
//!
//! <https://manpages.debian.org/deb822.5>

/// A block of fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stanza<'a> {
    fields: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Stanza<'a> {
    /// All stanzas of a text. Comments, and lines that are no field, are left out.
    pub(super) fn all(text: &'a str) -> Vec<Self> {
        let (mut all, mut open) = (Vec::new(), Self::default());
        for line in text.lines() {
            if line.trim().is_empty() {
                all.push(std::mem::take(&mut open));
            } else if line.starts_with([' ', '\t']) {
                if let Some((_, lines)) = open.fields.last_mut() {
                    lines.push(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':').filter(|_| !line.starts_with('#')) {
                open.fields.push((name.trim(), vec![value.trim()]));
            }
        }
        all.push(open);
        all.retain(|stanza| !stanza.fields.is_empty());
        all
    }

    /// The lines of a field, of which the first is the one with its name.
    pub(super) fn lines(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let found = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.into_iter().flat_map(|(_, lines)| lines.iter().copied())
    }

    /// A field of one line.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.lines(name).next().filter(|value| !value.is_empty())
    }

    /// A field as words, on one line or on several.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        self.lines(name).flat_map(str::split_ascii_whitespace).map(str::to_owned).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_are_read() {
        let text = "# by hand\nTypes: deb\nURIs: a\n  b\n# between\n\tc\n\n \n\nOne:1\nnothing\nEmpty:\n .\n";
        let all = Stanza::all(text);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].words("uris"), ["a", "b", "c"]);
        assert_eq!((all[0].get("types"), all[1].get("one"), all[1].get("Empty")), (Some("deb"), Some("1"), None));
        assert_eq!(all[1].lines("Empty").collect::<Vec<_>>(), ["", "."]);
        assert!(Stanza::all("\n \n# nothing\n").is_empty());
    }
}
