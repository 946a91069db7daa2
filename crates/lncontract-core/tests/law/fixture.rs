//! Plays both companies on one state, one entry after the other.

use jiff::civil::{Date, date};
use lncontract_core::{
    Bytes, Contract, Effect, Hash, Preimage, Refusal, Sat, Signature, Status, Time, admit, fold, status,
    template::supply::worked_example,
    v1::{
        Accept, Act, Answer, Cancel, Deem, Entry, Fund, Genesis, Header, Invoice, KeyStatement, Lapse, Offer,
        Paid, PaidBy, Party, PayableId, Payload, Received, Seen, Side, Tender, Terms,
    },
};
use sha2::{Digest, Sha256};

pub const DATE_OF_CONTRACT: Date = date(2026, 3, 2);
/// 2026-03-02T08:00:00Z.
pub const MORNING: Time = Time(1_772_438_400);
pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 86_400;

pub fn party(side: Side) -> Party {
    let (name, short_name) = match side {
        Side::Buyer => ("Meridian Systems Integration SE", "Meridian"),
        Side::Seller => ("Castor Subsystems GmbH", "Castor"),
    };
    let (tax_id, address) = (String::new(), String::new());
    Party { name: name.to_owned(), short_name: short_name.to_owned(), tax_id, address }
}

pub fn example() -> Terms {
    worked_example(DATE_OF_CONTRACT, party(Side::Buyer), party(Side::Seller), 60)
}

/// A hash that is nothing but a number.
pub fn hash(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    Bytes(bytes)
}

/// The hash of some terms: equal for equal terms, as the canonical bytes' would be.
pub fn terms_hash(terms: &Terms) -> Hash {
    Bytes(Sha256::digest(serde_json::to_vec(terms).expect("terms are plain JSON")).into())
}

pub fn preimage(number: u64) -> (Preimage, Hash) {
    let preimage = hash(1_000_000 + number);
    (preimage, Bytes(Sha256::digest(preimage.as_bytes()).into()))
}

/// The number of the preimage that a company draws for an invoice.
fn secret(by: Side, number: u64) -> u64 {
    if by == Side::Seller { number } else { 1_000 + number }
}

fn keys(side: Side) -> KeyStatement {
    KeyStatement {
        name: party(side).name,
        company_key: Bytes([1; 32]),
        record_key: Bytes([2; 32]),
        node_id: Bytes([3; 33]),
        endpoints: vec!["127.0.0.1:9735".to_owned()],
    }
}

#[derive(Clone)]
pub struct Play {
    pub state: Contract,
    pub time: Time,
    pub entries: Vec<Entry>,
}

