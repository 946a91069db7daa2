//! Cases about splices: a channel's size changes, its id stays, and no money is lost but fees.

use super::{
    Bench, Side,
    steps::{
        balances, channel, connect, fund, invoice, key, mine, mine_until, open, opening, order, pay,
        pay_through, ready, settled, until, until_usable, usable, wealth_msat,
    },
};
use crate::{
    Channel, ChannelId, Claim, InboundSplice, LightningError, NodeEvent, OpenFailure, OpeningId, OrderSplice,
    Splice, SpliceAdmission, SpliceState, SpliceWay,
};

const CHANNEL_SAT: u64 = 10_000_000;
const SPLICE_SAT: u64 = 5_000_000;
const PAID_MSAT: u64 = 3_000_000_123;
/// Fees of one splice.
const FEE_SAT_MAX: u64 = 50_000;

/// The id of a splice at one side.
fn splice_id(side: Side, n: u128) -> OpeningId {
    opening(if side == Side::Buyer { 1_000 + n } else { 1_100 + n })
}

fn let_in(bench: &dyn Bench, side: Side, channel: ChannelId, n: u128) {
    let admission = SpliceAdmission::Accept { splice: splice_id(side, n) };
    bench.host(side).answer_splice(channel, admission);
}

fn splice_in(channel: ChannelId, n: u128, amount_sat: u64) -> OrderSplice {
    OrderSplice { id: splice_id(Side::Buyer, n), channel, way: SpliceWay::In, amount_sat }
}

/// A side's view of the first channel, and of a splice in it.
async fn seen(bench: &dyn Bench, side: Side, n: u128) -> Option<(Channel, Splice)> {
    let id = opening(if side == Side::Buyer { 1 } else { 101 });
    let channel = channel(bench, side, id).await.expect("the channel stays");
    let splice = channel.splices.iter().find(|splice| splice.id == splice_id(side, n)).cloned();
    splice.map(|splice| (channel, splice))
}

async fn pending(bench: &dyn Bench, side: Side, n: u128) -> (Channel, Splice) {
    until("the pending splice", || async move {
        let (channel, splice) = seen(bench, side, n).await?;
        matches!(splice.state, SpliceState::Pending { .. }).then_some((channel, splice))
    })
    .await
}

/// Mines until both sides see the splice locked and can use the channel. Both have signed before the first
/// block: who learns of a deep enough splice earlier may say so a minute later only.
async fn locked(bench: &dyn Bench, n: u128) -> Channel {
    for side in [Side::Buyer, Side::Seller] {
        until("the signed splice", || async move {
            seen(bench, side, n).await.filter(|(_, splice)| splice.funding.is_some())
        })
        .await;
    }
    let both = || async {
        for side in [Side::Buyer, Side::Seller] {
            let (_, splice) = seen(bench, side, n).await?;
            if splice.state != SpliceState::Locked {
                return None;
            }
        }
        Some(())
    };
    mine_until(bench, 20, "the locked splice", both).await;
    usable(bench, 1).await
}

