//! SQL of users and sessions.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::row::{self, bytes, get, one, run};
use crate::{Hash, Session, StoreError, User};

pub(super) async fn all(on: &SqlitePool) -> Result<Vec<User>, StoreError> {
    row::all(on, sqlx::query(r#"SELECT id, name, password_hash, role FROM "user" ORDER BY name"#), user).await
}

pub(super) async fn by_id(on: &SqlitePool, id: &str) -> Result<Option<User>, StoreError> {
    let sql = r#"SELECT id, name, password_hash, role FROM "user" WHERE id = ?"#;
    one(on, sqlx::query(sql).bind(id), user).await
}

pub(super) async fn by_name(on: &SqlitePool, name: &str) -> Result<Option<User>, StoreError> {
    let sql = r#"SELECT id, name, password_hash, role FROM "user" WHERE name = ?"#;
    one(on, sqlx::query(sql).bind(name), user).await
}

pub(super) async fn session(
    on: &SqlitePool,
    token_hash: Hash,
    now: i64,
) -> Result<Option<Session>, StoreError> {
    let sql = "SELECT token_hash, user_id, created_at, expires_at FROM session
        WHERE token_hash = ? AND expires_at > ?";
    one(on, sqlx::query(sql).bind(&token_hash[..]).bind(now), session_row).await
}

pub(super) async fn put(on: &mut SqliteConnection, user: User) -> Result<Option<Hash>, StoreError> {
    let sql = r#"INSERT INTO "user" (id, name, password_hash, role) VALUES (?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, password_hash = excluded.password_hash,
            role = excluded.role"#;
    let statement = sqlx::query(sql).bind(user.id).bind(user.name).bind(user.password_hash).bind(user.role);
    run(on, statement).await.map(|_| None)
}

pub(super) async fn put_session(
    on: &mut SqliteConnection,
    session: Session,
) -> Result<Option<Hash>, StoreError> {
    // A token hash that is there already can only be made longer: it never passes to another user.
    let sql = "INSERT INTO session (token_hash, user_id, created_at, expires_at) VALUES (?, ?, ?, ?)
        ON CONFLICT (token_hash) DO UPDATE SET expires_at = excluded.expires_at
            WHERE user_id = excluded.user_id";
    let statement = sqlx::query(sql)
        .bind(&session.token_hash[..])
        .bind(session.user_id)
        .bind(session.created_at)
        .bind(session.expires_at);
    if run(on, statement).await? == 0 {
        let key = super::failure::hex(&session.token_hash);
        return Err(super::failure::conflict("session", key, "a session of another user", "none"));
    }
    Ok(None)
}

pub(super) async fn delete_session(
    on: &mut SqliteConnection,
    token_hash: Hash,
) -> Result<Option<Hash>, StoreError> {
    let statement = sqlx::query("DELETE FROM session WHERE token_hash = ?").bind(&token_hash[..]);
    run(on, statement).await.map(|_| None)
}

pub(super) async fn delete_sessions_of(
    on: &mut SqliteConnection,
    user_id: String,
) -> Result<Option<Hash>, StoreError> {
    run(on, sqlx::query("DELETE FROM session WHERE user_id = ?").bind(user_id)).await.map(|_| None)
}

pub(super) async fn delete_expired(on: &mut SqliteConnection, now: i64) -> Result<Option<Hash>, StoreError> {
    run(on, sqlx::query("DELETE FROM session WHERE expires_at <= ?").bind(now)).await.map(|_| None)
}

fn user(row: &SqliteRow) -> Result<User, StoreError> {
    Ok(User {
        id: get(row, "id")?,
        name: get(row, "name")?,
        password_hash: get(row, "password_hash")?,
        role: get(row, "role")?,
    })
}

fn session_row(row: &SqliteRow) -> Result<Session, StoreError> {
    Ok(Session {
        token_hash: bytes(row, "token_hash")?,
        user_id: get(row, "user_id")?,
        created_at: get(row, "created_at")?,
        expires_at: get(row, "expires_at")?,
    })
}
