//! What SQLite's answers mean in the words of the port.
//!
//! Invariant: no answer is dropped; what has no class here is [`StoreError::Unavailable`] with its source.

use sqlx::{error::DatabaseError, migrate::MigrateError};

use crate::{Hash, StoreError};

/// Primary result codes (the low byte of the extended ones), from SQLite's documentation.
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_CONSTRAINT: u32 = 19;
const SQLITE_NOTADB: u32 = 26;

/// Classes the driver's error.
pub(super) fn from_sqlx(error: sqlx::Error) -> StoreError {
    if let Some(class) = error.as_database_error().and_then(class) {
        return class;
    }
    match error {
        sqlx::Error::ColumnDecode { index, source } => {
            StoreError::Damaged { what: format!("{index}: {source}") }
        }
        other => StoreError::Unavailable { source: Box::new(other) },
    }
}

/// Classes an error of the migrations.
pub(super) fn from_migrate(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => from_sqlx(source),
        MigrateError::VersionMismatch(version) => StoreError::Damaged {
            what: format!("schema {version} is not the one this program has by that number"),
        },
        other => StoreError::Damaged { what: other.to_string() },
    }
}

/// A value that this store never wrote stands in a row.
pub(super) fn damaged(column: &str, found: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged { what: format!("column {column} holds {found}") }
}

/// A change counted on something else than is there.
pub(super) fn conflict(
    subject: &'static str,
    key: impl Into<String>,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> StoreError {
    StoreError::Conflict { subject, key: key.into(), found: found.into(), expected: expected.into() }
}

/// Returns a hash or an id as a person compares it.
pub(super) fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn class(error: &(dyn DatabaseError + 'static)) -> Option<StoreError> {
    let code: u32 = error.code()?.parse().ok()?;
    Some(match code & 0xff {
        // The writer, which knows the directory, names it.
        SQLITE_FULL => StoreError::Full { place: "the disk of the database".to_owned() },
        SQLITE_CORRUPT | SQLITE_NOTADB => StoreError::Damaged { what: error.message().to_owned() },
        SQLITE_CONSTRAINT if error.is_unique_violation() => unique(error.message()),
        SQLITE_CONSTRAINT => StoreError::Invalid { rule: rule(error.message()).to_owned() },
        _ => return None,
    })
}

/// SQLite names the columns of a broken unique rule as `table.column, table.column`.
fn unique(message: &str) -> StoreError {
    let columns = rule(message);
    let table = columns.split('.').next().unwrap_or(columns);
    conflict(subject(table), columns, "another one with the same", "none")
}

/// Returns what comes after "... constraint failed: ", which is the constraint's name where it has one.
fn rule(message: &str) -> &str {
    message.split_once("constraint failed: ").map_or(message, |(_, rule)| rule)
}

fn subject(table: &str) -> &'static str {
    const TABLES: [&str; 14] = [
        "company",
        "setting",
        "user",
        "session",
        "audit",
        "peer",
        "draft",
        "contract",
        "entry",
        "outbox",
        "opening",
        "attempt",
        "receivable",
        "ledger",
    ];
    TABLES.into_iter().find(|known| *known == table).unwrap_or("row")
}
