//! The store on SQLite: one file in the data directory, one writer, a few readers.
//!
//! Invariant: WAL with synchronous FULL, so a commit that has returned survives a power cut; every write
//! begins with BEGIN IMMEDIATE on the one writing connection, so what it reads stays true until it commits.
//! It alone in this crate may name SQLite; each file below holds the SQL of one subject.

mod attempt;
mod company;
mod contract;
mod entry;
mod failure;
mod home;
mod job;
mod ledger;
mod opening;
mod peer;
mod receivable;
mod row;
mod schema;
pub mod staging;
mod summary;
#[cfg(test)]
mod tests;
mod user;
mod writer;

use std::{path::Path, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::broadcast;

use self::{home::Home, writer::Writer};
use crate::{
    Attempt, AttemptShare, AuditRow, BoxFuture, Change, Changed, Company, Contract, ContractPage, Draft,
    EntryRow, Fork, Hash, Job, LedgerRow, Opening, OutboxRow, Peer, Receivable, Session, Side, Store,
    StoreError, Totals, User, Which,
};

/// How many pages may be read at once; more wait.
const READERS_MAX: u32 = 4;
/// How long a connection waits for another one's lock (checkpoints, a backup program).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Notices a slow reader may be behind before it is told that it missed some.
const NOTICES_KEPT: usize = 256;

/// What may be set when a store is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The most pages (of 4,096 bytes) the database may have; `None`: as many as the disk holds. Never less
    /// than it has already.
    pub max_page_count: Option<u32>,
}

/// The last migration of a database, and of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The database's; 0 where it is new.
    pub found: i64,
    /// This program's.
    pub known: i64,
}

/// The store on SQLite.
pub struct SqliteStore {
    // Field order is drop order: the readers go before the writer, which holds the directory's lock.
    readers: SqlitePool,
    writer: Arc<Writer>,
}

impl SqliteStore {
    /// Opens the store in the data directory `dir`, or makes it there (directory 0700, file 0600).
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another program has it open, [`StoreError::Newer`] when a newer program has
    /// been at it, [`StoreError::Path`] when the directory can't be used, [`StoreError::Damaged`].
    pub async fn open(dir: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(dir, Options::default()).await
    }

    /// Opens the store with options.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; [`StoreError::Full`] when not even the empty tables fit.
    pub async fn open_with(dir: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        let home = Home::take(dir.as_ref())?;
        let connect = SqliteConnectOptions::new()
            .filename(home.database())
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let writing = match options.max_page_count {
            Some(pages) => connect.clone().pragma("max_page_count", pages.to_string()),
            None => connect.clone(),
        };
        let (notices, _) = broadcast::channel(NOTICES_KEPT);
        let writer = Arc::new(Writer::open(home, writing, notices).await?);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(connect.pragma("query_only", "on"));
        Ok(Self { readers, writer })
    }

    /// Returns the schema of the database in `dir`, without taking the directory and without writing: another
    /// program may have it open.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no database, [`StoreError::Damaged`] when it is none.
    pub async fn schema_of(dir: impl AsRef<Path>) -> Result<Schema, StoreError> {
        let mut connection = only_read(dir.as_ref()).await?;
        let found = schema::version(&mut connection).await;
        connection.close().await.map_err(failure::from_sqlx)?;
        Ok(Schema { found: found?, known: schema::KNOWN })
    }

    /// Returns a setting of the database in `dir`, as [`Self::schema_of`] looks.
    ///
    /// # Errors
    /// Those of [`Self::schema_of`].
    pub async fn setting_of(dir: impl AsRef<Path>, key: &str) -> Result<Option<String>, StoreError> {
        let mut connection = only_read(dir.as_ref()).await?;
        let value = company::setting(&mut connection, key).await;
        connection.close().await.map_err(failure::from_sqlx)?;
        value
    }

    /// Closes the store: waits for the commit that runs, writes the log back into the file and lets go of
    /// the directory. Without it the next opening does that work.
    pub async fn close(self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A look at the database in a directory that another program may hold.
async fn only_read(dir: &Path) -> Result<SqliteConnection, StoreError> {
    let file = home::database_in(dir);
    let options = SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(BUSY_TIMEOUT);
    options.connect().await.map_err(failure::from_sqlx)
}

/// Boxes a read of the pool: the subject's function, with its arguments.
macro_rules! read {
    ($self:ident, $($read:ident)::+ ($($argument:expr),*)) => {
        Box::pin($($read)::+(&$self.readers, $($argument),*))
    };
}

type Read<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl Store for SqliteStore {
    fn commit(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(Arc::clone(&self.writer).commit(changes))
    }
    fn claim_job<'a>(&'a self, worker: &'a str, now: i64, lease_s: u32) -> Read<'a, Option<Job>> {
        Box::pin(Arc::clone(&self.writer).claim_job(worker.to_owned(), now, lease_s))
    }
    fn watch(&self) -> broadcast::Receiver<Changed> {
        self.writer.watch()
    }

    fn company(&self) -> Read<'_, Option<Company>> {
        read!(self, company::get_company())
    }
    fn setting<'a>(&'a self, key: &'a str) -> Read<'a, Option<String>> {
        read!(self, company::setting(key))
    }
    fn audit(&self, before: Option<i64>, limit: u32) -> Read<'_, Vec<AuditRow>> {
        read!(self, company::audit(before, limit))
    }

