//! Contents: what an image's files take up, folder by folder.

use std::collections::BTreeMap;
use std::io::Read;

use super::rootfs::{LayerError, Limits, Visited, visit};

/// A folder is told by its parts where the largest part is at least so many hundredths of it.
const TELLING: u64 = 40;
/// Nobody is helped by `usr`: these many names of a path are shown at least, where there are so many.
const DEPTH: usize = 2;
/// Paths are told apart by so many names.
const DEEPEST: usize = 12;

/// What the files of an image, or of one of its layers, take up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    size: u64,
    below: BTreeMap<String, Contents>,
}

impl Contents {
    /// Those of the files of an archive, uncompressed or in any of the forms that layers have.
    pub fn of_archive(source: impl Read, limits: &Limits) -> Result<Self, LayerError> {
        let mut found = Self::default();
        visit(source, limits, &mut |passed, _| {
            if let Visited::File { size, .. } = passed.what {
                found.add(&passed.path, size);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Takes in a file, by its path relative to the root, and its size in bytes.
    pub fn add(&mut self, path: &str, size: u64) {
        self.size += size;
        let mut here = self;
        for name in path.split('/').filter(|n| !n.is_empty()).take(DEEPEST) {
            here = here.below.entry(name.to_owned()).or_default();
            here.size += size;
        }
    }

    /// What takes up most: paths without a slash at their front, and their sizes in bytes, the largest first. Each is as
    /// deep as it takes for it to say something: `usr/lib/gcc` rather than `usr`.
    pub fn largest(&self, count: usize) -> Vec<(String, u64)> {
        let mut parts = self.parts("", 0);
        parts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        parts.truncate(count);
        parts
    }

    fn parts(&self, path: &str, depth: usize) -> Vec<(String, u64)> {
        let largest = self.below.values().map(|b| b.size).max().unwrap_or_default();
        let telling = depth < DEPTH || largest * 100 >= self.size * TELLING;
        if self.below.is_empty() || !telling {
            return vec![(path.to_owned(), self.size)];
        }
        let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        self.below.iter().flat_map(|(name, part)| part.parts(&join(name), depth + 1)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_told_as_deep_as_they_say_something() {
        let mut all = Contents::default();
        all.add("usr/lib/gcc/x/cc1", 120);
        for name in ["a", "b", "c", "d", "e"] {
            all.add(&format!("usr/lib/x86_64/{name}.so"), 50);
            all.add(&format!("opt/venv/lib/python3.13/site-packages/{name}/m.py"), 10);
        }
        all.add("etc/passwd", 1);
        assert_eq!(all.size, 421);
        let expected = [
            ("usr/lib/x86_64", 250),
            ("usr/lib/gcc/x/cc1", 120),
            ("opt/venv/lib/python3.13/site-packages", 50),
            ("etc/passwd", 1),
        ];
        assert_eq!(all.largest(9), expected.map(|(path, size)| (path.to_owned(), size)));
        assert_eq!(all.largest(1).len(), 1);
    }
}
