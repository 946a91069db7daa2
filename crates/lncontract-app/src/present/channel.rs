//! A channel as the contract's page shows it: what the record says, what our node sees, what comes next.

use bitcoin::OutPoint;
use lncontract_core::{
    Hash, Time,
    state::Report,
    status::{ChannelView, Progress as Stage},
    v1::{ChannelStage, CloseManner, Payload, Side, Terms},
};
use lncontract_lightning::{Channel, ChannelState, OpenFailure, Splice, SpliceState};
use lncontract_record::Record;
use lncontract_store::Opening;

use super::{
    coverage::{self, Covered},
    look::NodeLook,
    parts::PartsLook,
    words,
};
use crate::{
    companies::peer_node,
    fund::opening_id,
    live::Live,
    part::carried_by,
    reconcile::is_on_its_way,
    view::{Badge, ChannelCard, ClosingView, Look, Progress, SightView, SpliceLine, StageMark, Tone},
};

/// How long a block takes on average, in seconds: the difficulty aims at it.
const BLOCK_S: i64 = 600;

/// What a card is made of, beside the channel itself.
pub(crate) struct Desk<'a> {
    pub(crate) live: &'a Live,
    pub(crate) terms: &'a Terms,
    pub(crate) openings: &'a [Opening],
    pub(crate) node: &'a NodeLook,
    /// None where our node does not answer.
    pub(crate) covered: Option<&'a Covered>,
    pub(crate) parts: &'a PartsLook,
    pub(crate) now: Time,
}

