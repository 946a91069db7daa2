//! What the rooms of the node share, and the small questions that several of them ask.
//!
//! Invariant: every call into LDK from outside goes through `health`,
//! so that a panic in there stops the node only.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use bitcoin::OutPoint;
use lightning::{io, ln::types::ChannelId as LdkChannelId, sign::EntropySource, util::errors::APIError};
use lncontract_lightning::{
    By, Channel, ChannelId, CloseMode, LightningError, NodeInfo, NodeKey, PaymentHash,
};

use crate::{
    broadcast::Broadcaster,
    chain_sync::WalletAndBook,
    channels::{ChannelBook, End},
    claims::ClaimRow,
    config::{LdkConfig, StartError},
    connect,
    fees::Fees,
    health::{Health, lock},
    keys::NodeKeys,
    messages::Messages,
    payments::PaymentRow,
    router::DirectRouter,
    splices::{SpliceBook, gate::Gate},
    table::Table,
    treasury::PayOutRow,
    types::{Bumper, ChainMonitor, ChannelManager, PeerManager, Sweeper},
    wallet::OnchainWallet,
    watch::Bell,
};

/// How long a close waits for the channel's state to be written.
const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// The payments handed to LDK by this process.
#[derive(Default)]
pub(crate) struct Asked(Mutex<HashSet<PaymentHash>>);

impl Asked {
    pub(crate) fn insert(&self, hash: PaymentHash) {
        lock(&self.0).insert(hash);
    }
    pub(crate) fn contains(&self, hash: &PaymentHash) -> bool {
        lock(&self.0).contains(hash)
    }
}

/// Everything that the rooms share.
pub(crate) struct Parts {
    pub(crate) config: LdkConfig,
    pub(crate) health: Arc<Health>,
    pub(crate) bell: Arc<Bell>,
    pub(crate) wallet: Arc<OnchainWallet>,
    pub(crate) wallet_and_book: Arc<WalletAndBook>,
    pub(crate) broadcaster: Arc<Broadcaster>,
    pub(crate) fees: Arc<Fees>,
    pub(crate) keys: Arc<NodeKeys>,
    pub(crate) router: Arc<DirectRouter>,
    pub(crate) monitor: Arc<ChainMonitor>,
    pub(crate) manager: Arc<ChannelManager>,
    pub(crate) sweeper: Arc<Sweeper>,
    pub(crate) bumper: Bumper,
    pub(crate) messages: Arc<Messages>,
    pub(crate) peers: Arc<PeerManager>,
    pub(crate) book: Arc<ChannelBook>,
    pub(crate) splices: SpliceBook,
    pub(crate) gate: Arc<Gate>,
    pub(crate) payments: Table<PaymentRow>,
    pub(crate) claims: Table<ClaimRow>,
    /// What was claimed, in millisatoshi, by payment hash.
    pub(crate) receipts: Table<u64>,
    pub(crate) addresses: Table<String>,
    pub(crate) pay_outs: Table<PayOutRow>,
    pub(crate) asked: Asked,
    /// Openings and splices are checked and ordered one at a time.
    pub(crate) openings: tokio::sync::Mutex<()>,
    /// Payments are decided on one at a time.
    pub(crate) attempts: tokio::sync::Mutex<()>,
    /// 0: the chain source is away; 1: we are behind it; 2: we are at its tip.
    pub(crate) source: AtomicU8,
}

impl Parts {
    pub(crate) fn key(&self) -> NodeKey {
        self.manager.get_our_node_id()
    }

    pub(crate) fn channels(&self) -> Vec<Channel> {
        let live = self.manager.list_channels();
        let mut channels = self.book.channels(&live);
        self.splices.attach(&mut channels, &live);
        channels
    }

    /// Every peer that is or should be connected.
    pub(crate) fn peer_states(&self) -> Vec<(NodeKey, bool)> {
        let connected: HashSet<NodeKey> =
            self.peers.list_peers().into_iter().map(|peer| peer.counterparty_node_id).collect();
        let known = self.addresses.all().into_iter().filter_map(|(key, _)| key.parse().ok());
        let ours = self.manager.list_channels().into_iter().map(|channel| channel.counterparty.node_id);
        let all: HashSet<NodeKey> = known.chain(ours).chain(connected.iter().copied()).collect();
        let mut states: Vec<_> = all.into_iter().map(|peer| (peer, connected.contains(&peer))).collect();
        states.sort();
        states
    }

    /// Notes how the chain source answered; says whether that is news.
    pub(crate) fn set_source(&self, reached: Option<bool>) -> bool {
        let now = reached.map_or(0, |reached| 1 + u8::from(reached));
        self.source.swap(now, Ordering::Relaxed) != now
    }

