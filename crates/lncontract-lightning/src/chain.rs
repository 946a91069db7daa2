//! The chain port: headers, blocks, broadcast, fee rates. devchain in the process, bitcoind over RPC, an Esplora,
//! two of them compared.

use bitcoin::{Block, BlockHash, Transaction, Work, block::Header};

use crate::BoxFuture;

/// A block by hash and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRef {
    /// Its hash.
    pub hash: BlockHash,
    /// Its height; the genesis block has 0.
    pub height: u32,
}

/// A header with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderAt {
    /// The header.
    pub header: Header,
    /// Its height.
    pub height: u32,
    /// The work of the chain up to and with it. A source may count from a base of its own (an Esplora does not tell
    /// the whole sum): compare only what one source said.
    pub chainwork: Work,
}

/// Why a chain source did not answer, or did not take a transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Not reachable now: ask again.
    #[error("the chain source is not available: {0}")]
    Unavailable(String),
    /// It does not know the block (any more).
    #[error("the chain source does not know the block {0}")]
    UnknownBlock(BlockHash),
    /// It does not take the transaction or package.
    #[error("the transaction was refused: {0}")]
    Rejected(String),
    /// What it says can't be: a block that is not the one asked for, work that was not done. Ask another source.
    #[error("the chain source is not to be trusted: {0}")]
    Untrue(String),
}

/// What a node needs of a chain.
pub trait Chain: Send + Sync + 'static {
    /// The tip of the best chain.
    fn tip(&self) -> BoxFuture<'_, Result<BlockRef, ChainError>>;
    /// A header, also of a block that a reorganisation has left behind, while it is known.
    fn header(&self, hash: BlockHash) -> BoxFuture<'_, Result<HeaderAt, ChainError>>;
    /// A whole block.
    fn block(&self, hash: BlockHash) -> BoxFuture<'_, Result<Block, ChainError>>;
    /// Hands transactions over: one alone, or parents before children as a package.
    /// What is already known is no error.
    fn broadcast<'a>(&'a self, package: &'a [Transaction]) -> BoxFuture<'a, Result<(), ChainError>>;
    /// Fee rate in satoshi per 1,000 weight units (253 at the least) to confirm within that many blocks.
    fn fee_rate_sat_per_kwu(&self, target_blocks: u16) -> BoxFuture<'_, Result<u32, ChainError>>;
    /// Why the source is in doubt now, each with what to do, for people; nothing is asked for it.
    fn doubts(&self) -> Vec<String> {
        Vec::new()
    }
}
