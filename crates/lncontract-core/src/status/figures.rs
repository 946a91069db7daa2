//! The money of the view: payables, milestones, six figures. Invariant: each payable is counted once.

use serde::Serialize;

use super::{late_days, sum};
use crate::{
    Contract, Hash, Sat, Time,
    state::Payable,
    v1::{Duty, Obligation, PayableId, RowId, Side, Terms, Trigger},
};

/// Six figures of what one side pays, net (this law knows no tax).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// The contract's total as amended; for the seller, what its milestones sum to.
    pub total: Sat,
    /// What became payable so far.
    pub earned: Sat,
    /// What stands on invoices, paid or not.
    pub invoiced: Sat,
    /// What is paid, by the record of either side.
    pub paid: Sat,
    /// What is held back: nothing in this law.
    pub retained: Sat,
    /// What is not yet paid: total less paid.
    pub outstanding: Sat,
}

/// A milestone and its money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MilestoneView {
    /// Its id.
    pub id: RowId,
    /// Its title.
    pub title: String,
    /// What it is worth.
    pub amount: Sat,
    /// Who pays it.
    pub payer: Side,
    /// What became payable.
    pub earned: Sat,
    /// What stands on invoices.
    pub invoiced: Sat,
    /// What is paid.
    pub paid: Sat,
}

/// Something payable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayableView {
    /// What it is for.
    pub id: PayableId,
    /// The milestone it belongs to, if its row is still in the terms.
    pub milestone: Option<RowId>,
    /// Who pays it; the other side makes the invoice.
    pub payer: Side,
    /// How much.
    pub amount: Sat,
    /// Units that earned it; 0 for whole rows.
    pub units: u64,
    /// The last second of the day it is due.
    pub due: Option<Time>,
    /// Days since then, if it is not paid.
    pub late_days: u64,
    /// How far it is.
    pub state: PayableState,
}

/// How far a payable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PayableState {
    /// Payable on its date, which has not come, and not invoiced ahead of it.
    NotYet,
    /// Payable, without an invoice.
    Earned,
    /// An invoice stands.
    Invoiced {
        /// Its entry.
        invoice: Hash,
        /// Its number.
        number: u64,
        /// The invoice's last instant has passed: cancel it and make another.
        expired: bool,
    },
    /// Paid.
    Paid {
        /// The invoice's entry.
        invoice: Hash,
        /// Its number.
        number: u64,
        /// The payer's receipt is in the record.
        by_payer: bool,
        /// The payee's confirmation is in the record.
        by_payee: bool,
    },
}

impl PayableView {
    /// Tells whether it is paid.
    pub fn is_paid(&self) -> bool {
        matches!(self.state, PayableState::Paid { .. })
    }
}

pub(crate) fn payables(contract: &Contract, as_of: Time) -> Vec<PayableView> {
    by_due(contract.payables.values().map(|payable| view(contract, payable, as_of)).collect())
}

/// Only those whose payment their payee has not confirmed.
pub(super) fn open_payables(contract: &Contract, as_of: Time) -> Vec<PayableView> {
    by_due(contract.payables.open().map(|payable| view(contract, payable, as_of)).collect())
}

fn by_due(mut payables: Vec<PayableView>) -> Vec<PayableView> {
    payables.sort_by_key(|payable| (payable.due.is_none(), payable.due));
    payables
}

/// Tells whether a row is payable on a day that has not begun. Everything else is in the state because it is payable.
fn waits_for_its_date(row: &Obligation, as_of: Time) -> bool {
    let on_date = matches!(row.duty, Duty::Pay { trigger: Trigger::Date, .. });
    on_date && row.due.at.is_some_and(|day_ends| as_of <= day_ends.plus_days(-1))
}

