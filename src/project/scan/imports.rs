//! What a Python module imports.

use std::ops::Range;

use super::cursor::Cursor;

/// One imported name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// The module, with leading dots if relative.
    pub(crate) module: String,
    /// The name that is taken from it; `None` for the module itself.
    pub(crate) name: Option<String>,
    /// What it is called here.
    pub(crate) local: String,
    /// Where it stands.
    pub(crate) offset: usize,
    /// Whether it always happens: not inside a function, a condition or a try.
    pub(crate) top: bool,
}

impl Import {
    /// The first part of the module's name; empty where it is relative.
    pub(crate) fn package(&self) -> &str {
        self.module.split('.').next().unwrap_or_default()
    }
}

/// Everything that blanked code imports.
pub(super) fn of(code: &str, lines: &[Range<usize>]) -> Vec<Import> {
    let mut imports = Vec::new();
    for range in lines {
        let Some(line) = code.get(range.clone()) else { continue };
        let top = !line.starts_with([' ', '\t']);
        let mut cursor = Cursor::new(line);
        let begin = |module: &str, name: Option<&str>, local: &str| Import {
            module: module.to_owned(),
            name: name.map(str::to_owned),
            local: local.to_owned(),
            offset: range.start,
            top,
        };
        if cursor.keyword("from") {
            let Some(module) = cursor.dotted() else { continue };
            if !cursor.keyword("import") {
                continue;
            }
            cursor.eat("(");
            imports.extend(items(&mut cursor).into_iter().map(|(name, local)| begin(module, Some(name), local)));
        } else if cursor.keyword("import") {
            for (module, alias) in items(&mut cursor) {
                // `import a.b` makes `a` known, `import a.b as c` makes `c` known.
                let local = if alias == module { module.split('.').next().unwrap_or(module) } else { alias };
                imports.push(begin(module, None, local));
            }
        }
    }
    imports
}

/// `a, b as c`: each with what it is called here.
fn items<'a>(cursor: &mut Cursor<'a>) -> Vec<(&'a str, &'a str)> {
    let mut items = Vec::new();
    loop {
        cursor.eat("\\");
        let Some(name) = cursor.dotted() else { return items };
        let alias = if cursor.keyword("as") { cursor.word().unwrap_or(name) } else { name };
        items.push((name, alias));
        if !cursor.eat(",") {
            return items;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Module;

    #[test]
    fn every_form_of_import() {
        let text = "import os, a.b as c, d.e\nfrom fastapi import FastAPI as F, (\nfrom .x import (\n  y,  # no\n  z as w,\n)\n\
                    from . import v\ntry:\n    import ujson\nexcept ImportError: pass\nfrom m import \\\n  n\nfrom_ = 1\n";
        let module = Module::new("m.py", text.to_owned());
        let found: Vec<_> = module
            .imports
            .iter()
            .map(|i| {
                format!("{} {} {}{}", i.module, i.name.as_deref().unwrap_or("-"), i.local, if i.top { "" } else { "?" })
            })
            .collect();
        assert_eq!(
            found,
            [
                "os - os",
                "a.b - c",
                "d.e - d",
                "fastapi FastAPI F",
                ".x y y",
                ".x z w",
                ". v v",
                "ujson - ujson?",
                "m n n"
            ]
        );
    }
}
