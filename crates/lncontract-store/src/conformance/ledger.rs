//! Movements of money: written once, never changed, summed exactly.

use super::fixture::{CONTRACT, NOW, a_contract, apply, conflict, must};
use crate::{Change, NewLedger, Store};

fn movement(key: &str, kind: &str, amount_msat: i64) -> NewLedger {
    NewLedger {
        key: key.to_owned(),
        contract_id: Some(CONTRACT),
        kind: kind.to_owned(),
        amount_msat,
        fee_msat: 3,
        at: NOW,
        detail: r#"{"block":7}"#.to_owned(),
    }
}

/// A node that repeats its event after a crash moves nothing twice.
pub async fn the_same_movement_is_written_once(store: &dyn Store) {
    a_contract(store).await;
    let paid = movement("ldk:1", "paid", -25_000_000_000);
    apply(store, vec![Change::Ledger(paid.clone())]).await;
    apply(store, vec![Change::Ledger(paid.clone()), Change::Ledger(paid)]).await;
    let rows = must(store.ledger(None, 0, 10).await);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].key.as_str(), rows[0].amount_msat, rows[0].fee_msat), ("ldk:1", -25_000_000_000, 3));
    assert_eq!(
        (rows[0].contract_id, rows[0].at, rows[0].detail.as_str()),
        (Some(CONTRACT), NOW, r#"{"block":7}"#)
    );
}

/// Whichever field differs.
pub async fn another_movement_with_that_key_is_a_conflict(store: &dyn Store) {
    a_contract(store).await;
    let first = movement("k", "paid", -1);
    apply(store, vec![Change::Ledger(first.clone())]).await;
    for other in [
        NewLedger { contract_id: None, ..first.clone() },
        NewLedger { kind: "received".to_owned(), ..first.clone() },
        NewLedger { amount_msat: -2, ..first.clone() },
        NewLedger { fee_msat: 4, ..first.clone() },
        NewLedger { at: NOW + 1, ..first.clone() },
        NewLedger { detail: "{}".to_owned(), ..first.clone() },
    ] {
        conflict(store.commit(vec![Change::Ledger(other)]).await, "ledger");
    }
    assert_eq!(must(store.ledger_sum_msat(None, "paid").await), -1);
}

/// Of one contract or of all, in the order in which they were written.
pub async fn movements_come_in_pages(store: &dyn Store) {
    a_contract(store).await;
    for n in 0..5 {
        let contract_id = (n % 2 == 0).then_some(CONTRACT);
        let row = NewLedger { contract_id, ..movement(&format!("k{n}"), "paid", n) };
        apply(store, vec![Change::Ledger(row)]).await;
    }
    let first = must(store.ledger(None, 0, 3).await);
    let second = must(store.ledger(None, first[2].position, 3).await);
    let all: Vec<_> = first.iter().chain(&second).map(|row| row.amount_msat).collect();
    assert_eq!(all, [0, 1, 2, 3, 4]);
    let of_contract: Vec<_> = must(store.ledger(Some(CONTRACT), first[0].position, 9).await)
        .iter()
        .map(|row| row.amount_msat)
        .collect();
    assert_eq!(of_contract, [2, 4]);
}

/// By kind and by contract; what is not there sums to nothing.
pub async fn sums_are_signed_and_apart(store: &dyn Store) {
    a_contract(store).await;
    let elsewhere = NewLedger { contract_id: None, ..movement("d", "paid", -1_000) };
    let rows =
        [movement("a", "paid", -7), movement("b", "paid", 2), movement("c", "received", 90), elsewhere];
    apply(store, rows.map(Change::Ledger).into()).await;
    for (contract, kind, sum) in [
        (Some(CONTRACT), "paid", -5),
        (None, "paid", -1_005),
        (Some(CONTRACT), "received", 90),
        (None, "refunded", 0),
    ] {
        assert_eq!(must(store.ledger_sum_msat(contract, kind).await), sum, "{kind}");
    }
}

/// All bitcoin there can be is exact to the millisatoshi; beyond 63 bits there is an error and no number.
pub async fn sums_are_never_rounded(store: &dyn Store) {
    a_contract(store).await;
    let all_there_is = 2_100_000_000_000_000_000;
    apply(
        store,
        vec![Change::Ledger(movement("a", "x", all_there_is)), Change::Ledger(movement("b", "x", 1))],
    )
    .await;
    assert_eq!(must(store.ledger_sum_msat(None, "x").await), all_there_is + 1);
    apply(store, vec![Change::Ledger(movement("c", "x", i64::MAX))]).await;
    let beyond = store.ledger_sum_msat(None, "x").await;
    assert!(beyond.is_err(), "a sum beyond 63 bits was given as {beyond:?}");
}
