//! The chain of a company that does not live in the sandbox: a bitcoind, an Esplora, or two of them compared; each
//! looked at before anything is opened.
//!
//! Invariant: a node never starts on a chain that is not the one asked for. One source of two may be away: the other
//! one does. Only asks; writes nothing.

use std::sync::Arc;

use bitcoin::{Network, blockdata::constants::genesis_block};
use lncontract_lightning::{BlockRef, Chain, ChainError};
use lncontract_lightning_ldk::{Bitcoind, Compared, Esplora, Source, Tolerance};

use crate::config::{BitcoindSettings, ChainSettings};

/// Why a chain source is of no use now.
#[derive(Debug, thiserror::Error)]
pub enum ChainUse {
    /// It does not answer, or refuses the login, or says what is not true.
    #[error("{name} can't be used: {reason}; {todo}")]
    Unreachable {
        /// What it is, and where it should be.
        name: String,
        /// Its words, or the system's.
        reason: String,
        /// What helps.
        todo: &'static str,
    },
    /// It is on another chain.
    #[error("{name} is not on {wanted}: give the one that is, or another --network")]
    OtherNetwork {
        /// What it is, and where.
        name: String,
        /// The chain asked for.
        wanted: Network,
    },
}

/// A source that was asked for its newest block.
pub struct Asked {
    /// In one word.
    pub what: &'static str,
    /// It.
    pub source: Source,
    /// Its newest block, or why it is of no use.
    pub tip: Result<BlockRef, ChainUse>,
}

/// Asks every source of the configuration.
pub async fn ask(settings: &[ChainSettings], network: Network) -> Vec<Asked> {
    let mut asked = Vec::new();
    for settings in settings {
        asked.push(match settings {
            ChainSettings::Bitcoind(bitcoind) => ask_bitcoind(bitcoind, network).await,
            ChainSettings::Esplora(url) => ask_esplora(url, network).await,
        });
    }
    asked
}

async fn ask_bitcoind(settings: &BitcoindSettings, network: Network) -> Asked {
    let name = format!("bitcoind at {}", settings.url);
    let chain = Arc::new(Bitcoind::new(&settings.url, &settings.user, &settings.password.0));
    let here = match chain.header(genesis_block(network).block_hash()).await {
        Ok(_) => Ok(true),
        Err(ChainError::UnknownBlock(_)) => Ok(false),
        Err(error) => Err(error),
    };
    let todo = "start it, or check address, user and password";
    let tip = judge(&*chain, here, &name, todo, network).await;
    Asked { what: "bitcoind", source: Source { name, chain }, tip }
}

async fn ask_esplora(url: &str, network: Network) -> Asked {
    let name = format!("the Esplora at {url}");
    let chain = Arc::new(Esplora::new(url, network));
    let here = chain.is_on_its_network().await;
    let todo = "check its address and path, and this machine's way there, or give another one";
    let tip = judge(&*chain, here, &name, todo, network).await;
    Asked { what: "esplora", source: Source { name, chain }, tip }
}

/// Every chain has its own first block: `here` says whether it was there.
async fn judge(
    chain: &dyn Chain,
    here: Result<bool, ChainError>,
    name: &str,
    todo: &'static str,
    wanted: Network,
) -> Result<BlockRef, ChainUse> {
    let name = name.to_owned();
    let tip = match here {
        Ok(false) => return Err(ChainUse::OtherNetwork { name, wanted }),
        Ok(true) => chain.tip().await,
        Err(error) => Err(error),
    };
    tip.map_err(|error| ChainUse::Unreachable { name, reason: error.to_string(), todo })
}

/// A chain that answers and is the right one: of one source, or of two that are compared from now on.
///
/// # Errors
/// See [`ChainUse`]. That one source of two is away is no error.
pub async fn reach(settings: &[ChainSettings], network: Network) -> Result<Arc<dyn Chain>, ChainUse> {
    let mut sources = Vec::new();
    let mut away = Vec::new();
    for Asked { source, tip, .. } in ask(settings, network).await {
        match tip {
            Err(error @ ChainUse::OtherNetwork { .. }) => return Err(error),
            Err(error) => away.push(error),
            Ok(_) => {}
        }
        sources.push(source);
    }
    if away.len() == sources.len() {
        return Err(away.into_iter().next().expect("the configuration names a source"));
    }
    for error in away {
        tracing::warn!(%error, "one of two chain sources; the node starts with the other one");
    }
    Ok(match <[Source; 2]>::try_from(sources) {
        Ok([first, second]) => Compared::start(first, second, network, Tolerance::usual(network)),
        Err(mut sources) => sources.remove(0).chain,
    })
}
