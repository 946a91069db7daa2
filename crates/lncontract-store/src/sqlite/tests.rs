//! What only this backend can stage: a full disk, a newer database, a second opening, tables that refuse to
//! be changed. The rules common to all stores are in `tests/sqlite.rs`.

use std::{fs, path::Path};

use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use super::{Options, Schema, SqliteStore, schema::KNOWN};
use crate::{
    Change, NewAttempt, NewAudit, NewLedger, NewReceivable, Setting, Side, Store, StoreError,
    conformance::{
        disk,
        fixture::{CONTRACT, NOW, a_record, append, apply, hash, must},
    },
};

fn home() -> TempDir {
    tempfile::tempdir().expect("the system has a temporary directory")
}

/// A connection as another program would have it, past the store.
async fn raw(dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(dir.join("lncontract.db")).foreign_keys(false);
    options.connect().await.expect("the store has made the file")
}

async fn execute(connection: &mut SqliteConnection, sql: &str) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(connection).await?;
    Ok(done.rows_affected())
}

async fn reopened(dir: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(dir).await
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_half_written_and_room_heals_it() {
    let dir = home();
    let small = Options { max_page_count: Some(400) };
    let store = SqliteStore::open_with(dir.path(), small).await.unwrap();
    let taken = disk::a_full_disk_leaves_nothing_half_written(&store).await;
    store.close().await;
    let store = reopened(dir.path()).await.unwrap();
    disk::whole(&store, taken).await;
    apply(&store, disk::marked(u8::try_from(taken).unwrap())).await;
    disk::whole(&store, taken + 1).await;
}

#[tokio::test]
async fn a_disk_too_small_for_the_empty_tables_is_told_as_full() {
    let dir = home();
    let tiny = Options { max_page_count: Some(4) };
    assert!(matches!(SqliteStore::open_with(dir.path(), tiny).await, Err(StoreError::Full { .. })));
    assert!(reopened(dir.path()).await.is_ok(), "with room it begins anew");
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_as_it_is() {
    let dir = home();
    reopened(dir.path()).await.unwrap().close().await;
    let mut connection = raw(dir.path()).await;
    let newer = KNOWN + 3;
    let sql = format!("INSERT INTO _sqlx_migrations VALUES ({newer}, 'from the future', 0, true, x'00', 0)");
    execute(&mut connection, &sql).await.unwrap();
    let refused = reopened(dir.path()).await.err();
    let told = refused.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(
        matches!(refused, Some(StoreError::Newer { found, known }) if (found, known) == (newer, KNOWN)),
        "{told}"
    );
    assert!(told.contains("start the newer program again"), "it says what to do: {told}");
    execute(&mut connection, &format!("DELETE FROM _sqlx_migrations WHERE version = {newer}")).await.unwrap();
    assert!(reopened(dir.path()).await.is_ok());
}

#[tokio::test]
async fn the_schema_can_be_read_while_the_directory_is_taken_and_nothing_is_made() {
    let dir = home();
    assert!(SqliteStore::schema_of(dir.path()).await.is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "looking makes no file");
    let store = reopened(dir.path()).await.unwrap();
    let schema = Schema { found: KNOWN, known: KNOWN };
    assert_eq!(SqliteStore::schema_of(dir.path()).await.unwrap(), schema);
    let setting = Setting { key: "epoch".to_owned(), value: "1".to_owned() };
    apply(&store, vec![Change::PutSetting(setting)]).await;
    let read = async |key: &'static str| SqliteStore::setting_of(dir.path(), key).await.unwrap();
    assert_eq!((read("epoch").await.as_deref(), read("other").await), (Some("1"), None));
    store.close().await;
    super::staging::make_newer(dir.path()).await.unwrap();
    let schema = Schema { found: KNOWN + 1, known: KNOWN };
    assert_eq!(SqliteStore::schema_of(dir.path()).await.unwrap(), schema);
}

#[tokio::test]
async fn a_migration_that_was_edited_is_told() {
    let dir = home();
    reopened(dir.path()).await.unwrap().close().await;
    let mut connection = raw(dir.path()).await;
    execute(&mut connection, "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 2").await.unwrap();
    let Err(StoreError::Damaged { what }) = reopened(dir.path()).await else { panic!("it was opened") };
    assert_eq!(what, "schema 2 is not the one this program has by that number");
}

#[tokio::test]
async fn a_second_opening_is_refused_until_the_first_is_gone() {
    let dir = home();
    let first = reopened(dir.path()).await.unwrap();
    let Err(StoreError::InUse { dir: told }) = reopened(dir.path()).await else {
        panic!("it was opened twice")
    };
    assert_eq!(told, dir.path());
    let setting = Setting { key: "epoch".to_owned(), value: "1".to_owned() };
    apply(&first, vec![Change::PutSetting(setting)]).await;
    drop(first); // As if it had been stopped: without closing.
    let second = reopened(dir.path()).await.unwrap();
    assert_eq!(must(second.setting("epoch").await).as_deref(), Some("1"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_and_left_as_it_is() {
    let dir = home();
    let file = dir.path().join("lncontract.db");
    let text = "minutes of a meeting, ".repeat(100);
    fs::write(&file, &text).unwrap();
    assert!(matches!(reopened(dir.path()).await, Err(StoreError::Damaged { .. })));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_data_directory() {
    use std::os::unix::fs::PermissionsExt;
    let dir = home();
    let data = dir.path().join("company").join("data");
    let store = reopened(&data).await.unwrap();
    a_record(&store, 1).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let names: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(names.len() >= 4, "the database, its log and index, and the lock: {names:?}");
    for path in names {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    store.close().await;
    fs::set_permissions(data.join("lncontract.db"), fs::Permissions::from_mode(0o644)).unwrap();
    reopened(&data).await.unwrap();
    assert_eq!(mode(&data.join("lncontract.db")), 0o600, "what a backup program widened is narrowed");
}

/// One row in every table that guards itself.
async fn guarded_rows(store: &dyn Store) {
    a_record(store, 1).await;
    let line = NewAudit { at: NOW, who: "anna".to_owned(), what: "signed".to_owned() };
    let movement = NewLedger {
        key: "k".to_owned(),
        contract_id: None,
        kind: "paid".to_owned(),
        amount_msat: -1,
        fee_msat: 0,
        at: NOW,
        detail: "{}".to_owned(),
    };
    let (payment_hash, contract_id, bolt11) = (hash(101), CONTRACT, "lnbcrt1".to_owned());
    let (invoice_entry_hash, amount_msat, at) = (hash(1), 1, NOW);
    let payable = "m1".to_owned();
    let paid =
        NewAttempt { payment_hash, contract_id, invoice_entry_hash, bolt11: bolt11.clone(), amount_msat, at };
    let taken = NewReceivable {
        payment_hash,
        contract_id,
        payable,
        invoice_entry_hash: None,
        bolt11,
        amount_msat,
        at,
    };
    let changes = vec![
        Change::Audit(line),
        Change::Ledger(movement),
        Change::InsertAttempt(paid),
        Change::InsertReceivable(taken),
        append(Side::Buyer, 0, hash(2)),
    ];
    apply(store, changes).await;
}

#[tokio::test]
async fn what_is_append_only_can_not_be_changed_past_the_store() {
    let dir = home();
    let store = reopened(dir.path()).await.unwrap();
    guarded_rows(&store).await;
    let mut connection = raw(dir.path()).await;
    for sql in [
        "UPDATE entry SET bytes = x'00'",
        "DELETE FROM entry WHERE seq = 0",
        "UPDATE ledger SET amount_msat = 0",
        "DELETE FROM ledger",
        "UPDATE audit SET who = 'nobody'",
        "DELETE FROM audit",
        "UPDATE attempt SET amount_msat = 2",
        "DELETE FROM attempt",
        "UPDATE receivable SET payable = 'm2'",
        "DELETE FROM receivable",
    ] {
        let refused = execute(&mut connection, sql).await.map_err(|error| error.to_string());
        let table =
            sql.split(' ').find(|word| ["entry", "ledger", "audit", "attempt", "receivable"].contains(word));
        let told = refused.expect_err(sql);
        assert!(told.contains(table.unwrap()), "{sql}: {told}");
    }
}

#[tokio::test]
async fn a_row_this_program_never_wrote_is_told_as_damage() {
    let dir = home();
    let store = reopened(dir.path()).await.unwrap();
    guarded_rows(&store).await;
    let mut connection = raw(dir.path()).await;
    execute(&mut connection, "PRAGMA ignore_check_constraints = on").await.unwrap();
    execute(&mut connection, "UPDATE attempt SET state = 'perhaps'").await.unwrap();
    let Err(StoreError::Damaged { what }) = store.attempt(hash(101)).await else { panic!("it was read") };
    assert_eq!(what, "column state holds perhaps");
}

#[tokio::test]
async fn a_panic_in_a_commit_rolls_back_and_frees_the_writer() {
    let dir = home();
    let store = reopened(dir.path()).await.unwrap();
    store.writer.panic_in_a_transaction().await;
    assert_eq!(must(store.setting("half").await), None);
    let setting = Setting { key: "epoch".to_owned(), value: "1".to_owned() };
    apply(&store, vec![Change::PutSetting(setting)]).await;
}
