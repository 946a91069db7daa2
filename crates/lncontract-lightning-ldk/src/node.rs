//! The node as the program sees it: the port's calls, each handed to the room that answers it.
//!
//! Invariant: no call panics or blocks for long; after a stop or a fault each says so.

use std::{net::SocketAddr, sync::Arc};

use bitcoin::Address;
use lncontract_lightning::{
    Balances, BoxFuture, Channel, ChannelId, CloseMode, ForcedClose, Lightning, LightningError, MadeInvoice,
    NewInvoice, NodeInfo, NodeKey, OnchainMovement, OpenChannel, OrderSplice, Pay, PaymentHash, PaymentState,
    Peer, Treasury,
};
use tokio::sync::watch;

use crate::{
    config::{LdkConfig, StartError},
    connect, opening,
    parts::Parts,
    payments, splices, start,
};

/// A running node. Dropping it does not stop it: call [`Lightning::stop`].
pub struct LdkNode {
    pub(crate) parts: Arc<Parts>,
    pub(crate) listen: SocketAddr,
    /// True when everything has ended and the folder is free.
    pub(crate) ended: watch::Receiver<bool>,
}

impl LdkNode {
    /// Starts a node, from its folder or anew. It must run inside a multi-threaded tokio runtime.
    ///
    /// # Errors
    /// See [`StartError`]. A node whose state cannot be read does not start: it never begins anew over it.
    pub async fn start(config: LdkConfig) -> Result<Arc<LdkNode>, StartError> {
        start::start(config).await
    }

    /// Where peers connect: the real port if port 0 was asked for.
    pub fn listen_addr(&self) -> SocketAddr {
        self.listen
    }

    /// The node's key.
    pub fn key(&self) -> NodeKey {
        self.parts.key()
    }

    async fn stop_in_order(&self) {
        self.parts.health.order();
        let mut ended = self.ended.clone();
        // An error means that the supervisor is gone, and with it everything else.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

impl Lightning for LdkNode {
    fn info(&self) -> BoxFuture<'_, Result<NodeInfo, LightningError>> {
        Box::pin(async { self.parts.info() })
    }
    fn balances(&self) -> BoxFuture<'_, Result<Balances, LightningError>> {
        Box::pin(async { self.parts.health.call(|| self.parts.balances()) })
    }
    fn onchain_movements(&self) -> BoxFuture<'_, Result<Vec<OnchainMovement>, LightningError>> {
        Box::pin(async { self.parts.health.call(|| self.parts.wallet.movements()) })
    }
    fn forced_closes(&self) -> BoxFuture<'_, Result<Vec<ForcedClose>, LightningError>> {
        Box::pin(async { self.parts.health.call(|| self.parts.forced_closes()) })
    }
    fn new_address(&self) -> BoxFuture<'_, Result<Address, LightningError>> {
        Box::pin(async {
            let address = self.parts.health.call(|| self.parts.wallet.new_address())?;
            // A fault while it was kept: it must not be given out.
            self.parts.health.check().map(|()| address)
        })
    }
    fn connect<'a>(&'a self, peer: NodeKey, address: &'a str) -> BoxFuture<'a, Result<(), LightningError>> {
        Box::pin(connect::connect(&self.parts, peer, address))
    }
    fn peers(&self) -> BoxFuture<'_, Result<Vec<Peer>, LightningError>> {
        Box::pin(async {
            let states = self.parts.health.call(|| self.parts.peer_states())?;
            let splice = |key: &NodeKey| {
                let features = self.parts.peers.peer_by_node_id(key)?.init_features;
                Some(features.supports_splicing() && features.supports_quiescence())
            };
            Ok(states
                .into_iter()
                .map(|(key, connected)| Peer { key, connected, splice: splice(&key) })
                .collect())
        })
    }
    fn open_channel(&self, open: OpenChannel) -> BoxFuture<'_, Result<ChannelId, LightningError>> {
        Box::pin(opening::open(&self.parts, open))
    }
    fn splice(&self, order: OrderSplice) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(splices::order::splice(&self.parts, order))
    }
    fn channels(&self) -> BoxFuture<'_, Result<Vec<Channel>, LightningError>> {
        Box::pin(async { self.parts.health.call(|| self.parts.channels()) })
    }
    fn close_channel(&self, id: ChannelId, mode: CloseMode) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(self.parts.close(id, mode))
    }
    fn create_invoice(&self, invoice: NewInvoice) -> BoxFuture<'_, Result<MadeInvoice, LightningError>> {
        Box::pin(async move { payments::create_invoice(&self.parts, invoice) })
    }
    fn pay(&self, pay: Pay) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(payments::pay(&self.parts, pay))
    }
    fn payment(&self, hash: PaymentHash) -> BoxFuture<'_, Result<PaymentState, LightningError>> {
        Box::pin(async move { payments::payment(&self.parts, hash) })
    }
    fn send_message(&self, peer: NodeKey, bytes: Vec<u8>) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(async move { self.parts.send_message(peer, bytes) })
    }
    fn treasury(&self) -> Option<&dyn Treasury> {
        Some(self)
    }
    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.stop_in_order())
    }
}
