//! Coverage as pages show it: which channels count, what can be paid now and by plan, what has to be said early.
//!
//! Invariant: what covers what is the law's word (`covered_now`, `outlook`); here our node's channels are brought to it
//! and its answer is dated. The past is told from the record, the present from our node; where that does not answer,
//! nothing is told.

use std::collections::BTreeMap;

use lncontract_core::{
    Contract, Hash, Sat, Time,
    coverage::{ChannelNow, Limits, Outlook, Part, Point, StageOutlook, Standing, covered_now, outlook},
    state::{Announced, ChannelState as ChannelRecord},
    v1::{ChannelStage, Side, Terms},
};
use lncontract_lightning::{Channel, ChannelState};

use super::words;
use crate::{
    part::{carried_by, is_locked},
    view::{Badge, CoveragePoint, CoverageRow, CoverageView, Tone},
};

/// What the law says of a contract's channels as our node sees them.
pub(crate) struct Covered {
    /// The channels.
    pub(crate) channels: Vec<ChannelNow>,
    /// How each payment to come is covered now.
    pub(crate) now: Vec<StageOutlook>,
    /// The same, once the peers that are away are back.
    back: Vec<StageOutlook>,
    /// What is to come.
    pub(crate) outlook: Outlook,
}

impl Covered {
    /// Asks the law. `there`: our node's channels.
    pub(crate) fn of(state: &Contract, ours: Side, there: &[Channel], limits: &Limits, now: Time) -> Self {
        let channels = channels_now(state, ours, there);
        let mut back = channels.clone();
        for channel in back.iter_mut().filter(|channel| channel.standing == Standing::Away) {
            channel.standing = Standing::Usable;
        }
        Self {
            now: covered_now(state, &channels, now),
            back: covered_now(state, &back, now),
            outlook: outlook(state, &channels, limits, now),
            channels,
        }
    }

    /// What the usable channels can send in all, each up to what is left of its earmarks.
    pub(crate) fn in_all_sat(&self) -> u64 {
        let usable = self.channels.iter().filter(|channel| channel.standing == Standing::Usable);
        usable.map(|channel| left_sat(channel).min(channel.can_send.0)).sum()
    }

    /// How a milestone that the buyer pays is covered, in a word. `due`: whether something of it is payable.
    pub(crate) fn milestone(&self, milestone: &str, due: bool, now: Time) -> Badge {
        let of = |stages: &[StageOutlook], what: fn(&StageOutlook) -> u64| -> u64 {
            stages.iter().filter(|stage| stage.expected.milestone == milestone).map(what).sum()
        };
        let missing = |stages: &[StageOutlook]| of(stages, |stage| stage.missing.0);
        let mut asked = self.outlook.stages.iter().filter(|stage| stage.expected.milestone == milestone);
        let short_sat = missing(&self.now);
        match (due, short_sat) {
            (true, 0) => Badge::new(Tone::Warn, "Due, covered"),
            (false, 0) => Badge::new(Tone::Good, "Covered"),
            _ if missing(&self.back) == 0 => Badge::new(Tone::Warn, "Covered, peer away"),
            (true, _) => Badge::new(Tone::Bad, "Due, short"),
            // The covenant asks now.
            _ if asked.any(|stage| stage.covered_by <= now && stage.missing > Sat::ZERO) => {
                Badge::new(Tone::Bad, format!("{} short", words::sat(short_sat)))
            }
            // A rest of less than a hundredth is no coverage to speak of.
            _ if of(&self.now, |stage| stage.covered.0).saturating_mul(99) > short_sat => {
                Badge::new(Tone::Mute, "Covered in part")
            }
            _ => Badge::new(Tone::Mute, "Not covered yet"),
        }
    }

