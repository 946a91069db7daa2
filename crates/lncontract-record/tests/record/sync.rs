//! Two records that were apart come together, whatever the transport does; and garbage does no harm.

use lncontract_core::{
    Hash,
    v1::{Payload, Side, Tender},
};
use lncontract_record::{
    Inserted, Record,
    sync::{BATCH_MAX, Input, Output, Sync, SyncError},
    wire::WireError,
};
use proptest::prelude::*;

use crate::party::{Party, first_entry, paid_contract};

/// One end of the connection.
#[derive(Clone)]
pub struct End {
    pub sync: Sync,
    pub record: Option<Record>,
    frames: usize,
    diverged: Vec<Side>,
}

impl End {
    pub fn new(contract: Hash, record: Option<Record>) -> Self {
        Self { sync: Sync::new(contract), record, frames: 0, diverged: Vec::new() }
    }

    /// Gives an input, carries out what it asks for, and returns what is to be sent.
    pub fn handle(&mut self, input: Input<'_>) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        for output in self.sync.handle(input, self.record.as_ref()).unwrap() {
            match output {
                Output::Send(frame) => frames.push(frame),
                Output::Diverged(side) => self.diverged.push(side),
                Output::Deliver(bytes) => match &mut self.record {
                    None => {
                        self.record = Some(Record::begin(&bytes, lncontract_core::Time(i64::MAX)).unwrap())
                    }
                    Some(record) => {
                        let inserted = record.insert(&bytes, lncontract_core::Time(i64::MAX)).unwrap();
                        assert_ne!(inserted, Inserted::Known, "nothing is delivered twice");
                    }
                },
            }
        }
        self.frames += frames.len();
        frames
    }

    pub fn ready(&self) -> bool {
        self.sync.ready(self.record.as_ref())
    }
}

/// Carries frames to and fro until both are silent.
fn run(a: &mut End, b: &mut End, mut to_a: Vec<Vec<u8>>, mut to_b: Vec<Vec<u8>>) {
    for _ in 0..10_000 {
        if to_a.is_empty() && to_b.is_empty() {
            return;
        }
        for frame in std::mem::take(&mut to_a) {
            to_b.extend(a.handle(Input::Received(&frame)));
        }
        for frame in std::mem::take(&mut to_b) {
            to_a.extend(b.handle(Input::Received(&frame)));
        }
    }
    panic!("they never fall silent");
}

pub fn connect(a: &mut End, b: &mut End) {
    let (to_b, to_a) = (a.handle(Input::Connected), b.handle(Input::Connected));
    assert!(!a.ready() && !b.ready(), "nothing is signed before heads are exchanged");
    run(a, b, to_a, to_b);
}

#[track_caller]
pub fn check_equal(a: &End, b: &End) {
    let (a, b) = (a.record.as_ref().unwrap(), b.record.as_ref().unwrap());
    assert_eq!(a.heads(), b.heads());
    assert_eq!(a.state_hash(), b.state_hash());
}

#[test]
fn a_contract_comes_over_whole_to_a_side_that_has_nothing() {
    let (buyer, _, _) = paid_contract();
    let contract = buyer.record.contract();
    let (mut a, mut b) = (End::new(contract, Some(buyer.record)), End::new(contract, None));
    connect(&mut a, &mut b);
    check_equal(&a, &b);
    assert!(a.ready() && b.ready());
    // Three heads or answers, and each entry once.
    assert_eq!((a.frames, b.frames), (2 + 7, 2));
}

#[test]
fn both_sides_get_what_they_wrote_while_apart() {
    let (mut buyer, mut seller) = Party::in_force();
    (0..3).for_each(|_| drop(buyer.ack()));
    seller.tender(2);
    let contract = buyer.record.contract();
    let (mut a, mut b) = (End::new(contract, Some(buyer.record)), End::new(contract, Some(seller.record)));
    connect(&mut a, &mut b);
    check_equal(&a, &b);
    assert!(a.ready() && b.ready());
}

#[test]
fn a_new_entry_goes_over_at_once_and_once() {
    let (buyer, seller, _) = paid_contract();
    let contract = buyer.record.contract();
    let (mut a, mut b) =
        (End::new(contract, Some(buyer.record.clone())), End::new(contract, Some(seller.record)));
    connect(&mut a, &mut b);
    let mut buyer = buyer;
    let ack = buyer.ack();
    a.record.as_mut().unwrap().insert(ack.bytes(), buyer.now).unwrap();
    let to_b = a.handle(Input::Appended);
    assert_eq!(to_b.len(), 1);
    run(&mut a, &mut b, vec![], to_b);
    check_equal(&a, &b);
    assert!(a.handle(Input::Appended).is_empty() && b.handle(Input::Appended).is_empty());
}

#[test]
fn a_side_that_heard_only_an_answer_sends_what_is_new_and_nothing_else() {
    let (mut buyer, seller, _) = paid_contract();
    let contract = buyer.record.contract();
    let (mut a, mut b) =
        (End::new(contract, Some(buyer.record.clone())), End::new(contract, Some(seller.record)));
    let to_b = a.handle(Input::Connected);
    // The other side's own heads are lost; its answer to ours says all the same what it holds.
    b.handle(Input::Connected);
    run(&mut a, &mut b, vec![], to_b);
    assert!(a.ready());
    let ack = buyer.ack();
    a.record.as_mut().unwrap().insert(ack.bytes(), buyer.now).unwrap();
    let to_b = a.handle(Input::Appended);
    assert_eq!(to_b.len(), 1, "the whole record was sent again");
    run(&mut a, &mut b, vec![], to_b);
    check_equal(&a, &b);
}

