//! Payments we make: at most once for one reason.

use super::fixture::{CONTRACT, NOW, a_record, apply, conflict, hash, invalid, must};
use crate::AttemptState::{Claimed, Failed, Requested, Sending, Succeeded, Unknown};
use crate::{Attempt, AttemptShare, AttemptState, Change, MoveAttempt, NewAttempt, Store};

fn new(payment: u8, invoice: u8) -> NewAttempt {
    NewAttempt {
        payment_hash: hash(payment),
        contract_id: CONTRACT,
        invoice_entry_hash: hash(invoice),
        bolt11: "lnbcrt1".to_owned(),
        amount_msat: 25_000_000_000,
        at: NOW + i64::from(payment),
    }
}

fn step(payment: u8, from: &[AttemptState], to: AttemptState) -> MoveAttempt {
    let (worker, preimage, fee_msat, reason) = (None, None, None, None);
    MoveAttempt {
        payment_hash: hash(payment),
        from: from.to_vec(),
        to,
        worker,
        preimage,
        fee_msat,
        reason,
        at: NOW + 900,
    }
}

fn moved(payment: u8, from: &[AttemptState], to: AttemptState) -> Change {
    Change::MoveAttempt(step(payment, from, to))
}

async fn requested(store: &dyn Store, payments: u8) {
    a_record(store, payments).await;
    apply(store, (1..=payments).map(|n| Change::InsertAttempt(new(100 + n, n))).collect()).await;
}

async fn state(store: &dyn Store, payment: u8) -> AttemptState {
    must(store.attempt(hash(payment)).await).expect("it was inserted").state
}

/// Whatever became of the first one.
pub async fn a_payment_hash_is_used_once(store: &dyn Store) {
    requested(store, 2).await;
    let again = NewAttempt { payment_hash: hash(101), ..new(101, 2) };
    conflict(store.commit(vec![Change::InsertAttempt(again.clone())]).await, "attempt");
    apply(store, vec![moved(101, &[Requested], Failed)]).await;
    conflict(store.commit(vec![Change::InsertAttempt(again)]).await, "attempt");
    let first = must(store.attempt(hash(101)).await).expect("it was inserted");
    assert_eq!((first.invoice_entry_hash, first.amount_msat), (hash(1), 25_000_000_000));
    assert_eq!(must(store.attempt(hash(77)).await), None);
}

/// A second payment of one invoice is not even requested.
pub async fn an_invoice_entry_has_one_attempt(store: &dyn Store) {
    requested(store, 1).await;
    conflict(store.commit(vec![Change::InsertAttempt(new(111, 1))]).await, "attempt");
    assert_eq!(must(store.attempts(CONTRACT).await).len(), 1);
}

/// And leaves what is there, as does one of a payment that nobody knows.
pub async fn a_move_from_another_state_is_a_conflict(store: &dyn Store) {
    requested(store, 1).await;
    let refused = store.commit(vec![moved(101, &[Sending, Unknown], Failed)]).await;
    assert_eq!(conflict(refused, "attempt"), ("requested".to_owned(), "sending or unknown".to_owned()));
    conflict(store.commit(vec![moved(101, &[], Failed)]).await, "attempt");
    let unknown = store.commit(vec![moved(77, &[Requested], Claimed)]).await;
    assert_eq!(conflict(unknown, "attempt").0, "no such payment");
    assert_eq!(state(store, 101).await, Requested);
}

/// Receipt, cost and worker stay with it, and nothing moves it afterwards.
pub async fn a_success_has_its_preimage_and_is_final(store: &dyn Store) {
    requested(store, 1).await;
    let claim = MoveAttempt { worker: Some("w1".to_owned()), ..step(101, &[Requested], Claimed) };
    let lost = MoveAttempt { reason: Some("node stopped".to_owned()), ..step(101, &[Sending], Unknown) };
    apply(
        store,
        vec![Change::MoveAttempt(claim), moved(101, &[Claimed], Sending), Change::MoveAttempt(lost)],
    )
    .await;
    let waiting = must(store.attempt(hash(101)).await).expect("it was inserted");
    assert_eq!(waiting.reason.as_deref(), Some("node stopped"));
    invalid(store.commit(vec![moved(101, &[Unknown], Succeeded)]).await);
    let paid = MoveAttempt {
        preimage: Some(hash(9)),
        fee_msat: Some(0),
        ..step(101, &[Sending, Unknown], Succeeded)
    };
    apply(store, vec![Change::MoveAttempt(paid)]).await;
    let expected = Attempt {
        payment_hash: hash(101),
        contract_id: CONTRACT,
        invoice_entry_hash: hash(1),
        bolt11: "lnbcrt1".to_owned(),
        amount_msat: 25_000_000_000,
        state: Succeeded,
        worker: Some("w1".to_owned()),
        preimage: Some(hash(9)),
        fee_msat: Some(0),
        reason: None,
        created_at: NOW + 101,
        updated_at: NOW + 900,
    };
    assert_eq!(must(store.attempt(hash(101)).await), Some(expected));
    invalid(store.commit(vec![moved(101, &[Succeeded], Requested)]).await);
    assert_eq!(state(store, 101).await, Succeeded);
}

