//! `check_terms`: every rule broken once, in the worked example.

use jiff::civil::date;
use lncontract_core::{
    AMOUNT_MAX, COUNT_MAX, Fault, Reason, Sat, Time, check_terms,
    v1::{Due, DueRule, Duty, Instrument, PayMode, Side, Terms, Trigger},
};

use crate::fixture::{DATE_OF_CONTRACT, example};

fn faults(change: impl FnOnce(&mut Terms)) -> Vec<Fault> {
    let mut terms = example();
    change(&mut terms);
    check_terms(&terms).err().unwrap_or_default()
}

/// Exactly these faults, in this order.
#[track_caller]
fn check(change: impl FnOnce(&mut Terms), expected: &[(&str, Reason)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(path, reason)| Fault { path: (*path).to_owned(), reason: reason.clone() })
        .collect();
    assert_eq!(faults(change), expected);
}

fn unknown(what: &'static str, id: &str) -> Reason {
    Reason::Unknown { what, id: id.to_owned() }
}

fn set_rows(terms: &mut Terms, index: usize, new: &[&str]) {
    if let Duty::Pay { trigger, .. } = &mut terms.obligations[index].duty {
        *trigger = Trigger::Acceptance { rows: new.iter().map(|row| (*row).to_owned()).collect() };
    }
}

#[test]
fn words_and_ids() {
    check(|terms| terms.law = 2, &[("law", Reason::Law { found: 2 })]);
    check(|terms| terms.number.clear(), &[("number", Reason::Empty)]);
    check(|terms| terms.title = "   ".to_owned(), &[("title", Reason::Empty)]);
    let long = Reason::TooLong { found: 25, most: 24 };
    check(|terms| terms.buyer.short_name = "ü".repeat(25), &[("buyer.short_name", long)]);
    check(|terms| terms.items[0].part_number.clear(), &[("items[0].part_number", Reason::Empty)]);
    for id in ["", "1a", "A", "a_b", "-a", &"a".repeat(33)] {
        let found = id.to_owned();
        check(
            |terms| {
                terms.obligations[19].id = id.to_owned();
            },
            &[("obligations[19].id", Reason::Id { found })],
        );
    }
    let twice = Reason::Duplicate { id: "fund-splice-2".to_owned(), first: "obligations[17].id".to_owned() };
    check(|terms| terms.obligations[19].id = "fund-splice-2".to_owned(), &[("obligations[19].id", twice)]);
}

#[test]
fn references() {
    check(
        |terms| terms.obligations[0].milestone = Some("m".to_owned()),
        &[("obligations[0].milestone", unknown("milestone", "m"))],
    );
    check(
        |terms| terms.obligations[0].milestone = None,
        &[("obligations[0].milestone", Reason::NoMilestone)],
    );
    check(
        |terms| set_rows(terms, 1, &["x"]),
        &[("obligations[1].duty.trigger.rows[0]", unknown("row", "x"))],
    );
    check(|terms| set_rows(terms, 1, &[]), &[("obligations[1].duty.trigger.rows", Reason::NoRows)]);
    let twice = Reason::Duplicate {
        id: "materials-on-order".to_owned(),
        first: "obligations[1].duty.trigger.rows[0]".to_owned(),
    };
    check(
        |terms| set_rows(terms, 1, &["materials-on-order", "materials-on-order"]),
        &[("obligations[1].duty.trigger.rows[1]", twice)],
    );
    let row = "fund-channel-1".to_owned();
    check(
        |terms| set_rows(terms, 1, &["fund-channel-1"]),
        &[("obligations[1].duty.trigger.rows[0]", Reason::NotTenderable { row })],
    );
    check(
        |terms| terms.funding.tranches[0].stages = vec!["m".to_owned()],
        &[("funding.tranches[0].stages[0]", unknown("milestone", "m"))],
    );
    check(
        |terms| terms.funding.tranches[1].instrument = Instrument::SpliceIn { into: "splice-2".to_owned() },
        &[("funding.tranches[1].instrument.into", Reason::SpliceTarget { into: "splice-2".to_owned() })],
    );
    check(
        |terms| terms.funding.tranches[1].instrument = Instrument::SpliceIn { into: "x".to_owned() },
        &[("funding.tranches[1].instrument.into", unknown("tranche", "x"))],
    );
}

