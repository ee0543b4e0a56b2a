//! A glob: one `filepath.Match` pattern of Go's, with that function's verdicts and its notion of bad syntax.

/// A pattern that `filepath.Match` calls malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadGlob;

/// What remains of a chunk or a name, and what was read from its front.
type Taken<'a, T> = (T, &'a [u8]);

/// `filepath.Match(pattern, name)`: only the part of the pattern that decides is checked, so that a malformed rest
/// goes unnoticed where an earlier part already fails.
pub(crate) fn glob_match(pattern: &str, name: &str) -> Result<bool, BadGlob> {
    let (mut pattern, mut name) = (pattern.as_bytes(), name.as_bytes());
    while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(!name.contains(&b'/'));
        }
        let last = pattern.is_empty();
        match match_chunk(chunk, name)? {
            Some(left) if left.is_empty() || !last => {
                name = left;
                continue;
            }
            _ if !star => return Ok(false),
            _ => {}
        }
        let Some(left) = skip_to_chunk(chunk, name, last)? else { return Ok(false) };
        name = left;
    }
    Ok(name.is_empty())
}

/// The rest of `name` after the first place, before any slash, where `chunk` fits behind what a star took.
fn skip_to_chunk<'n>(chunk: &[u8], name: &'n [u8], last: bool) -> Result<Option<&'n [u8]>, BadGlob> {
    for (at, byte) in name.iter().enumerate() {
        if *byte == b'/' {
            break;
        }
        if let Some(left) = match_chunk(chunk, &name[at + 1..])?
            && (left.is_empty() || !last)
        {
            return Ok(Some(left));
        }
    }
    Ok(None)
}

/// Splits off the stars in front (true if any), then everything up to the next star outside brackets.
fn next_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
    let pattern = &pattern[stars..];
    let (mut at, mut bracket) = (0, false);
    while at < pattern.len() {
        match pattern[at] {
            b'\\' => at += 1,
            b'[' => bracket = true,
            b']' => bracket = false,
            b'*' if !bracket => break,
            _ => {}
        }
        at += 1;
    }
    let (chunk, rest) = pattern.split_at(at.min(pattern.len()));
    (stars > 0, chunk, rest)
}

/// Matches a chunk without stars at the front of `name`, and gives what is left of the name. A failed match still
/// reads the chunk to its end, for its syntax.
fn match_chunk<'n>(mut chunk: &[u8], mut name: &'n [u8]) -> Result<Option<&'n [u8]>, BadGlob> {
    let mut failed = false;
    while let Some((&first, after)) = chunk.split_first() {
        failed |= name.is_empty();
        match first {
            b'[' => {
                let (mut rune, mut left) = (0, name);
                if !failed {
                    (rune, left) = next_rune(name);
                }
                let (inside, rest) = match_brackets(after, rune)?;
                failed |= !inside;
                (chunk, name) = (rest, left);
            }
            b'?' => {
                if !failed {
                    failed = name[0] == b'/';
                    name = next_rune(name).1;
                }
                chunk = after;
            }
            _ => {
                let (literal, rest) = match first {
                    b'\\' => after.split_first().map(|(byte, rest)| (*byte, rest)).ok_or(BadGlob)?,
                    _ => (first, after),
                };
                if !failed {
                    failed = literal != name[0];
                    name = &name[1..];
                }
                chunk = rest;
            }
        }
    }
    Ok((!failed).then_some(name))
}

/// Reads a bracket expression behind its `[`; true if `rune` is in it.
fn match_brackets(chunk: &[u8], rune: u32) -> Result<Taken<'_, bool>, BadGlob> {
    let (negated, mut chunk) = match chunk.split_first() {
        Some((b'^', rest)) => (true, rest),
        _ => (false, chunk),
    };
    let (mut found, mut ranges) = (false, 0_usize);
    loop {
        if let Some((b']', rest)) = chunk.split_first()
            && ranges > 0
        {
            return Ok((found != negated, rest));
        }
        let (low, rest) = bracket_rune(chunk)?;
        let (high, rest) = match rest.split_first() {
            Some((b'-', rest)) => bracket_rune(rest)?,
            _ => (low, rest),
        };
        found |= low <= rune && rune <= high;
        chunk = rest;
        ranges += 1;
    }
}

/// One character, perhaps escaped, of a bracket expression that must go on behind it.
fn bracket_rune(chunk: &[u8]) -> Result<Taken<'_, u32>, BadGlob> {
    let chunk = match chunk.split_first() {
        None | Some((b'-' | b']', _)) => return Err(BadGlob),
        Some((b'\\', rest)) => rest,
        Some(_) => chunk,
    };
    let (rune, rest) = next_rune(chunk);
    if rest.is_empty() || (rune == INVALID && chunk.len() - rest.len() == 1) {
        return Err(BadGlob);
    }
    Ok((rune, rest))
}

/// What Go reads for a byte that is not UTF-8.
const INVALID: u32 = 0xFFFD;

/// The first character, or one byte as [`INVALID`] where a star ended inside of a character.
fn next_rune(text: &[u8]) -> Taken<'_, u32> {
    for width in 1..=text.len().min(4) {
        if let Some(rune) = std::str::from_utf8(&text[..width]).ok().and_then(|text| text.chars().next()) {
            return (rune.into(), &text[width..]);
        }
    }
    (INVALID, text.get(1..).unwrap_or_default())
}
