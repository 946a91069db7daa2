//! What is left of a world when everything is dropped that no later entry can ask for: worlds with one outline
//! go on alike, and the search needs only one of them (docs/record.md, *The model*).
//!
//! Invariant: whatever admit, fold, merge and ledger read of what was written so far stands here, and names
//! (ids, hashes of terms) count only by who else has them. The test `worlds_with_one_outline_go_on_alike`
//! tries it.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash as _, Hasher},
};

use lncontract_core::{
    Contract, Hash, Time,
    state::{Outcome, TenderState},
    v1::{Entry, Kind, Payload, Side, Terms},
};
use lncontract_record::merge::{Cut, Pair};

use crate::{
    chains::{Chains, SIDES, count},
    moves::{is_other, tender_deadline},
};

/// Where the world stands: all that both have seen is folded to a state.
pub struct Base<'a> {
    pub cut: Cut,
    pub state: &'a Contract,
}

/// The hash of an outline, twice 64 bits.
pub type Outline = (u64, u64);

/// Returns the outline of a world. `left` is how many entries each side may still write, `to_make` which
/// deadlines a side may make that writes at an instant or later.
pub fn outline(
    chains: &Chains,
    base: &Base<'_>,
    left: &Pair<usize>,
    to_make: impl Fn(Option<Time>) -> Vec<Time>,
) -> Outline {
    let mut sketch = Sketch { is_last: *left == Pair::default(), ..Sketch::default() };
    sketch.state(base.state);
    for side in SIDES {
        let clock = Clock::new(chains, base, left, &to_make, side);
        sketch.number(*left.of(side));
        sketch.number(chains.of(side).len() - *base.cut.of(side));
        for place in *base.cut.of(side)..chains.of(side).len() {
            let entry = &chains.of(side)[place].0;
            sketch.entry(entry, count(entry) - *base.cut.of(side.other()), clock.class(entry));
        }
        if let (Some(last), 1..) = (chains.of(side).last(), *left.of(side)) {
            // What the next entry of this side may not go back behind.
            sketch.time(last.0.header.time);
            sketch.number(count(&last.0) - (*base.cut.of(side.other())).min(count(&last.0)));
        }
    }
    sketch.finish()
}

/// Against which deadlines the time of a side's entries can ever count in the merge: those of the other side's
/// timeout entries, written or still to come.
struct Clock {
    /// Of timeout entries in the tail.
    stated: BTreeSet<Time>,
    /// Of timeout entries that may still be written.
    to_come: BTreeSet<Time>,
    /// How much of this side's chain the other has seen: no later entry of it stands beside one of those.
    seen: usize,
}

impl Clock {
    fn new(
        chains: &Chains,
        base: &Base<'_>,
        left: &Pair<usize>,
        to_make: &impl Fn(Option<Time>) -> Vec<Time>,
        side: Side,
    ) -> Self {
        let other = side.other();
        let tail = &chains.of(other)[*base.cut.of(other)..];
        let stated: BTreeSet<_> = tail.iter().filter_map(|entry| entry.0.payload.deadline()).collect();
        let mut to_come = BTreeSet::new();
        if *left.of(other) > 0 {
            to_come.extend(base.state.offer.iter().map(|offer| offer.valid_until));
            to_come.extend(open(base.state).map(|(_, tender)| tender.deadline));
            to_come.extend(tail.iter().filter_map(|entry| deadline_made(&entry.0)));
        }
        if *left.of(other) > 1 {
            let last = chains.of(other).last().map(|last| last.0.header.time);
            to_come.extend(to_make(last));
        }
        Self { stated, to_come, seen: chains.of(other).last().map_or(0, |last| count(&last.0)) }
    }

    /// How many of the deadlines an entry is late for: times between the same two deadlines are one.
    fn class(&self, entry: &Entry) -> usize {
        let mut deadlines = self.stated.clone();
        if entry.header.seq >= self.seen as u64 {
            deadlines.extend(&self.to_come);
        }
        deadlines.iter().filter(|deadline| **deadline < entry.header.time).count()
    }
}

/// The deadline that an offer or a tender makes.
fn deadline_made(entry: &Entry) -> Option<Time> {
    match &entry.payload {
        Payload::Offer(offer) | Payload::Counter(offer) => Some(offer.valid_until),
        Payload::Tender(_) => Some(tender_deadline(entry.header.time)),
        _ => None,
    }
}

fn open(state: &Contract) -> impl Iterator<Item = (&Hash, &TenderState)> {
    state.tenders.iter().filter(|(_, tender)| tender.outcome == Outcome::Open)
}

/// Writes an outline; names are numbered as they come.
#[derive(Default)]
struct Sketch {
    hasher: DefaultHasher,
    names: Vec<Hash>,
    /// Nothing follows: nobody will ask for the deadlines that were made.
    is_last: bool,
}

impl Sketch {
    fn finish(mut self) -> Outline {
        let first = self.hasher.finish();
        self.hasher.write_u8(1);
        (first, self.hasher.finish())
    }

