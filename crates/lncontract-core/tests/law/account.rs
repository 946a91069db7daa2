//! The final account: signed by each company when nothing is open, the same by both, and the end of the contract.

use lncontract_core::{
    AccountRefusal, Effect, Hash, Refusal, Sat,
    account::{account, open_rows},
    status::{Phase, Todo},
    v1::{AccountLine, Close, CloseManner, Earmark, FinalAccount, Payload, Received, Reject, Side, Sums},
};

use crate::{
    drafts::deposit,
    fixture::{DAY, Play, cancel, example, fund, hash, tender, whole},
};

impl Play {
    pub fn signature(&self) -> FinalAccount {
        let account = account(&self.state).expect("terms are in force");
        FinalAccount { account, account_hash: hash(800), state: Hash::ZERO, act: self.act() }
    }

    fn sign(&mut self, side: Side) -> Hash {
        self.take(side, Payload::FinalAccount(self.signature()))
    }
}

/// Services performed and paid, the deposit given back.
pub fn done() -> Play {
    let mut play = Play::signed_with(deposit());
    play.take(Side::Buyer, Payload::Fund(fund_38()));
    play.settle(&whole("pay-deposit"));
    for stage in ["design", "commissioning"] {
        play.perform(stage, 1);
        play.settle(&whole(&format!("pay-{stage}")));
    }
    play.settle(&whole("pay-deposit-returned"));
    play
}

fn fund_38() -> lncontract_core::v1::Fund {
    lncontract_core::v1::Fund { notice_blocks: 2_016, ..fund("channel-1", 38_000_000, &[]) }
}

fn closed() -> Play {
    let mut play = done();
    play.sign(Side::Seller);
    play.sign(Side::Buyer);
    play
}

fn refused(refusal: AccountRefusal) -> Result<(), Refusal> {
    Err(refusal.into())
}

fn paid(owed: u64) -> Sums {
    Sums { owed: Sat(owed), paid: Sat(owed), credited: Sat::ZERO, retained: Sat::ZERO }
}

#[test]
fn the_account_has_every_milestone_and_both_sums() {
    let play = done();
    let found = account(&play.state).unwrap();
    let line = |milestone: &str, payer, owed| AccountLine {
        milestone: milestone.to_owned(),
        payer,
        sums: paid(owed),
    };
    let expected = [
        line("design", Side::Buyer, 12_000_000),
        line("commissioning", Side::Buyer, 20_000_000),
        line("deposit", Side::Buyer, 5_000_000),
        line("deposit-returned", Side::Seller, 5_000_000),
    ];
    assert_eq!(found.milestones, expected);
    assert_eq!((found.buyer, found.seller), (paid(37_000_000), paid(5_000_000)));
    assert_eq!(found.terms, play.state.terms_hash());
    assert_eq!(account(&Play::new().state), None);
}

#[test]
fn both_sign_the_same_account_and_the_contract_is_closed() {
    let mut play = done();
    let sign = |play: &Play| {
        [Side::Buyer, Side::Seller]
            .map(|side| play.status().acts.of(side).iter().any(|act| act.todo == Todo::SignAccount))
    };
    assert_eq!((play.status().phase, sign(&play)), (Phase::Done, [true, true]));
    play.sign(Side::Seller);
    assert_eq!((play.status().phase, sign(&play)), (Phase::Done, [true, false]));
    assert_eq!(play.status().account.unwrap().signed, [Side::Seller]);
    let again = Payload::FinalAccount(play.signature());
    assert_eq!(play.judge(Side::Seller, again), refused(AccountRefusal::Signed { by: Side::Seller }));
    play.sign(Side::Buyer);
    let status = play.status();
    assert_eq!((status.phase, sign(&play)), (Phase::Closed, [false, false]));
    assert_eq!(status.account.unwrap().signed, [Side::Buyer, Side::Seller]);
    assert!(status.acts.buyer.is_empty() && status.acts.seller.is_empty());
}

