//! An archive of files: a layer, or a whole image, read into an inventory in one pass.

use std::io::{self, Read};

use super::bytes::Ends;
use super::inventory::{Entry, Interest, Inventory, entry, interest};
use crate::image::rootfs::{LayerError, Limits, Passed, Visited, visit};

/// What hides a file of a lower layer: this, before its name; and what makes a folder opaque.
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";
const OWN: &str = ".wh..wh.";

impl Inventory {
    /// Reads a layer, in any of OCI's compressions, or an image that was exported as one archive. Nothing is unpacked;
    /// at most 32 MiB of one file are in memory at a time.
    pub fn of_archive(source: impl Read, limits: &Limits) -> Result<Self, LayerError> {
        let mut found = Self::default();
        let mut reader = Reader { found: &mut found };
        visit(source, limits, &mut |passed, body| reader.take(passed, body))?;
        Ok(found.layer())
    }
}

struct Reader<'i> {
    found: &'i mut Inventory,
}

impl Reader<'_> {
    fn take(&mut self, passed: Passed, body: &mut dyn Read) -> io::Result<()> {
        let (folder, name) = passed.path.rsplit_once('/').unwrap_or(("", &passed.path));
        if passed.path.is_empty() {
            return Ok(());
        }
        if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            match name {
                OPAQUE => self.found.clear(folder),
                _ if name.starts_with(OWN) || hidden.is_empty() => {}
                _ if folder.is_empty() => self.found.hide(hidden),
                _ => self.found.hide(&format!("{folder}/{hidden}")),
            }
            return Ok(());
        }
        // What an engine unpacks below a link of the same layer is where that leads.
        let Some(folder) = self.found.true_folder(folder) else { return Ok(()) };
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        match passed.what {
            Visited::File { .. } if interest(&path) == Interest::None => self.found.folder(&folder),
            Visited::File { size, .. } => match entry(&path, &mut Ends::read(body, size)?)? {
                Some(entry) => self.found.put(&path, entry),
                None => self.found.folder(&folder),
            },
            Visited::Folder => self.found.folder(&path),
            Visited::Link(target) => self.found.put(&path, Entry::Link(target)),
            Visited::Same(other) => {
                let same = self.found.entries.get(&other).map(|placed| placed.entry.clone());
                match same {
                    Some(entry) => self.found.put(&path, entry),
                    None => self.found.folder(&folder),
                }
            }
            Visited::Other => self.found.folder(&folder),
        }
        Ok(())
    }
}
