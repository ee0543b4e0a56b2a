//! A question: a probe, as a command that asks the same from within the container.
//!
//! A kubelet asks over the network at the Pod's address. So does this, from the container's own network: an engine may be
//! on another machine, or in one of its own, where nothing but the container reaches that address. What listens on
//! loopback alone does not answer there either.

use crate::image::contract::{ImageContract, Test};
use crate::workload::probes::{Handler, Probe};

/// GET as a kubelet does it: 200 to 399 is well, redirects are followed on the same host, and one to another host is
/// well. <https://github.com/kubernetes/kubernetes/blob/v1.33.0/pkg/probe/http/http.go>
const GET: &str = r#"
import http.client, ssl, sys
from urllib.parse import urljoin, urlsplit
address, port, path, timeout = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
headers = {"User-Agent": "kube-probe/1.33", "Accept": "*/*"}
headers.update(h.split(": ", 1) for h in sys.argv[5:])
url = f"http://{address}:{port}{path}"
try:
    for _ in range(10):
        parts = urlsplit(url)
        if parts.scheme == "https":
            c = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=ssl._create_unverified_context())
        else:
            c = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
        c.request("GET", url[len(parts.scheme) + 3 + len(parts.netloc):] or "/", headers=headers)
        r = c.getresponse()
        location = r.getheader("Location")
        if r.status not in (301, 302, 303, 307, 308) or not location:
            break
        url = urljoin(url, location)
        if urlsplit(url).hostname != address:
            break
    else:
        sys.exit("10 redirects, and no end")
except (OSError, http.client.HTTPException, ValueError) as e:
    sys.exit(str(e) or type(e).__name__)
print(r.status, r.reason)
if not 200 <= r.status < 400:
    print(r.read(300).decode("utf-8", "replace"))
    sys.exit(1)
"#;

/// A connection that is opened and closed.
const CONNECT: &str = r#"
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()
except OSError as e:
    sys.exit(str(e) or type(e).__name__)
print("connected")
"#;

/// What is run in a container to ask what a probe asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The command, in the forms to try: the first whose program is there is the one.
    pub commands: Vec<Vec<String>>,
}

/// The question of a probe, of a container that has this address.
pub fn question(probe: &Probe, contract: &ImageContract, address: &str) -> Question {
    let timeout = probe.timeout.to_string();
    let commands = match &probe.handler {
        // A kubelet would take `$$` for `$`.
        Handler::Exec(argv) => vec![argv.iter().map(|word| word.replace("$$", "$")).collect()],
        Handler::HttpGet { port, path, headers } => {
            let mut words = vec![address.to_owned(), port.to_string(), path.clone(), timeout];
            words.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
            python(GET, &words)
        }
        Handler::TcpSocket { port } => python(CONNECT, &[address.to_owned(), port.to_string(), timeout]),
        // The image has a program of its own for that: its HEALTHCHECK is where the probe comes from.
        Handler::Grpc { .. } => vec![check(contract)],
    };
    Question { commands }
}

/// What a probe asks, for people: `GET /health at port 8000`.
pub fn shown(handler: &Handler) -> String {
    match handler {
        Handler::Exec(argv) => line(argv),
        Handler::HttpGet { port, path, .. } => format!("GET {path} at port {port}"),
        Handler::TcpSocket { port } => format!("a connection to port {port}"),
        Handler::Grpc { port, .. } => format!("gRPC health at port {port}"),
    }
}

/// A command on one line, cut where it is long.
fn line(argv: &[String]) -> String {
    const LONGEST: usize = 60;
    let whole = argv.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    if whole.chars().count() <= LONGEST { whole } else { whole.chars().take(LONGEST).chain(['…']).collect() }
}

fn python(script: &str, words: &[String]) -> Vec<Vec<String>> {
    let command = |program: &str| [program, "-c", script].map(str::to_owned).into_iter().chain(words.iter().cloned());
    ["python", "python3"].map(|program| command(program).collect()).into()
}

fn check(contract: &ImageContract) -> Vec<String> {
    match contract.healthcheck.as_ref().map(|c| &c.test) {
        Some(Test::Exec(argv)) => argv.clone(),
        Some(Test::Shell(text)) if contract.shell.is_empty() => {
            ["/bin/sh", "-c", text.as_str()].map(str::to_owned).into()
        }
        Some(Test::Shell(text)) => contract.shell.iter().cloned().chain([text.clone()]).collect(),
        None => Vec::new(),
    }
}
