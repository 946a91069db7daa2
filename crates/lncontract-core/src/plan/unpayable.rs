//! What some terms can never pay over the channels that they plan, however early everything is set aside.
//!
//! Invariant: in doubt it says nothing. What it names fails for certain, if the plan is all there is; terms are not
//! wrong for it, since the parties may set aside more later, or amend.

use std::fmt;

use super::begin;
use crate::{
    Contract, Sat, Time,
    coverage::{Expected, Limits, expected, outlook},
    status::planned_due,
    v1::{Duty, Side, Terms},
};

/// A payment that no channel of the plan can carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpayable {
    /// Path of its milestone in the terms: `milestones[3]`.
    pub path: String,
    /// Who owes it.
    pub payer: Side,
    /// How much.
    pub amount: Sat,
    /// When it is due.
    pub due: Time,
    /// What is missing of it then.
    pub missing: Sat,
}

impl fmt::Display for Unpayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, payer, amount, due, missing } = self;
        write!(f, "{path}: of {amount}, due {due}, ")?;
        match payer {
            Side::Buyer => {
                write!(f, "{missing} can't be sent over what is planned under funding; set aside more")
            }
            Side::Seller => write!(
                f,
                "{missing} is more than the buyer will have paid the seller by then; let it be due later"
            ),
        }
    }
}

/// Returns every payment that the funding plan of these terms can't carry, by due date.
pub fn unpayable(terms: &Terms, limits: &Limits) -> Vec<Unpayable> {
    let contract = Contract { terms: Some(at_once(terms).into()), ..Contract::default() };
    let to_seller = expected(&contract);
    let to_buyer = from_the_seller(&contract, terms);
    let mut found = Vec::new();
    for stage in outlook(&contract, &[], limits, begin(terms)).stages {
        // What the seller has paid by then, the buyer can send again.
        let more = sum_until(&to_buyer, stage.expected.due);
        found.push((Side::Buyer, stage.expected, stage.missing.less(more)));
    }
    let mut returned = Sat::ZERO;
    for payment in to_buyer {
        let received = sum_until(&to_seller, payment.due);
        let missing = payment.amount.less(received.less(returned));
        returned = Sat(returned.0.saturating_add(payment.amount.0));
        found.push((Side::Seller, payment, missing));
    }
    let mut found: Vec<Unpayable> = found
        .into_iter()
        .filter(|(_, _, missing)| *missing > Sat::ZERO)
        .map(|(payer, payment, missing)| Unpayable {
            path: path(terms, &payment.milestone),
            payer,
            amount: payment.amount,
            due: payment.due,
            missing,
        })
        .collect();
    found.sort_by_key(|unpayable| unpayable.due);
    found
}

/// The terms with all that is set aside there from the first second, and asked for no sooner than it is due.
fn at_once(terms: &Terms) -> Terms {
    let (mut terms, begin) = (terms.clone(), begin(terms));
    terms.funding.covered_days_before = 0;
    for row in &mut terms.obligations {
        if matches!(row.duty, Duty::Fund { .. }) {
            row.due.at = Some(begin);
        }
    }
    terms
}

/// What the seller pays, by due date.
fn from_the_seller(contract: &Contract, terms: &Terms) -> Vec<Expected> {
    let owed = terms.obligations.iter().filter(|row| row.debtor == Side::Seller);
    let mut payments: Vec<Expected> = owed
        .filter_map(|row| {
            let Duty::Pay { amount, net_days, .. } = row.duty else { return None };
            let due = planned_due(contract, terms, row).0?.plus_days(i64::from(net_days));
            Some(Expected { row: row.id.clone(), milestone: row.milestone.clone()?, amount, due })
        })
        .collect();
    payments.sort_by_key(|payment| payment.due);
    payments
}

fn sum_until(payments: &[Expected], due: Time) -> Sat {
    let before = payments.iter().filter(|payment| payment.due <= due);
    Sat(before.fold(0_u64, |sum, payment| sum.saturating_add(payment.amount.0)))
}

fn path(terms: &Terms, milestone: &str) -> String {
    let index = terms.milestones.iter().position(|found| found.id == milestone).unwrap_or(0);
    format!("milestones[{index}]")
}
