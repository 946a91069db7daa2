//! The payments of the buyer that are still to come, and when.
//!
//! Invariant: together with what is paid they sum to what the buyer owes, as far as dates can be told.

use serde::Serialize;

use crate::{
    Contract, Sat, Time,
    law::price,
    schedule::end_of_period,
    status::planned_due,
    v1::{Duty, Obligation, RowId, Side, Terms},
};

/// A payment of the buyer that is still to come, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// The `pay` row.
    pub row: RowId,
    /// Its milestone.
    pub milestone: RowId,
    /// How much.
    pub amount: Sat,
    /// When it is due, by what was accepted or what the plan lets expect.
    pub due: Time,
}

/// Returns the payments of the buyer that are still to come, by due date.
pub fn expected(contract: &Contract) -> Vec<Expected> {
    let Some(terms) = &contract.terms else { return Vec::new() };
    let mut all = Vec::new();
    for pay in terms.obligations.iter().filter(|row| row.debtor == Side::Buyer) {
        let Duty::Pay { amount, net_days, .. } = pay.duty else { continue };
        let Some(milestone) = &pay.milestone else { continue };
        let mut push = |amount: Sat, due: Option<Time>| {
            let (row, milestone) = (pay.id.clone(), milestone.clone());
            // What lies outside the calendar has no place in an outlook.
            all.extend(due.map(|due| Expected { row, milestone, amount, due }));
        };
        let earned = || contract.payables.values().filter(|payable| payable.id.row == pay.id);
        for payable in earned() {
            let paid = contract.live_invoice(payable).is_some_and(|(_, invoice)| invoice.is_paid());
            if !paid {
                push(payable.amount, payable.due);
            }
        }
        let later = |due: Option<Time>| due.map(|due| end_of_period(due, net_days, terms));
        if pay.is_per_unit() {
            let units = earned().fold(0_u64, |sum, payable| sum.saturating_add(payable.units));
            for (amount, due) in units_to_come(contract, terms, pay, amount, units) {
                push(amount, later(due));
            }
        } else if earned().next().is_none() {
            push(amount, later(planned_due(contract, terms, pay).0));
        }
    }
    all.sort_by_key(|expected| expected.due);
    all
}

/// What the units that are not accepted yet will earn, delivery by delivery in the order of their due dates.
fn units_to_come(
    contract: &Contract,
    terms: &Terms,
    pay: &Obligation,
    amount: Sat,
    mut before: u64,
) -> Vec<(Sat, Option<Time>)> {
    let Some(all) = terms.units(pay.trigger_rows()) else { return Vec::new() };
    let rows = pay.trigger_rows().iter().filter_map(|row| terms.obligation(row));
    let mut open: Vec<_> = rows
        .map(|row| {
            let accepted = contract.performance(&row.id).accepted;
            let units = row.quantity().unwrap_or(0).saturating_sub(accepted);
            (planned_due(contract, terms, row).0, units)
        })
        .filter(|(_, units)| *units > 0)
        .collect();
    open.sort_by_key(|(due, _)| (due.is_none(), *due));
    let mut to_come = Vec::new();
    for (due, units) in open {
        to_come.extend(price(amount, all, before, units).map(|amount| (amount, due)));
        before = before.saturating_add(units);
    }
    to_come
}
