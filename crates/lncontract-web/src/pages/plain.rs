//! Terms in plain words: what a person reads before the company signs.
//! Everything comes from the terms themselves.
//!
//! Invariant: nothing is computed that the terms don't say, except dates that the rules give if all goes as
//! planned; those are marked as expected.

use jiff::civil::Date;
use lncontract_core::{
    schedule,
    v1::{
        Document, Due, DueRule, Duty, Instrument, Item, Obligation, Party, PayMode, Side, Terms, Tranche,
        Trigger,
    },
};

use crate::format as f;

/// How far a date may hang on other rows' acceptance before it is given up.
const HOPS_MAX: usize = 16;

/// A contract as a person reads it.
pub struct Plain<'a> {
    pub buyer: &'a Party,
    pub seller: &'a Party,
    pub number: &'a str,
    pub total_sat: u64,
    pub date_of_contract: Date,
    pub items: &'a [Item],
    pub works: Vec<Work>,
    pub deliveries: Vec<Delivery>,
    pub examination: String,
    pub payments: Vec<Payment>,
    /// What the seller pays: it stands beside the total.
    pub paid_back: Vec<Payment>,
    pub funding: Vec<Planned>,
    pub covenant: String,
    pub documents: &'a [Document],
}

/// Work shown by a document.
pub struct Work {
    pub what: String,
    pub due: Option<Date>,
}

/// A delivery.
pub struct Delivery {
    pub what: String,
    pub place: String,
    pub due: Option<Date>,
    pub quantity: u64,
}

/// A payment and what makes it due.
pub struct Payment {
    pub title: String,
    pub when: String,
    pub expected: Option<Date>,
    pub amount_sat: u64,
}

/// A step of the funding plan.
pub struct Planned {
    pub row: String,
    pub what: String,
    pub stages: String,
    pub due: Option<Date>,
    pub amount_sat: u64,
    pub top_up: bool,
}

impl<'a> Plain<'a> {
    /// Reads terms, whether or not they are free of faults.
    pub fn of(terms: &'a Terms) -> Self {
        let rows = |keep: fn(&Duty) -> bool| terms.obligations.iter().filter(move |row| keep(&row.duty));
        let works =
            rows(|duty| matches!(duty, Duty::Perform { .. })).filter_map(|row| work(terms, row)).collect();
        let deliveries = rows(|duty| matches!(duty, Duty::Deliver { .. }))
            .filter_map(|row| delivery(terms, row))
            .collect();
        let paid_by = |side| {
            let pays = rows(|duty| matches!(duty, Duty::Pay { .. })).filter(move |row| row.debtor == side);
            pays.filter_map(|row| payment(terms, row)).collect()
        };
        let days = terms.clauses.examination_days;
        let silence =
            if terms.clauses.deemed_accepted { " Silence accepts." } else { " Silence does not accept." };
        Self {
            buyer: &terms.buyer,
            seller: &terms.seller,
            number: &terms.number,
            total_sat: terms.total.0,
            date_of_contract: terms.date_of_contract,
            items: &terms.items,
            works,
            deliveries,
            examination: format!(
                "{} examines each tender within {days} days and accepts, accepts in part, or rejects with all reasons at \
                 once.{silence}",
                terms.buyer.short_name
            ),
            payments: paid_by(Side::Buyer),
            paid_back: paid_by(Side::Seller),
            funding: terms.funding.tranches.iter().map(|tranche| planned(terms, tranche)).collect(),
            covenant: format!(
                "Each milestone is covered {} days before it falls due. Taking an earmark back alone takes {} blocks.",
                terms.funding.covered_days_before,
                f::grouped(u64::from(terms.funding.notice_blocks))
            ),
            documents: &terms.documents,
        }
    }

    /// The sum of what the buyer pays; a page shows when it is not the total.
    pub fn payments_sat(&self) -> u64 {
        self.payments.iter().fold(0, |sum, payment| sum.saturating_add(payment.amount_sat))
    }

    /// The sum of the funding plan.
    pub fn funding_sat(&self) -> u64 {
        self.funding.iter().fold(0, |sum, tranche| sum.saturating_add(tranche.amount_sat))
    }
}

fn work(terms: &Terms, row: &Obligation) -> Option<Work> {
    let Duty::Perform { service, quantity } = &row.duty else { return None };
    let what = if *quantity == 1 { service.clone() } else { format!("{service}, {}", f::units(*quantity)) };
    Some(Work { what, due: date_of(terms, &row.due, HOPS_MAX) })
}

fn delivery(terms: &Terms, row: &Obligation) -> Option<Delivery> {
    let Duty::Deliver { item, quantity, place } = &row.duty else { return None };
    let item = terms.items.iter().find(|known| known.id == *item);
    let what = item.map_or_else(|| row.id.clone(), |item| item.description.clone());
    Some(Delivery {
        what,
        place: place.clone(),
        due: date_of(terms, &row.due, HOPS_MAX),
        quantity: *quantity,
    })
}

