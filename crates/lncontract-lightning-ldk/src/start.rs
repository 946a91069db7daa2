//! Starting and ending: the order in which the parts come up, and go down.
//!
//! Invariant, in this order: lock the folder and compare it with the program's books (`folder`); wallet before
//! keys; monitors before the manager; a chain source that is not behind them (`behind`); count the start; every
//! listener at the chain's tip before monitors are watched; only then the tasks. Existing state that cannot be read
//! refuses the start. A fault ends the node in the same way as an order, and tells the host.

mod behind;
mod folder;
mod state;

use std::{fs::File, sync::Arc, time::Duration};

use bdk_wallet::chain::BlockId;
use lightning::{
    chain::BlockLocator,
    ln::peer_handler::{IgnoringMessageHandler, MessageHandler},
    sign::EntropySource,
};
use lightning_block_sync::{HeaderCache, init, poll::ValidatedBlockHeader};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use zeroize::Zeroize;

pub use self::folder::check_starts;
use self::{
    folder::Folder,
    state::{State, catch_up, state},
};
use crate::{
    background,
    broadcast::Broadcaster,
    chain_source::{ChainSource, block_at},
    chain_sync::{self, WalletAndBook},
    channels::ChannelBook,
    claims,
    config::{LdkConfig, StartError},
    connect,
    fees::Fees,
    health::{Ending, Health, unix_time},
    keys::{NodeKeys, master_key},
    log::NodeLog,
    messages::{Inbox, Messages},
    node::LdkNode,
    parts::Parts,
    splices::{
        SpliceBook,
        gate::{self, Gate},
    },
    table::Table,
    types::{Bumper, OnionMessenger, PeerManager, Store},
    wallet::OnchainWallet,
    watch as watching,
};

/// How long the background loop may take to write its state when the node ends.
const LAST_WRITE_WAIT: Duration = Duration::from_secs(30);

/// What a start works with before the node exists.
struct Ground {
    config: LdkConfig,
    health: Arc<Health>,
    bell: Arc<watching::Bell>,
    store: Arc<Store>,
    log: Arc<NodeLog>,
    wallet: Arc<OnchainWallet>,
    broadcaster: Arc<Broadcaster>,
    fees: Arc<Fees>,
    keys: Arc<NodeKeys>,
    tip: BlockLocator,
}

/// See [`LdkNode::start`].
pub(crate) async fn start(config: LdkConfig) -> Result<Arc<LdkNode>, StartError> {
    let folder = Folder::open(&config.dir, &*config.host).await?;
    let ground = ground(config, folder.store.clone()).await?;
    let mut state = state(&ground)?;
    behind::wait_for(&ground.config, state.manager_at).await?;
    let listener = TcpListener::bind(ground.config.listen).await;
    let bad_listen = |error: std::io::Error| StartError::Listen {
        address: ground.config.listen,
        reason: error.to_string(),
    };
    let listener = listener.map_err(bad_listen)?;
    let listen = listener.local_addr().map_err(bad_listen)?;
    let book = ChannelBook::new(Table::load(ground.store.clone(), "channels")?, ground.bell.clone());
    let wallet_and_book = Arc::new(WalletAndBook {
        wallet: ground.wallet.clone(),
        book: Arc::new(book),
        health: ground.health.clone(),
    });
    folder.count(&ground.config.dir, &*ground.config.host).await?;
    let (cache, tip) = catch_up(&ground, &mut state, &wallet_and_book).await?;
    let (messages, inbox) = Messages::new(ground.bell.clone());
    let (gate, splices_asked) = Gate::new(state.manager.clone(), state.monitor.clone());
    let (onion, peers) = peer_manager(&ground, &state, messages.clone(), gate.clone());
    let store = ground.store.clone();
    let parts = Arc::new(parts(ground, state, wallet_and_book, messages, peers, gate)?);
    let mut kept = parts.settle_openings()?;
    kept.extend(parts.settle_splices_at_start()?);
    parts.wallet.unlock_all_but(&kept);
    parts.resume_pay_outs();
    parts.wallet.unconfirmed().into_iter().for_each(|tx| parts.broadcaster.queue(vec![tx]));
    parts.book.rows().into_iter().for_each(|(opening, _)| crate::events::broadcast_funding(&parts, opening));
    parts.set_source(Some(true));
    let background = background::spawn(&parts, store, onion);
    let mut tasks = spawn_tasks(&parts, listener, inbox, cache, tip);
    tasks.push(parts.health.spawn("letting splices in", gate::run(parts.clone(), splices_asked)));
    let (ended_tx, ended) = watch::channel(false);
    tokio::spawn(supervise(parts.clone(), background, tasks, folder.lock, ended_tx));
    Ok(Arc::new(LdkNode { parts, listen, ended }))
}

