//! An option list: the words of a command, as getopt_long(3) and Perl's Getopt::Long tell options from operands.

/// A word of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Arg {
    /// Its text.
    Known(String),
    /// One word whose text isn't known.
    Unknown,
}

impl Arg {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Unknown => None,
        }
    }
}

/// How a program reads its options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// GNU's and musl's: `-ab value`, `--long=value`.
    Getopt,
    /// Perl's: no clusters, one dash or two, any case.
    Perl,
}

/// An option: its letter (what [`Options`] knows it by), its long names, whether it takes a value.
pub(super) type Spec = (char, &'static [&'static str], Takes);

/// Whether an option takes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Value,
}

/// What a command line says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Options {
    given: Vec<(char, Arg)>,
    /// What is no option.
    pub(super) operands: Vec<Arg>,
}

/// Why a command line can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// This option isn't known here: the program may know it.
    Option(String),
    /// A word that may be anything stands where an option may.
    Word,
}

impl Options {
    /// Whether an option is given.
    pub(super) fn has(&self, letter: char) -> bool {
        self.given.iter().any(|(given, _)| *given == letter)
    }

    /// The last value of an option.
    pub(super) fn value(&self, letter: char) -> Option<&Arg> {
        self.values(letter).last()
    }

    /// All values of an option.
    pub(super) fn values(&self, letter: char) -> impl DoubleEndedIterator<Item = &Arg> {
        self.given.iter().filter(move |(given, _)| *given == letter).map(|(_, value)| value)
    }

    /// Whether any option is given.
    pub(super) fn any(&self) -> bool {
        !self.given.is_empty()
    }

    /// Reads the words after the program's name.
    pub(super) fn read(specs: &[Spec], style: Style, words: &[Arg]) -> Result<Self, Wrong> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(text) = word.text() else { return Err(Wrong::Word) };
            if text == "--" {
                options.operands.extend(words.cloned());
                break;
            }
            if let Some(long) = text.strip_prefix("--") {
                options.long(specs, style, long, &mut words)?;
            } else if text.len() > 1 && text.starts_with('-') {
                match style {
                    Style::Getopt => options.cluster(specs, &text[1..], &mut words)?,
                    Style::Perl => options.long(specs, style, &text[1..], &mut words)?,
                }
            } else {
                options.operands.push(word.clone());
            }
        }
        Ok(options)
    }

    fn long<'a>(
        &mut self,
        specs: &[Spec],
        style: Style,
        text: &str,
        words: &mut impl Iterator<Item = &'a Arg>,
    ) -> Result<(), Wrong> {
        let wrong = || Wrong::Option(format!("--{text}"));
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let name = if style == Style::Perl { name.to_ascii_lowercase() } else { name.to_owned() };
        if name.is_empty() {
            return Err(wrong());
        }
        let matching = |matches: &dyn Fn(&str) -> bool| -> Vec<Spec> {
            specs.iter().filter(|(_, names, _)| names.iter().any(|long| matches(long))).copied().collect()
        };
        let exact = matching(&|long| long == name);
        let found = if exact.is_empty() { matching(&|long| long.starts_with(&name)) } else { exact };
        // What is ambiguous to us may not be to the program: it has names that aren't listed here.
        let [(letter, _, takes)] = found.as_slice() else { return Err(wrong()) };
        let value = match (takes, value) {
            (Takes::Nothing, None) => Arg::Known(String::new()),
            (Takes::Nothing, Some(_)) => return Err(wrong()),
            (Takes::Value, Some(value)) => Arg::Known(value.to_owned()),
            (Takes::Value, None) => words.next().cloned().ok_or_else(wrong)?,
        };
        self.given.push((*letter, value));
        Ok(())
    }

    fn cluster<'a>(
        &mut self,
        specs: &[Spec],
        text: &str,
        words: &mut impl Iterator<Item = &'a Arg>,
    ) -> Result<(), Wrong> {
        for (at, letter) in text.char_indices() {
            let wrong = || Wrong::Option(format!("-{letter}"));
            let (_, _, takes) = specs.iter().find(|(known, _, _)| *known == letter).ok_or_else(wrong)?;
            match takes {
                Takes::Nothing => self.given.push((letter, Arg::Known(String::new()))),
                Takes::Value => {
                    let rest = &text[at + letter.len_utf8()..];
                    let value = if rest.is_empty() {
                        words.next().cloned().ok_or_else(wrong)?
                    } else {
                        Arg::Known(rest.to_owned())
                    };
                    self.given.push((letter, value));
                    break;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SPECS: &[Spec] = &[
        ('m', &["create-home"], Takes::Nothing),
        ('r', &["system"], Takes::Nothing),
        ('s', &["shell"], Takes::Value),
        ('u', &["uid"], Takes::Value),
        ('U', &["user-group"], Takes::Nothing),
    ];

    type Read = (Vec<(char, String)>, Vec<String>);

    fn read(style: Style, line: &str) -> Result<Read, Wrong> {
        let words: Vec<_> = line.split(' ').map(|word| Arg::Known(word.to_owned())).collect();
        let text = |arg: &Arg| arg.text().unwrap().to_owned();
        Options::read(SPECS, style, &words).map(|options| {
            (options.given.iter().map(|(l, v)| (*l, text(v))).collect(), options.operands.iter().map(text).collect())
        })
    }

    #[test]
    fn every_way_of_writing_an_option_is_read() {
        for line in
            ["-rmu 5 app", "app -r -m -u5", "-r --create-home --uid=5 app", "--sys -m --uid 5 -- app", "-rm -u 5 app"]
        {
            let (given, operands) = read(Style::Getopt, line).unwrap();
            let letters: Vec<_> = given.iter().map(|(l, v)| (*l, v.as_str())).collect();
            assert_eq!(letters, [('r', ""), ('m', ""), ('u', "5")], "{line}");
            assert_eq!(operands, ["app"], "{line}");
        }
        assert_eq!(read(Style::Getopt, "-ms /bin/sh app").unwrap().0[1].1, "/bin/sh");
        assert_eq!(read(Style::Getopt, "-z app"), Err(Wrong::Option("-z".into())));
        assert_eq!(read(Style::Getopt, "--u app"), Err(Wrong::Option("--u".into())));
        assert_eq!(read(Style::Getopt, "--system=1 app"), Err(Wrong::Option("--system=1".into())));
        assert_eq!(read(Style::Getopt, "app -u"), Err(Wrong::Option("-u".into())));
        assert_eq!(read(Style::Perl, "-uid 5 --SHELL=/x app").unwrap().0, [('u', "5".into()), ('s', "/x".into())]);
    }
}
