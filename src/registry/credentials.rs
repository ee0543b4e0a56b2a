//! Credentials: who we are to one registry.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::json;

use super::host::Host;
use super::secret::Secret;

/// Who we are to one registry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Credentials {
    /// Nobody.
    #[default]
    Anonymous,
    /// A user with a password, or with an access token in its place.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        secret: Secret,
    },
    /// A refresh token, which a token service exchanges for access.
    IdentityToken {
        /// The token.
        token: Secret,
    },
}

impl Credentials {
    /// The user to name in messages; `<token>`, as Docker has it, stands for the owner of an identity token.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Basic { user, .. } => Some(user),
            Self::IdentityToken { .. } => Some("<token>"),
        }
    }

    /// The value of the Engine's `X-Registry-Auth` header: JSON in URL-safe base64 with padding. The Engine takes no
    /// other alphabet: a password with `?` or `~` in it would then fail to log in.
    /// <https://docs.docker.com/reference/api/engine/version/v1.41/#section/Authentication>
    pub fn docker_auth(&self, host: &str) -> Secret {
        let address = Host::parse(host).map_or_else(|_| host.to_owned(), |host| host.key().to_owned());
        let json = match self {
            Self::Anonymous => json!({}),
            Self::Basic { user, secret } => {
                json!({"username": user, "password": secret.expose(), "serveraddress": address})
            }
            Self::IdentityToken { token } => json!({"identitytoken": token.expose()}),
        };
        Secret::new(URL_SAFE.encode(json.to_string()))
    }

    /// The value of an `Authorization` header of the scheme Basic; none without a user.
    pub(super) fn basic(&self) -> Option<Secret> {
        match self {
            Self::Basic { user, secret } => {
                Some(Secret::new(format!("Basic {}", STANDARD.encode(format!("{user}:{}", secret.expose())))))
            }
            Self::Anonymous | Self::IdentityToken { .. } => None,
        }
    }

    /// `text` without our secret in it, should a server have sent it back.
    pub(super) fn redact(&self, text: &str) -> String {
        match self {
            Self::Basic { secret, .. } | Self::IdentityToken { token: secret } if !secret.expose().is_empty() => {
                text.replace(secret.expose(), "(hidden)")
            }
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn decoded(header: &Secret) -> serde_json::Value {
        serde_json::from_slice(&URL_SAFE.decode(header.expose()).unwrap()).unwrap()
    }

    fn ship() -> Credentials {
        Credentials::Basic { user: "ship".into(), secret: Secret::new("s3cret??~>") }
    }

    #[test]
    fn debug_hides_every_secret() {
        let token = Credentials::IdentityToken { token: Secret::new("t0ken") };
        let shown = format!("{:?} {token:?}", ship());
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
        assert!(shown.contains("ship"));
    }

    #[test]
    fn the_engine_gets_the_url_safe_alphabet() {
        let header = ship().docker_auth("localhost:5000");
        assert!(!header.expose().contains(['+', '/']), "{}", header.expose());
        assert_eq!(
            decoded(&header),
            json!({"username": "ship", "password": "s3cret??~>", "serveraddress": "localhost:5000"})
        );
    }

    #[test]
    fn the_engine_knows_docker_hub_by_its_old_name() {
        assert_eq!(decoded(&ship().docker_auth("docker.io"))["serveraddress"], "https://index.docker.io/v1/");
    }

    #[test]
    fn tokens_and_nobody_have_their_own_shapes() {
        let token = Credentials::IdentityToken { token: Secret::new("t0ken") };
        assert_eq!(decoded(&token.docker_auth("a.example")), json!({"identitytoken": "t0ken"}));
        assert_eq!(decoded(&Credentials::Anonymous.docker_auth("a.example")), json!({}));
    }

    #[test]
    fn our_secret_is_taken_out_of_what_a_server_says() {
        assert_eq!(ship().redact("wrong password: s3cret??~>"), "wrong password: (hidden)");
        assert_eq!(Credentials::Anonymous.redact("who?"), "who?");
    }
}
