//! Offers, answers, the pen.

use lncontract_core::{
    Effect, Faults, Hash, OfferRefusal, Refusal, check_terms,
    v1::{Accept, Ack, Lapse, Offer, Party, Pass, Payload, Reject, Side},
};

use crate::fixture::{DAY, HOUR, MORNING, Play, example, hash, party, tender};

#[track_caller]
fn check(play: &Play, author: Side, payload: Payload, expected: Result<(), Refusal>) {
    assert_eq!(play.judge(author, payload), expected);
}

fn offered() -> Play {
    let mut play = Play::new();
    play.take(Side::Seller, play.genesis(example()));
    play
}

fn reject(offer: Hash) -> Payload {
    Payload::Reject(Reject { offer, reason: "too dear".to_owned(), state: Hash::ZERO })
}

fn counter(play: &Play, answers: Hash) -> Offer {
    let mut terms = example();
    terms.title = "Supply of 12 better subsystems".to_owned();
    Offer { answers: Some(answers), ..play.offer(terms) }
}

#[test]
fn a_contract_begins_with_an_offer_that_carries_both_keys() {
    let play = Play::new();
    check(&play, Side::Seller, play.genesis(example()), Ok(()));
    check(&play, Side::Buyer, play.genesis(example()), Ok(()));
    check(&play, Side::Seller, Payload::Offer(play.offer(example())), Err(Refusal::NotBegun));
    check(&play, Side::Buyer, Payload::Ack(Ack { state: Hash::ZERO }), Err(Refusal::NotBegun));
    check(&play, Side::Seller, tender("delivery-1", 2), Err(Refusal::NotBegun));
    let begun = offered();
    let refusal = Refusal::AlreadyBegun { contract: begun.state.id() };
    check(&begun, Side::Seller, begun.genesis(example()), Err(refusal));
    assert_eq!(begun.state.id(), hash(1));
    assert_eq!(begun.state.pen, Some(Side::Seller));
}

#[test]
fn a_first_entry_stands_at_the_beginning() {
    let play = Play::new();
    let mut entry = play.entry(Side::Seller, play.genesis(example()));
    entry.header.seq = 1;
    assert_eq!(lncontract_core::admit(&play.state, &entry), Err(Refusal::NotFirst));
    let mut entry = play.entry(Side::Seller, play.genesis(example()));
    entry.header.contract = hash(9);
    assert_eq!(lncontract_core::admit(&play.state, &entry), Err(Refusal::NotFirst));
}

#[test]
fn the_parties_of_the_terms_are_those_of_the_keys() {
    let play = Play::new();
    let mut terms = example();
    terms.buyer = Party { name: "Somebody else".to_owned(), ..party(Side::Buyer) };
    let (terms_name, keys) = (terms.buyer.name.clone(), party(Side::Buyer).name);
    let refusal = OfferRefusal::PartyName { side: Side::Buyer, terms: terms_name, keys };
    check(&play, Side::Seller, play.genesis(terms), Err(refusal.into()));
}

#[test]
fn terms_with_faults_are_not_offered() {
    let play = Play::new();
    let mut terms = example();
    terms.total = lncontract_core::Sat(1);
    let faults = Faults(check_terms(&terms).unwrap_err());
    check(&play, Side::Seller, play.genesis(terms), Err(OfferRefusal::Terms(faults).into()));
}

#[test]
fn only_the_other_side_answers_and_only_the_open_offer() {
    let play = offered();
    let open = hash(1);
    check(&play, Side::Buyer, play.acceptance(), Ok(()));
    check(&play, Side::Buyer, reject(open), Ok(()));
    check(&play, Side::Buyer, Payload::Counter(counter(&play, open)), Ok(()));
    let own = Refusal::from(OfferRefusal::Author { by: Side::Seller });
    check(&play, Side::Seller, play.acceptance(), Err(own.clone()));
    check(&play, Side::Seller, reject(open), Err(own.clone()));
    check(&play, Side::Seller, Payload::Counter(counter(&play, open)), Err(own));
    let other = Refusal::from(OfferRefusal::Other { open, named: hash(5) });
    check(&play, Side::Buyer, reject(hash(5)), Err(other));
    let (offered, accepted) = (play.state.offer.as_ref().unwrap().terms_hash, hash(8));
    let payload = Accept { offer: open, terms_hash: accepted, state: Hash::ZERO, act: play.act() };
    let refusal = OfferRefusal::OtherTerms { offered, accepted };
    check(&play, Side::Buyer, Payload::Accept(payload), Err(refusal.into()));
    let signed = Play::signed();
    check(&signed, Side::Buyer, reject(open), Err(OfferRefusal::NoneOpen { named: open }.into()));
}

#[test]
fn an_answer_is_in_time_up_to_the_last_second_and_a_lapse_comes_after_the_grace() {
    let mut play = offered();
    let valid_until = MORNING.plus_days(7);
    play.time = valid_until;
    check(&play, Side::Buyer, play.acceptance(), Ok(()));
    let after = valid_until.plus_seconds(24 * HOUR);
    check(&play, Side::Seller, play.lapse(), Err(Refusal::TooEarly { after, time: valid_until }));
    play.later(1);
    let late = Refusal::from(OfferRefusal::TooLate { valid_until, time: play.time });
    check(&play, Side::Buyer, play.acceptance(), Err(late.clone()));
    check(&play, Side::Buyer, reject(hash(1)), Err(late));
    play.time = after;
    check(&play, Side::Seller, play.lapse(), Err(Refusal::TooEarly { after, time: after }));
    play.later(1);
    check(&play, Side::Seller, play.lapse(), Ok(()));
    check(&play, Side::Buyer, play.lapse(), Err(OfferRefusal::Author { by: Side::Seller }.into()));
    let found = valid_until.plus_seconds(1);
    let payload = Payload::Lapse(Lapse { offer: hash(1), deadline: found });
    check(&play, Side::Seller, payload, Err(Refusal::Deadline { expected: valid_until, found }));
    play.take(Side::Seller, play.lapse());
    assert_eq!(play.state.offer, None);
}

