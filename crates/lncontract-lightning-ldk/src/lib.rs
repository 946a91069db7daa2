//! The embedded direct-channel node, built on the LDK crates. The only crate that knows LDK.
//!
//! Invariant: unannounced channels to direct peers only, no forwarding, no gossip, no graph. Node state lives
//! in one folder, guarded by an OS lock, and is never restored from a copy. A fault in here stops the node,
//! never the program. It may touch its folder, its listening port, and the chain and host that it was given.
//!
//! The walk: [`LdkNode::start`] puts the parts together (`start`), `node` answers the port's calls through
//! `channels`, `payments`, `connect` and `wallet`; what LDK reports comes in through `events`; `watch` tells
//! the host how channels, peers and blocks stand now.

mod background;
mod balances;
mod bitcoind;
mod broadcast;
mod chain_source;
mod chain_sync;
mod channels;
mod claims;
mod compared;
mod config;
mod connect;
mod esplora;
mod events;
mod failure;
mod fees;
mod headers;
mod health;
mod inbound;
mod keys;
mod local_balance;
mod log;
mod messages;
mod node;
mod opening;
mod parts;
mod payments;
mod remembered;
mod router;
mod seed;
mod splices;
mod start;
mod table;
mod treasury;
mod types;
mod wallet;
mod watch;

pub use bitcoind::Bitcoind;
pub use compared::{Compared, Source, Tolerance};
pub use config::{CONFIRMATIONS, LdkConfig, RESERVE_FEE_RATE_SAT_PER_KWU, StartError};
pub use esplora::Esplora;
pub use node::LdkNode;
pub use seed::{SeedError, new_seed, seed_of_words, words_of_seed};
pub use start::check_starts;
