//! A network of nodes in memory: what the port means, without keys on a chain, files or sockets.
//!
//! Invariant: it passes the same conformance suite as every adapter. Money is conserved: what leaves one
//! place arrives in another or is a fee. A node keeps what it knows through a restart; its host hears each
//! event until it has recorded it.
//!
//! What it leaves out: reorganisations, fee markets, HTLCs decided on chain (a payment in flight over a
//! channel that is closed alone fails when the closing transaction confirms).

mod balances;
mod channels;
mod node;
mod payments;
mod pump;
mod splices;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bitcoin::{
    Address,
    secp256k1::{Secp256k1, SecretKey},
};
use tokio::sync::Notify;

pub use node::FakeLightning;

use self::state::{Seat, State};
use crate::{Host, NodeKey};

/// Seconds since 1970 UTC.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Confirmations that every node asks of a funding transaction or splice.
pub const CONFIRMATIONS: u32 = 3;
/// Kept on chain for each channel, in satoshi.
pub const RESERVE_SAT: u64 = 50_000;
/// Fee of a funding transaction for each of its inputs, in satoshi; its outputs cost as much as one input.
pub const INPUT_FEE_SAT: u64 = 100;
/// Fee of a closing or commitment transaction, paid by the opener, and of each sweep, in satoshi.
pub const CLOSE_FEE_SAT: u64 = 500;

/// Whether something happened although its caller was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// It happened.
    Done,
    /// It did not.
    NotDone,
}

/// The network: its chain, its nodes, and what can go wrong on purpose.
pub struct FakeNetwork {
    state: Mutex<State>,
    changed: Notify,
    clock: Clock,
}

impl FakeNetwork {
    /// An empty network with that clock.
    pub fn new(clock: Clock) -> Arc<Self> {
        Arc::new(FakeNetwork { state: Mutex::default(), changed: Notify::new(), clock })
    }

    /// An empty network where it is always that second (since 1970 UTC).
    pub fn at(unix_s: u64) -> Arc<Self> {
        Self::new(Arc::new(move || unix_s))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes every node.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.notify_waiters();
        result
    }

    /// Starts a node whose key comes from `seed` alone (1 to 255); its events go to `host`.
    /// Needs a tokio runtime.
    ///
    /// # Panics
    /// If there is a node with that seed already, or the seed is zero.
    pub fn node(self: &Arc<Self>, seed: u8, host: Arc<dyn Host>) -> Arc<FakeLightning> {
        let secret =
            SecretKey::from_slice(&[seed; 32]).expect("a seed from 1 to 254 repeated is a valid key");
        let key = secret.public_key(&Secp256k1::new());
        self.change(|state| {
            assert!(state.seat_of(&key).is_none(), "there is a node with seed {seed} already");
            state.seats.push(Seat::new(secret, key, host));
        });
        self.start(key)
    }

    /// Starts a node again after [`crate::Lightning::stop`]; a node that runs is stopped first.
    ///
    /// # Panics
    /// If there never was such a node.
    pub fn start(self: &Arc<Self>, key: NodeKey) -> Arc<FakeLightning> {
        let (seat, run) = self.change(|state| {
            let seat = state.seat_of(&key).expect("a node of this network");
            state.stop(seat);
            (seat, state.start(seat))
        });
        tokio::spawn(pump::run(self.clone(), seat, run));
        Arc::new(FakeLightning { network: self.clone(), seat, run })
    }

    /// Where a node listens.
    pub fn address(&self, key: NodeKey) -> String {
        state::address_of(&key)
    }

    /// Mines blocks, one after the other.
    pub fn mine(&self, blocks: u32) {
        self.change(|state| (0..blocks).for_each(|_| state.mine_one()));
    }

    /// The height of the chain.
    pub fn height(&self) -> u32 {
        self.state().height
    }

    /// Pays one coin to a node; it can be spent after the next block.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn fund(&self, key: NodeKey, sat: u64) {
        self.change(|state| {
            let seat = state.seat_of(&key).expect("a node of this network");
            state.receive(seat, sat);
        });
    }

    /// Pays one coin to an address; false if no node has given it out.
    pub fn fund_address(&self, address: &Address, sat: u64) -> bool {
        self.change(|state| {
            let owner = state.seats.iter().position(|seat| seat.addresses.contains(&address.script_pubkey()));
            owner.inspect(|seat| state.receive(*seat, sat)).is_some()
        })
    }

    /// Sets how many channels waiting for confirmations a node allows with one peer (5 at first).
    pub fn set_pending_limit(&self, key: NodeKey, channels: usize) {
        self.change(|state| state.seat_mut(&key).pending_limit = channels);
    }

    /// The next `open_channel`, `splice` or `pay` of that node answers "outcome unknown".
    pub fn lose_next_answer(&self, key: NodeKey, behind: Behind) {
        self.change(|state| state.seat_mut(&key).lost_answer = Some(behind));
    }

    /// Cuts the connection between two nodes until [`Self::heal`].
    pub fn cut(&self, one: NodeKey, other: NodeKey) {
        self.change(|state| {
            let pair = state.pair(&one, &other);
            state.cut.insert(pair);
            state.unlink(pair);
        });
    }

    /// Lets two nodes connect again; they do, if one of them knows the other's address.
    pub fn heal(&self, one: NodeKey, other: NodeKey) {
        self.change(|state| {
            let pair = state.pair(&one, &other);
            state.cut.remove(&pair);
            state.relink();
        });
    }

    /// Breaks a node as a full disk would: its host hears [`crate::NodeEvent::Stopped`], its calls fail.
    pub fn break_node(&self, key: NodeKey, reason: &str) {
        self.change(|state| {
            let seat = state.seat_of(&key).expect("a node of this network");
            state.break_node(seat, reason);
        });
    }
}

#[cfg(test)]
mod tests;
