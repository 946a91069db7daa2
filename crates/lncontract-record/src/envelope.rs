//! Envelopes: frames of [`crate::wire`] on their way over a transport that knows neither sender nor receiver
//! (HTTPS), signed by the sender's record key.
//!
//! Invariant: an envelope is read only after its signature was checked, whoever it says it is from; an answer is bound
//! to the one question it answers. No bytes of a stranger panic or take more than a bounded memory. Pure.
//! Compatibility: `version (1 byte, 0), kind (1), to (32), from (32), time (8), token (32)`, then for each frame
//! `length (4), bytes`, then `signature (64)`; integers big-endian. Kinds: 1 question, 2 answer, 3 other time.

use lncontract_core::{Bytes, Hash, Signature, Time, XOnlyKey};

use crate::{
    hash::{Tag, tagged},
    keys::{SecretKey, verify},
};

/// The longest envelope, in bytes: 1 MiB.
pub const ENVELOPE_LEN_MAX: usize = 1 << 20;
/// What an envelope without frames takes.
const EMPTY_LEN: usize = HEAD_LEN + SIGNATURE_LEN;

const VERSION: u8 = 0;
const HEAD_LEN: usize = 2 + 32 + 32 + 8 + 32;
const SIGNATURE_LEN: usize = 64;
const FRAME_HEAD_LEN: usize = 4;

/// What an envelope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Frames, and the question for those of the other side. Its token is random.
    Question,
    /// The answer to a question. Its token is the question's digest.
    Answer,
    /// The question was not taken: the clocks differ too much. Its token is the question's digest, its time
    /// that of who answers.
    OtherTime,
}

/// Frames with who sends them to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What it is.
    pub kind: Kind,
    /// The receiver's record key.
    pub to: XOnlyKey,
    /// The sender's record key.
    pub from: XOnlyKey,
    /// When it was signed.
    pub time: Time,
    /// Random in a question; in an answer the digest of the question.
    pub token: Hash,
    /// Frames of any number of contracts.
    pub frames: Vec<Vec<u8>>,
}

/// An envelope whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What is in it.
    pub envelope: Envelope,
    /// What was signed: names this envelope.
    pub digest: Hash,
}

/// Why bytes are no envelope. It is for the log: who sent them is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Too short, too long, or its lengths do not add up.
    #[error("an envelope of {len} bytes can't be")]
    Length {
        /// How long it is.
        len: usize,
    },
    /// Another version or kind.
    #[error("an envelope of version {version}, kind {kind}")]
    Version {
        /// Its version.
        version: u8,
        /// Its kind.
        kind: u8,
    },
    /// It was not signed by who it says it is from.
    #[error("an envelope whose signature does not fit")]
    Signature,
}

impl Envelope {
    /// How much room frames take that are put into an envelope.
    pub fn room_of(frame: &[u8]) -> usize {
        FRAME_HEAD_LEN + frame.len()
    }

    /// The room for frames in one envelope.
    pub const ROOM: usize = ENVELOPE_LEN_MAX - EMPTY_LEN;

    /// Signs it. Returns its bytes and the digest that names it.
    pub fn seal(&self, key: &SecretKey) -> (Vec<u8>, Hash) {
        let mut bytes = vec![VERSION, self.kind.number()];
        bytes.extend_from_slice(&self.to.0);
        bytes.extend_from_slice(&self.from.0);
        bytes.extend_from_slice(&self.time.0.to_be_bytes());
        bytes.extend_from_slice(&self.token.0);
        for frame in &self.frames {
            let len = u32::try_from(frame.len()).expect("a frame has at most 60,000 bytes");
            bytes.extend_from_slice(&len.to_be_bytes());
            bytes.extend_from_slice(frame);
        }
        let digest = tagged(Tag::Envelope, &bytes);
        bytes.extend_from_slice(&key.sign(&digest).0);
        (bytes, digest)
    }

