//! A channel as the contract's page shows it: what the record says, what our node sees, what comes next.

use lncontract_core::{
    Hash,
    status::{Agreement, ChannelView, Progress as Stage},
    v1::{ChannelStage, Payload, Side},
};
use lncontract_lightning::{Channel, ChannelState, OpenFailure, Splice, SpliceState};
use lncontract_record::Record;
use lncontract_store::Opening;

use crate::{
    fund::opening_id,
    view::{Badge, ChannelCard, Progress, SpliceLine, StageMark, Tone},
};

/// Makes the card.
pub(crate) fn card(
    record: &Record,
    ours: Side,
    channel: &ChannelView,
    seen: Option<&Channel>,
    openings: &[Opening],
    their_name: &str,
) -> ChannelCard {
    let opening = |fund: Hash| openings.iter().find(|opening| opening.fund_entry_hash == fund.0);
    let report = channel.buyer.as_ref().or(channel.seller.as_ref());
    let open = seen.filter(|seen| matches!(seen.state, ChannelState::Open { .. }));
    let splices = channel.splices.iter().map(|splice| {
        let seen = seen.and_then(|seen| seen.splices.iter().find(|seen| seen.id == opening_id(splice.fund)));
        line(ours, splice, seen, opening(splice.fund), their_name)
    });
    let (state, trouble) = state(channel, seen, opening(channel.fund));
    ChannelCard {
        fund: channel.fund,
        title: title(channel),
        size_sat: open.map_or(channel.amount.0, |open| open.capacity_sat),
        ours_sat: open.map(|open| open.local_msat / 1_000),
        theirs_sat: open.map(|open| open.capacity_sat.saturating_sub(open.local_msat.div_ceil(1_000))),
        can_send_sat: open.map(|open| side_capacity(ours, open) / 1_000),
        at_most_at_once_sat: open
            .filter(|_| ours == Side::Buyer)
            .map(|open| open.next_outbound_htlc_limit_msat / 1_000),
        held_back_sat: open
            .filter(|_| ours == Side::Buyer)
            .map(|open| (open.local_msat / 1_000).saturating_sub(open.outbound_capacity_msat / 1_000)),
        outpoint: report.map(|report| report.outpoint.clone()),
        stages: stages(record, channel, seen),
        seen: agreement(channel, ours, their_name),
        can_close: matches!(channel.progress, Stage::Open) && seen.is_some(),
        splices: splices.collect(),
        state,
        trouble,
    }
}

/// A splice, as a line of its channel.
fn line(
    ours: Side,
    splice: &ChannelView,
    seen: Option<&Splice>,
    opening: Option<&Opening>,
    their_name: &str,
) -> SpliceLine {
    let report = splice.buyer.as_ref().or(splice.seller.as_ref());
    let (state, trouble) = match seen.map(|seen| &seen.state) {
        Some(SpliceState::Pending { confirmations, needed }) => {
            (Badge::new(Tone::Busy, format!("Confirming {confirmations} of {needed}")), String::new())
        }
        Some(SpliceState::Failed(failure)) => refused(failure),
        _ => from_record(splice, opening),
    };
    SpliceLine {
        fund: splice.fund,
        title: title(splice),
        amount_sat: splice.amount.0,
        outpoint: report.map(|report| report.outpoint.clone()),
        state,
        seen: agreement(splice, ours, their_name),
        trouble,
    }
}

fn title(channel: &ChannelView) -> String {
    let purpose = if channel.stages.is_empty() {
        "general".into()
    } else {
        channel.stages.join(", ").replace('-', " ")
    };
    let name = channel.tranche.clone().unwrap_or_else(|| "channel".into()).replace('-', " ");
    format!("{}, {purpose}", capital(&name))
}

fn refused(failure: &OpenFailure) -> (Badge, String) {
    let next = format!("{failure}. Nothing was spent; fund it again once the cause is gone");
    (Badge::new(Tone::Bad, "Refused"), next)
}

/// What the buyer can send over it.
fn side_capacity(ours: Side, open: &Channel) -> u64 {
    match ours {
        Side::Buyer => open.outbound_capacity_msat,
        Side::Seller => open.inbound_capacity_msat,
    }
}

