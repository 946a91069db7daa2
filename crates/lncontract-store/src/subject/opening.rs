//! Channels we open: what is known of each from the request to its end.
//!
//! Invariant: our id is stored before the node is asked, so that after a crash it is looked for before
//! anything is opened again. One `fund` entry has at most one opening.

use crate::Hash;

/// The opening of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Our id; the node carries it (LND: `memo`; LDK: `user_channel_id`).
    pub id: u128,
    /// The contract.
    pub contract_id: Hash,
    /// The `fund` entry it carries out.
    pub fund_entry_hash: Hash,
    /// With whom.
    pub peer_id: String,
    /// The channel's size in satoshi.
    pub amount_sat: u64,
    /// How far it is: a word, opaque here.
    pub state: String,
    /// The channel's id (BOLT 2), once the node gave one.
    pub channel_id: Option<Hash>,
    /// The funding output, `txid:index`, once known.
    pub funding_outpoint: Option<String>,
    /// What a person should read about it, opaque here.
    pub detail: String,
    /// Seconds since 1970 UTC; kept from the first put.
    pub created_at: i64,
    /// Seconds since 1970 UTC.
    pub updated_at: i64,
    /// When nothing was left to do for it (open, failed, given up), in seconds since 1970 UTC.
    pub finished_at: Option<i64>,
}
