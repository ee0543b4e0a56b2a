//! A direct URL: where a distribution came from that no index gave.
//!
//! <https://packaging.python.org/en/latest/specifications/direct-url/>

use serde_json::Value;

/// The file as an image may carry it; `None` where it holds a path of the machine that made it, or is none at all.
pub fn direct_url(text: &[u8]) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(text).ok()?;
    let url = value.get("url")?.as_str()?;
    let (scheme, rest) = url.split_once("://")?;
    if scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // A query is where signed addresses carry their key.
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let url = format!("{scheme}://{host}{path}");
    *value.get_mut("url")? = Value::from(url);
    serde_json::to_vec(&value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_and_no_credential_reaches_the_image() {
        let ours = |text: &str| direct_url(text.as_bytes()).map(|t| String::from_utf8_lossy(&t).into_owned());
        assert_eq!(ours(r#"{"url":"file:///home/u/a.whl","archive_info":{}}"#), None);
        assert_eq!(
            ours(r#"{"url": "https://u:p@git.example/a.git?token=x", "vcs_info": {"vcs": "git"}}"#).as_deref(),
            Some(r#"{"url":"https://git.example/a.git","vcs_info":{"vcs":"git"}}"#)
        );
        assert_eq!(ours("{}"), None);
        assert_eq!(ours("no json"), None);
    }
}
