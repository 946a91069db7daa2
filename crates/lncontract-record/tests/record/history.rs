//! The record of two companies: places, verdicts, what is settled, faults, forks and differing states.

use lncontract_core::{
    Bytes, Hash, Sat, Time,
    v1::{Ack, Answer, Deem, Header, Paid, PaidBy, Payload, Seen, Side, Tender},
};
use lncontract_record::{
    DraftError, Fault, Inserted, PlaceError, Record, RecordError, SignedEntry, Verdict, hash::payload_hash,
};
use proptest::prelude::*;

use crate::{
    outline::documented_hash,
    party::{BEGIN, DAY, Party, act, first_entry, paid_contract, record_key},
};

#[test]
fn both_companies_come_to_the_same_state() {
    let (buyer, seller, invoice) = paid_contract();
    assert_eq!(buyer.record.state(), seller.record.state());
    assert_eq!(buyer.record.state_hash(), seller.record.state_hash());
    assert!(buyer.record.state().invoices[&invoice].is_paid());
    assert!(buyer.record.settled(&invoice));
    assert!(!buyer.record.payments_frozen());
}

#[test]
fn an_entry_is_settled_when_the_other_chain_has_seen_it() {
    let (mut buyer, mut seller) = Party::in_force();
    let tender = seller.tender(1);
    assert!(!seller.record.settled(&tender.id()));
    buyer.take(&tender);
    assert!(!buyer.record.settled(&tender.id()), "the buyer has it, but has not signed that");
    let ack = buyer.ack();
    assert!(buyer.record.settled(&tender.id()));
    seller.take(&ack);
    assert!(seller.record.settled(&tender.id()));
}

#[test]
fn an_ack_is_needed_for_anything_but_acks_and_heartbeats() {
    let (mut buyer, mut seller) = Party::in_force();
    assert!(seller.record.needs_ack(Side::Seller), "the acceptance waits");
    let ack = seller.ack();
    buyer.take(&ack);
    assert!(!seller.record.needs_ack(Side::Seller) && !buyer.record.needs_ack(Side::Buyer));
    let heartbeat = buyer.write(Payload::Heartbeat(Ack { state: buyer.record.state_hash() }));
    seller.take(&heartbeat);
    assert!(!seller.record.needs_ack(Side::Seller));
}

/// An answer and a `deem` that have not seen each other, the answer signed `after_days`.
fn deem_against_answer(after_days: i64) -> (Party, Party, SignedEntry, SignedEntry) {
    let (mut buyer, mut seller) = Party::in_force();
    let tender = seller.tender(2);
    buyer.take(&tender);
    let deadline = seller.record.state().tenders[&tender.id()].deadline;
    buyer.now = tender.entry().header.time.plus_days(after_days);
    seller.now = deadline.plus_seconds(DAY + 60);
    let answer = buyer.answer(tender.id(), 1);
    let deem = seller.write(Payload::Deem(Deem { tender: tender.id(), deadline }));
    buyer.now = seller.now;
    (buyer, seller, answer, deem)
}

#[test]
fn an_answer_in_time_overtakes_the_deem_that_had_not_seen_it() {
    let (mut buyer, mut seller, answer, deem) = deem_against_answer(9);
    assert_eq!(seller.record.state().rows["work"].accepted, 2, "before the answer arrives");
    seller.take(&answer);
    assert!(matches!(buyer.take(&deem), Inserted::New(Verdict::Overtaken(_))));
    for record in [&buyer.record, &seller.record] {
        assert_eq!(record.effect(&answer.id()), Some(&Verdict::Taken));
        assert!(matches!(record.effect(&deem.id()), Some(Verdict::Overtaken(_))));
        assert_eq!(record.state().rows["work"].accepted, 1);
    }
    assert_eq!(buyer.record.state_hash(), seller.record.state_hash());
}

