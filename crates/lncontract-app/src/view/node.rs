//! The view of the node.

use serde::Serialize;

use super::{Badge, CompanyRow};

/// The node and the money on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeView {
    /// In step, catching up, stopped, not reached.
    pub state: Badge,
    /// What to do where it does not answer.
    pub trouble: String,
    /// Whether it answers. Else balances, channels, height and software are not known, and stand empty here.
    pub answers: bool,
    /// Whether it is the company's own software, with a page of its own.
    pub own_node: bool,
    /// Its key; empty while there was none.
    pub key: String,
    /// Where it listens.
    pub address: String,
    /// Software.
    pub software: String,
    /// Height.
    pub height: u32,
    /// Everything that is ours.
    pub total_sat: u64,
    /// Ours in open channels.
    pub in_channels_sat: u64,
    /// Ours in channels waiting for confirmation.
    pub confirming_sat: u64,
    /// On chain.
    pub onchain_sat: u64,
    /// Of it free to fund.
    pub onchain_free_sat: u64,
    /// Kept for fees of closing channels.
    pub reserve_sat: u64,
    /// Can be received over open channels.
    pub can_receive_sat: u64,
    /// A deposit address.
    pub deposit_address: String,
    /// Why there is none.
    pub deposit_trouble: String,
    /// Channels.
    pub channels: Vec<NodeChannelRow>,
    /// Peers.
    pub peers: Vec<CompanyRow>,
}

/// A channel in the node's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeChannelRow {
    /// The counterparty's name.
    pub counterparty: String,
    /// The node's id of it.
    pub id: String,
    /// Its size.
    pub size_sat: u64,
    /// Ours.
    pub ours_sat: u64,
    /// Can send.
    pub can_send_sat: u64,
    /// Can receive.
    pub can_receive_sat: u64,
    /// How it stands.
    pub state: Badge,
}
