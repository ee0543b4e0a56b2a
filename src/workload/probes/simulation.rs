//! A simulation: Docker's health checker and a kubelet's probers, watching the same service.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::image::contract::{Healthcheck, Test};
use crate::image::duration::GoDuration;
use std::time::Duration;

/// Milliseconds since the container's start.
type Time = u64;

/// A small generator with a fixed seed: the same cases on every machine (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// At least `from`, below `to`.
    fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from).max(1)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }

    /// Durations as people write them: some below a second, some odd.
    fn duration(&mut self, most: u64) -> u64 {
        match self.next() % 4 {
            0 => self.within(1, 1000),
            1 => self.within(1, most),
            _ => self.within(1, (most / 1000).max(2)) * 1000,
        }
    }
}

/// What a check meets: whether it passes and how long it takes, by when it starts.
struct Service {
    /// Spans in which it is well; they don't overlap, and are in order.
    well: Vec<(Time, Time)>,
    /// How long failing checks take, by turns; one that is longer than the timeout hangs.
    failing: Vec<u64>,
    passing: u64,
}

enum Answer {
    Passes(u64),
    Fails(u64),
}

impl Service {
    /// A check that starts then. One that takes longer than the timeout is killed, and has failed.
    fn asked(&self, at: Time, timeout: u64) -> Answer {
        let well = self.well.iter().any(|(from, to)| (*from..*to).contains(&at));
        if well && self.passing < timeout {
            return Answer::Passes(self.passing);
        }
        let turn = usize::try_from(at).unwrap() % self.failing.len();
        Answer::Fails(self.failing[turn].min(timeout))
    }
}

/// Which dockerd: before 25 there is no start interval.
#[derive(Clone, Copy, Debug)]
enum Docker {
    Before25,
    Since25,
}

/// When Docker calls a container unhealthy, if it does before `end`. From moby's daemon/health.go: a check starts an
/// interval after the one before it has ended; while there was no success yet, failures of checks that began within the
/// start period don't count, and the wait is the start interval where the period isn't over when it begins.
fn docker(check: &Healthcheck, which: Docker, service: &Service, first: Time, end: Time) -> Option<Time> {
    let ms = |d: GoDuration| u64::try_from(d.0.as_millis()).unwrap();
    let (interval, timeout, start) = (ms(check.interval), ms(check.timeout), ms(check.start_period));
    let wait = |now: Time, starting: bool| match which {
        Docker::Since25 if starting && now < start => ms(check.start_interval),
        _ => interval,
    };
    let (mut starting, mut streak) = (true, 0);
    let mut at = first + wait(first, starting);
    while at < end {
        let ended = match service.asked(at, timeout) {
            Answer::Passes(took) => {
                (starting, streak) = (false, 0);
                at + took
            }
            Answer::Fails(took) => {
                streak += u32::from(!(starting && at < start));
                if streak >= check.retries {
                    return Some(at + took);
                }
                at + took
            }
        };
        at = ended + wait(ended, starting);
    }
    None
}

/// Why a kubelet ends a container.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Kill {
    Startup(Time),
    /// With the start of the first failure of the run.
    Liveness(Time, Time),
}

/// When a kubelet ends a container, if it does before `end`. From its pkg/kubelet/prober/worker.go: each probe has a
/// ticker of its own, that drops what comes while a probe runs; the others do nothing until startup has succeeded once;
/// a success ends a run of failures. `phases` are when the tickers first tick.
fn kubelet(probes: &Probes, service: &Service, phases: [Time; 2], end: Time) -> Option<Kill> {
    let ms = |seconds: i32| u64::try_from(seconds).unwrap() * 1000;
    let started = match run(&probes.startup, service, phases[0], end, &Outcome::Success)? {
        Ended::Passed(at) => at,
        Ended::Failed(_, at) => return Some(Kill::Startup(at)),
    };
    let period = ms(probes.liveness.period);
    let ticks = started.saturating_sub(phases[1]).div_ceil(period);
    match run(&probes.liveness, service, phases[1] + ticks * period, end, &Outcome::Never)? {
        Ended::Passed(_) => None,
        Ended::Failed(from, at) => Some(Kill::Liveness(from, at)),
    }
}

#[derive(PartialEq, Eq)]
enum Outcome {
    /// A success ends it.
    Success,
    Never,
}

enum Ended {
    Passed(Time),
    Failed(Time, Time),
}

