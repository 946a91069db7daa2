//! The seed and its 24 words (BIP 39, English, no passphrase).
//!
//! Invariant: words and seed determine each other; nothing here stores or logs either. The caller seals them.
//! The on-chain wallet is BIP 84 under the BIP 39 seed, so the words open it in any wallet that follows both.

use bip39::{Language, Mnemonic};
use zeroize::Zeroizing;

/// Why words are not a seed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// Not 24.
    #[error("a seed has 24 words, these are {0}")]
    Count(usize),
    /// A word is not in the list, or the last one does not fit the others.
    #[error("these are not seed words: {0}")]
    Words(String),
}

/// Draws a new seed from LDK's source of randomness, which is the operating system's.
pub fn new_seed() -> [u8; 32] {
    use bitcoin::secp256k1::rand::{RngCore, rngs::OsRng};
    let mut seed = [0; 32];
    OsRng.fill_bytes(&mut seed);
    seed
}

/// The 24 words of a seed.
pub fn words_of_seed(seed: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(mnemonic(seed).to_string())
}

/// The seed of 24 words; case and spacing do not matter.
///
/// # Errors
/// If they are not 24 words of the list whose checksum holds.
pub fn seed_of_words(words: &str) -> Result<Zeroizing<[u8; 32]>, SeedError> {
    let tidy = Zeroizing::new(words.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase());
    let count = tidy.split(' ').filter(|word| !word.is_empty()).count();
    if count != 24 {
        return Err(SeedError::Count(count));
    }
    let mnemonic = Mnemonic::parse_in_normalized(Language::English, &tidy)
        .map_err(|error| SeedError::Words(error.to_string()))?;
    let entropy = Zeroizing::new(mnemonic.to_entropy());
    let mut seed = Zeroizing::new([0; 32]);
    seed.copy_from_slice(&entropy);
    Ok(seed)
}

/// The BIP 39 seed under which all keys are derived (BIP 32).
pub(crate) fn bip39_seed(seed: &[u8; 32]) -> Zeroizing<[u8; 64]> {
    Zeroizing::new(mnemonic(seed).to_seed_normalized(""))
}

fn mnemonic(seed: &[u8; 32]) -> Mnemonic {
    Mnemonic::from_entropy_in(Language::English, seed).expect("32 bytes are a valid BIP 39 entropy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_seed_determine_each_other() {
        for seed in [[0; 32], [0xff; 32], new_seed()] {
            let words = words_of_seed(&seed);
            assert_eq!(words.split(' ').count(), 24);
            assert_eq!(*seed_of_words(&words).expect("our own words"), seed);
            let shouted = format!("  {}  ", words.to_uppercase().replace(' ', "\n"));
            assert_eq!(*seed_of_words(&shouted).expect("case and spacing do not matter"), seed);
        }
        assert_ne!(new_seed(), new_seed());
    }

    #[test]
    fn the_zero_seed_has_the_words_and_the_seed_of_the_bip_39_vectors() {
        let words = words_of_seed(&[0; 32]);
        assert_eq!(*words, format!("{}art", "abandon ".repeat(23)));
        // Leading bytes of the BIP 39 seed of these words without a passphrase.
        assert_eq!(bip39_seed(&[0; 32])[..4], [0x40, 0x8b, 0x28, 0x5c]);
    }

    #[test]
    fn wrong_words_are_refused_with_the_reason() {
        assert_eq!(seed_of_words("abandon").unwrap_err(), SeedError::Count(1));
        assert_eq!(seed_of_words("").unwrap_err(), SeedError::Count(0));
        let bad_checksum = "abandon ".repeat(24);
        assert!(matches!(seed_of_words(&bad_checksum).unwrap_err(), SeedError::Words(_)));
        let unknown = format!("{}zzzz", "abandon ".repeat(23));
        assert!(matches!(seed_of_words(&unknown).unwrap_err(), SeedError::Words(_)));
    }
}
