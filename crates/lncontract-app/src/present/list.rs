//! A contract in lists: made when its record changes, in the same commit, and kept as the store's row. What changes
//! with time alone is put in when it is shown; where time makes another thing to do, the row says when to look again.
//!
//! Invariant: nothing here opens a record to show a list.

use std::collections::HashMap;

use lncontract_core::{
    Hash, Sat, Time,
    status::{ChannelView, Phase, Progress, Summary, summary},
    v1::{Side, Terms},
};
use lncontract_lightning::{Channel, ChannelState, OpeningId};
use lncontract_record::Record;
use lncontract_store::{Channels, Due};
use serde::{Deserialize, Serialize};

use super::{todo, words};
use crate::{
    AppError,
    fund::opening_id,
    reconcile::heartbeat_due,
    view::{Badge, ContractRow, Tone},
};

/// What has no date is due after all that has one: the end of the year 9999.
const NO_DATE: i64 = 253_402_300_799;
/// What could not be done at its time is looked at again after that long.
const LOOK_AGAIN_S: i64 = 30;
const DAY_S: i64 = 86_400;

/// What the store's row has for lists. Compatibility: rows of before have neither channels nor acts.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    #[serde(flatten)]
    pub(crate) row: ContractRow,
    #[serde(default)]
    channels: Vec<KeptChannel>,
    #[serde(default)]
    pub(crate) todos: Vec<todo::Kept>,
}

/// A channel with what is set aside in it.
#[derive(Serialize, Deserialize)]
struct KeptChannel {
    fund: Hash,
    earmarked_sat: u64,
}

/// A contract's row in all its parts.
pub(crate) struct Listed {
    pub(crate) kept: Kept,
    pub(crate) summary: lncontract_store::Summary,
    pub(crate) due: Vec<Due>,
}

/// Makes it.
pub(crate) fn listed(record: &Record, ours: Side, now: Time) -> Result<Listed, AppError> {
    let state = record.state();
    let offered = state.offer.as_ref().map(|offer| &*offer.terms);
    let terms = state
        .terms
        .as_deref()
        .or(offered)
        .or_else(|| first_terms(record))
        .ok_or_else(|| AppError::fault("a contract without terms"))?;
    let sums = summary(state, now);
    let acts = sums.acts.of(ours).iter().filter(|act| todo::is_for_people(act));
    let mut todos = todo::disputes(record);
    todos.extend(acts.map(|act| todo::keep(record.contract(), act, terms)));
    let look_at = [sums.changes_at, heartbeat_due(record, ours)].into_iter().flatten().min();
    let kept =
        Kept { row: row(record, ours, terms, &sums), channels: kept_channels(&sums.channels, ours), todos };
    let paid_over_sat = if sums.earmarked > Sat::ZERO { sums.paid.0 } else { 0 };
    let summary = lncontract_store::Summary {
        todos: u32::try_from(kept.todos.len()).unwrap_or(u32::MAX),
        todo_due_at: kept.todos.first().map_or(0, |first| first.due.map_or(NO_DATE, |due| due.0)),
        look_at: look_at.map(|at| at.0.max(now.0 + LOOK_AGAIN_S)),
        channels: channels(&sums.channels),
        earmarked_sat: sums.earmarked.0.saturating_sub(paid_over_sat),
        outstanding_sat: kept.row.outstanding_sat,
    };
    Ok(Listed { kept, summary, due: due(&sums, ours) })
}

fn row(record: &Record, ours: Side, terms: &Terms, sums: &Summary) -> ContractRow {
    let total = if sums.total == Sat::ZERO { terms.total } else { sums.total };
    let next = sums.open.iter().find(|payable| !payable.is_paid()).and_then(|payable| payable.due);
    ContractRow {
        id: record.contract(),
        title: terms.title.clone(),
        number: terms.number.clone(),
        counterparty: terms.party(ours.other()).short_name.clone(),
        our_side: ours,
        paid_sat: sums.paid.0,
        // The node knows it, not the record: put in when the list is shown.
        covered_sat: 0,
        total_sat: total.0,
        outstanding_sat: total.0.saturating_sub(sums.paid.0),
        next_payment: next.and_then(|due| words::day(due, terms)),
        state: phase(sums.phase, ours),
    }
}

