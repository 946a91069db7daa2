//! An LND whose disk is full: what it can't write down is not known, and never failed.

use lncontract_lightning::{
    ChannelState, Claim, LightningError, NodeEvent, OpenFailure, Pay, PaymentState,
    conformance::{Bench, Side},
};

use crate::{
    bench::{MixedBench, WIDE, bench},
    disk::Disk,
    steps::{invoice, mine_until_open, opening, order, pay, pay_through, ready, settled, until},
};

/// What LND logs of it.
const NO_ROOM: &str = "no space left on device";

/// With an open channel, and the databases of one side's LND on a disk of their own.
async fn with_a_disk(side: Side) -> (MixedBench, Disk) {
    let bench = bench(WIDE, WIDE).await;
    ready(&bench).await;
    order(&bench, 1, 10_000_000).await.expect("announced");
    mine_until_open(&bench, 1).await;
    let disk = bench.with_lnd(side, Disk::under);
    until_usable(&bench).await;
    pay_through(&bench, 1_000_000).await;
    (bench, disk)
}

async fn until_usable(bench: &MixedBench) {
    for (side, id) in [(Side::Buyer, opening(1)), (Side::Seller, opening(101))] {
        until("the usable channel", || async move {
            let channels = bench.node(side).channels().await.ok()?;
            let usable = ChannelState::Open { usable: true };
            channels.iter().any(|channel| channel.opening == id && channel.state == usable).then_some(())
        })
        .await;
    }
}

/// What an operator does: makes room, and starts LND again.
async fn made_room(bench: &MixedBench, side: Side, disk: &Disk) {
    disk.free();
    bench.with_lnd(side, |lnd| lnd.restart());
    until_usable(bench).await;
}

async fn has_no_room(bench: &MixedBench, side: Side) {
    until("LND without room", || async {
        bench.with_lnd(side, |lnd| lnd.log().contains(NO_ROOM)).then_some(())
    })
    .await;
}

async fn in_channels(bench: &MixedBench, seller_msat: u64) {
    for (side, msat) in [(Side::Buyer, 10_000_000_000 - seller_msat), (Side::Seller, seller_msat)] {
        until("the settled books", || async move {
            let money = bench.node(side).balances().await.ok()?;
            (money.channels_msat == msat).then_some(())
        })
        .await;
    }
}

/// The payer's LND can't write down what becomes of a payment. Nobody says that it failed; once there is room it arrives,
/// once, also when it is ordered again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_full_disk_of_the_payer_fails_no_payment_and_all_goes_on_when_there_is_room() {
    let (bench, disk) = with_a_disk(Side::Buyer).await;
    let (bolt11, hash) = invoice(&bench, 2_000_000, Claim::Take).await;
    let node = bench.node(Side::Buyer);
    let over = node.channels().await.expect("it runs")[0].id;
    let order = Pay { bolt11, channels: vec![over.into()] };
    disk.fill();
    let taken = node.pay(order.clone()).await;
    assert!(!matches!(taken, Err(LightningError::Expired)), "{taken:?}");
    has_no_room(&bench, Side::Buyer).await;
    for _ in 0..20 {
        let state = node.payment(hash).await;
        let open =
            matches!(state, Ok(PaymentState::InFlight | PaymentState::Sent { .. } | PaymentState::Absent));
        assert!(open || matches!(state, Err(LightningError::Unavailable { .. })), "{state:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    made_room(&bench, Side::Buyer, &disk).await;
    node.pay(order).await.expect("known or taken");
    settled(&bench, hash).await;
    pay_through(&bench, 3_000_000).await;
    in_channels(&bench, 6_000_000).await;
    let failed = |event: &NodeEvent| matches!(event, NodeEvent::PaymentFailed { .. });
    assert!(!bench.host(Side::Buyer).events().iter().any(failed), "nothing failed");
}

/// The payee's LND can't write down a new channel, and gives the opener no reason. The same order succeeds once there is
/// room, and what was asked for before is paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_full_disk_of_the_payee_is_an_opening_refused_without_a_reason_until_there_is_room() {
    let (bench, disk) = with_a_disk(Side::Seller).await;
    let (bolt11, hash) = invoice(&bench, 2_000_000, Claim::Take).await;
    disk.fill();
    let refused = order(&bench, 2, 20_000_000).await;
    let text = "funding failed due to internal error".to_owned();
    assert_eq!(refused, Err(LightningError::Open(OpenFailure::NoReason { text })));
    has_no_room(&bench, Side::Seller).await;
    made_room(&bench, Side::Seller, &disk).await;
    order(&bench, 2, 20_000_000).await.expect("the same order again");
    mine_until_open(&bench, 2).await;
    pay(&bench, bolt11).await;
    settled(&bench, hash).await;
    until("the money", || async {
        let money = bench.node(Side::Seller).balances().await.ok()?;
        (money.channels_msat == 3_000_000).then_some(())
    })
    .await;
}
