//! Cases about paying: once, exactly, over what was named, and known afterwards.

use super::{
    Bench, Side,
    steps::{
        CHANNEL_SAT, balances, channel, connected, failed, fund, invoice, open, opening, pay, pay_through,
        ready, received, sent, settled, until, until_usable,
    },
};
use crate::{By, ChannelId, Claim, LightningError, NewInvoice, Pay, PaymentState, Share};

/// Odd on purpose: the last millisatoshi counts.
const AMOUNT_MSAT: u64 = 1_666_666_667;

/// A payment arrives, costs no fee, and both balances are right to the millisatoshi.
pub async fn a_payment_arrives_to_the_millisatoshi(bench: &dyn Bench) {
    ready(bench).await;
    let channel = open(bench, 1, CHANNEL_SAT).await;
    assert_eq!(balances(bench, Side::Buyer).await.channels_msat, CHANNEL_SAT * 1_000);
    assert_eq!(balances(bench, Side::Seller).await.channels_msat, 0);
    let invoice = invoice(bench, AMOUNT_MSAT).await;
    bench.host(Side::Seller).answer(invoice.payment_hash, Claim::Take);
    pay(bench, &invoice.bolt11, &[channel.id]).await.expect("taken");
    let (preimage, fee_msat) = sent(&bench.host(Side::Buyer), invoice.payment_hash).await;
    assert_eq!(sha256(&preimage), invoice.payment_hash, "the preimage is the receipt");
    assert_eq!(fee_msat, 0);
    let (amount_msat, channels) = received(&bench.host(Side::Seller), invoice.payment_hash).await;
    assert_eq!((amount_msat, channels), (AMOUNT_MSAT, vec![channel.id]));
    settled(bench, Side::Seller, AMOUNT_MSAT).await;
    settled(bench, Side::Buyer, CHANNEL_SAT * 1_000 - AMOUNT_MSAT).await;
    let state = bench.node(Side::Buyer).payment(invoice.payment_hash).await;
    assert_eq!(state, Ok(PaymentState::Sent { preimage, fee_msat: 0 }));
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use bitcoin::hashes::{Hash, sha256};
    sha256::Hash::hash(bytes).to_byte_array()
}

/// The same payment again, at once, later and after a restart, never pays twice.
pub async fn the_same_payment_again_never_pays_twice(bench: &dyn Bench) {
    ready(bench).await;
    let channel = open(bench, 1, CHANNEL_SAT).await;
    let invoice = invoice(bench, AMOUNT_MSAT).await;
    bench.host(Side::Seller).answer(invoice.payment_hash, Claim::Take);
    for _ in 0..2 {
        pay(bench, &invoice.bolt11, &[channel.id]).await.expect("known or taken");
    }
    sent(&bench.host(Side::Buyer), invoice.payment_hash).await;
    pay(bench, &invoice.bolt11, &[channel.id]).await.expect("known");
    bench.restart(Side::Buyer).await;
    connected(bench).await;
    pay(bench, &invoice.bolt11, &[channel.id]).await.expect("known");
    // Something else passes behind it, so that a second payment would have passed too.
    until_usable(bench).await;
    pay_through(bench, 1_000, &[channel.id]).await;
    settled(bench, Side::Seller, AMOUNT_MSAT + 1_000).await;
}

/// A payment names channels of ours that end at the payee; else it is refused and nothing is sent.
pub async fn a_payment_names_its_channels(bench: &dyn Bench) {
    ready(bench).await;
    let channel = open(bench, 1, 10_000_000).await;
    let invoice = invoice(bench, AMOUNT_MSAT).await;
    bench.host(Side::Seller).answer(invoice.payment_hash, Claim::Take);
    for channels in [&[][..], &[ChannelId([9; 32])], &[channel.id, ChannelId([9; 32])]] {
        let refused = pay(bench, &invoice.bolt11, channels).await;
        assert!(matches!(refused, Err(LightningError::Refused { by: By::Us, .. })), "{refused:?}");
    }
    let unreadable = pay(bench, "lnbcrt1nothing", &[channel.id]).await;
    assert!(matches!(unreadable, Err(LightningError::Refused { by: By::Us, .. })), "{unreadable:?}");
    assert_eq!(bench.node(Side::Buyer).payment(invoice.payment_hash).await, Ok(PaymentState::Absent));
    pay(bench, &invoice.bolt11, &[channel.id]).await.expect("the right one");
    sent(&bench.host(Side::Buyer), invoice.payment_hash).await;
}

