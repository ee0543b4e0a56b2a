//! Patience: how long a sign of trouble may last before it is a failure.

use std::time::Duration;

/// What comes out the same however often it is tried: no image of that name, a user that is refused.
pub(super) const NONE: Duration = Duration::ZERO;
/// A Secret, ConfigMap or ServiceAccount may be made a moment later by whoever applies in another order. The kubelet
/// looks again at once, and then every 15 s: longer than anybody is to be left without a word.
pub(super) const APPEARS: Duration = Duration::from_secs(3);
/// A registry or webhook that does not answer may answer the next time; that it does not is seen up to a second later.
/// Longer is kinder to a registry that hiccups, and later than the five seconds within which people are told.
pub(super) const PASSES: Duration = Duration::from_secs(3);
/// The scheduler tries again when a Pod ends or a node comes.
pub(super) const PLACED: Duration = Duration::from_secs(3);
/// A new claim is bound within seconds where its class has a provisioner that says nothing about it.
pub(super) const CLAIMED: Duration = Duration::from_mins(1);
/// After an out-of-memory kill: its event and log come within a second or two.
pub(super) const KILLED: Duration = Duration::from_secs(2);
/// A check that can't run is reported once a period; the first report may come from a container that is going down.
pub(super) const REPORTED: Duration = Duration::from_secs(1);
/// A log takes a moment to fetch; a crash loop is told without it if it does not come.
pub(super) const LOG: Duration = Duration::from_secs(2);
/// A server that answers 404 or 401 to its check while it starts does not do so for long.
pub(super) const WRONG_ANSWER: Duration = Duration::from_secs(15);
/// Networks and volumes of a node are set up with retries, and nodes that have just joined take long for the first.
pub(super) const NODE: Duration = Duration::from_secs(30);
/// What was wrong with a Pod before this rollout began may have been mended since; the kubelet looks again within 15 s
/// (a pull's and a crash's back-off grow beyond that).
pub(super) const STALE: Duration = Duration::from_secs(20);

/// How long a container without a readiness check, or one that was started again, must stay up before the rollout is
/// done: it is ready as soon as its process runs, and a process that dies of what it meets does so within seconds. Its
/// cost is this much time for every rollout without a readiness check.
pub(super) const SETTLES: Duration = Duration::from_secs(10);
/// The same with a limit on local storage, which the kubelet measures every ten to twenty seconds.
pub(super) const SETTLES_STORAGE: Duration = Duration::from_secs(30);
/// So much more with a liveness check that is a program: that it can't be run shows in an event alone, which comes late
/// from a node that has much to do.
pub(super) const SETTLES_EXEC: Duration = Duration::from_secs(10);
/// A liveness check is waited for until it could have failed, but no longer than this.
pub(super) const SETTLES_MOST: Duration = Duration::from_mins(1);
/// A container that is ready and has run for so long is well, whatever happened to earlier runs of it. Far more than
/// clocks that are set differ.
pub(super) const STEADY: Duration = Duration::from_mins(2);
/// A cluster autoscaler that has said that it adds a node is given this long: a machine, its kubelet, its images.
pub(super) const NODE_COMES: Duration = Duration::from_mins(10);
