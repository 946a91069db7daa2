//! Which tenders go how: what a year of a real contract brings, spread over its rows in their order.
//!
//! The first stage and the second delivery are rejected with reasons and tendered again; the third delivery is
//! accepted in part and the rest tendered again; at the fourth the buyer is silent and it is deemed accepted.
//! Everything else is accepted. A contract with fewer rows has fewer of these.

use std::collections::BTreeMap;

use lncontract_core::v1::{Document, Duty, Tender, Terms};
use lncontract_record::hash::sha256;

/// What the buyer says to a tender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// All units are accepted.
    Accept,
    /// None is, with all reasons at once.
    Reject,
    /// One unit less than tendered is accepted.
    Part,
    /// Nothing is said until the examination has run out.
    Silence,
}

/// How many tenders of each row were answered.
#[derive(Clone, Debug, Default)]
pub struct Answered(BTreeMap<String, usize>);

impl Answered {
    /// Of a row.
    pub fn of(&self, row: &str) -> usize {
        self.0.get(row).copied().unwrap_or(0)
    }

    /// One more.
    pub fn add(&mut self, row: &str) {
        *self.0.entry(row.to_owned()).or_default() += 1;
    }
}

/// The tender of a row, with its evidence, when that many of the row have been answered before.
pub fn evidence(row: &str, quantity: u64, before: usize) -> Tender {
    let name = format!("{row} {}", before + 1);
    let sha256 = sha256(name.as_bytes());
    let documents = vec![Document { name: format!("{name}.pdf"), sha256 }];
    Tender { row: row.to_owned(), quantity, documents, note: String::new() }
}

/// How the tender of a row goes, when that many tenders of the row have been answered before.
pub fn scene(terms: &Terms, row: &str, before: usize, units: u64) -> Scene {
    let place = |deliver: bool| {
        let rows = terms.obligations.iter().filter(|row| match row.duty {
            Duty::Deliver { .. } => deliver,
            Duty::Perform { .. } => !deliver,
            _ => false,
        });
        rows.map(|row| row.id.as_str()).position(|id| id == row)
    };
    match (before, place(false), place(true)) {
        (0, Some(0), _) | (0, _, Some(1)) => Scene::Reject,
        (0, _, Some(2)) if units > 1 => Scene::Part,
        (0, _, Some(3)) if terms.clauses.deemed_accepted => Scene::Silence,
        _ => Scene::Accept,
    }
}

/// The reasons of a rejection: all at once, as the terms want it.
pub fn reasons(terms: &Terms, row: &str) -> Vec<String> {
    let delivery = terms.obligations.iter().any(|of| of.id == row && matches!(of.duty, Duty::Deliver { .. }));
    let reasons = if delivery {
        ["the flange of the second housing is out of tolerance", "the test report of one unit is missing"]
    } else {
        ["the order for the housings is not confirmed by the mill", "page 3 is not signed"]
    };
    reasons.map(String::from).to_vec()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use lncontract_core::{template::supply::worked_example, v1::Party};

    use super::*;

    #[test]
    fn the_worked_example_has_one_of_each() {
        let party = |name: &str| Party {
            name: name.into(),
            short_name: name.into(),
            tax_id: String::new(),
            address: String::new(),
        };
        let terms = worked_example(date(2026, 1, 31), party("Buyer"), party("Seller"), 0);
        let check = |row: &str, before: usize, expect: Scene| {
            assert_eq!(scene(&terms, row, before, 2), expect, "{row}, tender {}", before + 1);
        };
        check("materials-on-order", 0, Scene::Reject);
        check("materials-on-order", 1, Scene::Accept);
        check("stage-1-assembly", 0, Scene::Accept);
        check("delivery-1", 0, Scene::Accept);
        check("delivery-2", 0, Scene::Reject);
        check("delivery-2", 1, Scene::Accept);
        check("delivery-3", 0, Scene::Part);
        check("delivery-3", 1, Scene::Accept);
        check("delivery-4", 0, Scene::Silence);
        check("delivery-5", 0, Scene::Accept);
        assert_eq!(scene(&terms, "delivery-3", 0, 1), Scene::Accept, "one unit has no part");
    }
}
