//! What tests of other crates can't stage without SQL. Nothing of the program calls it.

use std::path::Path;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use super::{failure::from_sqlx, home, schema::KNOWN};
use crate::StoreError;

/// Makes a closed database look as if a newer program had been at it.
///
/// # Errors
/// When there is no database in `dir`.
pub async fn make_newer(dir: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new().filename(home::database_in(dir));
    let mut connection = options.connect().await.map_err(from_sqlx)?;
    let version = KNOWN + 1;
    let sql =
        format!("INSERT INTO _sqlx_migrations VALUES ({version}, 'from the future', 0, true, x'00', 0)");
    sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.map_err(from_sqlx)?;
    connection.close().await.map_err(from_sqlx)
}
