//! The view of a channel and of what was added to it.

use jiff::civil::Date;
use lncontract_core::{Hash, Time, v1::Part};
use serde::Serialize;

use super::Badge;

/// A channel of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelCard {
    /// The fund entry: the id of the earmark.
    pub fund: Hash,
    /// The tranche that opened it; none where its announcement was overtaken.
    pub tranche: Option<String>,
    /// `Channel 1, general`.
    pub title: String,
    /// Its size.
    pub size_sat: u64,
    /// Ours, as our node sees it; absent while it is not open.
    pub ours_sat: Option<u64>,
    /// Theirs.
    pub theirs_sat: Option<u64>,
    /// Can be sent by the buyer.
    pub can_send_sat: Option<u64>,
    /// What one payment can carry.
    pub at_most_at_once_sat: Option<u64>,
    /// The most that one payment can ever carry: fixed when it was opened, and no top-up raises it.
    pub in_flight_limit_sat: Option<u64>,
    /// Must stay in it: reserve and fees.
    pub held_back_sat: Option<u64>,
    /// `txid:index`.
    pub outpoint: Option<String>,
    /// How it stands: Requested, Confirming n of m, Open, Closing, Closed, Refused.
    pub state: Badge,
    /// The stages gone through, with their times.
    pub stages: Vec<StageMark>,
    /// Seen by us, differs, not seen.
    pub seen: Badge,
    /// What the other side reports beside what our own node sees.
    pub sight: SightView,
    /// What went wrong and what happens next; empty where nothing did.
    pub trouble: String,
    /// How it ends, from the first word of that on.
    pub closing: Option<ClosingView>,
    /// Whether we may close it now.
    pub can_close: bool,
    /// What was added to it, oldest first.
    pub splices: Vec<SpliceLine>,
    /// What we may release of it now: the seller's act, and 0 for the buyer.
    pub releasable_sat: u64,
    /// What was released of it, oldest first.
    pub releases: Vec<ReleaseLine>,
    /// The contract whose channel it is a part of; none: it is a channel of this one.
    pub part_of: Option<PartLine>,
}

/// The other contract of a channel that two have a part of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartLine {
    /// Its id.
    pub contract: Hash,
    /// Its number.
    pub number: String,
}

/// What another contract released, and a tranche of this one may be carried out by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FreePart {
    /// What the `fund` entry will name.
    #[serde(flatten)]
    pub part: Part,
    /// The other contract's number.
    pub number: String,
    /// How much: exactly the tranche's amount.
    pub amount_sat: u64,
}

/// A release: money that goes back to the buyer while the channel goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReleaseLine {
    /// The splice that takes it out; its `fund` is the `release` entry.
    pub splice: SpliceLine,
    /// Whether we, the buyer, may take it out now.
    pub can_take_back: bool,
    /// The contract that it is set aside for; none: it is taken out, or may be.
    pub set_aside_for: Option<PartLine>,
}

/// A splice: more money in a channel, or less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpliceLine {
    /// The fund entry; of what is taken out, the release entry.
    pub fund: Hash,
    /// `Splice 1, general`, `Release`.
    pub title: String,
    /// What it adds, or takes out.
    pub amount_sat: u64,
    /// `txid:index` after it.
    pub outpoint: Option<String>,
    /// How it stands: Requested, Confirming n of m, Open, Closed, Refused.
    pub state: Badge,
    /// The stages gone through, with their times.
    pub stages: Vec<StageMark>,
    /// Seen by us, differs, not seen.
    pub seen: Badge,
    /// What the other side reports beside what our own node sees.
    pub sight: SightView,
    /// What went wrong and what happens next; empty where nothing did.
    pub trouble: String,
}

/// Output and size of a channel, as the other side reports them and as our own node sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SightView {
    /// Reported by the other side.
    pub reported: Option<Look>,
    /// Seen by our node.
    pub seen: Option<Look>,
}

/// What one node sees of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Look {
    /// `txid:index`.
    pub outpoint: String,
    /// The channel's size.
    pub size_sat: u64,
}

/// The end of a channel and what it means for the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClosingView {
    /// Whether one company closed it alone.
    pub alone: bool,
    /// Blocks until the company that closed has its money; none while no block holds the closing transaction.
    pub blocks_left: Option<u32>,
    /// About when that is.
    pub about: Option<Date>,
    /// The closing transaction, once known.
    pub txid: Option<Hash>,
    /// What it was to pay and does not cover any more: milestone and amount.
    pub lost: Vec<(String, u64)>,
}

/// A stage of a channel on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageMark {
    /// Requested, Confirming 1 of 3, Open.
    pub word: String,
    /// `done`, `now` or `todo`.
    pub progress: Progress,
    /// When it was reached.
    pub at: Option<Time>,
}

/// Where a stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// Behind us.
    Done,
    /// Under way.
    Now,
    /// To come.
    Todo,
}
