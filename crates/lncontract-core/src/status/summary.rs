//! A contract in a list: what it comes to in a few words, without looking at what is over.
//!
//! Invariant: says what [`super::status`] says, and costs what is open and what the terms have as rows, however long
//! the record is. It stays true until [`Summary::changes_at`], or until an entry changes the state.

use super::{
    Acts, ChannelView, OfferView, PayableView, Phase,
    acts::acts,
    channels::{channels, earmarked},
    figures::{open_payables, totals},
    offer_view, phase,
    rows::planned_due,
};
use crate::{
    Contract, Sat, Time,
    v1::{Obligation, Side, Terms},
};

/// A contract as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How far the contract is.
    pub phase: Phase,
    /// The offer that waits for an answer.
    pub offer: Option<OfferView>,
    /// What the buyer pays in all.
    pub total: Sat,
    /// What the buyer has paid.
    pub paid: Sat,
    /// The sum of the earmarks whose channel is open, before what was paid over them.
    pub earmarked: Sat,
    /// What became payable and is not confirmed as paid, by due date.
    pub open: Vec<PayableView>,
    /// The channels, by the time of their announcement.
    pub channels: Vec<ChannelView>,
    /// What each side is to do next.
    pub acts: Acts,
    /// From when time alone may make another summary of it.
    pub changes_at: Option<Time>,
}

/// Sums a contract up at an instant.
pub fn summary(contract: &Contract, as_of: Time) -> Summary {
    let open = open_payables(contract, as_of);
    let (buyer, seller) = (totals(contract, Side::Buyer), totals(contract, Side::Seller));
    let channels = channels(contract);
    Summary {
        phase: phase(contract, buyer.outstanding() == Sat::ZERO && seller.outstanding() == Sat::ZERO),
        offer: offer_view(contract, as_of),
        total: buyer.total,
        paid: buyer.paid,
        earmarked: earmarked(&channels),
        acts: acts(contract, &open, as_of),
        changes_at: changes_at(contract, as_of),
        open,
        channels,
    }
}

/// The first instant after this one at which an act appears or goes because of the time.
fn changes_at(contract: &Contract, as_of: Time) -> Option<Time> {
    let grace = contract.grace_seconds();
    // Both answers in time and timeout entries are judged by whole seconds: the one after it is another world.
    let around = |deadline: Time| [deadline.plus_seconds(1), deadline.plus_seconds(grace + 1)];
    let offer = contract.offer.iter().flat_map(|offer| around(offer.valid_until));
    let terms = contract.terms.as_deref();
    let rows = || terms.into_iter().flat_map(|terms| terms.obligations.iter().map(move |row| (terms, row)));
    let tenders = rows().filter_map(|(_, row)| contract.open_tender(&row.id));
    let tenders = tenders.flat_map(|(_, tender)| around(tender.deadline));
    let planned = rows().filter_map(|(terms, row)| shown_from(contract, terms, row));
    let invoices = contract.payables.open().filter_map(|payable| contract.live_invoice(payable));
    let invoices = invoices.map(|(_, invoice)| invoice.expires.plus_seconds(1));
    offer.chain(tenders).chain(planned).chain(invoices).filter(|at| *at > as_of).min()
}

/// From when a row that is still to be done is among the acts for certain: the day before it is due.
fn shown_from(contract: &Contract, terms: &Terms, row: &Obligation) -> Option<Time> {
    let done = row.quantity().is_some_and(|units| contract.performance(&row.id).accepted >= units);
    if done { None } else { planned_due(contract, terms, row).0.map(|due| due.plus_days(-1)) }
}
