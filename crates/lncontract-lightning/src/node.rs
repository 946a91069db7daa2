//! The node port: one trait, and the states of channels and payments that every adapter shares.

use std::fmt;

use bitcoin::{Address, OutPoint, Txid};

use crate::{BoxFuture, LightningError, OpenFailure, Treasury};

/// A node's public key (BOLT 7).
pub type NodeKey = bitcoin::secp256k1::PublicKey;
/// SHA-256 of the preimage (BOLT 2, BOLT 11).
pub type PaymentHash = [u8; 32];
/// What the payee reveals by claiming.
pub type PaymentPreimage = [u8; 32];

/// Our own id of an opening or a splice, known before the node is asked: looked for before anything is done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpeningId(pub u128);

/// The node's id of a channel, the same for its whole life (BOLT 2 `channel_id`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub [u8; 32]);

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a node is and can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeInfo {
    /// Its key.
    pub key: NodeKey,
    /// The chain it is on.
    pub network: bitcoin::Network,
    /// The height it has processed.
    pub height: u32,
    /// Whether that is the chain source's tip.
    pub synced: bool,
    /// Why its chain source is in doubt now, each with what to do.
    pub chain_doubts: Vec<String>,
    /// Software and version, for people.
    pub software: String,
    /// Whether it can splice: change the size of an open channel.
    pub splice: bool,
    /// Whether it can make and pay offers.
    pub bolt12: bool,
}

/// The node's money, in satoshi and millisatoshi.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    /// On chain, confirmed, ours, and not set aside for something under way.
    pub onchain_spendable_sat: u64,
    /// On chain, confirmed and unconfirmed, ours.
    pub onchain_total_sat: u64,
    /// Of it, kept for fees of closing channels.
    pub anchor_reserve_sat: u64,
    /// Our side of all channels that are not closing or closed, signed splices counted as if they were locked.
    pub channels_msat: u64,
    /// Coming back from closing and closed channels, not yet spendable: until a block holds the closing
    /// transaction all that was ours in the channel, after it what its outputs hold for us.
    pub closing_sat: u64,
}

/// How far a channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelState {
    /// Asked for; no funding transaction yet.
    Requested,
    /// The funding transaction is known; it has `confirmations` of `needed`.
    Pending {
        /// Blocks seen, the funding block counted.
        confirmations: u32,
        /// Blocks needed.
        needed: u32,
    },
    /// Both sides are ready; payable when the peer is connected.
    Open {
        /// Whether payments can be sent now.
        usable: bool,
    },
    /// Closing; no new payments.
    Closing {
        /// Whether one side closed it alone.
        forced: bool,
    },
    /// Closed and settled in the commitment or closing transaction.
    Closed {
        /// Whether one side closed it alone.
        forced: bool,
        /// The transaction that spent the funding output, once known.
        closing_tx: Option<Txid>,
    },
    /// Never opened.
    Failed(OpenFailure),
}

/// Which way the money of a splice goes, seen from who ordered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SpliceWay {
    /// From its wallet into the channel.
    In,
    /// From its side of the channel to its wallet.
    Out,
}

/// How far a splice is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpliceState {
    /// Asked for; no transaction is signed yet.
    Requested,
    /// Its transaction is signed by both and has `confirmations` of `needed`. Payments go on meanwhile,
    /// over what both the present and the coming funding allow.
    Pending {
        /// Blocks seen, the block of the transaction counted.
        confirmations: u32,
        /// Blocks needed.
        needed: u32,
    },
    /// The channel's money lies in its output, or did until the next splice.
    Locked,
    /// It never came to be; nothing was spent.
    Failed(OpenFailure),
}

/// A change of a channel's size by one transaction; the channel keeps its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Our id: the caller's, or the one under which the host let it in.
    pub id: OpeningId,
    /// Whether we ordered it.
    pub ours: bool,
    /// Which way the money goes.
    pub way: SpliceWay,
    /// What is added to the channel, or paid out of it.
    /// Where the peer takes money out, fees are counted in it.
    pub amount_sat: u64,
    /// What it costs us beyond that.
    pub fee_sat: u64,
    /// The output that holds the channel's money after it, once known.
    pub funding: Option<OutPoint>,
    /// The channel's size after it, once known.
    pub capacity_sat: Option<u64>,
    /// How far it is.
    pub state: SpliceState,
}

