#![allow(clippy::unwrap_used)]
use super::hand::{BORN, Hand, Key, Says};
use super::*;

const TEXT: &str = "Suite: stable\nDate: now\n- dash\n\ntrailing\n";

fn at(after: u64) -> Moment {
    Moment(u64::from(BORN) + after)
}

/// What comes of a text that is signed a second after the keys were made, a hundred seconds later.
fn verdict(with: Key, hash: HashAlgorithm, own: &Says, sub: &Says) -> Result<String, TrustFault> {
    let mut hand = Hand::new(1);
    let message = hand.sign(TEXT, with, hash, at(1));
    hand.trusted(own, sub).verify(&message, at(100))
}

fn doubt(verdict: Result<String, TrustFault>) -> Doubt {
    match verdict.unwrap_err() {
        TrustFault::Refused(mut doubts) => doubts.remove(0),
        other => unreachable!("{other}"),
    }
}

#[test]
fn a_good_signature_is_believed() {
    let good = Says::default();
    for with in [Key::Primary, Key::Sub] {
        for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha512] {
            assert_eq!(verdict(with, hash, &good, &good).unwrap(), TEXT);
        }
    }
    // A key that only stands for its subkey need not sign.
    let own = Says { signs: false, ..good.clone() };
    assert!(verdict(Key::Sub, HashAlgorithm::Sha512, &own, &good).is_ok());
}

#[test]
fn a_text_that_was_changed_is_refused() {
    let mut hand = Hand::new(1);
    let message = hand.signed(TEXT, at(1));
    let trust = hand.trusted(&Says::default(), &Says::default());
    assert!(trust.verify(&message, at(1)).is_ok());
    let forged = message.replacen("stable", "stabbe", 1);
    assert!(matches!(doubt(trust.verify(&forged, at(1))), Doubt::Forged(_)));
    // What is outside of the signed text would be read by nobody.
    assert!(matches!(trust.verify(&format!("Suite: other\n{message}"), at(1)), Err(TrustFault::NoText(_))));
    assert!(matches!(trust.verify(&format!("{message}\nSuite: other\n"), at(1)), Err(TrustFault::NoText(_))));
    for cut in (0..message.len()).step_by(23) {
        // The last line of armor says no more.
        let verdict = trust.verify(&message[..cut], at(1));
        assert!(verdict.is_err() || verdict.is_ok_and(|text| text == TEXT), "{cut}");
    }
    assert!(matches!(trust.verify("", at(1)), Err(TrustFault::NoText(_))));
}

#[test]
fn another_s_key_is_refused() {
    let message = Hand::new(2).signed(TEXT, at(1));
    let trust = Hand::new(1).trusted(&Says::default(), &Says::default());
    assert!(matches!(doubt(trust.verify(&message, at(1))), Doubt::Stranger(_)));
}

#[test]
fn a_key_that_is_no_more_is_refused() {
    let good = Says::default();
    let revoked = Says { revoked: true, ..good.clone() };
    let old = Says { lasts: 50, ..good.clone() };
    let lasting = Says { lasts: 500, ..good.clone() };
    let hash = HashAlgorithm::Sha512;
    assert!(verdict(Key::Primary, hash, &lasting, &lasting).is_ok());
    for with in [Key::Primary, Key::Sub] {
        assert!(matches!(doubt(verdict(with, hash, &revoked, &good)), Doubt::Revoked(_)));
        assert!(matches!(doubt(verdict(with, hash, &old, &good)), Doubt::Expired { .. }));
    }
    assert!(matches!(doubt(verdict(Key::Sub, hash, &good, &revoked)), Doubt::Revoked(_)));
    assert!(matches!(doubt(verdict(Key::Sub, hash, &good, &old)), Doubt::Expired { .. }));
    // What became of the subkey does not concern the key.
    assert!(verdict(Key::Primary, hash, &good, &revoked).is_ok());
}

#[test]
fn a_subkey_must_be_the_key_s_own_and_for_signing() {
    let good = Says::default();
    let hash = HashAlgorithm::Sha512;
    let silent = Says { agrees: false, ..good.clone() };
    let other = Says { signs: false, ..good.clone() };
    assert!(matches!(doubt(verdict(Key::Sub, hash, &good, &silent)), Doubt::Purpose(_)));
    assert!(matches!(doubt(verdict(Key::Sub, hash, &good, &other)), Doubt::Purpose(_)));
    assert!(matches!(doubt(verdict(Key::Primary, hash, &other, &good)), Doubt::Purpose(_)));
    // Bound by somebody else's key.
    let (mut one, mut two) = (Hand::new(1), Hand::new(2));
    let stolen = two.key(&good, &good).public_subkeys;
    let trust = Trust { keys: vec![SignedPublicKey { public_subkeys: stolen, ..one.key(&good, &good) }] };
    let message = two.sign(TEXT, Key::Sub, hash, at(1));
    assert!(matches!(doubt(trust.verify(&message, at(1))), Doubt::Purpose(_)));
}

#[test]
fn weak_hashes_are_refused() {
    let good = Says::default();
    assert!(matches!(doubt(verdict(Key::Primary, HashAlgorithm::Sha1, &good, &good)), Doubt::Weak { .. }));
}

#[test]
fn a_signature_from_the_future_is_refused() {
    let mut hand = Hand::new(1);
    let message = hand.signed(TEXT, at(AHEAD + 1));
    let trust = hand.trusted(&Says::default(), &Says::default());
    assert!(matches!(doubt(trust.verify(&message, at(0))), Doubt::Time(_)));
    assert!(trust.verify(&message, at(1)).is_ok());
}

#[test]
fn debian_s_keys_are_here() {
    let trust = Trust::debian().unwrap();
    assert_eq!(trust.keys.len(), 9);
    assert!(matches!(Trust::keyring(b"nonsense"), Err(TrustFault::NoKey)));
    assert!(matches!(Trust::keyring(b""), Err(TrustFault::NoKey)));
}