fn run(probe: &Probe, service: &Service, first: Time, end: Time, until: &Outcome) -> Option<Ended> {
    let ms = |seconds: i32| u64::try_from(seconds).unwrap() * 1000;
    let (period, timeout) = (ms(probe.period), ms(probe.timeout));
    let (mut at, mut failures, mut since) = (first, 0, first);
    while at < end {
        let took = match service.asked(at, timeout) {
            Answer::Passes(took) if *until == Outcome::Success => return Some(Ended::Passed(at + took)),
            Answer::Passes(took) => {
                failures = 0;
                took
            }
            Answer::Fails(took) => {
                since = if failures == 0 { at } else { since };
                failures += 1;
                if failures >= probe.failures {
                    return Some(Ended::Failed(since, at + took));
                }
                took
            }
        };
        // A tick that came meanwhile is taken at once, and no more than one.
        let next = at + period;
        at = if at + took > next { at + took } else { next };
    }
    None
}

/// A check with times below and above seconds, with and without a start period.
fn setting(random: &mut Random) -> Healthcheck {
    let millis = |ms: u64| GoDuration(Duration::from_millis(ms));
    let start = if random.one_in(2) { 0 } else { random.duration(120_000) };
    Healthcheck {
        test: Test::Exec(vec!["x".to_owned()]),
        interval: millis(random.duration(60_000)),
        timeout: millis(random.duration(40_000)),
        start_period: millis(start),
        start_interval: millis(if random.one_in(2) { 5000 } else { random.duration(20_000) }),
        retries: u32::try_from(random.within(1, 7)).unwrap(),
    }
}

fn compiled(check: &Healthcheck) -> Probes {
    let [startup, readiness, liveness] = timing::probes(check, None, &Handler::TcpSocket { port: 1 }).unwrap();
    Probes { startup, readiness, liveness, because: String::new() }
}

fn millis(d: GoDuration) -> u64 {
    u64::try_from(d.0.as_millis()).unwrap()
}

/// Failing checks of every length up to a hang, by turns.
fn failing(random: &mut Random, timeout: u64) -> Vec<u64> {
    match random.next() % 3 {
        0 => vec![u64::MAX / 2],
        1 => vec![random.within(0, timeout.max(1))],
        _ => (0..random.within(2, 8)).map(|_| random.within(0, timeout * 2)).collect(),
    }
}

/// Docker at its slowest: a check that starts as soon as the container is there and then each time hangs.
fn slowest(check: &Healthcheck) -> Time {
    let never = Service { well: Vec::new(), failing: vec![u64::MAX / 2], passing: 0 };
    let both = [Docker::Before25, Docker::Since25].map(|which| docker(check, which, &never, 0, u64::MAX).unwrap());
    both.into_iter().max().unwrap()
}

/// The longest run of failing Docker checks, from the start of the first to the word "unhealthy".
fn slowest_run(check: &Healthcheck) -> u64 {
    let (interval, timeout, retries) = (millis(check.interval), millis(check.timeout), u64::from(check.retries));
    (retries - 1) * interval + retries * timeout
}

/// No probe of a service that starts at some time ends it before Docker would have called it unhealthy at its slowest.
fn startup_holds(random: &mut Random) {
    let check = setting(random);
    let (probes, limit) = (compiled(&check), slowest(&check));
    let up = random.within(0, limit + 1);
    let service = Service {
        well: vec![(up, u64::MAX)],
        failing: failing(random, millis(check.timeout)),
        passing: random.within(0, millis(check.timeout)),
    };
    let phases = [random.within(0, 2000), random.within(0, 60_000)];
    let kill = kubelet(&probes, &service, phases, limit * 3 + 1_000_000);
    assert_eq!(kill, None, "{check:?} up at {up}, Docker's slowest {limit}");

    // One that never comes up is ended, and not before that.
    let dead = Service { well: Vec::new(), ..service };
    let Some(Kill::Startup(at)) = kubelet(&probes, &dead, phases, u64::MAX) else { unreachable!("{check:?}") };
    assert!(at >= limit, "{check:?} ended at {at}, Docker's slowest {limit}");
    for which in [Docker::Before25, Docker::Since25] {
        let said = docker(&check, which, &dead, 0, u64::MAX).unwrap();
        assert!(at >= said, "{check:?} {which:?}: ended at {at}, unhealthy at {said}");
    }
    assert!(at <= phases[0] + bound(&probes.startup), "{check:?} ended at {at}");
}

/// The latest that a probe ends a service that is dead for good: each failure takes a period or, where it hangs longer,
/// its timeout.
fn bound(probe: &Probe) -> u64 {
    let each = u64::try_from(probe.period.max(probe.timeout)).unwrap() * 1000;
    u64::try_from(probe.failures).unwrap() * each + u64::try_from(probe.timeout).unwrap() * 1000
}

