//! What the open channels can pay: coverage of a stage, and which channels pay an amount.
//!
//! Invariant: a payment for a stage takes the stage's earmarks first, then the contract's general ones, never
//! those of another stage or contract. Money: whole satoshi; nothing is counted twice, and what a channel can't
//! send is not counted at all. Who asks brings what the node sees; nothing here asks a node.

mod choice;
mod expected;
mod now;
mod outlook;
mod walk;

pub use choice::{Choice, Piece, Way, Why, choose};
pub use expected::{Expected, expected};
pub use now::covered_now;
pub use outlook::{Outlook, Point, StageOutlook, Warning, outlook};
pub use walk::Limits;

use serde::Serialize;

use crate::{Hash, Sat, v1::RowId};

/// A channel as the node sees it now, as far as the buyer can pay over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelNow {
    /// The contract it is earmarked to.
    pub contract: Hash,
    /// The `fund` entry that opened it.
    pub fund: Hash,
    /// What was put into it: the tranche that opened it, then those spliced in and confirmed.
    pub parts: Vec<Part>,
    /// Whether it can pay.
    pub standing: Standing,
    /// What the buyer can send in all: its side, less reserve and the commitment fee at twice the present rate.
    pub can_send: Sat,
    /// What one payment can carry: the next HTLC limit.
    pub at_once: Sat,
    /// The most that may ever be in flight, fixed when the channel was opened; a splice does not raise it.
    pub in_flight_limit: Sat,
}

/// What one tranche put into a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The tranche.
    pub tranche: RowId,
    /// What it is earmarked to; empty: the contract in general.
    pub stages: Vec<RowId>,
    /// What payments have not drawn from the earmark yet.
    pub left: Sat,
}

/// Whether a channel can pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Open, and the peer answers.
    Usable,
    /// Open, and the peer is away: it covers nothing now, and is expected to come back.
    Away,
    /// On its way to its end: it covers nothing any more.
    Closing,
}

/// What can be paid for a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Over all its channels together.
    pub in_all: Sat,
    /// Over the best of them alone.
    pub in_one_piece: Sat,
    /// The channels that count, by their `fund` entries.
    pub channels: Vec<Hash>,
}

impl ChannelNow {
    /// Leaves what is set aside in it for other contracts: none of that is sent for this one.
    pub fn leave(&mut self, others: Sat) {
        self.can_send = self.can_send.less(others);
        self.at_once = self.at_once.min(self.can_send);
    }

    /// Returns what the earmarks leave for a stage.
    fn earmarked(&self, stage: &str) -> Sat {
        let for_it = self.parts.iter().filter(|part| part.is_for(stage));
        for_it.fold(Sat::ZERO, |sum, part| Sat(sum.0.saturating_add(part.left.0)))
    }

    /// Returns what can be sent for a stage in all.
    fn sends(&self, stage: &str) -> Sat {
        self.earmarked(stage).min(self.can_send)
    }

    /// Returns what one payment for a stage can carry.
    fn carries(&self, stage: &str) -> Sat {
        self.sends(stage).min(self.at_once)
    }

    /// Tells whether some of it is set aside for that very stage.
    fn is_of(&self, stage: &str) -> bool {
        self.parts.iter().any(|part| !part.stages.is_empty() && part.is_for(stage) && part.left > Sat::ZERO)
    }
}

impl Part {
    fn is_for(&self, stage: &str) -> bool {
        self.stages.is_empty() || self.stages.iter().any(|named| named == stage)
    }
}

/// Returns what can be paid for a stage of a contract now. In all: the sum over the usable channels of what the
/// earmark leaves, as far as the channel can send it.
pub fn coverage(contract: Hash, stage: &str, channels: &[ChannelNow]) -> Coverage {
    let mut found = Coverage::default();
    let usable = |channel: &&ChannelNow| channel.contract == contract && channel.standing == Standing::Usable;
    for channel in channels.iter().filter(usable) {
        let sends = channel.sends(stage);
        if sends > Sat::ZERO {
            found.in_all = Sat(found.in_all.0.saturating_add(sends.0));
            found.in_one_piece = found.in_one_piece.max(channel.carries(stage));
            found.channels.push(channel.fund);
        }
    }
    found
}
