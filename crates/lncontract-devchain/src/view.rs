//! What one can ask the chain without changing it.
//!
//! Invariant: each answer is of one moment; two questions may see two tips. Touches the state under its lock.

use bitcoin::{Block, BlockHash, OutPoint, Script, Transaction, Txid};
use lncontract_lightning::{BlockRef, HeaderAt};
use tokio::sync::watch;

use crate::devchain::DevChain;

impl DevChain {
    /// The tip of the best chain.
    pub fn tip_block(&self) -> BlockRef {
        self.lock().ledger.tip()
    }

    /// The height of the tip.
    pub fn height(&self) -> u32 {
        self.lock().ledger.height()
    }

    /// Follows the tip: after a reorganisation only the last block of the new branch is seen.
    pub fn subscribe(&self) -> watch::Receiver<BlockRef> {
        self.watched_tip.subscribe()
    }

    /// The active block at a height.
    pub fn block_at(&self, height: u32) -> Option<BlockRef> {
        self.lock().ledger.at(height)
    }

    /// A block, also one that a reorganisation has left behind.
    pub fn block_by_hash(&self, hash: BlockHash) -> Option<Block> {
        self.lock().ledger.block(&hash).cloned()
    }

    /// A header, also of a block that a reorganisation has left behind.
    pub fn header_by_hash(&self, hash: BlockHash) -> Option<HeaderAt> {
        self.lock().ledger.header(&hash)
    }

    /// What waits for a block, parents before children.
    pub fn mempool(&self) -> Vec<Txid> {
        self.lock().mempool.in_order().map(|(txid, _)| txid).collect()
    }

    /// A transaction with its block, or without one if it waits.
    pub fn transaction(&self, txid: Txid) -> Option<(Transaction, Option<BlockRef>)> {
        let state = self.lock();
        let waiting = state.mempool.get(&txid).map(|entry| (entry.transaction.clone(), None));
        waiting.or_else(|| {
            state.ledger.mined(&txid).map(|(transaction, block)| (transaction.clone(), Some(block)))
        })
    }

    /// The transaction that spends an output, mined or waiting.
    pub fn spender(&self, outpoint: OutPoint) -> Option<Txid> {
        let state = self.lock();
        state.ledger.spender(&outpoint).or_else(|| state.mempool.spender(&outpoint))
    }

    /// What a script has in mined outputs that no block has spent, in sat; immature coinbases count.
    pub fn address_balance_sat(&self, script: &Script) -> u64 {
        self.lock().ledger.coins_of(script).map(|(_, coin)| coin.output.value.to_sat()).sum()
    }

    /// All mined money that is unspent, in sat: the subsidies up to the tip, less what was burned on purpose.
    pub fn total_sat(&self) -> u64 {
        self.lock().ledger.total_sat()
    }
}
