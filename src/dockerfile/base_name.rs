//! A base's name: which texts the frontend takes for the name of an image.

use super::problem::Problem;

/// Checks the name of an image as `distribution/reference` does: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.
pub(super) fn check(name: &str) -> Result<(), Problem> {
    match fault(name) {
        Some(why) => Err(Problem::BaseName { name: name.to_owned(), why }),
        None => Ok(()),
    }
}

fn fault(name: &str) -> Option<&'static str> {
    if name.len() == 64 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Some("64 hexadecimal digits are a digest, not a name");
    }
    let (host, rest) = host_and_rest(name);
    let path = rest.split(':').next().unwrap_or_default();
    if super::chars::lower(path) != path {
        return Some("it has capitals in it");
    }
    let (rest, digest) = rest.split_once('@').map_or((rest, None), |(rest, digest)| (rest, Some(digest)));
    let (path, tag) = rest.split_once(':').map_or((rest, None), |(path, tag)| (path, Some(tag)));
    // What looks like a host and is none may still be the first part of a path.
    if host.is_some_and(|host| !is_host(host) && !is_component(host)) {
        return Some("its registry is not a host");
    }
    if path.is_empty() || !path.split('/').all(is_component) {
        return Some("its path is not words of a-z and 0-9 with '.', '_' or '-' between them");
    }
    let official = matches!(host, None | Some("docker.io" | "index.docker.io")) && !path.contains('/');
    if path.len() + if official { "library/".len() } else { 0 } > 255 {
        return Some("it is longer than 255 characters");
    }
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Some("its tag is not up to 128 letters, digits, '_', '.' and '-'");
    }
    digest.filter(|digest| !is_digest(digest)).map(|_| "its digest is not one")
}

/// What is before the first slash is a host where it looks like one.
fn host_and_rest(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest))
            if first == "localhost" || first.contains(['.', ':']) || super::chars::lower(first) != first =>
        {
            (Some(first), rest)
        }
        _ => (None, name),
    }
}

fn is_host(text: &str) -> bool {
    let port_of = |rest: &str| match rest.strip_prefix(':') {
        Some(port) => !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()),
        None => rest.is_empty(),
    };
    if let Some(inside) = text.strip_prefix('[') {
        let Some((address, rest)) = inside.split_once(']') else { return false };
        return !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') && port_of(rest);
    }
    let end = text.find(':').unwrap_or(text.len());
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text[..end].split('.').all(label) && port_of(&text[end..])
}

/// Words of small letters and digits with one separator between two: `.`, `_`, `__`, or any number of `-`.
fn is_component(text: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut rest = text;
    loop {
        let after = rest.trim_start_matches(word);
        if after.len() == rest.len() {
            return false;
        }
        if after.is_empty() {
            return true;
        }
        let next = after.trim_start_matches(|c: char| !word(c));
        let separator = &after[..after.len() - next.len()];
        if !(matches!(separator, "." | "_" | "__") || separator.bytes().all(|b| b == b'-')) {
            return false;
        }
        rest = next;
    }
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128 && text.starts_with(word) && text.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let length = match algorithm {
        "sha256" => hex.len() == 64,
        "sha384" => hex.len() == 96,
        "sha512" => hex.len() == 128,
        _ => false,
    };
    algorithm.split(['-', '_', '+', '.']).all(part)
        && length
        && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for name in [
            "python",
            "python:3.13-slim",
            "a/b/c",
            "localhost/x",
            "Host/x",
            "h:5000/x:T_1",
            "[::1]:5000/x",
            "a__b",
            "a---b.c",
            &format!("x@{digest}"),
            &format!("x:1@{digest}"),
            "0",
            "a_b.c/x",
        ] {
            assert_eq!(fault(name), None, "{name}");
        }
        for name in [
            "",
            "Python",
            "a/B",
            "a..b",
            "a._b",
            "-a",
            "a:",
            "a:.x",
            "a@sha256:1",
            "a b",
            "a//b",
            "h:x/y",
            "-h.x/y",
            &"a".repeat(64),
            "x:1:2",
            "../x",
            "python:3.13@",
            "é",
        ] {
            assert!(fault(name).is_some(), "{name}");
        }
    }
}
