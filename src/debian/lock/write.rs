//! A writer of locks: the same lock always gives the same bytes.

use std::fmt;

use super::{Lock, VERSION};

/// What a reader of the file should know.
const HEAD: &str = "\
# The Debian packages of this project's image. Written by pydeploy, to be committed as it is.
# A build takes exactly these; they move only when asked: pydeploy build --update
";

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}version = {VERSION}")?;
        for (name, set) in &self.architectures {
            write!(f, "\n[[architecture]]\nname = {}\n", Quoted(name))?;
            let mut sources = set.sources.clone();
            sources.sort();
            for source in &sources {
                write!(f, "\n[[architecture.source]]\nsuite = {}\n", Quoted(&source.suite))?;
                writeln!(f, "date = {}", Quoted(&source.date))?;
            }
            for (name, package) in &set.packages {
                write!(f, "\n[[architecture.package]]\nname = {}\n", Quoted(name))?;
                writeln!(f, "version = {}", Quoted(&package.version))?;
                writeln!(f, "sha256 = {}", Quoted(package.sha256.digest()))?;
                writeln!(f, "size = {}", package.size)?;
                writeln!(f, "filename = {}", Quoted(&package.filename))?;
            }
        }
        Ok(())
    }
}

/// A basic string of TOML.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{:04X}", u32::from(c))?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}
