//! The ports: what the program asks of a Lightning node and of a chain, and what a node asks of the program.
//!
//! Architecture Invariant: no adapter's API is known here, and no contract law. Amounts are integers:
//! satoshi on chain (`_sat`), millisatoshi on Lightning (`_msat`), block counts and heights in blocks.

mod chain;
pub mod conformance;
mod error;
mod fake;
mod host;
mod node;
mod treasury;

pub use chain::{BlockRef, Chain, ChainError, HeaderAt};
pub use error::{By, LightningError, OpenFailure};
pub use fake::{Behind, Clock as FakeClock, FakeLightning, FakeNetwork};
pub use host::{
    Admission, Claim, Host, InboundChannel, InboundSplice, NodeBooks, NodeEvent, NotRecorded, SpliceAdmission,
};
pub use node::*;
pub use treasury::*;

use std::{future::Future, pin::Pin};

/// A boxed future: keeps the traits object-safe, and each adapter's generics compiled in its own crate.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
