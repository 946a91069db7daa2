//! Blocks: what the chain makes, and what it refuses from others.

use bitcoin::{Amount, Block, Network, Target, blockdata::constants::genesis_block, hashes::Hash};

use super::kit::{BEGIN_UNIX_S, Kind, Owner, Spend, chain, submit};
use crate::{DevChain, PREMINED_BLOCKS, ledger::subsidy_sat, mine};

/// The next block as the chain would make it, with what waits.
fn next_block(chain: &DevChain) -> Block {
    let state = chain.lock();
    let chosen = mine::choose(&state.mempool);
    mine::block(&state.ledger, &state.mempool, &chosen, BEGIN_UNIX_S, chain.miner.script().to_owned())
}

fn grind(block: &mut Block) {
    while block.header.validate_pow(block.header.target()).is_err() {
        block.header.nonce += 1;
    }
}

#[test]
fn a_new_chain_begins_at_the_genesis_of_regtest_and_ends_now() {
    let chain = chain();
    assert_eq!(chain.height(), PREMINED_BLOCKS);
    assert_eq!(chain.block_at(0).unwrap().hash, genesis_block(Network::Regtest).block_hash());
    let tip = chain.header_by_hash(chain.tip_block().hash).unwrap();
    assert_eq!(u64::from(tip.header.time), BEGIN_UNIX_S);
    let first = chain.header_by_hash(chain.block_at(1).unwrap().hash).unwrap();
    assert_eq!(u64::from(first.header.time), BEGIN_UNIX_S - u64::from(PREMINED_BLOCKS - 1) * 600);
}

#[test]
fn every_block_has_its_proof_height_commitments_time_and_work() {
    let (chain, owner) = (chain(), Owner::new());
    owner.funded(&chain, Kind::Taproot, 100_000);
    chain.mine(30);
    let mut parent = chain.header_by_hash(chain.block_at(0).unwrap().hash).unwrap();
    for height in 1..=chain.height() {
        let block = chain.block_by_hash(chain.block_at(height).unwrap().hash).unwrap();
        let header = chain.header_by_hash(block.block_hash()).unwrap();
        assert_eq!(block.header.prev_blockhash, parent.header.block_hash());
        block.header.validate_pow(Target::MAX_ATTAINABLE_REGTEST).unwrap();
        assert!(block.check_merkle_root() && block.check_witness_commitment());
        assert!(block.header.time >= parent.header.time);
        assert_eq!(header.height, height);
        assert_eq!(header.chainwork, parent.chainwork + block.header.work());
        if height > 16 {
            assert_eq!(block.bip34_block_height().unwrap(), u64::from(height));
        }
        parent = header;
    }
}

#[test]
fn two_chains_with_one_clock_are_the_same_to_the_byte() {
    let (one, other) = (chain(), chain());
    for chain in [&one, &other] {
        Owner::new().funded(chain, Kind::Segwit, 70_000);
    }
    assert_eq!(one.tip_block(), other.tip_block());
}

#[test]
fn a_moved_clock_moves_the_blocks_and_never_back() {
    let chain = chain();
    let time = || u64::from(chain.header_by_hash(chain.tip_block().hash).unwrap().header.time);
    chain.set_time(BEGIN_UNIX_S + 86_400);
    chain.mine(1);
    assert_eq!((chain.now(), time()), (BEGIN_UNIX_S + 86_400, BEGIN_UNIX_S + 86_400));
    chain.set_time(BEGIN_UNIX_S);
    chain.mine(1);
    assert_eq!((chain.now(), time()), (BEGIN_UNIX_S, BEGIN_UNIX_S + 86_400));
}

#[test]
fn a_thousand_blocks_in_one_second_run_less_than_three_minutes_ahead() {
    let chain = chain();
    chain.mine(1_000);
    let time = u64::from(chain.header_by_hash(chain.tip_block().hash).unwrap().header.time);
    assert!((BEGIN_UNIX_S..BEGIN_UNIX_S + 180).contains(&time), "{}", time - BEGIN_UNIX_S);
}

