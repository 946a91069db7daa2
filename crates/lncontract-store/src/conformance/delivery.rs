//! The outbox: what of our chain still has to reach the counterparty.

use super::fixture::{CONTRACT, NOW, PEER, a_contract, a_record, apply, hash, invalid, must};
use crate::{Change, MarkDelivered, NewOutbox, RetryOutbox, Store};

fn put(n: u8, next_try_at: i64) -> Change {
    let peer_id = PEER.to_owned();
    Change::PutOutbox(NewOutbox { contract_id: CONTRACT, entry_hash: hash(n), peer_id, next_try_at })
}

fn retry(n: u8, next_try_at: i64) -> Change {
    Change::RetryOutbox(RetryOutbox { contract_id: CONTRACT, entry_hash: hash(n), next_try_at })
}

fn delivered(count: u64, at: i64) -> Change {
    Change::MarkDelivered(MarkDelivered { contract_id: CONTRACT, count, at })
}

async fn due(store: &dyn Store, now: i64, limit: u32) -> Vec<u64> {
    must(store.outbox_due(now, limit).await).iter().map(|row| row.seq).collect()
}

async fn waiting(store: &dyn Store) -> Vec<u64> {
    must(store.outbox_waiting(CONTRACT).await).iter().map(|row| row.seq).collect()
}

/// Not before, and in the order of the chain, whatever the order of their times.
pub async fn an_entry_is_due_from_its_time_on(store: &dyn Store) {
    a_record(store, 3).await;
    apply(store, vec![put(3, NOW), put(1, NOW + 10), put(2, NOW)]).await;
    assert_eq!(due(store, NOW - 1, 9).await, [0; 0]);
    assert_eq!(due(store, NOW, 9).await, [1, 2]);
    assert_eq!(due(store, NOW + 10, 9).await, [0, 1, 2]);
    assert_eq!(due(store, NOW + 10, 2).await, [0, 1]);
    assert_eq!(waiting(store).await, [0, 1, 2]);
    let row = must(store.outbox_due(NOW + 10, 1).await).remove(0);
    assert_eq!((row.contract_id, row.entry_hash, row.peer_id.as_str()), (CONTRACT, hash(1), PEER));
    assert_eq!((row.attempts, row.next_try_at, row.delivered_at), (0, NOW + 10, None));
}

/// So that the wait can grow.
pub async fn a_retry_waits_and_is_counted(store: &dyn Store) {
    a_record(store, 1).await;
    apply(store, vec![put(1, NOW)]).await;
    apply(store, vec![retry(1, NOW + 5)]).await;
    apply(store, vec![retry(1, NOW + 20)]).await;
    assert_eq!(due(store, NOW + 19, 9).await, [0; 0]);
    let row = must(store.outbox_due(NOW + 20, 9).await).remove(0);
    assert_eq!((row.attempts, row.next_try_at), (2, NOW + 20));
}

/// Everything below the peer's count; a lower count later takes nothing back.
pub async fn what_the_peer_has_is_delivered(store: &dyn Store) {
    a_record(store, 4).await;
    apply(store, (1..=4).map(|n| put(n, NOW)).collect()).await;
    apply(store, vec![delivered(2, NOW + 1)]).await;
    assert_eq!(waiting(store).await, [2, 3]);
    apply(store, vec![delivered(1, NOW + 2), retry(1, NOW)]).await;
    assert_eq!(due(store, NOW + 9, 9).await, [2, 3]);
    apply(store, vec![delivered(4, NOW + 3)]).await;
    assert_eq!(waiting(store).await, [0; 0]);
}

/// A second put resets neither the count nor the delivery.
pub async fn an_entry_is_put_up_once(store: &dyn Store) {
    a_record(store, 2).await;
    apply(store, vec![put(1, NOW), put(2, NOW), retry(2, NOW + 30), delivered(1, NOW)]).await;
    apply(store, vec![put(1, NOW), put(2, NOW)]).await;
    assert_eq!(waiting(store).await, [1]);
    assert_eq!(must(store.outbox_waiting(CONTRACT).await)[0].next_try_at, NOW + 30);
}

/// Persist before sending.
pub async fn only_a_stored_entry_is_delivered(store: &dyn Store) {
    a_contract(store).await;
    invalid(store.commit(vec![put(1, NOW)]).await);
}
