//! The hash by which Poetry tells whether a lock is still of its pyproject.toml.
//!
//! Source: `_get_content_hash` in <https://github.com/python-poetry/poetry/blob/main/src/poetry/packages/locker.py>.

use crate::project::json::{Json, SPACED};
use crate::project::toml_file::TomlFile;

/// Counted also where they are absent, for locks of old.
const LEGACY: [&str; 4] = ["dependencies", "source", "extras", "dev-dependencies"];
const PROJECT: [&str; 3] = ["requires-python", "dependencies", "optional-dependencies"];

/// Every hash that some Poetry would give, in hexadecimal: what counts has grown over the years.
pub(super) fn all(pyproject: &TomlFile) -> Vec<String> {
    let forms = [old(pyproject), new(pyproject, false), new(pyproject, true)];
    forms.into_iter().map(|form| form.sha256(SPACED)).collect()
}

/// Poetry 1: `[tool.poetry]` alone.
fn old(pyproject: &TomlFile) -> Json {
    poetry(pyproject, Some(&Json::Null))
}

/// Poetry 2: `[project]` too, and since 2.3 the groups of PEP 735.
fn new(pyproject: &TomlFile, groups: bool) -> Json {
    let project = Json::object(PROJECT.map(|key| (key, pyproject.get(&["project", key]).map(Json::from))));
    let listed = pyproject.get(&["dependency-groups"]).filter(|_| groups).map(Json::from);
    let (project, listed) = (Some(project).filter(|p| !p.is_empty()), listed.filter(|listed| !listed.is_empty()));
    if project.is_none() && listed.is_none() {
        return old(pyproject);
    }
    let tool = Json::object([("poetry", Some(poetry(pyproject, None)))]);
    Json::object([("project", project), ("dependency-groups", listed), ("tool", Some(tool))])
}

/// What counts of `[tool.poetry]`, with something in the place of what is absent.
fn poetry(pyproject: &TomlFile, absent: Option<&Json>) -> Json {
    let at = |key: &str| pyproject.get(&["tool", "poetry", key]).map(Json::from);
    let legacy = LEGACY.map(|key| (key, at(key).or_else(|| absent.cloned())));
    Json::object(legacy.into_iter().chain([("group", at("group"))]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_poetry_gets_the_hash_that_it_writes() {
        let text = "[project]\nname = \"shöp\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n\
            dependencies = [\"fastapi>=0.110\", \"x ; python_version < '3.9'\"]\n\
            [dependency-groups]\ndev = [\"pytest>=8\", {include-group = \"lint\"}]\nlint = [\"ruff\"]\n\
            [tool.poetry]\npackage-mode = false\n\
            [tool.poetry.group.docs.dependencies]\nsphinx = { version = \"^7\", optional = true }\n\
            [[tool.poetry.source]]\nname = \"private\"\nurl = \"https://index.example/ä😀/simple\"\npriority = \"supplemental\"\n";
        let hashes = all(&TomlFile::parse("pyproject.toml", text.to_owned()).unwrap());
        // Of Poetry 1.8.5, 2.1.4 and 2.5.1.
        for theirs in [
            "6040c42beb95c35f9e05f10c7c06825c620738f19d0ea285658bb4742f85876e",
            "6d4dacf480b8325a43bcc1977639803b3d0e397820bd4484e1c4ce33b8cd0f88",
            "21b40ba9f36009d263b217e7d3431097edde4ab3247ae5351df29d88e2225841",
        ] {
            assert!(hashes.iter().any(|ours| ours == theirs), "{theirs}");
        }
    }
}
