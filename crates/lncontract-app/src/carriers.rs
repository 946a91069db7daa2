//! Which way the record goes to each counterparty: over the nodes' connection, or over HTTPS. What waits for HTTPS,
//! when it is tried again, and what is told of it.
//!
//! Invariant: without clock, randomness, input or output: the time is an argument. What waits here may be lost at any
//! moment: what counts is in the store, and is sent again from there once a way is open. A way that failed counts as
//! closed until it has carried something.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use lncontract_core::{Hash, NodeId, Time};
use lncontract_record::envelope::Envelope;
use tokio::time::Instant;

/// After that long without anything over HTTPS the way counts as closed: two questions in a row are missing.
const OPEN_FOR: Duration = Duration::from_secs(150);
/// How often we ask over HTTPS while the nodes' connection carries: the way is known before it is needed, and a peer
/// whose node can't carry is heard.
const ASK_BESIDE: Duration = Duration::from_secs(60);
/// How often we ask where HTTPS carries, and the peer can send to us by itself.
const ASK_REACHED: Duration = Duration::from_secs(30);
/// How often we ask where we hear from the peer in its answers only.
const ASK_ALONE: Duration = Duration::from_secs(5);
/// How long the peer may take to answer over the nodes' connection before HTTPS is taken.
const NODE_PATIENCE: Duration = Duration::from_secs(10);
/// The first wait after a failure; each further one doubles it.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const RETRY_MAX: Duration = Duration::from_secs(600);
/// How many bytes may wait for one peer. What is beyond is dropped: the exchange asks for it again.
const WAITING_LEN_MAX: usize = 16 << 20;
/// How far the clock of a question may be from ours, in seconds: the record's own rule for entries.
pub(crate) const CLOCK_DIFFERS_MAX_S: i64 = 300;
/// How many questions of one peer are remembered. More within the time that they are good for are not taken.
const REMEMBERED_MAX: usize = 10_000;

/// What carries frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// The connection of the two nodes.
    Node,
    /// Questions and answers over HTTPS.
    Https,
}

/// Why questions are not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Since when.
    pub(crate) since: Time,
    /// What the last attempt said, and what to do.
    pub(crate) reason: String,
    /// When it is tried again.
    pub(crate) next_at: Instant,
    /// How many attempts failed in a row.
    tries: u32,
}

/// The ways to one counterparty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    /// Where it answers over HTTPS, if it does.
    pub(crate) address: Option<String>,
    /// What carried something last, and when.
    pub(crate) heard: Option<(Carrier, Time)>,
    /// Why it does not answer.
    pub(crate) trouble: Option<Trouble>,
    waiting: VecDeque<Vec<u8>>,
    waiting_len: usize,
    /// Our question is on its way.
    busy: bool,
    /// Its last question, and its last answer to ours.
    asked: Option<Instant>,
    answered: Option<Instant>,
    /// Whether it has answered us over the nodes' connection, and our first question there since.
    node_proven: bool,
    node_asked: Option<Instant>,
    /// Its questions that are still good, and how long.
    remembered: HashMap<Hash, Time>,
}

impl Link {
    /// Nothing was carried yet.
    pub(crate) fn to(address: Option<String>) -> Self {
        Self { address, ..Self::default() }
    }

    /// What carries now, if anything. `node`: whether the nodes are connected. That they are does not mean that
    /// messages go through: where HTTPS is open, the nodes' connection has to have answered first.
    pub(crate) fn carrier(&self, now: Instant, node: bool) -> Option<Carrier> {
        let late = self.node_asked.is_some_and(|at| now > at + NODE_PATIENCE);
        match (node, self.https_is_open(now)) {
            (true, true) if self.node_proven && !late => Some(Carrier::Node),
            (_, true) => Some(Carrier::Https),
            (true, false) => Some(Carrier::Node),
            (false, false) => None,
        }
    }

    /// Whether something came over HTTPS a while ago, and nothing failed since.
    pub(crate) fn https_is_open(&self, now: Instant) -> bool {
        let lately = |at: Option<Instant>| at.is_some_and(|at| now < at + OPEN_FOR);
        lately(self.asked) || (self.trouble.is_none() && lately(self.answered))
    }

    /// We asked over the nodes' connection, and the peer has to answer.
    pub(crate) fn asked_by_node(&mut self, now: Instant) {
        self.node_asked.get_or_insert(now);
    }

