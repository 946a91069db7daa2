//! Fixed-length bytes that are written as lower-case hexadecimal: hashes, keys, signatures, preimages.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// `N` bytes, written as `2 N` lower-case hexadecimal digits and read as nothing else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes<const N: usize>(pub [u8; N]);

/// A SHA-256 hash with a tag, as in BIP 340: of an entry's header, of terms, of a state, of a document.
pub type Hash = Bytes<32>;
/// A public key of BIP 340 (32 bytes, the x coordinate).
pub type XOnlyKey = Bytes<32>;
/// A Lightning node's public key (33 bytes, compressed, BOLT 7).
pub type NodeId = Bytes<33>;
/// A signature of BIP 340.
pub type Signature = Bytes<64>;
/// What hashes (plain SHA-256) to an invoice's payment hash (BOLT 11).
pub type Preimage = Bytes<32>;

/// Text that is not the lower-case hexadecimal form of the bytes wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} lower-case hexadecimal digits")]
pub struct HexError {
    /// How many digits were wanted.
    pub expected: usize,
}

impl<const N: usize> Bytes<N> {
    /// All bytes zero: stands for "none" where a field must be there.
    pub const ZERO: Self = Self([0; N]);

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> fmt::Display for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> fmt::Debug for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> FromStr for Bytes<N> {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let error = HexError { expected: 2 * N };
        if text.len() != 2 * N {
            return Err(error);
        }
        let mut bytes = [0; N];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = (digit(pair[0]).ok_or(error)? << 4) | digit(pair[1]).ok_or(error)?;
        }
        Ok(Self(bytes))
    }
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

impl<const N: usize> Serialize for Bytes<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Bytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
