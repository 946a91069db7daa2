//! What two programs send each other about one contract,
//! and how long messages are cut and put together again.
//!
//! Invariant: no bytes of a stranger panic or take more than a bounded memory. Pure.
//! Compatibility: a frame is `version (1 byte, 0), type (1), contract (32), body`. Types: 1 heads, 2 entry, 3
//! want, 4 part; unknown ones are refused.

use std::collections::VecDeque;

use lncontract_core::{Bytes, Hash, v1::Seen};
use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};

/// The longest frame, in bytes: a Lightning message carries 65,535 (BOLT 1), less its type and some room.
pub const FRAME_LEN_MAX: usize = 60_000;
/// The longest message that is put together again, in bytes.
pub const MESSAGE_LEN_MAX: usize = 4 << 20;
/// How many cut messages may be unfinished at a time; beyond, the oldest is dropped.
pub const UNFINISHED_MAX: usize = 4;

const VERSION: u8 = 0;
const HEAD_LEN: usize = 34;
const PART_HEAD_LEN: usize = HEAD_LEN + 8;
const PART_LEN: usize = FRAME_LEN_MAX - PART_HEAD_LEN;
const PARTS_MAX: usize = MESSAGE_LEN_MAX.div_ceil(PART_LEN);

/// Why a frame can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Too short for what it claims to be, or too long.
    #[error("a frame of {len} bytes can't be")]
    Length {
        /// How long it is.
        len: usize,
    },
    /// Another version of the frames.
    #[error("frame of version {found}, this program reads {VERSION}: update the older program")]
    Version {
        /// The frame's.
        found: u8,
    },
    /// A type this program does not know.
    #[error("frame of unknown type {found}")]
    Type {
        /// The frame's.
        found: u8,
    },
    /// The body is not what the type says.
    #[error("the frame's body can't be read")]
    Body(#[from] CanonicalError),
    /// A part that does not fit the other parts of its message, or the limits.
    #[error("part {index} of {total} does not fit its message")]
    Part {
        /// Its number, from 0.
        index: usize,
        /// How many it says there are.
        total: usize,
    },
}

/// How far the sender holds both chains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heads {
    /// Whether the receiver is to answer with its own.
    pub answer: bool,
    /// The buyer's chain.
    pub buyer: Seen,
    /// The seller's chain.
    pub seller: Seen,
}

/// From where the sender wants entries: the first places it lacks, or doubts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Want {
    /// In the buyer's chain.
    pub buyer: u64,
    /// In the seller's chain.
    pub seller: u64,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// How far the sender is.
    Heads(Heads),
    /// A signed entry's bytes.
    Entry(Vec<u8>),
    /// What the sender lacks.
    Want(Want),
}

/// Reads which contract a frame is about, to find the machine it is for.
///
/// # Errors
/// When it is no frame of this version.
pub fn contract_of(frame: &[u8]) -> Result<Hash, WireError> {
    split(frame).map(|(_, contract, _)| contract)
}

fn split(frame: &[u8]) -> Result<(u8, Hash, &[u8]), WireError> {
    let length = WireError::Length { len: frame.len() };
    let (&version, rest) = frame.split_first().ok_or(length.clone())?;
    if version != VERSION {
        return Err(WireError::Version { found: version });
    }
    let (&kind, rest) = rest.split_first().ok_or(length.clone())?;
    let (contract, body) = rest.split_first_chunk::<32>().ok_or(length)?;
    Ok((kind, Bytes(*contract), body))
}

impl Message {
    /// Writes a message as one frame, or as many as it takes. `id` tells its parts from those of others.
    ///
    /// # Errors
    /// When it is longer than [`MESSAGE_LEN_MAX`], or states a count above 2^53-1.
    pub fn frames(&self, contract: Hash, id: u32) -> Result<Vec<Vec<u8>>, WireError> {
        let (kind, body) = match self {
            Self::Heads(heads) => (1, canonical::to_bytes(heads)?),
            Self::Entry(bytes) => (2, bytes.clone()),
            Self::Want(want) => (3, canonical::to_bytes(want)?),
        };
        let whole = frame(kind, contract, &[&body]);
        if whole.len() <= FRAME_LEN_MAX {
            return Ok(vec![whole]);
        }
        let chunks = whole.chunks(PART_LEN);
        let total = u16::try_from(chunks.len()).ok().filter(|&total| usize::from(total) <= PARTS_MAX);
        let total = total.ok_or(WireError::Length { len: whole.len() })?;
        let part = |(index, chunk): (u16, &[u8])| {
            frame(4, contract, &[&id.to_be_bytes(), &index.to_be_bytes(), &total.to_be_bytes(), chunk])
        };
        Ok((0..).zip(chunks).map(part).collect())
    }

    fn read(frame: &[u8]) -> Result<Self, WireError> {
        let (kind, _, body) = split(frame)?;
        match kind {
            1 => Ok(Self::Heads(canonical::from_bytes(body)?)),
            2 => Ok(Self::Entry(body.to_vec())),
            3 => Ok(Self::Want(canonical::from_bytes(body)?)),
            found => Err(WireError::Type { found }),
        }
    }
}

fn frame(kind: u8, contract: Hash, body: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![VERSION, kind];
    bytes.extend_from_slice(&contract.0);
    body.iter().for_each(|piece| bytes.extend_from_slice(piece));
    bytes
}

/// Puts messages together again, for one contract and one connection.
#[derive(Clone, Debug, Default)]
pub struct Assembly {
    unfinished: VecDeque<Unfinished>,
}

#[derive(Clone, Debug)]
struct Unfinished {
    id: u32,
    parts: Vec<Option<Vec<u8>>>,
}

