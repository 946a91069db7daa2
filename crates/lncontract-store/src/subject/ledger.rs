//! Movements of money, as they happened.
//!
//! Invariant: append-only; one key, one movement. Money: signed millisatoshi, never rounded.

use crate::Hash;

/// A movement to write down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLedger {
    /// Names the event it comes from; the same key with equal content is written once.
    pub key: String,
    /// The contract, if it belongs to one.
    pub contract_id: Option<Hash>,
    /// What kind of movement, or the account: a word, opaque here.
    pub kind: String,
    /// What came in (positive) or went out (negative), in millisatoshi, without the fee.
    pub amount_msat: i64,
    /// What it cost, in millisatoshi.
    pub fee_msat: u64,
    /// Seconds since 1970 UTC.
    pub at: i64,
    /// More about it as JSON, opaque here.
    pub detail: String,
}

/// A movement that was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// Grows with every movement; the cursor of a page.
    pub position: i64,
    /// Names the event it comes from.
    pub key: String,
    /// The contract, if it belongs to one.
    pub contract_id: Option<Hash>,
    /// What kind of movement, or the account.
    pub kind: String,
    /// What came in (positive) or went out (negative), in millisatoshi, without the fee.
    pub amount_msat: i64,
    /// What it cost, in millisatoshi.
    pub fee_msat: u64,
    /// Seconds since 1970 UTC.
    pub at: i64,
    /// More about it as JSON.
    pub detail: String,
}
