//! Small tables of our own in the node's key-value store: one JSON value per row, all rows kept in memory.
//!
//! Invariant: a row is on disk before it is in memory, so what this process acted on, the next one finds.
//! Compatibility: rows are read by later versions; new fields need `#[serde(default)]`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use lightning::{io, util::persist::KVStoreSync};
use serde::{Serialize, de::DeserializeOwned};

use crate::{config::StartError, health::lock, types::Store};

/// A table by name; keys are lower-case hexadecimal.
pub(crate) struct Table<T> {
    store: Arc<Store>,
    name: &'static str,
    rows: Mutex<BTreeMap<String, T>>,
}

impl<T: Clone + Serialize + DeserializeOwned> Table<T> {
    /// Reads all rows.
    pub(crate) fn load(store: Arc<Store>, name: &'static str) -> Result<Self, StartError> {
        let bad = |reason: String| StartError::State { part: name, reason };
        let mut rows = BTreeMap::new();
        for key in KVStoreSync::list(&*store, name, "").map_err(|error| bad(error.to_string()))? {
            let bytes = KVStoreSync::read(&*store, name, "", &key).map_err(|error| bad(error.to_string()))?;
            let row = serde_json::from_slice(&bytes).map_err(|error| bad(format!("row {key}: {error}")))?;
            rows.insert(key, row);
        }
        Ok(Table { store, name, rows: Mutex::new(rows) })
    }

    pub(crate) fn get(&self, key: &str) -> Option<T> {
        lock(&self.rows).get(key).cloned()
    }

    pub(crate) fn all(&self) -> Vec<(String, T)> {
        lock(&self.rows).iter().map(|(key, row)| (key.clone(), row.clone())).collect()
    }

    /// Writes a row to disk, then to memory.
    pub(crate) fn put(&self, key: &str, row: T) -> Result<(), io::Error> {
        let bytes = serde_json::to_vec(&row).expect("our rows are plain structs with string keys");
        // Held while writing: two writers of one row reach disk and memory in the same order.
        let mut rows = lock(&self.rows);
        KVStoreSync::write(&*self.store, self.name, "", key, bytes)?;
        rows.insert(key.to_owned(), row);
        Ok(())
    }

    /// Changes a row if there is one; says whether there was.
    pub(crate) fn update(&self, key: &str, change: impl FnOnce(&mut T)) -> Result<bool, io::Error> {
        let mut rows = lock(&self.rows);
        let Some(mut row) = rows.get(key).cloned() else { return Ok(false) };
        change(&mut row);
        let bytes = serde_json::to_vec(&row).expect("our rows are plain structs with string keys");
        KVStoreSync::write(&*self.store, self.name, "", key, bytes)?;
        rows.insert(key.to_owned(), row);
        Ok(true)
    }

    pub(crate) fn remove(&self, key: &str) -> Result<(), io::Error> {
        let mut rows = lock(&self.rows);
        KVStoreSync::remove(&*self.store, self.name, "", key, false)?;
        rows.remove(key);
        Ok(())
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The 32 bytes that [`hex`] wrote.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    use bitcoin::hex::FromHex;
    <[u8; 32]>::from_hex(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_again_after_a_restart() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let open = || Arc::new(Store::new(dir.path().to_path_buf()).expect("a store"));
        let table = Table::<u64>::load(open(), "numbers").expect("an empty table");
        table.put("aa", 1).expect("written");
        table.put("bb", 2).expect("written");
        assert!(table.update("aa", |row| *row += 10).expect("written"));
        assert!(!table.update("cc", |row| *row += 10).expect("nothing to write"));
        table.remove("bb").expect("removed");
        drop(table);
        let again = Table::<u64>::load(open(), "numbers").expect("the same table");
        assert_eq!(again.all(), vec![("aa".to_string(), 11)]);
        assert_eq!(again.get("bb"), None);
    }

    #[test]
    fn a_damaged_row_refuses_the_start() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Arc::new(Store::new(dir.path().to_path_buf()).expect("a store"));
        KVStoreSync::write(&*store, "numbers", "", "aa", b"{".to_vec()).expect("written");
        assert!(matches!(Table::<u64>::load(store, "numbers"), Err(StartError::State { .. })));
    }

    #[test]
    fn hexadecimal_goes_both_ways() {
        assert_eq!(unhex(&hex(&[7; 32])), Some([7; 32]));
        assert_eq!(unhex("07"), None);
    }
}
