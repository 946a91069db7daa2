//! The rules of one transaction: its form, and its place in the next block.
//!
//! Invariant: mempool and blocks are judged by the same functions, so a block made of the mempool always
//! connects. Rules of consensus only; what a node merely prefers is in `policy`. Touches nothing.

use std::collections::HashSet;

use bitcoin::{
    Amount, OutPoint, Sequence, Transaction, absolute::LOCK_TIME_THRESHOLD,
    blockdata::constants::COINBASE_MATURITY,
};

use crate::{
    error::Reject,
    ledger::{Coin, Ledger},
};

/// BIP 68: this bit of a sequence switches the relative lock off.
const SEQUENCE_DISABLED: u32 = 1 << 31;
/// BIP 68: this bit makes the lock one of time, in units of 512 seconds.
const SEQUENCE_TIME: u32 = 1 << 22;
/// BIP 68: the bits that hold the length of the lock.
const SEQUENCE_MASK: u32 = 0xffff;

/// Judges the form of a transaction alone.
pub(crate) fn form(transaction: &Transaction) -> Result<(), Reject> {
    if transaction.input.is_empty() {
        return Err(Reject::Malformed("bad-txns-vin-empty"));
    }
    if transaction.output.is_empty() {
        return Err(Reject::Malformed("bad-txns-vout-empty"));
    }
    if transaction.base_size() * 4 > bitcoin::Weight::MAX_BLOCK.to_wu() as usize {
        return Err(Reject::Malformed("bad-txns-oversize"));
    }
    let mut total = Amount::ZERO;
    for output in &transaction.output {
        if output.value > Amount::MAX_MONEY {
            return Err(Reject::Malformed("bad-txns-vout-toolarge"));
        }
        // No overflow: both are at most all money, 2.1e15.
        total += output.value;
        if total > Amount::MAX_MONEY {
            return Err(Reject::Malformed("bad-txns-txouttotal-toolarge"));
        }
    }
    let mut seen = HashSet::new();
    if !transaction.input.iter().all(|input| seen.insert(input.previous_output)) {
        return Err(Reject::Malformed("bad-txns-inputs-duplicate"));
    }
    if transaction.is_coinbase() {
        if !(2..=100).contains(&transaction.input[0].script_sig.len()) {
            return Err(Reject::Malformed("bad-cb-length"));
        }
    } else if transaction.input.iter().any(|input| input.previous_output.is_null()) {
        return Err(Reject::Malformed("bad-txns-prevout-null"));
    }
    Ok(())
}

/// Judges whether the block after the tip may hold the transaction, scripts aside. Returns its fee in sat.
/// `coins` are what its inputs spend, in their order.
pub(crate) fn in_next_block(
    ledger: &Ledger,
    transaction: &Transaction,
    coins: &[Coin],
) -> Result<u64, Reject> {
    finality(ledger, transaction)?;
    for coin in coins.iter().filter(|coin| coin.coinbase) {
        let depth = ledger.height() + 1 - coin.height;
        if depth < COINBASE_MATURITY {
            return Err(Reject::PrematureCoinbase { depth, needed: COINBASE_MATURITY });
        }
    }
    relative_locks(ledger, transaction, coins)?;
    let in_sat = sum_sat(coins.iter().map(|coin| coin.output.value))?;
    let out_sat = sum_sat(transaction.output.iter().map(|output| output.value))?;
    in_sat.checked_sub(out_sat).ok_or(Reject::InBelowOut { in_sat, out_sat })
}

/// BIP 113: lock times are compared with the median time past of the tip, not with the block's own time.
pub(crate) fn finality(ledger: &Ledger, transaction: &Transaction) -> Result<(), Reject> {
    let lock_time = transaction.lock_time.to_consensus_u32();
    let (next_height, median_time) = (ledger.height() + 1, ledger.median_time(ledger.height()));
    let reached = if lock_time < LOCK_TIME_THRESHOLD { next_height } else { median_time };
    let off = transaction.input.iter().all(|input| input.sequence == Sequence::MAX);
    if lock_time == 0 || lock_time < reached || off {
        return Ok(());
    }
    Err(Reject::NonFinal { lock_time, next_height, median_time })
}

/// BIP 68. A coin that waits in the mempool counts as mined in the next block.
fn relative_locks(ledger: &Ledger, transaction: &Transaction, coins: &[Coin]) -> Result<(), Reject> {
    // The version is compared without sign, as Bitcoin Core does.
    if transaction.version.0.cast_unsigned() < 2 {
        return Ok(());
    }
    let (next_height, median_time) = (ledger.height() + 1, ledger.median_time(ledger.height()));
    for (input, (txin, coin)) in transaction.input.iter().zip(coins).enumerate() {
        let sequence = txin.sequence.to_consensus_u32();
        if sequence & SEQUENCE_DISABLED != 0 {
            continue;
        }
        let length = sequence & SEQUENCE_MASK;
        let (blocks_left, seconds_left) = if sequence & SEQUENCE_TIME != 0 {
            // Counted from the median time past of the block before the coin's.
            let opens = ledger.median_time(coin.height.saturating_sub(1)).saturating_add(length << 9);
            (0, opens.saturating_sub(median_time))
        } else {
            ((coin.height + length).saturating_sub(next_height), 0)
        };
        if blocks_left > 0 || seconds_left > 0 {
            return Err(Reject::RelativeLock { input, blocks_left, seconds_left });
        }
    }
    Ok(())
}

fn sum_sat(amounts: impl Iterator<Item = Amount>) -> Result<u64, Reject> {
    let mut total = Amount::ZERO;
    for amount in amounts {
        total = total
            .checked_add(amount)
            .filter(|total| *total <= Amount::MAX_MONEY)
            .ok_or(Reject::Malformed("bad-txns-inputvalues-outofrange"))?;
    }
    Ok(total.to_sat())
}

/// What the signature checks of a transaction cost (BIP 141); `coins` are what its inputs spend, in order.
pub(crate) fn sigops_cost(transaction: &Transaction, coins: &[Coin]) -> usize {
    transaction.total_sigop_cost(|outpoint: &OutPoint| {
        let place = transaction.input.iter().position(|input| input.previous_output == *outpoint)?;
        coins.get(place).map(|coin| coin.output.clone())
    })
}
