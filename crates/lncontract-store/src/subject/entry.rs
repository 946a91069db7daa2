//! The signed record as bytes, and what of it still has to reach the counterparty.
//!
//! Invariant: entries are only ever appended, each chain without gaps from seq 0.

use crate::Hash;

super::words! {
    /// The two parties of a contract, and so the two chains of its record.
    Side {
        /// Pays.
        Buyer = "buyer",
        /// Is paid.
        Seller = "seller",
    }
}

/// An entry to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// The contract; its row must be there, or made earlier in the same commit.
    pub contract_id: Hash,
    /// Whose chain.
    pub author: Side,
    /// Its place in that chain. The commit conflicts unless this is exactly the chain's length.
    pub expected_seq: u64,
    /// Its id; no two entries of the store have the same.
    pub hash: Hash,
    /// The signed bytes as sent or received.
    pub bytes: Vec<u8>,
    /// Seconds since 1970 UTC.
    pub stored_at: i64,
}

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Grows with every entry of the store: the order of arrival, and the cursor of a tail.
    pub position: i64,
    /// The contract.
    pub contract_id: Hash,
    /// Whose chain.
    pub author: Side,
    /// Its place in that chain, from 0.
    pub seq: u64,
    /// Its id.
    pub hash: Hash,
    /// The signed bytes.
    pub bytes: Vec<u8>,
    /// Seconds since 1970 UTC.
    pub stored_at: i64,
}

/// An entry whose author has signed another one for the same place: both together are the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The contract.
    pub contract_id: Hash,
    /// Its id; no two have the same.
    pub hash: Hash,
    /// The stored entry that stands at its place.
    pub held_hash: Hash,
    /// The signed bytes as received.
    pub bytes: Vec<u8>,
    /// Seconds since 1970 UTC.
    pub stored_at: i64,
}

/// Puts one of our entries up for delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOutbox {
    /// The contract.
    pub contract_id: Hash,
    /// The entry; it must be stored, or be appended earlier in the same commit.
    pub entry_hash: Hash,
    /// Who is to get it.
    pub peer_id: String,
    /// When to try first, in seconds since 1970 UTC.
    pub next_try_at: i64,
}

/// The peer has acknowledged the first `count` entries of our chain: they are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkDelivered {
    /// The contract.
    pub contract_id: Hash,
    /// How many entries of our chain the peer has (its `seen`), so those with a seq below it.
    pub count: u64,
    /// Seconds since 1970 UTC.
    pub at: i64,
}

/// A delivery did not work; counts the attempt. No effect once the entry is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryOutbox {
    /// The contract.
    pub contract_id: Hash,
    /// The entry.
    pub entry_hash: Hash,
    /// When to try again, in seconds since 1970 UTC.
    pub next_try_at: i64,
}

/// An entry that has to reach the counterparty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// The contract.
    pub contract_id: Hash,
    /// The entry; its bytes are read with `entry` or `entries_after`.
    pub entry_hash: Hash,
    /// Its place in our chain.
    pub seq: u64,
    /// Who is to get it.
    pub peer_id: String,
    /// How many deliveries did not work.
    pub attempts: u32,
    /// When to try next, in seconds since 1970 UTC.
    pub next_try_at: i64,
    /// When the peer acknowledged it, in seconds since 1970 UTC; in what is due or waiting: `None`.
    pub delivered_at: Option<i64>,
}
