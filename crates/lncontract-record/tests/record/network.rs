//! The exchange over a network that loses, doubles and reorders, searched to a bound.
//!
//! Every frame ever sent may arrive at any time, any number of times, or never; either side may begin anew.
//! The model of the record (`tests/model`) has no network, because of what is shown here: however frames come,
//! a record holds the beginnings of both chains, and the next good connection brings the rest.

use std::collections::{BTreeSet, HashSet};

use lncontract_core::{Hash, v1::Side};
use lncontract_record::{Record, sync::Input};

use crate::{
    party::Party,
    sync::{End, check_equal, connect},
};

/// How many events follow each other at most.
const EVENTS: usize = 4;

#[derive(Clone)]
struct Network {
    ends: [End; 2],
    /// Every frame that was ever sent to that end.
    sent: [BTreeSet<Vec<u8>>; 2],
}

impl Network {
    fn give(&self, to: usize, input: Input<'_>) -> Self {
        let mut next = self.clone();
        let frames = next.ends[to].handle(input);
        next.sent[1 - to].extend(frames);
        next
    }

    /// Everything that can follow by one event.
    fn next(&self) -> Vec<Self> {
        let mut next = Vec::new();
        for to in [0, 1] {
            next.push(self.give(to, Input::Connected));
            next.extend(self.sent[to].iter().map(|frame| self.give(to, Input::Received(frame))));
        }
        next
    }

    fn records(&self) -> [&Record; 2] {
        [0, 1].map(|end| self.ends[end].record.as_ref().expect("both began with one"))
    }

    /// What tells two networks apart: not how many messages were numbered.
    fn key(&self) -> String {
        let sync = |end: &End| {
            let shown = format!("{:?}", end.sync);
            let (before, rest) = shown.split_once("next_message: ").expect("it numbers its messages");
            let (_, behind) = rest.split_once(',').expect("other fields follow");
            format!("{before}{behind}")
        };
        let heads = self.records().map(Record::heads);
        format!("{} {} {heads:?} {:?}", sync(&self.ends[0]), sync(&self.ends[1]), self.sent)
    }
}

fn chain(record: &Record, side: Side) -> Vec<Hash> {
    record.ledger().chain(side).iter().map(|line| line.entry.id()).collect()
}

#[test]
fn whatever_the_network_does_records_hold_beginnings_and_the_next_connection_mends_them() {
    let (mut buyer, mut seller) = Party::in_force();
    seller.tender(1);
    (0..2).for_each(|_| drop(buyer.ack()));
    let contract = buyer.record.contract();
    let whole = [chain(&buyer.record, Side::Buyer), chain(&seller.record, Side::Seller)];
    let ends = [buyer.record, seller.record].map(|record| End::new(contract, Some(record)));
    let mut network = Network { ends, sent: Default::default() };
    for to in [0, 1] {
        network = network.give(to, Input::Connected);
    }
    let (mut known, mut mended) = (HashSet::from([network.key()]), HashSet::new());
    let mut reached = vec![network];
    for _ in 0..EVENTS {
        let next = reached.iter().flat_map(Network::next);
        reached = next.filter(|network| known.insert(network.key())).collect();
        for network in &reached {
            for record in network.records() {
                assert!(whole[0].starts_with(&chain(record, Side::Buyer)));
                assert!(whole[1].starts_with(&chain(record, Side::Seller)));
            }
            // A new connection forgets everything but the records.
            if mended.insert(format!("{:?}", network.records().map(Record::heads))) {
                let [mut a, mut b] = network.ends.clone();
                a.handle(Input::Disconnected);
                b.handle(Input::Disconnected);
                connect(&mut a, &mut b);
                check_equal(&a, &b);
                assert!(a.ready() && b.ready());
            }
        }
    }
    assert!(known.len() > 100 && mended.len() > 3, "{} networks, {} records", known.len(), mended.len());
}
