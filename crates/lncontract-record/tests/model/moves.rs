//! What the two companies of the model may try: the kinds of a group, at a few times. What the law does not
//! admit is left out by the search.

use lncontract_core::{
    Bytes, Contract, Hash, Sat, Time,
    state::Outcome,
    v1::{
        Accept, Ack, Act, Answer, Cancel, Deem, Genesis, Invoice, KeyStatement, Lapse, Offer, Paid, PaidBy,
        Pass, PayableId, Payload, Received, Reject, Side, Tender, Terms,
    },
};
use lncontract_record::{
    hash::{sha256, terms_hash},
    merge::{Cut, Pair},
};
use serde_json::json;

use crate::chains::{Written, entry};

/// Kinds that are searched together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Offer, accept, reject, counter, lapse, pass.
    Pen,
    /// Tender, answer, deem, ack.
    Performance,
    /// Invoice, cancel, paid, received.
    Payments,
    /// Offers that change a row, accept, lapse; tender, answer on that row.
    Amendment,
}

/// The day of every contract of the model.
const BEGIN: Time = Time(1_768_467_600);

/// Days after the beginning that a clock may say. Offers and examinations end after one day,
/// with a day of grace.
pub const DAYS: &[i64] = &[0, 1, 4];

fn day(day: i64) -> Time {
    BEGIN.plus_days(day)
}

fn terms(title: &str) -> Terms {
    let party = |name: &str| json!({"name": name, "short_name": name});
    let acceptance = json!({"from": "acceptance", "row": "work", "months": 0, "days": 0});
    let service = if title.starts_with("other") { "other work" } else { "work" };
    let terms = json!({
        "law": 1, "number": "1", "title": title, "unit": "sat", "total": "50",
        "buyer": party("B"), "seller": party("S"),
        "date_of_contract": "2026-01-15", "utc_offset_minutes": 0, "items": [],
        "milestones": [{"id": "stage", "title": "Stage", "amount": "50"}],
        "obligations": [
            {"id": "work", "milestone": "stage", "debtor": "seller",
             "due": {"rule": {"from": "date_of_contract", "months": 0, "days": 0}, "at": "2026-01-15T23:59:59Z"},
             "duty": {"kind": "perform", "service": service, "quantity": 1}},
            {"id": "pay", "milestone": "stage", "debtor": "buyer", "due": {"rule": acceptance},
             "duty": {"kind": "pay", "amount": "50", "trigger": {"on": "acceptance", "rows": ["work"]},
                      "mode": "whole", "net_days": 0}},
        ],
        "funding": {"tranches": [], "covered_days_before": 14, "notice_blocks": 1008},
        "clauses": {"examination_days": 1, "deemed_accepted": true, "grace_hours": 24},
    });
    serde_json::from_value(terms).expect("the terms above have the shape of law 1")
}

fn genesis() -> Genesis {
    let keys = |name: &str| KeyStatement {
        name: name.to_owned(),
        company_key: Bytes([1; 32]),
        record_key: Bytes([2; 32]),
        node_id: Bytes([3; 33]),
        endpoints: Vec::new(),
    };
    Genesis { salt: Hash::ZERO, buyer: keys("B"), seller: keys("S") }
}

/// Stands for a company's signature, and is another one for each entry.
fn act(author: Side, seq: usize, time: Time) -> Act {
    let hash = sha256(format!("{author:?} {seq} {time}").as_bytes());
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(hash.as_bytes());
    Act { expires: day(99), signature: Bytes(signature) }
}

fn offer(past: &Contract, title: &str, author: Side, seq: usize, time: Time) -> Offer {
    let terms = terms(title);
    Offer {
        genesis: past.identity.is_none().then(genesis),
        answers: None,
        basis: past.terms_hash(),
        terms_hash: terms_hash(&terms).expect("the model's terms are canonical"),
        terms,
        valid_until: time.plus_days(1),
        state: Hash::ZERO,
        act: act(author, seq, time),
    }
}

/// How the search begins: the entries that both hold, each after its past.
pub fn start(group: Group) -> Vec<Vec<Written>> {
    let begin = |author| {
        let chains = Pair::default();
        let payload = Payload::Offer(offer(&Contract::default(), "first", author, 0, BEGIN));
        entry(&chains, Cut::default(), author, BEGIN, Hash::ZERO, payload)
    };
    if group == Group::Pen {
        return vec![vec![begin(Side::Buyer)], vec![begin(Side::Seller)]];
    }
    let first = begin(Side::Buyer);
    let mut started = Started::default();
    started.add(first.clone());
    let payload = Payload::Accept(Accept {
        offer: first.0.id,
        terms_hash: terms_hash(&terms("first")).expect("the model's terms are canonical"),
        state: Hash::ZERO,
        act: act(Side::Seller, 0, BEGIN),
    });
    started.write(Side::Seller, payload);
    if group == Group::Payments {
        let tender = started.write(Side::Seller, tender());
        started.write(Side::Buyer, answer(tender, 1));
    }
    vec![started.order]
}

