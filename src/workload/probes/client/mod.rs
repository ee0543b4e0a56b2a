//! A client: a program that a check asks the service with.

mod connect;
mod curl;
mod grpc;
mod python;
mod tokens;
mod wget;

pub(super) use connect::dev_tcp;

use std::time::Duration;

use super::outcome::Outcome;
use super::shell::Field;
use super::subject::base_name;
use super::url::{Address, NO_PORT};

/// What a client's command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// The client, as people call it: `curl -f`, `GNU wget`.
    pub(super) client: String,
    /// What it does.
    pub(super) asks: Asks,
    /// What it asks, in order.
    pub(super) addresses: Vec<Address>,
    /// Header fields that it sends beside `Host`.
    pub(super) headers: Vec<(String, String)>,
    /// `Host`, where the client does not send what its address says.
    pub(super) host: Option<String>,
    /// How long it gives the whole call.
    pub(super) limit: Option<Duration>,
    /// How long it gives each step of the call; no handler has such a limit.
    pub(super) step: Option<Duration>,
    /// The variables that it reads for a proxy.
    pub(super) proxies: &'static [&'static str],
    /// Why no handler of Kubernetes would be the same check, in words that follow "exec: ".
    pub(super) obstacles: Vec<String>,
    /// What is worth telling of it.
    pub(super) remarks: Vec<Remark>,
}

/// What a call does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asks {
    /// A GET.
    Http,
    /// A connection.
    Connect,
    /// The gRPC health service.
    Grpc(Option<String>),
    /// Something else.
    Other,
}

/// What is worth telling of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remark {
    /// It can't succeed, and why.
    Fails(&'static str),
    /// It calls an error page a success.
    ErrorsPass,
    /// It writes this file.
    Writes(String),
    /// It does not say which protocol.
    NoScheme,
    /// It asks over TLS.
    Tls,
}

/// `http_proxy` in capitals is not read by curl and wget, so that no request's header can set it.
const PROXIES: &[&str] = &["http_proxy", "ALL_PROXY", "all_proxy"];
const PYTHON_PROXIES: &[&str] = &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

impl Call {
    fn new(client: &str, asks: Asks) -> Self {
        Self {
            client: client.to_owned(),
            asks,
            addresses: Vec::new(),
            headers: Vec::new(),
            host: None,
            limit: None,
            step: None,
            proxies: &[],
            obstacles: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// One that no handler could take the place of.
    fn other(client: &str, why: &str) -> Self {
        let mut call = Self::new(client, Asks::Other);
        call.obstacle(why);
        call
    }

    fn obstacle(&mut self, why: impl Into<String>) {
        self.obstacles.push(why.into());
    }

    /// Takes an address of a URL.
    fn ask(&mut self, field: &Field) {
        match Address::read(&field.text) {
            Ok(address) => self.addresses.push(Address { from: field.from.clone(), ..address }),
            Err(why) => {
                self.obstacle(why);
                if field.text.is_empty() || why == NO_PORT {
                    self.remarks.push(Remark::Fails(why));
                }
            }
        }
    }

    /// Looks at the addresses when all are there.
    fn asked(mut self) -> Self {
        match self.addresses.as_slice() {
            [] if self.obstacles.is_empty() => {
                self.obstacle("it is given no address");
                self.remarks.push(Remark::Fails("it is given no address"));
            }
            [one] => {
                let tls = one.scheme.as_deref() == Some("https");
                let plain = matches!(one.scheme.as_deref(), None | Some("http"));
                if one.scheme.is_none() {
                    self.remarks.push(Remark::NoScheme);
                }
                if tls {
                    self.remarks.push(Remark::Tls);
                    self.obstacle("it asks over TLS, and a kubelet would verify no certificate");
                } else if !plain {
                    self.obstacle("it asks over another protocol than http");
                }
            }
            [] => {}
            _ => self.obstacle("it asks more than one address"),
        }
        self
    }
}

/// What a command line asks for. `file` is the file that its program leads to, where that is known.
pub(super) fn read(argv: &[Field], file: Option<&str>) -> Call {
    let Some((name, arguments)) = argv.split_first() else { return Call::other("nothing", "it is no command") };
    let name = base_name(&name.text);
    match name {
        "curl" => curl::read(arguments),
        "wget" => wget::read(arguments, file),
        "nc" | "ncat" | "netcat" | "nc.openbsd" | "nc.traditional" => connect::nc(name, arguments),
        "grpc_health_probe" | "grpc-health-probe" => grpc::read(arguments),
        _ if is_python(name) => python::read(arguments),
        "timeout" => Call::other(name, "timeout ends it in a way of its own"),
        "pg_isready" | "redis-cli" | "mysqladmin" | "mongosh" | "psql" | "rabbitmqctl" | "rabbitmq-diagnostics" => {
            Call::other(name, &format!("{name} speaks a protocol that no other handler does"))
        }
        "pgrep" | "pidof" | "ps" | "pidstat" => Call::other(name, &format!("{name} looks at processes, not at a port")),
        "test" | "[" | "[[" => Call::other(name, "it looks at files or texts, not at a port"),
        _ => Call::other(name, &format!("what {name} does is known only when it runs")),
    }
}

/// What a command line may come to, whatever the service does.
pub(super) fn outcome(argv: &[&str]) -> Outcome {
    if argv.first().is_some_and(|name| is_python(base_name(name))) {
        return python::outcome(argv.get(1..).unwrap_or_default());
    }
    let fields: Vec<Field> = argv.iter().map(|t| Field { text: (*t).to_owned(), from: Vec::new() }).collect();
    let fails = read(&fields, None).remarks.iter().any(|r| matches!(r, Remark::Fails(_)));
    if fails { Outcome::FAILS } else { Outcome::EITHER }
}

/// Whether a program is an interpreter of Python.
pub(super) fn is_python(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// Where a client may write: places that are no file, or that stay writable.
fn is_no_file(path: &str) -> bool {
    path == "-" || path.starts_with("/dev/") || path.starts_with("/tmp/")
}

/// Seconds with a fraction.
fn seconds(text: &str) -> Option<Duration> {
    let plain = !text.is_empty() && text.len() < 12 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds = text.parse::<f64>().ok().filter(|_| plain)?;
    Duration::try_from_secs_f64(seconds).ok()
}
