//! What a node's wallet does on chain beside channels: shows its coins, pays out, raises the fee of what waits.
//!
//! Money: what an order costs is told before, and an order names the most that it may cost. An order has an id of ours;
//! the same id again never pays twice. What is kept for closing channels is not paid out.

use bitcoin::{Address, OutPoint, Txid};

use crate::{BoxFuture, LightningError, OpeningId};

/// What a coin is good for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoinState {
    /// It may be spent.
    Free,
    /// No block holds it yet, or it is a coinbase that is not 100 blocks old.
    Waiting,
    /// Set aside: for an opening or splice under way, or for the fee of a closing channel.
    Held,
}

/// An output of our wallet that is not spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coin {
    /// Which.
    pub outpoint: OutPoint,
    /// What it holds.
    pub value_sat: u64,
    /// Its block's height; absent while it is not confirmed.
    pub height: Option<u32>,
    /// What it is good for.
    pub state: CoinState,
    /// What spending it costs at the fee rate of a day; one that costs more than it holds is not worth it.
    pub spend_fee_sat: u64,
}

/// A payment out of the wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayOut {
    /// To whom.
    pub to: Address,
    /// How much arrives; absent: all that may leave.
    pub amount_sat: Option<u64>,
    /// Within how many blocks it should confirm.
    pub within_blocks: u16,
}

/// What a payment out costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayOutCost {
    /// What arrives.
    pub amount_sat: u64,
    /// What the transaction costs.
    pub fee_sat: u64,
    /// What is left in the wallet and free then.
    pub left_sat: u64,
    /// Of it, what is kept for closing channels.
    pub reserve_sat: u64,
}

/// An order to pay out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdraw {
    /// Our id, chosen by the caller before the call.
    pub id: OpeningId,
    /// What.
    pub pay_out: PayOut,
    /// The most that it may cost.
    pub fee_sat_max: u64,
}

/// A payment out that was ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Our id.
    pub id: OpeningId,
    /// Its transaction.
    pub txid: Txid,
    /// To whom.
    pub to: String,
    /// What arrives.
    pub amount_sat: u64,
    /// What it costs.
    pub fee_sat: u64,
    /// Its block's height; absent while it is not confirmed.
    pub height: Option<u32>,
}

/// The wallet's side of a node that offers it. A node with tools of its own for this leaves it out.
pub trait Treasury: Send + Sync {
    /// Every coin.
    fn coins(&self) -> BoxFuture<'_, Result<Vec<Coin>, LightningError>>;
    /// What a payment out costs now.
    ///
    /// `Refused` says what is wrong, with the most that can be paid out.
    fn pay_out_cost(&self, pay_out: PayOut) -> BoxFuture<'_, Result<PayOutCost, LightningError>>;
    /// Pays out. It is on disk before it is sent, and sent again until a block holds it.
    fn withdraw(&self, order: Withdraw) -> BoxFuture<'_, Result<Withdrawal, LightningError>>;
    /// All payments out that were ordered.
    fn withdrawals(&self) -> BoxFuture<'_, Result<Vec<Withdrawal>, LightningError>>;
    /// What it costs to raise the fee of a transaction of ours that waits, by a child that spends our output of it.
    ///
    /// `Refused` says why it can't be raised.
    fn raise_cost(&self, txid: Txid, within_blocks: u16) -> BoxFuture<'_, Result<u64, LightningError>>;
    /// Raises it. Returns the child. The transaction itself stays as it is: the id of an opening's is the channel's.
    fn raise(
        &self,
        txid: Txid,
        within_blocks: u16,
        fee_sat_max: u64,
    ) -> BoxFuture<'_, Result<Txid, LightningError>>;
}
