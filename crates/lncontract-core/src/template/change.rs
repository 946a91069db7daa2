//! Changes of terms in the making: a row is moved, a milestone, a delivery or a tranche comes or goes, as a form or a
//! play asks for it.
//!
//! Invariant: no rule is judged here (`check_terms` and the law do that), and what hangs on a row follows it: the sum
//! of its milestone, the payment that waits for it. Rows that are added stand last and have the ids that the supply
//! template would give them.

use jiff::civil::Date;

use super::row_id;
use crate::{
    Sat,
    schedule::{after, instant_of},
    v1::{
        Due, DueRule, Duty, Instrument, Milestone, Obligation, PayMode, RowId, Side, Terms, Tranche, Trigger,
    },
};

/// The longest month count that a date is looked for at.
const MONTHS_MAX: i32 = 1_200;

/// A milestone that is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMilestone {
    /// The words on the page.
    pub title: String,
    /// What it is worth.
    pub amount: Sat,
    /// Who pays it.
    pub payer: Side,
    /// What makes it payable.
    pub on: Cause,
}

/// What makes a milestone that is added payable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Work of the other side, shown by a document and accepted; due on that day.
    Work(Date),
    /// That day.
    Day(Date),
    /// The acceptance of all these rows.
    Acceptance(Vec<RowId>),
}

/// A delivery that is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The delivery that it is like: its item, its milestone, its place.
    pub like: RowId,
    /// How many units.
    pub quantity: u64,
    /// When.
    pub date: Date,
}

/// A tranche that is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTranche {
    /// How much goes in.
    pub amount: Sat,
    /// The tranche whose channel it is spliced into; a channel of its own if none is named.
    pub into: Option<RowId>,
    /// The milestones it is earmarked to; empty: the contract in general.
    pub stages: Vec<RowId>,
    /// When.
    pub date: Date,
}

/// Returns the due rule of a day: whole months after the date of contract where the day is one, as templates write it;
/// else the day itself.
pub fn due_on(terms: &Terms, date: Date) -> Due {
    let anchor = terms.date_of_contract;
    let years = i32::from(date.year()) - i32::from(anchor.year());
    let months = years * 12 + i32::from(date.month()) - i32::from(anchor.month());
    let whole = (0..=MONTHS_MAX).contains(&months) && after(anchor, months, 0) == Ok(date);
    let rule = if whole { DueRule::DateOfContract { months, days: 0 } } else { DueRule::Date { date } };
    Due { rule, at: instant_of(date, terms.utc_offset_minutes).ok() }
}

/// Gives a `pay` row another amount; its milestone is worth what its rows sum to.
pub fn reprice(terms: &mut Terms, row: &str, amount: Sat) {
    let Some(pay) = terms.obligations.iter_mut().find(|found| found.id == row) else { return };
    let Duty::Pay { amount: old, .. } = &mut pay.duty else { return };
    *old = amount;
    let Some(of) = pay.milestone.clone() else { return };
    let rows = terms.obligations.iter().filter(|found| found.milestone.as_ref() == Some(&of));
    let amounts = rows.filter_map(|row| match row.duty {
        Duty::Pay { amount, .. } => Some(amount),
        _ => None,
    });
    // A sum that does not fit stays as it was: the check names it.
    let Ok(sum) = Sat::sum(amounts) else { return };
    terms.milestones.iter_mut().filter(|found| found.id == of).for_each(|found| found.amount = sum);
}

/// Adds a milestone with its rows. Returns its id.
pub fn add_milestone(terms: &mut Terms, new: &NewMilestone) -> RowId {
    let id = free_id(terms, &row_id(&new.title));
    let row = |id: String, debtor, due, duty| Obligation { id, milestone: None, debtor, due, duty };
    let mut rows = Vec::new();
    let waits_for = |rows: Vec<RowId>| {
        let last = rows.last().cloned().unwrap_or_default();
        let rule = DueRule::Acceptance { row: last, months: 0, days: 0 };
        (Trigger::Acceptance { rows }, Due { rule, at: None })
    };
    let (trigger, due) = match &new.on {
        Cause::Work(date) => {
            let duty = Duty::Perform { service: new.title.clone(), quantity: 1 };
            rows.push(row(id.clone(), new.payer.other(), due_on(terms, *date), duty));
            waits_for(vec![id.clone()])
        }
        Cause::Day(date) => (Trigger::Date, due_on(terms, *date)),
        Cause::Acceptance(named) => waits_for(named.clone()),
    };
    let duty = Duty::Pay { amount: new.amount, trigger, mode: PayMode::Whole, net_days: 0 };
    rows.push(row(format!("pay-{id}"), new.payer, due, duty));
    terms.obligations.extend(rows.into_iter().map(|row| Obligation { milestone: Some(id.clone()), ..row }));
    let (title, amount, payer) = (new.title.clone(), new.amount, new.payer);
    terms.milestones.push(Milestone { id: id.clone(), title, amount, payer });
    id
}

