//! Brings two records of one contract together: a state machine for one contract and one peer, without I/O.
//!
//! Invariant: it sends what the peer lacks, each entry after its past, and asks for what we lack; it neither
//! judges nor keeps entries. Whatever is lost, doubled or reordered on the way costs time, never a wrong
//! record. The caller carries out the outputs in order,
//! and inserts what is delivered before it gives the next input. Pure.

use lncontract_core::{
    Hash,
    v1::{Seen, Side},
};

use crate::{
    entry::{EntryError, SignedEntry},
    hash::entry_id,
    merge::{Cut, Pair},
    record::Record,
    wire::{Assembly, Heads, Message, Want, WireError},
};

/// At most that many entries are sent before the peer has to ask for more.
pub const BATCH_MAX: usize = 100;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The peer can be reached (again). Give it again after a while in which a lossy transport said nothing.
    Connected,
    /// It can't any more.
    Disconnected,
    /// A frame came in.
    Received(&'a [u8]),
    /// The record has grown.
    Appended,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this frame.
    Send(Vec<u8>),
    /// Insert this entry into the record (or begin the record with it).
    Deliver(Vec<u8>),
    /// That side's chain is another one with the peer. The proof is on its way, if there is one.
    Diverged(Side),
}

/// Why a frame was of no use. The connection may go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// The frame can't be read.
    #[error("the frame can't be read")]
    Wire(#[from] WireError),
    /// The entry in it can't be read.
    #[error("the entry can't be read")]
    Entry(#[from] EntryError),
    /// It is about another contract.
    #[error("frame of contract {found}, this is contract {expected}")]
    Contract {
        /// This machine's.
        expected: Hash,
        /// The frame's.
        found: Hash,
    },
    /// It came before a connection was reported.
    #[error("a frame came before the connection: report the connection first")]
    NotConnected,
}

/// The state of one contract's exchange with one peer.
#[derive(Clone, Debug)]
pub struct Sync {
    contract: Hash,
    connected: bool,
    assembly: Assembly,
    next_message: u32,
    /// What the peer said it holds, on this connection.
    peer: Option<Pair<Seen>>,
    /// What the peer holds or was sent.
    sent: Cut,
    /// What we asked from last: the same is not asked twice on a connection.
    asked: Option<Cut>,
    /// While looking for the entry where a chain divides: whose, and from where we asked last.
    search: Option<(Side, usize)>,
}

type Outputs = Result<Vec<Output>, SyncError>;

impl Sync {
    /// Makes the machine of a contract, disconnected.
    pub fn new(contract: Hash) -> Self {
        Self {
            contract,
            connected: false,
            assembly: Assembly::default(),
            next_message: 0,
            peer: None,
            sent: Cut::default(),
            asked: None,
            search: None,
        }
    }

    /// Returns whether heads were exchanged on this connection and everything the peer told of is here and
    /// fits. Nothing is to be signed before. With a chain that has forked it never comes:
    /// the repair is agreed outside.
    pub fn ready(&self, record: Option<&Record>) -> bool {
        let Some(peer) = &self.peer else { return false };
        let ours = heads(record);
        let fits =
            |side: Side| ours.of(side).count >= peer.of(side).count && !differs(record, side, peer.of(side));
        self.connected && fits(Side::Buyer) && fits(Side::Seller)
    }

    /// Takes what happened and says what is to be done. `record` is the one held, if there is one yet.
    ///
    /// # Errors
    /// When a frame is of no use.
    pub fn handle(&mut self, input: Input<'_>, record: Option<&Record>) -> Outputs {
        match input {
            Input::Connected => {
                *self = Self { connected: true, next_message: self.next_message, ..Self::new(self.contract) };
                self.send_heads(record, true)
            }
            Input::Disconnected => {
                *self = Self { next_message: self.next_message, ..Self::new(self.contract) };
                Ok(Vec::new())
            }
            Input::Received(_) if !self.connected => Err(SyncError::NotConnected),
            Input::Received(frame) => match self.assembly.take(frame)? {
                None => Ok(Vec::new()),
                Some(message) => {
                    self.check_contract(frame)?;
                    self.receive(message, record)
                }
            },
            Input::Appended if self.connected && self.peer.is_some() => self.send_tail(record),
            Input::Appended => Ok(Vec::new()),
        }
    }

    fn check_contract(&self, frame: &[u8]) -> Result<(), SyncError> {
        let found = crate::wire::contract_of(frame)?;
        let expected = self.contract;
        if found == expected { Ok(()) } else { Err(SyncError::Contract { expected, found }) }
    }

    fn receive(&mut self, message: Message, record: Option<&Record>) -> Outputs {
        match message {
            Message::Heads(heads) => self.receive_heads(&heads, record),
            Message::Entry(bytes) => self.receive_entry(bytes, record),
            Message::Want(want) => {
                self.sent = Cut { buyer: place(want.buyer), seller: place(want.seller) };
                let mut outputs = self.send_tail(record)?;
                if !outputs.is_empty() {
                    outputs.extend(self.send_heads(record, false)?);
                }
                Ok(outputs)
            }
        }
    }

    /// Heads that ask for an answer open the exchange: the answer comes behind the entries that the peer
    /// lacks, so that it knows by our heads whether it has them all.
    fn receive_heads(&mut self, theirs: &Heads, record: Option<&Record>) -> Outputs {
        let peer = Pair { buyer: theirs.buyer, seller: theirs.seller };
        self.peer = Some(peer);
        let held = Cut { buyer: place(peer.buyer.count), seller: place(peer.seller.count) };
        let mut outputs = Vec::new();
        if theirs.answer {
            self.sent = held;
            outputs.extend(self.send_tail(record)?);
            outputs.extend(self.send_heads(record, false)?);
        } else {
            // What it tells of need not be sent. What it does not tell of may still be on its way.
            let sent = &mut self.sent;
            *sent = Cut { buyer: sent.buyer.max(held.buyer), seller: sent.seller.max(held.seller) };
        }
        let sides = [Side::Buyer, Side::Seller];
        match sides.into_iter().find(|&side| differs(record, side, peer.of(side))) {
            Some(side) => outputs.extend(self.look_for_fork(side, record)?),
            None => {
                self.search = None;
                let behind = sides.into_iter().any(|side| heads(record).of(side).count < peer.of(side).count);
                if behind && !theirs.answer {
                    outputs.extend(self.ask(ends(record))?);
                }
            }
        }
        Ok(outputs)
    }

    fn receive_entry(&mut self, bytes: Vec<u8>, record: Option<&Record>) -> Outputs {
        let header = SignedEntry::peek(&bytes)?;
        let id = entry_id(&header).map_err(EntryError::from)?;
        let found = if header.contract == Hash::ZERO { id } else { header.contract };
        if found != self.contract {
            return Err(SyncError::Contract { expected: self.contract, found });
        }
        let (side, at, ours) = (header.author, place(header.seq), ends(record));
        let held = record.and_then(|record| record.entry(side, at));
        if held.is_some_and(|held| held.id() == id) {
            return Ok(Vec::new());
        }
        if held.is_some() {
            // The proof of a fork: the record keeps both.
            self.search = None;
            return Ok(vec![Output::Diverged(side), Output::Deliver(bytes)]);
        }
        if at > *ours.of(side) || place(header.seen.count) > *ours.of(side.other()) {
            return self.ask(ours);
        }
        let before = at.checked_sub(1).and_then(|before| record?.entry(side, before));
        if before.is_some_and(|before| before.id() != header.prev) {
            return self.look_for_fork(side, record);
        }
        let sent = self.sent.of_mut(side);
        *sent = (*sent).max(at + 1);
        Ok(vec![Output::Deliver(bytes)])
    }

    /// Asks for the peer's chain of that side, batch by batch, until the entry comes that differs.
    fn look_for_fork(&mut self, side: Side, record: Option<&Record>) -> Outputs {
        let from = match self.search {
            Some((searched, from)) if searched == side => from + BATCH_MAX,
            _ => 0,
        };
        let mut outputs = if from == 0 { vec![Output::Diverged(side)] } else { Vec::new() };
        let mut cut = ends(record);
        if from < *cut.of(side) {
            self.search = Some((side, from));
            *cut.of_mut(side) = from;
            outputs.extend(self.ask(cut)?);
        }
        Ok(outputs)
    }

    fn ask(&mut self, from: Cut) -> Outputs {
        if self.asked == Some(from) {
            return Ok(Vec::new());
        }
        self.asked = Some(from);
        self.send(&Message::Want(Want { buyer: from.buyer as u64, seller: from.seller as u64 }))
    }

    fn send_heads(&mut self, record: Option<&Record>, answer: bool) -> Outputs {
        let Pair { buyer, seller } = heads(record);
        self.send(&Message::Heads(Heads { answer, buyer, seller }))
    }

    fn send_tail(&mut self, record: Option<&Record>) -> Outputs {
        let Some(record) = record else { return Ok(Vec::new()) };
        let mut outputs = Vec::new();
        for entry in record.entries_from(self.sent).take(BATCH_MAX) {
            outputs.extend(self.send(&Message::Entry(entry.bytes().to_vec()))?);
            *self.sent.of_mut(entry.entry().header.author) += 1;
        }
        Ok(outputs)
    }

    fn send(&mut self, message: &Message) -> Outputs {
        let id = self.next_message;
        self.next_message = id.wrapping_add(1);
        Ok(message.frames(self.contract, id)?.into_iter().map(Output::Send).collect())
    }
}

fn place(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn heads(record: Option<&Record>) -> Pair<Seen> {
    let none = Seen { count: 0, hash: Hash::ZERO };
    record.map_or(Pair { buyer: none, seller: none }, Record::heads)
}

fn ends(record: Option<&Record>) -> Cut {
    record.map_or(Cut::default(), |record| record.ledger().ends())
}

/// Whether the peer's chain is known to be another one: where it ends, we hold another entry.
fn differs(record: Option<&Record>, side: Side, peer: &Seen) -> bool {
    let last = place(peer.count).checked_sub(1).and_then(|last| record?.entry(side, last));
    last.is_some_and(|held| held.id() != peer.hash)
}
