//! A package: what installing one may do to accounts.

use std::sync::Arc;

use super::options::Arg;
use super::run::Run;
use super::world::{Outcome, Presence, World};
use crate::dockerfile::bases::Family;

/// Packages of Debian that make no account, nor do those that they depend on or recommend: installed together on
/// Debian 12 and 13, after which both account files were as before.
const QUIET: &[&str] = &[
    "adduser",
    "build-essential",
    "ca-certificates",
    "cmake",
    "curl",
    "default-libmysqlclient-dev",
    "dumb-init",
    "file",
    "g++",
    "gcc",
    "gettext",
    "gnupg",
    "gosu",
    "iputils-ping",
    "jq",
    "less",
    "libc6-dev",
    "libffi-dev",
    "libgl1",
    "libglib2.0-0",
    "libgomp1",
    "libjpeg-dev",
    "libmagic1",
    "libmariadb-dev",
    "libmariadb3",
    "libpq-dev",
    "libpq5",
    "libsm6",
    "libsqlite3-dev",
    "libssl-dev",
    "libxext6",
    "libxml2-dev",
    "libxrender1",
    "libxslt1-dev",
    "locales",
    "make",
    "nano",
    "netcat-openbsd",
    "netcat-traditional",
    "passwd",
    "patchelf",
    "pkg-config",
    "postgresql-client",
    "procps",
    "python3-dev",
    "sqlite3",
    "tini",
    "tzdata",
    "unzip",
    "vim-tiny",
    "wget",
    "xz-utils",
    "zip",
    "zlib1g-dev",
];

/// The same where what they recommend isn't installed.
const QUIET_ALONE: &[&str] = &[
    "ffmpeg",
    "git",
    "libcairo2-dev",
    "poppler-utils",
    "python3-pip",
    "python3-venv",
    "rsync",
    "sudo",
    "tesseract-ocr",
    "vim",
];

/// Packages of Alpine that are known to have no script that makes an account, nor a dependency that has.
const QUIET_ALPINE: &[&str] = &[
    "bash",
    "build-base",
    "ca-certificates",
    "curl",
    "dumb-init",
    "g++",
    "gcc",
    "jq",
    "libffi-dev",
    "libpq",
    "libstdc++",
    "linux-headers",
    "make",
    "musl-dev",
    "openssl",
    "openssl-dev",
    "shadow",
    "su-exec",
    "tini",
    "tzdata",
    "wget",
    "zlib-dev",
];

/// Whether a program installs packages of the distribution.
pub(super) fn is_manager(name: &str) -> bool {
    matches!(
        name,
        "apt-get"
            | "apt"
            | "aptitude"
            | "apk"
            | "dpkg"
            | "yum"
            | "dnf"
            | "microdnf"
            | "tdnf"
            | "rpm"
            | "zypper"
            | "pacman"
    )
}

/// What a call of a package manager may leave behind.
pub(super) fn manage(run: &Run, name: &str, words: &[Arg], mut world: World) -> Outcome {
    let texts = || words.iter().filter_map(Arg::text);
    let operands = operands(name, words);
    let verb = operands.first().copied().flatten().unwrap_or_default();
    let packages = operands.get(1..).unwrap_or_default();
    let plain = |text: &str| text.split(['=', '~', '<', '>', '@', ':']).next().unwrap_or_default().to_owned();
    let names = |wanted: &str| packages.iter().flatten().any(|text| plain(text) == wanted);
    match (name, verb) {
        (
            "apt-get" | "apt" | "aptitude",
            "install" | "build-dep" | "satisfy" | "upgrade" | "dist-upgrade" | "full-upgrade",
        ) => {
            let alone = texts().any(|text| text.starts_with("--no-install-r"));
            let quiet = |text: &str| QUIET.contains(&text) || (alone && QUIET_ALONE.contains(&text));
            let debian = run.base.is_some_and(|base| base.family == Family::Debian);
            let all = debian && verb == "install" && packages.iter().all(|p| p.is_some_and(|p| quiet(&plain(p))));
            if !all {
                world.table_mut().add_others(taint(run, packages));
            }
            if names("adduser") {
                world.adduser = Presence::Yes;
            } else if world.adduser == Presence::No {
                world.adduser = Presence::Perhaps;
            }
            if names("passwd") {
                world.shadow = Presence::Yes;
            }
        }
        ("apt-get" | "apt" | "aptitude", "remove" | "purge" | "autoremove" | "autopurge") => {
            if names("adduser") {
                world.adduser = Presence::No;
            }
            if names("passwd") {
                (world.shadow, world.adduser) = (Presence::No, Presence::No);
            }
        }
        ("apk", "add") => {
            let alpine = run.base.is_some_and(|base| base.family == Family::Alpine);
            if !(alpine && packages.iter().all(|p| p.is_some_and(|p| QUIET_ALPINE.contains(&plain(p).as_str())))) {
                world.table_mut().add_others(taint(run, packages));
            }
            if names("shadow") {
                world.shadow = Presence::Yes;
            } else if world.shadow == Presence::No {
                world.shadow = Presence::Perhaps;
            }
        }
        ("apk", "del") if world.shadow == Presence::Yes => world.shadow = Presence::Perhaps,
        ("dpkg", _) if !texts().any(|text| matches!(text, "-i" | "--install" | "--configure" | "--unpack")) => {}
        ("apt-get" | "apt" | "aptitude" | "apk", _) => {}
        _ => {
            world.table_mut().add_others(taint(run, &[]));
            for presence in [&mut world.shadow, &mut world.adduser] {
                if *presence == Presence::No {
                    *presence = Presence::Perhaps;
                }
            }
        }
    }
    Outcome::either(world)
}

/// The words that are no options, nor values of options.
fn operands<'a>(name: &str, words: &'a [Arg]) -> Vec<Option<&'a str>> {
    let options_with_values = ["-o", "-t", "-c", "--target-release", "-X", "--repository", "--virtual", "-p", "--root"];
    let mut operands = Vec::new();
    let mut skip = false;
    for word in words {
        match word.text() {
            _ if skip => skip = false,
            Some("-t") if name == "apk" => skip = true,
            Some(text) if options_with_values.contains(&text) => skip = true,
            Some(text) if text.starts_with(['-', '.']) && !text.contains('/') => {}
            _ => operands.push(word.text()),
        }
    }
    operands
}

fn taint(run: &Run, packages: &[Option<&str>]) -> super::table::Reason {
    let known: Vec<_> = packages.iter().map(|package| package.unwrap_or("…")).take(5).collect();
    let what = if known.is_empty() { "packages".to_owned() } else { known.join(" ") };
    Arc::clone(&run.reason(&format!("installing {what} may make accounts")))
}
