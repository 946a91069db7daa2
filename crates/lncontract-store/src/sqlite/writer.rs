//! The one connection that writes, and the order in which it does.
//!
//! Invariant: whoever holds the seat writes alone. A connection goes back to its seat only when it surely has
//! no transaction open; otherwise it is dropped (which rolls back) and the next write opens a new one. A
//! commit runs in a task of its own, so a caller that goes away can't cut it off between its parts.

use std::sync::Arc;

use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection, Transaction, sqlite::SqliteConnectOptions};
use tokio::sync::{Mutex, broadcast};

use super::{
    attempt, company, contract, entry, failure::from_sqlx, home::Home, job, ledger, opening, peer,
    receivable, schema, summary, user,
};
use crate::{BoxFuture, Change, Changed, Hash, Job, StoreError, Subject};

/// The writing side of the store.
pub(super) struct Writer {
    options: SqliteConnectOptions,
    seat: Mutex<Option<SqliteConnection>>,
    notices: broadcast::Sender<Changed>,
    // Held here, so that the directory stays ours until the last commit has ended.
    home: Home,
}

/// What a transaction does, and what it tells afterwards.
type Work<T> =
    Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send>;

impl Writer {
    /// Opens the connection and brings the database to this program's schema.
    pub(super) async fn open(
        home: Home,
        options: SqliteConnectOptions,
        notices: broadcast::Sender<Changed>,
    ) -> Result<Self, StoreError> {
        let mut connection = options.connect().await.map_err(from_sqlx)?;
        schema::migrate(&mut connection).await.map_err(|error| home.named(error))?;
        Ok(Self { options, seat: Mutex::new(Some(connection)), notices, home })
    }

    pub(super) fn watch(&self) -> broadcast::Receiver<Changed> {
        self.notices.subscribe()
    }

    pub(super) async fn close(&self) {
        if let Some(connection) = self.seat.lock().await.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database was not closed in order; the next start repairs that");
        }
    }

    pub(super) async fn commit(self: Arc<Self>, changes: Vec<Change>) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let work: Work<Vec<Changed>> = Box::new(|connection| Box::pin(apply_all(connection, changes)));
        self.in_own_task(work, |noted| noted.clone()).await.map(drop)
    }

    pub(super) async fn claim_job(
        self: Arc<Self>,
        worker: String,
        now: i64,
        lease_s: u32,
    ) -> Result<Option<Job>, StoreError> {
        let work: Work<Option<Job>> = Box::new(move |c| Box::pin(job::claim(c, worker, now, lease_s)));
        let note = |job: &Option<Job>| {
            job.iter().map(|_| Changed { contract_id: None, subject: Subject::Job }).collect()
        };
        self.in_own_task(work, note).await
    }

    async fn in_own_task<T: Send + 'static>(
        self: Arc<Self>,
        work: Work<T>,
        note: fn(&T) -> Vec<Changed>,
    ) -> Result<T, StoreError> {
        let task = tokio::spawn(async move {
            let done = self.transact(work).await.map_err(|error| self.home.named(error))?;
            for notice in note(&done) {
                // No one watching is no fault.
                let _ = self.notices.send(notice);
            }
            Ok(done)
        });
        match task.await {
            Ok(result) => result,
            Err(cut_off) => Err(StoreError::Unavailable { source: Box::new(cut_off) }),
        }
    }

    async fn transact<T>(&self, work: Work<T>) -> Result<T, StoreError> {
        let mut seat = self.seat.lock().await;
        let mut connection = match seat.take() {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(from_sqlx)?,
        };
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)?;
        let (result, reusable) = match work(&mut transaction).await {
            Ok(done) => match transaction.commit().await {
                Ok(()) => (Ok(done), true),
                Err(error) => (Err(from_sqlx(error)), false),
            },
            Err(error) => (Err(error), roll_back(transaction).await),
        };
        if reusable {
            *seat = Some(connection);
        }
        result
    }
}

/// Returns whether the connection can be used again. After a full disk SQLite may have rolled back by itself;
/// then there is nothing to roll back, and the driver's own count of transactions is off by one.
async fn roll_back(transaction: Transaction<'_, Sqlite>) -> bool {
    match transaction.rollback().await {
        Ok(()) => true,
        Err(error) => {
            tracing::debug!(%error, "the writing connection is given up after a failed roll-back");
            false
        }
    }
}

async fn apply_all(
    connection: &mut SqliteConnection,
    changes: Vec<Change>,
) -> Result<Vec<Changed>, StoreError> {
    let mut noted: Vec<Changed> = Vec::new();
    for change in changes {
        let subject = change.subject();
        let notice = Changed { contract_id: apply(connection, change).await?, subject };
        if !noted.contains(&notice) {
            noted.push(notice);
        }
    }
    Ok(noted)
}

/// Applies one change and returns the contract it belongs to, if to one.
async fn apply(on: &mut SqliteConnection, change: Change) -> Result<Option<Hash>, StoreError> {
    match change {
        Change::PutCompany(company) => company::put(on, company).await,
        Change::PutSetting(setting) => company::put_setting(on, setting).await,
        Change::Audit(line) => company::append_audit(on, line).await,
        Change::PutUser(user) => user::put(on, user).await,
        Change::PutSession(session) => user::put_session(on, session).await,
        Change::DeleteSession { token_hash } => user::delete_session(on, token_hash).await,
        Change::DeleteSessionsOf { user_id } => user::delete_sessions_of(on, user_id).await,
        Change::DeleteExpiredSessions { now } => user::delete_expired(on, now).await,
        Change::PutPeer(peer) => peer::put(on, peer).await,
        Change::PutDraft(draft) => contract::put_draft(on, draft).await,
        Change::DeleteDraft { id } => contract::delete_draft(on, id).await,
        Change::PutContract(contract) => contract::put(on, contract).await,
        Change::PutDue(due) => summary::put_due(on, due).await,
        Change::AppendEntry(entry) => entry::append(on, entry).await,
        Change::InsertFork(fork) => entry::insert_fork(on, fork).await,
        Change::PutOutbox(row) => entry::put_outbox(on, row).await,
        Change::MarkDelivered(mark) => entry::mark_delivered(on, mark).await,
        Change::RetryOutbox(retry) => entry::retry(on, retry).await,
        Change::PutOpening(opening) => opening::put(on, opening).await,
        Change::InsertAttempt(attempt) => attempt::insert(on, attempt).await,
        Change::MoveAttempt(step) => attempt::advance(on, step).await,
        Change::PutShares { payment_hash, shares } => attempt::put_shares(on, payment_hash, shares).await,
        Change::InsertReceivable(receivable) => receivable::insert(on, receivable).await,
        Change::MoveReceivable(step) => receivable::advance(on, step).await,
        Change::Ledger(movement) => ledger::append(on, movement).await,
        Change::PutJob(job) => job::put(on, job).await,
        Change::FinishJob(finish) => job::finish(on, finish).await,
        Change::RetryJob(retry) => job::retry(on, retry).await,
    }
}

#[cfg(test)]
impl Writer {
    /// Stages a fault of this program in the middle of a commit, and expects that it is told.
    pub(super) async fn panic_in_a_transaction(self: &Arc<Self>) {
        let work: Work<()> = Box::new(|on| {
            Box::pin(async move {
                let half = crate::Setting { key: "half".to_owned(), value: "1".to_owned() };
                company::put_setting(on, half).await?;
                panic!("staged by a test");
            })
        });
        let told = Arc::clone(self).in_own_task(work, |()| Vec::new()).await;
        assert!(matches!(told, Err(StoreError::Unavailable { .. })), "{told:?}");
    }
}
