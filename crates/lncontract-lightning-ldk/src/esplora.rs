//! The chain port over the REST interface of an Esplora: somebody else's bitcoind, mostly.
//!
//! Invariant: it may lie, so nothing is taken on its word that can be checked. Headers hang together, have their proof
//! of work, and give height and work by themselves (`headers`); a block is the one asked for, down to its witnesses.
//! What can't be checked from one source is whether it keeps blocks back: that takes a second one (`compared`).
//! What was untrue once is told until the program ends.

mod fees;
mod rest;

use std::{sync::Mutex, time::Duration};

use bitcoin::{
    Block, BlockHash, Network, Transaction, block::Header, blockdata::constants::genesis_block,
    consensus::encode,
};
use lncontract_lightning::{BlockRef, BoxFuture, Chain, ChainError, HeaderAt};
use serde_json::{Value, json};

use self::{
    fees::Estimates,
    rest::{BLOCK_BYTES_MAX, Rest, RestError},
};
use crate::{
    headers::{HeaderTree, Headers},
    health::{lock, unix_time},
};

/// Without a block for so long one may doubt that the chain stands still: a chance of 1 in 65 million on a chain with a
/// block every ten minutes.
const NO_BLOCK_FOR: Duration = Duration::from_secs(3 * 3_600);

/// An Esplora.
pub struct Esplora {
    url: String,
    network: Network,
    rest: Rest,
    tree: HeaderTree,
    estimates: Estimates,
    /// The first thing that it said and that was not true.
    lie: Mutex<Option<String>>,
    newest_s: Mutex<Option<u32>>,
}

impl Esplora {
    /// A client for the REST interface below `https://HOST[:PORT][/PATH]`; connects when it is asked something.
    pub fn new(url: &str, network: Network) -> Self {
        Esplora {
            url: url.trim_end_matches('/').to_owned(),
            network,
            rest: Rest::new(url),
            tree: HeaderTree::new(network),
            estimates: Estimates::default(),
            lie: Mutex::default(),
            newest_s: Mutex::default(),
        }
    }

