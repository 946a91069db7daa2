//! All or nothing, in order, told afterwards.

use std::time::Duration;

use tokio::sync::broadcast::error::TryRecvError;

use super::fixture::{CONTRACT, NOW, PEER, a_contract, append, apply, conflict, contract, hash, must, peer};
use crate::{Change, Changed, NewAudit, NewLedger, NewOutbox, Setting, Side, Store, Subject};

fn setting(value: &str) -> Change {
    Change::PutSetting(Setting { key: "epoch".to_owned(), value: value.to_owned() })
}

/// One change of every kind that can stand before a failing one leaves no trace.
pub async fn a_commit_is_whole_or_absent(store: &dyn Store) {
    let movement = NewLedger {
        key: "k".to_owned(),
        contract_id: Some(CONTRACT),
        kind: "received".to_owned(),
        amount_msat: 1,
        fee_msat: 0,
        at: NOW,
        detail: "{}".to_owned(),
    };
    let line = NewAudit { at: NOW, who: "anna".to_owned(), what: "signed".to_owned() };
    let changes = vec![
        setting("1"),
        Change::PutPeer(peer(PEER)),
        Change::PutContract(contract(CONTRACT, NOW)),
        append(Side::Seller, 0, hash(1)),
        Change::Ledger(movement),
        Change::Audit(line),
        append(Side::Seller, 5, hash(2)), // Not the next one.
        setting("2"),
    ];
    conflict(store.commit(changes).await, "entry");
    assert_eq!(must(store.setting("epoch").await), None);
    assert_eq!(must(store.peers().await), []);
    assert_eq!(must(store.contract(CONTRACT).await), None);
    assert_eq!(must(store.entries(CONTRACT).await), []);
    assert_eq!(must(store.ledger(None, 0, 10).await), []);
    assert_eq!(must(store.audit(None, 10).await), []);
}

/// Later changes see the earlier ones of the same commit.
pub async fn a_commit_applies_its_changes_in_order(store: &dyn Store) {
    let outbox =
        NewOutbox { contract_id: CONTRACT, entry_hash: hash(2), peer_id: PEER.to_owned(), next_try_at: NOW };
    apply(
        store,
        vec![
            setting("1"),
            Change::PutPeer(peer(PEER)),
            Change::PutContract(contract(CONTRACT, NOW)),
            append(Side::Seller, 0, hash(1)),
            append(Side::Seller, 1, hash(2)),
            Change::PutOutbox(outbox),
            setting("2"),
        ],
    )
    .await;
    assert_eq!(must(store.setting("epoch").await).as_deref(), Some("2"));
    assert_eq!(must(store.entries(CONTRACT).await).len(), 2);
    assert_eq!(must(store.outbox_waiting(CONTRACT).await)[0].seq, 1);
}

/// What failed once can be done right after it.
pub async fn a_failed_commit_leaves_the_store_usable(store: &dyn Store) {
    a_contract(store).await;
    for _ in 0..3 {
        conflict(store.commit(vec![append(Side::Buyer, 1, hash(1))]).await, "entry");
    }
    apply(store, vec![append(Side::Buyer, 0, hash(1))]).await;
    assert_eq!(must(store.entries(CONTRACT).await).len(), 1);
}

/// A notice per subject and contract, after the commit, and not one per change.
pub async fn watchers_hear_of_each_subject_once(store: &dyn Store) {
    a_contract(store).await;
    let mut notices = store.watch();
    apply(store, vec![append(Side::Buyer, 0, hash(1)), append(Side::Buyer, 1, hash(2)), setting("1")]).await;
    apply(store, Vec::new()).await;
    let entry = Changed { contract_id: Some(CONTRACT), subject: Subject::Entry };
    let setting = Changed { contract_id: None, subject: Subject::Setting };
    assert_eq!(notices.try_recv(), Ok(entry));
    assert_eq!(notices.try_recv(), Ok(setting));
    assert_eq!(notices.try_recv(), Err(TryRecvError::Empty));
}

/// There is nothing to look at.
pub async fn watchers_hear_nothing_of_a_failed_commit(store: &dyn Store) {
    a_contract(store).await;
    let mut notices = store.watch();
    conflict(store.commit(vec![setting("1"), append(Side::Buyer, 9, hash(1))]).await, "entry");
    assert_eq!(notices.try_recv(), Err(TryRecvError::Empty));
}

/// A closed browser tab does not cut a commit in two, and its notice goes out.
pub async fn a_commit_ends_though_its_caller_goes_away(store: &dyn Store) {
    let mut notices = store.watch();
    tokio::select! {
        biased;
        _ = store.commit(vec![setting("1")]) => panic!("the commit was done before its caller could leave"),
        () = std::future::ready(()) => {}
    }
    let notice = tokio::time::timeout(Duration::from_secs(20), notices.recv()).await;
    let setting = Changed { contract_id: None, subject: Subject::Setting };
    assert_eq!(notice.expect("the commit went on"), Ok(setting));
    assert_eq!(must(store.setting("epoch").await).as_deref(), Some("1"));
}
