//! Opening an entry: what was signed opens, and nothing else does.

use lncontract_core::{
    Hash, Time,
    v1::{Ack, Payload, Side},
};
use lncontract_record::{
    EntryError, KeyError, Record, SignedEntry, canonical::CanonicalError, entry::VERSION,
};
use proptest::prelude::*;

use crate::party::{BEGIN, Party, act, company_key, first_entry, first_offer, genesis, record_key, terms};

#[test]
fn the_first_entry_opens_with_the_keys_it_brings() {
    let entry = first_entry();
    let opened = SignedEntry::open(entry.bytes(), None).unwrap();
    assert_eq!(opened, entry);
    assert_eq!(opened.contract(), entry.id());
    assert_eq!(opened.genesis(), Some(&genesis()));
}

#[test]
fn a_later_entry_needs_the_keys_of_the_first() {
    let (mut buyer, _) = Party::both();
    let entry = buyer.accept();
    assert_eq!(SignedEntry::open(entry.bytes(), Some(&genesis())), Ok(entry.clone()));
    let contract = buyer.record.contract();
    assert_eq!(SignedEntry::open(entry.bytes(), None), Err(EntryError::NoGenesis { contract }));
    let mut swapped = genesis();
    std::mem::swap(&mut swapped.buyer, &mut swapped.seller);
    let source = KeyError::Signature { key: record_key(Side::Seller).public() };
    let author = Side::Buyer;
    assert_eq!(
        SignedEntry::open(entry.bytes(), Some(&swapped)),
        Err(EntryError::Signature { author, source })
    );
}

/// Signs a changed first offer properly with the record key, and opens it.
#[track_caller]
fn check_first(change: impl FnOnce(&mut lncontract_core::v1::Offer), time: Time, expect: EntryError) {
    let Payload::Offer(mut offer) = first_offer() else { unreachable!("it is an offer") };
    change(&mut offer);
    let payload = Payload::Offer(offer);
    let header = Record::first_header(Side::Seller, time, &payload).unwrap();
    let entry = SignedEntry::sign(header, payload, &record_key(Side::Seller)).unwrap();
    assert_eq!(SignedEntry::open(entry.bytes(), None), Err(expect));
}

#[test]
fn the_company_key_signs_the_very_terms_for_the_very_act_in_time() {
    let key = company_key(Side::Seller).public();
    let bad_act = EntryError::Act { author: Side::Seller, source: KeyError::Signature { key } };
    let stated = lncontract_record::hash::terms_hash(&terms("Assembly")).unwrap();
    let computed = lncontract_record::hash::terms_hash(&terms("Other")).unwrap();
    check_first(|offer| offer.terms = terms("Other"), BEGIN, EntryError::TermsHash { stated, computed });
    check_first(|offer| (offer.terms, offer.terms_hash) = (terms("Other"), computed), BEGIN, bad_act.clone());
    check_first(|offer| offer.act = act(Side::Seller, Hash::ZERO, "accept", stated), BEGIN, bad_act.clone());
    check_first(|offer| offer.act = act(Side::Seller, stated, "offer", stated), BEGIN, bad_act.clone());
    check_first(|offer| offer.act = act(Side::Buyer, Hash::ZERO, "offer", stated), BEGIN, bad_act.clone());
    check_first(|offer| offer.act.expires = BEGIN.plus_days(91), BEGIN, bad_act);
    let (expires, signed) = (BEGIN.plus_days(90), BEGIN.plus_days(91));
    check_first(|_| {}, signed, EntryError::ActExpired { expires, signed });
    check_first(|offer| offer.genesis = None, BEGIN, EntryError::Genesis);
}

#[test]
fn another_version_is_refused_by_name() {
    let payload = first_offer();
    let mut header = Record::first_header(Side::Seller, BEGIN, &payload).unwrap();
    header.v = VERSION + 1;
    let entry = SignedEntry::sign(header, payload, &record_key(Side::Seller)).unwrap();
    assert_eq!(SignedEntry::open(entry.bytes(), None), Err(EntryError::Version { found: VERSION + 1 }));
    assert_eq!(SignedEntry::peek(entry.bytes()), Err(EntryError::Version { found: VERSION + 1 }));
}

#[test]
fn an_entry_is_signed_for_its_own_payload_only() {
    let payload = Payload::Ack(Ack { state: Hash::ZERO });
    let header = Record::first_header(Side::Seller, BEGIN, &first_offer()).unwrap();
    let signed = SignedEntry::sign(header, payload, &record_key(Side::Seller));
    assert!(matches!(signed, Err(EntryError::PayloadHash { .. })));
}

#[test]
fn another_spelling_of_the_same_entry_is_refused() {
    let text = String::from_utf8(first_entry().bytes().to_vec()).unwrap();
    let changed =
        [text.replacen(':', ": ", 1), text.replacen("\"items\":[]", "\"items\":[],\"documents\":[]", 1)];
    for bytes in changed {
        let error = SignedEntry::open(bytes.as_bytes(), None);
        assert_eq!(error, Err(EntryError::Canonical(CanonicalError::NotCanonical)), "{bytes}");
    }
    // In its right place by the order of keys, and still a second spelling.
    let defaulted = text.replacen(
        "\"date_of_contract\":\"2026-01-15\",",
        "\"date_of_contract\":\"2026-01-15\",\"documents\":[],",
        1,
    );
    assert_ne!(defaulted, text);
    let error = SignedEntry::open(defaulted.as_bytes(), None);
    assert_eq!(error, Err(EntryError::Canonical(CanonicalError::NotCanonical)));
}

proptest! {
    #[test]
    fn any_changed_byte_is_found(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let mut bytes = first_entry().bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(SignedEntry::open(&bytes, None).is_err());
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(SignedEntry::open(&bytes, Some(&genesis())).is_err());
        prop_assert!(SignedEntry::peek(&bytes).is_err());
    }
}
