//! The port: what the shell may ask of whatever keeps the company's data.
//!
//! Invariant: object-safe, and nothing in it belongs to one database. Reads see every commit that has
//! returned. A commit runs to its end once started, even if its caller goes away.

use std::{future::Future, pin::Pin};

use tokio::sync::broadcast;

use crate::{
    Attempt, AttemptShare, AuditRow, Change, Changed, Company, Contract, ContractPage, Draft, EntryRow, Fork,
    Hash, Job, LedgerRow, Opening, OutboxRow, Peer, Receivable, Session, Side, StoreError, Totals, User,
    Which,
};

/// A boxed future, so that the trait is object-safe and callers do not compile its bodies.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The answer of a read.
type Read<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// What a company keeps. Every method may fail with [`StoreError::Unavailable`] and [`StoreError::Damaged`].
pub trait Store: Send + Sync + 'static {
    /// Applies all changes in order, in one transaction, or none of them.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a change counted on something else than the store holds;
    /// [`StoreError::Invalid`] when one breaks a rule; [`StoreError::Full`] when no space is left.
    fn commit(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Gives the job that is longest due to `worker` for `lease_s` seconds, and counts the attempt. A job
    /// whose lease has run out is due again. No two workers hold one job at the same `now`.
    fn claim_job<'a>(&'a self, worker: &'a str, now: i64, lease_s: u32) -> Read<'a, Option<Job>>;

    /// Returns coarse notices, one per subject and contract, after each commit. A slow reader that gets
    /// `Lagged` reloads what it shows.
    fn watch(&self) -> broadcast::Receiver<Changed>;

    /// Returns the company, once it has been set up.
    fn company(&self) -> Read<'_, Option<Company>>;
    /// Returns a setting's value.
    fn setting<'a>(&'a self, key: &'a str) -> Read<'a, Option<String>>;
    /// Returns the last `limit` audit rows before position `before` (`None`: from the newest), newest first.
    fn audit(&self, before: Option<i64>, limit: u32) -> Read<'_, Vec<AuditRow>>;

    /// Returns all users by name.
    fn users(&self) -> Read<'_, Vec<User>>;
    /// Returns a user by id.
    fn user<'a>(&'a self, id: &'a str) -> Read<'a, Option<User>>;
    /// Returns a user by the name used to log in.
    fn user_by_name<'a>(&'a self, name: &'a str) -> Read<'a, Option<User>>;
    /// Returns a session that has not expired at `now` (it ends at `expires_at` itself).
    fn session(&self, token_hash: Hash, now: i64) -> Read<'_, Option<Session>>;

    /// Returns all counterparties by name.
    fn peers(&self) -> Read<'_, Vec<Peer>>;
    /// Returns a counterparty by node id.
    fn peer<'a>(&'a self, id: &'a str) -> Read<'a, Option<Peer>>;
    /// Returns all drafts, the last touched first.
    fn drafts(&self) -> Read<'_, Vec<Draft>>;
    /// Returns a draft.
    fn draft<'a>(&'a self, id: &'a str) -> Read<'a, Option<Draft>>;

    /// Returns a page of contracts, newest first.
    fn contracts(&self, page: ContractPage) -> Read<'_, Vec<Contract>>;
    /// Returns a contract.
    fn contract(&self, id: Hash) -> Read<'_, Option<Contract>>;
    /// Returns up to `limit` contracts with something in common.
    fn contracts_which(&self, which: Which, limit: u32) -> Read<'_, Vec<Contract>>;
    /// Returns the ids of all contracts with a counterparty.
    fn contracts_of_peer<'a>(&'a self, peer: &'a str) -> Read<'a, Vec<Hash>>;
    /// Returns the sums over all contracts in which we are that side.
    fn totals(&self, our_side: Side) -> Read<'_, Totals>;
    /// Returns what is payable, not paid, and due by that day (from 1970 UTC): what we owe, or what is owed to us.
    fn due_by(&self, ours: bool, day: i64) -> Read<'_, u64>;
    /// Returns the entries of both chains in the order in which they were stored.
    fn entries(&self, contract: Hash) -> Read<'_, Vec<EntryRow>>;
    /// Returns the entries of a contract stored after `position`, in that order: the tail after a snapshot.
    fn entries_since(&self, contract: Hash, position: i64) -> Read<'_, Vec<EntryRow>>;
    /// Returns one author's chain after its first `count` entries, by seq: what a peer that has seen
    /// `count` is missing.
    fn entries_after(&self, contract: Hash, author: Side, count: u64) -> Read<'_, Vec<EntryRow>>;
    /// Returns an entry by its hash.
    fn entry(&self, hash: Hash) -> Read<'_, Option<EntryRow>>;
    /// Returns the evidence that an author has signed two entries for one place, as it came.
    fn forks(&self, contract: Hash) -> Read<'_, Vec<Fork>>;
    /// Returns undelivered entries whose next try is not after `now`: by contract, and by seq in it.
    fn outbox_due(&self, now: i64, limit: u32) -> Read<'_, Vec<OutboxRow>>;
    /// Returns all undelivered entries of a contract, by seq.
    fn outbox_waiting(&self, contract: Hash) -> Read<'_, Vec<OutboxRow>>;

    /// Returns an opening by our id.
    fn opening(&self, id: u128) -> Read<'_, Option<Opening>>;
    /// Returns a contract's openings, oldest first.
    fn openings(&self, contract: Hash) -> Read<'_, Vec<Opening>>;
    /// Returns the opening that carries out a `fund` entry.
    fn opening_by_fund(&self, fund_entry_hash: Hash) -> Read<'_, Option<Opening>>;
    /// Returns all openings that are not finished, oldest first.
    fn openings_unfinished(&self) -> Read<'_, Vec<Opening>>;

    /// Returns a payment we make.
    fn attempt(&self, payment_hash: Hash) -> Read<'_, Option<Attempt>>;
    /// Returns a contract's payments, oldest first.
    fn attempts(&self, contract: Hash) -> Read<'_, Vec<Attempt>>;
    /// Returns over which channels a contract's payments went or go, in the order of `attempts`.
    fn attempt_shares(&self, contract: Hash) -> Read<'_, Vec<AttemptShare>>;
    /// Returns all payments that neither succeeded nor failed, oldest first.
    fn attempts_unfinished(&self) -> Read<'_, Vec<Attempt>>;
    /// Returns an invoice we made.
    fn receivable(&self, payment_hash: Hash) -> Read<'_, Option<Receivable>>;
    /// Returns a contract's invoices that we made, oldest first.
    fn receivables(&self, contract: Hash) -> Read<'_, Vec<Receivable>>;

    /// Returns up to `limit` movements after position `after` (0: from the first), of one contract or
    /// (`None`) of the whole company, in the order in which they were written.
    fn ledger(&self, contract: Option<Hash>, after: i64, limit: u32) -> Read<'_, Vec<LedgerRow>>;
    /// Returns the sum of `amount_msat` over a kind of movement, of one contract or (`None`) of all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the sum does not fit 63 bits; it is never rounded.
    fn ledger_sum_msat<'a>(&'a self, contract: Option<Hash>, kind: &'a str) -> Read<'a, i64>;
}
