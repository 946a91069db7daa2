//! The parts of a node that belong together, as its rooms share them.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use lncontract_lightning::{LightningError, NodeKey, OpeningId, PaymentHash};
use tokio::sync::{Mutex as AsyncMutex, watch};

use crate::{
    api::{self, Info, path},
    channels::{Looked, OpeningRow},
    config::LndConfig,
    invoices::Live,
    movements::Movements,
    notes::Table,
    rpc::{Fault, Kind, Rpc},
};

/// See the head of this file.
pub(crate) struct Parts {
    pub(crate) rpc: Rpc,
    pub(crate) config: LndConfig,
    /// The key that this LND had when it was first seen. One with another key is another node.
    pub(crate) key: NodeKey,
    pub(crate) openings: Table<OpeningRow>,
    pub(crate) addresses: Table<String>,
    pub(crate) cursors: Table<u64>,
    /// Invoices of ours that are not over: where they stand in LND's list.
    pub(crate) invoices: Table<u64>,
    /// Payments that are being handed to LND.
    pub(crate) sending: Mutex<HashSet<PaymentHash>>,
    /// One opening is ordered at a time.
    pub(crate) ordering: AsyncMutex<()>,
    /// One look at the channels at a time; what it saw.
    pub(crate) looked: AsyncMutex<Looked>,
    pub(crate) movements: AsyncMutex<Movements>,
    /// Short channel ids of which the node's own graph has both sides: what it can pay over.
    pub(crate) edges: Mutex<HashSet<u64>>,
    /// Why openings without a row were not made, until their callers have heard it.
    pub(crate) refusals: Mutex<HashMap<OpeningId, LightningError>>,
    /// Invoices that are followed.
    pub(crate) live: Mutex<Live>,
    /// Rung when something has changed that is worth a look.
    pub(crate) bell: watch::Sender<u64>,
    pub(crate) stopped: watch::Sender<bool>,
}

/// Seconds since 1970 UTC.
#[expect(clippy::disallowed_methods, reason = "LND lives in real time; no contract date comes from here")]
pub(crate) fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl Parts {
    pub(crate) fn ring(&self) {
        self.bell.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Whether it was not stopped.
    pub(crate) fn check(&self) -> Result<(), LightningError> {
        if *self.stopped.borrow() {
            let reason = "this company's program has let go of its LND; LND itself runs on".into();
            return Err(LightningError::Unavailable { reason });
        }
        Ok(())
    }

    /// Who and what LND is, if it is the one that we know.
    pub(crate) async fn info(&self) -> Result<Info, Fault> {
        let info: Info = self.rpc.call(path::GET_INFO, api::Nothing {}).await?;
        if info.identity_pubkey == self.key.to_string() {
            return Ok(info);
        }
        let text = format!(
            "this LND has the key {}, the one that this company used has {}: connect the right one; with a new wallet \
             the old channels are not there",
            info.identity_pubkey, self.key
        );
        Err(Fault { kind: Kind::Setup, text })
    }

    /// Our own disk did not take a note.
    pub(crate) fn disk_fault(&self, error: &io::Error) -> LightningError {
        let dir = self.config.dir.display();
        tracing::error!(%error, "the notes about LND could not be written");
        LightningError::Unavailable {
            reason: format!("the notes about LND in {dir} could not be written: {error}"),
        }
    }

    /// Returns when the node is stopped.
    pub(crate) async fn stopping(&self) {
        let mut stopped = self.stopped.subscribe();
        // An error means that nobody can stop it any more, and so that it is over.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }
}

/// How long a task that ended waits before it begins again.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_MOST: Duration = Duration::from_secs(5);

/// Runs a task that should never end until the node is stopped, again after each fault.
pub(crate) fn keep<F, W>(parts: &Arc<Parts>, what: &'static str, run: F)
where
    F: Fn(Arc<Parts>) -> W + Send + 'static,
    W: Future<Output = Result<(), Fault>> + Send,
{
    let parts = Arc::clone(parts);
    tokio::spawn(async move {
        let (mut pause, mut told) = (PAUSE_FIRST, false);
        loop {
            let begun = tokio::time::Instant::now();
            let ended = tokio::select! {
                ended = run(Arc::clone(&parts)) => ended,
                () = parts.stopping() => return,
            };
            match ended {
                Ok(()) => tracing::debug!(what, "LND ended it; it is asked again"),
                // That LND is away is told once, by who looks at the channels.
                Err(fault) if fault.kind == Kind::Setup && !told => {
                    told = true;
                    tracing::warn!(what, reason = fault.text, "LND does not let us; it is asked again");
                }
                Err(fault) => tracing::debug!(what, reason = fault.text, "it is asked again"),
            }
            if begun.elapsed() > PAUSE_MOST {
                pause = PAUSE_FIRST;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = parts.stopping() => return,
            }
            pause = (pause * 2).min(PAUSE_MOST);
        }
    });
}