#[test]
fn sums() {
    let sum = |stated, rows| Reason::SumSat { stated: Sat(stated), rows: Sat(rows) };
    check(|terms| terms.total = Sat(1), &[("total", sum(1, 150_000_000))]);
    check(
        |terms| terms.milestones[0].amount = Sat(26_000_000),
        &[("milestones[0].amount", sum(26_000_000, 25_000_000)), ("total", sum(150_000_000, 151_000_000))],
    );
    let units = Reason::SumUnits { stated: 13, rows: 12 };
    check(|terms| terms.items[0].quantity = 13, &[("items[0].quantity", units)]);
    let zero = Reason::Amount { found: Sat::ZERO, most: AMOUNT_MAX };
    check(|terms| terms.funding.tranches[0].amount = Sat::ZERO, &[("funding.tranches[0].amount", zero)]);
}

#[test]
fn overflow_is_a_fault_and_no_panic() {
    let most = AMOUNT_MAX;
    let found = faults(|terms| {
        for milestone in &mut terms.milestones {
            milestone.amount = Sat(u64::MAX);
        }
        for row in &mut terms.obligations {
            match &mut row.duty {
                Duty::Pay { amount, .. } => *amount = Sat(u64::MAX),
                Duty::Deliver { quantity, .. } => *quantity = u64::MAX,
                _ => {}
            }
        }
    });
    let has = |path: &str, reason: Reason| {
        assert!(found.contains(&Fault { path: path.to_owned(), reason }), "{path} in {found:#?}");
    };
    has("total", Reason::Overflow);
    has("items[0].quantity", Reason::Overflow);
    has("obligations[1].duty.amount", Reason::Amount { found: Sat(u64::MAX), most });
    has("obligations[8].duty.quantity", Reason::Count { found: u64::MAX, most: COUNT_MAX });
}

#[test]
fn debtors_and_prices() {
    let debtor = Reason::Debtor { expected: Side::Buyer, found: Side::Seller };
    check(|terms| terms.obligations[1].debtor = Side::Seller, &[("obligations[1].debtor", debtor.clone())]);
    check(|terms| terms.obligations[15].debtor = Side::Seller, &[("obligations[15].debtor", debtor)]);
    let row = "materials-on-order".to_owned();
    check(
        |terms| set_rows(terms, 14, &["materials-on-order"]),
        &[("obligations[14].duty.trigger.rows[0]", Reason::NotDelivery { row })],
    );
    let dated = |terms: &mut Terms, new: PayMode| {
        terms.obligations[1].due = terms.obligations[0].due.clone();
        if let Duty::Pay { trigger, mode, .. } = &mut terms.obligations[1].duty {
            (*trigger, *mode) = (Trigger::Signing, new);
        }
    };
    check(|terms| dated(terms, PayMode::Whole), &[]);
    let per_unit = ("obligations[1].duty.trigger", Reason::PerUnitTrigger);
    check(|terms| dated(terms, PayMode::PerUnit), &[per_unit]);
    let undated = |terms: &mut Terms| {
        if let Duty::Pay { trigger, .. } = &mut terms.obligations[1].duty {
            *trigger = Trigger::Date;
        }
    };
    check(undated, &[("obligations[1].duty.trigger", Reason::UndatedTrigger)]);
    let cheap = |terms: &mut Terms| {
        for (index, set) in [(1, 44_999_989), (14, 11)] {
            if let Duty::Pay { amount, .. } = &mut terms.obligations[index].duty {
                *amount = Sat(set);
            }
        }
        terms.milestones[0].amount = Sat(44_999_989);
        terms.milestones[4].amount = Sat(11);
    };
    let cheap_fault = Reason::BelowOneSat { amount: Sat(11), units: 12 };
    check(cheap, &[("obligations[14].duty.trigger", cheap_fault)]);
}

