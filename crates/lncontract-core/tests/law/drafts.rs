//! The supply template as a hand writes it: the three terms files of the repository, and every fault of a draft
//! at the place where its author finds it.

use jiff::civil::date;
use lncontract_core::{
    AMOUNT_MAX, COUNT_MAX, Fault, Reason, Sat, check_terms, schedule,
    template::{
        Named, Template,
        supply::{Delivery, Funding, Payment, Stage, Step, Supply, monthly},
    },
    v1::{Duty, Obligation, Side, Terms, Trigger},
};

use crate::fixture::{Play, example, party, per_unit};

pub const WORKED: &str = include_str!("../../../../examples/terms/1-worked-example.toml");
pub const UNEVEN: &str = include_str!("../../../../examples/terms/2-uneven-deliveries.toml");
pub const DEPOSIT: &str = include_str!("../../../../examples/terms/3-deposit-returned.toml");

pub fn read(file: &str) -> Supply {
    assert_eq!(toml::from_str(file), Ok(Named { template: Some(Template::Supply) }));
    toml::from_str(file).expect("a terms file of the repository")
}

/// The terms of a file, between the two companies of the fixture.
pub fn terms_of(file: &str) -> Terms {
    let draft = Supply { buyer: party(Side::Buyer), seller: party(Side::Seller), ..read(file) };
    draft.check().expect("a draft without faults")
}

pub fn uneven() -> Terms {
    terms_of(UNEVEN)
}

pub fn deposit() -> Terms {
    terms_of(DEPOSIT)
}

#[test]
fn the_first_file_is_the_worked_example_to_the_last_field() {
    assert_eq!(read(WORKED).check(), Ok(example()));
}

#[test]
fn the_second_file_has_uneven_deliveries_at_the_ends_of_months_and_sums_that_do_not_divide() {
    let terms = read(UNEVEN).check().unwrap();
    assert_eq!(terms.total, Sat(100_000_003));
    let mut deliveries = Vec::new();
    for row in terms.obligations.iter().filter(|row| matches!(row.duty, Duty::Deliver { .. })) {
        let day = schedule::day_of(row.due.at.unwrap(), terms.utc_offset_minutes).unwrap();
        deliveries.push((day, row.quantity().unwrap()));
    }
    let expected = [
        (date(2027, 4, 30), 1),
        (date(2027, 5, 31), 3),
        (date(2027, 6, 30), 2),
        (date(2027, 7, 31), 5),
        (date(2027, 8, 31), 1),
        (date(2027, 9, 30), 4),
        (date(2028, 2, 29), 1),
    ];
    assert_eq!(deliveries, expected);
    let day = |row: &str| schedule::day_of(terms.obligation(row).unwrap().due.at.unwrap(), 0).unwrap();
    assert_eq!((day("design"), day("castings")), (date(2027, 2, 28), date(2027, 4, 5)));
}

#[test]
fn uneven_deliveries_earn_to_the_satoshi() {
    let mut play = Play::signed_with(uneven());
    let mut earned = Vec::new();
    for (delivery, units) in (1..=7).zip([1, 3, 2, 5, 1, 4, 1]) {
        let tender = play.perform(&format!("delivery-{delivery}"), units);
        earned.push(play.state.payables[&per_unit("pay-pumps", tender).key()].amount.0);
        play.settle(&per_unit("pay-pumps", tender));
    }
    // 33,333,337 / 17 = 1,960,784, remainder 9 on the last unit.
    let one = 1_960_784;
    assert_eq!(earned, [one, 3 * one, 2 * one, 5 * one, one, 4 * one, one + 9]);
    assert_eq!(play.status().figures.paid, Sat(33_333_337));
    play.perform("design", 1);
    play.perform("castings", 1);
    assert_eq!(play.status().figures.earned, Sat(100_000_003));
}

#[test]
fn the_third_file_has_a_payment_of_the_seller_beside_the_total() {
    let terms = read(DEPOSIT).check().unwrap();
    let milestones: Vec<_> =
        terms.milestones.iter().map(|milestone| (milestone.amount.0, milestone.payer)).collect();
    let expected = [
        (12_000_000, Side::Buyer),
        (20_000_000, Side::Buyer),
        (5_000_000, Side::Buyer),
        (5_000_000, Side::Seller),
    ];
    assert_eq!(milestones, expected);
    assert_eq!((terms.total, terms.items.len()), (Sat(37_000_000), 0));
    let back = terms.obligation("pay-deposit-returned").unwrap();
    assert_eq!((back.debtor, back.creditor()), (Side::Seller, Side::Buyer));
}

