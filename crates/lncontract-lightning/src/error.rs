//! Few classes a caller acts on; the node's own words are kept as text, never parsed above the adapter.

/// Who refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Our own node.
    Us,
    /// The peer's node.
    Peer,
}

/// Why a call to the node did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LightningError {
    /// It was understood and declined; asking again unchanged does not help.
    #[error("{} refused: {reason}", match by { By::Us => "our node", By::Peer => "the peer's node" })]
    Refused {
        /// Who.
        by: By,
        /// In words fit for a person.
        reason: String,
    },
    /// An invoice's last instant is past, by the node's own clock, and nothing of its hash is under way: it
    /// was not sent and never will be.
    #[error("the invoice has expired; ask the payee for a new one")]
    Expired,
    /// The opening of a channel failed; typed by what helps.
    #[error("the channel could not be opened: {0}")]
    Open(OpenFailure),
    /// The splice of a channel failed; typed by what helps.
    #[error("the channel could not be spliced: {0}")]
    Splice(OpenFailure),
    /// Not reachable or not ready now: the same call may be made again.
    #[error("the node is not available: {reason}")]
    Unavailable {
        /// What it waits for.
        reason: String,
    },
    /// It may or may not have happened: ask later, never do it again.
    #[error("the outcome is not known: {reason}")]
    OutcomeUnknown {
        /// What was lost.
        reason: String,
    },
    /// An operator has to change something.
    #[error("the node is not set up for this: {reason}")]
    Misconfigured {
        /// What to change.
        reason: String,
    },
}

/// Why a channel could not be opened or spliced, by side and by what helps.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
pub enum OpenFailure {
    /// The peer allows no more channels that wait for confirmation: retry when the pending one is open.
    #[error("the peer has as many pending channels as it allows; it is tried again when one of them is open")]
    PeerPendingLimit,
    /// Too little: of confirmed, unlocked coins in our wallet, or, to take out, on our side of the channel.
    #[error("{missing_sat} sat are missing: {needed_sat} sat needed with fees, {available_sat} sat at hand")]
    InsufficientFunds {
        /// Needed, fees and reserve included.
        needed_sat: u64,
        /// At hand.
        available_sat: u64,
        /// The difference.
        missing_sat: u64,
    },
    /// Outside the peer's size limits.
    #[error("the size is outside the limits of the peer: {text}")]
    Size {
        /// The peer's words.
        text: String,
    },
    /// Outside our own node's size limits: our operator widens them, or the channel is made smaller.
    #[error("the size is outside the limits of our own node: {text}")]
    OwnSize {
        /// Our node's words.
        text: String,
    },
    /// Our node would keep too little for raising fees when its channels are closed.
    #[error("too little would be left in our wallet to close channels with: {text}")]
    AnchorReserve {
        /// Our node's words.
        text: String,
    },
    /// No connection to the peer.
    #[error("the peer is not connected")]
    PeerOffline,
    /// The funding transaction was not confirmed in time, or the peer never answered: nothing was spent.
    #[error("it was given up: {text}")]
    TimedOut {
        /// What did not come.
        text: String,
    },
    /// The peer's node can't splice: a further channel does the same.
    #[error("the peer's node can't splice; open a further channel instead")]
    NoSplice,
    /// Our own node can't splice: a further channel does the same.
    #[error("our node can't splice; open a further channel instead")]
    OwnNoSplice,
    /// Our node is behind the chain.
    #[error("our node does not yet follow the chain")]
    NotSynced,
    /// The peer's node is behind the chain.
    #[error("the peer's node does not yet follow the chain")]
    PeerNotSynced,
    /// The peer's program or operator does not want this channel or splice.
    #[error("the peer refused: {text}")]
    Policy {
        /// The peer's words, verbatim: an untrusted string.
        text: String,
    },
    /// The peer's node refused and keeps the reason to itself, as LND does of its own troubles: it may be catching up.
    #[error("the peer's node refused and gives no reason ({text}); it is tried again")]
    NoReason {
        /// What it said.
        text: String,
    },
    /// Anything else.
    #[error("{text}")]
    Unknown {
        /// What the node said.
        text: String,
    },
}

impl OpenFailure {
    /// Whether the same opening can succeed later as it is: nothing of it is under way, and somebody else's trouble
    /// has to pass first. What does not pass is over, and is told as failed.
    pub fn passes(&self) -> bool {
        match self {
            Self::PeerPendingLimit
            | Self::InsufficientFunds { .. }
            | Self::AnchorReserve { .. }
            | Self::PeerOffline
            | Self::NotSynced
            | Self::PeerNotSynced
            | Self::NoReason { .. } => true,
            Self::Size { .. }
            | Self::OwnSize { .. }
            | Self::TimedOut { .. }
            | Self::NoSplice
            | Self::OwnNoSplice
            | Self::Policy { .. }
            | Self::Unknown { .. } => false,
        }
    }
}
