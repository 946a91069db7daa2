//! Counterparties, drafts, contracts, and the two chains of the record.

use super::fixture::{
    CONTRACT, NOW, PEER, a_contract, a_record, append, apply, conflict, contract, hash, invalid, must, peer,
};
use crate::{Change, Contract, ContractPage, Draft, Fork, Peer, Side, Store};

/// Every field of the second put counts, an emptied one too.
pub async fn a_peer_is_replaced_whole(store: &dyn Store) {
    let confirmed = Peer { words_confirmed_at: Some(NOW), ..peer(PEER) };
    apply(store, vec![Change::PutPeer(confirmed.clone()), Change::PutPeer(peer("02ab"))]).await;
    assert_eq!(must(store.peers().await), [confirmed, peer("02ab")]);
    let (address, short_name) = ("[2001:db8::1]:9735".to_owned(), "Renamed".to_owned());
    let moved = Peer { address, short_name, ..peer(PEER) };
    apply(store, vec![Change::PutPeer(moved.clone())]).await;
    assert_eq!(must(store.peer(PEER).await), Some(moved));
    assert_eq!(must(store.peer("02ff").await), None);
}

/// The last touched stands first.
pub async fn drafts_come_and_go(store: &dyn Store) {
    let draft = |id: &str, updated_at| Draft {
        id: id.to_owned(),
        title: format!("Draft {id}"),
        terms: r#"{"law":1}"#.to_owned(),
        updated_at,
    };
    apply(store, vec![Change::PutDraft(draft("a", NOW)), Change::PutDraft(draft("b", NOW + 1))]).await;
    assert_eq!(must(store.drafts().await), [draft("b", NOW + 1), draft("a", NOW)]);
    apply(store, vec![Change::PutDraft(draft("a", NOW + 2))]).await;
    assert_eq!(must(store.drafts().await), [draft("a", NOW + 2), draft("b", NOW + 1)]);
    let delete = || Change::DeleteDraft { id: "a".to_owned() };
    apply(store, vec![delete(), delete()]).await;
    assert_eq!(must(store.draft("a").await), None);
    assert_eq!(must(store.draft("b").await), Some(draft("b", NOW + 1)));
}

/// Also where several were made in one second: none twice, none left out.
pub async fn contracts_come_in_pages_newest_first(store: &dyn Store) {
    apply(store, vec![Change::PutPeer(peer(PEER))]).await;
    let made = [(1, NOW), (2, NOW + 5), (3, NOW + 5), (4, NOW + 5), (5, NOW + 9)];
    let all = made.map(|(n, at)| Change::PutContract(contract(hash(n), at)));
    apply(store, all.into()).await;
    let (mut page, mut read) = (ContractPage::first(2), Vec::new());
    loop {
        let rows = must(store.contracts(page).await);
        assert!(rows.len() <= 2, "a page is no longer than asked");
        let Some(last) = rows.last() else { break };
        page.after = Some(last.cursor());
        read.extend(rows.iter().map(|row| row.id[0]));
    }
    assert_eq!(read, [5, 4, 3, 2, 1]);
}

/// What lists show may change, who the contract is with may not.
pub async fn a_contract_keeps_its_peer_and_side(store: &dyn Store) {
    a_contract(store).await;
    apply(store, vec![Change::PutPeer(peer("02ab"))]).await;
    let closed = Contract {
        phase: "closed".to_owned(),
        projection: r#"{"paid":1}"#.to_owned(),
        ..contract(CONTRACT, NOW)
    };
    apply(store, vec![Change::PutContract(Contract { created_at: NOW + 50, ..closed.clone() })]).await;
    assert_eq!(must(store.contract(CONTRACT).await), Some(closed.clone()), "the first created_at is kept");
    let elsewhere = Contract { peer_id: "02ab".to_owned(), ..closed.clone() };
    conflict(store.commit(vec![Change::PutContract(elsewhere)]).await, "contract");
    let turned = Contract { our_side: Side::Buyer, ..closed.clone() };
    conflict(store.commit(vec![Change::PutContract(turned)]).await, "contract");
    assert_eq!(must(store.contract(CONTRACT).await), Some(closed));
}

