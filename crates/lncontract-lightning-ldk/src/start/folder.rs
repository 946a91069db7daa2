//! The node's folder at its start: locked, and compared with the program's books before anything goes out.
//!
//! Invariant: a node starts only from the folder that it used last, beside the books that it told last. What
//! does not fit is refused before anything is written, connected or broadcast.
//!
//! An old channel state gives the whole channel to the peer; old books sign a place of the record twice. Both
//! are found out in two ways:
//! - *Starts are counted on both sides*: in the file `starts` of the folder, and in the books. In order: the
//!   file says "counted n" (synced); the books say n (committed); the file says "started n"; then the node
//!   connects. So a crash leaves the folder at "counted n" with the books at n - 1 or n, both good, and the
//!   same n is counted again, for nothing has left the node. Any other difference is an old copy.
//! - *What the books were told, the folder has*: it writes first, then tells. An opening, payment or receipt
//!   that only the books have was made after this copy of the folder; a funded channel that only the folder
//!   has was announced after this copy of the books.
//!
//! What this can't see: a copy made and brought back within one run, when nothing was opened or paid between.

use std::{
    fs::{File, TryLockError},
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use lncontract_lightning::{Host, NodeBooks};

use crate::{
    channels::{ChannelRow, opening_key},
    config::StartError,
    payments::PaymentRow,
    table::{Table, hex},
    types::Store,
};

const STARTS: &str = "starts";

/// What the folder says of its starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Starts {
    /// The books may not know of it yet; the node has not connected.
    Counted(u64),
    /// The books know.
    Started(u64),
}

/// A folder that is ours alone.
pub(super) struct Folder {
    pub(super) lock: File,
    pub(super) store: Arc<Store>,
    /// What the start is to be counted as; `None` where the program keeps no books.
    next: Option<u64>,
}

impl Folder {
    /// Locks the folder and compares it with the books.
    pub(super) async fn open(dir: &Path, host: &dyn Host) -> Result<Folder, StartError> {
        let books = host.books().await.map_err(|error| StartError::Books(error.to_string()))?;
        // First: a folder that is missing is not made where the books know one.
        let next = books.as_ref().map(|books| check_starts(dir, books)).transpose()?;
        let lock = lock_folder(dir)?;
        let store = Arc::new(Store::new(dir.join("state")).map_err(|error| StartError::Folder {
            doing: "opening the state",
            reason: format!("{error:?}"),
        })?);
        if let Some(books) = books {
            compare(dir, &store, &books)?;
        }
        Ok(Folder { lock, store, next })
    }

    /// Counts this start in the folder, then in the books.
    pub(super) async fn count(&self, dir: &Path, host: &dyn Host) -> Result<(), StartError> {
        let Some(next) = self.next else { return Ok(()) };
        let bad =
            |error: io::Error| StartError::Folder { doing: "counting starts", reason: error.to_string() };
        write_starts(dir, Starts::Counted(next)).map_err(bad)?;
        host.count_start(next).await.map_err(|error| StartError::Books(error.to_string()))?;
        write_starts(dir, Starts::Started(next)).map_err(bad)
    }
}

/// Compares the starts that a folder has counted with the books; returns what the next one counts as. Reads
/// one file.
///
/// # Errors
/// [`StartError::OldFolder`], [`StartError::OldBooks`]; [`StartError::State`] when the file can't be read.
pub fn check_starts(dir: &Path, books: &NodeBooks) -> Result<u64, StartError> {
    let store = books.starts;
    let (folder, ahead) = match read_starts(dir)? {
        Starts::Started(folder) => (folder, 0),
        // The books may be one behind.
        Starts::Counted(folder) => (folder, 1),
    };
    let why = format!("the folder has counted {folder} starts, the database {store}");
    if folder < store {
        return Err(StartError::OldFolder { dir: dir.to_path_buf(), why });
    }
    if folder > store + ahead {
        return Err(StartError::OldBooks { dir: dir.to_path_buf(), why });
    }
    Ok(store + 1)
}

