//! Paying safely: money leaves at most once for one reason.
//!
//! - [`machine`]: the states of an attempt and what may follow what; pure.
//! - [`worker`]: does what the machine says, through store and node.

pub mod machine;
pub mod worker;
