//! The exchange of records with counterparties: carries out what `record::Sync` says, over our node's messages or over
//! HTTPS (`carriers` says which).
//!
//! Invariant: frames of companies that we do not know are dropped unread. Entries are stored before they are
//! believed, and sent only from the stored record.

use std::{collections::HashMap, sync::Arc};

use lncontract_core::{Hash, NodeId, v1::Side};
use lncontract_record::{
    Sync,
    sync::{Input, Output},
    wire::contract_of,
};
use lncontract_store::{Change, MarkDelivered};
use tokio::time::Instant;

use crate::{
    App, AppError,
    app::Work,
    carriers::Carrier,
    companies::{node_key, statement_of},
    live::Live,
    rest::Next,
};

/// Contracts of which a known company has told us and whose first entry is not here yet; bounded.
pub(crate) type Strangers = HashMap<Hash, (NodeId, Sync)>;
const STRANGERS_MAX: usize = 64;
/// After that many seconds without an answer, heads are exchanged again.
const ASK_AGAIN_S: i64 = 5;

impl App {
    /// Brings a contract forward: follows the connection, reconciles, and sends what the peer lacks.
    pub(crate) async fn look_after(&self, contract: Hash) -> Result<Next, AppError> {
        self.follow_connection(contract).await?;
        let done = self.reconcile(contract).await;
        self.transmit(contract).await?;
        done?;
        self.settle_down(contract).await
    }

    async fn follow_connection(&self, contract: Hash) -> Result<(), AppError> {
        let connected = self.connected_nodes().await;
        let live = self.live(contract).await?;
        let mut live = live.lock().await;
        let peer = peer_of(&live)?;
        let carrier = self.carrier(peer, connected.contains(&peer));
        let there = carrier.is_some();
        // What was on the other way may be lost.
        let other_way = there && live.carrier != carrier;
        let now = self.clock.now();
        // An ack that nobody waits for is no reason to ask: it goes with the next entry.
        let waits = live.record.needs_ack(live.our_side.other());
        let held = live.ask_again_at.is_some_and(|at| now >= at);
        let silent = (waits || held) && now > live.asked_at.plus_seconds(ASK_AGAIN_S);
        let input = match (there, live.connected) {
            (true, false) => Input::Connected,
            (true, true) if silent || other_way => Input::Connected,
            (false, true) => Input::Disconnected,
            _ => return Ok(()),
        };
        if there != live.connected {
            (live.connected, live.heard_at) = (there, there.then(Instant::now));
        }
        (live.asked_at, live.carrier) = (now, carrier);
        if there {
            live.ask_again_at = None;
        }
        let Live { sync, record, .. } = &mut *live;
        let outputs = sync.handle(input, Some(record)).map_err(|error| unusable(&error))?;
        let frames = self.carry_out(&mut live, outputs).await?;
        drop(live);
        if !there || !connected.contains(&peer) {
            return self.send(peer, frames).await;
        }
        // The peer has to answer this: whether messages of the nodes go through is seen by it.
        if carrier == Some(Carrier::Https) {
            self.lay_by(peer, frames.clone());
        }
        if let Some(link) = self.links().get_mut(&peer) {
            link.asked_by_node(Instant::now());
        }
        let sent = self.send_by_node(peer, frames).await;
        if carrier == Some(Carrier::Https) { Ok(()) } else { sent }
    }

    async fn transmit(&self, contract: Hash) -> Result<(), AppError> {
        let live = self.live(contract).await?;
        let mut live = live.lock().await;
        let Live { sync, record, .. } = &mut *live;
        let outputs = sync.handle(Input::Appended, Some(record)).map_err(|error| unusable(&error))?;
        let frames = self.carry_out(&mut live, outputs).await?;
        let peer = peer_of(&live)?;
        self.mark_delivered(&mut live).await?;
        drop(live);
        self.send(peer, frames).await
    }

    /// Takes a frame that a peer's node sent, and answers it.
    pub(crate) async fn take_message(&self, from: NodeId, frame: &[u8]) -> Result<(), AppError> {
        let at = self.clock.now();
        if let Some(link) = self.links().get_mut(&from) {
            link.heard_by_node(at);
        }
        let replies = self.take_frame(from, frame).await?;
        self.send_by_node(from, replies).await
    }

    /// Takes a peer's frame. Returns what is said to it.
    pub(crate) async fn take_frame(&self, from: NodeId, frame: &[u8]) -> Result<Vec<Vec<u8>>, AppError> {
        let contract = contract_of(frame).map_err(|error| unusable(&error))?;
        let Some(peer) = self.store.peer(&from.to_string()).await? else { return Ok(Vec::new()) };
        if self.store.contract(contract.0).await?.is_none() {
            return self.take_stranger(from, contract, frame).await;
        }
        let live = self.live(contract).await?;
        let mut live = live.lock().await;
        if live.peer != peer.id {
            return Ok(Vec::new());
        }
        let mut frames = Vec::new();
        if !live.connected {
            // Its first frame came before our look at the connections.
            (live.connected, live.heard_at) = (true, Some(Instant::now()));
            let Live { sync, record, .. } = &mut *live;
            let outputs = sync.handle(Input::Connected, Some(record)).map_err(|error| unusable(&error))?;
            frames = self.carry_out(&mut live, outputs).await?;
        }
        let waited = !live.may_sign();
        let Live { sync, record, .. } = &mut *live;
        let outputs = sync.handle(Input::Received(frame), Some(record)).map_err(|error| unusable(&error))?;
        frames.extend(self.carry_out(&mut live, outputs).await?);
        self.mark_delivered(&mut live).await?;
        if waited && live.may_sign() {
            self.wake(Work::Contract(contract));
        }
        Ok(frames)
    }

