//! Channels: lists, opening, closing, acceptance.

use super::Nothing;

/// `lnrpc.ListChannelsResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Channels {
    #[prost(message, repeated, tag = "11")]
    pub(crate) channels: Vec<OpenChannel>,
}

/// `lnrpc.Channel`: one that is open.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct OpenChannel {
    #[prost(bool, tag = "1")]
    pub(crate) active: bool,
    #[prost(string, tag = "2")]
    pub(crate) remote_pubkey: String,
    /// `TXID:INDEX`.
    #[prost(string, tag = "3")]
    pub(crate) channel_point: String,
    /// The short channel id (BOLT 7).
    #[prost(uint64, tag = "4")]
    pub(crate) chan_id: u64,
    #[prost(int64, tag = "5")]
    pub(crate) capacity: i64,
    /// Ours, less commitment fee and anchors where we opened it; rounded down to a satoshi.
    #[prost(int64, tag = "6")]
    pub(crate) local_balance: i64,
    #[prost(int64, tag = "7")]
    pub(crate) remote_balance: i64,
    /// Satoshi per 1,000 weight units.
    #[prost(int64, tag = "10")]
    pub(crate) fee_per_kw: i64,
    #[prost(message, repeated, tag = "15")]
    pub(crate) pending_htlcs: Vec<Htlc>,
    #[prost(bool, tag = "18")]
    pub(crate) initiator: bool,
    /// What the peer asks of us.
    #[prost(message, optional, tag = "29")]
    pub(crate) local_constraints: Option<Constraints>,
    /// What we ask of the peer.
    #[prost(message, optional, tag = "30")]
    pub(crate) remote_constraints: Option<Constraints>,
    #[prost(string, tag = "36")]
    pub(crate) memo: String,
}

/// `lnrpc.HTLC`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Htlc {
    #[prost(bool, tag = "1")]
    pub(crate) incoming: bool,
    #[prost(int64, tag = "2")]
    pub(crate) amount: i64,
}

/// `lnrpc.ChannelConstraints`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Constraints {
    #[prost(uint32, tag = "1")]
    pub(crate) csv_delay: u32,
    #[prost(uint64, tag = "2")]
    pub(crate) chan_reserve_sat: u64,
    #[prost(uint64, tag = "4")]
    pub(crate) max_pending_amt_msat: u64,
}

/// `lnrpc.PendingChannelsResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct PendingChannels {
    #[prost(message, repeated, tag = "2")]
    pub(crate) opening: Vec<PendingOpen>,
    /// The closing transaction is in a block; outputs wait.
    #[prost(message, repeated, tag = "4")]
    pub(crate) force_closing: Vec<ForceClosing>,
    /// The closing transaction waits for a block.
    #[prost(message, repeated, tag = "5")]
    pub(crate) waiting_close: Vec<WaitingClose>,
}

/// `lnrpc.PendingChannelsResponse.PendingChannel`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct PendingChannel {
    #[prost(string, tag = "1")]
    pub(crate) remote_node_pub: String,
    #[prost(string, tag = "2")]
    pub(crate) channel_point: String,
    #[prost(int64, tag = "3")]
    pub(crate) capacity: i64,
    #[prost(int64, tag = "4")]
    pub(crate) local_balance: i64,
    #[prost(int64, tag = "6")]
    pub(crate) local_chan_reserve_sat: i64,
    /// `lnrpc.Initiator`: 1 is us.
    #[prost(int32, tag = "8")]
    pub(crate) initiator: i32,
    /// Names with `|` between them.
    #[prost(string, tag = "11")]
    pub(crate) chan_status_flags: String,
    #[prost(string, tag = "13")]
    pub(crate) memo: String,
}

impl PendingChannel {
    /// Whether we opened it.
    pub(crate) fn outbound(&self) -> bool {
        self.initiator == 1
    }
}

/// `lnrpc.PendingChannelsResponse.PendingOpenChannel`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct PendingOpen {
    #[prost(message, optional, tag = "1")]
    pub(crate) channel: Option<PendingChannel>,
    #[prost(int64, tag = "4")]
    pub(crate) commit_fee: i64,
    #[prost(uint32, tag = "7")]
    pub(crate) confirmations_until_active: u32,
}

/// `lnrpc.PendingChannelsResponse.WaitingCloseChannel`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct WaitingClose {
    #[prost(message, optional, tag = "1")]
    pub(crate) channel: Option<PendingChannel>,
    #[prost(message, optional, tag = "3")]
    pub(crate) commitments: Option<Commitments>,
    #[prost(string, tag = "4")]
    pub(crate) closing_txid: String,
}

/// `lnrpc.PendingChannelsResponse.Commitments`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Commitments {
    #[prost(uint64, tag = "4")]
    pub(crate) local_commit_fee_sat: u64,
}

