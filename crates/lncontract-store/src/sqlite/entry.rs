//! SQL of the record's entries and their outbox.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{
    failure::{conflict, hex},
    row::{all, bytes, get, one, run, signed, unsigned, word},
};
use crate::{
    EntryRow, Fork, Hash, MarkDelivered, NewEntry, NewOutbox, OutboxRow, RetryOutbox, Side, StoreError,
};

pub(super) async fn since(
    on: &SqlitePool,
    contract: Hash,
    position: i64,
) -> Result<Vec<EntryRow>, StoreError> {
    let sql = "SELECT position, contract_id, author, seq, hash, bytes, stored_at FROM entry
        WHERE contract_id = ? AND position > ? ORDER BY position";
    all(on, sqlx::query(sql).bind(&contract[..]).bind(position), entry).await
}

pub(super) async fn after(
    on: &SqlitePool,
    contract: Hash,
    author: Side,
    count: u64,
) -> Result<Vec<EntryRow>, StoreError> {
    let sql = "SELECT position, contract_id, author, seq, hash, bytes, stored_at FROM entry
        WHERE contract_id = ? AND author = ? AND seq >= ? ORDER BY seq";
    let statement = sqlx::query(sql).bind(&contract[..]).bind(author.as_str()).bind(signed(count, "count")?);
    all(on, statement, entry).await
}

pub(super) async fn by_hash(on: &SqlitePool, hash: Hash) -> Result<Option<EntryRow>, StoreError> {
    let sql = "SELECT position, contract_id, author, seq, hash, bytes, stored_at FROM entry WHERE hash = ?";
    one(on, sqlx::query(sql).bind(&hash[..]), entry).await
}

pub(super) async fn due(on: &SqlitePool, now: i64, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
    let sql = "SELECT outbox.contract_id, entry_hash, seq, peer_id, attempts, next_try_at, delivered_at
        FROM outbox JOIN entry ON entry.hash = outbox.entry_hash
        WHERE delivered_at IS NULL AND next_try_at <= ? ORDER BY outbox.contract_id, seq LIMIT ?";
    all(on, sqlx::query(sql).bind(now).bind(limit), outbox).await
}

pub(super) async fn waiting(on: &SqlitePool, contract: Hash) -> Result<Vec<OutboxRow>, StoreError> {
    let sql = "SELECT outbox.contract_id, entry_hash, seq, peer_id, attempts, next_try_at, delivered_at
        FROM outbox JOIN entry ON entry.hash = outbox.entry_hash
        WHERE delivered_at IS NULL AND outbox.contract_id = ? ORDER BY seq";
    all(on, sqlx::query(sql).bind(&contract[..]), outbox).await
}

pub(super) async fn forks(on: &SqlitePool, contract: Hash) -> Result<Vec<Fork>, StoreError> {
    let sql = "SELECT * FROM fork WHERE contract_id = ? ORDER BY stored_at, hash";
    all(on, sqlx::query(sql).bind(&contract[..]), fork).await
}

pub(super) async fn insert_fork(on: &mut SqliteConnection, new: Fork) -> Result<Option<Hash>, StoreError> {
    let sql = "INSERT INTO fork (hash, contract_id, held_hash, bytes, stored_at) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (hash) DO NOTHING";
    let statement = sqlx::query(sql)
        .bind(&new.hash[..])
        .bind(&new.contract_id[..])
        .bind(&new.held_hash[..])
        .bind(new.bytes)
        .bind(new.stored_at);
    run(on, statement).await.map(|_| Some(new.contract_id))
}

pub(super) async fn append(on: &mut SqliteConnection, new: NewEntry) -> Result<Option<Hash>, StoreError> {
    let next = chain_length(on, new.contract_id, new.author).await?;
    if next != new.expected_seq {
        let key = format!("{} of {}", new.author, hex(&new.contract_id));
        let (found, expected) = (format!("next seq {next}"), format!("next seq {}", new.expected_seq));
        return Err(conflict("entry", key, found, expected));
    }
    let sql =
        "INSERT INTO entry (contract_id, author, seq, hash, bytes, stored_at) VALUES (?, ?, ?, ?, ?, ?)";
    let statement = sqlx::query(sql)
        .bind(&new.contract_id[..])
        .bind(new.author.as_str())
        .bind(signed(new.expected_seq, "seq")?)
        .bind(&new.hash[..])
        .bind(new.bytes)
        .bind(new.stored_at);
    run(on, statement).await.map(|_| Some(new.contract_id))
}

