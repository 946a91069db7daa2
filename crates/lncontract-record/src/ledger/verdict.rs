//! Judging an entry by the state of its past: taken, overtaken, or a fault of its author.
//!
//! Invariant: own and received entries are judged alike, and both companies come to the same verdict. Pure.

use lncontract_core::{
    Contract, Hash, Refusal, admit, fold,
    v1::{Entry, Payload},
};

use super::{Ledger, count};
use crate::{entry::act_of, hash::state_hash, merge::merge};

/// What an entry's author did wrong. The entry is kept and shown, without effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The law did not allow it in the state of its past.
    #[error("not allowed in the state of its past")]
    Law(#[source] Refusal),
    /// The company's signature was used in an earlier entry; an act has effect once.
    #[error("the company's signature was used before: it has to sign again")]
    ActUsed,
}

/// What became of an entry. Final once it is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has its effect.
    Taken,
    /// Admitted, but a concurrent entry has taken its ground. Its author may repeat it.
    Overtaken(Refusal),
    /// A fault of its author.
    Fault(Fault),
}

/// An entry at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<E> {
    /// The entry.
    pub entry: E,
    /// What became of it.
    pub verdict: Verdict,
    /// Where it states the hash of the state of its past and we compute another: ours.
    pub differs: Option<Hash>,
}

/// What came of placing an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed<E> {
    /// It was here before.
    Known,
    /// It is the last of its chain now.
    New,
    /// Another entry of that author stands at that place. This one, given back, proves it.
    Fork(E),
}

impl<E: AsRef<Entry>> Ledger<E> {
    /// The state an author had: its own chain, and the other as far as it has seen it.
    pub(super) fn state_of_past(&self, entry: &Entry) -> Contract {
        let mut past = self.ends();
        *past.of_mut(entry.header.author.other()) = count(entry);
        let mut at = self.base_cut;
        let mut state = self.base.clone();
        for side in merge(at, past, |side, place| self.mark(side, place)) {
            let line = &self.chains.of(side)[*at.of(side)];
            if !matches!(line.verdict, Verdict::Fault(_)) {
                state = fold(state, line.entry.as_ref()).0;
            }
            *at.of_mut(side) += 1;
        }
        state
    }

    pub(super) fn judge(&self, past: &Contract, entry: &Entry) -> (Verdict, Option<Hash>) {
        let fault = match admit(past, entry) {
            Err(refusal) => Some(Fault::Law(refusal)),
            Ok(()) => self.act_used(entry).then_some(Fault::ActUsed),
        };
        let computed = stated_state(&entry.payload).and_then(|stated| {
            let computed = if self.contract == Hash::ZERO { Hash::ZERO } else { state_hash(past) };
            (computed != stated).then_some(computed)
        });
        (fault.map_or(Verdict::Taken, Verdict::Fault), computed)
    }

    /// Judges an entry that would stand at the end and has seen everything, without placing it.
    ///
    /// # Errors
    /// When it would be a fault.
    pub fn judge_next(&self, entry: &Entry) -> Result<(), Fault> {
        match self.judge(self.state(), entry).0 {
            Verdict::Fault(fault) => Err(fault),
            Verdict::Taken | Verdict::Overtaken(_) => Ok(()),
        }
    }

    /// What the law can't judge, because the state keeps no signatures.
    fn act_used(&self, entry: &Entry) -> bool {
        let used = self.acts.of(entry.header.author);
        act_of(&entry.payload).is_some_and(|(act, _)| used.contains(&act.signature))
    }
}

/// The hash of the state of its past, where a payload states it.
pub(crate) fn stated_state(payload: &Payload) -> Option<Hash> {
    match payload {
        Payload::Offer(offer) | Payload::Counter(offer) => Some(offer.state),
        Payload::Accept(accept) => Some(accept.state),
        Payload::Reject(reject) => Some(reject.state),
        Payload::Answer(answer) => Some(answer.state),
        Payload::FinalAccount(signed) => Some(signed.state),
        Payload::Ack(ack) | Payload::Heartbeat(ack) => Some(ack.state),
        _ => None,
    }
}
