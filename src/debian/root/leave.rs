//! What is left out of an image: files of packages that no service loads.

/// Folders that are left out whole, and why.
const FOLDERS: &[(&str, &str)] = &[
    ("usr/share/man", "manuals"),
    ("usr/share/info", "manuals"),
    ("usr/share/doc-base", "indexes of documentation"),
    ("usr/share/gtk-doc", "documentation for programmers"),
    ("usr/share/help", "manuals"),
    ("usr/share/locale", "translated messages: C.UTF-8 is the one locale of the image"),
    ("usr/share/i18n", "sources of locales"),
    ("usr/share/lintian", "exceptions for Debian's checks of packages"),
    ("usr/share/linda", "exceptions for Debian's checks of packages"),
    ("usr/share/bug", "scripts for reporting bugs"),
    ("usr/share/reportbug", "scripts for reporting bugs"),
    ("usr/share/apport", "scripts for reporting bugs"),
    ("usr/share/menu", "menus of desktops"),
    ("usr/share/applications", "menus of desktops"),
    ("usr/share/pixmaps", "menus of desktops"),
    ("usr/share/metainfo", "menus of desktops"),
    ("usr/share/bash-completion", "completions of interactive shells"),
    ("usr/share/zsh", "completions of interactive shells"),
    ("usr/share/fish", "completions of interactive shells"),
    ("usr/share/debianutils", "templates of maintainer scripts"),
    ("usr/share/base-files", "templates of maintainer scripts"),
    ("usr/share/libc-bin", "templates of maintainer scripts"),
    ("usr/share/base-passwd", "templates of maintainer scripts"),
    ("usr/share/debconf", "questions of maintainer scripts"),
    ("usr/share/binfmts", "registered with the machine's kernel"),
    ("usr/lib/binfmt.d", "registered with the machine's kernel"),
    ("usr/lib/sysctl.d", "settings of the machine's kernel"),
    ("usr/lib/modprobe.d", "settings of the machine's kernel"),
    ("usr/lib/udev", "devices of the machine"),
    ("usr/lib/systemd", "services of a machine"),
    ("usr/lib/tmpfiles.d", "services of a machine"),
    ("usr/lib/sysusers.d", "services of a machine"),
    ("etc/init.d", "services of a machine"),
    ("etc/init", "services of a machine"),
    ("etc/systemd", "services of a machine"),
    ("etc/logrotate.d", "services of a machine"),
    ("etc/cron.d", "services of a machine"),
    ("etc/cron.daily", "services of a machine"),
    ("etc/cron.weekly", "services of a machine"),
    ("etc/update-motd.d", "messages at logins"),
    ("etc/apt", "packages are added when the image is built, never in it"),
    ("boot", "a kernel's"),
    ("usr/include", "headers: nothing is compiled in the image"),
    ("usr/share/aclocal", "nothing is compiled in the image"),
    ("usr/share/pkgconfig", "nothing is compiled in the image"),
    ("usr/share/cmake", "nothing is compiled in the image"),
    ("usr/share/zoneinfo/posix", "the same time zones once more"),
    ("usr/share/zoneinfo/right", "time zones with leap seconds, which Python's clock has not"),
    ("usr/share/ca-certificates", "certificates, all of which are in the bundle"),
    ("etc/ca-certificates", "hooks that run when certificates are added"),
    ("var/cache/ldconfig", "a cache for making the loader's cache"),
];

/// Programs of the system that a service does not start; they come with libraries and data that it needs.
const PROGRAMS: &[&str] = &[
    // libc-bin
    "usr/bin/getconf",
    "usr/bin/getent",
    "usr/bin/iconv",
    "usr/bin/ldd",
    "usr/bin/locale",
    "usr/bin/localedef",
    "usr/bin/pldd",
    "usr/bin/tzselect",
    "usr/bin/zdump",
    "usr/bin/catchsegv",
    "usr/sbin/iconvconfig",
    "usr/sbin/zic",
    // ca-certificates
    "usr/sbin/update-ca-certificates",
];

/// What is kept of glibc's conversions between character sets: all that is built into it not, the common ones. Python
/// has its own.
const CONVERSIONS: &[&str] = &[
    "gconv-modules",
    "gconv-modules.d",
    "UTF-16.so",
    "UTF-32.so",
    "UTF-7.so",
    "UNICODE.so",
    "ISO8859-1.so",
    "ISO8859-2.so",
    "ISO8859-9.so",
    "ISO8859-15.so",
    "CP1250.so",
    "CP1251.so",
    "CP1252.so",
];

/// Parts of glibc that are loaded into a program to watch it.
const DEBUGGING: &[&str] = &["libc_malloc_debug.so.0", "libmemusage.so", "libpcprofile.so"];

/// Terminals that programs are told they have.
const TERMINALS: &[&str] =
    &["dumb", "linux", "screen", "screen-256color", "tmux-256color", "vt100", "xterm", "xterm-256color"];

/// Parts of Python's standard library, below its folder, that no service loads.
const PYTHON: &[(&str, &str)] = &[
    ("test", "Python's own tests"),
    ("idlelib", "an editor"),
    ("tkinter", "windows on a screen"),
    ("turtledemo", "windows on a screen"),
    ("turtle.py", "windows on a screen"),
    ("lib2to3", "a translator from Python 2"),
    ("ensurepip", "an installer: dependencies are installed when the image is built"),
    ("pydoc_data/topics.py", "the texts of the interactive help"),
];

