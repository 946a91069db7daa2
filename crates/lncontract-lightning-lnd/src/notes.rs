//! Our own notes about LND's channels and payments: small tables, one JSON file per row, all rows kept in memory.
//!
//! Invariant: a row is on disk before it is in memory, so what this process acted on, the next one finds. They are
//! notes: what LND knows better is asked of LND. LND's own files are never touched.
//! Compatibility: rows are read by later versions; new fields need `#[serde(default)]`.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::config::StartError;

/// A table by name; keys are plain names of files.
pub(crate) struct Table<T> {
    folder: PathBuf,
    rows: Mutex<BTreeMap<String, T>>,
}

/// Locks a mutex of our own; what each guards is whole after every statement.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Clone + PartialEq + Serialize + DeserializeOwned> Table<T> {
    /// Reads all rows. A row that can't be read refuses the start.
    pub(crate) fn load(dir: &Path, name: &str) -> Result<Self, StartError> {
        let folder = dir.join(name);
        let bad = |reason: String| StartError::Notes { dir: folder.clone(), reason };
        fs::create_dir_all(&folder).map_err(|error| bad(error.to_string()))?;
        let mut rows = BTreeMap::new();
        for entry in fs::read_dir(&folder).map_err(|error| bad(error.to_string()))? {
            let path = entry.map_err(|error| bad(error.to_string()))?.path();
            let Some(key) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) else {
                continue;
            };
            let bytes = fs::read(&path).map_err(|error| bad(error.to_string()))?;
            let row = serde_json::from_slice(&bytes).map_err(|error| bad(format!("{key}: {error}")))?;
            rows.insert(key.to_owned(), row);
        }
        Ok(Table { folder, rows: Mutex::new(rows) })
    }

    pub(crate) fn get(&self, key: &str) -> Option<T> {
        lock(&self.rows).get(key).cloned()
    }

    pub(crate) fn all(&self) -> Vec<(String, T)> {
        lock(&self.rows).iter().map(|(key, row)| (key.clone(), row.clone())).collect()
    }

    /// Writes a row to disk, then to memory; what is there already costs nothing.
    pub(crate) fn put(&self, key: &str, row: T) -> io::Result<()> {
        // Held while writing: two writers of one row reach disk and memory in the same order.
        let mut rows = lock(&self.rows);
        if rows.get(key) == Some(&row) {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&row).expect("our rows are plain structs with string keys");
        write(&self.folder, key, &bytes)?;
        rows.insert(key.to_owned(), row);
        Ok(())
    }

    pub(crate) fn remove(&self, key: &str) -> io::Result<()> {
        let mut rows = lock(&self.rows);
        if rows.contains_key(key) {
            fs::remove_file(self.folder.join(format!("{key}.json")))?;
            sync_folder(&self.folder)?;
            rows.remove(key);
        }
        Ok(())
    }
}

/// Beside, synced, renamed: a crash leaves the old row or the new one.
fn write(folder: &Path, key: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!("{key}.part"));
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, folder.join(format!("{key}.json")))?;
    sync_folder(folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_again_after_a_restart() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let table = Table::<u64>::load(dir.path(), "numbers").expect("an empty table");
        table.put("aa", 1).expect("written");
        table.put("bb", 2).expect("written");
        table.put("aa", 3).expect("written again");
        table.remove("bb").expect("removed");
        table.remove("cc").expect("nothing to remove");
        drop(table);
        let again = Table::<u64>::load(dir.path(), "numbers").expect("the same table");
        assert_eq!(again.all(), vec![("aa".to_owned(), 3)]);
        assert_eq!(again.get("bb"), None);
    }

    #[test]
    fn a_damaged_row_refuses_the_start_and_a_half_written_one_is_nobodys() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(dir.path().join("numbers")).expect("a folder");
        fs::write(dir.path().join("numbers/aa.part"), b"{").expect("written");
        assert_eq!(Table::<u64>::load(dir.path(), "numbers").expect("it is not looked at").all(), vec![]);
        fs::write(dir.path().join("numbers/aa.json"), b"{").expect("written");
        assert!(matches!(Table::<u64>::load(dir.path(), "numbers"), Err(StartError::Notes { .. })));
    }
}
