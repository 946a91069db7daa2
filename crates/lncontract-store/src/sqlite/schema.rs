//! The migrations, by name and in order.
//!
//! Compatibility: a released migration is never edited or taken out; a program refuses a database that has
//! one it doesn't know. Another database gets the same list of names with its own SQL.

use std::borrow::Cow;

use sqlx::{
    SqlSafeStr, SqliteConnection,
    migrate::{Migration, MigrationType, Migrator},
};

use super::{
    failure::{from_migrate, from_sqlx},
    row::{get, one},
};
use crate::StoreError;

/// Name and SQL; the version is the place in the list, from 1.
const MIGRATIONS: [(&str, &str); 8] = [
    ("company", include_str!("../../migrations/sqlite/0001_company.sql")),
    ("contract", include_str!("../../migrations/sqlite/0002_contract.sql")),
    ("money", include_str!("../../migrations/sqlite/0003_money.sql")),
    ("job", include_str!("../../migrations/sqlite/0004_job.sql")),
    ("fork", include_str!("../../migrations/sqlite/0005_fork.sql")),
    ("short_name", include_str!("../../migrations/sqlite/0006_short_name.sql")),
    ("summary", include_str!("../../migrations/sqlite/0007_summary.sql")),
    ("share", include_str!("../../migrations/sqlite/0008_share.sql")),
];

/// The last migration this program has.
pub(super) const KNOWN: i64 = MIGRATIONS.len() as i64; // A handful: it fits.

/// Brings the database to this program's schema.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let found = version(connection).await?;
    if found > KNOWN {
        return Err(StoreError::Newer { found, known: KNOWN });
    }
    let migrations = (1..)
        .zip(MIGRATIONS)
        .map(|(version, (name, sql))| {
            Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    Migrator::with_migrations(migrations).run(connection).await.map_err(from_migrate)
}

/// Returns the last migration the database has; 0 where it is new.
pub(super) async fn version(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let table = "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
    let tables: i64 = one(&mut *connection, sqlx::query(table), |row| get(row, "n")).await?.unwrap_or(0);
    if tables == 0 {
        return Ok(0);
    }
    let last = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations");
    last.fetch_one(connection).await.map_err(from_sqlx)
}
