//! The chain in a file: every block in the order of arrival, then what waits.
//!
//! Format: the 8 bytes of [`MAGIC`], a CompactSize count of blocks, the blocks, a CompactSize count of
//! transactions, the transactions; all in Bitcoin's own encoding. Compatibility: play money only, so a file
//! of another format is refused, never converted.
//! Invariant: a chain that was loaded has passed every rule again, block by block. Touches the named file.

use std::{
    fs,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use bitcoin::{
    Block, Transaction, VarInt,
    consensus::{Decodable, Encodable},
};

use crate::{
    devchain::{Clock, DevChain},
    error::DevChainError,
    state::State,
};

/// How the file begins.
const MAGIC: [u8; 8] = *b"LNCDEVC1";

impl DevChain {
    /// Writes the chain to a file, with blocks left behind and with what waits. A file that was there is
    /// replaced when the new one is complete. The set time, fee rates and a pause are not kept.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), DevChainError> {
        let mut bytes = MAGIC.to_vec();
        let state = self.lock();
        encode_all(state.ledger.arrivals(), &mut bytes)?;
        let waiting: Vec<&Transaction> =
            state.mempool.in_order().map(|(_, entry)| &entry.transaction).collect();
        encode_all(waiting.into_iter(), &mut bytes)?;
        drop(state);
        let beside = path.with_extension("new");
        fs::write(&beside, &bytes)?;
        fs::rename(&beside, path)?;
        Ok(())
    }

    /// Reads a chain that [`Self::save`] wrote and judges every block of it again.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or holds a block that the rules refuse.
    pub fn load(path: &Path, clock: Clock) -> Result<Arc<Self>, DevChainError> {
        let bytes = fs::read(path)?;
        let mut rest = bytes.as_slice();
        let read = read_all(&mut rest);
        let at = u64::try_from(bytes.len() - rest.len()).expect("a file in memory is that short");
        let (blocks, waiting) = read.filter(|_| rest.is_empty()).ok_or(DevChainError::DamagedFile { at })?;
        let chain = Self::bare(clock);
        let mut state = chain.lock();
        for block in blocks {
            state.follow(block)?;
        }
        for transaction in state.readmit(waiting) {
            tracing::warn!(txid = %transaction.compute_txid(), "what waited is not valid any more");
        }
        chain.announce(&state);
        drop(state);
        Ok(chain)
    }
}

impl State {
    /// Connects a block where it belongs: on the tip, or on the block where a branch began. The file has the
    /// blocks as they came, so a shorter branch is only ever followed by what made it the longer one.
    fn follow(&mut self, block: Block) -> Result<(), DevChainError> {
        let parent = block.header.prev_blockhash;
        if self.ledger.header(&parent).is_some() {
            while self.ledger.tip().hash != parent && self.ledger.disconnect().is_some() {}
        }
        self.connect(block)?;
        Ok(())
    }
}

fn encode_all<'a, T: Encodable + 'a>(
    items: impl ExactSizeIterator<Item = &'a T>,
    bytes: &mut Vec<u8>,
) -> io::Result<()> {
    VarInt::from(items.len()).consensus_encode(bytes)?;
    for item in items {
        item.consensus_encode(bytes)?;
    }
    Ok(())
}

fn read_all(rest: &mut &[u8]) -> Option<(Vec<Block>, Vec<Transaction>)> {
    let mut magic = [0; MAGIC.len()];
    rest.read_exact(&mut magic).ok().filter(|()| magic == MAGIC)?;
    Some((decode_all(rest)?, decode_all(rest)?))
}

fn decode_all<T: Decodable>(rest: &mut &[u8]) -> Option<Vec<T>> {
    let count = VarInt::consensus_decode(rest).ok()?.0;
    // No capacity from the file: a damaged count must not ask for all memory.
    (0..count).map(|_| T::consensus_decode(rest).ok()).collect()
}
