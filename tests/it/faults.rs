//! Faults of a cluster in the middle of it all: what is said, and what state the cluster is left in.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::apiserver::{Answer, ApiServer, fails};
use crate::interrupt::interrupted;
use crate::place::{CHECK, Place, SERVER, image, project};
use crate::sandbox::{Done, Run, Sandbox, bed};

/// Pods that take twenty seconds to be ready: time for a fault, also on a machine that has much to do.
fn slow(word: &str, name: &str) -> (Sandbox, String) {
    let server = "exec python3 -m http.server 8000 --directory /tmp";
    let check = CHECK.replace("HEALTHCHECK", "HEALTHCHECK --start-period=2m");
    let sandbox = project(&format!("CMD [\"sh\", \"-c\", \"echo {word}; sleep 20; {server}\"]\n{check}"));
    let image = image(&sandbox, name);
    (sandbox, image)
}

/// A run that has said `mark`, with what it has said by then.
struct Running {
    child: Child,
    reader: BufReader<std::process::ChildStderr>,
    said: String,
}

impl Running {
    fn until(run: Run, mark: &str) -> Self {
        let mut child = run.start();
        let reader = BufReader::new(child.stderr.take().unwrap());
        let mut running = Self { child, reader, said: String::new() };
        running.hears(mark);
        running
    }

    fn hears(&mut self, mark: &str) {
        while !self.said.contains(mark) {
            let mut line = String::new();
            assert_ne!(self.reader.read_line(&mut line).unwrap(), 0, "ended before {mark:?}: {}", self.said);
            self.said.push_str(&line);
        }
    }

    fn ends(mut self) -> Done {
        self.reader.read_to_string(&mut self.said).unwrap();
        let mut done = Done::of(self.child.wait_with_output().unwrap());
        done.stderr = self.said;
        done
    }
}

