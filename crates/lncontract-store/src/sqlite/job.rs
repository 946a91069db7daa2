//! SQL of jobs.

use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    failure::conflict,
    row::{get, one, run, unsigned},
};
use crate::{FinishJob, Hash, Job, NewJob, RetryJob, StoreError};

/// One statement finds and takes the job, so two workers can't both have found it.
pub(super) async fn claim(
    on: &mut SqliteConnection,
    worker: String,
    now: i64,
    lease_s: u32,
) -> Result<Option<Job>, StoreError> {
    let sql = "UPDATE job SET claimed_by = ?, claimed_until = ?, attempts = attempts + 1
        WHERE id = (SELECT id FROM job WHERE done_at IS NULL AND run_at <= ?
            AND (claimed_until IS NULL OR claimed_until <= ?) ORDER BY run_at, id LIMIT 1)
        RETURNING *";
    let until = now.saturating_add(lease_s.into());
    one(on, sqlx::query(sql).bind(worker).bind(until).bind(now).bind(now), job).await
}

pub(super) async fn put(on: &mut SqliteConnection, new: NewJob) -> Result<Option<Hash>, StoreError> {
    let sql = "INSERT INTO job (kind, key, payload, run_at, attempts) VALUES (?, ?, ?, ?, 0)
        ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, payload = excluded.payload,
            run_at = excluded.run_at, attempts = 0, claimed_by = NULL, claimed_until = NULL, done_at = NULL
            WHERE done_at IS NOT NULL";
    let statement = sqlx::query(sql).bind(new.kind).bind(new.key).bind(new.payload).bind(new.run_at);
    run(on, statement).await.map(|_| None)
}

pub(super) async fn finish(on: &mut SqliteConnection, finish: FinishJob) -> Result<Option<Hash>, StoreError> {
    let sql = "UPDATE job SET done_at = ?, claimed_by = NULL, claimed_until = NULL
        WHERE id = ? AND claimed_by = ? AND done_at IS NULL";
    let statement = sqlx::query(sql).bind(finish.at).bind(finish.id).bind(finish.worker.as_str());
    let touched = run(on, statement).await?;
    held(touched, finish.id, finish.worker)
}

pub(super) async fn retry(on: &mut SqliteConnection, retry: RetryJob) -> Result<Option<Hash>, StoreError> {
    let sql = "UPDATE job SET run_at = ?, claimed_by = NULL, claimed_until = NULL
        WHERE id = ? AND claimed_by = ? AND done_at IS NULL";
    let statement = sqlx::query(sql).bind(retry.run_at).bind(retry.id).bind(retry.worker.as_str());
    let touched = run(on, statement).await?;
    held(touched, retry.id, retry.worker)
}

/// A worker whose lease ran out may find that another one has the job, or has done it.
fn held(touched: u64, id: i64, worker: String) -> Result<Option<Hash>, StoreError> {
    if touched == 0 {
        let expected = format!("held by {worker}");
        return Err(conflict("job", id.to_string(), "done, or not held by that worker", expected));
    }
    Ok(None)
}

fn job(row: &SqliteRow) -> Result<Job, StoreError> {
    Ok(Job {
        id: get(row, "id")?,
        kind: get(row, "kind")?,
        key: get(row, "key")?,
        payload: get(row, "payload")?,
        run_at: get(row, "run_at")?,
        attempts: unsigned(row, "attempts")?,
        claimed_by: get(row, "claimed_by")?,
        claimed_until: get(row, "claimed_until")?,
        done_at: get(row, "done_at")?,
    })
}
