//! An alternative: one of several programs that a common name leads to, by links.
//!
//! <https://manpages.debian.org/testing/dpkg/update-alternatives.1.en.html>

use std::collections::BTreeMap;

/// What `update-alternatives --install` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alternative {
    /// How much it wants to be chosen.
    pub(super) priority: i64,
    /// Its links, the one that is chosen by first, then those that follow it.
    pub(super) links: Vec<Link>,
}

/// A link that leads over /etc/alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// Where programs find it.
    pub(super) at: String,
    /// Its name in /etc/alternatives.
    pub(super) name: String,
    /// Where it leads.
    pub(super) to: String,
}

impl Alternative {
    /// Reads the arguments.
    pub(super) fn read(arguments: &[&str]) -> Option<Self> {
        let mut rest = arguments.iter().copied().skip_while(|argument| *argument != "--install");
        rest.next()?;
        let link = |rest: &mut dyn Iterator<Item = &str>| {
            let (at, name, to) = (rest.next()?, rest.next()?, rest.next()?);
            let at = at.strip_prefix('/')?.to_owned();
            let sound = to.starts_with('/') && !name.is_empty() && !name.starts_with('.') && !name.contains('/');
            sound.then(|| Link { at, name: name.to_owned(), to: to.to_owned() })
        };
        let first = link(&mut rest)?;
        let priority = rest.next()?.parse().ok()?;
        let mut links = vec![first];
        while let Some(argument) = rest.next() {
            if argument != "--slave" {
                return None;
            }
            links.push(link(&mut rest)?);
        }
        Some(Self { priority, links })
    }
}

/// What is chosen for each name: the highest priority, and of equal ones the first.
pub(super) fn chosen(all: &[Alternative]) -> Vec<&Alternative> {
    let mut best: BTreeMap<&str, &Alternative> = BTreeMap::new();
    for alternative in all {
        let Some(first) = alternative.links.first() else { continue };
        let better = best.get(first.name.as_str()).is_none_or(|known| known.priority < alternative.priority);
        if better {
            best.insert(&first.name, alternative);
        }
    }
    best.into_values().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_highest_priority_is_chosen() {
        let of = |to: &str, priority: &str| {
            Alternative::read(&["--quiet", "--install", "/usr/bin/awk", "awk", to, priority]).unwrap()
        };
        let all = [of("/usr/bin/mawk", "5"), of("/usr/bin/gawk", "10"), of("/usr/bin/bawk", "10")];
        let found = chosen(&all);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].links[0].to, "/usr/bin/gawk");
    }

    #[test]
    fn what_is_no_link_is_none() {
        for odd in [
            &["--install", "usr/bin/awk", "awk", "/usr/bin/mawk", "5"][..],
            &["--install", "/usr/bin/awk", "../awk", "/usr/bin/mawk", "5"],
            &["--install", "/usr/bin/awk", "awk", "mawk", "5"],
            &["--install", "/usr/bin/awk", "awk", "/usr/bin/mawk"],
            &["--install", "/usr/bin/awk", "awk", "/usr/bin/mawk", "x"],
            &["--install", "/usr/bin/awk", "awk", "/usr/bin/mawk", "5", "--slave", "/a"],
            &["--install", "/usr/bin/awk", "awk", "/usr/bin/mawk", "5", "--force"],
        ] {
            assert!(Alternative::read(odd).is_none(), "{odd:?}");
        }
    }
}
