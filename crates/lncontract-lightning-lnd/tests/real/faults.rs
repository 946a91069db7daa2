//! What can happen to an LND: it is restarted, frozen, started with its wallet locked; and what it says of it.

use std::fs;

use crate::lnd::{Lnd, NO_SEED, RPC_PORT, bound};

impl Lnd {
    /// What it has logged since its last start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Stops it in order and starts it again.
    pub fn restart(&mut self) {
        self.end("TERM");
        self.begin();
    }

    /// Holds it, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        if let Some(child) = &self.child {
            self.signal(child, if frozen { "STOP" } else { "CONT" });
        }
    }

    /// Starts it with its wallet locked, and waits until it answers that.
    pub fn begin_locked(&mut self) {
        // Tests' wallets are made with this flag, which also opens them.
        self.flags.retain(|flag| flag != NO_SEED);
        self.spawn_and_wait(|log| bound(log, RPC_PORT).map(|_| ()));
        self.flags.push(NO_SEED.into());
    }
}