/// Both chains in one list; the tail after any position is the rest of it.
pub async fn entries_keep_the_order_of_arrival(store: &dyn Store) {
    a_contract(store).await;
    let arrived = [(Side::Seller, 0, 9), (Side::Buyer, 0, 7), (Side::Buyer, 1, 8), (Side::Seller, 1, 1)];
    for (author, seq, n) in arrived {
        apply(store, vec![append(author, seq, hash(n))]).await;
    }
    let rows = must(store.entries(CONTRACT).await);
    let read: Vec<_> = rows.iter().map(|row| (row.author, row.seq, row.hash[0])).collect();
    assert_eq!(read, arrived);
    assert_eq!((rows[0].bytes.as_slice(), rows[0].stored_at), (&[9; 300][..], NOW));
    assert_eq!(must(store.entries_since(CONTRACT, rows[1].position).await), rows[2..]);
    assert_eq!(must(store.entry(hash(8)).await).as_ref(), Some(&rows[2]));
    assert_eq!(must(store.entry(hash(99)).await), None);
    assert_eq!(must(store.entries(hash(0xC1)).await), []);
}

/// The conflict says which place is next and which was asked for.
pub async fn a_gap_or_a_repetition_is_a_conflict(store: &dyn Store) {
    a_record(store, 2).await;
    let told = |found: &str, expected: &str| (found.to_owned(), expected.to_owned());
    for (author, asked, found, expected) in [
        (Side::Seller, 3, "next seq 2", "next seq 3"),
        (Side::Seller, 1, "next seq 2", "next seq 1"),
        (Side::Buyer, 1, "next seq 0", "next seq 1"),
    ] {
        let refused = store.commit(vec![append(author, asked, hash(50))]).await;
        assert_eq!(conflict(refused, "entry"), told(found, expected));
    }
    assert_eq!(must(store.entries(CONTRACT).await).len(), 2);
}

/// The same entry doesn't come in at another place.
pub async fn an_entry_is_stored_once(store: &dyn Store) {
    a_record(store, 1).await;
    conflict(store.commit(vec![append(Side::Seller, 1, hash(1))]).await, "entry");
    conflict(store.commit(vec![append(Side::Buyer, 0, hash(1))]).await, "entry");
}

/// Counted as the peer counts what it has seen.
pub async fn a_peer_gets_what_it_is_missing(store: &dyn Store) {
    a_record(store, 4).await;
    apply(store, vec![append(Side::Buyer, 0, hash(70))]).await;
    for (count, missing) in
        [(0, vec![0, 1, 2, 3]), (1, vec![1, 2, 3]), (3, vec![3]), (4, vec![]), (9, vec![])]
    {
        let rows = must(store.entries_after(CONTRACT, Side::Seller, count).await);
        assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), missing, "after {count}");
    }
}

/// Two tabs, one pen: one entry gets the place, the others are told.
pub async fn one_of_many_writers_extends_a_chain(store: &dyn Store) {
    a_contract(store).await;
    let write = |n: u8| store.commit(vec![append(Side::Seller, 0, hash(n))]);
    let (a, b, c, d) = tokio::join!(write(1), write(2), write(3), write(4));
    let (won, lost): (Vec<_>, Vec<_>) = [a, b, c, d].into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for result in lost {
        conflict(result, "entry");
    }
    assert_eq!(must(store.entries(CONTRACT).await).len(), 1);
}

/// No entry of nowhere.
pub async fn an_entry_needs_its_contract(store: &dyn Store) {
    invalid(store.commit(vec![append(Side::Seller, 0, hash(1))]).await);
    invalid(store.commit(vec![Change::PutContract(contract(CONTRACT, NOW))]).await);
}

/// It names the entry that stands; another one of the same place is another piece of evidence.
pub async fn evidence_of_a_fork_is_kept_once(store: &dyn Store) {
    a_record(store, 2).await;
    let fork = |n: u8| Fork {
        contract_id: CONTRACT,
        hash: hash(n),
        held_hash: hash(2),
        bytes: vec![n; 300],
        stored_at: NOW,
    };
    apply(store, vec![Change::InsertFork(fork(8)), Change::InsertFork(fork(9))]).await;
    apply(store, vec![Change::InsertFork(Fork { stored_at: NOW + 5, ..fork(8) })]).await;
    assert_eq!(must(store.forks(CONTRACT).await), [fork(8), fork(9)]);
    assert_eq!(must(store.forks(hash(0xC1)).await), []);
    invalid(store.commit(vec![Change::InsertFork(Fork { held_hash: hash(77), ..fork(10) })]).await);
}
