//! The worked example with its figures as they were worked by hand, and its whole life.

use jiff::civil::date;
use lncontract_core::{
    Sat, check_terms, schedule,
    status::{Phase, Todo},
    template::supply::worked_example,
    v1::{Duty, Side, Terms},
};

use crate::fixture::{HOUR, Play, example, party, per_unit, whole};

fn due_days(terms: &Terms, wanted: fn(&Duty) -> bool) -> Vec<String> {
    let rows = terms.obligations.iter().filter(|row| wanted(&row.duty));
    let day = |at| schedule::day_of(at, terms.utc_offset_minutes).expect("a day of the calendar").to_string();
    rows.map(|row| day(row.due.at.expect("a dated row carries its instant"))).collect()
}

#[test]
fn the_example_has_the_figures_of_the_design_and_no_fault() {
    let terms = example();
    assert_eq!(check_terms(&terms), Ok(()));
    assert_eq!(terms.total, Sat(150_000_000));
    let milestones: Vec<_> = terms.milestones.iter().map(|milestone| milestone.amount.0).collect();
    assert_eq!(milestones, [25_000_000, 15_000_000, 30_000_000, 60_000_000, 20_000_000]);
    let tranches = terms.funding.tranches.iter().map(|tranche| tranche.amount);
    assert_eq!(Sat::sum(tranches), Ok(Sat(155_000_000)));
    assert_eq!(terms.items[0].quantity, 12);
    assert_eq!((terms.funding.covered_days_before, terms.funding.notice_blocks), (14, 1_008));
    assert_eq!(terms.obligations.len(), 4 + 4 + 6 + 1 + 5);
}

#[test]
fn six_deliveries_of_two_units_fall_due_nine_to_fourteen_months_after_the_date_of_contract() {
    let terms = example();
    let units: Vec<_> =
        (1..=6).filter_map(|n| terms.obligation(&format!("delivery-{n}"))?.quantity()).collect();
    assert_eq!(units, [2; 6]);
    let days = due_days(&terms, |duty| matches!(duty, Duty::Deliver { .. }));
    let expected = ["2026-12-02", "2027-01-02", "2027-02-02", "2027-03-02", "2027-04-02", "2027-05-02"];
    assert_eq!(days, expected);
    let days = due_days(&terms, |duty| matches!(duty, Duty::Perform { .. }));
    assert_eq!(days, ["2026-03-02", "2026-06-02", "2026-09-02", "2026-11-02"]);
    let days = due_days(&terms, |duty| matches!(duty, Duty::Fund { .. }));
    assert_eq!(days, ["2026-03-02", "2026-05-02", "2026-08-02", "2026-10-02", "2026-11-02"]);
}

#[test]
fn from_the_31st_of_january_each_row_is_clamped_by_itself() {
    let terms = worked_example(date(2027, 5, 31), party(Side::Buyer), party(Side::Seller), 0);
    assert_eq!(check_terms(&terms), Ok(()));
    let days = due_days(&terms, |duty| matches!(duty, Duty::Deliver { .. }));
    let expected = ["2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31", "2028-06-30", "2028-07-31"];
    assert_eq!(days, expected);
    let terms = worked_example(date(2026, 1, 31), party(Side::Buyer), party(Side::Seller), 0);
    let days = due_days(&terms, |duty| matches!(duty, Duty::Perform { .. }));
    assert_eq!(days, ["2026-01-31", "2026-04-30", "2026-07-31", "2026-09-30"]);
}

#[test]
fn a_date_of_contract_at_the_end_of_the_calendar_gives_faults_and_no_panic() {
    let terms = worked_example(date(9998, 12, 31), party(Side::Buyer), party(Side::Seller), 0);
    assert!(!check_terms(&terms).unwrap_err().is_empty());
}

#[test]
fn a_unit_earns_1_666_666_sat_and_the_twelfth_1_666_674() {
    let mut play = Play::signed();
    let mut amounts = Vec::new();
    for delivery in 1..=6 {
        for _unit in 0..2 {
            let tender = play.perform(&format!("delivery-{delivery}"), 1);
            let key = per_unit("pay-delivery-and-acceptance", tender).key();
            amounts.push(play.state.payables[&key].amount.0);
        }
    }
    assert_eq!(amounts[..11], [1_666_666; 11]);
    assert_eq!(amounts[11], 1_666_674);
    assert_eq!(amounts.iter().sum::<u64>(), 20_000_000);
    assert_eq!(play.status().figures.earned, Sat(20_000_000));
}

#[test]
fn the_whole_contract_is_performed_and_paid_to_the_satoshi() {
    let mut play = Play::signed();
    assert_eq!(play.status().phase, Phase::InForce);
    for (stage, paid) in [
        ("materials-on-order", 25_000_000),
        ("stage-1-assembly", 40_000_000),
        ("stage-2-assembly", 70_000_000),
        ("subsystem-testing", 130_000_000),
    ] {
        play.later(HOUR).perform(stage, 1);
        play.settle(&whole(&format!("pay-{stage}")));
        let figures = play.status().figures;
        assert_eq!(
            (figures.earned.0, figures.paid.0, figures.outstanding.0),
            (paid, paid, 150_000_000 - paid)
        );
    }
    for delivery in 1..=6 {
        assert_eq!(play.status().phase, Phase::InForce);
        let tender = play.later(HOUR).perform(&format!("delivery-{delivery}"), 2);
        play.settle(&per_unit("pay-delivery-and-acceptance", tender));
    }
    let status = play.status();
    assert_eq!(status.phase, Phase::Done);
    assert_eq!(status.figures.paid, Sat(150_000_000));
    assert_eq!(status.figures.outstanding, Sat::ZERO);
    assert_eq!(status.credit_due, Sat::ZERO);
    let todos: Vec<_> = status.acts.seller.iter().map(|act| &act.todo).collect();
    assert_eq!(todos, [&Todo::SignAccount]);
    let last = play.state.invoices.values().map(|invoice| invoice.number).max();
    assert_eq!(last, Some(10));
}
