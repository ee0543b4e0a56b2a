//! Trust: whose signature under an archive's index is believed, and when.
//!
//! <https://www.rfc-editor.org/rfc/rfc9580>

use std::fmt;

use pgp::composed::{CleartextSignedMessage, Deserializable, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::types::{Duration, KeyDetails, Tag};

use super::moment::Moment;

/// Debian's keys, from its package of them.
const DEBIAN: &[&str] = &[
    include_str!("keys/debian-archive-bullseye-automatic.asc"),
    include_str!("keys/debian-archive-bullseye-security-automatic.asc"),
    include_str!("keys/debian-archive-bullseye-stable.asc"),
    include_str!("keys/debian-archive-bookworm-automatic.asc"),
    include_str!("keys/debian-archive-bookworm-security-automatic.asc"),
    include_str!("keys/debian-archive-bookworm-stable.asc"),
    include_str!("keys/debian-archive-trixie-automatic.asc"),
    include_str!("keys/debian-archive-trixie-security-automatic.asc"),
    include_str!("keys/debian-archive-trixie-stable.asc"),
];
/// The largest signed index that is looked at, in bytes; Debian's are of 0.2 MB.
const LARGEST: usize = 16 << 20;
/// How far a signer's clock may be ahead of ours, in seconds.
const AHEAD: u64 = 6 * 60 * 60;

/// The keys whose signatures are believed.
#[derive(Clone)]
pub struct Trust {
    keys: Vec<SignedPublicKey>,
}

/// Why a signature, or a keyring, is not believed.
#[derive(Debug, thiserror::Error)]
pub enum TrustFault {
    /// It is no keyring.
    #[error("it holds no OpenPGP key")]
    NoKey,
    /// It can't be read as what it should be.
    #[error("it is no clear-signed text")]
    NoText(#[source] Box<pgp::errors::Error>),
    /// It is larger than such a thing can be.
    #[error("it has {0} bytes, more than such a text can have")]
    TooLarge(usize),
    /// No signature on it is believed: the nearest reason of each.
    #[error("its signature is not believed: {}", Listed(.0))]
    Refused(Vec<Doubt>),
}

/// Why one signature is not believed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Doubt {
    /// None of the keys made it.
    #[error("{0} is a key that is not trusted")]
    Stranger(String),
    /// The text was changed, or the signature was.
    #[error("it is not by the key {0}, which it names")]
    Forged(String),
    /// Of a kind that can be forged, or that is unknown here.
    #[error("the signature by {key} is made with {hash}, which is too weak")]
    Weak {
        /// Whose.
        key: String,
        /// With what.
        hash: String,
    },
    /// The key may not sign.
    #[error("{0} is no key for signing")]
    Purpose(String),
    /// The key's owner took it back.
    #[error("the key {0} was revoked")]
    Revoked(String),
    /// The key is too old.
    #[error("the key {key} expired at {at}")]
    Expired {
        /// Which.
        key: String,
        /// When.
        at: Moment,
    },
    /// The signature is too old, from the future, or without a date.
    #[error("the signature by {0} is not of this time")]
    Time(String),
}

struct Listed<'a>(&'a [Doubt]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, doubt) in self.0.iter().enumerate() {
            write!(f, "{}{doubt}", if at == 0 { "" } else { "; " })?;
        }
        if self.0.is_empty() { f.write_str("there is none") } else { Ok(()) }
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| key.primary_key.fingerprint().to_string())).finish()
    }
}

impl Trust {
    /// Debian's own keys, which pydeploy carries.
    pub fn debian() -> Result<Self, TrustFault> {
        let rings = DEBIAN.iter().map(|ring| Self::keyring(ring.as_bytes()).map(|trust| trust.keys));
        Ok(Self { keys: rings.collect::<Result<Vec<_>, _>>()?.concat() })
    }

    /// The keys of a keyring, in binary form or in armor. Keys of kinds that are unknown here are left out.
    pub fn keyring(ring: &[u8]) -> Result<Self, TrustFault> {
        let (found, _) = SignedPublicKey::from_reader_many(ring).map_err(|_| TrustFault::NoKey)?;
        let keys: Vec<_> = found.filter_map(Result::ok).collect();
        if keys.is_empty() { Err(TrustFault::NoKey) } else { Ok(Self { keys }) }
    }

    /// The text of a clear-signed message, if one signature on it is believed at this moment.
    pub fn verify(&self, message: &str, now: Moment) -> Result<String, TrustFault> {
        if message.len() > LARGEST {
            return Err(TrustFault::TooLarge(message.len()));
        }
        let (message, _) =
            CleartextSignedMessage::from_string(message).map_err(|error| TrustFault::NoText(Box::new(error)))?;
        // What was signed, and nothing else that is in the message.
        let signed = message.signed_text();
        let mut doubts = Vec::new();
        for signature in message.signatures() {
            match self.judge(signature, signed.as_bytes(), now) {
                Ok(()) => return Ok(signed.replace("\r\n", "\n")),
                Err(doubt) => doubts.push(doubt),
            }
        }
        Err(TrustFault::Refused(doubts))
    }

