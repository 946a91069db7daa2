//! The sandbox's time: one clock for both companies and their chain. Who moves it mines the blocks of that time.
//!
//! Invariant: nothing else in the program knows that it is not the wall clock.

use std::{future::Future, pin::Pin, sync::Arc};

use lncontract_app::{Clock, MovableClock};
use lncontract_core::Time;
use lncontract_devchain::DevChain;
use lncontract_web::SandboxClock;

/// A block for every six hours of moved time. The real chain has 36 in them; each costs both nodes some
/// milliseconds, and a contract moves by more than a year.
const BLOCK_S: i64 = 21_600;

/// The clock with the chain that follows it.
pub struct SandboxTime {
    clock: Arc<MovableClock>,
    chain: Arc<DevChain>,
}

impl SandboxTime {
    /// Starts both at the machine's time, or at an earlier one.
    pub fn starting(at: Option<Time>) -> Self {
        let clock = Arc::new(at.map(MovableClock::behind_at).unwrap_or_default());
        let shown = Arc::clone(&clock);
        let chain = DevChain::new(Arc::new(move || u64::try_from(shown.now().0).unwrap_or(0)));
        Self { clock, chain }
    }

    /// The clock for both companies.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// Their chain.
    pub fn chain(&self) -> &Arc<DevChain> {
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