#[test]
fn no_account_while_a_row_is_open() {
    let mut play = Play::signed_with(deposit());
    let judged = |play: &Play| play.judge(Side::Buyer, Payload::FinalAccount(play.signature()));
    let open = |rows: &[&str]| {
        refused(AccountRefusal::Open { rows: rows.iter().map(|row| (*row).to_owned()).collect() })
    };
    let all =
        ["design", "pay-design", "commissioning", "pay-commissioning", "pay-deposit", "pay-deposit-returned"];
    assert_eq!(judged(&play), open(&all));
    assert_eq!(play.status().account.unwrap().open, all);
    for stage in ["design", "commissioning"] {
        play.perform(stage, 1);
        play.settle(&whole(&format!("pay-{stage}")));
    }
    assert_eq!(judged(&play), open(&["pay-deposit", "pay-deposit-returned"]));
    play.settle(&whole("pay-deposit"));
    // Invoiced is not paid.
    let invoice = play.take(Side::Buyer, Payload::Invoice(play.invoice(&whole("pay-deposit-returned"))));
    assert_eq!(judged(&play), open(&["pay-deposit-returned"]));
    play.take(Side::Seller, Payload::Paid(play.paid(invoice)));
    assert_eq!((judged(&play), open_rows(&play.state)), (Ok(()), Vec::new()));
    let early = Play::new();
    assert_eq!(open_rows(&early.state), Vec::<String>::new());
}

#[test]
fn only_the_account_of_the_record_is_signed_in_time_and_not_while_an_offer_is_open() {
    let mut play = done();
    let good = play.signature();
    let mut other = good.clone();
    other.account.buyer.paid = Sat(1);
    assert_eq!(play.judge(Side::Buyer, Payload::FinalAccount(other)), refused(AccountRefusal::Differs));
    let (expires, time) = (good.act.expires, good.act.expires.plus_seconds(1));
    let mut late = play.clone();
    late.time = time;
    let expired = AccountRefusal::ActExpired { expires, time };
    assert_eq!(late.judge(Side::Buyer, Payload::FinalAccount(good)), refused(expired));
    let mut terms = deposit();
    terms.title.push('!');
    let offer = play.take(Side::Seller, Payload::Offer(play.offer(terms)));
    let signed = Payload::FinalAccount(play.signature());
    assert_eq!(play.judge(Side::Buyer, signed), refused(AccountRefusal::Offer { offer }));
    let mut early = Play::new();
    early.take(Side::Seller, early.genesis(example()));
    let entry = early.entry(Side::Buyer, Payload::FinalAccount(done().signature()));
    assert_eq!(early.fold(&entry), Effect::Overtaken(Refusal::NotInForce));
}

#[test]
fn after_the_end_only_facts_are_written() {
    let mut play = closed();
    let mut terms = deposit();
    terms.title.push('!');
    let closed = || refused(AccountRefusal::Closed);
    assert_eq!(play.judge(Side::Seller, Payload::Offer(play.offer(terms))), closed());
    assert_eq!(play.judge(Side::Seller, tender("design", 1)), closed());
    assert_eq!(play.judge(Side::Seller, Payload::Invoice(play.invoice(&whole("pay-design")))), closed());
    assert_eq!(play.judge(Side::Buyer, Payload::Fund(fund_38())), closed());
    assert_eq!(play.judge(Side::Buyer, Payload::FinalAccount(play.signature())), closed());
    let reject = Reject { offer: hash(1), reason: "no".to_owned(), state: Hash::ZERO };
    assert_eq!(play.judge(Side::Buyer, Payload::Reject(reject)), closed());
    assert_eq!(play.judge(Side::Seller, cancel(hash(9))), closed());
    let (channel, _) = play.state.live_channel("channel-1").unwrap();
    let (outpoint, stage) = (format!("{}:0", hash(5)), lncontract_core::v1::ChannelStage::Open);
    play.take(
        Side::Buyer,
        Payload::Earmark(Earmark { fund: channel, outpoint, capacity: Sat(38_000_000), stage }),
    );
    let close = Close { fund: channel, manner: CloseManner::Cooperative, txid: None };
    play.take(Side::Seller, Payload::Close(close));
    play.take(Side::Buyer, Payload::Heartbeat(lncontract_core::v1::Ack { state: hash(1) }));
    assert_eq!(play.status().phase, Phase::Closed);
}

