//! What the fake network knows: chain height, nodes, links. Pure, under one lock.
//!
//! Invariant: every change that a host should hear of pushes its event in the same step.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use bitcoin::{
    Address, Network, ScriptBuf, Txid,
    hashes::{Hash, sha256},
    key::CompressedPublicKey,
    secp256k1::SecretKey,
};

use super::{Behind, channels::FakeChannel, payments::FakePayment};
use crate::{Host, NodeEvent, NodeKey, OnchainMovement, PaymentHash, PaymentPreimage};

/// A coin of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coin {
    pub(super) sat: u64,
    /// The height from which it can be spent.
    pub(super) from_height: u32,
}

/// Money of a closed channel on its way back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Returning {
    pub(super) sat: u64,
    /// What the transaction that brings it costs us.
    pub(super) fee_sat: u64,
    pub(super) due_height: u32,
    /// The transaction that brings it, and the sum of its outputs.
    pub(super) tx: Txid,
    pub(super) outputs_sat: u64,
}

impl Returning {
    fn brings_sat(&self) -> u64 {
        self.sat.saturating_sub(self.fee_sat)
    }
}

/// Whether a node runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// Since its how manieth start.
    Running(u64),
    /// Ended, and why.
    Stopped(String),
}

/// A node.
pub(super) struct Seat {
    pub(super) secret: SecretKey,
    pub(super) key: NodeKey,
    pub(super) host: Arc<dyn Host>,
    pub(super) run: Run,
    pub(super) starts: u64,
    pub(super) coins: Vec<Coin>,
    pub(super) returning: Vec<Returning>,
    pub(super) movements: Vec<OnchainMovement>,
    pub(super) addresses: BTreeSet<ScriptBuf>,
    pub(super) known: BTreeSet<NodeKey>,
    pub(super) outbox: VecDeque<NodeEvent>,
    pub(super) invoices: BTreeMap<PaymentHash, PaymentPreimage>,
    pub(super) pending_limit: usize,
    pub(super) lost_answer: Option<Behind>,
}

impl Seat {
    pub(super) fn new(secret: SecretKey, key: NodeKey, host: Arc<dyn Host>) -> Self {
        Seat {
            secret,
            key,
            host,
            run: Run::Stopped("it was never started".into()),
            starts: 0,
            coins: Vec::new(),
            returning: Vec::new(),
            movements: Vec::new(),
            addresses: BTreeSet::new(),
            known: BTreeSet::new(),
            outbox: VecDeque::new(),
            invoices: BTreeMap::new(),
            pending_limit: 5,
            lost_answer: None,
        }
    }

    pub(super) fn runs(&self) -> bool {
        matches!(self.run, Run::Running(_))
    }
}

/// Two nodes, the lower place first.
pub(super) type Pair = (usize, usize);

#[derive(Default)]
pub(super) struct State {
    pub(super) height: u32,
    pub(super) seats: Vec<Seat>,
    pub(super) channels: Vec<FakeChannel>,
    pub(super) payments: Vec<FakePayment>,
    pub(super) links: BTreeSet<Pair>,
    pub(super) cut: BTreeSet<Pair>,
    drawn: u64,
}

pub(super) fn address_of(key: &NodeKey) -> String {
    format!("node-{}.fake:9735", &key.to_string()[2..18])
}

impl State {
    pub(super) fn seat_of(&self, key: &NodeKey) -> Option<usize> {
        self.seats.iter().position(|seat| seat.key == *key)
    }

    pub(super) fn seat_mut(&mut self, key: &NodeKey) -> &mut Seat {
        let seat = self.seat_of(key).expect("a node of this network");
        &mut self.seats[seat]
    }

    pub(super) fn pair(&self, one: &NodeKey, other: &NodeKey) -> Pair {
        let place = |key| self.seat_of(key).expect("a node of this network");
        ordered(place(one), place(other))
    }

    /// Bytes that never come twice: ids, preimages, addresses.
    pub(super) fn draw(&mut self) -> [u8; 32] {
        self.drawn += 1;
        sha256::Hash::hash(&self.drawn.to_be_bytes()).to_byte_array()
    }

    pub(super) fn draw_txid(&mut self) -> Txid {
        Txid::from_byte_array(self.draw())
    }

    pub(super) fn push(&mut self, seat: usize, event: NodeEvent) {
        self.seats[seat].outbox.push_back(event);
    }

