//! SQL of the company, its settings and its audit log.

use sqlx::{Executor, Sqlite, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::row::{all, get, one, run};
use crate::{AuditRow, Company, Hash, NewAudit, Sealed, Setting, StoreError};

pub(super) async fn get_company(on: &SqlitePool) -> Result<Option<Company>, StoreError> {
    let sql = "SELECT name, short_name, key_nonce, key_salt, key_ciphertext, settings FROM company";
    one(on, sqlx::query(sql), company).await
}

pub(super) async fn setting<'e>(
    on: impl Executor<'e, Database = Sqlite>,
    key: &str,
) -> Result<Option<String>, StoreError> {
    one(on, sqlx::query("SELECT value FROM setting WHERE key = ?").bind(key), |row| get(row, "value")).await
}

pub(super) async fn audit(
    on: &SqlitePool,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let sql = "SELECT position, at, who, what FROM audit WHERE position < ? ORDER BY position DESC LIMIT ?";
    all(on, sqlx::query(sql).bind(before.unwrap_or(i64::MAX)).bind(limit), audit_row).await
}

pub(super) async fn put(on: &mut SqliteConnection, company: Company) -> Result<Option<Hash>, StoreError> {
    let sql = "INSERT INTO company (id, name, short_name, key_nonce, key_salt, key_ciphertext, settings)
        VALUES (1, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, short_name = excluded.short_name,
            key_nonce = excluded.key_nonce, key_salt = excluded.key_salt,
            key_ciphertext = excluded.key_ciphertext, settings = excluded.settings";
    let statement = sqlx::query(sql)
        .bind(company.name)
        .bind(company.short_name)
        .bind(company.keys.nonce)
        .bind(company.keys.salt)
        .bind(company.keys.ciphertext)
        .bind(company.settings);
    run(on, statement).await.map(|_| None)
}

pub(super) async fn put_setting(
    on: &mut SqliteConnection,
    setting: Setting,
) -> Result<Option<Hash>, StoreError> {
    let sql = "INSERT INTO setting (key, value) VALUES (?, ?)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    run(on, sqlx::query(sql).bind(setting.key).bind(setting.value)).await.map(|_| None)
}

pub(super) async fn append_audit(
    on: &mut SqliteConnection,
    line: NewAudit,
) -> Result<Option<Hash>, StoreError> {
    let sql = "INSERT INTO audit (at, who, what) VALUES (?, ?, ?)";
    run(on, sqlx::query(sql).bind(line.at).bind(line.who).bind(line.what)).await.map(|_| None)
}

fn company(row: &SqliteRow) -> Result<Company, StoreError> {
    Ok(Company {
        name: get(row, "name")?,
        short_name: get(row, "short_name")?,
        keys: Sealed {
            nonce: get(row, "key_nonce")?,
            salt: get(row, "key_salt")?,
            ciphertext: get(row, "key_ciphertext")?,
        },
        settings: get(row, "settings")?,
    })
}

fn audit_row(row: &SqliteRow) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        position: get(row, "position")?,
        at: get(row, "at")?,
        who: get(row, "who")?,
        what: get(row, "what")?,
    })
}
