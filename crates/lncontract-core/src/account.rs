//! The final account: what was owed, paid, credited and retained, per milestone and in all.
//!
//! Invariant: a function of the state alone, so that both companies sign the same figures; each payment is counted
//! once. It can be signed when no row is open.

use crate::{
    Contract, Sat, Time,
    status::{MilestoneView, figures, payables},
    v1::{Account, AccountLine, Duty, Obligation, RowId, Side, Sums},
};

/// An account is no matter of an instant: what falls due at any time is part of it, and nothing in it is late.
const END: Time = Time(i64::MAX);

/// Returns what a contract comes to; none before terms are in force.
pub fn account(contract: &Contract) -> Option<Account> {
    let terms = contract.terms.as_ref()?;
    let payables = payables(contract, END);
    let line = |milestone: MilestoneView| {
        let credited = credited(contract, &milestone.id);
        let (owed, paid, retained) = (milestone.amount, milestone.paid, Sat::ZERO);
        let sums = Sums { owed, paid, credited, retained };
        AccountLine { milestone: milestone.id, payer: milestone.payer, sums }
    };
    let sums = |payer: Side| {
        let (figures, credited) = figures(contract, &payables, payer);
        Sums { owed: figures.total, paid: figures.paid, credited, retained: figures.retained }
    };
    Some(Account {
        terms: contract.terms_hash(),
        milestones: crate::status::milestones(terms, &payables).into_iter().map(line).collect(),
        buyer: sums(Side::Buyer),
        seller: sums(Side::Seller),
    })
}

/// Returns the rows that keep a contract from its final account: not performed, or not paid. Money that was to be
/// set aside is not asked for any more.
pub fn open_rows(contract: &Contract) -> Vec<RowId> {
    let rows = contract.terms.iter().flat_map(|terms| &terms.obligations);
    rows.filter(|row| is_open(contract, row)).map(|row| row.id.clone()).collect()
}

fn is_open(contract: &Contract, row: &Obligation) -> bool {
    match row.duty {
        Duty::Deliver { quantity, .. } | Duty::Perform { quantity, .. } => {
            contract.performance(&row.id).accepted < quantity || contract.open_tender(&row.id).is_some()
        }
        Duty::Pay { amount, .. } => contract.payables.of_row(&row.id).paid != amount,
        Duty::Fund { .. } => false,
    }
}

/// What was paid on a milestone for invoices that were cancelled.
fn credited(contract: &Contract, milestone: &str) -> Sat {
    let of_milestone = |row: &str| {
        let row = contract.terms.as_ref().and_then(|terms| terms.obligation(row));
        row.is_some_and(|row| row.milestone.as_deref() == Some(milestone))
    };
    let cancelled = contract.invoices.values().filter(|invoice| invoice.cancelled && invoice.is_paid());
    let own = cancelled.filter(|invoice| of_milestone(&invoice.payable.row));
    own.fold(Sat::ZERO, |sum, invoice| Sat(sum.0.saturating_add(invoice.amount.0)))
}