    /// The same, with another limit to the time of an answer.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.rest.patience = patience;
        self
    }

    /// Whether it is on the network that it should be on. Every chain has its own first block.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn is_on_its_network(&self) -> Result<bool, ChainError> {
        let answer = self.rest.text("/block-height/0").await.map_err(unavailable)?;
        Ok(answer.trim() == genesis_block(self.network).block_hash().to_string())
    }

    /// Keeps what was untrue, to be told.
    fn noted<T>(&self, answer: Result<T, ChainError>) -> Result<T, ChainError> {
        if let Err(ChainError::Untrue(text)) = &answer {
            let mut lie = lock(&self.lie);
            if lie.is_none() {
                tracing::error!(url = self.url, text, "the Esplora says what is not true");
                *lie = Some(text.clone());
            }
        }
        answer
    }

    async fn checked_block(&self, hash: BlockHash) -> Result<Block, ChainError> {
        let bytes = self.rest.get(&format!("/block/{hash}/raw"), BLOCK_BYTES_MAX).await;
        let bytes = bytes.map_err(|error| about(error, hash))?;
        let block = encode::deserialize(&bytes);
        let block = block.map_err(|error| odd(&format!("/block/{hash}/raw: no block: {error}")))?;
        check_block(&block, hash)?;
        Ok(block)
    }

    async fn checked_header(&self, hash: BlockHash) -> Result<HeaderAt, ChainError> {
        if self.tree.is_empty() {
            self.check_first(hash).await?;
        }
        self.tree.at(self, hash).await
    }

    /// The block that heights are counted from says its own height (BIP 34), in what its header seals.
    async fn check_first(&self, hash: BlockHash) -> Result<(), ChainError> {
        if hash == genesis_block(self.network).block_hash() {
            return Ok(());
        }
        let (block, said) = (self.checked_block(hash).await?, Headers::height(self, hash).await?);
        match block.bip34_block_height() {
            Ok(height) if height == u64::from(said) => Ok(()),
            Ok(height) => Err(ChainError::Untrue(format!(
                "block {hash} is at height {height}, and said to be at {said}"
            ))),
            // The first sixteen are pushed in another way; there is no channel in them.
            Err(_) if said <= 16 => Ok(()),
            Err(error) => Err(ChainError::Untrue(format!("block {hash} does not say its height: {error}"))),
        }
    }

    async fn send_one(&self, transaction: &Transaction) -> Result<(), ChainError> {
        let txid = transaction.compute_txid().to_string();
        match self.rest.post("/tx", encode::serialize_hex(transaction)).await {
            Ok(answer) if answer.trim() == txid => Ok(()),
            Ok(_) => Err(odd("/tx: another transaction's id, or none")),
            Err(RestError::Refused { text, .. }) if text.contains("already") => Ok(()),
            Err(RestError::Refused { text, .. }) => Err(ChainError::Rejected(text)),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn send_package(&self, package: &[Transaction]) -> Result<(), ChainError> {
        let transactions: Vec<String> = package.iter().map(encode::serialize_hex).collect();
        match self.rest.post("/txs/package", json!(transactions).to_string()).await {
            Ok(answer) => {
                let answer: Value =
                    serde_json::from_str(&answer).map_err(|_| odd("/txs/package: no JSON"))?;
                crate::bitcoind::package_answer(&answer)
            }
            // An older one: parents go alone, and are refused if they do not pay for themselves.
            Err(RestError::NotFound | RestError::Refused { status: 405, .. }) => {
                self.send_each(package).await
            }
            Err(RestError::Refused { text, .. }) => Err(ChainError::Rejected(text)),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn send_each(&self, package: &[Transaction]) -> Result<(), ChainError> {
        for transaction in package {
            self.send_one(transaction).await.map_err(|error| match error {
                ChainError::Rejected(text) => {
                    let hint =
                        "this Esplora takes no packages: a parent that a child pays for needs another one";
                    ChainError::Rejected(format!("{text} ({hint})"))
                }
                error => error,
            })?;
        }
        Ok(())
    }
}

/// Whether a block is the one with that hash, with all that its header and its coinbase seal.
pub(crate) fn check_block(block: &Block, hash: BlockHash) -> Result<(), ChainError> {
    let found = block.block_hash();
    if found != hash {
        return Err(ChainError::Untrue(format!("block {found} was given for block {hash}")));
    }
    if !block.check_merkle_root() || !block.check_witness_commitment() {
        return Err(ChainError::Untrue(format!(
            "block {hash} was given with transactions that are not its own"
        )));
    }
    Ok(())
}

fn odd(what: &str) -> ChainError {
    ChainError::Unavailable(format!("the Esplora gave an answer that can't be read to {what}"))
}

fn unavailable(error: RestError) -> ChainError {
    ChainError::Unavailable(match error {
        RestError::NotFound => "there is no Esplora at its address (404): check the path".to_owned(),
        RestError::Refused { status, text } => format!("the Esplora says {status}: {text}"),
        RestError::Unavailable(text) => format!("the Esplora: {text}"),
    })
}

fn about(error: RestError, block: BlockHash) -> ChainError {
    match error {
        RestError::NotFound => ChainError::UnknownBlock(block),
        error => unavailable(error),
    }
}

impl Headers for Esplora {
    fn header(&self, hash: BlockHash) -> BoxFuture<'_, Result<Header, ChainError>> {
        Box::pin(async move {
            let path = format!("/block/{hash}/header");
            let text = self.rest.text(&path).await.map_err(|error| about(error, hash))?;
            encode::deserialize_hex(text.trim()).map_err(|_| odd(&path))
        })
    }

    fn height(&self, hash: BlockHash) -> BoxFuture<'_, Result<u32, ChainError>> {
        Box::pin(async move {
            let path = format!("/block/{hash}");
            let text = self.rest.text(&path).await.map_err(|error| about(error, hash))?;
            let answer: Value = serde_json::from_str(&text).map_err(|_| odd(&path))?;
            answer["height"].as_u64().and_then(|height| height.try_into().ok()).ok_or_else(|| odd(&path))
        })
    }
}

impl Chain for Esplora {
    fn tip(&self) -> BoxFuture<'_, Result<BlockRef, ChainError>> {
        Box::pin(async move {
            let path = "/blocks/tip/hash";
            let text = self.rest.text(path).await.map_err(unavailable)?;
            let hash = text.trim().parse().map_err(|_| odd(path))?;
            let at = self.noted(self.checked_header(hash).await)?;
            *lock(&self.newest_s) = Some(at.header.time);
            Ok(BlockRef { hash, height: at.height })
        })
    }

    fn header(&self, hash: BlockHash) -> BoxFuture<'_, Result<HeaderAt, ChainError>> {
        Box::pin(async move { self.noted(self.checked_header(hash).await) })
    }

    fn block(&self, hash: BlockHash) -> BoxFuture<'_, Result<Block, ChainError>> {
        Box::pin(async move { self.noted(self.checked_block(hash).await) })
    }

    fn broadcast<'a>(&'a self, package: &'a [Transaction]) -> BoxFuture<'a, Result<(), ChainError>> {
        Box::pin(async move {
            match package {
                [] => Ok(()),
                [one] => self.send_one(one).await,
                several => self.send_package(several).await,
            }
        })
    }

    fn fee_rate_sat_per_kwu(&self, target_blocks: u16) -> BoxFuture<'_, Result<u32, ChainError>> {
        Box::pin(async move {
            let rate = self.estimates.rate(&self.rest, target_blocks).await;
            self.noted(rate)
        })
    }

    fn doubts(&self) -> Vec<String> {
        let url = &self.url;
        let lie = lock(&self.lie).clone();
        let mut doubts: Vec<String> = lie
            .map(|text| format!("the Esplora at {url} said what is not true: {text}; use another one"))
            .into_iter()
            .collect();
        let newest_s = *lock(&self.newest_s);
        let age_s = newest_s.map_or(0, |time_s| unix_time().as_secs().saturating_sub(u64::from(time_s)));
        if self.network != Network::Regtest && age_s > NO_BLOCK_FOR.as_secs() {
            let hours = age_s / 3_600;
            doubts.push(format!(
                "the newest block at the Esplora {url} is {hours} hours old: it may keep blocks back, in which a \
                 channel could be closed with an old state; compare it with a second source"
            ));
        }
        doubts
    }
}
