//! Whether the node's folder and the company's database belong together, or one of them came back from a copy.
//!
//! Invariant: the same comparison as at the start of the node, and nothing is counted. Beside a running program
//! nothing is compared: its counts move, and it has compared them itself.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use lncontract_app::NODE_STARTS;
use lncontract_lightning::NodeBooks;
use lncontract_lightning_ldk::{StartError, check_starts};
use lncontract_store::SqliteStore;

use super::Finding;
use crate::wire::NODE_DIR;

/// What to do when the counts themselves can't be read.
const UNREADABLE: &str = "put back the folder and the database that ran last; nothing else is known to fit";

/// The starts that folder and database have counted.
pub async fn starts(dir: &Path) -> Finding {
    let what = "starts";
    // Held while we look: no program starts in between.
    let lock = File::open(dir.join("lock")).map(|file| (file.try_lock_shared(), file));
    if let Ok((Err(TryLockError::WouldBlock), _)) = &lock {
        return Finding::well(what, "not compared while the program runs: it did that at its start");
    }
    let store = match SqliteStore::setting_of(dir, NODE_STARTS).await {
        Ok(stored) => stored.unwrap_or_else(|| "0".to_owned()),
        Err(error) => return Finding::wrong(what, error.to_string(), "see what is said of the database"),
    };
    let Ok(starts) = store.parse() else {
        return Finding::wrong(what, format!("the database says {store:?}"), UNREADABLE);
    };
    let books = NodeBooks { starts, ..NodeBooks::default() };
    match check_starts(&dir.join(NODE_DIR), &books) {
        Ok(next) => Finding::well(what, format!("folder and database fit: the next start is number {next}")),
        Err(error @ (StartError::OldFolder { .. } | StartError::OldBooks { .. })) => {
            Finding::wrong(what, error.to_string(), "nothing was written; serve refuses to start the node so")
        }
        Err(error) => Finding::wrong(what, error.to_string(), UNREADABLE),
    }
}
