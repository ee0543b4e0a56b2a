//! `check`: an image run under its manifest's limits, in a real engine.

use serde_json::Value;

use crate::sandbox::{Sandbox, bed, docker, repository};

/// A service of the standard library alone, whose image builds in no time; `before` is run before it serves.
fn service(before: &str) -> Sandbox {
    let main = format!(
        "import http.server, os, sys\n\
         class H(http.server.BaseHTTPRequestHandler):\n    \
         def do_GET(self):\n        \
         status = int(os.environ.get('STATUS', '200'))\n        \
         self.send_response(status); self.end_headers(); self.wfile.write(b'as it is')\n\
         {before}\n\
         http.server.HTTPServer((os.environ.get('ADDRESS', '0.0.0.0'), 8000), H).serve_forever()\n"
    );
    let dockerfile = "FROM python:3.13-slim\n\
        COPY main.py /srv/\n\
        ENV PYTHONUNBUFFERED=1\n\
        USER 1000:1000\n\
        EXPOSE 8000\n\
        HEALTHCHECK --interval=1s --timeout=2s --retries=1 \\\n  \
        CMD [\"python\", \"-c\", \"import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health')\"]\n\
        CMD [\"python\", \"/srv/main.py\"]\n";
    Sandbox::empty().file("main.py", main).file("Dockerfile", dockerfile)
}

fn settings(sandbox: Sandbox, text: &str) -> Sandbox {
    sandbox.file("pydeploy.toml", text)
}

/// Nothing that was made to check an image of this id is left.
fn nothing_is_left(image: &str) {
    assert_eq!(docker(&["ps", "-aq", "--filter", &format!("ancestor={image}")]).trim(), "");
}

#[test]
#[ignore = "needs the bed: a Docker Engine"]
fn what_is_well_under_its_limits_passes() {
    // What a node lets it write to, it can write to here.
    let before = "open('/tmp/x', 'w').write('x'); open('/data/x', 'w').write('x')\n\
                  assert os.getuid() == 1000 and os.environ['MODE'] == 'a $(b)' and os.environ['TOKEN'] == 'from here'";
    let sandbox = settings(
        service(before),
        "[deploy]\nvolumes = { data = { path = \"/data\", empty-dir = true } }\n\
         env = { MODE = \"a $(b)\", TOKEN = { secret = \"s\", key = \"k\" }, OTHER = { secret = \"s\", key = \"o\" } }\n\
         resources = { limits = { memory = \"96Mi\" } }\n",
    );
    let done = sandbox.pydeploy(&["check", "--json"]).env("TOKEN", "from here").ok();
    let json: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(json["schema"], "pydeploy.check/1");
    assert_eq!(json["asked"], "GET /health at port 8000");
    assert_eq!(json["user"], serde_json::json!({"uid": 1000, "gid": 1000}));
    assert_eq!(json["memory"]["limit"], 96 << 20);
    let held = json["memory"]["held"].as_u64().unwrap();
    assert!((1 << 20..96 << 20).contains(&held), "{held}");
    assert!(json["lacking"][0].as_str().unwrap().starts_with("OTHER is not set"), "{json}");
    assert!(!done.stderr.contains("from here"), "a value is nobody's to see");
    nothing_is_left(json["image"].as_str().unwrap());
}

#[test]
#[ignore = "needs the bed: a Docker Engine"]
fn what_would_fail_on_the_node_fails_here() {
    let cases = [
        ("open('/srv/app.log', 'w')", "", "writes to /srv/app.log, and its file system is read-only", "deploy.volumes"),
        ("import nothere", "", "needs the module nothere, which is not in the image", "dependencies"),
        ("os.environ['DATABASE_URL']", "", "needs the variable DATABASE_URL, which is not set", "deploy.env"),
        ("x = bytearray(200 << 20)", "", "needs more memory than its limit, 64Mi", "deploy.resources.limits.memory"),
        ("sys.exit(3)", "", "ended once, with exit code 3", "docker run"),
        ("import time; time.sleep(60)", "", "startup check fails", "listens"),
        ("", "STATUS = \"503\"\n", "startup check fails: Traceback", "answers"),
    ];
    for (before, env, why, mend) in cases {
        let text = format!("[deploy]\nresources = {{ limits = {{ memory = \"64Mi\" }} }}\n[deploy.env]\n{env}");
        let done = settings(service(before), &text).pydeploy(&["check", "--timeout", "4s"]).fails(7);
        assert!(done.stderr.contains(why), "{before}: {done}");
        let hint = done.stderr.lines().find(|l| l.starts_with("hint: ")).unwrap_or_default();
        assert!(hint.contains(mend), "{before}: {done}");
        assert_eq!(done.stdout, "");
    }
}

