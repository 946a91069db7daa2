//! The outlook: what the channels will cover when each payment falls due, if the funding plan is kept and every
//! payment is made on its day; and what has to be said early about it.
//!
//! Invariant: what is overdue and not announced is not counted on. A payment covers only what no earlier payment
//! needs: the walk pays them in the order of their due dates, over the channels that `choose` chooses.

use serde::Serialize;

use super::{ChannelNow, Expected, Limits, expected, walk::Walk};
use crate::{
    Contract, Hash, Sat, Time,
    schedule::instant_of,
    state::ChannelState,
    status::has_ended,
    v1::{ChannelStage, Duty, Obligation, RowId, Terms},
};

/// What is to come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outlook {
    /// For the chart: one point for now and one for each day on which something happens.
    pub points: Vec<Point>,
    /// For the table: each payment to come, by due date.
    pub stages: Vec<StageOutlook>,
    /// What has to be said early, to both sides.
    pub warnings: Vec<Warning>,
}

/// One point of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// When.
    pub at: Time,
    /// What the channels can send then, after what happens at that instant.
    pub covered: Sat,
    /// What falls due then.
    pub due: Sat,
    /// What the funding plan puts in then.
    pub planned: Sat,
}

/// A payment to come, and how it is covered when the covenant asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageOutlook {
    /// The payment.
    pub expected: Expected,
    /// When it has to be covered: that many days before it is due, never before the date of contract.
    pub covered_by: Time,
    /// What is there for it then, at most its amount.
    pub covered: Sat,
    /// What is missing then.
    pub missing: Sat,
    /// Whether one channel can carry it when it is due; if not, it is paid in parts over several.
    pub in_one_piece: bool,
}

/// What has to be said early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Warning {
    /// A payment is not covered when the covenant asks for it.
    Uncovered {
        /// Path of its milestone in the terms: `milestones[3]`.
        path: String,
        /// The payment.
        expected: Expected,
        /// When it has to be covered.
        covered_by: Time,
        /// What is missing then.
        missing: Sat,
    },
    /// A tranche is overdue and nothing is announced for it.
    TrancheOverdue {
        /// The tranche.
        tranche: RowId,
        /// How much.
        amount: Sat,
        /// When it was due.
        due: Time,
    },
    /// A channel with money set aside closes before its end.
    Closing {
        /// Its `fund` entry.
        fund: Hash,
        /// Its tranche.
        tranche: RowId,
        /// What the tranche put in.
        amount: Sat,
    },
}

/// What happens at an instant of the walk.
enum Event<'a> {
    /// A tranche goes in.
    Fund(&'a Obligation),
    /// The covenant asks whether a payment is covered.
    Ask(usize),
    /// A payment is made.
    Pay(usize),
}

/// Walks from `as_of` to the last payment, with the channels as they are now.
pub fn outlook(contract: &Contract, channels: &[ChannelNow], limits: &Limits, as_of: Time) -> Outlook {
    let Some(terms) = &contract.terms else { return Outlook::default() };
    let expected = expected(contract);
    let mut walk = Walk::new(contract, terms, channels, limits);
    let mut out = Outlook { warnings: watch(contract, terms, as_of), ..Outlook::default() };
    out.points.push(Point { at: as_of, covered: walk.now(), due: Sat::ZERO, planned: Sat::ZERO });
    walk.come_back();
    let events = events(contract, terms, &walk.channels, &expected, as_of);
    for (at, event) in events {
        let (mut due, mut planned) = (Sat::ZERO, Sat::ZERO);
        match event {
            Event::Fund(row) => planned = walk.fund(row),
            Event::Ask(index) => {
                let stage = walk.ask(&expected, index, at);
                if stage.missing > Sat::ZERO {
                    out.warnings.push(uncovered(terms, &stage));
                }
                out.stages.push(stage);
                continue;
            }
            Event::Pay(index) => {
                let payment = &expected[index];
                due = payment.amount;
                let in_one_piece = walk.pay(payment);
                let mut asked = out.stages.iter_mut().filter(|stage| stage.expected == *payment);
                if let Some(stage) = asked.next() {
                    stage.in_one_piece = in_one_piece;
                }
            }
        }
        let covered = walk.now();
        match out.points.last_mut().filter(|point| point.at == at) {
            Some(point) => {
                point.covered = covered;
                point.due = Sat(point.due.0.saturating_add(due.0));
                point.planned = Sat(point.planned.0.saturating_add(planned.0));
            }
            None => out.points.push(Point { at, covered, due, planned }),
        }
    }
    out.stages.sort_by_key(|stage| stage.expected.due);
    out
}

fn uncovered(terms: &Terms, stage: &StageOutlook) -> Warning {
    let index = terms.milestones.iter().position(|found| found.id == stage.expected.milestone).unwrap_or(0);
    Warning::Uncovered {
        path: format!("milestones[{index}]"),
        expected: stage.expected.clone(),
        covered_by: stage.covered_by,
        missing: stage.missing,
    }
}

/// Everything that is to come, in its order: at one instant money goes in, then the covenant asks, then it goes out.
fn events<'a>(
    contract: &Contract,
    terms: &'a Terms,
    channels: &[ChannelNow],
    expected: &[Expected],
    as_of: Time,
) -> Vec<(Time, Event<'a>)> {
    let mut all = Vec::new();
    for row in &terms.obligations {
        let Duty::Fund { tranche } = &row.duty else { continue };
        let there = channels.iter().any(|channel| channel.parts.iter().any(|part| part.tranche == *tranche));
        if there || has_ended(contract, tranche) {
            continue;
        }
        // What is announced is on its way; what is overdue and not announced is not counted on.
        let at = if contract.live_channel(tranche).is_some() { Some(as_of) } else { row.due.at };
        if let Some(at) = at.filter(|at| *at >= as_of) {
            all.push((at, 0, Event::Fund(row)));
        }
    }
    let first = instant_of(terms.date_of_contract, terms.utc_offset_minutes).unwrap_or(as_of).max(as_of);
    let days = i64::from(terms.funding.covered_days_before);
    for (index, payment) in expected.iter().enumerate() {
        let asked = payment.due.plus_days(-days).max(first);
        all.push((asked, 1, Event::Ask(index)));
        all.push((payment.due.max(asked), 2, Event::Pay(index)));
    }
    all.sort_by_key(|(at, order, _)| (*at, *order));
    all.into_iter().map(|(at, _, event)| (at, event)).collect()
}

/// What the record itself tells: overdue tranches, channels that close.
fn watch(contract: &Contract, terms: &Terms, as_of: Time) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for row in &terms.obligations {
        let Duty::Fund { tranche } = &row.duty else { continue };
        let (Some(due), Some(planned)) = (row.due.at, terms.tranche(tranche)) else { continue };
        if due < as_of && contract.live_channel(tranche).is_none() && !has_ended(contract, tranche) {
            let (tranche, amount) = (tranche.clone(), planned.amount);
            warnings.push(Warning::TrancheOverdue { tranche, amount, due });
        }
    }
    for (fund, channel) in contract.channels.iter().filter(|(_, channel)| is_ending(channel)) {
        if let Some(announced) = &channel.announced {
            let (tranche, amount) = (announced.tranche.clone(), announced.amount);
            warnings.push(Warning::Closing { fund: *fund, tranche, amount });
        }
    }
    warnings
}

/// Was open, and its end has begun: the money is not back yet.
fn is_ending(channel: &ChannelState) -> bool {
    let open = channel.reports.values().any(|report| report.stage == ChannelStage::Open);
    open && !channel.closes.is_empty() && channel.closes.values().all(|end| end.txid.is_none())
}
