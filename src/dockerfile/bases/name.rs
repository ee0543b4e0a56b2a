//! A base image's name: which known base it is of.

use super::{Contents, Family, KnownBase, Release};

/// Hosts of the registry that an image is from whose name has no host.
const HUB: &[&str] = &["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

pub(super) fn known(image: &str) -> Option<KnownBase> {
    if image.len() > 512 {
        return None;
    }
    let (named, digest) = image.split_once('@').map_or((image, false), |(named, _)| (named, true));
    let slash = named.rfind('/').map_or(0, |at| at + 1);
    let (path, tag) = match named[slash..].split_once(':') {
        Some((name, tag)) => (format!("{}{name}", &named[..slash]), tag.to_ascii_lowercase()),
        // A digest without a tag may be of any of its tags.
        None if digest => return None,
        None => (named.to_owned(), "latest".to_owned()),
    };
    let parts: Vec<&str> = path.split('/').collect();
    let host =
        parts.first().is_some_and(|first| parts.len() > 1 && (first.contains(['.', ':']) || *first == "localhost"));
    let (host, parts) = if host { (parts.first().copied(), parts.get(1..)?) } else { (None, parts.as_slice()) };
    match parts {
        ["scratch"] if host.is_none() => Some(base(Family::Scratch, Release::Recent, Contents::Plain)),
        [name] if host.is_none_or(|host| HUB.contains(&host)) => official(name, &tag),
        // A mirror keeps the path: mirror.example/library/python, cache.example/docker.io/library/python.
        [.., "library", name] => official(name, &tag),
        [.., "astral-sh", "uv"] => uv(&tag),
        [.., "distroless", name] => distroless(name, &tag),
        _ => None,
    }
}

fn base(family: Family, release: Release, contents: Contents) -> KnownBase {
    KnownBase { family, release, contents, user: "", adduser: Some(family != Family::Scratch), uv: false, debug: false }
}

fn official(name: &str, tag: &str) -> Option<KnownBase> {
    match name {
        "python" => python(tag),
        "debian" => debian(tag),
        "ubuntu" => ubuntu(tag),
        "alpine" => alpine(tag),
        "busybox" => Some(base(Family::Busybox, Release::Recent, Contents::Plain)),
        "buildpack-deps" => buildpack(tag),
        _ => None,
    }
}

/// Debian's release by name: how recent, and whether adduser is there.
fn suite(word: &str) -> Option<(Release, Option<bool>)> {
    match word {
        "buster" | "bullseye" | "10" | "11" => Some((Release::Earlier, Some(true))),
        "bookworm" | "12" => Some((Release::Recent, Some(true))),
        // apt 2.9.13 lets go of adduser.
        "trixie" | "13" | "forky" | "14" | "sid" | "unstable" | "testing" => Some((Release::Recent, Some(false))),
        "stable" | "latest" => Some((Release::Recent, None)),
        _ => None,
    }
}

fn of_suite(suite: (Release, Option<bool>), contents: Contents) -> KnownBase {
    // What buildpack-deps installs may bring adduser along.
    let full = matches!(contents, Contents::FullPython | Contents::Buildpack);
    let adduser = suite.1.filter(|is| *is || !full);
    KnownBase { adduser, ..base(Family::Debian, suite.0, contents) }
}

fn debian(tag: &str) -> Option<KnownBase> {
    // 12, 12.5, bookworm, bookworm-slim, bookworm-20250520-slim, stable-slim, latest.
    let words: Vec<&str> = tag.split('-').collect();
    let numbers = |word: &str| word.chars().all(|c| c.is_ascii_digit());
    if !words.iter().skip(1).all(|word| *word == "slim" || numbers(word)) {
        return None;
    }
    let major = words.first()?.split('.').next()?;
    suite(major).map(|suite| of_suite(suite, Contents::Plain))
}

/// 3.13-slim-bookworm, 3-alpine3.21, slim, 3.12.4, latest.
fn python(tag: &str) -> Option<KnownBase> {
    let mut words: Vec<&str> = tag.split('-').collect();
    let first = *words.first()?;
    let version = first == "latest" || first.starts_with(|c: char| c.is_ascii_digit());
    if version {
        words.remove(0);
    }
    words.retain(|word| *word != "rc");
    match words.as_slice() {
        [word] if is_alpine(word) => Some(base(Family::Alpine, Release::Recent, Contents::Python)),
        ["slim"] => Some(of_suite(newest(first, version), Contents::Python)),
        ["slim", word] => suite(word).filter(|_| is_name(word)).map(|suite| of_suite(suite, Contents::Python)),
        [] => Some(of_suite(newest(first, version), Contents::FullPython)),
        [word] => suite(word).filter(|_| is_name(word)).map(|suite| of_suite(suite, Contents::FullPython)),
        _ => None,
    }
}

fn is_name(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_lowercase())
}

