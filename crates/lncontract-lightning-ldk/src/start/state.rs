//! LDK's state: read from the store, or made anew if there never was any, and brought to the chain's tip.
//!
//! Invariant: only "never written" leads to a new state; every other trouble refuses the start. Monitors are read
//! before the manager, watched once all of them are at one block, and the manager sees blocks only after that.

use std::sync::Arc;

use lightning::{
    chain::{BlockLocator, Listen},
    io,
    ln::{
        channelmanager::{ChainParameters, ChannelManagerReadArgs},
        msgs::BaseMessageHandler,
    },
    sign::NodeSigner,
    util::{
        config::UserConfig,
        persist::{
            CHANNEL_MANAGER_PERSISTENCE_KEY, CHANNEL_MANAGER_PERSISTENCE_PRIMARY_NAMESPACE,
            CHANNEL_MANAGER_PERSISTENCE_SECONDARY_NAMESPACE, KVStoreSync, MonitorUpdatingPersister,
            OUTPUT_SWEEPER_PERSISTENCE_KEY, OUTPUT_SWEEPER_PERSISTENCE_PRIMARY_NAMESPACE,
            OUTPUT_SWEEPER_PERSISTENCE_SECONDARY_NAMESPACE,
        },
        ser::ReadableArgs,
    },
};
use lightning_block_sync::{HeaderCache, init, poll::ValidatedBlockHeader};

use super::Ground;
use crate::{
    chain_source::ChainSource,
    chain_sync::WalletAndBook,
    config::{StartError, user_config},
    health::{Ending, unix_time},
    router::{DirectMessageRouter, DirectRouter},
    types::{ChainMonitor, ChannelManager, DynFilter, Monitor, Persister, Store, Sweeper},
};

/// Monitor updates written one by one before a whole monitor is written again.
const MONITOR_UPDATES_MAX: u64 = 100;
/// The number of a monitor that was written once, at the channel's opening.
const FIRST_UPDATE: u64 = 0;

/// What is read from disk or made anew, each with its place in the chain.
pub(super) struct State {
    pub(super) monitors: Vec<(BlockLocator, Monitor)>,
    pub(super) monitor: Arc<ChainMonitor>,
    pub(super) router: Arc<DirectRouter>,
    pub(super) message_router: Arc<DirectMessageRouter>,
    pub(super) manager: Arc<ChannelManager>,
    pub(super) manager_at: BlockLocator,
    pub(super) sweeper: Arc<Sweeper>,
    pub(super) sweeper_at: BlockLocator,
}

pub(super) fn state(ground: &Ground) -> Result<State, StartError> {
    let bad = |part, reason: String| StartError::State { part, reason };
    let persister: Arc<Persister> = Arc::new(MonitorUpdatingPersister::new(
        ground.store.clone(),
        ground.log.clone(),
        MONITOR_UPDATES_MAX,
        ground.keys.clone(),
        ground.keys.clone(),
        ground.broadcaster.clone(),
        ground.fees.clone(),
    ));
    let monitors = persister.read_all_channel_monitors_with_updates();
    let monitors = monitors.map_err(|error| bad("channel monitors", error.to_string()))?;
    let monitor: Arc<ChainMonitor> = Arc::new(ChainMonitor::new(
        None,
        ground.broadcaster.clone(),
        ground.log.clone(),
        ground.fees.clone(),
        persister,
        ground.keys.clone(),
        ground.keys.get_peer_storage_key(),
        // Deferred: monitors are written after the manager. Otherwise a crash between the two leaves a
        // manager older than its monitor, and LDK closes the channel.
        true,
    ));
    let router = DirectRouter::new(ground.keys.clone());
    let message_router = Arc::new(DirectMessageRouter { keys: ground.keys.clone() });
    let (manager_at, manager) = manager(ground, &monitors, &monitor, &router, &message_router)?;
    let (sweeper_at, sweeper) = sweeper(ground)?;
    let (manager, sweeper) = (Arc::new(manager), Arc::new(sweeper));
    Ok(State { monitors, monitor, router, message_router, manager, manager_at, sweeper, sweeper_at })
}

/// A value of LDK's from the store; `None` only if it was never written.
fn read(store: &Store, place: (&str, &str, &str), part: &'static str) -> Result<Option<Vec<u8>>, StartError> {
    match KVStoreSync::read(store, place.0, place.1, place.2) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StartError::State { part, reason: error.to_string() }),
    }
}

