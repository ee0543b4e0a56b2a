//! A reader of locks.

use toml_edit::{ArrayOfTables, Document, Item, Table};

use super::{Lock, LockError, Locked, Set, Snapshot, VERSION};

pub(super) fn read(text: &str) -> Result<Lock, LockError> {
    let document = Document::parse(text).map_err(|odd| LockError::Toml {
        line: line(text, odd.span().map_or(0, |span| span.start)),
        why: odd.message().lines().next().unwrap_or_default().to_owned(),
    })?;
    let reader = Reader { text };
    let root = document.as_table();
    match root.get("version").and_then(Item::as_integer) {
        Some(VERSION) => {}
        Some(other) => return Err(LockError::Version(other)),
        None => return Err(reader.odd(root, "it has no version")),
    }
    reader.keys(root, &["version", "architecture"])?;
    let mut lock = Lock::default();
    for table in reader.tables(root, "architecture")?.into_iter().flatten() {
        let name = reader.text(table, "name")?;
        let set = reader.set(table)?;
        if lock.architectures.insert(name.clone(), set).is_some() {
            return Err(reader.odd(table, format!("architecture {name} is there twice")));
        }
    }
    Ok(lock)
}

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn set(&self, table: &Table) -> Result<Set, LockError> {
        self.keys(table, &["name", "source", "package"])?;
        let mut set = Set::default();
        for source in self.tables(table, "source")?.into_iter().flatten() {
            self.keys(source, &["suite", "date"])?;
            set.sources.push(Snapshot { suite: self.text(source, "suite")?, date: self.text(source, "date")? });
        }
        for package in self.tables(table, "package")?.into_iter().flatten() {
            self.keys(package, &["name", "version", "sha256", "size", "filename"])?;
            let name = self.text(package, "name")?;
            let locked = self.package(package)?;
            if set.packages.insert(name.clone(), locked).is_some() {
                return Err(self.odd(package, format!("package {name} is there twice")));
            }
        }
        Ok(set)
    }

    fn package(&self, table: &Table) -> Result<Locked, LockError> {
        let sha256 = self.text(table, "sha256")?;
        let good = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let digest = format!("sha256:{sha256}").parse().ok().filter(|_| good);
        let sha256 = digest.ok_or_else(|| self.odd_value(table, "sha256", "is no SHA-256 in hexadecimal"))?;
        let size = table.get("size").and_then(Item::as_integer).and_then(|size| u64::try_from(size).ok());
        let size = size.ok_or_else(|| self.odd_value(table, "size", "has to be a number of bytes"))?;
        let filename = self.text(table, "filename")?;
        // It becomes part of an address.
        let inside = filename.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !inside || !filename.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'\\')) {
            return Err(self.odd_value(table, "filename", "is no path in an archive"));
        }
        Ok(Locked { version: self.text(table, "version")?, sha256, size, filename })
    }

    fn text(&self, table: &Table, key: &str) -> Result<String, LockError> {
        let text = table.get(key).and_then(Item::as_str).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| self.odd_value(table, key, "has to be a text"))
    }

    fn tables<'t>(&self, table: &'t Table, key: &str) -> Result<Option<&'t ArrayOfTables>, LockError> {
        match table.get(key) {
            None => Ok(None),
            Some(item) => item
                .as_array_of_tables()
                .map(Some)
                .ok_or_else(|| self.odd_value(table, key, "has to be tables in double brackets")),
        }
    }

    /// What isn't known may be what matters: a lock is never half understood.
    fn keys(&self, table: &Table, known: &[&str]) -> Result<(), LockError> {
        match table.iter().find(|(key, _)| !known.contains(key)) {
            Some((key, _)) => Err(self.odd_value(table, key, "is a key that isn't known")),
            None => Ok(()),
        }
    }

    fn odd(&self, table: &Table, what: impl Into<String>) -> LockError {
        let start = table.span().map_or(0, |span| span.start);
        LockError::Odd { line: line(self.text, start), what: what.into() }
    }

    fn odd_value(&self, table: &Table, key: &str, what: &str) -> LockError {
        let item = table.get(key).and_then(Item::span).or_else(|| table.key(key).and_then(toml_edit::Key::span));
        let start = item.or_else(|| table.span()).map_or(0, |span| span.start);
        LockError::Odd { line: line(self.text, start), what: format!("`{key}` {what}") }
    }
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
