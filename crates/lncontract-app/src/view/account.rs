//! The view of a final account.

use lncontract_core::Hash;
use serde::Serialize;

/// What a contract came to, before and after both have signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountView {
    /// By milestone.
    pub lines: Vec<AccountLine>,
    /// What the buyer owed and paid in all.
    pub buyer: AccountSums,
    /// What the seller owed and paid in all.
    pub seller: AccountSums,
    /// The rows that are still open.
    pub open: Vec<String>,
    /// Whether we may sign it now.
    pub can_sign: bool,
    /// Whether we have signed exactly this.
    pub signed_by_us: bool,
    /// Whether they have.
    pub signed_by_them: bool,
    /// What is signed: the hash of the account.
    pub hash: Hash,
}

/// What a milestone came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountLine {
    /// Its title.
    pub title: String,
    /// Whether we paid it.
    pub ours: bool,
    /// Its money.
    pub sums: AccountSums,
}

/// The money of an account or of a line of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AccountSums {
    /// Owed.
    pub owed_sat: u64,
    /// Paid of it.
    pub paid_sat: u64,
    /// Paid for nothing: owed back.
    pub credited_sat: u64,
    /// Held back.
    pub retained_sat: u64,
}