    async fn take_stranger(
        &self,
        from: NodeId,
        contract: Hash,
        frame: &[u8],
    ) -> Result<Vec<Vec<u8>>, AppError> {
        let mut strangers = self.strangers.lock().await;
        if strangers.len() >= STRANGERS_MAX {
            strangers.clear();
        }
        let mut frames = Vec::new();
        let (by, sync) = strangers.entry(contract).or_insert_with(|| (from, Sync::new(contract)));
        if *by != from {
            return Ok(frames);
        }
        let mut outputs = Vec::new();
        match sync.handle(Input::Received(frame), None) {
            Ok(taken) => outputs.extend(taken),
            Err(lncontract_record::sync::SyncError::NotConnected) => {
                outputs.extend(sync.handle(Input::Connected, None).map_err(|error| unusable(&error))?);
                outputs.extend(sync.handle(Input::Received(frame), None).map_err(|error| unusable(&error))?);
            }
            Err(error) => return Err(unusable(&error)),
        }
        for output in outputs {
            match output {
                Output::Send(frame) => frames.push(frame),
                Output::Deliver(bytes) => {
                    self.receive_first(&from.to_string(), &bytes).await?;
                    strangers.remove(&contract);
                    break;
                }
                Output::Diverged(_) => {}
            }
        }
        Ok(frames)
    }

    /// Inserts what was delivered, and returns the frames to send once the contract's lock is let go.
    async fn carry_out(&self, live: &mut Live, outputs: Vec<Output>) -> Result<Vec<Vec<u8>>, AppError> {
        let mut frames = Vec::new();
        for output in outputs {
            match output {
                Output::Send(frame) => frames.push(frame),
                Output::Deliver(bytes) => self.receive(live, &bytes).await?,
                Output::Diverged(side) => {
                    tracing::error!(contract = %live.record.contract(), ?side, "the peer holds another chain");
                }
            }
        }
        Ok(frames)
    }

    /// Notes in the outbox how much of our chain the other side has seen.
    pub(crate) async fn mark_delivered(&self, live: &mut Live) -> Result<(), AppError> {
        let seen = live.record.ledger().seen(live.our_side.other()) as u64;
        if seen > live.delivered {
            let at = self.clock.now().0;
            let mark = MarkDelivered { contract_id: live.record.contract().0, count: seen, at };
            self.store.commit(vec![Change::MarkDelivered(mark)]).await?;
            live.delivered = seen;
            self.announce();
        }
        Ok(())
    }

    /// Sends frames by whatever carries now. What can't be sent is asked for again once something carries.
    async fn send(&self, peer: NodeId, frames: Vec<Vec<u8>>) -> Result<(), AppError> {
        if frames.is_empty() {
            return Ok(());
        }
        let node = self.connected_nodes().await.contains(&peer);
        if self.carrier(peer, node) == Some(Carrier::Https) {
            self.lay_by(peer, frames);
            return Ok(());
        }
        self.send_by_node(peer, frames).await
    }

    async fn send_by_node(&self, peer: NodeId, frames: Vec<Vec<u8>>) -> Result<(), AppError> {
        if frames.is_empty() {
            return Ok(());
        }
        let node = self.node().await?;
        let key = lncontract_lightning::NodeKey::from_slice(&peer.0)
            .map_err(|_| AppError::fault("a peer's key"))?;
        for frame in frames {
            if let Err(error) = node.send_message(key, frame).await {
                if let Some(link) = self.links().get_mut(&peer) {
                    link.node_failed();
                }
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Keeps connections to all known companies. Does not wait for them: one that is away would keep a person
    /// from signing in.
    pub(crate) async fn connect_all(&self) -> Result<(), AppError> {
        let peers = self.store.peers().await?;
        for peer in &peers {
            self.know_ways_to(&statement_of(peer)?);
        }
        let Ok(node) = self.node().await else { return Ok(()) };
        for peer in peers {
            let key = node_key(&statement_of(&peer)?)?;
            // Without the program: it may end while the node still tries.
            let node = Arc::clone(&node);
            tokio::spawn(async move {
                if let Err(error) = node.connect(key, &peer.address).await {
                    tracing::info!(company = %peer.name, %error, "not connected; the node keeps trying");
                }
            });
        }
        Ok(())
    }
}

pub(crate) fn peer_of(live: &Live) -> Result<NodeId, AppError> {
    let side: Side = live.our_side.other();
    live.record
        .state()
        .keys(side)
        .map(|keys| keys.node_id)
        .ok_or_else(|| AppError::fault("a contract without keys"))
}

fn unusable(error: &dyn std::error::Error) -> AppError {
    AppError::refused("frame", crate::error::chain_of(error), "the message was dropped; nothing was changed")
}
