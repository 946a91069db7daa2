//! SQL of openings.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{
    failure::conflict,
    row::{all, bytes, get, one, optional_hash, run, signed, unsigned},
};
use crate::{Hash, Opening, StoreError};

pub(super) async fn by_id(on: &SqlitePool, id: u128) -> Result<Option<Opening>, StoreError> {
    one(on, sqlx::query("SELECT * FROM opening WHERE id = ?").bind(&id.to_be_bytes()[..]), opening).await
}

pub(super) async fn of_contract(on: &SqlitePool, contract: Hash) -> Result<Vec<Opening>, StoreError> {
    let sql = "SELECT * FROM opening WHERE contract_id = ? ORDER BY created_at, id";
    all(on, sqlx::query(sql).bind(&contract[..]), opening).await
}

pub(super) async fn by_fund(on: &SqlitePool, fund_entry_hash: Hash) -> Result<Option<Opening>, StoreError> {
    let sql = "SELECT * FROM opening WHERE fund_entry_hash = ?";
    one(on, sqlx::query(sql).bind(&fund_entry_hash[..]), opening).await
}

pub(super) async fn unfinished(on: &SqlitePool) -> Result<Vec<Opening>, StoreError> {
    let sql = "SELECT * FROM opening WHERE finished_at IS NULL ORDER BY created_at, id";
    all(on, sqlx::query(sql), opening).await
}

pub(super) async fn put(on: &mut SqliteConnection, opening: Opening) -> Result<Option<Hash>, StoreError> {
    let sql = "INSERT INTO opening (id, contract_id, fund_entry_hash, peer_id, amount_sat, state, channel_id,
            funding_outpoint, detail, created_at, updated_at, finished_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, channel_id = excluded.channel_id,
            funding_outpoint = excluded.funding_outpoint, detail = excluded.detail,
            updated_at = excluded.updated_at, finished_at = excluded.finished_at
            WHERE contract_id = excluded.contract_id AND fund_entry_hash = excluded.fund_entry_hash
                AND peer_id = excluded.peer_id AND amount_sat = excluded.amount_sat";
    let statement = sqlx::query(sql)
        .bind(&opening.id.to_be_bytes()[..])
        .bind(&opening.contract_id[..])
        .bind(&opening.fund_entry_hash[..])
        .bind(opening.peer_id)
        .bind(signed(opening.amount_sat, "amount_sat")?)
        .bind(opening.state)
        .bind(opening.channel_id.as_ref().map(|id| &id[..]))
        .bind(opening.funding_outpoint)
        .bind(opening.detail)
        .bind(opening.created_at)
        .bind(opening.updated_at)
        .bind(opening.finished_at);
    if run(on, statement).await? == 0 {
        let expected = format!("the same, with {} sat", opening.amount_sat);
        let found = "another contract, fund entry, peer or amount";
        return Err(conflict("opening", format!("{:032x}", opening.id), found, expected));
    }
    Ok(Some(opening.contract_id))
}

fn opening(row: &SqliteRow) -> Result<Opening, StoreError> {
    Ok(Opening {
        id: u128::from_be_bytes(bytes(row, "id")?),
        contract_id: bytes(row, "contract_id")?,
        fund_entry_hash: bytes(row, "fund_entry_hash")?,
        peer_id: get(row, "peer_id")?,
        amount_sat: unsigned(row, "amount_sat")?,
        state: get(row, "state")?,
        channel_id: optional_hash(row, "channel_id")?,
        funding_outpoint: get(row, "funding_outpoint")?,
        detail: get(row, "detail")?,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
        finished_at: get(row, "finished_at")?,
    })
}
