//! What is wanted of a root file system: its Python, its shell, the packages that a project names.

use std::collections::BTreeMap;

use crate::project::PythonVersion;

/// What an image made of Debian packages has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The interpreter.
    pub python: PythonVersion,
    /// Whether there is a shell.
    pub shell: Shell,
    /// Packages that the project asks for.
    pub extras: Vec<String>,
}

/// The shell of an image: what `subprocess` with `shell=True`, `os.system` and a HEALTHCHECK's or CMD's shell form run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shell {
    /// /bin/sh, 130 kB.
    #[default]
    Dash,
    /// None: whoever gets in has one tool fewer.
    Without,
}

/// Packages that every image has.
const ALWAYS: &[&str] = &[
    // The folders, os-release, the texts of common licences that packages' own refer to.
    "base-files",
    // C.UTF-8, and ldconfig, which ctypes.util.find_library asks.
    "libc-bin",
    "ca-certificates",
    "tzdata",
    // /etc/services and /etc/protocols, for getservbyname and the like.
    "netbase",
    // /etc/mime.types, for mimetypes.
    "media-types",
];

/// Packages that are left out although others depend on them, and why.
const EXCLUDED: &[(&str, &str)] = &[
    ("debconf", ONLY_SCRIPTS),
    ("debconf-2.0", ONLY_SCRIPTS),
    ("cdebconf", ONLY_SCRIPTS),
    ("ucf", ONLY_SCRIPTS),
    ("dpkg", ONLY_SCRIPTS),
    ("adduser", ONLY_SCRIPTS),
    ("passwd", ONLY_SCRIPTS),
    ("base-passwd", "the account files are made by rule"),
    ("debianutils", ONLY_SCRIPTS),
    ("sensible-utils", ONLY_SCRIPTS),
    ("init-system-helpers", ONLY_SCRIPTS),
    ("lsb-base", ONLY_SCRIPTS),
    ("sysvinit-utils", ONLY_SCRIPTS),
    ("install-info", "manuals are left out"),
    ("awk", ONLY_SCRIPTS),
    ("mawk", ONLY_SCRIPTS),
    ("usrmerge", "the links of a merged /usr are made by rule"),
    ("usr-is-merged", "the links of a merged /usr are made by rule"),
    ("openssl", "the program is only for making the links and the bundle of certificates, which are made by rule"),
    ("libdb5.3t64", NO_DBM),
    ("libdb5.3", NO_DBM),
    ("libc-l10n", "C.UTF-8 is the one locale of the image"),
    ("locales", "C.UTF-8 is the one locale of the image"),
];

/// dbm chooses another of its formats then; Berkeley DB is what no security support covers any more.
const NO_DBM: &str = "it serves dbm.ndbm alone, which is left out";
const ONLY_SCRIPTS: &str = "only maintainer scripts use it, and none is run";

impl Wanted {
    /// The names of the packages to begin with; what they depend on is needed, too.
    pub fn roots(&self) -> Vec<String> {
        let mut roots = self.base();
        roots.extend(self.extras.iter().cloned());
        roots.sort();
        roots.dedup();
        roots
    }

    /// The same without what the project asks for.
    pub(super) fn base(&self) -> Vec<String> {
        let python = [format!("python{}-minimal", self.python), format!("libpython{}-stdlib", self.python)];
        let shell = (self.shell == Shell::Dash).then(|| "dash".to_owned());
        ALWAYS.iter().map(|name| (*name).to_owned()).chain(python).chain(shell).collect()
    }

    /// Packages that are not followed although others depend on them, with the reason. What is asked for by name is.
    pub fn excluded(&self) -> BTreeMap<&'static str, &'static str> {
        let asked = |name: &str| self.extras.iter().any(|extra| extra == name);
        EXCLUDED.iter().copied().filter(|(name, _)| !asked(name)).collect()
    }
}
