//! The seller writes a `deem` and builds an invoice on it while the buyer's answer is on its way.

use lncontract_core::{
    Hash, Time,
    state::Outcome,
    v1::{Answer, Deem, Payload, Side},
};
use lncontract_record::{DraftError, Fault, Inserted, SignedEntry, Verdict};

use crate::party::{DAY, Party, record_key};

/// Both hold a tender; returns it and its deadline.
fn tendered() -> (Party, Party, Hash, Time) {
    let (mut buyer, mut seller) = Party::in_force();
    let tender = seller.tender(2);
    buyer.take(&tender);
    let deadline = seller.record.state().tenders[&tender.id()].deadline;
    (buyer, seller, tender.id(), deadline)
}

/// The seller's `deem` behind the grace, and its invoice.
fn deem_and_invoice(seller: &mut Party, tender: Hash, deadline: Time) -> [SignedEntry; 2] {
    seller.now = deadline.plus_seconds(DAY + 60);
    let deem = seller.write(Payload::Deem(Deem { tender, deadline }));
    [deem, seller.invoice(5)]
}

#[test]
fn a_reject_in_time_that_comes_after_the_deem_leaves_nothing_payable() {
    let (mut buyer, mut seller, tender, deadline) = tendered();
    buyer.now = deadline.plus_seconds(-60);
    let reject = buyer.answer(tender, 0);
    assert_eq!(reject.entry().header.time, deadline, "the examination's last instant");
    let silent = deem_and_invoice(&mut seller, tender, deadline);
    assert_eq!(seller.record.state().invoices.len(), 1, "before the answer arrives");
    buyer.now = seller.now;
    assert_eq!(seller.take(&reject), Inserted::New(Verdict::Taken));
    for entry in &silent {
        assert!(matches!(buyer.take(entry), Inserted::New(Verdict::Overtaken(_))));
    }
    for record in [&buyer.record, &seller.record] {
        assert!(matches!(record.effect(&silent[1].id()), Some(Verdict::Overtaken(_))));
        let state = record.state();
        assert!(matches!(state.tenders[&tender].outcome, Outcome::Answered { accepted: 0, .. }));
        assert!(state.payables.is_empty() && state.invoices.is_empty());
    }
    assert_eq!(buyer.record.state_hash(), seller.record.state_hash());
}

#[test]
fn a_reject_signed_late_is_a_fault_and_the_tender_is_deemed_accepted() {
    let (mut buyer, mut seller, tender, deadline) = tendered();
    let silent = deem_and_invoice(&mut seller, tender, deadline);
    buyer.now = deadline.plus_seconds(1);
    let reasons = vec!["scratched".to_owned()];
    let payload = Payload::Answer(Answer { tender, accepted: 0, reasons, state: buyer.record.state_hash() });
    let draft = buyer.record.draft(Side::Buyer, buyer.now, payload.clone());
    assert!(matches!(draft, Err(DraftError::Fault(Fault::Law(_)))));
    let header = buyer.record.next_header(Side::Buyer, buyer.now, &payload).unwrap();
    let reject = SignedEntry::sign(header, payload, &record_key(Side::Buyer)).unwrap();
    assert!(matches!(buyer.take(&reject), Inserted::New(Verdict::Fault(_))));
    assert!(matches!(seller.take(&reject), Inserted::New(Verdict::Fault(_))));
    buyer.now = seller.now;
    for entry in &silent {
        assert_eq!(buyer.take(entry), Inserted::New(Verdict::Taken));
    }
    for record in [&buyer.record, &seller.record] {
        let state = record.state();
        assert!(matches!(state.tenders[&tender].outcome, Outcome::Deemed { .. }));
        assert!(state.invoices.contains_key(&silent[1].id()));
    }
    assert_eq!(buyer.record.state_hash(), seller.record.state_hash());
}
