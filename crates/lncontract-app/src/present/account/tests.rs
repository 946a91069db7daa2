//! The books against the fake network, block by block, and against closes that the fake does not know.

use std::sync::Arc;

use bitcoin::{
    Txid,
    hashes::Hash,
    secp256k1::{Secp256k1, SecretKey},
};
use lncontract_lightning::{
    ChannelId, Claim, CloseMode, FakeLightning, FakeNetwork, Lightning, NewInvoice, OpenChannel, OpeningId,
    Pay, PaymentState, conformance::ScriptedHost,
};

use super::*;

const CHANNEL_SAT: u64 = 30_000_000;
/// With a fraction of a satoshi, which no closing transaction pays.
const PAID_MSAT: u64 = 12_345_678_901;

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    for _ in 0..1_000 {
        if look().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("never came: {what}");
}

/// The difference between books and node that remains: nothing.
async fn check(node: &FakeLightning, payments_msat: i64, what: &str) {
    let channels = node.channels().await.expect("it runs");
    let movements = node.onchain_movements().await.expect("it runs");
    let closes = node.forced_closes().await.expect("it runs");
    let books = Books::of(&movements, &channels, &closes);
    let held = node.balances().await.expect("it runs");
    let node_msat = (held.onchain_total_sat + held.closing_sat) * 1_000 + held.channels_msat;
    let ledger_msat = books.deposits_sat.cast_signed() * 1_000 - books.cost_msat + payments_msat;
    assert_eq!(ledger_msat, node_msat.cast_signed(), "{what}: {books:?}, {held:?}");
}

struct Two {
    network: Arc<FakeNetwork>,
    nodes: [Arc<FakeLightning>; 2],
    channel: ChannelId,
}

impl Two {
    /// A channel over which the first has paid the second.
    async fn paid() -> Self {
        let network = FakeNetwork::at(1_800_000_000);
        let hosts = [(); 2].map(|()| Arc::new(ScriptedHost::default()));
        let nodes = [1, 2].map(|seed| network.node(seed, Arc::clone(&hosts[usize::from(seed) - 1]) as _));
        let [buyer, seller] = &nodes;
        network.fund(buyer.key(), CHANNEL_SAT + 1_000_000);
        network.fund(seller.key(), 1_000_000);
        network.mine(1);
        buyer.connect(seller.key(), &network.address(seller.key())).await.expect("there");
        hosts[1].announce(CHANNEL_SAT, OpeningId(2), 1_008);
        let open = OpenChannel { opening: OpeningId(1), peer: seller.key(), amount_sat: CHANNEL_SAT };
        let channel = buyer.open_channel(open).await.expect("announced");
        network.mine(3);
        let new = NewInvoice {
            amount_msat: PAID_MSAT,
            description_hash: [0; 32],
            expiry_s: 3_600,
            label: String::new(),
        };
        let invoice = seller.create_invoice(new).await.expect("an invoice");
        hosts[1].answer(invoice.payment_hash, Claim::Take);
        buyer.pay(Pay { bolt11: invoice.bolt11, channels: vec![channel.into()] }).await.expect("taken");
        until("the payment", async || {
            let state = buyer.payment(invoice.payment_hash).await.expect("it runs");
            let arrived = seller.balances().await.expect("it runs").channels_msat == PAID_MSAT;
            matches!(state, PaymentState::Sent { .. }) && arrived
        })
        .await;
        Two { network, nodes, channel }
    }

    /// Both books, now.
    async fn check(&self, what: &str) {
        let paid_msat = PAID_MSAT.cast_signed();
        check(&self.nodes[0], -paid_msat, &format!("buyer, {what}")).await;
        check(&self.nodes[1], paid_msat, &format!("seller, {what}")).await;
    }

    async fn close_and_check_each_block(closer: usize, mode: CloseMode) {
        let two = Self::paid().await;
        two.check("open").await;
        two.nodes[closer].close_channel(two.channel, mode).await.expect("taken");
        two.check("closing").await;
        for block in 1..=1_010 {
            two.network.mine(1);
            two.check(&format!("{block} blocks after the close")).await;
        }
        for node in &two.nodes {
            let held = node.balances().await.expect("it runs");
            assert_eq!((held.channels_msat, held.closing_sat), (0, 0), "all of it has come back");
        }
    }
}

#[tokio::test]
async fn a_close_by_the_buyer_alone_is_explained_at_each_block() {
    Two::close_and_check_each_block(0, CloseMode::Forced).await;
}

#[tokio::test]
async fn a_close_by_the_seller_alone_is_explained_at_each_block() {
    Two::close_and_check_each_block(1, CloseMode::Forced).await;
}

