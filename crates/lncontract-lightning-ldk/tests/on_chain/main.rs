//! Two embedded nodes and what only the chain decides: an old state that somebody brings out again.
//!
//! Invariant: every wait ends; what a block holds is compared to the satoshi.

mod old_folder;
mod support;