/// Why a file is left out; none where it stays. `path` is where it is in the image.
pub(super) fn reason(path: &str) -> Option<&'static str> {
    let folder = FOLDERS.iter().find(|(folder, _)| is_below(path, folder));
    if let Some((_, why)) = folder {
        return Some(why);
    }
    if PROGRAMS.contains(&path) {
        return Some("programs of the system that a service does not start");
    }
    if let Some(rest) = path.strip_prefix("usr/share/doc/") {
        return documentation(rest);
    }
    if let Some((_, rest)) = path.split_once("/gconv/") {
        let first = rest.split('/').next().unwrap_or_default();
        return (!CONVERSIONS.contains(&first)).then_some("conversions between rare character sets");
    }
    if let Some((_, rest)) = path.split_once("/terminfo/").filter(|_| path.starts_with("usr/")) {
        let terminal = rest.rsplit('/').next().unwrap_or_default();
        return (!TERMINALS.contains(&terminal)).then_some("descriptions of rare terminals");
    }
    if let Some(rest) = path.strip_prefix("usr/lib/locale/") {
        let first = rest.split('/').next().unwrap_or_default();
        return (!first.to_ascii_lowercase().starts_with("c.utf")).then_some("locales other than C.UTF-8");
    }
    if let Some(rest) = path.strip_prefix("usr/lib/python3.") {
        return rest.split_once('/').and_then(|(_, rest)| python(rest));
    }
    path.starts_with("usr/lib/").then(|| library(path)).flatten()
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Of a package's documentation, its licence stays: it has to go where its files go.
fn documentation(rest: &str) -> Option<&'static str> {
    match rest.split_once('/') {
        // A link to the documentation of another package, whose licence is the same.
        None | Some((_, "copyright")) => None,
        Some(_) => Some("documentation"),
    }
}

/// What only compilers and debuggers load.
fn library(path: &str) -> Option<&'static str> {
    let ends = [".a", ".la", ".o", ".pc"].iter().any(|end| path.ends_with(end));
    if ends || path.contains("/pkgconfig/") || path.contains("/cmake/") {
        return Some("nothing is compiled in the image");
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    DEBUGGING.contains(&name).then_some("for debuggers and profilers")
}

fn python(rest: &str) -> Option<&'static str> {
    if let Some((_, why)) = PYTHON.iter().find(|(part, _)| is_below(rest, part)) {
        return Some(why);
    }
    let (module, why) = (rest.strip_prefix("lib-dynload/")?, "Python's own tests");
    if module.starts_with("_dbm.") {
        return Some("dbm.ndbm: it is all that needs Berkeley DB, and dbm has other formats");
    }
    ["_test", "_xxtest", "xxlimited", "xxsubtype", "_ctypes_test"]
        .iter()
        .any(|test| module.starts_with(test))
        .then_some(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_loads_stays() {
        for path in [
            "usr/share/doc/libpq5/copyright",
            "usr/share/doc/libpython3.13-stdlib",
            "usr/lib/x86_64-linux-gnu/libpq.so.5",
            "usr/lib/x86_64-linux-gnu/gconv/UTF-16.so",
            "usr/lib/x86_64-linux-gnu/gconv/gconv-modules.d/gconv-modules-extra.conf",
            "usr/lib/locale/C.utf8/LC_CTYPE",
            "usr/lib/python3.13/unittest/mock.py",
            "usr/lib/python3.13/pydoc.py",
            "usr/lib/python3.13/venv/__init__.py",
            "usr/lib/python3.13/lib-dynload/_ctypes.cpython-313-x86_64-linux-gnu.so",
            "usr/lib/python3.13/_sysconfigdata__linux_x86_64-linux-gnu.py",
            "usr/share/zoneinfo/Europe/Berlin",
            "usr/share/terminfo/x/xterm",
            "usr/share/common-licenses/GPL-3",
            "usr/sbin/ldconfig",
            "usr/share/manpages-not",
            "etc/initramfs",
        ] {
            assert_eq!(reason(path), None, "{path}");
        }
    }

    #[test]
    fn what_none_loads_is_left_out() {
        for path in [
            "usr/share/doc/libpq5/changelog.gz",
            "usr/share/doc/libpq5/examples/copyright",
            "usr/share/man/man1/a.1.gz",
            "usr/share/man",
            "usr/lib/x86_64-linux-gnu/gconv/IBM037.so",
            "usr/lib/locale/locale-archive",
            "usr/lib/python3.13/test/support/__init__.py",
            "usr/lib/python3.13/turtle.py",
            "usr/lib/python3.13/lib-dynload/_testcapi.cpython-313-x86_64-linux-gnu.so",
            "usr/lib/python3.13/lib-dynload/_dbm.cpython-313-x86_64-linux-gnu.so",
            "usr/lib/python3.13/lib-dynload/_ctypes_test.cpython-313-x86_64-linux-gnu.so",
            "usr/lib/x86_64-linux-gnu/libpq.a",
            "usr/lib/x86_64-linux-gnu/pkgconfig/libpq.pc",
            "usr/share/zoneinfo/right/Europe/Berlin",
            "usr/share/terminfo/w/wy60",
            "usr/bin/ldd",
        ] {
            assert!(reason(path).is_some(), "{path}");
        }
    }
}
