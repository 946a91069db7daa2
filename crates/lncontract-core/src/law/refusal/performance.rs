//! Refusals of tenders and their examination.
//! Invariant: each names the rule, both sides of it, and what to do.

use crate::{Hash, Time, v1::RowId};

/// Why a tender or its examination is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PerformanceRefusal {
    /// Money rows are not tendered.
    #[error("row {row:?} is not delivered or performed; pay it or fund it")]
    NotTenderable {
        /** The row. */
        row: RowId,
    },
    /// More than is left, or nothing.
    #[error("row {row:?} has {open} units left, {tendered} were tendered; tender between 1 and what is left")]
    Quantity {
        /** The row. */
        row: RowId,
        /** Left. */
        open: u64,
        /** Tendered. */
        tendered: u64,
    },
    /// One open tender a row.
    #[error("row {row:?} is under examination (tender {tender}); wait for its answer")]
    UnderExamination {
        /** The row. */
        row: RowId,
        /** The open tender. */
        tender: Hash,
    },
    /// No such tender.
    #[error("the record has no tender {tender} in effect; it was overtaken, or never made")]
    Unknown {
        /** The one named. */
        tender: Hash,
    },
    /// Judged already.
    #[error("tender {tender} is already judged; nothing is left to examine")]
    Judged {
        /** The tender. */
        tender: Hash,
    },
    /// More accepted than tendered.
    #[error("{tendered} units were tendered, {accepted} accepted; accept at most what was tendered")]
    TooMany {
        /** Tendered. */
        tendered: u64,
        /** Accepted. */
        accepted: u64,
    },
    /// Fewer accepted and no word why.
    #[error("{accepted} of {tendered} units are accepted; give all reasons for the others at once")]
    Reasons {
        /** Accepted. */
        accepted: u64,
        /** Tendered. */
        tendered: u64,
    },
    /// The examination is over, and the terms take silence for acceptance.
    #[error(
        "the examination ended at {deadline}, the answer was signed at {time}; the tender counts as accepted"
    )]
    Over {
        /** The examination's end. */
        deadline: Time,
        /** Signed. */
        time: Time,
    },
    /// Silence does not accept.
    #[error("the terms do not take silence for acceptance of tender {tender}; the creditor has to answer")]
    NotDeemed {
        /** The tender. */
        tender: Hash,
    },
}
