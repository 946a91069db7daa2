//! Chains that part, for the tests of one source and of two.

use std::sync::Arc;

use bitcoin::{Address, Network, ScriptBuf, Transaction};
use lncontract_devchain::{Clock, DevChain};

/// A chain that is the same up to now, and goes its own way from here.
pub fn branch(chain: &DevChain) -> Arc<DevChain> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("chain");
    chain.save(&file).expect("written");
    let now = chain.now();
    let clock: Clock = Arc::new(move || now);
    let branch = DevChain::load(&file, clock).expect("a chain that was just written");
    // Blocks of another time are other blocks.
    branch.set_time(now + 60);
    branch
}

/// A transaction of the miner that no mempool has, but the miner's own.
pub fn waiting(chain: &DevChain) -> Transaction {
    let script = ScriptBuf::from_hex("0014751e76e8199196d454941c45d1b3a323f1433bd6").expect("a script");
    let address = Address::from_script(&script, Network::Regtest).expect("an address");
    let txid = chain.fund(&address, 250_000).expect("the miner has enough");
    chain.transaction(txid).expect("it waits").0
}