/// A channel as our node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The node's id.
    pub id: ChannelId,
    /// Our id.
    pub opening: OpeningId,
    /// Who is at the other end.
    pub peer: NodeKey,
    /// Whether we opened it.
    pub outbound: bool,
    /// The funding output, once known.
    pub funding: Option<OutPoint>,
    /// Its size.
    pub capacity_sat: u64,
    /// What is ours. LND tells no fractions of a satoshi for one channel: there it is rounded down.
    pub local_msat: u64,
    /// What can be sent over it in all, now.
    pub outbound_capacity_msat: u64,
    /// What one payment can carry over it, now.
    pub next_outbound_htlc_limit_msat: u64,
    /// What the peer can send us over it in all, now.
    pub inbound_capacity_msat: u64,
    /// What we must keep in it.
    pub reserve_sat: u64,
    /// What may be in flight over it from us at a time, so the most that one payment carries. It is fixed
    /// when the channel is opened: a splice adds money to it and leaves this limit as it is.
    pub in_flight_limit_msat: u64,
    /// How many blocks our own output waits after a forced close.
    pub our_delay_blocks: Option<u16>,
    /// How far it is.
    pub state: ChannelState,
    /// Its splices, oldest first. At most one is neither locked nor failed.
    pub splices: Vec<Splice>,
}

/// An opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenChannel {
    /// Our id, chosen by the caller and stored before the call.
    pub opening: OpeningId,
    /// With whom; must be connected.
    pub peer: NodeKey,
    /// The channel's size.
    pub amount_sat: u64,
}

/// A splice to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSplice {
    /// Our id, chosen by the caller and stored before the call.
    pub id: OpeningId,
    /// The channel; its peer must be connected.
    pub channel: ChannelId,
    /// Which way the money goes.
    pub way: SpliceWay,
    /// What is added to the channel exactly, or paid to our wallet exactly. Fees come on top.
    pub amount_sat: u64,
}

/// How to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseMode {
    /// Together with the peer.
    Cooperative,
    /// Alone; our own money comes back after the delay.
    Forced,
}

/// What an invoice is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvoice {
    /// Exact amount.
    pub amount_msat: u64,
    /// SHA-256 that stands in the invoice instead of a description (BOLT 11, tag `h`).
    pub description_hash: [u8; 32],
    /// Seconds from now.
    pub expiry_s: u32,
    /// What the node's own lists show for people, where it has a place for it: never in the invoice, never sent.
    pub label: String,
}

/// An invoice that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeInvoice {
    /// BOLT 11.
    pub bolt11: String,
    /// Its payment hash.
    pub payment_hash: PaymentHash,
    /// Its last instant, seconds since 1970 UTC.
    pub expires_at_s: u64,
}

/// A payment to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pay {
    /// BOLT 11, with an amount.
    pub bolt11: String,
    /// The only channels it may use; each ends at the payee (checked).
    pub channels: Vec<Share>,
}

/// A channel that a payment may use, and how much of the payment may go over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The channel.
    pub channel: ChannelId,
    /// The most that goes over it, in millisatoshi. Money: what is set aside in it for other things stays.
    pub most_msat: u64,
}

/// As much as the channel carries.
impl From<ChannelId> for Share {
    fn from(channel: ChannelId) -> Self {
        Self { channel, most_msat: u64::MAX }
    }
}

/// What is known of a payment we sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// The node does not know this hash. Money: that is not the same as failed.
    Absent,
    /// On its way.
    InFlight,
    /// Arrived.
    Sent {
        /// The receipt.
        preimage: PaymentPreimage,
        /// What it cost beyond its amount.
        fee_msat: u64,
    },
    /// Failed for good.
    Failed {
        /// The node's words.
        reason: String,
    },
}

/// A transaction that moved money of our on-chain wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnchainMovement {
    /// Which.
    pub txid: Txid,
    /// What came to our scripts, change counted.
    pub received_sat: u64,
    /// What of ours it spent.
    pub sent_sat: u64,
    /// The sum of all its outputs.
    pub outputs_sat: u64,
    /// What it cost, where all that it spends is known to the wallet.
    pub fee_sat: Option<u64>,
    /// Its block's height; absent while it is not confirmed.
    pub height: Option<u32>,
}

