//! Whether an entry can stand at its place: contiguous, with its past here, and never going back.
//!
//! Invariant: what is refused here changes nothing, and is no fault to keep: without its place an entry has
//! no past to be judged by. Pure.

use lncontract_core::{
    Hash, Time,
    v1::{Entry, Side},
};

use super::{Ledger, count};
use crate::entry::word;

/// Why an entry can't stand in the record (yet).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It belongs to another contract.
    #[error("entry of contract {found}, this is contract {expected}")]
    Contract {
        /// This record's.
        expected: Hash,
        /// The entry's.
        found: Hash,
    },
    /// A first entry that is not at the beginning, or an entry that has not seen the first one.
    #[error("the first entry of a contract stands alone at the beginning, and every other has seen it")]
    Beginning,
    /// Entries before it are missing.
    #[error("the {}'s entry {found} can't stand before entry {expected}: ask for what is missing", word(*author))]
    Gap {
        /// Whose chain.
        author: Side,
        /// The next place in it.
        expected: u64,
        /// The entry's.
        found: u64,
    },
    /// It continues another chain than the one held: its author has written two.
    #[error("the {}'s entry {seq} follows {found}, the entry held before it is {expected}", word(*author))]
    Prev {
        /// Whose chain.
        author: Side,
        /// The entry's place.
        seq: u64,
        /// The id held before it.
        expected: Hash,
        /// The id it names.
        found: Hash,
    },
    /// It has seen entries of the other chain that are not here.
    #[error("the {}'s entry has seen {seen} entries of the other chain, only {held} are here: ask for the rest", word(*author))]
    SeenMissing {
        /// Who wrote it.
        author: Side,
        /// How many it has seen.
        seen: u64,
        /// How many are here.
        held: u64,
    },
    /// It has seen another chain than the one held.
    #[error("the {}'s entry has seen {found} as the other chain's entry {count}, held is {expected}", word(*author))]
    SeenOther {
        /// Who wrote it.
        author: Side,
        /// How many it has seen.
        count: u64,
        /// The id held there.
        expected: Hash,
        /// The id it names.
        found: Hash,
    },
    /// It has seen less than the entry before it.
    #[error("the {}'s entry has seen {found} entries, the one before it had seen {before}", word(*author))]
    SeenFell {
        /// Who wrote it.
        author: Side,
        /// What the one before it had seen.
        before: u64,
        /// What it has seen.
        found: u64,
    },
    /// It is dated before its predecessor.
    #[error("the {}'s entry is dated {found}, the one before it {before}", word(*author))]
    TimeFell {
        /// Who wrote it.
        author: Side,
        /// The predecessor's time.
        before: Time,
        /// Its time.
        found: Time,
    },
    /// It is dated ahead of our clock: hold it, and give it again then.
    #[error("the entry is dated {time}, ahead of our clock: hold it until {until}")]
    Held {
        /// Its time.
        time: Time,
        /// From when it can be taken.
        until: Time,
    },
}

impl<E: AsRef<Entry>> Ledger<E> {
    /// Returns whether the place is taken: by the entry itself (true), by another one (false).
    pub(super) fn check_place(&self, entry: &Entry) -> Result<Option<bool>, PlaceError> {
        let (header, author) = (&entry.header, entry.header.author);
        let chain = self.chains.of(author);
        let first = self.contract == Hash::ZERO;
        if self.place(&entry.id).is_some() {
            return Ok(Some(true));
        }
        if header.contract != self.contract {
            return Err(PlaceError::Contract { expected: self.contract, found: header.contract });
        }
        if first && (header.seq, header.seen.count) != (0, 0)
            || !first && header.seen.count == 0 && self.is_other(author)
        {
            return Err(PlaceError::Beginning);
        }
        let next = chain.len() as u64;
        if header.seq < next {
            return Ok(Some(false));
        }
        if header.seq > next {
            return Err(PlaceError::Gap { author, expected: next, found: header.seq });
        }
        let expected = chain.last().map_or(self.contract, |line| line.entry.as_ref().id);
        if header.prev != expected {
            return Err(PlaceError::Prev { author, seq: next, expected, found: header.prev });
        }
        self.check_past(entry).map(|()| None)
    }

    /// Whether that side did not write the contract's first entry.
    fn is_other(&self, side: Side) -> bool {
        self.place(&self.contract).is_some_and(|(author, _)| author != side)
    }

    fn check_past(&self, entry: &Entry) -> Result<(), PlaceError> {
        let (header, author) = (&entry.header, entry.header.author);
        if let Some(line) = self.chains.of(author).last() {
            let before = &line.entry.as_ref().header;
            if header.seen.count < before.seen.count {
                let (before, found) = (before.seen.count, header.seen.count);
                return Err(PlaceError::SeenFell { author, before, found });
            }
            if header.time < before.time {
                return Err(PlaceError::TimeFell { author, before: before.time, found: header.time });
            }
        }
        let (others, seen) = (self.chains.of(author.other()), header.seen);
        if seen.count > others.len() as u64 {
            return Err(PlaceError::SeenMissing { author, seen: seen.count, held: others.len() as u64 });
        }
        let expected = match count(entry) {
            0 => Hash::ZERO,
            count => others[count - 1].entry.as_ref().id,
        };
        if seen.hash != expected {
            return Err(PlaceError::SeenOther { author, count: seen.count, expected, found: seen.hash });
        }
        Ok(())
    }
}
