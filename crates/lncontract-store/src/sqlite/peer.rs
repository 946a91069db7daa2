//! SQL of counterparties.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::row::{self, get, one, run};
use crate::{Hash, Peer, StoreError};

pub(super) async fn all(on: &SqlitePool) -> Result<Vec<Peer>, StoreError> {
    let sql = "SELECT id, name, short_name, key_statement, address, words_confirmed_at, invited_at
        FROM peer ORDER BY name, id";
    row::all(on, sqlx::query(sql), peer).await
}

pub(super) async fn by_id(on: &SqlitePool, id: &str) -> Result<Option<Peer>, StoreError> {
    let sql = "SELECT id, name, short_name, key_statement, address, words_confirmed_at, invited_at
        FROM peer WHERE id = ?";
    one(on, sqlx::query(sql).bind(id), peer).await
}

pub(super) async fn put(on: &mut SqliteConnection, peer: Peer) -> Result<Option<Hash>, StoreError> {
    let sql =
        "INSERT INTO peer (id, name, short_name, key_statement, address, words_confirmed_at, invited_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, short_name = excluded.short_name,
            key_statement = excluded.key_statement, address = excluded.address,
            words_confirmed_at = excluded.words_confirmed_at, invited_at = excluded.invited_at";
    let statement = sqlx::query(sql)
        .bind(peer.id)
        .bind(peer.name)
        .bind(peer.short_name)
        .bind(peer.key_statement)
        .bind(peer.address)
        .bind(peer.words_confirmed_at)
        .bind(peer.invited_at);
    run(on, statement).await.map(|_| None)
}

fn peer(row: &SqliteRow) -> Result<Peer, StoreError> {
    Ok(Peer {
        id: get(row, "id")?,
        name: get(row, "name")?,
        short_name: get(row, "short_name")?,
        key_statement: get(row, "key_statement")?,
        address: get(row, "address")?,
        words_confirmed_at: get(row, "words_confirmed_at")?,
        invited_at: get(row, "invited_at")?,
    })
}
