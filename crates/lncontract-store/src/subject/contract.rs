//! Drafts of terms, and contracts as lists show them.
//!
//! Invariant: the projection is made from the record and may be made again from it; nothing is decided by it.

use crate::{Hash, Side, Summary};

/// Terms that nobody has signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its id, made by the caller.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The terms so far as JSON, opaque here.
    pub terms: String,
    /// Seconds since 1970 UTC.
    pub updated_at: i64,
}

/// A contract's row: who with, and what a list shows without opening the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// The hash of its first entry.
    pub id: Hash,
    /// The counterparty.
    pub peer_id: String,
    /// Which side we are.
    pub our_side: Side,
    /// The contract's number.
    pub number: String,
    /// The contract's title.
    pub title: String,
    /// How far it is: a word, opaque here.
    pub phase: String,
    /// What lists and the contract's head show, as JSON, opaque here.
    pub projection: String,
    /// When it came into this store, in seconds since 1970 UTC.
    pub created_at: i64,
    /// What lists and the worker ask of it.
    pub summary: Summary,
}

impl Contract {
    /// Returns the cursor of the page that follows this row.
    pub fn cursor(&self) -> ContractCursor {
        ContractCursor { created_at: self.created_at, id: self.id }
    }
}

/// The last row of a page; the next page begins after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractCursor {
    /// Its time of creation.
    pub created_at: i64,
    /// Its id.
    pub id: Hash,
}

/// Which part of the list of contracts, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractPage {
    /// After which row; `None`: from the newest.
    pub after: Option<ContractCursor>,
    /// How many rows at most.
    pub limit: u32,
}

impl ContractPage {
    /// Returns the first page.
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }
}
