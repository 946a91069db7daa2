//! What a page needs of our node, asked once.
//!
//! Invariant: a node that does not answer is not a node without channels; whoever reads asks `answers` first.

use lncontract_core::coverage::Limits;
use lncontract_lightning::{Channel, ForcedClose, NodeInfo, OnchainMovement, OpeningId};

use crate::App;

/// What our node says.
#[derive(Debug, Default)]
pub(crate) struct NodeLook {
    there: Option<(NodeInfo, Vec<Channel>)>,
    closes: Vec<ForcedClose>,
    movements: Vec<OnchainMovement>,
}

impl NodeLook {
    /// Whether it answered.
    pub(crate) fn answers(&self) -> bool {
        self.there.is_some()
    }

    /// Its channels; none where it did not answer.
    pub(crate) fn channels(&self) -> &[Channel] {
        self.there.as_ref().map(|(_, channels)| channels.as_slice()).unwrap_or_default()
    }

    /// The height it has processed.
    pub(crate) fn height(&self) -> u32 {
        self.there.as_ref().map_or(0, |(info, _)| info.height)
    }

    /// What it can do, for the outlook.
    pub(crate) fn limits(&self) -> Limits {
        let splice = self.there.as_ref().is_none_or(|(info, _)| info.splice);
        Limits { splice, ..Limits::default() }
    }

    /// The height of the block that holds the transaction by which one side closed a channel alone.
    pub(crate) fn closing_height(&self, opening: OpeningId) -> Option<u32> {
        self.closes.iter().find(|close| close.opening == opening)?.height
    }

    /// The channels that one side closed alone.
    pub(crate) fn closes(&self) -> &[ForcedClose] {
        &self.closes
    }

    /// The transactions of our wallet, if they were asked for.
    pub(crate) fn movements(&self) -> &[OnchainMovement] {
        &self.movements
    }
}

impl App {
    /// Looks at our node. `movements`: whether our wallet's transactions are asked for too.
    pub(super) async fn look(&self, movements: bool) -> NodeLook {
        let Ok(node) = self.node().await else { return NodeLook::default() };
        let (Ok(info), Ok(channels)) = (node.info().await, node.channels().await) else {
            return NodeLook::default();
        };
        let closes = node.forced_closes().await.unwrap_or_default();
        let movements =
            if movements { node.onchain_movements().await.unwrap_or_default() } else { Vec::new() };
        NodeLook { there: Some((info, channels)), closes, movements }
    }
}

#[cfg(test)]
impl NodeLook {
    /// What a node of a test says.
    pub(crate) fn told(
        channels: Vec<Channel>,
        closes: Vec<ForcedClose>,
        movements: Vec<OnchainMovement>,
    ) -> Self {
        let key = lncontract_lightning::NodeKey::from_slice(&[2; 33]).expect("a point of the curve");
        let (network, height, synced, software) = (bitcoin::Network::Regtest, 7, true, String::new());
        let chain_doubts = Vec::new();
        let info =
            NodeInfo { key, network, height, synced, chain_doubts, software, splice: true, bolt12: false };
        Self { there: Some((info, channels)), closes, movements }
    }
}