    /// Checks the signature and reads it.
    ///
    /// # Errors
    /// When it is not one, or not signed by who it says it is from.
    pub fn open(bytes: &[u8]) -> Result<Opened, EnvelopeError> {
        let length = EnvelopeError::Length { len: bytes.len() };
        if bytes.len() > ENVELOPE_LEN_MAX {
            return Err(length);
        }
        let (signed, signature) = bytes.split_last_chunk::<SIGNATURE_LEN>().ok_or(length)?;
        let (head, mut rest) = signed.split_first_chunk::<HEAD_LEN>().ok_or(length)?;
        let (&[version, kind], head) = head.split_first_chunk::<2>().ok_or(length)?;
        let (to, head) = head.split_first_chunk::<32>().ok_or(length)?;
        let (from, head) = head.split_first_chunk::<32>().ok_or(length)?;
        let (time, head) = head.split_first_chunk::<8>().ok_or(length)?;
        let token = head.first_chunk::<32>().ok_or(length)?;
        let named = Kind::of_number(kind).filter(|_| version == VERSION);
        let kind = named.ok_or(EnvelopeError::Version { version, kind })?;
        let digest = tagged(Tag::Envelope, signed);
        let signature: Signature = Bytes(*signature);
        verify(&Bytes(*from), &digest, &signature).map_err(|_| EnvelopeError::Signature)?;
        let mut frames = Vec::new();
        while let Some((len, after)) = rest.split_first_chunk::<FRAME_HEAD_LEN>() {
            let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| length)?;
            let (frame, after) = after.split_at_checked(len).ok_or(length)?;
            frames.push(frame.to_vec());
            rest = after;
        }
        if !rest.is_empty() {
            return Err(length);
        }
        let time = Time(i64::from_be_bytes(*time));
        let (to, from, token) = (Bytes(*to), Bytes(*from), Bytes(*token));
        Ok(Opened { envelope: Self { kind, to, from, time, token, frames }, digest })
    }
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Self::Question => 1,
            Self::Answer => 2,
            Self::OtherTime => 3,
        }
    }

    fn of_number(number: u8) -> Option<Self> {
        [Self::Question, Self::Answer, Self::OtherTime].into_iter().find(|kind| kind.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SecretKey {
        SecretKey::from_bytes(&[byte; 32]).expect("a secret key")
    }

    fn question() -> Envelope {
        Envelope {
            kind: Kind::Question,
            to: key(2).public(),
            from: key(1).public(),
            time: Time(1_700_000_000),
            token: Bytes([7; 32]),
            frames: vec![vec![0, 1, 2], Vec::new(), vec![9; 300]],
        }
    }

    #[test]
    fn what_was_sealed_opens_as_it_was() {
        for frames in [Vec::new(), question().frames] {
            for kind in [Kind::Question, Kind::Answer, Kind::OtherTime] {
                let envelope = Envelope { kind, frames: frames.clone(), ..question() };
                let (bytes, digest) = envelope.seal(&key(1));
                assert_eq!(Envelope::open(&bytes), Ok(Opened { envelope, digest }));
            }
        }
    }

    #[test]
    fn a_changed_bit_anywhere_keeps_it_shut() {
        let (bytes, _) = question().seal(&key(1));
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(Envelope::open(&changed).is_err(), "byte {place}");
        }
    }

    #[test]
    fn a_cut_or_lengthened_one_is_refused_without_a_panic() {
        let (bytes, _) = question().seal(&key(1));
        for len in 0..bytes.len() {
            assert!(Envelope::open(&bytes[..len]).is_err(), "{len} bytes");
        }
        assert!(Envelope::open(&[bytes.as_slice(), &[0]].concat()).is_err());
    }

    #[test]
    fn another_companys_signature_is_none() {
        let (bytes, _) = question().seal(&key(3));
        assert_eq!(Envelope::open(&bytes), Err(EnvelopeError::Signature));
    }

    #[test]
    fn lengths_that_are_signed_and_do_not_add_up_are_refused() {
        let (bytes, _) = Envelope { frames: Vec::new(), ..question() }.seal(&key(1));
        let head = &bytes[..HEAD_LEN];
        for tail in [&[0, 0, 0][..], &[0, 0, 0, 1], &[255; 4], &[0, 0, 0, 2, 1], &[0, 0, 0, 0, 1]] {
            let signed = [head, tail].concat();
            let signature = key(1).sign(&tagged(Tag::Envelope, &signed));
            let len = signed.len() + SIGNATURE_LEN;
            let whole = [signed.as_slice(), &signature.0].concat();
            assert_eq!(Envelope::open(&whole), Err(EnvelopeError::Length { len }), "{tail:?}");
        }
    }

    #[test]
    fn the_longest_is_taken_and_one_byte_more_is_not() {
        let frame = vec![1; Envelope::ROOM - FRAME_HEAD_LEN];
        let (bytes, _) = Envelope { frames: vec![frame], ..question() }.seal(&key(1));
        assert_eq!(bytes.len(), ENVELOPE_LEN_MAX);
        assert!(Envelope::open(&bytes).is_ok());
        let frame = vec![1; Envelope::ROOM - FRAME_HEAD_LEN + 1];
        let (bytes, _) = Envelope { frames: vec![frame], ..question() }.seal(&key(1));
        assert_eq!(Envelope::open(&bytes), Err(EnvelopeError::Length { len: ENVELOPE_LEN_MAX + 1 }));
    }
}