/// By the last seq and not by counting: the cost of an entry doesn't grow with the record.
async fn chain_length(on: &mut SqliteConnection, contract: Hash, author: Side) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(max(seq) + 1, 0) AS next FROM entry WHERE contract_id = ? AND author = ?";
    let statement = sqlx::query(sql).bind(&contract[..]).bind(author.as_str());
    Ok(one(on, statement, |row| unsigned(row, "next")).await?.unwrap_or(0))
}

pub(super) async fn put_outbox(
    on: &mut SqliteConnection,
    new: NewOutbox,
) -> Result<Option<Hash>, StoreError> {
    let sql =
        "INSERT INTO outbox (entry_hash, contract_id, peer_id, attempts, next_try_at) VALUES (?, ?, ?, 0, ?)
        ON CONFLICT (entry_hash) DO NOTHING";
    let statement = sqlx::query(sql)
        .bind(&new.entry_hash[..])
        .bind(&new.contract_id[..])
        .bind(new.peer_id)
        .bind(new.next_try_at);
    run(on, statement).await.map(|_| Some(new.contract_id))
}

pub(super) async fn mark_delivered(
    on: &mut SqliteConnection,
    mark: MarkDelivered,
) -> Result<Option<Hash>, StoreError> {
    let sql = "UPDATE outbox SET delivered_at = ? WHERE contract_id = ? AND delivered_at IS NULL
        AND (SELECT seq FROM entry WHERE entry.hash = outbox.entry_hash) < ?";
    let statement =
        sqlx::query(sql).bind(mark.at).bind(&mark.contract_id[..]).bind(signed(mark.count, "count")?);
    run(on, statement).await.map(|_| Some(mark.contract_id))
}

pub(super) async fn retry(on: &mut SqliteConnection, retry: RetryOutbox) -> Result<Option<Hash>, StoreError> {
    let sql = "UPDATE outbox SET attempts = attempts + 1, next_try_at = ?
        WHERE entry_hash = ? AND contract_id = ? AND delivered_at IS NULL";
    let statement =
        sqlx::query(sql).bind(retry.next_try_at).bind(&retry.entry_hash[..]).bind(&retry.contract_id[..]);
    run(on, statement).await.map(|_| Some(retry.contract_id))
}

fn entry(row: &SqliteRow) -> Result<EntryRow, StoreError> {
    Ok(EntryRow {
        position: get(row, "position")?,
        contract_id: bytes(row, "contract_id")?,
        author: word(row, "author", Side::from_word)?,
        seq: unsigned(row, "seq")?,
        hash: bytes(row, "hash")?,
        bytes: get(row, "bytes")?,
        stored_at: get(row, "stored_at")?,
    })
}

fn fork(row: &SqliteRow) -> Result<Fork, StoreError> {
    Ok(Fork {
        contract_id: bytes(row, "contract_id")?,
        hash: bytes(row, "hash")?,
        held_hash: bytes(row, "held_hash")?,
        bytes: get(row, "bytes")?,
        stored_at: get(row, "stored_at")?,
    })
}

fn outbox(row: &SqliteRow) -> Result<OutboxRow, StoreError> {
    Ok(OutboxRow {
        contract_id: bytes(row, "contract_id")?,
        entry_hash: bytes(row, "entry_hash")?,
        seq: unsigned(row, "seq")?,
        peer_id: get(row, "peer_id")?,
        attempts: unsigned(row, "attempts")?,
        next_try_at: get(row, "next_try_at")?,
        delivered_at: get(row, "delivered_at")?,
    })
}
