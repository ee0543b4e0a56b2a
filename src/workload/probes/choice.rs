//! A choice of handler, with its reason.

use std::time::Duration;

use super::Handler;
use super::client::{Asks, Call};
use super::listen::{self, Listening};
use super::subject::{Listens, Prefer, Redirects, Subject};
use super::url::{Address, Place};
use crate::image::contract::{Healthcheck, Test};

/// A handler, and why it is this one.
pub(super) struct Choice {
    pub(super) handler: Handler,
    /// `exec: curl without -f calls an error page well`
    pub(super) because: String,
    /// How long the check gives itself; an exec probe's command sees to that alone.
    pub(super) limit: Option<Duration>,
}

/// The lightest handler that is the same check for certain, and otherwise the check's own command.
pub(super) fn choose(check: &Healthcheck, subject: &Subject<'_>, call: Result<Call, String>) -> Choice {
    match lighter(check, subject, call) {
        Ok(choice) => choice,
        Err(why) => Choice {
            handler: Handler::Exec(command(&check.test, subject.working_dir)),
            because: format!("exec: {why}"),
            limit: None,
        },
    }
}

fn lighter(check: &Healthcheck, subject: &Subject<'_>, call: Result<Call, String>) -> Result<Choice, String> {
    if subject.stated.handler == Prefer::Exec {
        return Err("it is wanted, as stated".to_owned());
    }
    let call = call?;
    if let Some(why) = call.obstacles.first() {
        return Err(why.clone());
    }
    let [address] = call.addresses.as_slice() else { return Err("it asks more than one address".to_owned()) };
    match address.place() {
        Place::Loopback | Place::Any => {}
        Place::Loopback6 if subject.stated.listens == Listens::Everywhere => {}
        Place::Loopback6 => return Err("it asks by IPv6, and the Pod's address may be IPv4".to_owned()),
        Place::Elsewhere => return Err(format!("it asks {}, which is not the container itself", address.host)),
    }
    if call.step.is_some_and(|step| step < check.timeout.0) {
        return Err("its time limit is for each step and shorter than the check's own".to_owned());
    }
    if call.limit.is_some_and(|limit| limit.is_zero()) {
        return Err("it gives itself no time".to_owned());
    }
    let port = address.port.unwrap_or(80);
    if call.asks == Asks::Http {
        http(&call, address, subject)?;
    }
    let server = reached(port, subject)?;
    let (handler, because) = match &call.asks {
        Asks::Http => {
            let host = call.host.clone().unwrap_or_else(|| address.authority.clone());
            let headers = std::iter::once(("Host".to_owned(), host)).chain(call.headers.clone()).collect();
            let handler = Handler::HttpGet { port, path: address.path.clone(), headers };
            (
                handler,
                format!(
                    "httpGet: {} sends a GET that a kubelet can send itself, without redirects, as stated",
                    call.client
                ),
            )
        }
        Asks::Connect => (Handler::TcpSocket { port }, format!("tcpSocket: {} only opens a connection", call.client)),
        Asks::Grpc(service) => {
            let handler = Handler::Grpc { port, service: service.clone() };
            (handler, format!("grpc: {} asks the health service without TLS", call.client))
        }
        Asks::Other => return Err(format!("what {} does is known only when it runs", call.client)),
    };
    Ok(Choice { handler, because: format!("{because}; {server}"), limit: call.limit })
}

/// What else must hold of a GET.
fn http(call: &Call, address: &Address, subject: &Subject<'_>) -> Result<(), String> {
    if let Some(why) = address.unclean() {
        return Err(why.to_owned());
    }
    if address.is_secret() {
        return Err("its address holds what looks like a secret, which is not for a manifest".to_owned());
    }
    if let Some(why) = subject.env.proxied(call.proxies) {
        return Err(why);
    }
    match subject.stated.redirects {
        Redirects::Never => Ok(()),
        Redirects::Possible => Err(format!(
            "an httpGet probe follows redirects, {} judges them in its own way, and nothing says that there are none",
            call.client
        )),
    }
}

/// Why a kubelet reaches the server at this port, or why that is not certain.
fn reached(port: u16, subject: &Subject<'_>) -> Result<String, String> {
    if subject.stated.listens == Listens::Everywhere {
        return Ok("the server listens on every address, as stated".to_owned());
    }
    match listen::read(subject.entrypoint, subject.cmd, subject.env) {
        Listening::Everywhere { server, port: Some(there) } if there == port => {
            Ok(format!("{server} is on every address"))
        }
        Listening::Everywhere { server, port: Some(_) } => Err(format!("{server}, and it asks port {port}")),
        Listening::Everywhere { server, port: None } => Err(format!("the port of {server} is not known")),
        Listening::Loopback { why, .. } | Listening::Unknown(why) => Err(why),
    }
}

/// The command as a kubelet takes it. It expands `$(NAME)` and turns `$$` into `$`
/// (kubernetes issue 42273), and it does not start in the image's folder for certain.
pub(super) fn command(test: &Test, working_dir: &str) -> Vec<String> {
    let words = match test {
        Test::Shell(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()],
        Test::Exec(argv) => {
            let absolute = |(i, word): (usize, &String)| {
                let relative = i == 0 && word.contains('/') && !word.starts_with('/');
                let word = word.strip_prefix("./").filter(|_| relative).unwrap_or(word);
                if relative { format!("{}/{word}", working_dir.trim_end_matches('/')) } else { word.to_owned() }
            };
            argv.iter().enumerate().map(absolute).collect()
        }
    };
    words.into_iter().map(|w| w.replace('$', "$$")).collect()
}
