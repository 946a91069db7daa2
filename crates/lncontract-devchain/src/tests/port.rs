//! The chain through its port, as a node sees it.

use std::sync::Arc;

use bitcoin::{Address, BlockHash, hashes::Hash};
use lncontract_lightning::{Chain, ChainError};

use super::kit::{Kind, Owner, Spend, chain};
use crate::{DevChainError, FEE_RATE_MIN_SAT_PER_KWU};

#[tokio::test]
async fn a_node_walks_back_over_a_branch_left_behind() {
    let chain = chain();
    let port: Arc<dyn Chain> = chain.clone();
    let old = chain.mine(2)[1];
    chain.reorg(2, 3).unwrap();
    let tip = port.tip().await.unwrap();
    assert_eq!(tip, chain.tip_block());
    let mut at = port.header(old.hash).await.unwrap();
    assert_eq!(port.block(old.hash).await.unwrap().header, at.header);
    while chain.block_at(at.height).unwrap().hash != at.header.block_hash() {
        at = port.header(at.header.prev_blockhash).await.unwrap();
    }
    assert_eq!(at.height, old.height - 2, "where the branches part");
}

#[tokio::test]
async fn an_unknown_block_is_said_to_be_unknown() {
    let (port, hash) = (chain(), BlockHash::all_zeros());
    assert_eq!(port.header(hash).await, Err(ChainError::UnknownBlock(hash)));
    assert_eq!(port.block(hash).await, Err(ChainError::UnknownBlock(hash)));
}

#[tokio::test]
async fn a_refusal_carries_the_reason_and_a_known_transaction_none() {
    let (port, owner) = (chain(), Owner::new());
    let coin = owner.funded(&port, Kind::Taproot, 100_000);
    let free = Spend::of(&owner, &port, coin, 0).build();
    let refused = port.broadcast(std::slice::from_ref(&free)).await;
    assert_eq!(refused, Err(ChainError::Rejected("min relay fee not met, 0 sat < 111 sat".to_owned())));
    let good = [Spend::of(&owner, &port, coin, 1_000).build()];
    port.broadcast(&good).await.unwrap();
    port.mine(1);
    port.broadcast(&good).await.unwrap();
}

#[tokio::test]
async fn a_paused_chain_is_unavailable_and_still_mines() {
    let port = chain();
    port.pause();
    assert!(matches!(port.tip().await, Err(ChainError::Unavailable(_))));
    assert!(matches!(port.header(port.block_at(0).unwrap().hash).await, Err(ChainError::Unavailable(_))));
    assert!(matches!(port.block(port.block_at(0).unwrap().hash).await, Err(ChainError::Unavailable(_))));
    assert!(matches!(port.broadcast(&[]).await, Err(ChainError::Unavailable(_))));
    assert!(matches!(port.fee_rate_sat_per_kwu(6).await, Err(ChainError::Unavailable(_))));
    let mined = port.mine(1)[0];
    port.resume();
    assert_eq!(port.tip().await, Ok(mined));
}

#[tokio::test]
async fn a_fee_rate_holds_from_its_target_on_and_never_below_the_least() {
    let port = chain();
    let rates = async || {
        let mut rates = Vec::new();
        for target in [1, 2, 6, 144] {
            rates.push(port.fee_rate_sat_per_kwu(target).await.unwrap());
        }
        rates
    };
    assert_eq!(rates().await, [FEE_RATE_MIN_SAT_PER_KWU; 4]);
    port.set_fee_rate(2, 5_000);
    assert_eq!(rates().await, [5_000; 4]);
    port.set_fee_rate(6, 2_000);
    port.set_fee_rate(144, 1);
    assert_eq!(rates().await, [5_000, 5_000, 2_000, FEE_RATE_MIN_SAT_PER_KWU]);
}

#[tokio::test]
async fn who_watches_the_tip_sees_a_reorganisation_as_one_step() {
    let port = chain();
    let mut watched = port.subscribe();
    port.mine(2);
    watched.changed().await.unwrap();
    assert_eq!(*watched.borrow_and_update(), port.tip_block());
    let before = port.tip_block();
    port.reorg(2, 3).unwrap();
    watched.changed().await.unwrap();
    assert_eq!(watched.borrow_and_update().height, before.height + 1);
    assert!(!watched.has_changed().unwrap());
}

#[test]
fn the_miner_pays_only_to_regtest_and_says_what_it_lacks() {
    let (chain, owner) = (chain(), Owner::new());
    let mainnet: Address =
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4".parse::<Address<_>>().unwrap().assume_checked();
    assert!(matches!(chain.fund(&mainnet, 1_000), Err(DevChainError::WrongNetwork(_))));
    let too_much = chain.fund(&owner.address(Kind::Segwit), 1 << 40);
    assert!(matches!(too_much, Err(DevChainError::MinerShort { has_sat: 55_000_000_000, .. })));
    assert!(matches!(chain.fund(&owner.address(Kind::Segwit), 100), Err(DevChainError::Transaction(_))));
}

#[test]
fn many_payments_go_out_before_a_block_is_mined() {
    let (chain, owner) = (chain(), Owner::new());
    for _ in 0..60 {
        chain.fund(&owner.address(Kind::Segwit), 10_000).unwrap();
    }
    chain.mine(1);
    assert!(chain.mempool().is_empty());
    assert_eq!(chain.address_balance_sat(&owner.script(Kind::Segwit)), 600_000);
}
