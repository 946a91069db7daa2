//! Counterparties: our invite, theirs, the words to compare by voice, the connection.

use std::collections::HashSet;

use lncontract_core::{Bytes, NodeId, Time, v1::KeyStatement};
use lncontract_lightning::NodeKey;
use lncontract_record::comparison_words;
use lncontract_store::{Change, Peer};
use tokio::time::Instant;

use crate::{App, AppError, invite::Invite, live::Live, present::way, view::CompanyRow};

impl App {
    /// Our invite, as text to hand over.
    ///
    /// # Errors
    /// When the keys are locked or the node does not run (the invite names its key).
    pub async fn invite(&self) -> Result<String, AppError> {
        self.node().await?;
        let unlocked = self.unlocked().await?;
        let keys = unlocked.statement.clone();
        Ok(Invite { network: self.network.clone(), short_name: unlocked.short_name.clone(), keys }.to_text())
    }

    /// Takes the other company's invite and connects to its node.
    ///
    /// # Errors
    /// When the text can't be used (nothing is written), or names other keys for a company that we know.
    pub async fn accept_invite(&self, text: &str) -> Result<CompanyRow, AppError> {
        let unlocked = self.unlocked().await?;
        let invite = Invite::from_text(text, &self.network, &unlocked.statement)?;
        let id = invite.keys.node_id.to_string();
        let known = self.store.peer(&id).await?;
        let confirmed = known.as_ref().and_then(|known| known.words_confirmed_at);
        if let Some(known) = known.filter(|_| confirmed.is_some())
            && !same_keys(&statement_of(&known)?, &invite.keys)
        {
            let todo = "ask them by voice; a company's keys change only by an act in the record";
            return Err(AppError::refused("keys-differ", "this company was confirmed with other keys", todo));
        }
        let key = node_key(&invite.keys)?;
        let endpoint = node_address(&invite.keys);
        let met = self.meet(key, &endpoint).await;
        // Over HTTPS one asks the other once both have taken the invites.
        let https = https_address(&invite.keys).is_some() || self.peer_address.is_some();
        if let (Err(error), false) = (met, https) {
            let todo = format!(
                "check that their program runs and {endpoint} can be reached, then paste it again ({error})"
            );
            return Err(AppError::not_now(
                "peer-unreachable",
                "the other company's node does not answer",
                todo,
            ));
        }
        let peer = Peer {
            id: id.clone(),
            name: invite.keys.name.clone(),
            short_name: invite.short_name.trim().to_owned(),
            key_statement: serde_json::to_string(&invite.keys)
                .map_err(|_| AppError::fault("key statement"))?,
            address: endpoint,
            words_confirmed_at: confirmed,
            invited_at: self.clock.now().0,
        };
        self.store.commit(vec![Change::PutPeer(peer.clone())]).await?;
        self.know_ways_to(&invite.keys);
        self.wake(crate::app::Work::All);
        self.company_row(&peer, &self.connected_nodes().await).await
    }

    async fn meet(&self, key: NodeKey, address: &str) -> Result<(), AppError> {
        Ok(self.node().await?.connect(key, address).await?)
    }

    /// Records that a person compared the words by voice.
    ///
    /// # Errors
    /// When there is no such company.
    pub async fn confirm_company_words(&self, id: &str) -> Result<(), AppError> {
        let mut peer = self.peer(id).await?;
        peer.words_confirmed_at = Some(self.clock.now().0);
        self.store.commit(vec![Change::PutPeer(peer)]).await?;
        self.announce();
        Ok(())
    }