impl Desk<'_> {
    pub(super) fn opening(&self, fund: Hash) -> Option<&Opening> {
        self.openings.iter().find(|opening| opening.fund_entry_hash == fund.0)
    }

    fn their_name(&self) -> &str {
        &self.terms.party(self.live.our_side.other()).short_name
    }

    /// Makes the card.
    pub(crate) fn card(&self, channel: &ChannelView) -> ChannelCard {
        let ours = self.live.our_side;
        let id = carried_by(self.live.record.state(), channel.fund, ours);
        let seen = self.node.channels().iter().find(|seen| seen.opening == id);
        let report = channel.buyer.as_ref().or(channel.seller.as_ref());
        let open = seen.filter(|seen| matches!(seen.state, ChannelState::Open { .. }));
        let splices = channel.splices.iter().map(|splice| {
            let seen =
                seen.and_then(|seen| seen.splices.iter().find(|seen| seen.id == opening_id(splice.fund)));
            self.line(splice, seen)
        });
        let (mut state, mut trouble) = state(channel, seen, self.opening(channel.fund));
        let closing = self.closing(channel, seen);
        // While the notice runs the money is not back, though the closing transaction is in a block.
        if closing.as_ref().and_then(|closing| closing.blocks_left).is_some_and(|blocks| blocks > 0) {
            state = Badge::new(Tone::Warn, "Closing");
        }
        let part_of = channel.of.as_ref().map(|part| self.parts.line(part.contract));
        let own = seen.and_then(first_output).filter(|_| part_of.is_none());
        let sight = self.sight(channel, own);
        if let (Stage::Announced, None, Some(other)) = (&channel.progress, seen, self.on_its_way()) {
            (state, trouble) = (Badge::new(Tone::Busy, "Waiting"), other);
        }
        let why_not = self.parts.why_not.get(&channel.fund);
        let trouble = why_not.map_or(trouble, |why| format!("Not seen by us: {why}"));
        // A part is a share of the channel, which stands with all it has on the other contract's page.
        let open = open.filter(|_| part_of.is_none());
        let paying = open.filter(|_| ours == Side::Buyer);
        ChannelCard {
            fund: channel.fund,
            tranche: channel.tranche.clone(),
            title: title(channel),
            size_sat: open.map_or(channel.amount.0, |open| open.capacity_sat),
            ours_sat: open.map(|open| open.local_msat / 1_000),
            theirs_sat: open.map(|open| open.capacity_sat.saturating_sub(open.local_msat.div_ceil(1_000))),
            can_send_sat: open.map(|open| side_capacity(ours, open) / 1_000),
            at_most_at_once_sat: paying.map(|open| open.next_outbound_htlc_limit_msat / 1_000),
            in_flight_limit_sat: paying.map(|open| open.in_flight_limit_msat / 1_000),
            held_back_sat: paying
                .map(|open| (open.local_msat / 1_000).saturating_sub(open.outbound_capacity_msat / 1_000)),
            outpoint: report.map(|report| report.outpoint.clone()),
            stages: stages(&self.live.record, channel, &OPENING, pending_word(seen.map(|seen| &seen.state))),
            seen: agreement(&sight, self.node.answers(), self.their_name()),
            sight,
            closing,
            can_close: matches!(channel.progress, Stage::Open) && seen.is_some() && part_of.is_none(),
            part_of,
            splices: splices.collect(),
            releasable_sat: self.releasable_sat(channel, open),
            releases: channel.releases.iter().map(|part| self.release(part, seen)).collect(),
            state,
            trouble,
        }
    }

    /// Another channel with the same company that is not open yet, if there is one: this one waits for it.
    fn on_its_way(&self) -> Option<String> {
        let peer = peer_node(self.live).ok().filter(|_| self.live.our_side == Side::Buyer)?;
        let other = self.node.channels().iter().find(|seen| is_on_its_way(seen, &peer))?;
        let how_far = match other.state {
            ChannelState::Pending { confirmations, needed } => {
                format!("has {confirmations} of {needed} confirmations")
            }
            _ => "is being asked for".into(),
        };
        let size = words::sat(other.capacity_sat);
        let theirs = self.their_name();
        Some(format!(
            "Another channel with {theirs} ({size}) {how_far}. A node may allow no second one beside it, so this one is \
             opened by itself when that is open"
        ))
    }

    /// A splice, as a line of its channel.
    pub(super) fn line(&self, splice: &ChannelView, seen: Option<&Splice>) -> SpliceLine {
        let report = splice.buyer.as_ref().or(splice.seller.as_ref());
        let mut confirming = None;
        let (state, trouble) = match seen.map(|seen| &seen.state) {
            Some(SpliceState::Pending { confirmations, needed }) => {
                let word = format!("Confirming {confirmations} of {needed}");
                confirming = Some(word.clone());
                (Badge::new(Tone::Busy, word), String::new())
            }
            Some(SpliceState::Failed(failure)) => refused(failure),
            _ => from_record(splice, self.opening(splice.fund)),
        };
        let output = seen.and_then(|seen| Some(look(seen.funding?, seen.capacity_sat?)));
        let outpoint = report.map(|report| report.outpoint.clone());
        let outpoint = outpoint.or_else(|| output.as_ref().map(|output| output.outpoint.clone()));
        let sight = self.sight(splice, output);
        SpliceLine {
            fund: splice.fund,
            title: title(splice),
            amount_sat: splice.amount.0,
            outpoint,
            state,
            stages: stages(&self.live.record, splice, &SPLICING, confirming),
            seen: agreement(&sight, self.node.answers(), self.their_name()),
            sight,
            trouble,
        }
    }

    /// What the other side reports, and what our node sees; what it does not show any more (spent by a splice or by
    /// the end) as it saw it then.
    fn sight(&self, part: &ChannelView, seen: Option<Look>) -> SightView {
        let (ours, theirs) = match self.live.our_side {
            Side::Buyer => (&part.buyer, &part.seller),
            Side::Seller => (&part.seller, &part.buyer),
        };
        let reported =
            |report: &Report| Look { outpoint: report.outpoint.clone(), size_sat: report.capacity.0 };
        let over = matches!(part.progress, Stage::Open | Stage::Closing | Stage::Closed);
        let then = ours.as_ref().filter(|_| over).map(reported);
        SightView { reported: theirs.as_ref().map(reported), seen: seen.or(then) }
    }

    /// How it ends, and what that takes from the contract.
    fn closing(&self, channel: &ChannelView, seen: Option<&Channel>) -> Option<ClosingView> {
        let state = self.live.record.state();
        let known = state.channels.get(&channel.fund)?;
        let said = || known.closes.values().filter(|end| end.manner != CloseManner::Failed);
        let (ends, alone) = match seen.map(|seen| &seen.state) {
            Some(ChannelState::Closing { forced } | ChannelState::Closed { forced, .. }) => (true, *forced),
            _ => (said().next().is_some(), said().any(|end| end.manner == CloseManner::Forced)),
        };
        if !ends {
            return None;
        }
        let id = carried_by(state, channel.fund, self.live.our_side);
        let height = self.node.closing_height(id).filter(|_| alone);
        let notice_blocks = known.announced.as_ref().map_or(0, |announced| announced.notice_blocks);
        let blocks_left = height
            .map(|height| height.saturating_add(u32::from(notice_blocks)).saturating_sub(self.node.height()));
        let end = |blocks: u32| self.now.plus_seconds(i64::from(blocks) * BLOCK_S);
        let lost = self.covered.map(|covered| coverage::lost(covered, state, self.terms, channel.fund));
        Some(ClosingView {
            alone,
            blocks_left,
            about: blocks_left.and_then(|blocks| words::day(end(blocks), self.terms)),
            txid: said().find_map(|end| end.txid),
            lost: lost.unwrap_or_default(),
        })
    }
}

