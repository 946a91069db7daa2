//! The SQLite store passes the suite that every store passes, each rule on a fresh one.

use lncontract_store::{SqliteStore, store_conformance};
use tempfile::TempDir;

async fn fresh() -> (SqliteStore, TempDir) {
    let dir = tempfile::tempdir().expect("the system has a temporary directory");
    let store = SqliteStore::open(dir.path()).await.expect("an empty directory becomes a store");
    (store, dir)
}

store_conformance!(fresh);