/// All ask at once; one sends.
pub async fn one_of_many_workers_claims_a_payment(store: &dyn Store) {
    requested(store, 1).await;
    let claim = |worker: &str| {
        let claim = MoveAttempt { worker: Some(worker.to_owned()), ..step(101, &[Requested], Claimed) };
        store.commit(vec![Change::MoveAttempt(claim)])
    };
    let (a, b, c, d) = tokio::join!(claim("a"), claim("b"), claim("c"), claim("d"));
    let results = [("a", a), ("b", b), ("c", c), ("d", d)];
    let winners: Vec<_> =
        results.iter().filter(|(_, result)| result.is_ok()).map(|(name, _)| *name).collect();
    assert_eq!(winners.len(), 1);
    let holder = must(store.attempt(hash(101)).await).expect("it was inserted").worker;
    assert_eq!(holder.as_deref(), Some(winners[0]));
    for (_, lost) in results.into_iter().filter(|(_, result)| result.is_err()) {
        assert_eq!(conflict(lost, "attempt").0, "claimed");
    }
}

/// After a restart these are asked for, oldest first.
pub async fn what_is_not_decided_is_unfinished(store: &dyn Store) {
    requested(store, 6).await;
    for (payment, to) in [(102, Claimed), (103, Sending), (104, Unknown), (105, Failed)] {
        apply(store, vec![moved(payment, &[Requested], to)]).await;
    }
    let paid = MoveAttempt { preimage: Some(hash(9)), ..step(106, &[Requested], Succeeded) };
    apply(store, vec![Change::MoveAttempt(paid)]).await;
    let open = must(store.attempts_unfinished().await);
    let read: Vec<_> = open.iter().map(|row| (row.payment_hash[0], row.state)).collect();
    assert_eq!(read, [(101, Requested), (102, Claimed), (103, Sending), (104, Unknown)]);
    assert_eq!(must(store.attempts(CONTRACT).await).len(), 6);
}

/// Up to 63 bits it is kept to the last millisatoshi.
pub async fn an_amount_that_does_not_fit_is_refused(store: &dyn Store) {
    a_record(store, 1).await;
    let of = |amount_msat| vec![Change::InsertAttempt(NewAttempt { amount_msat, ..new(101, 1) })];
    invalid(store.commit(of(i64::MAX as u64 + 1)).await);
    invalid(store.commit(of(0)).await);
    apply(store, of(i64::MAX as u64)).await;
    let kept = must(store.attempt(hash(101)).await).expect("it was inserted").amount_msat;
    assert_eq!(kept, 9_223_372_036_854_775_807);
}

/// An order that is sent again may go over other channels; what has paid stays as it was.
pub async fn what_a_payment_goes_over_is_replaced_until_it_has_succeeded(store: &dyn Store) {
    requested(store, 2).await;
    let put = |payment: u8, over: &[(u8, u64)]| {
        let share = |(fund, amount_sat): &(u8, u64)| AttemptShare {
            payment_hash: hash(payment),
            fund_entry_hash: hash(*fund),
            amount_sat: *amount_sat,
        };
        Change::PutShares { payment_hash: hash(payment), shares: over.iter().map(share).collect() }
    };
    apply(store, vec![put(101, &[(1, 20)]), moved(101, &[Requested], Sending)]).await;
    apply(store, vec![put(102, &[(2, 7)])]).await;
    apply(store, vec![put(101, &[(1, 5), (2, 15)])]).await;
    let read = async || -> Vec<_> {
        let all = must(store.attempt_shares(CONTRACT).await);
        all.iter().map(|one| (one.payment_hash[0], one.fund_entry_hash[0], one.amount_sat)).collect()
    };
    assert_eq!(read().await, [(101, 1, 5), (101, 2, 15), (102, 2, 7)]);
    let paid = MoveAttempt { preimage: Some(hash(9)), ..step(101, &[Sending], Succeeded) };
    apply(store, vec![Change::MoveAttempt(paid)]).await;
    assert_eq!(conflict(store.commit(vec![put(101, &[(1, 1)])]).await, "attempt").0, "succeeded");
    assert_eq!(conflict(store.commit(vec![put(77, &[])]).await, "attempt").0, "no such payment");
    invalid(store.commit(vec![put(102, &[(1, 0)])]).await);
    assert_eq!(read().await, [(101, 1, 5), (101, 2, 15), (102, 2, 7)]);
}
