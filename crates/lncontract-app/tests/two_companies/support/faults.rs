//! A company's node with faults on purpose: between its program and the embedded node.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
};

use bitcoin::Address;
use lncontract_lightning::{
    Balances, BoxFuture, Channel, ChannelId, CloseMode, ForcedClose, Lightning, LightningError, MadeInvoice,
    NewInvoice, NodeInfo, NodeKey, OnchainMovement, OpenChannel, OrderSplice, Pay, PaymentHash, PaymentState,
    Peer, Treasury,
};
use tokio::sync::watch;

/// What goes wrong, and how often the node was asked. It outlives a restart of its company.
#[derive(Default)]
pub struct Faults {
    /// Invoices are expired by the node's own clock.
    pub expired: AtomicBool,
    /// Orders to pay are lost on the way, and nobody knows.
    pub orders_lost: AtomicBool,
    /// No message leaves.
    pub mute: AtomicBool,
    /// Gone from its first channel behind the program's back, in millisatoshi.
    pub taken_msat: AtomicU64,
    /// Orders to open do not come back while this is so.
    pub openings_held: watch::Sender<bool>,
    /// Openings that were ordered while they are held.
    pub openings: AtomicUsize,
    /// Payments that were ordered.
    pub orders: AtomicUsize,
    /// How often somebody looked at the channels: each look at a contract does.
    pub looks: AtomicUsize,
}

/// The node with them.
pub struct FaultyNode {
    pub inner: Arc<dyn Lightning>,
    pub faults: Arc<Faults>,
}

impl FaultyNode {
    async fn open(&self, open: OpenChannel) -> Result<ChannelId, LightningError> {
        if *self.faults.openings_held.borrow() {
            self.faults.openings.fetch_add(1, SeqCst);
        }
        let mut held = self.faults.openings_held.subscribe();
        // The sender is there as long as the node.
        let _ = held.wait_for(|held| !held).await;
        self.inner.open_channel(open).await
    }

    async fn order(&self, pay: Pay) -> Result<(), LightningError> {
        self.faults.orders.fetch_add(1, SeqCst);
        if self.faults.expired.load(SeqCst) {
            return Err(LightningError::Expired);
        }
        if self.faults.orders_lost.load(SeqCst) {
            return Err(LightningError::OutcomeUnknown { reason: "staged by a test".into() });
        }
        self.inner.pay(pay).await
    }

    async fn seen_channels(&self) -> Result<Vec<Channel>, LightningError> {
        let mut channels = self.inner.channels().await?;
        if let Some(first) = channels.first_mut() {
            first.local_msat = first.local_msat.saturating_sub(self.faults.taken_msat.load(SeqCst));
        }
        Ok(channels)
    }

    async fn send(&self, peer: NodeKey, bytes: Vec<u8>) -> Result<(), LightningError> {
        if self.faults.mute.load(SeqCst) { Ok(()) } else { self.inner.send_message(peer, bytes).await }
    }
}

#[rustfmt::skip]
impl Lightning for FaultyNode {
    fn info(&self) -> BoxFuture<'_, Result<NodeInfo, LightningError>> { self.inner.info() }
    fn balances(&self) -> BoxFuture<'_, Result<Balances, LightningError>> { self.inner.balances() }
    fn onchain_movements(&self) -> BoxFuture<'_, Result<Vec<OnchainMovement>, LightningError>> {
        self.inner.onchain_movements()
    }
    fn forced_closes(&self) -> BoxFuture<'_, Result<Vec<ForcedClose>, LightningError>> {
        self.inner.forced_closes()
    }
    fn new_address(&self) -> BoxFuture<'_, Result<Address, LightningError>> { self.inner.new_address() }
    fn connect<'a>(&'a self, peer: NodeKey, address: &'a str) -> BoxFuture<'a, Result<(), LightningError>> {
        self.inner.connect(peer, address)
    }
    fn peers(&self) -> BoxFuture<'_, Result<Vec<Peer>, LightningError>> { self.inner.peers() }
    fn open_channel(&self, open: OpenChannel) -> BoxFuture<'_, Result<ChannelId, LightningError>> {
        Box::pin(self.open(open))
    }
    fn splice(&self, order: OrderSplice) -> BoxFuture<'_, Result<(), LightningError>> {
        self.inner.splice(order)
    }
    fn channels(&self) -> BoxFuture<'_, Result<Vec<Channel>, LightningError>> {
        self.faults.looks.fetch_add(1, SeqCst);
        Box::pin(self.seen_channels())
    }
    fn close_channel(&self, id: ChannelId, mode: CloseMode) -> BoxFuture<'_, Result<(), LightningError>> {
        self.inner.close_channel(id, mode)
    }
    fn create_invoice(&self, new: NewInvoice) -> BoxFuture<'_, Result<MadeInvoice, LightningError>> {
        self.inner.create_invoice(new)
    }
    fn pay(&self, pay: Pay) -> BoxFuture<'_, Result<(), LightningError>> { Box::pin(self.order(pay)) }
    fn payment(&self, hash: PaymentHash) -> BoxFuture<'_, Result<PaymentState, LightningError>> {
        self.inner.payment(hash)
    }
    fn send_message(&self, to: NodeKey, bytes: Vec<u8>) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(self.send(to, bytes))
    }
    fn treasury(&self) -> Option<&dyn Treasury> { self.inner.treasury() }
    fn stop(&self) -> BoxFuture<'_, ()> { self.inner.stop() }
}