fn read_starts(dir: &Path) -> Result<Starts, StartError> {
    let bad = |reason: String| StartError::State { part: STARTS, reason };
    let text = match std::fs::read_to_string(dir.join(STARTS)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Starts::Started(0)),
        Err(error) => return Err(bad(error.to_string())),
    };
    let count = |number: &str| number.parse().map_err(|_| bad(format!("it says {text:?}")));
    match text.trim().split_once(' ') {
        Some(("counted", number)) => Ok(Starts::Counted(count(number)?)),
        Some(("started", number)) => Ok(Starts::Started(count(number)?)),
        _ => Err(bad(format!("it says {text:?}"))),
    }
}

/// Replaces the file in one step; on disk when it returns.
fn write_starts(dir: &Path, starts: Starts) -> io::Result<()> {
    let text = match starts {
        Starts::Counted(number) => format!("counted {number}\n"),
        Starts::Started(number) => format!("started {number}\n"),
    };
    let new = dir.join("starts.new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(new, dir.join(STARTS))?;
    // The name is on disk with its folder; elsewhere a folder can't be opened as a file.
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    Ok(())
}

/// Compares what the folder holds with what the books were told.
fn compare(dir: &Path, store: &Arc<Store>, books: &NodeBooks) -> Result<(), StartError> {
    let channels = Table::<ChannelRow>::load(store.clone(), "channels")?;
    let payments = Table::<PaymentRow>::load(store.clone(), "payments")?;
    let receipts = Table::<u64>::load(store.clone(), "receipts")?;
    let old_folder = |why: String| StartError::OldFolder { dir: dir.to_path_buf(), why };
    for opening in &books.opened {
        let key = opening_key(*opening);
        if !channels.get(&key).is_some_and(|row| row.funded) {
            return Err(old_folder(format!("it does not have the channel {key}, which was open")));
        }
    }
    for hash in &books.sent {
        if !matches!(payments.get(&hex(hash)), Some(PaymentRow::Sent { .. })) {
            return Err(old_folder(format!("it does not have the payment {}, which was made", hex(hash))));
        }
    }
    for hash in &books.received {
        if receipts.get(&hex(hash)).is_none() {
            return Err(old_folder(format!("it does not have the payment {}, which came in", hex(hash))));
        }
    }
    let Some(announced) = &books.announced else { return Ok(()) };
    let announced: Vec<String> = announced.iter().map(|opening| opening_key(*opening)).collect();
    match channels.all().into_iter().find(|(key, row)| row.funded && !announced.contains(key)) {
        None => Ok(()),
        Some((key, _)) => Err(StartError::OldBooks {
            dir: dir.to_path_buf(),
            why: format!("the folder has the channel {key}, which the database does not know"),
        }),
    }
}

/// The OS lock on the folder: held by the file, freed with it, also by a crash.
fn lock_folder(dir: &Path) -> Result<File, StartError> {
    let bad = |error: io::Error| StartError::Folder { doing: "locking it", reason: error.to_string() };
    make_private(dir).map_err(bad)?;
    let file = File::create(dir.join("lock")).map_err(bad)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::Locked(dir.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(bad(error)),
    }
}

/// Only this user may look inside: the folder holds channel states and preimages.
fn make_private(dir: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests {
    use lncontract_lightning::OpeningId;

    use super::*;

    fn books(starts: u64) -> NodeBooks {
        NodeBooks { starts, ..Default::default() }
    }

    /// `expect`: what the start counts as; or which of the two is old.
    fn check(folder: Option<Starts>, store: u64, expect: Result<u64, &str>) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        if let Some(starts) = folder {
            write_starts(dir.path(), starts).expect("written");
        }
        let found = check_starts(dir.path(), &books(store)).map_err(|error| match error {
            StartError::OldFolder { .. } => "folder",
            StartError::OldBooks { .. } => "books",
            other => panic!("{other}"),
        });
        assert_eq!(found, expect, "{folder:?}, the database {store}");
    }

    #[test]
    fn an_ordinary_crash_counts_the_same_start_again_and_any_other_difference_is_an_old_copy() {
        check(None, 0, Ok(1));
        check(Some(Starts::Started(5)), 5, Ok(6));
        // Killed before the books had it; between the books and the second mark.
        check(Some(Starts::Counted(6)), 5, Ok(6));
        check(Some(Starts::Counted(6)), 6, Ok(7));
        // A folder from a copy, or none where there was one.
        check(None, 1, Err("folder"));
        check(Some(Starts::Started(4)), 5, Err("folder"));
        check(Some(Starts::Counted(5)), 6, Err("folder"));
        // A database from a copy: one start old is found out too, once the folder knows that the books knew.
        check(Some(Starts::Started(6)), 5, Err("books"));
        check(Some(Starts::Counted(7)), 5, Err("books"));
        check(Some(Starts::Started(1)), 0, Err("books"));
    }

    #[test]
    fn a_damaged_count_is_no_count() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for damaged in ["", "started", "started -1", "begun 1"] {
            std::fs::write(dir.path().join(STARTS), damaged).expect("written");
            let refused = check_starts(dir.path(), &books(0));
            assert!(matches!(refused, Err(StartError::State { part: STARTS, .. })), "{damaged:?}");
        }
    }

    #[test]
    fn what_only_one_of_the_two_has_names_the_old_one() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Arc::new(Store::new(dir.path().join("state")).expect("a store"));
        let table = |name| Table::<u64>::load(store.clone(), name).expect("a table");
        let payments = Table::<PaymentRow>::load(store.clone(), "payments").expect("a table");
        let channels = Table::<ChannelRow>::load(store.clone(), "channels").expect("a table");
        let peer = bitcoin::secp256k1::SecretKey::from_slice(&[1; 32]).expect("a key");
        let peer = peer.public_key(&bitcoin::secp256k1::Secp256k1::new());
        let told = NodeBooks {
            starts: 3,
            announced: Some(vec![OpeningId(1)]),
            opened: vec![OpeningId(1)],
            sent: vec![[2; 32]],
            received: vec![[3; 32]],
        };
        let old = |books: &NodeBooks| match compare(dir.path(), &store, books) {
            Ok(()) => "none".to_owned(),
            Err(StartError::OldFolder { why, .. }) => format!("folder: {why}"),
            Err(StartError::OldBooks { why, .. }) => format!("books: {why}"),
            Err(other) => panic!("{other}"),
        };
        let starts = |text: String, expect: &str| assert!(text.starts_with(expect), "{text}");
        starts(old(&told), "folder: it does not have the channel");
        let mut row = ChannelRow::ordered(peer, true, 1_000_000);
        channels.put(&opening_key(OpeningId(1)), row.clone()).expect("written");
        starts(old(&told), "folder: it does not have the channel");
        row.funded = true;
        channels.put(&opening_key(OpeningId(1)), row.clone()).expect("written");
        payments.put(&hex(&[2; 32]), PaymentRow::Asked).expect("written");
        starts(old(&told), "folder: it does not have the payment 0202");
        payments.put(&hex(&[2; 32]), PaymentRow::Sent { preimage: [9; 32], fee_msat: 0 }).expect("written");
        starts(old(&told), "folder: it does not have the payment 0303");
        table("receipts").put(&hex(&[3; 32]), 1).expect("written");
        starts(old(&told), "none");
        // What the folder wrote and could not tell any more is told at the next start: nothing is old.
        payments.put(&hex(&[4; 32]), PaymentRow::Sent { preimage: [9; 32], fee_msat: 0 }).expect("written");
        channels.put(&opening_key(OpeningId(7)), ChannelRow::ordered(peer, true, 1)).expect("written");
        starts(old(&told), "none");
        channels.put(&opening_key(OpeningId(8)), row).expect("written");
        starts(old(&told), "books: the folder has the channel");
        starts(old(&NodeBooks { announced: None, ..told }), "none");
    }
}
