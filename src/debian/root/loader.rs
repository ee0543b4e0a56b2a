//! A loader's cache: /etc/ld.so.cache, as ldconfig writes it.
//!
//! The loader itself finds libraries in Debian's own folders without it; `ldconfig -p` does not, and so neither does
//! `ctypes.util.find_library`. The format is glibc's (elf/cache.c, "glibc-ld.so.cache1.1").

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::image::closure::Machine;
use crate::image::layer::{Kind, Tree};

/// The header, in bytes, and each entry.
const HEADER: usize = 48;
const ENTRY: usize = 24;
/// The bytes are stored with the lowest first.
const LITTLE: u8 = 2;

/// How the entries of an architecture are marked.
const FLAGS: &[(&str, u32)] = &[("amd64", 0x0303), ("arm64", 0x0a03)];

/// The cache of the libraries in a file system; none for an architecture that isn't known.
pub(super) fn cache(tree: &Tree, architecture: &str) -> Option<Vec<u8>> {
    over("", tree, architecture)
}

/// The cache of what is put over a file system that has one already, of which `below` is the text.
pub(super) fn over(below: &str, tree: &Tree, architecture: &str) -> Option<Vec<u8>> {
    let (_, flags) = FLAGS.iter().find(|(name, _)| *name == architecture)?;
    let triplet = Machine::of(architecture)?.multiarch()?;
    // Its strings are names and paths; a library's name is that of the link which ldconfig has made for it.
    let paths = below.split('\0').filter(|text| text.starts_with('/'));
    let named = paths.filter_map(|path| Some((path.rsplit_once('/')?.1, path.to_owned())));
    let mut found: BTreeMap<&str, String> = named.collect();
    // The later folder is the one that is looked into first.
    for folder in ["usr/lib".to_owned(), format!("usr/lib/{triplet}"), "usr/local/lib".to_owned()] {
        for (name, path) in libraries(tree, &folder) {
            // Programs name the folder without /usr, where it is a link.
            found.insert(
                name,
                format!("/{}", path.strip_prefix("usr/").filter(|p| p.starts_with("lib")).unwrap_or(path)),
            );
        }
    }
    let mut entries: Vec<_> = found.into_iter().collect();
    entries.sort_by(|(a, _), (b, _)| compare(b.as_bytes(), a.as_bytes()));
    write(&entries, *flags)
}

/// Libraries right in a folder, by the names that programs ask for: links, and files that no link leads to.
fn libraries<'t>(tree: &'t Tree, folder: &str) -> Vec<(&'t str, &'t str)> {
    let prefix = format!("{folder}/");
    let here = tree.below(folder).filter_map(|(path, node)| {
        let name = path.strip_prefix(&prefix)?;
        let library =
            (name.starts_with("lib") || name.starts_with("ld-")) && name.contains(".so") && !name.contains('/');
        library.then_some((name, path, &node.kind))
    });
    let here: Vec<_> = here.collect();
    let links =
        here.iter().filter_map(|(.., kind)| if let Kind::Symlink(to) = kind { Some(to.as_str()) } else { None });
    let linked: BTreeSet<&str> = links.collect();
    let asked = here.iter().filter(|(name, _, kind)| match kind {
        Kind::Symlink(_) => true,
        Kind::File(_) => !linked.contains(name),
        Kind::Directory => false,
    });
    asked.map(|(name, path, _)| (*name, *path)).collect()
}

fn write(entries: &[(&str, String)], flags: u32) -> Option<Vec<u8>> {
    let (mut table, mut strings) = (Vec::new(), Vec::new());
    let start = HEADER + entries.len() * ENTRY;
    let mut text = |text: &str| {
        let at = u32::try_from(start + strings.len()).ok();
        strings.extend_from_slice(text.as_bytes());
        strings.push(0);
        at
    };
    for (name, path) in entries {
        table.extend_from_slice(&flags.to_le_bytes());
        table.extend_from_slice(&text(name)?.to_le_bytes());
        table.extend_from_slice(&text(path)?.to_le_bytes());
        // Of no use: the oldest kernel, and what the processor would have to have.
        table.extend_from_slice(&[0; 12]);
    }
    let mut cache = b"glibc-ld.so.cache1.1".to_vec();
    cache.extend_from_slice(&u32::try_from(entries.len()).ok()?.to_le_bytes());
    cache.extend_from_slice(&u32::try_from(strings.len()).ok()?.to_le_bytes());
    cache.push(LITTLE);
    // Padding, no extensions, and what is kept for later.
    cache.resize(HEADER, 0);
    Some([cache, table, strings].concat())
}

/// The order of glibc: runs of digits are numbers, and come after all else.
fn compare(mut left: &[u8], mut right: &[u8]) -> Ordering {
    loop {
        let order = match (left.first(), right.first()) {
            (None, None) => return Ordering::Equal,
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                number(&mut left).cmp(&number(&mut right))
            }
            (Some(a), _) if a.is_ascii_digit() => return Ordering::Greater,
            (_, Some(b)) if b.is_ascii_digit() => return Ordering::Less,
            (a, b) => {
                left = left.get(1..).unwrap_or_default();
                right = right.get(1..).unwrap_or_default();
                a.copied().unwrap_or(0).cmp(&b.copied().unwrap_or(0))
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn number(text: &mut &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (run, rest) = text.split_at(digits);
    *text = rest;
    run.iter().fold(0, |value: u64, digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::image::layer::Node;

    #[test]
    fn the_order_is_glibcs() {
        let mut names = ["libz.so.1", "libm.so.6", "libpq.so.5", "libc.so.10", "libc.so.6", "liba-b.so", "lib2.so"];
        names.sort_by(|a, b| compare(b.as_bytes(), a.as_bytes()));
        assert_eq!(names, ["lib2.so", "libz.so.1", "libpq.so.5", "libm.so.6", "libc.so.10", "libc.so.6", "liba-b.so"]);
    }

    #[test]
    fn a_library_is_found_by_its_links_name() {
        let mut tree = Tree::default();
        let folder = "usr/lib/x86_64-linux-gnu";
        for (name, node) in [
            ("libpq.so.5", Node::symlink("libpq.so.5.17")),
            ("libpq.so.5.17", Node::file(0o644, "x")),
            ("libc.so.6", Node::file(0o755, "x")),
            ("ossl-modules/liblegacy.so", Node::file(0o644, "x")),
            ("README.so", Node::file(0o644, "x")),
        ] {
            tree.insert(&format!("{folder}/{name}"), node).unwrap();
        }
        let cache = cache(&tree, "amd64").unwrap();
        let text = String::from_utf8_lossy(&cache[HEADER + 2 * ENTRY..]).into_owned();
        let strings = "libpq.so.5\0/lib/x86_64-linux-gnu/libpq.so.5\0libc.so.6\0/lib/x86_64-linux-gnu/libc.so.6\0";
        assert_eq!(text, strings);
        assert_eq!(cache[20..24], 2_u32.to_le_bytes());
        // Over a base: what that has stays, and what is in both is where it is now.
        let below = "glibc-ld.so.cache1.1\0\u{1}\0libz.so.1\0/opt/libz.so.1\0libpq.so.5\0/opt/libpq.so.5\0";
        let text = String::from_utf8_lossy(&over(below, &tree, "amd64").unwrap()[HEADER + 3 * ENTRY..]).into_owned();
        assert_eq!(text, format!("libz.so.1\0/opt/libz.so.1\0{strings}"));
        assert!(super::cache(&tree, "riscv64").is_none());
    }
}
