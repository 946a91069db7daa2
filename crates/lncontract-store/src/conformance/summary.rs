//! What lists and the worker ask without opening a record, and the sums over all contracts.

use super::fixture::{NOW, PEER, apply, contract, hash, must, peer};
use crate::{Change, Channels, Contract, Due, PutDue, Side, Store, Summary, Totals, Which};

fn summed(n: u8, summary: Summary) -> Change {
    Change::PutContract(Contract { summary, ..contract(hash(n), NOW + i64::from(n)) })
}

fn due(n: u8, due: &[(bool, i64, u64)]) -> Change {
    let due = due.iter().map(|&(ours, day, amount_sat)| Due { ours, day, amount_sat }).collect();
    Change::PutDue(PutDue { contract_id: hash(n), due })
}

async fn which(store: &dyn Store, asked: Which) -> Vec<u8> {
    must(store.contracts_which(asked, 2).await).iter().map(|row| row.id[0]).collect()
}

/// The first due first; one without acts is not among them.
pub async fn what_waits_for_a_person_comes_first_due_first(store: &dyn Store) {
    apply(store, vec![Change::PutPeer(peer(PEER))]).await;
    for (n, todos, todo_due_at) in [(1, 1, NOW + 50), (2, 0, 0), (3, 2, NOW - 50), (4, 1, NOW + 99)] {
        apply(store, vec![summed(n, Summary { todos, todo_due_at, ..Summary::default() })]).await;
    }
    assert_eq!(which(store, Which::ToDo).await, [3, 1]);
    apply(store, vec![summed(3, Summary::default())]).await;
    assert_eq!(which(store, Which::ToDo).await, [1, 4]);
}

/// One that waits for something else than time is not among them.
pub async fn what_is_to_be_looked_at_comes_when_its_time_has_come(store: &dyn Store) {
    apply(store, vec![Change::PutPeer(peer(PEER))]).await;
    for (n, look_at) in [(1, Some(NOW + 9)), (2, None), (3, Some(NOW)), (4, Some(NOW + 10))] {
        apply(store, vec![summed(n, Summary { look_at, ..Summary::default() })]).await;
    }
    assert_eq!(which(store, Which::ToLookAt { by: NOW - 1 }).await, [0; 0]);
    assert_eq!(which(store, Which::ToLookAt { by: NOW + 9 }).await, [3, 1]);
}

/// And those of a peer.
pub async fn contracts_are_found_by_their_channels_and_by_their_peer(store: &dyn Store) {
    apply(store, vec![Change::PutPeer(peer(PEER)), Change::PutPeer(peer("02ab"))]).await;
    let all = [(1, Channels::Moving), (2, Channels::None), (3, Channels::Open), (4, Channels::Moving)];
    for (n, channels) in all {
        apply(store, vec![summed(n, Summary { channels, ..Summary::default() })]).await;
    }
    assert_eq!(which(store, Which::With(Channels::Moving)).await, [1, 4]);
    assert_eq!(which(store, Which::With(Channels::Open)).await, [3]);
    assert_eq!(which(store, Which::With(Channels::Ended)).await, [0; 0]);
    assert_eq!(must(store.contracts_of_peer(PEER).await).len(), 4);
    assert_eq!(must(store.contracts_of_peer("02ab").await), [[0; 32]; 0]);
}

/// What a row says anew replaces what it said, in the sums too.
pub async fn sums_follow_the_rows(store: &dyn Store) {
    apply(store, vec![Change::PutPeer(peer(PEER))]).await;
    let row = |todos, earmarked_sat, outstanding_sat| Summary {
        todos,
        earmarked_sat,
        outstanding_sat,
        ..Summary::default()
    };
    let totals = |todos, earmarked_sat, outstanding_sat| Totals {
        contracts: 2,
        todos,
        earmarked_sat,
        outstanding_sat,
    };
    apply(store, vec![summed(1, row(1, 30, 150)), summed(2, row(2, 5, 50))]).await;
    assert_eq!(must(store.totals(Side::Seller).await), totals(3, 35, 200));
    apply(store, vec![summed(1, row(0, 10, 125))]).await;
    assert_eq!(must(store.totals(Side::Seller).await), totals(2, 15, 175));
    assert_eq!(must(store.totals(Side::Buyer).await), Totals::default());
}

/// By day, what we owe apart from what is owed to us; what was said before of a contract counts no more.
pub async fn what_is_due_is_summed_by_day(store: &dyn Store) {
    apply(store, vec![Change::PutPeer(peer(PEER)), summed(1, Summary::default())]).await;
    apply(store, vec![summed(2, Summary::default())]).await;
    apply(store, vec![due(1, &[(true, -1, 7), (true, 20_000, 25)])]).await;
    apply(store, vec![due(2, &[(true, 20_000, 1), (true, 20_001, 4), (false, 3, 9)])]).await;
    for (day, ours) in [(-2, 0), (19_999, 7), (20_000, 33), (20_001, 37)] {
        assert_eq!(must(store.due_by(true, day).await), ours, "{day}");
    }
    apply(store, vec![due(1, &[])]).await;
    assert_eq!(must(store.due_by(true, 20_001).await), 5);
    assert_eq!(must(store.due_by(false, 20_001).await), 9);
}