    /// The chart and the table.
    pub(crate) fn view(&self, state: &Contract, terms: &Terms, limits: &Limits, now: Time) -> CoverageView {
        let point = |point: &Point| {
            let (covered_sat, due_sat, funded_sat) = (point.covered.0, point.due.0, point.planned.0);
            Some(CoveragePoint { day: words::day(point.at, terms)?, covered_sat, due_sat, funded_sat })
        };
        let row = |stage: &StageOutlook| {
            let expected = &stage.expected;
            let now_sat =
                self.now.iter().find(|now| now.expected == *expected).map_or(0, |now| now.covered.0);
            Some(CoverageRow {
                milestone: title(terms, &expected.milestone),
                due: words::day(expected.due, terms)?,
                covered_by: words::day(stage.covered_by, terms)?,
                amount_sat: expected.amount.0,
                now_sat,
                then_sat: stage.covered.0,
                missing_sat: stage.missing.0,
                in_one_piece: stage.in_one_piece,
                state: payment_state(stage, now_sat, now),
            })
        };
        CoverageView {
            past: past(state, limits, now).iter().filter_map(point).collect(),
            coming: self.outlook.points.iter().filter_map(point).collect(),
            payments: self.outlook.stages.iter().filter_map(row).collect(),
        }
    }
}

fn payment_state(stage: &StageOutlook, now_sat: u64, now: Time) -> Badge {
    let short = || format!("{} short", words::sat(stage.missing.0));
    if stage.missing > Sat::ZERO {
        Badge::new(if stage.covered_by <= now { Tone::Bad } else { Tone::Warn }, short())
    } else if now_sat >= stage.expected.amount.0 {
        Badge::new(Tone::Good, "Covered")
    } else {
        Badge::new(Tone::Mute, "By plan")
    }
}

/// A milestone's title; its id where the terms have it no more.
pub(crate) fn title(terms: &Terms, milestone: &str) -> String {
    terms.milestone(milestone).map_or_else(|| milestone.to_owned(), |found| found.title.clone())
}

/// Returns what a channel that ends was to pay and nothing else covers: milestone and amount, by due date.
pub(crate) fn lost(covered: &Covered, state: &Contract, terms: &Terms, fund: Hash) -> Vec<(String, u64)> {
    let earmarks = earmarks(state, None);
    let of = |(id, channel): (&Hash, &ChannelRecord)| {
        let part = channel.announced.clone().filter(|part| *id == fund || part.into == Some(fund))?;
        let left = earmarks.ended.get(id).or(earmarks.left.get(id))?;
        Some((part.stages, left.0))
    };
    let mut parts: Vec<(Vec<String>, u64)> = state.channels.iter().filter_map(of).collect();
    let mut lost: Vec<(String, u64)> = Vec::new();
    for stage in &covered.now {
        let milestone = &stage.expected.milestone;
        let mut missing = stage.missing.0;
        for (stages, left) in &mut parts {
            if stages.is_empty() || stages.contains(milestone) {
                let taken = missing.min(*left);
                (missing, *left) = (missing - taken, *left - taken);
            }
        }
        let taken = stage.missing.0 - missing;
        let name = title(terms, milestone);
        match lost.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += taken,
            None if taken > 0 => lost.push((name, taken)),
            None => {}
        }
    }
    lost
}

/// What payments left of what one fund entry set aside, by the record alone.
pub(crate) fn left_of(state: &Contract, fund: Hash) -> Sat {
    earmarks(state, None).left.get(&fund).copied().unwrap_or_default()
}

/// What is left of a channel's earmarks.
pub(crate) fn left_sat(channel: &ChannelNow) -> u64 {
    channel.parts.iter().map(|part| part.left.0).sum()
}

