//! The sandbox's time: one clock for both companies and their chain. Who moves it mines the blocks of that time.
//!
//! Invariant: nothing else in the program knows that it is not the wall clock.

use std::{future::Future, pin::Pin, sync::Arc};

use bitcoin::{Address, Txid};
use lncontract_app::{Clock, MovableClock};
use lncontract_core::Time;
use lncontract_devchain::DevChain;
use lncontract_web::SandboxClock;

/// A block for every six hours of moved time. The real chain has 36 in them; each costs both nodes some
/// milliseconds, and a contract moves by more than a year.
const BLOCK_S: i64 = 21_600;

/// What a play asks of its chain, beside what nodes ask.
pub trait Miner: Send + Sync + 'static {
    /// Mines blocks; the first holds what waits.
    fn mine(&self, blocks: u32);
    /// Sends that many satoshi to an address; the next block has it.
    ///
    /// # Errors
    /// When the miner has too little.
    fn send(&self, address: &Address, sat: u64) -> anyhow::Result<()>;
    /// Whether a transaction is in a block, or waits for one.
    fn knows(&self, txid: Txid) -> bool;
    /// The height of the tip.
    fn height(&self) -> u32;
}

impl Miner for DevChain {
    fn mine(&self, blocks: u32) {
        DevChain::mine(self, blocks);
    }
    fn send(&self, address: &Address, sat: u64) -> anyhow::Result<()> {
        self.fund(address, sat)?;
        Ok(())
    }
    fn knows(&self, txid: Txid) -> bool {
        self.transaction(txid).is_some()
    }
    fn height(&self) -> u32 {
        DevChain::height(self)
    }
}

/// The clock with the chain that follows it.
pub struct SandboxTime {
    clock: Arc<MovableClock>,
    chain: Arc<dyn Miner>,
}

impl SandboxTime {
    /// Starts both at the machine's time, or at an earlier one, on a chain in the process.
    pub fn starting(at: Option<Time>) -> (Self, Arc<DevChain>) {
        let clock = Arc::new(at.map(MovableClock::behind_at).unwrap_or_default());
        let shown = Arc::clone(&clock);
        let chain = DevChain::new(Arc::new(move || u64::try_from(shown.now().0).unwrap_or(0)));
        (Self { clock, chain: Arc::clone(&chain) as Arc<dyn Miner> }, chain)
    }

    /// Starts at the machine's time, on a chain whose blocks keep the machine's time.
    pub fn on(chain: Arc<dyn Miner>) -> Self {
        Self { clock: Arc::default(), chain }
    }

    /// The clock for both companies.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// Their chain.
    pub fn chain(&self) -> &Arc<dyn Miner> {
        &self.chain
    }

    /// What the clock shows.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Moves forward to that instant, and mines the blocks of the time between; back does nothing.
    pub async fn forward_to(&self, to: Time) {
        loop {
            let left = to.0.saturating_sub(self.now().0);
            if left <= 0 {
                return;
            }
            self.clock.advance(left.min(BLOCK_S));
            if left >= BLOCK_S {
                self.chain.mine(1);
            }
            // The nodes follow block by block, and the companies do what a day brings.
            tokio::task::yield_now().await;
        }
    }
}

impl SandboxClock for SandboxTime {
    fn forward(&self, days: u16) -> Pin<Box<dyn Future<Output = Time> + Send + '_>> {
        Box::pin(async move {
            self.forward_to(self.now().plus_days(i64::from(days))).await;
            self.now()
        })
    }
}
