//! Tender, examination, acceptance.

use jiff::civil::date;
use lncontract_core::{
    Effect, Hash, PerformanceRefusal, Refusal, Sat,
    state::Outcome,
    v1::{Answer, Deem, Duty, Payload, Side},
};

use crate::fixture::{DAY, HOUR, MORNING, Play, answer, example, hash, tender, whole};

#[track_caller]
fn check(play: &Play, author: Side, payload: Payload, expected: Result<(), Refusal>) {
    assert_eq!(play.judge(author, payload), expected);
}

fn wrong_side(expected: Side) -> Refusal {
    Refusal::WrongSide { expected, author: expected.other() }
}

#[test]
fn only_the_debtor_tenders_and_only_what_is_left() {
    let mut play = Play::signed();
    check(&play, Side::Seller, tender("delivery-1", 1), Ok(()));
    check(&play, Side::Seller, tender("delivery-1", 2), Ok(()));
    check(&play, Side::Buyer, tender("delivery-1", 2), Err(wrong_side(Side::Seller)));
    let quantity =
        |open, tendered| PerformanceRefusal::Quantity { row: "delivery-1".to_owned(), open, tendered };
    check(&play, Side::Seller, tender("delivery-1", 0), Err(quantity(2, 0).into()));
    check(&play, Side::Seller, tender("delivery-1", 3), Err(quantity(2, 3).into()));
    let unknown = Refusal::UnknownRow { row: "delivery-7".to_owned() };
    check(&play, Side::Seller, tender("delivery-7", 1), Err(unknown));
    let fund = PerformanceRefusal::NotTenderable { row: "fund-channel-1".to_owned() };
    check(&play, Side::Buyer, tender("fund-channel-1", 1), Err(fund.into()));
    let open = play.tender("delivery-1", 1);
    let examined = PerformanceRefusal::UnderExamination { row: "delivery-1".to_owned(), tender: open };
    check(&play, Side::Seller, tender("delivery-1", 1), Err(examined.into()));
    play.answer(open, 1);
    check(&play, Side::Seller, tender("delivery-1", 2), Err(quantity(1, 2).into()));
    check(&play, Side::Seller, tender("delivery-1", 1), Ok(()));
}

#[test]
fn nothing_is_tendered_before_terms_are_in_force() {
    let mut play = Play::new();
    play.take(Side::Seller, play.genesis(example()));
    check(&play, Side::Seller, tender("delivery-1", 1), Err(Refusal::NotInForce));
}

#[test]
fn the_creditor_answers_once_in_time_and_with_reasons() {
    let mut play = Play::signed();
    let open = play.tender("delivery-1", 2);
    check(&play, Side::Buyer, answer(open, 2), Ok(()));
    check(&play, Side::Buyer, answer(open, 0), Ok(()));
    check(&play, Side::Seller, answer(open, 2), Err(wrong_side(Side::Buyer)));
    let many = PerformanceRefusal::TooMany { tendered: 2, accepted: 3 };
    check(&play, Side::Buyer, answer(open, 3), Err(many.into()));
    let unknown = PerformanceRefusal::Unknown { tender: hash(99) };
    check(&play, Side::Buyer, answer(hash(99), 2), Err(unknown.into()));
    let silent = |reasons: &[&str]| {
        let reasons = reasons.iter().map(|reason| (*reason).to_owned()).collect();
        Payload::Answer(Answer { tender: open, accepted: 1, reasons, state: Hash::ZERO })
    };
    let reasons = Refusal::from(PerformanceRefusal::Reasons { accepted: 1, tendered: 2 });
    check(&play, Side::Buyer, silent(&[]), Err(reasons.clone()));
    check(&play, Side::Buyer, silent(&["  "]), Err(reasons));
    let deadline = MORNING.plus_days(10);
    play.time = deadline;
    check(&play, Side::Buyer, answer(open, 2), Ok(()));
    play.later(1);
    let over = PerformanceRefusal::Over { deadline, time: play.time };
    check(&play, Side::Buyer, answer(open, 2), Err(over.into()));
    play.time = deadline;
    play.answer(open, 2);
    let judged = PerformanceRefusal::Judged { tender: open };
    check(&play, Side::Buyer, answer(open, 2), Err(judged.into()));
}

