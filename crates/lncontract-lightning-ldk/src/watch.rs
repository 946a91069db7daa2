//! Tells the host how channels, peers and blocks stand: what differs from what it was told last.
//!
//! Invariant: a difference is told until the host has recorded it, so no event of LDK's need be kept for it,
//! and a restart tells everything once more. Stages that pass faster than the host records may be left out.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bitcoin::OutPoint;
use lncontract_lightning::{Channel, ChannelState, Host, NodeEvent, NodeKey, OpeningId, Splice};
use tokio::sync::watch;

use crate::parts::Parts;

/// How often it looks without being called: after a host that could not record.
const TURN: Duration = Duration::from_secs(1);
/// How long the host may take for one event.
const HOST_WAIT: Duration = Duration::from_secs(10);

/// A bell that everyone who waits hears.
pub(crate) struct Bell(watch::Sender<u64>);

impl Bell {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Bell(watch::Sender::new(0)))
    }

    pub(crate) fn ring(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

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
    channels: HashMap<OpeningId, (ChannelState, Option<OutPoint>, Vec<Splice>)>,
    peers: HashMap<NodeKey, bool>,
    height: Option<u32>,
}

impl Told {
    fn news(&self, channels: Vec<Channel>, peers: Vec<(NodeKey, bool)>, height: u32) -> Vec<NodeEvent> {
        let mut news = Vec::new();
        for (peer, connected) in peers {
            if self.peers.get(&peer).copied().unwrap_or(false) != connected {
                news.push(NodeEvent::Peer { peer, connected });
            }
        }
        for channel in channels {
            let now = (&channel.state, &channel.funding, &channel.splices);
            let told = self.channels.get(&channel.opening);
            if told.map(|(state, funding, splices)| (state, funding, splices)) != Some(now) {
                news.push(NodeEvent::Channel(channel));
            }
        }
        if self.height != Some(height) {
            news.push(NodeEvent::Block { height });
        }
        news
    }

    fn note(&mut self, event: NodeEvent) {
        match event {
            NodeEvent::Channel(channel) => {
                self.channels.insert(channel.opening, (channel.state, channel.funding, channel.splices));
            }
            NodeEvent::Peer { peer, connected } => {
                self.peers.insert(peer, connected);
            }
            NodeEvent::Block { height } => self.height = Some(height),
            _ => {}
        }
    }
}

/// Watches, for ever.
pub(crate) async fn run(parts: Arc<Parts>) -> Result<(), String> {
    let mut bell = parts.bell.listen();
    let mut told = Told::default();
    loop {
        parts.settle_splices().map_err(|error| format!("its folder could not be written: {error}"))?;
        let channels = parts.channels();
        let height = parts.manager.current_best_block().height;
        for event in told.news(channels, parts.peer_states(), height) {
            if tell(&*parts.config.host, event.clone()).await {
                told.note(event);
            }
        }
        let _ = tokio::time::timeout(TURN, bell.changed()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told_and_again_until_it_is_recorded() {
        use bitcoin::secp256k1::{Secp256k1, SecretKey};
        let peer = SecretKey::from_slice(&[1; 32]).expect("a key").public_key(&Secp256k1::new());
        let mut told = Told::default();
        let news = told.news(vec![], vec![(peer, true)], 5);
        assert_eq!(news, vec![NodeEvent::Peer { peer, connected: true }, NodeEvent::Block { height: 5 }]);
        assert_eq!(told.news(vec![], vec![(peer, true)], 5), news, "not recorded: told again");
        news.into_iter().for_each(|event| told.note(event));
        assert_eq!(told.news(vec![], vec![(peer, true)], 5), vec![]);
        assert_eq!(told.news(vec![], vec![(peer, false)], 5).len(), 1);
    }
}
