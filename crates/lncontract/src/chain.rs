//! The chain of a company that does not live in the sandbox: a bitcoind, looked at before anything is opened.
//!
//! Invariant: a node never starts on a chain that is not the one asked for. Only asks; writes nothing.

use std::sync::Arc;

use bitcoin::{Network, blockdata::constants::genesis_block};
use lncontract_lightning::{BlockRef, Chain, ChainError};
use lncontract_lightning_ldk::Bitcoind;

use crate::config::BitcoindSettings;

/// Why a bitcoind is of no use now.
#[derive(Debug, thiserror::Error)]
pub enum ChainUse {
    /// It does not answer, or refuses the login.
    #[error("bitcoind at {url} can't be used: {reason}; start it, or check address, user and password")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// Its words, or the system's.
        reason: String,
    },
    /// It is on another chain.
    #[error("bitcoind at {url} is not on {wanted}: give the one that is, or another --network")]
    OtherNetwork {
        /// Where it is.
        url: String,
        /// The chain asked for.
        wanted: Network,
    },
}

/// A chain source that answers and is on the right chain, with its newest block.
///
/// # Errors
/// See [`ChainUse`].
pub async fn reach(
    settings: &BitcoindSettings,
    network: Network,
) -> Result<(Arc<dyn Chain>, BlockRef), ChainUse> {
    let chain = Bitcoind::new(&settings.url, &settings.user, &settings.password.0);
    let url = settings.url.clone();
    let unreachable =
        |error: ChainError| ChainUse::Unreachable { url: url.clone(), reason: error.to_string() };
    let tip = chain.tip().await.map_err(unreachable)?;
    // Every chain has its own first block.
    match chain.header(genesis_block(network).block_hash()).await {
        Ok(_) => Ok((Arc::new(chain), tip)),
        Err(ChainError::UnknownBlock(_)) => Err(ChainUse::OtherNetwork { url, wanted: network }),
        Err(error) => Err(unreachable(error)),
    }
}
