//! SQL of what lists and the worker ask of contracts, and of the sums over them.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{
    contract::contract,
    row::{all, bytes, get, one, run, signed, unsigned, word},
};
use crate::{Channels, Contract, Hash, PutDue, Side, StoreError, Summary, Totals, Which};

pub(super) async fn which(on: &SqlitePool, which: Which, limit: u32) -> Result<Vec<Contract>, StoreError> {
    match which {
        Which::ToDo => {
            let sql = "SELECT * FROM contract WHERE todos > 0 ORDER BY todo_due_at, id LIMIT ?";
            all(on, sqlx::query(sql).bind(limit), contract).await
        }
        Which::ToLookAt { by } => {
            let sql = "SELECT * FROM contract WHERE look_at <= ? ORDER BY look_at LIMIT ?";
            all(on, sqlx::query(sql).bind(by).bind(limit), contract).await
        }
        // The word as it is written where the index is: only then is the index used.
        Which::With(channels) => {
            let sql = "SELECT * FROM contract WHERE channels = ? AND channels <> 'none' ORDER BY created_at LIMIT ?";
            all(on, sqlx::query(sql).bind(channels.as_str()).bind(limit), contract).await
        }
    }
}

pub(super) async fn of_peer(on: &SqlitePool, peer: &str) -> Result<Vec<Hash>, StoreError> {
    let sql = "SELECT id FROM contract WHERE peer_id = ?";
    all(on, sqlx::query(sql).bind(peer), |row| bytes(row, "id")).await
}

pub(super) async fn totals(on: &SqlitePool, our_side: Side) -> Result<Totals, StoreError> {
    let sql = "SELECT * FROM total WHERE our_side = ?";
    let totals = one(on, sqlx::query(sql).bind(our_side.as_str()), |row| {
        Ok(Totals {
            contracts: unsigned(row, "contracts")?,
            todos: unsigned(row, "todos")?,
            earmarked_sat: unsigned(row, "earmarked_sat")?,
            outstanding_sat: unsigned(row, "outstanding_sat")?,
        })
    });
    totals.await.map(Option::unwrap_or_default)
}

/// A row for each day on which something is due: as many as there are such days, however many contracts.
pub(super) async fn due_by(on: &SqlitePool, ours: bool, day: i64) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(sum(amount_sat), 0) AS due_sat FROM due_day WHERE ours = ? AND day <= ?";
    let sum = one(on, sqlx::query(sql).bind(ours).bind(day), |row| unsigned(row, "due_sat"));
    sum.await.map(Option::unwrap_or_default)
}

pub(super) async fn put_due(on: &mut SqliteConnection, put: PutDue) -> Result<Option<Hash>, StoreError> {
    let gone = sqlx::query("DELETE FROM due WHERE contract_id = ?").bind(&put.contract_id[..]);
    run(on, gone).await?;
    let sql = "INSERT INTO due (contract_id, place, ours, day, amount_sat) VALUES (?, ?, ?, ?, ?)";
    for (place, due) in (0_i64..).zip(put.due) {
        let statement = sqlx::query(sql)
            .bind(&put.contract_id[..])
            .bind(place)
            .bind(due.ours)
            .bind(due.day)
            .bind(signed(due.amount_sat, "amount_sat")?);
        run(on, statement).await?;
    }
    Ok(Some(put.contract_id))
}

pub(super) fn summary(row: &SqliteRow) -> Result<Summary, StoreError> {
    Ok(Summary {
        todos: unsigned(row, "todos")?,
        todo_due_at: get(row, "todo_due_at")?,
        look_at: get(row, "look_at")?,
        channels: word(row, "channels", Channels::from_word)?,
        earmarked_sat: unsigned(row, "earmarked_sat")?,
        outstanding_sat: unsigned(row, "outstanding_sat")?,
    })
}
