//! Keys: signing and verifying as in BIP 340, and the digits two people compare by voice.
//!
//! Invariant: a secret key is never printed, and overwritten when it is dropped. Signatures draw no
//! randomness: the same key and hash give the same signature. Pure.

use std::fmt;

use lncontract_core::{Bytes, Hash, Signature, XOnlyKey, v1::KeyStatement};
use secp256k1::{Keypair, Message, SECP256K1, XOnlyPublicKey, schnorr};

use crate::{
    canonical::CanonicalError,
    hash::{Tag, company_hash, tagged},
};

/// A key or signature that can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Zero, or not below the order of the curve.
    #[error("the bytes are no secret key")]
    Secret,
    /// No point of the curve has that x coordinate.
    #[error("{key} is no public key")]
    Public {
        /// The key.
        key: XOnlyKey,
    },
    /// The signature is not by that key over that hash.
    #[error("the signature is not by key {key}")]
    Signature {
        /// The key it should be by.
        key: XOnlyKey,
    },
}

/// A company key or a record key.
pub struct SecretKey(Keypair);

impl SecretKey {
    /// Takes 32 random bytes, or derived ones, as a key.
    ///
    /// # Errors
    /// When they are no secret key (one in 2^128).
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        Keypair::from_seckey_slice(SECP256K1, bytes).map(Self).map_err(|_| KeyError::Secret)
    }

    /// Returns the public key.
    pub fn public(&self) -> XOnlyKey {
        Bytes(self.0.x_only_public_key().0.serialize())
    }

    /// Signs a hash, without auxiliary randomness.
    pub fn sign(&self, hash: &Hash) -> Signature {
        Bytes(SECP256K1.sign_schnorr_no_aux_rand(&Message::from_digest(hash.0), &self.0).serialize())
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        // As far as secp256k1 can: a copy the compiler made on the way here is out of reach.
        self.0.non_secure_erase();
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}

/// Checks a signature over a hash.
///
/// # Errors
/// When the key is none, or the signature is not by it.
pub fn verify(key: &XOnlyKey, hash: &Hash, signature: &Signature) -> Result<(), KeyError> {
    let public = XOnlyPublicKey::from_slice(&key.0).map_err(|_| KeyError::Public { key: *key })?;
    let signature = schnorr::Signature::from_slice(&signature.0).expect("a signature is any 64 bytes");
    SECP256K1
        .verify_schnorr(&signature, &Message::from_digest(hash.0), &public)
        .map_err(|_| KeyError::Signature { key: *key })
}

/// Returns one company's half of the words: six groups of four digits, of its key statement alone.
///
/// Each half depends on one statement only, so that who stands in the middle has to find a statement with
/// given digits (10^24 tries); over a hash of both statements it could search both sides at once (10^12).
///
/// # Errors
/// When the statement has no canonical form.
pub fn company_words(statement: &KeyStatement) -> Result<String, CanonicalError> {
    let hash = tagged(Tag::Voice, &company_hash(statement)?.0);
    let groups = hash.0.chunks_exact(5).take(6).map(|chunk| {
        let number = chunk.iter().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
        format!("{:04}", number % 10_000)
    });
    Ok(groups.collect::<Vec<_>>().join(" "))
}

/// Returns what two people compare by voice before they trust each other's keys: the words of both, in an
/// order that is the same on both screens.
///
/// # Errors
/// When a statement has no canonical form.
pub fn comparison_words(a: &KeyStatement, b: &KeyStatement) -> Result<String, CanonicalError> {
    let mut halves = [company_words(a)?, company_words(b)?];
    halves.sort();
    Ok(halves.join(" / "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SecretKey {
        SecretKey::from_bytes(&[byte; 32]).unwrap()
    }

    fn statement(name: &str, byte: u8) -> KeyStatement {
        KeyStatement {
            name: name.to_owned(),
            company_key: key(byte).public(),
            record_key: key(byte + 1).public(),
            node_id: Bytes([2; 33]),
            endpoints: vec!["node.example:9735".to_owned()],
        }
    }

    #[test]
    fn a_signature_is_good_for_its_key_and_hash_only() {
        let (hash, signature) = (Bytes([7; 32]), key(1).sign(&Bytes([7; 32])));
        assert_eq!(verify(&key(1).public(), &hash, &signature), Ok(()));
        assert_eq!(
            verify(&key(1).public(), &Bytes([8; 32]), &signature),
            Err(KeyError::Signature { key: key(1).public() })
        );
        assert_eq!(
            verify(&key(2).public(), &hash, &signature),
            Err(KeyError::Signature { key: key(2).public() })
        );
        assert_eq!(
            verify(&Bytes([0xff; 32]), &hash, &signature),
            Err(KeyError::Public { key: Bytes([0xff; 32]) })
        );
        assert_eq!(key(1).sign(&hash), signature, "no randomness");
    }

    #[test]
    fn the_public_key_of_secret_key_three_is_that_of_bip_340() {
        let mut three = [0; 32];
        three[31] = 3;
        let public = SecretKey::from_bytes(&three).unwrap().public();
        assert_eq!(public.to_string(), "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9");
        assert_eq!(SecretKey::from_bytes(&[0; 32]).err(), Some(KeyError::Secret));
    }

    #[test]
    fn debug_shows_the_public_key_only() {
        let shown = format!("{:?}", key(1));
        assert!(shown.contains(&key(1).public().to_string()) && !shown.contains(&Bytes([1; 32]).to_string()));
    }

    #[test]
    fn both_screens_show_the_same_words_and_any_change_shows() {
        let (a, b) = (statement("Havel GmbH", 1), statement("Spree AG", 5));
        let words = comparison_words(&a, &b).unwrap();
        assert_eq!(words, comparison_words(&b, &a).unwrap());
        assert_eq!(words.len(), 2 * 29 + 3);
        for changed in [statement("Havel GmbH.", 1), statement("Havel GmbH", 2)] {
            assert_ne!(words, comparison_words(&changed, &b).unwrap());
        }
    }
}