#[test]
fn what_the_law_refuses_is_not_drafted_and_is_kept_as_a_fault_when_it_comes() {
    let (mut buyer, mut seller) = Party::in_force();
    let tender =
        Payload::Tender(Tender { row: "work".into(), quantity: 3, documents: vec![], note: String::new() });
    let draft = seller.record.draft(Side::Seller, seller.now, tender.clone());
    assert!(matches!(draft, Err(DraftError::Fault(Fault::Law(_)))));
    let header = seller.record.next_header(Side::Seller, seller.now, &tender).unwrap();
    let entry = SignedEntry::sign(header, tender, &record_key(Side::Seller)).unwrap();
    let before = buyer.record.state_hash();
    assert!(matches!(buyer.take(&entry), Inserted::New(Verdict::Fault(Fault::Law(_)))));
    assert_eq!(buyer.record.state_hash(), before);
    // The chain goes on behind a fault, and both see it alike.
    seller.take(&entry);
    let good = seller.tender(2);
    assert_eq!(buyer.take(&good), Inserted::New(Verdict::Taken));
    assert_eq!(buyer.record.state_hash(), seller.record.state_hash());
}

#[test]
fn a_fault_is_no_part_of_any_past() {
    let (mut buyer, mut seller) = Party::in_force();
    let tender = seller.tender(2);
    buyer.take(&tender);
    let answer = buyer.answer(tender.id(), 2);
    seller.take(&answer);
    let invoice = seller.invoice(5);
    buyer.take(&invoice);
    // A receipt is a fact and would be folded anywhere, if it were not a fault: its preimage is wrong.
    let method = PaidBy::Lightning { preimage: Bytes([6; 32]) };
    let wrong = Payload::Paid(Paid { invoice: invoice.id(), amount: Sat(50_000), method });
    let header = buyer.record.next_header(Side::Buyer, buyer.now, &wrong).unwrap();
    let wrong = SignedEntry::sign(header, wrong, &record_key(Side::Buyer)).unwrap();
    let before = buyer.record.state_hash();
    for party in [&mut buyer, &mut seller] {
        assert!(matches!(party.take(&wrong), Inserted::New(Verdict::Fault(_))));
        assert_eq!(party.record.state_hash(), before);
    }
    // Both state their state without having seen the other's statement: each past ends with the fault.
    let (one, two) = (buyer.ack(), seller.ack());
    buyer.take(&two);
    seller.take(&one);
    for party in [&buyer, &seller] {
        assert!(party.record.differing().is_empty());
        assert_eq!(party.record.state_hash(), before);
        assert!(!party.record.state().invoices[&invoice.id()].is_paid());
    }
}

#[test]
fn the_false_deadline_of_a_fault_moves_nothing() {
    let (mut buyer, mut seller) = Party::in_force();
    let tender = seller.tender(2);
    buyer.take(&tender);
    let ack = buyer.ack();
    // A timeout with a deadline long past would go before everything that was signed later.
    let false_deem = Payload::Deem(Deem { tender: tender.id(), deadline: BEGIN.plus_days(-9) });
    let header = seller.record.next_header(Side::Seller, seller.now, &false_deem).unwrap();
    let entry = SignedEntry::sign(header, false_deem, &record_key(Side::Seller)).unwrap();
    assert!(matches!(buyer.take(&entry), Inserted::New(Verdict::Fault(Fault::Law(_)))));
    seller.take(&entry);
    seller.take(&ack);
    for party in [&buyer, &seller] {
        assert!(party.record.ledger().order().ends_with(&[Side::Buyer, Side::Seller]));
    }
}

#[test]
fn a_clock_that_went_back_does_not_date_an_entry_before_its_predecessor() {
    let (buyer, _) = Party::in_force();
    let payload = Payload::Ack(Ack { state: buyer.record.state_hash() });
    let header = buyer.record.next_header(Side::Buyer, BEGIN, &payload).unwrap();
    assert_eq!(header.time, BEGIN.plus_seconds(60), "that of the acceptance");
}

#[test]
fn a_company_signature_is_used_once() {
    let (buyer, mut seller) = Party::both();
    let Payload::Offer(mut offer) = crate::party::first_offer() else { unreachable!("it is an offer") };
    offer.genesis = None;
    offer.act = act(Side::Seller, buyer.record.contract(), "offer", offer.terms_hash);
    // The first offer is withdrawn by its lapse, offered again,
    // and after its lapse once more with the same act.
    for round in 1..=2 {
        let open = seller.record.state().offer.clone().unwrap();
        seller.now = open.valid_until.plus_days(2);
        let lapse = lncontract_core::v1::Lapse { offer: open.entry, deadline: open.valid_until };
        seller.write(Payload::Lapse(lapse));
        offer.valid_until = seller.now.plus_days(5);
        offer.state = seller.record.state_hash();
        let drafted = seller.record.draft(Side::Seller, seller.now, Payload::Offer(offer.clone()));
        match round {
            1 => {
                drafted.unwrap();
                seller.write(Payload::Offer(offer.clone()));
            }
            _ => assert_eq!(drafted, Err(DraftError::Fault(Fault::ActUsed))),
        }
    }
}

