//! Every way in which an opening fails, provoked on real nodes: who refused, why, and that what passes is tried again
//! with the same id and succeeds. The rows stand in docs/openings.md.

use lncontract_lightning::{
    ChannelState, LightningError, OpenChannel, OpenFailure,
    conformance::{Bench, Side},
};

use crate::{
    bench::{Kind, MixedBench, WIDE, bench},
    by_hand::ByHand,
    steps::{connected, mine_until_open, opening, order, ready, state, synced, until},
};

/// An LND as it is out of the box.
const PLAIN: Kind = Kind::Lnd(&[]);
/// Large channels, one pending at a time.
const ONE_PENDING: Kind = Kind::Lnd(&["--protocol.wumbo-channels"]);
/// One pending channel is all that a plain LND allows. The second opening is refused, nothing of it stays, and the
/// same order succeeds once the first channel is open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_allows_one_pending_channel_and_the_next_one_when_it_is_open() {
    let bench = bench(WIDE, ONE_PENDING).await;
    ready(&bench).await;
    order(&bench, 1, 20_000_000).await.expect("the first one");
    let refused = order(&bench, 2, 21_000_000).await;
    assert_eq!(refused, Err(LightningError::Open(OpenFailure::PeerPendingLimit)));
    assert_eq!(state(&*bench.node(Side::Buyer), opening(2)).await, None, "it is no failed channel");
    mine_until_open(&bench, 1).await;
    order(&bench, 2, 21_000_000).await.expect("the same order again");
    mine_until_open(&bench, 2).await;
}

/// Above 16,777,215 sat: without large channels on our side LND says so itself, on the other side the peer does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_without_large_channels_says_so_on_either_side() {
    let own = bench(PLAIN, WIDE).await;
    ready(&own).await;
    let refused = order(&own, 1, 16_777_216).await;
    let text = "funding amount is too large, the max channel size is: 0.16777215 BTC";
    assert_eq!(refused, Err(LightningError::Open(OpenFailure::OwnSize { text: text.into() })));
    let peers = bench(WIDE, PLAIN).await;
    ready(&peers).await;
    let refused = order(&peers, 1, 16_777_216).await;
    let text = "chan size of 0.16777216 BTC exceeds maximum chan size of 0.16777215 BTC";
    assert_eq!(refused, Err(LightningError::Open(OpenFailure::Size { text: text.into() })));
    let failed = state(&*peers.node(Side::Buyer), opening(1)).await;
    assert!(matches!(failed, Some(ChannelState::Failed(OpenFailure::Size { .. }))), "{failed:?}");
    order(&peers, 2, 16_777_215).await.expect("the largest one without");
}

/// Below what LND itself makes, and below what the peer wants.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_has_a_smallest_channel_and_so_may_the_peer() {
    let bench = bench(WIDE, Kind::Lnd(&["--minchansize=1000000"])).await;
    ready(&bench).await;
    let refused = order(&bench, 1, 19_999).await;
    let text = "channel is too small, the minimum channel size is: 20000 SAT";
    assert_eq!(refused, Err(LightningError::Open(OpenFailure::OwnSize { text: text.into() })));
    let refused = order(&bench, 2, 999_999).await;
    let text = "chan size of 0.00999999 BTC is below min chan size of 0.01000000 BTC";
    assert_eq!(refused, Err(LightningError::Open(OpenFailure::Size { text: text.into() })));
}

/// A peer that does not answer: the outcome is not known, the channel is found again by our id when it comes, and
/// nothing is opened twice, also by an LND that was killed meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_finds_an_opening_again_whose_peer_was_frozen() {
    let bench = bench(WIDE, WIDE).await;
    ready(&bench).await;
    bench.host(Side::Seller).announce(10_000_000, opening(101), 144);
    let peer = bench.node(Side::Seller).info().await.expect("it runs").key;
    let order = OpenChannel { opening: opening(1), peer, amount_sat: 10_000_000 };
    bench.with_lnd(Side::Seller, |lnd| lnd.freeze(true));
    let unknown = bench.node(Side::Buyer).open_channel(order.clone()).await;
    assert!(matches!(unknown, Err(LightningError::OutcomeUnknown { .. })), "{unknown:?}");
    assert_eq!(state(&*bench.node(Side::Buyer), opening(1)).await, Some(ChannelState::Requested));
    bench.with_lnd(Side::Seller, |lnd| lnd.freeze(false));
    let again = bench.node(Side::Buyer).open_channel(order.clone()).await.expect("found by its id");
    bench.restart(Side::Buyer).await;
    assert_eq!(bench.node(Side::Buyer).open_channel(order).await, Ok(again), "found after a restart too");
    let channels = bench.node(Side::Buyer).channels().await.expect("the node runs");
    assert_eq!(channels.len(), 1, "{channels:#?}");
    mine_until_open(&bench, 1).await;
}

