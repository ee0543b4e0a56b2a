//! An account file: /etc/passwd, /etc/group, and what else decides which accounts there are.

use std::sync::Arc;

use super::options::Arg;
use super::shell::{self, Redirect};
use super::table::{Sure, Table};
use super::world::World;

/// Files that say who there is, or by which rule an id is picked.
const FILES: &[&str] =
    &["/etc/passwd", "/etc/group", "/etc/login.defs", "/etc/adduser.conf", "/etc/deluser.conf", "/etc/default/useradd"];
/// Folders whose contents may hold one of them.
const FOLDERS: &[&str] = &["/", "/etc", "/etc/default"];
/// Archives, which ADD unpacks.
const ARCHIVES: &[&str] = &["tar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst"];

/// Whether a path is that of an account file.
pub(super) fn is_account_file(path: &str) -> bool {
    FILES.contains(&clean(path).as_str())
}

/// Whether a path is a folder that may hold one.
pub(super) fn is_account_folder(path: &str) -> bool {
    FOLDERS.contains(&clean(path).as_str())
}

/// Whether a word has such a path in it, as `--file=/etc/passwd` has.
pub(super) fn mentions(word: &Arg) -> bool {
    word.text().is_some_and(|text| FILES.iter().any(|file| text.contains(file)))
}

/// Why a COPY or an ADD may change who there is. A source whose name has an extension is taken for a file.
pub(super) fn copied(sources: &[String], destination: &str) -> Option<String> {
    if is_account_file(destination) {
        return Some(format!("a file is copied over {destination}"));
    }
    if !is_account_folder(destination) {
        return None;
    }
    let may = |source: &String| {
        let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let extension = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension);
        let file = !source.ends_with('/')
            && extension.is_some_and(|e| !e.is_empty() && e.bytes().all(|b| b.is_ascii_alphanumeric()))
            && !extension.is_some_and(|e| ARCHIVES.contains(&e));
        !file || is_account_file(&format!("{destination}/{name}"))
    };
    let source = sources.iter().find(|source| may(source));
    match source {
        Some(source) => Some(format!("{source} is copied to {destination}, and may bring an /etc/passwd")),
        None if sources.is_empty() => Some(format!("what is copied to {destination} may bring an /etc/passwd")),
        None => None,
    }
}

/// The world after `echo name:x:1000:1000:… >> /etc/passwd`, where that is what a command is.
pub(super) fn appended(words: &[Arg], redirects: &[Redirect], world: &World) -> Option<World> {
    let [Redirect { operator: ">>", target }] = redirects else { return None };
    let target = shell::literal(target)?;
    let texts: Vec<_> = words.iter().map(Arg::text).collect::<Option<_>>()?;
    let text = match texts.as_slice() {
        ["echo", words @ ..] if !words.first().is_some_and(|word| word.starts_with('-')) => words.join(" "),
        ["printf", text] => text.replace("\\n", "\n"),
        _ => return None,
    };
    if text.contains(['\\', '%']) {
        return None;
    }
    let mut added = Table::default();
    match target.as_str() {
        "/etc/passwd" => added.read(&text, "", &Sure::Yes),
        "/etc/group" => added.read("", &text, &Sure::Yes),
        _ => return None,
    }
    let mut world = world.clone();
    let table = Arc::make_mut(&mut world.table);
    // The first entry of a name is the one that counts, so what may be there already leaves the new one in doubt.
    let sure = |others: &super::table::Others| match others {
        super::table::Others::None => None,
        super::table::Others::System(reason) | super::table::Others::Any(reason) => Some(Arc::clone(reason)),
    };
    let doubt = sure(&table.others);
    for mut row in added.users {
        if let Some(reason) = &doubt {
            row.sure = Sure::Perhaps(Arc::clone(reason));
        }
        table.users.push(row);
    }
    for mut row in added.groups {
        if let Some(reason) = &doubt {
            row.sure = Sure::Perhaps(Arc::clone(reason));
        }
        table.groups.push(row);
    }
    Some(world)
}

/// A path without what doesn't change where it leads: `//`, `/./`, a `/` at its end, and `..`.
fn clean(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_that_may_bring_accounts_are_seen() {
        let run = |sources: &[&str], destination: &str| {
            let sources: Vec<_> = sources.iter().map(|s| (*s).to_owned()).collect();
            copied(&sources, destination).is_some()
        };
        for (sources, destination) in [
            (&["passwd"][..], "/etc/passwd"),
            (&["x"], "/etc//group"),
            (&["."], "/"),
            (&["rootfs"], "/"),
            (&["rootfs/"], "/"),
            (&["rootfs.tar.gz"], "/"),
            (&["/out/"], "/etc/"),
            (&["/etc/passwd"], "/etc"),
            (&["a.py", "b"], "/"),
            (&["useradd"], "/etc/default/"),
            (&[".hidden"], "/"),
        ] {
            assert!(run(sources, destination), "{sources:?} {destination}");
        }
        for (sources, destination) in
            [(&["."][..], "/app"), (&["main.py"], "/"), (&["a.sh", "b.toml"], "/"), (&["."], "/etc/nginx")]
        {
            assert!(!run(sources, destination), "{sources:?} {destination}");
        }
    }
}
