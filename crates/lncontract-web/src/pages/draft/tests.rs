//! The form of a new contract, from the worked example outwards.

use jiff::civil::date;
use lncontract_core::{Sat, template::supply};

use super::*;
use crate::samples::views;

fn us() -> Party {
    let name = |text: &str| text.to_owned();
    Party {
        name: name("Meridian Systems Integration"),
        short_name: name("Meridian"),
        tax_id: name(""),
        address: name(""),
    }
}

fn filled(change: &[(&str, &str)]) -> Form {
    let companies = views::companies();
    let mut fields: Vec<(String, String)> =
        change.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    fields.push(("counterparty".into(), companies[0].id.clone()));
    let example = example(date(2026, 1, 15));
    // The first value of a name counts: a change stands before the example's own.
    for name in
        ["our_side", "number", "title", "total", "date_of_contract", "part_number", "description", "quantity"]
            .into_iter()
            .chain(["per_delivery", "first_delivery_month", "place", "delivery_title", "delivery_amount"])
            .chain(["covered_days_before", "examination_days", "notice_blocks", "valid_days"])
            .chain(MILESTONE)
            .chain(TRANCHE)
    {
        fields.extend(example.all(name).map(|value| (name.to_owned(), value.to_owned())));
    }
    Form::prefilled(fields)
}

#[test]
fn the_form_as_first_shown_makes_the_worked_example() {
    let companies = views::companies();
    let (draft, trouble) = read(&filled(&[]), us(), &companies).unwrap();
    assert_eq!(trouble, None);
    let example = supply::worked_example(date(2026, 1, 15), us(), party_of(&companies[0]), 0);
    assert_eq!(draft.terms.obligations.len(), example.obligations.len());
    assert_eq!(draft.terms.milestones, example.milestones);
    assert_eq!(draft.terms.funding, example.funding);
    assert_eq!(draft.terms.items, example.items);
    assert_eq!((draft.terms.total, draft.valid_days, draft.our_side), (Sat(150_000_000), 14, Side::Buyer));
}

#[test]
fn what_can_not_be_read_is_named_by_its_field() {
    let check = |name: &str, value: &str, field: &str| {
        let trouble = read(&filled(&[(name, value)]), us(), &views::companies()).err().unwrap();
        assert!(trouble.faults.iter().any(|(at, _)| at == field), "{field} in {:?}", trouble.faults);
    };
    check("quantity", "a dozen", "quantity");
    check("date_of_contract", "soon", "date_of_contract");
    check("notice_blocks", "70000", "notice_blocks");
    check("ms_amount", "1.5", "ms_amount.0");
    check("delivery_amount", "", "delivery_amount");
    check("tr_stage", "No such stage", "tr_stage.0");
    check("counterparty", "nobody", "counterparty");
}

#[test]
fn a_wrong_sum_is_said_beside_what_can_not_be_read() {
    let change = [("total", "1"), ("quantity", "a dozen"), ("place", "")];
    let trouble = read(&filled(&change), us(), &views::companies()).err().unwrap();
    let fields: Vec<_> = trouble.faults.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["quantity", "total"]);
}

#[test]
fn sums_that_differ_are_shown_with_the_preview() {
    let check = |name: &str, value: &str, field: &str| {
        let (_, trouble) = read(&filled(&[(name, value)]), us(), &views::companies()).unwrap();
        let faults = trouble.map(|trouble| trouble.faults).unwrap_or_default();
        assert!(faults.iter().any(|(at, _)| at == field), "{field} in {faults:?}");
    };
    check("total", "155 000 000", "total");
    check("delivery_amount", "25 000 000", "total");
    check("notice_blocks", "10", "notice_blocks");
    check("number", "", "number");
    assert_eq!(sums(&filled(&[("total", "155 000 000")])), Some((150_000_000, 155_000_000)));
    assert_eq!(sums(&filled(&[("total", "much")])), None);
}