#[test]
fn the_miner_gets_the_fees() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    submit(&chain, &Spend::of(&owner, &chain, coin, 7_777).build()).unwrap();
    let before = chain.address_balance_sat(chain.miner.script());
    let height = chain.mine(1)[0].height;
    assert_eq!(chain.address_balance_sat(chain.miner.script()) - before, subsidy_sat(height) + 7_777);
    assert_eq!(chain.address_balance_sat(&owner.script(Kind::Taproot)), 100_000 - 7_777);
}

#[test]
fn the_subsidy_halves_every_150_blocks_and_ends() {
    for (height, sat) in
        [(1, 5_000_000_000), (149, 5_000_000_000), (150, 2_500_000_000), (4_949, 1), (9_700, 0)]
    {
        let want = if height == 4_949 { 5_000_000_000 >> 32 } else { sat };
        assert_eq!(subsidy_sat(height), want, "{height}");
    }
}

#[test]
fn what_is_left_out_waits_for_the_next_block() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let spend = Spend::of(&owner, &chain, coin, 1_000).build();
    submit(&chain, &spend).unwrap();
    chain.mine_empty(2);
    chain.mine_without(&[spend.compute_txid()]);
    assert_eq!(chain.mempool(), [spend.compute_txid()]);
    let block = chain.mine(1)[0];
    assert_eq!(chain.transaction(spend.compute_txid()).unwrap().1, Some(block));
}

#[test]
fn a_full_block_takes_the_packages_that_pay_best() {
    let (chain, owner) = (chain(), Owner::new());
    let script_pubkey = owner.script(Kind::Taproot);
    let large = |fee_sat: u64| {
        let coin = owner.funded(&chain, Kind::Taproot, 20_000_000);
        let outputs =
            vec![
                bitcoin::TxOut { value: Amount::from_sat(1_000), script_pubkey: script_pubkey.clone() };
                2_280
            ];
        Spend { outputs, ..Spend::of(&owner, &chain, coin, fee_sat) }.build()
    };
    // Eleven times 393,000 weight units: one too many. The first pays least, but its child pays for both.
    let all: Vec<_> = (0..11).map(|place| large(110_000 + place * 1_000)).collect();
    for transaction in &all {
        submit(&chain, transaction).unwrap();
    }
    let child =
        Spend::of(&owner, &chain, bitcoin::OutPoint::new(all[0].compute_txid(), 2_280), 90_000).build();
    submit(&chain, &child).unwrap();
    let other = chain.block_by_hash(chain.mine_without(&[all[0].compute_txid()]).hash).unwrap();
    assert_eq!(other.txdata.len(), 1 + 10, "the child is left out with its parent, the others fit");
    chain.reorg_empty(1, 2).unwrap();
    let block = chain.block_by_hash(chain.mine(1)[0].hash).unwrap();
    assert_eq!(block.txdata.len(), 1 + 10 + 1);
    assert_eq!(block.txdata[1].compute_txid(), all[0].compute_txid(), "the best package first");
    assert_eq!(chain.mempool(), [all[1].compute_txid()]);
}

/// A change to a good block, and what it is refused for. The good one is then connected.
#[track_caller]
fn bad_block(reason: &str, change: impl FnOnce(&mut Block)) {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Segwit, 100_000);
    submit(&chain, &Spend::of(&owner, &chain, coin, 1_000).build()).unwrap();
    let (before, good) = (chain.total_sat(), next_block(&chain));
    let mut bad = good.clone();
    change(&mut bad);
    let text = chain.submit_block(bad).expect_err("it should have been refused").to_string();
    assert!(text.contains(reason), "expected {reason:?}, got {text:?}");
    assert_eq!(chain.total_sat(), before, "nothing changed");
    assert_eq!(chain.submit_block(good.clone()).unwrap().hash, good.block_hash());
    assert!(chain.mempool().is_empty());
}

/// After a change in the body: all that commits to it again, and the proof of work.
fn seal(block: &mut Block) {
    let root = block.witness_root().unwrap();
    let commitment = Block::compute_witness_commitment(&root, &[0; 32]).to_byte_array();
    let mut script = block.txdata[0].output[1].script_pubkey.to_bytes();
    script[6..].copy_from_slice(&commitment);
    block.txdata[0].output[1].script_pubkey = script.into();
    block.header.merkle_root = block.compute_merkle_root().unwrap();
    grind(block);
}