/// A splice is pending on both sides with the same output, payments go on, then it is the channel's funding.
pub async fn a_splice_in_shows_its_stages_and_payments_go_on(bench: &dyn Bench) {
    ready(bench).await;
    let before = open(bench, 1, CHANNEL_SAT).await;
    pay_through(bench, PAID_MSAT, &[before.id]).await;
    settled(bench, Side::Seller, PAID_MSAT).await;
    let wealth = (wealth_msat(bench, Side::Buyer).await, wealth_msat(bench, Side::Seller).await);
    let_in(bench, Side::Seller, before.id, 1);
    bench.node(Side::Buyer).splice(splice_in(before.id, 1, SPLICE_SAT)).await.expect("let in");
    let peer = key(bench, Side::Buyer).await;
    let (way, amount_sat) = (SpliceWay::In, SPLICE_SAT);
    let asked = InboundSplice { peer, opening: opening(101), channel: before.id, way, amount_sat };
    assert_eq!(bench.host(Side::Seller).splices_asked(), vec![asked]);
    let (during, ours) = pending(bench, Side::Buyer, 1).await;
    let (_, theirs) = pending(bench, Side::Seller, 1).await;
    assert_eq!((ours.funding, ours.capacity_sat), (theirs.funding, theirs.capacity_sat));
    assert!(ours.funding.is_some() && ours.funding != before.funding, "{ours:?}");
    assert_eq!(ours.capacity_sat, Some(CHANNEL_SAT + SPLICE_SAT), "exactly what was asked for");
    assert_eq!((ours.ours, theirs.ours, theirs.fee_sat), (true, false, 0));
    assert_eq!((ours.amount_sat, theirs.amount_sat), (SPLICE_SAT, SPLICE_SAT));
    assert_eq!((during.id, during.funding, during.capacity_sat), (before.id, before.funding, CHANNEL_SAT));
    assert_eq!(during.local_msat, CHANNEL_SAT * 1_000 - PAID_MSAT, "what is pending is not counted in it");
    pay_through(bench, PAID_MSAT, &[before.id]).await;
    settled(bench, Side::Seller, 2 * PAID_MSAT).await;
    assert_eq!(seen(bench, Side::Seller, 1).await.expect("listed").0.local_msat, 2 * PAID_MSAT);
    let told = |event: &NodeEvent| match event {
        NodeEvent::Channel(channel) => channel.splices.first().and_then(|splice| match splice.state {
            SpliceState::Pending { confirmations: 0, needed } => Some(needed),
            _ => None,
        }),
        _ => None,
    };
    for side in [Side::Buyer, Side::Seller] {
        assert!(bench.host(side).wait_for("the pending splice", told).await > 1);
    }
    let after = locked(bench, 1).await;
    assert_eq!((after.id, after.funding, after.capacity_sat), (before.id, ours.funding, 15_000_000));
    assert_eq!(after.local_msat, (CHANNEL_SAT + SPLICE_SAT) * 1_000 - 2 * PAID_MSAT);
    pay_through(bench, PAID_MSAT, &[before.id]).await;
    settled(bench, Side::Seller, 3 * PAID_MSAT).await;
    mine(bench, 1).await;
    let fee_sat = seen(bench, Side::Buyer, 1).await.expect("remembered").1.fee_sat;
    assert!((1..FEE_SAT_MAX).contains(&fee_sat), "{fee_sat}");
    assert_eq!(wealth_msat(bench, Side::Buyer).await, wealth.0 - 2 * PAID_MSAT - fee_sat * 1_000);
    assert_eq!(wealth_msat(bench, Side::Seller).await, wealth.1 + 2 * PAID_MSAT);
}

/// The same splice twice, also after a restart of either side while it is pending, is one splice.
pub async fn the_same_splice_twice_splices_once_through_restarts_of_either_side(bench: &dyn Bench) {
    ready(bench).await;
    let id = open(bench, 1, CHANNEL_SAT).await.id;
    let_in(bench, Side::Seller, id, 1);
    let order = splice_in(id, 1, SPLICE_SAT);
    bench.node(Side::Buyer).splice(order.clone()).await.expect("let in");
    assert_eq!(bench.node(Side::Buyer).splice(order.clone()).await, Ok(()));
    let next = bench.node(Side::Buyer).splice(splice_in(id, 2, SPLICE_SAT)).await;
    assert!(matches!(next, Err(LightningError::Unavailable { .. })), "one at a time: {next:?}");
    let funding = pending(bench, Side::Buyer, 1).await.1.funding;
    for side in [Side::Buyer, Side::Seller] {
        bench.restart(side).await;
        connect(bench).await;
        assert_eq!(bench.node(Side::Buyer).splice(order.clone()).await, Ok(()), "known after a restart");
        assert_eq!(pending(bench, side, 1).await.1.funding, funding);
    }
    let after = locked(bench, 1).await;
    assert_eq!((after.funding, after.capacity_sat), (funding, CHANNEL_SAT + SPLICE_SAT));
    assert_eq!(after.local_msat, (CHANNEL_SAT + SPLICE_SAT) * 1_000);
    bench.restart(Side::Buyer).await;
    connect(bench).await;
    assert_eq!(bench.node(Side::Buyer).splice(order).await, Ok(()), "known when it is locked");
    until_usable(bench).await;
    pay_through(bench, PAID_MSAT, &[id]).await;
    let splices = seen(bench, Side::Buyer, 1).await.expect("remembered").0.splices;
    assert_eq!(splices.len(), 1, "{splices:#?}");
}

/// What is missing is named to the satoshi before the peer is asked; with it the same order goes through.
pub async fn missing_funds_for_a_splice_are_named_to_the_satoshi(bench: &dyn Bench) {
    ready(bench).await;
    let id = open(bench, 1, CHANNEL_SAT).await.id;
    let_in(bench, Side::Seller, id, 1);
    let order = splice_in(id, 1, 50_000_000);
    let error = bench.node(Side::Buyer).splice(order.clone()).await.expect_err("too little");
    let LightningError::Splice(OpenFailure::InsufficientFunds { needed_sat, available_sat, missing_sat }) =
        error
    else {
        panic!("not missing funds: {error:?}")
    };
    assert_eq!(available_sat, balances(bench, Side::Buyer).await.onchain_spendable_sat);
    assert_eq!(missing_sat, needed_sat - available_sat);
    assert!(needed_sat > 50_000_000, "{needed_sat}");
    assert_eq!(bench.host(Side::Seller).splices_asked(), vec![]);
    fund(bench, Side::Buyer, missing_sat).await;
    bench.node(Side::Buyer).splice(order).await.expect("exactly enough");
    assert_eq!(locked(bench, 1).await.capacity_sat, 60_000_000);
}

