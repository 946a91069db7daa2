//! Payments we make. Money leaves at most once for one reason.
//!
//! Invariant: the payment hash is the idempotency key and is stored before anything is sent. A state changes
//! only by compare-and-swap; `succeeded` is final and has its preimage.

use crate::Hash;

super::words! {
    /// How far a payment is.
    AttemptState {
        /// Wanted, perhaps waiting for approval.
        Requested = "requested",
        /// One worker has it.
        Claimed = "claimed",
        /// Given to the node.
        Sending = "sending",
        /// The outcome is not known: ask the node again, never pay anew.
        Unknown = "unknown",
        /// Paid; the preimage is the receipt. Final.
        Succeeded = "succeeded",
        /// The node reported a terminal failure.
        Failed = "failed",
    }
}

/// A payment to request; it begins as [`AttemptState::Requested`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttempt {
    /// Of the invoice (BOLT 11).
    pub payment_hash: Hash,
    /// The contract.
    pub contract_id: Hash,
    /// The `invoice` entry it pays; one attempt each.
    pub invoice_entry_hash: Hash,
    /// The invoice itself.
    pub bolt11: String,
    /// In millisatoshi.
    pub amount_msat: u64,
    /// Seconds since 1970 UTC.
    pub at: i64,
}

/// A compare-and-swap: a conflict unless the present state is one of `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveAttempt {
    /// Which payment.
    pub payment_hash: Hash,
    /// The states it may be in now.
    pub from: Vec<AttemptState>,
    /// The state it gets.
    pub to: AttemptState,
    /// Who works on it; `None` leaves what is there.
    pub worker: Option<String>,
    /// The receipt; `None` leaves what is there.
    pub preimage: Option<Hash>,
    /// What the route cost, in millisatoshi; `None` leaves what is there.
    pub fee_msat: Option<u64>,
    /// Why it is in this state; belongs to the state, so `None` clears it.
    pub reason: Option<String>,
    /// Seconds since 1970 UTC.
    pub at: i64,
}

/// What of a payment goes over one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptShare {
    /// Of the invoice.
    pub payment_hash: Hash,
    /// The `fund` entry of the payment's contract that put money into the channel.
    pub fund_entry_hash: Hash,
    /// In satoshi.
    pub amount_sat: u64,
}

/// A payment we make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Of the invoice.
    pub payment_hash: Hash,
    /// The contract.
    pub contract_id: Hash,
    /// The `invoice` entry it pays.
    pub invoice_entry_hash: Hash,
    /// The invoice itself.
    pub bolt11: String,
    /// In millisatoshi.
    pub amount_msat: u64,
    /// How far it is.
    pub state: AttemptState,
    /// Who works on it, or did last.
    pub worker: Option<String>,
    /// The receipt.
    pub preimage: Option<Hash>,
    /// What the route cost, in millisatoshi.
    pub fee_msat: Option<u64>,
    /// Why it is in this state.
    pub reason: Option<String>,
    /// Seconds since 1970 UTC.
    pub created_at: i64,
    /// Seconds since 1970 UTC.
    pub updated_at: i64,
}
