//! Tells the host how channels, peers and blocks stand: what differs from what it was told last.
//!
//! Invariant: a difference is told until the host has recorded it; a restart tells everything once more. LND's own
//! events have no cursor, so they only say when to look. Stages that pass faster than the host records may be left out.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use bitcoin::OutPoint;
use lncontract_lightning::{ChannelState, Host, NodeEvent, NodeKey, OpeningId};

use crate::{
    api::{self, path},
    channels::{self, Seen},
    parts::Parts,
    peers,
    rpc::{Fault, Kind},
};

/// How often it looks without being called.
const TURN: Duration = Duration::from_secs(1);
/// How long the host may take for one event.
const HOST_WAIT: Duration = Duration::from_secs(10);

/// Records an event with the host; false if it could not, or took too long.
pub(crate) async fn tell(host: &dyn Host, event: NodeEvent) -> bool {
    match tokio::time::timeout(HOST_WAIT, host.event(event)).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, "told again later");
            false
        }
        Err(_elapsed) => {
            tracing::warn!("the program took too long to record an event; told again later");
            false
        }
    }
}

/// What the host was told.
#[derive(Default)]
struct Told {
    channels: HashMap<OpeningId, (ChannelState, Option<OutPoint>)>,
    peers: BTreeSet<NodeKey>,
    height: Option<u32>,
}

impl Told {
    fn news(&self, channels: &[Seen], peers: &BTreeSet<NodeKey>, height: u32) -> Vec<NodeEvent> {
        let came = peers.difference(&self.peers).map(|peer| NodeEvent::Peer { peer: *peer, connected: true });
        let went = self.peers.difference(peers).map(|peer| NodeEvent::Peer { peer: *peer, connected: false });
        let is_new = |seen: &&Seen| {
            let now = (seen.channel.state.clone(), seen.channel.funding);
            self.channels.get(&seen.channel.opening) != Some(&now)
        };
        let moved = channels.iter().filter(is_new).map(|seen| NodeEvent::Channel(seen.channel.clone()));
        let block = (self.height != Some(height)).then_some(NodeEvent::Block { height });
        came.chain(went).chain(moved).chain(block).collect()
    }

    fn note(&mut self, event: NodeEvent) {
        match event {
            NodeEvent::Channel(channel) => {
                self.channels.insert(channel.opening, (channel.state, channel.funding));
            }
            NodeEvent::Peer { peer, connected: true } => {
                self.peers.insert(peer);
            }
            NodeEvent::Peer { peer, connected: false } => {
                self.peers.remove(&peer);
            }
            NodeEvent::Block { height } => self.height = Some(height),
            _ => {}
        }
    }
}

/// Looks and tells, for ever; while LND does not answer it waits.
pub(crate) async fn run(parts: Arc<Parts>) -> Result<(), Fault> {
    let mut bell = parts.bell.subscribe();
    let mut told = Told::default();
    let mut away = false;
    loop {
        match turn(&parts, &mut told).await {
            Ok(()) if away => {
                tracing::info!("LND serves again");
                away = false;
            }
            Ok(()) => {}
            Err(reason) if !away => {
                tracing::warn!(reason, "LND does not serve");
                away = true;
            }
            Err(_) => {}
        }
        let _ = tokio::time::timeout(TURN, bell.changed()).await;
    }
}

async fn turn(parts: &Parts, told: &mut Told) -> Result<(), String> {
    let looked = channels::look_now(parts).await.map_err(|error| error.to_string())?;
    let peers = peers::connected(parts).await.map_err(|error| error.to_string())?;
    for event in told.news(&looked.channels, &peers, looked.height) {
        if tell(&*parts.config.host, event.clone()).await {
            told.note(event);
        }
    }
    Ok(())
}

/// Rings when LND says that something about a channel changed.
pub(crate) async fn channel_events(parts: Arc<Parts>) -> Result<(), Fault> {
    let mut events =
        parts.rpc.answers::<_, api::Nothing>(path::SUBSCRIBE_CHANNEL_EVENTS, api::Nothing {}).await?;
    parts.ring();
    while events.next().await?.is_some() {
        parts.ring();
    }
    Ok(())
}

/// A fault of our own disk in a task that LND feeds.
pub(crate) fn own_fault(error: &std::io::Error) -> Fault {
    Fault { kind: Kind::Silent, text: format!("our notes could not be written: {error}") }
}