impl Play {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { state: Contract::default(), time: MORNING, entries: Vec::new() }
    }

    /// The seller has offered the worked example, the buyer has accepted it.
    pub fn signed() -> Self {
        Self::signed_with(example())
    }

    /// The same of other terms.
    pub fn signed_with(terms: Terms) -> Self {
        let mut play = Self::new();
        play.take(Side::Seller, play.genesis(terms));
        play.accept(Side::Buyer);
        play
    }

    pub fn later(&mut self, seconds: i64) -> &mut Self {
        self.time = self.time.plus_seconds(seconds);
        self
    }

    pub fn act(&self) -> Act {
        Act { expires: self.time.plus_days(30), signature: Signature::ZERO }
    }

    pub fn offer(&self, terms: Terms) -> Offer {
        Offer {
            genesis: None,
            answers: None,
            basis: self.state.terms_hash(),
            terms_hash: terms_hash(&terms),
            terms,
            valid_until: self.time.plus_days(7),
            state: Hash::ZERO,
            act: self.act(),
        }
    }

    pub fn genesis(&self, terms: Terms) -> Payload {
        let (buyer, seller) = (keys(Side::Buyer), keys(Side::Seller));
        Payload::Offer(Offer { genesis: Some(Genesis { salt: hash(7), buyer, seller }), ..self.offer(terms) })
    }

    pub fn acceptance(&self) -> Payload {
        let offer = self.state.offer.as_ref().expect("an offer is open");
        let (offer, terms_hash) = (offer.entry, offer.terms_hash);
        Payload::Accept(Accept { offer, terms_hash, state: Hash::ZERO, act: self.act() })
    }

    pub fn lapse(&self) -> Payload {
        let offer = self.state.offer.as_ref().expect("an offer is open");
        Payload::Lapse(Lapse { offer: offer.entry, deadline: offer.valid_until })
    }

    pub fn accept(&mut self, side: Side) -> Hash {
        self.take(side, self.acceptance())
    }

    pub fn tender(&mut self, row: &str, quantity: u64) -> Hash {
        self.take(Side::Seller, tender(row, quantity))
    }

    pub fn answer(&mut self, tender: Hash, accepted: u64) -> Hash {
        self.take(Side::Buyer, answer(tender, accepted))
    }

    pub fn deem(&self, tender: Hash) -> Payload {
        Payload::Deem(Deem { tender, deadline: self.state.tenders[&tender].deadline })
    }

    /// The invoice that is due next on a payable.
    pub fn invoice(&self, payable: &PayableId) -> Invoice {
        let terms = self.state.terms.as_ref().expect("terms are in force");
        let by = terms.obligation(&payable.row).map_or(Side::Seller, |row| row.debtor.other());
        self.invoice_by(by, payable)
    }

    fn invoice_by(&self, by: Side, payable: &PayableId) -> Invoice {
        let number = self.state.next_invoice_number(by);
        Invoice {
            payable: payable.clone(),
            amount: self.state.payables.get(&payable.key()).map_or(Sat(1), |payable| payable.amount),
            number,
            bolt11: format!("lnbcrt{number}"),
            payment_hash: preimage(secret(by, number)).1,
            expires: self.time.plus_days(2),
        }
    }

    /// Performs a row whole and returns the tender.
    pub fn perform(&mut self, row: &str, quantity: u64) -> Hash {
        let tender = self.tender(row, quantity);
        self.answer(tender, quantity);
        tender
    }

    /// Makes, pays and confirms the invoice of a payable.
    pub fn settle(&mut self, payable: &PayableId) -> Hash {
        let terms = self.state.terms.as_ref().expect("terms are in force");
        let payer = terms.obligation(&payable.row).expect("the payable has a row").debtor;
        let invoice = self.take(payer.other(), Payload::Invoice(self.invoice(payable)));
        let paid = self.paid(invoice);
        self.take(payer, Payload::Paid(paid));
        let amount = self.state.invoices[&invoice].amount;
        self.take(payer.other(), Payload::Received(Received { invoice, amount }));
        invoice
    }

    pub fn paid(&self, invoice: Hash) -> Paid {
        let state = &self.state.invoices[&invoice];
        let preimage = preimage(secret(state.by, state.number)).0;
        Paid { invoice, amount: state.amount, method: PaidBy::Lightning { preimage } }
    }

    /// An entry on the state as it is, admitted or not.
    pub fn entry(&self, author: Side, payload: Payload) -> Entry {
        let number = self.entries.len() as u64 + 1;
        let header = Header {
            v: 0,
            contract: self.state.id(),
            author,
            seq: if self.entries.is_empty() { 0 } else { number },
            prev: if self.entries.is_empty() { Hash::ZERO } else { hash(number - 1) },
            seen: Seen { count: 0, hash: Hash::ZERO },
            terms: self.state.terms_hash(),
            kind: payload.kind(),
            time: self.time,
            payload_hash: Hash::ZERO,
        };
        Entry { id: hash(number), header, payload }
    }

    /// Judges a payload without writing it.
    pub fn judge(&self, author: Side, payload: Payload) -> Result<(), Refusal> {
        admit(&self.state, &self.entry(author, payload))
    }

    /// Writes an entry that must be admitted and taken.
    #[track_caller]
    pub fn take(&mut self, author: Side, payload: Payload) -> Hash {
        let entry = self.entry(author, payload);
        if let Err(refusal) = admit(&self.state, &entry) {
            panic!("{author} writes {}: {refusal}", entry.header.kind.word());
        }
        assert_eq!(self.fold(&entry), Effect::Taken);
        entry.id
    }

    /// Folds an entry as the merge hands it out.
    pub fn fold(&mut self, entry: &Entry) -> Effect {
        let (state, effect) = fold(std::mem::take(&mut self.state), entry);
        self.state = state;
        self.entries.push(entry.clone());
        effect
    }

    pub fn status(&self) -> Status {
        status(&self.state, self.time)
    }
}

pub fn tender(row: &str, quantity: u64) -> Payload {
    Payload::Tender(Tender { row: row.to_owned(), quantity, documents: Vec::new(), note: String::new() })
}

pub fn answer(tender: Hash, accepted: u64) -> Payload {
    let reasons = vec!["connector bent".to_owned()];
    Payload::Answer(Answer { tender, accepted, reasons, state: Hash::ZERO })
}

pub fn cancel(invoice: Hash) -> Payload {
    Payload::Cancel(Cancel { invoice, reason: "made again".to_owned() })
}

pub fn whole(row: &str) -> PayableId {
    PayableId { row: row.to_owned(), tender: None }
}

pub fn per_unit(row: &str, tender: Hash) -> PayableId {
    PayableId { row: row.to_owned(), tender: Some(tender) }
}

pub fn fund(tranche: &str, amount: u64, stages: &[&str]) -> Fund {
    let stages = stages.iter().map(|stage| (*stage).to_owned()).collect();
    Fund {
        tranche: tranche.to_owned(),
        amount: Sat(amount),
        stages,
        notice_blocks: 1_008,
        instrument: None,
        of: None,
    }
}