impl Assembly {
    /// Takes a frame; returns the message it is or completes.
    ///
    /// # Errors
    /// When it can't be read, or does not fit the parts before it.
    pub fn take(&mut self, frame: &[u8]) -> Result<Option<Message>, WireError> {
        if frame.len() > FRAME_LEN_MAX {
            return Err(WireError::Length { len: frame.len() });
        }
        let (kind, contract, body) = split(frame)?;
        if kind != 4 {
            return Message::read(frame).map(Some);
        }
        let Some((head, chunk)) = body.split_first_chunk::<8>() else {
            return Err(WireError::Length { len: frame.len() });
        };
        let [a, b, c, d, i, j, t, u] = *head;
        let (index, total) = (u16::from_be_bytes([i, j]).into(), u16::from_be_bytes([t, u]).into());
        let Some(whole) = self.add(u32::from_be_bytes([a, b, c, d]), index, total, chunk)? else {
            return Ok(None);
        };
        if contract_of(&whole)? != contract {
            return Err(WireError::Part { index, total });
        }
        Message::read(&whole).map(Some)
    }

    fn add(
        &mut self,
        id: u32,
        index: usize,
        total: usize,
        chunk: &[u8],
    ) -> Result<Option<Vec<u8>>, WireError> {
        let error = WireError::Part { index, total };
        // Every part but the last is full, so nobody can make many small ones.
        if index >= total || total > PARTS_MAX || (index + 1 < total && chunk.len() != PART_LEN) {
            return Err(error);
        }
        let place = match self.unfinished.iter().position(|message| message.id == id) {
            Some(place) if self.unfinished[place].parts.len() == total => place,
            Some(place) => {
                self.unfinished.remove(place);
                return Err(error);
            }
            None => {
                if self.unfinished.len() == UNFINISHED_MAX {
                    self.unfinished.pop_front();
                }
                self.unfinished.push_back(Unfinished { id, parts: vec![None; total] });
                self.unfinished.len() - 1
            }
        };
        self.unfinished[place].parts[index] = Some(chunk.to_vec());
        if self.unfinished[place].parts.iter().any(Option::is_none) {
            return Ok(None);
        }
        let whole = self
            .unfinished
            .remove(place)
            .map(|message| message.parts.into_iter().flatten().flatten().collect());
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONTRACT: Hash = Bytes([9; 32]);

    fn entry(len: usize) -> Message {
        Message::Entry((0..len).map(|place| place as u8).collect())
    }

    #[track_caller]
    fn check_round_trip(message: &Message, frames: usize) {
        let cut = message.frames(CONTRACT, 7).unwrap();
        assert_eq!(cut.len(), frames);
        let mut assembly = Assembly::default();
        // Backwards: parts may come in any order.
        let taken: Vec<_> = cut.iter().rev().map(|frame| assembly.take(frame).unwrap()).collect();
        assert!(taken[..frames - 1].iter().all(Option::is_none));
        assert_eq!(taken[frames - 1].as_ref(), Some(message));
        assert!(cut.iter().all(|frame| frame.len() <= FRAME_LEN_MAX && contract_of(frame) == Ok(CONTRACT)));
    }

    #[test]
    fn messages_are_cut_and_put_together_again() {
        let seen = Seen { count: 3, hash: Bytes([1; 32]) };
        check_round_trip(&Message::Heads(Heads { answer: true, buyer: seen, seller: seen }), 1);
        check_round_trip(&Message::Want(Want { buyer: 1, seller: 2 }), 1);
        check_round_trip(&entry(FRAME_LEN_MAX - HEAD_LEN), 1);
        check_round_trip(&entry(FRAME_LEN_MAX - HEAD_LEN + 1), 2);
        check_round_trip(&entry(MESSAGE_LEN_MAX - HEAD_LEN), PARTS_MAX);
        let len = PARTS_MAX * PART_LEN + 1;
        assert_eq!(entry(len - HEAD_LEN).frames(CONTRACT, 7), Err(WireError::Length { len }));
    }

    #[test]
    fn the_oldest_unfinished_message_gives_way() {
        let mut assembly = Assembly::default();
        let cut: Vec<_> = (0..=4).map(|id| entry(70_000).frames(CONTRACT, id).unwrap()).collect();
        cut.iter().for_each(|frames| assert_eq!(assembly.take(&frames[0]), Ok(None)));
        assert_eq!(assembly.unfinished.len(), UNFINISHED_MAX);
        assert_eq!(assembly.take(&cut[4][1]), Ok(Some(entry(70_000))));
        assert_eq!(assembly.take(&cut[0][1]), Ok(None), "its first part was dropped");
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let mut assembly = Assembly::default();
        let mut take = |index: u16, total: u16, len: usize| {
            let head =
                [&1u32.to_be_bytes()[..], &index.to_be_bytes(), &total.to_be_bytes(), &vec![0; len]].concat();
            assembly.take(&frame(4, CONTRACT, &[&head]))
        };
        for (index, total, len) in [(0, 0, 1), (2, 2, 1), (0, 2, 1), (0, u16::MAX, PART_LEN)] {
            let error = WireError::Part { index: index.into(), total: total.into() };
            assert_eq!(take(index, total, len), Err(error), "{index} {total} {len}");
        }
        assert_eq!(take(0, 2, PART_LEN), Ok(None));
        assert_eq!(take(0, 3, PART_LEN), Err(WireError::Part { index: 0, total: 3 }));
    }

    proptest! {
        #[test]
        fn random_frames_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..120), kind in 0..6u8) {
            bytes.splice(0..bytes.len().min(2), [0, kind]);
            let _ = Assembly::default().take(&bytes);
            prop_assert!(bytes.len() < HEAD_LEN || contract_of(&bytes).is_ok());
        }
    }
}
