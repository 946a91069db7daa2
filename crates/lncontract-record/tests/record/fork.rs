//! Two entries for one place: the proof that is kept, shown and read again.

use lncontract_core::v1::Side;
use lncontract_record::{EvidenceError, Fork, ForkProof, Inserted, Record};

use crate::party::{Party, record_key};

/// The buyer holds one of the seller's entries and then gets the other.
fn forked(turned: bool) -> (Party, Fork) {
    let (mut buyer, seller) = Party::in_force();
    let (mut one, mut two) = (seller.clone(), seller);
    let (mut first, mut second) = (one.tender(1), two.tender(2));
    if turned {
        std::mem::swap(&mut first, &mut second);
    }
    buyer.take(&first);
    match buyer.take(&second) {
        Inserted::Forked(fork) => (buyer, *fork),
        other => panic!("the second one proves a fork: {other:?}"),
    }
}

#[test]
fn a_fork_has_one_proof_that_anybody_can_check() {
    let ((buyer, fork), (_, turned)) = (forked(false), forked(true));
    let bytes = fork.proof().unwrap();
    assert_eq!(bytes, turned.proof().unwrap(), "whichever entry came first");
    let proof = ForkProof::open(&bytes, &record_key(Side::Seller).public()).unwrap();
    assert_eq!((proof.contract(), proof.author(), proof.seq()), (buyer.record.contract(), Side::Seller, 1));
    let mut ids = [fork.held.id(), fork.other.id()];
    ids.sort();
    assert_eq!(proof.ids(), ids);
}

#[test]
fn a_changed_proof_or_another_key_proves_nothing() {
    let bytes = forked(false).1.proof().unwrap();
    let key = record_key(Side::Seller).public();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(ForkProof::open(&changed, &key).is_err(), "byte {place}");
    }
    let other = ForkProof::open(&bytes, &record_key(Side::Buyer).public());
    assert!(matches!(other, Err(EvidenceError::Signature { author: Side::Seller, .. })));
}

#[test]
fn one_entry_twice_is_no_fork() {
    let fork = forked(false).1;
    let twice = Fork { held: fork.held.clone(), other: fork.held };
    let opened = ForkProof::open(&twice.proof().unwrap(), &record_key(Side::Seller).public());
    assert_eq!(opened, Err(EvidenceError::Place));
}

#[test]
fn a_record_that_is_opened_again_is_frozen_again_by_the_entry_that_was_kept() {
    let (buyer, fork) = forked(false);
    let entries = buyer.record.entries_from(Default::default()).map(|entry| entry.bytes().to_vec());
    let mut record = Record::replay(entries).unwrap();
    assert!(!record.payments_frozen(), "the chains alone do not show it");
    assert_eq!(record.insert(fork.other.bytes(), buyer.now).unwrap(), Inserted::Forked(Box::new(fork)));
    assert!(record.payments_frozen());
}
