//! What a company keeps, behind one trait: SQLite today, one conformance suite. No other crate knows SQL.
//!
//! Invariant: every write goes through [`Store::commit`] (or [`Store::claim_job`]) and is applied whole or
//! not at all. The store knows no law and no node: it keeps bytes, strings and integers, and the few rules
//! that keep money from moving twice (unique hashes, compare-and-swap, append-only tables). It has no clock:
//! every time in it was given by the caller, in seconds since 1970 UTC. Amounts are integers; the unit stands
//! in the name. No type of this crate names a database except the backend itself.

mod change;
pub mod conformance;
mod error;
mod sqlite;
mod store;
mod subject;

pub use change::{Change, Changed, Subject};
pub use error::StoreError;
pub use sqlite::{Options, Schema, SqliteStore, staging};
pub use store::{BoxFuture, Store};
pub use subject::{
    Attempt, AttemptShare, AttemptState, AuditRow, Channels, Company, Contract, ContractCursor, ContractPage,
    Draft, Due, EntryRow, FinishJob, Fork, Job, LedgerRow, MarkDelivered, MoveAttempt, MoveReceivable,
    NewAttempt, NewAudit, NewEntry, NewJob, NewLedger, NewOutbox, NewReceivable, Opening, OutboxRow, Peer,
    PutDue, Receivable, ReceivableState, RetryJob, RetryOutbox, Sealed, Session, Setting, Side, Summary,
    Totals, User, Which,
};

/// 32 bytes: a contract id, an entry's hash, a payment hash, a preimage, a token's hash.
pub type Hash = [u8; 32];
