//! Payloads about channels: their opening, what each node sees of them, what is given back, their end.

use serde::{Deserialize, Serialize};

use super::{Instrument, RowId};
use crate::{Hash, Sat};

/// Announces the opening of a channel, or more money into one: the peer's node admits exactly that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fund {
    /// The tranche of the funding plan it carries out.
    pub tranche: RowId,
    /// The channel's size, or what is added to it.
    pub amount: Sat,
    /// What it is earmarked to; empty: the contract in general.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<RowId>,
    /// `to_self_delay` asked of the opener, in blocks.
    pub notice_blocks: u16,
    /// What carries it out, where that departs from the plan: a further channel in place of a splice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<Instrument>,
    /// What carries it out, where no channel is opened for it: money that another contract of the two released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Part>,
}

/// A part of a channel of another contract of the same two companies: what was released there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The other contract's id.
    pub contract: Hash,
    /// Its `fund` entry that opened the channel.
    pub channel: Hash,
    /// Its `release` entry.
    pub release: Hash,
}

/// A channel as the author's own node sees it. Both sides write it; what one has not seen is not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earmark {
    /// The `fund` entry, or the `release` whose splice it reports.
    pub fund: Hash,
    /// The funding output, `txid:index`.
    pub outpoint: String,
    /// The channel's size as the author's node sees it.
    pub capacity: Sat,
    /// How far it is.
    pub stage: ChannelStage,
}

/// How far a channel is, as far as the record tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelStage {
    /// The funding transaction is known, and not deep enough.
    Pending,
    /// Payable.
    Open,
}

/// A channel that closes or has closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The `fund` entry, or the `release` whose splice failed.
    pub fund: Hash,
    /// How.
    pub manner: CloseManner,
    /// The closing transaction, once the author's node knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txid: Option<Hash>,
}

/// Money that is set aside goes back to the buyer without the channel's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The `fund` entry that opened the channel.
    pub fund: Hash,
    /// How much the buyer may splice out of it, once.
    pub amount: Sat,
}

/// How a channel closes (BOLT 2, BOLT 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CloseManner {
    /// Both together.
    Cooperative,
    /// One alone; its own money comes back after the notice.
    Forced,
    /// Never opened: the opening failed or was given up.
    Failed,
}
