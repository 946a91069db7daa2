//! SQL of the payments we make.
//!
//! Invariant: the state is read and changed in one transaction that no other write can come into.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{
    failure::{conflict, hex},
    row::{all, bytes, get, one, optional_hash, optional_unsigned, run, signed, unsigned, word},
};
use crate::{Attempt, AttemptShare, AttemptState, Hash, MoveAttempt, NewAttempt, StoreError};

pub(super) async fn by_hash(on: &SqlitePool, payment_hash: Hash) -> Result<Option<Attempt>, StoreError> {
    one(on, sqlx::query("SELECT * FROM attempt WHERE payment_hash = ?").bind(&payment_hash[..]), attempt)
        .await
}

pub(super) async fn of_contract(on: &SqlitePool, contract: Hash) -> Result<Vec<Attempt>, StoreError> {
    let sql = "SELECT * FROM attempt WHERE contract_id = ? ORDER BY created_at, payment_hash";
    all(on, sqlx::query(sql).bind(&contract[..]), attempt).await
}

pub(super) async fn unfinished(on: &SqlitePool) -> Result<Vec<Attempt>, StoreError> {
    let sql = "SELECT * FROM attempt WHERE state IN ('requested', 'claimed', 'sending', 'unknown')
        ORDER BY created_at, payment_hash";
    all(on, sqlx::query(sql), attempt).await
}

pub(super) async fn insert(on: &mut SqliteConnection, new: NewAttempt) -> Result<Option<Hash>, StoreError> {
    let sql =
        "INSERT INTO attempt (payment_hash, contract_id, invoice_entry_hash, bolt11, amount_msat, state,
            created_at, updated_at)
        VALUES (?, ?, ?, ?, ?, 'requested', ?, ?)";
    let statement = sqlx::query(sql)
        .bind(&new.payment_hash[..])
        .bind(&new.contract_id[..])
        .bind(&new.invoice_entry_hash[..])
        .bind(new.bolt11)
        .bind(signed(new.amount_msat, "amount_msat")?)
        .bind(new.at)
        .bind(new.at);
    run(on, statement).await.map(|_| Some(new.contract_id))
}

pub(super) async fn advance(
    on: &mut SqliteConnection,
    step: MoveAttempt,
) -> Result<Option<Hash>, StoreError> {
    let present = "SELECT state, contract_id FROM attempt WHERE payment_hash = ?";
    let found = one(&mut *on, sqlx::query(present).bind(&step.payment_hash[..]), |row| {
        Ok((word(row, "state", AttemptState::from_word)?, bytes(row, "contract_id")?))
    });
    let contract_id = match found.await? {
        Some((state, contract_id)) if step.from.contains(&state) => contract_id,
        other => return Err(not_from(&step, other.map(|(state, _)| state))),
    };
    let sql = "UPDATE attempt SET state = ?, worker = coalesce(?, worker), preimage = coalesce(?, preimage),
            fee_msat = coalesce(?, fee_msat), reason = ?, updated_at = ?
        WHERE payment_hash = ?";
    let statement = sqlx::query(sql)
        .bind(step.to.as_str())
        .bind(step.worker)
        .bind(step.preimage.as_ref().map(|preimage| &preimage[..]))
        .bind(step.fee_msat.map(|fee| signed(fee, "fee_msat")).transpose()?)
        .bind(step.reason)
        .bind(step.at)
        .bind(&step.payment_hash[..]);
    run(on, statement).await?;
    Ok(Some(contract_id))
}

pub(super) async fn shares_of_contract(
    on: &SqlitePool,
    contract: Hash,
) -> Result<Vec<AttemptShare>, StoreError> {
    let sql = "SELECT attempt_share.* FROM attempt_share JOIN attempt USING (payment_hash)
        WHERE attempt.contract_id = ? ORDER BY attempt.created_at, payment_hash, fund_entry_hash";
    all(on, sqlx::query(sql).bind(&contract[..]), share).await
}

pub(super) async fn put_shares(
    on: &mut SqliteConnection,
    payment_hash: Hash,
    shares: Vec<AttemptShare>,
) -> Result<Option<Hash>, StoreError> {
    let present = "SELECT state, contract_id FROM attempt WHERE payment_hash = ?";
    let found = one(&mut *on, sqlx::query(present).bind(&payment_hash[..]), |row| {
        Ok((word(row, "state", AttemptState::from_word)?, bytes(row, "contract_id")?))
    });
    let contract_id = match found.await? {
        Some((state, contract_id)) if state != AttemptState::Succeeded => contract_id,
        other => {
            let found = other.map_or("no such payment", |(state, _): (AttemptState, Hash)| state.as_str());
            return Err(conflict("attempt", hex(&payment_hash), found, "one that has not succeeded"));
        }
    };
    let gone = "DELETE FROM attempt_share WHERE payment_hash = ?";
    run(&mut *on, sqlx::query(gone).bind(&payment_hash[..])).await?;
    for share in shares {
        let sql = "INSERT INTO attempt_share (payment_hash, fund_entry_hash, amount_sat) VALUES (?, ?, ?)";
        let statement = sqlx::query(sql)
            .bind(&payment_hash[..])
            .bind(&share.fund_entry_hash[..])
            .bind(signed(share.amount_sat, "amount_sat")?);
        run(&mut *on, statement).await?;
    }
    Ok(Some(contract_id))
}

fn share(row: &SqliteRow) -> Result<AttemptShare, StoreError> {
    Ok(AttemptShare {
        payment_hash: bytes(row, "payment_hash")?,
        fund_entry_hash: bytes(row, "fund_entry_hash")?,
        amount_sat: unsigned(row, "amount_sat")?,
    })
}

fn not_from(step: &MoveAttempt, found: Option<AttemptState>) -> StoreError {
    let expected: Vec<_> = step.from.iter().map(|state| state.as_str()).collect();
    let found = found.map_or("no such payment", AttemptState::as_str);
    conflict("attempt", hex(&step.payment_hash), found, expected.join(" or "))
}

fn attempt(row: &SqliteRow) -> Result<Attempt, StoreError> {
    Ok(Attempt {
        payment_hash: bytes(row, "payment_hash")?,
        contract_id: bytes(row, "contract_id")?,
        invoice_entry_hash: bytes(row, "invoice_entry_hash")?,
        bolt11: get(row, "bolt11")?,
        amount_msat: unsigned(row, "amount_msat")?,
        state: word(row, "state", AttemptState::from_word)?,
        worker: get(row, "worker")?,
        preimage: optional_hash(row, "preimage")?,
        fee_msat: optional_unsigned(row, "fee_msat")?,
        reason: get(row, "reason")?,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
    })
}
