//! Times: a container is ended when the contract says so, and never before Docker's checker would have given it up.

use crate::place::Place;
use crate::sandbox::{Sandbox, docker, repository};

/// Says when it begins to fail, and when it is told to end; on port 8000 it answers, or hangs.
const SERVICE: &str = r#"
import http.server, os, signal, sys, threading, time
def say(word):
    with open("/dev/termination-log", "a") as file:
        print(word, time.time(), file=file)
hangs = threading.Event()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if hangs.is_set():
            time.sleep(60)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        pass
def end(*arguments):
    say("told")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
how = sys.argv[1]
if how != "never":
    open("/tmp/well", "w").close()
    threading.Thread(target=http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever, daemon=True).start()
    time.sleep(5)
    say("fails")
    hangs.set()
    os.remove("/tmp/well")
time.sleep(1000)
"#;

/// A service and its check: when it begins to fail, and between which times after that it is to be ended, in seconds.
struct Trial {
    name: &'static str,
    how: &'static str,
    check: &'static str,
    from: &'static str,
    /// Docker's worst case, as the contract counts it.
    least: f64,
    /// The probe's own: its failures, one period apart, after the first, which may be a period late.
    most: f64,
}

const OPENS: &str = "--interval=1s --timeout=1s --retries=3 CMD [\"python3\", \"-c\", \"import urllib.request as u; \
                     u.urlopen('http://localhost:8000/')\"]";

const TRIALS: &[Trial] = &[
    // (R-1)·I + R·T = 5; failures 1 + 5 at a period of 1.
    Trial { name: "hangs", how: "later", check: OPENS, from: "fails", least: 5.0, most: 8.0 },
    Trial {
        name: "fails",
        how: "later",
        check: "--interval=1s --timeout=1s --retries=3 CMD test -e /tmp/well",
        from: "fails",
        least: 5.0,
        most: 8.0,
    },
    // 2 + 2·2 = 6; failures 1 + 3 at a period of 2.
    Trial {
        name: "slower",
        how: "later",
        check: "--interval=2s --timeout=2s --retries=2 CMD test -e /tmp/well",
        from: "fails",
        least: 6.0,
        most: 10.0,
    },
    // I + R·T + (R-1)·I = 6; failures 1 + 6 at a period of 1.
    Trial {
        name: "never",
        how: "never",
        check: "--interval=1s --timeout=1s --retries=3 CMD test -e /tmp/well",
        from: "starts",
        least: 6.0,
        most: 9.0,
    },
];

/// A node that has much to do is late.
const LATE: f64 = 15.0;
/// And early by this much at the most: a check whose turn came just before the service began to fail may have its command
/// begin just after that.
const BEGINS: f64 = 0.9;

/// Seconds from when the service begins to fail to when it is told to end.
fn ended(place: &Place, trial: &Trial) -> f64 {
    let Trial { name, how, check, .. } = trial;
    let text = format!(
        "FROM python:3.13-slim\nCOPY service.py /\nUSER 1000:1000\nEXPOSE 8000\nCMD [\"python3\", \"/service.py\", \"{how}\"]\n\
         HEALTHCHECK {check}\n"
    );
    let settings = format!("name = \"{name}\"\n[health]\nall-interfaces = true\nno-redirects = true\n");
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", text);
    let sandbox = sandbox.file("service.py", SERVICE).file("pydeploy.toml", settings);
    let image = format!("{}:1", repository(name));
    docker(&["build", "-q", "-t", &image, &sandbox.root().display().to_string()]);
    docker(&["push", "-q", &image]);
    place.deploy(&sandbox, &image, &["--no-wait"]).ok();
    let pod = format!("app.kubernetes.io/name={name}");
    let last = ".items[0].status.containerStatuses[0].lastState.terminated";
    let last = format!("jsonpath={{{last}.startedAt}}{{\"\\n\"}}{{{last}.message}}");
    let log = place.until(&["get", "pods", "-l", &pod, "-o", &last], 90, |said| said.contains("told"));
    let at = |word: &str| -> f64 {
        let line =
            log.lines().find_map(|line| line.strip_prefix(word)).unwrap_or_else(|| panic!("{name}: {word}: {log}"));
        line.trim().parse().unwrap()
    };
    // The container's start comes before its program's first word, and counts for Docker. It is stated in whole seconds.
    let started: jiff::Timestamp = log.lines().next().unwrap().parse().unwrap();
    let from = if trial.from == "starts" { started.as_duration().as_secs_f64() } else { at(trial.from) };
    at("told") - from
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn a_container_is_ended_within_the_contracts_time_and_not_before_dockers() {
    let place = Place::alone("timing");
    std::thread::scope(|scope| {
        for trial in TRIALS {
            let place = &place;
            scope.spawn(move || {
                let Trial { name, least, most, .. } = trial;
                let took = ended(place, trial);
                println!("{name}: ended after {took:.2} s; {least} to {most} s by the contract");
                assert!(
                    (*least - BEGINS..most + LATE).contains(&took),
                    "{name}: ended after {took} s, not {least} to {most} s"
                );
            });
        }
    });
}
