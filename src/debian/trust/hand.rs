//! A hand that signs, for tests.

use pgp::composed::{
    CleartextSignedMessage, KeyType, SecretKeyParamsBuilder, SignedKeyDetails, SignedPublicKey, SignedPublicSubKey,
    SignedSecretKey, SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData, UserId};
use pgp::types::{Duration, PacketHeaderVersion, Password, SignedUser, SigningKey, Tag, Timestamp};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::super::moment::Moment;
use super::Trust;

/// When keys are made.
pub(in crate::debian) const BORN: u32 = 1_700_000_000;

/// What a key says of itself.
#[derive(Clone)]
pub(in crate::debian) struct Says {
    /// How long it lasts, in seconds; 0 for ever.
    pub(super) lasts: u32,
    pub(super) signs: bool,
    pub(super) revoked: bool,
    /// Whether a subkey says that it is this key's.
    pub(super) agrees: bool,
}

impl Default for Says {
    fn default() -> Self {
        Self { lasts: 0, signs: true, revoked: false, agrees: true }
    }
}

/// Somebody with a key and a subkey, always the same for the same seed.
pub(in crate::debian) struct Hand {
    secret: SignedSecretKey,
    rng: StdRng,
}

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::debian) enum Key {
    Primary,
    Sub,
}

impl Hand {
    pub(in crate::debian) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let born = Timestamp::from_secs(BORN);
        let mut sub = SubkeyParamsBuilder::default();
        let sub = sub.key_type(KeyType::Ed25519Legacy).can_sign(true).created_at(born).build().unwrap();
        let mut params = SecretKeyParamsBuilder::default();
        params.key_type(KeyType::Ed25519Legacy).can_certify(true).can_sign(true).created_at(born);
        let params = params.primary_user_id("archive".into()).subkeys(vec![sub]).build().unwrap();
        Self { secret: params.generate(&mut rng).unwrap(), rng }
    }

    /// Its public key, which says these things of itself and of its subkey.
    pub(in crate::debian) fn key(&mut self, own: &Says, sub: &Says) -> SignedPublicKey {
        let key = self.secret.primary_key.clone();
        let public = key.public_key().clone();
        let none = Password::empty();
        let id = UserId::from_str(PacketHeaderVersion::New, "archive").unwrap();
        let config = self.config(&key, SignatureType::CertPositive, own, BORN);
        let users = vec![SignedUser::new(
            id.clone(),
            vec![config.sign_certification(&key, &public, &none, Tag::UserId, &id).unwrap()],
        )];
        let config = self.config(&key, SignatureType::KeyRevocation, own, BORN);
        let revoked = own.revoked.then(|| config.sign_key(&key, &none, &public).unwrap());
        let details = SignedKeyDetails::new(revoked.into_iter().collect(), vec![], users, vec![]);
        let subkey = self.secret.secret_subkeys[0].key.clone();
        let mut config = self.config(&key, SignatureType::SubkeyBinding, sub, BORN);
        if sub.agrees {
            let back = self.config(&subkey, SignatureType::KeyBinding, sub, BORN);
            let back = back.sign_primary_key_binding(&subkey, subkey.public_key(), &none, &public).unwrap();
            config.hashed_subpackets.push(regular(SubpacketData::EmbeddedSignature(Box::new(back))));
        }
        let mut said = vec![config.sign_subkey_binding(&key, &public, &none, subkey.public_key()).unwrap()];
        if sub.revoked {
            let config = self.config(&key, SignatureType::SubkeyRevocation, sub, BORN);
            said.push(config.sign_subkey_binding(&key, &public, &none, subkey.public_key()).unwrap());
        }
        SignedPublicKey::new(public, details, vec![SignedPublicSubKey::new(subkey.public_key().clone(), said)])
    }

    /// Trust in its key alone.
    pub(in crate::debian) fn trusted(&mut self, own: &Says, sub: &Says) -> Trust {
        Trust { keys: vec![self.key(own, sub)] }
    }

    /// A clear-signed text.
    pub(in crate::debian) fn sign(&mut self, text: &str, with: Key, hash: HashAlgorithm, at: Moment) -> String {
        let at = u32::try_from(at.0).unwrap();
        let (primary, sub) = (self.secret.primary_key.clone(), self.secret.secret_subkeys[0].key.clone());
        let message = CleartextSignedMessage::new_many(text, |text| {
            Ok(vec![match with {
                Key::Primary => self.signature(&primary, text, hash, at),
                Key::Sub => self.signature(&sub, text, hash, at),
            }])
        });
        message.unwrap().to_armored_string(None.into()).unwrap()
    }

    fn signature(&mut self, key: &impl SigningKey, text: &str, hash: HashAlgorithm, at: u32) -> Signature {
        let none = Password::empty();
        let config = self.config(key, SignatureType::Text, &Says::default(), at);
        let mut weak = config.clone();
        weak.hash_alg = hash;
        // Keys of today refuse to sign by the hashes of yesterday: then it only says that it was made so.
        weak.clone().sign(key, &none, text.as_bytes()).unwrap_or_else(|_| {
            let strong = config.sign(key, &none, text.as_bytes()).unwrap();
            Signature::from_config(weak, strong.signed_hash_value().unwrap(), strong.signature().unwrap().clone())
                .unwrap()
        })
    }

    /// The plain case: signed by the primary key.
    pub(in crate::debian) fn signed(&mut self, text: &str, at: Moment) -> String {
        self.sign(text, Key::Primary, HashAlgorithm::Sha512, at)
    }

    fn config(&mut self, key: &impl SigningKey, kind: SignatureType, says: &Says, at: u32) -> SignatureConfig {
        let mut config = SignatureConfig::from_key(&mut self.rng, key, kind).unwrap();
        config.hash_alg = HashAlgorithm::Sha512;
        let mut flags = KeyFlags::default();
        flags.set_sign(says.signs);
        config.hashed_subpackets = vec![
            regular(SubpacketData::SignatureCreationTime(Timestamp::from_secs(at))),
            regular(SubpacketData::IssuerFingerprint(key.fingerprint())),
            regular(SubpacketData::KeyFlags(flags)),
            regular(SubpacketData::KeyExpirationTime(Duration::from_secs(says.lasts))),
        ];
        config
    }
}

fn regular(data: SubpacketData) -> Subpacket {
    Subpacket::regular(data).unwrap()
}
