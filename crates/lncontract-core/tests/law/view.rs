//! `status`: what is late, what is to do, how far everything is; and the state as JSON.

use lncontract_core::{
    Contract, Sat, status,
    status::{NextAct, Phase, RowState, Todo},
    v1::{Payload, Side},
};
use serde_json::Value;

use crate::fixture::{DAY, HOUR, MORNING, Play, example, fund, hash, whole};

fn state_of(play: &Play, row: &str) -> (RowState, u64) {
    let rows = play.status().obligations;
    let row = rows.into_iter().find(|found| found.row == row).expect("a row of the example");
    (row.state, row.late_days)
}

fn todos(acts: &[NextAct]) -> Vec<&Todo> {
    acts.iter().map(|act| &act.todo).collect()
}

#[test]
fn the_phases_follow_the_first_terms() {
    let mut play = Play::new();
    assert_eq!(play.status().phase, Phase::Draft);
    assert_eq!(play.status().figures.total, Sat::ZERO);
    play.take(Side::Seller, play.genesis(example()));
    assert_eq!(play.status().phase, Phase::Offered { by: Side::Seller });
    assert_eq!(todos(&play.status().acts.buyer), [&Todo::AnswerOffer { offer: hash(1) }]);
    assert!(play.status().acts.seller.is_empty());
    play.accept(Side::Buyer);
    assert_eq!(play.status().phase, Phase::InForce);
}

#[test]
fn an_offer_that_ran_out_is_to_be_lapsed_and_then_made_anew() {
    let mut play = Play::new();
    play.take(Side::Seller, play.genesis(example()));
    play.later(7 * DAY + 1);
    assert!(play.status().acts.buyer.is_empty() && play.status().acts.seller.is_empty());
    play.later(DAY);
    let deadline = MORNING.plus_days(7);
    assert_eq!(todos(&play.status().acts.seller), [&Todo::Lapse { offer: hash(1), deadline }]);
    play.take(Side::Seller, play.lapse());
    assert_eq!(play.status().phase, Phase::Draft);
    assert_eq!(todos(&play.status().acts.seller), [&Todo::Offer]);
}

#[test]
fn a_row_is_expected_then_due_then_late_from_the_day_after() {
    let mut play = Play::signed();
    let due = example().obligation("stage-1-assembly").unwrap().due.at.unwrap();
    let mut check = |seconds, expected| {
        play.time = due.plus_seconds(seconds);
        assert_eq!(state_of(&play, "stage-1-assembly"), expected);
    };
    check(-DAY, (RowState::Expected, 0));
    check(-DAY + 1, (RowState::Due, 0));
    check(0, (RowState::Due, 0));
    check(1, (RowState::Late { days: 1 }, 1));
    check(DAY, (RowState::Late { days: 1 }, 1));
    check(DAY + 1, (RowState::Late { days: 2 }, 2));
}

#[test]
fn a_row_passes_through_examination_rejection_part_and_acceptance() {
    let mut play = Play::signed();
    let row = "delivery-1";
    let first = play.tender(row, 2);
    let deadline = MORNING.plus_days(10);
    assert_eq!(state_of(&play, row).0, RowState::Tendered { tender: first, quantity: 2, deadline });
    play.answer(first, 0);
    assert_eq!(state_of(&play, row).0, RowState::Rejected { tender: first });
    let second = play.tender(row, 2);
    play.answer(second, 1);
    assert_eq!(state_of(&play, row).0, RowState::AcceptedInPart { accepted: 1, of: 2 });
    let third = play.tender(row, 1);
    play.later(11 * DAY + 1);
    play.take(Side::Seller, play.deem(third));
    assert_eq!(state_of(&play, row).0, RowState::Deemed);
    play.perform("delivery-2", 2);
    assert_eq!(state_of(&play, "delivery-2").0, RowState::Accepted);
}

#[test]
fn a_payment_passes_through_earned_invoiced_and_paid_and_is_late_from_its_due_date() {
    let mut play = Play::signed();
    let row = "pay-materials-on-order";
    assert_eq!(state_of(&play, row), (RowState::NotEarned, 0));
    play.perform("materials-on-order", 1);
    let amount = Sat(25_000_000);
    assert_eq!(state_of(&play, row), (RowState::Earned { amount }, 0));
    let invoice = play.take(Side::Seller, Payload::Invoice(play.invoice(&whole(row))));
    assert_eq!(state_of(&play, row), (RowState::Invoiced { amount }, 0));
    play.later(DAY);
    assert_eq!(state_of(&play, row), (RowState::Invoiced { amount }, 1));
    let status = play.status();
    assert!(todos(&status.acts.buyer).contains(&&Todo::Pay { invoice, payable: whole(row), amount }));
    assert_eq!(
        (status.figures.earned, status.figures.invoiced, status.figures.paid),
        (amount, amount, Sat::ZERO)
    );
    play.take(Side::Buyer, Payload::Paid(play.paid(invoice)));
    assert_eq!(state_of(&play, row), (RowState::Paid, 0));
    assert_eq!(todos(&play.status().acts.seller)[1..], [&Todo::ConfirmReceipt { invoice, amount }]);
    assert_eq!(play.status().milestones[0].paid, amount);
}

