//! A known script: what the maintainer scripts of some packages come to in an image, found by reading them.
//!
//! Each row says why the package can go into an image although its scripts are not run. A package that is not here is
//! judged by its scripts alone.

use crate::project::PythonVersion;

/// What a package's scripts come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Done by the rules of this room, or of no use in an image.
    Done,
    /// Not done, and this is what is then missing: it works without.
    Without(&'static str),
    /// A link that leads over /etc/alternatives: where it is, its name, where it leads.
    Link(&'static str, &'static str, &'static str),
    /// An empty file that has to be there.
    Empty(&'static str),
}

use Known::{Done, Empty, Link, Without};

const KNOWN: &[(&str, Known)] = &[
    // Folders and links of the root file system; merged /usr; sees that no older layout is there.
    ("base-files", Done),
    // Account files.
    ("base-passwd", Done),
    // The bundle of certificates.
    ("ca-certificates", Done),
    // Diversions of /bin/sh from times when bash was it.
    ("dash", Done),
    // Restarts services on upgrades; the loader's cache.
    ("libc6", Done),
    // nsswitch.conf, the loader's cache.
    ("libc-bin", Done),
    // Restarts services on upgrades.
    ("libpam0g", Done),
    ("libssl3", Done),
    ("libssl3t64", Done),
    ("libssl1.1", Done),
    // Diversions of files that moved to /usr.
    ("libreadline8t64", Done),
    ("libtirpc3t64", Done),
    // /etc/inputrc, which readline does without.
    ("readline-common", Done),
    // /etc/hosts, which engines put there themselves.
    ("netbase", Done),
    // The links of /usr/lib/ssl.
    ("openssl", Done),
    // /etc/localtime.
    ("tzdata", Done),
    // Files of older versions.
    ("libselinux1", Done),
    ("libgcrypt20", Done),
    ("libgssapi-krb5-2", Done),
    ("perl", Done),
    ("mysql-common", Link("etc/mysql/my.cnf", "my.cnf", "/etc/mysql/my.cnf.fallback")),
    ("mariadb-common", Link("etc/mysql/my.cnf", "my.cnf", "/etc/mysql/mariadb.cnf")),
    // Hooks of other packages, for bytecode.
    ("python3", Done),
    ("python3-minimal", Done),
    ("unixodbc-common", Empty("etc/odbcinst.ini")),
    ("odbcinst", Done),
    // Kernel parameters of a machine.
    ("procps", Done),
    ("libglib2.0-0", Without("GSettings' schemas are not compiled, and GIO looks through its modules each time")),
    ("libglib2.0-0t64", Without("GSettings' schemas are not compiled, and GIO looks through its modules each time")),
    ("fontconfig", Without("there is no cache of fonts: the first use of them takes longer")),
    ("fontconfig-config", Without("fonts are rendered as fontconfig does it unasked")),
];

/// What is known of a package's scripts.
pub(super) fn known(package: &str) -> Option<Known> {
    let row = KNOWN.iter().find(|(name, _)| *name == package).map(|(_, known)| *known);
    // Bytecode, and folders of /usr/local that nothing is put into.
    row.or_else(|| python(package).map(|_| Done))
}

/// The version of Python whose interpreter or standard library a package is.
pub(super) fn python(package: &str) -> Option<PythonVersion> {
    let rest = package.strip_prefix("lib").unwrap_or(package).strip_prefix("python")?;
    let (version, kind) = rest.split_once('-').unwrap_or((rest, ""));
    if !version.contains('.') || !matches!(kind, "" | "minimal" | "stdlib") {
        return None;
    }
    version.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_are_known_by_their_version() {
        for (name, minor) in [
            ("python3.13-minimal", Some(13)),
            ("libpython3.9-stdlib", Some(9)),
            ("libpython3.13-minimal", Some(13)),
            ("libpython3.13", Some(13)),
            ("python3.13", Some(13)),
            ("python3.13-venv", None),
            ("python3-minimal", None),
            ("python3", None),
            ("libpq5", None),
        ] {
            assert_eq!(python(name).map(|version| version.minor), minor, "{name}");
        }
    }
}
