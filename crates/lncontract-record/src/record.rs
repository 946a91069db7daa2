//! The record of one contract as one company holds it: both signed chains and what follows from them.
//!
//! Invariant: nothing stands in it whose signature was not checked here, own or received; nothing is ever
//! taken out. Persist first: keep an entry's bytes before they are sent,
//! and before this record is believed. Pure.

use lncontract_core::{
    Contract, Hash, Time,
    v1::{Entry, Genesis, Header, Kind, Payload, Seen, Side},
};

use crate::{
    canonical::CanonicalError,
    entry::{EntryError, SignedEntry, VERSION},
    hash::{entry_id, payload_hash, state_hash},
    ledger::{Fault, Ledger, Line, PlaceError, Placed, Verdict},
    merge::{Cut, Pair},
};

/// Proofs of a fork beyond that many are not kept: one is enough.
const FORKS_MAX: usize = 16;

/// Why an entry was not taken into the record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Its bytes, hashes or signatures are wrong.
    #[error("the entry is not what it claims to be")]
    Entry(#[from] EntryError),
    /// It can't stand at its place, or not yet.
    #[error("the entry can't stand at its place")]
    Place(#[from] PlaceError),
    /// The contract's first entry is not allowed, so there is no contract.
    #[error("the first entry is not allowed")]
    First(#[source] Fault),
    /// There were no entries.
    #[error("no entries: a record begins with its contract's first entry")]
    Empty,
}

/// Why an entry should not be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// It has no canonical form.
    #[error("the entry can't be written")]
    Canonical(#[from] CanonicalError),
    /// It would be a fault of ours.
    #[error("the entry is not allowed now")]
    Fault(#[from] Fault),
}

/// What came of an entry that was given to the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It was here before.
    Known,
    /// It stands in the record, with the verdict as of now.
    New(Verdict),
    /// Its author has written two entries for one place. Both are kept, payments are frozen.
    Forked(Box<Fork>),
}

/// Two entries of one author for one place: evidence that anyone can check with the author's record key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The one that stands in the chain.
    pub held: SignedEntry,
    /// The one that came later.
    pub other: SignedEntry,
}

/// The record of one contract.
#[derive(Clone, Debug)]
pub struct Record {
    keys: Genesis,
    ledger: Ledger<SignedEntry>,
    forks: Vec<Fork>,
}

impl Record {
    /// Begins the record with the contract's first entry, own or received.
    ///
    /// # Errors
    /// When the entry is no first entry, or not allowed.
    pub fn begin(bytes: &[u8], now: Time) -> Result<Self, RecordError> {
        let first = SignedEntry::open(bytes, None)?;
        let id = first.id();
        let keys = first.genesis().cloned().ok_or(EntryError::Genesis)?;
        let mut ledger = Ledger::default();
        ledger.insert(first, now)?;
        match ledger.line(&id).map(|line| &line.verdict) {
            Some(Verdict::Fault(fault)) => Err(RecordError::First(fault.clone())),
            _ => Ok(Self { keys, ledger, forks: Vec::new() }),
        }
    }

    /// Opens a record from its stored entries, in any order in which each comes after its past: the order in
    /// which they were appended is one. Clocks were asked when they came in, and are not asked again.
    ///
    /// # Errors
    /// When an entry does not fit. Such a store is damaged: stop, do not skip.
    pub fn replay<B: AsRef<[u8]>>(entries: impl IntoIterator<Item = B>) -> Result<Self, RecordError> {
        let end_of_time = Time(i64::MAX);
        let mut entries = entries.into_iter();
        let first = entries.next().ok_or(RecordError::Empty)?;
        let mut record = Self::begin(first.as_ref(), end_of_time)?;
        for bytes in entries {
            record.insert(bytes.as_ref(), end_of_time)?;
        }
        Ok(record)
    }

    /// Opens, places and judges an entry, own or received alike.
    ///
    /// # Errors
    /// When it is not what it claims to be, or can't stand there (yet). Nothing has changed then.
    pub fn insert(&mut self, bytes: &[u8], now: Time) -> Result<Inserted, RecordError> {
        let entry = SignedEntry::open(bytes, Some(&self.keys))?;
        let id = entry.id();
        match self.ledger.insert(entry, now)? {
            Placed::Known => Ok(Inserted::Known),
            Placed::New => {
                let line = self.ledger.line(&id).expect("it was placed just now");
                Ok(Inserted::New(line.verdict.clone()))
            }
            Placed::Fork(other) => Ok(Inserted::Forked(Box::new(self.keep_fork(other)))),
        }
    }

    fn keep_fork(&mut self, other: SignedEntry) -> Fork {
        let header = &other.entry().header;
        let place = usize::try_from(header.seq).expect("its place is taken, so it is a place");
        let held = self.ledger.chain(header.author)[place].entry.clone();
        let fork = Fork { held, other };
        if self.forks.len() < FORKS_MAX && !self.forks.contains(&fork) {
            self.forks.push(fork.clone());
        }
        fork
    }

    /// Returns the header of a contract's first entry.
    ///
    /// # Errors
    /// When the payload has no canonical form.
    pub fn first_header(author: Side, time: Time, payload: &Payload) -> Result<Header, CanonicalError> {
        Ok(Header {
            v: VERSION,
            contract: Hash::ZERO,
            author,
            seq: 0,
            prev: Hash::ZERO,
            seen: Seen { count: 0, hash: Hash::ZERO },
            terms: Hash::ZERO,
            kind: payload.kind(),
            time,
            payload_hash: payload_hash(payload)?,
        })
    }

    /// Returns the header of a side's next entry, which has seen everything held here. Its time is the given
    /// one, or the predecessor's if our clock has fallen behind that.
    ///
    /// # Errors
    /// When the payload has no canonical form.
    pub fn next_header(&self, author: Side, time: Time, payload: &Payload) -> Result<Header, CanonicalError> {
        let last = self.ledger.chain(author).last().map(|line| line.entry.entry());
        Ok(Header {
            v: VERSION,
            contract: self.contract(),
            author,
            seq: self.ledger.chain(author).len() as u64,
            prev: last.map_or(self.contract(), |entry| entry.id),
            seen: *self.heads().of(author.other()),
            terms: self.state().terms_hash(),
            kind: payload.kind(),
            time: last.map_or(time, |entry| time.max(entry.header.time)),
            payload_hash: payload_hash(payload)?,
        })
    }

    /// Drafts a side's next entry and judges it as it will be judged: what passes here is no fault.
    ///
    /// # Errors
    /// When it is not allowed now, or can't be written.
    pub fn draft(&self, author: Side, time: Time, payload: Payload) -> Result<Entry, DraftError> {
        let header = self.next_header(author, time, &payload)?;
        let entry = Entry { id: entry_id(&header)?, header, payload };
        self.ledger.judge_next(&entry)?;
        Ok(entry)
    }

    /// Returns the contract's id.
    pub fn contract(&self) -> Hash {
        self.ledger.contract()
    }

    /// Returns the keys that the first entry brought.
    pub fn keys(&self) -> &Genesis {
        &self.keys
    }

    /// Returns the state of everything held.
    pub fn state(&self) -> &Contract {
        self.ledger.state()
    }

    /// Returns the hash of that state: what the next entry of either side that carries one has to state.
    pub fn state_hash(&self) -> Hash {
        state_hash(self.state())
    }

    /// Returns the chains, places, verdicts and order behind this record.
    pub fn ledger(&self) -> &Ledger<SignedEntry> {
        &self.ledger
    }

    /// Returns an entry's verdict as of now; final if [`Self::settled`].
    pub fn effect(&self, id: &Hash) -> Option<&Verdict> {
        self.ledger.line(id).map(|line| &line.verdict)
    }

    /// Returns whether an entry of the other chain has seen that one.
    /// Nothing irreversible rests on one that is not.
    pub fn settled(&self, id: &Hash) -> bool {
        self.ledger.settled(id)
    }

    /// Returns how long both chains are and what they end with.
    pub fn heads(&self) -> Pair<Seen> {
        let head = |side| {
            let chain = self.ledger.chain(side);
            Seen { count: chain.len() as u64, hash: chain.last().map_or(Hash::ZERO, |line| line.entry.id()) }
        };
        Pair { buyer: head(Side::Buyer), seller: head(Side::Seller) }
    }

    /// Returns one entry.
    pub fn entry(&self, side: Side, place: usize) -> Option<&SignedEntry> {
        self.ledger.chain(side).get(place).map(|line| &line.entry)
    }

    /// Returns the entries behind a cut, each after its past: what someone who holds the cut has to be sent.
    pub fn entries_from(&self, cut: Cut) -> impl Iterator<Item = &SignedEntry> {
        let mut at = cut;
        std::iter::from_fn(move || {
            let next = |side| self.entry(side, *at.of(side));
            let fits = |side: Side, entry: &SignedEntry| {
                entry.entry().header.seen.count <= *at.of(side.other()) as u64
            };
            let side = match (next(Side::Buyer), next(Side::Seller)) {
                (Some(entry), _) if fits(Side::Buyer, entry) => Side::Buyer,
                (_, Some(_)) => Side::Seller,
                // Only a cut that no one can hold leaves an entry before its past; it is sent all the same.
                (Some(_), None) => Side::Buyer,
                (None, None) => return None,
            };
            let entry = next(side);
            *at.of_mut(side) += 1;
            entry
        })
    }

    /// Returns whether something other than acks and heartbeats of the other side waits for that side to see
    /// it.
    pub fn needs_ack(&self, side: Side) -> bool {
        let unseen = &self.ledger.chain(side.other())[self.ledger.seen(side)..];
        unseen.iter().any(|line| !matches!(line.entry.entry().header.kind, Kind::Ack | Kind::Heartbeat))
    }

    /// Returns the proofs that an author has written two chains.
    pub fn forks(&self) -> &[Fork] {
        &self.forks
    }

    /// Returns the entries whose stated state is not the one we compute,
    /// where their author has not agreed since.
    pub fn differing(&self) -> Vec<&Line<SignedEntry>> {
        let last_word = |side| {
            let chain = self.ledger.chain(side);
            chain.iter().rev().find(|line| crate::ledger::stated_state(&line.entry.entry().payload).is_some())
        };
        let words = [Side::Buyer, Side::Seller].into_iter().filter_map(last_word);
        words.filter(|line| line.differs.is_some()).collect()
    }

    /// Returns whether nothing may be paid automatically: a chain is forked, or the states differ.
    pub fn payments_frozen(&self) -> bool {
        !self.forks.is_empty() || !self.differing().is_empty()
    }
}

impl AsRef<Entry> for SignedEntry {
    fn as_ref(&self) -> &Entry {
        self.entry()
    }
}
