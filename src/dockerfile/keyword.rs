//! A keyword: the name of an instruction.

use super::chars::lower;

/// The instructions of a Dockerfile: <https://docs.docker.com/reference/dockerfile/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // they are what they are called
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
}

const ALL: &[(Keyword, &str)] = &[
    (Keyword::Add, "ADD"),
    (Keyword::Arg, "ARG"),
    (Keyword::Cmd, "CMD"),
    (Keyword::Copy, "COPY"),
    (Keyword::Entrypoint, "ENTRYPOINT"),
    (Keyword::Env, "ENV"),
    (Keyword::Expose, "EXPOSE"),
    (Keyword::From, "FROM"),
    (Keyword::Healthcheck, "HEALTHCHECK"),
    (Keyword::Label, "LABEL"),
    (Keyword::Maintainer, "MAINTAINER"),
    (Keyword::Onbuild, "ONBUILD"),
    (Keyword::Run, "RUN"),
    (Keyword::Shell, "SHELL"),
    (Keyword::Stopsignal, "STOPSIGNAL"),
    (Keyword::User, "USER"),
    (Keyword::Volume, "VOLUME"),
    (Keyword::Workdir, "WORKDIR"),
];

impl Keyword {
    /// The keyword that is written like this, in whatever case.
    pub(super) fn of(name: &str) -> Option<Self> {
        let name = lower(name);
        ALL.iter().find(|(_, text)| text.eq_ignore_ascii_case(&name)).map(|(keyword, _)| *keyword)
    }

    /// Its name in capitals.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(keyword, _)| *keyword == self).map_or("", |(_, text)| text)
    }

    /// The name that is spelled most like this one, if any is.
    pub(super) fn near(name: &str) -> Option<&'static str> {
        let name = name.to_uppercase();
        let distance = |text: &str| strsim::damerau_levenshtein(text, &name);
        ALL.iter().map(|(_, text)| (distance(text), *text)).min().filter(|(d, _)| *d <= 2).map(|(_, text)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter() {
        assert_eq!(Keyword::of("fRoM"), Some(Keyword::From));
        assert_eq!(Keyword::of("FROMM"), None);
        assert_eq!(Keyword::near("FORM"), Some("FROM"));
        assert_eq!(Keyword::near("healthchek"), Some("HEALTHCHECK"));
        assert_eq!(Keyword::near("python"), None);
    }
}