    pub(super) fn new_address(&mut self, seat: usize) -> Address {
        let secret = SecretKey::from_slice(&self.draw()).expect("a hash is a valid key (but for 1 in 2^127)");
        let public = secret.public_key(&bitcoin::secp256k1::Secp256k1::new());
        let address = Address::p2wpkh(&CompressedPublicKey(public), Network::Regtest);
        self.seats[seat].addresses.insert(address.script_pubkey());
        address
    }

    /// Money from outside.
    pub(super) fn receive(&mut self, seat: usize, sat: u64) {
        let movement = OnchainMovement {
            txid: self.draw_txid(),
            received_sat: sat,
            sent_sat: 0,
            outputs_sat: sat,
            fee_sat: None,
            height: Some(self.height + 1),
        };
        self.seats[seat].movements.push(movement);
        self.deposit(seat, sat);
    }

    pub(super) fn deposit(&mut self, seat: usize, sat: u64) {
        let from_height = self.height + 1;
        self.seats[seat].coins.push(Coin { sat, from_height });
    }

    pub(super) fn linked(&self, one: usize, other: usize) -> bool {
        self.links.contains(&ordered(one, other))
    }

    pub(super) fn link(&mut self, pair: Pair) {
        let (one, other) = pair;
        let both_run = self.seats[one].runs() && self.seats[other].runs();
        if !both_run || self.cut.contains(&pair) || !self.links.insert(pair) {
            return;
        }
        for (seat, other) in [(one, other), (other, one)] {
            let peer = self.seats[other].key;
            self.push(seat, NodeEvent::Peer { peer, connected: true });
        }
        self.make_ready();
        self.note_usable(pair);
    }

    pub(super) fn unlink(&mut self, pair: Pair) {
        if !self.links.remove(&pair) {
            return;
        }
        for (seat, other) in [(pair.0, pair.1), (pair.1, pair.0)] {
            let peer = self.seats[other].key;
            self.push(seat, NodeEvent::Peer { peer, connected: false });
        }
        self.note_usable(pair);
    }

    /// Connects all who know each other and may.
    pub(super) fn relink(&mut self) {
        for seat in 0..self.seats.len() {
            for peer in self.seats[seat].known.clone() {
                if let Some(other) = self.seat_of(&peer) {
                    self.link(ordered(seat, other));
                }
            }
        }
    }

    pub(super) fn start(&mut self, seat: usize) -> u64 {
        self.seats[seat].starts += 1;
        let run = self.seats[seat].starts;
        self.seats[seat].run = Run::Running(run);
        self.drop_unfunded(seat);
        self.push_block(seat);
        self.relink();
        run
    }

    pub(super) fn stop(&mut self, seat: usize) {
        if self.seats[seat].runs() {
            self.end(seat, "the node was stopped; start it again");
        }
    }

    fn end(&mut self, seat: usize, why: &str) {
        self.seats[seat].run = Run::Stopped(why.into());
        for other in (0..self.seats.len()).filter(|other| *other != seat) {
            self.unlink(ordered(seat, other));
        }
    }

    pub(super) fn break_node(&mut self, seat: usize, reason: &str) {
        self.end(seat, &format!("the node has stopped: {reason}; start it again"));
        self.push(seat, NodeEvent::Stopped { reason: reason.into() });
    }

    fn push_block(&mut self, seat: usize) {
        let block = NodeEvent::Block { height: self.height };
        // Only the last height is news.
        self.seats[seat].outbox.retain(|event| !matches!(event, NodeEvent::Block { .. }));
        self.push(seat, block);
    }

    pub(super) fn mine_one(&mut self) {
        self.height += 1;
        let height = self.height;
        self.confirm_channels();
        for seat in 0..self.seats.len() {
            let (due, waiting): (Vec<_>, Vec<_>) =
                self.seats[seat].returning.drain(..).partition(|returning| returning.due_height <= height);
            self.seats[seat].returning = waiting;
            let paid = due.iter().filter(|returning| returning.brings_sat() > 0);
            let paid = paid.map(|returning| OnchainMovement {
                txid: returning.tx,
                received_sat: returning.brings_sat(),
                sent_sat: 0,
                outputs_sat: returning.outputs_sat,
                fee_sat: None,
                height: Some(height),
            });
            self.seats[seat].movements.extend(paid);
            let coins =
                due.into_iter().map(|returning| Coin { sat: returning.brings_sat(), from_height: height });
            self.seats[seat].coins.extend(coins.filter(|coin| coin.sat > 0));
            if self.seats[seat].runs() {
                self.push_block(seat);
            }
        }
    }
}

pub(super) fn ordered(one: usize, other: usize) -> Pair {
    (one.min(other), one.max(other))
}
