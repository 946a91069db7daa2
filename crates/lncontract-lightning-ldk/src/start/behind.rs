//! A start never takes the node back: a chain source that is behind the node's own place is waited for, then refused.
//!
//! Why: LDK would undo the blocks that the source does not show, and with them perhaps the confirmation of a channel's
//! opening, for which it closes the channel. While the node runs, LDK itself follows no chain with less work.

use lightning::chain::BlockLocator;
use lncontract_lightning::{Chain, ChainError};

use crate::config::{LdkConfig, StartError};

/// How many times it is asked: with the usual distance between two questions, half a minute.
const TRIES: u32 = 15;

/// Waits until the chain source has at least the work of the block that the node was at.
pub(super) async fn wait_for(config: &LdkConfig, at: BlockLocator) -> Result<(), StartError> {
    let bad_chain = |error: ChainError| StartError::Chain(error.to_string());
    for _ in 0..TRIES {
        let Some(height) = behind(&*config.chain, at).await.map_err(bad_chain)? else { return Ok(()) };
        tracing::warn!(
            source = height,
            node = at.height,
            "the chain source is behind this node; it is waited for"
        );
        tokio::time::sleep(config.poll).await;
    }
    let text = "it is behind: the block that this node was at last has more work than its newest one. Wait until it \
                has caught up, or give another one, then start the node again";
    Err(StartError::Chain(format!("{text} (block {} at height {})", at.block_hash, at.height)))
}

/// The height of its tip, if that has less work than the block has.
async fn behind(chain: &dyn Chain, at: BlockLocator) -> Result<Option<u32>, ChainError> {
    let tip = chain.tip().await?;
    if tip.hash == at.block_hash {
        return Ok(None);
    }
    let less = match chain.header(at.block_hash).await {
        Ok(own) => own.chainwork > chain.header(tip.hash).await?.chainwork,
        // Unknown and higher: it was left behind by a branch that the source never had, and LDK looks for the fork.
        Err(ChainError::UnknownBlock(_)) => tip.height < at.height,
        Err(error) => return Err(error),
    };
    Ok(less.then_some(tip.height))
}
