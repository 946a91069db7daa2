//! An LND that is upgraded under way: from the oldest that contracts take to today's, on the same folder, while the
//! program runs.

use std::time::Duration;

use bitcoin::Network;
use lncontract_lightning::{
    Balances, Channel, ChannelState, Claim, OnchainMovement, PaymentHash, PaymentState,
    conformance::{Bench, Side},
};
use lncontract_lightning_lnd::report;

use crate::{
    bench::{Kind, MixedBench, bench},
    lnd::{NEW, program},
    steps::{invoice, mine_until_open, order, pay, pay_through, ready, settled, until},
};

const OLD: Kind = Kind::OldLnd(&["--protocol.wumbo-channels", "--maxpendingchannels=10"]);

/// What a company's books are compared with.
#[derive(Debug, PartialEq)]
struct Books {
    money: Balances,
    channels: Vec<Channel>,
    payments: Vec<PaymentState>,
    moved: Vec<OnchainMovement>,
}

/// None while LND is away, its channel waits for the peer, or not that much is in it yet.
async fn books(bench: &MixedBench, side: Side, paid: &[PaymentHash], msat: u64) -> Option<Books> {
    let node = bench.node(side);
    let money = node.balances().await.ok()?;
    if money.channels_msat != msat {
        return None;
    }
    let mut channels = node.channels().await.ok()?;
    channels.sort_by_key(|channel| channel.opening);
    let usable = |channel: &Channel| channel.state == ChannelState::Open { usable: true };
    if !channels.iter().all(usable) {
        return None;
    }
    let mut payments = Vec::new();
    for hash in paid {
        payments.push(node.payment(*hash).await.ok()?);
    }
    let mut moved = node.onchain_movements().await.ok()?;
    moved.sort_by_key(|moved| moved.txid);
    Some(Books { money, channels, payments, moved })
}

/// When two looks see the same: what a payment leaves in the commitments for a moment is gone.
async fn at_rest(bench: &MixedBench, side: Side, paid: &[PaymentHash], msat: u64) -> Books {
    until("books at rest", || async {
        let first = books(bench, side, paid, msat).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        (books(bench, side, paid, msat).await.as_ref() == Some(&first)).then_some(first)
    })
    .await
}

async fn version(bench: &MixedBench, side: Side) -> String {
    let access = bench.with_lnd(side, |lnd| lnd.access());
    until("LND's version", || async { report(&access, Network::Regtest).await.ok() }).await.version
}

/// Both companies begin on the oldest LND, and each upgrades in its turn: with one payment done, one in flight and one
/// invoice unpaid. No figure changes by it, and everything goes on: what was in flight is taken, the invoice of before
/// is paid, a channel is opened. So the floor is true, and old and new work with each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_of_old_is_upgraded_under_way_and_all_books_stay_equal() {
    let bench = bench(OLD, OLD).await;
    ready(&bench).await;
    order(&bench, 1, 10_000_000).await.expect("announced");
    mine_until_open(&bench, 1).await;
    let mut paid = vec![pay_through(&bench, 1_666_666_667).await];
    let (unpaid, unpaid_hash) = invoice(&bench, 500_000_000, Claim::Take).await;
    let (in_flight, in_flight_hash) = invoice(&bench, 250_000_001, Claim::AskAgain).await;
    pay(&bench, in_flight).await;
    until("the payment in flight", || async {
        (bench.host(Side::Seller).times_asked(in_flight_hash) > 0).then_some(())
    })
    .await;
    paid.push(in_flight_hash);
    let mut paid_msat = 1_666_666_667;
    for upgraded in [Side::Buyer, Side::Seller] {
        let found = version(&bench, upgraded).await;
        assert!(found.starts_with("0.18."), "the oldest, not {found}");
        // What is in flight is on neither side.
        let sides = [(Side::Buyer, 10_000_000_000 - 250_000_001 - paid_msat), (Side::Seller, paid_msat)];
        let mut before = Vec::new();
        for (side, msat) in sides {
            before.push(at_rest(&bench, side, &paid, msat).await);
        }
        bench.with_lnd(upgraded, |lnd| {
            lnd.program = program(NEW);
            lnd.restart();
        });
        let found = version(&bench, upgraded).await;
        assert!(!found.starts_with("0.18."), "today's, not {found}");
        for ((side, msat), before) in sides.into_iter().zip(&before) {
            assert_eq!(at_rest(&bench, side, &paid, msat).await, *before, "the books of the {side:?}");
        }
        paid.push(pay_through(&bench, 1_000_003).await);
        paid_msat += 1_000_003;
    }
    bench.host(Side::Seller).answer(in_flight_hash, Claim::Take);
    settled(&bench, in_flight_hash).await;
    pay(&bench, unpaid).await;
    settled(&bench, unpaid_hash).await;
    order(&bench, 2, 20_000_000).await.expect("announced");
    mine_until_open(&bench, 2).await;
    let bench = &bench;
    paid_msat += 250_000_001 + 500_000_000;
    for (side, msat) in [(Side::Buyer, 30_000_000_000 - paid_msat), (Side::Seller, paid_msat)] {
        until("the settled books", || async move {
            let money = bench.node(side).balances().await.ok()?;
            (money.channels_msat == msat).then_some(())
        })
        .await;
    }
}