#[test]
fn terms_that_come_into_force_void_what_was_signed() {
    let mut play = done();
    play.sign(Side::Buyer);
    let mut terms = deposit();
    terms.title.push('!');
    play.take(Side::Seller, Payload::Offer(play.offer(terms)));
    play.later(DAY).accept(Side::Buyer);
    assert!(play.state.accounts.is_empty());
    play.sign(Side::Seller);
    assert_eq!(play.status().phase, Phase::Done);
    play.sign(Side::Buyer);
    assert_eq!(play.status().phase, Phase::Closed);
}

#[test]
fn an_offer_and_a_signature_that_cross_leave_the_contract_open() {
    let mut play = done();
    play.sign(Side::Buyer);
    let mut terms = deposit();
    terms.title.push('!');
    // The seller offers, and the buyer has signed meanwhile; the seller's signature comes after its own offer lapsed.
    let signed = play.entry(Side::Seller, Payload::FinalAccount(play.signature()));
    let mut offer = play.entry(Side::Seller, Payload::Offer(play.offer(terms)));
    offer.id = hash(600);
    let mut other = play.clone();
    assert_eq!(play.fold(&offer), Effect::Taken);
    let overtaken = AccountRefusal::Offer { offer: hash(600) };
    assert_eq!(play.fold(&signed), Effect::Overtaken(overtaken.into()));
    assert!(!play.state.is_closed());
    // In the other order the contract is closed, and the offer comes too late.
    assert_eq!(other.fold(&signed), Effect::Taken);
    assert_eq!(other.fold(&offer), Effect::Overtaken(AccountRefusal::Closed.into()));
    assert!(other.state.is_closed());
}

#[test]
fn a_payment_for_nothing_that_comes_to_light_is_signed_as_credit() {
    let mut play = Play::signed_with(deposit());
    play.perform("design", 1);
    let first = play.take(Side::Seller, Payload::Invoice(play.invoice(&whole("pay-design"))));
    play.take(Side::Seller, cancel(first));
    let late = play.entry(Side::Buyer, Payload::Paid(play.paid(first)));
    play.settle(&whole("pay-design"));
    play.settle(&whole("pay-deposit"));
    play.perform("commissioning", 1);
    play.settle(&whole("pay-commissioning"));
    play.settle(&whole("pay-deposit-returned"));
    play.sign(Side::Seller);
    // The buyer paid the invoice that was cancelled: the seller signed other figures.
    let mut late = late;
    late.id = hash(650);
    assert_eq!(play.fold(&late), Effect::Taken);
    assert_eq!(play.status().account.unwrap().signed, []);
    play.sign(Side::Buyer);
    assert_eq!(play.status().phase, Phase::Done);
    play.sign(Side::Seller);
    assert_eq!(play.status().phase, Phase::Closed);
    let found = account(&play.state).unwrap();
    let credited = Sat(12_000_000);
    assert_eq!((found.buyer.credited, found.milestones[0].sums.credited), (credited, credited));
    // A fact after the end changes the figures, and not that they were signed.
    let (invoice, amount) = (hash(651), Sat(3));
    let stray = play.entry(Side::Seller, Payload::Received(Received { invoice, amount }));
    assert_eq!(play.fold(&stray), Effect::Taken);
    assert_eq!((play.status().phase, play.status().credit_due), (Phase::Closed, Sat(12_000_003)));
}
