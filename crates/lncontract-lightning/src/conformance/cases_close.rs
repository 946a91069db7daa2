//! Cases about closing channels: all money comes back but fees.

use super::{
    Bench, Side,
    steps::{
        CHANNEL_SAT, DELAY_BLOCKS, balances, channel, mine_until, open, opening, pay_through, ready, until,
        wealth_msat,
    },
};
use crate::{Channel, ChannelState, CloseMode, NodeEvent};

/// What the buyer pays the seller before the channel is closed.
const PAID_MSAT: u64 = 12_345_678_900;
/// Fees of one channel's life, for one side: funding, commitment or closing, sweep; in millisatoshi.
const FEES_MSAT_MAX: u64 = 50_000_000;

async fn closed(bench: &dyn Bench, side: Side, n: u128) -> Channel {
    let id = if side == Side::Buyer { opening(n) } else { opening(100 + n) };
    until("the closed channel", || async move {
        let channel = channel(bench, side, id).await.expect("it is remembered");
        matches!(channel.state, ChannelState::Closed { .. }).then_some(channel)
    })
    .await
}

/// Wealth of both sides, in millisatoshi.
async fn wealth(bench: &dyn Bench) -> (u64, u64) {
    (wealth_msat(bench, Side::Buyer).await, wealth_msat(bench, Side::Seller).await)
}

fn check(before: (u64, u64), after: (u64, u64)) {
    let buyer_expected = before.0 - PAID_MSAT;
    let seller_expected = before.1 + PAID_MSAT;
    for (what, expected, got) in [("buyer", buyer_expected, after.0), ("seller", seller_expected, after.1)] {
        // A closing transaction pays whole satoshis.
        assert!(got <= expected + 999, "the {what} gains nothing by closing: {got} of {expected} msat");
        assert!(got + FEES_MSAT_MAX >= expected, "the {what} loses fees only: {got} of {expected} msat");
    }
}

/// A cooperative close pays both sides in one transaction, spendable after one block.
pub async fn a_cooperative_close_returns_all_but_fees(bench: &dyn Bench) {
    ready(bench).await;
    let before = wealth(bench).await;
    let channel = open(bench, 1, CHANNEL_SAT).await;
    pay_through(bench, PAID_MSAT, &[channel.id]).await;
    super::steps::settled(bench, Side::Seller, PAID_MSAT).await;
    bench.node(Side::Buyer).close_channel(channel.id, CloseMode::Cooperative).await.expect("taken");
    let closing = |event: &NodeEvent| match event {
        NodeEvent::Channel(channel) if channel.opening == opening(101) => {
            matches!(channel.state, ChannelState::Closing { forced: false }).then_some(())
        }
        _ => None,
    };
    bench.host(Side::Seller).wait_for("the closing channel", closing).await;
    let both_wait = || async {
        let buyer = channel_state(bench, Side::Buyer).await;
        let seller = channel_state(bench, Side::Seller).await;
        let gone = balances(bench, Side::Buyer).await.channels_msat == 0;
        let waiting = ChannelState::Closing { forced: false };
        (buyer == waiting && seller == waiting && gone).then_some(())
    };
    until("the closing transaction", both_wait).await;
    mine_until(bench, 10, "the closing transaction in a block", || async {
        let state = channel_state(bench, Side::Buyer).await;
        matches!(state, ChannelState::Closed { .. }).then_some(())
    })
    .await;
    let buyer = closed(bench, Side::Buyer, 1).await;
    let seller = closed(bench, Side::Seller, 1).await;
    assert_eq!(buyer.state, seller.state, "both name the same closing transaction");
    assert!(matches!(buyer.state, ChannelState::Closed { forced: false, closing_tx: Some(_) }));
    until("the money on chain", || async {
        let (buyer, seller) = (balances(bench, Side::Buyer).await, balances(bench, Side::Seller).await);
        let there = |money: &crate::Balances| {
            money.closing_sat == 0 && money.onchain_spendable_sat == money.onchain_total_sat
        };
        (there(&buyer) && there(&seller)).then_some(())
    })
    .await;
    check(before, wealth(bench).await);
    let again = bench.node(Side::Buyer).close_channel(channel.id, CloseMode::Cooperative).await;
    assert!(again.is_err(), "it is closed already");
}

async fn channel_state(bench: &dyn Bench, side: Side) -> ChannelState {
    let id = if side == Side::Buyer { opening(1) } else { opening(101) };
    channel(bench, side, id).await.expect("it is remembered").state
}

/// A forced close pays the other side soon and the closer after the delay; both in the end, but fees.
pub async fn a_forced_close_returns_all_but_fees_after_the_delay(bench: &dyn Bench) {
    ready(bench).await;
    let before = wealth(bench).await;
    let channel = open(bench, 1, CHANNEL_SAT).await;
    pay_through(bench, PAID_MSAT, &[channel.id]).await;
    super::steps::settled(bench, Side::Seller, PAID_MSAT).await;
    bench.node(Side::Buyer).close_channel(channel.id, CloseMode::Forced).await.expect("taken");
    mine_until(bench, 12, "the closed channel", || async {
        let state = channel_state(bench, Side::Buyer).await;
        matches!(state, ChannelState::Closed { forced: true, .. }).then_some(())
    })
    .await;
    let buyer = closed(bench, Side::Buyer, 1).await;
    let seller = closed(bench, Side::Seller, 1).await;
    assert_eq!(buyer.state, seller.state, "both name the same closing transaction");
    let mut heights = Vec::new();
    for side in [Side::Buyer, Side::Seller] {
        let closes = bench.node(side).forced_closes().await.expect("a running node");
        heights.extend(closes.into_iter().map(|close| close.height));
    }
    assert!(heights.len() == 2 && heights[0].is_some() && heights[0] == heights[1], "one block: {heights:?}");
    let back = |money: crate::Balances| {
        money.closing_sat == 0
            && money.channels_msat == 0
            && money.onchain_spendable_sat == money.onchain_total_sat
    };
    let waiting = balances(bench, Side::Buyer).await;
    assert!(waiting.closing_sat > 0, "the closer waits: {waiting:?}");
    mine_until(bench, u32::from(DELAY_BLOCKS) + 30, "all the money", || async {
        let (buyer, seller) = (balances(bench, Side::Buyer).await, balances(bench, Side::Seller).await);
        tracing::debug!(?buyer, ?seller, "the money so far");
        (back(buyer) && back(seller)).then_some(())
    })
    .await;
    check(before, wealth(bench).await);
}