/// A payment that the named channels cannot carry is refused before anything is sent.
pub async fn a_payment_beyond_the_room_is_refused_with_figures(bench: &dyn Bench) {
    ready(bench).await;
    let channel = open(bench, 1, 10_000_000).await;
    let too_much = invoice(bench, 10_000_000_000).await;
    let Err(LightningError::Refused { by: By::Us, reason }) =
        pay(bench, &too_much.bolt11, &[channel.id]).await
    else {
        panic!("the reserve cannot be paid out")
    };
    assert!(reason.contains("10000000000"), "the amount is named: {reason}");
    assert_eq!(bench.node(Side::Buyer).payment(too_much.payment_hash).await, Ok(PaymentState::Absent));
    // All that fits does fit, in one piece.
    pay_through(bench, channel.next_outbound_htlc_limit_msat, &[channel.id]).await;
}

/// What the payee's host fails back fails for good: told, kept, and all of it is the payer's again.
pub async fn a_payment_that_the_payees_host_fails_back_fails_for_good(bench: &dyn Bench) {
    ready(bench).await;
    let channel = open(bench, 1, 10_000_000).await;
    let invoice = invoice(bench, AMOUNT_MSAT).await;
    bench.host(Side::Seller).answer(invoice.payment_hash, Claim::FailBack);
    pay(bench, &invoice.bolt11, &[channel.id]).await.expect("taken");
    let reason = failed(&bench.host(Side::Buyer), invoice.payment_hash).await;
    let state = bench.node(Side::Buyer).payment(invoice.payment_hash).await;
    assert_eq!(state, Ok(PaymentState::Failed { reason }));
    settled(bench, Side::Buyer, 10_000_000_000).await;
    settled(bench, Side::Seller, 0).await;
    // Whatever is asked of it again, it is never taken against the host's word.
    let _ = pay(bench, &invoice.bolt11, &[channel.id]).await;
    settled(bench, Side::Seller, 0).await;
}

/// Nothing of what was failed back is in flight, so the same hash may be sent again, and be taken.
pub async fn what_was_failed_back_may_be_taken_later(bench: &dyn Bench) {
    ready(bench).await;
    let channel = open(bench, 1, 10_000_000).await;
    let invoice = invoice(bench, AMOUNT_MSAT).await;
    bench.host(Side::Seller).answer(invoice.payment_hash, Claim::FailBack);
    pay(bench, &invoice.bolt11, &[channel.id]).await.expect("taken");
    failed(&bench.host(Side::Buyer), invoice.payment_hash).await;
    settled(bench, Side::Buyer, 10_000_000_000).await;
    bench.host(Side::Seller).answer(invoice.payment_hash, Claim::Take);
    pay(bench, &invoice.bolt11, &[channel.id]).await.expect("taken again");
    received(&bench.host(Side::Seller), invoice.payment_hash).await;
    settled(bench, Side::Seller, AMOUNT_MSAT).await;
    until("the outcome", || async {
        let state = bench.node(Side::Buyer).payment(invoice.payment_hash).await.expect("the node runs");
        matches!(state, PaymentState::Sent { .. }).then_some(())
    })
    .await;
}

/// While the payee's host cannot decide, the payment is in flight; then it is taken.
pub async fn a_payment_waits_while_the_payees_host_cannot_decide(bench: &dyn Bench) {
    ready(bench).await;
    let channel = open(bench, 1, 10_000_000).await;
    let invoice = invoice(bench, AMOUNT_MSAT).await;
    let seller = bench.host(Side::Seller);
    seller.answer(invoice.payment_hash, Claim::AskAgain);
    pay(bench, &invoice.bolt11, &[channel.id]).await.expect("taken");
    until("the second question", || async { (seller.times_asked(invoice.payment_hash) >= 2).then_some(()) })
        .await;
    assert_eq!(bench.node(Side::Buyer).payment(invoice.payment_hash).await, Ok(PaymentState::InFlight));
    seller.answer(invoice.payment_hash, Claim::Take);
    sent(&bench.host(Side::Buyer), invoice.payment_hash).await;
    settled(bench, Side::Seller, AMOUNT_MSAT).await;
}

/// A payment that was undecided when the payee's node stopped is asked about again.
pub async fn an_undecided_payment_survives_a_restart_of_the_payee(bench: &dyn Bench) {
    ready(bench).await;
    let channel = open(bench, 1, 10_000_000).await;
    let invoice = invoice(bench, AMOUNT_MSAT).await;
    let seller = bench.host(Side::Seller);
    seller.answer(invoice.payment_hash, Claim::AskAgain);
    pay(bench, &invoice.bolt11, &[channel.id]).await.expect("taken");
    until("the question", || async { (seller.times_asked(invoice.payment_hash) >= 1).then_some(()) }).await;
    bench.restart(Side::Seller).await;
    seller.answer(invoice.payment_hash, Claim::Take);
    super::steps::connect(bench).await;
    sent(&bench.host(Side::Buyer), invoice.payment_hash).await;
    received(&seller, invoice.payment_hash).await;
    settled(bench, Side::Seller, AMOUNT_MSAT).await;
}

