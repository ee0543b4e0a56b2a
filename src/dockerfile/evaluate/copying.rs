//! What is copied: the checks of `COPY` and `ADD` that need their variables expanded.

use crate::dockerfile::command::Copying;
use crate::dockerfile::error::Trouble;
use crate::dockerfile::keyword::Keyword;
use crate::dockerfile::origin::Origin;
use crate::dockerfile::problem::Problem;

use super::image::{Copied, From};
use super::state::joined;

/// What the frontend refuses before it copies.
pub(super) fn check(copying: &Copying, keyword: Keyword) -> Result<(), Trouble> {
    let refused = |flag: &'static str, value: &str, why: &str| {
        Err(Problem::FlagValue { flag, value: value.to_owned(), why: why.to_owned() }.into())
    };
    if copying.link && is_named(&copying.chown) {
        return refused(
            "--chown",
            &copying.chown,
            "with --link only numbers are, as there is no /etc/passwd to look into",
        );
    }
    if !copying.chmod.is_empty() && !is_mode(&copying.chmod) {
        return refused("--chmod", &copying.chmod, "it is neither octal up to 7777 nor symbolic");
    }
    let origin = |text: &String| {
        Origin::of(text).map_err(|why| Trouble::from(Problem::Origin { source_text: text.clone(), why }))
    };
    if !copying.checksum.is_empty() {
        let ([only], true) = (copying.sources.as_slice(), keyword == Keyword::Add) else {
            return refused("--checksum", &copying.checksum, "there is more than one source");
        };
        if Origin::of(only).is_ok_and(|origin| origin == Origin::Local) {
            return refused("--checksum", &copying.checksum, "the source is neither a URL nor a git repository");
        }
    }
    for source in &copying.sources {
        let wrong = |why: &str| Err(Problem::Origin { source_text: source.clone(), why: why.to_owned() }.into());
        match origin(source)? {
            Origin::Local => {}
            Origin::Http | Origin::Git(_) if keyword == Keyword::Copy => return wrong("COPY takes no URL: ADD does"),
            Origin::Http => {
                if !copying.checksum.is_empty() && !is_digest(&copying.checksum) {
                    return refused("--checksum", &copying.checksum, "it is not a digest such as sha256:…");
                }
            }
            Origin::Git(git) => {
                if copying.keep_git.is_some_and(|keep| git.keep.is_some_and(|other| other != keep)) {
                    return wrong("its URL contradicts --keep-git-dir");
                }
                if !copying.checksum.is_empty() && !git.checksum.is_empty() && copying.checksum != git.checksum {
                    return wrong("its URL contradicts --checksum");
                }
            }
        }
    }
    Ok(())
}

/// What is copied, as a step tells it.
pub(super) fn copied(copying: Copying, from: From, working_dir: &str) -> Copied {
    let folder = copying.destination.ends_with('/') || matches!(copying.destination.as_str(), "" | ".");
    let mut destination = joined(working_dir, &copying.destination);
    if folder && !destination.ends_with('/') {
        destination.push('/');
    }
    Copied { from, sources: copying.sources, contents: copying.contents, destination, chown: copying.chown }
}

/// Whether an owner needs /etc/passwd or /etc/group.
fn is_named(owner: &str) -> bool {
    let (user, group) = owner.split_once(':').unwrap_or((owner, ""));
    [user, group].iter().any(|part| !part.is_empty() && *part != "root" && part.parse::<i32>().is_err())
}

/// `0755`, or `u=rwX,go-w`.
fn is_mode(text: &str) -> bool {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return u32::from_str_radix(text, 8).is_ok_and(|mode| mode <= 0o7777);
    }
    // Every clause but the last must be followed by another.
    text.split(',').all(|clause| {
        let operations = clause.trim_start_matches(['a', 'u', 'g', 'o']);
        let mut rest = operations;
        while let Some(after) = rest.strip_prefix(['+', '-', '=']) {
            rest = after.trim_start_matches(['r', 's', 't', 'w', 'X', 'x', 'u', 'g', 'o']);
        }
        rest.is_empty() && !operations.is_empty()
    })
}

fn is_digest(text: &str) -> bool {
    let lengths = [("sha256:", 64), ("sha384:", 96), ("sha512:", 128)];
    lengths.iter().any(|(algorithm, length)| {
        let hex = text.strip_prefix(algorithm).unwrap_or_default();
        hex.len() == *length && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_owners() {
        for mode in ["0", "755", "7777", "u=rwX,go-w", "+x", "a+rwx-x", "o=", "g=u"] {
            assert!(is_mode(mode), "{mode}");
        }
        for mode in ["8", "17777", "0o7", "u", "rwx", "u=rwx,", "u+q", "99999999999"] {
            assert!(!is_mode(mode), "{mode}");
        }
        assert!(is_named("app") && is_named("1:staff") && !is_named("root:0") && !is_named("1000:"));
    }
}
