//! A name: one part of a path, as bytes, since nothing says that file names are text.

/// The longest path, in bytes: the kernel's `PATH_MAX`.
pub(super) const PATH: usize = 4096;
/// The longest name of one file, in bytes: the kernel's `NAME_MAX`.
pub(super) const NAME: usize = 255;

/// The parts of a path in which `..` is still to be followed: empty ones and `.` are nothing.
pub(super) fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}

/// The parts of an archive's entry: `..` takes the part before it away by the letter, and stays at the root, as every
/// engine cleans such names before it unpacks them.
pub(super) fn cleaned(path: &[u8]) -> Vec<&[u8]> {
    let mut clean = Vec::new();
    for part in parts(path) {
        if part == b".." {
            clean.pop();
        } else {
            clean.push(part);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_below_the_root() {
        let shown = |path: &str| cleaned(path.as_bytes()).join(&b"/"[..]);
        for (path, clean) in [
            ("./etc/passwd", "etc/passwd"),
            ("/etc//passwd", "etc/passwd"),
            ("../../etc/passwd", "etc/passwd"),
            ("a/../etc/./passwd", "etc/passwd"),
            ("./", ""),
            ("..", ""),
        ] {
            assert_eq!(shown(path), clean.as_bytes(), "{path}");
        }
    }
}
