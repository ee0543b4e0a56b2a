//! wget's command line, GNU's and busybox's: <https://www.gnu.org/software/wget/manual/>.

use super::{Asks, Call, PROXIES, Remark, is_no_file, seconds};
use crate::workload::probes::shell::Field;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wget {
    Gnu,
    Busybox,
    Unknown,
}

#[derive(Default)]
struct Seen {
    spider: bool,
    output: Option<String>,
    prefix: Option<String>,
    once: bool,
}

/// What a command line asks for. `file` is where the program leads to.
pub(super) fn read(arguments: &[Field], file: Option<&str>) -> Call {
    let kind = match file {
        Some("busybox" | "busybox.static") => Wget::Busybox,
        Some("wget") => Wget::Gnu,
        _ => Wget::Unknown,
    };
    let name = match kind {
        Wget::Gnu => "GNU wget",
        Wget::Busybox => "busybox wget",
        Wget::Unknown => "wget",
    };
    let mut call = Call { proxies: PROXIES, ..Call::new(name, Asks::Http) };
    let (mut seen, mut tail) = (Seen::default(), Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = argument.text.as_str();
        if let Some(name) = text.strip_prefix("--").filter(|n| !n.is_empty()) {
            let (name, value) = name.split_once('=').map_or((name, None), |(n, v)| (n, Some(v.to_owned())));
            let value = || value.clone().or_else(|| rest.next().map(|f| f.text.clone()));
            long(name, value, argument, &mut call, &mut seen);
        } else if text.len() > 1 && text.starts_with('-') {
            let from = argument;
            let mut letters = text.chars().skip(1).peekable();
            while let Some(letter) = letters.next() {
                let Some(name) = short(letter) else {
                    // -nv, -nc and the like are options of two letters.
                    match (letter, letters.next()) {
                        ('n', Some('v')) => continue,
                        _ => call.obstacle(format!("what wget's -{letter} does to it is not known")),
                    }
                    break;
                };
                let value = || {
                    let attached: String = letters.by_ref().collect();
                    let attached = attached.strip_prefix('=').map(str::to_owned).unwrap_or(attached);
                    if attached.is_empty() { rest.next().map(|f| f.text.clone()) } else { Some(attached) }
                };
                long(name, value, from, &mut call, &mut seen);
            }
        } else if text != "--" {
            tail.push(argument.clone());
        }
    }
    for field in &tail {
        call.ask(field);
    }
    finish(call, &seen, kind)
}

fn short(letter: char) -> Option<&'static str> {
    Some(match letter {
        'q' => "quiet",
        'v' => "verbose",
        'S' => "server-response",
        '4' => "inet4-only",
        'c' => "continue",
        'O' => "output-document",
        'o' => "output-file",
        'P' => "directory-prefix",
        'T' => "timeout",
        't' => "tries",
        'U' => "user-agent",
        'Y' => "proxy",
        _ => return None,
    })
}

fn long(name: &str, mut value: impl FnMut() -> Option<String>, argument: &Field, call: &mut Call, seen: &mut Seen) {
    match name {
        "quiet"
        | "verbose"
        | "no-verbose"
        | "server-response"
        | "inet4-only"
        | "no-check-certificate"
        | "no-cache"
        | "no-cookies"
        | "no-hsts"
        | "no-config"
        | "show-progress" => {}
        "no-proxy" => call.proxies = &[],
        "spider" => seen.spider = true,
        "output-document" => seen.output = value(),
        "directory-prefix" => seen.prefix = value(),
        "output-file" => match value() {
            Some(path) if is_no_file(&path) => {}
            _ => call.obstacle("it writes a file"),
        },
        "tries" => seen.once = value().as_deref() == Some("1"),
        "timeout" | "read-timeout" | "connect-timeout" | "dns-timeout" => match value().as_deref().and_then(seconds) {
            Some(limit) if limit.is_zero() => {}
            Some(limit) => call.step = Some(call.step.map_or(limit, |s| s.min(limit))),
            None => call.obstacle("its time is no number"),
        },
        "proxy" => match value().as_deref() {
            Some("off" | "no") => call.proxies = &[],
            _ => call.obstacle("it goes through a proxy"),
        },
        "user-agent" => match value().filter(|_| argument.from.is_empty()) {
            Some(agent) => call.headers.push(("User-Agent".to_owned(), agent)),
            None => call.obstacle("its header comes from a variable, and is not for a manifest"),
        },
        "header" => header(value().as_deref(), argument, call),
        "post-data" | "post-file" | "body-data" | "body-file" => {
            value();
            call.obstacle("it sends a body");
        }
        "user" | "password" | "http-user" | "http-password" => {
            value();
            call.obstacle("it logs in, and what it logs in with is not for a manifest");
        }
        "method" => match value().as_deref() {
            Some("GET") => {}
            _ => call.obstacle("it sends another method than GET"),
        },
        _ => call.obstacle(format!("what wget's --{name} does to it is not known")),
    }
}

fn header(text: Option<&str>, argument: &Field, call: &mut Call) {
    let Some((name, value)) = text.and_then(|t| t.split_once(':')) else {
        return call.obstacle("it changes its header in another way than by a plain field");
    };
    let (name, value) = (name.trim(), value.trim());
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !plain
        || !argument.from.is_empty()
        || value.is_empty()
        || !value.chars().all(|c| c == ' ' || c.is_ascii_graphic())
    {
        call.obstacle("a field of its header is not plain text");
    } else if crate::workload::probes::url::is_secret(name) {
        call.obstacle(format!("its header {name} is not for a manifest"));
    } else if name.eq_ignore_ascii_case("host") {
        call.host = Some(value.to_owned());
    } else {
        call.headers.push((name.to_owned(), value.to_owned()));
    }
}

fn finish(mut call: Call, seen: &Seen, kind: Wget) -> Call {
    match kind {
        Wget::Unknown => call.obstacle("whether its wget is GNU's or busybox's is known only from the image"),
        Wget::Gnu if seen.spider => call.obstacle("GNU wget --spider sends HEAD, and a kubelet GET"),
        Wget::Gnu if !seen.once => call.obstacle("GNU wget tries again by itself where a connection breaks"),
        Wget::Gnu | Wget::Busybox => {}
    }
    if !seen.spider {
        let file = seen.output.clone().unwrap_or_else(|| match &seen.prefix {
            Some(prefix) => format!("{}/a file named after the address", prefix.trim_end_matches('/')),
            None => "a file named after the address".to_owned(),
        });
        if !is_no_file(&file) {
            call.obstacle("it writes a file");
            call.remarks.push(Remark::Writes(file));
        } else if file.starts_with("/tmp/") {
            call.obstacle("it writes a file");
        }
    }
    let mut call = call.asked();
    if let (None, Some(address)) = (&call.host, call.addresses.first()) {
        call.host = address.authority.strip_suffix(":80").map(str::to_owned);
    }
    call
}
