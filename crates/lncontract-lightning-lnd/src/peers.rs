//! Connections to peers, and messages over them.
//!
//! Invariant: LND does not always dial again by itself, so we do, to every address that we were given; addresses are on
//! disk. A message may be lost; what is too long is not sent, for LND drops the connection over it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bitcoin::secp256k1::PublicKey;
use lncontract_lightning::{By, LightningError, MESSAGE_LEN_MAX, NodeKey, Peer};
use tokio::time::Instant;

use crate::{
    api::{self, CustomMessage, path},
    parts::Parts,
    rpc::{Fault, Kind},
};

/// The same type as the embedded node's: odd, so that a peer that does not know it ignores it; from 32,768 on free
/// for applications (BOLT 1).
const MESSAGE_TYPE: u32 = 0xA001;
/// Seconds that LND tries for one connection.
const DIAL_S: u64 = 8;
/// How long a call keeps trying; the supervisor goes on after it.
const CONNECT_WAIT: Duration = Duration::from_secs(15);
const DIAL_WAIT: Duration = Duration::from_secs(DIAL_S + 4);
const LOOK_EVERY: Duration = Duration::from_secs(1);
const BACKOFF_MOST: Duration = Duration::from_secs(60);

/// Who is connected now.
pub(crate) async fn connected(parts: &Parts) -> Result<BTreeSet<NodeKey>, LightningError> {
    parts.check()?;
    let peers: api::Peers =
        parts.rpc.call(path::LIST_PEERS, api::Nothing {}).await.map_err(Fault::reading)?;
    Ok(peers.peers.iter().filter_map(|peer| peer.pub_key.parse().ok()).collect())
}

/// Those that are connected, and those whose address we have.
pub(crate) async fn all(parts: &Parts) -> Result<Vec<Peer>, LightningError> {
    let connected = connected(parts).await?;
    let known = parts.addresses.all().into_iter().filter_map(|(key, _)| key.parse::<PublicKey>().ok());
    let all: BTreeSet<NodeKey> = known.chain(connected.iter().copied()).collect();
    // LND can't splice with anybody.
    let peer = |key| Peer { key, connected: connected.contains(&key), splice: Some(false) };
    Ok(all.into_iter().map(peer).collect())
}

/// Keeps the address and connects now.
pub(crate) async fn connect(parts: &Parts, peer: NodeKey, address: &str) -> Result<(), LightningError> {
    parts.check()?;
    let refused = |reason: &str| LightningError::Refused { by: By::Us, reason: reason.into() };
    if peer == parts.key {
        return Err(refused("this is the node's own key"));
    }
    let port = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    if port.is_none_or(|(host, port)| host.is_empty() || port == 0) {
        return Err(refused("the address must be HOST:PORT"));
    }
    let noted = parts.addresses.put(&peer.to_string(), address.to_owned());
    noted.map_err(|error| parts.disk_fault(&error))?;
    let end = Instant::now() + CONNECT_WAIT;
    let mut wait = Duration::from_millis(100);
    loop {
        let fault = match dial(parts, peer, address).await {
            Ok(()) => return Ok(()),
            Err(fault) => fault,
        };
        if matches!(fault.kind, Kind::Setup) {
            return Err(fault.reading());
        }
        if Instant::now() + wait >= end {
            let reason = format!("node {peer} at {address}: {}; it is tried again all the time", fault.text);
            return Err(LightningError::Unavailable { reason });
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(2));
    }
}

async fn dial(parts: &Parts, peer: NodeKey, address: &str) -> Result<(), Fault> {
    let addr = api::LightningAddress { pubkey: peer.to_string(), host: address.to_owned() };
    // Not `perm`: that answers OK at once, also for an address where nobody is.
    let question = api::Connect { addr: Some(addr), perm: false, timeout: DIAL_S };
    match parts.rpc.call_within::<_, api::Nothing>(path::CONNECT_PEER, question, DIAL_WAIT).await {
        Err(fault) if !fault.text.contains("already connected to peer") => Err(fault),
        Ok(_) | Err(_) => {
            parts.ring();
            Ok(())
        }
    }
}

/// Dials every known peer that is not connected, until LND does not answer.
pub(crate) async fn supervise(parts: Arc<Parts>) -> Result<(), Fault> {
    let mut next: std::collections::HashMap<PublicKey, (Instant, Duration)> =
        std::collections::HashMap::new();
    loop {
        let peers: api::Peers = parts.rpc.call(path::LIST_PEERS, api::Nothing {}).await?;
        for (key, address) in parts.addresses.all() {
            let Ok(peer) = key.parse::<PublicKey>() else { continue };
            if peers.peers.iter().any(|connected| connected.pub_key == key) {
                next.remove(&peer);
                continue;
            }
            let (at, wait) = next.get(&peer).copied().unwrap_or((Instant::now(), LOOK_EVERY));
            if at > Instant::now() {
                continue;
            }
            next.insert(peer, (Instant::now() + wait, (wait * 2).min(BACKOFF_MOST)));
            let parts = Arc::clone(&parts);
            tokio::spawn(async move {
                if let Err(fault) = dial(&parts, peer, &address).await {
                    tracing::debug!(%peer, address, reason = fault.text, "not connected");
                }
            });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Sends bytes to a connected peer.
pub(crate) async fn send(parts: &Parts, peer: NodeKey, bytes: Vec<u8>) -> Result<(), LightningError> {
    parts.check()?;
    if bytes.len() > MESSAGE_LEN_MAX {
        let reason = format!("a message has {MESSAGE_LEN_MAX} bytes at most, this one has {}", bytes.len());
        return Err(LightningError::Refused { by: By::Us, reason });
    }
    let message = CustomMessage { peer: peer.serialize().to_vec(), message_type: MESSAGE_TYPE, data: bytes };
    let sent = parts.rpc.call::<_, api::Nothing>(path::SEND_CUSTOM_MESSAGE, message).await;
    match sent {
        Ok(_) => Ok(()),
        Err(fault) if fault.kind == Kind::NotFound => {
            Err(LightningError::Unavailable { reason: format!("the peer {peer} is not connected") })
        }
        Err(fault) => Err(fault.reading()),
    }
}

/// Hands incoming messages to the program. LND keeps none for later.
pub(crate) async fn receive(parts: Arc<Parts>) -> Result<(), Fault> {
    let mut messages =
        parts.rpc.answers::<_, CustomMessage>(path::SUBSCRIBE_CUSTOM_MESSAGES, api::Nothing {}).await?;
    while let Some(message) = messages.next().await? {
        if message.message_type != MESSAGE_TYPE {
            continue;
        }
        if let Ok(from) = NodeKey::from_slice(&message.peer) {
            parts.config.host.message(from, message.data);
        }
    }
    Ok(())
}

/// Rings when a peer comes or goes.
pub(crate) async fn comings_and_goings(parts: Arc<Parts>) -> Result<(), Fault> {
    let mut events =
        parts.rpc.answers::<_, api::Nothing>(path::SUBSCRIBE_PEER_EVENTS, api::Nothing {}).await?;
    parts.ring();
    while events.next().await?.is_some() {
        parts.ring();
    }
    Ok(())
}
