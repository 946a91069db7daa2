//! Which of the contract's channels a payment goes over, as the law chooses, in words.
//!
//! Invariant: the choice is `lncontract_core::coverage::choose`, from what record and node know; nothing here chooses.
//! Money: what goes over each channel is named to the node, which sends no more over it.

mod drawn;

use std::collections::BTreeMap;

use lncontract_core::{
    Contract, Hash, Sat,
    coverage::{ChannelNow, Choice, Part, Piece, Standing, Way, Why, choose},
    state::{ChannelState as ChannelRecord, InvoiceState},
    v1::{RowId, Side},
};
use lncontract_lightning::{Channel, ChannelId, ChannelState, Share};

use crate::{
    live::Live,
    part::{carried_by, is_locked},
    present::{channels_now, words},
};

pub(crate) use drawn::{Drawn, is_sent};

/// What goes over a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    /// The tranche that opened it.
    pub(crate) title: String,
    /// Its `fund` entry in the payment's contract.
    pub(crate) fund: Hash,
    pub(crate) id: ChannelId,
    pub(crate) amount_sat: u64,
}

impl Over {
    pub(crate) fn share(&self) -> Share {
        Share { channel: self.id, most_msat: self.amount_sat.saturating_mul(1_000) }
    }
}

/// The law's choice for an invoice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen {
    /// What goes over each channel, or could go now if not all of it can.
    pub(crate) over: Vec<Over>,
    /// Every other channel, with the reason.
    pub(crate) passed_over: Vec<(String, String)>,
    /// What can't be paid now.
    pub(crate) missing_sat: u64,
    /// What stands in the way, with what to do.
    pub(crate) obstacle: Option<String>,
}

/// A payment to be chosen for.
pub(crate) struct Asked<'a> {
    pub(crate) live: &'a Live,
    pub(crate) known: &'a InvoiceState,
    /// Our node's channels.
    pub(crate) there: &'a [Channel],
    pub(crate) drawn: &'a Drawn,
}

