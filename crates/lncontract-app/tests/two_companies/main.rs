//! Two companies on the real layers: program, store on disk, embedded nodes, a chain in the process.
//!
//! Invariant: every wait ends; each test has its own companies, folders, chain and clock. Money is compared
//! to the millisatoshi, with the nodes.

mod absent;
mod away;
mod by_hand;
mod cancelled;
mod expiry;
mod fail_back;
mod falls;
mod file;
mod forced;
mod forged;
mod full_disk;
mod heads;
mod https;
mod late;
mod lists;
mod milestone;
mod node_down;
mod old_folder;
mod refusals;
mod release;
mod restart;
mod resting;
mod share;
mod slow;
mod splice;
mod support;
mod treasury;
