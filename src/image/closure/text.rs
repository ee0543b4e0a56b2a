//! A text: one of the few files whose lines say where libraries are, or whose a file is.

use std::io;

use super::bytes::Bytes;

/// A kind of text that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// `ld.so.conf` and what it includes, or musl's `ld-musl-ARCH.path`: folders.
    Folders,
    /// `ld.so.cache`: the folders that ldconfig was told.
    Cache,
    /// A wheel's `WHEEL`: its tags.
    Wheel,
    /// A wheel's `RECORD`: its files, as far as they may be programs or libraries.
    Record,
}

/// The largest text that is read, in bytes: the record of a large package.
const LARGEST: usize = 16 << 20;

impl Text {
    pub(super) fn of(folder: &str, name: &str) -> Option<Self> {
        let ends = |end: &str| name.rsplit_once('.').is_some_and(|(_, e)| e == end);
        match (folder, name) {
            ("etc", "ld.so.conf") => Some(Self::Folders),
            ("etc", "ld.so.cache") => Some(Self::Cache),
            ("etc", _) if name.starts_with("ld-musl-") && ends("path") => Some(Self::Folders),
            ("etc/ld.so.conf.d", _) if ends("conf") => Some(Self::Folders),
            (_, "WHEEL") if folder.ends_with(".dist-info") => Some(Self::Wheel),
            (_, "RECORD") if folder.ends_with(".dist-info") => Some(Self::Record),
            _ => None,
        }
    }

    /// Its lines that we have a use for; none where it is too large.
    pub(super) fn read(self, bytes: &mut dyn Bytes) -> io::Result<Option<Vec<String>>> {
        let bytes = bytes.read(0, LARGEST + 1)?;
        if bytes.len() > LARGEST {
            return Ok(None);
        }
        Ok(Some(match self {
            Self::Cache => cached(&bytes),
            Self::Folders => folders(&String::from_utf8_lossy(&bytes)),
            Self::Wheel => tags(&String::from_utf8_lossy(&bytes)),
            Self::Record => recorded(&String::from_utf8_lossy(&bytes)),
        }))
    }
}

/// The folders of `ld.so.conf`, or of musl's file, where they stand between colons or in lines.
fn folders(text: &str) -> Vec<String> {
    let lines = text.lines().map(|l| l.split('#').next().unwrap_or_default());
    let words = lines.flat_map(|l| l.split([':', ',', ' ', '\t'])).filter(|w| w.starts_with('/'));
    // `/usr/lib=libc6` is an old way to say which libraries are there. What is included is read by itself.
    let folders = words.map(|w| w.split('=').next().unwrap_or_default().to_owned());
    folders.filter(|f| !f.contains(['*', '?', '['])).collect()
}

/// The folders of the libraries in `ld.so.cache`: all of its text, since its tables point nowhere else.
fn cached(bytes: &[u8]) -> Vec<String> {
    let text = |part: &[u8]| part.starts_with(b"/").then(|| String::from_utf8(part.to_vec()).ok()).flatten();
    let paths = bytes.split(|b| *b == 0).filter_map(text);
    let mut folders: Vec<_> = paths.filter_map(|p| p.rsplit_once('/').map(|(f, _)| f.to_owned())).collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

fn tags(text: &str) -> Vec<String> {
    text.lines().filter_map(|l| l.strip_prefix("Tag:")).map(|t| t.trim().to_owned()).collect()
}

/// Paths of a record, relative to the folder of packages. <https://packaging.python.org/en/latest/specifications/recording-installed-packages/>
fn recorded(text: &str) -> Vec<String> {
    let path = |line: &str| match line.strip_prefix('"') {
        Some(quoted) => quoted.split("\",").next().map(|p| p.replace("\"\"", "\"")),
        None => line.split(',').next().map(str::to_owned),
    };
    let paths = text.lines().filter_map(path);
    // A program may be called anything: all that no interpreter reads is kept.
    paths
        .filter(|p| p.contains(".so") || p.starts_with("../") || !p.rsplit('/').next().is_some_and(|n| n.contains('.')))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_found_in_every_form() {
        assert_eq!(
            folders("# x\ninclude /etc/ld.so.conf.d/*.conf\n/a /b=libc6\n\t/c:/d # /e\n"),
            ["/a", "/b", "/c", "/d"]
        );
        let cache =
            b"glibc-ld.so.cache1.1\0\x01\0\0\0libz.so.1\0/usr/lib/libz.so.1\0/opt/x/liby.so\0/usr/lib/liba.so\0";
        assert_eq!(cached(cache), ["/opt/x", "/usr/lib"]);
    }

    #[test]
    fn records_name_files() {
        let text = "a/__init__.py,sha256=x,1\n\"a/b,c.so\",sha256=y,2\n../../../bin/tool,,\na/bin/node,,\n";
        assert_eq!(recorded(text), ["a/b,c.so", "../../../bin/tool", "a/bin/node"]);
        assert_eq!(tags("Wheel-Version: 1.0\nTag: cp313-cp313-linux_x86_64\n"), ["cp313-cp313-linux_x86_64"]);
    }
}
