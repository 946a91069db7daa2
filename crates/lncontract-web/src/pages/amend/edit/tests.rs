//! The fields of the amendment form against the terms they make.

use jiff::civil::date;
use lncontract_core::{check_terms, v1::DueRule};

use super::*;
use crate::samples::views;

fn edited(fields: &[(&str, &str)]) -> Edited {
    apply(&Form::prefilled(fields.iter().map(|(name, value)| (*name, *value))), &views::terms())
}

/// A spare part's milestone with a channel of its own, and the last delivery two months later.
const AMENDMENT: [(&str, &str); 11] = [
    ("date.delivery-6", "2027-05-15"),
    ("total", "156 000 000"),
    ("nm_title", "Spare parts"),
    ("nm_amount", "6 000 000"),
    ("nm_by", "buyer"),
    ("nm_on", "work"),
    ("nm_date", "2026-12-15"),
    ("nt_how", "channel"),
    ("nt_amount", "7 000 000"),
    ("nt_date", "2026-11-15"),
    ("nt_for", "new.0"),
];

#[test]
fn an_empty_form_and_an_untouched_one_make_the_terms_that_they_began_with() {
    assert_eq!(edited(&[]).terms, views::terms());
    let untouched = [
        ("date.delivery-1", "2026-10-15"),
        ("date.fund-channel-2", "2026-08-15"),
        ("units.delivery-1", "2"),
        ("quantity.subsystem", "12"),
        ("amount.pay-subsystem-testing", "60 000 000"),
        ("size.channel-2", "60 000 000"),
        ("for.channel-2", "subsystem-testing"),
        ("for.channel-1", ""),
        ("total", "150 000 000"),
        ("deemed_accepted", "yes"),
    ];
    let same = edited(&untouched);
    assert_eq!((same.terms, same.faults), (views::terms(), Vec::new()));
}

#[test]
fn a_delivery_is_moved_and_a_milestone_with_its_channel_comes() {
    let Edited { terms, faults, .. } = edited(&AMENDMENT);
    assert_eq!((check_terms(&terms), faults), (Ok(()), Vec::new()));
    let rule = |row: &str| terms.obligation(row).unwrap().due.rule.clone();
    assert_eq!(rule("delivery-6"), DueRule::DateOfContract { months: 16, days: 0 });
    assert_eq!(rule("spare-parts"), DueRule::DateOfContract { months: 11, days: 0 });
    assert_eq!(rule("fund-channel-3"), DueRule::DateOfContract { months: 10, days: 0 });
    assert_eq!(terms.tranche("channel-3").unwrap().stages, ["spare-parts"]);
    assert_eq!(terms.milestone("spare-parts").unwrap().amount, Sat(6_000_000));
}

#[test]
fn a_day_between_the_months_is_that_day() {
    let terms = edited(&[("date.delivery-6", "2027-05-16")]).terms;
    assert_eq!(terms.obligation("delivery-6").unwrap().due.rule, DueRule::Date { date: date(2027, 5, 16) });
}

#[test]
fn a_milestone_is_worth_what_its_payment_is() {
    let fields = [("amount.pay-stage-1-assembly", "16 000 000"), ("total", "151 000 000")];
    let terms = edited(&fields).terms;
    assert_eq!(terms.milestone("stage-1-assembly").unwrap().amount, Sat(16_000_000));
    assert_eq!(check_terms(&terms), Ok(()));
}

#[test]
fn deliveries_come_and_go_and_their_price_follows_them() {
    let fields = [
        ("drop", "delivery:delivery-6"),
        ("nd_like", "delivery-1"),
        ("nd_units", "3"),
        ("nd_date", "2027-06-15"),
        ("quantity.subsystem", "13"),
    ];
    let terms = edited(&fields).terms;
    assert_eq!(check_terms(&terms), Ok(()));
    let priced = terms.obligation("pay-delivery-and-acceptance").unwrap();
    assert_eq!(priced.trigger_rows().len(), 6);
    assert_eq!(terms.units(priced.trigger_rows()), Some(13));
}

#[test]
fn a_bonus_of_the_seller_waits_for_all_deliveries_and_does_not_count_in_the_total() {
    let fields = [
        ("nm_title", "Volume bonus"),
        ("nm_amount", "1 000 000"),
        ("nm_by", "seller"),
        ("nm_on", "delivery-and-acceptance"),
        ("nm_date", ""),
    ];
    let Edited { terms, faults, .. } = edited(&fields);
    assert_eq!((check_terms(&terms), faults), (Ok(()), Vec::new()));
    let bonus = terms.obligation("pay-volume-bonus").unwrap();
    assert_eq!((bonus.debtor, bonus.trigger_rows().len()), (Side::Seller, 6));
}

#[test]
fn milestones_and_tranches_go_with_all_their_rows() {
    let fields =
        [("drop", "milestone:stage-1-assembly"), ("drop", "tranche:splice-3"), ("total", "135 000 000")];
    let terms = edited(&fields).terms;
    assert_eq!(check_terms(&terms), Ok(()));
    assert_eq!((terms.milestones.len(), terms.funding.tranches.len()), (4, 4));
}

#[test]
fn what_can_not_be_read_is_named_by_its_field_and_all_at_once() {
    let fields = [
        ("date.delivery-6", "soon"),
        ("units.delivery-1", "two"),
        ("total", "1.5"),
        ("size.channel-2", ""),
        ("nm_title", ""),
        ("nm_amount", "many"),
        ("nt_how", "channel"),
        ("nt_amount", "5"),
        ("nd_like", "delivery-1"),
        ("nd_units", "1"),
    ];
    let edited = edited(&fields);
    let mut fields: Vec<_> = edited.faults.iter().map(|(field, _)| field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "date.delivery-6",
            "nd_date.0",
            "nm_amount.0",
            "nm_date.0",
            "nm_title.0",
            "nt_date.0",
            "size.channel-2",
            "total",
            "units.delivery-1"
        ]
    );
    assert_eq!(edited.terms, views::terms());
}

#[test]
fn a_fault_of_the_terms_is_shown_at_the_field_that_says_it() {
    let mut fields = AMENDMENT.to_vec();
    fields.extend([
        ("date.fund-channel-1", "2020-01-01"),
        ("quantity.subsystem", "13"),
        ("notice_blocks", "10"),
    ]);
    fields.retain(|(name, _)| *name != "total");
    fields.retain(|(name, _)| *name != "nm_date");
    fields.push(("nm_date", "2020-01-01"));
    let edited = edited(&fields);
    let faults = check_terms(&edited.terms).unwrap_err();
    let mut shown: Vec<_> = faults.iter().map(|fault| edited.field_of(&fault.path)).collect();
    shown.sort();
    assert_eq!(shown, ["date.fund-channel-1", "nm_title.0", "notice_blocks", "quantity.subsystem", "total"]);
}
