//! The words of the terms: law, names, ids. NFC and control characters are `record`'s matter.

use super::{Findings, ROWS_MAX, Reason};
use crate::v1::{Party, Terms};

/// The longest text of a field, in characters.
const TEXT_MAX: usize = 2_000;
/// The longest name for pages, in characters.
const SHORT_NAME_MAX: usize = 24;
/// The longest id, in characters.
const ID_MAX: usize = 32;
/// Ten years: longer waits are a slip of the pen.
const DAYS_MAX: u32 = 3_650;

pub(super) fn check(terms: &Terms, faults: &mut Findings) {
    faults.require(terms.law == 1, "law", || Reason::Law { found: terms.law });
    text(faults, "number".to_owned(), &terms.number, TEXT_MAX);
    text(faults, "title".to_owned(), &terms.title, TEXT_MAX);
    party(faults, "buyer", &terms.buyer);
    party(faults, "seller", &terms.seller);
    faults.amount("total".to_owned(), terms.total);
    for (index, item) in terms.items.iter().enumerate() {
        text(faults, format!("items[{index}].part_number"), &item.part_number, TEXT_MAX);
        text(faults, format!("items[{index}].description"), &item.description, TEXT_MAX);
        faults.count(format!("items[{index}].quantity"), item.quantity);
    }
    for (index, milestone) in terms.milestones.iter().enumerate() {
        text(faults, format!("milestones[{index}].title"), &milestone.title, TEXT_MAX);
        faults.amount(format!("milestones[{index}].amount"), milestone.amount);
    }
    for (index, document) in terms.documents.iter().enumerate() {
        text(faults, format!("documents[{index}].name"), &document.name, TEXT_MAX);
    }
    list(faults, "items", terms.items.iter().map(|item| item.id.as_str()));
    list(faults, "milestones", terms.milestones.iter().map(|milestone| milestone.id.as_str()));
    list(faults, "obligations", terms.obligations.iter().map(|row| row.id.as_str()));
    list(faults, "funding.tranches", terms.funding.tranches.iter().map(|tranche| tranche.id.as_str()));
    days(faults, "clauses.examination_days", terms.clauses.examination_days, DAYS_MAX);
    days(faults, "funding.covered_days_before", terms.funding.covered_days_before, DAYS_MAX);
    days(faults, "clauses.grace_hours", terms.clauses.grace_hours / 24, DAYS_MAX);
}

fn days(faults: &mut Findings, path: &str, found: u32, most: u32) {
    faults.require(found <= most, path, || Reason::Days { found, most });
}

fn party(faults: &mut Findings, side: &str, party: &Party) {
    text(faults, format!("{side}.name"), &party.name, TEXT_MAX);
    text(faults, format!("{side}.short_name"), &party.short_name, SHORT_NAME_MAX);
    length(faults, format!("{side}.tax_id"), &party.tax_id, TEXT_MAX);
    length(faults, format!("{side}.address"), &party.address, TEXT_MAX);
}

/// A text that has to be there.
pub(super) fn text(faults: &mut Findings, path: String, text: &str, most: usize) {
    if text.trim().is_empty() {
        faults.push(path, Reason::Empty);
    } else {
        length(faults, path, text, most);
    }
}

/// A text of a row, with the limit common to all.
pub(super) fn row_text(faults: &mut Findings, path: String, words: &str) {
    text(faults, path, words, TEXT_MAX);
}

fn length(faults: &mut Findings, path: String, text: &str, most: usize) {
    let found = text.chars().count();
    faults.require(found <= most, path, || Reason::TooLong { found, most });
}

/// Ids of one list: well formed, each once.
fn list<'a>(faults: &mut Findings, name: &str, ids: impl Iterator<Item = &'a str>) {
    let mut first = std::collections::BTreeMap::new();
    let mut found = 0;
    for (index, id) in ids.enumerate() {
        found = index + 1;
        let path = format!("{name}[{index}].id");
        faults.require(is_id(id), path.clone(), || Reason::Id { found: id.to_owned() });
        if let Some(first) = first.get(id).copied() {
            let first = format!("{name}[{first}].id");
            faults.push(path, Reason::Duplicate { id: id.to_owned(), first });
        } else {
            first.insert(id.to_owned(), index);
        }
    }
    faults.require(found <= ROWS_MAX, name, || Reason::TooMany { found, most: ROWS_MAX });
}

fn is_id(id: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let starts = id.bytes().next().is_some_and(|c| c.is_ascii_lowercase());
    starts && id.len() <= ID_MAX && id.bytes().all(plain)
}