impl Asked<'_> {
    /// Asks the law. `busy`: channels over which another payment is under way.
    pub(crate) fn choose(&self, busy: &[ChannelId]) -> Chosen {
        let all = self.channels();
        let free: Vec<ChannelNow> = all
            .iter()
            .filter(|now| !self.node_id(now.fund).is_some_and(|id| busy.contains(&id)))
            .cloned()
            .collect();
        let choice = self.ask(&free);
        let (pieces, missing) = match &choice.way {
            Way::OnePiece { fund } => (vec![Piece { fund: *fund, amount: self.known.amount }], Sat::ZERO),
            Way::Split { pieces } => (pieces.clone(), Sat::ZERO),
            Way::Short { now, missing } => (now.clone(), *missing),
        };
        let over = |piece: &Piece| {
            let (fund, title, id) = (piece.fund, self.title(piece.fund), self.node_id(piece.fund)?);
            Some(Over { title, fund, id, amount_sat: piece.amount.0 })
        };
        let over: Vec<Over> = pieces.iter().filter_map(over).collect();
        let obstacle = (missing > Sat::ZERO).then(|| self.obstacle(&all, &free, &over, missing));
        let passed_over = self.passed_over(&all, &free, &choice, &pieces);
        Chosen { over, passed_over, missing_sat: missing.0, obstacle }
    }

    /// The channels that a payment of it may go over.
    pub(crate) fn may_use(&self) -> Vec<ChannelId> {
        let stage = self.stage();
        let is_for = |part: &Part| part.stages.is_empty() || part.stages.contains(&stage);
        let all = self.channels().into_iter().filter(|now| now.parts.iter().any(is_for));
        all.filter_map(|now| self.node_id(now.fund)).collect()
    }

    fn ask(&self, channels: &[ChannelNow]) -> Choice {
        choose(self.state().id(), &self.stage(), self.known.amount, channels)
    }

    fn state(&self) -> &Contract {
        self.live.record.state()
    }

    /// The stage; none: only what is set aside for the contract in general pays it.
    fn stage(&self) -> RowId {
        drawn::stage(self.state(), self.known)
    }

    fn seen(&self, fund: Hash) -> Option<&Channel> {
        let id = carried_by(self.state(), fund, self.live.our_side);
        self.there.iter().find(|seen| seen.opening == id)
    }

    fn node_id(&self, fund: Hash) -> Option<ChannelId> {
        self.seen(fund).map(|seen| seen.id)
    }

    fn title(&self, fund: Hash) -> String {
        let announced = self.state().channels.get(&fund).and_then(|channel| channel.announced.as_ref());
        announced.map_or_else(|| "a channel".into(), |announced| announced.tranche.replace('-', " "))
    }

    /// The contract's channels, with what we can send over them.
    fn channels(&self) -> Vec<ChannelNow> {
        let mut all = channels_now(self.state(), Side::Buyer, self.there);
        if self.live.our_side == Side::Buyer {
            match &self.drawn.taken {
                Some(taken) => drawn::exactly(self.state(), &mut all, taken),
                None => self.guess(&mut all),
            }
            for now in &mut all {
                let beside = self.seen(now.fund).and_then(|seen| self.drawn.beside.get(&seen.opening));
                now.leave(beside.copied().unwrap_or_default());
            }
            return all;
        }
        // Earmarks are the buyer's; what the seller owes it pays over any channel of the contract.
        for now in &mut all {
            let tranche = self.title(now.fund);
            now.parts = vec![Part { tranche, stages: Vec::new(), left: now.can_send }];
        }
        all
    }

    /// What is left by what our node still has, where payments were made that the store has no channels of.
    fn guess(&self, all: &mut [ChannelNow]) {
        let held = |now: &ChannelNow| {
            let seen = self.seen(now.fund)?;
            if self.state().channels.get(&now.fund).is_some_and(|known| known.part().is_some()) {
                // The balance is not this contract's alone; the record's own count is.
                return Some((now.fund, now.parts.iter().map(|part| part.left.0).sum()));
            }
            let out = |release: Hash| is_locked(seen, release);
            Some((now.fund, kept_sat(self.state(), now.fund, seen.local_msat / 1_000, out)))
        };
        let held = all.iter().filter_map(held).collect();
        as_drawn(self.state(), all, &held);
    }

    /// Why not all of it can be paid now, and what helps.
    fn obstacle(&self, all: &[ChannelNow], free: &[ChannelNow], over: &[Over], missing: Sat) -> String {
        let covered = |channels: &[ChannelNow]| !matches!(self.ask(channels).way, Way::Short { .. });
        if free.len() < all.len() && covered(all) {
            return "another payment is under way over its channels: pay this one when that is decided"
                .into();
        }
        let mut back = all.to_vec();
        back.iter_mut()
            .filter(|now| now.standing == Standing::Away)
            .for_each(|now| now.standing = Standing::Usable);
        if covered(&back) {
            return "its channels can't be used now, their peer being away: pay it when the peer is back"
                .into();
        }
        let for_it: Vec<&ChannelNow> = all.iter().filter(|now| self.is_for_it(now)).collect();
        if for_it.is_empty() {
            return "no open channel is earmarked for it: fund one first".into();
        }
        self.too_little(&for_it, over, missing)
    }

    fn is_for_it(&self, now: &ChannelNow) -> bool {
        let stage = self.stage();
        let is_for = |part: &Part| part.stages.is_empty() || part.stages.contains(&stage);
        now.standing != Standing::Closing && now.parts.iter().any(is_for)
    }

    fn too_little(&self, for_it: &[&ChannelNow], over: &[Over], missing: Sat) -> String {
        let parts = over.iter().map(|over| format!("{} over {}", words::sat(over.amount_sat), over.title));
        let parts = parts.collect::<Vec<_>>().join(", ");
        let carry_sat: u64 = over.iter().map(|over| over.amount_sat).sum();
        let parts = if parts.is_empty() { parts } else { format!(" ({parts})") };
        let limited = for_it.iter().filter(|now| now.can_send > now.at_once);
        let fixed = limited.map(|now| {
            let (title, limit) = (self.title(now.fund), words::sat(now.in_flight_limit.0));
            format!("; {title} carries no more than {limit} at a time since it was opened, and a splice leaves that")
        });
        format!(
            "not payable in one go: one payment can carry {} now{parts}{}; the invoice asks for {}, {} are missing: \
             fund a further channel of at least that and what it holds back, then it is split over all of them. An \
             invoice is for the whole sum: it is paid whole or not at all, and instalments are what the terms name",
            words::sat(carry_sat),
            fixed.collect::<String>(),
            words::sat(self.known.amount.0),
            words::sat(missing.0),
        )
    }

    fn passed_over(
        &self,
        all: &[ChannelNow],
        free: &[ChannelNow],
        choice: &Choice,
        pieces: &[Piece],
    ) -> Vec<(String, String)> {
        let unused = all.iter().filter(|now| pieces.iter().all(|piece| piece.fund != now.fund));
        let line = |now: &ChannelNow| {
            let why = choice.passed_over.iter().find(|(fund, _)| *fund == now.fund);
            let words = match why {
                Some((_, why)) => in_words(*why),
                None if free.contains(now) => "not needed".into(),
                None => "another payment is under way over it".into(),
            };
            (self.title(now.fund), words)
        };
        unused.map(line).chain(self.of_others()).collect()
    }

    /// Open channels with the same company that this contract has no part of.
    fn of_others(&self) -> Vec<(String, String)> {
        let ids = self.state().channels.keys();
        let ids: Vec<_> = ids.map(|fund| carried_by(self.state(), *fund, self.live.our_side)).collect();
        let ours = |channel: &&Channel| ids.contains(&channel.opening);
        let peers: Vec<_> = self.there.iter().filter(ours).map(|channel| channel.peer).collect();
        let open = |channel: &&Channel| matches!(channel.state, ChannelState::Open { .. });
        let others =
            self.there.iter().filter(open).filter(|channel| peers.contains(&channel.peer) && !ours(channel));
        let line = |channel: &Channel| {
            (format!("a channel of {}", words::sat(channel.capacity_sat)), in_words(Why::OtherContract))
        };
        others.map(line).collect()
    }
}

