//! Sealing: of the company's seed with its password, and of other secrets with a key of that seed. Argon2id makes a key
//! of the password, XChaCha20-Poly1305 seals.
//!
//! The parts (salt 16 bytes, nonce 24, ciphertext with its tag) are kept by the store as they are.
//! Cost of argon2id: the crate's default (19 MiB, 2 passes:
//! the first choice of OWASP's password storage sheet).

use argon2::Argon2;
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use lncontract_store::Sealed;
use rand::Rng;
use zeroize::Zeroizing;

const SALT_LEN: usize = 16;
const NONCE_LEN: usize = 24;
const ASSOCIATED: &[u8] = b"lncontract/seal";

/// Why sealed bytes stay sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The password is another one, or the bytes were changed: the two can't be told apart.
    #[error("the password does not open it")]
    Wrong,
    /// Too short to be sealed bytes.
    #[error("these are not sealed bytes")]
    Malformed,
}

/// Seals bytes with a password.
///
/// # Errors
/// When the key can't be derived (no memory).
pub fn seal(password: &str, plain: &[u8]) -> Result<Sealed, SealError> {
    let (mut salt, mut nonce) = (vec![0; SALT_LEN], vec![0; NONCE_LEN]);
    rand::rng().fill_bytes(&mut salt);
    rand::rng().fill_bytes(&mut nonce);
    let number = XNonce::try_from(&nonce[..]).map_err(|_| SealError::Malformed)?;
    let sealing = Payload { msg: plain, aad: ASSOCIATED };
    let ciphertext = cipher(password, &salt)?.encrypt(&number, sealing).map_err(|_| SealError::Malformed)?;
    Ok(Sealed { nonce, salt, ciphertext })
}

/// Opens what [`seal`] made.
///
/// # Errors
/// When the password is another one, or the bytes are not what was sealed.
pub fn open(password: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
    if sealed.salt.len() != SALT_LEN {
        return Err(SealError::Malformed);
    }
    let nonce = XNonce::try_from(&sealed.nonce[..]).map_err(|_| SealError::Malformed)?;
    let opening = Payload { msg: &sealed.ciphertext, aad: ASSOCIATED };
    let plain = cipher(password, &sealed.salt)?.decrypt(&nonce, opening);
    plain.map(Zeroizing::new).map_err(|_| SealError::Wrong)
}

/// Seals bytes with a key of the seed: the nonce, then the ciphertext with its tag.
///
/// # Errors
/// When the cipher takes no more (256 GiB).
pub fn seal_with_key(key: &[u8; 32], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut sealed = vec![0; NONCE_LEN];
    rand::rng().fill_bytes(&mut sealed);
    let number = XNonce::try_from(&sealed[..]).map_err(|_| SealError::Malformed)?;
    let sealing = Payload { msg: plain, aad: ASSOCIATED };
    let ciphertext = of_key(key)?.encrypt(&number, sealing).map_err(|_| SealError::Malformed)?;
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

/// Opens what [`seal_with_key`] made.
///
/// # Errors
/// When the key is another one, or the bytes are not what was sealed.
pub fn open_with_key(key: &[u8; 32], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError::Malformed)?;
    let number = XNonce::try_from(nonce).map_err(|_| SealError::Malformed)?;
    let opening = Payload { msg: ciphertext, aad: ASSOCIATED };
    of_key(key)?.decrypt(&number, opening).map(Zeroizing::new).map_err(|_| SealError::Wrong)
}

fn of_key(key: &[u8]) -> Result<XChaCha20Poly1305, SealError> {
    XChaCha20Poly1305::new_from_slice(key).map_err(|_| SealError::Malformed)
}

fn cipher(password: &str, salt: &[u8]) -> Result<XChaCha20Poly1305, SealError> {
    let mut key = Zeroizing::new([0; 32]);
    let derived = Argon2::default().hash_password_into(password.as_bytes(), salt, &mut *key);
    derived.map_err(|_| SealError::Malformed)?;
    of_key(&*key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_the_password_only() {
        let sealed = seal("correct horse", b"seed").unwrap();
        assert_eq!(**open("correct horse", &sealed).unwrap(), *b"seed");
        assert_eq!(open("wrong horse", &sealed).unwrap_err(), SealError::Wrong);
    }

    #[test]
    fn a_changed_byte_anywhere_keeps_it_shut() {
        let sealed = seal("password", b"seed").unwrap();
        let parts: [fn(&mut Sealed) -> &mut Vec<u8>; 3] =
            [|sealed| &mut sealed.salt, |sealed| &mut sealed.nonce, |sealed| &mut sealed.ciphertext];
        for part in parts {
            let mut changed = sealed.clone();
            part(&mut changed)[0] ^= 1;
            assert_eq!(open("password", &changed).unwrap_err(), SealError::Wrong);
            part(&mut changed).pop();
            assert!(open("password", &changed).is_err());
        }
    }

    #[test]
    fn what_was_sealed_with_a_key_opens_with_that_key_only() {
        let sealed = seal_with_key(&[1; 32], b"macaroon").unwrap();
        assert_eq!(**open_with_key(&[1; 32], &sealed).unwrap(), *b"macaroon");
        assert_eq!(open_with_key(&[2; 32], &sealed).unwrap_err(), SealError::Wrong);
        assert_eq!(open_with_key(&[1; 32], &sealed[..8]).unwrap_err(), SealError::Malformed);
        assert_ne!(
            sealed,
            seal_with_key(&[1; 32], b"macaroon").unwrap(),
            "each time with a nonce of its own"
        );
    }
}
