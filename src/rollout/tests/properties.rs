//! Whatever a watch does to changes, the verdict is the same; whatever objects hold, there is one.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

use super::expected::CASES;
use super::recording::{Recording, Seen};
use super::replay::word;
use crate::rollout::{Aim, Change, Object, Observed, Verdict, verdict};

/// One of each sort: of a status, of events alone, of a log, of the old and the new, of what is gone.
const SOME: &[&str] = &[
    "healthy",
    "ok-two-restarts",
    "ok-previous-failed",
    "ok-scale-up",
    "previous-ok-then-bad-image",
    "crash-loop",
    "secret-missing-volume",
    "liveness-http-500",
    "quota-exceeded-pods",
    "unschedulable-claim-pending",
    "registry-hangs",
    "deleted-midway",
];

fn recording(name: &str) -> Recording {
    Recording::of(CASES.iter().find(|c| c.name == name).unwrap())
}

/// The verdict long after all of it was seen, in this order.
fn last(recording: &Recording, order: &[&Seen], now: Timestamp) -> (Observed, Aim, Verdict) {
    let (begun, applied) = recording.applied();
    let aim = Aim::of(&applied, begun);
    let mut observed = Observed::new(applied, begun);
    for (n, seen) in order.iter().enumerate() {
        let at = recording.zero + Duration::from_millis(10) * u32::try_from(n).unwrap();
        observed.take(seen.change.clone(), at);
    }
    for _ in 0..4 {
        for wanted in observed.logs_wanted(&aim) {
            observed.take(recording.log(&wanted), now);
        }
    }
    let said = verdict(&observed, &aim, now);
    (observed, aim, said)
}

fn subject(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Failed(failure) => format!("{} of {}", word(verdict), failure.subject),
        _ => word(verdict).to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changes_in_any_order_and_repeated_come_to_the_same(
        which in 0..SOME.len(),
        keys in proptest::collection::vec((any::<u32>(), any::<bool>()), 400),
    ) {
        let recording = recording(SOME[which]);
        let now = recording.seen.last().unwrap().at + Duration::from_mins(1);
        let straight: Vec<&Seen> = recording.seen.iter().collect();
        let mut mixed: Vec<(u32, &Seen)> = Vec::new();
        for (seen, (key, again)) in recording.seen.iter().zip(keys.iter().cycle()) {
            mixed.push((*key, seen));
            if *again {
                mixed.push((key.rotate_left(7), seen));
            }
        }
        mixed.sort_by_key(|(key, _)| *key);
        let mixed: Vec<&Seen> = mixed.into_iter().map(|(_, seen)| seen).collect();
        let (_, _, one) = last(&recording, &straight, now);
        let (_, _, other) = last(&recording, &mixed, now);
        prop_assert_eq!(subject(&one), subject(&other), "{}", SOME[which]);
    }

    #[test]
    fn no_object_however_odd_makes_it_panic(which in 0..SOME.len(), seed in any::<u64>()) {
        let recording = recording(SOME[which]);
        let mut dice = Dice(seed | 1);
        let odd: Vec<Seen> = recording.seen.iter().filter_map(|s| odd(s, &mut dice)).collect();
        let now = recording.seen.last().unwrap().at + Duration::from_mins(1);
        let (observed, aim, said) = last(&recording, &odd.iter().collect::<Vec<_>>(), now);
        let _ = (said.document(), observed.logs_wanted(&aim), aim.notes(&observed));
        if let Verdict::Failed(failure) = &said {
            prop_assert!(!failure.to_string().is_empty());
        }
        let early = verdict(&observed, &aim, Timestamp::MIN);
        let late = verdict(&observed, &aim, Timestamp::MAX);
        prop_assert!(!word(&early).is_empty() && !word(&late).is_empty());
    }
}

/// A source of chance that a seed repeats.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// A change with some of its object's values made odd; nothing where it would not be such an object any more.
fn odd(seen: &Seen, dice: &mut Dice) -> Option<Seen> {
    let Change::Present(object) = &seen.change else { return Some(seen.clone()) };
    let change = match object {
        Object::Deployment(o) => Object::Deployment(Box::new(made_odd(&**o, dice)?)),
        Object::ReplicaSet(o) => Object::ReplicaSet(Box::new(made_odd(&**o, dice)?)),
        Object::Pod(o) => Object::Pod(Box::new(made_odd(&**o, dice)?)),
        Object::Event(o) => Object::Event(Box::new(made_odd(&**o, dice)?)),
    };
    Some(Seen { at: seen.at, change: Change::Present(change) })
}

fn made_odd<T: serde::Serialize + serde::de::DeserializeOwned>(object: &T, dice: &mut Dice) -> Option<T> {
    let mut value = serde_json::to_value(object).ok()?;
    change(&mut value, dice);
    serde_json::from_value(value).ok()
}

const ODD: &[&str] =
    &["", "\"", ": ", "exec: \"", "é\u{0}…\u{1F600}", "probe", "exceeded quota: ,", "couldn't find key in  in ", "((("];

fn change(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(fields) => {
            if dice.throw(12) == 0 {
                let gone = fields.keys().nth(usize::try_from(dice.throw(4)).unwrap_or(0)).cloned();
                gone.and_then(|name| fields.shift_remove(&name));
            }
            for (_, field) in fields {
                change(field, dice);
            }
        }
        Value::Array(items) => {
            if dice.throw(12) == 0 {
                items.clear();
            }
            for item in items {
                change(item, dice);
            }
        }
        Value::String(text) if dice.throw(20) == 0 => {
            let at = usize::try_from(dice.throw(9)).unwrap_or(0);
            *text = format!("{text}{}", ODD[at]);
            if dice.throw(3) == 0 {
                *text = ODD[at].repeat(2000);
            }
        }
        Value::Number(_) if dice.throw(6) == 0 => {
            *value = [i32::MAX, i32::MIN, -1, 0][usize::try_from(dice.throw(4)).unwrap_or(0)].into();
        }
        Value::Bool(truth) if dice.throw(6) == 0 => *truth = !*truth,
        _ => {}
    }
}
