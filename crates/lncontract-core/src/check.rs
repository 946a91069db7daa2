//! `terms check`: what terms must be in themselves, before anybody may offer them.
//!
//! Invariant: all faults at once, each with its path and both sides; overflow is a fault, never a panic. What
//! already happened under older terms is another question (`law/fit`).

mod dates;
mod fault;
mod funding;
mod graph;
mod rows;
mod words;

pub use fault::{Fault, Faults, Reason};

use crate::{
    Overflow, Sat,
    v1::{Side, Terms},
};

/// More than exist: 21 million bitcoin.
pub const AMOUNT_MAX: Sat = Sat(2_100_000_000_000_000);
/// The largest count that every JSON reader takes exactly.
pub const COUNT_MAX: u64 = (1 << 53) - 1;
/// The most rows that one version may have.
pub const ROWS_MAX: usize = 1_000;

/// Checks terms in themselves.
///
/// # Errors
/// Every fault that they have, in the order of the document.
pub fn check_terms(terms: &Terms) -> Result<(), Vec<Fault>> {
    let mut faults = Findings::default();
    words::check(terms, &mut faults);
    dates::check(terms, &mut faults);
    rows::check(terms, &mut faults);
    sums(terms, &mut faults);
    funding::check(terms, &mut faults);
    graph::check(terms, &mut faults);
    if faults.0.is_empty() { Ok(()) } else { Err(faults.0) }
}

/// The faults found so far.
#[derive(Default)]
struct Findings(Vec<Fault>);

impl Findings {
    fn push(&mut self, path: impl Into<String>, reason: Reason) {
        self.0.push(Fault { path: path.into(), reason });
    }

    /// Notes the fault if the rule does not hold.
    fn require(&mut self, holds: bool, path: impl Into<String>, reason: impl FnOnce() -> Reason) {
        if !holds {
            self.push(path, reason());
        }
    }

    fn amount(&mut self, path: String, amount: Sat) {
        let holds = amount > Sat::ZERO && amount <= AMOUNT_MAX;
        self.require(holds, path, || Reason::Amount { found: amount, most: AMOUNT_MAX });
    }

    fn count(&mut self, path: String, count: u64) {
        self.require((1..=COUNT_MAX).contains(&count), path, || Reason::Count {
            found: count,
            most: COUNT_MAX,
        });
    }

    fn sum_sat(&mut self, path: String, stated: Sat, rows: Result<Sat, Overflow>) {
        match rows {
            Ok(rows) => self.require(rows == stated, path, || Reason::SumSat { stated, rows }),
            Err(Overflow) => self.push(path, Reason::Overflow),
        }
    }
}

/// The sum rules: deliveries to their item, payments to their milestone, milestones to the total.
fn sums(terms: &Terms, faults: &mut Findings) {
    use crate::v1::Duty::{Deliver, Pay};
    for (index, item) in terms.items.iter().enumerate() {
        let path = format!("items[{index}].quantity");
        let quantities = terms.obligations.iter().filter_map(|row| match &row.duty {
            Deliver { item: named, quantity, .. } if *named == item.id => Some(*quantity),
            _ => None,
        });
        match quantities.into_iter().try_fold(0_u64, u64::checked_add) {
            None => faults.push(path, Reason::Overflow),
            Some(rows) => {
                let stated = item.quantity;
                faults.require(rows == stated, path, || Reason::SumUnits { stated, rows });
            }
        }
    }
    for (index, milestone) in terms.milestones.iter().enumerate() {
        let of_milestone =
            terms.obligations.iter().filter(|row| row.milestone.as_ref() == Some(&milestone.id));
        let amounts = of_milestone.filter_map(|row| match row.duty {
            Pay { amount, .. } => Some(amount),
            _ => None,
        });
        faults.sum_sat(format!("milestones[{index}].amount"), milestone.amount, Sat::sum(amounts));
    }
    let bought = terms.milestones.iter().filter(|milestone| milestone.payer == Side::Buyer);
    let milestones = Sat::sum(bought.map(|milestone| milestone.amount));
    faults.sum_sat("total".to_owned(), terms.total, milestones);
}
