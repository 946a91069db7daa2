//! Two chain sources as one: the node follows the chain with the most work that either has, and what they disagree on
//! is told.
//!
//! Why: a source that keeps blocks back can hide that a counterparty has closed a channel with an old state, until the
//! time to answer is over. One source alone can't show that; the other one does.
//!
//! Invariant: heights and work are our own count over checked headers (`headers`), the same for both sources. The
//! source whose checked chain has more work leads, unless it was untrue; at equal work the first one does. A
//! transaction goes to both: neither can keep it back. A source that is away delays no more than the first question.

mod judge;

use std::{
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

use bitcoin::{Block, BlockHash, Network, Transaction, block::Header};
use lncontract_lightning::{BlockRef, BoxFuture, Chain, ChainError, HeaderAt};
use tokio::task::JoinSet;

use self::judge::{Look, Watch};
use crate::{
    esplora::check_block,
    headers::{HeaderTree, Headers},
    health::lock,
};

/// How long a look at one source may take; it may have to read many headers.
const LOOK_PATIENCE: Duration = Duration::from_secs(60);
/// For this many blocks the fee rates are compared.
const FEE_TARGET_BLOCKS: u16 = 6;

/// One of the two.
#[derive(Clone)]
pub struct Source {
    /// What it is called in words to people: `bitcoind at http://127.0.0.1:8332`.
    pub name: String,
    /// It.
    pub chain: Arc<dyn Chain>,
}

/// When a difference is told, and how often it is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// A source may be so many blocks behind.
    pub blocks: u32,
    /// More than that, on another branch, or away, for so long.
    pub time: Duration,
    /// How often both are looked at.
    pub every: Duration,
}

impl Tolerance {
    /// The usual one: blocks come in bursts, and servers take a while to index them.
    pub fn usual(network: Network) -> Self {
        // On regtest a person waits for blocks, and nothing travels far.
        let every =
            if network == Network::Regtest { Duration::from_secs(1) } else { Duration::from_secs(30) };
        Tolerance { blocks: 2, time: Duration::from_secs(600), every }
    }
}

/// Two chain sources.
pub struct Compared {
    sources: [Source; 2],
    tree: HeaderTree,
    watch: Mutex<Watch>,
}

impl Compared {
    /// Puts two sources together, the one to prefer first, and looks at both from now on while the value lives. Needs a
    /// Tokio runtime.
    pub fn start(first: Source, second: Source, network: Network, tolerance: Tolerance) -> Arc<Self> {
        let compared = Arc::new(Compared {
            sources: [first, second],
            tree: HeaderTree::new(network),
            watch: Mutex::new(Watch::new(tolerance)),
        });
        tokio::spawn(watch(Arc::downgrade(&compared), tolerance.every));
        compared
    }

    /// Looks at both sources now. Returns what is in doubt, also what is not worth a word to the log yet.
    pub async fn compare(&self) -> Vec<String> {
        let (first, second) = tokio::join!(self.look(0), self.look(1));
        let names = [&*self.sources[0].name, &*self.sources[1].name];
        let (before, now) = {
            let mut watch = lock(&self.watch);
            let before = watch.doubts();
            watch.judge(names, [first, second], &self.tree, Instant::now());
            (before, watch.doubts())
        };
        // The words change as time goes on; another number of them is news.
        if now.len() > before.len() {
            tracing::warn!(doubts = now.join("; "), "the chain source is in doubt");
        }
        if now.is_empty() && !before.is_empty() {
            tracing::info!("both chain sources agree again");
        }
        now
    }

    async fn look(&self, which: usize) -> Look {
        let chain = &*self.sources[which].chain;
        let look = async {
            let tip = chain.tip().await?;
            let at = self.tree.at(&self.headers_of(which), tip.hash).await?;
            let rate = chain.fee_rate_sat_per_kwu(FEE_TARGET_BLOCKS).await;
            self.noted(which, &rate);
            // Without a rate there is nothing to compare; that is no reason to doubt the blocks.
            Ok((at, rate.ok()))
        };
        let late = Err(ChainError::Unavailable(format!("no answer within {LOOK_PATIENCE:?}")));
        tokio::time::timeout(LOOK_PATIENCE, look).await.unwrap_or(late)
    }

    /// Both, the leading one first.
    fn in_order(&self) -> [usize; 2] {
        let lead = lock(&self.watch).lead();
        [lead, 1 - lead]
    }

    /// Notes what a source answered that can't be; it does not lead then.
    fn noted<T>(&self, which: usize, answer: &Result<T, ChainError>) {
        if let Err(ChainError::Untrue(text)) = answer {
            lock(&self.watch).untrue(which, &self.sources[which].name, text);
        }
    }

    async fn tip_of(&self, which: usize) -> Result<BlockRef, ChainError> {
        let chain = &*self.sources[which].chain;
        let tip = chain.tip().await?;
        let at = self.tree.at(&self.headers_of(which), tip.hash).await?;
        Ok(BlockRef { hash: tip.hash, height: at.height })
    }

