//! A refusal: what an answer other than success means.

use http::StatusCode;
use serde::Deserialize;

use super::call::{Answer, Origin};
use super::credentials::Credentials;
use super::error::Error;
use super::plain::plain;

/// What a registry or token service says about its refusal, in both of their formats.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    errors: Vec<Detail>,
    // Token services have these: https://www.rfc-editor.org/rfc/rfc6749#section-5.2, and Docker Hub's `details`.
    error: Option<String>,
    error_description: Option<String>,
    details: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    code: Option<String>,
    message: Option<String>,
}

/// Reads an error's body; what is no JSON (a proxy's page) says nothing.
pub(super) fn words(body: &[u8], credentials: &Credentials) -> Words {
    let body: Body = serde_json::from_slice(body).unwrap_or_default();
    let Detail { code, message } = body.errors.into_iter().next().unwrap_or_default();
    let code = code.or(body.error);
    let message = message.or(body.error_description).or(body.details).or(body.message);
    let fit = |text: String| Some(plain(&credentials.redact(&text))).filter(|text| !text.is_empty());
    Words { code: code.and_then(fit), message: message.and_then(fit) }
}

/// The fault in an answer about `what`, from the registry that people call `host`.
pub(super) fn refusal(host: &str, what: &str, answer: &Answer, credentials: &Credentials) -> Error {
    let (host, what) = (host.to_owned(), what.to_owned());
    let Words { code, message } = words(&answer.body, credentials);
    let user = credentials.user().map(str::to_owned);
    match (answer.status, answer.origin) {
        (StatusCode::UNAUTHORIZED, Origin::Asked) => Error::Unauthorized { host, user },
        (StatusCode::FORBIDDEN, Origin::Asked) => Error::Denied { host, user, what, message: message.or(code) },
        (StatusCode::NOT_FOUND, Origin::Asked) => Error::NotFound { host, what },
        // Storage that refuses what the registry sent us for is a fault between those two.
        (status, _) => Error::Refused { host: answer.host.clone(), what, status, code, message },
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::super::secret::Secret;
    use super::*;

    fn answer(status: StatusCode, origin: Origin, body: &'static str) -> Answer {
        let host = "storage.example".to_owned();
        Answer { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()), host, origin }
    }

    fn said(body: &str) -> (Option<String>, Option<String>) {
        let Words { code, message } = words(body.as_bytes(), &Credentials::Anonymous);
        (code, message)
    }

    #[test]
    fn both_formats_of_errors_are_read() {
        let some = |text: &str| Some(text.to_owned());
        let registry = r#"{"errors": [{"code": "DENIED", "message": "no\nentry", "detail": {"x": 1}}]}"#;
        assert_eq!(said(registry), (some("DENIED"), some("no entry")));
        let service = r#"{"error": "invalid_grant", "error_description": "expired"}"#;
        assert_eq!(said(service), (some("invalid_grant"), some("expired")));
        assert_eq!(said(r#"{"details": "incorrect username or password"}"#).1, some("incorrect username or password"));
        assert_eq!(said("<html>502</html>"), (None, None));
    }

    #[test]
    fn a_secret_that_comes_back_is_not_repeated() {
        let ship = Credentials::Basic { user: "ship".into(), secret: Secret::new("s3cret") };
        let body = r#"{"errors": [{"code": "X", "message": "bad password s3cret"}]}"#;
        assert_eq!(words(body.as_bytes(), &ship).message.as_deref(), Some("bad password (hidden)"));
    }

    #[test]
    fn storage_does_not_judge_credentials() {
        let of = |status, origin| refusal("a.example", "blob x", &answer(status, origin, ""), &Credentials::Anonymous);
        assert!(matches!(of(StatusCode::FORBIDDEN, Origin::Asked), Error::Denied { .. }));
        let fault = of(StatusCode::FORBIDDEN, Origin::Elsewhere);
        assert!(matches!(&fault, Error::Refused { host, .. } if host == "storage.example"), "{fault}");
        assert!(matches!(of(StatusCode::NOT_FOUND, Origin::Asked), Error::NotFound { .. }));
    }
}