fn manager(
    ground: &Ground,
    monitors: &[(BlockLocator, Monitor)],
    monitor: &Arc<ChainMonitor>,
    router: &Arc<DirectRouter>,
    message_router: &Arc<DirectMessageRouter>,
) -> Result<(BlockLocator, ChannelManager), StartError> {
    let part = "channel manager";
    let place = (
        CHANNEL_MANAGER_PERSISTENCE_PRIMARY_NAMESPACE,
        CHANNEL_MANAGER_PERSISTENCE_SECONDARY_NAMESPACE,
        CHANNEL_MANAGER_PERSISTENCE_KEY,
    );
    let user: UserConfig = user_config(&ground.config);
    let (keys, fees, log) = (&ground.keys, &ground.fees, &ground.log);
    if let Some(bytes) = read(&ground.store, place, part)? {
        let args = ChannelManagerReadArgs::new(
            keys.clone(),
            keys.clone(),
            keys.clone(),
            fees.clone(),
            monitor.clone(),
            ground.broadcaster.clone(),
            router.clone(),
            message_router.clone(),
            log.clone(),
            user,
            monitors.iter().map(|(_, monitor)| monitor).collect(),
        );
        return <(BlockLocator, ChannelManager)>::read(&mut &bytes[..], args)
            .map_err(|error| StartError::State { part, reason: format!("{error:?}") });
    }
    if !monitors.is_empty() {
        let reason = "it is missing, though there are channel monitors".into();
        return Err(StartError::State { part, reason });
    }
    let chain = ChainParameters { network: ground.config.network, best_block: ground.tip };
    let manager = ChannelManager::new(
        fees.clone(),
        monitor.clone(),
        ground.broadcaster.clone(),
        router.clone(),
        message_router.clone(),
        log.clone(),
        keys.clone(),
        keys.clone(),
        keys.clone(),
        user,
        chain,
        unix_time().as_secs() as u32,
    );
    Ok((ground.tip, manager))
}

fn sweeper(ground: &Ground) -> Result<(BlockLocator, Sweeper), StartError> {
    let place = (
        OUTPUT_SWEEPER_PERSISTENCE_PRIMARY_NAMESPACE,
        OUTPUT_SWEEPER_PERSISTENCE_SECONDARY_NAMESPACE,
        OUTPUT_SWEEPER_PERSISTENCE_KEY,
    );
    let part = "output sweeper";
    let (broadcaster, fees) = (ground.broadcaster.clone(), ground.fees.clone());
    let (keys, wallet) = (ground.keys.clone(), ground.wallet.clone());
    let (store, log) = (ground.store.clone(), ground.log.clone());
    match read(&ground.store, place, part)? {
        Some(bytes) => {
            let args = (broadcaster, fees, None::<DynFilter>, keys, wallet, store, log);
            <(BlockLocator, Sweeper)>::read(&mut &bytes[..], args)
                .map_err(|error| StartError::State { part, reason: format!("{error:?}") })
        }
        None => {
            let at = ground.tip;
            Ok((at, Sweeper::new(at, broadcaster, fees, None, keys, wallet, store, log)))
        }
    }
}

/// Brings every part to the tip: the monitors first, which are watched from then on, then everything.
pub(super) async fn catch_up(
    ground: &Ground,
    state: &mut State,
    wallet_and_book: &WalletAndBook,
) -> Result<(HeaderCache, ValidatedBlockHeader), StartError> {
    let watched_at = watch_monitors(ground, state).await?;
    let mut listeners: Vec<(BlockLocator, &(dyn Listen + Send + Sync))> = vec![
        (ground.wallet.best_block(), wallet_and_book),
        (state.manager_at, &*state.manager),
        (state.sweeper_at, &*state.sweeper),
    ];
    listeners.extend(watched_at.map(|at| (at, &*state.monitor as _)));
    let synchronized = synchronized(ground, listeners).await?;
    if let Some(Ending::Fault(reason)) = ground.health.ending() {
        return Err(StartError::Folder { doing: "following the chain", reason });
    }
    Ok(synchronized)
}

async fn synchronized(
    ground: &Ground,
    listeners: Vec<(BlockLocator, &(dyn Listen + Send + Sync))>,
) -> Result<(HeaderCache, ValidatedBlockHeader), StartError> {
    let source = ChainSource(ground.config.chain.clone());
    let synchronized = init::synchronize_listeners(&source, ground.config.network, listeners).await;
    synchronized.map_err(|error| StartError::Chain(error.into_inner().to_string()))
}

/// Brings the monitors to one block and has them watched. Returns which block; none where there is no monitor.
async fn watch_monitors(ground: &Ground, state: &mut State) -> Result<Option<BlockLocator>, StartError> {
    let monitors: Vec<_> = state
        .monitors
        .drain(..)
        .map(|(at, monitor)| {
            let (broadcaster, fees) = (ground.broadcaster.clone(), ground.fees.clone());
            (at, (monitor, broadcaster, fees, ground.log.clone()))
        })
        .collect();
    synchronized(ground, monitors.iter().map(|(at, monitor)| (*at, monitor as _)).collect()).await?;
    let mut watched_at = None;
    for (_, (monitor, ..)) in monitors {
        let id = monitor.channel_id();
        let first = monitor.get_latest_update_id() == FIRST_UPDATE;
        watched_at = Some(monitor.current_best_block());
        state.monitor.load_existing_monitor(id, monitor).map_err(|()| StartError::State {
            part: "channel monitors",
            reason: format!("the monitor of channel {id} cannot be watched"),
        })?;
        if first {
            // LDK says by itself that an update is on disk that it was waiting for when the manager was written, but
            // not of a channel's first: that channel would wait for ever.
            let told = state.monitor.channel_monitor_updated(id, FIRST_UPDATE);
            debug_assert!(told.is_ok(), "it is watched");
        }
    }
    // It hears of that before it sees a block: LDK takes a funding transaction in a block, of a channel that it
    // believes not to be on disk yet, for one that we sent too early, and panics. Nobody is connected yet.
    let messages = state.manager.get_and_clear_pending_msg_events();
    debug_assert!(messages.is_empty(), "there is no peer");
    Ok(watched_at)
}
