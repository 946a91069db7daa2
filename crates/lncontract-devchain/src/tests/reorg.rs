//! Reorganisations: what comes back, what goes, and that the old branch stays known.

use super::kit::{BEGIN_UNIX_S, Kind, Owner, Spend, chain, change_of, submit};
use crate::{DevChainError, PREMINED_BLOCKS};

#[test]
fn a_reorganisation_mines_the_same_transactions_in_other_blocks() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let spend = Spend::of(&owner, &chain, coin, 1_000).build();
    submit(&chain, &spend).unwrap();
    let old = chain.mine(3);
    let new = chain.reorg(3, 4).unwrap();
    assert_eq!((new.len(), new[0].height, chain.height()), (4, old[0].height, old[2].height + 1));
    assert!(new.iter().zip(&old).all(|(new, old)| new.hash != old.hash));
    assert_eq!(chain.transaction(spend.compute_txid()).unwrap().1, Some(new[0]));
    assert_eq!(chain.spender(coin), Some(spend.compute_txid()));
}

#[test]
fn the_branch_left_behind_stays_known_with_its_work() {
    let chain = chain();
    let old = chain.mine(2);
    let new = chain.reorg(2, 3).unwrap();
    for block in &old {
        assert_eq!(chain.block_by_hash(block.hash).unwrap().block_hash(), block.hash);
    }
    let work = |block: &lncontract_lightning::BlockRef| chain.header_by_hash(block.hash).unwrap();
    assert_eq!(work(&old[1]).height, new[1].height);
    assert_eq!(work(&old[1]).chainwork, work(&new[1]).chainwork);
    assert!(work(&new[2]).chainwork > work(&old[1]).chainwork);
    assert_ne!(chain.block_at(old[1].height), Some(old[1]));
}

#[test]
fn an_empty_branch_makes_transactions_wait_again_and_coins_unspent() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let parent = Spend::of(&owner, &chain, coin, 1_000).build();
    submit(&chain, &parent).unwrap();
    chain.mine(1);
    let child = Spend::of(&owner, &chain, change_of(&parent), 1_000).build();
    submit(&chain, &child).unwrap();
    chain.mine(1);
    chain.reorg_empty(2, 3).unwrap();
    assert_eq!(chain.mempool(), [parent.compute_txid(), child.compute_txid()]);
    assert_eq!(chain.address_balance_sat(&owner.script(Kind::Taproot)), 100_000);
    assert_eq!(chain.transaction(child.compute_txid()).unwrap().1, None);
    chain.mine(1);
    assert_eq!(chain.address_balance_sat(&owner.script(Kind::Taproot)), 98_000);
}

#[test]
fn a_dropped_transaction_is_gone_with_its_children_and_its_inputs_are_free() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let parent = Spend::of(&owner, &chain, coin, 1_000).build();
    submit(&chain, &parent).unwrap();
    chain.mine(1);
    let child = Spend::of(&owner, &chain, change_of(&parent), 1_000).build();
    submit(&chain, &child).unwrap();
    chain.reorg_dropping(1, 2, &[parent.compute_txid()]).unwrap();
    assert!(chain.mempool().is_empty());
    assert_eq!(chain.transaction(parent.compute_txid()), None);
    assert_eq!(chain.spender(coin), None);
    // A cheaper rival is no replacement now: there is nothing to replace.
    submit(&chain, &Spend::of(&owner, &chain, coin, 500).build()).unwrap();
}

#[test]
fn what_needs_the_old_height_comes_back_after_the_branch() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    chain.mine(5);
    let lock_time = chain.height();
    let spend = Spend { lock_time, sequence: 0xffff_fffe, ..Spend::of(&owner, &chain, coin, 1_000) }.build();
    submit(&chain, &spend).unwrap();
    chain.mine(1);
    chain.reorg(4, 5).unwrap();
    // The first new block was too early for it; the lock held it until it could wait again.
    assert_eq!(chain.mempool(), [spend.compute_txid()]);
    let block = chain.mine(1)[0];
    assert_eq!(chain.transaction(spend.compute_txid()).unwrap().1, Some(block));
}

#[test]
fn what_spends_a_vanished_coinbase_is_gone() {
    let (chain, owner) = (chain(), Owner::new());
    let old = chain.mine(1)[0];
    let coinbase = chain.block_by_hash(old.hash).unwrap().txdata[0].clone();
    chain.mine(99);
    let to =
        bitcoin::TxOut { value: coinbase.output[0].value / 2, script_pubkey: owner.script(Kind::Taproot) };
    let outpoint = bitcoin::OutPoint::new(coinbase.compute_txid(), 0);
    let spend = chain.miner.pay(&[(outpoint, coinbase.output[0].clone())], to, 253).unwrap();
    submit(&chain, &spend).unwrap();
    chain.reorg(100, 101).unwrap();
    assert_eq!(chain.height(), PREMINED_BLOCKS + 101);
    assert_eq!(chain.transaction(spend.compute_txid()), None);
}

#[test]
fn a_branch_that_does_not_overtake_or_goes_too_deep_is_refused() {
    let chain = chain();
    let tip = chain.tip_block();
    assert!(matches!(chain.reorg(2, 2), Err(DevChainError::ShortBranch { depth: 2, new_blocks: 2 })));
    assert!(matches!(chain.reorg(111, 112), Err(DevChainError::TooDeep { depth: 111, height: 110 })));
    assert_eq!(chain.tip_block(), tip);
}

#[test]
fn all_but_the_genesis_block_can_be_taken_back() {
    let chain = chain();
    chain.reorg(PREMINED_BLOCKS, PREMINED_BLOCKS + 1).unwrap();
    let tip = chain.header_by_hash(chain.tip_block().hash).unwrap();
    assert_eq!((tip.height, u64::from(tip.header.time) >= BEGIN_UNIX_S), (PREMINED_BLOCKS + 1, true));
}
