//! A timing: Docker's durations as a kubelet's whole seconds and thresholds.

use std::time::Duration;

use super::{Handler, Probe};
use crate::image::contract::Healthcheck;
use crate::image::duration::GoDuration;

/// The probes of a check, startup, readiness, liveness; `None` where a number does not fit.
///
/// Nothing is killed before Docker would have called it unhealthy at its slowest: a Docker check waits an interval
/// after the one before it has ended, a probe's period runs from start to start, so a period's worth of failures is
/// over sooner and more of them are needed. `limit` is the time that the check gives itself.
pub(super) fn probes(check: &Healthcheck, limit: Option<Duration>, handler: &Handler) -> Option<[Probe; 3]> {
    let nanos = |d: GoDuration| d.0.as_nanos();
    let (interval, timeout) = (nanos(check.interval), nanos(check.timeout));
    let timeout = limit.map_or(timeout, |limit| timeout.min(limit.as_nanos()));
    let start_interval = nanos(check.start_interval);
    let retries = u128::from(check.retries.max(1));
    let waits = (retries - 1) * interval + retries * timeout;
    let period = whole_seconds(interval);
    let first = whole_seconds(interval.min(start_interval));
    let budget = match nanos(check.start_period) {
        0 => interval + waits,
        start => start + start_interval.max(interval + timeout) + waits,
    };
    let probe = |period: u128, failures: u128| {
        Some(Probe {
            handler: handler.clone(),
            period: i32::try_from(period).ok()?,
            timeout: i32::try_from(whole_seconds(timeout)).ok()?,
            failures: i32::try_from(failures).ok()?,
        })
    };
    let count = |span: u128, period: u128| 1 + span.div_ceil(period * SECOND);
    Some([probe(first, count(budget, first))?, probe(period, retries)?, probe(period, count(waits, period))?])
}

const SECOND: u128 = 1_000_000_000;

/// At least one: Kubernetes takes 0 for its own default.
fn whole_seconds(nanos: u128) -> u128 {
    nanos.div_ceil(SECOND).max(1)
}