    pub(crate) fn synced(&self) -> bool {
        self.source.load(Ordering::Relaxed) == 2
    }

    /// Sends what closed channels have freed to the wallet, at once;
    /// LDK's own timer does it within 30 seconds.
    pub(crate) async fn sweep(&self) {
        if self.sweeper.regenerate_and_broadcast_spend_if_necessary().await.is_err() {
            tracing::debug!("nothing swept now; tried again at the next block");
        }
    }

    /// A write that failed: the node stops, the call's outcome is unknown.
    pub(crate) fn disk_fault(&self, error: &io::Error) -> LightningError {
        let reason = format!("its folder could not be written: {error}; free the disk");
        self.health.fault(reason.clone());
        LightningError::OutcomeUnknown { reason }
    }

    /// A random part of `most`, so that two nodes do not dial each other in step.
    pub(crate) fn jitter(&self, most: Duration) -> Duration {
        let byte = self.keys.get_secure_random_bytes()[0];
        most * u32::from(byte) / 256
    }

    /// Coins in funding transactions of channels that still exist, and rows of openings that do not.
    pub(crate) fn settle_openings(&self) -> Result<HashSet<OutPoint>, StartError> {
        let live: HashSet<u128> =
            self.manager.list_channels().iter().map(|channel| channel.user_channel_id).collect();
        let mut kept = HashSet::new();
        for (opening, row) in self.book.rows() {
            if live.contains(&opening.0) {
                kept.extend(row.inputs);
            } else if row.end.is_none() && !row.funded {
                let text = "the node was stopped before the channel was funded; nothing was spent".into();
                let failure = lncontract_lightning::OpenFailure::Unknown { text };
                self.book.update(opening, |row| row.end = Some(End::Failed(failure))).map_err(|error| {
                    StartError::Folder { doing: "settling old openings", reason: error.to_string() }
                })?;
            }
        }
        Ok(kept)
    }

    /// Closes; waits a moment if the channel's state is just being written.
    pub(crate) async fn close(&self, id: ChannelId, mode: CloseMode) -> Result<(), LightningError> {
        let end = tokio::time::Instant::now() + CLOSE_WAIT;
        loop {
            match self.try_close(id, mode)? {
                Ok(()) => break,
                // A state of the channel is being written, mostly after a payment: a few milliseconds.
                Err(APIError::ChannelUnavailable { .. }) if tokio::time::Instant::now() < end => {
                    tokio::time::sleep(CLOSE_WAIT / 100).await;
                }
                Err(APIError::ChannelUnavailable { err }) => {
                    return Err(LightningError::Unavailable { reason: err });
                }
                Err(error) => {
                    return Err(LightningError::Refused { by: By::Us, reason: format!("{error:?}") });
                }
            }
        }
        self.bell.ring();
        self.health.call(|| self.peers.process_events())
    }

    fn try_close(&self, id: ChannelId, mode: CloseMode) -> Result<Result<(), APIError>, LightningError> {
        let live = self.health.call(|| self.manager.list_channels())?;
        let channel = live.iter().find(|channel| channel.channel_id.0 == id.0);
        let Some(channel) = channel else {
            let reason = format!("this node has no open channel {id}");
            return Err(LightningError::Refused { by: By::Us, reason });
        };
        let (peer, id) = (channel.counterparty.node_id, LdkChannelId(id.0));
        if mode == CloseMode::Cooperative && !connect::connected(self, &peer) {
            let reason = "closing together needs the peer, and its node is not connected".into();
            return Err(LightningError::Unavailable { reason });
        }
        self.health.call(|| match mode {
            CloseMode::Cooperative => self.manager.close_channel(&id, &peer),
            CloseMode::Forced => {
                let text = "the other side closed the channel alone".to_string();
                self.manager.force_close_broadcasting_latest_txn(&id, &peer, text)
            }
        })
    }

    pub(crate) fn send_message(&self, peer: NodeKey, bytes: Vec<u8>) -> Result<(), LightningError> {
        self.health.check()?;
        if !connect::connected(self, &peer) {
            return Err(LightningError::Unavailable { reason: format!("node {peer} is not connected") });
        }
        self.messages.queue(peer, bytes)?;
        self.health.call(|| self.peers.process_events())
    }

    pub(crate) fn info(&self) -> Result<NodeInfo, LightningError> {
        let height = self.health.call(|| self.manager.current_best_block().height)?;
        Ok(NodeInfo {
            key: self.key(),
            network: self.config.network,
            height,
            synced: self.synced(),
            chain_doubts: self.config.chain.doubts(),
            software: "LNContract's embedded node, LDK 0.3.0-rc3".into(),
            splice: true,
            // LDK can; this port has no call for it yet.
            bolt12: false,
        })
    }
}
