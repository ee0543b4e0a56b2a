//! A split: which distributions share a layer.

use sha2::{Digest as _, Sha256};

use super::distribution::Distribution;

/// What layers of distributions may come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Distributions of this size and more get a layer of their own, in bytes unpacked.
    pub heavy: u64,
    /// How much of the others shares a layer, in bytes unpacked, as long as there are layers for it.
    pub shared: u64,
    /// The number of layers, at most; at least 1.
    pub layers: usize,
}

impl Default for Budget {
    /// Text compresses to about a quarter: what shares a layer with a distribution that changed is some 75 kB to push
    /// again, and a layer of less than 25 kB is not worth its request.
    fn default() -> Self {
        Self { heavy: 100_000, shared: 300_000, layers: 60 }
    }
}

/// Distributions that share a layer.
#[derive(Debug)]
pub struct Group<'a> {
    /// What to call it: the one's name and version, or how many they are.
    pub what: String,
    /// They, sorted by name.
    pub distributions: Vec<&'a Distribution>,
}

/// Groups of distributions, one for each layer: the heavy ones alone, the others by a digest of their names, so that
/// one more or one less moves no other from its group.
pub fn groups(distributions: &[Distribution], budget: Budget) -> Vec<Group<'_>> {
    let layers = budget.layers.max(1);
    let mut by_size: Vec<&Distribution> = distributions.iter().collect();
    by_size.sort_by(|a, b| (b.size, &a.name, &a.version).cmp(&(a.size, &b.name, &b.version)));
    let heavy = by_size.iter().filter(|distribution| distribution.size >= budget.heavy).count();
    // What has no layer of its own needs at least one to share.
    let alone = if heavy < by_size.len() || heavy > layers { heavy.min(layers - 1) } else { heavy };
    let (mut heavy, mut light) = (by_size.clone(), by_size.split_off(alone));
    heavy.truncate(alone);
    heavy.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    light.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    let mut groups: Vec<_> = heavy
        .into_iter()
        .map(|one| Group { what: format!("{} {}", one.name, one.version), distributions: vec![one] })
        .collect();
    let mut shared: Vec<Vec<&Distribution>> = vec![Vec::new(); parts(&light, budget.shared, layers - alone)];
    let count = shared.len();
    for distribution in light {
        if let Some(part) = shared.get_mut(part_of(&distribution.name, count)) {
            part.push(distribution);
        }
    }
    groups.extend(shared.into_iter().filter(|part| !part.is_empty()).map(|part| Group {
        what: match part.as_slice() {
            [one] => format!("{} {}", one.name, one.version),
            several => format!("{} small packages", several.len()),
        },
        distributions: part,
    }));
    groups
}

/// How many parts: a power of two, so that the number seldom changes, and then every part is only cut in half.
fn parts(light: &[&Distribution], shared: u64, most: usize) -> usize {
    let total: u64 = light.iter().map(|distribution| distribution.size).sum();
    let mut parts = 1;
    while parts * 2 <= most && total > shared.saturating_mul(parts as u64) {
        parts *= 2;
    }
    parts
}

fn part_of(name: &str, parts: usize) -> usize {
    let digest = Sha256::digest(name.as_bytes());
    let first = u16::from_be_bytes([digest[0], digest[1]]);
    // By the leading bits: twice the parts are halves of the same ones.
    (usize::from(first) * parts) >> 16
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::super::distribution::Identity;
    use super::*;
    use crate::image::layer::Tree;

    fn distribution(name: &str, size: u64) -> Distribution {
        let identity = Identity::default().digest().unwrap();
        Distribution { name: name.into(), version: "1".into(), tree: Tree::default(), identity, size }
    }

    fn names(distributions: &[Distribution], budget: Budget) -> BTreeSet<Vec<String>> {
        let names = |group: Group<'_>| group.distributions.iter().map(|d| d.name.clone()).collect();
        groups(distributions, budget).into_iter().map(names).collect()
    }

    fn many(count: u64) -> Vec<Distribution> {
        (0..count).map(|n| distribution(&format!("p{n}"), (n * 7919) % 200_000)).collect()
    }

    #[test]
    fn heavy_ones_stand_alone() {
        let all = [distribution("b", 50), distribution("a", 100_000), distribution("c", 60)];
        let groups = groups(&all, Budget::default());
        let told: Vec<_> = groups.iter().map(|g| g.what.as_str()).collect();
        assert_eq!(told, ["a 1", "2 small packages"]);
        assert!(super::groups(&[], Budget::default()).is_empty());
    }

    #[test]
    fn one_more_moves_no_other() {
        let before = many(80);
        let mut after = before.clone();
        after.push(distribution("added", 50_000));
        let (before, after) = (names(&before, Budget::default()), names(&after, Budget::default()));
        let changed: Vec<_> = after.difference(&before).collect();
        assert_eq!(changed.len(), 1, "{changed:?}");
        assert!(changed[0].contains(&"added".to_owned()));
    }

    #[test]
    fn no_more_layers_than_allowed_and_none_is_lost() {
        for layers in 1..30 {
            let all = many(50);
            let groups = names(&all, Budget { layers, ..Budget::default() });
            assert!(groups.len() <= layers, "{} of {layers}", groups.len());
            assert_eq!(groups.iter().flatten().count(), 50);
        }
        let heavy: Vec<_> = (0..5).map(|n| distribution(&format!("h{n}"), 1_000_000 + n)).collect();
        assert_eq!(names(&heavy, Budget { layers: 5, ..Budget::default() }).len(), 5);
        assert_eq!(names(&heavy, Budget { layers: 4, ..Budget::default() }).len(), 4);
    }
}