/// What the host refuses, the orderer hears verbatim; no money moves and the channel goes on.
pub async fn a_splice_is_refused_in_the_hosts_words(bench: &dyn Bench) {
    ready(bench).await;
    let id = open(bench, 1, CHANNEL_SAT).await.id;
    let free_sat = balances(bench, Side::Buyer).await.onchain_spendable_sat;
    let text = "Contract 7 announces no splice into channel 1 (\u{a7}4)".to_string();
    bench.host(Side::Seller).answer_splice(id, SpliceAdmission::Refuse { text: text.clone() });
    let order = splice_in(id, 1, SPLICE_SAT);
    let error = bench.node(Side::Buyer).splice(order.clone()).await.expect_err("refused");
    let failure = OpenFailure::Policy { text };
    assert_eq!(error, LightningError::Splice(failure.clone()));
    let_in(bench, Side::Seller, id, 1);
    assert_eq!(bench.node(Side::Buyer).splice(order).await, Err(error), "the same id is not tried again");
    let seen = seen(bench, Side::Buyer, 1).await.expect("remembered");
    assert_eq!(seen.1.state, SpliceState::Failed(failure));
    until("the coins of the refused splice", || async {
        (balances(bench, Side::Buyer).await.onchain_spendable_sat == free_sat).then_some(())
    })
    .await;
    until_usable(bench).await;
    pay_through(bench, PAID_MSAT, &[id]).await;
    let_in(bench, Side::Seller, id, 2);
    bench.node(Side::Buyer).splice(splice_in(id, 2, SPLICE_SAT)).await.expect("another id, let in");
    assert_eq!(locked(bench, 2).await.capacity_sat, CHANNEL_SAT + SPLICE_SAT);
}

/// A splice out pays our wallet exactly; the fee comes from our side, and the peer's host is asked.
pub async fn a_splice_out_pays_our_wallet_and_is_asked_for(bench: &dyn Bench) {
    ready(bench).await;
    let id = open(bench, 1, CHANNEL_SAT).await.id;
    pay_through(bench, PAID_MSAT, &[id]).await;
    settled(bench, Side::Seller, PAID_MSAT).await;
    let wealth = (wealth_msat(bench, Side::Buyer).await, wealth_msat(bench, Side::Seller).await);
    let out = |n: u128, amount_sat: u64| OrderSplice {
        id: splice_id(Side::Seller, n),
        channel: id,
        way: SpliceWay::Out,
        amount_sat,
    };
    let too_much = bench.node(Side::Seller).splice(out(1, 3_000_000)).await;
    assert!(
        matches!(too_much, Err(LightningError::Splice(OpenFailure::InsufficientFunds { .. }))),
        "the reserve stays: {too_much:?}"
    );
    let unasked = bench.node(Side::Seller).splice(out(2, 2_000_000)).await;
    assert!(
        matches!(unasked, Err(LightningError::Splice(OpenFailure::Policy { .. }))),
        "nobody takes money out without the other side's word: {unasked:?}"
    );
    let_in(bench, Side::Buyer, id, 3);
    let onchain_sat = balances(bench, Side::Seller).await.onchain_total_sat;
    bench.node(Side::Seller).splice(out(3, 2_000_000)).await.expect("let in");
    let (_, ours) = pending(bench, Side::Seller, 3).await;
    let asked = bench.host(Side::Buyer).splices_asked().pop().expect("asked");
    assert_eq!((asked.way, asked.amount_sat), (SpliceWay::Out, 2_000_000 + ours.fee_sat));
    let after = locked(bench, 3).await;
    assert_eq!(after.capacity_sat, CHANNEL_SAT - 2_000_000 - ours.fee_sat);
    assert_eq!(after.local_msat, CHANNEL_SAT * 1_000 - PAID_MSAT);
    assert_eq!(balances(bench, Side::Seller).await.onchain_total_sat, onchain_sat + 2_000_000);
    assert_eq!(wealth_msat(bench, Side::Seller).await, wealth.1 - ours.fee_sat * 1_000);
    assert_eq!(wealth_msat(bench, Side::Buyer).await, wealth.0);
}

