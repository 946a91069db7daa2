//! How the searches begin: the entries that both companies hold, each after its past.

use lncontract_core::{
    Bytes, Contract, Effect, Hash, fold,
    v1::{Genesis, KeyStatement, Payload, Side},
};

use crate::{
    chains::{Chains, Written, ends, entry},
    moves::{BEGIN, Change, Group, accept, ack, answer, earmark, fund, invoice, offer, paid, tender},
};

/// The keys of both; nothing is signed in the model.
pub fn genesis() -> Genesis {
    let keys = |name: &str| KeyStatement {
        name: name.to_owned(),
        company_key: Bytes([1; 32]),
        record_key: Bytes([2; 32]),
        node_id: Bytes([3; 33]),
        endpoints: Vec::new(),
    };
    Genesis { salt: Hash::ZERO, buyer: keys("B"), seller: keys("S") }
}

/// Returns every start of a group.
pub fn starts(group: Group) -> Vec<Vec<Written>> {
    let offered = |author| Started::default().offer(group, author);
    let in_force = || offered(Side::Buyer).accept();
    let starts = match group {
        Group::Pen => vec![offered(Side::Buyer), offered(Side::Seller)],
        Group::Performance | Group::Channels => vec![in_force()],
        // Either side may hold the pen.
        Group::Amendment => vec![in_force(), offered(Side::Seller).accept()],
        Group::Payments => vec![in_force().tender().answer()],
        Group::Release => vec![in_force().fund().earmark().tender().answer().invoice().paid()],
        Group::Silence => vec![in_force().tender()],
        Group::All => vec![
            offered(Side::Buyer),
            offered(Side::Seller),
            in_force().offer(group, Side::Buyer),
            in_force().tender(),
            in_force().tender().answer(),
            in_force().tender().answer().invoice(),
            in_force().fund(),
            in_force().fund().earmark().tender().answer().invoice().paid(),
        ],
    };
    starts.into_iter().map(|started| started.seen_by_both().order).collect()
}

/// The entries so far, and in which order.
#[derive(Default)]
struct Started {
    chains: Chains,
    state: Contract,
    order: Vec<Written>,
}

impl Started {
    fn write(mut self, author: Side, payload: Payload) -> Self {
        let terms = self.state.terms_hash();
        let written = entry(&self.chains, ends(&self.chains), author, BEGIN, terms, payload);
        let (state, effect) = fold(std::mem::take(&mut self.state), &written.0);
        assert_eq!(effect, Effect::Taken, "the start of the model is lawful");
        self.state = state;
        self.chains.of_mut(author).push(written.clone());
        self.order.push(written);
        self
    }

    fn offer(self, group: Group, author: Side) -> Self {
        let change = if self.order.is_empty() { Change::Title } else { Change::Rows };
        let made = offer(group, &self.state, change, author, self.chains.of(author).len(), BEGIN);
        self.write(author, Payload::Offer(made))
    }

    fn accept(self) -> Self {
        let open = self.state.offer.clone().expect("it was offered");
        let author = open.by.other();
        let place = self.chains.of(author).len();
        self.write(author, accept(&open, author, place))
    }

    fn tender(self) -> Self {
        self.write(Side::Seller, tender())
    }

    fn answer(self) -> Self {
        let (tender, _) = self.state.open_tender("work").expect("it was tendered");
        self.write(Side::Buyer, answer(tender, 1))
    }

    fn invoice(self) -> Self {
        let payload = invoice(&self.state);
        self.write(Side::Seller, payload)
    }

    fn fund(self) -> Self {
        let payload = fund(&self.state);
        self.write(Side::Buyer, payload)
    }

    fn earmark(self) -> Self {
        let fund = *self.state.channels.keys().next().expect("it was announced");
        self.write(Side::Buyer, earmark(fund))
    }

    fn paid(self) -> Self {
        let (invoice, number) =
            self.state.invoices.iter().map(|(id, made)| (*id, made.number)).next().expect("it stands");
        self.write(Side::Buyer, paid(invoice, number))
    }

    fn seen_by_both(self) -> Self {
        self.write(Side::Seller, ack()).write(Side::Buyer, ack()).write(Side::Seller, ack())
    }
}
