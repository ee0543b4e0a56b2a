//! curl's command line: <https://curl.se/docs/manpage.html>.

use super::{Asks, Call, PROXIES, Remark, is_no_file, seconds};
use crate::workload::probes::shell::Field;

/// What an option is to a check.
enum Option_ {
    /// It changes nothing that counts.
    Neutral,
    /// The same, with a value.
    NeutralWith,
    /// Errors fail.
    Fail,
    /// Output goes to the value.
    Output,
    /// A header field is the value.
    Header,
    /// The value is the header field of this name.
    Named(&'static str),
    /// The whole call may take as long as the value.
    MaxTime,
    /// The connection may.
    ConnectTime,
    /// The request's method is the value.
    Method,
    /// The value is an address.
    Url,
    /// Proxies are not used for the value.
    NoProxy,
    /// Another check than a GET with no more to it; with or without a value.
    Differs(&'static str, Arity),
}

#[derive(Clone, Copy)]
enum Arity {
    Alone,
    Valued,
}

use Arity::{Alone, Valued};
use Option_::{ConnectTime, Differs, Fail, Header, MaxTime, Method, Named, Neutral, NeutralWith, NoProxy, Output, Url};

/// An option by its long name.
fn long(name: &str) -> Option<Option_> {
    Some(match name {
        "silent"
        | "show-error"
        | "verbose"
        | "disable"
        | "no-progress-meter"
        | "progress-bar"
        | "include"
        | "no-buffer"
        | "ipv4"
        | "globoff"
        | "insecure"
        | "get"
        | "http1.1"
        | "path-as-is"
        | "fail-early"
        | "no-keepalive"
        | "raw"
        | "ssl-reqd"
        | "disallow-username-in-url"
        | "tcp-nodelay"
        | "no-location" => Neutral,
        "write-out" | "stderr" | "keepalive-time" | "cacert" | "capath" | "ciphers" | "limit-rate" => NeutralWith,
        "fail" | "fail-with-body" => Fail,
        "output" => Output,
        "header" => Header,
        "user-agent" => Named("User-Agent"),
        "referer" => Named("Referer"),
        "max-time" => MaxTime,
        "connect-timeout" => ConnectTime,
        "request" => Method,
        "url" => Url,
        "noproxy" => NoProxy,
        "head" => Differs("it sends HEAD, and a kubelet GET", Alone),
        "location" | "location-trusted" => Differs("it follows redirects in its own way", Alone),
        "retry" | "retry-delay" | "retry-max-time" => Differs("it tries again by itself", Valued),
        "retry-connrefused" | "retry-all-errors" => Differs("it tries again by itself", Alone),
        "data" | "data-raw" | "data-binary" | "data-urlencode" | "data-ascii" | "json" | "form" | "upload-file" => {
            Differs("it sends a body", Valued)
        }
        "user" | "oauth2-bearer" | "netrc-file" | "delegation" | "aws-sigv4" => {
            Differs("it logs in, and what it logs in with is not for a manifest", Valued)
        }
        "netrc" | "netrc-optional" | "basic" | "digest" | "ntlm" | "negotiate" | "anyauth" => {
            Differs("it logs in, and what it logs in with is not for a manifest", Alone)
        }
        "unix-socket" | "abstract-unix-socket" => Differs("it asks at a socket in the file system", Valued),
        "proxy" | "preproxy" | "socks5" | "socks5-hostname" | "socks4" | "socks4a" => {
            Differs("it goes through a proxy", Valued)
        }
        "resolve" | "connect-to" | "interface" | "local-port" | "dns-servers" => {
            Differs("it goes another way than its address says", Valued)
        }
        "config" | "variable" => Differs("part of its command line is in a file", Valued),
        "cert" | "key" | "cert-type" | "key-type" | "pass" => Differs("it shows a certificate", Valued),
        "cookie" | "cookie-jar" => Differs("it sends cookies", Valued),
        "range" | "time-cond" | "max-filesize" | "speed-limit" | "speed-time" => {
            Differs("it fails on more than the status", Valued)
        }
        "compressed" => Differs("it asks for compressed data", Alone),
        "http1.0" | "http2" | "http2-prior-knowledge" | "http3" | "http3-only" | "http0.9" | "haproxy-protocol" => {
            Differs("it speaks another version of HTTP than a kubelet", Alone)
        }
        "ipv6" => Differs("it asks by IPv6 alone", Alone),
        "remote-name" | "remote-name-all" => Differs("it writes a file", Alone),
        "parallel" | "next" => Differs("it is more than one request", Alone),
        _ => return None,
    })
}

/// The long name of a short one.
fn short(letter: char) -> Option<&'static str> {
    Some(match letter {
        's' => "silent",
        'S' => "show-error",
        'v' => "verbose",
        'q' => "disable",
        '#' => "progress-bar",
        'i' => "include",
        'N' => "no-buffer",
        '4' => "ipv4",
        '6' => "ipv6",
        'g' => "globoff",
        'k' => "insecure",
        'G' => "get",
        'w' => "write-out",
        'f' => "fail",
        'o' => "output",
        'H' => "header",
        'A' => "user-agent",
        'e' => "referer",
        'm' => "max-time",
        'X' => "request",
        'I' => "head",
        'L' => "location",
        'd' => "data",
        'F' => "form",
        'T' => "upload-file",
        'u' => "user",
        'n' => "netrc",
        'x' => "proxy",
        'K' => "config",
        'E' => "cert",
        'b' => "cookie",
        'c' => "cookie-jar",
        'r' => "range",
        'z' => "time-cond",
        'y' => "speed-time",
        'Y' => "speed-limit",
        '0' => "http1.0",
        'O' => "remote-name",
        'Z' => "parallel",
        ':' => "next",
        _ => return None,
    })
}

struct Curl {
    call: Call,
    errors_fail: bool,
    globs: bool,
    tail: Vec<Field>,
}

/// What a command line asks for.
pub(super) fn read(arguments: &[Field]) -> Call {
    let call = Call { proxies: PROXIES, ..Call::new("curl", Asks::Http) };
    let mut curl = Curl { call, errors_fail: false, globs: true, tail: Vec::new() };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = argument.text.as_str();
        if let Some(name) = text.strip_prefix("--").filter(|n| !n.is_empty()) {
            curl.option(name, || rest.next().cloned());
        } else if text.len() > 1 && text.starts_with('-') {
            let mut letters = text.chars().skip(1);
            while let Some(letter) = letters.next() {
                let Some(name) = short(letter) else {
                    curl.unknown(&format!("-{letter}"));
                    break;
                };
                curl.option(name, || {
                    let attached: String = letters.by_ref().collect();
                    let attached = Field { text: attached, from: argument.from.clone() };
                    if attached.text.is_empty() { rest.next().cloned() } else { Some(attached) }
                });
            }
        } else if text != "--" {
            curl.tail.push(argument.clone());
        }
    }
    curl.finish()
}

