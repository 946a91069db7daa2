//! A company with fixed keys and its record, and the small contract that it has.

use lncontract_core::{
    Bytes, Hash, Time,
    v1::{Accept, Ack, Act, Genesis, KeyStatement, Offer, Payload, Side, Terms},
};
use lncontract_record::{ActStatement, Record, SecretKey, SignedEntry, hash::terms_hash, sign_act};
use serde_json::json;

/// 2026-01-15T09:00:00Z, when everything begins.
pub const BEGIN: Time = Time(1_768_467_600);
/// The units of the one row; each earns one satoshi.
const UNITS: u64 = 50_000;

/// One side.
#[derive(Clone)]
pub struct Party {
    pub side: Side,
    pub record: Record,
    pub now: Time,
}

impl Party {
    /// Writes an entry, a minute later than the one before.
    pub fn write(&mut self, payload: Payload) -> SignedEntry {
        self.now = self.now.plus_seconds(60);
        let entry = self.record.draft(self.side, self.now, payload).expect("the law allows it");
        let signed = SignedEntry::sign(entry.header, entry.payload, &record_key(self.side));
        let signed = signed.expect("a drafted entry can be signed");
        self.take(&signed);
        signed
    }

    /// Takes an entry into the record.
    pub fn take(&mut self, entry: &SignedEntry) {
        self.now = self.now.max(entry.entry().header.time);
        self.record.insert(entry.bytes(), self.now).expect("it follows what is here");
    }

    /// Accepts the open offer.
    pub fn accept(&mut self) -> SignedEntry {
        let open = self.record.state().offer.clone().expect("an offer is open");
        let (offer, terms_hash) = (open.entry, open.terms_hash);
        let act = act(self.side, self.record.contract(), "accept", terms_hash);
        self.write(Payload::Accept(Accept { offer, terms_hash, state: self.record.state_hash(), act }))
    }

    /// Acknowledges.
    pub fn ack(&mut self) -> SignedEntry {
        self.write(Payload::Ack(Ack { state: self.record.state_hash() }))
    }
}

/// The seller's first offer: units of one item, paid one by one.
pub fn first_entry() -> SignedEntry {
    let terms = terms();
    let terms_hash = terms_hash(&terms).expect("terms of law 1");
    let payload = Payload::Offer(Offer {
        genesis: Some(genesis()),
        answers: None,
        basis: Hash::ZERO,
        terms,
        terms_hash,
        valid_until: BEGIN.plus_days(10),
        state: Hash::ZERO,
        act: act(Side::Seller, Hash::ZERO, "offer", terms_hash),
    });
    let header = Record::first_header(Side::Seller, BEGIN, &payload).expect("an offer has canonical bytes");
    SignedEntry::sign(header, payload, &record_key(Side::Seller)).expect("its header names it")
}

fn terms() -> Terms {
    let party = |name: &str| json!({"name": name, "short_name": name});
    let acceptance = json!({"from": "acceptance", "row": "deliver", "months": 0, "days": 0});
    let terms = json!({
        "law": 1, "number": "2026-018", "title": "Units", "unit": "sat", "total": UNITS.to_string(),
        "buyer": party("Havel GmbH"), "seller": party("Spree AG"),
        "date_of_contract": "2026-01-15", "utc_offset_minutes": 60,
        "items": [{"id": "unit", "part_number": "U-1", "description": "Unit", "quantity": UNITS}],
        "milestones": [{"id": "stage", "title": "Stage", "amount": UNITS.to_string()}],
        "obligations": [
            {"id": "deliver", "milestone": "stage", "debtor": "seller",
             "due": {"rule": {"from": "date_of_contract", "months": 0, "days": 0}, "at": "2026-01-15T22:59:59Z"},
             "duty": {"kind": "deliver", "item": "unit", "quantity": UNITS, "place": "Berlin"}},
            {"id": "pay", "milestone": "stage", "debtor": "buyer", "due": {"rule": acceptance},
             "duty": {"kind": "pay", "amount": UNITS.to_string(), "trigger": {"on": "acceptance", "rows": ["deliver"]},
                      "mode": "per_unit", "net_days": 0}},
        ],
        "funding": {"tranches": [], "covered_days_before": 14, "notice_blocks": 1008},
        "clauses": {"examination_days": 10, "deemed_accepted": true, "grace_hours": 24},
    });
    serde_json::from_value(terms).expect("the terms above have the shape of law 1")
}

fn genesis() -> Genesis {
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

fn act(side: Side, contract: Hash, act: &'static str, target: Hash) -> Act {
    let expires = BEGIN.plus_days(90);
    sign_act(&ActStatement { contract, act, target, expires }, &company_key(side))
}

fn record_key(side: Side) -> SecretKey {
    key(if side == Side::Buyer { 11 } else { 21 })
}

fn company_key(side: Side) -> SecretKey {
    key(if side == Side::Buyer { 12 } else { 22 })
}

fn key(byte: u8) -> SecretKey {
    SecretKey::from_bytes(&[byte; 32]).expect("small numbers are secret keys")
}
