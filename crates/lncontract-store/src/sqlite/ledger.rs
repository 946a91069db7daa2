//! SQL of the movements of money.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{
    failure::{conflict, from_sqlx},
    row::{all, get, one, optional_hash, run, signed, unsigned},
};
use crate::{Hash, LedgerRow, NewLedger, StoreError};

pub(super) async fn page(
    on: &SqlitePool,
    contract: Option<Hash>,
    after: i64,
    limit: u32,
) -> Result<Vec<LedgerRow>, StoreError> {
    let statement = match contract {
        Some(id) => sqlx::query(
            "SELECT * FROM ledger WHERE contract_id = ? AND position > ? ORDER BY position LIMIT ?",
        )
        .bind(id.to_vec()),
        None => sqlx::query("SELECT * FROM ledger WHERE position > ? ORDER BY position LIMIT ?"),
    };
    all(on, statement.bind(after).bind(limit), movement).await
}

/// SQLite's sum of integers stays an integer and fails where it would overflow.
pub(super) async fn sum_msat(on: &SqlitePool, contract: Option<Hash>, kind: &str) -> Result<i64, StoreError> {
    let statement = match contract {
        Some(id) => sqlx::query_scalar(
            "SELECT coalesce(sum(amount_msat), 0) FROM ledger WHERE contract_id = ? AND kind = ?",
        )
        .bind(id.to_vec()),
        None => sqlx::query_scalar("SELECT coalesce(sum(amount_msat), 0) FROM ledger WHERE kind = ?"),
    };
    statement.bind(kind).fetch_one(on).await.map_err(from_sqlx)
}

pub(super) async fn append(on: &mut SqliteConnection, new: NewLedger) -> Result<Option<Hash>, StoreError> {
    let same = "SELECT * FROM ledger WHERE key = ?";
    if let Some(present) = one(&mut *on, sqlx::query(same).bind(new.key.as_str()), movement).await? {
        return if as_new(&present) == new { Ok(new.contract_id) } else { Err(differs(&present, &new)) };
    }
    let sql = "INSERT INTO ledger (key, contract_id, kind, amount_msat, fee_msat, at, detail)
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    let statement = sqlx::query(sql)
        .bind(new.key)
        .bind(new.contract_id.as_ref().map(|id| &id[..]))
        .bind(new.kind)
        .bind(new.amount_msat)
        .bind(signed(new.fee_msat, "fee_msat")?)
        .bind(new.at)
        .bind(new.detail);
    run(on, statement).await.map(|_| new.contract_id)
}

fn as_new(row: &LedgerRow) -> NewLedger {
    let LedgerRow { position: _, key, contract_id, kind, amount_msat, fee_msat, at, detail } = row.clone();
    NewLedger { key, contract_id, kind, amount_msat, fee_msat, at, detail }
}

fn differs(present: &LedgerRow, new: &NewLedger) -> StoreError {
    let told = |kind: &str, amount_msat: i64, fee_msat: u64, at: i64| {
        format!("{kind} {amount_msat} msat, fee {fee_msat} msat, at {at}")
    };
    let found = told(&present.kind, present.amount_msat, present.fee_msat, present.at);
    conflict("ledger", &*new.key, found, told(&new.kind, new.amount_msat, new.fee_msat, new.at))
}

fn movement(row: &SqliteRow) -> Result<LedgerRow, StoreError> {
    Ok(LedgerRow {
        position: get(row, "position")?,
        key: get(row, "key")?,
        contract_id: optional_hash(row, "contract_id")?,
        kind: get(row, "kind")?,
        amount_msat: get(row, "amount_msat")?,
        fee_msat: unsigned(row, "fee_msat")?,
        at: get(row, "at")?,
        detail: get(row, "detail")?,
    })
}
