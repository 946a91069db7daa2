//! Invoices and payments.

use lncontract_core::{
    Effect, MoneyRefusal, Refusal, Sat,
    state::Stray,
    status::{RowState, Todo},
    v1::{Invoice, Paid, PaidBy, PayableId, Payload, Received, Side},
};

use crate::{
    drafts::deposit,
    fixture::{DAY, MORNING, Play, cancel, hash, preimage, whole},
};

#[track_caller]
fn check(play: &Play, author: Side, payload: Payload, expected: Result<(), Refusal>) {
    assert_eq!(play.judge(author, payload), expected);
}

fn materials() -> PayableId {
    whole("pay-materials-on-order")
}

/// Materials are accepted, 25,000,000 sat are payable.
fn earned() -> Play {
    let mut play = Play::signed();
    play.perform("materials-on-order", 1);
    play
}

#[test]
fn the_payee_invoices_exactly_what_is_payable() {
    let play = earned();
    let good = play.invoice(&materials());
    let with = |change: fn(&mut Invoice)| {
        let mut invoice = good.clone();
        change(&mut invoice);
        Payload::Invoice(invoice)
    };
    check(&play, Side::Seller, with(|_| {}), Ok(()));
    let wrong = Refusal::WrongSide { expected: Side::Seller, author: Side::Buyer };
    check(&play, Side::Buyer, with(|_| {}), Err(wrong));
    let amount = MoneyRefusal::Amount { payable: Sat(25_000_000), found: Sat(25_000_001) };
    check(&play, Side::Seller, with(|invoice| invoice.amount = Sat(25_000_001)), Err(amount.into()));
    let number = MoneyRefusal::Number { next: 1, found: 2 };
    check(&play, Side::Seller, with(|invoice| invoice.number = 2), Err(number.into()));
    let expires = MoneyRefusal::Expires { expires: MORNING, time: MORNING };
    check(&play, Side::Seller, with(|invoice| invoice.expires = MORNING), Err(expires.into()));
    check(&play, Side::Seller, with(|invoice| invoice.bolt11.clear()), Err(MoneyRefusal::NoBolt11.into()));
    let payable = "pay-stage-1-assembly".to_owned();
    let early = with(|invoice| invoice.payable = whole("pay-stage-1-assembly"));
    check(&play, Side::Seller, early, Err(MoneyRefusal::NotPayable { payable }.into()));
}

#[test]
fn a_payable_has_one_live_invoice_and_a_payment_hash_is_used_once() {
    let mut play = earned();
    let first = play.take(Side::Seller, Payload::Invoice(play.invoice(&materials())));
    let live = MoneyRefusal::Invoiced { payable: materials().key(), invoice: first };
    check(&play, Side::Seller, Payload::Invoice(play.invoice(&materials())), Err(live.into()));
    play.take(Side::Seller, cancel(first));
    check(&play, Side::Seller, Payload::Invoice(play.invoice(&materials())), Ok(()));
    let again = Invoice { payment_hash: preimage(1).1, ..play.invoice(&materials()) };
    let used = MoneyRefusal::HashUsed { invoice: first };
    check(&play, Side::Seller, Payload::Invoice(again), Err(used.into()));
    let again = Invoice { number: 1, ..play.invoice(&materials()) };
    let taken = MoneyRefusal::NumberTaken { number: 1, invoice: first };
    check(&play, Side::Seller, Payload::Invoice(again), Err(taken.into()));
}

#[test]
fn only_a_live_invoice_is_cancelled_and_only_by_its_author() {
    let mut play = earned();
    let invoice = play.take(Side::Seller, Payload::Invoice(play.invoice(&materials())));
    check(&play, Side::Seller, cancel(invoice), Ok(()));
    let wrong = Refusal::WrongSide { expected: Side::Seller, author: Side::Buyer };
    check(&play, Side::Buyer, cancel(invoice), Err(wrong));
    let unknown = MoneyRefusal::UnknownInvoice { invoice: hash(77) };
    check(&play, Side::Seller, cancel(hash(77)), Err(unknown.into()));
    let mut paid = play.clone();
    paid.take(Side::Buyer, Payload::Paid(play.paid(invoice)));
    check(&paid, Side::Seller, cancel(invoice), Err(MoneyRefusal::Paid { invoice }.into()));
    play.take(Side::Seller, cancel(invoice));
    check(&play, Side::Seller, cancel(invoice), Err(MoneyRefusal::Cancelled { invoice }.into()));
}

#[test]
fn the_payer_proves_its_payment_with_the_preimage() {
    let mut play = earned();
    let invoice = play.take(Side::Seller, Payload::Invoice(play.invoice(&materials())));
    let good = play.paid(invoice);
    check(&play, Side::Buyer, Payload::Paid(good.clone()), Ok(()));
    let wrong = Refusal::WrongSide { expected: Side::Buyer, author: Side::Seller };
    check(&play, Side::Seller, Payload::Paid(good.clone()), Err(wrong));
    let amount = MoneyRefusal::Amount { payable: Sat(25_000_000), found: Sat(1) };
    check(&play, Side::Buyer, Payload::Paid(Paid { amount: Sat(1), ..good.clone() }), Err(amount.into()));
    let (other, found) = preimage(2);
    let method = PaidBy::Lightning { preimage: other };
    let refusal = MoneyRefusal::Preimage { expected: preimage(1).1, found };
    check(&play, Side::Buyer, Payload::Paid(Paid { method, ..good.clone() }), Err(refusal.into()));
    let unknown = MoneyRefusal::UnknownInvoice { invoice: hash(77) };
    check(&play, Side::Buyer, Payload::Paid(Paid { invoice: hash(77), ..good.clone() }), Err(unknown.into()));
    play.take(Side::Buyer, Payload::Paid(good.clone()));
    check(&play, Side::Buyer, Payload::Paid(good), Err(MoneyRefusal::Paid { invoice }.into()));
}

