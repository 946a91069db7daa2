//! The law: which entries may be written (`admit`) and what they come to (`fold`).
//!
//! Invariant: `admit` judges own and received entries alike, on the state of the entry's past. `fold` is
//! total: it checks the entry's guard again at its place in the merge;
//! where another entry has taken its ground it is
//! *overtaken* and the state stays as it was. Facts (earmark, paid, received, close) are never overtaken by
//! what another entry did. Chains, times, signatures and hashes are `record`'s matter.
//!
//! Every kind has the same shape, the trait `Rule`, and the files of this folder implement nothing else.

mod account;
mod answers;
mod channel;
mod fit;
mod invoice;
mod offer;
mod payable;
mod payment;
mod performance;
mod refusal;
mod release;
mod standing;

pub use fit::{Misfit, misfits};
pub(crate) use payable::price;
pub use refusal::{AccountRefusal, ChannelRefusal, MoneyRefusal, OfferRefusal, PerformanceRefusal, Refusal};
pub(crate) use release::free;
pub(crate) use standing::is_frozen;

use crate::{
    Contract, Hash,
    v1::{Ack, Entry, Header, Kind, Payload},
};

/// What the fold did with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an overtaken entry has no effect, and its author should hear of it"]
pub enum Effect {
    /// It stands.
    Taken,
    /// Another entry took its ground: kept, shown, without effect; its author may repeat it.
    Overtaken(Refusal),
}

/// An entry's place: all that a rule needs of it besides the payload.
#[derive(Clone, Copy)]
struct At<'a> {
    /// The entry's id.
    id: Hash,
    /// Its header.
    header: &'a Header,
}

/// What a kind of entry may do and does. `guard` is judged twice (admit, fold), `only_admit` once,
/// `apply` never fails.
trait Rule {
    /// Refuses what has no ground in the state: what another, concurrent entry could take away.
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal>;

    /// Refuses what is wrong in itself, or what the author could have known from its past.
    fn only_admit(&self, _past: &Contract, _at: At<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Changes the state. The guard holds.
    fn apply(&self, state: &mut Contract, at: At<'_>);
}

fn rule(payload: &Payload) -> &dyn Rule {
    match payload {
        Payload::Offer(rule) | Payload::Counter(rule) => rule,
        Payload::Accept(rule) => rule,
        Payload::Reject(rule) => rule,
        Payload::Lapse(rule) => rule,
        Payload::Pass(rule) => rule,
        Payload::Fund(rule) => rule,
        Payload::Earmark(rule) => rule,
        Payload::Tender(rule) => rule,
        Payload::Answer(rule) => rule,
        Payload::Deem(rule) => rule,
        Payload::Invoice(rule) => rule,
        Payload::Cancel(rule) => rule,
        Payload::Paid(rule) => rule,
        Payload::Received(rule) => rule,
        Payload::Close(rule) => rule,
        Payload::Release(rule) => rule,
        Payload::FinalAccount(rule) => rule,
        Payload::Ack(rule) | Payload::Heartbeat(rule) => rule,
    }
}

/// Judges an entry on the state of its past, whoever wrote it.
///
/// # Errors
/// Why it may not be written; a received entry that fails is a fault of its author: kept, shown,
/// without effect.
pub fn admit(past: &Contract, entry: &Entry) -> Result<(), Refusal> {
    let at = At { id: entry.id, header: &entry.header };
    if entry.header.v != 0 {
        return Err(Refusal::Format { found: entry.header.v });
    }
    in_place(past, entry)?;
    if entry.header.terms != past.terms_hash() {
        return Err(Refusal::OtherTerms { in_force: past.terms_hash(), named: entry.header.terms });
    }
    let rule = rule(&entry.payload);
    rule.guard(past, at)?;
    rule.only_admit(past, at)
}

/// Takes the entry that comes next in the merge. Never fails and never panics, whatever the entry.
pub fn fold(mut state: Contract, entry: &Entry) -> (Contract, Effect) {
    let at = At { id: entry.id, header: &entry.header };
    let rule = rule(&entry.payload);
    match in_place(&state, entry).and_then(|()| rule.guard(&state, at)) {
        Ok(()) => {
            rule.apply(&mut state, at);
            (state, Effect::Taken)
        }
        Err(refusal) => (state, Effect::Overtaken(refusal)),
    }
}

/// Checks what is common to all kinds: the entry is of this contract, and its header names its payload.
fn in_place(past: &Contract, entry: &Entry) -> Result<(), Refusal> {
    if entry.header.kind != entry.payload.kind() {
        return Err(Refusal::Kind { header: entry.header.kind, payload: entry.payload.kind() });
    }
    if let Payload::Offer(offer) = &entry.payload
        && offer.genesis.is_some()
    {
        return offer::begins(past, &entry.header);
    }
    if past.identity.is_none() {
        return Err(Refusal::NotBegun);
    }
    if entry.header.contract != past.id() {
        return Err(Refusal::OtherContract { expected: past.id(), found: entry.header.contract });
    }
    if past.is_closed() && !stays_possible(entry.header.kind) {
        return Err(AccountRefusal::Closed.into());
    }
    Ok(())
}

/// Tells whether a kind may still be written when the contract is closed: facts, acknowledgements, and what gives money
/// back.
fn stays_possible(kind: Kind) -> bool {
    use Kind::{Ack, Close, Earmark, Heartbeat, Paid, Received, Release};
    matches!(kind, Earmark | Paid | Received | Close | Release | Ack | Heartbeat)
}

impl Rule for Ack {
    fn guard(&self, _past: &Contract, _at: At<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn apply(&self, _state: &mut Contract, _at: At<'_>) {}
}
