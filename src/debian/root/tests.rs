//! Tests of composing roots.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Read;

use super::*;
use crate::debian::deb::tests::Pack;
use crate::image::layer::{Form, Kind, write};
use crate::project::PythonVersion;

const PYTHON: PythonVersion = PythonVersion { major: 3, minor: 13 };

fn wanted(extras: &[&str]) -> Wanted {
    Wanted { python: PYTHON, shell: Shell::Without, extras: extras.iter().map(|name| (*name).to_owned()).collect() }
}

/// The packages that every image has, each with as little as will do.
fn base() -> Vec<Pack> {
    vec![
        Pack::new("base-files", "")
            .symlink("./bin", "usr/bin")
            .folder("./usr/bin", 0o755)
            .folder("./root", 0o700)
            .file("./usr/lib/os-release", "ID=debian\n"),
        Pack::new("libc-bin", "Depends: libc6\n")
            .with("postinst", "#!/bin/sh\nldconfig > /etc/x")
            .file("./usr/lib/locale/C.utf8/LC_CTYPE", "c"),
        Pack::new("libc6", "Multi-Arch: same\n")
            .with("md5sums", "d41d8cd98f00b204e9800998ecf8427e  lib/x86_64-linux-gnu/libc.so.6\n")
            .file("./lib/x86_64-linux-gnu/libc.so.6", "libc")
            .symlink("./lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld.so"),
        Pack::new("ca-certificates", "Depends: openssl, debconf (>= 0.5) | debconf-2.0\n")
            .with("postinst", ". /usr/share/debconf/confmodule")
            .file("./usr/share/ca-certificates/mozilla/B.crt", "B")
            .file("./usr/share/ca-certificates/mozilla/A.crt", "A\n"),
        Pack::new("tzdata", "").file("./usr/share/zoneinfo/Etc/UTC", "TZif"),
        Pack::new("netbase", "").file("./etc/services", "https 443/tcp\n"),
        Pack::new("media-types", "").file("./etc/mime.types", ""),
        Pack::new("python3.13-minimal", "Depends: libpython3.13-minimal\n").file("./usr/bin/python3.13", "ELF"),
        Pack::new("libpython3.13-minimal", "").file("./usr/lib/python3.13/os.py", "os"),
        Pack::new("libpython3.13-stdlib", "")
            .file("./usr/share/doc/libpython3.13-stdlib/copyright", "PSF")
            .file("./usr/share/doc/libpython3.13-stdlib/changelog.gz", "1234567"),
    ]
}

fn composed(wanted: &Wanted, more: &[Pack]) -> Result<Root, Error> {
    let debs: Vec<_> = base().iter().chain(more).map(|pack| pack.read().unwrap()).collect();
    compose(wanted, &debs)
}

/// All parts, laid over each other.
fn whole(root: &Root) -> Tree {
    let mut tree = Tree::default();
    for (path, node) in root.parts.iter().flat_map(|part| part.tree.iter()) {
        tree.insert(path, node.clone()).unwrap();
    }
    tree
}

