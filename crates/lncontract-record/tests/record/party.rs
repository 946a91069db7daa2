//! Two companies with fixed keys and a small contract, for the tests.
//! Knows only the public functions of the crate.

use lncontract_core::{
    Bytes, Hash, Sat, Time,
    v1::{
        Accept, Ack, Act, Answer, Genesis, Invoice, KeyStatement, Offer, Paid, PaidBy, PayableId, Payload,
        Received, Side, Tender, Terms,
    },
};
use lncontract_record::{
    ActStatement, Inserted, Record, SecretKey, SignedEntry, Verdict,
    hash::{sha256, terms_hash},
    sign_act,
};
use serde_json::json;

/// 2026-01-15T09:00:00Z, when everything begins.
pub const BEGIN: Time = Time(1_768_467_600);
/// A day in seconds.
pub const DAY: i64 = 86_400;

/// One piece of work in two units, paid when both are accepted.
pub fn terms(title: &str) -> Terms {
    let party = |name: &str| json!({"name": name, "short_name": name});
    let acceptance = json!({"from": "acceptance", "row": "work", "months": 0, "days": 0});
    let terms = json!({
        "law": 1, "number": "2026-017", "title": title, "unit": "sat", "total": "50000",
        "buyer": party("Havel GmbH"), "seller": party("Spree AG"),
        "date_of_contract": "2026-01-15", "utc_offset_minutes": 60, "items": [],
        "milestones": [{"id": "stage", "title": "Stage", "amount": "50000"}],
        "obligations": [
            {"id": "work", "milestone": "stage", "debtor": "seller",
             "due": {"rule": {"from": "date_of_contract", "months": 0, "days": 0}, "at": "2026-01-15T22:59:59Z"},
             "duty": {"kind": "perform", "service": "assembly", "quantity": 2}},
            {"id": "pay", "milestone": "stage", "debtor": "buyer", "due": {"rule": acceptance},
             "duty": {"kind": "pay", "amount": "50000", "trigger": {"on": "acceptance", "rows": ["work"]},
                      "mode": "whole", "net_days": 0}},
        ],
        "funding": {"tranches": [], "covered_days_before": 14, "notice_blocks": 1008},
        "clauses": {"examination_days": 10, "deemed_accepted": true, "grace_hours": 24},
    });
    serde_json::from_value(terms).expect("the terms above have the shape of law 1")
}

/// The record key of a side.
pub fn record_key(side: Side) -> SecretKey {
    key(if side == Side::Buyer { 11 } else { 21 })
}

/// The company key of a side.
pub fn company_key(side: Side) -> SecretKey {
    key(if side == Side::Buyer { 12 } else { 22 })
}

fn key(byte: u8) -> SecretKey {
    SecretKey::from_bytes(&[byte; 32]).expect("small numbers are secret keys")
}

/// The keys of both, and a salt.
pub fn genesis() -> Genesis {
    let statement = |side, name: &str| KeyStatement {
        name: name.to_owned(),
        company_key: company_key(side).public(),
        record_key: record_key(side).public(),
        node_id: Bytes([2; 33]),
        endpoints: Vec::new(),
    };
    let (buyer, seller) = (statement(Side::Buyer, "Havel GmbH"), statement(Side::Seller, "Spree AG"));
    Genesis { salt: Bytes([7; 32]), buyer, seller }
}

/// An act of a company, good for ninety days.
pub fn act(side: Side, contract: Hash, act: &'static str, target: Hash) -> Act {
    let expires = BEGIN.plus_days(90);
    sign_act(&ActStatement { contract, act, target, expires }, &company_key(side))
}

/// The seller's first offer.
pub fn first_offer() -> Payload {
    let terms = terms("Assembly");
    let terms_hash = terms_hash(&terms).unwrap();
    Payload::Offer(Offer {
        genesis: Some(genesis()),
        answers: None,
        basis: Hash::ZERO,
        terms,
        terms_hash,
        valid_until: BEGIN.plus_days(10),
        state: Hash::ZERO,
        act: act(Side::Seller, Hash::ZERO, "offer", terms_hash),
    })
}

/// The contract's first entry, by the seller.
pub fn first_entry() -> SignedEntry {
    let payload = first_offer();
    let header = Record::first_header(Side::Seller, BEGIN, &payload).unwrap();
    SignedEntry::sign(header, payload, &record_key(Side::Seller)).unwrap()
}