/// A service that was up and is then out for a while, again and again, or for good.
fn liveness_holds(random: &mut Random) {
    let check = setting(random);
    let (probes, run) = (compiled(&check), slowest_run(&check));
    let passing = random.within(0, millis(check.timeout));
    let (mut well, mut at) = (Vec::new(), 0);
    // Long enough for each to see that it is well: what is shorter, any check may miss.
    let seen = u64::try_from(probes.liveness.period + probes.liveness.timeout).unwrap() * 1000;
    for _ in 0..random.within(1, 6) {
        let until = at + seen + random.within(1, 400_000);
        well.push((at, until));
        // Outages that Docker at its slowest would not have called unhealthy yet, counted from its first failure.
        at = until + random.within(0, run + 1);
    }
    well.push((at, u64::MAX));
    let service = Service { well, failing: failing(random, millis(check.timeout)), passing };
    let phases = [random.within(0, 2000), random.within(0, 60_000)];
    let kill = kubelet(&probes, &service, phases, at + 2_000_000);
    assert!(!matches!(kill, Some(Kill::Liveness(..))), "{check:?} {kill:?}, Docker's slowest run {run}");

    // Dead for good from some time on.
    let dies = seen + random.within(100_000, 600_000);
    let service = Service { well: vec![(0, dies)], ..service };
    let Some(Kill::Liveness(from, at)) = kubelet(&probes, &service, phases, u64::MAX) else {
        unreachable!("{check:?} {:?}", kubelet(&probes, &service, phases, u64::MAX))
    };
    assert!(at - from >= run, "{check:?} a run of {} where Docker's slowest is {run}", at - from);
    // By the clock Docker may notice up to one interval later, since its checks stand elsewhere.
    let said = [0, millis(check.interval) / 2].map(|first| docker(&check, Docker::Since25, &service, first, u64::MAX));
    let latest = said.into_iter().flatten().max().unwrap();
    let interval = millis(check.interval);
    assert!(at + interval + passing >= latest, "{check:?} ended at {at}, unhealthy at {latest}");
    let period = u64::try_from(probes.liveness.period).unwrap() * 1000;
    assert!(at <= dies + period + passing + bound(&probes.liveness), "{check:?} ended at {at}, dead at {dies}");
}

/// How many settings: a test's worth, or as many as asked.
fn times() -> u64 {
    option_env!("PYDEPLOY_SIMULATIONS").and_then(|n| n.parse().ok()).unwrap_or(200)
}

#[test]
fn nothing_is_ended_before_docker_would_call_it_unhealthy_while_it_starts() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    (0..times()).for_each(|_| startup_holds(&mut random));
}

#[test]
fn nothing_is_ended_before_docker_would_call_it_unhealthy_once_it_is_up() {
    let mut random = Random(0xD1B5_4A32_D192_ED03);
    (0..times()).for_each(|_| liveness_holds(&mut random));
}

/// The model of Docker's checker says what the engine does in cases that can be reckoned by hand.
#[test]
fn the_model_of_docker_keeps_its_rules() {
    let seconds = GoDuration::seconds;
    let check = Healthcheck {
        test: Test::Exec(Vec::new()),
        interval: seconds(30),
        timeout: seconds(10),
        start_period: seconds(40),
        start_interval: seconds(5),
        retries: 3,
    };
    let refused = Service { well: Vec::new(), failing: vec![0], passing: 0 };
    let hangs =
        Service { failing: vec![u64::MAX / 2], ..Service { well: Vec::new(), failing: Vec::new(), passing: 0 } };
    // At 40 s the first failure counts, then 70 and 100.
    assert_eq!(docker(&check, Docker::Since25, &refused, 0, u64::MAX), Some(100_000));
    // At 30 it does not count; 60, 90, 120 do.
    assert_eq!(docker(&check, Docker::Before25, &refused, 0, u64::MAX), Some(120_000));
    // Checks at 5, 20, 35 (to 45, past the period), 75, 115, 155, the last one's timeout included.
    assert_eq!(docker(&check, Docker::Since25, &hangs, 0, u64::MAX), Some(165_000));
    // A success at 5 ends what is forgiven to a start, and one at 65 the streak: 95, 125, 155 count.
    let flaps = Service { well: vec![(0, 6000), (60_000, 70_000)], failing: vec![0], passing: 0 };
    assert_eq!(docker(&check, Docker::Since25, &flaps, 0, u64::MAX), Some(155_000));
}
