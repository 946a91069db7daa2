//! Refusals of announcements and reports of channels.
//! Invariant: each names the rule, both sides of it, and what to do.

use crate::{Hash, Sat, v1::RowId};

/// Why an announcement or report of a channel is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelRefusal {
    /// The plan has no such tranche.
    #[error("the funding plan has no tranche {tranche:?}; choose one of its own")]
    UnknownTranche {
        /** The one named. */
        tranche: RowId,
    },
    /// One live channel a tranche.
    #[error("tranche {tranche:?} is carried out by {fund}; it has to fail or close before another one")]
    Funded {
        /** The tranche. */
        tranche: RowId,
        /** Its fund entry. */
        fund: Hash,
    },
    /// Not the plan's amount.
    #[error("the plan sets aside {planned}, the entry {found}; announce the plan's amount")]
    Amount {
        /** The plan's. */
        planned: Sat,
        /** The entry's. */
        found: Sat,
    },
    /// Not the plan's stages.
    #[error("tranche {tranche:?} is earmarked to other stages in the plan; announce the plan's")]
    Stages {
        /** The tranche. */
        tranche: RowId,
    },
    /// Not the plan's notice.
    #[error("the plan's notice is {planned} blocks, the entry's {found}; announce the plan's")]
    Notice {
        /** The plan's. */
        planned: u16,
        /** The entry's. */
        found: u16,
    },
    /// Carried out by something else than the plan says.
    #[error("tranche {tranche:?} can depart from the plan as a further channel in place of a splice only")]
    Instrument {
        /** The tranche. */
        tranche: RowId,
    },
    /// A splice without a channel.
    #[error("tranche {into:?} has no channel to splice into; announce this one as a further channel")]
    NothingToSplice {
        /** The channel's tranche. */
        into: RowId,
    },
    /// A part where the plan asks for a splice.
    #[error("tranche {tranche:?} is a splice; announce it as a further channel to carry it out by a part")]
    PartForSplice {
        /** The tranche. */
        tranche: RowId,
    },
    /// A splice into what is a part of another contract's channel.
    #[error(
        "tranche {into:?} is a part of another contract's channel; announce this one as a further channel or part"
    )]
    SpliceIntoPart {
        /** The tranche that the part carries out. */
        into: RowId,
    },
    /// A part of a channel of the same contract.
    #[error("the part is of this contract's own channel; name a release of another contract")]
    PartOfItself,
    /// One part, one tranche.
    #[error("what {release} released is set aside by {fund} already; name another release")]
    PartTaken {
        /** The release named. */
        release: Hash,
        /** The fund entry that has it. */
        fund: Hash,
    },
    /// No such fund entry.
    #[error("the record has no fund entry {fund}; report a channel that was announced")]
    UnknownFund {
        /** The one named. */
        fund: Hash,
    },
    /// A release of nothing.
    #[error("the release is of 0 sat; release what is to go back")]
    NothingReleased,
    /// A release of a splice, of another release, or of what was never announced.
    #[error(
        "{fund} opened no channel of the contract; release money of a channel by the entry that opened it"
    )]
    NoChannel {
        /** The entry named. */
        fund: Hash,
    },
    /// A release of a part.
    #[error("{fund} is a part of another contract's channel; its money comes back when that channel closes")]
    ReleaseOfPart {
        /** The entry that set the part aside. */
        fund: Hash,
    },
    /// A release of what has ended.
    #[error("the channel of {fund} is closing or closed; its money comes back by that")]
    Ended {
        /** Its fund entry. */
        fund: Hash,
    },
    /// One release of a channel at a time.
    #[error(
        "the release {release} of the channel of {fund} is not taken out yet; it has to be, or to fail, before another"
    )]
    Releasing {
        /** The channel's fund entry. */
        fund: Hash,
        /** The release. */
        release: Hash,
    },
    /// A release of more than is there.
    #[error(
        "{left} are set aside in the channel and not released yet, the release is of {found}; release less"
    )]
    TooMuch {
        /** Set aside, by what both sides reported, less what was released before. */
        left: Sat,
        /** The entry's. */
        found: Sat,
    },
    /// A release of what still has to pay.
    #[error(
        "{missing} are still owed on {milestone:?}, for which the channel is set aside; release it when that is paid"
    )]
    StillOwed {
        /** The first such milestone. */
        milestone: RowId,
        /** Not paid of it. */
        missing: Sat,
    },
    /// Not `txid:index`.
    #[error("{found:?} is not a funding output; write txid:index")]
    Outpoint {
        /** What was there. */
        found: String,
    },
}
