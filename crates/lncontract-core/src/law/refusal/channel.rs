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
    /// No such fund entry.
    #[error("the record has no fund entry {fund}; report a channel that was announced")]
    UnknownFund {
        /** The one named. */
        fund: Hash,
    },
    /// Not `txid:index`.
    #[error("{found:?} is not a funding output; write txid:index")]
    Outpoint {
        /** What was there. */
        found: String,
    },
}
