//! SQL of the invoices we made.
//!
//! Invariant: the state is read and changed in one transaction that no other write can come into.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{
    failure::{conflict, hex},
    row::{all, bytes, get, one, optional_hash, run, signed, unsigned, word},
};
use crate::{Hash, MoveReceivable, NewReceivable, Receivable, ReceivableState, StoreError};

pub(super) async fn by_hash(on: &SqlitePool, payment_hash: Hash) -> Result<Option<Receivable>, StoreError> {
    let sql = "SELECT * FROM receivable WHERE payment_hash = ?";
    one(on, sqlx::query(sql).bind(&payment_hash[..]), receivable).await
}

pub(super) async fn of_contract(on: &SqlitePool, contract: Hash) -> Result<Vec<Receivable>, StoreError> {
    let sql = "SELECT * FROM receivable WHERE contract_id = ? ORDER BY created_at, payment_hash";
    all(on, sqlx::query(sql).bind(&contract[..]), receivable).await
}

pub(super) async fn insert(
    on: &mut SqliteConnection,
    new: NewReceivable,
) -> Result<Option<Hash>, StoreError> {
    let sql =
        "INSERT INTO receivable (payment_hash, contract_id, payable, invoice_entry_hash, bolt11, amount_msat,
            state, created_at, updated_at)
        VALUES (?, ?, ?, ?, ?, ?, 'live', ?, ?)";
    let statement = sqlx::query(sql)
        .bind(&new.payment_hash[..])
        .bind(&new.contract_id[..])
        .bind(new.payable)
        .bind(new.invoice_entry_hash.as_ref().map(|hash| &hash[..]))
        .bind(new.bolt11)
        .bind(signed(new.amount_msat, "amount_msat")?)
        .bind(new.at)
        .bind(new.at);
    run(on, statement).await.map(|_| Some(new.contract_id))
}

pub(super) async fn advance(
    on: &mut SqliteConnection,
    step: MoveReceivable,
) -> Result<Option<Hash>, StoreError> {
    let present = "SELECT state, contract_id FROM receivable WHERE payment_hash = ?";
    let found = one(&mut *on, sqlx::query(present).bind(&step.payment_hash[..]), |row| {
        Ok((word(row, "state", ReceivableState::from_word)?, bytes(row, "contract_id")?))
    });
    let contract_id = match found.await? {
        Some((state, contract_id)) if step.from.contains(&state) => contract_id,
        other => return Err(not_from(&step, other.map(|(state, _)| state))),
    };
    let sql = "UPDATE receivable SET state = ?, invoice_entry_hash = coalesce(?, invoice_entry_hash),
            updated_at = ? WHERE payment_hash = ?";
    let statement = sqlx::query(sql)
        .bind(step.to.as_str())
        .bind(step.invoice_entry_hash.as_ref().map(|hash| &hash[..]))
        .bind(step.at)
        .bind(&step.payment_hash[..]);
    run(on, statement).await?;
    Ok(Some(contract_id))
}

fn not_from(step: &MoveReceivable, found: Option<ReceivableState>) -> StoreError {
    let expected: Vec<_> = step.from.iter().map(|state| state.as_str()).collect();
    let found = found.map_or("no such invoice", ReceivableState::as_str);
    conflict("receivable", hex(&step.payment_hash), found, expected.join(" or "))
}

fn receivable(row: &SqliteRow) -> Result<Receivable, StoreError> {
    Ok(Receivable {
        payment_hash: bytes(row, "payment_hash")?,
        contract_id: bytes(row, "contract_id")?,
        payable: get(row, "payable")?,
        invoice_entry_hash: optional_hash(row, "invoice_entry_hash")?,
        bolt11: get(row, "bolt11")?,
        amount_msat: unsigned(row, "amount_msat")?,
        state: word(row, "state", ReceivableState::from_word)?,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
    })
}
