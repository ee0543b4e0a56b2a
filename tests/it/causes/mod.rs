//! Causes on the real node: each way that a rollout can fail, and those that look like it, followed to a verdict.

mod case;
mod images;
mod servers;
mod sight;
mod stage;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pydeploy::cluster::{Access, Cluster, Ending, find, follow};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use self::case::Case;
use self::sight::Sight;
use self::stage::Stage;
use crate::sandbox::bed;

/// Rollouts that are followed at a time. A kubelet tells its events one after the other, each by a request: with more
/// rollouts on two cores, what the verdicts rest on comes tens of seconds late.
const AT_ONCE: usize = 5;

/// What a rollout came to.
struct Outcome {
    name: String,
    expected: String,
    got: String,
    /// From its first being visible in the API to the verdict, in seconds.
    delay: Option<f64>,
    told: String,
}

impl Outcome {
    fn is_right(&self) -> bool {
        self.got == self.expected
    }

    /// Whether a rollout that fails was called done, or one that is well was called failed.
    fn is_false(&self) -> bool {
        let well = ["done", "late"];
        let alarm = well.contains(&self.expected.as_str()) && !well.contains(&self.got.as_str());
        alarm || (self.got == "done" && self.expected != "done")
    }
}

/// Plays it, and once more where the answer was another one, as it is on a node that came to the case's Pods too late:
/// `tests/bench/verdicts` counts how often that is. A false answer stands.
async fn judge(case: &Case, cluster: &Cluster, client: &kube::Client, own: &BTreeMap<String, String>) -> Outcome {
    let outcome = play(case, cluster, client, own).await;
    if outcome.is_right() || outcome.is_false() || std::env::var("PYDEPLOY_TEST_REPEAT").is_ok() {
        return outcome;
    }
    println!("again: {}", outcome.told);
    play(case, cluster, client, own).await
}

/// Follows one case in a namespace of its own.
async fn play(case: &Case, cluster: &Cluster, client: &kube::Client, own: &BTreeMap<String, String>) -> Outcome {
    let stage = Stage::set(client, case, own).await;
    let sight = Sight::begin(client, &stage.namespace, case).await;
    let begun = Timestamp::now();
    let applied = stage.apply(case).await;
    let meanwhile = stage.meanwhile(case);
    let cluster = cluster.in_namespace(&stage.namespace);
    let timeout = Duration::from_secs(case.timeout);
    let followed = follow(&cluster, &applied, begun, timeout, |_| {}).await;
    let at = Instant::now();
    meanwhile.abort();
    let (got, told) = match followed.map(|f| f.ending) {
        Ok(Ending::Done(progress)) => ("done", progress.to_string()),
        Ok(Ending::Late(progress)) => ("late", progress.to_string()),
        Ok(Ending::Failed(failure)) => (failure.cause.id(), failure.to_string()),
        Err(error) => ("error", error.to_string()),
    };
    let delay = sight.visible().await.map(|visible| at.saturating_duration_since(visible).as_secs_f64());
    stage.strike().await;
    Outcome { name: case.name.clone(), expected: case.cause.clone(), got: got.to_owned(), delay, told }
}

/// The cases whose names hold one of the words of `PYDEPLOY_TEST_CAUSES`, or all; each so many times as
/// `PYDEPLOY_TEST_REPEAT` says (tests/bench/verdicts sets it), or once.
fn asked() -> Vec<Case> {
    let words = std::env::var("PYDEPLOY_TEST_CAUSES").unwrap_or_default();
    let times = std::env::var("PYDEPLOY_TEST_REPEAT").map_or(1, |n| n.parse().unwrap());
    let all: Vec<Case> = case::all();
    let is_asked = |case: &&Case| words.is_empty() || words.split(',').any(|word| case.name.contains(word));
    let asked: Vec<Case> = all.iter().filter(is_asked).cloned().collect();
    std::iter::repeat_n(asked, times).flatten().collect()
}

#[test]
fn each_case_is_told_by_something_that_can_be_seen() {
    let cases = case::all();
    assert!(cases.len() > 90, "{}", cases.len());
    for case in cases {
        let healthy = case.is_healthy();
        assert_eq!(healthy, case.sign.is_none() && case.ends.is_none(), "{}", case.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the bed: docker registry base cluster crane"]
async fn each_rollout_gets_its_verdict_on_the_real_node() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Eight rollouts at a time are all that the node has room for.
    let _turn = tokio::task::spawn_blocking(crate::place::Turn::alone).await.unwrap();
    let access = Access { kubeconfig: Some(bed("PYDEPLOY_TEST_KUBECONFIG").into()), ..Access::default() };
    let cluster = Arc::new(Cluster::connect(find(&access).await.unwrap()).await.unwrap());
    let client = stage::client().await;
    let own = tokio::task::spawn_blocking(|| [images::made(), servers::started()].into_iter().flatten().collect());
    let own: Arc<BTreeMap<String, String>> = Arc::new(own.await.unwrap());
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = tokio::task::JoinSet::new();
    for case in asked() {
        let turn = Arc::clone(&turns).acquire_owned().await.unwrap();
        let (cluster, client, own) = (Arc::clone(&cluster), client.clone(), Arc::clone(&own));
        playing.spawn(async move {
            let outcome = judge(&case, &cluster, &client, &own).await;
            drop(turn);
            let Outcome { name, expected, got, delay, told } = &outcome;
            println!("{}", json!({"case": name, "expected": expected, "got": got, "delay": delay, "told": told}));
            outcome
        });
    }
    let outcomes = playing.join_all().await;
    let wrong = outcomes.iter().filter(|o| !o.is_right());
    let wrong: Vec<String> =
        wrong.map(|o| format!("{}: expected {}, got {}: {}", o.name, o.expected, o.got, o.told)).collect();
    assert!(wrong.is_empty() || std::env::var("PYDEPLOY_TEST_REPEAT").is_ok(), "{}", wrong.join("\n"));
    let unseen: Vec<&str> = outcomes.iter().filter(|o| o.delay.is_none()).map(|o| o.name.as_str()).collect();
    let healthy: Vec<String> = case::all().into_iter().filter(Case::is_healthy).map(|c| c.name).collect();
    let unseen: Vec<&str> = unseen.into_iter().filter(|name| !healthy.iter().any(|h| h == name)).collect();
    assert!(unseen.is_empty(), "the sign of these was not seen: {unseen:?}");
}