/// Adds a delivery; the payments that wait for the one it is like wait for it too. Returns its id.
pub fn add_delivery(terms: &mut Terms, new: &NewDelivery) -> Option<RowId> {
    let like = terms.obligation(&new.like)?.clone();
    let Duty::Deliver { item, place, .. } = like.duty else { return None };
    let id = numbered(|id| terms.obligation(id).is_none(), "delivery");
    for pay in &mut terms.obligations {
        let Duty::Pay { trigger: Trigger::Acceptance { rows }, .. } = &mut pay.duty else { continue };
        if !rows.contains(&new.like) {
            continue;
        }
        let last = rows.last().cloned();
        rows.push(id.clone());
        follow(&mut pay.due.rule, last.as_ref(), &id);
    }
    let duty = Duty::Deliver { item, quantity: new.quantity, place };
    let due = due_on(terms, new.date);
    terms.obligations.push(Obligation { id: id.clone(), due, duty, ..like });
    Some(id)
}

/// Adds a tranche with its `fund` row. Returns its id.
pub fn add_tranche(terms: &mut Terms, new: &NewTranche) -> RowId {
    let word = if new.into.is_some() { "splice" } else { "channel" };
    let id = numbered(|id| terms.tranche(id).is_none(), word);
    let instrument = new.into.clone().map_or(Instrument::Channel, |into| Instrument::SpliceIn { into });
    let (amount, stages) = (new.amount, new.stages.clone());
    terms.funding.tranches.push(Tranche { id: id.clone(), amount, instrument, stages });
    let due = due_on(terms, new.date);
    let duty = Duty::Fund { tranche: id.clone() };
    let row = Obligation { id: format!("fund-{id}"), milestone: None, debtor: Side::Buyer, due, duty };
    terms.obligations.push(row);
    id
}

/// Takes a delivery out; no payment waits for it any more.
pub fn remove_delivery(terms: &mut Terms, id: &str) {
    terms.obligations.retain(|row| row.id != id);
    let gone = id.to_owned();
    for pay in &mut terms.obligations {
        let Duty::Pay { trigger: Trigger::Acceptance { rows }, .. } = &mut pay.duty else { continue };
        rows.retain(|row| *row != gone);
        if let Some(last) = rows.last() {
            follow(&mut pay.due.rule, Some(&gone), last);
        }
    }
}

/// Takes a milestone out, with everything that is done and paid for it.
pub fn remove_milestone(terms: &mut Terms, id: &str) {
    terms.milestones.retain(|milestone| milestone.id != id);
    terms.obligations.retain(|row| row.milestone.as_deref() != Some(id));
}

/// Takes a tranche out, with its `fund` row.
pub fn remove_tranche(terms: &mut Terms, id: &str) {
    terms.funding.tranches.retain(|tranche| tranche.id != id);
    terms.obligations.retain(|row| !matches!(&row.duty, Duty::Fund { tranche } if tranche == id));
}

/// A due rule that hung on one row hangs on another.
fn follow(rule: &mut DueRule, from: Option<&RowId>, to: &RowId) {
    if let DueRule::Acceptance { row, .. } = rule
        && Some(&*row) == from
    {
        row.clone_from(to);
    }
}

/// Returns the id, or with a number behind it where a milestone or a row of its has it already.
fn free_id(terms: &Terms, id: &str) -> RowId {
    let taken = |id: &str| {
        terms.milestone(id).is_some()
            || terms.obligation(id).is_some()
            || terms.obligation(&format!("pay-{id}")).is_some()
    };
    // Room for a number behind it.
    let short: String = id.chars().take(super::ID_MAX - 4).collect();
    if taken(id) { numbered(|id| !taken(id), short.trim_end_matches('-')) } else { id.to_owned() }
}

/// Returns the first of `word-1`, `word-2`, ... that is free.
fn numbered(is_free: impl Fn(&str) -> bool, word: &str) -> RowId {
    let mut ids = (1_u32..).map(|number| format!("{word}-{number}"));
    ids.find(|id| is_free(id)).unwrap_or_else(|| word.to_owned())
}