#[test]
fn a_company_that_lost_its_own_entries_gets_them_back_before_it_may_sign() {
    let (buyer, seller, _) = paid_contract();
    let contract = buyer.record.contract();
    let old = Record::replay([first_entry().bytes().to_vec()]).unwrap();
    let (mut a, mut b) = (End::new(contract, Some(old)), End::new(contract, Some(seller.record)));
    let to_b = a.handle(Input::Connected);
    let to_a = b.handle(Input::Connected);
    let heads = to_a[0].clone();
    a.handle(Input::Received(&heads));
    assert!(!a.ready(), "the peer holds entries of ours that we do not");
    run(&mut a, &mut b, vec![], to_b);
    check_equal(&a, &b);
    assert!(a.ready());
}

#[test]
fn a_long_tail_comes_in_batches() {
    let (mut buyer, seller) = Party::in_force();
    (0..2 * BATCH_MAX + 5).for_each(|_| drop(buyer.ack()));
    let contract = buyer.record.contract();
    let (mut a, mut b) = (End::new(contract, Some(buyer.record)), End::new(contract, Some(seller.record)));
    connect(&mut a, &mut b);
    check_equal(&a, &b);
}

#[test]
fn a_fork_is_found_and_its_proof_comes_over() {
    let (buyer, seller) = Party::in_force();
    let (mut one, mut two) = (seller.clone(), seller);
    one.tender(1);
    two.tender(2);
    (0..BATCH_MAX + 20).for_each(|_| drop((one.ack(), two.ack())));
    let mut victim = buyer;
    for line in one.record.ledger().chain(Side::Seller).iter().skip(1) {
        victim.take(&line.entry);
    }
    let contract = victim.record.contract();
    let (mut a, mut b) = (End::new(contract, Some(victim.record)), End::new(contract, Some(two.record)));
    connect(&mut a, &mut b);
    assert!(!a.ready() && a.diverged.contains(&Side::Seller));
    assert_eq!(a.record.as_ref().unwrap().forks()[0].held.entry().header.seq, 1);
}

#[test]
fn frames_of_another_contract_or_before_the_connection_are_errors() {
    let (buyer, seller, _) = paid_contract();
    let expected = buyer.record.contract();
    let mut sync = Sync::new(expected);
    let mut other = End::new(Hash::ZERO, Some(seller.record.clone()));
    let frames = other.handle(Input::Connected);
    let received = Input::Received(&frames[0]);
    assert_eq!(sync.handle(received, Some(&buyer.record)), Err(SyncError::NotConnected));
    sync.handle(Input::Connected, Some(&buyer.record)).unwrap();
    let found = Hash::ZERO;
    assert_eq!(sync.handle(received, Some(&buyer.record)), Err(SyncError::Contract { expected, found }));
    let version = SyncError::Wire(WireError::Version { found: 9 });
    assert_eq!(sync.handle(Input::Received(&[9]), Some(&buyer.record)), Err(version));
}

#[test]
fn terms_too_long_for_one_frame_come_over() {
    let (buyer, mut seller) = Party::in_force();
    let note = "long words ".repeat(12_000);
    seller.write(Payload::Tender(Tender { row: "work".into(), quantity: 1, documents: vec![], note }));
    let contract = buyer.record.contract();
    let (mut a, mut b) = (End::new(contract, Some(buyer.record)), End::new(contract, Some(seller.record)));
    connect(&mut a, &mut b);
    check_equal(&a, &b);
    assert_eq!(b.frames, 2 + 3, "the entry took three frames");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn lost_doubled_and_reordered_frames_only_cost_time(faults in prop::collection::vec(0..6u8, 40)) {
        let (mut buyer, mut seller, _) = paid_contract();
        (0..4).for_each(|_| drop((buyer.ack(), seller.ack())));
        let contract = buyer.record.contract();
        let (mut a, mut b) = (End::new(contract, Some(buyer.record)), End::new(contract, Some(seller.record)));
        let (mut to_b, mut to_a) = (a.handle(Input::Connected), b.handle(Input::Connected));
        for fault in faults {
            let (frames, to) = if fault % 2 == 0 { (&mut to_b, &mut b) } else { (&mut to_a, &mut a) };
            if frames.is_empty() { continue }
            let frame = match fault {
                0 | 1 => frames.remove(0),
                2 | 3 => frames.pop().unwrap(),
                _ => { frames.remove(0); continue }
            };
            let answers = to.handle(Input::Received(&frame));
            let answers: Vec<_> = answers.into_iter().chain(to.handle(Input::Received(&frame))).collect();
            if fault % 2 == 0 { to_a.extend(answers) } else { to_b.extend(answers) }
        }
        // Whatever happened: the next good connection mends it.
        a.handle(Input::Disconnected);
        b.handle(Input::Disconnected);
        connect(&mut a, &mut b);
        check_equal(&a, &b);
        prop_assert!(a.ready() && b.ready());
    }

    #[test]
    fn random_frames_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0..6u8, good_head in any::<bool>()) {
        let (buyer, _) = Party::both();
        let contract = buyer.record.contract();
        let mut sync = Sync::new(contract);
        sync.handle(Input::Connected, Some(&buyer.record)).unwrap();
        if good_head {
            bytes.splice(0..0, [&[0, kind][..], contract.as_bytes()].concat());
        }
        for record in [None, Some(&buyer.record)] {
            if let Ok(outputs) = sync.handle(Input::Received(&bytes), record) {
                prop_assert!(!outputs.iter().any(|output| matches!(output, Output::Deliver(_))));
            }
        }
    }
}
