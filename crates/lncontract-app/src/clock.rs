//! The clock: the one place that knows what time it is. The binary wires which one.

use std::sync::atomic::{AtomicI64, Ordering};

use lncontract_core::Time;

/// What time it is.
pub trait Clock: Send + Sync + 'static {
    /// Now, in whole seconds.
    fn now(&self) -> Time;
}

/// The machine's own clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that the binary wires")]
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Time(since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)))
    }
}

/// The machine's clock moved forward: the sandbox's. It never goes back.
#[derive(Debug, Default)]
pub struct MovableClock {
    ahead_s: AtomicI64,
}

impl MovableClock {
    /// Shows that time now, where it is not yet over; else the machine's.
    pub fn behind_at(time: Time) -> Self {
        let behind_s = time.0.saturating_sub(SystemClock.now().0).min(0);
        Self { ahead_s: AtomicI64::new(behind_s) }
    }

    /// Moves forward by that many seconds; a negative number does nothing.
    pub fn advance(&self, seconds: i64) {
        self.ahead_s.fetch_add(seconds.max(0), Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Time {
        SystemClock.now().plus_seconds(self.ahead_s.load(Ordering::SeqCst))
    }
}
