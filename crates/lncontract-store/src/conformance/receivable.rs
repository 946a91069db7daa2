//! Invoices we made: money is taken at most once for one reason.

use super::fixture::{CONTRACT, NOW, a_record, apply, conflict, hash, invalid, must};
use crate::ReceivableState::{Cancelled, Claimed, Live, Received};
use crate::{Change, MoveReceivable, NewReceivable, Receivable, ReceivableState, Store};

fn new(payment: u8, payable: &str) -> NewReceivable {
    NewReceivable {
        payment_hash: hash(payment),
        contract_id: CONTRACT,
        payable: payable.to_owned(),
        invoice_entry_hash: None,
        bolt11: "lnbcrt1".to_owned(),
        amount_msat: 1_666_674_000,
        at: NOW + i64::from(payment),
    }
}

fn step(payment: u8, from: &[ReceivableState], to: ReceivableState) -> MoveReceivable {
    MoveReceivable {
        payment_hash: hash(payment),
        from: from.to_vec(),
        to,
        invoice_entry_hash: None,
        at: NOW + 900,
    }
}

fn moved(payment: u8, from: &[ReceivableState], to: ReceivableState) -> Change {
    Change::MoveReceivable(step(payment, from, to))
}

async fn live(store: &dyn Store) {
    a_record(store, 2).await;
    apply(store, vec![Change::InsertReceivable(new(101, "m1"))]).await;
}

async fn found(store: &dyn Store, payment: u8) -> Receivable {
    must(store.receivable(hash(payment)).await).expect("it was inserted")
}

/// Neither the payable nor the payment hash gets a second one; another payable does.
pub async fn a_payable_has_one_invoice(store: &dyn Store) {
    live(store).await;
    conflict(store.commit(vec![Change::InsertReceivable(new(102, "m1"))]).await, "receivable");
    conflict(store.commit(vec![Change::InsertReceivable(new(101, "m2"))]).await, "receivable");
    apply(store, vec![Change::InsertReceivable(new(103, "m2"))]).await;
    let of_contract: Vec<_> =
        must(store.receivables(CONTRACT).await).iter().map(|row| row.payment_hash[0]).collect();
    assert_eq!(of_contract, [101, 103]);
    assert_eq!(must(store.receivable(hash(102)).await), None);
}

/// Only then may the payable be invoiced anew, and the old one never lives again.
pub async fn a_cancelled_invoice_makes_room_and_stays_cancelled(store: &dyn Store) {
    live(store).await;
    apply(store, vec![moved(101, &[Live], Cancelled), Change::InsertReceivable(new(102, "m1"))]).await;
    assert_eq!(found(store, 101).await.state, Cancelled);
    assert_eq!(found(store, 102).await.state, Live);
    let revived = store.commit(vec![moved(101, &[Live], Claimed)]).await;
    assert_eq!(conflict(revived, "receivable"), ("cancelled".to_owned(), "live".to_owned()));
    let unknown = store.commit(vec![moved(77, &[Live], Claimed)]).await;
    assert_eq!(conflict(unknown, "receivable").0, "no such invoice");
    apply(store, vec![moved(102, &[Live], Cancelled)]).await;
    invalid(store.commit(vec![moved(101, &[Cancelled], Live)]).await);
    assert_eq!(found(store, 101).await.state, Cancelled);
}

/// A payment that arrives while the invoice is being withdrawn: one of the two wins.
pub async fn claiming_and_cancelling_exclude_each_other(store: &dyn Store) {
    live(store).await;
    let claim = store.commit(vec![moved(101, &[Live], Claimed)]);
    let cancel = store.commit(vec![moved(101, &[Live], Cancelled)]);
    let expected = match tokio::join!(claim, cancel) {
        (Ok(()), cancelled) => (Claimed, conflict(cancelled, "receivable")),
        (claimed, Ok(())) => (Cancelled, conflict(claimed, "receivable")),
        both => panic!("neither won: {both:?}"),
    };
    assert_eq!(found(store, 101).await.state, expected.0);
    assert_eq!(expected.1, (expected.0.to_string(), "live".to_owned()));
}

/// The node makes the invoice first, the entry that carries it comes after.
pub async fn an_invoice_gets_its_entry_later(store: &dyn Store) {
    live(store).await;
    assert_eq!(found(store, 101).await.invoice_entry_hash, None);
    let noted = MoveReceivable { invoice_entry_hash: Some(hash(1)), ..step(101, &[Live], Live) };
    apply(store, vec![Change::MoveReceivable(noted), moved(101, &[Live], Claimed)]).await;
    let expected = Receivable {
        payment_hash: hash(101),
        contract_id: CONTRACT,
        payable: "m1".to_owned(),
        invoice_entry_hash: Some(hash(1)),
        bolt11: "lnbcrt1".to_owned(),
        amount_msat: 1_666_674_000,
        state: Claimed,
        created_at: NOW + 101,
        updated_at: NOW + 900,
    };
    assert_eq!(found(store, 101).await, expected);
}

/// And its payable is not invoiced again.
pub async fn a_received_invoice_is_final(store: &dyn Store) {
    live(store).await;
    apply(store, vec![moved(101, &[Live], Claimed), moved(101, &[Claimed], Received)]).await;
    invalid(store.commit(vec![moved(101, &[Received], Cancelled)]).await);
    conflict(store.commit(vec![Change::InsertReceivable(new(102, "m1"))]).await, "receivable");
    assert_eq!(found(store, 101).await.state, Received);
}