    /// All counterparties.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn companies(&self) -> Result<Vec<CompanyRow>, AppError> {
        let connected = self.connected_nodes().await;
        let mut rows = Vec::new();
        for peer in self.store.peers().await? {
            rows.push(self.company_row(&peer, &connected).await?);
        }
        Ok(rows)
    }

    /// The nodes that are connected now; none where our node does not answer.
    pub(crate) async fn connected(&self) -> Vec<NodeKey> {
        let Ok(node) = self.node().await else { return Vec::new() };
        let peers = node.peers().await.unwrap_or_default();
        peers.into_iter().filter(|peer| peer.connected).map(|peer| peer.key).collect()
    }

    /// The same as the ids that we know companies by.
    pub(crate) async fn connected_nodes(&self) -> HashSet<NodeId> {
        self.connected().await.into_iter().map(|key| Bytes(key.serialize())).collect()
    }

    /// The companies that the record goes to and comes from now.
    pub(crate) async fn reached(&self) -> HashSet<NodeId> {
        let mut reached = self.connected_nodes().await;
        let now = Instant::now();
        reached
            .extend(self.links().iter().filter(|(_, link)| link.https_is_open(now)).map(|(peer, _)| *peer));
        reached
    }

    pub(crate) async fn peer(&self, id: &str) -> Result<Peer, AppError> {
        self.store.peer(id).await?.ok_or_else(|| AppError::not_found("company"))
    }

    async fn company_row(&self, peer: &Peer, connected: &HashSet<NodeId>) -> Result<CompanyRow, AppError> {
        let theirs = statement_of(peer)?;
        let ours = self.unlocked().await?.statement.clone();
        let node = connected.contains(&theirs.node_id);
        let (carrier, now) = (self.carrier(theirs.node_id, node), self.clock.now());
        let way = match self.links().get(&theirs.node_id) {
            Some(link) => way::sentence(link, carrier, Instant::now(), now),
            None => String::new(),
        };
        Ok(CompanyRow {
            id: peer.id.clone(),
            name: peer.name.clone(),
            short_name: peer.short_name.clone(),
            address: peer.address.clone(),
            words: words(&ours, &theirs)?,
            words_confirmed_at: peer.words_confirmed_at.map(Time),
            connection: way::badge(carrier),
            peer_address: https_address(&theirs),
            way,
        })
    }
}

/// The key statement that a counterparty gave in its invite.
pub(crate) fn statement_of(peer: &Peer) -> Result<KeyStatement, AppError> {
    serde_json::from_str(&peer.key_statement)
        .map_err(|_| AppError::fault("a stored key statement is unreadable"))
}

/// The node's key in a statement, as the node port takes it.
pub(crate) fn node_key(statement: &KeyStatement) -> Result<NodeKey, AppError> {
    NodeKey::from_slice(&statement.node_id.0).map_err(|_| {
        AppError::refused("invite-unreadable", "the invite names no valid node key", "ask for a new one")
    })
}

/// The other side's node, by its keys in the record.
pub(crate) fn peer_node(live: &Live) -> Result<NodeKey, AppError> {
    let keys = live.record.state().keys(live.our_side.other());
    node_key(keys.ok_or_else(|| AppError::fault("a contract without keys"))?)
}

/// Whether two statements are of the same company: addresses may change and carry no trust.
pub(crate) fn same_keys(a: &KeyStatement, b: &KeyStatement) -> bool {
    let of = |keys: &KeyStatement| KeyStatement { endpoints: Vec::new(), ..keys.clone() };
    of(a) == of(b)
}

/// Where its node is reached: `host:port`; empty if it does not say.
fn node_address(statement: &KeyStatement) -> String {
    statement.endpoints.iter().find(|endpoint| !is_https(endpoint)).cloned().unwrap_or_default()
}

/// Where its program is reached over HTTPS, if it is.
pub(crate) fn https_address(statement: &KeyStatement) -> Option<String> {
    statement.endpoints.iter().find(|endpoint| is_https(endpoint)).cloned()
}

/// Without TLS it is for this machine and test chains: who posts sees to that.
fn is_https(endpoint: &str) -> bool {
    endpoint.starts_with("https://") || endpoint.starts_with("http://")
}

fn words(ours: &KeyStatement, theirs: &KeyStatement) -> Result<Vec<String>, AppError> {
    let words = comparison_words(ours, theirs).map_err(|error| AppError::fault(error.to_string()))?;
    Ok(words.split(" / ").map(str::to_owned).collect())
}
