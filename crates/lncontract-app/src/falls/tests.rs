//! Falls of the fake network's channels, and how long they have to stay.

use std::sync::Arc;

use lncontract_lightning::{
    Claim, CloseMode, FakeLightning, FakeNetwork, Lightning, NewInvoice, OpenChannel, OpeningId, OrderSplice,
    Pay, PaymentState, SpliceAdmission, SpliceWay, conformance::ScriptedHost,
};

use super::*;

const CHANNEL_SAT: u64 = 30_000_000;
const PAID_MSAT: u64 = 12_345_678_901;

struct Two {
    network: Arc<FakeNetwork>,
    hosts: [Arc<ScriptedHost>; 2],
    nodes: [Arc<FakeLightning>; 2],
    channel: lncontract_lightning::ChannelId,
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    for _ in 0..1_000 {
        if look().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never came: {what}");
}

impl Two {
    async fn open() -> Self {
        let network = FakeNetwork::at(1_800_000_000);
        let hosts = [(); 2].map(|()| Arc::new(ScriptedHost::default()));
        let nodes = [1, 2].map(|seed| network.node(seed, Arc::clone(&hosts[usize::from(seed) - 1]) as _));
        let [buyer, seller] = &nodes;
        network.fund(buyer.key(), 2 * CHANNEL_SAT);
        network.fund(seller.key(), 1_000_000);
        network.mine(1);
        buyer.connect(seller.key(), &network.address(seller.key())).await.expect("there");
        hosts[1].announce(CHANNEL_SAT, OpeningId(2), 1_008);
        let open = OpenChannel { opening: OpeningId(1), peer: seller.key(), amount_sat: CHANNEL_SAT };
        let channel = buyer.open_channel(open).await.expect("announced");
        network.mine(3);
        Two { network, hosts, nodes, channel }
    }

    /// Orders a payment, which waits for the seller's word; gives its hash.
    async fn order(&self) -> [u8; 32] {
        let [buyer, seller] = &self.nodes;
        let new = NewInvoice {
            amount_msat: PAID_MSAT,
            description_hash: [0; 32],
            expiry_s: 3_600,
            label: String::new(),
        };
        let invoice = seller.create_invoice(new).await.expect("an invoice");
        self.hosts[1].answer(invoice.payment_hash, Claim::AskAgain);
        buyer.pay(Pay { bolt11: invoice.bolt11, channels: vec![self.channel.into()] }).await.expect("taken");
        invoice.payment_hash
    }

    async fn arrives(&self, hash: [u8; 32]) {
        self.hosts[1].answer(hash, Claim::Take);
        until("the payment", async || {
            let state = self.nodes[0].payment(hash).await.expect("it runs");
            let arrived = self.nodes[1].balances().await.expect("it runs").channels_msat == PAID_MSAT;
            matches!(state, PaymentState::Sent { .. }) && arrived
        })
        .await;
    }

    /// What the buyer's and the seller's channels lack, by books that know of these payments.
    async fn missing_msat(&self, booked_msat: u64, in_flight_msat: u64) -> [i64; 2] {
        let mut missing = [0, 0];
        for (side, sign) in [(0, -1), (1, 1)] {
            let channels = self.nodes[side].channels().await.expect("it runs");
            let peer = lncontract_core::Bytes(self.nodes[1 - side].key().serialize()).to_string();
            let in_flight_msat = if side == 0 { in_flight_msat } else { 0 };
            let paid = Paid {
                position: 0,
                by_peer_msat: [(peer.clone(), sign * booked_msat.cast_signed())].into(),
                in_flight_msat: [(peer.clone(), in_flight_msat)].into(),
            };
            let judged = judge(&channels, &paid);
            assert_eq!(judged.len(), 1, "one counterparty: {judged:?}");
            assert_eq!(judged[0].peer.as_deref(), Some(peer.as_str()));
            missing[side] = judged[0].missing_msat();
        }
        missing
    }
}

#[tokio::test]
async fn money_that_leaves_a_channel_behind_the_books_is_missing_to_the_millisatoshi() {
    let two = Two::open().await;
    assert_eq!(two.missing_msat(0, 0).await, [0, 0]);
    let hash = two.order().await;
    two.arrives(hash).await;
    let paid_msat = PAID_MSAT.cast_signed();
    assert_eq!(two.missing_msat(0, 0).await, [paid_msat, -paid_msat], "nothing was booked");
    assert_eq!(two.missing_msat(PAID_MSAT - 1, 0).await, [1, -1]);
    assert_eq!(two.missing_msat(PAID_MSAT, 0).await, [0, 0]);
}

#[tokio::test]
async fn payments_splices_and_a_close_together_are_no_falls() {
    let two = Two::open().await;
    let hash = two.order().await;
    assert_eq!(two.missing_msat(0, PAID_MSAT).await, [0, 0], "in flight");
    two.arrives(hash).await;
    assert!(two.missing_msat(0, PAID_MSAT).await[0] <= 0, "arrived, and not booked yet");
    for (id, way, amount_sat) in [(3, SpliceWay::In, 5_000_000), (5, SpliceWay::Out, 2_000_000)] {
        let request = OrderSplice { id: OpeningId(id), channel: two.channel, way, amount_sat };
        two.hosts[1].answer_splice(two.channel, SpliceAdmission::Accept { splice: OpeningId(id + 1) });
        two.nodes[0].splice(request).await.expect("announced");
        for block in 0..4 {
            assert_eq!(two.missing_msat(PAID_MSAT, 0).await, [0, 0], "{way:?}, block {block}");
            two.network.mine(1);
        }
    }
    two.nodes[1].close_channel(two.channel, CloseMode::Cooperative).await.expect("taken");
    for block in 0..3 {
        assert_eq!(two.missing_msat(PAID_MSAT, 0).await, [0, 0], "closing, block {block}");
        two.network.mine(1);
    }
}

#[test]
fn a_fall_is_told_once_it_has_stayed_and_as_long_as_it_is_there() {
    let (start, mut falls) = (Instant::now(), Falls::default());
    let fall =
        |missing_msat: i64| Fall { peer: Some("02".into()), books_msat: 10, node_msat: 10 - missing_msat };
    let at = |seconds| start + Duration::from_secs(seconds);
    falls.note(at(0), vec![fall(3)]);
    falls.note(at(9), vec![fall(4)]);
    assert_eq!(falls.told(at(9)), []);
    assert_eq!(falls.told(at(10)), [fall(4)]);
    falls.note(at(11), Vec::new());
    assert_eq!(falls.told(at(11)), [fall(4)], "the counterparty is away: what was told stays");
    falls.note(at(12), vec![fall(0)]);
    assert_eq!(falls.told(at(100)), []);
    falls.note(at(100), vec![fall(3)]);
    falls.note(at(105), Vec::new());
    falls.note(at(111), vec![fall(3)]);
    assert_eq!(falls.told(at(115)), [], "its channels could not be used between");
}