#[test]
fn the_payee_confirms_once() {
    let mut play = earned();
    let invoice = play.take(Side::Seller, Payload::Invoice(play.invoice(&materials())));
    let amount = Sat(25_000_000);
    let received = |amount| Payload::Received(Received { invoice, amount });
    check(&play, Side::Seller, received(amount), Ok(()));
    let wrong = Refusal::WrongSide { expected: Side::Seller, author: Side::Buyer };
    check(&play, Side::Buyer, received(amount), Err(wrong));
    let refusal = MoneyRefusal::Amount { payable: amount, found: Sat(1) };
    check(&play, Side::Seller, received(Sat(1)), Err(refusal.into()));
    play.take(Side::Seller, received(amount));
    check(&play, Side::Seller, received(amount), Err(MoneyRefusal::Paid { invoice }.into()));
    assert_eq!(play.status().figures.paid, amount);
}

#[test]
fn a_payment_that_crosses_a_cancellation_is_a_fact_and_credit_is_due() {
    let mut play = earned();
    let invoice = play.take(Side::Seller, Payload::Invoice(play.invoice(&materials())));
    let paid = play.entry(Side::Buyer, Payload::Paid(play.paid(invoice)));
    let cancelled = play.entry(Side::Seller, cancel(invoice));

    let mut paid_first = play.clone();
    assert_eq!(paid_first.fold(&paid), Effect::Taken);
    let refusal = MoneyRefusal::Paid { invoice };
    assert_eq!(paid_first.fold(&cancelled), Effect::Overtaken(refusal.into()));
    assert_eq!(paid_first.status().figures.paid, Sat(25_000_000));

    assert_eq!(play.fold(&cancelled), Effect::Taken);
    assert_eq!(play.fold(&paid), Effect::Taken);
    let status = play.status();
    assert_eq!((status.figures.paid, status.credit_due), (Sat::ZERO, Sat(25_000_000)));
    assert_eq!(status.figures.outstanding, status.figures.total);
}

#[test]
fn an_overtaken_deem_takes_its_invoice_along_and_a_payment_of_it_is_credit() {
    let mut play = Play::signed();
    let tender = play.tender("materials-on-order", 1);
    play.time = MORNING.plus_days(10);
    let rejected = play.entry(Side::Buyer, crate::fixture::answer(tender, 0));
    play.later(DAY + 1);
    let mut seller = play.clone();
    seller.take(Side::Seller, seller.deem(tender));
    let invoice = seller.take(Side::Seller, Payload::Invoice(seller.invoice(&materials())));
    let paid = Payload::Paid(seller.paid(invoice));

    assert_eq!(play.fold(&rejected), Effect::Taken);
    for entry in &seller.entries[3..] {
        assert!(matches!(play.fold(entry), Effect::Overtaken(_)), "{:?}", entry.header.kind);
    }
    let paid = play.entry(Side::Buyer, paid);
    assert_eq!(play.fold(&paid), Effect::Taken);
    let amount = Sat(25_000_000);
    assert_eq!(play.state.strays[&invoice], Stray { payer: Side::Buyer, paid: amount, received: Sat::ZERO });
    assert_eq!((play.status().credit_due, play.status().figures.paid), (amount, Sat::ZERO));
}

/// The deposit of the third terms file: 5,000,000 sat, payable on its date, 20 days after the date of contract.
#[test]
fn what_is_payable_on_its_date_is_earned_from_that_day_on_and_may_be_invoiced_ahead() {
    let mut play = Play::signed_with(deposit());
    let ends = play.state.terms.as_ref().unwrap().obligation("pay-deposit").unwrap().due.at.unwrap();
    let look = |play: &Play| {
        let status = play.status();
        let row = status.obligations.iter().find(|row| row.row == "pay-deposit").unwrap().state.clone();
        (status.figures.earned.0, status.figures.invoiced.0, row)
    };
    let invoices = |play: &Play| {
        let acts = play.status().acts.seller;
        acts.into_iter()
            .filter(|act| matches!(act.todo, Todo::Invoice { .. }))
            .map(|act| act.due)
            .collect::<Vec<_>>()
    };
    play.time = ends.plus_days(-1);
    assert_eq!((look(&play), invoices(&play)), ((0, 0, RowState::NotEarned), vec![Some(ends)]));
    let mut ahead = play.clone();
    play.later(1);
    let amount = Sat(5_000_000);
    assert_eq!(
        (look(&play), invoices(&play)),
        ((amount.0, 0, RowState::Earned { amount }), vec![Some(ends)])
    );
    ahead.take(Side::Seller, Payload::Invoice(ahead.invoice(&whole("pay-deposit"))));
    assert_eq!(look(&ahead), (amount.0, amount.0, RowState::Invoiced { amount }));
    assert!(invoices(&ahead).is_empty());
}