/// Why a channel does not pay it.
fn in_words(why: Why) -> String {
    match why {
        Why::OtherContract => "set aside for another contract".into(),
        Why::OtherStages => "set aside for other milestones".into(),
        Why::Away => "its peer is away".into(),
        Why::Closing => "it is closing".into(),
        Why::Earmark { left } => {
            format!("{} are left of what is set aside in it for this", words::sat(left.0))
        }
        Why::CanSend { most } => format!("it can send {} at most", words::sat(most.0)),
        Why::AtOnce { most } => format!("it carries {} at a time at most", words::sat(most.0)),
    }
}

/// What is ours in a channel, less what was released of it and is not out yet: that is there, and pays nothing.
/// `out`: whether the splice of a release is locked.
fn kept_sat(state: &Contract, fund: Hash, held_sat: u64, out: impl Fn(Hash) -> bool) -> u64 {
    let waits = |(release, part): &(&Hash, &ChannelRecord)| part.closes.is_empty() && !out(**release);
    let releases = state.channels.iter().filter(waits).filter_map(|(_, part)| part.released.as_ref());
    let to_go = releases.filter(|released| released.from == fund).map(|released| released.amount.0);
    held_sat.saturating_sub(to_go.sum())
}

/// Corrects what is left of the earmarks: the record knows what was paid, the node over which channel. In a channel
/// for several things a stage's payments drew its own part first, as far as the record has such payments.
/// `held_sat`: what is ours in each and not released.
fn as_drawn(state: &Contract, channels: &mut [ChannelNow], held_sat: &BTreeMap<Hash, u64>) {
    let mut drawn: BTreeMap<Vec<RowId>, u64> = BTreeMap::new();
    for now in channels.iter_mut() {
        let full = drawn::set_aside(state, now);
        for (part, full) in now.parts.iter_mut().zip(full) {
            *drawn.entry(part.stages.clone()).or_default() += full.saturating_sub(part.left.0);
            part.left = Sat(full);
        }
    }
    // Channels for one thing only come first: there is no doubt what was paid over them.
    channels.sort_by_key(|now| now.parts.iter().any(|part| part.stages != now.parts[0].stages));
    for now in channels {
        let full_sat: u64 = now.parts.iter().map(|part| part.left.0).sum();
        let mut gone_sat = held_sat.get(&now.fund).map_or(0, |held_sat| full_sat.saturating_sub(*held_sat));
        let mixed = now.parts.iter().any(|part| part.stages != now.parts[0].stages);
        now.parts.iter_mut().for_each(|part| {
            let known = drawn.entry(part.stages.clone()).or_default();
            let most = if mixed && !part.stages.is_empty() { *known } else { 0 };
            let taken = part.left.0.min(most).min(gone_sat);
            *known -= taken;
            (part.left.0, gone_sat) = (part.left.0 - taken, gone_sat - taken);
        });
        // The rest is the general part's; what that does not have was paid for a stage after all.
        for general in [true, false] {
            for part in now.parts.iter_mut().filter(|part| part.stages.is_empty() == general) {
                let taken = part.left.0.min(gone_sat);
                (part.left.0, gone_sat) = (part.left.0 - taken, gone_sat - taken);
                let known = drawn.entry(part.stages.clone()).or_default();
                *known = known.saturating_sub(taken);
            }
        }
    }
}

#[cfg(test)]
mod tests;
