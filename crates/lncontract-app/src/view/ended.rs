//! The view of a contract that has ended: its account and its evidence.

use lncontract_core::{Hash, Time};
use serde::Serialize;

use super::AccountView;

/// What is left of a contract that both companies have closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndedView {
    /// What it came to.
    pub account: AccountView,
    /// Who signed that, and when.
    pub signed: Vec<(String, Time)>,
    /// What it cost and brought on chain, as far as our node knows.
    pub onchain: Option<OnchainView>,
    /// Each company's chain: its name, how many entries, the last one.
    pub heads: Vec<(String, u64, Hash)>,
    /// Hash of the terms in force at the end.
    pub terms_hash: Hash,
}

/// Our money of the contract on chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OnchainView {
    /// Put into the contract's channels by us.
    pub funded_sat: u64,
    /// Come back to our wallet from closed channels and splices.
    pub returned_sat: u64,
    /// Fees of the transactions that we paid for.
    pub fees_sat: u64,
    /// In the contract's channels still, or on its way back.
    pub there_sat: u64,
}