/// Whether what the other side reports is what our node sees.
fn agreement(sight: &SightView, node_answers: bool, theirs: &str) -> Badge {
    match (&sight.reported, &sight.seen) {
        (_, None) if !node_answers => Badge::new(Tone::Mute, "Not known: our node does not answer"),
        (None, None) => Badge::new(Tone::Mute, "Not seen yet"),
        (None, Some(_)) => Badge::new(Tone::Busy, format!("Seen by us, not yet by {theirs}")),
        (Some(_), None) => Badge::new(Tone::Bad, format!("Reported by {theirs}, not seen by us")),
        (Some(a), Some(b)) if a == b => Badge::new(Tone::Good, format!("Seen by us and by {theirs}")),
        (Some(a), Some(b)) if a.outpoint == b.outpoint => Badge::new(Tone::Bad, "Differs in its size"),
        (Some(_), Some(_)) => Badge::new(Tone::Bad, "Differs in its transaction"),
    }
}

/// The output of the opening, while the channel's money lies in it.
fn first_output(seen: &Channel) -> Option<Look> {
    let spliced = seen.splices.iter().any(|splice| splice.state == SpliceState::Locked);
    let there = matches!(seen.state, ChannelState::Pending { .. } | ChannelState::Open { .. });
    let funding = seen.funding.filter(|_| there && !spliced)?;
    Some(look(funding, seen.capacity_sat))
}

fn look(outpoint: OutPoint, size_sat: u64) -> Look {
    Look { outpoint: outpoint.to_string(), size_sat }
}

fn title(channel: &ChannelView) -> String {
    let purpose = if channel.stages.is_empty() {
        "general".into()
    } else {
        channel.stages.join(", ").replace('-', " ")
    };
    let name = channel.tranche.clone().unwrap_or_else(|| "channel".into()).replace('-', " ");
    format!("{}, {purpose}", words::capital(&name))
}

fn refused(failure: &OpenFailure) -> (Badge, String) {
    (Badge::new(Tone::Bad, "Refused"), crate::refused::of_failure(failure))
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
            ChannelState::Closing { .. } => return (Badge::new(Tone::Warn, "Closing"), String::new()),
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

/// The words of the three stages of an opening, and of a splice: the first while it lasts and once it is over.
const OPENING: [&str; 3] = ["Requested", "Requested", "Open"];
const SPLICING: [&str; 3] = ["Negotiating", "Negotiated", "Locked"];

fn pending_word(state: Option<&ChannelState>) -> Option<String> {
    match state {
        Some(ChannelState::Pending { confirmations, needed }) => {
            Some(format!("Confirming {confirmations} of {needed}"))
        }
        _ => None,
    }
}

pub(super) fn stages(
    record: &Record,
    channel: &ChannelView,
    words: &[&str; 3],
    confirming: Option<String>,
) -> Vec<StageMark> {
    let reached = |wanted: ChannelStage| first_report(record, channel.fund, wanted);
    let (pending, open) = (reached(ChannelStage::Pending), reached(ChannelStage::Open));
    let pending = pending.or(open);
    let mark = |word: String, at, before_done: bool, done: bool| {
        let progress = match (done, before_done) {
            (true, _) => Progress::Done,
            (false, true) => Progress::Now,
            (false, false) => Progress::Todo,
        };
        StageMark { word, progress, at }
    };
    let first = if pending.is_some() { words[1] } else { words[0] };
    let confirming =
        confirming.unwrap_or_else(|| if open.is_some() { "Confirmed" } else { "Confirming" }.into());
    vec![
        mark(first.into(), channel.announced_at, true, pending.is_some()),
        mark(confirming, pending, pending.is_some(), open.is_some()),
        mark(words[2].into(), open, false, open.is_some()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_other_side_reports_is_compared_with_what_our_node_sees() {
        let look = |outpoint: &str, size_sat| Some(Look { outpoint: outpoint.into(), size_sat });
        let check = |reported, seen, answers, tone, word: &str| {
            let found = agreement(&SightView { reported, seen }, answers, "Castor");
            assert_eq!((found.tone, found.word.as_str()), (tone, word));
        };
        check(None, None, true, Tone::Mute, "Not seen yet");
        check(None, look("a:0", 5), true, Tone::Busy, "Seen by us, not yet by Castor");
        check(look("a:0", 5), look("a:0", 5), true, Tone::Good, "Seen by us and by Castor");
        check(look("a:0", 5), look("a:0", 6), true, Tone::Bad, "Differs in its size");
        check(look("a:0", 5), look("a:1", 5), true, Tone::Bad, "Differs in its transaction");
        check(look("a:0", 5), None, true, Tone::Bad, "Reported by Castor, not seen by us");
        check(look("a:0", 5), None, false, Tone::Mute, "Not known: our node does not answer");
    }
}
