//! Lock times, relative locks and maturity: refused one block too early, taken at the right one.

use bitcoin::OutPoint;

use super::kit::{BEGIN_UNIX_S, Kind, Owner, Spend, chain, refused, submit};
use crate::{DevChain, PREMINED_BLOCKS};

/// The coin is mined at this height in each test of locks.
const COIN_HEIGHT: u32 = PREMINED_BLOCKS + 1;

struct Lock {
    version: i32,
    sequence: u32,
    lock_time: u32,
}

/// Refused while `early` blocks are mined one by one after the coin's, then taken.
#[track_caller]
fn check(lock: &Lock, early: u32, reason: &str) {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    assert_eq!(chain.height(), COIN_HEIGHT);
    let spend = || {
        let Lock { version, sequence, lock_time } = *lock;
        Spend { version, sequence, lock_time, ..Spend::of(&owner, &chain, coin, 1_000) }.build()
    };
    for _ in 0..early {
        refused(submit(&chain, &spend()), reason);
        chain.mine(1);
    }
    submit(&chain, &spend()).unwrap();
    chain.mine(1);
    assert_eq!(chain.spender(coin), Some(spend().compute_txid()), "it is mined");
}

#[test]
fn a_lock_time_in_blocks_is_refused_until_the_next_block_is_above_it() {
    check(&Lock { version: 2, sequence: 0xffff_fffe, lock_time: COIN_HEIGHT + 3 }, 3, "non-final");
}

#[test]
fn a_lock_time_counts_for_nothing_if_every_sequence_is_final() {
    check(&Lock { version: 2, sequence: 0xffff_ffff, lock_time: COIN_HEIGHT + 3 }, 0, "non-final");
}

#[test]
fn a_relative_lock_of_blocks_counts_from_the_coins_block() {
    check(&Lock { version: 2, sequence: 5, lock_time: 0 }, 4, "non-BIP68-final");
}

#[test]
fn a_relative_lock_of_one_block_is_open_in_the_next_block() {
    check(&Lock { version: 2, sequence: 1, lock_time: 0 }, 0, "non-BIP68-final");
}

#[test]
fn a_version_3_transaction_is_locked_as_well() {
    check(&Lock { version: 3, sequence: 3, lock_time: 0 }, 2, "non-BIP68-final");
}

#[test]
fn a_version_1_transaction_has_no_relative_locks() {
    check(&Lock { version: 1, sequence: 5, lock_time: 0 }, 0, "non-BIP68-final");
}

#[test]
fn the_highest_bit_of_a_sequence_switches_its_lock_off() {
    check(&Lock { version: 2, sequence: 1 << 31 | 5, lock_time: 0 }, 0, "non-BIP68-final");
}

/// Moves the clock until the median time past has moved: six blocks at the new time.
fn pass(chain: &DevChain, seconds: u64) {
    chain.set_time(chain.now() + seconds);
    chain.mine(6);
}

#[test]
fn a_lock_time_in_seconds_waits_for_the_median_time_past() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Segwit, 100_000);
    let lock_time = u32::try_from(BEGIN_UNIX_S + 7_200).unwrap();
    let spend = Spend { lock_time, sequence: 0xffff_fffe, ..Spend::of(&owner, &chain, coin, 1_000) }.build();
    refused(submit(&chain, &spend), "non-final");
    chain.set_time(BEGIN_UNIX_S + 7_300);
    chain.mine(1);
    refused(submit(&chain, &spend), "non-final");
    chain.mine(5);
    submit(&chain, &spend).unwrap();
}

#[test]
fn a_relative_lock_of_time_waits_for_the_median_time_past() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Segwit, 100_000);
    // Two units of 512 seconds after the median time before the coin's block, an hour before its own time.
    let spend = Spend { sequence: 1 << 22 | 20, ..Spend::of(&owner, &chain, coin, 1_000) }.build();
    pass(&chain, 20 * 512 - 3_600);
    refused(submit(&chain, &spend), "non-BIP68-final, input 0 is locked for 0 more blocks or");
    pass(&chain, 3_600);
    submit(&chain, &spend).unwrap();
}

#[test]
fn a_relative_lock_keeps_a_child_from_an_unconfirmed_parent() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let parent = Spend::of(&owner, &chain, coin, 1_000).build();
    submit(&chain, &parent).unwrap();
    let output = OutPoint::new(parent.compute_txid(), 0);
    let child = Spend { sequence: 1, ..Spend::of(&owner, &chain, output, 1_000) }.build();
    refused(submit(&chain, &child), "non-BIP68-final");
    chain.mine(1);
    submit(&chain, &child).unwrap();
}

#[test]
fn a_coinbase_is_spent_after_100_blocks_and_not_before() {
    let chain = chain();
    let block = chain.mine(1)[0];
    let coinbase = chain.block_by_hash(block.hash).unwrap().txdata[0].clone();
    let outpoint = OutPoint::new(coinbase.compute_txid(), 0);
    let to = bitcoin::TxOut {
        value: bitcoin::Amount::from_sat(50_000),
        script_pubkey: Owner::new().script(Kind::Taproot),
    };
    let spend = chain.miner.pay(&[(outpoint, coinbase.output[0].clone())], to, 253).unwrap();
    chain.mine(98);
    refused(
        submit(&chain, &spend),
        "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99",
    );
    chain.mine(1);
    submit(&chain, &spend).unwrap();
}

#[test]
fn the_miner_never_spends_what_is_not_mature() {
    let (chain, owner) = (chain(), Owner::new());
    // Eleven coinbases of 50 BTC are mature; for the fee a twelfth is needed.
    let address = owner.address(Kind::Taproot);
    assert!(chain.fund(&address, 550 * 100_000_000).is_err());
    chain.mine(1);
    chain.fund(&address, 550 * 100_000_000).unwrap();
}
