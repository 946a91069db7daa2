//! Tests of the chain as a whole, by subject, and the wallet they share.

mod blocks;
mod fees;
mod kit;
mod locks;
mod packages;
mod port;
mod property;
mod reorg;
mod scripts;
mod store;
