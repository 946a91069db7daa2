//! Connections: one listener, one dialler for each address we were given, which never gives up.
//!
//! Invariant: TCP_NODELAY is set on every connection; without it each payment waits up to three times 40 ms.
//! Addresses are on disk, so a restarted node finds its peers without being told.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bitcoin::secp256k1::PublicKey;
use lncontract_lightning::{By, LightningError, NodeKey};
use tokio::{
    net::{TcpListener, TcpStream},
    time::Instant,
};

use crate::parts::Parts;

const DIAL_WAIT: Duration = Duration::from_secs(10);
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// How long a call keeps trying; the dialler goes on after it.
const CONNECT_WAIT: Duration = Duration::from_secs(15);
const BACKOFF_FIRST: Duration = Duration::from_millis(250);
const BACKOFF_MOST: Duration = Duration::from_secs(60);

/// Whether the peer is connected and has finished its handshake.
pub(crate) fn connected(parts: &Parts, peer: &PublicKey) -> bool {
    parts.peers.peer_by_node_id(peer).is_some()
}

/// Keeps the address and connects now.
pub(crate) async fn connect(parts: &Parts, peer: NodeKey, address: &str) -> Result<(), LightningError> {
    parts.health.check()?;
    let refused = |reason: &str| LightningError::Refused { by: By::Us, reason: reason.into() };
    if peer == parts.key() {
        return Err(refused("this is the node's own key"));
    }
    let port = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    if port.is_none_or(|(host, port)| host.is_empty() || port == 0) {
        return Err(refused("the address must be HOST:PORT"));
    }
    parts.addresses.put(&peer.to_string(), address.to_owned()).map_err(|error| parts.disk_fault(&error))?;
    let end = Instant::now() + CONNECT_WAIT;
    let mut wait = Duration::from_millis(100);
    // After a crash the other side may hold the dead connection until its ping times out,
    // and refuses a second.
    loop {
        match dial(parts, peer, address).await {
            Ok(()) => return Ok(()),
            Err(reason) if Instant::now() + wait >= end => {
                let reason = format!("node {peer} at {address}: {reason}; it is tried again all the time");
                return Err(LightningError::Unavailable { reason });
            }
            Err(_) => tokio::time::sleep(wait).await,
        }
        wait = (wait * 2).min(Duration::from_secs(2));
    }
}

async fn dial(parts: &Parts, peer: NodeKey, address: &str) -> Result<(), String> {
    if connected(parts, &peer) {
        return Ok(());
    }
    let stream = tokio::time::timeout(DIAL_WAIT, TcpStream::connect(address)).await;
    let stream = stream.map_err(|_| "no answer".to_string())?.map_err(|error| error.to_string())?;
    let stream = prepared(stream).map_err(|error| error.to_string())?;
    let mut bell = parts.bell.listen();
    // The future ends when the connection does; it lives on in its own task.
    let mut gone = tokio::spawn(lightning_net_tokio::setup_outbound(parts.peers.clone(), peer, stream));
    let end = Instant::now() + HANDSHAKE_WAIT;
    loop {
        if connected(parts, &peer) {
            return Ok(());
        }
        tokio::select! {
            _ = &mut gone => {
                // The peer may have dialled us meanwhile, and this connection was the one too many.
                tokio::time::sleep(Duration::from_millis(50)).await;
                let closed = "it closed the connection during the handshake (is the key right?)";
                return if connected(parts, &peer) { Ok(()) } else { Err(closed.into()) };
            }
            _ = bell.changed() => {}
            _ = tokio::time::sleep_until(end) => return Err("no handshake".into()),
        }
    }
}

fn prepared(stream: TcpStream) -> std::io::Result<std::net::TcpStream> {
    stream.set_nodelay(true)?;
    stream.into_std()
}

/// Takes connections, for ever.
pub(crate) async fn listen(parts: Arc<Parts>, listener: TcpListener) -> Result<(), String> {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => match prepared(stream) {
                Ok(stream) => {
                    tokio::spawn(lightning_net_tokio::setup_inbound(parts.peers.clone(), stream));
                }
                Err(error) => tracing::debug!(%from, %error, "a connection was lost at once"),
            },
            // Too many open files, most likely: later there may be fewer.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// When to dial a peer next, and how long to wait after that.
struct Backoff {
    next: Instant,
    wait: Duration,
}

/// Dials every known peer that is not connected, for ever.
pub(crate) async fn supervise(parts: Arc<Parts>) -> Result<(), String> {
    let mut backoffs: HashMap<PublicKey, Backoff> = HashMap::new();
    loop {
        let now = Instant::now();
        for (key, address) in parts.addresses.all() {
            let Ok(peer) = key.parse::<PublicKey>() else { continue };
            if connected(&parts, &peer) {
                backoffs.remove(&peer);
                continue;
            }
            // A peer just lost gets a moment: if both sides dialled at once,
            // each would drop the other's call.
            let head_start = if parts.key() < peer { Duration::ZERO } else { BACKOFF_FIRST };
            let first = Backoff { next: now + head_start, wait: BACKOFF_FIRST };
            let backoff = backoffs.entry(peer).or_insert(first);
            if backoff.next > now {
                continue;
            }
            backoff.next = now + backoff.wait + parts.jitter(backoff.wait);
            backoff.wait = (backoff.wait * 2).min(BACKOFF_MOST);
            let parts = parts.clone();
            tokio::spawn(async move {
                if let Err(reason) = dial(&parts, peer, &address).await {
                    tracing::debug!(%peer, address, reason, "not connected");
                }
            });
        }
        tokio::time::sleep(BACKOFF_FIRST / 2).await;
    }
}