/// A payment that no channel carries alone is split over the named ones, no more over each than its share.
pub async fn a_payment_is_split_over_the_channels_that_it_names(bench: &dyn Bench) {
    fund(bench, Side::Buyer, 12_000_000).await;
    fund(bench, Side::Buyer, 12_000_000).await;
    ready(bench).await;
    let mut ids = Vec::new();
    for (n, amount_sat) in [(1, 10_000_001), (2, 10_000_002), (3, 10_000_003)] {
        ids.push(open(bench, n, amount_sat).await.id);
    }
    let named = &ids[..2];
    let invoice = invoice(bench, 15_000_000_000).await;
    bench.host(Side::Seller).answer(invoice.payment_hash, Claim::Take);
    let one = pay(bench, &invoice.bolt11, &ids[..1]).await;
    assert!(matches!(one, Err(LightningError::Refused { .. })), "{one:?}");
    let shares = [(named[0], 6_000_000_000), (named[1], 9_000_000_000)];
    let shares = shares.map(|(channel, most_msat)| Share { channel, most_msat });
    let little = Share { most_msat: 5_999_999_999, ..shares[0] };
    for (channels, enough) in [([little, shares[1]], false), (shares, true)] {
        let pay = Pay { bolt11: invoice.bolt11.clone(), channels: channels.to_vec() };
        let taken = bench.node(Side::Buyer).pay(pay).await;
        assert_eq!(taken.is_ok(), enough, "{taken:?}");
    }
    sent(&bench.host(Side::Buyer), invoice.payment_hash).await;
    let (amount_msat, mut over) = received(&bench.host(Side::Seller), invoice.payment_hash).await;
    let mut named = named.to_vec();
    named.sort();
    over.sort();
    assert_eq!((amount_msat, over), (15_000_000_000, named));
    let third = channel(bench, Side::Buyer, opening(3)).await.expect("the third channel");
    assert_eq!(third.local_msat, 10_000_003_000, "untouched");
    let first = channel(bench, Side::Buyer, opening(1)).await.expect("the first channel");
    assert_eq!(first.local_msat, 4_000_001_000, "no more than its share is gone");
}

/// Payments go on after a restart of either side.
pub async fn payments_go_on_after_a_restart_of_either_side(bench: &dyn Bench) {
    ready(bench).await;
    let channel = open(bench, 1, CHANNEL_SAT).await;
    pay_through(bench, AMOUNT_MSAT, &[channel.id]).await;
    for (n, side) in [Side::Buyer, Side::Seller].into_iter().enumerate() {
        bench.restart(side).await;
        super::steps::connect(bench).await;
        until_usable(bench).await;
        pay_through(bench, AMOUNT_MSAT, &[channel.id]).await;
        settled(bench, Side::Seller, AMOUNT_MSAT * (n as u64 + 2)).await;
    }
    settled(bench, Side::Buyer, CHANNEL_SAT * 1_000 - 3 * AMOUNT_MSAT).await;
}

/// An outcome that the host could not record is told again, and is known after a restart.
pub async fn an_outcome_is_told_until_it_is_recorded_and_known_after_a_restart(bench: &dyn Bench) {
    ready(bench).await;
    let channel = open(bench, 1, 10_000_000).await;
    let invoice = invoice(bench, AMOUNT_MSAT).await;
    bench.host(Side::Seller).answer(invoice.payment_hash, Claim::Take);
    bench.host(Side::Seller).fail_to_record(3);
    bench.host(Side::Buyer).fail_to_record(3);
    pay(bench, &invoice.bolt11, &[channel.id]).await.expect("taken");
    let (preimage, fee_msat) = sent(&bench.host(Side::Buyer), invoice.payment_hash).await;
    received(&bench.host(Side::Seller), invoice.payment_hash).await;
    bench.restart(Side::Buyer).await;
    let state = bench.node(Side::Buyer).payment(invoice.payment_hash).await;
    assert_eq!(state, Ok(PaymentState::Sent { preimage, fee_msat }));
}

/// A hash that was never paid is absent, which is not the same as failed.
pub async fn a_hash_that_was_never_paid_is_absent(bench: &dyn Bench) {
    assert_eq!(bench.node(Side::Buyer).payment([3; 32]).await, Ok(PaymentState::Absent));
}

/// By the node's own clock: nothing is sent, and the answer can be told from any other refusal.
pub async fn an_expired_invoice_is_not_sent_and_says_so(bench: &dyn Bench) {
    ready(bench).await;
    let new =
        NewInvoice { amount_msat: AMOUNT_MSAT, description_hash: [7; 32], expiry_s: 1, label: String::new() };
    let short = bench.node(Side::Seller).create_invoice(new).await.expect("an invoice");
    // Without a channel nothing could be sent before that either.
    until("the expiry", || async {
        (pay(bench, &short.bolt11, &[]).await == Err(LightningError::Expired)).then_some(())
    })
    .await;
    assert_eq!(bench.node(Side::Buyer).payment(short.payment_hash).await, Ok(PaymentState::Absent));
}
