//! Docker's client configuration: where the credentials of each registry are.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::credentials::Credentials;
use super::host::Host;
use super::keychain_error::KeychainError;
use super::secret::Secret;

/// Docker pads `auth`; people who write it by hand don't always.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// The user name that says: the password is an identity token.
const TOKEN_USER: &str = "<token>";

/// One `config.json`, or what stands for it in the environment.
#[derive(Debug, Clone)]
pub(super) struct DockerConfig {
    /// What messages call it: a path, or a variable's name.
    origin: String,
    text: Text,
}

/// Where one registry's credentials are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the configuration itself.
    Here(Credentials),
    /// With a program, which is asked for `key`; `otherwise` counts when it knows none.
    Helper { name: String, key: String, otherwise: Credentials },
    /// Nowhere.
    Nowhere,
}

// Every field may be null, as some tools write it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    auths: Option<BTreeMap<String, Option<Entry>>>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Entry {
    auth: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    identitytoken: Option<Secret>,
}

impl DockerConfig {
    /// Parses a configuration; `origin` is what messages call it.
    pub(super) fn parse(origin: &str, text: &str) -> Result<Self, KeychainError> {
        // Of serde's message only the place is kept: the rest may quote a secret.
        let text = serde_json::from_str(text).map_err(|fault| KeychainError::Malformed {
            origin: origin.to_owned(),
            line: fault.line(),
            column: fault.column(),
        })?;
        Ok(Self { origin: origin.to_owned(), text })
    }

    /// The logins that are written here, each with its key as it is written.
    pub(super) fn logins(&self) -> impl Iterator<Item = Result<(&str, Credentials), KeychainError>> {
        let entries = self.text.auths.iter().flatten();
        entries.filter_map(|(key, entry)| Some((key.as_str(), entry.as_ref()?))).map(|(key, entry)| {
            let credentials = self.credentials(entry, key)?;
            Ok((key, credentials))
        })
    }

    /// Where the credentials for `host` are. As with Docker, a helper for the host goes before the general one, and
    /// that before what is written here; other than with Docker, what is written here counts when the helper knows
    /// nothing.
    pub(super) fn place(&self, host: &Host) -> Result<Place, KeychainError> {
        let own = self.text.cred_helpers.as_ref().and_then(|helpers| matching(helpers, host));
        let helper = own.or(self.text.creds_store.as_ref()).filter(|name| !name.is_empty());
        let written = match self.text.auths.as_ref().and_then(|auths| matching(auths, host)) {
            Some(Some(entry)) => self.credentials(entry, host.name())?,
            _ => Credentials::Anonymous,
        };
        Ok(match (helper, written) {
            (Some(name), otherwise) => Place::Helper { name: name.clone(), key: host.key().to_owned(), otherwise },
            (None, Credentials::Anonymous) => Place::Nowhere,
            (None, written) => Place::Here(written),
        })
    }

    fn credentials(&self, entry: &Entry, host: &str) -> Result<Credentials, KeychainError> {
        if let Some(token) = filled(entry.identitytoken.as_ref()) {
            return Ok(Credentials::IdentityToken { token: token.clone() });
        }
        if let (Some(user), Some(secret)) = (&entry.username, filled(entry.password.as_ref())) {
            return Ok(from_pair(user, secret.clone()));
        }
        let Some(auth) = filled(entry.auth.as_ref()) else { return Ok(Credentials::Anonymous) };
        let pair = LENIENT.decode(auth.expose().trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match pair.as_deref().and_then(|pair| pair.split_once(':')) {
            // Docker, too, cuts the NULs that old clients padded with.
            Some((user, secret)) => Ok(from_pair(user, Secret::new(secret.trim_matches('\0')))),
            None => Err(KeychainError::BadEntry { origin: self.origin.clone(), host: host.to_owned() }),
        }
    }
}

/// Credentials from a pair in which the user may be the word for an identity token.
pub(super) fn from_pair(user: &str, secret: Secret) -> Credentials {
    if user == TOKEN_USER {
        Credentials::IdentityToken { token: secret }
    } else if user.is_empty() && secret.expose().is_empty() {
        Credentials::Anonymous
    } else {
        Credentials::Basic { user: user.to_owned(), secret }
    }
}

fn filled(secret: Option<&Secret>) -> Option<&Secret> {
    secret.filter(|secret| !secret.expose().is_empty())
}

/// The entry for `host`: under its own key, or under one that differs by scheme or API version only. A key with any
/// other path belongs to a part of a registry, and could be someone else's.
fn matching<'a, T>(entries: &'a BTreeMap<String, T>, host: &Host) -> Option<&'a T> {
    entries.get(host.key()).or_else(|| entries.iter().find(|(key, _)| names(key, host)).map(|(_, entry)| entry))
}

