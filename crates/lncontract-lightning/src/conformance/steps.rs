//! Steps that many cases take.

use std::time::Duration;

use super::{Bench, ScriptedHost, Side};
use crate::{
    Balances, Channel, ChannelId, ChannelState, Claim, LightningError, MadeInvoice, NewInvoice, NodeEvent,
    NodeKey, OpenChannel, OpeningId, Pay, PaymentHash, PaymentPreimage,
};

/// What the opener waits for its own output after a forced close, in blocks: the shortest that nodes allow.
pub(super) const DELAY_BLOCKS: u16 = 144;
/// A deposit that pays several channels and their reserves.
pub(super) const DEPOSIT_SAT: u64 = 40_000_000;
/// Enough for the reserve of several channels.
pub(super) const RESERVE_SAT: u64 = 1_000_000;
/// Above what nodes allow without large channels (16,777,215 sat).
pub(super) const CHANNEL_SAT: u64 = 30_000_000;
/// No case should wait longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Polls until the answer is there; `what` names it if it never comes.
pub(super) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut poll: impl FnMut() -> F) -> T {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = poll().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(super) async fn key(bench: &dyn Bench, side: Side) -> NodeKey {
    bench.node(side).info().await.expect("the node runs").key
}

async fn height(bench: &dyn Bench, side: Side) -> u32 {
    bench.node(side).info().await.expect("the node runs").height
}

/// Mines, and waits until both nodes have seen it.
pub(super) async fn mine(bench: &dyn Bench, blocks: u32) {
    let before = height(bench, Side::Buyer).await.max(height(bench, Side::Seller).await);
    bench.mine(blocks).await;
    at_tip(bench, before + blocks).await;
}

async fn at_tip(bench: &dyn Bench, height: u32) {
    for side in [Side::Buyer, Side::Seller] {
        until("the node at the tip", || async move {
            let info = bench.node(side).info().await.expect("the node runs");
            (info.synced && info.height >= height).then_some(())
        })
        .await;
    }
}

/// Funds a side and waits until its node can spend it, and both are at the tip: a node that is not refuses channels.
pub(super) async fn fund(bench: &dyn Bench, side: Side, sat: u64) {
    let before = balances(bench, side).await.onchain_spendable_sat;
    let begun = height(bench, side).await;
    bench.fund(side, sat).await;
    at_tip(bench, begun + 1).await;
    until("the deposit", || async move {
        (balances(bench, side).await.onchain_spendable_sat == before + sat).then_some(())
    })
    .await;
}

pub(super) async fn balances(bench: &dyn Bench, side: Side) -> Balances {
    bench.node(side).balances().await.expect("the node runs")
}

/// Everything a side has, in millisatoshi.
pub(super) async fn wealth_msat(bench: &dyn Bench, side: Side) -> u64 {
    let money = balances(bench, side).await;
    (money.onchain_total_sat + money.closing_sat) * 1_000 + money.channels_msat
}

/// Connects the buyer to the seller.
pub(super) async fn connect(bench: &dyn Bench) {
    let seller = key(bench, Side::Seller).await;
    let address = bench.address(Side::Seller);
    bench.node(Side::Buyer).connect(seller, &address).await.expect("the seller answers");
    connected(bench).await;
}

/// Waits until each node lists the other as connected.
pub(super) async fn connected(bench: &dyn Bench) {
    for side in [Side::Buyer, Side::Seller] {
        let other = key(bench, side.other()).await;
        until("the connection", || async move {
            let peers = bench.node(side).peers().await.expect("the node runs");
            peers.iter().any(|peer| peer.key == other && peer.connected).then_some(())
        })
        .await;
    }
}

/// Both sides funded and connected.
pub(super) async fn ready(bench: &dyn Bench) {
    fund(bench, Side::Buyer, DEPOSIT_SAT).await;
    fund(bench, Side::Seller, RESERVE_SAT).await;
    connect(bench).await;
}

pub(super) fn opening(n: u128) -> OpeningId {
    OpeningId(0x5eed_0000 + n)
}

/// The seller announces the channel, the buyer orders it.
pub(super) async fn order(
    bench: &dyn Bench,
    n: u128,
    amount_sat: u64,
    delay_blocks: u16,
) -> Result<ChannelId, LightningError> {
    bench.host(Side::Seller).announce(amount_sat, opening(100 + n), delay_blocks);
    let peer = key(bench, Side::Seller).await;
    bench.node(Side::Buyer).open_channel(OpenChannel { opening: opening(n), peer, amount_sat }).await
}

/// The channel as a side's node lists it, by the id of the opening of that side.
pub(super) async fn channel(bench: &dyn Bench, side: Side, opening: OpeningId) -> Option<Channel> {
    let channels = bench.node(side).channels().await.expect("the node runs");
    let mut found: Vec<_> = channels.into_iter().filter(|channel| channel.opening == opening).collect();
    assert!(found.len() <= 1, "one opening, one channel: {found:#?}");
    found.pop()
}

/// Mines block by block until something is true, with time for the nodes to answer each block: what is
/// broadcast reaches the next block only once it is in the mempool, which the port does not show.
pub(super) async fn mine_until<T, F: Future<Output = Option<T>>>(
    bench: &dyn Bench,
    blocks_max: u32,
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    for _ in 0..blocks_max {
        if let Some(found) = look().await {
            return found;
        }
        mine(bench, 1).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    until(what, look).await
}

/// Mines until both sides can use the channel.
pub(super) async fn usable(bench: &dyn Bench, n: u128) -> Channel {
    let open = |channel: Channel| (channel.state == ChannelState::Open { usable: true }).then_some(channel);
    let both = || async {
        channel(bench, Side::Seller, opening(100 + n)).await.and_then(open)?;
        channel(bench, Side::Buyer, opening(n)).await.and_then(open)
    };
    mine_until(bench, 20, "the open channel", both).await
}

/// Waits until the first channel can be used again after a restart.
pub(super) async fn until_usable(bench: &dyn Bench) {
    for (side, id) in [(Side::Buyer, opening(1)), (Side::Seller, opening(101))] {
        until("the usable channel", || async move {
            let channel = channel(bench, side, id).await?;
            (channel.state == ChannelState::Open { usable: true }).then_some(())
        })
        .await;
    }
}

/// Opens a channel all the way.
pub(super) async fn open(bench: &dyn Bench, n: u128, amount_sat: u64) -> Channel {
    order(bench, n, amount_sat, DELAY_BLOCKS).await.expect("the seller announced it");
    usable(bench, n).await
}

/// An invoice of the seller's.
pub(super) async fn invoice(bench: &dyn Bench, amount_msat: u64) -> MadeInvoice {
    let new = NewInvoice { amount_msat, description_hash: [7; 32], expiry_s: 3_600, label: String::new() };
    bench.node(Side::Seller).create_invoice(new).await.expect("an invoice")
}

/// Hands an invoice to the buyer's node.
pub(super) async fn pay(
    bench: &dyn Bench,
    bolt11: &str,
    channels: &[ChannelId],
) -> Result<(), LightningError> {
    let pay = Pay { bolt11: bolt11.into(), channels: channels.iter().copied().map(Into::into).collect() };
    bench.node(Side::Buyer).pay(pay).await
}

/// Pays an amount all the way.
pub(super) async fn pay_through(bench: &dyn Bench, amount_msat: u64, channels: &[ChannelId]) -> PaymentHash {
    let invoice = invoice(bench, amount_msat).await;
    bench.host(Side::Seller).answer(invoice.payment_hash, Claim::Take);
    pay(bench, &invoice.bolt11, channels).await.expect("the payment is taken");
    sent(&bench.host(Side::Buyer), invoice.payment_hash).await;
    received(&bench.host(Side::Seller), invoice.payment_hash).await;
    invoice.payment_hash
}

pub(super) async fn sent(host: &ScriptedHost, hash: PaymentHash) -> (PaymentPreimage, u64) {
    let find = |event: &NodeEvent| match event {
        NodeEvent::PaymentSent { payment_hash, preimage, fee_msat } if *payment_hash == hash => {
            Some((*preimage, *fee_msat))
        }
        NodeEvent::PaymentFailed { payment_hash, reason } if *payment_hash == hash => {
            panic!("the payment failed: {reason}")
        }
        _ => None,
    };
    host.wait_for("the payment's arrival", find).await
}

pub(super) async fn failed(host: &ScriptedHost, hash: PaymentHash) -> String {
    let find = |event: &NodeEvent| match event {
        NodeEvent::PaymentFailed { payment_hash, reason } if *payment_hash == hash => Some(reason.clone()),
        NodeEvent::PaymentSent { payment_hash, .. } if *payment_hash == hash => panic!("it was paid"),
        _ => None,
    };
    host.wait_for("the payment's failure", find).await
}

pub(super) async fn received(host: &ScriptedHost, hash: PaymentHash) -> (u64, Vec<ChannelId>) {
    let find = |event: &NodeEvent| match event {
        NodeEvent::PaymentReceived { payment_hash, amount_msat, channels } if *payment_hash == hash => {
            Some((*amount_msat, channels.clone()))
        }
        _ => None,
    };
    host.wait_for("the money", find).await
}

/// Waits until the seller's side of all channels is that much: nothing is in flight any more.
pub(super) async fn settled(bench: &dyn Bench, side: Side, channels_msat: u64) {
    until("the settled balance", || async move {
        (balances(bench, side).await.channels_msat == channels_msat).then_some(())
    })
    .await;
}
