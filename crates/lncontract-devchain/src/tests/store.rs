//! The chain in a file and back.

use std::{fs, path::Path, sync::Arc};

use super::kit::{BEGIN_UNIX_S, Kind, Owner, Spend, chain, submit};
use crate::{DevChain, DevChainError};

fn load(path: &Path) -> Result<Arc<DevChain>, DevChainError> {
    DevChain::load(path, Arc::new(|| BEGIN_UNIX_S))
}

/// A chain with a branch left behind, a mined spend and one that waits, saved.
fn saved(path: &Path) -> Arc<DevChain> {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    submit(&chain, &Spend::of(&owner, &chain, coin, 1_000).build()).unwrap();
    chain.mine(2);
    chain.reorg(2, 3).unwrap();
    let coin = owner.funded(&chain, Kind::Segwit, 50_000);
    submit(&chain, &Spend::of(&owner, &chain, coin, 1_000).build()).unwrap();
    chain.save(path).unwrap();
    chain
}

#[test]
fn a_chain_comes_back_with_its_branches_and_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    let chain = saved(&path);
    let loaded = load(&path).unwrap();
    assert_eq!((loaded.tip_block(), loaded.mempool()), (chain.tip_block(), chain.mempool()));
    assert_eq!(loaded.total_sat(), chain.total_sat());
    let hashes = |chain: &DevChain| -> Vec<_> {
        chain.lock().ledger.arrivals().map(bitcoin::Block::block_hash).collect()
    };
    assert_eq!(hashes(&loaded), hashes(&chain), "also those left behind");
    // Both go on in the same way, and a second save replaces the first.
    assert_eq!(loaded.mine(1), chain.mine(1));
    loaded.save(&path).unwrap();
    assert_eq!(load(&path).unwrap().tip_block(), chain.tip_block());
}

#[test]
fn a_damaged_file_is_refused_and_the_place_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    saved(&path);
    let whole = fs::read(&path).unwrap();
    for (bytes, at_least) in [
        (whole[..whole.len() - 1].to_vec(), 9),
        (whole[..1_000].to_vec(), 9),
        ([&whole[..], &[0]].concat(), whole.len()),
        ([b"LNCDEVC2", &whole[8..]].concat(), 8),
    ] {
        fs::write(&path, bytes).unwrap();
        match load(&path) {
            Err(DevChainError::DamagedFile { at }) => assert!(at >= at_least as u64, "{at}"),
            other => panic!("expected a damaged file, got {other:?}"),
        }
    }
}

#[test]
fn a_changed_block_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    saved(&path);
    let mut bytes = fs::read(&path).unwrap();
    // In the Merkle root of the first block.
    bytes[8 + 1 + 40] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(load(&path), Err(DevChainError::Block(_))));
}
