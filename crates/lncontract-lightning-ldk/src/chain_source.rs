//! The chain port in the shape that LDK's block sync asks for.
//!
//! Invariant: blocks and headers pass unchanged; LDK validates them (hash, proof of work, order).

use std::sync::Arc;

use bitcoin::BlockHash;
use lightning_block_sync::{BlockData, BlockHeaderData, BlockSource, BlockSourceError, BlockSourceResult};
use lncontract_lightning::{Chain, ChainError};

/// A chain port as a block source.
#[derive(Clone)]
pub(crate) struct ChainSource(pub(crate) Arc<dyn Chain>);

fn source_error(error: ChainError) -> BlockSourceError {
    match error {
        // A block that is gone after a re-organisation may be asked for anew from the new tip.
        ChainError::Unavailable(_) | ChainError::UnknownBlock(_) => BlockSourceError::transient(error),
        ChainError::Rejected(_) | ChainError::Untrue(_) => BlockSourceError::persistent(error),
    }
}

impl BlockSource for ChainSource {
    async fn get_header<'a>(
        &'a self,
        header_hash: &'a BlockHash,
        _height_hint: Option<u32>,
    ) -> BlockSourceResult<BlockHeaderData> {
        let at = self.0.header(*header_hash).await.map_err(source_error)?;
        Ok(BlockHeaderData { header: at.header, height: at.height, chainwork: at.chainwork })
    }

    async fn get_block<'a>(&'a self, header_hash: &'a BlockHash) -> BlockSourceResult<BlockData> {
        self.0.block(*header_hash).await.map(BlockData::FullBlock).map_err(source_error)
    }

    async fn get_best_block(&self) -> BlockSourceResult<(BlockHash, Option<u32>)> {
        let tip = self.0.tip().await.map_err(source_error)?;
        Ok((tip.hash, Some(tip.height)))
    }
}

/// The block at `height` below `tip`, found by walking back header by header.
pub(crate) async fn block_at(
    chain: &dyn Chain,
    tip: BlockHash,
    height: u32,
) -> Result<BlockHash, ChainError> {
    let mut at = chain.header(tip).await?;
    while at.height > height {
        at = chain.header(at.header.prev_blockhash).await?;
    }
    Ok(at.header.block_hash())
}
