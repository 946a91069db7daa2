//! Evidence: a bundle says what was signed; any change to it is found.

use std::sync::LazyLock;

use lncontract_core::{
    Bytes, Sat,
    v1::{Paid, PaidBy, Payload, Received, Side},
};
use lncontract_record::{
    BundleError, Inserted, Record, SignedEntry, Verdict, bundle,
    bundle::{Payment, Proof},
    verify_bundle,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::party::{Party, paid_contract, record_key};

static PAID: LazyLock<Vec<u8>> = LazyLock::new(|| bundle(&paid_contract().0.record).unwrap());

/// Changes the JSON of a bundle and writes it properly again.
fn changed(bytes: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = serde_json::from_slice(bytes).unwrap();
    change(&mut value);
    lncontract_record::canonical::to_bytes(&value).unwrap()
}

#[track_caller]
fn check_broken(bytes: &[u8]) {
    let error = verify_bundle(bytes).expect_err("it was changed");
    assert!(!error.is_unreadable(), "{error:?}");
}

#[test]
fn a_bundle_tells_what_both_have_signed() {
    let (buyer, seller, invoice) = paid_contract();
    assert_eq!(bundle(&buyer.record), bundle(&seller.record), "one record, one bundle");
    let report = verify_bundle(&PAID).unwrap();
    assert_eq!(report.contract, buyer.record.contract());
    assert_eq!(report.terms, buyer.record.state().terms_hash());
    assert_eq!(report.state, buyer.record.state_hash());
    assert_eq!(report.heads, buyer.record.heads());
    let payable = lncontract_core::v1::PayableId { row: "pay".into(), tender: None };
    let payment = Payment { invoice, number: 1, payable, amount: Sat(50_000), proof: Proof::BothSigned };
    assert_eq!(report.payments, [payment]);
    assert!(report.faults.is_empty() && report.forked.is_empty());
    assert_eq!((report.overtaken, report.differing), (0, 0));
}

#[test]
fn a_receipt_alone_and_a_confirmation_alone_prove_less() {
    for (proof, paid) in [(Proof::Preimage, true), (Proof::PayeeOnly, false)] {
        let (mut buyer, mut seller) = Party::in_force();
        let tender = seller.tender(2);
        buyer.take(&tender);
        let answer = buyer.answer(tender.id(), 2);
        seller.take(&answer);
        let invoice = seller.invoice(5);
        buyer.take(&invoice);
        let last = if paid { buyer.paid(invoice.id(), 5) } else { seller.received(invoice.id()) };
        if !paid {
            buyer.take(&last);
        }
        let report = verify_bundle(&bundle(&buyer.record).unwrap()).unwrap();
        assert_eq!(report.payments.iter().map(|payment| payment.proof).collect::<Vec<_>>(), [proof]);
    }
}

#[test]
fn a_signed_receipt_that_does_not_fit_its_invoice_is_a_fault_and_no_payment() {
    let (mut buyer, mut seller) = Party::in_force();
    let tender = seller.tender(2);
    buyer.take(&tender);
    let answer = buyer.answer(tender.id(), 2);
    seller.take(&answer);
    let invoice = seller.invoice(5);
    buyer.take(&invoice);
    let method = PaidBy::Lightning { preimage: Bytes([6; 32]) };
    for (wrong, amount) in [(invoice.id(), Sat(50_000)), (tender.id(), Sat(50_000)), (invoice.id(), Sat(1))] {
        let payload = Payload::Paid(Paid { invoice: wrong, amount, method: method.clone() });
        let header = buyer.record.next_header(Side::Buyer, buyer.now, &payload).unwrap();
        let entry = SignedEntry::sign(header, payload, &record_key(Side::Buyer)).unwrap();
        assert!(matches!(buyer.take(&entry), Inserted::New(Verdict::Fault(_))));
    }
    let report = verify_bundle(&bundle(&buyer.record).unwrap()).unwrap();
    assert!(report.payments.is_empty());
    assert_eq!(report.faults.iter().map(|fault| fault.author).collect::<Vec<_>>(), [Side::Buyer; 3]);
}

#[test]
fn a_confirmation_of_another_amount_is_a_fault_of_the_payee() {
    let (mut buyer, mut seller, invoice) = paid_contract();
    let payload = Payload::Received(Received { invoice, amount: Sat(49_999) });
    let header = seller.record.next_header(Side::Seller, seller.now, &payload).unwrap();
    let entry = SignedEntry::sign(header, payload, &record_key(Side::Seller)).unwrap();
    seller.take(&entry);
    buyer.take(&entry);
    let report = verify_bundle(&bundle(&buyer.record).unwrap()).unwrap();
    assert_eq!(report.faults.iter().map(|fault| fault.author).collect::<Vec<_>>(), [Side::Seller]);
    assert_eq!(report.payments[0].proof, Proof::BothSigned);
}

#[test]
fn a_swapped_invoice_breaks_the_bundle() {
    for (field, value) in [("payment_hash", json!(Bytes([1; 32]))), ("bolt11", json!("lnbcrt1other"))] {
        check_broken(&changed(&PAID, |bundle| bundle["entries"][4]["payload"][field] = value));
    }
}

#[test]
fn what_was_seen_can_not_be_left_out() {
    let count = serde_json::from_slice::<Value>(&PAID).unwrap()["entries"].as_array().unwrap().len();
    for left_out in 0..count - 1 {
        check_broken(&changed(&PAID, |bundle| {
            drop(bundle["entries"].as_array_mut().unwrap().remove(left_out))
        }));
    }
    check_broken(&changed(&PAID, |bundle| bundle["entries"] = json!([])));
    // The seller's chain cut below what the buyer's has seen.
    check_broken(&changed(&PAID, |bundle| {
        let entries = bundle["entries"].as_array_mut().unwrap();
        entries.retain(|entry| entry["header"]["author"] == "buyer" || entry["header"]["seq"] == 0);
    }));
    // What nobody has acknowledged can be: here the last entry.
    let cut = changed(&PAID, |bundle| drop(bundle["entries"].as_array_mut().unwrap().pop()));
    assert_eq!(verify_bundle(&cut).unwrap().payments[0].proof, Proof::Preimage);
}

#[test]
fn entries_stand_in_the_one_order_and_once() {
    let (mut buyer, mut seller, _) = paid_contract();
    let (one, two) = (buyer.ack(), seller.ack());
    buyer.take(&two);
    seller.take(&one);
    let bytes = bundle(&buyer.record).unwrap();
    assert!(verify_bundle(&bytes).is_ok());
    let swapped = changed(&bytes, |bundle| bundle["entries"].as_array_mut().unwrap().swap(7, 8));
    assert!(matches!(verify_bundle(&swapped), Err(BundleError::Order { .. })));
    let twice = changed(&bytes, |bundle| {
        let entries = bundle["entries"].as_array_mut().unwrap();
        entries.push(entries[8].clone());
    });
    assert_eq!(verify_bundle(&twice), Err(BundleError::Order { index: 9 }));
}

#[test]
fn a_fork_travels_with_its_proof() {
    let (mut buyer, seller) = Party::in_force();
    let (mut one, mut two) = (seller.clone(), seller);
    let (tender, other) = (one.tender(1), two.tender(2));
    buyer.take(&tender);
    buyer.take(&other);
    let bytes = bundle(&buyer.record).unwrap();
    assert_eq!(verify_bundle(&bytes).unwrap().forked, [Side::Seller]);
    let no_proof = changed(&bytes, |bundle| bundle["forks"][0] = bundle["entries"][2].clone());
    assert_eq!(verify_bundle(&no_proof), Err(BundleError::Fork { index: 0 }));
}

#[test]
fn what_is_no_bundle_is_unreadable() {
    for bytes in [&b""[..], b"not json", b"{}", b"{\"format\":\"other\"}"] {
        assert!(verify_bundle(bytes).expect_err("it is no bundle").is_unreadable());
    }
    assert!(Record::replay([&PAID[..]]).is_err(), "a bundle is no entry");
}

#[test]
fn a_damaged_bundle_is_broken_and_not_unreadable() {
    let spaced = [&PAID[..], b"\n"].concat();
    let other = changed(&PAID, |bundle| bundle["format"] = json!("other"));
    for bytes in [&PAID[1..], &PAID[..PAID.len() / 2], &spaced, &other] {
        assert!(matches!(verify_bundle(bytes), Err(BundleError::Changed(_))));
    }
    let version = changed(&PAID, |bundle| bundle["v"] = json!(1));
    assert_eq!(verify_bundle(&version), Err(BundleError::Version { found: 1 }));
    check_broken(&version);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_changed_byte_is_found(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let mut bytes = PAID.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let error = verify_bundle(&bytes).expect_err("it was changed");
        prop_assert!(!error.is_unreadable(), "{:?}", error);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(verify_bundle(&bytes).is_err());
    }
}
