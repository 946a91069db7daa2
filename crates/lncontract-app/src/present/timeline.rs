//! The contract over time: a lane for each milestone, one for the funding plan, one for each channel.
//!
//! Invariant: what happened stands on its day by the record, what is to come on the day it is due; nothing is drawn
//! that no lane says in words.

use jiff::civil::Date;
use lncontract_core::{
    Contract, Hash, Time,
    coverage::expected,
    state::{Outcome, TenderState},
    status::{ChannelView, ObligationView, RowState, Status},
    v1::{ChannelStage, Duty, Obligation, Side, Terms},
};

use super::{coverage::title, words};
use crate::view::{ChannelCard, Lane, Sign, SpanKind, TimelineMark, TimelineSpan, TimelineView, Tone};

/// Makes the timeline of terms in force; nothing where no date is known.
pub(crate) fn timeline(
    state: &Contract,
    status: &Status,
    terms: &Terms,
    cards: &[ChannelCard],
) -> Option<TimelineView> {
    state.terms.as_ref()?;
    let desk = Desk { state, status, terms };
    let mut lanes: Vec<Lane> =
        terms.milestones.iter().map(|milestone| desk.milestone(&milestone.id)).collect();
    lanes.extend(desk.funding());
    let cards = |view: &ChannelView| cards.iter().find(|card| card.fund == view.fund);
    lanes.extend(status.channels.iter().filter_map(|channel| desk.channel(channel, cards(channel)?)));
    let today = words::day(status.as_of, terms)?;
    let spans = lanes.iter().flat_map(|lane| &lane.spans).flat_map(|span| [Some(span.from), span.to]);
    let marks = lanes.iter().flat_map(|lane| &lane.marks).map(|mark| Some(mark.day));
    let days = || spans.clone().chain(marks.clone()).flatten().chain([terms.date_of_contract, today]);
    let (from, to) = (days().min()?, days().max()?);
    Some(TimelineView { from, to, lanes })
}

struct Desk<'a> {
    state: &'a Contract,
    status: &'a Status,
    terms: &'a Terms,
}