#[test]
fn a_draft_comes_back_from_toml_and_json_as_it_went() {
    for file in [WORKED, UNEVEN, DEPOSIT] {
        let draft = read(file);
        assert_eq!(toml::from_str::<Supply>(&toml::to_string(&draft).unwrap()).unwrap(), draft);
        let json = serde_json::to_string(&draft).unwrap();
        assert_eq!(serde_json::from_str::<Supply>(&json).unwrap(), draft);
        // Whole terms are the other form of a terms file.
        let terms = draft.terms();
        let whole = toml::to_string(&terms).unwrap();
        assert_eq!(toml::from_str(&whole), Ok(Named { template: None }));
        assert_eq!(toml::from_str::<Terms>(&whole).unwrap(), terms);
    }
}

#[test]
fn what_is_no_draft_is_refused_with_its_place() {
    let check = |old: &str, new: &str, expected: &str| {
        assert!(WORKED.contains(old), "{old}");
        let error = toml::from_str::<Supply>(&WORKED.replacen(old, new, 1)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("total = 150_000_000", "total = 150_000_000.5", "whole satoshi");
    check("total = 150_000_000", "total = -1", "whole satoshi");
    check("total = 150_000_000", "total = \"1,000\"", "plain decimal digits");
    check("total = 150_000_000", "totel = 150_000_000", "unknown field `totel`");
    check("amount = 25_000_000", "amount = \"007\"", "plain decimal digits");
    check("months = 3", "months = 3\nmonth = 4", "unknown field `month`");
    check("deemed_accepted = true\n", "", "missing field `deemed_accepted`");
    check("2026-03-02", "2026-02-30", "2026-02-30");
    check("template = \"supply\"", "template = \"sale\"", "unknown variant `sale`");
}

/// Exactly these faults, in this order, of a changed draft.
#[track_caller]
fn check(file: &str, change: impl FnOnce(&mut Supply), expected: &[(&str, Reason)]) {
    let mut draft = read(file);
    change(&mut draft);
    let expected: Vec<_> = expected
        .iter()
        .map(|(path, reason)| Fault { path: (*path).to_owned(), reason: reason.clone() })
        .collect();
    assert_eq!(draft.check().err().unwrap_or_default(), expected);
    // The terms themselves have a fault exactly where the draft has one.
    assert_eq!(check_terms(&draft.terms()).is_err(), !expected.is_empty());
}

fn amount(found: u64) -> Reason {
    Reason::Amount { found: Sat(found), most: AMOUNT_MAX }
}

fn steps(draft: &mut Supply) -> &mut Vec<Step> {
    let Funding::Steps(steps) = &mut draft.funding else { panic!("the draft lists its steps") };
    steps
}

#[test]
fn each_fault_is_named_where_the_draft_has_it() {
    let sum = Reason::SumSat { stated: Sat(149_999_999), rows: Sat(150_000_000) };
    check(WORKED, |draft| draft.total = Some(Sat(149_999_999)), &[("total", sum)]);
    check(WORKED, |draft| draft.stages[1].title.clear(), &[("stages[1].title", Reason::Empty)]);
    check(WORKED, |draft| draft.goods[0].part_number.clear(), &[("goods[0].part_number", Reason::Empty)]);
    check(WORKED, |draft| draft.goods[0].place.clear(), &[("goods[0].place", Reason::Empty)]);
    let found = date(2026, 2, 2);
    let contract = date(2026, 3, 2);
    let before = Reason::BeforeContract { found, contract };
    check(WORKED, |draft| draft.stages[2].months = -1, &[("stages[2].months", before.clone())]);
    check(
        WORKED,
        |draft| draft.goods[0].deliveries[5].months = -1,
        &[("goods[0].deliveries[5].months", before.clone())],
    );
    check(WORKED, |draft| steps(draft)[3].months = -1, &[("funding[3].months", before)]);
    check(WORKED, |draft| draft.stages[0].months = i32::MAX, &[("stages[0].months", Reason::Calendar)]);
    let units = Reason::SumUnits { stated: 12, rows: 13 };
    check(WORKED, |draft| draft.goods[0].deliveries[5].quantity = 3, &[("goods[0].quantity", units)]);
    let none = [
        ("goods[0].deliveries", Reason::NoRows),
        ("goods[0].quantity", Reason::SumUnits { stated: 12, rows: 0 }),
    ];
    check_some(WORKED, |draft| draft.goods[0].deliveries.clear(), &none);
    let count = Reason::Count { found: 0, most: COUNT_MAX };
    let nothing = [("goods[0].deliveries[0].quantity", count)];
    check_some(WORKED, |draft| draft.goods[0].deliveries[0].quantity = 0, &nothing);
    let id = Reason::Id { found: "Stage 1".to_owned() };
    check_some(WORKED, |draft| draft.stages[0].id = "Stage 1".to_owned(), &[("stages[0].id", id)]);
    let notice = Reason::Notice { found: 144 };
    check(WORKED, |draft| draft.notice_blocks = 144, &[("notice_blocks", notice)]);
    let unknown = |what, id: &str| Reason::Unknown { what, id: id.to_owned() };
    check(
        WORKED,
        |draft| steps(draft)[1].into = Some("channel-7".to_owned()),
        &[("funding[1].into", unknown("tranche", "channel-7"))],
    );
    check(
        WORKED,
        |draft| steps(draft)[4].stages.push("painting".to_owned()),
        &[("funding[4].stages[1]", unknown("milestone", "painting"))],
    );
    check_some(
        DEPOSIT,
        |draft| draft.payments[1].after = vec!["painting".to_owned()],
        &[("payments[1].after", unknown("row", "painting"))],
    );
    let pays = Reason::SellerPays { stage: "deposit-returned".to_owned() };
    check(
        DEPOSIT,
        |draft| steps(draft)[0].stages.push("deposit-returned".to_owned()),
        &[("funding[0].stages[0]", pays)],
    );
}

/// At least these faults.
#[track_caller]
fn check_some(file: &str, change: impl FnOnce(&mut Supply), expected: &[(&str, Reason)]) {
    let mut draft = read(file);
    change(&mut draft);
    let found = draft.check().expect_err("faults");
    for (path, reason) in expected {
        let fault = Fault { path: (*path).to_owned(), reason: reason.clone() };
        assert!(found.contains(&fault), "{fault}\nis not in\n{found:#?}");
    }
    let in_draft = |fault: &Fault| {
        !["obligations", "milestones", "items", "funding.tranches"]
            .iter()
            .any(|part| fault.path.starts_with(part))
    };
    assert!(found.iter().all(in_draft), "{found:#?}");
}

#[test]
fn all_faults_of_a_draft_come_at_once_and_each_once() {
    check(
        WORKED,
        |draft| {
            draft.title.clear();
            draft.stages[0].amount = Sat::ZERO;
            draft.total = None;
            draft.goods[0].deliveries[0].months = -1;
            draft.covered_days_before = 4_000;
        },
        &[
            ("title", Reason::Empty),
            ("stages[0].amount", amount(0)),
            ("covered_days_before", Reason::Days { found: 4_000, most: 3_650 }),
            (
                "goods[0].deliveries[0].months",
                Reason::BeforeContract { found: date(2026, 2, 2), contract: date(2026, 3, 2) },
            ),
        ],
    );
}

#[test]
fn one_id_for_two_things_is_named_with_both_places() {
    let first = "stages[0].id".to_owned();
    let twice = |id: &str| Reason::Duplicate { id: id.to_owned(), first: first.clone() };
    check_some(
        WORKED,
        |draft| draft.stages[3].id = "materials-on-order".to_owned(),
        &[("stages[3].id", twice("materials-on-order"))],
    );
}

#[test]
fn money_that_overflows_is_a_fault_and_no_panic() {
    let most = Sat(u64::MAX);
    let too_much = [("total", Reason::Overflow), ("stages[1].amount", amount(u64::MAX))];
    check_some(
        WORKED,
        |draft| {
            draft.total = None;
            draft.stages.iter_mut().for_each(|stage| stage.amount = most);
        },
        &too_much,
    );
    check_some(
        WORKED,
        |draft| draft.goods[0].deliveries.iter_mut().for_each(|delivery| delivery.quantity = u64::MAX),
        &[("goods[0].quantity", Reason::Overflow)],
    );
    check_some(
        WORKED,
        |draft| {
            for number in 0..2_000 {
                draft.goods[0].deliveries.push(Delivery { months: 9, days: number, quantity: 1 });
            }
        },
        &[("goods", Reason::TooMany { found: 2_020, most: 1_000 })],
    );
}

#[test]
fn a_contract_has_only_services_only_goods_or_only_payments() {
    let check = |change: fn(&mut Supply), total: u64| {
        let mut draft = read(WORKED);
        (draft.total, draft.funding) = (None, Funding::default());
        change(&mut draft);
        let terms = draft.check().unwrap();
        assert_eq!(terms.total, Sat(total));
        Play::signed_with(terms)
    };
    check(|draft| draft.goods.clear(), 130_000_000);
    check(|draft| draft.stages.clear(), 20_000_000);
    let mut play = check(
        |draft| {
            (draft.goods, draft.stages) = (Vec::new(), Vec::new());
            let (id, title) = ("rent".to_owned(), "Rent".to_owned());
            let (after, months, days) = (Vec::new(), 1, 0);
            draft.payments.push(Payment { id, title, amount: Sat(7), by: Side::Buyer, after, months, days });
        },
        7,
    );
    play.settle(&crate::fixture::whole("pay-rent"));
    assert_eq!(play.status().phase, lncontract_core::status::Phase::Done);
    let mut empty = read(WORKED);
    (empty.total, empty.goods, empty.stages, empty.funding) =
        (None, Vec::new(), Vec::new(), Funding::default());
    let fault = Fault { path: "total".to_owned(), reason: amount(0) };
    assert_eq!(empty.check(), Err(vec![fault]));
}

#[test]
fn two_kinds_of_goods_and_a_bonus_after_all_of_one() {
    let mut draft = read(WORKED);
    let mut second = draft.goods[0].clone();
    (second.id, second.item, second.amount) = ("spares-delivered".to_owned(), "spare".to_owned(), Sat(100));
    (second.quantity, second.deliveries) = (3, monthly(3, 2, 15));
    draft.goods.push(second);
    draft.payments.push(Payment {
        id: "bonus".to_owned(),
        title: "Bonus".to_owned(),
        amount: Sat(50),
        by: Side::Buyer,
        after: vec!["spares-delivered".to_owned(), "subsystem-testing".to_owned()],
        months: 1,
        days: 0,
    });
    draft.total = Some(Sat(150_000_150));
    let terms = draft.check().unwrap();
    let Duty::Pay { trigger: Trigger::Acceptance { rows }, .. } =
        &terms.obligation("pay-bonus").unwrap().duty
    else {
        panic!("the bonus waits for acceptances")
    };
    assert_eq!(rows, &["delivery-7", "delivery-8", "subsystem-testing"]);
    let mut play = Play::signed_with(terms);
    play.perform("subsystem-testing", 1);
    play.perform("delivery-8", 1);
    assert!(!play.state.payables.contains_key("pay-bonus"));
    play.perform("delivery-7", 2);
    assert_eq!(play.state.payables["pay-bonus"].due.unwrap().to_string(), "2026-04-02T22:59:59Z");
    // 100 over 3 units: 33, 66 and the remainder.
    let earned =
        play.status().payables.into_iter().filter(|payable| payable.id.row == "pay-spares-delivered");
    assert_eq!(earned.map(|payable| payable.amount.0).collect::<Vec<_>>(), [33, 67]);
}

#[test]
fn equal_monthly_deliveries_end_with_what_is_left() {
    let check = |quantity, each, expected: &[u64]| {
        let found = monthly(quantity, each, 9);
        assert_eq!(found.iter().map(|delivery| delivery.quantity).collect::<Vec<_>>(), expected);
        assert!((9..).zip(&found).all(|(months, delivery)| delivery.months == months));
    };
    check(12, 2, &[2; 6]);
    check(7, 3, &[3, 3, 1]);
    check(1, 5, &[1]);
    check(0, 2, &[]);
    check(3, 0, &[1, 1, 1]);
    assert_eq!(monthly(u64::MAX, 1, 0).len(), 240);
}

#[test]
fn every_stage_of_a_long_contract_keeps_its_own_anchor() {
    let mut draft = read(UNEVEN);
    draft.total = None;
    draft.stages = (0..24)
        .map(|months| {
            let (id, title) = (format!("month-{months}"), format!("Month {months}"));
            Stage { id, title, amount: Sat(1_000), months, days: 0 }
        })
        .collect();
    let terms = draft.check().unwrap();
    let day = |n: usize| {
        let at = terms.obligation(&format!("month-{n}")).unwrap().due.at.unwrap();
        schedule::day_of(at, 0).unwrap()
    };
    assert_eq!((day(1), day(2), day(3)), (date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)));
    assert_eq!((day(13), day(14), day(23)), (date(2028, 2, 29), date(2028, 3, 31), date(2028, 12, 31)));
}

#[test]
fn a_drafts_rows_keep_off_the_days_that_it_lists() {
    let mut draft = read(UNEVEN);
    draft.non_business_days = vec![date(2027, 2, 28), date(2027, 4, 30)];
    let terms = draft.check().unwrap();
    let day = |row: &str| schedule::day_of(terms.obligation(row).unwrap().due.at.unwrap(), 0).unwrap();
    assert_eq!((day("design"), day("castings")), (date(2027, 3, 1), date(2027, 4, 5)));
    let free =
        |row: &&Obligation| row.due.at.is_some_and(|at| schedule::day_of(at, 0) == Ok(date(2027, 4, 30)));
    assert_eq!(terms.obligations.iter().find(free), None);
}
