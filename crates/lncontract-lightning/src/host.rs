//! What a node asks of the program that runs it. The program answers from its record and ledger.
//!
//! Invariant: an event is delivered at least once, until the host has recorded it; hosts are idempotent
//! (key: channel and stage, payment hash). Money: nothing is claimed that the host did not say to claim.

use crate::{BoxFuture, Channel, ChannelId, NodeKey, OpeningId, PaymentHash, PaymentPreimage, SpliceWay};

/// The event is not recorded; the node delivers it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event could not be recorded: {0}")]
pub struct NotRecorded(pub String);

/// What the program's books say of its node. The node compares its own folder with that before it connects to
/// anybody or broadcasts anything: a folder, or a database, that came back from a copy is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeBooks {
    /// How many starts of the node the books have counted.
    pub starts: u64,
    /// Every opening there may be; `None` if the books can't say for sure.
    pub announced: Option<Vec<OpeningId>>,
    /// Channels that our node has told the books to be open, whatever became of them.
    pub opened: Vec<OpeningId>,
    /// Our payments that our node has told the books to have arrived.
    pub sent: Vec<PaymentHash>,
    /// Payments to us that our node has told the books to have claimed.
    pub received: Vec<PaymentHash>,
}

/// A peer asks to open a channel with us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundChannel {
    /// Who.
    pub peer: NodeKey,
    /// The channel's size.
    pub amount_sat: u64,
    /// Whether it would be announced to the network.
    pub announced: bool,
}

/// The answer to [`InboundChannel`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Exactly this one was announced.
    Accept {
        /// Our id of the opening.
        opening: OpeningId,
        /// The delay we ask of the opener's own output, in blocks.
        to_self_delay_blocks: u16,
    },
    /// The peer's operator gets this text.
    Refuse {
        /// Says why and what to do; holds no secret. ASCII: LND shows nothing of other texts.
        text: String,
    },
}

/// A peer asks to splice a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundSplice {
    /// Who.
    pub peer: NodeKey,
    /// Our id of the channel's opening.
    pub opening: OpeningId,
    /// The channel.
    pub channel: ChannelId,
    /// Whether the peer adds money or takes some out.
    pub way: SpliceWay,
    /// How much; of what is taken out, fees are a part.
    pub amount_sat: u64,
}

/// The answer to [`InboundSplice`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpliceAdmission {
    /// Exactly this one was announced. We add nothing to it ourselves.
    Accept {
        /// Our id of the splice.
        splice: OpeningId,
    },
    /// The peer's operator gets this text.
    Refuse {
        /// Says why and what to do; holds no secret.
        text: String,
    },
}

/// The answer to a payment that could be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Take it.
    Take,
    /// Fail it back to the payer. A node may take this hash never again after it (LND cancels the invoice).
    FailBack,
    /// Ask again in a moment: it could not be decided or recorded now.
    AskAgain,
}

/// What happened on our node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a few events a minute; a box would stand in every match")]
pub enum NodeEvent {
    /// A channel or one of its splices came to another stage; `channel` is how it stands now.
    Channel(Channel),
    /// Our payment arrived.
    PaymentSent {
        /// Which.
        payment_hash: PaymentHash,
        /// The receipt.
        preimage: PaymentPreimage,
        /// What it cost beyond its amount.
        fee_msat: u64,
    },
    /// Our payment failed for good: nothing of it is in flight any more.
    PaymentFailed {
        /// Which.
        payment_hash: PaymentHash,
        /// The node's words.
        reason: String,
    },
    /// A payment to us was claimed.
    PaymentReceived {
        /// Which.
        payment_hash: PaymentHash,
        /// How much.
        amount_msat: u64,
        /// Over which channels.
        channels: Vec<ChannelId>,
    },
    /// An invoice of ours can't be paid any more, and was not: its payment was failed back, or somebody cancelled or
    /// deleted it at the node.
    InvoiceWithdrawn {
        /// Which.
        payment_hash: PaymentHash,
    },
    /// A peer connected or was lost.
    Peer {
        /// Who.
        peer: NodeKey,
        /// Whether it is there now.
        connected: bool,
    },
    /// A block was connected: heights and balances may have changed.
    Block {
        /// The new height.
        height: u32,
    },
    /// The node has stopped and says what to do. Record and pages stay up.
    Stopped {
        /// Why, and what to do.
        reason: String,
    },
}

/// The program, as the node sees it.
pub trait Host: Send + Sync + 'static {
    /// What the books say of the node: asked at the very beginning of each start. `None`: it keeps none, and
    /// the node compares and counts nothing.
    fn books(&self) -> BoxFuture<'_, Result<Option<NodeBooks>, NotRecorded>> {
        Box::pin(async { Ok(None) })
    }
    /// Records that the node starts for that time. Its folder has counted it already; nothing was sent yet.
    fn count_start(&self, _starts: u64) -> BoxFuture<'_, Result<(), NotRecorded>> {
        Box::pin(async { Ok(()) })
    }
    /// Decides on a channel that a peer wants to open.
    fn channel_requested(&self, request: InboundChannel) -> BoxFuture<'_, Admission>;
    /// Decides on a splice that a peer wants to make. Money: an earmark is spliced out of only with our word.
    fn splice_requested(&self, request: InboundSplice) -> BoxFuture<'_, SpliceAdmission>;
    /// Decides on a payment that has arrived in full.
    fn payment_claimable(&self, payment_hash: PaymentHash, amount_msat: u64) -> BoxFuture<'_, Claim>;
    /// Records an event.
    fn event(&self, event: NodeEvent) -> BoxFuture<'_, Result<(), NotRecorded>>;
    /// Takes a message of a peer; may be lost, repeated, or come from a stranger.
    fn message(&self, from: NodeKey, bytes: Vec<u8>);
}