#[test]
fn two_entries_for_one_place_are_kept_as_evidence_and_freeze_payments() {
    let (mut buyer, seller) = Party::in_force();
    let (mut one, mut two) = (seller.clone(), seller);
    let (tender, other) = (one.tender(1), two.tender(2));
    buyer.take(&tender);
    let Inserted::Forked(fork) = buyer.take(&other) else { panic!("the second one proves a fork") };
    assert_eq!((fork.held.id(), fork.other.id()), (tender.id(), other.id()));
    assert!(buyer.record.payments_frozen());
    buyer.take(&other);
    assert_eq!(buyer.record.forks().len(), 1, "the same proof is kept once");
    assert_eq!(buyer.record.effect(&tender.id()), Some(&Verdict::Taken));
    let next = two.ack();
    let error = buyer.record.insert(next.bytes(), buyer.now.plus_days(1));
    assert!(matches!(error, Err(RecordError::Place(PlaceError::Prev { seq: 2, .. }))));
}

#[test]
fn a_state_that_differs_freezes_payments_until_its_author_agrees_again() {
    let (mut buyer, mut seller) = Party::in_force();
    let ack = seller.write(Payload::Ack(Ack { state: Bytes([3; 32]) }));
    let ours = buyer.record.state_hash();
    buyer.take(&ack);
    assert!(buyer.record.payments_frozen());
    assert_eq!(buyer.record.differing()[0].differs, Some(ours));
    let ack = seller.ack();
    buyer.take(&ack);
    assert!(!buyer.record.payments_frozen());
}

/// Writes a properly signed `ack` of the seller, with a changed header, into the buyer's record.
#[track_caller]
fn check_place(change: impl FnOnce(&mut Header), expect: impl FnOnce(&Header) -> PlaceError) {
    let (mut buyer, mut seller) = Party::in_force();
    let ack = seller.ack();
    buyer.take(&ack);
    let payload = Payload::Ack(Ack { state: seller.record.state_hash() });
    let mut header = seller.record.next_header(Side::Seller, seller.now, &payload).unwrap();
    change(&mut header);
    header.payload_hash = payload_hash(&payload).unwrap();
    let expect = expect(&header);
    let entry = SignedEntry::sign(header, payload, &record_key(Side::Seller)).unwrap();
    let before = buyer.record.heads();
    assert_eq!(buyer.record.insert(entry.bytes(), seller.now), Err(RecordError::Place(expect)));
    assert_eq!(buyer.record.heads(), before);
}

#[test]
fn an_entry_stands_only_where_its_past_is() {
    let author = Side::Seller;
    let other = Bytes([9; 32]);
    let accept = Party::in_force().0.record.heads().buyer.hash;
    check_place(|h| h.seq = 3, |_| PlaceError::Gap { author, expected: 2, found: 3 });
    check_place(|h| h.seq = u64::from(u32::MAX), |h| PlaceError::Gap { author, expected: 2, found: h.seq });
    check_place(|h| h.seen.count = 5, |_| PlaceError::SeenMissing { author, seen: 5, held: 1 });
    check_place(
        |h| h.seen.hash = other,
        |_| PlaceError::SeenOther { author, count: 1, expected: accept, found: other },
    );
    check_place(
        |h| h.seen = Seen { count: 0, hash: Hash::ZERO },
        |_| PlaceError::SeenFell { author, before: 1, found: 0 },
    );
    check_place(
        |h| h.time = BEGIN,
        |_| PlaceError::TimeFell { author, before: BEGIN.plus_seconds(60), found: BEGIN },
    );
    check_place(
        |h| h.time = h.time.plus_seconds(301),
        |h| PlaceError::Held { time: h.time, until: h.time.plus_seconds(-300) },
    );
}