/// `lnrpc.PendingChannelsResponse.ForceClosedChannel`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct ForceClosing {
    #[prost(message, optional, tag = "1")]
    pub(crate) channel: Option<PendingChannel>,
    #[prost(string, tag = "2")]
    pub(crate) closing_txid: String,
    /// What waits for us in its outputs.
    #[prost(int64, tag = "3")]
    pub(crate) limbo_balance: i64,
}

/// `lnrpc.ClosedChannelsResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct ClosedChannels {
    #[prost(message, repeated, tag = "1")]
    pub(crate) channels: Vec<ClosedChannel>,
}

/// `lnrpc.ChannelCloseSummary`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct ClosedChannel {
    #[prost(string, tag = "1")]
    pub(crate) channel_point: String,
    #[prost(string, tag = "4")]
    pub(crate) closing_tx_hash: String,
    #[prost(uint32, tag = "7")]
    pub(crate) close_height: u32,
    /// `ClosureType`: see [`closure`].
    #[prost(int32, tag = "10")]
    pub(crate) close_type: i32,
}

/// `lnrpc.ChannelCloseSummary.ClosureType`.
pub(crate) mod closure {
    pub(crate) const COOPERATIVE: i32 = 0;
    pub(crate) const FUNDING_CANCELED: i32 = 4;
    pub(crate) const ABANDONED: i32 = 5;
}

/// `lnrpc.OpenChannelRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct OpenRequest {
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) node_pubkey: Vec<u8>,
    #[prost(int64, tag = "4")]
    pub(crate) local_funding_amount: i64,
    /// Blocks in which the funding transaction should confirm.
    #[prost(int32, tag = "6")]
    pub(crate) target_conf: i32,
    #[prost(bool, tag = "8")]
    pub(crate) private: bool,
    /// At most 500 characters; kept by the opener while the channel lives, never sent.
    #[prost(string, tag = "27")]
    pub(crate) memo: String,
}

/// `lnrpc.OpenStatusUpdate`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct OpenStatus {
    #[prost(message, optional, tag = "1")]
    pub(crate) chan_pending: Option<PendingUpdate>,
    #[prost(message, optional, tag = "3")]
    pub(crate) chan_open: Option<Nothing>,
}

/// `lnrpc.PendingUpdate`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct PendingUpdate {
    /// In the order of the bytes on the wire.
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) txid: Vec<u8>,
    #[prost(uint32, tag = "2")]
    pub(crate) output_index: u32,
}

/// `lnrpc.CloseChannelRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct CloseRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) channel_point: Option<ChannelPoint>,
    #[prost(bool, tag = "2")]
    pub(crate) force: bool,
}

/// `lnrpc.ChannelPoint`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct ChannelPoint {
    #[prost(string, tag = "2")]
    pub(crate) funding_txid_str: String,
    #[prost(uint32, tag = "3")]
    pub(crate) output_index: u32,
}

/// `lnrpc.CloseStatusUpdate`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct CloseStatus {
    #[prost(message, optional, tag = "1")]
    pub(crate) close_pending: Option<PendingUpdate>,
}

/// `lnrpc.ChannelAcceptRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct AcceptRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) node_pubkey: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) pending_chan_id: Vec<u8>,
    #[prost(uint64, tag = "4")]
    pub(crate) funding_amt: u64,
    #[prost(uint64, tag = "5")]
    pub(crate) push_amt: u64,
    /// Bit 0: it would be announced (BOLT 2).
    #[prost(uint32, tag = "13")]
    pub(crate) channel_flags: u32,
    /// `lnrpc.CommitmentType`.
    #[prost(int32, tag = "14")]
    pub(crate) commitment_type: i32,
    #[prost(bool, tag = "15")]
    pub(crate) wants_zero_conf: bool,
}

/// `lnrpc.CommitmentType.ANCHORS`: anchors with HTLC transactions that pay no fee of their own.
pub(crate) const COMMITMENT_ANCHORS: i32 = 3;

/// `lnrpc.ChannelAcceptResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct AcceptResponse {
    #[prost(bool, tag = "1")]
    pub(crate) accept: bool,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) pending_chan_id: Vec<u8>,
    /// At most 500 characters; the opener reads it.
    #[prost(string, tag = "3")]
    pub(crate) error: String,
    /// What the opener's own output waits after a forced close, in blocks.
    #[prost(uint32, tag = "5")]
    pub(crate) csv_delay: u32,
    /// What the opener may have in flight.
    #[prost(uint64, tag = "7")]
    pub(crate) in_flight_max_msat: u64,
}

/// `lnrpc.ChanInfoRequest`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct ChanInfo {
    #[prost(uint64, tag = "1")]
    pub(crate) chan_id: u64,
}

/// `lnrpc.ChannelEdge`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Edge {
    #[prost(message, optional, tag = "7")]
    pub(crate) node1_policy: Option<Nothing>,
    #[prost(message, optional, tag = "8")]
    pub(crate) node2_policy: Option<Nothing>,
}
