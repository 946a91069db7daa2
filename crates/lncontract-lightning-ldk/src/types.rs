//! The concrete types: every LDK object is generic, so each combination is named once.
//!
//! Invariant: nothing outside this crate names an LDK type, so that its generics are compiled here only.

use std::sync::Arc;

use lightning::{
    chain::{Filter, chainmonitor, channelmonitor},
    events::bump_transaction::BumpTransactionEventHandler,
    ln::{channelmanager, peer_handler, peer_handler::IgnoringMessageHandler},
    onion_message::messenger,
    sign::InMemorySigner,
    util::{persist::MonitorUpdatingPersister, sweep::OutputSweeper},
};

use crate::{
    broadcast::Broadcaster,
    fees::Fees,
    keys::NodeKeys,
    log::NodeLog,
    messages::Messages,
    router::{DirectMessageRouter, DirectRouter},
    splices::gate::Gate,
    wallet::OnchainWallet,
};

pub(crate) type Store = lightning_persister::fs_store::v2::FilesystemStoreV2;
pub(crate) type DynFilter = Arc<dyn Filter + Send + Sync>;
pub(crate) type Persister = MonitorUpdatingPersister<
    Arc<Store>,
    Arc<NodeLog>,
    Arc<NodeKeys>,
    Arc<NodeKeys>,
    Arc<Broadcaster>,
    Arc<Fees>,
>;
pub(crate) type Monitor = channelmonitor::ChannelMonitor<InMemorySigner>;
pub(crate) type ChainMonitor = chainmonitor::ChainMonitor<
    InMemorySigner,
    DynFilter,
    Arc<Broadcaster>,
    Arc<Fees>,
    Arc<NodeLog>,
    Arc<Persister>,
    Arc<NodeKeys>,
>;
pub(crate) type ChannelManager = channelmanager::ChannelManager<
    Arc<ChainMonitor>,
    Arc<Broadcaster>,
    Arc<NodeKeys>,
    Arc<NodeKeys>,
    Arc<NodeKeys>,
    Arc<Fees>,
    Arc<DirectRouter>,
    Arc<DirectMessageRouter>,
    Arc<NodeLog>,
>;
pub(crate) type OnionMessenger = messenger::OnionMessenger<
    Arc<NodeKeys>,
    Arc<NodeKeys>,
    Arc<NodeLog>,
    Arc<ChannelManager>,
    Arc<DirectMessageRouter>,
    Arc<ChannelManager>,
    IgnoringMessageHandler,
    IgnoringMessageHandler,
    IgnoringMessageHandler,
>;
pub(crate) type PeerManager = peer_handler::PeerManager<
    lightning_net_tokio::SocketDescriptor,
    Arc<Gate>,
    IgnoringMessageHandler,
    Arc<OnionMessenger>,
    Arc<NodeLog>,
    Arc<Messages>,
    Arc<NodeKeys>,
    Arc<ChainMonitor>,
>;
pub(crate) type Sweeper = OutputSweeper<
    Arc<Broadcaster>,
    Arc<OnchainWallet>,
    Arc<Fees>,
    DynFilter,
    Arc<Store>,
    Arc<NodeLog>,
    Arc<NodeKeys>,
>;
pub(crate) type Bumper =
    BumpTransactionEventHandler<Arc<Broadcaster>, Arc<OnchainWallet>, Arc<NodeKeys>, Arc<NodeLog>>;
