//! A contract's row in lists: made when its record changes and kept as the store's projection. It says
//! nothing that changes with time alone, so that it stays true until the record changes again.

use lncontract_core::{
    Sat, Time,
    status::{Phase, Status, status},
    v1::Side,
};
use lncontract_record::Record;

use super::words;
use crate::{
    AppError,
    view::{Badge, ContractRow, Tone},
};

/// Makes the row.
pub(crate) fn projection(record: &Record, ours: Side, now: Time) -> Result<ContractRow, AppError> {
    let state = record.state();
    let offered = state.offer.as_ref().map(|offer| &offer.terms);
    let first = first_terms(record);
    let terms = state
        .terms
        .as_ref()
        .or(offered)
        .or(first)
        .ok_or_else(|| AppError::fault("a contract without terms"))?;
    let status = status(state, now);
    let total = if status.figures.total == Sat::ZERO { terms.total } else { status.figures.total };
    let next = status.payables.iter().find(|payable| !payable.is_paid()).and_then(|payable| payable.due);
    Ok(ContractRow {
        id: record.contract(),
        title: terms.title.clone(),
        number: terms.number.clone(),
        counterparty: terms.party(ours.other()).short_name.clone(),
        our_side: ours,
        paid_sat: status.figures.paid.0,
        // The node knows it, not the record: put in when the list is shown.
        covered_sat: 0,
        total_sat: total.0,
        outstanding_sat: total.0 - status.figures.paid.0,
        next_payment: next.and_then(|due| words::day(due, terms)),
        state: phase(&status, ours),
    })
}

/// The terms of the first entry: what a contract is called before and after its first offer.
pub(crate) fn first_terms(record: &Record) -> Option<&lncontract_core::v1::Terms> {
    let first = [Side::Buyer, Side::Seller]
        .into_iter()
        .find_map(|side| record.entry(side, 0).filter(|entry| entry.genesis().is_some()))?;
    match &first.entry().payload {
        lncontract_core::v1::Payload::Offer(offer) => Some(&offer.terms),
        _ => None,
    }
}

/// The contract's state in a word.
pub(crate) fn phase(status: &Status, ours: Side) -> Badge {
    match status.phase {
        Phase::Draft => Badge::new(Tone::Mute, "Draft"),
        Phase::Offered { by } if by == ours => Badge::new(Tone::Busy, "Their answer"),
        Phase::Offered { .. } => Badge::new(Tone::Warn, "Your answer"),
        Phase::InForce => Badge::new(Tone::Good, "In force"),
        Phase::Done | Phase::Closed => Badge::new(Tone::Mute, "Closed"),
    }
}
