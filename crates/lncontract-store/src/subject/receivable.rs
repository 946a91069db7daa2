//! Invoices we made. Money is taken at most once for one reason.
//!
//! Invariant: a payable has at most one invoice that is not cancelled. A state changes only by
//! compare-and-swap; `cancelled` and `received` are final.

use crate::Hash;

super::words! {
    /// How far an invoice of ours is.
    ReceivableState {
        /// May be paid.
        Live = "live",
        /// Withdrawn: no payment of it is taken any more. Final.
        Cancelled = "cancelled",
        /// A payment has arrived and is being taken.
        Claimed = "claimed",
        /// The money is here. Final.
        Received = "received",
    }
}

/// An invoice we made; it begins as [`ReceivableState::Live`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReceivable {
    /// Of the invoice (BOLT 11).
    pub payment_hash: Hash,
    /// The contract.
    pub contract_id: Hash,
    /// What for: the payable's key, opaque here.
    pub payable: String,
    /// The `invoice` entry, if it is stored already.
    pub invoice_entry_hash: Option<Hash>,
    /// The invoice itself.
    pub bolt11: String,
    /// In millisatoshi.
    pub amount_msat: u64,
    /// Seconds since 1970 UTC.
    pub at: i64,
}

/// A compare-and-swap: a conflict unless the present state is one of `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveReceivable {
    /// Which invoice.
    pub payment_hash: Hash,
    /// The states it may be in now.
    pub from: Vec<ReceivableState>,
    /// The state it gets; the same one, to note the entry only.
    pub to: ReceivableState,
    /// The `invoice` entry; `None` leaves what is there.
    pub invoice_entry_hash: Option<Hash>,
    /// Seconds since 1970 UTC.
    pub at: i64,
}

/// An invoice we made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receivable {
    /// Of the invoice.
    pub payment_hash: Hash,
    /// The contract.
    pub contract_id: Hash,
    /// What for.
    pub payable: String,
    /// The `invoice` entry, once it is stored.
    pub invoice_entry_hash: Option<Hash>,
    /// The invoice itself.
    pub bolt11: String,
    /// In millisatoshi.
    pub amount_msat: u64,
    /// How far it is.
    pub state: ReceivableState,
    /// Seconds since 1970 UTC.
    pub created_at: i64,
    /// Seconds since 1970 UTC.
    pub updated_at: i64,
}
