//! Views of terms that are being made or changed: whose turn it is, what they change, what that does.

use lncontract_core::{Hash, Time, v1::Terms};
use serde::Serialize;

/// Who may do what about the terms now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The pen is ours and no offer is open: we may offer other terms, or pass the pen.
    Offer,
    /// The pen is theirs and no offer is open: they may offer.
    TheirPen,
    /// Their offer waits for us: accept, reject, or counter.
    Answer,
    /// Our offer waits for them.
    TheirAnswer,
}

/// The terms between two companies, as far as they are agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Negotiation {
    /// Whose turn it is.
    pub turn: Turn,
    /// The terms in force.
    pub in_force: Option<Terms>,
    /// The open offer.
    pub offered: Option<Terms>,
    /// The offer that the open one counters.
    pub countered: Option<Terms>,
    /// The open offer's last instant.
    pub offer_until: Option<Time>,
}

impl Negotiation {
    /// The terms to begin with when others are to be written: those on the table.
    pub fn start(&self) -> Option<&Terms> {
        self.offered.as_ref().or(self.in_force.as_ref())
    }
}

/// What some terms would change and bring, computed and not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Their hash.
    pub terms_hash: Hash,
    /// What they change, line by line; empty where they are the same.
    pub changes: Vec<ChangeGroup>,
    /// What they do to the figures and the plan; absent before any terms are in force.
    pub effect: Option<Effect>,
    /// What is wrong with them, or does not fit what was done already: path and words.
    pub faults: Vec<(String, String)>,
}

/// Changes of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeGroup {
    /// `Deliveries and work`.
    pub title: String,
    /// Each change.
    pub lines: Vec<ChangeLine>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeLine {
    /// What of: `Delivery 6`.
    pub what: String,
    /// Which part of it: `Due`; empty where all of it comes or goes.
    pub part: String,
    /// What was; empty for what is added.
    pub old: String,
    /// What would be; empty for what is removed.
    pub new: String,
    /// Whether it comes, goes, or changes.
    pub kind: ChangeKind,
}

/// Whether a row comes, goes, or changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Only in the new terms.
    Added,
    /// Only in the old ones.
    Removed,
    /// In both, and not the same.
    Changed,
}

/// What terms do to the figures and the plan of a contract in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// The six figures in their order, then what is to be set aside.
    pub figures: Vec<FigureChange>,
    /// What the plan would leave uncovered if it is kept, in words; empty: everything is covered in time.
    pub uncovered: Vec<String>,
    /// How many payments the plan in force leaves uncovered.
    pub uncovered_before: usize,
}

/// A figure before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FigureChange {
    /// `Contract total`.
    pub name: String,
    /// Under the terms in force.
    pub old_sat: u64,
    /// Under the new ones.
    pub new_sat: u64,
}
