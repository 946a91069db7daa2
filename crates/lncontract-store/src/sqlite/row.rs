//! Columns to values and back, and the three ways a statement is run.
//!
//! Invariant: a column is read by name and checked; a value that does not fit is told, never cut.

use sqlx::{
    ColumnIndex, Decode, Executor, Row, Sqlite, SqliteConnection, Type,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::failure::{damaged, from_sqlx};
use crate::{Hash, StoreError};

pub(super) type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;
type FromRow<T> = fn(&SqliteRow) -> Result<T, StoreError>;

/// Returns the row there is, if any.
pub(super) async fn one<'e, T>(
    on: impl Executor<'e, Database = Sqlite>,
    statement: Statement<'_>,
    read: FromRow<T>,
) -> Result<Option<T>, StoreError> {
    statement.fetch_optional(on).await.map_err(from_sqlx)?.as_ref().map(read).transpose()
}

/// Returns all rows.
pub(super) async fn all<'e, T>(
    on: impl Executor<'e, Database = Sqlite>,
    statement: Statement<'_>,
    read: FromRow<T>,
) -> Result<Vec<T>, StoreError> {
    statement.fetch_all(on).await.map_err(from_sqlx)?.iter().map(read).collect()
}

/// Writes, and returns how many rows it touched.
pub(super) async fn run(on: &mut SqliteConnection, statement: Statement<'_>) -> Result<u64, StoreError> {
    Ok(statement.execute(on).await.map_err(from_sqlx)?.rows_affected())
}

/// Reads a column whose type is one of SQLite's own.
pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
    &'static str: ColumnIndex<SqliteRow>,
{
    row.try_get(column).map_err(from_sqlx)
}

/// Reads a column of exactly `N` bytes.
pub(super) fn bytes<const N: usize>(row: &SqliteRow, column: &'static str) -> Result<[u8; N], StoreError> {
    let found: &[u8] = get(row, column)?;
    found.try_into().map_err(|_| damaged(column, format_args!("{} bytes, not {N}", found.len())))
}

/// Reads a hash that may be missing.
pub(super) fn optional_hash(row: &SqliteRow, column: &'static str) -> Result<Option<Hash>, StoreError> {
    match get::<Option<&[u8]>>(row, column)? {
        Some(_) => bytes(row, column).map(Some),
        None => Ok(None),
    }
}

/// Reads a number that is never negative (an amount, a seq, a count).
pub(super) fn unsigned<T: TryFrom<i64>>(row: &SqliteRow, column: &'static str) -> Result<T, StoreError> {
    let found: i64 = get(row, column)?;
    T::try_from(found).map_err(|_| damaged(column, found))
}

/// Reads such a number that may be missing.
pub(super) fn optional_unsigned<T: TryFrom<i64>>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    match get::<Option<i64>>(row, column)? {
        Some(_) => unsigned(row, column).map(Some),
        None => Ok(None),
    }
}

/// Reads a word of a closed list.
pub(super) fn word<T>(
    row: &SqliteRow,
    column: &'static str,
    from_word: fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let found: &str = get(row, column)?;
    from_word(found).ok_or_else(|| damaged(column, found))
}

/// Makes a number fit the database's signed 64 bits.
pub(super) fn signed(value: u64, name: &'static str) -> Result<i64, StoreError> {
    i64::try_from(value)
        .map_err(|_| StoreError::Invalid { rule: format!("{name} fits 63 bits, not {value}") })
}
