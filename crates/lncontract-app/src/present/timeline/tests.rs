//! The timeline of the worked example, with a rejected tender, a payment, a tranche that is there and one to come.

use jiff::civil::date;
use lncontract_core::{
    state::{Performance, TenderState},
    status::status,
};

use super::{
    super::coverage::tests::{NOW, contract, hash, pay},
    *,
};

fn lanes() -> TimelineView {
    let mut state = contract();
    pay(&mut state, "pay-materials-on-order", 25_000_000, 9);
    let tender = |outcome, day: i64| TenderState {
        row: "materials-on-order".into(),
        quantity: 1,
        at: NOW.plus_days(day),
        deadline: NOW.plus_days(day + 10),
        outcome,
    };
    let rejected = Outcome::Answered { accepted: 0, at: NOW.plus_days(2) };
    let accepted = Outcome::Answered { accepted: 1, at: NOW.plus_days(7) };
    state.tenders = [(hash(20), tender(rejected, 1)), (hash(21), tender(accepted, 5))].into_iter().collect();
    let done = Performance { accepted: 1, accepted_at: Some(NOW.plus_days(7)), last_tender: Some(hash(21)) };
    state.rows.insert("materials-on-order".into(), done);
    let terms = state.terms.clone().unwrap();
    let status = status(&state, NOW.plus_days(10));
    timeline(&state, &status, &terms, &[]).unwrap()
}

#[test]
fn a_milestones_lane_has_its_tenders_its_work_and_its_payments_on_their_days() {
    let view = lanes();
    let lane = &view.lanes[0];
    assert_eq!((lane.title.as_str(), lane.amount_sat), ("Materials on order", 25_000_000));
    let spans: Vec<_> = lane.spans.iter().map(|span| (span.kind, span.from, span.to)).collect();
    assert_eq!(
        spans,
        [
            (SpanKind::Rejected, date(2026, 3, 3), Some(date(2026, 3, 4))),
            (SpanKind::Tender, date(2026, 3, 7), Some(date(2026, 3, 9))),
        ]
    );
    let marks: Vec<_> =
        lane.marks.iter().filter(|mark| mark.done).map(|mark| (mark.sign, mark.day)).collect();
    assert_eq!(marks, [(Sign::Work, date(2026, 3, 9)), (Sign::Payment, date(2026, 3, 11))]);
}

#[test]
fn a_tranche_is_done_from_the_day_its_channel_or_splice_was_open_and_the_others_are_not() {
    let view = lanes();
    let funding = view.lanes.iter().find(|lane| lane.title == "Funding plan").unwrap();
    let done: Vec<_> = funding.marks.iter().map(|mark| (mark.done, mark.day)).collect();
    let expected = [
        (true, date(2026, 3, 2)),
        (true, date(2026, 3, 3)),
        (true, date(2026, 3, 4)),
        (false, date(2026, 8, 2)),
        (false, date(2026, 11, 2)),
    ];
    assert_eq!(done, expected);
    assert_eq!(funding.amount_sat, 155_000_000);
}

#[test]
fn the_timeline_holds_every_day_of_its_lanes_and_today() {
    let view = lanes();
    let days = view.lanes.iter().flat_map(|lane| lane.marks.iter().map(|mark| mark.day));
    assert!(days.clone().all(|day| (view.from..=view.to).contains(&day)));
    assert_eq!(view.from, date(2026, 3, 2));
    // The last delivery is due 14 months after the date of contract.
    assert_eq!(days.max(), Some(date(2027, 5, 2)));
}