    fn judge(&self, signature: &Signature, signed: &[u8], now: Moment) -> Result<(), Doubt> {
        let name = issuer(signature);
        if !matches!(signature.typ(), Some(SignatureType::Text | SignatureType::Binary)) {
            return Err(Doubt::Forged(name));
        }
        strong(signature, &name)?;
        timely(signature, &name, now)?;
        let mut nearest = None;
        for key in &self.keys {
            if names(signature, &key.primary_key) {
                let verdict = signature.verify(&key.primary_key, signed).map_err(|_| Doubt::Forged(name.clone()));
                match verdict.and_then(|()| primary(key, now, Use::Sign)) {
                    Ok(()) => return Ok(()),
                    Err(doubt) => nearest = nearest.or(Some(doubt)),
                }
            }
            for subkey in key.public_subkeys.iter().filter(|subkey| names(signature, &subkey.key)) {
                let verdict = signature.verify(&subkey.key, signed).map_err(|_| Doubt::Forged(name.clone()));
                match verdict.and_then(|()| primary(key, now, Use::Bind)).and_then(|()| bound(key, subkey, now)) {
                    Ok(()) => return Ok(()),
                    Err(doubt) => nearest = nearest.or(Some(doubt)),
                }
            }
        }
        Err(nearest.unwrap_or(Doubt::Stranger(name)))
    }
}

/// What a primary key is needed for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It signed the text.
    Sign,
    /// It stands for a subkey that did.
    Bind,
}

/// Whether a primary key is good now: not revoked, not expired, and for this use, by the newest of what it says of
/// itself.
fn primary(key: &SignedPublicKey, now: Moment, purpose: Use) -> Result<(), Doubt> {
    let (own, name) = (&key.primary_key, key.primary_key.fingerprint().to_string());
    let details = &key.details;
    if details.revocation_signatures.iter().any(|signature| signature.verify_key(own).is_ok()) {
        return Err(Doubt::Revoked(name));
    }
    let of_users = details
        .users
        .iter()
        .flat_map(|user| user.signatures.iter().filter(|s| s.verify_certification(own, Tag::UserId, &user.id).is_ok()));
    let direct = details.direct_signatures.iter().filter(|signature| signature.verify_key(own).is_ok());
    let is_certification = |signature: &&Signature| signature.is_certification() || direct_key(signature);
    let newest = of_users.chain(direct).filter(is_certification).filter(|s| strong(s, &name).is_ok());
    let newest = newest.max_by_key(|signature| signature.created()).ok_or_else(|| Doubt::Purpose(name.clone()))?;
    lasting(own.created_at().as_secs(), newest.key_expiration_time(), &name, now)?;
    if purpose == Use::Sign && !newest.key_flags().sign() { Err(Doubt::Purpose(name)) } else { Ok(()) }
}

/// Whether a subkey is its primary key's, for signing, and good now.
fn bound(key: &SignedPublicKey, subkey: &SignedPublicSubKey, now: Moment) -> Result<(), Doubt> {
    let (own, name) = (&key.primary_key, subkey.key.fingerprint().to_string());
    let sound = |signature: &&Signature| signature.verify_subkey_binding(own, &subkey.key).is_ok();
    let said = || subkey.signatures.iter().filter(sound);
    if said().any(|signature| signature.typ() == Some(SignatureType::SubkeyRevocation)) {
        return Err(Doubt::Revoked(name));
    }
    let bindings = said().filter(|s| s.typ() == Some(SignatureType::SubkeyBinding) && strong(s, &name).is_ok());
    let newest = bindings.max_by_key(|signature| signature.created()).ok_or_else(|| Doubt::Purpose(name.clone()))?;
    lasting(subkey.key.created_at().as_secs(), newest.key_expiration_time(), &name, now)?;
    // The subkey has to say so itself, or anybody could pass another's signatures off as their own.
    let back = newest.embedded_signature();
    let agrees = back
        .is_some_and(|back| strong(back, &name).is_ok() && back.verify_primary_key_binding(&subkey.key, own).is_ok());
    if newest.key_flags().sign() && agrees { Ok(()) } else { Err(Doubt::Purpose(name)) }
}

fn direct_key(signature: &Signature) -> bool {
    signature.typ() == Some(SignatureType::Key)
}

fn lasting(created: u32, lasts: Option<Duration>, name: &str, now: Moment) -> Result<(), Doubt> {
    let lasts = lasts.map_or(0, Duration::as_secs);
    let at = Moment(u64::from(created) + u64::from(lasts));
    if lasts != 0 && at <= now { Err(Doubt::Expired { key: name.to_owned(), at }) } else { Ok(()) }
}

fn strong(signature: &Signature, name: &str) -> Result<(), Doubt> {
    match signature.hash_alg() {
        Some(
            HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512,
        ) => Ok(()),
        other => {
            let hash = other.map_or_else(|| "an unknown hash".to_owned(), |hash| hash.to_string());
            Err(Doubt::Weak { key: name.to_owned(), hash })
        }
    }
}

fn timely(signature: &Signature, name: &str, now: Moment) -> Result<(), Doubt> {
    let late = || Doubt::Time(name.to_owned());
    let created = u64::from(signature.created().ok_or_else(late)?.as_secs());
    let lasts = u64::from(signature.signature_expiration_time().map_or(0, Duration::as_secs));
    let is_over = lasts != 0 && created + lasts <= now.0;
    if created > now.0.saturating_add(AHEAD) || is_over { Err(late()) } else { Ok(()) }
}

/// Whether a signature says that this key made it.
fn names(signature: &Signature, key: &impl KeyDetails) -> bool {
    signature.issuer_fingerprint().iter().any(|print| **print == key.fingerprint())
        || signature.issuer_key_id().iter().any(|id| **id == key.legacy_key_id())
}

fn issuer(signature: &Signature) -> String {
    let print = signature.issuer_fingerprint().first().map(ToString::to_string);
    let id = || signature.issuer_key_id().first().map(ToString::to_string);
    print.or_else(id).unwrap_or_else(|| "a key without a name".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod hand;
#[cfg(test)]
mod tests;
