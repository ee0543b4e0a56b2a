//! A proxy: what stands between this machine and the API server.

use http::Uri;

use super::error::Error;

/// The proxies that the environment states.
#[derive(Clone, Default)]
pub struct Proxies {
    /// `HTTPS_PROXY`, or in small letters.
    pub https: Option<String>,
    /// `NO_PROXY`, or in small letters: hosts, domains and networks, with commas between.
    pub none: Option<String>,
}

impl std::fmt::Debug for Proxies {
    /// A proxy's address may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxies").finish_non_exhaustive()
    }
}

/// The proxy for `server`: the cluster's own as the kubeconfig states it, else the environment's, unless it makes an
/// exception of the server.
pub(super) fn proxy(stated: Option<&str>, server: &Uri, proxies: &Proxies) -> Result<Option<Uri>, Error> {
    let host = server.host().unwrap_or_default();
    let address = match (stated, &proxies.https) {
        (Some(stated), _) => stated,
        (None, Some(https)) if server.scheme_str() == Some("https") && !is_excepted(host, proxies) => https,
        _ => return Ok(None),
    };
    let wrong = || Error::Proxy { address: without_password(address) };
    let whole = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    // Whether the proxy or we look the server's name up: kubectl leaves it to the proxy in both cases, as we do.
    let whole = whole.strip_prefix("socks5h://").map(|rest| format!("socks5://{rest}")).unwrap_or(whole);
    let uri: Uri = whole.parse().map_err(|_| wrong())?;
    match uri.scheme_str() {
        Some("http" | "https") => Ok(Some(uri)),
        // The client has no way to log in to one of these.
        Some("socks5") if !whole.contains('@') => Ok(Some(uri)),
        _ => Err(wrong()),
    }
}

fn without_password(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((before, after)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://{after}"),
            None => after.to_owned(),
        },
        None => address.to_owned(),
    }
}

/// As Go reads `NO_PROXY`; this machine itself is never reached through a proxy.
fn is_excepted(host: &str, proxies: &Proxies) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let ip: Option<std::net::IpAddr> = host.parse().ok();
    if host == "localhost" || ip.is_some_and(|ip| ip.is_loopback()) {
        return true;
    }
    let entries = proxies.none.as_deref().unwrap_or_default().split(',').map(|e| e.trim().to_ascii_lowercase());
    entries.filter(|e| !e.is_empty()).any(|entry| {
        let name = entry.split_once(':').filter(|_| ip.is_none()).map_or(entry.as_str(), |(name, _)| name);
        let name = name.trim_start_matches('*');
        name.is_empty()
            || match ip {
                Some(ip) => entry.parse() == Ok(ip) || is_within(ip, &entry),
                None => host == name.trim_start_matches('.') || is_below(&host, name),
            }
    })
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain.trim_start_matches('.')).is_some_and(|rest| rest.ends_with('.'))
}

/// Whether `ip` is in a network such as 10.0.0.0/8.
fn is_within(ip: std::net::IpAddr, network: &str) -> bool {
    use std::net::IpAddr;
    let Some((base, bits)) = network.split_once('/') else { return false };
    let (Ok(base), Ok(bits)) = (base.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let differ = match (ip, base) {
        (IpAddr::V4(a), IpAddr::V4(b)) if bits <= 32 => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) if bits <= 128 => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        _ => return false,
    };
    differ >= bits
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn through(server: &str, https: &str, none: &str) -> Option<String> {
        let proxies = Proxies { https: Some(https.into()), none: Some(none.into()) };
        proxy(None, &server.parse().unwrap(), &proxies).unwrap().map(|p| p.to_string())
    }

    #[test]
    fn the_environments_proxy_is_taken_but_for_its_exceptions() {
        let proxy = "http://proxy.example:3128";
        assert_eq!(through("https://api.example:6443", proxy, "").unwrap(), "http://proxy.example:3128/");
        assert_eq!(
            through("https://api.example", "proxy.example:3128", "other").unwrap(),
            "http://proxy.example:3128/"
        );
        for none in ["*", "api.example", ".example", "example", "x, api.example:6443"] {
            assert_eq!(through("https://api.example:6443", proxy, none), None, "{none}");
        }
        assert!(through("https://notexample", proxy, "example").is_some());
        for none in ["10.0.0.0/8", "10.1.2.3"] {
            assert_eq!(through("https://10.1.2.3:6443", proxy, none), None, "{none}");
        }
        assert!(through("https://11.1.2.3:6443", proxy, "10.0.0.0/8,10.0.0.0/99,x/y").is_some());
        assert_eq!(through("https://127.0.0.1:6443", proxy, ""), None);
        assert_eq!(through("http://api.example", proxy, ""), None);
    }

    #[test]
    fn the_clusters_own_proxy_goes_before_and_a_strange_one_is_refused() {
        let server = "https://127.0.0.1:1".parse().unwrap();
        let own = proxy(Some("http://own.example:1"), &server, &Proxies::default()).unwrap().unwrap();
        assert_eq!(own.host(), Some("own.example"));
        let socks = proxy(Some("socks5h://own.example:1"), &server, &Proxies::default()).unwrap().unwrap();
        assert_eq!(socks.to_string(), "socks5://own.example:1/");
        let error = proxy(Some("socks5://u:hunter2@own.example:1"), &server, &Proxies::default()).unwrap_err();
        assert!(
            !error.to_string().contains("hunter2") && error.to_string().contains("socks5://own.example:1"),
            "{error}"
        );
    }
}
