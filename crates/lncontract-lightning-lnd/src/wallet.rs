//! The wallet's money: what is there, what is free, what comes back.
//!
//! Invariant: LND reserves nothing for unannounced channels, so we do: what closing them may need is not offered for
//! funding another one.

use bitcoin::{Address, Txid};
use lncontract_lightning::{Balances, ChannelState, LightningError, OpenFailure};

use crate::{
    api::{self, ChannelBalance, WalletBalance, path},
    channels::{self, Looked, sat},
    movements,
    parts::Parts,
    rpc::Fault,
};

/// What is kept for each channel's closing, and at the most for all: what LND keeps for announced ones.
const RESERVE_SAT: u64 = 10_000;
const RESERVE_MOST_SAT: u64 = 100_000;
/// Virtual bytes of a funding transaction without inputs (header, an output for the channel, P2WSH, and one for change,
/// P2TR), and of each input (P2TR or P2WPKH, the larger one).
const FUNDING_VBYTES: u64 = 11 + 43 + 43;
const INPUT_VBYTES: u64 = 68;
/// Inputs that a funding transaction is expected to have at the most.
const INPUTS_MOST: u64 = 10;

/// Where the node's money is.
pub(crate) async fn balances(parts: &Parts) -> Result<Balances, LightningError> {
    let looked = channels::look(parts).await?;
    let wallet = parts.rpc.call::<_, WalletBalance>(path::WALLET_BALANCE, api::Nothing {});
    let in_channels = parts.rpc.call::<_, ChannelBalance>(path::CHANNEL_BALANCE, api::Nothing {});
    let (wallet, in_channels) = tokio::try_join!(wallet, in_channels).map_err(Fault::reading)?;
    let msat = |amount: Option<api::Amount>| amount.unwrap_or_default().msat;
    let told_msat = msat(in_channels.local) + msat(in_channels.pending_open_local);
    Ok(Balances {
        onchain_spendable_sat: sat(wallet.confirmed_balance),
        onchain_total_sat: sat(wallet.total_balance) + sat(wallet.locked_balance),
        anchor_reserve_sat: reserve_sat(&looked, 0),
        channels_msat: told_msat + looked.held_back_sat * 1_000,
        closing_sat: looked.limbo_sat + coming_back_sat(parts, &looked).await?,
    })
}

/// What was ours in channels whose closing transaction no block holds yet. LND's wallet may count its output already.
async fn coming_back_sat(parts: &Parts, looked: &Looked) -> Result<u64, LightningError> {
    let is_closing = |state: &ChannelState| matches!(state, ChannelState::Closing { .. });
    let closing: Vec<_> = looked.channels.iter().filter(|seen| is_closing(&seen.channel.state)).collect();
    if closing.is_empty() {
        return Ok(0);
    }
    let unconfirmed = movements::all(parts).await?;
    let counted = |txid: &Txid| {
        unconfirmed.iter().any(|moved| moved.movement.txid == *txid && moved.movement.height.is_none())
    };
    let spent = movements::spenders(&unconfirmed);
    let waits = |funding: &bitcoin::OutPoint| !spent.get(funding).is_some_and(counted);
    let waiting = closing.iter().filter(|seen| seen.channel.funding.as_ref().is_some_and(waits));
    Ok(waiting.map(|seen| seen.channel.local_msat / 1_000).sum())
}

/// What is kept for closing the channels there are, and so many more.
fn reserve_sat(looked: &Looked, more: u64) -> u64 {
    let is_there = |state: &ChannelState| {
        matches!(state, ChannelState::Open { .. } | ChannelState::Pending { .. } | ChannelState::Requested)
    };
    let there = looked.channels.iter().filter(|seen| is_there(&seen.channel.state)).count() as u64;
    (RESERVE_SAT * (there + more)).min(RESERVE_MOST_SAT)
}

/// Whether a channel of that size can be funded, before anybody is asked: a deposit of just what is missing helps.
pub(crate) async fn can_fund(parts: &Parts, amount_sat: u64) -> Result<(), LightningError> {
    let looked = channels::look(parts).await?;
    let coins = api::ListUnspent { min_confs: 1, max_confs: i32::MAX };
    let coins = parts.rpc.call::<_, api::Unspent>(path::LIST_UNSPENT, coins);
    let wallet = parts.rpc.call::<_, WalletBalance>(path::WALLET_BALANCE, api::Nothing {});
    let rate = api::FeeTarget { conf_target: FUNDING_TARGET_BLOCKS };
    let rate = parts.rpc.call::<_, api::FeeRate>(path::WALLET_ESTIMATE_FEE, rate);
    let (coins, wallet, rate) = tokio::try_join!(coins, wallet, rate).map_err(Fault::reading)?;
    let inputs = (coins.utxos.len() as u64).clamp(1, INPUTS_MOST);
    let needed_sat = |inputs: u64| {
        let vbytes = FUNDING_VBYTES + inputs * INPUT_VBYTES;
        let fee_sat = (sat(rate.sat_per_kw) * 4 * vbytes).div_ceil(1_000);
        amount_sat + fee_sat + reserve_sat(&looked, 1)
    };
    let available_sat = sat(wallet.confirmed_balance);
    if available_sat >= needed_sat(inputs) {
        return Ok(());
    }
    // The deposit that is missing is one input more.
    let needed_sat = needed_sat(inputs + 1);
    let missing_sat = needed_sat - available_sat;
    Err(LightningError::Open(OpenFailure::InsufficientFunds { needed_sat, available_sat, missing_sat }))
}

/// Blocks in which a funding transaction should confirm.
pub(crate) const FUNDING_TARGET_BLOCKS: i32 = 6;

/// A fresh deposit address (P2WPKH).
pub(crate) async fn new_address(parts: &Parts) -> Result<Address, LightningError> {
    parts.check()?;
    let question = api::NewAddress { address_type: 0 };
    let answer: api::Address = parts.rpc.call(path::NEW_ADDRESS, question).await.map_err(Fault::reading)?;
    let network = parts.config.network;
    let address =
        answer.address.parse::<Address<_>>().ok().and_then(|address| address.require_network(network).ok());
    address.ok_or_else(|| LightningError::Misconfigured {
        reason: format!("LND gives {}, which is no address of {network}", answer.address),
    })
}
