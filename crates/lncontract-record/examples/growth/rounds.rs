//! Two companies that do the same business again and again: a unit tendered, accepted, invoiced, paid, confirmed.

use lncontract_core::{
    Bytes, Hash, Sat,
    v1::{Answer, Invoice, Paid, PaidBy, PayableId, Payload, Received, Side, Tender},
};
use lncontract_record::{Record, hash::sha256};

use crate::party::{BEGIN, Party, first_entry};

/// Both, always in step at the end of a round.
#[derive(Clone)]
pub struct Companies {
    pub buyer: Party,
    seller: Party,
    rounds: u64,
}

impl Companies {
    /// With terms in force that pay per unit.
    pub fn in_force() -> Self {
        let record = Record::begin(first_entry().bytes(), BEGIN).expect("the first entry is allowed");
        let party = |side| Party { side, record: record.clone(), now: BEGIN };
        let (mut buyer, mut seller) = (party(Side::Buyer), party(Side::Seller));
        seller.take(&buyer.accept());
        Companies { buyer, seller, rounds: 0 }
    }

    /// Entries in both chains.
    pub fn entries(&self) -> usize {
        let ends = self.buyer.record.ledger().ends();
        ends.buyer + ends.seller
    }

    /// Ten entries. Two of them cross, and each company folds again for it.
    pub fn round(&mut self) {
        self.rounds += 1;
        let number = self.rounds;
        let tender = Tender { row: "deliver".into(), quantity: 1, documents: vec![], note: String::new() };
        let tender = self.by_seller(Payload::Tender(tender));
        let (accepted, reasons, state) = (1, Vec::new(), self.buyer.record.state_hash());
        let answer = self.buyer.write(Payload::Answer(Answer { tender, accepted, reasons, state }));
        let ack = self.seller.ack();
        self.seller.take(&answer);
        self.buyer.take(&ack);
        self.seller_acks();
        let preimage = sha256(&number.to_be_bytes());
        let invoice = self.by_seller(Payload::Invoice(Invoice {
            payable: PayableId { row: "pay".into(), tender: Some(tender) },
            amount: Sat(1),
            number,
            bolt11: format!("lnbcrt10n1{}", "example".repeat(40)),
            payment_hash: sha256(preimage.as_bytes()),
            expires: BEGIN.plus_days(9_000),
        }));
        self.buyer_acks();
        let method = PaidBy::Lightning { preimage: Bytes(preimage.0) };
        let paid = self.buyer.write(Payload::Paid(Paid { invoice, amount: Sat(1), method }));
        self.seller.take(&paid);
        self.by_seller(Payload::Received(Received { invoice, amount: Sat(1) }));
        self.buyer_acks();
        self.seller_acks();
    }

    fn by_seller(&mut self, payload: Payload) -> Hash {
        let signed = self.seller.write(payload);
        self.buyer.take(&signed);
        signed.id()
    }

    fn buyer_acks(&mut self) {
        let ack = self.buyer.ack();
        self.seller.take(&ack);
    }

    fn seller_acks(&mut self) {
        let ack = self.seller.ack();
        self.buyer.take(&ack);
    }
}
