//! An LND that others use too: what they pay, close or cancel is seen and told.

use lncontract_lightning::{
    ChannelState, Claim, CloseMode, Lightning, NewInvoice, NodeEvent, Pay,
    conformance::{Bench, Side},
};

use crate::{
    bench::{MixedBench, WIDE, bench},
    by_hand::ByHand,
    steps::{invoice, mine_until_open, opening, order, pay, pay_through, ready, until},
};

async fn with_a_channel() -> MixedBench {
    let bench = bench(WIDE, WIDE).await;
    ready(&bench).await;
    order(&bench, 1, 10_000_000).await.expect("announced");
    mine_until_open(&bench, 1).await;
    bench
}

fn new_invoice() -> NewInvoice {
    NewInvoice { amount_msat: 2_000_000_000, description_hash: [7; 32], expiry_s: 600, label: String::new() }
}

/// Somebody pays an invoice of the contract by hand: the program hears of it as if it had paid itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_pays_an_invoice_by_hand_and_the_program_hears_of_it() {
    let bench = with_a_channel().await;
    let invoice = bench.node(Side::Seller).create_invoice(new_invoice()).await.expect("an invoice");
    bench.host(Side::Seller).answer(invoice.payment_hash, Claim::Take);
    let (by_hand, _) = bench.other_software(Side::Buyer).await;
    let channels = by_hand.channels().await.expect("it runs");
    let pay = Pay { bolt11: invoice.bolt11.clone(), channels: vec![channels[0].id.into()] };
    by_hand.pay(pay.clone()).await.expect("taken");
    let sent = |event: &NodeEvent| match event {
        NodeEvent::PaymentSent { payment_hash, .. } if *payment_hash == invoice.payment_hash => Some(()),
        _ => None,
    };
    bench.host(Side::Buyer).wait_for("the payment by hand", sent).await;
    // Money: the program paying it too is no second payment.
    bench.node(Side::Buyer).pay(pay).await.expect("LND has it");
    let left = bench.node(Side::Buyer).channels().await.expect("it runs")[0].local_msat;
    assert_eq!(left, 10_000_000_000 - 2_000_000_000);
    by_hand.stop().await;
}

/// Other software spends over an earmarked channel: the room in it falls at once, for both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_shows_what_other_software_spends_over_a_channel() {
    let bench = with_a_channel().await;
    let before = bench.node(Side::Buyer).channels().await.expect("it runs")[0].outbound_capacity_msat;
    let (other_buyer, _) = bench.other_software(Side::Buyer).await;
    let (other_seller, host) = bench.other_software(Side::Seller).await;
    let rent = other_seller.create_invoice(new_invoice()).await.expect("an invoice");
    host.answer(rent.payment_hash, Claim::Take);
    let channels = other_buyer.channels().await.expect("it runs");
    other_buyer.pay(Pay { bolt11: rent.bolt11, channels: vec![channels[0].id.into()] }).await.expect("taken");
    until("the fall", || async {
        let now = bench.node(Side::Buyer).channels().await.ok()?[0].outbound_capacity_msat;
        (now == before - 2_000_000_000).then_some(())
    })
    .await;
    assert_eq!(
        bench.host(Side::Seller).times_asked(rent.payment_hash),
        0,
        "another program's invoice is not ours"
    );
    other_buyer.stop().await;
    other_seller.stop().await;
}

/// Somebody closes a channel of the contract by hand: both programs hear of it, to the closing transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_closes_a_channel_by_hand_and_both_programs_hear_of_it() {
    let bench = with_a_channel().await;
    let (by_hand, _) = bench.other_software(Side::Buyer).await;
    let channels = by_hand.channels().await.expect("it runs");
    by_hand.close_channel(channels[0].id, CloseMode::Cooperative).await.expect("taken");
    for _ in 0..2 {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        bench.mine(1).await;
    }
    for (side, id) in [(Side::Buyer, opening(1)), (Side::Seller, opening(101))] {
        let closed = move |event: &NodeEvent| match event {
            NodeEvent::Channel(channel) if channel.opening == id => match channel.state {
                ChannelState::Closed { forced: false, closing_tx } => closing_tx,
                _ => None,
            },
            _ => None,
        };
        bench.host(side).wait_for("the closed channel", closed).await;
    }
    by_hand.stop().await;
}

/// Somebody cancels an invoice of ours by hand and deletes it, while the program runs and while it does not. The program
/// is told in each case; the payer's payment fails for good, and another invoice for the same is paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_tells_of_an_invoice_that_was_cancelled_or_deleted_by_hand() {
    let bench = with_a_channel().await;
    let by_hand = ByHand::at(&bench, Side::Seller);
    let withdrawn = async |hash| {
        let told = |event: &NodeEvent| match event {
            NodeEvent::InvoiceWithdrawn { payment_hash } if *payment_hash == hash => Some(()),
            _ => None,
        };
        bench.host(Side::Seller).wait_for("the withdrawn invoice", told).await;
    };
    let (bolt11, deleted) = invoice(&bench, 2_000_000, Claim::Take).await;
    by_hand.cancel_invoice(deleted).await;
    by_hand.delete_invoice(deleted).await;
    withdrawn(deleted).await;
    let mut unseen = Vec::new();
    for _ in 0..2 {
        unseen.push(invoice(&bench, 2_000_000, Claim::Take).await.1);
    }
    let (_, untouched) = invoice(&bench, 2_000_000, Claim::Take).await;
    bench.node(Side::Seller).stop().await;
    by_hand.cancel_invoice(unseen[0]).await;
    by_hand.cancel_invoice(unseen[1]).await;
    by_hand.delete_invoice(unseen[1]).await;
    let access = bench.with_lnd(Side::Seller, |lnd| lnd.access());
    bench.reconnect(Side::Seller, access).await;
    withdrawn(unseen[0]).await;
    withdrawn(unseen[1]).await;
    pay(&bench, bolt11).await;
    let failed = |event: &NodeEvent| match event {
        NodeEvent::PaymentFailed { payment_hash, reason } if *payment_hash == deleted => Some(reason.clone()),
        _ => None,
    };
    let reason = bench.host(Side::Buyer).wait_for("the failed payment", failed).await;
    assert!(reason.contains("it takes this invoice no more"), "{reason}");
    pay_through(&bench, 2_000_000).await;
    let events = bench.host(Side::Seller).events();
    assert!(
        !events.contains(&NodeEvent::InvoiceWithdrawn { payment_hash: untouched }),
        "it can be paid still"
    );
}
