//! The data directory: who may read it, and the lock that keeps a second program out.
//!
//! Invariant: while a [`Home`] lives, no other one of the same directory does, in this process or another.
//! The lock is the operating system's, so it ends with the process, however that ends; the file stays.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::StoreError;

/// The database's file in the data directory.
const DATABASE: &str = "lncontract.db";
/// The file that is locked; it stays empty.
const LOCK: &str = "lock";

/// A data directory that is ours alone.
pub(super) struct Home {
    database: PathBuf,
    _lock: File,
}

impl Home {
    /// Takes the directory, or makes it.
    pub(super) fn take(dir: &Path) -> Result<Self, StoreError> {
        make_private_dir(dir).map_err(|source| at(dir, source))?;
        let lock_path = dir.join(LOCK);
        let lock = open_private(&lock_path).map_err(|source| at(&lock_path, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { dir: dir.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(at(&lock_path, source)),
        }
        // Made here and not by SQLite, which would let others read it; its log files copy this one's mode.
        let database = database_in(dir);
        open_private(&database).map_err(|source| at(&database, source))?;
        Ok(Self { database, _lock: lock })
    }

    /// Names this directory in an error of the database, which does not know it.
    pub(super) fn named(&self, error: StoreError) -> StoreError {
        match (error, self.database.parent()) {
            (StoreError::Full { .. }, Some(dir)) => {
                StoreError::Full { place: format!("the disk of {}", dir.display()) }
            }
            (other, _) => other,
        }
    }

    /// Returns where the database is.
    pub(super) fn database(&self) -> &Path {
        &self.database
    }
}

/// Returns where the database of a data directory is.
pub(super) fn database_in(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
}

fn at(path: &Path, source: io::Error) -> StoreError {
    StoreError::Path { path: path.to_owned(), source }
}

fn make_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    set_mode(dir, 0o700)
}

fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    set_mode(path, 0o600)?;
    Ok(file)
}

/// Narrows what was made earlier, by hand or by an unpacked backup; left alone where it is right already,
/// because only its owner may change it.
#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let present = std::fs::metadata(path)?.permissions().mode() & 0o777;
    if present == mode { Ok(()) } else { std::fs::set_permissions(path, PermissionsExt::from_mode(mode)) }
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}