/// The contract's channels that were open and are not over, as our node sees them.
pub(crate) fn channels_now(state: &Contract, ours: Side, there: &[Channel]) -> Vec<ChannelNow> {
    let earmarks = earmarks(state, None);
    let base = |(fund, channel): (&Hash, &ChannelRecord)| {
        let announced = channel.announced.as_ref().filter(|announced| announced.into.is_none())?;
        let seen = there.iter().find(|seen| seen.opening == carried_by(state, *fund, ours))?;
        let standing = match seen.state {
            ChannelState::Open { usable: true } => Standing::Usable,
            ChannelState::Open { usable: false } => Standing::Away,
            ChannelState::Closing { .. } => Standing::Closing,
            _ => return None,
        };
        let locked = |splice: &Hash| is_locked(seen, *splice);
        let of_it = state.channels.iter().filter_map(|(id, part)| Some((id, part.announced.as_ref()?)));
        let of_it = of_it.filter(|(id, part)| *id == fund || (part.into == Some(*fund) && locked(id)));
        let mut parts: Vec<_> = of_it.collect();
        parts.sort_by_key(|(id, part)| (*id != fund, part.at));
        let part = |(id, part): (&Hash, &Announced)| Part {
            tranche: part.tranche.clone(),
            stages: part.stages.clone(),
            left: earmarks.left.get(id).or(earmarks.ended.get(id)).copied().unwrap_or(part.amount),
        };
        let (can_send_msat, at_once_msat, limit_msat) = match ours {
            Side::Buyer => {
                (seen.outbound_capacity_msat, seen.next_outbound_htlc_limit_msat, seen.in_flight_limit_msat)
            }
            // The payer's limit is its size when it was opened; its node knows better, and says so when it pays.
            Side::Seller => {
                let opened_msat = announced.amount.0.saturating_mul(1_000);
                (seen.inbound_capacity_msat, seen.inbound_capacity_msat.min(opened_msat), opened_msat)
            }
        };
        Some(ChannelNow {
            contract: state.id(),
            fund: *fund,
            parts: parts.into_iter().map(part).collect(),
            standing,
            can_send: Sat(can_send_msat / 1_000),
            at_once: Sat(at_once_msat / 1_000),
            in_flight_limit: Sat(limit_msat / 1_000),
        })
    };
    state.channels.iter().filter_map(base).collect()
}

/// What payments left of the earmarks, and how that came.
#[derive(Default)]
struct Earmarks {
    left: BTreeMap<Hash, Sat>,
    /// What was left when its channel ended.
    ended: BTreeMap<Hash, Sat>,
    points: Vec<Point>,
}

/// A thing that happened to the earmarks.
enum Step {
    In(Hash),
    Out {
        stage: Option<String>,
        amount: u64,
    },
    /// Goes back to the buyer.
    Release {
        from: Hash,
        amount: u64,
    },
    End(Hash),
}

/// Goes through the record: money set aside, then paid, a stage's own earmarks first, the older first, as payments
/// take them. `limits`: what is held back of each, for what could be paid; without it nothing is.
fn earmarks(state: &Contract, limits: Option<&Limits>) -> Earmarks {
    let mut all = Earmarks::default();
    let mut held: BTreeMap<Hash, u64> = BTreeMap::new();
    for (at, step) in steps(state) {
        let (mut due, mut planned) = (0, 0);
        match step {
            Step::In(fund) => {
                let Some(announced) = state.channels.get(&fund).and_then(|found| found.announced.as_ref())
                else {
                    continue;
                };
                all.left.insert(fund, announced.amount);
                planned = announced.amount.0;
                let splice = announced.into.is_some();
                let sends = limits.map(|limits| {
                    let fee_buffer = if splice { Sat::ZERO } else { limits.fee_buffer };
                    Limits { fee_buffer, ..*limits }.can_send(announced.amount)
                });
                held.insert(fund, announced.amount.0 - sends.map_or(announced.amount.0, |sat| sat.0));
            }
            Step::Out { stage, amount } => {
                due = amount;
                draw(state, &mut all.left, stage.as_deref(), amount);
            }
            Step::Release { from, amount } => {
                let left = all.left.iter_mut().filter(|(fund, _)| part_of(state, **fund, from));
                take_oldest(left.map(|(fund, left)| (announced_at(state, *fund), left)).collect(), amount);
            }
            Step::End(fund) => {
                let left = all.left.remove(&fund);
                all.ended.extend(left.map(|left| (fund, left)));
                held.remove(&fund);
            }
        }
        let left =
            all.left.iter().map(|(fund, left)| left.0.saturating_sub(held.get(fund).copied().unwrap_or(0)));
        all.points.push(Point { at, covered: Sat(left.sum()), due: Sat(due), planned: Sat(planned) });
    }
    all
}

