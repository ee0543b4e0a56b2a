//! Ports: what `EXPOSE` says.

use core::net::IpAddr;

use super::problem::Problem;

/// Ports that one word exposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ports {
    pub(super) first: u16,
    pub(super) last: u16,
    /// In lower case.
    pub(super) protocol: &'static str,
}

impl Ports {
    /// Reads `8000`, `8000-8010/udp`, and what else the frontend takes: an address and a port of the host before it,
    /// which it forgets.
    pub(super) fn parse(word: &str) -> Result<Self, Problem> {
        let wrong = |why| Problem::Port { port: word.to_owned(), why };
        let mut parts: Vec<&str> = word.rsplitn(3, ':').collect();
        parts.resize(3, "");
        let (container, host, address) = (parts[0], parts[1], parts[2]);
        let (range, protocol) = container.split_once('/').unwrap_or((container, ""));
        let protocol = match super::chars::lower(protocol).as_str() {
            "" | "tcp" => "tcp",
            "udp" => "udp",
            "sctp" => "sctp",
            _ => return Err(wrong("its protocol is neither tcp, udp nor sctp")),
        };
        if !address.is_empty() && !is_address(address) {
            return Err(wrong("what stands before it is not an address"));
        }
        let (first, last) =
            numbers(range).ok_or_else(|| wrong("it is not a number from 0 to 65535, or two with a '-'"))?;
        if !host.is_empty() {
            let (from, to) = numbers(host).ok_or_else(|| wrong("the host's port is not one"))?;
            if last - first != to - from && first != last {
                return Err(wrong("the host's ports are not as many"));
            }
        }
        Ok(Self { first, last, protocol })
    }
}

fn numbers(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

/// Go's `strconv.ParseInt`, which allows a sign.
fn number(text: &str) -> Option<u16> {
    text.parse::<i64>().ok().and_then(|n| u16::try_from(n).ok())
}

fn is_address(text: &str) -> bool {
    let bare = match text.strip_prefix('[') {
        Some(inside) => match inside.strip_suffix(']') {
            Some(bare) => bare,
            None => return false,
        },
        None => text,
    };
    bare.is_empty() || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_exposed() {
        for (word, first, last, protocol) in [
            ("80", 80, 80, "tcp"),
            ("53/UDP", 53, 53, "udp"),
            ("8000-8002/sctp", 8000, 8002, "sctp"),
            ("0", 0, 0, "tcp"),
            ("80/", 80, 80, "tcp"),
            ("1-65535", 1, 65535, "tcp"),
            ("8080:80", 80, 80, "tcp"),
            ("8000-8010:80", 80, 80, "tcp"),
            ("127.0.0.1::80", 80, 80, "tcp"),
            ("[::1]:80:80", 80, 80, "tcp"),
            ("::1:80:80", 80, 80, "tcp"),
            ("+80", 80, 80, "tcp"),
        ] {
            assert_eq!(Ports::parse(word).unwrap(), Ports { first, last, protocol }, "{word}");
        }
        for wrong in [
            "",
            "/tcp",
            "x",
            "80/http",
            "65536",
            "-1",
            "90-80",
            "1-2-3",
            "80-",
            "localhost:1:80",
            "1-2:1-3",
            "x:80",
            "[::1:80:80",
        ] {
            assert!(Ports::parse(wrong).is_err(), "{wrong}");
        }
    }
}