/// A funding transaction that no block takes for two weeks: the seller's LND forgets the channel, and that is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_gives_up_a_channel_whose_funding_no_block_takes() {
    let bench = bench(WIDE, WIDE).await;
    ready(&bench).await;
    order(&bench, 1, 10_000_000).await.expect("announced");
    let txid = until("the funding transaction", || async {
        let waiting = bench.chain.call("getrawmempool", &serde_json::json!([]));
        waiting.as_array()?.first().cloned()
    })
    .await;
    // The miner takes it for one that pays less than nothing.
    bench.chain.call("prioritisetransaction", &serde_json::json!([txid, 0, -100_000_000]));
    // 2,016 blocks (BOLT 2: the funding may be forgotten after that), and what nodes wait on top.
    for _ in 0..21 {
        bench.mine(100).await;
    }
    until("the end of it", || async {
        match state(&*bench.node(Side::Seller), opening(101)).await? {
            ChannelState::Failed(OpenFailure::TimedOut { .. }) => Some(()),
            _ => None,
        }
    })
    .await;
}

/// LND keeps its reserve for channels that are announced, and we announce none: it says so to others only. What our own
/// reserve lacks is told before LND is asked, and what leaves it whole is opened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_keeps_its_reserve_for_announced_channels_and_we_keep_ours() {
    let bench = bench(WIDE, WIDE).await;
    ready(&bench).await;
    let peer = bench.node(Side::Seller).info().await.expect("it runs").key;
    // Less than 10,000 sat stay after the fee.
    let too_much_sat: u32 = 150_000_000 - 15_000;
    let by_hand = ByHand::at(&bench, Side::Buyer);
    let words = by_hand.open_announced(peer, too_much_sat.into()).await.expect_err("the reserve is missing");
    let text = "reserved wallet balance invalidated: transaction would leave insufficient funds for fee bumping anchor \
                channel closings (see debug log for details)";
    assert_eq!(words.message(), text);
    let refused = order(&bench, 1, too_much_sat.into()).await;
    let Err(LightningError::Open(OpenFailure::InsufficientFunds { missing_sat, .. })) = refused else {
        panic!("not told: {refused:?}")
    };
    assert!((1..10_000).contains(&missing_sat), "{missing_sat} sat");
    let less_sat = u64::from(too_much_sat) - missing_sat;
    order(&bench, 1, less_sat).await.expect("ours is whole");
    let money = bench.node(Side::Buyer).balances().await.expect("it runs");
    assert!(money.onchain_total_sat >= 10_000, "kept for the closing: {money:?}");
}

/// Asks its bitcoind for blocks so seldom that it stays behind.
const SELDOM: &str = "--bitcoind.blockpollinginterval=1h";
const OFTEN: &str = "--bitcoind.blockpollinginterval=200ms";

fn start_again(bench: &MixedBench, side: Side, instead: &str, flag: &str) {
    bench.with_lnd(side, |lnd| {
        lnd.flags.retain(|of| of != instead);
        lnd.flags.push(flag.to_owned());
        lnd.restart();
    });
}

/// A node that is behind the chain opens nothing and takes nothing: ours says so before the peer is asked, the peer's
/// gives no reason. The same order succeeds when it has caught up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_that_is_behind_the_chain_opens_when_it_has_caught_up_on_either_side() {
    let bench = bench(WIDE, WIDE).await;
    ready(&bench).await;
    // LND keeps to itself why.
    let no_reason = OpenFailure::NoReason { text: "funding failed due to internal error".into() };
    let behind = [(Side::Buyer, OpenFailure::NotSynced), (Side::Seller, no_reason)];
    for (n, (side, failure)) in (1..).zip(behind) {
        start_again(&bench, side, OFTEN, SELDOM);
        connected(&bench).await;
        bench.mine(1).await;
        until("LND behind", || async { (!bench.node(side).info().await.ok()?.synced).then_some(()) }).await;
        let by_hand = ByHand::at(&bench, Side::Buyer);
        let peer = bench.node(Side::Seller).info().await.expect("it runs").key;
        if side == Side::Buyer {
            // We look before LND is asked; its own words are the same refusal.
            let words = by_hand.open_announced(peer, 1_000_000).await.expect_err("it is behind");
            assert_eq!(words.message(), "channels cannot be created before the wallet is fully synced");
        }
        let refused = order(&bench, n, 10_000_000).await;
        assert_eq!(refused, Err(LightningError::Open(failure)));
        start_again(&bench, side, SELDOM, OFTEN);
        connected(&bench).await;
        synced(&bench).await;
        order(&bench, n, 10_000_000).await.expect("the same order again");
        mine_until_open(&bench, n).await;
    }
}
