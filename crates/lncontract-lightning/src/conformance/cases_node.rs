//! Cases about the node itself: who it is, deposits, peers, messages, stopping.

use super::{
    Bench, Side,
    steps::{CHANNEL_SAT, balances, connect, connected, fund, key, opening, order, ready, until, usable},
};
use crate::{LightningError, MESSAGE_LEN_MAX, NodeEvent, OpenChannel, OpenFailure};

/// A node says who it is.
pub async fn a_node_says_who_it_is(bench: &dyn Bench) {
    let buyer = bench.node(Side::Buyer).info().await.expect("the node runs");
    let seller = bench.node(Side::Seller).info().await.expect("the node runs");
    assert_ne!(buyer.key, seller.key);
    assert!(!buyer.software.is_empty());
    assert_eq!(buyer.network, seller.network);
}

/// A deposit is counted once it is confirmed, and not before an address was used.
pub async fn a_deposit_is_counted_once_it_is_confirmed(bench: &dyn Bench) {
    assert_eq!(balances(bench, Side::Buyer).await, crate::Balances::default());
    let first = bench.node(Side::Buyer).new_address().await.expect("an address");
    let second = bench.node(Side::Buyer).new_address().await.expect("an address");
    assert_ne!(first, second, "an address is given out once");
    fund(bench, Side::Buyer, 123_456).await;
    let money = balances(bench, Side::Buyer).await;
    assert_eq!((money.onchain_spendable_sat, money.onchain_total_sat), (123_456, 123_456));
    assert_eq!(balances(bench, Side::Seller).await.onchain_total_sat, 0);
}

/// Missing funds are named to the satoshi, before the peer hears of it: a deposit of just that helps.
pub async fn missing_funds_are_named_to_the_satoshi_before_the_peer_is_asked(bench: &dyn Bench) {
    fund(bench, Side::Buyer, CHANNEL_SAT).await;
    fund(bench, Side::Seller, 1_000_000).await;
    connect(bench).await;
    let peer = key(bench, Side::Seller).await;
    let open = OpenChannel { opening: opening(1), peer, amount_sat: CHANNEL_SAT };
    // Not announced: if the peer were asked, it would refuse.
    let error = bench.node(Side::Buyer).open_channel(open).await.expect_err("fees are missing");
    let LightningError::Open(OpenFailure::InsufficientFunds { needed_sat, available_sat, missing_sat }) =
        error
    else {
        panic!("not typed: {error:?}")
    };
    assert_eq!(available_sat, CHANNEL_SAT);
    assert_eq!(missing_sat, needed_sat - available_sat);
    assert!((1..1_000_000).contains(&missing_sat), "fees and reserve, {missing_sat} sat");
    fund(bench, Side::Buyer, missing_sat).await;
    order(bench, 1, CHANNEL_SAT, 144).await.expect("just enough");
    let channel = usable(bench, 1).await;
    assert_eq!(channel.capacity_sat, CHANNEL_SAT);
}

/// Peers are connected, and the host is told of comings and goings.
pub async fn peers_are_connected_and_the_host_is_told(bench: &dyn Bench) {
    connect(bench).await;
    for side in [Side::Buyer, Side::Seller] {
        let other = key(bench, side.other()).await;
        let came = NodeEvent::Peer { peer: other, connected: true };
        bench.host(side).wait_for("the peer's coming", |event| (*event == came).then_some(())).await;
    }
    let seller = key(bench, Side::Seller).await;
    let address = bench.address(Side::Seller);
    bench.node(Side::Buyer).connect(seller, &address).await.expect("connected already is no error");
    let bad = bench.node(Side::Buyer).connect(seller, "not an address").await;
    assert!(matches!(bad, Err(LightningError::Refused { .. })), "{bad:?}");
}

/// Messages of 60,000 bytes and the longest one pass both ways, whole and in order.
pub async fn messages_of_sixty_thousand_bytes_pass_both_ways(bench: &dyn Bench) {
    connect(bench).await;
    let lengths = [60_000, 0, 1, MESSAGE_LEN_MAX];
    for side in [Side::Buyer, Side::Seller] {
        let (from, to) = (key(bench, side).await, key(bench, side.other()).await);
        let bytes = |n: usize| -> Vec<u8> { (0..lengths[n]).map(|at| (at * 7 + n) as u8).collect() };
        for n in 0..lengths.len() {
            bench.node(side).send_message(to, bytes(n)).await.expect("the peer is connected");
        }
        let came = bench.host(side.other()).wait_for_messages(lengths.len()).await;
        for (n, message) in came.iter().enumerate() {
            assert!(*message == (from, bytes(n)), "message {n} is whole and comes in order");
        }
    }
}

/// A message to a stranger, or one that is too long, is refused, and the connection stays.
pub async fn a_message_to_nobody_or_without_end_is_refused(bench: &dyn Bench) {
    let seller = key(bench, Side::Seller).await;
    let node = bench.node(Side::Buyer);
    let early = node.send_message(seller, vec![1]).await;
    assert!(matches!(early, Err(LightningError::Unavailable { .. })), "{early:?}");
    connect(bench).await;
    let long = node.send_message(seller, vec![0; MESSAGE_LEN_MAX + 1]).await;
    assert!(matches!(long, Err(LightningError::Refused { .. })), "{long:?}");
    node.send_message(seller, vec![2]).await.expect("still connected");
    let came = bench.host(Side::Seller).wait_for_messages(1).await;
    assert_eq!(came[0].1, vec![2]);
}

/// A stopped node says so; a started one has the same key and money, and finds its peers by itself.
pub async fn a_stopped_node_says_so_and_a_started_one_is_the_same(bench: &dyn Bench) {
    ready(bench).await;
    let (key_before, money_before) = (key(bench, Side::Buyer).await, balances(bench, Side::Buyer).await);
    let old = bench.node(Side::Buyer);
    bench.restart(Side::Buyer).await;
    let stopped = old.info().await;
    assert!(matches!(stopped, Err(LightningError::Unavailable { .. })), "{stopped:?}");
    assert_eq!(key(bench, Side::Buyer).await, key_before);
    until("the money", || async move { (balances(bench, Side::Buyer).await == money_before).then_some(()) })
        .await;
    connected(bench).await;
}