#[test]
#[ignore = "needs the bed: a Docker Engine"]
fn a_probe_over_the_network_asks_at_the_pods_address() {
    let lightest = "[health]\nno-redirects = true\nall-interfaces = true\n[deploy.env]\n";
    let well = settings(service(""), lightest).pydeploy(&["check"]).json();
    assert_eq!(well["asked"], "GET /health at port 8000");
    let wrong = settings(service(""), &format!("{lightest}STATUS = \"503\"\n"));
    let done = wrong.pydeploy(&["check", "--timeout", "3s"]).fails(7);
    assert!(done.stderr.contains("startup check fails: 503 Service Unavailable"), "{done}");
    // The check inside the image would pass: the kubelet's does not.
    let alone = settings(service(""), &format!("{lightest}ADDRESS = \"127.0.0.1\"\n"));
    let done = alone.pydeploy(&["check", "--timeout", "3s"]).fails(7);
    assert!(done.stderr.contains("Connection refused") && done.stderr.contains("0.0.0.0"), "{done}");
}

#[test]
#[ignore = "needs the bed: a Docker Engine"]
fn an_image_that_is_there_is_checked_as_it_is() {
    let sandbox = service("");
    let built = sandbox.pydeploy(&["check"]).json();
    let id = built["image"].as_str().unwrap().to_owned();
    let again = sandbox.pydeploy(&["check", "--image", &format!("docker:{id}")]).ok();
    assert_eq!(again.stdout, format!("{id}\n"));
    let missing = sandbox.pydeploy(&["check", "--image", "not-there:1"]).fails(3);
    assert!(missing.stderr.contains("not-there:1"), "{missing}");
}

#[test]
#[ignore = "needs the bed: a Docker Engine and a registry"]
fn what_fails_is_not_shipped() {
    let repository = repository("checked");
    let sandbox = service("open('/srv/app.log', 'w')");
    let ship = ["ship", "--check", "--tag", "a", "--registry", &repository];
    let done = sandbox.pydeploy(&ship).fails(7);
    assert!(done.stderr.contains("read-only"), "{done}");
    assert!(!sandbox.root().join(".pydeploy").exists(), "manifests are of what was pushed");
    sandbox.pydeploy(&["contract", &format!("{repository}:a")]).fails(6);
    let sandbox = service("");
    let shipped = sandbox.pydeploy(&ship).json();
    assert_eq!(shipped["check"]["asked"], "GET /health at port 8000");
}

#[test]
#[ignore = "needs the bed: a Docker Engine and a registry"]
fn an_image_laid_together_is_checked_as_well() {
    let base = format!("{}/library/python:3.13-slim", bed("PYDEPLOY_TEST_REGISTRY"));
    let sandbox = Sandbox::project("fastapi");
    let args = ["check", "--engine", "embedded", "--base", &base];
    let layout = sandbox.beside("layout");
    let to = format!("oci:{}", layout.display());
    let args = [&args[..], &["--registry", &to]].concat();
    let json = sandbox.pydeploy(&args).env("PYDEPLOY_PYTHON", "3.13").json();
    assert!(!layout.exists(), "what is only checked goes nowhere");
    assert!(json["asked"].as_str().unwrap_or_default().starts_with("GET "), "{json}");
    nothing_is_left(json["image"].as_str().unwrap());
}

#[test]
fn without_an_engine_nothing_is_built() {
    let sandbox = Sandbox::project("fastapi");
    let done = sandbox.pydeploy(&["check"]).env("DOCKER_HOST", "unix:///nothing/here.sock").fails(4);
    assert!(done.stderr.contains("no engine answers"), "{done}");
}
