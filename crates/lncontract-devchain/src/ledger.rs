//! Blocks and coins: what has been mined, what of it is unspent, and how to take a block back.
//!
//! Invariant: `active[h]` is the block at height h, `undo[h]` what it spent, and `coins` is exactly the
//! outputs of the active blocks that none of them has spent and that can be spent at all. A block changes it
//! whole or not at all. Blocks that a reorganisation left behind stay known. Touches memory only.

pub(crate) mod block;

use std::collections::{BTreeSet, HashMap};

use bitcoin::{
    Amount, Block, BlockHash, Network, OutPoint, Script, ScriptBuf, Transaction, TxOut, Txid, Work,
    blockdata::constants::genesis_block,
};
use lncontract_lightning::{BlockRef, HeaderAt};

use crate::{error::BlockReject, script::Scripts};

/// How many headers the median time past looks at (BIP 113).
const MEDIAN_SPAN: usize = 11;
/// Regtest halves the subsidy every 150 blocks.
const HALVING_BLOCKS: u32 = 150;

/// An output that can be spent.
#[derive(Clone, Debug)]
pub(crate) struct Coin {
    pub(crate) output: TxOut,
    /// The height of its block.
    pub(crate) height: u32,
    /// Whether it was made by a coinbase, and so must mature.
    pub(crate) coinbase: bool,
}

#[derive(Debug)]
struct Known {
    block: Block,
    height: u32,
    chainwork: Work,
}

/// The coins that a block spent, to give them back when it is disconnected.
pub(crate) type Undo = Vec<(OutPoint, Coin)>;

#[derive(Debug)]
pub(crate) struct Ledger {
    known: HashMap<BlockHash, Known>,
    /// Every block but the genesis in the order of arrival: replayed, it gives the same ledger.
    arrival: Vec<BlockHash>,
    active: Vec<BlockHash>,
    undo: Vec<Undo>,
    coins: HashMap<OutPoint, Coin>,
    by_script: HashMap<ScriptBuf, BTreeSet<OutPoint>>,
    /// Height and place in the block.
    mined: HashMap<Txid, (u32, usize)>,
    spent_by: HashMap<OutPoint, Txid>,
}

impl Ledger {
    /// Starts at the genesis block of regtest, whose coinbase nobody can spend.
    pub(crate) fn new() -> Self {
        let genesis = genesis_block(Network::Regtest);
        let hash = genesis.block_hash();
        let chainwork = genesis.header.work();
        Self {
            known: HashMap::from([(hash, Known { block: genesis, height: 0, chainwork })]),
            arrival: Vec::new(),
            active: vec![hash],
            undo: vec![Undo::new()],
            coins: HashMap::new(),
            by_script: HashMap::new(),
            mined: HashMap::new(),
            spent_by: HashMap::new(),
        }
    }

    pub(crate) fn height(&self) -> u32 {
        u32::try_from(self.active.len() - 1).expect("fewer blocks than 2^32")
    }

    pub(crate) fn tip(&self) -> BlockRef {
        BlockRef { hash: *self.active.last().expect("the genesis block stays"), height: self.height() }
    }

    /// The active block at a height.
    pub(crate) fn at(&self, height: u32) -> Option<BlockRef> {
        self.active.get(height as usize).map(|hash| BlockRef { hash: *hash, height })
    }

    /// A block, active or left behind.
    pub(crate) fn block(&self, hash: &BlockHash) -> Option<&Block> {
        self.known.get(hash).map(|known| &known.block)
    }

    /// A header with its place, active or left behind.
    pub(crate) fn header(&self, hash: &BlockHash) -> Option<HeaderAt> {
        let known = self.known.get(hash)?;
        Some(HeaderAt { header: known.block.header, height: known.height, chainwork: known.chainwork })
    }

    /// Every known block but the genesis, in the order of arrival.
    pub(crate) fn arrivals(&self) -> impl ExactSizeIterator<Item = &Block> {
        self.arrival.iter().map(|hash| &self.known[hash].block)
    }

    /// Median time past with the active block at that height as the last of 11 (BIP 113), in Unix seconds.
    pub(crate) fn median_time(&self, height: u32) -> u32 {
        let end = (height as usize + 1).min(self.active.len());
        let span = &self.active[end.saturating_sub(MEDIAN_SPAN)..end];
        let mut times: Vec<u32> = span.iter().map(|hash| self.known[hash].block.header.time).collect();
        times.sort_unstable();
        times[times.len() / 2]
    }