/// The entries so far, and in which order.
#[derive(Default)]
struct Started {
    chains: Pair<Vec<Written>>,
    state: Contract,
    order: Vec<Written>,
}

impl Started {
    fn add(&mut self, entry: Written) {
        let (state, effect) = lncontract_core::fold(std::mem::take(&mut self.state), &entry.0);
        assert_eq!(effect, lncontract_core::Effect::Taken, "the start of the model is lawful");
        self.state = state;
        self.chains.of_mut(entry.0.header.author).push(entry.clone());
        self.order.push(entry);
    }

    fn write(&mut self, author: Side, payload: Payload) -> Hash {
        let cut = Cut { buyer: self.chains.buyer.len(), seller: self.chains.seller.len() };
        let written = entry(&self.chains, cut, author, BEGIN, self.state.terms_hash(), payload);
        let id = written.0.id;
        self.add(written);
        id
    }
}

fn tender() -> Payload {
    Payload::Tender(Tender { row: "work".into(), quantity: 1, documents: vec![], note: String::new() })
}

fn answer(tender: Hash, accepted: u64) -> Payload {
    Payload::Answer(Answer { tender, accepted, reasons: vec!["seen".to_owned()], state: Hash::ZERO })
}

/// Returns what a side may try to write in that state, with the times its clock may say.
pub fn moves(group: Group, days: &[i64], past: &Contract, side: Side, seq: usize) -> Vec<(Time, Payload)> {
    let mut moves = Vec::new();
    for &days in days {
        let time = day(days);
        let payloads = match group {
            Group::Pen => pen(past, side, seq, time),
            Group::Performance => performance(past),
            Group::Payments => payments(past, seq),
            Group::Amendment => amendment(past, side, seq, time),
        };
        moves.extend(payloads.into_iter().map(|payload| (time, payload)));
    }
    moves
}

fn pen(past: &Contract, side: Side, seq: usize, time: Time) -> Vec<Payload> {
    let title = format!("{side:?} {seq}");
    let act = act(side, seq, time);
    let Some(open) = &past.offer else {
        return vec![Payload::Offer(offer(past, &title, side, seq, time)), Payload::Pass(Pass {})];
    };
    let (named, state) = (open.entry, Hash::ZERO);
    let counter = Offer { answers: Some(named), ..offer(past, &title, side, seq, time) };
    vec![
        Payload::Accept(Accept { offer: named, terms_hash: open.terms_hash, state, act }),
        Payload::Reject(Reject { offer: named, reason: "no".to_owned(), state }),
        Payload::Counter(counter),
        Payload::Lapse(Lapse { offer: named, deadline: open.valid_until }),
        Payload::Ack(Ack { state }),
    ]
}

fn performance(past: &Contract) -> Vec<Payload> {
    let mut payloads = vec![tender(), Payload::Ack(Ack { state: Hash::ZERO })];
    for (id, open) in past.tenders.iter().filter(|(_, tender)| tender.outcome == Outcome::Open) {
        payloads.extend([answer(*id, 1), answer(*id, 0)]);
        payloads.push(Payload::Deem(Deem { tender: *id, deadline: open.deadline }));
    }
    payloads
}

fn payments(past: &Contract, seq: usize) -> Vec<Payload> {
    // The payment hash is that of the place in the seller's chain,
    // so that the buyer's receipt can be made from it.
    let preimage = |number: u64| Bytes([u8::try_from(number).unwrap_or(u8::MAX); 32]);
    let next = past.invoices.values().map(|invoice| invoice.number).max().unwrap_or(0) + 1;
    let mut payloads = vec![Payload::Invoice(Invoice {
        payable: PayableId { row: "pay".into(), tender: None },
        amount: Sat(50),
        number: next,
        bolt11: format!("lnbcrt{seq}"),
        payment_hash: sha256(preimage(next).as_bytes()),
        expires: day(99),
    })];
    for (&invoice, state) in &past.invoices {
        let (amount, method) = (Sat(50), PaidBy::Lightning { preimage: preimage(state.number) });
        payloads.push(Payload::Cancel(Cancel { invoice, reason: "late".to_owned() }));
        payloads.push(Payload::Paid(Paid { invoice, amount, method }));
        payloads.push(Payload::Received(Received { invoice, amount }));
    }
    payloads
}

fn amendment(past: &Contract, side: Side, seq: usize, time: Time) -> Vec<Payload> {
    let mut payloads = performance(past);
    payloads.retain(|payload| !matches!(payload, Payload::Ack(_)));
    match &past.offer {
        None => payloads.push(Payload::Offer(offer(past, &format!("other {seq}"), side, seq, time))),
        Some(open) => {
            let (offer, terms_hash, act) = (open.entry, open.terms_hash, act(side, seq, time));
            payloads.push(Payload::Accept(Accept { offer, terms_hash, state: Hash::ZERO, act }));
            payloads.push(Payload::Lapse(Lapse { offer, deadline: open.valid_until }));
        }
    }
    payloads
}