fn fault(args: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bed/cluster/fault");
    let output = Command::new(script).args(args).output().unwrap();
    assert!(output.status.success(), "fault {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn another_managers_image_is_said_and_followed() {
    let place = Place::new("meanwhile");
    let ((sandbox, one), (_, two)) = (slow("a", "meanwhile-a"), slow("b", "meanwhile-b"));
    let run = Running::until(place.deploy(&sandbox, &one, &["--progress", "plain"]), "→ api:");
    place.kubectl(&["set", "image", "deployment/api", &format!("api={two}")]);
    let done = run.ends();
    assert_eq!(done.code, 0, "{done}");
    done.says(&["\"kubectl-set\" changed the image from", &two, "the rollout is the changed one's"]);
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn a_deployment_that_is_deleted_meanwhile_has_failed() {
    let place = Place::new("deleted");
    let (sandbox, image) = slow("c", "deleted");
    let run = place.deploy(&sandbox, &image, &["--progress", "plain", "--rollback-on-failure"]);
    let run = Running::until(run, "→ api:");
    place.kubectl(&["delete", "deployment", "api"]);
    let done = run.ends();
    assert_eq!(done.code, 9, "{done}");
    done.says(&["Deployment api was deleted while it was rolled out", "there is no earlier revision"]);
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn a_namespace_that_is_going_is_told() {
    let place = Place::new("going");
    let (sandbox, image) = slow("d", "going");
    place.kubectl(&["create", "configmap", "stays"]);
    place.kubectl(&["patch", "configmap", "stays", "-p", "{\"metadata\":{\"finalizers\":[\"example.com/stays\"]}}"]);
    place.kubectl(&["delete", "namespace", &place.name, "--wait=false"]);
    let refused = place.deploy(&sandbox, &image, &[]).fails(8);
    place.kubectl(&["patch", "configmap", "stays", "-p", "{\"metadata\":{\"finalizers\":null}}"]);
    refused.says(&["is being deleted", "choose another with -n"]);
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn an_api_server_that_is_restarted_under_a_watch_is_waited_for() {
    let place = Place::alone("restarted");
    let (sandbox, image) = slow("e", "restarted");
    let mut run = Running::until(place.deploy(&sandbox, &image, &["--progress", "plain"]), "→ api:");
    fault(&["kill", "kube-apiserver"]);
    std::thread::sleep(Duration::from_secs(3));
    fault(&["start", "kube-apiserver"]);
    run.hears("does not answer");
    let done = run.ends();
    assert_eq!(done.code, 0, "{done}");
    done.says(&["the API server answers again", "api is ready: 1 of 1 Pods"]);
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn a_history_that_is_gone_is_listed_anew() {
    let place = Place::alone("compacted");
    let (sandbox, image) = slow("f", "compacted");
    let run = Running::until(place.deploy(&sandbox, &image, &["--progress", "plain"]), "→ api:");
    fault(&["compact"]);
    fault(&["restart", "kube-apiserver"]);
    let done = run.ends();
    assert_eq!(done.code, 0, "{done}");
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn an_api_server_that_is_away_while_objects_are_applied_is_waited_for() {
    let place = Place::alone("applying");
    let sandbox = project(&format!("{SERVER}{CHECK}"));
    let image = image(&sandbox, "applying");
    // Whoever asks first finds it frozen; it is killed before it has answered, and comes back.
    let run = place.deploy(&sandbox, &image, &["--progress", "plain"]);
    let mut run = Running::until(run, "Applying to namespace");
    fault(&["kill", "kube-apiserver"]);
    std::thread::sleep(Duration::from_secs(5));
    fault(&["start", "kube-apiserver"]);
    run.hears("is ready");
    let done = run.ends();
    assert_eq!(done.code, 0, "{done}");
    assert_eq!(place.json(&["get", "deployments"])["items"].as_array().unwrap().len(), 1);
}

/// A server that has nothing yet, takes all that is tried, and says of what is applied what `last` does.
fn takes_until(last: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> ApiServer {
    ApiServer::start(move |asked| match asked.line.as_str() {
        line if line.starts_with("GET ") => fails(404, "NotFound", "not found"),
        line if line.contains("dryRun=All") => Answer::Says(200, asked.body.clone()),
        line => last(line).unwrap_or_else(|| Answer::Says(200, asked.body.clone())),
    })
}

fn to(server: &ApiServer, sandbox: &Sandbox, image: &str, args: &[&str]) -> Run {
    let kubeconfig = server.kubeconfig(sandbox, "t").display().to_string();
    let fixed = ["deploy", "--image", image, "--kubeconfig", &kubeconfig, "--insecure-registry", "--progress", "plain"];
    sandbox.pydeploy(&[&fixed, args].concat())
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn an_interrupt_says_what_is_applied_and_what_is_not() {
    let (sandbox, image) = slow("g", "half");
    let server = takes_until(|line| line.contains("/deployments/").then_some(Answer::Silence));
    let said = interrupted(to(&server, &sandbox, &image, &[]), "✓ Service api", "-INT");
    assert!(said.contains("Service api in namespace team is applied, what follows it may not be"), "{said}");
    assert!(said.contains("run again to go on"), "{said}");

    let server = ApiServer::start(|_| Answer::Silence);
    let said = interrupted(to(&server, &sandbox, &image, &[]), "Applying to namespace", "-INT");
    assert!(said.contains("nothing was changed in the cluster"), "{said}");
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn a_server_that_keeps_us_waiting_is_told_of_and_a_failure_says_what_is_applied() {
    let (sandbox, image) = slow("h", "waits");
    let server = ApiServer::start(|_| Answer::Silence);
    let said = interrupted(to(&server, &sandbox, &image, &[]), "keeps us waiting", "-INT");
    assert!(said.contains("it has not answered yet"), "{said}");
    let server = takes_until(|line| {
        line.contains("/deployments/").then(|| {
            let text = "deployments.apps \"api\" is forbidden: User \"ci\" cannot patch resource \"deployments\" in API \
                        group \"apps\" in the namespace \"team\"";
            fails(403, "Forbidden", text)
        })
    });
    let refused = to(&server, &sandbox, &image, &[]).fails(8);
    refused.says(&[
        "ci may not patch deployments in namespace team",
        "already applied: ServiceAccount api, Service api",
        "{apiGroups: [\"apps\"], resources: [\"deployments\"], verbs: [\"patch\"]}",
    ]);
}

#[test]
fn a_token_that_has_expired_is_told_to_have() {
    let sandbox = Sandbox::project("own-dockerfile");
    let server = ApiServer::start(|_| fails(401, "Unauthorized", "Unauthorized"));
    let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    let status = |token: &str| {
        let kubeconfig = server.kubeconfig(&sandbox, token).display().to_string();
        sandbox.pydeploy(&["status", "--kubeconfig", &kubeconfig]).fails(4)
    };
    // The version is anybody's to read; what comes after it is not.
    let expired = status(&token("{\"exp\": 1700000000}"));
    assert!(!expired.stderr.contains("e30."), "{expired}");
    expired.says(&["its token has expired at 2023-11-14T22:13:20Z", "log in anew"]);
    let other = status(&token("{\"exp\": 99999999999}")).says(&["does not accept the credentials"]);
    assert!(!other.stderr.contains("expired"), "{other}");
}

#[test]
#[ignore = "needs the bed: registry cluster"]
fn a_wrong_authority_an_unknown_context_and_an_absent_server_are_told_apart() {
    let sandbox = Sandbox::project("own-dockerfile");
    let path = sandbox.beside("kubeconfig");
    std::fs::copy(bed("PYDEPLOY_TEST_KUBECONFIG"), &path).unwrap();
    let path = path.to_str().unwrap();
    let config = |args: &[&str]| {
        let output = Command::new(bed("PYDEPLOY_TEST_KUBECTL"))
            .args(["--kubeconfig", path, "config"])
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let status = |args: &[&str]| sandbox.pydeploy(&[&["status", "--kubeconfig", path], args].concat()).fails(4);
    status(&["--context", "absent"]).says(&["there is no context \"absent\"", "it has: "]);
    let cluster = config(&["view", "--minify", "-o", "jsonpath={.contexts[0].context.cluster}"]);
    let authority = bed("PYDEPLOY_TEST_REGISTRY_TLS_CA");
    config(&["set-cluster", &cluster, "--certificate-authority", &authority, "--embed-certs"]);
    status(&[]).says(&["has a certificate that is not trusted", "certificate-authority"]);
    config(&["set-cluster", &cluster, "--server", "https://127.0.0.1:1"]);
    status(&[]).says(&["no API server answers at https://127.0.0.1:1", "refused"]);
}
