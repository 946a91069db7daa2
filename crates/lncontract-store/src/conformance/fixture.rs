//! Rows that the suite's functions begin with, and the judgements they share.
//!
//! Invariant: every value is fixed, so that a failure reads the same each time.

use crate::{Change, Contract, Hash, NewEntry, Peer, Side, Store, StoreError, Summary};

/// An instant to count from, in seconds since 1970 UTC.
pub const NOW: i64 = 1_800_000_000;
/// The contract of most functions.
pub const CONTRACT: Hash = hash(0xC0);
/// Its counterparty.
pub const PEER: &str = "02aa";

/// Returns a hash that is easy to tell from others.
pub const fn hash(n: u8) -> Hash {
    [n; 32]
}

/// Returns what a call gave.
///
/// # Panics
/// When it failed: the suite ends there.
pub fn must<T>(result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the store failed: {error} ({error:?})"),
    }
}

/// Commits, and expects that it works.
pub async fn apply(store: &dyn Store, changes: Vec<Change>) {
    must(store.commit(changes).await);
}

/// Expects a conflict about `subject`, and returns what was found and what was expected.
///
/// # Panics
/// When it is anything else.
pub fn conflict<T>(result: Result<T, StoreError>, about: &str) -> (String, String) {
    match result {
        Err(StoreError::Conflict { subject, found, expected, .. }) if subject == about => (found, expected),
        Err(other) => panic!("not a conflict about {about}: {other:?}"),
        Ok(_) => panic!("no conflict about {about}"),
    }
}

/// Expects that a rule of the store was broken.
///
/// # Panics
/// When it is anything else.
pub fn invalid<T>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Invalid { rule }) => rule,
        Err(other) => panic!("not a broken rule: {other:?}"),
        Ok(_) => panic!("no rule was broken"),
    }
}

/// Returns a counterparty.
pub fn peer(id: &str) -> Peer {
    Peer {
        id: id.to_owned(),
        name: format!("Peer {id}"),
        short_name: id.to_owned(),
        key_statement: "{}".to_owned(),
        address: "192.0.2.1:9735".to_owned(),
        words_confirmed_at: None,
        invited_at: NOW,
    }
}

/// Returns a contract with [`PEER`] in which we sell.
pub fn contract(id: Hash, created_at: i64) -> Contract {
    Contract {
        id,
        peer_id: PEER.to_owned(),
        our_side: Side::Seller,
        number: "SC-7".to_owned(),
        title: "Subsystems".to_owned(),
        phase: "running".to_owned(),
        projection: "{}".to_owned(),
        created_at,
        summary: Summary::default(),
    }
}

/// Returns an entry of [`CONTRACT`].
pub fn entry(author: Side, expected_seq: u64, hash: Hash) -> NewEntry {
    NewEntry { contract_id: CONTRACT, author, expected_seq, hash, bytes: vec![hash[0]; 300], stored_at: NOW }
}

/// Returns a change that appends such an entry.
pub fn append(author: Side, expected_seq: u64, hash: Hash) -> Change {
    Change::AppendEntry(entry(author, expected_seq, hash))
}

/// Stores [`PEER`] and [`CONTRACT`].
pub async fn a_contract(store: &dyn Store) {
    apply(store, vec![Change::PutPeer(peer(PEER)), Change::PutContract(contract(CONTRACT, NOW))]).await;
}

/// Stores [`CONTRACT`] with `count` entries of ours, hashes 1, 2, and so on.
pub async fn a_record(store: &dyn Store, count: u8) {
    a_contract(store).await;
    let entries = (0..count).map(|seq| append(Side::Seller, seq.into(), hash(seq + 1))).collect();
    apply(store, entries).await;
}
