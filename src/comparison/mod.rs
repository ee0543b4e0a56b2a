//! A comparison: one project's image by every strategy, measured in one run.

mod chart;
mod table;

pub use chart::chart;
pub use table::table;

use std::time::Duration;

use crate::image::plan::Strategy;

/// The strategies in the order in which they are compared: from what most begin with to the smallest.
pub const ORDER: [Strategy; 5] =
    [Strategy::Naive, Strategy::SingleStage, Strategy::MultiStage, Strategy::Alpine, Strategy::Minimal];

/// One project's image by several strategies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The project's name.
    pub name: String,
    /// The day, as `2026-11-30`.
    pub date: String,
    /// How many processors the machine has.
    pub cores: usize,
    /// Its memory, in bytes, where that is known.
    pub memory: Option<u64>,
    /// One a strategy.
    pub rows: Vec<Row>,
}

/// One strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub strategy: Strategy,
    /// What was measured; or why it makes no image of this project here, in a sentence.
    pub outcome: Result<Measured, String>,
    /// What a user should know of it, a sentence each.
    pub notes: Vec<String>,
}

/// What was measured of one strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// What built it.
    pub engine: String,
    /// The image that it is on.
    pub base: Option<String>,
    /// Its layers, in bytes compressed.
    pub compressed: u64,
    /// Its files, in bytes, where that is known.
    pub unpacked: Option<u64>,
    /// How many layers it has.
    pub layers: usize,
    /// What takes up most of it: paths and bytes, the largest first.
    pub largest: Vec<(String, u64)>,
    /// How long the building took, with nothing cached and with everything.
    pub build: Twice,
    /// How long the pushing took, the first time and again.
    pub push: Twice,
    /// What went over the wire, in bytes, the first time.
    pub uploaded: Option<u64>,
    /// How long after its start its health check passed; `None` where it was not run.
    pub healthy: Option<Duration>,
}

/// Something done twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twice {
    /// With nothing cached.
    pub cold: Duration,
    /// Again, with nothing changed.
    pub warm: Duration,
}

impl Comparison {
    /// What was measured, strategy by strategy.
    pub fn measured(&self) -> impl Iterator<Item = (Strategy, &Measured)> {
        self.rows.iter().filter_map(|row| Some((row.strategy, row.outcome.as_ref().ok()?)))
    }

    /// What the others are measured against: the naive image's files, in bytes.
    fn baseline(&self) -> Option<u64> {
        self.measured().find(|(strategy, _)| *strategy == Strategy::Naive).and_then(|(_, m)| m.unpacked)
    }

    /// By how many hundredths an image is under the naive one.
    pub fn under(&self, measured: &Measured) -> Option<u64> {
        let (baseline, size) = (self.baseline()?, measured.unpacked?);
        (size < baseline).then(|| 100 - (size * 100).div_ceil(baseline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of two strategies, and one that there is none of.
    pub(super) fn example() -> Comparison {
        let seconds = Duration::from_secs;
        let measured = |unpacked: u64, compressed: u64| Measured {
            engine: "buildkit".into(),
            base: Some("python:3.13".into()),
            compressed,
            unpacked: Some(unpacked),
            layers: 7,
            largest: vec![("usr/lib/gcc".into(), unpacked / 4), ("opt".into(), unpacked / 8)],
            build: Twice { cold: seconds(93), warm: Duration::from_millis(400) },
            push: Twice { cold: seconds(12), warm: Duration::from_millis(120) },
            uploaded: Some(compressed),
            healthy: Some(Duration::from_millis(1400)),
        };
        let row = |strategy, outcome| Row { strategy, outcome, notes: Vec::new() };
        Comparison {
            name: "api".into(),
            date: "2026-11-30".into(),
            cores: 2,
            memory: Some(24 << 30),
            rows: vec![
                row(Strategy::Naive, Ok(measured(841_000_000, 310_000_000))),
                row(Strategy::MultiStage, Ok(measured(153_000_000, 55_000_000))),
                row(Strategy::Minimal, Err("no Debian has Python 3.12 & more".into())),
            ],
        }
    }

    #[test]
    fn sizes_are_held_against_the_naive_one() {
        let comparison = example();
        let under: Vec<_> = comparison.measured().map(|(_, m)| comparison.under(m)).collect();
        assert_eq!(under, [None, Some(81)]);
    }
}
