//! A regtest chain in the process: blocks and transactions on demand, by the rules of the real network.
//!
//! For the sandbox and for tests, in place of bitcoind on regtest: the miner makes a block when told to, the
//! clock is the one it is given, and a reorganisation is one call. The rules are those of the main network:
//! scripts are judged by libbitcoinconsensus with Taproot, lock times and relative locks by height and median
//! time past, and every block again when it is connected. Fees, replacement, packages, dust and version 3 are
//! judged after Bitcoin Core's policy, where the two differ the stricter way.
//!
//! ```
//! use bitcoin::{Address, Network, ScriptBuf};
//! use lncontract_devchain::DevChain;
//!
//! let chain = DevChain::with_wall_clock();
//! let script = ScriptBuf::from_hex("0014751e76e8199196d454941c45d1b3a323f1433bd6")?;
//! let address = Address::from_script(&script, Network::Regtest)?;
//! let txid = chain.fund(&address, 250_000)?;
//! assert_eq!(chain.mempool(), [txid]);
//! let block = chain.mine(1)[0];
//! assert_eq!(chain.transaction(txid).and_then(|(_, mined)| mined), Some(block));
//! assert_eq!(chain.address_balance_sat(&script), 250_000);
//!
//! chain.reorg_empty(1, 2)?;
//! assert_eq!(chain.mempool(), [txid]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Architecture Invariant: implements the chain port and knows no node's API. Consensus (`check`, `ledger`)
//! is kept apart from what nodes prefer to relay (`policy`, `mempool`); `script` alone knows
//! libbitcoinconsensus. No network, and no file but the one that [`DevChain::save`] is given.
//!
//! Not here: difficulty changes, peers, the standard forms of scripts and witnesses (a node might not relay
//! what is taken here), limits of a full mempool, and a block's "no more than two hours ahead", since the
//! sandbox moves its clock.

mod check;
mod devchain;
mod error;
mod ledger;
mod mempool;
mod mine;
mod miner;
mod policy;
mod port;
mod reorg;
mod script;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod view;

pub use devchain::{Clock, DevChain, FEE_RATE_MIN_SAT_PER_KWU, PREMINED_BLOCKS};
pub use error::{BlockReject, DevChainError, Reject};