#[test]
fn an_acts_signature_is_used_before_it_expires() {
    let mut play = offered();
    let stale = play.acceptance();
    let Payload::Accept(Accept { offer, terms_hash, state, mut act }) = stale else { unreachable!() };
    act.expires = play.time;
    play.later(1);
    let refusal = OfferRefusal::ActExpired { expires: act.expires, time: play.time };
    check(&play, Side::Buyer, Payload::Accept(Accept { offer, terms_hash, state, act }), Err(refusal.into()));
}

#[test]
fn the_holder_of_the_pen_offers_one_at_a_time_on_the_terms_in_force() {
    let mut play = offered();
    let still = Refusal::from(OfferRefusal::StillOpen { open: hash(1) });
    check(&play, Side::Seller, Payload::Offer(play.offer(example())), Err(still.clone()));
    check(&play, Side::Seller, Payload::Pass(Pass {}), Err(still));
    play.accept(Side::Buyer);
    let changed = counter(&play, hash(1)).terms;
    check(&play, Side::Seller, Payload::Offer(play.offer(changed.clone())), Ok(()));
    let unchanged = OfferRefusal::Unchanged { terms: play.state.terms_hash() };
    check(&play, Side::Seller, Payload::Offer(play.offer(example())), Err(unchanged.into()));
    let pen = OfferRefusal::Pen { holder: Side::Seller, author: Side::Buyer };
    check(&play, Side::Buyer, Payload::Offer(play.offer(changed.clone())), Err(pen.into()));
    let basis = Offer { basis: hash(4), ..play.offer(changed.clone()) };
    let refusal = OfferRefusal::Basis { in_force: play.state.terms_hash(), basis: hash(4) };
    check(&play, Side::Seller, Payload::Offer(basis), Err(refusal.into()));
    let ends = Offer { valid_until: play.time, ..play.offer(changed.clone()) };
    let refusal = OfferRefusal::EndsBefore { valid_until: play.time, time: play.time };
    check(&play, Side::Seller, Payload::Offer(ends), Err(refusal.into()));
    let answers = Offer { answers: Some(hash(1)), ..play.offer(changed) };
    check(&play, Side::Seller, Payload::Offer(answers), Err(OfferRefusal::Answers.into()));
}

#[test]
fn a_counter_takes_the_pen_and_pass_gives_it_away() {
    let mut play = offered();
    play.take(Side::Buyer, Payload::Counter(counter(&play, hash(1))));
    assert_eq!(play.state.pen, Some(Side::Buyer));
    play.accept(Side::Seller);
    assert_eq!(play.state.pen, Some(Side::Buyer));
    let wrong = Refusal::WrongSide { expected: Side::Buyer, author: Side::Seller };
    check(&play, Side::Seller, Payload::Pass(Pass {}), Err(wrong));
    play.take(Side::Buyer, Payload::Pass(Pass {}));
    assert_eq!(play.state.pen, Some(Side::Seller));
}

#[test]
fn a_header_names_its_payload_its_contract_and_the_terms_of_its_past() {
    let play = Play::signed();
    let heartbeat = || play.entry(Side::Buyer, Payload::Heartbeat(Ack { state: Hash::ZERO }));
    let admit = |entry| lncontract_core::admit(&play.state, &entry);
    assert_eq!(admit(heartbeat()), Ok(()));
    let mut entry = heartbeat();
    entry.header.kind = lncontract_core::v1::Kind::Ack;
    let (header, payload) = (entry.header.kind, entry.payload.kind());
    assert_eq!(admit(entry), Err(Refusal::Kind { header, payload }));
    let mut entry = heartbeat();
    entry.header.contract = hash(3);
    assert_eq!(admit(entry), Err(Refusal::OtherContract { expected: hash(1), found: hash(3) }));
    let mut entry = heartbeat();
    entry.header.terms = hash(3);
    let refusal = Refusal::OtherTerms { in_force: play.state.terms_hash(), named: hash(3) };
    assert_eq!(admit(entry), Err(refusal));
    let mut entry = heartbeat();
    entry.header.v = 1;
    assert_eq!(admit(entry), Err(Refusal::Format { found: 1 }));
}

#[test]
fn an_answer_in_time_that_the_merge_puts_first_overtakes_the_lapse_and_what_was_built_on_it() {
    let mut play = offered();
    play.time = MORNING.plus_days(7);
    let accept = play.entry(Side::Buyer, play.acceptance());
    play.later(DAY + 1);
    let mut seller = play.clone();
    let lapse = seller.entry(Side::Seller, seller.lapse());
    assert_eq!(seller.fold(&lapse), Effect::Taken);
    let pass = seller.entry(Side::Seller, Payload::Pass(Pass {}));
    assert_eq!(seller.judge(Side::Seller, Payload::Pass(Pass {})), Ok(()));
    assert_eq!(play.fold(&accept), Effect::Taken);
    let overtaken = OfferRefusal::NoneOpen { named: hash(1) };
    assert_eq!(play.fold(&lapse), Effect::Overtaken(overtaken.into()));
    assert_eq!(play.fold(&pass), Effect::Taken);
    assert!(play.state.terms.is_some());
}
