//! The node's page.

use lncontract_core::NodeId;
use lncontract_lightning::{Channel, ChannelState, LightningError, NodeInfo};

use super::words;
use crate::{
    App, AppError, Class,
    view::{Badge, NodeChannelRow, NodeView, Tone},
};

impl App {
    /// The node's page.
    ///
    /// # Errors
    /// When the keys are locked or the store does not answer.
    pub async fn node_view(&self) -> Result<NodeView, AppError> {
        let unlocked = self.unlocked().await?;
        let node_id = unlocked.statement.node_id;
        let key = if node_id == NodeId::ZERO { String::new() } else { node_id.to_string() };
        let peers = self.companies().await?;
        let silent = |word: &str, trouble: String| {
            let state = Badge::new(Tone::Bad, word);
            NodeView {
                state,
                trouble,
                key: key.clone(),
                address: unlocked.node_address.clone(),
                peers: peers.clone(),
                own_node: self.own_node.is_some(),
                ..NodeView::default()
            }
        };
        let node = match self.node().await {
            Ok(node) => node,
            Err(error) => return Ok(silent("Stopped", sentence(&error.todo))),
        };
        let asked = async { Ok((node.info().await?, node.balances().await?, node.channels().await?)) };
        let (info, balances, channels) = match asked.await {
            Ok(answered) => answered,
            Err(LightningError::Unavailable { reason }) => {
                let next = "It is asked again all the time, and goes on by itself.";
                return Ok(silent("Not reached", format!("{}. {next}", words::upper_first(&reason))));
            }
            Err(LightningError::Misconfigured { reason }) => {
                return Ok(silent("Not usable", words::upper_first(&reason)));
            }
            Err(error) => return Err(error.into()),
        };
        let name = |channel: &Channel| {
            let key = channel.peer.to_string();
            peers.iter().find(|peer| peer.id == key).map_or(key.clone(), |peer| peer.name.clone())
        };
        let sum = |wanted: fn(&ChannelState) -> bool, of: fn(&Channel) -> u64| -> u64 {
            channels.iter().filter(|channel| wanted(&channel.state)).map(of).sum()
        };
        let open = |state: &ChannelState| matches!(state, ChannelState::Open { .. });
        let pending = |state: &ChannelState| matches!(state, ChannelState::Pending { .. });
        let in_channels_sat = sum(open, |channel| channel.local_msat) / 1_000;
        let confirming_sat = sum(pending, |channel| channel.local_msat) / 1_000;
        // A node that gives us no address (an LND without that right) has a page all the same.
        let (deposit_address, deposit_trouble) = match self.deposit_address().await {
            Ok(address) => (address, String::new()),
            Err(error) if matches!(error.class, Class::Refused | Class::NotNow) => {
                (String::new(), sentence(&error.title))
            }
            Err(error) => return Err(error),
        };
        Ok(NodeView {
            state: standing(&info, "In step"),
            trouble: info.chain_doubts.iter().map(|doubt| sentence(doubt)).collect::<Vec<_>>().join(" "),
            answers: true,
            key: info.key.to_string(),
            address: unlocked.node_address.clone(),
            software: info.software,
            own_node: self.own_node.is_some(),
            height: info.height,
            total_sat: balances.onchain_total_sat + balances.channels_msat / 1_000 + balances.closing_sat,
            in_channels_sat,
            confirming_sat,
            onchain_sat: balances.onchain_total_sat,
            onchain_free_sat: balances.onchain_spendable_sat,
            reserve_sat: balances.anchor_reserve_sat,
            can_receive_sat: sum(open, |channel| channel.inbound_capacity_msat) / 1_000,
            deposit_address,
            deposit_trouble,
            channels: channels.iter().map(|channel| row(channel, name(channel))).collect(),
            peers,
        })
    }

    /// A fresh deposit address.
    ///
    /// # Errors
    /// When the node does not run.
    pub async fn new_address(&self) -> Result<String, AppError> {
        let address = self.node().await?.new_address().await.map_err(AppError::from)?.to_string();
        let setting = lncontract_store::Setting { key: "deposit-address".into(), value: address.clone() };
        self.store.commit(vec![lncontract_store::Change::PutSetting(setting)]).await?;
        Ok(address)
    }

    /// The deposit address shown last, or a fresh one: looking at the page does not use up addresses.
    async fn deposit_address(&self) -> Result<String, AppError> {
        match self.store.setting("deposit-address").await? {
            Some(address) => Ok(address),
            None => self.new_address().await,
        }
    }
}

/// A doubt as a sentence on a page.
fn sentence(doubt: &str) -> String {
    format!("{}.", words::upper_first(doubt.trim_end_matches('.')))
}

/// How a node that runs stands. Doubt of its chain source comes first: what it keeps back is not in step either.
pub(crate) fn standing(info: &NodeInfo, in_step: &str) -> Badge {
    if !info.chain_doubts.is_empty() {
        Badge::new(Tone::Warn, "Chain source in doubt")
    } else if info.synced {
        Badge::new(Tone::Good, in_step)
    } else {
        Badge::new(Tone::Warn, "Catching up")
    }
}

fn row(channel: &Channel, counterparty: String) -> NodeChannelRow {
    let state = match &channel.state {
        ChannelState::Requested => Badge::new(Tone::Busy, "Requested"),
        ChannelState::Pending { confirmations, needed } => {
            Badge::new(Tone::Busy, format!("Confirming {confirmations} of {needed}"))
        }
        ChannelState::Open { usable: true } => Badge::new(Tone::Good, "Open"),
        ChannelState::Open { usable: false } => Badge::new(Tone::Warn, "Open, peer away"),
        ChannelState::Closing { .. } => Badge::new(Tone::Warn, "Closing"),
        ChannelState::Closed { .. } => Badge::new(Tone::Mute, "Closed"),
        ChannelState::Failed(_) => Badge::new(Tone::Bad, "Refused"),
    };
    NodeChannelRow {
        counterparty,
        id: channel.id.to_string(),
        size_sat: channel.capacity_sat,
        ours_sat: channel.local_msat / 1_000,
        can_send_sat: channel.outbound_capacity_msat / 1_000,
        can_receive_sat: channel.inbound_capacity_msat / 1_000,
        state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(synced: bool, doubts: &[&str], expect: &str) {
        let info = NodeInfo {
            key: lncontract_lightning::NodeKey::from_slice(&[2; 33]).expect("a point of the curve"),
            network: bitcoin::Network::Regtest,
            height: 7,
            synced,
            chain_doubts: doubts.iter().map(|doubt| (*doubt).to_owned()).collect(),
            software: String::new(),
            splice: true,
            bolt12: false,
        };
        assert_eq!(standing(&info, "In step").word, expect);
    }

    #[test]
    fn a_doubt_is_shown_as_a_sentence() {
        assert_eq!(sentence("the Esplora lags; use another one"), "The Esplora lags; use another one.");
        assert_eq!(sentence("it is away."), "It is away.");
    }

    #[test]
    fn a_doubt_of_the_chain_source_is_said_before_anything_else() {
        check(true, &[], "In step");
        check(false, &[], "Catching up");
        check(true, &["the Esplora is 5 blocks behind"], "Chain source in doubt");
        check(false, &["the Esplora is 5 blocks behind"], "Chain source in doubt");
    }
}
