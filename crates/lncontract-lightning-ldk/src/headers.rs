//! Headers that were checked by us, in a tree: height and work follow from the links, not from what a source says.
//!
//! Invariant: every header in here hashes to its name, has the proof of work that its chain asks for at that place, and
//! hangs on another one, but the first, from which heights are counted. That one's height is vouched for by who adds
//! it. Work is counted from a fixed base at the first header: only differences mean something, and those are true.
//! A signet's signatures are not checked.

use std::{collections::HashMap, sync::Mutex};

use bitcoin::{BlockHash, Network, Work, block::Header, params::Params};
use lncontract_lightning::{BoxFuture, ChainError, HeaderAt};

use crate::health::lock;

/// So many headers without a known one below them are read at most: two months of a chain.
const BRANCH_MAX: usize = 10_000;
/// Blocks with one difficulty.
const PERIOD_BLOCKS: u32 = 2_016;

/// Who has headers.
pub(crate) trait Headers: Send + Sync {
    /// The header with that hash; the answer is not trusted.
    fn header(&self, hash: BlockHash) -> BoxFuture<'_, Result<Header, ChainError>>;
    /// The height that it gives that block; the answer is not trusted.
    fn height(&self, hash: BlockHash) -> BoxFuture<'_, Result<u32, ChainError>>;
}

#[derive(Default)]
struct Known {
    headers: HashMap<BlockHash, HeaderAt>,
    /// The lowest of the headers below the first one, without a gap.
    lowest: Option<HeaderAt>,
}

/// The tree.
pub(crate) struct HeaderTree {
    params: Params,
    known: Mutex<Known>,
}

/// What every tree counts work from: more than any chain has, so that there is room below, and above.
fn base() -> Work {
    let mut bytes = [0; 32];
    bytes[4] = 1;
    Work::from_be_bytes(bytes)
}

fn untrue<T>(text: String) -> Result<T, ChainError> {
    Err(ChainError::Untrue(text))
}

impl HeaderTree {
    pub(crate) fn new(network: Network) -> Self {
        HeaderTree { params: Params::new(network), known: Mutex::default() }
    }

