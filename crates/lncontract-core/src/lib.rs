//! The law of the contract: terms, schedule, admit, fold, status.
//!
//! Architecture Invariant: this crate does no I/O, reads no clock, draws no randomness and uses no floats;
//! it knows no other crate of the workspace. The same entries in the same order give the same state,
//! bit for bit.

pub mod account;
mod bytes;
mod check;
pub mod coverage;
pub mod difference;
mod law;
mod money;
pub mod plan;
pub mod schedule;
pub mod state;
pub mod status;
pub mod table;
pub mod template;
mod time;
pub mod v1;

pub use bytes::{Bytes, Hash, NodeId, Preimage, Signature, XOnlyKey};
pub use check::{AMOUNT_MAX, COUNT_MAX, Fault, Faults, ROWS_MAX, Reason, check_terms};
pub use law::{
    AccountRefusal, ChannelRefusal, Effect, Misfit, MoneyRefusal, OfferRefusal, PerformanceRefusal, Refusal,
    admit, fold, misfits,
};
pub use money::{Msat, Overflow, Sat};
pub use state::Contract;
pub use status::{Status, status};
pub use time::{Time, TimeError};
