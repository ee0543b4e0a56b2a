//! What is made by rule: what maintainer scripts, and the tools around them, would have made.

use std::fmt::Write;

use super::part::What;
use crate::debian::deb::owner::{GROUPS, SHADOW, USERS};
use crate::image::layer::{Node, Owner, Tree};
use crate::project::PythonVersion;

/// Where names are looked up: in files, and hosts in the DNS as well.
const NSSWITCH: &str = "passwd: files\ngroup: files\nshadow: files\ngshadow: files\n\nhosts: files dns\nnetworks: files\n\n\
    protocols: files\nservices: files\nethers: files\nrpc: files\n";
/// Engines put a file of their own over it.
const HOSTS: &str = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\n\
    ff02::2\tip6-allrouters\n";
/// Folders, and their modes.
const FOLDERS: &[(&str, u32)] = &[
    ("dev", 0o755),
    ("etc/opt", 0o755),
    ("home", 0o755),
    ("media", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("proc", 0o755),
    ("root", 0o700),
    ("run", 0o755),
    ("run/lock", 0o1777),
    ("srv", 0o755),
    ("sys", 0o755),
    ("tmp", 0o1777),
    ("usr/local/bin", 0o755),
    ("usr/local/lib", 0o755),
    ("var/cache", 0o755),
    ("var/lib", 0o755),
    ("var/log", 0o755),
    ("var/opt", 0o755),
    ("var/spool", 0o755),
    ("var/tmp", 0o1777),
];
/// Links, and where they lead. The last four are OpenSSL's own folder.
const LINKS: &[(&str, &str)] = &[
    ("etc/mtab", "/proc/mounts"),
    ("etc/os-release", "../usr/lib/os-release"),
    ("var/lock", "/run/lock"),
    ("var/run", "/run"),
    ("usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt"),
    ("usr/lib/ssl/certs", "/etc/ssl/certs"),
    ("usr/lib/ssl/openssl.cnf", "/etc/ssl/openssl.cnf"),
    ("usr/lib/ssl/private", "/etc/ssl/private"),
];
/// Folders that a merged /usr has as links.
pub(super) const MERGED: &[&str] = &["bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32"];

/// Everything that is made of nothing but rules, with the part that it belongs to. What a package has at the same place
/// counts more.
pub(super) fn all(packages: &Tree, python: PythonVersion) -> Vec<(String, Node, What)> {
    let mut made: Vec<(String, Node, What)> = Vec::new();
    let mut put = |path: &str, node: Node, what| made.push((path.to_owned(), node, what));
    for folder in MERGED {
        let target = format!("usr/{folder}");
        // The rarer ones only where something is in them.
        if matches!(*folder, "bin" | "sbin" | "lib") || packages.below(&target).next().is_some() {
            put(folder, Node::symlink(target), What::Libraries);
        }
    }
    for (path, mode) in FOLDERS {
        put(path, Node { mode: *mode, ..Node::directory() }, What::Libraries);
    }
    for (path, target) in LINKS {
        put(path, Node::symlink(*target), What::Libraries);
    }
    let private = |text: String| Node { owner: Owner { uid: 0, gid: SHADOW }, ..Node::file(0o640, text) };
    put("etc/passwd", Node::file(0o644, passwd()), What::Libraries);
    put("etc/group", Node::file(0o644, group()), What::Libraries);
    put("etc/shadow", private(shadow()), What::Libraries);
    put("etc/gshadow", private(gshadow()), What::Libraries);
    put("etc/nsswitch.conf", Node::file(0o644, NSSWITCH), What::Libraries);
    put("etc/hosts", Node::file(0o644, HOSTS), What::Libraries);
    put("etc/localtime", Node::symlink("/usr/share/zoneinfo/Etc/UTC"), What::Data);
    put("etc/timezone", Node::file(0o644, "Etc/UTC\n"), What::Data);
    let name = format!("python{python}");
    put("usr/bin/python3", Node::symlink(name.clone()), What::Python(python));
    put("usr/bin/python", Node::symlink("python3"), What::Python(python));
    // The same names as in Python's own images.
    for link in ["python", "python3", &name] {
        put(&format!("usr/local/bin/{link}"), Node::symlink(format!("/usr/bin/{name}")), What::Python(python));
    }
    made
}

fn passwd() -> String {
    lines(USERS.iter(), |text, (name, uid, gid, home, shell)| {
        let what = match *name {
            "list" => "Mailing List Manager",
            "irc" => "ircd",
            "_apt" => "",
            name => name,
        };
        let _ = writeln!(text, "{name}:x:{uid}:{gid}:{what}:{home}:{shell}");
    })
}

fn group() -> String {
    lines(GROUPS.iter(), |text, (name, gid)| {
        let _ = writeln!(text, "{name}:x:{gid}:");
    })
}

/// Nobody has a password, and none of them grows old: a date would be that of the build.
fn shadow() -> String {
    lines(USERS.iter(), |text, (name, ..)| {
        let _ = writeln!(text, "{name}:*::0:99999:7:::");
    })
}

fn gshadow() -> String {
    lines(GROUPS.iter(), |text, (name, _)| {
        let _ = writeln!(text, "{name}:*::");
    })
}

fn lines<T>(rows: impl Iterator<Item = T>, write: impl Fn(&mut String, T)) -> String {
    rows.fold(String::new(), |mut text, row| {
        write(&mut text, row);
        text
    })
}
