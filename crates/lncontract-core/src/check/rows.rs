//! The rows of the terms: who owes what, and that everything a row names is there.

use super::{Findings, Reason, words::row_text};
use crate::v1::{DueRule, Duty, Obligation, PayMode, Side, Terms, Trigger};

pub(super) fn check(terms: &Terms, faults: &mut Findings) {
    for (index, row) in terms.obligations.iter().enumerate() {
        let path = format!("obligations[{index}]");
        milestone(terms, &path, row, faults);
        duty(terms, &path, row, faults);
        if let DueRule::Acceptance { row: named, .. } = &row.due.rule {
            tenderable(terms, format!("{path}.due.rule.row"), named, faults);
        }
    }
}

fn milestone(terms: &Terms, path: &str, row: &Obligation, faults: &mut Findings) {
    let path = format!("{path}.milestone");
    match &row.milestone {
        Some(id) => faults.require(terms.milestone(id).is_some(), path, || unknown("milestone", id)),
        None => faults.require(matches!(row.duty, Duty::Fund { .. }), path, || Reason::NoMilestone),
    }
}

pub(super) fn unknown(what: &'static str, id: &str) -> Reason {
    Reason::Unknown { what, id: id.to_owned() }
}

fn duty(terms: &Terms, path: &str, row: &Obligation, faults: &mut Findings) {
    match &row.duty {
        Duty::Deliver { item, quantity, place } => {
            let known = terms.item(item).is_some();
            faults.require(known, format!("{path}.duty.item"), || unknown("item", item));
            faults.count(format!("{path}.duty.quantity"), *quantity);
            row_text(faults, format!("{path}.duty.place"), place);
        }
        Duty::Perform { service, quantity } => {
            row_text(faults, format!("{path}.duty.service"), service);
            faults.count(format!("{path}.duty.quantity"), *quantity);
        }
        Duty::Pay { amount, trigger, .. } => {
            let payer = row.milestone.as_ref().and_then(|id| terms.milestone(id)).map(|found| found.payer);
            debtor(path, row, payer.unwrap_or(row.debtor), faults);
            faults.amount(format!("{path}.duty.amount"), *amount);
            pay(terms, path, row, trigger, faults);
        }
        Duty::Fund { tranche } => {
            debtor(path, row, Side::Buyer, faults);
            let known = terms.tranche(tranche).is_some();
            faults.require(known, format!("{path}.duty.tranche"), || unknown("tranche", tranche));
        }
    }
}

/// A payment is owed by who pays its milestone; what is set aside comes from the buyer.
fn debtor(path: &str, row: &Obligation, expected: Side, faults: &mut Findings) {
    let found = row.debtor;
    faults.require(found == expected, format!("{path}.debtor"), || Reason::Debtor { expected, found });
}

fn pay(terms: &Terms, path: &str, row: &Obligation, trigger: &Trigger, faults: &mut Findings) {
    let path = format!("{path}.duty.trigger");
    let Trigger::Acceptance { rows } = trigger else {
        let dated = !matches!(row.due.rule, DueRule::Acceptance { .. });
        faults.require(dated, path.clone(), || Reason::UndatedTrigger);
        return faults.require(!row.is_per_unit(), path, || Reason::PerUnitTrigger);
    };
    faults.require(!rows.is_empty(), format!("{path}.rows"), || Reason::NoRows);
    for (index, named) in rows.iter().enumerate() {
        let at = format!("{path}.rows[{index}]");
        if let Some(first) = rows[..index].iter().position(|other| other == named) {
            let first = format!("{path}.rows[{first}]");
            faults.push(at.clone(), Reason::Duplicate { id: named.clone(), first });
        }
        tenderable(terms, at.clone(), named, faults);
        let delivery = terms.obligation(named).is_none_or(|row| matches!(row.duty, Duty::Deliver { .. }));
        let holds = delivery || !row.is_per_unit();
        faults.require(holds, at, || Reason::NotDelivery { row: named.clone() });
    }
    if let Duty::Pay { amount, mode: PayMode::PerUnit, .. } = row.duty
        && let Some(units) = terms.units(rows)
    {
        faults.require(amount.0 >= units, path, || Reason::BelowOneSat { amount, units });
    }
}

/// Only what is tendered can be accepted.
fn tenderable(terms: &Terms, path: String, named: &str, faults: &mut Findings) {
    match terms.obligation(named) {
        None => faults.push(path, unknown("row", named)),
        Some(row) => {
            let holds = row.quantity().is_some();
            faults.require(holds, path, || Reason::NotTenderable { row: named.to_owned() });
        }
    }
}