    fn number(&mut self, number: usize) {
        self.hasher.write_usize(number);
    }

    fn time(&mut self, time: Time) {
        self.hasher.write_i64(time.0);
    }

    fn deadline(&mut self, time: Time) {
        self.time(if self.is_last { Time(0) } else { time });
    }

    fn name(&mut self, name: Hash) {
        let known = self.names.iter().position(|known| *known == name);
        let number = known.unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        self.number(number);
    }

    fn terms(&mut self, terms: Option<&Terms>, hash: Hash) {
        self.name(hash);
        self.number(terms.map_or(2, |terms| usize::from(is_other(terms))));
    }

    /// Judged tenders, older versions and instants that are no deadline are never asked for again: every later
    /// entry has seen this state.
    fn state(&mut self, state: &Contract) {
        state.pen.hash(&mut self.hasher);
        self.terms(state.terms.as_deref(), state.terms_hash());
        self.number(usize::from(state.offer.is_some()));
        if let Some(offer) = &state.offer {
            self.name(offer.entry);
            offer.by.hash(&mut self.hasher);
            self.terms(Some(&offer.terms), offer.terms_hash);
            self.time(offer.valid_until);
        }
        let accepted: Vec<_> = state.rows.iter().map(|(row, done)| (row, done.accepted)).collect();
        accepted.hash(&mut self.hasher);
        self.number(open(state).count());
        for (id, tender) in open(state) {
            self.name(*id);
            (&tender.row, tender.quantity).hash(&mut self.hasher);
            self.time(tender.deadline);
        }
        self.money(state);
    }

    fn money(&mut self, state: &Contract) {
        self.number(state.invoices.len());
        for (id, invoice) in &state.invoices {
            self.name(*id);
            let paid = (invoice.paid_at.is_some(), invoice.received_at.is_some());
            (invoice.number, invoice.cancelled, paid, &invoice.payable).hash(&mut self.hasher);
        }
        self.number(state.payables.len());
        for (key, payable) in &state.payables {
            (key, payable.amount.0).hash(&mut self.hasher);
            payable.invoice.into_iter().for_each(|invoice| self.name(invoice));
            self.number(usize::from(payable.invoice.is_some()));
        }
        self.number(state.channels.len());
        for (id, channel) in &state.channels {
            self.name(*id);
            let fund = channel.announced.as_ref().map(|fund| (&fund.tranche, fund.amount.0));
            (fund, channel.closes.is_empty(), channel.was_open()).hash(&mut self.hasher);
            let released = channel.released.as_ref();
            released.map(|released| released.amount.0).hash(&mut self.hasher);
            released.into_iter().for_each(|released| self.name(released.from));
        }
    }

    fn entry(&mut self, entry: &Entry, seen: usize, class: usize) {
        // A heartbeat is judged, folded and ordered as an ack is.
        let kind = if entry.header.kind == Kind::Heartbeat { Kind::Ack } else { entry.header.kind };
        kind.hash(&mut self.hasher);
        self.number(seen);
        self.number(class);
        self.name(entry.id);
        self.name(entry.header.terms);
        match &entry.payload {
            Payload::Offer(offer) | Payload::Counter(offer) => {
                offer.answers.into_iter().for_each(|answered| self.name(answered));
                self.name(offer.basis);
                self.terms(Some(&offer.terms), offer.terms_hash);
                self.deadline(offer.valid_until);
            }
            Payload::Accept(accept) => self.name(accept.offer),
            Payload::Reject(reject) => self.name(reject.offer),
            Payload::Lapse(lapse) => {
                self.name(lapse.offer);
                self.time(lapse.deadline);
            }
            Payload::Tender(tender) => {
                (&tender.row, tender.quantity).hash(&mut self.hasher);
                self.deadline(tender_deadline(entry.header.time));
            }
            Payload::Answer(answer) => {
                self.name(answer.tender);
                self.hasher.write_u64(answer.accepted);
            }
            Payload::Deem(deem) => {
                self.name(deem.tender);
                self.time(deem.deadline);
            }
            Payload::Invoice(invoice) => (&invoice.payable, invoice.number).hash(&mut self.hasher),
            Payload::Cancel(cancel) => self.name(cancel.invoice),
            Payload::Paid(paid) => self.name(paid.invoice),
            Payload::Received(received) => self.name(received.invoice),
            Payload::Fund(fund) => (&fund.tranche, fund.amount.0).hash(&mut self.hasher),
            Payload::Earmark(earmark) => self.name(earmark.fund),
            Payload::Close(close) => self.name(close.fund),
            Payload::Release(release) => {
                self.name(release.fund);
                self.hasher.write_u64(release.amount.0);
            }
            // The moves write no final account; the figures that it signs are those of the state.
            Payload::FinalAccount(_) | Payload::Pass(_) | Payload::Ack(_) | Payload::Heartbeat(_) => {}
        }
    }
}