fn payment(terms: &Terms, row: &Obligation) -> Option<Payment> {
    let Duty::Pay { amount, trigger, mode, net_days } = &row.duty else { return None };
    let milestone = terms.milestones.iter().find(|milestone| Some(&milestone.id) == row.milestone.as_ref());
    let after = match net_days {
        0 => "at once".to_owned(),
        1 => "1 day after".to_owned(),
        days => format!("{days} days after"),
    };
    let when = match (trigger, mode) {
        (Trigger::Acceptance { .. }, PayMode::PerUnit) => format!("for each accepted unit, {after}"),
        (Trigger::Acceptance { .. }, PayMode::Whole) => format!("on acceptance, {after}"),
        (Trigger::Signing, _) => format!("when the terms are in force, {after}"),
        (Trigger::Date, _) => format!("on its date, {after}"),
    };
    let title = milestone.map_or_else(|| row.id.clone(), |milestone| milestone.title.clone());
    let expected = date_of(terms, &row.due, HOPS_MAX);
    Some(Payment { title, when, expected, amount_sat: amount.0 })
}

/// A tranche with the day of its row.
pub fn planned(terms: &Terms, tranche: &Tranche) -> Planned {
    let names = |duty: &Duty| matches!(duty, Duty::Fund { tranche: named } if *named == tranche.id);
    let row = terms.obligations.iter().find(|row| names(&row.duty));
    let number = |id: &str| {
        let channels = terms.funding.tranches.iter().filter(|other| other.instrument == Instrument::Channel);
        channels
            .zip(1..)
            .find(|(other, _)| other.id == id)
            .map_or_else(|| id.to_owned(), |(_, n)| n.to_string())
    };
    let (what, top_up) = match &tranche.instrument {
        Instrument::Channel => (format!("Channel {}", number(&tranche.id)), false),
        Instrument::SpliceIn { into } => (format!("Top-up of channel {}", number(into)), true),
    };
    let title = |id: &String| {
        let known = terms.milestones.iter().find(|milestone| milestone.id == *id);
        known.map_or_else(|| id.clone(), |milestone| milestone.title.clone())
    };
    let stages = match tranche.stages.as_slice() {
        [] => "The contract in general".to_owned(),
        stages => stages.iter().map(title).collect::<Vec<_>>().join(", "),
    };
    let due = row.and_then(|row| date_of(terms, &row.due, HOPS_MAX));
    Planned { row: tranche.id.clone(), what, stages, due, amount_sat: tranche.amount.0, top_up }
}

/// The day of a row; for one that hangs on an acceptance, if that comes on the day the other row is due.
fn date_of(terms: &Terms, due: &Due, hops: usize) -> Option<Date> {
    let date = if let DueRule::Acceptance { row, months, days } = &due.rule {
        let other = terms.obligations.iter().find(|other| other.id == *row).filter(|_| hops > 0)?;
        schedule::after(date_of(terms, &other.due, hops - 1)?, *months, *days).ok()
    } else {
        schedule::dated(&due.rule, terms.date_of_contract).ok().flatten()
    };
    schedule::business_day(date?, &terms.non_business_days).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::views;

    #[test]
    fn the_worked_example_reads_as_it_was_agreed() {
        let terms = views::terms();
        let plain = Plain::of(&terms);
        assert_eq!(
            (plain.total_sat, plain.payments_sat(), plain.funding_sat()),
            (150_000_000, 150_000_000, 155_000_000)
        );
        assert_eq!((plain.works.len(), plain.deliveries.len(), plain.payments.len()), (4, 6, 5));
        let dates: Vec<_> =
            plain.deliveries.iter().map(|delivery| delivery.due.unwrap().to_string()).collect();
        assert_eq!(dates[0], "2026-10-15");
        assert_eq!(dates[5], "2027-03-15");
        assert_eq!(plain.payments[4].when, "for each accepted unit, at once");
        assert_eq!(plain.payments[4].expected.unwrap().to_string(), "2027-03-15");
        assert_eq!(plain.funding[1].what, "Top-up of channel 1");
        assert_eq!(plain.funding[3].what, "Channel 2");
        assert_eq!(plain.funding[3].stages, "Subsystem testing");
    }

    #[test]
    fn what_the_seller_pays_stands_beside_the_total() {
        let mut terms = views::terms();
        terms.obligations.iter_mut().find(|row| row.id == "pay-stage-1-assembly").unwrap().debtor =
            Side::Seller;
        let plain = Plain::of(&terms);
        assert_eq!((plain.payments_sat(), plain.paid_back[0].amount_sat), (135_000_000, 15_000_000));
    }

    #[test]
    fn rows_that_wait_for_each_other_have_no_date_and_do_not_hang_the_page() {
        let mut terms = views::terms();
        let rule = |row: &str| DueRule::Acceptance { row: row.to_owned(), months: 0, days: 0 };
        terms.obligations[0].due = Due { rule: rule(&terms.obligations[2].id.clone()), at: None };
        terms.obligations[2].due = Due { rule: rule(&terms.obligations[0].id.clone()), at: None };
        assert_eq!(Plain::of(&terms).works[0].due, None);
    }
}
