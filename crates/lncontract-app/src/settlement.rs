//! Paying safely: money leaves at most once for one reason.
//!
//! - [`machine`]: the states of an attempt and what may follow what; pure.
//! - [`worker`]: does what the machine says, through store and node.
//! - `by_hand`: what somebody paid at our node without this program is taken up.

pub(crate) mod by_hand;
pub mod machine;
pub mod worker;