    /// Whether nothing is in it: then the next header is the one that heights are counted from.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.known).lowest.is_none()
    }

    /// A header that is in it.
    pub(crate) fn known(&self, hash: &BlockHash) -> Option<HeaderAt> {
        lock(&self.known).headers.get(hash).copied()
    }

    /// The header at a height on the branch that ends with `tip`, if it is in here.
    pub(crate) fn ancestor(&self, tip: HeaderAt, height: u32) -> Option<HeaderAt> {
        let known = lock(&self.known);
        let mut at = tip;
        while at.height > height {
            at = *known.headers.get(&at.header.prev_blockhash)?;
        }
        (at.height == height).then_some(at)
    }

    /// A header with its place; what is missing between it and the known ones is read from `source`.
    pub(crate) async fn at(&self, source: &dyn Headers, hash: BlockHash) -> Result<HeaderAt, ChainError> {
        if let Some(at) = self.known(&hash) {
            return Ok(at);
        }
        let header = self.read(source, hash).await?;
        let height = source.height(hash).await?;
        // The newest first.
        let mut branch = vec![header];
        loop {
            let last = branch[branch.len() - 1];
            let lowest = self.lowest_or_first(header, height);
            if let Some(at) = self.known(&hash) {
                return Ok(at);
            }
            if let Some(parent) = self.known(&last.prev_blockhash) {
                return self.attach(parent, &branch, height);
            }
            let last_height =
                u32::try_from(branch.len() - 1).ok().and_then(|below| height.checked_sub(below));
            match last_height {
                Some(last_height) if last_height <= lowest.height => self.extend_down(source, lowest).await?,
                Some(_) if branch.len() < BRANCH_MAX => {
                    branch.push(self.read(source, last.prev_blockhash).await?)
                }
                Some(_) => {
                    let text = format!(
                        "no known block among the {BRANCH_MAX} below block {hash}; start the node again"
                    );
                    return Err(ChainError::Unavailable(text));
                }
                None => {
                    return untrue(format!(
                        "block {hash} is said to be at height {height}, with more blocks below it"
                    ));
                }
            }
        }
    }

    /// The lowest header; in an empty tree the given one becomes the first.
    fn lowest_or_first(&self, header: Header, height: u32) -> HeaderAt {
        let mut known = lock(&self.known);
        if let Some(lowest) = known.lowest {
            return lowest;
        }
        let first = HeaderAt { header, height, chainwork: base() };
        known.headers.insert(header.block_hash(), first);
        known.lowest = Some(first);
        first
    }

    async fn read(&self, source: &dyn Headers, hash: BlockHash) -> Result<Header, ChainError> {
        let header = source.header(hash).await?;
        let found = header.block_hash();
        if found != hash {
            return untrue(format!("header {found} was given for block {hash}"));
        }
        if header.target() > self.params.max_attainable_target
            || header.validate_pow(header.target()).is_err()
        {
            return untrue(format!("block {hash} has no proof of work"));
        }
        Ok(header)
    }

    /// Whether the chain's rules allow a header with that difficulty on this one.
    fn check_difficulty(&self, parent: &Header, child: &Header, child_height: u32) -> Result<(), ChainError> {
        if self.params.no_pow_retargeting || self.params.allow_min_difficulty_blocks {
            return Ok(());
        }
        let (before, after) = (parent.target(), child.target());
        let possible = if child_height.is_multiple_of(PERIOD_BLOCKS) {
            after >= before.min_transition_threshold() && after <= before.max_transition_threshold_unchecked()
        } else {
            child.bits == parent.bits
        };
        if possible {
            return Ok(());
        }
        let hash = child.block_hash();
        untrue(format!("block {hash} at height {child_height} has a difficulty that can't be there"))
    }

    /// Hangs a branch, the newest first, on its parent. All of it or nothing.
    fn attach(&self, parent: HeaderAt, branch: &[Header], said_height: u32) -> Result<HeaderAt, ChainError> {
        let mut places = Vec::with_capacity(branch.len());
        let mut below = parent;
        for header in branch.iter().rev() {
            let height = below.height + 1;
            self.check_difficulty(&below.header, header, height)?;
            below = HeaderAt { header: *header, height, chainwork: below.chainwork + header.work() };
            places.push(below);
        }
        if below.height != said_height {
            let (hash, height) = (below.header.block_hash(), below.height);
            return untrue(format!("block {hash} is at height {height}, and said to be at {said_height}"));
        }
        let mut known = lock(&self.known);
        known.headers.extend(places.into_iter().map(|at| (at.header.block_hash(), at)));
        Ok(below)
    }

    /// Reads the header below the lowest one.
    async fn extend_down(&self, source: &dyn Headers, lowest: HeaderAt) -> Result<(), ChainError> {
        let Some(height) = lowest.height.checked_sub(1) else {
            return untrue("a block is said to be below the first one of its chain".to_owned());
        };
        let header = self.read(source, lowest.header.prev_blockhash).await?;
        self.check_difficulty(&header, &lowest.header, lowest.height)?;
        let at = HeaderAt { header, height, chainwork: lowest.chainwork - lowest.header.work() };
        let mut known = lock(&self.known);
        known.headers.insert(header.block_hash(), at);
        // Somebody else may have gone further down meanwhile.
        if known.lowest.is_none_or(|lowest| lowest.height > height) {
            known.lowest = Some(at);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::{CompactTarget, blockdata::constants::genesis_block};

    use super::*;

    /// A header with that difficulty; its work was never done.
    fn with_bits(bits: u32) -> Header {
        let mut header = genesis_block(Network::Signet).header;
        header.bits = CompactTarget::from_consensus(bits);
        header
    }

    fn check(network: Network, parent_bits: u32, child_bits: u32, height: u32, expect: bool) {
        let tree = HeaderTree::new(network);
        let judged = tree.check_difficulty(&with_bits(parent_bits), &with_bits(child_bits), height);
        assert_eq!(judged.is_ok(), expect, "{network}: {parent_bits:x} to {child_bits:x} at {height}");
    }

    #[test]
    fn difficulty_changes_every_2016_blocks_by_four_at_most_where_there_is_any() {
        for network in [Network::Bitcoin, Network::Signet] {
            check(network, 0x1c00_8000, 0x1c00_8000, 4_033, true);
            check(network, 0x1c00_8000, 0x1c00_8001, 4_033, false);
            check(network, 0x1c00_8000, 0x1c02_0000, 4_032, true);
            check(network, 0x1c00_8000, 0x1c02_0001, 4_032, false);
            check(network, 0x1c00_8000, 0x1b20_0000, 4_032, true);
            check(network, 0x1c00_8000, 0x1b1f_ffff, 4_032, false);
        }
        check(Network::Regtest, 0x1c00_8000, 0x207f_ffff, 4_033, true);
    }

    struct One(Header);

    impl Headers for One {
        fn header(&self, _: BlockHash) -> BoxFuture<'_, Result<Header, ChainError>> {
            Box::pin(async { Ok(self.0) })
        }
        fn height(&self, _: BlockHash) -> BoxFuture<'_, Result<u32, ChainError>> {
            Box::pin(async { Ok(0) })
        }
    }

    #[tokio::test]
    async fn an_easier_target_than_the_network_allows_is_no_proof_of_work() {
        let easy = genesis_block(Network::Regtest).header;
        let on = |network| async move { HeaderTree::new(network).at(&One(easy), easy.block_hash()).await };
        assert!(on(Network::Regtest).await.is_ok());
        let refused = on(Network::Signet).await;
        assert!(
            matches!(&refused, Err(ChainError::Untrue(text)) if text.contains("no proof")),
            "{refused:?}"
        );
    }
}
