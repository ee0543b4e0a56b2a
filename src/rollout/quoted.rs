//! A quotation: the words that a message puts between marks.

/// What stands between `open` and the next `close`.
pub(super) fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(open)?;
    Some(rest.split_once(close)?.0)
}

/// The first words in double quotes after `before`.
pub(super) fn after<'t>(text: &'t str, before: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    between(rest, "\"", "\"")
}

/// A text without all that it quotes: names that people chose say nothing about what went wrong.
pub(super) fn without(text: &str) -> String {
    text.split('"').step_by(2).collect::<Vec<_>>().join("")
}

/// The registry that an image's name leads to.
pub(super) fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => "docker.io",
    }
}