#[test]
fn each_rule_of_headers_has_its_word() {
    bad_block("inconclusive, the block follows", |block| {
        block.header.prev_blockhash = bitcoin::BlockHash::all_zeros()
    });
    bad_block("bad-diffbits", |block| {
        block.header.bits = bitcoin::CompactTarget::from_consensus(0x1d00_ffff)
    });
    bad_block("high-hash", |block| {
        while block.header.validate_pow(block.header.target()).is_ok() {
            block.header.nonce += 1;
        }
    });
    bad_block("time-too-old", |block| {
        block.header.time -= 86_400;
        grind(block);
    });
    bad_block("bad-version", |block| {
        block.header.version = bitcoin::block::Version::TWO;
        grind(block);
    });
}

#[test]
fn each_rule_of_bodies_has_its_word() {
    bad_block("bad-cb-missing", |block| {
        block.txdata.remove(0);
        grind(block);
    });
    bad_block("bad-txnmrklroot", |block| {
        block.txdata[0].lock_time = bitcoin::absolute::LockTime::from_consensus(1)
    });
    bad_block("bad-cb-height", |block| {
        block.txdata[0].input[0].script_sig = bitcoin::ScriptBuf::from_bytes(vec![1, 5, 0, 0]);
        seal(block);
    });
    bad_block("bad-witness-merkle-match", |block| {
        block.txdata[1].input[0].witness.push([1]);
        grind(block);
    });
    bad_block("bad-cb-amount", |block| {
        block.txdata[0].output[0].value += Amount::ONE_SAT;
        seal(block);
    });
    let more = |script: Vec<u8>| bitcoin::TxOut { value: Amount::ZERO, script_pubkey: script.into() };
    bad_block("bad-blk-weight", |block| {
        block.txdata[0].output.push(more(vec![0x6a; 1_000_000]));
        seal(block);
    });
    bad_block("bad-blk-sigops", |block| {
        block.txdata[0].output.push(more(vec![0xac; 20_001]));
        seal(block);
    });
    bad_block("bad-txns-duplicate", |block| {
        block.txdata.push(block.txdata[1].clone());
        seal(block);
    });
    bad_block("bad-cb-multiple", |block| {
        block.txdata.push(block.txdata[0].clone());
        seal(block);
    });
}

#[test]
fn a_block_with_a_bad_transaction_is_refused_whole() {
    bad_block("mandatory-script-verify-flag-failed", |block| {
        block.txdata[1].output[0].value -= Amount::ONE_SAT;
        seal(block);
    });
    bad_block("bad-txns-inputs-missingorspent", |block| {
        block.txdata[1].input[0].previous_output.vout = 9;
        seal(block);
    });
    bad_block("non-final", |block| {
        block.txdata[1].lock_time = bitcoin::absolute::LockTime::from_consensus(100_000);
        seal(block);
    });
    bad_block("bad-txns-inputs-missingorspent", |block| {
        let mut again = block.txdata[1].clone();
        again.output[0].value -= Amount::ONE_SAT;
        block.txdata.push(again);
        seal(block);
    });
}

#[test]
fn a_block_from_outside_evicts_what_it_conflicts_with() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let ours = Spend::of(&owner, &chain, coin, 1_000).build();
    let theirs = Spend::of(&owner, &chain, coin, 2_000).build();
    let block = {
        submit(&chain, &theirs).unwrap();
        let block = next_block(&chain);
        chain.lock().mempool.drain();
        block
    };
    submit(&chain, &ours).unwrap();
    let child = Spend::of(&owner, &chain, bitcoin::OutPoint::new(ours.compute_txid(), 0), 1_000).build();
    submit(&chain, &child).unwrap();
    chain.submit_block(block).unwrap();
    assert!(chain.mempool().is_empty());
    assert_eq!(chain.spender(coin), Some(theirs.compute_txid()));
}