/// One side with its record.
#[derive(Clone)]
pub struct Party {
    pub side: Side,
    pub record: Record,
    pub now: Time,
}

impl Party {
    /// Both sides, holding the first entry only.
    pub fn both() -> (Self, Self) {
        let record = Record::begin(first_entry().bytes(), BEGIN).unwrap();
        let party = |side| Self { side, record: record.clone(), now: BEGIN };
        (party(Side::Buyer), party(Side::Seller))
    }

    /// Both sides, with the terms in force and everything seen by both.
    pub fn in_force() -> (Self, Self) {
        let (mut buyer, mut seller) = Self::both();
        let accept = buyer.accept();
        seller.take(&accept);
        (buyer, seller)
    }

    /// Writes an entry, a minute later than the one before.
    pub fn write(&mut self, payload: Payload) -> SignedEntry {
        self.now = self.now.plus_seconds(60);
        let entry = self.record.draft(self.side, self.now, payload).unwrap();
        let signed = SignedEntry::sign(entry.header, entry.payload, &record_key(self.side)).unwrap();
        assert_eq!(self.take(&signed), Inserted::New(Verdict::Taken));
        signed
    }

    /// Takes an entry into the record.
    pub fn take(&mut self, entry: &SignedEntry) -> Inserted {
        self.record.insert(entry.bytes(), self.now.plus_days(1)).unwrap()
    }

    /// Accepts the open offer.
    pub fn accept(&mut self) -> SignedEntry {
        let open = self.record.state().offer.clone().expect("an offer is open");
        let (offer, terms_hash) = (open.entry, open.terms_hash);
        let act = act(self.side, self.record.contract(), "accept", terms_hash);
        self.write(Payload::Accept(Accept { offer, terms_hash, state: self.record.state_hash(), act }))
    }

    /// Tenders some units of the work.
    pub fn tender(&mut self, quantity: u64) -> SignedEntry {
        self.write(Payload::Tender(Tender {
            row: "work".into(),
            quantity,
            documents: vec![],
            note: String::new(),
        }))
    }

    /// Answers a tender.
    pub fn answer(&mut self, tender: Hash, accepted: u64) -> SignedEntry {
        let reasons = vec!["as measured".to_owned()];
        self.write(Payload::Answer(Answer { tender, accepted, reasons, state: self.record.state_hash() }))
    }

    /// Acknowledges.
    pub fn ack(&mut self) -> SignedEntry {
        self.write(Payload::Ack(Ack { state: self.record.state_hash() }))
    }

    /// Asks for the payment.
    pub fn invoice(&mut self, preimage: u8) -> SignedEntry {
        self.write(Payload::Invoice(Invoice {
            payable: PayableId { row: "pay".into(), tender: None },
            amount: Sat(50_000),
            number: 1,
            bolt11: "lnbcrt500u1example".to_owned(),
            payment_hash: sha256(&[preimage; 32]),
            expires: BEGIN.plus_days(60),
        }))
    }

    /// Reports the payment.
    pub fn paid(&mut self, invoice: Hash, preimage: u8) -> SignedEntry {
        let method = PaidBy::Lightning { preimage: Bytes([preimage; 32]) };
        self.write(Payload::Paid(Paid { invoice, amount: Sat(50_000), method }))
    }

    /// Confirms the payment.
    pub fn received(&mut self, invoice: Hash) -> SignedEntry {
        self.write(Payload::Received(Received { invoice, amount: Sat(50_000) }))
    }
}

/// The walk from the terms in force to a payment that both have signed; returns both, equal,
/// and the invoice's id.
pub fn paid_contract() -> (Party, Party, Hash) {
    let (mut buyer, mut seller) = Party::in_force();
    let tender = seller.tender(2);
    buyer.take(&tender);
    let answer = buyer.answer(tender.id(), 2);
    seller.take(&answer);
    let invoice = seller.invoice(5);
    buyer.take(&invoice);
    let paid = buyer.paid(invoice.id(), 5);
    seller.take(&paid);
    let received = seller.received(invoice.id());
    buyer.take(&received);
    (buyer, seller, invoice.id())
}