#[test]
fn an_entry_of_another_contract_or_a_second_first_entry_is_refused() {
    let (buyer, _) = Party::in_force();
    let mut record = buyer.record.clone();
    let payload = crate::party::first_offer();
    let header = Record::first_header(Side::Seller, BEGIN.plus_seconds(1), &payload).unwrap();
    let second = SignedEntry::sign(header, payload, &record_key(Side::Seller)).unwrap();
    let (expected, found) = (record.contract(), Hash::ZERO);
    let error = RecordError::Place(PlaceError::Contract { expected, found });
    assert_eq!(record.insert(second.bytes(), Time(i64::MAX)), Err(error));
    assert_eq!(record.insert(first_entry().bytes(), Time(i64::MAX)), Ok(Inserted::Known));
    assert_eq!(Record::replay(Vec::<Vec<u8>>::new()).err(), Some(RecordError::Empty));
}

/// Both sides write and hear of each other as the steps say; returns what each wrote.
fn play(steps: &[(u8, u8)]) -> [Vec<SignedEntry>; 2] {
    let (mut buyer, mut seller) = Party::in_force();
    let mut chains = [vec![], vec![first_entry()]];
    chains[0].extend(buyer.record.entry(Side::Buyer, 0).cloned());
    for &(who, what) in steps {
        let (me, peer, side) =
            if who % 2 == 0 { (&mut buyer, &mut seller, 0) } else { (&mut seller, &mut buyer, 1) };
        if what % 3 == 0 {
            // Hears of one entry more, if that one has nothing in its past that is missing.
            let held = me.record.ledger().chain(peer.side).len();
            if let Some(entry) = chains[1 - side].get(held).cloned() {
                me.now = me.now.max(entry.entry().header.time);
                let _ = me.record.insert(entry.bytes(), me.now);
            }
            continue;
        }
        me.now = me.now.plus_seconds(i64::from(what) * DAY / 8);
        let state = me.record.state();
        let open = state.open_tender("work").map(|(id, tender)| (id, tender.deadline));
        let payload = match (me.side, open) {
            (Side::Buyer, Some((tender, _))) => {
                let (accepted, reasons) = (1, vec!["measured".to_owned()]);
                Payload::Answer(Answer { tender, accepted, reasons, state: me.record.state_hash() })
            }
            (Side::Seller, Some((tender, deadline))) => Payload::Deem(Deem { tender, deadline }),
            (Side::Seller, None) => Payload::Tender(Tender {
                row: "work".into(),
                quantity: 1,
                documents: vec![],
                note: String::new(),
            }),
            (Side::Buyer, None) => Payload::Ack(Ack { state: me.record.state_hash() }),
        };
        if let Ok(entry) = me.record.draft(me.side, me.now, payload) {
            let signed = SignedEntry::sign(entry.header, entry.payload, &record_key(me.side)).unwrap();
            me.record.insert(signed.bytes(), me.now).unwrap();
            chains[side].push(signed);
        }
    }
    chains
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_arrival_gives_the_same_record(steps in prop::collection::vec(any::<(u8, u8)>(), 1..24), picks in any::<u64>()) {
        let chains = play(&steps);
        let mut bits = picks;
        // Takes entries from either chain as the bits say, where their past is here;
        // the first one is the seller's.
        let mut order = vec![first_entry()];
        let mut at = [0, 1];
        while at[0] < chains[0].len() || at[1] < chains[1].len() {
            let fits = |side: usize| chains[side].get(at[side]).is_some_and(|entry| entry.entry().header.seen.count <= at[1 - side] as u64);
            bits = bits.rotate_left(1);
            let side = if fits(0) && (bits & 1 == 0 || !fits(1)) { 0 } else { 1 };
            order.push(chains[side][at[side]].clone());
            at[side] += 1;
        }
        let record = Record::replay(order.iter().map(SignedEntry::bytes)).unwrap();
        let bundle = lncontract_record::bundle(&record).unwrap();
        let again = lncontract_record::bundle::open_bundle(&bundle).unwrap();
        prop_assert_eq!(record.state(), again.state());
        for entry in &order {
            prop_assert_eq!(record.effect(&entry.id()), again.effect(&entry.id()));
            prop_assert_eq!(record.settled(&entry.id()), again.settled(&entry.id()));
            prop_assert!(!matches!(record.effect(&entry.id()), Some(Verdict::Fault(_))), "all were drafted");
        }
        // The hash that was kept along is that of the same state made from nothing.
        prop_assert_eq!(record.state_hash(), documented_hash(record.state()));
        prop_assert!(record.differing().is_empty(), "every stated state is that of its past");
    }
}
