//! Why a node's folder is never restored from a copy: whoever starts from an old one and closes gives the
//! whole channel away, also when the other side was offline for days.

use std::{collections::BTreeMap, path::Path};

use bitcoin::{OutPoint, TxIn};
use lncontract_devchain::DevChain;
use lncontract_lightning::{CloseMode, Lightning};

use crate::support::{
    CHANNEL_SAT, NOTICE_BLOCKS, Seat, confirmed, connect, follow, open, outputs_sat, pay, spender, until,
};

/// What an anchor output holds (BOLT 3).
const ANCHOR_SAT: u64 = 330;
/// How long the seller is away: three and a half days, less than the delay of the buyer's output.
const AWAY_BLOCKS: u32 = 500;

/// The one place where a node's folder is copied, to do on purpose what nobody must do.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder of this test");
    for entry in std::fs::read_dir(from).expect("the node's folder") {
        let entry = entry.expect("the node's folder");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a file or folder").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("copied");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seller_takes_all_when_an_old_folder_broadcasts() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let mut buyer = Seat::new(&dir.path().join("buyer"), &chain).await;
    let mut seller = Seat::new(&dir.path().join("seller"), &chain).await;
    open(&buyer, &seller, &chain).await;
    pay(&buyer, &seller, 1_000_000_000).await;
    // What makes the rest possible: the buyer's own output waits longer than the seller is away.
    assert_eq!(buyer.only_channel().await.our_delay_blocks, Some(NOTICE_BLOCKS));
    assert!(AWAY_BLOCKS < u32::from(NOTICE_BLOCKS));

    buyer.node.stop().await;
    let old = dir.path().join("old");
    copy(&buyer.config.dir, &old);
    buyer.start().await;
    connect(&buyer, &seller).await;
    pay(&buyer, &seller, 5_000_000_000).await;
    buyer.node.stop().await;
    seller.node.stop().await;

    // The buyer comes back without its last payment, and closes while nobody contradicts.
    buyer.config.dir = old;
    buyer.start().await;
    let (buyer_sat, from_height) = (buyer.onchain_sat().await, chain.height() + 1);
    let stale = buyer.only_channel().await;
    assert_eq!(stale.local_msat, (CHANNEL_SAT - 1_000_000) * 1_000, "the old state has the old balance");
    buyer.node.close_channel(stale.id, CloseMode::Forced).await.expect("nobody is there to object");
    let funding = stale.funding.expect("it was open");
    until("the old state on the chain", async || {
        chain.mine(1);
        spender(&confirmed(&chain, from_height), funding).is_some()
    })
    .await;
    chain.mine(AWAY_BLOCKS);
    follow(&buyer, &chain).await;
    assert!(buyer.node.balances().await.expect("it runs").closing_sat > 8_000_000, "it still hopes");

    seller.start().await;
    let seller_before_sat = seller.onchain_sat().await;
    until("everything at the seller", async || {
        chain.mine(1);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        seller.node.balances().await.expect("it runs").closing_sat == 0
    })
    .await;
    follow(&seller, &chain).await;
    follow(&buyer, &chain).await;

    let transactions = confirmed(&chain, from_height);
    let closing = spender(&transactions, funding).expect("confirmed above");
    let anchor = |sat: u64| sat == ANCHOR_SAT;
    let taken: Vec<_> =
        (0..).zip(&closing.output).filter(|(_, output)| !anchor(output.value.to_sat())).collect();
    assert_eq!(taken.len(), 2, "the buyer's old balance and the seller's");
    let mut fees_sat = CHANNEL_SAT - outputs_sat(closing);
    let anchors_sat: u64 =
        closing.output.iter().map(|output| output.value.to_sat()).filter(|sat| anchor(*sat)).sum();
    let mut claims = BTreeMap::new();
    for (index, output) in taken {
        let claim = spender(&transactions, OutPoint::new(closing.compute_txid(), index));
        let claim = claim.expect("nothing but anchors is left lying");
        let of_this = |input: &TxIn| input.previous_output.txid == closing.compute_txid();
        assert!(claim.input.iter().all(of_this), "no other coin pays for it");
        fees_sat += output.value.to_sat();
        // One by one or both at once, as LDK sees fit.
        claims.insert(claim.compute_txid(), outputs_sat(claim));
    }
    fees_sat -= claims.values().sum::<u64>();
    // LDK raises a claim's fee by a quarter every 15 blocks that it finds the claim not confirmed in; while it
    // catches up those are the blocks of its absence. So an absence of half a week costs some percent.
    assert!(fees_sat < CHANNEL_SAT / 10, "the fees are fees: {fees_sat} sat");
    assert_eq!(
        seller.onchain_sat().await - seller_before_sat,
        CHANNEL_SAT - anchors_sat - fees_sat,
        "the seller has all of the channel"
    );
    seller.node.stop().await;
    // Also when its own delay is over there is nothing left to sweep.
    chain.mine(u32::from(NOTICE_BLOCKS));
    follow(&buyer, &chain).await;
    let left_sat = buyer.onchain_sat().await;
    assert!(left_sat <= buyer_sat, "the buyer got nothing of it: {left_sat} sat, before {buyer_sat} sat");
}
