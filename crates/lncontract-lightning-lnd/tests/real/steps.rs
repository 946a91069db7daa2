//! Steps that the tests on real LNDs take, beside those of the conformance suite.

use std::time::Duration;

use lncontract_lightning::{
    ChannelState, Claim, Lightning, LightningError, NewInvoice, NodeEvent, OpenChannel, OpeningId, Pay,
    PaymentHash,
    conformance::{Bench, Side},
};

use crate::bench::MixedBench;

const PATIENCE: Duration = Duration::from_secs(90);

pub fn opening(n: u128) -> OpeningId {
    OpeningId(0xf00d_0000 + n)
}

/// Polls until the answer is there.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut poll: impl FnMut() -> F) -> T {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = poll().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Connected, with coins enough for several channels on the buyer's side.
pub async fn ready(bench: &MixedBench) {
    for side in [Side::Buyer, Side::Buyer, Side::Buyer, Side::Seller] {
        bench.fund(side, 50_000_000).await;
    }
    let seller = bench.node(Side::Seller).info().await.expect("it runs").key;
    let address = bench.address(Side::Seller);
    bench.node(Side::Buyer).connect(seller, &address).await.expect("the seller answers");
    synced(bench).await;
    until("the deposits", || async {
        let money = bench.node(Side::Buyer).balances().await.ok()?;
        (money.onchain_spendable_sat == 150_000_000).then_some(())
    })
    .await;
}

/// Each lists the other as there.
pub async fn connected(bench: &MixedBench) {
    for side in [Side::Buyer, Side::Seller] {
        until("the connection", || async move {
            let other = bench.node(side.other()).info().await.ok()?.key;
            let peers = bench.node(side).peers().await.ok()?;
            peers.iter().any(|peer| peer.key == other && peer.connected).then_some(())
        })
        .await;
    }
}

/// Both are at the tip.
pub async fn synced(bench: &MixedBench) {
    let height =
        u32::try_from(bench.chain.call("getblockcount", &serde_json::json!([])).as_u64().expect("a height"));
    let height = height.expect("a small one");
    for side in [Side::Buyer, Side::Seller] {
        until("the tip", || async move {
            let info = bench.node(side).info().await.ok()?;
            (info.synced && info.height >= height).then_some(())
        })
        .await;
    }
}

pub async fn order(bench: &MixedBench, n: u128, amount_sat: u64) -> Result<(), LightningError> {
    bench.host(Side::Seller).announce(amount_sat, opening(100 + n), 144);
    let peer = bench.node(Side::Seller).info().await.expect("it runs").key;
    let order = OpenChannel { opening: opening(n), peer, amount_sat };
    bench.node(Side::Buyer).open_channel(order).await.map(|_| ())
}

pub async fn state(node: &dyn Lightning, opening: OpeningId) -> Option<ChannelState> {
    let channels = node.channels().await.ok()?;
    channels.into_iter().find(|channel| channel.opening == opening).map(|channel| channel.state)
}

pub async fn mine_until_open(bench: &MixedBench, n: u128) {
    for _ in 0..10 {
        bench.mine(1).await;
        synced(bench).await;
    }
    for (side, id) in [(Side::Buyer, opening(n)), (Side::Seller, opening(100 + n))] {
        until("the open channel", || async move {
            let now = state(&*bench.node(side), id).await?;
            (now == ChannelState::Open { usable: true }).then_some(())
        })
        .await;
    }
}

/// An invoice of the seller's, and what its host says when the money comes.
pub async fn invoice(bench: &MixedBench, amount_msat: u64, claim: Claim) -> (String, PaymentHash) {
    let new = NewInvoice { amount_msat, description_hash: [7; 32], expiry_s: 3_600, label: String::new() };
    let made = bench.node(Side::Seller).create_invoice(new).await.expect("an invoice");
    bench.host(Side::Seller).answer(made.payment_hash, claim);
    (made.bolt11, made.payment_hash)
}

/// Pays over the first channel; returns when the buyer's LND has it.
pub async fn pay(bench: &MixedBench, bolt11: String) {
    let node = bench.node(Side::Buyer);
    let channels = node.channels().await.expect("it runs");
    let over = channels.iter().find(|channel| channel.opening == opening(1)).expect("the first channel").id;
    node.pay(Pay { bolt11, channels: vec![over.into()] }).await.expect("taken");
}

/// The receipt is with the payer, the money with the payee.
pub async fn settled(bench: &MixedBench, hash: PaymentHash) {
    let sent = |event: &NodeEvent| match event {
        NodeEvent::PaymentSent { payment_hash, .. } if *payment_hash == hash => Some(()),
        _ => None,
    };
    bench.host(Side::Buyer).wait_for("the receipt", sent).await;
    let received = |event: &NodeEvent| match event {
        NodeEvent::PaymentReceived { payment_hash, .. } if *payment_hash == hash => Some(()),
        _ => None,
    };
    bench.host(Side::Seller).wait_for("the money", received).await;
}

/// Pays an amount all the way.
pub async fn pay_through(bench: &MixedBench, amount_msat: u64) -> PaymentHash {
    let (bolt11, hash) = invoice(bench, amount_msat, Claim::Take).await;
    pay(bench, bolt11).await;
    settled(bench, hash).await;
    hash
}
