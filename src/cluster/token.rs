//! A token: until when it says itself that it is good, which an API server that refuses it does not say.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

/// The `exp` claim of a JSON Web Token (RFC 7519, 4.1.4); none where it is no such token.
pub(super) fn expiry(token: &str) -> Option<Timestamp> {
    let mut parts = token.trim().split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&bytes).ok()?;
    let seconds = claims.get("exp")?;
    let whole = seconds.as_i64().or_else(|| seconds.as_f64().filter(|s| s.abs() < 1e12).map(whole))?;
    Timestamp::from_second(whole).ok()
}

#[allow(clippy::cast_possible_truncation)] // It is far smaller.
fn whole(seconds: f64) -> i64 {
    seconds as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn the_claim_is_read_where_there_is_one() {
        let at = Timestamp::from_second(1_700_000_000).ok();
        assert_eq!(expiry(&token(r#"{"exp": 1700000000}"#)), at);
        assert_eq!(expiry(&token(r#"{"exp": 1700000000.5}"#)), at);
        for none in
            [token("{}"), token(r#"{"exp": "soon"}"#), token(r#"{"exp": 1e300}"#), "hunter2".into(), "a.b.c".into()]
        {
            assert_eq!(expiry(&none), None, "{none}");
        }
    }
}
