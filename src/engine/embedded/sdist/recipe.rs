//! A recipe: what is run to make a wheel of a source distribution, wherever that is.

use super::{Place, Sdist};

/// What is part of every key: wheels that were built by an older recipe are not found again.
pub(super) const FORM: &str = "1";
/// The time that files in a wheel have, in seconds since 1970: the first that zip archives know.
const TIME: &str = "315532800";

/// Runs pip with temporary folders whose names are always the same: their paths may end up in what is compiled there.
const PIP: &str = "import itertools, runpy, sys, tempfile\n\
tempfile._name_sequence = (f'build-{n}' for n in itertools.count())\n\
sys.argv[0] = 'pip'\n\
runpy.run_module('pip', run_name='__main__', alter_sys=True)\n";

/// The requirements file that names it, as pip takes it.
pub(super) fn requirement(sdist: &Sdist) -> String {
    let Sdist { name, version, place, sha256 } = sdist;
    let what = match place {
        Place::Url(url) if !has_login(url) => format!("{name} @ {url}"),
        Place::Index | Place::Url(_) => format!("{name}=={version}"),
        Place::Git { url, commit } => return format!("{name} @ git+{url}@{commit}"),
    };
    let hashes: String = sha256.iter().map(|sum| format!(" --hash=sha256:{sum}")).collect();
    format!("{what}{hashes}")
}

/// A shell script that builds it with `python` and leaves the wheel in `into`.
///
/// Debugging tables would hold the paths of the place where it is compiled, and are of no use in an image.
pub(super) fn script(sdist: &Sdist, python: &str, into: &str) -> String {
    let word = |text: &str| shlex::try_quote(text).map_or_else(|_| "''".to_owned(), std::borrow::Cow::into_owned);
    let hashes = if sdist.sha256.is_empty() { "" } else { " --require-hashes" };
    let python = word(python);
    [
        "set -e".to_owned(),
        "umask 022".to_owned(),
        format!("export SOURCE_DATE_EPOCH={TIME} PYTHONHASHSEED=0 LC_ALL=C.UTF-8 TMPDIR=/tmp"),
        "export CFLAGS=\"-g0 $CFLAGS\" CXXFLAGS=\"-g0 $CXXFLAGS\"".to_owned(),
        // Debian's Python has its pip in environments alone.
        format!(
            "python={python}; \"$python\" -m pip --version >/dev/null 2>&1 || {{ \"$python\" -m venv /tmp/venv; \
             python=/tmp/venv/bin/python; }}"
        ),
        format!("printf '%s\\n' {} > /tmp/requirements.txt", word(&requirement(sdist))),
        format!(
            "\"$python\" -c {} wheel --disable-pip-version-check --no-cache-dir --no-deps --no-binary {}{hashes} \
             --requirement /tmp/requirements.txt --wheel-dir {}",
            word(PIP),
            word(&sdist.name),
            word(into)
        ),
    ]
    .join("\n")
        + "\n"
}

fn has_login(url: &str) -> bool {
    let authority = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    authority.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sdist(place: Place, sha256: &[&str]) -> Sdist {
        let sha256 = sha256.iter().map(|s| (*s).to_owned()).collect();
        Sdist { name: "psycopg2".into(), version: "2.9.10".into(), place, sha256 }
    }

    #[test]
    fn a_requirement_names_one_file() {
        let url = |url: &str| Place::Url(url.to_owned());
        let text = |place, sums: &[&str]| requirement(&sdist(place, sums));
        assert_eq!(text(Place::Index, &["ab", "cd"]), "psycopg2==2.9.10 --hash=sha256:ab --hash=sha256:cd");
        let at = "https://files.example/psycopg2-2.9.10.tar.gz";
        assert_eq!(text(url(at), &["ab"]), format!("psycopg2 @ {at} --hash=sha256:ab"));
        // A login is pip's own to know.
        assert_eq!(text(url("https://user:pass@files.example/a.tar.gz"), &[]), "psycopg2==2.9.10");
        let git = Place::Git { url: "https://git.example/a.git".into(), commit: "c0ffee".into() };
        assert_eq!(text(git, &[]), "psycopg2 @ git+https://git.example/a.git@c0ffee");
    }

    #[test]
    fn hashes_are_demanded_where_there_are_some() {
        assert!(script(&sdist(Place::Index, &["ab"]), "python", "/wheels").contains(" --require-hashes "));
        assert!(!script(&sdist(Place::Index, &[]), "python", "/wheels").contains("--require-hashes"));
    }
}
