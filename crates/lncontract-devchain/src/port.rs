//! The chain port over the chain in the process.
//!
//! Invariant: nothing is decided here but "unavailable"; the work is done before the future is first awaited
//! on, so no lock is held across an await. Touches the state under its lock.

use bitcoin::{Block, BlockHash, Transaction};
use lncontract_lightning::{BlockRef, BoxFuture, Chain, ChainError, HeaderAt};

use crate::{devchain::DevChain, state::State};

impl DevChain {
    fn while_up<T>(&self, work: impl FnOnce(&mut State) -> Result<T, ChainError>) -> Result<T, ChainError> {
        let mut state = self.lock();
        if state.paused {
            return Err(ChainError::Unavailable("the chain in the process is paused: resume it".to_owned()));
        }
        work(&mut state)
    }
}

impl Chain for DevChain {
    fn tip(&self) -> BoxFuture<'_, Result<BlockRef, ChainError>> {
        Box::pin(async move { self.while_up(|state| Ok(state.ledger.tip())) })
    }

    fn header(&self, hash: BlockHash) -> BoxFuture<'_, Result<HeaderAt, ChainError>> {
        Box::pin(async move {
            self.while_up(|state| state.ledger.header(&hash).ok_or(ChainError::UnknownBlock(hash)))
        })
    }

    fn block(&self, hash: BlockHash) -> BoxFuture<'_, Result<Block, ChainError>> {
        Box::pin(async move {
            self.while_up(|state| state.ledger.block(&hash).cloned().ok_or(ChainError::UnknownBlock(hash)))
        })
    }

    fn broadcast<'a>(&'a self, package: &'a [Transaction]) -> BoxFuture<'a, Result<(), ChainError>> {
        Box::pin(async move {
            self.while_up(|state| {
                state.submit(package).map_err(|reject| ChainError::Rejected(reject.to_string()))
            })
        })
    }

    fn fee_rate_sat_per_kwu(&self, target_blocks: u16) -> BoxFuture<'_, Result<u32, ChainError>> {
        Box::pin(async move { self.while_up(|state| Ok(state.fee_rate(target_blocks))) })
    }
}
