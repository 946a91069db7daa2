//! Counterparties: our invite, theirs, the words to compare by voice, the connection.

use lncontract_core::{Time, v1::KeyStatement};
use lncontract_lightning::NodeKey;
use lncontract_record::comparison_words;
use lncontract_store::{Change, Peer};

use crate::{
    App, AppError,
    invite::Invite,
    live::Live,
    view::{Badge, CompanyRow, Tone},
};

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
        if let Some(known) = self.store.peer(&id).await?
            && statement_of(&known)? != invite.keys
            && known.words_confirmed_at.is_some()
        {
            let todo = "ask them by voice; a company's keys change only by an act in the record";
            return Err(AppError::refused("keys-differ", "this company was confirmed with other keys", todo));
        }
        let key = node_key(&invite.keys)?;
        let endpoint = invite.keys.endpoints.first().cloned().unwrap_or_default();
        let node = self.node().await?;
        if let Err(error) = node.connect(key, &endpoint).await {
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
            words_confirmed_at: None,
            invited_at: self.clock.now().0,
        };
        self.store.commit(vec![Change::PutPeer(peer.clone())]).await?;
        self.wake(crate::app::Work::All);
        self.company_row(&peer, &[key]).await
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
        let connected = self.connected().await;
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

    pub(crate) async fn peer(&self, id: &str) -> Result<Peer, AppError> {
        self.store.peer(id).await?.ok_or_else(|| AppError::not_found("company"))
    }

    async fn company_row(&self, peer: &Peer, connected: &[NodeKey]) -> Result<CompanyRow, AppError> {
        let theirs = statement_of(peer)?;
        let ours = self.unlocked().await?.statement.clone();
        let there = node_key(&theirs).is_ok_and(|key| connected.contains(&key));
        let connection =
            if there { Badge::new(Tone::Good, "Connected") } else { Badge::new(Tone::Warn, "Away") };
        Ok(CompanyRow {
            id: peer.id.clone(),
            name: peer.name.clone(),
            short_name: peer.short_name.clone(),
            address: peer.address.clone(),
            words: words(&ours, &theirs)?,
            words_confirmed_at: peer.words_confirmed_at.map(Time),
            connection,
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

fn words(ours: &KeyStatement, theirs: &KeyStatement) -> Result<Vec<String>, AppError> {
    let words = comparison_words(ours, theirs).map_err(|error| AppError::fault(error.to_string()))?;
    Ok(words.split(" / ").map(str::to_owned).collect())
}