fn view(contract: &Contract, payable: &Payable, as_of: Time) -> PayableView {
    let row = contract.terms.as_ref().and_then(|terms| terms.obligation(&payable.id.row));
    let state = match contract.live_invoice(payable) {
        None if row.is_some_and(|row| waits_for_its_date(row, as_of)) => PayableState::NotYet,
        None => PayableState::Earned,
        Some((invoice, found)) if found.is_paid() => PayableState::Paid {
            invoice,
            number: found.number,
            by_payer: found.paid_at.is_some(),
            by_payee: found.received_at.is_some(),
        },
        Some((invoice, found)) => {
            PayableState::Invoiced { invoice, number: found.number, expired: as_of > found.expires }
        }
    };
    let paid = matches!(state, PayableState::Paid { .. });
    PayableView {
        id: payable.id.clone(),
        milestone: row.and_then(|row| row.milestone.clone()),
        payer: row.map_or(Side::Buyer, |row| row.debtor),
        amount: payable.amount,
        units: payable.units,
        due: payable.due,
        late_days: if paid { 0 } else { late_days(payable.due, as_of) },
        state,
    }
}

/// Sums what is earned, invoiced and paid.
fn sums<'a>(payables: impl Iterator<Item = &'a PayableView> + Clone) -> (Sat, Sat, Sat) {
    let payables = payables.filter(|payable| payable.state != PayableState::NotYet);
    let invoiced = payables.clone().filter(|payable| payable.state != PayableState::Earned);
    let paid = payables.clone().filter(|payable| payable.is_paid());
    (sum(payables.map(|p| p.amount)), sum(invoiced.map(|p| p.amount)), sum(paid.map(|p| p.amount)))
}

/// What a side is to pay and has paid.
pub(super) struct Totals {
    pub(super) total: Sat,
    pub(super) paid: Sat,
    /// What it paid beyond the total.
    beyond: Sat,
}

impl Totals {
    pub(super) fn outstanding(&self) -> Sat {
        Sat(self.total.0.saturating_sub(self.paid.0))
    }
}

/// Returns them, from what is kept of each row.
pub(super) fn totals(contract: &Contract, payer: Side) -> Totals {
    let terms = contract.terms.as_deref();
    let milestones = terms.into_iter().flat_map(|terms| &terms.milestones);
    let total =
        sum(milestones.filter(|milestone| milestone.payer == payer).map(|milestone| milestone.amount));
    let payer_of =
        |row: &str| terms.and_then(|terms| terms.obligation(row)).map_or(Side::Buyer, |row| row.debtor);
    let own = contract.payables.rows().filter(|(row, _)| payer_of(row) == payer);
    let all_paid = sum(own.map(|(_, money)| money.paid));
    let paid = all_paid.min(total);
    Totals { total, paid, beyond: Sat(all_paid.0.saturating_sub(paid.0)) }
}

/// Returns the six figures of what a side pays, and what it paid for nothing.
pub(crate) fn figures(contract: &Contract, payables: &[PayableView], payer: Side) -> (Figures, Sat) {
    let totals = totals(contract, payer);
    let (total, paid, outstanding) = (totals.total, totals.paid, totals.outstanding());
    let (earned, invoiced, _) = sums(payables.iter().filter(|payable| payable.payer == payer));
    let own = contract.invoices.values().filter(|invoice| invoice.by == payer.other());
    let cancelled = own.filter(|invoice| invoice.cancelled && invoice.is_paid());
    let strays = contract.strays.values().filter(|stray| stray.payer == payer);
    let strays = strays.map(|stray| stray.paid.max(stray.received));
    let credit = sum(cancelled.map(|invoice| invoice.amount).chain(strays).chain([totals.beyond]));
    (Figures { total, earned, invoiced, paid, retained: Sat::ZERO, outstanding }, credit)
}

pub(crate) fn milestones(terms: &Terms, payables: &[PayableView]) -> Vec<MilestoneView> {
    let view = |milestone: &crate::v1::Milestone| {
        let own = payables.iter().filter(|payable| payable.milestone.as_ref() == Some(&milestone.id));
        let (earned, invoiced, paid) = sums(own);
        let (id, title) = (milestone.id.clone(), milestone.title.clone());
        MilestoneView { id, title, amount: milestone.amount, payer: milestone.payer, earned, invoiced, paid }
    };
    terms.milestones.iter().map(view).collect()
}
