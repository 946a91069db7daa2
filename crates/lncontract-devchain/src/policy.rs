//! What a node prefers not to relay, though a block may hold it: sizes, dust, fees, version 3.
//!
//! Invariant: what is checked here is never checked more laxly than Bitcoin Core does. Not checked: the
//! standard forms of scripts and witnesses. Touches nothing.

use bitcoin::{OutPoint, Transaction};

use crate::error::Reject;

/// Relay minimum, and what a replacement pays for its own bytes, in sat per 1,000 vB.
///
/// Bitcoin Core 30 asks for a tenth; older nodes ask for this, and LDK's floor of 253 sat/kwu meets it.
const RELAY_SAT_PER_KVB: u64 = 1_000;
/// Below this many bytes without witness a transaction could pass for an inner node of a Merkle tree.
const BASE_BYTES_MIN: usize = 65;
/// A fifth of what a block may cost (BIP 141).
const SIGOPS_MAX: usize = 16_000;
/// Weight of the largest transaction relayed, in weight units.
const WEIGHT_MAX: u64 = 400_000;
/// A version 3 transaction has at most so many vB (BIP 431).
const TRUC_VSIZE_MAX: u64 = 10_000;
/// A version 3 child of an unconfirmed parent has at most so many vB (BIP 431).
const TRUC_CHILD_VSIZE_MAX: u64 = 1_000;

/// The version of transactions that are topologically restricted until confirmation (BIP 431).
pub(crate) const TRUC: i32 = 3;

/// Judges version and size.
pub(crate) fn form(transaction: &Transaction) -> Result<(), Reject> {
    if !(1..=TRUC).contains(&transaction.version.0) {
        return Err(Reject::Malformed("version"));
    }
    if transaction.weight().to_wu() > WEIGHT_MAX {
        return Err(Reject::Malformed("tx-size"));
    }
    if transaction.base_size() < BASE_BYTES_MIN {
        return Err(Reject::Malformed("tx-size-small"));
    }
    if transaction.version.0 == TRUC && vsize(transaction) > TRUC_VSIZE_MAX {
        return Err(Reject::Truc("a version 3 transaction has at most 10,000 vB"));
    }
    Ok(())
}

/// Judges what the signature checks cost.
pub(crate) fn sigops(cost: usize) -> Result<(), Reject> {
    if cost > SIGOPS_MAX { Err(Reject::Malformed("bad-txns-too-many-sigops")) } else { Ok(()) }
}

/// Judges the outputs: one that is dust is taken only from a transaction without fee, whose child must spend
/// it (an ephemeral anchor).
pub(crate) fn dust(transaction: &Transaction, fee_sat: u64) -> Result<(), Reject> {
    let mut dust = dust_outputs(transaction);
    let Some(first) = dust.next() else { return Ok(()) };
    let refused = if fee_sat > 0 { Some(first) } else { dust.next() };
    let Some(vout) = refused else { return Ok(()) };
    let output = &transaction.output[vout as usize];
    Err(Reject::Dust {
        vout,
        has_sat: output.value.to_sat(),
        needed_sat: output.script_pubkey.minimal_non_dust().to_sat(),
    })
}

/// The outputs that are dust at 3 sat/vB.
pub(crate) fn dust_outputs(transaction: &Transaction) -> impl Iterator<Item = u32> {
    let outputs = (0..).zip(&transaction.output);
    outputs.filter(|(_, output)| output.value < output.script_pubkey.minimal_non_dust()).map(|(vout, _)| vout)
}

/// A child must spend each dust output of an unconfirmed parent.
pub(crate) fn spends_dust_of(child: &Transaction, parent: &Transaction) -> Result<(), Reject> {
    let txid = parent.compute_txid();
    for outpoint in dust_outputs(parent).map(|vout| OutPoint::new(txid, vout)) {
        if !child.input.iter().any(|input| input.previous_output == outpoint) {
            return Err(Reject::DustLeft(outpoint));
        }
    }
    Ok(())
}

/// The rules between a transaction and its unconfirmed ancestors (BIP 431).
pub(crate) fn topology<'a>(
    transaction: &Transaction,
    ancestors: impl Iterator<Item = &'a Transaction>,
) -> Result<(), Reject> {
    let truc = transaction.version.0 == TRUC;
    let mut count = 0;
    for ancestor in ancestors {
        count += 1;
        if truc && ancestor.version.0 != TRUC {
            return Err(Reject::Truc("a version 3 transaction spends no other version unconfirmed"));
        }
        if !truc && ancestor.version.0 == TRUC {
            return Err(Reject::Truc("only a version 3 transaction spends version 3 unconfirmed"));
        }
    }
    if truc && count > 1 {
        return Err(Reject::Truc("a version 3 transaction has at most one unconfirmed ancestor"));
    }
    if truc && count == 1 && vsize(transaction) > TRUC_CHILD_VSIZE_MAX {
        return Err(Reject::Truc("a version 3 child has at most 1,000 vB"));
    }
    Ok(())
}

/// Judges the fee of a transaction, or of a package by the sums over it.
pub(crate) fn relay_fee(fee_sat: u64, vsize: u64) -> Result<(), Reject> {
    let needed_sat = relay_sat(vsize);
    if fee_sat < needed_sat { Err(Reject::FeeTooLow { fee_sat, needed_sat }) } else { Ok(()) }
}

/// The relay fee of so many vB in sat, rounded up.
pub(crate) fn relay_sat(vsize: u64) -> u64 {
    (vsize * RELAY_SAT_PER_KVB).div_ceil(1_000)
}

/// Virtual size in vB.
pub(crate) fn vsize(transaction: &Transaction) -> u64 {
    transaction.weight().to_vbytes_ceil()
}