    fn headers_of(&self, which: usize) -> ByChain<'_> {
        ByChain { chain: &*self.sources[which].chain, other: &*self.sources[1 - which].chain }
    }

    async fn header_of(&self, which: usize, hash: BlockHash) -> Result<HeaderAt, ChainError> {
        self.tree.at(&self.headers_of(which), hash).await
    }

    async fn block_of(&self, which: usize, hash: BlockHash) -> Result<Block, ChainError> {
        let block = self.sources[which].chain.block(hash).await?;
        check_block(&block, hash)?;
        Ok(block)
    }
}

/// Looks at both for as long as somebody uses them.
async fn watch(compared: Weak<Compared>, every: Duration) {
    while let Some(compared) = compared.upgrade() {
        compared.compare().await;
        drop(compared);
        tokio::time::sleep(every).await;
    }
}

/// A chain port as a source of headers; its own count of work is not used. Where two branches part below the lowest
/// header that is known, the way down is on the other source's branch: that one is asked for what this one lacks.
struct ByChain<'a> {
    chain: &'a dyn Chain,
    other: &'a dyn Chain,
}

impl Headers for ByChain<'_> {
    fn header(&self, hash: BlockHash) -> BoxFuture<'_, Result<Header, ChainError>> {
        Box::pin(async move {
            match self.chain.header(hash).await {
                Err(unknown @ ChainError::UnknownBlock(_)) => match self.other.header(hash).await {
                    // Nothing that the other one may say wrongly is this one's fault.
                    Ok(at) if at.header.block_hash() == hash => Ok(at.header),
                    _ => Err(unknown),
                },
                answer => Ok(answer?.header),
            }
        })
    }
    fn height(&self, hash: BlockHash) -> BoxFuture<'_, Result<u32, ChainError>> {
        Box::pin(async move { Ok(self.chain.header(hash).await?.height) })
    }
}

/// Which of two failures is told: one that says something of the question before one that says nothing.
fn worse(first: ChainError, second: ChainError) -> ChainError {
    match (&first, &second) {
        (ChainError::Unavailable(_) | ChainError::Untrue(_), ChainError::Rejected(_)) => second,
        // That one does not know a block means little while the other one can't be asked.
        (ChainError::UnknownBlock(_), ChainError::Unavailable(_)) => second,
        _ => first,
    }
}

/// Asks the leading source, and the other one if that fails.
macro_rules! from_either {
    ($self:ident, $which:ident => $ask:expr) => {{
        let [lead, other] = $self.in_order();
        let $which = lead;
        let first = $ask.await;
        $self.noted(lead, &first);
        match first {
            Ok(answer) => Ok(answer),
            Err(first) => {
                let $which = other;
                let second = $ask.await;
                $self.noted(other, &second);
                second.map_err(|second| worse(first, second))
            }
        }
    }};
}

impl Chain for Compared {
    fn tip(&self) -> BoxFuture<'_, Result<BlockRef, ChainError>> {
        Box::pin(async move { from_either!(self, which => self.tip_of(which)) })
    }

    fn header(&self, hash: BlockHash) -> BoxFuture<'_, Result<HeaderAt, ChainError>> {
        Box::pin(async move {
            if let Some(at) = self.tree.known(&hash) {
                return Ok(at);
            }
            from_either!(self, which => self.header_of(which, hash))
        })
    }

    fn block(&self, hash: BlockHash) -> BoxFuture<'_, Result<Block, ChainError>> {
        Box::pin(async move {
            let block = from_either!(self, which => self.block_of(which, hash));
            if block.is_err() {
                let mut watch = lock(&self.watch);
                let name = &self.sources[watch.lead()].name;
                watch.unserved(name, hash, Instant::now());
            }
            block
        })
    }

    fn broadcast<'a>(&'a self, package: &'a [Transaction]) -> BoxFuture<'a, Result<(), ChainError>> {
        Box::pin(async move {
            let mut sending = JoinSet::new();
            for source in self.sources.clone() {
                let package = package.to_vec();
                sending.spawn(async move { source.chain.broadcast(&package).await });
            }
            let mut failure = None;
            while let Some(sent) = sending.join_next().await {
                match sent {
                    Ok(Ok(())) => {
                        // The other one goes on by itself.
                        sending.detach_all();
                        return Ok(());
                    }
                    Ok(Err(error)) => {
                        failure = Some(failure.map_or(error.clone(), |first| worse(first, error)))
                    }
                    Err(error) => failure = failure.or(Some(ChainError::Unavailable(error.to_string()))),
                }
            }
            Err(failure.unwrap_or_else(|| ChainError::Unavailable("there is no chain source".to_owned())))
        })
    }

    /// The first source's, whichever leads: two estimators differ, and one of them should decide.
    fn fee_rate_sat_per_kwu(&self, target_blocks: u16) -> BoxFuture<'_, Result<u32, ChainError>> {
        Box::pin(async move {
            let [first, second] = &self.sources;
            let rate = first.chain.fee_rate_sat_per_kwu(target_blocks).await;
            self.noted(0, &rate);
            match rate {
                Ok(rate) => Ok(rate),
                Err(_) => second.chain.fee_rate_sat_per_kwu(target_blocks).await,
            }
        })
    }

    fn doubts(&self) -> Vec<String> {
        lock(&self.watch).doubts()
    }
}