impl Desk<'_> {
    fn day(&self, at: Time) -> Option<Date> {
        words::day(at, self.terms)
    }

    fn milestone(&self, id: &str) -> Lane {
        let milestone = self.terms.milestone(id);
        let rows = self.terms.obligations.iter().filter(|row| row.milestone.as_deref() == Some(id));
        let work: Vec<&Obligation> = rows.filter(|row| row.quantity().is_some()).collect();
        let mut marks: Vec<_> = work.iter().filter_map(|row| self.work(row)).collect();
        marks.extend(self.paid(id));
        marks.extend(self.to_pay(id));
        marks.sort_by_key(|mark| mark.day);
        Lane {
            title: title(self.terms, id),
            amount_sat: milestone.map_or(0, |milestone| milestone.amount.0),
            spans: work.iter().flat_map(|row| self.tenders(row)).collect(),
            marks,
        }
    }

    fn view(&self, row: &str) -> Option<&ObligationView> {
        self.status.obligations.iter().find(|view| view.row == row)
    }

    /// A delivery or work: where it was accepted, else where it is due.
    fn work(&self, row: &Obligation) -> Option<TimelineMark> {
        let view = self.view(&row.id)?;
        let done = words::is_done(&view.state);
        let accepted = self.state.performance(&row.id).accepted_at.filter(|_| done);
        let badge = words::row_state(&view.state);
        let what = format!("{}: {}", words::what(row, self.terms), badge.word);
        let day = self.day(accepted.or(view.due)?)?;
        Some(TimelineMark {
            sign: Sign::Work,
            day,
            expected: view.expected && !done,
            tone: badge.tone,
            done,
            what,
        })
    }

    /// Tenders, from the day they were made to the day they were judged, or the last day of the examination.
    fn tenders<'b>(&'b self, row: &'b Obligation) -> impl Iterator<Item = TimelineSpan> + 'b {
        let of_row = self.state.tenders.values().filter(|tender| tender.row == row.id);
        of_row.filter_map(|tender| {
            let (kind, end, words) = judged(tender);
            let what = format!("{}: tendered, {words}", words::what(row, self.terms));
            Some(TimelineSpan { kind, from: self.day(tender.at)?, to: self.day(end), what })
        })
    }

    /// What was paid on a milestone, by either side.
    fn paid<'b>(&'b self, milestone: &'b str) -> impl Iterator<Item = TimelineMark> + 'b {
        let of_milestone = move |row: &str| {
            let row = self.terms.obligation(row);
            row.is_some_and(|row| row.milestone.as_deref() == Some(milestone))
        };
        let invoices = self.state.invoices.values().filter(move |invoice| of_milestone(&invoice.payable.row));
        invoices.filter_map(|invoice| {
            let at = [invoice.paid_at, invoice.received_at].into_iter().flatten().min()?;
            let what = format!("{} paid, invoice {}", words::sat(invoice.amount.0), invoice.number);
            let day = self.day(at)?;
            Some(TimelineMark {
                sign: Sign::Payment,
                day,
                expected: false,
                tone: Tone::Good,
                done: true,
                what,
            })
        })
    }

    /// What is to be paid on a milestone.
    fn to_pay(&self, milestone: &str) -> Vec<TimelineMark> {
        let now = self.status.as_of;
        let mark = |amount: u64, due: Time, expected: bool| {
            let tone = match (due < now, expected) {
                (true, _) => Tone::Bad,
                (false, false) => Tone::Warn,
                (false, true) => Tone::Mute,
            };
            let what = format!("{} to be paid", words::sat(amount));
            Some(TimelineMark { sign: Sign::Payment, day: self.day(due)?, expected, tone, done: false, what })
        };
        let open = self.status.payables.iter().filter(|payable| !payable.is_paid());
        let earned: Vec<_> = open.filter(|payable| payable.milestone.as_deref() == Some(milestone)).collect();
        let is_earned =
            |amount, due| earned.iter().any(|payable| payable.amount == amount && payable.due == Some(due));
        let buyers = expected(self.state).into_iter().filter(|payment| payment.milestone == milestone);
        let buyers = buyers.filter_map(|payment| {
            mark(payment.amount.0, payment.due, !is_earned(payment.amount, payment.due))
        });
        let rows = self.terms.obligations.iter().filter(|row| row.milestone.as_deref() == Some(milestone));
        let sellers = rows.filter(|row| row.debtor == Side::Seller).filter_map(|row| {
            let Duty::Pay { amount, .. } = row.duty else { return None };
            let view = self.view(&row.id)?;
            if view.state == RowState::Paid { None } else { mark(amount.0, view.due?, view.expected) }
        });
        buyers.chain(sellers).collect()
    }

    /// The tranches: done once their channel or top-up is open.
    fn funding(&self) -> Option<Lane> {
        let rows = self.terms.obligations.iter();
        let mut marks: Vec<_> = rows
            .filter_map(|row| {
                let Duty::Fund { tranche } = &row.duty else { return None };
                let view = self.view(&row.id)?;
                let opened = self.opened(tranche);
                let badge = words::row_state(&view.state);
                let amount = self.terms.tranche(tranche).map_or(0, |tranche| tranche.amount.0);
                let what =
                    format!("{}, {}: {}", words::what(row, self.terms), words::sat(amount), badge.word);
                let day = self.day(opened.or(view.due)?)?;
                let done = opened.is_some();
                let tone = if done { Tone::Good } else { badge.tone };
                Some(TimelineMark { sign: Sign::Funding, day, expected: false, tone, done, what })
            })
            .collect();
        marks.sort_by_key(|mark| mark.day);
        let amount_sat = self.terms.funding.tranches.iter().map(|tranche| tranche.amount.0).sum();
        (!marks.is_empty()).then(|| Lane {
            title: "Funding plan".into(),
            amount_sat,
            spans: Vec::new(),
            marks,
        })
    }

    /// When the money of a tranche could first be used.
    fn opened(&self, tranche: &str) -> Option<Time> {
        let of = self.state.channels.iter().filter(|(_, channel)| {
            channel.announced.as_ref().is_some_and(|announced| announced.tranche == tranche)
        });
        of.filter_map(|(fund, _)| self.first(*fund, ChannelStage::Open)).min()
    }

    fn first(&self, fund: Hash, stage: ChannelStage) -> Option<Time> {
        let reports = self.state.channels.get(&fund)?.reports.values();
        reports.filter(|report| report.stage >= stage).map(|report| report.at).min()
    }

    /// A channel's life: on its way, open, on its way to its end; its top-ups on the days they could be used.
    fn channel(&self, channel: &ChannelView, card: &ChannelCard) -> Option<Lane> {
        let state = self.state.channels.get(&channel.fund)?;
        let announced = self.day(channel.announced_at?)?;
        let opened = self.first(channel.fund, ChannelStage::Open).and_then(|at| self.day(at));
        let ended = state.closes.values().map(|end| end.at).min().and_then(|at| self.day(at));
        let today = self.day(self.status.as_of);
        let mut spans = vec![TimelineSpan {
            kind: SpanKind::Confirming,
            from: announced,
            to: opened.or(ended),
            what: format!("{}: on its way", card.title),
        }];
        if let Some(from) = opened {
            let what = format!("{}: open with {}", card.title, words::sat(card.size_sat));
            spans.push(TimelineSpan { kind: SpanKind::Open, from, to: ended, what });
        }
        if let (Some(from), Some(closing)) = (ended, &card.closing) {
            let to = closing.about.filter(|_| closing.blocks_left.is_some_and(|blocks| blocks > 0));
            let what =
                format!("{}: {}", card.title, if closing.alone { "closed alone" } else { "closed together" });
            let still = if closing.txid.is_none() { today } else { None };
            spans.push(TimelineSpan { kind: SpanKind::Closing, from, to: to.or(still).or(Some(from)), what });
        }
        let splice = |splice: &ChannelView| {
            let opened = self.first(splice.fund, ChannelStage::Open);
            let day = self.day(opened.or(splice.announced_at)?)?;
            let what = format!("{} more by a top-up of {}", words::sat(splice.amount.0), card.title);
            let (done, tone) = (opened.is_some(), if opened.is_some() { Tone::Good } else { Tone::Busy });
            Some(TimelineMark { sign: Sign::Funding, day, expected: false, tone, done, what })
        };
        let marks = channel.splices.iter().filter_map(splice).collect();
        Some(Lane { title: card.title.clone(), amount_sat: card.size_sat, spans, marks })
    }
}

/// What became of a tender: how it is drawn, its end, and the word.
fn judged(tender: &TenderState) -> (SpanKind, Time, String) {
    match tender.outcome {
        Outcome::Open => (SpanKind::Tender, tender.deadline, "under examination".into()),
        Outcome::Deemed { at } => (SpanKind::Tender, at, "deemed accepted".into()),
        Outcome::Answered { accepted: 0, at } => (SpanKind::Rejected, at, "rejected".into()),
        Outcome::Answered { accepted, at } if accepted < tender.quantity => {
            (SpanKind::Rejected, at, format!("accepted in part, {accepted} of {}", tender.quantity))
        }
        Outcome::Answered { at, .. } => (SpanKind::Tender, at, "accepted".into()),
    }
}

#[cfg(test)]
mod tests;