impl Curl {
    fn unknown(&mut self, option: &str) {
        self.call.obstacle(format!("what curl's {option} does to it is not known"));
        if option.contains([' ', '=']) {
            self.call.remarks.push(Remark::Fails("curl has no such option, and ends with status 2"));
        }
    }

    fn option(&mut self, name: &str, mut value: impl FnMut() -> Option<Field>) {
        let Some(option) = long(name) else { return self.unknown(&format!("--{name}")) };
        let alone = matches!(option, Neutral | Fail | Differs(_, Alone));
        let value = if alone { Some(Field::default()) } else { value() };
        let Some(value) = value else {
            self.call.remarks.push(Remark::Fails("an option of it lacks its value"));
            return self.call.obstacle("an option of it lacks its value");
        };
        match option {
            Neutral if name == "globoff" => self.globs = false,
            Fail => self.errors_fail = true,
            Output => self.output(&value.text),
            Header => self.header(&value),
            Named(header) => self.named(header, &value),
            MaxTime => self.limit(&value.text),
            ConnectTime => match seconds(&value.text) {
                Some(limit) if !limit.is_zero() => self.call.step = Some(limit),
                Some(_) => {}
                None => self.call.obstacle("its time is no number"),
            },
            Method if value.text != "GET" => self.call.obstacle(format!("it sends {}, and a kubelet GET", value.text)),
            Neutral | NeutralWith | Method => {}
            Url => self.tail.push(value),
            NoProxy => {
                if value.text.split([',', ' ']).any(|h| matches!(h, "*" | "localhost" | "127.0.0.1")) {
                    self.call.proxies = &[];
                }
            }
            Differs(why, _) => {
                if matches!(name, "remote-name" | "remote-name-all") {
                    self.call.remarks.push(Remark::Writes("a file named after the address".to_owned()));
                }
                self.call.obstacle(why);
            }
        }
    }

    fn output(&mut self, path: &str) {
        if !is_no_file(path) {
            self.call.remarks.push(Remark::Writes(path.to_owned()));
        }
        // `/dev/null`, `/dev/stdout` and so on; where a file can't be written, curl fails.
        if !is_no_file(path) || path.starts_with("/tmp/") {
            self.call.obstacle("it writes a file");
        }
    }

    fn header(&mut self, field: &Field) {
        let Some((name, value)) = field.text.split_once(':') else {
            return self.call.obstacle("it changes its header in another way than by a plain field");
        };
        let (name, value) = (name.trim().to_owned(), value.trim());
        let value = Field { text: value.to_owned(), from: field.from.clone() };
        if value.text.is_empty() {
            return self.call.obstacle("it leaves out a field of its header");
        }
        self.named(&name, &value);
    }

    fn named(&mut self, name: &str, value: &Field) {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let printable = value.text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
        if !plain || name.is_empty() || !printable || value.text.starts_with('@') {
            return self.call.obstacle("a field of its header is not plain text");
        }
        if !value.from.is_empty() {
            return self.call.obstacle(format!("its header {name} comes from a variable, and is not for a manifest"));
        }
        if crate::workload::probes::url::is_secret(name) {
            return self.call.obstacle(format!("its header {name} is not for a manifest"));
        }
        if name.eq_ignore_ascii_case("host") {
            self.call.host = Some(value.text.clone());
        } else {
            self.call.headers.push((name.to_owned(), value.text.clone()));
        }
    }

    fn limit(&mut self, text: &str) {
        match seconds(text) {
            // 0 is no limit.
            Some(limit) if limit.is_zero() => {}
            Some(limit) => self.call.limit = Some(limit),
            None => self.call.obstacle("its time is no number"),
        }
    }

    fn finish(mut self) -> Call {
        for field in std::mem::take(&mut self.tail) {
            if self.globs && field.text.contains(['{', '}', '[', ']']) && !field.text.contains("[::") {
                self.call.obstacle("its address stands for several");
            }
            self.call.ask(&field);
        }
        if self.errors_fail {
            self.call.client.push_str(" -f");
        } else {
            self.call.remarks.push(Remark::ErrorsPass);
            self.call.obstacles.insert(0, "curl without -f calls an error page well".to_owned());
        }
        let mut call = self.call.asked();
        // curl leaves the protocol's own port out of Host.
        let plain = call.addresses.first().filter(|a| a.port == Some(80) && a.scheme.as_deref() != Some("https"));
        if let (None, Some(address)) = (&call.host, plain) {
            call.host = address.authority.strip_suffix(":80").map(str::to_owned);
        }
        call
    }
}
