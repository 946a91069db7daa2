//! The form of a new contract, read into the supply template; what can't be read is named by its field.
//!
//! Invariant: the form says all that a draft can say, and the terms that are previewed are the terms that are offered:
//! those that the draft makes as a file, too. Money: amounts are read as whole satoshi, and the total that was typed
//! has to be the sum of the milestones, to the satoshi.

mod fields;
mod fill;
mod place;

use std::borrow::Borrow;

use jiff::civil::Date;
use lncontract_app::view::CompanyRow;
use lncontract_core::{
    Reason,
    template::supply::Supply,
    v1::{Party, Side, Terms},
};

pub use self::fill::{drop_plan, fill, fill_plan, list_deliveries};
use crate::{
    form::{Form, Trouble},
    format::parse_amount,
};

/// What is to be offered.
pub struct Draft {
    pub counterparty: String,
    pub our_side: Side,
    pub supply: Supply,
    pub terms: Terms,
    pub valid_days: u32,
}

type Faults = Vec<(String, String)>;

/// The fields of goods. The first goods' have no number behind their names on the page.
pub const GOODS: [&str; 10] = [
    "goods_id",
    "item_id",
    "part_number",
    "description",
    "quantity",
    "per_delivery",
    "first_delivery_month",
    "place",
    "delivery_title",
    "delivery_amount",
];
/// The fields of a delivery's row.
pub const DELIVERY: [&str; 4] = ["dl_of", "dl_quantity", "dl_months", "dl_days"];
/// The fields of a milestone's row.
pub const MILESTONE: [&str; 5] = ["ms_title", "ms_amount", "ms_months", "ms_days", "ms_id"];
/// The fields of a further payment's row.
pub const PAYMENT: [&str; 7] =
    ["pm_title", "pm_amount", "pm_by", "pm_after", "pm_months", "pm_days", "pm_id"];
/// The fields of a tranche's row.
pub const TRANCHE: [&str; 6] = ["tr_how", "tr_amount", "tr_months", "tr_stage", "tr_days", "tr_id"];
/// The fields of a document's row.
pub const DOCUMENT: [&str; 2] = ["doc_name", "doc_sha256"];

/// The worked example of DESIGN.md section 1 as the form is first shown.
pub fn example(today: Date) -> Form {
    let mut form = Form::prefilled([
        ("our_side", "buyer"),
        ("number", "MSI-2026-003"),
        ("title", "Supply of 12 subsystems"),
        ("part_number", "CS-4471"),
        ("description", "Subsystem"),
        ("quantity", "12"),
        ("per_delivery", "2"),
        ("first_delivery_month", "9"),
        ("place", "Buyer’s works"),
        ("total", "150 000 000"),
        ("delivery_title", "Delivery and acceptance"),
        ("delivery_amount", "20 000 000"),
        ("covered_days_before", "14"),
        ("examination_days", "10"),
        ("notice_blocks", "1 008"),
        ("valid_days", "14"),
    ]);
    form.push("date_of_contract", &today.to_string());
    for [title, amount, months] in [
        ["Materials on order", "25 000 000", "0"],
        ["Stage 1 assembly", "15 000 000", "3"],
        ["Stage 2 assembly", "30 000 000", "6"],
        ["Subsystem testing", "60 000 000", "8"],
    ] {
        push_row(&mut form, &MILESTONE, &[title, amount, months, "0", ""]);
    }
    for [how, amount, months, stage] in [
        ["channel", "30 000 000", "0", ""],
        ["top-up", "20 000 000", "2", ""],
        ["top-up", "25 000 000", "5", ""],
        ["channel", "60 000 000", "7", "Subsystem testing"],
        ["top-up", "20 000 000", "8", "Delivery and acceptance"],
    ] {
        push_row(&mut form, &TRANCHE, &[how, amount, months, stage, "0", ""]);
    }
    form
}

/// Adds a row to a table of the form.
pub fn push_row(form: &mut Form, names: &[&str], values: &[&str]) {
    for (name, value) in names.iter().zip(values) {
        form.push(name, value);
    }
}

/// Sums of the form, as far as they can be read: what the buyer pays together, and the total that was typed.
pub fn sums(form: &Form) -> Option<(u64, u64)> {
    let payments = (0..form.all("pm_title").count()).filter(|row| form.nth("pm_by", row) != "seller");
    let payments = payments.map(|row| form.nth("pm_amount", row));
    let amounts = form.all("ms_amount").chain(form.all("delivery_amount")).chain(payments);
    let mut amounts = amounts.filter(|text| !text.is_empty()).map(parse_amount);
    let sum = amounts.try_fold(0_u64, |sum, amount| sum.checked_add(amount?))?;
    Some((sum, parse_amount(form.get("total"))?))
}

/// Reads the form. The terms come out whenever every field can be read,
/// together with what is wrong with them as a whole.
///
/// # Errors
/// With every field that can't be read.
pub fn read(form: &Form, us: Party, companies: &[CompanyRow]) -> Result<(Draft, Option<Trouble>), Trouble> {
    let mut faults = Faults::new();
    let draft = fields::draft(form, us, companies, &mut faults);
    let title = "the contract can’t be offered yet";
    let unreadable = !faults.is_empty();
    if let Some((sum, total)) = sums(form).filter(|(sum, total)| sum != total) {
        let words = format!("The milestones add up to {sum} sat, the contract total says {total} sat.");
        faults.push(("total".into(), words));
    }
    let Some(draft) = draft.filter(|_| !unreadable) else {
        return Err(Trouble::new(title, "Change the fields named here.", faults));
    };
    for fault in draft.supply.check().err().unwrap_or_default() {
        // Said above, in the words of the form.
        if !(fault.path == "total" && matches!(fault.reason, Reason::SumSat { .. }) && !faults.is_empty()) {
            faults.push((place::field_of(&fault.path, form), fault.to_string()));
        }
    }
    let todo = "It has to add up to the satoshi, and every date has to follow from the date of contract.";
    let trouble = (!faults.is_empty()).then(|| Trouble::new(title, todo, faults));
    Ok((draft, trouble))
}

/// A company as terms name it: by its legal name and the short one that its invite brought.
pub fn party_of(company: &CompanyRow) -> Party {
    let (name, short_name) = (company.name.clone(), company.short_name.clone());
    Party { name, short_name, tax_id: String::new(), address: String::new() }
}

/// The name of a field of goods: `quantity`, `quantity.1`.
pub fn goods_field(name: &str, goods: impl Borrow<usize>) -> String {
    let goods = *goods.borrow();
    if goods == 0 { name.to_owned() } else { format!("{name}.{goods}") }
}

/// The rows of a table that say anything, in their order: what stands in the draft.
fn rows_of(form: &Form, title: &str, amount: &str) -> Vec<usize> {
    let count = form.all(title).count().max(form.all(amount).count());
    let says = |row: &usize| !form.nth(title, row).is_empty() || !form.nth(amount, row).is_empty();
    (0..count).filter(says).collect()
}

#[cfg(test)]
mod tests;
