//! A following: a rollout seen through the watch and the logs, until there is a verdict or the time is over.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use tokio::time::Instant;

use super::connect::Cluster;
use super::error::Error;
use super::logs::{Fetched, Logs};
use super::watch::{Told, Watch};
use crate::rollout::{Aim, Change, Failure, Kind, Observed, Progress, Tail, Verdict, verdict};

/// A verdict may change with nothing but time.
const TICK: Duration = Duration::from_millis(250);
/// What there is at first must have been seen before a rollout is called done.
const KINDS: [Kind; 3] = [Kind::Deployment, Kind::ReplicaSet, Kind::Pod];

/// What is told while a rollout is followed.
#[derive(Debug)]
pub enum News<'n> {
    /// How far it is.
    Progress(&'n Progress),
    /// The API server does not answer; why.
    Away(&'n str),
    /// It answers again.
    Back,
    /// Something that would help to judge it may not be read.
    Blind(&'n Error),
}

/// How a rollout ended, as far as it was followed.
#[derive(Debug)]
pub enum Ending {
    /// Every Pod is ready.
    Done(Progress),
    /// It can't come to its end.
    Failed(Box<Failure>),
    /// The time is over.
    Late(Progress),
}

/// A rollout's end, and the Deployment as it was seen last.
#[derive(Debug)]
pub struct Followed {
    /// How it ended.
    pub ending: Ending,
    /// Which of its Deployment's rollouts it is.
    pub revision: Option<String>,
}

/// Follows the rollout of a Deployment from what the API server gave back when it was applied, at `begun`.
pub async fn follow(
    cluster: &Cluster,
    applied: &Deployment,
    begun: Timestamp,
    timeout: Duration,
    mut told: impl FnMut(News<'_>),
) -> Result<Followed, Error> {
    let until = Instant::now() + timeout;
    let mut watch = Watch::begin(cluster, applied);
    let mut logs = Logs::new(cluster);
    let aim = Aim::of(applied, begun);
    let mut seen =
        Seen { observed: Observed::new(applied.clone(), begun), begun: Vec::new(), is_away: false, blind: false };
    let mut shown: Option<Progress> = None;
    loop {
        let over = tokio::select! {
            next = watch.next() => {
                let mut next = next;
                while let Some(one) = next {
                    seen.take(one, &mut told)?;
                    next = watch.ready();
                }
                false
            }
            fetched = logs.next() => {
                seen.log(fetched, &mut told);
                false
            }
            () = tokio::time::sleep(TICK) => false,
            () = tokio::time::sleep_until(until) => true,
        };
        seen.observed.logs_wanted(&aim).into_iter().for_each(|wanted| logs.ask(wanted));
        let ending = match verdict(&seen.observed, &aim, Timestamp::now()) {
            Verdict::Failed(failure) => Some(Ending::Failed(failure)),
            // What ends well by the clock alone must be seen to: nobody says what happens while the server is away.
            Verdict::Done(progress) if seen.is_whole() && !seen.is_away => Some(Ending::Done(progress)),
            Verdict::Done(progress) | Verdict::Progressing(progress) if over => Some(Ending::Late(progress)),
            Verdict::Done(progress) | Verdict::Progressing(progress) => {
                if seen.is_whole() && shown.as_ref() != Some(&progress) {
                    told(News::Progress(&progress));
                    shown = Some(progress);
                }
                None
            }
        };
        if let Some(ending) = ending {
            return Ok(Followed { ending, revision: seen.revision() });
        }
    }
}

/// What has been seen so far.
struct Seen {
    observed: Observed,
    begun: Vec<Kind>,
    is_away: bool,
    blind: bool,
}

impl Seen {
    fn take(&mut self, one: Told, told: &mut impl FnMut(News<'_>)) -> Result<(), Error> {
        match one {
            Told::Seen(change) => self.observed.take(change, Timestamp::now()),
            Told::Begun(kind) => self.begun.push(kind),
            Told::Away(_) | Told::Back if self.is_away == matches!(one, Told::Away(_)) => {}
            Told::Away(why) => {
                self.is_away = true;
                told(News::Away(&why));
            }
            Told::Back => {
                self.is_away = false;
                told(News::Back);
            }
            Told::Blind(error) => told(News::Blind(&error)),
            Told::Refused(error) => return Err(error),
        }
        Ok(())
    }

    fn log(&mut self, fetched: Fetched, told: &mut impl FnMut(News<'_>)) {
        let tail = match fetched {
            Fetched::Tail(tail) => tail,
            Fetched::Blind(run, error) => {
                if !std::mem::replace(&mut self.blind, true) {
                    told(News::Blind(&error));
                }
                Tail { run, text: String::new() }
            }
        };
        self.observed.take(Change::Log(tail), Timestamp::now());
    }

    fn is_whole(&self) -> bool {
        KINDS.iter().all(|kind| self.begun.contains(kind))
    }

    fn revision(&self) -> Option<String> {
        let annotations = self.observed.deployment()?.metadata.annotations.as_ref()?;
        annotations.get("deployment.kubernetes.io/revision").cloned()
    }
}
