//! A contract in which the seller pays something too: the buyer makes that invoice, the figures stand beside those
//! of the contract's total, and nothing of it is covered by the buyer's channels.

use lncontract_core::{
    Effect, MoneyRefusal, Reason, Refusal, Sat, check_terms,
    state::Stray,
    status::{Phase, Todo},
    v1::{Duty, Payload, Received, Side},
};

use crate::{
    drafts::deposit,
    fixture::{Play, cancel, hash, whole},
};

const BACK: &str = "pay-deposit-returned";

/// Everything is done and paid but the return of the deposit.
fn owed_back() -> Play {
    let mut play = Play::signed_with(deposit());
    play.settle(&whole("pay-deposit"));
    for stage in ["design", "commissioning"] {
        play.perform(stage, 1);
        play.settle(&whole(&format!("pay-{stage}")));
    }
    play
}

#[track_caller]
fn figures(play: &Play, expected: [[u64; 4]; 2]) {
    let status = play.status();
    let found = [status.figures, status.from_seller]
        .map(|figures| [figures.total.0, figures.earned.0, figures.paid.0, figures.outstanding.0]);
    assert_eq!(found, expected);
}

#[test]
fn what_the_seller_pays_stands_beside_the_total_and_is_part_of_the_end() {
    let mut play = Play::signed_with(deposit());
    figures(&play, [[37_000_000, 0, 0, 37_000_000], [5_000_000, 0, 0, 5_000_000]]);
    play = owed_back();
    figures(&play, [[37_000_000, 37_000_000, 37_000_000, 0], [5_000_000, 5_000_000, 0, 5_000_000]]);
    assert_eq!(play.status().phase, Phase::InForce);
    let payable = whole(BACK);
    // 30 days after the acceptance.
    assert_eq!(play.state.payables[BACK].due.unwrap().to_string(), "2026-04-02T04:59:59Z");
    let amount = Sat(5_000_000);
    let acts = play.status().acts;
    let invoice = Todo::Invoice { payable: payable.clone(), amount, number: 1 };
    assert!(acts.buyer.iter().any(|act| act.todo == invoice), "{acts:?}");
    play.settle(&payable);
    figures(&play, [[37_000_000, 37_000_000, 37_000_000, 0], [5_000_000, 5_000_000, 5_000_000, 0]]);
    assert_eq!(play.status().phase, Phase::Done);
    assert!(play.status().milestones.iter().all(|milestone| milestone.paid == milestone.amount));
}

#[test]
fn the_buyer_invoices_and_the_seller_pays() {
    let mut play = owed_back();
    let invoice = play.invoice(&whole(BACK));
    let wrong = |expected: Side| Err(Refusal::WrongSide { expected, author: expected.other() });
    assert_eq!(play.judge(Side::Seller, Payload::Invoice(invoice.clone())), wrong(Side::Buyer));
    // Each company numbers its own invoices: the seller is at 4 here, the buyer begins.
    assert_eq!((play.state.next_invoice_number(Side::Seller), invoice.number), (4, 1));
    let invoice = play.take(Side::Buyer, Payload::Invoice(invoice));
    let acts = play.status().acts;
    let pay = Todo::Pay { invoice, payable: whole(BACK), amount: Sat(5_000_000) };
    assert!(acts.seller.iter().any(|act| act.todo == pay), "{acts:?}");
    let paid = Payload::Paid(play.paid(invoice));
    assert_eq!(play.judge(Side::Buyer, paid.clone()), wrong(Side::Seller));
    let received = Payload::Received(Received { invoice, amount: Sat(5_000_000) });
    assert_eq!(play.judge(Side::Seller, received.clone()), wrong(Side::Buyer));
    assert_eq!(play.judge(Side::Seller, cancel(invoice)), wrong(Side::Buyer));
    play.take(Side::Seller, paid);
    play.take(Side::Buyer, received);
    assert_eq!(play.status().phase, Phase::Done);
}

#[test]
fn a_cancelled_invoice_that_the_seller_paid_is_owed_back_by_the_buyer() {
    let mut play = owed_back();
    let invoice = play.take(Side::Buyer, Payload::Invoice(play.invoice(&whole(BACK))));
    let paid = play.entry(Side::Seller, Payload::Paid(play.paid(invoice)));
    play.take(Side::Buyer, cancel(invoice));
    assert_eq!(play.fold(&paid), Effect::Taken);
    let status = play.status();
    assert_eq!((status.credit_due, status.credit_due_to_seller), (Sat::ZERO, Sat(5_000_000)));
    // An invoice that never came into effect: who paid tells who has credit.
    let (invoice, amount) = (hash(900), Sat(5));
    let entry = play.entry(Side::Buyer, Payload::Received(Received { invoice, amount }));
    assert_eq!(play.fold(&entry), Effect::Taken);
    assert_eq!(play.state.strays[&invoice], Stray { payer: Side::Seller, paid: Sat::ZERO, received: amount });
    assert_eq!(play.status().credit_due_to_seller, Sat(5_000_005));
}

#[test]
fn numbers_of_both_companies_do_not_stand_in_each_others_way() {
    let mut play = Play::signed_with(deposit());
    play.perform("commissioning", 1);
    let ours = play.entry(Side::Buyer, Payload::Invoice(play.invoice(&whole(BACK))));
    let mut theirs = play.entry(Side::Seller, Payload::Invoice(play.invoice(&whole("pay-deposit"))));
    theirs.id = hash(901);
    // Written at the same time, both with the number 1.
    assert_eq!((play.fold(&ours), play.fold(&theirs)), (Effect::Taken, Effect::Taken));
    let again = play.judge(Side::Seller, Payload::Invoice(play.invoice(&whole("pay-deposit"))));
    let payable = "pay-deposit".to_owned();
    assert_eq!(again, Err(MoneyRefusal::Invoiced { payable, invoice: hash(901) }.into()));
}

#[test]
fn a_row_is_owed_by_who_pays_its_milestone_and_the_total_is_the_buyers() {
    let check = |change: fn(&mut lncontract_core::v1::Terms), expected: &[(&str, Reason)]| {
        let mut terms = deposit();
        change(&mut terms);
        let found = check_terms(&terms).err().unwrap_or_default();
        let found: Vec<_> = found.iter().map(|fault| (fault.path.as_str(), fault.reason.clone())).collect();
        assert_eq!(found, expected);
    };
    let (buyer, seller) = (Side::Buyer, Side::Seller);
    check(
        |terms| terms.obligations[5].debtor = Side::Buyer,
        &[("obligations[5].debtor", Reason::Debtor { expected: seller, found: buyer })],
    );
    check(
        |terms| terms.milestones[3].payer = Side::Buyer,
        &[
            ("obligations[5].debtor", Reason::Debtor { expected: buyer, found: seller }),
            ("total", Reason::SumSat { stated: Sat(37_000_000), rows: Sat(42_000_000) }),
        ],
    );
    check(
        |terms| terms.obligations[6].debtor = Side::Seller,
        &[("obligations[6].debtor", Reason::Debtor { expected: buyer, found: seller })],
    );
    check(
        |terms| {
            terms.milestones[3].amount = Sat(6_000_000);
            let Duty::Pay { amount, .. } = &mut terms.obligations[5].duty else { unreachable!() };
            *amount = Sat(6_000_000);
        },
        &[],
    );
}