#[test]
fn dates_and_instants() {
    let at = |terms: &mut Terms, at| terms.obligations[0].due.at = at;
    let expected = example().obligations[0].due.at.unwrap();
    check(|terms| at(terms, None), &[("obligations[0].due.at", Reason::NoInstant { expected })]);
    let found = expected.plus_seconds(1);
    check(|terms| at(terms, Some(found)), &[("obligations[0].due.at", Reason::Instant { expected, found })]);
    let early = Reason::EarlyInstant { found: Time(0) };
    check(|terms| terms.obligations[1].due.at = Some(Time(0)), &[("obligations[1].due.at", early)]);
    assert_eq!(faults(|terms| terms.utc_offset_minutes = 120).len(), 4 + 6 + 5);
    let offset = Reason::Offset { found: 900 };
    assert_eq!(faults(|terms| terms.utc_offset_minutes = 900)[0].reason, offset);
    let rule = |terms: &mut Terms, rule| terms.obligations[0].due = Due { rule, at: Some(expected) };
    let before = date(2026, 3, 1);
    let found = faults(|terms| rule(terms, DueRule::Date { date: before }));
    let reason = Reason::BeforeContract { found: before, contract: DATE_OF_CONTRACT };
    assert_eq!(found[0], Fault { path: "obligations[0].due.rule".to_owned(), reason });
    let far = DueRule::DateOfContract { months: i32::MAX, days: 0 };
    check(|terms| rule(terms, far), &[("obligations[0].due.rule", Reason::Calendar)]);
    let (row, months, days) = ("materials-on-order".to_owned(), 1, -1);
    check(
        |terms| terms.obligations[1].due.rule = DueRule::Acceptance { row, months, days },
        &[("obligations[1].due.rule", Reason::BeforeAcceptance { months, days })],
    );
    let (first, second) = (date(2026, 5, 1), date(2026, 12, 25));
    check(|terms| terms.non_business_days = vec![first, second], &[]);
    // A row that falls due on a listed day is dated to the next one, and says so with its instant.
    let free = date(2026, 6, 2);
    let found = example().obligations[2].due.at.unwrap();
    let expected = found.plus_days(1);
    let fault = ("obligations[2].due.at", Reason::Instant { expected, found });
    check(|terms| terms.non_business_days = vec![free], &[fault]);
    check(
        |terms| {
            terms.non_business_days = vec![free];
            terms.obligations[2].due.at = Some(expected);
        },
        &[],
    );
    let order = Reason::Order { found: first, before: second };
    check(|terms| terms.non_business_days = vec![second, first], &[("non_business_days[1]", order)]);
}

#[test]
fn rows_that_wait_for_each_other() {
    let wait = |terms: &mut Terms, index: usize, row: &str| {
        let rule = DueRule::Acceptance { row: row.to_owned(), months: 0, days: 5 };
        terms.obligations[index].due = Due { rule, at: None };
    };
    let own = Reason::Cycle { path: vec!["delivery-1".to_owned()] };
    check(|terms| wait(terms, 8, "delivery-1"), &[("obligations[8]", own)]);
    let two = |path: [&str; 2]| Reason::Cycle { path: path.map(str::to_owned).to_vec() };
    check(
        |terms| {
            wait(terms, 8, "delivery-2");
            wait(terms, 9, "delivery-1");
        },
        &[
            ("obligations[8]", two(["delivery-1", "delivery-2"])),
            ("obligations[9]", two(["delivery-2", "delivery-1"])),
        ],
    );
    check(|terms| wait(terms, 9, "delivery-1"), &[]);
}

#[test]
fn the_funding_plan() {
    for found in [1_007, 2_017] {
        let fault = Reason::Notice { found };
        check(|terms| terms.funding.notice_blocks = found, &[("funding.notice_blocks", fault)]);
    }
    check(|terms| terms.funding.notice_blocks = 2_016, &[]);
    let none = Reason::FundRows { tranche: "splice-3".to_owned(), rows: 0 };
    check(|terms| drop(terms.obligations.pop()), &[("funding.tranches[4]", none)]);
    let two = Reason::FundRows { tranche: "splice-3".to_owned(), rows: 2 };
    let again = |terms: &mut Terms| {
        let mut row = terms.obligations[19].clone();
        row.id = "fund-again".to_owned();
        terms.obligations.push(row);
    };
    check(again, &[("funding.tranches[4]", two)]);
}

#[test]
fn all_faults_come_at_once() {
    let found = faults(|terms| {
        terms.law = 9;
        terms.title.clear();
        terms.obligations[0].due.at = None;
        terms.funding.notice_blocks = 1;
    });
    assert_eq!(found.len(), 4, "{found:#?}");
}
