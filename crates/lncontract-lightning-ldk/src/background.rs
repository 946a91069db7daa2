//! LDK's background loop: events, timers, writing the manager and, after it, the monitors.
//!
//! Invariant: monitors are written by this loop only (they are deferred), so the node cannot go on without
//! it: its error or panic is a fault.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use lightning::routing::scoring::FixedPenaltyScorer;
use lightning_background_processor::{GossipSync, NO_LIQUIDITY_MANAGER, process_events_async};
use tokio::task::JoinHandle;

use crate::{
    events,
    health::unix_time,
    log::NodeLog,
    parts::Parts,
    types::{OnionMessenger, Store},
};

/// LDK's short sleeps are its idle tick (100 ms) and a random delay that hides forwarding (50 ms, 2 s at
/// start); this node forwards nothing. Longer ones are housekeeping timers and stay as they are.
const SHORT_SLEEP: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_millis(5);

/// Starts the loop. It ends, with its state written, when the node's flag is raised.
pub(crate) fn spawn(parts: &Arc<Parts>, store: Arc<Store>, onion: Arc<OnionMessenger>) -> JoinHandle<()> {
    let task = run(parts.clone(), store, onion);
    parts.health.spawn("the background loop", task)
}

async fn run(parts: Arc<Parts>, store: Arc<Store>, onion: Arc<OnionMessenger>) -> Result<(), String> {
    let health = parts.health.clone();
    let sleeper = move |asked: Duration| {
        let time = if asked <= SHORT_SLEEP { asked.min(TICK) } else { asked };
        let health = health.clone();
        Box::pin(async move {
            tokio::select! {
                biased;
                _ = health.ended() => true,
                () = tokio::time::sleep(time) => false,
            }
        })
    };
    let handling = &parts;
    process_events_async(
        store,
        |event| events::handle(handling, event),
        parts.monitor.clone(),
        parts.manager.clone(),
        Some(onion),
        GossipSync::none(),
        parts.peers.clone(),
        NO_LIQUIDITY_MANAGER,
        Some(parts.sweeper.clone()),
        Arc::new(NodeLog),
        None::<Arc<Mutex<FixedPenaltyScorer>>>,
        sleeper,
        false,
        || Some(unix_time()),
    )
    .await
    .map_err(|error| format!("its state could not be written: {error}; free the disk"))
}
