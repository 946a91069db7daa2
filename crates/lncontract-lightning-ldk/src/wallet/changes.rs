//! The wallet's state on disk: one base and numbered changes after it, merged at start.
//!
//! Invariant: a change is on disk before the wallet's effect leaves this process. Changes merge to the same
//! state in any number of repetitions, so a crash while they are gathered into a new base does no harm.

use std::sync::Arc;

use bdk_wallet::{ChangeSet, chain::Merge};
use lightning::{io, util::persist::KVStoreSync};

use crate::{config::StartError, types::Store};

const BASE: (&str, &str, &str) = ("wallet", "", "base");
const CHANGES: (&str, &str) = ("wallet", "changes");
/// So many changes are gathered into a new base, to keep a start fast.
const GATHER_AFTER: u64 = 1_000;

/// The file set of one wallet.
pub(crate) struct Changes {
    store: Arc<Store>,
    next: u64,
    count: u64,
}

impl Changes {
    /// Reads what is there; `None` if there is no wallet yet.
    pub(crate) fn load(store: Arc<Store>) -> Result<(Self, Option<ChangeSet>), StartError> {
        let bad = |reason: String| StartError::State { part: "wallet", reason };
        let read = |area: &str, key: &str| match KVStoreSync::read(&*store, BASE.0, area, key) {
            Ok(bytes) => {
                serde_json::from_slice::<ChangeSet>(&bytes).map(Some).map_err(|e| bad(e.to_string()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(bad(error.to_string())),
        };
        let mut state = read(BASE.1, BASE.2)?;
        let mut keys =
            KVStoreSync::list(&*store, CHANGES.0, CHANGES.1).map_err(|error| bad(error.to_string()))?;
        keys.sort();
        for key in &keys {
            let Some(change) = read(CHANGES.1, key)? else { continue };
            match &mut state {
                Some(state) => state.merge(change),
                None => state = Some(change),
            }
        }
        let last = keys.last().map(|key| key.parse::<u64>().map_err(|error| bad(format!("{key}: {error}"))));
        let next = last.transpose()?.map_or(0, |last| last + 1);
        Ok((Changes { store, next, count: keys.len() as u64 }, state))
    }

    /// Appends a change; says whether it is time to gather.
    pub(crate) fn append(&mut self, change: &ChangeSet) -> Result<bool, io::Error> {
        let bytes = serde_json::to_vec(change)
            .map_err(|error| io::Error::new(io::ErrorKind::Other, error.to_string()))?;
        KVStoreSync::write(&*self.store, CHANGES.0, CHANGES.1, &key(self.next), bytes)?;
        self.next += 1;
        self.count += 1;
        Ok(self.count >= GATHER_AFTER)
    }

    /// Merges base and changes on disk into a new base, then removes the changes.
    pub(crate) fn gather(&mut self) -> Result<(), StartError> {
        let bad = |reason: String| StartError::State { part: "wallet", reason };
        let (again, state) = Changes::load(self.store.clone())?;
        let Some(state) = state else { return Ok(()) };
        let bytes = serde_json::to_vec(&state).map_err(|error| bad(error.to_string()))?;
        KVStoreSync::write(&*self.store, BASE.0, BASE.1, BASE.2, bytes).map_err(|e| bad(e.to_string()))?;
        // The last one stays, so that numbers never start again below an old change.
        let first = again.next.saturating_sub(again.count);
        for number in first..again.next.saturating_sub(1) {
            KVStoreSync::remove(&*self.store, CHANGES.0, CHANGES.1, &key(number), true)
                .map_err(|error| bad(error.to_string()))?;
        }
        self.count = 1;
        Ok(())
    }
}

/// Fixed width, so that names sort as numbers.
fn key(number: u64) -> String {
    format!("{number:016}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::{BlockHash, hashes::Hash};

    fn block(height: u32) -> ChangeSet {
        let mut change = ChangeSet::default();
        change.local_chain.blocks.insert(height, Some(BlockHash::from_byte_array([height as u8; 32])));
        change
    }

    #[test]
    fn changes_come_back_in_order_before_and_after_they_are_gathered() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let open = || Arc::new(Store::new(dir.path().to_path_buf()).expect("a store"));
        let (mut changes, none) = Changes::load(open()).expect("empty");
        assert!(none.is_none());
        for height in 0..12 {
            assert!(!changes.append(&block(height)).expect("written"));
        }
        let heights = |state: Option<ChangeSet>| state.expect("a wallet").local_chain.blocks.len();
        assert_eq!(heights(Changes::load(open()).expect("read").1), 12);
        changes.gather().expect("gathered");
        changes.append(&block(12)).expect("written");
        let (again, state) = Changes::load(open()).expect("read");
        assert_eq!(heights(state), 13);
        assert_eq!((again.next, again.count), (13, 2), "numbers go on");
    }
}
