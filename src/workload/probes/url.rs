//! An address that a check asks.

/// Why an address with a port such as 99999 can't be asked.
pub(super) const NO_PORT: &str = "the address's port is no port";

/// An address, as far as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// `http`, in small letters; `None` where it was left out.
    pub(super) scheme: Option<String>,
    /// A name or an IP address, this one without brackets.
    pub(super) host: String,
    /// Where it was written.
    pub(super) port: Option<u16>,
    /// Host and port as they were written.
    pub(super) authority: String,
    /// What follows them, query included, `/` where nothing does; without the fragment, which no client sends.
    pub(super) path: String,
    /// The variables that it was made of.
    pub(super) from: Vec<String>,
}

/// Where an address leads to, seen from the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The container itself, by IPv4 or by a name for it.
    Loopback,
    /// The container itself, by IPv6 only.
    Loopback6,
    /// `0.0.0.0`, which Linux takes for the loopback address.
    Any,
    /// Somewhere else.
    Elsewhere,
}

impl Address {
    /// Reads a URL; the scheme may be missing.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("the address is empty");
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("the address has white space in it");
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if authority.contains('@') {
            return Err("the address has a user in it");
        }
        let (host, port) = host_port(authority)?;
        let tail = tail.split('#').next().unwrap_or_default();
        let path = if tail.starts_with('/') { tail.to_owned() } else { format!("/{tail}") };
        Ok(Self { scheme, host, port, authority: authority.to_owned(), path, from: Vec::new() })
    }

    /// From a host and a port, as programs take them that open a connection.
    pub(super) fn pair(host: &str, port: u16) -> Self {
        let authority = format!("{host}:{port}");
        Self {
            scheme: None,
            host: host.to_owned(),
            port: Some(port),
            authority,
            path: "/".to_owned(),
            from: Vec::new(),
        }
    }

    /// The port, or the scheme's own.
    pub(super) fn effective_port(&self) -> u16 {
        self.port.unwrap_or(if self.scheme.as_deref() == Some("https") { 443 } else { 80 })
    }

    /// Where it leads to.
    pub(super) fn place(&self) -> Place {
        let host = self.host.trim_end_matches('.').to_ascii_lowercase();
        let four = host.starts_with("127.") && host.chars().all(|c| c.is_ascii_digit() || c == '.');
        match host.as_str() {
            "localhost" | "localhost.localdomain" => Place::Loopback,
            "::1" | "0:0:0:0:0:0:0:1" | "ip6-localhost" => Place::Loopback6,
            "0.0.0.0" | "0" | "::" => Place::Any,
            _ if four => Place::Loopback,
            _ => Place::Elsewhere,
        }
    }

    /// Why its path would not arrive as it is written: a kubelet reads it as a reference of its own.
    pub(super) fn unclean(&self) -> Option<&'static str> {
        let path = self.path.split('?').next().unwrap_or_default();
        if path.starts_with("//") {
            return Some("a kubelet would take a path that begins with // for a host");
        }
        if path.split('/').any(|s| matches!(s, "." | "..")) {
            return Some("clients and kubelets resolve the dots in its path each in their own way");
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?%".contains(c);
        if !self.path.chars().all(plain) {
            return Some("its path has characters that a kubelet would write in another way");
        }
        let escapes = self.path.split('%').skip(1);
        let mut wrong = escapes.filter(|rest| !rest.bytes().take(2).all(|b| b.is_ascii_hexdigit()) || rest.len() < 2);
        wrong.next().map(|_| "its path has a % that escapes nothing")
    }

    /// Whether it holds what looks like a secret.
    pub(super) fn is_secret(&self) -> bool {
        let query = self.path.split_once('?').map_or("", |(_, query)| query).to_ascii_lowercase();
        SECRETS.iter().any(|word| query.contains(word))
    }
}

/// Parts of names whose values are not for a manifest.
const SECRETS: &[&str] = &["token", "secret", "password", "passwd", "key", "auth", "credential", "session", "cookie"];

/// Whether a header field's name is one whose value is not for a manifest.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|word| name.contains(word))
}

fn host_port(authority: &str) -> Result<(String, Option<u16>), &'static str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or("a bracket in the address is not closed")?;
            (host, rest.strip_prefix(':').or(if rest.is_empty() { Some("") } else { None }))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("")),
        },
    };
    if host.is_empty() {
        return Err("the address has no host");
    }
    if !host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:%".contains(c)) {
        return Err("the address's host is no name");
    }
    match port {
        Some("") => Ok((host.to_owned(), None)),
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => match port.parse() {
            Ok(port) if port > 0 => Ok((host.to_owned(), Some(port))),
            _ => Err(NO_PORT),
        },
        _ => Err("the address's port is no number"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let read = |t: &str| Address::read(t).map(|a| (a.scheme, a.host, a.port, a.path));
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(
            read("http://localhost:8000/h?x=1#f").unwrap(),
            (some("http"), "localhost".into(), Some(8000), "/h?x=1".into())
        );
        assert_eq!(read("HTTP://[::1]:80").unwrap(), (some("http"), "::1".into(), Some(80), "/".into()));
        assert_eq!(read("localhost:8000").unwrap(), (None, "localhost".into(), Some(8000), "/".into()));
        assert_eq!(read("http://h?x").unwrap().3, "/?x");
        for wrong in ["", "http://", "http://:80/", "http://u:p@h/", "http://h:0/", "http://h:99999/", "http://h:$P/"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_paths_that_arrive_as_they_are_are_clean() {
        let unclean = |path: &str| Address::read(&format!("http://h{path}")).unwrap().unclean().is_some();
        assert!(!unclean("") && !unclean("/a%2Fb/?q=a") && !unclean("/a:b"));
        for path in ["//x", "/a/../b", "/ä", "/a%2", "/a%zz", "/{a}", "/a|b"] {
            assert!(unclean(path), "{path}");
        }
    }

    #[test]
    fn places() {
        let place = |host: &str| Address::pair(host, 1).place();
        assert_eq!([place("LocalHost"), place("127.0.0.53")], [Place::Loopback; 2]);
        assert_eq!(
            [place("::1"), place("0.0.0.0"), place("127.example")],
            [Place::Loopback6, Place::Any, Place::Elsewhere]
        );
    }
}
