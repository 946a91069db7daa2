//! When we may sign. On every connection heads are exchanged before anything is signed: a company whose database is
//! older than what it sent would sign a second entry for a place that is taken.
//!
//! Invariant: while a connection stands and what the peer tells of is not here, nothing is signed; acts of people
//! wait for a moment and then say so. Alone, a company signs: what can't be delivered waits. A peer that tells of
//! entries and does not bring them, or says nothing at all, counts as away after a while, and so does one whose
//! chain can't be taken: else it could keep us from answering in time.

use std::time::Duration;

use lncontract_core::Hash;
use tokio::{sync::OwnedMutexGuard, time::Instant};

use crate::{App, AppError, app::Work, exchange::peer_of, live::Live};

/// How long an act of a person waits for the peer's heads.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// After that long without anything from a connected peer it counts as away.
const SILENT: Duration = Duration::from_secs(30);

impl Live {
    /// Whether nothing stands in the way of our next signature.
    pub(crate) fn may_sign(&self) -> bool {
        // A refusal of an earlier run does not count: this database may be older than what we have signed, and
        // only the peer's heads tell.
        let at_odds = self.at_odds || !self.record.forks().is_empty();
        !self.connected || self.sync.ready(Some(&self.record)) || at_odds || self.is_silent()
    }

    /// Whether the peer's node is connected and its program brings nothing of what it tells of.
    pub(crate) fn is_silent(&self) -> bool {
        let ready = self.sync.ready(Some(&self.record));
        self.connected && !ready && self.heard_at.is_some_and(|at| at.elapsed() > SILENT)
    }
}

impl App {
    /// A contract, to write our next entry in it.
    ///
    /// # Errors
    /// When the peer's heads did not come in time, or there is no such contract.
    pub(crate) async fn to_sign(&self, contract: Hash) -> Result<OwnedMutexGuard<Live>, AppError> {
        let end = Instant::now() + PATIENCE;
        let mut woken = false;
        loop {
            let connected = self.connected_nodes().await;
            let live = self.live(contract).await?.lock_owned().await;
            let peer = peer_of(&live)?;
            let there = self.carrier(peer, connected.contains(&peer)).is_some();
            // Connected, and the worker has not seen it yet: heads were not even asked for.
            if live.may_sign() && (live.connected || !there) {
                return Ok(live);
            }
            drop(live);
            if Instant::now() >= end {
                return Err(not_in_step());
            }
            if !woken {
                self.wake(Work::Contract(contract));
                woken = true;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// The answer to an act that would be signed too early.
pub(crate) fn not_in_step() -> AppError {
    AppError::not_now(
        "not-in-step",
        "the other company's program is connected and has not told yet what it holds",
        "nothing was signed: try again in a moment; if it goes on, see that their program runs and is unlocked",
    )
}