#[tokio::test]
async fn a_close_together_is_explained_at_each_block() {
    Two::close_and_check_each_block(0, CloseMode::Cooperative).await;
}

fn txid(n: u8) -> Txid {
    Txid::from_byte_array([n; 32])
}

fn closed(outbound: bool, local_msat: u64) -> Channel {
    let peer = SecretKey::from_slice(&[1; 32]).expect("a key").public_key(&Secp256k1::new());
    Channel {
        id: ChannelId([7; 32]),
        opening: OpeningId(7),
        peer,
        outbound,
        funding: None,
        capacity_sat: 1_000_000,
        local_msat,
        outbound_capacity_msat: 0,
        next_outbound_htlc_limit_msat: 0,
        inbound_capacity_msat: 0,
        reserve_sat: 0,
        our_delay_blocks: None,
        state: ChannelState::Closed { forced: true, closing_tx: Some(txid(1)) },
        in_flight_limit_msat: 0,
        splices: Vec::new(),
    }
}

/// `spent_by`: output, transaction.
fn close(outputs_sat: &[u64], spent_by: &[(u32, u8)]) -> ForcedClose {
    let spent_by = spent_by.iter().map(|(index, by)| (*index, txid(*by))).collect();
    ForcedClose {
        opening: OpeningId(7),
        txid: txid(1),
        height: None,
        outputs_sat: outputs_sat.to_vec(),
        spent_by,
    }
}

fn movement(n: u8, sent_sat: u64, received_sat: u64) -> OnchainMovement {
    let (outputs_sat, fee_sat, height) = (received_sat, None, Some(9));
    OnchainMovement { txid: txid(n), received_sat, sent_sat, outputs_sat, fee_sat, height }
}

#[track_caller]
fn costs(channel: &Channel, close: &ForcedClose, movements: &[OnchainMovement], cost_msat: i64) {
    let books = Books::of(movements, std::slice::from_ref(channel), std::slice::from_ref(close));
    assert_eq!(books, Books { deposits_sat: 0, cost_msat });
}

#[test]
fn the_opener_pays_commitment_fee_and_anchors_and_each_its_sweep() {
    // 1,000,000 = 599,000 of the opener, 400,000 of the other, two anchors, 340 of fee.
    let outputs = [330, 330, 400_000, 599_000];
    costs(&closed(true, 600_000_000), &close(&outputs, &[]), &[], 1_000_000);
    costs(&closed(true, 600_000_000), &close(&outputs, &[(3, 2)]), &[movement(2, 0, 598_800)], 1_200_000);
    costs(&closed(false, 400_000_000), &close(&outputs, &[]), &[], 0);
    costs(&closed(false, 400_000_000), &close(&outputs, &[(2, 2)]), &[movement(2, 0, 399_900)], 100_000);
}

#[test]
fn a_fee_bump_over_the_anchor_costs_what_the_wallet_lost() {
    // 10,000 of the wallet and the anchor of 330 came back as 7,330.
    let bumped = close(&[330, 330, 400_000, 599_000], &[(0, 3)]);
    costs(&closed(true, 600_000_000), &bumped, &[movement(3, 10_000, 7_330)], 1_000_000 + 2_670_000);
    // Before a block holds them, the wallet knows neither the anchor nor its transaction.
    let mut waiting = closed(true, 600_000_000);
    waiting.state = ChannelState::Closing { forced: true };
    let books = Books::of(&[movement(3, 10_000, 7_330)], &[waiting], &[]);
    assert_eq!(books, Books { deposits_sat: 0, cost_msat: 2_670_000 });
}

#[test]
fn a_fraction_and_a_balance_below_dust_are_lost_to_the_fee() {
    costs(&closed(true, 600_000_400), &close(&[330, 330, 399_999, 599_000], &[]), &[], 1_000_400);
    costs(&closed(false, 399_999_600), &close(&[330, 330, 399_999, 599_000], &[]), &[], 600);
    costs(&closed(false, 200_000), &close(&[330, 998_000], &[]), &[], 200_000);
    costs(&closed(true, 1_000_000_000), &close(&[330, 998_000], &[]), &[], 2_000_000);
}

#[test]
fn what_is_taken_of_an_old_state_is_income() {
    // The old state still gave the opener 899,000; the seller's 400,000 of today are not in it.
    let old = close(&[330, 330, 100_000, 899_000], &[(2, 2), (3, 3)]);
    let taken = [movement(2, 0, 99_900), movement(3, 0, 890_000)];
    let all_taken_msat = (99_900 + 890_000 - 400_000) * 1_000;
    costs(&closed(false, 400_000_000), &old, &taken, -all_taken_msat);
}