/// A channel that one side closed alone, as the block has it that holds the closing transaction. A closing
/// transaction spends the channel and no coin of the wallet, so it is no [`OnchainMovement`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForcedClose {
    /// Our id of the channel.
    pub opening: OpeningId,
    /// The closing transaction.
    pub txid: Txid,
    /// Its block's height, where the node knows: from there on the notice of who closed runs down.
    pub height: Option<u32>,
    /// Its outputs in their order: both balances, anchors, payments that were in flight.
    pub outputs_sat: Vec<u64>,
    /// Transactions of our wallet that spend its outputs: which output, and which transaction.
    pub spent_by: Vec<(u32, Txid)>,
}

/// A peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its key.
    pub key: NodeKey,
    /// Whether it is connected.
    pub connected: bool,
    /// Whether its node can change the size of an open channel; known while it is connected.
    pub splice: Option<bool>,
}

/// The longest node message in bytes; the record's sync cuts longer ones into chunks (BOLT 1:
/// 65,535 less the type).
pub const MESSAGE_LEN_MAX: usize = 65_533;

/// A company's own Lightning node. Every adapter passes the same conformance suite.
pub trait Lightning: Send + Sync + 'static {
    /// Who and what it is.
    fn info(&self) -> BoxFuture<'_, Result<NodeInfo, LightningError>>;
    /// Its money.
    fn balances(&self) -> BoxFuture<'_, Result<Balances, LightningError>>;
    /// All transactions that moved money of our on-chain wallet, in no particular order.
    fn onchain_movements(&self) -> BoxFuture<'_, Result<Vec<OnchainMovement>, LightningError>>;
    /// All channels that one side closed alone and whose closing transaction a block holds.
    fn forced_closes(&self) -> BoxFuture<'_, Result<Vec<ForcedClose>, LightningError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// A fresh deposit address.
    fn new_address(&self) -> BoxFuture<'_, Result<Address, LightningError>>;
    /// Connects, and keeps reconnecting to that address until the process ends.
    fn connect<'a>(&'a self, peer: NodeKey, address: &'a str) -> BoxFuture<'a, Result<(), LightningError>>;
    /// Peers it knows.
    fn peers(&self) -> BoxFuture<'_, Result<Vec<Peer>, LightningError>>;
    /// Opens an unannounced channel; returns when the node has taken the order. The stages come as events.
    /// Calling it again with the same `opening` never opens a second channel.
    fn open_channel(&self, open: OpenChannel) -> BoxFuture<'_, Result<ChannelId, LightningError>>;
    /// Changes the size of an open channel; returns when both sides have signed. The stages come as channel
    /// events. Calling it again with the same id never splices twice. One splice of a channel at a time:
    /// while one is not locked, the next is `Unavailable`.
    fn splice(&self, order: OrderSplice) -> BoxFuture<'_, Result<(), LightningError>>;
    /// All channels that are not closed, and those that closed while the node remembers them.
    fn channels(&self) -> BoxFuture<'_, Result<Vec<Channel>, LightningError>>;
    /// Closes; returns when the node has taken the order.
    fn close_channel(&self, channel: ChannelId, mode: CloseMode)
    -> BoxFuture<'_, Result<(), LightningError>>;
    /// Makes an invoice.
    fn create_invoice(&self, invoice: NewInvoice) -> BoxFuture<'_, Result<MadeInvoice, LightningError>>;
    /// Sends; returns when the node has taken the order. The outcome comes as an event and by
    /// [`Self::payment`]. Money: the same hash again never pays twice. Only an invoice of which nothing is
    /// under way is answered with [`LightningError::Expired`].
    fn pay(&self, pay: Pay) -> BoxFuture<'_, Result<(), LightningError>>;
    /// What the node knows of a payment we sent.
    fn payment(&self, payment_hash: PaymentHash) -> BoxFuture<'_, Result<PaymentState, LightningError>>;
    /// Sends bytes to a connected peer; may be lost.
    fn send_message(&self, peer: NodeKey, bytes: Vec<u8>) -> BoxFuture<'_, Result<(), LightningError>>;
    /// Its wallet, where it is kept by this program alone; a node with tools of its own for that has none here.
    fn treasury(&self) -> Option<&dyn Treasury> {
        None
    }
    /// Stops in order; what was taken is on disk.
    fn stop(&self) -> BoxFuture<'_, ()>;
}