fn names(key: &str, host: &Host) -> bool {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let (name, path) = bare.split_once('/').unwrap_or((bare, ""));
    matches!(path.trim_end_matches('/'), "" | "v1" | "v2") && Host::parse(name).is_ok_and(|named| named == *host)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn place(config: &str, host: &str) -> Place {
        DockerConfig::parse("config.json", config).unwrap().place(&Host::parse(host).unwrap()).unwrap()
    }

    fn basic(user: &str, secret: &str) -> Credentials {
        Credentials::Basic { user: user.into(), secret: Secret::new(secret) }
    }

    #[test]
    fn an_auth_is_a_user_and_a_password_with_colons_in_it() {
        let config = r#"{"auths": {"a.example:5000": {"auth": "dXNlcjpwYTpzcw=="}, "b.example": {"auth": "dTpw"}}}"#;
        assert_eq!(place(config, "a.example:5000"), Place::Here(basic("user", "pa:ss")));
        assert_eq!(place(config, "B.example"), Place::Here(basic("u", "p")));
        assert_eq!(place(config, "a.example"), Place::Nowhere);
    }

    #[test]
    fn keys_differ_by_scheme_and_version_only() {
        for key in ["https://a.example/v1/", "http://a.example", "https://a.example/v2", "a.example/"] {
            let config = format!(r#"{{"auths": {{"{key}": {{"username": "u", "password": "p"}}}}}}"#);
            assert_eq!(place(&config, "a.example"), Place::Here(basic("u", "p")), "{key}");
        }
        let namespaced = r#"{"auths": {"a.example/team": {"username": "u", "password": "p"}}}"#;
        assert_eq!(place(namespaced, "a.example"), Place::Nowhere);
    }

    #[test]
    fn docker_hub_is_found_under_all_its_names() {
        for key in ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"] {
            let config = format!(r#"{{"auths": {{"{key}": {{"identitytoken": "t"}}}}}}"#);
            for host in ["docker.io", "index.docker.io", "registry-1.docker.io"] {
                let token = Credentials::IdentityToken { token: Secret::new("t") };
                assert_eq!(place(&config, host), Place::Here(token), "{key} {host}");
            }
        }
    }

    #[test]
    fn a_helper_for_the_host_goes_before_the_general_one() {
        let config = r#"{"credsStore": "desktop", "credHelpers": {"a.example": "own"},
                         "auths": {"b.example": {"auth": "dTpw"}, "docker.io": {}}}"#;
        let helper = |name: &str, key: &str, otherwise| Place::Helper { name: name.into(), key: key.into(), otherwise };
        assert_eq!(place(config, "a.example"), helper("own", "a.example", Credentials::Anonymous));
        assert_eq!(place(config, "b.example"), helper("desktop", "b.example", basic("u", "p")));
        let hub = helper("desktop", "https://index.docker.io/v1/", Credentials::Anonymous);
        assert_eq!(place(config, "docker.io"), hub);
    }

    #[test]
    fn what_is_null_or_unknown_does_no_harm() {
        let config = r#"{"auths": {"a.example": null}, "credHelpers": null, "HttpHeaders": {"X": "y"}, "psFormat": 1}"#;
        assert_eq!(place(config, "a.example"), Place::Nowhere);
        assert_eq!(place("{}", "a.example"), Place::Nowhere);
    }

    #[test]
    fn messages_name_the_file_and_never_quote_it() {
        let text = r#"{"auths": {"a.example": "s3cret"}}"#;
        let fault = DockerConfig::parse("/home/u/.docker/config.json", text).unwrap_err();
        let shown = format!("{fault} {fault:?}");
        assert!(shown.contains("/home/u/.docker/config.json") && !shown.contains("s3cret"), "{shown}");

        let config = DockerConfig::parse("config.json", r#"{"auths": {"a.example": {"auth": "%s3cret%"}}}"#).unwrap();
        let fault = config.place(&Host::parse("a.example").unwrap()).unwrap_err();
        assert!(!format!("{fault} {fault:?} {config:?}").contains("s3cret"), "{fault:?}");
    }
}
