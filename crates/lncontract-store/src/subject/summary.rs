//! What lists, the overview and the worker ask of a contract, and the sums of it over all contracts.
//!
//! Invariant: made from the record with each entry and may be made again from it; the sums follow from the rows.

use crate::Hash;

super::words! {
    /// How the contract's channels stand, all together.
    Channels {
        /// There never was one.
        None = "none",
        /// At least one is on its way, in or out.
        Moving = "moving",
        /// At least one is open, and none moves.
        Open = "open",
        /// All have ended.
        Ended = "ended",
    }
}

/// A contract in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many acts wait for a person of ours.
    pub todos: u32,
    /// When the first of them is due; far away where it has no date.
    pub todo_due_at: i64,
    /// When the contract is to be looked at though nothing happens; `None`: only when something does.
    pub look_at: Option<i64>,
    /// Its channels.
    pub channels: Channels,
    /// Set aside in its open channels, less what was paid over them.
    pub earmarked_sat: u64,
    /// Its total less what is paid.
    pub outstanding_sat: u64,
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            todos: 0,
            todo_due_at: 0,
            look_at: None,
            channels: Channels::None,
            earmarked_sat: 0,
            outstanding_sat: 0,
        }
    }
}

/// What of a contract is payable and not paid; replaces what was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutDue {
    /// The contract.
    pub contract_id: Hash,
    /// Each of it.
    pub due: Vec<Due>,
}

/// Something payable and not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whether we pay it; else it is owed to us.
    pub ours: bool,
    /// The day it is due, counted from 1970 UTC; -1: at once.
    pub day: i64,
    /// How much.
    pub amount_sat: u64,
}

/// Which contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those with something to do for a person of ours, the first due first.
    ToDo,
    /// Those to be looked at by then, the longest due first.
    ToLookAt {
        /// Seconds since 1970 UTC.
        by: i64,
    },
    /// Those whose channels stand like that, oldest first.
    With(Channels),
}

/// Sums over all contracts in which we are one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many there are.
    pub contracts: u64,
    /// Acts that wait for a person of ours.
    pub todos: u64,
    /// Set aside in open channels, less what was paid over them.
    pub earmarked_sat: u64,
    /// Totals less what is paid.
    pub outstanding_sat: u64,
}
