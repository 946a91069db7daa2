//! The conformance suite on the fake, and what only the fake can do on purpose.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use super::{Behind, FakeLightning, FakeNetwork};
use crate::{
    BoxFuture, ChannelState, Claim, Lightning, LightningError, NewInvoice, NodeEvent, OpenChannel,
    OpenFailure, OpeningId, Pay, PaymentState,
    conformance::{Bench, ScriptedHost, Side},
};

struct FakeBench {
    network: Arc<FakeNetwork>,
    hosts: [Arc<ScriptedHost>; 2],
    nodes: [Mutex<Arc<FakeLightning>>; 2],
}

impl FakeBench {
    fn fake(&self, side: Side) -> Arc<FakeLightning> {
        self.nodes[side as usize].lock().expect("no test panics under it").clone()
    }
}

async fn make() -> FakeBench {
    // A second passes with each look at the clock.
    let seconds = AtomicU64::new(1_800_000_000);
    let network = FakeNetwork::new(Arc::new(move || seconds.fetch_add(1, Ordering::Relaxed)));
    let hosts = [Arc::new(ScriptedHost::default()), Arc::new(ScriptedHost::default())];
    let nodes = [1u8, 2].map(|seed| Mutex::new(network.node(seed, hosts[usize::from(seed) - 1].clone())));
    FakeBench { network, hosts, nodes }
}

impl Bench for FakeBench {
    fn node(&self, side: Side) -> Arc<dyn Lightning> {
        self.fake(side)
    }
    fn host(&self, side: Side) -> Arc<ScriptedHost> {
        self.hosts[side as usize].clone()
    }
    fn address(&self, side: Side) -> String {
        self.network.address(self.fake(side).key())
    }
    fn mine(&self, blocks: u32) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.network.mine(blocks) })
    }
    fn fund(&self, side: Side, sat: u64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let address = self.fake(side).new_address().await.expect("an address");
            assert!(self.network.fund_address(&address, sat), "the node gave it out");
            self.network.mine(1);
        })
    }
    fn restart(&self, side: Side) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let old = self.fake(side);
            old.stop().await;
            *self.nodes[side as usize].lock().expect("no test panics under it") =
                self.network.start(old.key());
        })
    }
}

mod conformance {
    use super::make;
    crate::conformance_tests!(make);
}

/// Two nodes, funded and connected, with a channel if asked for.
async fn pair() -> (FakeBench, Arc<FakeLightning>, Arc<FakeLightning>) {
    let bench = make().await;
    let (buyer, seller) = (bench.fake(Side::Buyer), bench.fake(Side::Seller));
    bench.fund(Side::Buyer, 50_000_000).await;
    bench.fund(Side::Seller, 1_000_000).await;
    buyer.connect(seller.key(), &bench.address(Side::Seller)).await.expect("connected");
    (bench, buyer, seller)
}

fn order(seller: &FakeLightning, n: u128) -> OpenChannel {
    OpenChannel { opening: OpeningId(n), peer: seller.key(), amount_sat: 10_000_000 + n as u64 }
}

fn announce(bench: &FakeBench, n: u128) {
    bench.host(Side::Seller).announce(10_000_000 + n as u64, OpeningId(100 + n), 1_008);
}

#[tokio::test]
async fn the_peers_pending_limit_is_told_and_ends_with_the_confirmation() {
    let (bench, buyer, seller) = pair().await;
    bench.fund(Side::Buyer, 50_000_000).await;
    bench.network.set_pending_limit(seller.key(), 1);
    (1..=3).for_each(|n| announce(&bench, n));
    buyer.open_channel(order(&seller, 1)).await.expect("the first");
    let second = buyer.open_channel(order(&seller, 2)).await;
    assert_eq!(second, Err(LightningError::Open(OpenFailure::PeerPendingLimit)));
    bench.network.mine(3);
    buyer.open_channel(order(&seller, 3)).await.expect("after the first is open");
}

#[tokio::test]
async fn an_opening_whose_answer_was_lost_is_found_by_its_id() {
    let (bench, buyer, seller) = pair().await;
    announce(&bench, 1);
    for (behind, channels) in [(Behind::NotDone, 0), (Behind::Done, 1)] {
        bench.network.lose_next_answer(buyer.key(), behind);
        let lost = buyer.open_channel(order(&seller, 1)).await;
        assert!(matches!(lost, Err(LightningError::OutcomeUnknown { .. })), "{lost:?}");
        assert_eq!(buyer.channels().await.expect("it runs").len(), channels);
    }
    buyer.open_channel(order(&seller, 1)).await.expect("found");
    assert_eq!(buyer.channels().await.expect("it runs").len(), 1);
}