    fn users(&self) -> Read<'_, Vec<User>> {
        read!(self, user::all())
    }
    fn user<'a>(&'a self, id: &'a str) -> Read<'a, Option<User>> {
        read!(self, user::by_id(id))
    }
    fn user_by_name<'a>(&'a self, name: &'a str) -> Read<'a, Option<User>> {
        read!(self, user::by_name(name))
    }
    fn session(&self, token_hash: Hash, now: i64) -> Read<'_, Option<Session>> {
        read!(self, user::session(token_hash, now))
    }

    fn peers(&self) -> Read<'_, Vec<Peer>> {
        read!(self, peer::all())
    }
    fn peer<'a>(&'a self, id: &'a str) -> Read<'a, Option<Peer>> {
        read!(self, peer::by_id(id))
    }
    fn drafts(&self) -> Read<'_, Vec<Draft>> {
        read!(self, contract::drafts())
    }
    fn draft<'a>(&'a self, id: &'a str) -> Read<'a, Option<Draft>> {
        read!(self, contract::draft(id))
    }

    fn contracts(&self, page: ContractPage) -> Read<'_, Vec<Contract>> {
        read!(self, contract::page(page))
    }
    fn contract(&self, id: Hash) -> Read<'_, Option<Contract>> {
        read!(self, contract::by_id(id))
    }
    fn contracts_which(&self, which: Which, limit: u32) -> Read<'_, Vec<Contract>> {
        read!(self, summary::which(which, limit))
    }
    fn contracts_of_peer<'a>(&'a self, peer: &'a str) -> Read<'a, Vec<Hash>> {
        read!(self, summary::of_peer(peer))
    }
    fn totals(&self, our_side: Side) -> Read<'_, Totals> {
        read!(self, summary::totals(our_side))
    }
    fn due_by(&self, ours: bool, day: i64) -> Read<'_, u64> {
        read!(self, summary::due_by(ours, day))
    }
    fn entries(&self, contract: Hash) -> Read<'_, Vec<EntryRow>> {
        read!(self, entry::since(contract, 0))
    }
    fn entries_since(&self, contract: Hash, position: i64) -> Read<'_, Vec<EntryRow>> {
        read!(self, entry::since(contract, position))
    }
    fn entries_after(&self, contract: Hash, author: Side, count: u64) -> Read<'_, Vec<EntryRow>> {
        read!(self, entry::after(contract, author, count))
    }
    fn entry(&self, hash: Hash) -> Read<'_, Option<EntryRow>> {
        read!(self, entry::by_hash(hash))
    }
    fn forks(&self, contract: Hash) -> Read<'_, Vec<Fork>> {
        read!(self, entry::forks(contract))
    }
    fn outbox_due(&self, now: i64, limit: u32) -> Read<'_, Vec<OutboxRow>> {
        read!(self, entry::due(now, limit))
    }
    fn outbox_waiting(&self, contract: Hash) -> Read<'_, Vec<OutboxRow>> {
        read!(self, entry::waiting(contract))
    }

    fn opening(&self, id: u128) -> Read<'_, Option<Opening>> {
        read!(self, opening::by_id(id))
    }
    fn openings(&self, contract: Hash) -> Read<'_, Vec<Opening>> {
        read!(self, opening::of_contract(contract))
    }
    fn opening_by_fund(&self, fund_entry_hash: Hash) -> Read<'_, Option<Opening>> {
        read!(self, opening::by_fund(fund_entry_hash))
    }
    fn openings_unfinished(&self) -> Read<'_, Vec<Opening>> {
        read!(self, opening::unfinished())
    }

    fn attempt(&self, payment_hash: Hash) -> Read<'_, Option<Attempt>> {
        read!(self, attempt::by_hash(payment_hash))
    }
    fn attempts(&self, contract: Hash) -> Read<'_, Vec<Attempt>> {
        read!(self, attempt::of_contract(contract))
    }
    fn attempt_shares(&self, contract: Hash) -> Read<'_, Vec<AttemptShare>> {
        read!(self, attempt::shares_of_contract(contract))
    }
    fn attempts_unfinished(&self) -> Read<'_, Vec<Attempt>> {
        read!(self, attempt::unfinished())
    }
    fn receivable(&self, payment_hash: Hash) -> Read<'_, Option<Receivable>> {
        read!(self, receivable::by_hash(payment_hash))
    }
    fn receivables(&self, contract: Hash) -> Read<'_, Vec<Receivable>> {
        read!(self, receivable::of_contract(contract))
    }

    fn ledger(&self, contract: Option<Hash>, after: i64, limit: u32) -> Read<'_, Vec<LedgerRow>> {
        read!(self, ledger::page(contract, after, limit))
    }
    fn ledger_sum_msat<'a>(&'a self, contract: Option<Hash>, kind: &'a str) -> Read<'a, i64> {
        read!(self, ledger::sum_msat(contract, kind))
    }
}
