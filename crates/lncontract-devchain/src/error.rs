//! Why a transaction, a block or an order to the chain was refused.
//!
//! Invariant: the text of a refusal starts with Bitcoin Core's reject reason, so that who reads it can look
//! it up, and then says both sides. Touches nothing.

use bitcoin::{BlockHash, OutPoint, Txid};

/// Why a transaction is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// Its form breaks a rule that needs no other transaction to see; the reason is Bitcoin Core's word.
    #[error("{0}")]
    Malformed(&'static str),
    /// An output is below what is worth spending (at 3 sat/vB), in sat.
    #[error("dust, output {vout} has {has_sat} sat < {needed_sat} sat")]
    Dust {
        /// Which output.
        vout: u32,
        /// What it has.
        has_sat: u64,
        /// What it needs.
        needed_sat: u64,
    },
    /// A child leaves a dust output of its unconfirmed parent unspent.
    #[error("missing-ephemeral-spends, the dust output {0} must be spent in the same package")]
    DustLeft(OutPoint),
    /// An input spends what does not exist, or what a block has spent.
    #[error("bad-txns-inputs-missingorspent, {0}")]
    MissingOrSpent(OutPoint),
    /// A coinbase output is spent before 100 blocks are on it.
    #[error("bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth {depth} < {needed}")]
    PrematureCoinbase {
        /// How many blocks are on it.
        depth: u32,
        /// How many it needs.
        needed: u32,
    },
    /// More goes out than comes in, in sat.
    #[error("bad-txns-in-belowout, value in ({in_sat} sat) < value out ({out_sat} sat)")]
    InBelowOut {
        /// What comes in.
        in_sat: u64,
        /// What goes out.
        out_sat: u64,
    },
    /// Its lock time is not reached.
    #[error("non-final, lock time {lock_time} at height {next_height} and median time {median_time}")]
    NonFinal {
        /// As in the transaction: a height below 500,000,000, else Unix seconds.
        lock_time: u32,
        /// The height of the block that would take it.
        next_height: u32,
        /// Median time past of the tip, Unix seconds.
        median_time: u32,
    },
    /// A relative lock (BIP 68) is not reached.
    #[error(
        "non-BIP68-final, input {input} is locked for {blocks_left} more blocks or {seconds_left} more s"
    )]
    RelativeLock {
        /// Which input.
        input: usize,
        /// Blocks to wait, 0 if the lock is one of time.
        blocks_left: u32,
        /// Seconds of median time past to wait, 0 if the lock is one of blocks.
        seconds_left: u32,
    },
    /// The fee, of the transaction or of the package, is below the relay minimum; in sat.
    #[error("min relay fee not met, {fee_sat} sat < {needed_sat} sat")]
    FeeTooLow {
        /// What it pays.
        fee_sat: u64,
        /// What it must pay at least.
        needed_sat: u64,
    },
    /// A replacement does not pay more than what it would evict (BIP 125); in sat.
    #[error(
        "insufficient fee, rejecting replacement: {fee_sat} sat for {vsize} vB \
         against {evicted_sat} sat for {evicted_vsize} vB"
    )]
    InsufficientFee {
        /// What the replacement pays.
        fee_sat: u64,
        /// Its virtual size in vB.
        vsize: u64,
        /// What the evicted pay.
        evicted_sat: u64,
        /// Their virtual size in vB.
        evicted_vsize: u64,
    },
    /// A replacement would evict more than 100 transactions (BIP 125).
    #[error("too many potential replacements, rejecting replacement: {evicted} > {allowed}")]
    TooManyReplaced {
        /// How many it would evict.
        evicted: usize,
        /// How many it may.
        allowed: usize,
    },
    /// A transaction spends from one that it would itself evict.
    #[error("bad-txns-spends-conflicting-tx, {0}")]
    SpendsEvicted(Txid),
    /// Two transactions of one package spend the same output.
    #[error("conflict-in-package, both spend {0}")]
    PackageConflict(OutPoint),
    /// A package is not one child with its ancestors.
    #[error("package-not-child-with-parents, {0} is no ancestor of the last transaction")]
    PackageShape(Txid),
    /// The same transaction with another witness waits already.
    #[error("txn-same-nonwitness-data-in-mempool, {0}")]
    OtherWitness(Txid),
    /// Too long a chain of unconfirmed transactions.
    #[error("too-long-mempool-chain, {count} unconfirmed transactions > {allowed}")]
    LongChain {
        /// How many there would be.
        count: usize,
        /// How many there may be.
        allowed: usize,
    },
    /// A rule of version 3 transactions (BIP 431); the text says which.
    #[error("TRUC-violation, {0}")]
    Truc(&'static str),
    /// A script does not hold.
    #[error("mandatory-script-verify-flag-failed, input {input} spending {outpoint}")]
    Script {
        /// Which input.
        input: usize,
        /// What it spends.
        outpoint: OutPoint,
    },
}

/// Why a block is not connected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockReject {
    /// It does not follow the tip.
    #[error("inconclusive, the block follows {follows}, the tip is {tip}")]
    NotOnTip {
        /// What its header names.
        follows: BlockHash,
        /// What it should name.
        tip: BlockHash,
    },
    /// It breaks a rule of blocks; the reason is Bitcoin Core's word.
    #[error("{0}")]
    Malformed(&'static str),
    /// The coinbase takes more than subsidy and fees, in sat.
    #[error("bad-cb-amount, coinbase pays too much (actual={pays_sat} vs limit={limit_sat})")]
    CoinbaseAmount {
        /// What it takes.
        pays_sat: u64,
        /// What it may take.
        limit_sat: u64,
    },
    /// One of its transactions is refused.
    #[error("the block holds a bad transaction {txid}: {reject}")]
    Transaction {
        /// Which one.
        txid: Txid,
        /// Why.
        reject: Reject,
    },
}

/// Why an order to the chain was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum DevChainError {
    /// The transaction was refused.
    #[error("the chain refused the transaction: {0}")]
    Transaction(#[from] Reject),
    /// The block was refused.
    #[error("the chain refused the block: {0}")]
    Block(#[from] BlockReject),
    /// The address is not one of regtest.
    #[error("the address {0} is not one of regtest: take one that starts with bcrt1")]
    WrongNetwork(String),
    /// The miner has not enough matured coins, in sat.
    #[error("the miner has {has_sat} sat to spend and needs {needed_sat} sat: mine blocks first")]
    MinerShort {
        /// What it has.
        has_sat: u64,
        /// What it needs.
        needed_sat: u64,
    },
    /// The new branch must have more work than the old, so more blocks.
    #[error("a branch of {new_blocks} blocks does not overtake {depth} blocks: give at least {}", depth + 1)]
    ShortBranch {
        /// How many blocks would be disconnected.
        depth: u32,
        /// How many would be connected.
        new_blocks: u32,
    },
    /// The chain is not that high.
    #[error("cannot disconnect {depth} blocks of a chain of height {height}")]
    TooDeep {
        /// How many were asked for.
        depth: u32,
        /// How many there are over the genesis block.
        height: u32,
    },
    /// The chain file could not be written or read.
    #[error("the chain file could not be written or read")]
    File(#[from] std::io::Error),
    /// The chain file holds something else than whole blocks of this chain.
    #[error("the chain file is damaged at byte {at}: delete it to start a new chain")]
    DamagedFile {
        /// Where reading stopped, in bytes from its start.
        at: u64,
    },
}