#[tokio::test]
async fn a_payment_whose_answer_was_lost_pays_once() {
    for behind in [Behind::Done, Behind::NotDone] {
        let (bench, buyer, seller) = pair().await;
        announce(&bench, 1);
        let id = buyer.open_channel(order(&seller, 1)).await.expect("opened");
        bench.network.mine(3);
        let new =
            NewInvoice { amount_msat: 5_000, description_hash: [0; 32], expiry_s: 60, label: String::new() };
        let invoice = seller.create_invoice(new).await.expect("an invoice");
        bench.host(Side::Seller).answer(invoice.payment_hash, Claim::Take);
        let pay = Pay { bolt11: invoice.bolt11.clone(), channels: vec![id.into()] };
        bench.network.lose_next_answer(buyer.key(), behind);
        let lost = buyer.pay(pay.clone()).await;
        assert!(matches!(lost, Err(LightningError::OutcomeUnknown { .. })), "{lost:?}");
        let absent = buyer.payment(invoice.payment_hash).await == Ok(PaymentState::Absent);
        assert_eq!(absent, behind == Behind::NotDone);
        buyer.pay(pay).await.expect("known or taken");
        let arrived = |event: &NodeEvent| matches!(event, NodeEvent::PaymentReceived { .. }).then_some(());
        bench.host(Side::Seller).wait_for("the money", arrived).await;
        assert_eq!(seller.balances().await.expect("it runs").channels_msat, 5_000);
    }
}

#[tokio::test]
async fn a_cut_connection_makes_channels_unusable_until_it_is_healed() {
    let (bench, buyer, seller) = pair().await;
    announce(&bench, 1);
    buyer.open_channel(order(&seller, 1)).await.expect("opened");
    bench.network.cut(buyer.key(), seller.key());
    bench.network.mine(10);
    let state = || async { buyer.channels().await.expect("it runs")[0].state.clone() };
    assert_eq!(state().await, ChannelState::Pending { confirmations: 3, needed: 3 }, "the ends have not met");
    bench.network.heal(buyer.key(), seller.key());
    assert_eq!(state().await, ChannelState::Open { usable: true });
    bench.network.cut(buyer.key(), seller.key());
    assert_eq!(state().await, ChannelState::Open { usable: false });
    let message = buyer.send_message(seller.key(), vec![1]).await;
    assert!(matches!(message, Err(LightningError::Unavailable { .. })), "{message:?}");
}

#[tokio::test]
async fn a_channel_to_another_peer_carries_no_payment_to_this_one() {
    let (bench, buyer, seller) = pair().await;
    let other_host = Arc::new(ScriptedHost::default());
    let other = bench.network.node(3, other_host.clone());
    bench.network.fund(other.key(), 1_000_000);
    bench.network.mine(1);
    buyer.connect(other.key(), &bench.network.address(other.key())).await.expect("connected");
    other_host.announce(10_000_009, OpeningId(9), 144);
    let order = OpenChannel { opening: OpeningId(9), peer: other.key(), amount_sat: 10_000_009 };
    let id = buyer.open_channel(order).await.expect("opened");
    bench.network.mine(3);
    let new =
        NewInvoice { amount_msat: 5_000, description_hash: [0; 32], expiry_s: 60, label: String::new() };
    let invoice = seller.create_invoice(new).await.expect("an invoice");
    let refused = buyer.pay(Pay { bolt11: invoice.bolt11, channels: vec![id.into()] }).await;
    assert!(matches!(refused, Err(LightningError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_broken_node_tells_its_host_and_refuses_calls_until_it_is_started() {
    let (bench, buyer, _) = pair().await;
    bench.network.break_node(buyer.key(), "disk full");
    let stopped = NodeEvent::Stopped { reason: "disk full".into() };
    bench.host(Side::Buyer).wait_for("the stop", |event| (*event == stopped).then_some(())).await;
    assert!(matches!(buyer.info().await, Err(LightningError::Unavailable { .. })));
    let again = bench.network.start(buyer.key());
    assert_eq!(again.balances().await.expect("it runs").onchain_total_sat, 50_000_000);
}
