//! SQL of drafts and of contracts as lists show them.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{
    failure::{conflict, hex},
    row::{all, bytes, get, one, run, signed, word},
    summary::summary,
};
use crate::{Contract, ContractCursor, ContractPage, Draft, Hash, Side, StoreError};

pub(super) async fn drafts(on: &SqlitePool) -> Result<Vec<Draft>, StoreError> {
    let sql = "SELECT id, title, terms, updated_at FROM draft ORDER BY updated_at DESC, id";
    all(on, sqlx::query(sql), draft_row).await
}

pub(super) async fn draft(on: &SqlitePool, id: &str) -> Result<Option<Draft>, StoreError> {
    let sql = "SELECT id, title, terms, updated_at FROM draft WHERE id = ?";
    one(on, sqlx::query(sql).bind(id), draft_row).await
}

/// By key and not by offset, so that the hundredth page costs what the first one does.
pub(super) async fn page(on: &SqlitePool, page: ContractPage) -> Result<Vec<Contract>, StoreError> {
    let sql = "SELECT * FROM contract
        WHERE (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?";
    let after = page.after.unwrap_or(ContractCursor { created_at: i64::MAX, id: [0xff; 32] });
    all(on, sqlx::query(sql).bind(after.created_at).bind(&after.id[..]).bind(page.limit), contract).await
}

pub(super) async fn by_id(on: &SqlitePool, id: Hash) -> Result<Option<Contract>, StoreError> {
    let sql = "SELECT * FROM contract WHERE id = ?";
    one(on, sqlx::query(sql).bind(&id[..]), contract).await
}

pub(super) async fn put_draft(on: &mut SqliteConnection, draft: Draft) -> Result<Option<Hash>, StoreError> {
    let sql = "INSERT INTO draft (id, title, terms, updated_at) VALUES (?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET title = excluded.title, terms = excluded.terms,
            updated_at = excluded.updated_at";
    let statement =
        sqlx::query(sql).bind(draft.id).bind(draft.title).bind(draft.terms).bind(draft.updated_at);
    run(on, statement).await.map(|_| None)
}

pub(super) async fn delete_draft(on: &mut SqliteConnection, id: String) -> Result<Option<Hash>, StoreError> {
    run(on, sqlx::query("DELETE FROM draft WHERE id = ?").bind(id)).await.map(|_| None)
}

pub(super) async fn put(on: &mut SqliteConnection, contract: Contract) -> Result<Option<Hash>, StoreError> {
    let sql = "INSERT INTO contract (id, peer_id, our_side, number, title, phase, projection, created_at,
            todos, todo_due_at, look_at, channels, earmarked_sat, outstanding_sat)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET number = excluded.number, title = excluded.title,
            phase = excluded.phase, projection = excluded.projection, todos = excluded.todos,
            todo_due_at = excluded.todo_due_at, look_at = excluded.look_at, channels = excluded.channels,
            earmarked_sat = excluded.earmarked_sat, outstanding_sat = excluded.outstanding_sat
            WHERE peer_id = excluded.peer_id AND our_side = excluded.our_side";
    let asked = format!("peer {}, we as {}", contract.peer_id, contract.our_side);
    let statement = sqlx::query(sql)
        .bind(&contract.id[..])
        .bind(contract.peer_id)
        .bind(contract.our_side.as_str())
        .bind(contract.number)
        .bind(contract.title)
        .bind(contract.phase)
        .bind(contract.projection)
        .bind(contract.created_at)
        .bind(contract.summary.todos)
        .bind(contract.summary.todo_due_at)
        .bind(contract.summary.look_at)
        .bind(contract.summary.channels.as_str())
        .bind(signed(contract.summary.earmarked_sat, "earmarked_sat")?)
        .bind(signed(contract.summary.outstanding_sat, "outstanding_sat")?);
    if run(on, statement).await? == 0 {
        return Err(conflict("contract", hex(&contract.id), "another peer or side", asked));
    }
    Ok(Some(contract.id))
}

fn draft_row(row: &SqliteRow) -> Result<Draft, StoreError> {
    Ok(Draft {
        id: get(row, "id")?,
        title: get(row, "title")?,
        terms: get(row, "terms")?,
        updated_at: get(row, "updated_at")?,
    })
}

pub(super) fn contract(row: &SqliteRow) -> Result<Contract, StoreError> {
    Ok(Contract {
        id: bytes(row, "id")?,
        peer_id: get(row, "peer_id")?,
        our_side: word(row, "our_side", Side::from_word)?,
        number: get(row, "number")?,
        title: get(row, "title")?,
        phase: get(row, "phase")?,
        projection: get(row, "projection")?,
        created_at: get(row, "created_at")?,
        summary: summary(row)?,
    })
}