    /// Our node could not send, or nothing came back in time.
    pub(crate) fn node_failed(&mut self) {
        (self.node_proven, self.node_asked) = (false, None);
    }

    /// The peer's message came over the nodes' connection.
    pub(crate) fn heard_by_node(&mut self, at: Time) {
        self.heard = Some((Carrier::Node, at));
        self.node_proven |= self.node_asked.take().is_some();
    }

    /// Remembers that the nodes' connection did not answer in time.
    pub(crate) fn note_silence(&mut self, now: Instant) {
        if self.node_asked.is_some_and(|at| now > at + NODE_PATIENCE) {
            self.node_failed();
        }
    }

    /// Lays a frame by for HTTPS. One that waits already is not laid by twice.
    pub(crate) fn lay_by(&mut self, frame: Vec<u8>) {
        if self.waiting_len + frame.len() <= WAITING_LEN_MAX && !self.waiting.contains(&frame) {
            self.waiting_len += frame.len();
            self.waiting.push_back(frame);
        }
    }

    /// Takes as many of the frames that wait as one envelope holds.
    pub(crate) fn take_waiting(&mut self) -> Vec<Vec<u8>> {
        let mut room = Envelope::ROOM;
        let mut taken = Vec::new();
        while let Some(frame) = self.waiting.pop_front_if(|frame| Envelope::room_of(frame) <= room) {
            room -= Envelope::room_of(&frame);
            self.waiting_len -= frame.len();
            taken.push(frame);
        }
        taken
    }

    /// When to ask the peer, if it can be asked. `node`: whether the nodes are connected; `reached`: whether other
    /// companies reach us over HTTPS.
    pub(crate) fn ask_at(&self, now: Instant, node: bool, reached: bool) -> Option<Instant> {
        self.address.as_ref()?;
        if self.busy {
            return None;
        }
        if let Some(trouble) = &self.trouble {
            return Some(trouble.next_at);
        }
        let Some(answered) = self.answered.filter(|_| self.waiting.is_empty()) else { return Some(now) };
        let every = match (self.carrier(now, node), reached) {
            (Some(Carrier::Node), _) => ASK_BESIDE,
            (_, true) => ASK_REACHED,
            (_, false) => ASK_ALONE,
        };
        Some(answered + every)
    }

    /// Begins a question: returns where to, and what goes with it.
    pub(crate) fn begin(&mut self) -> Option<(String, Vec<Vec<u8>>)> {
        let address = self.address.clone()?;
        self.busy = true;
        Some((address, self.take_waiting()))
    }

    /// The peer has answered. Returns whether the way was closed before.
    pub(crate) fn answered(&mut self, now: Instant, at: Time) -> bool {
        let was_open = self.https_is_open(now);
        (self.busy, self.answered, self.trouble) = (false, Some(now), None);
        self.heard = Some((Carrier::Https, at));
        !was_open
    }

    /// It has not. `spread`: 0 to 255, so that many do not try again at once.
    pub(crate) fn failed(&mut self, now: Instant, at: Time, reason: String, spread: u8) {
        self.busy = false;
        let (since, tries) =
            self.trouble.take().map_or((at, 0), |trouble| (trouble.since, trouble.tries.saturating_add(1)));
        let wait = RETRY_FIRST.saturating_mul(1 << tries.min(20)).min(RETRY_MAX);
        let wait = wait - wait.mul_f32(0.25) * u32::from(spread) / 255;
        self.trouble = Some(Trouble { since, reason, next_at: now + wait, tries });
    }

    /// The peer has asked. Returns whether the way was closed before.
    pub(crate) fn was_asked(&mut self, now: Instant, at: Time) -> bool {
        let was_open = self.https_is_open(now);
        self.asked = Some(now);
        self.heard = Some((Carrier::Https, at));
        if let Some(trouble) = &mut self.trouble {
            // It is there: it may answer again, too.
            trouble.next_at = now;
        }
        !was_open
    }

    /// Whether a question is taken: once, while its time is near ours.
    pub(crate) fn is_new(&mut self, digest: Hash, signed: Time, now: Time) -> bool {
        self.remembered.retain(|_, good_until| *good_until >= now);
        if self.remembered.len() >= REMEMBERED_MAX {
            return false;
        }
        self.remembered.insert(digest, signed.plus_seconds(CLOCK_DIFFERS_MAX_S)).is_none()
    }
}

/// The ways to all counterparties.
pub(crate) type Links = HashMap<NodeId, Link>;

#[cfg(test)]
mod tests;
