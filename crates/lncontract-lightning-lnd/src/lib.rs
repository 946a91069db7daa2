//! The company's own LND over gRPC. The only crate that knows LND's API.
//!
//! Invariant: LND belongs to the company, not to this program: it may be used by others at the same time, and nothing
//! here counts on being alone. It may touch its own folder of notes and the LND that it was given, with the rights of
//! the macaroons that it was given. A fault in here stops no program.
//!
//! The walk: [`LndNode::start`] puts the parts together (`start`), `node` answers the port's calls through `channels`,
//! `opening`, `invoices`, `payments`, `peers` and `wallet`; what LND reports comes in through tasks of the same rooms;
//! `watch` tells the host how channels, peers and blocks stand now. `rpc` is the one way to LND, `api` its messages,
//! `words` its texts.

mod acceptor;
mod api;
mod channels;
mod closings;
mod config;
mod confirmations;
mod invoices;
mod limits;
mod macaroon;
mod movements;
mod node;
mod notes;
mod opening;
#[cfg(feature = "own-calls")]
mod own_calls;
mod parts;
mod payments;
mod peers;
mod pinned;
mod rights;
mod rpc;
mod start;
mod wallet;
mod watch;
mod words;

pub use config::{AccessError, LndAccess, LndConfig, StartError};
pub use macaroon::{Macaroon, Macaroons, NoMacaroon};
pub use node::LndNode;
#[cfg(feature = "own-calls")]
pub use own_calls::OwnCalls;
pub use rights::{Ability, ROLES, Report, Role, report};
