//! What a project is called.

use super::pyproject::Pyproject;
use super::{Decision, Error, Stated};
use crate::source::SourceTree;

/// As long as a label of a DNS name can be.
const LONGEST: usize = 63;
/// What is used where nothing gives a name.
const LAST_RESORT: &str = "app";

/// Decides the name: stated, else of `[project]`, else of the folder. It is a DNS label that begins with a letter, as a
/// Kubernetes Service needs it: <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>.
pub fn name(tree: &SourceTree, stated: &Stated) -> Result<Decision<String>, Error> {
    decide(tree, Pyproject::read(tree)?.as_ref(), stated)
}

/// Decides the name where pyproject.toml is known.
pub(crate) fn decide(
    tree: &SourceTree,
    pyproject: Option<&Pyproject>,
    stated: &Stated,
) -> Result<Decision<String>, Error> {
    if let Some(stated) = &stated.name {
        return match label(&stated.value) {
            Some(label) if label == stated.value => Ok(stated.clone()),
            label => Err(Error::Name {
                name: stated.value.clone(),
                suggestion: label.unwrap_or_else(|| LAST_RESORT.to_owned()),
            }),
        };
    }
    if let Some(located) = pyproject.and_then(|pyproject| pyproject.name.as_ref())
        && let Some(label) = label(&located.text)
    {
        return Ok(Decision::seen(label, "the name in pyproject.toml", located.at.clone()));
    }
    Ok(match label(tree.name()) {
        Some(label) => Decision::assumed(label, "the folder's name"),
        None => Decision::assumed(LAST_RESORT.to_owned(), "neither pyproject.toml nor the folder's name gives one"),
    })
}

fn label(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let parts: Vec<_> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let mut label = parts.join("-");
    if label.starts_with(|c: char| c.is_ascii_digit()) {
        label.insert_str(0, "app-");
    }
    label.truncate(LONGEST);
    let label = label.trim_end_matches('-');
    (!label.is_empty()).then(|| label.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn named(folder: &str, pyproject: &str) -> String {
        let tree = SourceTree::in_memory(folder, [("pyproject.toml", pyproject)]);
        name(&tree, &Stated::default()).unwrap().value
    }

    #[test]
    fn names_are_labels() {
        for (folder, pyproject, label) in [
            ("x", "[project]\nname = 'My_Api.Server'\n", "my-api-server"),
            ("x", "[tool.poetry]\nname = 'shop'\n", "shop"),
            ("Web App-", "", "web-app"),
            ("shop", "[project]\nname = ''\n", "shop"),
            ("--", "", "app"),
            ("", "", "app"),
            ("日本", "", "app"),
            ("2048", "", "app-2048"),
        ] {
            assert_eq!(named(folder, pyproject), label, "{folder}");
        }
        let long = named(&format!("{}-b", "a".repeat(62)), "");
        assert_eq!(long, "a".repeat(62));
    }

    #[test]
    fn a_stated_name_is_taken_or_refused() {
        let tree = SourceTree::in_memory("x", []);
        let state = |text: &str| {
            let name_stated = Some(Decision::assumed(text.to_owned(), "stated by a flag"));
            name(&tree, &Stated { name: name_stated, ..Stated::default() })
        };
        assert_eq!(state("shop").unwrap().value, "shop");
        let error = state("My Shop").unwrap_err();
        assert_eq!(error.hint().unwrap(), "`my-shop` would do");
    }
}