/// Everything that happened to the earmarks, in its order.
fn steps(state: &Contract) -> Vec<(Time, Step)> {
    let mut steps = Vec::new();
    for (fund, channel) in &state.channels {
        if channel.released.is_some() {
            continue;
        }
        let open = channel.reports.values().filter(|report| report.stage == ChannelStage::Open);
        let Some(opened) = open.map(|report| report.at).min() else { continue };
        steps.push((opened, 0, Step::In(*fund)));
        if let Some(end) = state.ends(channel).map(|end| end.at).min() {
            steps.push((end.max(opened), 2, Step::End(*fund)));
        }
    }
    let released = state.channels.values().filter(|part| part.closes.is_empty() || part.was_open());
    for released in released.filter_map(|part| part.released.as_ref()) {
        steps.push((released.at, 1, Step::Release { from: released.from, amount: released.amount.0 }));
    }
    for invoice in state.invoices.values().filter(|invoice| invoice.by == Side::Seller) {
        let row = state.terms.as_ref().and_then(|terms| terms.obligation(&invoice.payable.row));
        let stage = row.and_then(|row| row.milestone.clone());
        let paid = [invoice.paid_at, invoice.received_at].into_iter().flatten().min();
        steps.extend(paid.map(|at| (at, 1, Step::Out { stage, amount: invoice.amount.0 })));
    }
    steps.sort_by_key(|(at, order, _)| (*at, *order));
    steps.into_iter().map(|(at, _, step)| (at, step)).collect()
}

/// Whether a fund entry opened that channel or was spliced into it.
fn part_of(state: &Contract, fund: Hash, channel: Hash) -> bool {
    fund == channel || state.channels.get(&fund).and_then(ChannelRecord::base) == Some(channel)
}

fn announced_at(state: &Contract, fund: Hash) -> Option<Time> {
    state.channels.get(&fund)?.announced.as_ref().map(|announced| announced.at)
}

/// What is released goes out of the oldest part of the channel first.
fn take_oldest(mut parts: Vec<(Option<Time>, &mut Sat)>, mut amount: u64) {
    parts.sort_by_key(|(at, _)| *at);
    for (_, left) in parts {
        let taken = left.0.min(amount);
        (left.0, amount) = (left.0 - taken, amount - taken);
    }
}

fn draw(state: &Contract, left: &mut BTreeMap<Hash, Sat>, stage: Option<&str>, mut amount: u64) {
    for own in [true, false] {
        let of = |fund: &Hash| state.channels.get(fund).and_then(|channel| channel.announced.as_ref());
        let is_for = |fund: &Hash| {
            of(fund).is_some_and(|part| match own {
                true => part.stages.iter().any(|named| Some(named.as_str()) == stage),
                false => part.stages.is_empty(),
            })
        };
        let mut these: Vec<Hash> = left.keys().copied().filter(is_for).collect();
        these.sort_by_key(|fund| of(fund).map(|part| part.at));
        for fund in these {
            let Some(there) = left.get_mut(&fund) else { continue };
            let taken = there.0.min(amount);
            (there.0, amount) = (there.0 - taken, amount - taken);
        }
    }
}

/// What could be paid so far, one point for each change, up to now.
fn past(state: &Contract, limits: &Limits, now: Time) -> Vec<Point> {
    let mut points = earmarks(state, Some(limits)).points;
    points.retain(|point| point.at <= now);
    points
}

#[cfg(test)]
pub(super) mod tests;