fn state(channel: &ChannelView, seen: Option<&Channel>, opening: Option<&Opening>) -> (Badge, String) {
    if let Some(seen) = seen {
        match &seen.state {
            ChannelState::Pending { confirmations, needed } => {
                return (
                    Badge::new(Tone::Busy, format!("Confirming {confirmations} of {needed}")),
                    String::new(),
                );
            }
            ChannelState::Closing { forced: true } => {
                let wait = "closed alone: the money of who closed comes back after the notice";
                return (Badge::new(Tone::Warn, "Closing"), wait.into());
            }
            ChannelState::Closing { forced: false } => {
                return (Badge::new(Tone::Warn, "Closing"), String::new());
            }
            ChannelState::Failed(failure) => return refused(failure),
            ChannelState::Requested | ChannelState::Open { .. } | ChannelState::Closed { .. } => {}
        }
    }
    from_record(channel, opening)
}

/// How it stands by what both sides reported.
fn from_record(channel: &ChannelView, opening: Option<&Opening>) -> (Badge, String) {
    let trouble = opening.map(|opening| opening.detail.clone()).unwrap_or_default();
    let badge = match channel.progress {
        Stage::Announced if !trouble.is_empty() => Badge::new(Tone::Warn, "Trying again"),
        Stage::Announced => Badge::new(Tone::Busy, "Requested"),
        Stage::Pending => Badge::new(Tone::Busy, "Confirming"),
        Stage::Open => Badge::new(Tone::Good, "Open"),
        Stage::Closing => Badge::new(Tone::Warn, "Closing"),
        Stage::Closed => Badge::new(Tone::Mute, "Closed"),
        Stage::Failed => Badge::new(Tone::Bad, "Refused"),
    };
    (badge, trouble)
}

fn stages(record: &Record, channel: &ChannelView, seen: Option<&Channel>) -> Vec<StageMark> {
    let reached = |wanted: ChannelStage| first_report(record, channel.fund, wanted);
    let (pending, open) = (reached(ChannelStage::Pending), reached(ChannelStage::Open));
    let confirming = match seen.map(|seen| &seen.state) {
        Some(ChannelState::Pending { confirmations, needed }) => {
            format!("Confirming {confirmations} of {needed}")
        }
        _ => "Confirming".into(),
    };
    let pending = pending.or(open);
    let mark = |word: String, at, before_done: bool, done: bool| {
        let progress = match (done, before_done) {
            (true, _) => Progress::Done,
            (false, true) => Progress::Now,
            (false, false) => Progress::Todo,
        };
        StageMark { word, progress, at }
    };
    vec![
        mark("Requested".into(), channel.announced_at, true, pending.is_some()),
        mark(confirming, pending, pending.is_some(), open.is_some()),
        mark("Open".into(), open, false, open.is_some()),
    ]
}

/// When a channel was first reported at that stage, by either side.
fn first_report(record: &Record, fund: Hash, wanted: ChannelStage) -> Option<lncontract_core::Time> {
    let chains = [Side::Buyer, Side::Seller].map(|side| record.ledger().chain(side));
    let entries = chains.into_iter().flatten().map(|line| line.entry.entry());
    let times = entries.filter_map(|entry| match &entry.payload {
        Payload::Earmark(earmark) if earmark.fund == fund && earmark.stage == wanted => {
            Some(entry.header.time)
        }
        _ => None,
    });
    times.min()
}

fn agreement(channel: &ChannelView, ours: Side, their_name: &str) -> Badge {
    match channel.agreement {
        Agreement::Unseen => Badge::new(Tone::Mute, "Not seen yet"),
        Agreement::SeenBy { side } if side == ours => {
            Badge::new(Tone::Busy, format!("Seen by us, not yet by {their_name}"))
        }
        Agreement::SeenBy { .. } => Badge::new(Tone::Bad, "Not seen by us"),
        Agreement::Same => Badge::new(Tone::Good, format!("Seen by us and by {their_name}")),
        Agreement::Differs => Badge::new(Tone::Bad, "Differs: output or size"),
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + characters.as_str()
}