    pub(crate) fn coin(&self, outpoint: &OutPoint) -> Option<&Coin> {
        self.coins.get(outpoint)
    }

    /// The unspent coins of a script, in the order of their outpoints.
    pub(crate) fn coins_of(&self, script: &Script) -> impl Iterator<Item = (OutPoint, &Coin)> {
        let outpoints = self.by_script.get(script).into_iter().flatten();
        outpoints.map(|outpoint| (*outpoint, &self.coins[outpoint]))
    }

    /// All unspent money in sat.
    pub(crate) fn total_sat(&self) -> u64 {
        self.coins.values().map(|coin| coin.output.value.to_sat()).sum()
    }

    /// A transaction of an active block.
    pub(crate) fn mined(&self, txid: &Txid) -> Option<(&Transaction, BlockRef)> {
        let (height, place) = *self.mined.get(txid)?;
        let block = self.at(height).expect("the index names active blocks only");
        Some((&self.known[&block.hash].block.txdata[place], block))
    }

    /// The transaction of an active block that spends an output.
    pub(crate) fn spender(&self, outpoint: &OutPoint) -> Option<Txid> {
        self.spent_by.get(outpoint).copied()
    }

    /// Judges a block and makes it the tip.
    pub(crate) fn connect(&mut self, block: Block, scripts: &mut Scripts) -> Result<BlockRef, BlockReject> {
        let undo = block::judge(self, &block, scripts)?;
        let (hash, height) = (block.block_hash(), self.height() + 1);
        for (place, transaction) in block.txdata.iter().enumerate() {
            self.apply(transaction, height, place);
        }
        let chainwork = self.known[&self.tip().hash].chainwork + block.header.work();
        if self.known.insert(hash, Known { block, height, chainwork }).is_none() {
            self.arrival.push(hash);
        }
        self.active.push(hash);
        self.undo.push(undo);
        Ok(BlockRef { hash, height })
    }

    /// Takes the tip back and returns its transactions without the coinbase. The genesis block stays.
    pub(crate) fn disconnect(&mut self) -> Option<Vec<Transaction>> {
        if self.active.len() == 1 {
            return None;
        }
        let hash = self.active.pop().expect("more than the genesis block, as seen above");
        let undo = self.undo.pop().expect("as many as active blocks");
        let transactions = self.known[&hash].block.txdata.clone();
        for transaction in &transactions {
            let txid = transaction.compute_txid();
            self.mined.remove(&txid);
            for vout in 0..transaction.output.len() {
                self.remove_coin(&OutPoint::new(txid, u32::try_from(vout).expect("outputs fit a block")));
            }
        }
        let own: std::collections::HashSet<Txid> =
            transactions.iter().map(Transaction::compute_txid).collect();
        for (outpoint, coin) in undo {
            self.spent_by.remove(&outpoint);
            // What the block itself had made and spent is gone with it.
            if !own.contains(&outpoint.txid) {
                self.add_coin(outpoint, coin);
            }
        }
        Some(transactions.into_iter().skip(1).collect())
    }

    fn apply(&mut self, transaction: &Transaction, height: u32, place: usize) {
        let txid = transaction.compute_txid();
        let coinbase = place == 0;
        self.mined.insert(txid, (height, place));
        for input in transaction.input.iter().filter(|_| !coinbase) {
            self.remove_coin(&input.previous_output);
            self.spent_by.insert(input.previous_output, txid);
        }
        for (vout, output) in (0..).zip(&transaction.output) {
            self.add_coin(OutPoint::new(txid, vout), Coin { output: output.clone(), height, coinbase });
        }
    }

    fn add_coin(&mut self, outpoint: OutPoint, coin: Coin) {
        // As in Bitcoin Core, what can never be spent is no coin.
        if !coin.output.script_pubkey.is_op_return() {
            self.by_script.entry(coin.output.script_pubkey.clone()).or_default().insert(outpoint);
            self.coins.insert(outpoint, coin);
        }
    }

    fn remove_coin(&mut self, outpoint: &OutPoint) {
        let Some(coin) = self.coins.remove(outpoint) else { return };
        if let Some(outpoints) = self.by_script.get_mut(&coin.output.script_pubkey) {
            outpoints.remove(outpoint);
            if outpoints.is_empty() {
                self.by_script.remove(&coin.output.script_pubkey);
            }
        }
    }
}

/// What the block at that height may create, in sat.
pub(crate) fn subsidy_sat(height: u32) -> u64 {
    (50 * Amount::ONE_BTC.to_sat()).checked_shr(height / HALVING_BLOCKS).unwrap_or(0)
}
