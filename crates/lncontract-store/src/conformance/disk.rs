//! What a store does when its disk is full. The backend makes a store that can take some megabytes at most.

use super::fixture::{CONTRACT, NOW, a_contract, append, apply, entry, hash, must};
use crate::{Change, NewEntry, Setting, Side, Store, StoreError};

/// Fills the store with entries until it says that it is full, and returns how many it took. Each commit is a
/// marker and a big entry: afterwards the marker names exactly the entries that are there.
///
/// # Panics
/// When it never fills up, fails otherwise, or keeps half of a commit.
pub async fn a_full_disk_leaves_nothing_half_written(store: &dyn Store) -> u64 {
    a_contract(store).await;
    let mut taken: u64 = 0;
    let full = loop {
        let n = u8::try_from(taken).expect("the store is small: it is full long before 256 entries");
        match store.commit(marked(n)).await {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(&full, StoreError::Full { place } if !place.is_empty()), "full, and not {full:?}");
    assert!(taken > 0, "at least one entry fits");
    whole(store, taken).await;
    // It is still full, still whole, and what fits is still taken.
    let n = u8::try_from(taken).expect("it was one above");
    assert!(matches!(store.commit(marked(n)).await, Err(StoreError::Full { .. })));
    whole(store, taken).await;
    apply(store, vec![append(Side::Buyer, 0, hash(0xB0))]).await;
    assert!(must(store.entry(hash(0xB0)).await).is_some());
    taken
}

/// Expects the marker and the entries of `taken` commits.
///
/// # Panics
/// When one is without the other.
pub async fn whole(store: &dyn Store, taken: u64) {
    let last = taken.checked_sub(1).map(|n| n.to_string());
    assert_eq!(must(store.setting("marker").await), last);
    let chain = must(store.entries_after(CONTRACT, Side::Seller, 0).await);
    assert_eq!(chain.iter().map(|row| row.seq).collect::<Vec<_>>(), (0..taken).collect::<Vec<_>>());
    assert!(chain.iter().all(|row| row.bytes.len() == 60_000 && row.stored_at == NOW));
}

/// The marker first, so that it would be left behind if the commit were not whole.
pub fn marked(n: u8) -> Vec<Change> {
    let marker = Setting { key: "marker".to_owned(), value: n.to_string() };
    let big = NewEntry { bytes: vec![n; 60_000], ..entry(Side::Seller, n.into(), hash(n)) };
    vec![Change::PutSetting(marker), Change::AppendEntry(big)]
}