#[test]
fn silence_accepts_after_examination_and_grace_and_only_the_debtor_says_so() {
    let mut play = Play::signed();
    let open = play.tender("materials-on-order", 1);
    let deadline = MORNING.plus_days(10);
    let after = deadline.plus_seconds(24 * HOUR);
    play.time = after;
    check(&play, Side::Seller, play.deem(open), Err(Refusal::TooEarly { after, time: after }));
    play.later(1);
    check(&play, Side::Seller, play.deem(open), Ok(()));
    check(&play, Side::Buyer, play.deem(open), Err(wrong_side(Side::Seller)));
    let wrong = Payload::Deem(Deem { tender: open, deadline: after });
    check(&play, Side::Seller, wrong, Err(Refusal::Deadline { expected: deadline, found: after }));
    play.take(Side::Seller, play.deem(open));
    assert_eq!(play.state.tenders[&open].outcome, Outcome::Deemed { at: play.time });
    assert_eq!(play.state.payables["pay-materials-on-order"].amount, Sat(25_000_000));
}

#[test]
fn where_silence_does_not_accept_the_creditor_may_answer_late() {
    let mut play = Play::new();
    let mut terms = example();
    terms.clauses.deemed_accepted = false;
    play.take(Side::Seller, play.genesis(terms));
    play.accept(Side::Buyer);
    let open = play.tender("delivery-1", 2);
    play.later(40 * DAY);
    let refusal = PerformanceRefusal::NotDeemed { tender: open };
    check(&play, Side::Seller, play.deem(open), Err(refusal.into()));
    check(&play, Side::Buyer, answer(open, 2), Ok(()));
}

#[test]
fn what_is_not_accepted_reopens_and_only_accepted_units_earn() {
    let mut play = Play::signed();
    let first = play.tender("delivery-1", 2);
    play.answer(first, 0);
    assert!(play.state.payables.is_empty());
    let second = play.tender("delivery-1", 2);
    play.answer(second, 1);
    let earned: Vec<_> =
        play.state.payables.values().map(|payable| (payable.units, payable.amount.0)).collect();
    assert_eq!(earned, [(1, 1_666_666)]);
    let third = play.tender("delivery-1", 1);
    play.answer(third, 1);
    assert_eq!(play.status().figures.earned, Sat(3_333_332));
    assert_eq!(play.state.performance("delivery-1").accepted, 2);
}

#[test]
fn a_payment_in_one_piece_waits_for_the_whole_row_and_is_due_on_the_day_of_acceptance() {
    let mut play = Play::signed();
    play.later(5 * DAY);
    play.perform("materials-on-order", 1);
    let payable = &play.state.payables[&whole("pay-materials-on-order").key()];
    assert_eq!(payable.amount, Sat(25_000_000));
    assert_eq!(payable.due.unwrap().to_string(), "2026-03-07T22:59:59Z");
}

#[test]
fn of_answer_and_deem_the_one_that_the_merge_puts_first_stands() {
    let mut play = Play::signed();
    let open = play.tender("delivery-1", 2);
    play.time = MORNING.plus_days(10);
    let answered = play.entry(Side::Buyer, answer(open, 1));
    play.later(DAY + 1);
    let deemed = play.entry(Side::Seller, play.deem(open));
    let judged = || Effect::Overtaken(PerformanceRefusal::Judged { tender: open }.into());
    let mut other = play.clone();
    assert_eq!((play.fold(&answered), play.fold(&deemed)), (Effect::Taken, judged()));
    assert_eq!(play.state.performance("delivery-1").accepted, 1);
    assert_eq!((other.fold(&deemed), other.fold(&answered)), (Effect::Taken, judged()));
    assert_eq!(other.state.performance("delivery-1").accepted, 2);
}

#[test]
fn a_deadline_on_a_day_that_is_no_business_day_is_put_off_to_the_next_that_is_one() {
    let mut terms = example();
    // The tender of 2 March is to be examined in 10 days; 12 and 13 March are listed, and so is 16 April.
    terms.non_business_days = vec![date(2026, 3, 12), date(2026, 3, 13), date(2026, 4, 16)];
    let Duty::Pay { net_days, .. } = &mut terms.obligations[1].duty else { unreachable!() };
    *net_days = 45;
    let mut play = Play::signed_with(terms);
    let tender = play.tender("materials-on-order", 1);
    assert_eq!(play.state.tenders[&tender].deadline.to_string(), "2026-03-14T22:59:59Z");
    play.answer(tender, 1);
    // 45 days after 2 March is 16 April.
    assert_eq!(
        play.state.payables["pay-materials-on-order"].due.unwrap().to_string(),
        "2026-04-17T22:59:59Z"
    );
    // Nothing moves where nothing is listed.
    let mut play = Play::signed();
    let tender = play.tender("materials-on-order", 1);
    assert_eq!(play.state.tenders[&tender].deadline, play.time.plus_days(10));
}
