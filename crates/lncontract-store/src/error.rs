//! Why the store did not do what was asked: few classes a caller acts on.
//!
//! Invariant: after any of these nothing of the commit is in the store, with one exception that says so:
//! [`StoreError::Unavailable`] at the very end of a commit may leave it either whole or absent.

use std::path::PathBuf;

/// Why a read or a commit failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody was faster, or it is done already: read again and decide anew. Never repeat it unchanged.
    #[error("{subject} {key}: found {found}, expected {expected}; read it again and decide anew")]
    Conflict {
        /// The table's subject.
        subject: &'static str,
        /// Which one (hashes in hex).
        key: String,
        /// What the store holds.
        found: String,
        /// What the change counted on.
        expected: String,
    },
    /// The change breaks a rule of the store: a fault of the program that asked, not of the moment.
    #[error("the change breaks a rule of the store: {rule}")]
    Invalid {
        /// The constraint's name, or the rule in words.
        rule: String,
    },
    /// No space is left; nothing of the commit was written.
    #[error("no space is left on {place}; nothing was written: free space there, then try again")]
    Full {
        /// Where the database is, in words.
        place: String,
    },
    /// A newer program has been at this database.
    #[error("the database has schema {found}, this program knows {known}: start the newer program again")]
    Newer {
        /// The last migration in the database.
        found: i64,
        /// The last one this program has.
        known: i64,
    },
    /// Another program holds the data directory.
    #[error("{} is in use: stop the other program, or give this one another directory", dir.display())]
    InUse {
        /// The data directory.
        dir: PathBuf,
    },
    /// The database holds what this program can't have written: stop, and restore a backup.
    #[error("the database is damaged: {what}; keep a copy of it and restore a backup")]
    Damaged {
        /// Which table and column, or the database's own words.
        what: String,
    },
    /// A file or directory could not be made or opened.
    #[error("cannot use {}: check that it exists and that this program may write it", path.display())]
    Path {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Not reachable now; the same call may be made again after a look at what is there.
    #[error("the database is not available now; look whether the change is there, then try again")]
    Unavailable {
        /// The driver's answer.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
