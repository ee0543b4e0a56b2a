//! A list of contents: which package has which file, searched for shared libraries.
//!
//! <https://wiki.debian.org/DebianRepository/Format#A.22Contents.22_indices>

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

/// The longest line, in bytes: the longest path, and packages that share it.
const LONGEST: u64 = 1 << 20;

/// A package that has a library.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Provider {
    /// How near to where the loader looks.
    place: Place,
    /// The package.
    pub package: String,
    /// Where the library is in it: `usr/lib/x86_64-linux-gnu/libpq.so.5`.
    pub path: String,
}

/// Where a library is, the best place first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// In the architecture's own folder of libraries.
    Own,
    /// In the folder of libraries for all.
    Shared,
    /// In a folder below one of them, where the loader does not look unless it is told to: often a variant.
    Below,
}

/// Who has the libraries of these names, the best package first. A name that none has is left out.
pub fn providers(
    mut contents: impl BufRead,
    sonames: &[&str],
    triplet: &str,
) -> io::Result<BTreeMap<String, Vec<Provider>>> {
    let mut wanted: Vec<_> = sonames.iter().map(|name| name.as_bytes()).collect();
    wanted.sort_unstable();
    let mut found: BTreeMap<String, Vec<Provider>> = BTreeMap::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = (&mut contents).take(LONGEST).read_until(b'\n', &mut line)? as u64;
        if length == LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line has no end"));
        }
        if length == 0 {
            break;
        }
        let Some((path, packages)) = split(&line) else { continue };
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if wanted.binary_search(&name).is_err() {
            continue;
        }
        // A name that is no text is not among those that were asked for.
        let (Ok(path), Ok(packages)) = (std::str::from_utf8(path), std::str::from_utf8(packages)) else { continue };
        let Some(place) = place(path, triplet) else { continue };
        let name = path.rsplit('/').next().unwrap_or_default();
        for package in packages.split(',').filter_map(|package| package.trim().rsplit('/').next()) {
            let provider = Provider { place, package: package.to_owned(), path: path.to_owned() };
            found.entry(name.to_owned()).or_default().push(provider);
        }
    }
    for providers in found.values_mut() {
        providers.sort();
        providers.dedup_by(|later, earlier| later.package == earlier.package);
    }
    Ok(found)
}

/// The path, which may hold spaces, and the packages, which can't. Only what is below a folder of libraries.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if !line.starts_with(b"usr/lib/") && !line.starts_with(b"lib/") {
        return None;
    }
    let line = line.trim_ascii_end();
    let space = line.iter().rposition(|byte| matches!(byte, b' ' | b'\t'))?;
    Some((line[..space].trim_ascii_end(), &line[space + 1..]))
}

/// Where in a folder of libraries a path is; none where it is in that of another architecture.
fn place(path: &str, triplet: &str) -> Option<Place> {
    let inside = path.strip_prefix("usr/").unwrap_or(path).strip_prefix("lib/")?;
    let (folder, rest) = inside.split_once('/').map_or(("", inside), |(folder, rest)| (folder, rest));
    match folder {
        "" => Some(Place::Shared),
        _ if folder == triplet && !rest.contains('/') => Some(Place::Own),
        _ if folder != triplet && folder.contains("-linux-") => None,
        _ => Some(Place::Below),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CONTENTS: &[u8] = b"\
bin/bash\t\t\t\t\t\tshells/bash
usr/lib/libGL.so.1 libs/old
usr/lib/aarch64-linux-gnu/libGL.so.1    cross/libgl1-arm64-cross
usr/lib/x86_64-linux-gnu/libGL.so.1\t\t\t    libs/libgl1
usr/lib/x86_64-linux-gnu/primus/libGL.so.1\t    contrib/x11/primus-libs
lib/x86_64-linux-gnu/libpq.so.5    libs/libpq5-b,non-free/libs/libpq5-a
usr/lib/x86_64-linux-gnu/libpq.so.5    libs/libpq5-b
usr/lib/x86_64-linux-gnu/a folder/lib odd.so.1    libs/odd
usr/lib/x86_64-linux-gnu/lib\xff.so.1 libs/no-text
usr/lib/x86_64-linux-gnu/libGL.so.1.7.0 libs/libgl1
usr/lib/nothing
";

    fn names(soname: &str) -> Vec<String> {
        let found = providers(CONTENTS, &[soname, "libnone.so.0"], "x86_64-linux-gnu").unwrap();
        found.into_values().flatten().map(|provider| provider.package).collect()
    }

    #[test]
    fn the_best_place_is_first() {
        assert_eq!(names("libGL.so.1"), ["libgl1", "old", "primus-libs"]);
        assert_eq!(names("libpq.so.5"), ["libpq5-a", "libpq5-b"]);
        assert_eq!(names("lib odd.so.1"), ["odd"]);
        assert!(names("nothing").is_empty());
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let endless = io::BufReader::new(io::repeat(b'a').take(1 << 22));
        assert!(providers(endless, &["a"], "x86_64-linux-gnu").is_err());
    }
}
