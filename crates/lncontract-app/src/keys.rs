//! The company's secrets, all from one seed: 24 recovery words (BIP 39, 256 bits).
//!
//! Node seed, company key and record key are tagged SHA-256 of the seed's entropy, so that the words restore
//! all of them. No secret is printed: `Debug` shows the name of the type only.

use std::fmt;

use bip39::Mnemonic;
use rand::Rng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The entropy behind the 24 words.
pub struct Seed(Zeroizing<[u8; 32]>);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

impl Seed {
    /// Draws a new one.
    pub fn draw() -> Self {
        let mut entropy = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(&mut *entropy);
        Self(entropy)
    }

    /// Takes entropy that was sealed.
    pub fn from_entropy(entropy: &[u8]) -> Option<Self> {
        entropy.try_into().ok().map(|bytes: [u8; 32]| Self(Zeroizing::new(bytes)))
    }

    /// Reads the 24 words.
    pub fn from_words(words: &str) -> Option<Self> {
        let entropy = Zeroizing::new(words.parse::<Mnemonic>().ok()?.to_entropy());
        Self::from_entropy(&entropy)
    }

    /// Returns the entropy, to be sealed.
    pub fn entropy(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the 24 words.
    pub fn words(&self) -> Vec<String> {
        let mnemonic = Mnemonic::from_entropy(&*self.0).expect("32 bytes are a length of BIP 39");
        mnemonic.words().map(str::to_owned).collect()
    }

    /// Returns the seed of the embedded node.
    pub fn node(&self) -> Zeroizing<[u8; 32]> {
        self.derive("node")
    }

    /// Returns the secret of the company key.
    pub fn company(&self) -> Zeroizing<[u8; 32]> {
        self.derive("company-key")
    }

    /// Returns the secret of the record key.
    pub fn record(&self) -> Zeroizing<[u8; 32]> {
        self.derive("record-key")
    }

    /// Returns the key under which what leads to the company's own node is kept.
    pub fn node_access(&self) -> Zeroizing<[u8; 32]> {
        self.derive("node-access")
    }

    fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let tag = Sha256::digest(format!("lncontract/seed/{purpose}"));
        let digest = Sha256::new().chain_update(tag).chain_update(tag).chain_update(*self.0).finalize();
        Zeroizing::new(digest.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_restore_every_key() {
        let seed = Seed::draw();
        let words = seed.words();
        assert_eq!(words.len(), 24);
        let again = Seed::from_words(&words.join(" ")).unwrap();
        assert_eq!(*again.node(), *seed.node());
        assert_eq!(*again.company(), *seed.company());
        assert_ne!(*seed.company(), *seed.record());
    }

    #[test]
    fn a_wrong_word_is_noticed_and_nothing_is_printed() {
        assert!(Seed::from_words("zoo zoo zoo").is_none());
        assert_eq!(format!("{:?}", Seed::draw()), "Seed");
    }
}
