//! This machine's own sources of packages, where it has apt.

use std::fs;
use std::io;
use std::path::Path;

use super::super::sources::{Form, Source, read};
use super::Error;

/// The sources that apt has under this root folder, `/` for this machine's own. None where there is no apt.
pub fn sources_of_machine(root: &Path) -> Result<Vec<Source>, Error> {
    let folder = root.join("etc/apt");
    let mut files = vec![folder.join("sources.list")];
    let parts = folder.join("sources.list.d");
    match fs::read_dir(&parts) {
        Ok(entries) => {
            let mut found: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            found.sort();
            files.extend(found);
        }
        Err(source) => absent(&parts, source)?,
    }
    let mut sources = Vec::new();
    for file in files {
        let Some(form) = file.file_name().and_then(|name| Form::of(name.to_str()?)) else { continue };
        match fs::read_to_string(&file) {
            Ok(text) => {
                let path = file.display().to_string();
                sources.extend(read(form, &text).map_err(|source| Error::Configuration { path, source })?);
            }
            Err(source) => absent(&file, source)?,
        }
    }
    Ok(sources)
}

/// What is not there is no failure.
fn absent(path: &Path, source: io::Error) -> Result<(), Error> {
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(()),
        _ => Err(Error::Machine { path: path.display().to_string(), source }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_places_are_read_in_order() {
        let root = tempfile::tempdir().unwrap();
        assert!(sources_of_machine(root.path()).unwrap().is_empty());
        let parts = root.path().join("etc/apt/sources.list.d");
        fs::create_dir_all(&parts).unwrap();
        let stanza = |suite: &str| format!("Types: deb\nURIs: http://a.example\nSuites: {suite}\nComponents: main\n");
        fs::write(parts.join("b.sources"), stanza("two")).unwrap();
        fs::write(parts.join("a.list"), "deb http://a.example one main").unwrap();
        fs::write(parts.join("c.sources.save"), "nonsense").unwrap();
        fs::write(root.path().join("etc/apt/sources.list"), "deb http://a.example zero main").unwrap();
        let found = sources_of_machine(root.path()).unwrap();
        assert_eq!(found.iter().map(|source| source.suite.as_str()).collect::<Vec<_>>(), ["zero", "one", "two"]);
        fs::write(parts.join("d.list"), "nonsense").unwrap();
        assert!(sources_of_machine(root.path()).unwrap_err().to_string().ends_with("d.list"));
    }
}