async fn ground(mut config: LdkConfig, store: Arc<Store>) -> Result<Ground, StartError> {
    let bad_chain = |error: &dyn std::fmt::Display| StartError::Chain(error.to_string());
    let source = ChainSource(config.chain.clone());
    let tip = init::validate_best_block_header(&source).await;
    let tip = tip.map_err(|error| bad_chain(&error.into_inner()))?;
    let tip_hash = tip.header.block_hash();
    let birthday = match config.birthday_height {
        Some(height) if height < tip.height => {
            let hash = block_at(&*config.chain, tip_hash, height).await.map_err(|e| bad_chain(&e))?;
            BlockId { height, hash }
        }
        _ => BlockId { height: tip.height, hash: tip_hash },
    };
    let fees = Fees::new();
    fees.refresh(&*config.chain).await.map_err(|error| bad_chain(&error))?;
    let health = Health::new();
    let master = master_key(&config.seed, config.network);
    // The caller keeps the seed; this copy is not kept in memory longer than needed.
    config.seed.zeroize();
    let wallet = OnchainWallet::open(master, config.network, store.clone(), health.clone(), birthday)?;
    let wallet = Arc::new(wallet);
    Ok(Ground {
        bell: watching::Bell::new(),
        log: Arc::new(NodeLog),
        broadcaster: Broadcaster::new(wallet.clone()),
        keys: Arc::new(NodeKeys::new(&master, wallet.clone())),
        tip: BlockLocator::new(tip_hash, tip.height),
        config,
        health,
        store,
        wallet,
        fees,
    })
}

fn peer_manager(
    ground: &Ground,
    state: &State,
    messages: Arc<Messages>,
    gate: Arc<Gate>,
) -> (Arc<OnionMessenger>, Arc<PeerManager>) {
    let ignore = || IgnoringMessageHandler {};
    let keys = &ground.keys;
    let onion: Arc<OnionMessenger> = Arc::new(OnionMessenger::new(
        keys.clone(),
        keys.clone(),
        ground.log.clone(),
        state.manager.clone(),
        state.message_router.clone(),
        state.manager.clone(),
        ignore(),
        ignore(),
        ignore(),
    ));
    let handlers = MessageHandler {
        chan_handler: gate,
        route_handler: ignore(),
        onion_message_handler: onion.clone(),
        custom_message_handler: messages,
        send_only_message_handler: state.monitor.clone(),
    };
    let (now, random) = (unix_time().as_secs() as u32, keys.get_secure_random_bytes());
    let peers = PeerManager::new(handlers, now, &random, ground.log.clone(), keys.clone());
    (onion, Arc::new(peers))
}

fn parts(
    ground: Ground,
    state: State,
    wallet_and_book: Arc<WalletAndBook>,
    messages: Arc<Messages>,
    peers: Arc<PeerManager>,
    gate: Arc<Gate>,
) -> Result<Parts, StartError> {
    let bumper: Bumper =
        Bumper::new(ground.broadcaster.clone(), ground.wallet.clone(), ground.keys.clone(), ground.log);
    Ok(Parts {
        book: wallet_and_book.book.clone(),
        splices: SpliceBook(Table::load(ground.store.clone(), "splices")?),
        gate,
        payments: Table::load(ground.store.clone(), "payments")?,
        claims: Table::load(ground.store.clone(), "claims")?,
        receipts: Table::load(ground.store.clone(), "receipts")?,
        addresses: Table::load(ground.store.clone(), "addresses")?,
        pay_outs: Table::load(ground.store, "pay-outs")?,
        config: ground.config,
        health: ground.health,
        bell: ground.bell,
        wallet: ground.wallet,
        broadcaster: ground.broadcaster,
        fees: ground.fees,
        keys: ground.keys,
        router: state.router,
        monitor: state.monitor,
        manager: state.manager,
        sweeper: state.sweeper,
        wallet_and_book,
        bumper,
        messages,
        peers,
        asked: Default::default(),
        openings: Default::default(),
        attempts: Default::default(),
        source: Default::default(),
    })
}

fn spawn_tasks(
    parts: &Arc<Parts>,
    listener: TcpListener,
    inbox: Inbox,
    cache: HeaderCache,
    tip: ValidatedBlockHeader,
) -> Vec<JoinHandle<()>> {
    let health = &parts.health;
    let (chain, wallet, host) = (parts.config.chain.clone(), parts.wallet.clone(), parts.config.host.clone());
    let broadcaster = parts.broadcaster.clone();
    let broadcast = async move {
        broadcaster.run(chain, wallet).await;
        Ok(())
    };
    let inbox = async move {
        inbox.run(host).await;
        Ok(())
    };
    vec![
        health.spawn("broadcasting", broadcast),
        health.spawn("taking messages", inbox),
        health.spawn("listening for peers", connect::listen(parts.clone(), listener)),
        health.spawn("dialling peers", connect::supervise(parts.clone())),
        health.spawn("following the chain", chain_sync::run(parts.clone(), tip, cache)),
        health.spawn("asking about claims", claims::run(parts.clone())),
        health.spawn("telling the program", watching::run(parts.clone())),
    ]
}

/// Waits for the end, whatever brings it, and ends everything in order.
async fn supervise(
    parts: Arc<Parts>,
    background: JoinHandle<()>,
    tasks: Vec<JoinHandle<()>>,
    lock: File,
    ended: watch::Sender<bool>,
) {
    let ending = parts.health.ended().await;
    parts.bell.ring();
    for task in &tasks {
        task.abort();
    }
    let peers = parts.peers.clone();
    // After a panic inside LDK this may panic too; nothing is lost by that.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || peers.disconnect_all_peers()));
    // The background loop sees the flag by itself and writes its state on the way out.
    if tokio::time::timeout(LAST_WRITE_WAIT, background).await.is_err() {
        tracing::error!("the node's last write takes too long; the next start goes on from the one before");
    }
    drop(lock);
    let _ = ended.send(true);
    if let Ending::Fault(reason) = ending {
        let reason = format!("{reason}. Record and pages stay up; repair the cause, then start the node");
        let event = lncontract_lightning::NodeEvent::Stopped { reason };
        while !watching::tell(&*parts.config.host, event.clone()).await {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }
}