fn kept_channels(views: &[ChannelView], ours: Side) -> Vec<KeptChannel> {
    let said = |view: &ChannelView| match ours {
        Side::Buyer => view.buyer.is_some(),
        Side::Seller => view.seller.is_some(),
    };
    let kept = |view: &ChannelView| {
        // A part counts once our own side has seen it, in the channel of another contract.
        let part = view.of.as_ref().filter(|_| said(view));
        KeptChannel { fund: part.map_or(view.fund, |part| part.channel), earmarked_sat: view.earmarked().0 }
    };
    views.iter().map(kept).filter(|channel| channel.earmarked_sat > 0).collect()
}

fn channels(views: &[ChannelView]) -> Channels {
    let mut all = views
        .iter()
        .flat_map(|view| [view].into_iter().chain(&view.splices).chain(&view.releases))
        .peekable();
    if all.peek().is_none() {
        return Channels::None;
    }
    let moves = |view: &&ChannelView| {
        matches!(view.progress, Progress::Announced | Progress::Pending | Progress::Closing)
    };
    let stages: Vec<_> = all.collect();
    if stages.iter().any(moves) {
        Channels::Moving
    } else if stages.iter().any(|view| view.progress == Progress::Open) {
        Channels::Open
    } else {
        Channels::Ended
    }
}

fn due(sums: &Summary, ours: Side) -> Vec<Due> {
    let unpaid = sums.open.iter().filter(|payable| !payable.is_paid());
    unpaid
        .map(|payable| Due {
            ours: payable.payer == ours,
            day: payable.due.map_or(-1, day_number),
            amount_sat: payable.amount.0,
        })
        .collect()
}

/// The day of an instant, counted from 1970 UTC.
pub(crate) fn day_number(at: Time) -> i64 {
    at.0.div_euclid(DAY_S)
}

impl Kept {
    /// Reads what the store has.
    pub(crate) fn read(projection: &str) -> Result<Self, AppError> {
        serde_json::from_str(projection).map_err(|_| AppError::fault("a projection is unreadable"))
    }

    /// The row as it is shown. What is covered is asked of the node: what each channel can send, up to what was set
    /// aside in it.
    pub(crate) fn shown(self, there: &HashMap<OpeningId, Channel>) -> ContractRow {
        let covered = self.channels.iter().filter_map(|channel| {
            let seen = there.get(&opening_id(channel.fund))?;
            let sends_msat = match self.row.our_side {
                Side::Buyer => seen.outbound_capacity_msat,
                Side::Seller => seen.inbound_capacity_msat,
            };
            (seen.state == ChannelState::Open { usable: true })
                .then_some((sends_msat / 1_000).min(channel.earmarked_sat))
        });
        ContractRow { covered_sat: covered.sum(), ..self.row }
    }
}

/// The terms of the first entry: what a contract is called before and after its first offer.
pub(crate) fn first_terms(record: &Record) -> Option<&Terms> {
    let first = [Side::Buyer, Side::Seller]
        .into_iter()
        .find_map(|side| record.entry(side, 0).filter(|entry| entry.genesis().is_some()))?;
    match &first.entry().payload {
        lncontract_core::v1::Payload::Offer(offer) => Some(&offer.terms),
        _ => None,
    }
}

/// The contract's state in a word.
pub(crate) fn phase(phase: Phase, ours: Side) -> Badge {
    match phase {
        Phase::Draft => Badge::new(Tone::Mute, "Draft"),
        Phase::Offered { by } if by == ours => Badge::new(Tone::Busy, "Their answer"),
        Phase::Offered { .. } => Badge::new(Tone::Warn, "Your answer"),
        Phase::InForce => Badge::new(Tone::Good, "In force"),
        Phase::Done | Phase::Closed => Badge::new(Tone::Mute, "Closed"),
    }
}