#[test]
fn an_invoice_that_ran_out_is_to_be_cancelled_before_the_next() {
    let mut play = Play::signed();
    play.perform("materials-on-order", 1);
    let row = whole("pay-materials-on-order");
    let invoice = play.take(Side::Seller, Payload::Invoice(play.invoice(&row)));
    play.later(2 * DAY + 1);
    assert!(todos(&play.status().acts.seller).contains(&&Todo::Cancel { invoice }));
    assert!(!todos(&play.status().acts.buyer).iter().any(|todo| matches!(todo, Todo::Pay { .. })));
}

#[test]
fn after_signing_each_side_is_told_what_is_due_and_the_next_after_that() {
    let mut play = Play::signed();
    let acts = play.status().acts;
    let tender = |row: &str| Todo::Tender { row: row.to_owned(), units: 1 };
    assert_eq!(todos(acts.of(Side::Seller)), [&tender("materials-on-order"), &tender("stage-1-assembly")]);
    let fund = |tranche: &str, amount| Todo::Fund { tranche: tranche.to_owned(), amount: Sat(amount) };
    // The splices wait for their channel.
    let funds = [fund("channel-1", 30_000_000), fund("channel-2", 60_000_000)];
    assert_eq!(todos(acts.of(Side::Buyer)), funds.iter().collect::<Vec<_>>());
    play.take(Side::Buyer, Payload::Fund(crate::fixture::fund("channel-1", 30_000_000, &[])));
    let acts = play.status().acts;
    assert_eq!(todos(acts.of(Side::Buyer)).first(), Some(&&fund("splice-1", 20_000_000)));
}

#[test]
fn a_date_that_hangs_on_an_event_is_told_as_expected() {
    let mut play = Play::signed();
    let row = |play: &Play, id: &str| {
        let rows = play.status().obligations;
        let row = rows.into_iter().find(|row| row.row == id).unwrap();
        (row.due.unwrap().to_string(), row.expected)
    };
    assert_eq!(row(&play, "pay-delivery-and-acceptance"), ("2027-05-02T22:59:59Z".to_owned(), true));
    assert_eq!(row(&play, "delivery-6"), ("2027-05-02T22:59:59Z".to_owned(), false));
    play.later(3 * DAY).perform("stage-1-assembly", 1);
    assert_eq!(row(&play, "pay-stage-1-assembly"), ("2026-03-05T22:59:59Z".to_owned(), false));
}

/// A contract in which every kind of thing has happened.
fn eventful() -> Play {
    let mut play = Play::signed();
    play.take(Side::Buyer, Payload::Fund(fund("channel-1", 30_000_000, &[])));
    play.perform("materials-on-order", 1);
    play.settle(&whole("pay-materials-on-order"));
    let tender = play.later(HOUR).tender("delivery-1", 2);
    play.answer(tender, 1);
    let mut terms = example();
    terms.title = "Supply of twelve subsystems".to_owned();
    play.take(Side::Seller, Payload::Offer(play.offer(terms)));
    play
}

fn check_plain(value: &Value, path: &str) {
    match value {
        Value::Null => panic!("null at {path}"),
        Value::Number(number) => {
            let number = number.as_i64().unwrap_or_else(|| panic!("no integer at {path}"));
            assert!(number.unsigned_abs() < 1 << 53, "too large at {path}");
        }
        Value::Array(all) => all.iter().for_each(|value| check_plain(value, path)),
        Value::Object(all) => {
            all.iter().for_each(|(key, value)| check_plain(value, &format!("{path}.{key}")))
        }
        Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn the_state_is_plain_json_and_comes_back_as_it_went() {
    for state in [Contract::default(), eventful().state] {
        let json = serde_json::to_value(&state).unwrap();
        check_plain(&json, "state");
        assert_eq!(serde_json::from_value::<Contract>(json).unwrap(), state);
    }
}

#[test]
fn the_state_does_not_grow_with_acks_and_heartbeats() {
    let mut play = eventful();
    let before = play.state.clone();
    for _ in 0..10 {
        let ack = lncontract_core::v1::Ack { state: hash(1) };
        play.later(DAY).take(Side::Buyer, Payload::Heartbeat(ack.clone()));
        play.take(Side::Seller, Payload::Ack(ack));
    }
    assert_eq!(play.state, before);
}

#[test]
fn a_view_far_outside_any_calendar_does_not_panic() {
    let play = eventful();
    for time in [i64::MIN, -1, 0, i64::MAX] {
        let status = status(&play.state, lncontract_core::Time(time));
        assert_eq!(status.figures.total, Sat(150_000_000));
    }
}
