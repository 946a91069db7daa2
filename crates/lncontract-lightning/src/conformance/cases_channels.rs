//! Cases about opening channels.

use super::{
    Bench, Side,
    steps::{
        CHANNEL_SAT, DEPOSIT_SAT, balances, channel, fund, key, mine, mine_until, open, opening, order,
        ready, until, usable,
    },
};
use crate::{ChannelState, LightningError, NodeEvent, OpenChannel, OpenFailure, OpeningId};

/// What the host refuses, the opener hears verbatim, as the call's answer and as an event; no money moves.
pub async fn an_inbound_channel_is_refused_in_the_hosts_words(bench: &dyn Bench) {
    ready(bench).await;
    let words = "Contract 7 wants 30,000,000 sat in channel 1, not 20,000,000";
    bench.host(Side::Seller).refuse(20_000_000, words);
    let peer = key(bench, Side::Seller).await;
    let order = OpenChannel { opening: opening(1), peer, amount_sat: 20_000_000 };
    let error = bench.node(Side::Buyer).open_channel(order.clone()).await.expect_err("refused");
    let failure = OpenFailure::Policy { text: words.into() };
    assert_eq!(error, LightningError::Open(failure.clone()));
    let failed = ChannelState::Failed(failure);
    let told = |event: &NodeEvent| match event {
        NodeEvent::Channel(channel) if channel.opening == opening(1) && channel.state == failed => Some(()),
        _ => None,
    };
    bench.host(Side::Buyer).wait_for("the refusal", told).await;
    // Asked again with the same id it is not opened either, whatever the host would say now.
    bench.host(Side::Seller).announce(20_000_000, opening(101), 144);
    assert_eq!(bench.node(Side::Buyer).open_channel(order).await, Err(error));
    mine(bench, 1).await;
    assert_eq!(balances(bench, Side::Buyer).await.onchain_spendable_sat, DEPOSIT_SAT);
}

fn stages(events: &[NodeEvent], opening: OpeningId) -> Vec<ChannelState> {
    let mut stages: Vec<ChannelState> = Vec::new();
    for event in events {
        let NodeEvent::Channel(channel) = event else { continue };
        if channel.opening == opening && stages.last() != Some(&channel.state) {
            stages.push(channel.state.clone());
        }
    }
    stages
}

/// An announced opening shows its stages: requested, pending with outpoint and rising confirmations, open.
pub async fn an_announced_opening_shows_its_stages_on_both_sides(bench: &dyn Bench) {
    ready(bench).await;
    let id = order(bench, 1, CHANNEL_SAT, 144).await.expect("announced");
    let mut funding = Vec::new();
    for (side, opening) in [(Side::Buyer, opening(1)), (Side::Seller, opening(101))] {
        let pending = until("the pending channel", || async move {
            channel(bench, side, opening).await.filter(|channel| channel.funding.is_some())
        });
        let pending = pending.await;
        assert_eq!(pending.id, id, "both sides name the channel alike");
        assert!(matches!(pending.state, ChannelState::Pending { confirmations: 0, .. }), "{pending:?}");
        assert_eq!((pending.capacity_sat, pending.outbound), (CHANNEL_SAT, side == Side::Buyer));
        funding.push(pending.funding);
    }
    assert_eq!(funding[0], funding[1]);
    for expected in 1..=2 {
        let seen = || async {
            match channel(bench, Side::Buyer, opening(1)).await.expect("it is listed").state {
                ChannelState::Pending { confirmations, needed } if needed > 2 => {
                    (confirmations >= expected).then_some(confirmations)
                }
                other => panic!("neither pending nor slow: {other:?}"),
            }
        };
        assert_eq!(mine_until(bench, 10, "one more confirmation", seen).await, expected);
        let told = |event: &NodeEvent| match event {
            NodeEvent::Channel(channel) if channel.opening == opening(1) => match channel.state {
                ChannelState::Pending { confirmations, .. } => (confirmations == expected).then_some(()),
                _ => None,
            },
            _ => None,
        };
        bench.host(Side::Buyer).wait_for("one more confirmation", told).await;
    }
    let channel = usable(bench, 1).await;
    assert_eq!((channel.id, channel.funding), (id, funding[0]));
    assert_eq!(channel.local_msat, CHANNEL_SAT * 1_000, "all of it is the opener's");
    assert_eq!(channel.reserve_sat, CHANNEL_SAT / 100);
    assert!(channel.next_outbound_htlc_limit_msat > CHANNEL_SAT * 980, "the whole channel in one payment");
    let told = |event: &NodeEvent| match event {
        NodeEvent::Channel(channel) if channel.opening == opening(1) => {
            (channel.state == ChannelState::Open { usable: true }).then_some(())
        }
        _ => None,
    };
    bench.host(Side::Buyer).wait_for("the open channel", told).await;
    let stages = stages(&bench.host(Side::Buyer).events(), opening(1));
    assert_eq!(stages.first(), Some(&ChannelState::Requested), "{stages:?}");
    let rank = |state: &ChannelState| match state {
        ChannelState::Requested => 0,
        ChannelState::Pending { confirmations, .. } => 1 + confirmations,
        _ => 1_000,
    };
    assert!(stages.iter().is_sorted_by_key(rank), "{stages:?}");
}

/// The same opening twice, also at the same time and after a restart, opens one channel.
pub async fn the_same_opening_twice_opens_one_channel(bench: &dyn Bench) {
    ready(bench).await;
    let first = order(bench, 1, 10_000_000, 144).await.expect("announced");
    let peer = key(bench, Side::Seller).await;
    let again = OpenChannel { opening: opening(1), peer, amount_sat: 10_000_000 };
    assert_eq!(bench.node(Side::Buyer).open_channel(again.clone()).await, Ok(first));
    let open = usable(bench, 1).await;
    assert_eq!(open.id, first);
    bench.restart(Side::Buyer).await;
    assert_eq!(bench.node(Side::Buyer).open_channel(again).await, Ok(first), "known after a restart");
    let channels = bench.node(Side::Buyer).channels().await.expect("the node runs");
    assert_eq!(channels.len(), 1, "{channels:#?}");
}

/// An opening with a peer that is not connected says so, and can be made later with the same id.
pub async fn an_opening_without_the_peer_says_so(bench: &dyn Bench) {
    fund(bench, Side::Buyer, DEPOSIT_SAT).await;
    fund(bench, Side::Seller, 1_000_000).await;
    let early = order(bench, 1, 10_000_000, 144).await;
    assert_eq!(early, Err(LightningError::Open(OpenFailure::PeerOffline)));
    super::steps::connect(bench).await;
    open(bench, 1, 10_000_000).await;
}

/// The accepting side asks for the delay of the opener's own output: the earmark's notice.
pub async fn the_peer_asks_for_the_delay_of_the_openers_own_output(bench: &dyn Bench) {
    ready(bench).await;
    order(bench, 1, 10_000_000, 1_008).await.expect("announced");
    let channel = usable(bench, 1).await;
    assert_eq!(channel.our_delay_blocks, Some(1_008));
}
