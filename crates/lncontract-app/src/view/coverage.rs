//! The view of coverage over time: what can be paid, against what falls due.

use jiff::civil::Date;
use serde::Serialize;

use super::Badge;

/// What the channels cover, cover by plan, and covered so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CoverageView {
    /// What could be paid so far, by the record; oldest first.
    pub past: Vec<CoveragePoint>,
    /// What can be paid now and if plan and payments are kept; the first is now.
    pub coming: Vec<CoveragePoint>,
    /// Each payment to come, by due date.
    pub payments: Vec<CoverageRow>,
}

/// What can be paid from one day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CoveragePoint {
    /// The day.
    pub day: Date,
    /// What the channels can send from then on.
    pub covered_sat: u64,
    /// What falls due or was paid then.
    pub due_sat: u64,
    /// What is or was put in then.
    pub funded_sat: u64,
}

/// A payment to come, and how it is covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoverageRow {
    /// Its milestone's title.
    pub milestone: String,
    /// When it falls due, by what was accepted or what the plan lets expect.
    pub due: Date,
    /// When the covenant asks that it is covered.
    pub covered_by: Date,
    /// How much it is.
    pub amount_sat: u64,
    /// What of it is covered now, what falls due before it being paid first.
    pub now_sat: u64,
    /// What of it is covered when the covenant asks, if plan and payments are kept.
    pub then_sat: u64,
    /// What is missing then.
    pub missing_sat: u64,
    /// Whether one channel carries it; if not, it is paid in parts over several.
    pub in_one_piece: bool,
    /// How it stands.
    pub state: Badge,
}
