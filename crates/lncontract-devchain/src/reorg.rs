//! Reorganisation on demand: takes blocks back and mines others in their place.
//!
//! Invariant: the new branch always has more work, as a reorganisation on the real network has; what the old
//! one had mined waits again, unless told otherwise or no longer valid. Touches the state under its lock.

use bitcoin::{Transaction, Txid};
use lncontract_lightning::BlockRef;

use crate::{devchain::DevChain, error::DevChainError, mine, state::State};

/// What becomes of the transactions of the blocks taken back, and of those that wait.
enum Fate<'a> {
    /// The new branch mines them.
    Mined,
    /// They wait; the new branch is empty.
    Waiting,
    /// These, and what spends from them, are forgotten; the new branch mines the others.
    Dropped(&'a [Txid]),
}

impl DevChain {
    /// Takes `depth` blocks back and mines `new_blocks` others, which hold the same transactions.
    ///
    /// # Errors
    /// If the new branch would not be longer, or the chain is not that high. Nothing has changed then.
    pub fn reorg(&self, depth: u32, new_blocks: u32) -> Result<Vec<BlockRef>, DevChainError> {
        self.branch(depth, new_blocks, &Fate::Mined)
    }

    /// Like [`Self::reorg`], but the new blocks are empty: what was mined in the old ones waits again.
    ///
    /// # Errors
    /// As [`Self::reorg`].
    pub fn reorg_empty(&self, depth: u32, new_blocks: u32) -> Result<Vec<BlockRef>, DevChainError> {
        self.branch(depth, new_blocks, &Fate::Waiting)
    }

    /// Like [`Self::reorg`], but forgets the given transactions and what spends from them: they are neither
    /// mined nor waiting, and their inputs are free for others.
    ///
    /// # Errors
    /// As [`Self::reorg`].
    pub fn reorg_dropping(
        &self,
        depth: u32,
        new_blocks: u32,
        dropped: &[Txid],
    ) -> Result<Vec<BlockRef>, DevChainError> {
        self.branch(depth, new_blocks, &Fate::Dropped(dropped))
    }

    fn branch(&self, depth: u32, new_blocks: u32, fate: &Fate<'_>) -> Result<Vec<BlockRef>, DevChainError> {
        let now = self.now();
        let mut state = self.lock();
        let height = state.ledger.height();
        if depth > height {
            return Err(DevChainError::TooDeep { depth, height });
        }
        if new_blocks <= depth {
            return Err(DevChainError::ShortBranch { depth, new_blocks });
        }
        let mut returned = state.take_back(depth);
        if let Fate::Dropped(dropped) = fate {
            returned.retain(|transaction| !dropped.contains(&transaction.compute_txid()));
        }
        // What needs the old height again (a coinbase that matures, a lock time) comes back after the branch.
        let later = state.readmit(returned);
        let mined = (0..new_blocks)
            .map(|_| {
                let chosen =
                    if matches!(fate, Fate::Waiting) { Vec::new() } else { mine::choose(&state.mempool) };
                state.mine_one(&chosen, now, &self.miner)
            })
            .collect();
        for transaction in state.readmit(later) {
            tracing::debug!(txid = %transaction.compute_txid(), "invalid after a reorganisation");
        }
        self.announce(&state);
        Ok(mined)
    }
}

impl State {
    /// Disconnects blocks and empties the mempool; returns all their transactions, parents before children.
    fn take_back(&mut self, depth: u32) -> Vec<Transaction> {
        let mut blocks: Vec<Vec<Transaction>> = (0..depth).filter_map(|_| self.ledger.disconnect()).collect();
        blocks.reverse();
        blocks.into_iter().flatten().chain(self.mempool.drain()).collect()
    }

    /// Takes transactions into the mempool again and returns those that the next block could not hold.
    pub(crate) fn readmit(&mut self, transactions: Vec<Transaction>) -> Vec<Transaction> {
        let mut refused = Vec::new();
        for transaction in transactions {
            if self.mempool.readmit(&self.ledger, &mut self.scripts, &transaction).is_err() {
                refused.push(transaction);
            }
        }
        refused
    }
}