fn is_alpine(word: &str) -> bool {
    word.strip_prefix("alpine").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The Debian of a tag that doesn't name it: the newest when it was last built. Python 3.8 ended in 2024, on Debian 12.
fn newest(first: &str, version: bool) -> (Release, Option<bool>) {
    let mut numbers = first.split('.').map(|number| {
        let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        number[..digits].parse::<u32>().ok()
    });
    let recent = match (numbers.next().flatten(), numbers.next()) {
        _ if !version || first == "latest" => true,
        (Some(3), None) => true,
        (Some(3), Some(Some(minor))) => minor >= 8,
        _ => false,
    };
    if recent { (Release::Recent, None) } else { (Release::Unknown, None) }
}

fn alpine(tag: &str) -> Option<KnownBase> {
    let known = tag == "latest" || tag == "edge" || tag.starts_with(|c: char| c.is_ascii_digit());
    known.then(|| base(Family::Alpine, Release::Recent, Contents::Plain))
}

/// 24.04, noble, noble-20250101, latest, rolling, devel.
fn ubuntu(tag: &str) -> Option<KnownBase> {
    let word = tag.split('-').next()?;
    let (release, adduser) = match word {
        "bionic" | "focal" | "jammy" | "18.04" | "20.04" | "22.04" | "kinetic" | "22.10" => {
            (Release::Earlier, Some(true))
        }
        "lunar" | "23.04" | "mantic" | "23.10" | "noble" | "24.04" | "oracular" | "24.10" | "plucky" | "25.04"
        | "questing" | "25.10" | "resolute" | "26.04" | "latest" | "rolling" | "devel" => (Release::Recent, None),
        _ => return None,
    };
    Some(KnownBase { adduser, ..base(Family::Ubuntu, release, Contents::Plain) })
}

fn buildpack(tag: &str) -> Option<KnownBase> {
    // bookworm, bookworm-curl, bookworm-scm, stable, latest; those of Ubuntu are left out. -curl lacks git.
    let mut words = tag.split('-');
    let found = suite(words.next()?)?;
    match words.next() {
        None | Some("scm") => Some(of_suite(found, Contents::Buildpack)),
        _ => None,
    }
}

/// python3.13-bookworm-slim, 0.9-python3.13-alpine, bookworm-slim, alpine3.22, debian, 0.9.
fn uv(tag: &str) -> Option<KnownBase> {
    let mut words: Vec<&str> = tag.split('-').collect();
    if words.first().is_some_and(|word| *word == "latest" || word.starts_with(|c: char| c.is_ascii_digit())) {
        words.remove(0);
    }
    let version = words.first().and_then(|word| word.strip_prefix("python"));
    if version.is_some() {
        words.remove(0);
    }
    let found = match (version, words.as_slice()) {
        // Nothing but uv.
        (None, []) => base(Family::Scratch, Release::Recent, Contents::Plain),
        (version, [word]) if is_alpine(word) => {
            let contents = if version.is_some() { Contents::Python } else { Contents::Plain };
            base(Family::Alpine, Release::Recent, contents)
        }
        (Some(_), [word]) => of_suite(suite(word)?, Contents::FullPython),
        (Some(_), [word, "slim"]) => of_suite(suite(word)?, Contents::Python),
        (None, ["debian"]) => of_suite(suite("latest")?, Contents::Buildpack),
        (None, ["debian", "slim"]) => of_suite(suite("latest")?, Contents::Plain),
        (None, [word]) => of_suite(suite(word)?, Contents::Buildpack),
        (None, [word, "slim"]) => of_suite(suite(word)?, Contents::Plain),
        _ => return None,
    };
    Some(KnownBase { uv: true, ..found })
}

/// static-debian12:nonroot, python3-debian12, base:debug-nonroot.
fn distroless(name: &str, tag: &str) -> Option<KnownBase> {
    let kind = name.split("-debian").next()?;
    let contents = match kind {
        "python3" => Contents::DistributionPython,
        "static" | "base" | "base-nossl" | "cc" => Contents::Plain,
        _ => return None,
    };
    let words: Vec<&str> = tag.split('-').collect();
    let nonroot = words.contains(&"nonroot");
    let debug = words.contains(&"debug");
    let user = if nonroot { "65532" } else { "" };
    Some(KnownBase { user, debug, adduser: Some(false), ..base(Family::Distroless, Release::Recent, contents) })
}
