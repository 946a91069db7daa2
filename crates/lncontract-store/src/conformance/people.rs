//! Users and sessions.

use super::fixture::{NOW, apply, conflict, hash, invalid, must};
use crate::{Change, Session, Store, User};

fn user(id: &str, name: &str) -> User {
    User {
        id: id.to_owned(),
        name: name.to_owned(),
        password_hash: "$argon2id$x".to_owned(),
        role: "treasurer".to_owned(),
    }
}

fn session(token: u8, user_id: &str, expires_at: i64) -> Change {
    let user_id = user_id.to_owned();
    Change::PutSession(Session { token_hash: hash(token), user_id, created_at: NOW, expires_at })
}

async fn two_users(store: &dyn Store) {
    apply(store, vec![Change::PutUser(user("u2", "bert")), Change::PutUser(user("u1", "anna"))]).await;
}

/// And the list is in order of names.
pub async fn a_user_is_found_by_id_and_by_name(store: &dyn Store) {
    two_users(store).await;
    assert_eq!(must(store.user("u1").await), Some(user("u1", "anna")));
    assert_eq!(must(store.user_by_name("bert").await), Some(user("u2", "bert")));
    assert_eq!(must(store.user_by_name("Bert").await), None);
    assert_eq!(must(store.users().await), [user("u1", "anna"), user("u2", "bert")]);
}

/// By another id it is a conflict, by its own a change.
pub async fn a_user_name_belongs_to_one_user(store: &dyn Store) {
    two_users(store).await;
    conflict(store.commit(vec![Change::PutUser(user("u3", "anna"))]).await, "user");
    let renamed = User { role: "viewer".to_owned(), ..user("u1", "anne") };
    apply(store, vec![Change::PutUser(renamed.clone())]).await;
    assert_eq!(must(store.user("u1").await), Some(renamed));
    assert_eq!(must(store.user_by_name("anna").await), None);
}

/// It ends at the very second it expires.
pub async fn a_session_counts_until_it_expires(store: &dyn Store) {
    two_users(store).await;
    apply(store, vec![session(1, "u1", NOW + 60)]).await;
    let found = must(store.session(hash(1), NOW + 59).await).expect("it has not expired");
    assert_eq!((found.user_id.as_str(), found.created_at, found.expires_at), ("u1", NOW, NOW + 60));
    assert_eq!(must(store.session(hash(1), NOW + 60).await), None);
    assert_eq!(must(store.session(hash(2), NOW).await), None);
    apply(store, vec![session(1, "u1", NOW + 120)]).await;
    assert!(must(store.session(hash(1), NOW + 60).await).is_some(), "a session can be made longer");
    conflict(store.commit(vec![session(1, "u2", NOW + 999)]).await, "session");
}

/// Removed for good: not even an earlier clock finds it.
pub async fn expired_sessions_are_removed_and_others_stay(store: &dyn Store) {
    two_users(store).await;
    apply(store, vec![session(1, "u1", NOW + 10), session(2, "u1", NOW + 20), session(3, "u2", NOW + 21)])
        .await;
    apply(store, vec![Change::DeleteExpiredSessions { now: NOW + 20 }]).await;
    let left = [1, 2, 3].map(|n| store.session(hash(n), NOW));
    let mut found = Vec::new();
    for session in left {
        found.push(must(session.await).is_some());
    }
    assert_eq!(found, [false, false, true]);
}

/// One alone, or all of a user; ending what has ended is no fault.
pub async fn sessions_can_be_ended(store: &dyn Store) {
    two_users(store).await;
    let later = NOW + 1000;
    apply(store, vec![session(1, "u1", later), session(2, "u1", later), session(3, "u1", later)]).await;
    apply(store, vec![session(4, "u2", later)]).await;
    apply(store, vec![Change::DeleteSession { token_hash: hash(1) }]).await;
    apply(store, vec![Change::DeleteSession { token_hash: hash(1) }]).await;
    assert_eq!(must(store.session(hash(1), NOW).await), None);
    assert!(must(store.session(hash(2), NOW).await).is_some());
    apply(store, vec![Change::DeleteSessionsOf { user_id: "u1".to_owned() }]).await;
    assert_eq!(must(store.session(hash(2), NOW).await), None);
    assert_eq!(must(store.session(hash(3), NOW).await), None);
    assert!(must(store.session(hash(4), NOW).await).is_some());
}

/// Nobody is logged in as no one.
pub async fn a_session_belongs_to_a_known_user(store: &dyn Store) {
    invalid(store.commit(vec![session(1, "nobody", NOW + 1)]).await);
}
