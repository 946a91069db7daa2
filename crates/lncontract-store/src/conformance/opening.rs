//! Openings of channels.

use super::fixture::{CONTRACT, NOW, PEER, a_record, apply, conflict, hash, must};
use crate::{Change, Opening, Store};

/// An id that uses all 128 bits: the highest one is set.
const ID: u128 = 0xF000_0000_0000_0000_0000_0000_0000_0001;

fn opening(id: u128, fund: u8, created_at: i64) -> Opening {
    Opening {
        id,
        contract_id: CONTRACT,
        fund_entry_hash: hash(fund),
        peer_id: PEER.to_owned(),
        amount_sat: 30_000_000,
        state: "requested".to_owned(),
        channel_id: None,
        funding_outpoint: None,
        detail: String::new(),
        created_at,
        updated_at: created_at,
        finished_at: None,
    }
}

/// Found by our id and by its `fund` entry; in the list of unfinished ones until it has ended.
pub async fn an_opening_is_followed_to_its_end(store: &dyn Store) {
    a_record(store, 2).await;
    let (first, second) = (opening(ID, 1, NOW), opening(7, 2, NOW + 1));
    apply(store, vec![Change::PutOpening(second.clone()), Change::PutOpening(first.clone())]).await;
    assert_eq!(must(store.openings_unfinished().await), [first.clone(), second.clone()]);
    assert_eq!(must(store.opening_by_fund(hash(1)).await), Some(first.clone()));
    let open = Opening {
        state: "open".to_owned(),
        channel_id: Some(hash(9)),
        funding_outpoint: Some("ab:0".to_owned()),
        detail: "3 confirmations".to_owned(),
        updated_at: NOW + 9,
        finished_at: Some(NOW + 9),
        ..first
    };
    apply(store, vec![Change::PutOpening(open.clone())]).await;
    assert_eq!(must(store.opening(ID).await), Some(open.clone()));
    assert_eq!(must(store.openings(CONTRACT).await), [open, second.clone()]);
    assert_eq!(must(store.openings_unfinished().await), [second]);
    assert_eq!(must(store.opening(8).await), None);
    assert_eq!(must(store.opening_by_fund(hash(99)).await), None);
}

/// Nothing is opened twice for one announcement.
pub async fn a_fund_entry_has_one_opening(store: &dyn Store) {
    a_record(store, 1).await;
    apply(store, vec![Change::PutOpening(opening(ID, 1, NOW))]).await;
    conflict(store.commit(vec![Change::PutOpening(opening(8, 1, NOW))]).await, "opening");
    assert_eq!(must(store.openings(CONTRACT).await).len(), 1);
}

/// Amount and `fund` entry are what the peer was told.
pub async fn an_opening_keeps_what_was_agreed(store: &dyn Store) {
    a_record(store, 2).await;
    let first = opening(ID, 1, NOW);
    apply(store, vec![Change::PutOpening(first.clone())]).await;
    let bigger = Opening { amount_sat: 30_000_001, ..first.clone() };
    conflict(store.commit(vec![Change::PutOpening(bigger)]).await, "opening");
    conflict(store.commit(vec![Change::PutOpening(opening(ID, 2, NOW))]).await, "opening");
    apply(store, vec![Change::PutOpening(Opening { created_at: NOW + 5, ..first.clone() })]).await;
    assert_eq!(must(store.opening(ID).await), Some(first));
}