fn text(tree: &Tree, path: &str) -> String {
    match &tree.get(path).unwrap_or_else(|| panic!("{path}")).kind {
        Kind::File(content) => {
            let mut bytes = Vec::new();
            content.open().unwrap().read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Kind::Symlink(target) => format!("-> {target}"),
        Kind::Directory => format!("{:o}", tree.get(path).unwrap().mode),
    }
}

#[test]
fn what_scripts_would_make_is_made_by_rule() {
    let root = composed(&wanted(&[]), &[]).unwrap();
    let tree = whole(&root);
    for (path, is) in [
        ("bin", "-> usr/bin"),
        ("lib", "-> usr/lib"),
        ("lib64", "-> usr/lib64"),
        ("tmp", "1777"),
        ("var/tmp", "1777"),
        ("root", "700"),
        ("etc/os-release", "-> ../usr/lib/os-release"),
        ("etc/localtime", "-> /usr/share/zoneinfo/Etc/UTC"),
        ("etc/ssl/certs/ca-certificates.crt", "A\nB\n"),
        ("usr/lib/ssl/cert.pem", "-> /etc/ssl/certs/ca-certificates.crt"),
        ("usr/bin/python3", "-> python3.13"),
        ("usr/local/bin/python", "-> /usr/bin/python3.13"),
        ("usr/lib/x86_64-linux-gnu/libc.so.6", "libc"),
        ("usr/lib64/ld-linux-x86-64.so.2", "-> ../lib/x86_64-linux-gnu/ld.so"),
        ("usr/share/doc/libpython3.13-stdlib/copyright", "PSF"),
    ] {
        assert_eq!(text(&tree, path), is, "{path}");
    }
    assert!(text(&tree, "etc/passwd").starts_with("root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:"));
    assert_eq!(text(&tree, "etc/passwd").lines().count(), text(&tree, "etc/shadow").lines().count());
    assert!(text(&tree, "etc/nsswitch.conf").contains("hosts: files dns\n"));
    assert!(text(&tree, "etc/ld.so.cache").contains("/lib/x86_64-linux-gnu/libc.so.6"));
    let shadow = tree.get("etc/shadow").unwrap();
    assert_eq!((shadow.mode, shadow.owner.uid, shadow.owner.gid), (0o640, 0, 42));
    for gone in
        ["lib32", "etc/apt", "bin/sh", "usr/share/ca-certificates", "usr/share/doc/libpython3.13-stdlib/changelog.gz"]
    {
        assert!(tree.get(gone).is_none() && tree.below(gone).next().is_none(), "{gone}");
    }
    assert_eq!(root.left_out["documentation"], 7);
}

#[test]
fn every_package_is_on_record() {
    let root = composed(&wanted(&[]), &[]).unwrap();
    let tree = whole(&root);
    let status = text(&tree, "var/lib/dpkg/status");
    assert_eq!(status.matches("\nStatus: install ok installed\n").count(), root.packages.len());
    assert!(status.starts_with("Package: base-files\nStatus: install ok installed\nVersion: 1.0-1\n"));
    assert!(status.ends_with("Description: tzdata\n\n"));
    assert_eq!(
        text(&tree, "var/lib/dpkg/info/libc6:amd64.list").lines().last(),
        Some("/usr/lib64/ld-linux-x86-64.so.2")
    );
    let sums = "d41d8cd98f00b204e9800998ecf8427e  usr/lib/x86_64-linux-gnu/libc.so.6\n";
    assert_eq!(text(&tree, "var/lib/dpkg/status.d/libc6.md5sums"), sums);
    for name in &root.packages {
        assert!(status.contains(&text(&tree, &format!("var/lib/dpkg/status.d/{name}"))));
    }
}

#[test]
fn a_projects_own_packages_change_none_of_what_all_share() {
    let digests = |root: &Root| {
        let digest =
            |part: &Part| (part.what, write(&part.tree, Form::default(), &mut std::io::sink()).unwrap().digest);
        root.parts.iter().map(digest).collect::<BTreeMap<_, _>>()
    };
    let plain = digests(&composed(&wanted(&[]), &[]).unwrap());
    let extras = [
        Pack::new("libpq5", "Depends: libldap2, libc6\n").file("./usr/lib/x86_64-linux-gnu/libpq.so.5", "pq"),
        Pack::new("libldap2", "Depends: libc6\n").file("./usr/lib/x86_64-linux-gnu/libldap.so.2", "ldap"),
    ];
    let more = digests(&composed(&wanted(&["libpq5"]), &extras).unwrap());
    for what in [What::Libraries, What::Python(PYTHON), What::Data] {
        assert_eq!(plain[&what], more[&what]);
    }
    assert!(!plain.contains_key(&What::Extras) && more.contains_key(&What::Extras));
    // Whichever order the packages come in.
    let mut debs: Vec<_> = base().iter().chain(&extras).map(|pack| pack.read().unwrap()).collect();
    debs.reverse();
    assert_eq!(digests(&compose(&wanted(&["libpq5"]), &debs).unwrap()), more);
}

#[test]
fn a_package_that_needs_its_script_is_refused_by_name() {
    let pack = Pack::new("libsasl", "").with("postinst", "#!/bin/sh\nset -e\nadduser --system sasl\n");
    let fault = composed(&wanted(&["libsasl"]), &[pack]).unwrap_err();
    assert!(matches!(&fault, Error::Script { package, script: "postinst", command }
        if package == "libsasl" && command == "adduser --system sasl"));
    assert!(fault.hint().unwrap().contains("multi-stage"));
}

#[test]
fn alternatives_are_made_where_they_lead_to_something() {
    let script = "update-alternatives --install /usr/lib/x86_64-linux-gnu/libblas.so.3 libblas.so.3-x86_64-linux-gnu \
        /usr/lib/x86_64-linux-gnu/blas/libblas.so.3 10 --slave /usr/share/man/man1/a.gz a.gz /usr/share/man/man1/b.gz";
    let pack =
        Pack::new("libblas3", "").with("postinst", script).file("./usr/lib/x86_64-linux-gnu/blas/libblas.so.3", "blas");
    let tree = whole(&composed(&wanted(&["libblas3"]), &[pack]).unwrap());
    let (link, name) = ("usr/lib/x86_64-linux-gnu/libblas.so.3", "libblas.so.3-x86_64-linux-gnu");
    assert_eq!(text(&tree, link), format!("-> /etc/alternatives/{name}"));
    let to = "-> /usr/lib/x86_64-linux-gnu/blas/libblas.so.3";
    assert_eq!(text(&tree, &format!("etc/alternatives/{name}")), to);
    assert!(tree.get("etc/alternatives/a.gz").is_none());
}

#[test]
fn files_go_where_links_lead() {
    let packs = [
        Pack::new("a", "").symlink("./usr/lib/old", "new").folder("./usr/lib/new", 0o755),
        Pack::new("b", "").folder("./usr/lib/old", 0o755).file("./usr/lib/old/file", "text"),
    ];
    let tree = whole(&composed(&wanted(&["a", "b"]), &packs).unwrap());
    assert_eq!(text(&tree, "usr/lib/new/file"), "text");
    let packs = [
        Pack::new("a", "").symlink("./usr/lib/x", "y").symlink("./usr/lib/y", "x"),
        Pack::new("b", "").file("./usr/lib/x/file", "text"),
    ];
    let fault = composed(&wanted(&["a", "b"]), &packs).unwrap_err();
    assert!(matches!(fault, Error::Circle { package, .. } if package == "b"));
    // Out of the image there is nothing.
    let packs =
        [Pack::new("a", "").symlink("./srv/x", "../../../../etc"), Pack::new("b", "").file("./srv/x/file", "text")];
    assert_eq!(text(&whole(&composed(&wanted(&["a", "b"]), &packs).unwrap()), "etc/file"), "text");
}

#[test]
fn one_file_has_one_owner() {
    let pack = |name: &str, fields: &str, content: &str| Pack::new(name, fields).file("./usr/share/x", content);
    let both =
        |a: Pack, b: Pack| composed(&wanted(&["a", "b"]), &[a, b]).map(|root| text(&whole(&root), "usr/share/x"));
    assert_eq!(both(pack("a", "", "same"), pack("b", "", "same")).unwrap(), "same");
    assert_eq!(both(pack("a", "", "1"), pack("b", "Replaces: a (<< 2)\n", "2")).unwrap(), "2");
    assert_eq!(both(pack("a", "Replaces: b\n", "1"), pack("b", "", "2")).unwrap(), "1");
    let fault = both(pack("a", "", "1"), pack("b", "", "2")).unwrap_err();
    assert!(matches!(fault, Error::Clash { first, second, .. } if first == "a" && second == "b"));
}

#[test]
fn a_set_that_makes_no_root_is_refused() {
    let debs = |packs: &[Pack]| packs.iter().map(|pack| pack.read().unwrap()).collect::<Vec<_>>();
    let without = debs(&base()[..9]);
    assert!(matches!(compose(&wanted(&[]), &without), Err(Error::Lacks(name)) if name == "libpython3.13-stdlib"));
    assert!(matches!(composed(&wanted(&["libpq5"]), &[]), Err(Error::Lacks(name)) if name == "libpq5"));
    assert!(matches!(composed(&wanted(&[]), &base()[..1]), Err(Error::Twice(name)) if name == "base-files"));
    let other = Pack::new("x", "").with("x", "");
    let mut debs = debs(&base());
    debs.push(other.read().unwrap());
    debs[0].control =
        crate::debian::deb::Control::read("Package: base-files\nVersion: 1\nArchitecture: arm64").unwrap();
    assert!(
        matches!(compose(&wanted(&[]), &debs), Err(Error::Architecture { package, .. }) if package == "base-files")
    );
}
