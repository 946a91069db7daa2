//! Whether new terms fit what was already done under the old ones.
//!
//! Invariant: after an admitted acceptance every accepted unit is still owed, every amount earned per unit
//! keeps its price, and nothing that was invoiced or paid has changed. Judged when an offer or an acceptance
//! is admitted; never again at the fold, because the offeror's frozen rows keep it true there (an admitted
//! acceptance is never undone).

use super::standing::changes;
use crate::{
    Contract, Hash,
    v1::{Duty, Obligation, RowId, Terms},
};

/// New terms that do not fit what was already done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Units accepted or under examination, and the row is gone or obliges to something else.
    #[error(
        "{units} units of row {row:?} are accepted or under examination; keep the row and what it obliges to"
    )]
    Tendered {
        /** The row. */
        row: RowId,
        /** Accepted or under examination. */
        units: u64,
    },
    /// Fewer units than are accepted or under examination.
    #[error(
        "{units} units of row {row:?} are accepted or under examination, the new quantity is {quantity}; keep it above"
    )]
    Quantity {
        /** The row. */
        row: RowId,
        /** Accepted or under examination. */
        units: u64,
        /** In the new terms. */
        quantity: u64,
    },
    /// An invoice or a payment stands on the row.
    #[error("row {row:?} is invoiced or paid (invoice {invoice}); keep it as it is and add a row instead")]
    Invoiced {
        /** The row. */
        row: RowId,
        /** The invoice. */
        invoice: Hash,
    },
    /// Some units have been earned at the old price.
    #[error("{units} units of row {row:?} are earned at its price; keep row and units, add a row instead")]
    EarnedPerUnit {
        /** The row. */
        row: RowId,
        /** Units earned. */
        units: u64,
    },
    /// A new price per unit for units that are already accepted.
    #[error(
        "row {row:?} would pay per unit for {named:?}, of which {accepted} are already accepted; name other rows"
    )]
    PricedLate {
        /** The `pay` row. */
        row: RowId,
        /** The row it names. */
        named: RowId,
        /** Its accepted units. */
        accepted: u64,
    },
    /// A channel stands on the tranche.
    #[error("tranche {tranche:?} is carried out by {fund}; keep it as it is")]
    Funded {
        /** The tranche. */
        tranche: RowId,
        /** The fund entry. */
        fund: Hash,
    },
}

impl Misfit {
    /// Returns where in the new terms it is to be seen: the row or the tranche, or the list that it is missing in.
    pub fn path(&self, new: &Terms) -> String {
        let row = match self {
            Self::Funded { tranche, .. } => {
                let index = new.funding.tranches.iter().position(|found| found.id == *tranche);
                return index
                    .map_or("funding.tranches".to_owned(), |index| format!("funding.tranches[{index}]"));
            }
            Self::Tendered { row, .. }
            | Self::Quantity { row, .. }
            | Self::Invoiced { row, .. }
            | Self::EarnedPerUnit { row, .. }
            | Self::PricedLate { row, .. } => row,
        };
        let index = new.obligations.iter().position(|found| found.id == *row);
        index.map_or("obligations".to_owned(), |index| format!("obligations[{index}]"))
    }
}

/// Checks new terms against the state.
pub(super) fn fits(past: &Contract, new: &Terms) -> Result<(), Misfit> {
    misfits(past, new).into_iter().next().map_or(Ok(()), Err)
}

/// Returns everything in which new terms do not fit what was already done: for whoever is writing them.
pub fn misfits(past: &Contract, new: &Terms) -> Vec<Misfit> {
    let Some(old) = &past.terms else { return Vec::new() };
    let done = old.obligations.iter().map(|row| match row.duty {
        Duty::Deliver { .. } | Duty::Perform { .. } => performed_fits(past, row, new),
        Duty::Pay { .. } => earned_fits(past, old, row, new),
        Duty::Fund { ref tranche } => funded_fits(past, old, row, tranche, new),
    });
    let priced = new.obligations.iter().map(|row| price_fits(past, old, row, new));
    done.chain(priced).filter_map(Result::err).collect()
}

fn performed_fits(past: &Contract, row: &Obligation, new: &Terms) -> Result<(), Misfit> {
    let open = past.open_tender(&row.id).map_or(0, |(_, tender)| tender.quantity);
    let units = past.performance(&row.id).accepted.saturating_add(open);
    if units == 0 {
        return Ok(());
    }
    let kept = new
        .obligation(&row.id)
        .filter(|after| after.debtor == row.debtor && after.milestone == row.milestone);
    let quantity = kept.and_then(|after| match (&row.duty, &after.duty) {
        (Duty::Deliver { item: old, .. }, Duty::Deliver { item, quantity, .. }) if old == item => {
            Some(*quantity)
        }
        (Duty::Perform { service: old, .. }, Duty::Perform { service, quantity }) if old == service => {
            Some(*quantity)
        }
        _ => None,
    });
    match quantity {
        None => Err(Misfit::Tendered { row: row.id.clone(), units }),
        Some(quantity) if quantity < units => Err(Misfit::Quantity { row: row.id.clone(), units, quantity }),
        Some(_) => Ok(()),
    }
}

fn earned_fits(past: &Contract, old: &Terms, row: &Obligation, new: &Terms) -> Result<(), Misfit> {
    if !changes(old, new, &row.id) {
        return Ok(());
    }
    let earned = || past.payables.values().filter(|payable| payable.id.row == row.id);
    if let Some(invoice) = earned().find_map(|payable| payable.invoice) {
        return Err(Misfit::Invoiced { row: row.id.clone(), invoice });
    }
    let units = earned().fold(0_u64, |sum, payable| sum.saturating_add(payable.units));
    if units > 0 { Err(Misfit::EarnedPerUnit { row: row.id.clone(), units }) } else { Ok(()) }
}

fn funded_fits(
    past: &Contract,
    old: &Terms,
    row: &Obligation,
    tranche: &str,
    new: &Terms,
) -> Result<(), Misfit> {
    match past.live_channel(tranche) {
        Some((fund, _)) if changes(old, new, &row.id) => {
            Err(Misfit::Funded { tranche: tranche.to_owned(), fund })
        }
        _ => Ok(()),
    }
}

/// A price per unit counts from the first unit on: a row may not come to it when some are already accepted.
fn price_fits(past: &Contract, old: &Terms, row: &Obligation, new: &Terms) -> Result<(), Misfit> {
    if !row.is_per_unit() || !changes(old, new, &row.id) {
        return Ok(());
    }
    for named in row.trigger_rows() {
        let accepted = past.performance(named).accepted;
        if accepted > 0 {
            return Err(Misfit::PricedLate { row: row.id.clone(), named: named.clone(), accepted });
        }
    }
    Ok(())
}
