//! A challenge: how a registry wants to be convinced of who we are.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// What a `WWW-Authenticate` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user and a password with every request.
    Basic,
    /// A token from the service at `realm`.
    Bearer {
        /// The service's URL.
        realm: String,
        /// The name by which the service knows the registry.
        service: Option<String>,
        /// What the token must allow.
        scope: Option<String>,
        /// Why a token that was sent is not enough: `insufficient_scope` or `invalid_token`.
        error: Option<String>,
    },
    /// A scheme that we don't have, or none.
    Other(String),
}

impl Challenge {
    /// Reads all `WWW-Authenticate` headers; Bearer goes before Basic, as the more specific one.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let offered: Vec<Scheme> = texts.flat_map(schemes).collect();
        let named = |name: &str| offered.iter().find(|scheme| scheme.name.eq_ignore_ascii_case(name));
        if let Some((bearer, realm)) = named("bearer").and_then(|scheme| Some((scheme, scheme.param("realm")?))) {
            let (service, scope) = (bearer.param("service"), bearer.param("scope"));
            return Self::Bearer { realm, service, scope, error: bearer.param("error") };
        }
        if named("basic").is_some() {
            return Self::Basic;
        }
        Self::Other(offered.first().map_or_else(|| "nothing".to_owned(), |scheme| scheme.name.clone()))
    }
}

#[derive(Debug)]
struct Scheme {
    name: String,
    params: Vec<(String, String)>,
}

impl Scheme {
    fn param(&self, name: &str) -> Option<String> {
        self.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    }
}

/// The schemes of one header: `Scheme key=value, key="value", Scheme …`.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1>
fn schemes(text: &str) -> Vec<Scheme> {
    let mut found: Vec<Scheme> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        let end = rest.find(|c: char| c == '=' || c == ',' || c.is_whitespace()).unwrap_or(rest.len());
        if end == 0 {
            return found;
        }
        let (word, after) = rest.split_at(end);
        if let (Some(value), Some(scheme)) = (after.trim_start().strip_prefix('='), found.last_mut()) {
            let (value, after) = param_value(value.trim_start());
            scheme.params.push((word.to_owned(), value));
            rest = after;
        } else {
            found.push(Scheme { name: word.to_owned(), params: Vec::new() });
            rest = after;
        }
    }
}

/// The value at the start of `text`, quoted or not, and what comes after it.
fn param_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Challenge {
        Challenge::read(&values.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap())).collect())
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Challenge::Bearer { realm: realm.into(), service: own(service), scope: own(scope), error: None }
    }

    #[test]
    fn commas_in_quotes_belong_to_the_value() {
        let text = r#"Bearer realm="https://auth.docker.io/token",service="hub",scope="repository:a/b:pull,push""#;
        let wanted = bearer("https://auth.docker.io/token", Some("hub"), Some("repository:a/b:pull,push"));
        assert_eq!(read(&[text]), wanted);
    }

    #[test]
    fn spaces_case_and_bare_values_are_allowed() {
        assert_eq!(read(&["BEARER Realm = https://a/t , service=b"]), bearer("https://a/t", Some("b"), None));
        assert_eq!(read(&[r#"basic realm="a \"b\"""#]), Challenge::Basic);
    }

    #[test]
    fn bearer_goes_before_basic_wherever_it_stands() {
        let wanted = bearer("https://a/t", None, None);
        assert_eq!(read(&[r#"Basic realm="x", Bearer realm="https://a/t""#]), wanted);
        assert_eq!(read(&[r#"Basic realm="x""#, r#"Bearer realm="https://a/t""#]), wanted);
        assert_eq!(read(&[r#"Bearer service="no realm", Basic realm="x""#]), Challenge::Basic);
    }

    #[test]
    fn what_is_unknown_is_named() {
        assert_eq!(read(&["Negotiate"]), Challenge::Other("Negotiate".into()));
        assert_eq!(read(&[]), Challenge::Other("nothing".into()));
    }

    #[test]
    fn nonsense_ends() {
        for text in ["=", "\"", "Bearer realm=\"unclosed", ", ,", "a=b=c", "Bearer =\"x\"", "Bearer realm=\"\\"] {
            read(&[text]);
        }
    }
}
