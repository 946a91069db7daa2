//! The node as the program sees it: the port's calls, each handed to the room that answers it.
//!
//! Invariant: every call has a deadline; after a stop each says so. LND itself runs on: it is not ours to stop.

use std::sync::Arc;

use bitcoin::Address;
use lncontract_lightning::{
    Balances, BoxFuture, Channel, ChannelId, CloseMode, ForcedClose, Lightning, LightningError, MadeInvoice,
    NewInvoice, NodeInfo, NodeKey, OnchainMovement, OpenChannel, OpenFailure, OrderSplice, Pay, PaymentHash,
    PaymentState, Peer,
};

use crate::{
    channels,
    config::{LndConfig, StartError},
    invoices, movements, opening,
    parts::Parts,
    payments, peers,
    rpc::Fault,
    start, wallet,
};

/// The company's own LND. Dropping it does not stop what runs beside it: call [`Lightning::stop`].
pub struct LndNode {
    parts: Arc<Parts>,
}

impl LndNode {
    /// Connects to an LND. It must run inside a multi-threaded tokio runtime.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: LndConfig) -> Result<Arc<LndNode>, StartError> {
        Ok(Arc::new(LndNode { parts: start::start(config).await? }))
    }

    /// The node's key.
    pub fn key(&self) -> NodeKey {
        self.parts.key
    }

    async fn node_info(&self) -> Result<NodeInfo, LightningError> {
        self.parts.check()?;
        let info = self.parts.info().await.map_err(Fault::reading)?;
        let version = info.version.split(' ').next().unwrap_or_default();
        Ok(NodeInfo {
            key: self.parts.key,
            network: self.parts.config.network,
            height: info.block_height,
            synced: info.synced_to_chain,
            // LND has its own chain source, and tells nothing of it.
            chain_doubts: Vec::new(),
            software: format!("LND {version}"),
            splice: false,
            bolt12: false,
        })
    }

    async fn all_channels(&self) -> Result<Vec<Channel>, LightningError> {
        let looked = channels::look(&self.parts).await?;
        Ok(looked.channels.iter().map(|seen| seen.channel.clone()).collect())
    }
}

impl Lightning for LndNode {
    fn info(&self) -> BoxFuture<'_, Result<NodeInfo, LightningError>> {
        Box::pin(self.node_info())
    }
    fn balances(&self) -> BoxFuture<'_, Result<Balances, LightningError>> {
        Box::pin(wallet::balances(&self.parts))
    }
    fn onchain_movements(&self) -> BoxFuture<'_, Result<Vec<OnchainMovement>, LightningError>> {
        Box::pin(async {
            let all = movements::all(&self.parts).await?;
            Ok(all.into_iter().map(|moved| moved.movement).collect())
        })
    }
    fn forced_closes(&self) -> BoxFuture<'_, Result<Vec<ForcedClose>, LightningError>> {
        Box::pin(movements::forced_closes(&self.parts))
    }
    fn new_address(&self) -> BoxFuture<'_, Result<Address, LightningError>> {
        Box::pin(wallet::new_address(&self.parts))
    }
    fn connect<'a>(&'a self, peer: NodeKey, address: &'a str) -> BoxFuture<'a, Result<(), LightningError>> {
        Box::pin(peers::connect(&self.parts, peer, address))
    }
    fn peers(&self) -> BoxFuture<'_, Result<Vec<Peer>, LightningError>> {
        Box::pin(peers::all(&self.parts))
    }
    fn open_channel(&self, open: OpenChannel) -> BoxFuture<'_, Result<ChannelId, LightningError>> {
        Box::pin(opening::open(&self.parts, open))
    }
    fn splice(&self, _: OrderSplice) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(async { Err(LightningError::Splice(OpenFailure::OwnNoSplice)) })
    }
    fn channels(&self) -> BoxFuture<'_, Result<Vec<Channel>, LightningError>> {
        Box::pin(self.all_channels())
    }
    fn close_channel(&self, id: ChannelId, mode: CloseMode) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(opening::close(&self.parts, id, mode))
    }
    fn create_invoice(&self, invoice: NewInvoice) -> BoxFuture<'_, Result<MadeInvoice, LightningError>> {
        Box::pin(invoices::create(&self.parts, invoice))
    }
    fn pay(&self, pay: Pay) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(payments::pay(&self.parts, pay))
    }
    fn payment(&self, hash: PaymentHash) -> BoxFuture<'_, Result<PaymentState, LightningError>> {
        Box::pin(payments::payment(&self.parts, hash))
    }
    fn send_message(&self, peer: NodeKey, bytes: Vec<u8>) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(peers::send(&self.parts, peer, bytes))
    }
    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.parts.stopped.send_replace(true);
        })
    }
}
