//! What becomes payable, when, and how much.
//!
//! Money: a `per_unit` row pays amount / units, rounded down to the satoshi, for each accepted unit; the
//! remainder goes with the last unit. Invariant: the payables of a row never sum to more than its amount.

use crate::{
    Contract, Hash, Sat, Time,
    schedule::{due_after_acceptance, end_of_period},
    state::Payable,
    v1::{Duty, Obligation, PayMode, PayableId, Terms, Trigger},
};

/// Lets the acceptance of `units` of a row earn what it triggers.
pub(super) fn earn(state: &mut Contract, row: &str, tender: Hash, units: u64, time: Time) {
    let Some(terms) = state.terms.as_deref() else { return };
    let mut earned = Vec::new();
    for pay in terms.pay_rows_on(row) {
        if pay.is_per_unit() {
            earned.extend(per_unit(state, terms, pay, tender, units, time));
        } else {
            earned.extend(whole(state, terms, pay, time));
        }
    }
    insert(state, earned);
}

/// Recomputes under new terms what is payable whole and has no invoice yet;
/// the rest keeps its price (see `fit`).
pub(super) fn renew(state: &mut Contract, time: Time) {
    state.payables.retain(|payable| payable.invoice.is_some() || payable.id.tender.is_some());
    let Some(terms) = &state.terms else { return };
    let rows = terms.obligations.iter().filter(|pay| !pay.is_per_unit());
    let earned: Vec<_> = rows.filter_map(|pay| whole(state, terms, pay, time)).collect();
    insert(state, earned);
}

fn insert(state: &mut Contract, earned: Vec<Payable>) {
    for payable in earned {
        state.payables.insert(payable);
    }
}

/// Returns the payable of a row paid in one piece, if its trigger has come.
fn whole(state: &Contract, terms: &Terms, pay: &Obligation, time: Time) -> Option<Payable> {
    let Duty::Pay { amount, ref trigger, mode: PayMode::Whole, net_days } = pay.duty else { return None };
    let base = match trigger {
        // Both are fixed when the terms are made.
        Trigger::Date | Trigger::Signing => pay.due.at,
        Trigger::Acceptance { rows } => {
            let mut last = None;
            for row in rows {
                let done = state.performance(row);
                if terms.obligation(row)?.quantity()? > done.accepted {
                    return None;
                }
                last = last.max(done.accepted_at);
            }
            due_after_acceptance(&pay.due.rule, last.unwrap_or(time), terms).ok()
        }
    };
    let due = base.map(|base| end_of_period(base, net_days, terms));
    Some(Payable {
        id: PayableId { row: pay.id.clone(), tender: None },
        amount,
        due,
        units: 0,
        invoice: None,
        paid: false,
        confirmed: false,
    })
}

/// Returns the payable that some accepted units earn on a row paid per unit.
fn per_unit(
    state: &Contract,
    terms: &Terms,
    pay: &Obligation,
    tender: Hash,
    units: u64,
    time: Time,
) -> Option<Payable> {
    let Duty::Pay { amount, net_days, .. } = pay.duty else { return None };
    let before = state.payables.of_row(&pay.id).units;
    let amount = price(amount, terms.units(pay.trigger_rows())?, before, units)?;
    let due = due_after_acceptance(&pay.due.rule, time, terms).ok();
    let due = due.map(|base| end_of_period(base, net_days, terms));
    Some(Payable {
        id: PayableId { row: pay.id.clone(), tender: Some(tender) },
        amount,
        due,
        units,
        invoice: None,
        paid: false,
        confirmed: false,
    })
}

/// Returns what `units` more units earn, `before` of `all` having been earned;
/// none if they are more than there are.
pub(crate) fn price(amount: Sat, all: u64, before: u64, units: u64) -> Option<Sat> {
    let after = before.checked_add(units).filter(|after| *after <= all)?;
    // Rounded down for each unit.
    let each = Sat(amount.0.checked_div(all)?);
    if after == all { amount.sub(each.times(before).ok()?).ok() } else { each.times(units).ok() }
}
