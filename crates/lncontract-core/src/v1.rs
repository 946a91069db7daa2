//! The shapes of law 1: one set of types is the terms file, the record's payload,
//! the JSON Schema and the API body.
//!
//! Compatibility: unknown fields are refused; a field is absent rather than null; amounts are decimal
//! strings; once a law has shipped, its shapes never change. `v: 0` has not shipped.

mod channel;
mod entry;
mod lookup;
mod terms;

pub use channel::*;
pub use entry::*;
pub use terms::*;
