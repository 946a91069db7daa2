//! What the wallet's pages show.

use serde::Serialize;

use super::Badge;

/// The wallet on chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TreasuryView {
    /// What may leave or fund a channel.
    pub free_sat: u64,
    /// All coins.
    pub total_sat: u64,
    /// What is kept for closing channels.
    pub reserve_sat: u64,
    /// On its way back from channels.
    pub closing_sat: u64,
    /// Whether this program keeps the wallet alone; else the node has tools of its own, and the lists are empty.
    pub own: bool,
    /// The largest first.
    pub coins: Vec<CoinRow>,
    /// Transactions that no block holds yet.
    pub waiting: Vec<WaitingRow>,
    /// What left as ordered here, the newest first.
    pub withdrawals: Vec<WithdrawalRow>,
}

/// A coin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoinRow {
    /// `txid:index`.
    pub outpoint: String,
    /// What it holds.
    pub value_sat: u64,
    /// Its block's height, once it has one.
    pub height: Option<u32>,
    /// What it is good for.
    pub state: Badge,
    /// What spending it costs without hurry.
    pub spend_fee_sat: u64,
}

/// A transaction that no block holds yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingRow {
    /// Its id.
    pub txid: String,
    /// What it is.
    pub what: String,
    /// What it costs, where that is known.
    pub fee_sat: Option<u64>,
}

/// What left the wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WithdrawalRow {
    /// Its transaction.
    pub txid: String,
    /// To whom.
    pub to: String,
    /// What arrives.
    pub amount_sat: u64,
    /// What it cost.
    pub fee_sat: u64,
    /// Its block's height, once it has one.
    pub height: Option<u32>,
    /// How far it is.
    pub state: Badge,
}

/// What a payment out of the wallet costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CostView {
    /// For the order: with it the order is carried out once.
    pub id: String,
    /// What arrives.
    pub amount_sat: u64,
    /// What the transaction costs.
    pub fee_sat: u64,
    /// What is left and free then.
    pub left_sat: u64,
    /// Of it, what is kept for closing channels.
    pub reserve_sat: u64,
}

/// What raising a fee costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RaiseView {
    /// What it costs; absent if it can't be raised.
    pub fee_sat: Option<u64>,
    /// Why not; empty if it can.
    pub reason: String,
}
