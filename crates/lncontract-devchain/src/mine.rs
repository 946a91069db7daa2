//! Making a block: which transactions, in which order, and the coinbase on top.
//!
//! Invariant: what is made here connects. The same ledger, mempool and time give the same block.
//! Touches nothing.

use std::collections::BTreeSet;

use bitcoin::{
    Amount, Block, OutPoint, ScriptBuf, Sequence, Target, Transaction, TxIn, TxMerkleNode, TxOut, Txid,
    Weight, Witness,
    absolute::LockTime,
    block::{Header, Version},
    hashes::Hash,
    opcodes::all::OP_RETURN,
    script::Builder,
    transaction,
};

use crate::{
    ledger::{Ledger, block::height_push, subsidy_sat},
    mempool::Mempool,
};

/// What the header, the counts and the coinbase need at most, in weight units.
const RESERVED_WEIGHT: u64 = 8_000;
/// What the signature checks of a block may cost in all, less something for the coinbase.
const SIGOPS_MAX: usize = 79_000;
/// The first bytes of the output that commits to the witnesses (BIP 141).
const COMMITMENT_HEAD: [u8; 4] = [0xaa, 0x21, 0xa9, 0xed];

/// Takes from the mempool what fits into a block.
pub(crate) fn choose(mempool: &Mempool) -> Vec<Txid> {
    choose_without(mempool, &[])
}

/// Takes from the mempool what fits into a block, best-paying packages first, parents before children;
/// but not the given ones and what spends from them.
pub(crate) fn choose_without(mempool: &Mempool, left_out: &[Txid]) -> Vec<Txid> {
    let left_out = mempool.with_descendants(left_out.iter().copied());
    let mut room = Room { weight: Weight::MAX_BLOCK.to_wu() - RESERVED_WEIGHT, sigops: SIGOPS_MAX };
    let mut left: Vec<Txid> =
        mempool.in_order().map(|(txid, _)| txid).filter(|txid| !left_out.contains(txid)).collect();
    if room.takes(mempool, &left) {
        return left;
    }
    let mut chosen: Vec<Txid> = Vec::new();
    let mut taken: BTreeSet<Txid> = BTreeSet::new();
    while let Some((best, package)) = best_package(mempool, &left, &taken) {
        if room.takes(mempool, &package) {
            chosen.extend(mempool.in_order().map(|(txid, _)| txid).filter(|txid| package.contains(txid)));
            taken.extend(package);
        }
        left.retain(|txid| *txid != best && !taken.contains(txid));
    }
    chosen
}

/// What is left of a block.
struct Room {
    /// In weight units.
    weight: u64,
    sigops: usize,
}

impl Room {
    /// Makes room for all of them, if there is enough.
    fn takes<'a>(&mut self, mempool: &Mempool, txids: impl IntoIterator<Item = &'a Txid>) -> bool {
        let entries = txids.into_iter().filter_map(|txid| mempool.get(txid));
        let (weight, sigops) = entries.fold((0, 0), |(weight, sigops), entry| {
            (weight + entry.transaction.weight().to_wu(), sigops + entry.sigops)
        });
        let fits = weight <= self.weight && sigops <= self.sigops;
        if fits {
            self.weight -= weight;
            self.sigops -= sigops;
        }
        fits
    }
}

/// The transaction whose package, itself and its ancestors not yet taken, pays the highest fee rate.
fn best_package(mempool: &Mempool, left: &[Txid], taken: &BTreeSet<Txid>) -> Option<(Txid, BTreeSet<Txid>)> {
    let mut best: Option<(u64, u64, Txid, BTreeSet<Txid>)> = None;
    for txid in left {
        let package: BTreeSet<Txid> = mempool.with_ancestors([*txid]).difference(taken).copied().collect();
        let entries = || package.iter().filter_map(|txid| mempool.get(txid));
        let fee_sat: u64 = entries().map(|entry| entry.fee_sat).sum();
        let vsize: u64 = entries().map(|entry| entry.vsize).sum();
        let better = best.as_ref().is_none_or(|(best_sat, best_vsize, ..)| {
            u128::from(fee_sat) * u128::from(*best_vsize) > u128::from(*best_sat) * u128::from(vsize)
        });
        if better {
            best = Some((fee_sat, vsize, *txid, package));
        }
    }
    best.map(|(_, _, txid, package)| (txid, package))
}

/// Makes the block that follows the tip, with proof of work. `unix_s` is the time wished for; the block's is
/// later if the rules want that.
pub(crate) fn block(
    ledger: &Ledger,
    mempool: &Mempool,
    chosen: &[Txid],
    unix_s: u64,
    payout: ScriptBuf,
) -> Block {
    let tip = ledger.tip();
    let parent = ledger.header(&tip.hash).expect("the tip is known").header;
    // Never before its parent, though the rules would allow that: a page that lists times has them in order.
    // Many blocks in one second keep its time, so the chain's time hardly runs ahead of the clock's.
    let earliest = parent.time.max(ledger.median_time(tip.height) + 1);
    let entries = || chosen.iter().filter_map(|txid| mempool.get(txid));
    let reward_sat = subsidy_sat(tip.height + 1) + entries().map(|entry| entry.fee_sat).sum::<u64>();
    let coinbase = coinbase(tip.height + 1, ledger.arrivals().len(), reward_sat, payout);
    let mut block = Block {
        header: Header {
            version: Version::NO_SOFT_FORK_SIGNALLING,
            prev_blockhash: tip.hash,
            merkle_root: TxMerkleNode::all_zeros(),
            time: u32::try_from(unix_s).unwrap_or(u32::MAX).max(earliest),
            bits: Target::MAX_ATTAINABLE_REGTEST.to_compact_lossy(),
            nonce: 0,
        },
        txdata: [coinbase].into_iter().chain(entries().map(|entry| entry.transaction.clone())).collect(),
    };
    commit(&mut block);
    block.header.merkle_root = block.compute_merkle_root().expect("there is a coinbase");
    // On regtest every second hash will do.
    while block.header.validate_pow(block.header.target()).is_err() {
        block.header.nonce += 1;
    }
    block
}

/// `arrivals` is how many blocks came before: it tells apart blocks of one height on two branches.
fn coinbase(height: u32, arrivals: usize, reward_sat: u64, payout: ScriptBuf) -> Transaction {
    Transaction {
        version: transaction::Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig: height_push(height).push_slice((arrivals as u64).to_le_bytes()).into_script(),
            sequence: Sequence::MAX,
            // The reserved value of BIP 141.
            witness: Witness::from_slice(&[[0_u8; 32]]),
        }],
        output: vec![TxOut { value: Amount::from_sat(reward_sat), script_pubkey: payout }],
    }
}

/// Adds the output that commits to all witnesses (BIP 141).
fn commit(block: &mut Block) {
    let root = block.witness_root().expect("there is a coinbase");
    let commitment = Block::compute_witness_commitment(&root, &[0; 32]).to_byte_array();
    let mut bytes = [0; 36];
    bytes[..4].copy_from_slice(&COMMITMENT_HEAD);
    bytes[4..].copy_from_slice(&commitment);
    let script_pubkey = Builder::new().push_opcode(OP_RETURN).push_slice(bytes).into_script();
    block.txdata[0].output.push(TxOut { value: Amount::ZERO, script_pubkey });
}