/// What one payment carries is fixed at the opening: after a splice the rest goes in a second payment.
pub async fn a_splice_leaves_the_limit_of_one_payment(bench: &dyn Bench) {
    ready(bench).await;
    let before = open(bench, 1, CHANNEL_SAT).await;
    assert_eq!(before.in_flight_limit_msat, CHANNEL_SAT * 1_000, "said before it matters");
    let_in(bench, Side::Seller, before.id, 1);
    bench.node(Side::Buyer).splice(splice_in(before.id, 1, CHANNEL_SAT)).await.expect("let in");
    let after = locked(bench, 1).await;
    assert_eq!(after.in_flight_limit_msat, before.in_flight_limit_msat);
    assert_eq!(after.next_outbound_htlc_limit_msat, before.in_flight_limit_msat);
    assert!(after.outbound_capacity_msat > 19_000_000_000, "{after:?}");
    let large = invoice(bench, 12_000_000_000).await;
    bench.host(Side::Seller).answer(large.payment_hash, Claim::Take);
    let refused = pay(bench, &large.bolt11, &[after.id]).await;
    assert!(matches!(refused, Err(LightningError::Refused { .. })), "{refused:?}");
    pay_through(bench, CHANNEL_SAT * 1_000, &[after.id]).await;
    settled(bench, Side::Seller, CHANNEL_SAT * 1_000).await;
    until("room for the next payment", || async {
        let channel = channel(bench, Side::Buyer, opening(1)).await.expect("listed");
        (channel.next_outbound_htlc_limit_msat >= 9_000_000_000).then_some(())
    })
    .await;
    pay_through(bench, 9_000_000_000, &[after.id]).await;
    settled(bench, Side::Seller, 19_000_000_000).await;
}

/// Without the peer a splice says so, and can be made later with the same id. A channel that was closed
/// after its splice gives all money back.
pub async fn a_splice_without_the_peer_says_so_and_a_spliced_channel_closes(bench: &dyn Bench) {
    ready(bench).await;
    let wealth = wealth_msat(bench, Side::Buyer).await + wealth_msat(bench, Side::Seller).await;
    let id = open(bench, 1, CHANNEL_SAT).await.id;
    let_in(bench, Side::Seller, id, 1);
    bench.node(Side::Seller).stop().await;
    let order = splice_in(id, 1, SPLICE_SAT);
    until("the lost connection", || async {
        let early = bench.node(Side::Buyer).splice(order.clone()).await;
        (early == Err(LightningError::Splice(OpenFailure::PeerOffline))).then_some(())
    })
    .await;
    bench.restart(Side::Seller).await;
    connect(bench).await;
    until_usable(bench).await;
    bench.node(Side::Buyer).splice(order).await.expect("let in");
    locked(bench, 1).await;
    pay_through(bench, PAID_MSAT, &[id]).await;
    settled(bench, Side::Seller, PAID_MSAT).await;
    bench.node(Side::Buyer).close_channel(id, crate::CloseMode::Cooperative).await.expect("taken");
    let closed = || async {
        let channel = channel(bench, Side::Buyer, opening(1)).await.expect("remembered");
        match channel.state {
            crate::ChannelState::Closed { closing_tx: Some(txid), .. } => Some((channel, txid)),
            _ => None,
        }
    };
    let (channel, txid) = mine_until(bench, 10, "the closed channel", closed).await;
    assert_eq!(channel.capacity_sat, CHANNEL_SAT + SPLICE_SAT, "the size it had last");
    let movements = bench.node(Side::Buyer).onchain_movements().await.expect("the node runs");
    assert!(
        movements.iter().any(|movement| movement.txid == txid),
        "the closing transaction, not the splice"
    );
    let after = wealth_msat(bench, Side::Buyer).await + wealth_msat(bench, Side::Seller).await;
    assert!(after <= wealth && after + 2 * FEE_SAT_MAX * 1_000 > wealth, "{after} of {wealth}");
}

/// A splice of a channel that is not open is refused.
pub async fn a_channel_that_is_not_open_is_not_spliced(bench: &dyn Bench) {
    ready(bench).await;
    let id = order(bench, 1, CHANNEL_SAT, 144).await.expect("announced");
    let error = bench.node(Side::Buyer).splice(splice_in(id, 1, SPLICE_SAT)).await.expect_err("not yet open");
    assert!(matches!(error, LightningError::Refused { .. }), "{error:?}");
}

/// A node that can't splice says so, before and when it is asked: a further channel does the same.
pub async fn a_node_that_can_not_splice_says_so(bench: &dyn Bench) {
    ready(bench).await;
    let channel = open(bench, 1, 10_000_000).await;
    assert!(!bench.node(Side::Buyer).info().await.expect("the node runs").splice);
    let refused = bench.node(Side::Buyer).splice(splice_in(channel.id, 1, SPLICE_SAT)).await;
    assert_eq!(refused, Err(LightningError::Splice(OpenFailure::OwnNoSplice)));
    let there = channel_now(bench).await;
    assert_eq!((there.capacity_sat, there.splices), (10_000_000, vec![]));
}

async fn channel_now(bench: &dyn Bench) -> crate::Channel {
    super::steps::channel(bench, Side::Buyer, super::steps::opening(1)).await.expect("it is listed")
}
