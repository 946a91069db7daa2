//! The wallet's transactions: what moved coins on chain, for the account.
//!
//! Invariant: what is deep enough not to change is kept in memory; LND is asked only for what came since.

use std::collections::{BTreeMap, HashMap};

use bitcoin::{OutPoint, Transaction, Txid, consensus::deserialize, hex::FromHex};
use lncontract_lightning::{ForcedClose, LightningError, OnchainMovement};

use crate::{
    api::{self, Transactions, path},
    channels,
    parts::Parts,
    rpc::Fault,
};

/// Blocks after which a transaction is not asked for again.
const DEEP_BLOCKS: u32 = 144;

/// A transaction of the wallet, with what it spends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) movement: OnchainMovement,
    spends: Vec<OutPoint>,
}

/// Those that are deep, and up to which height.
#[derive(Default)]
pub(crate) struct Movements {
    deep: BTreeMap<Txid, Moved>,
    upto: u32,
}

/// All transactions of the wallet.
pub(crate) async fn all(parts: &Parts) -> Result<Vec<Moved>, LightningError> {
    parts.check()?;
    let mut kept = parts.movements.lock().await;
    let start_height = i32::try_from(kept.upto).unwrap_or(i32::MAX);
    let question = api::GetTransactions { start_height, end_height: -1 };
    let answer: Transactions =
        parts.rpc.call(path::GET_TRANSACTIONS, question).await.map_err(Fault::reading)?;
    let fresh: Vec<Moved> = answer.transactions.iter().filter_map(moved).collect();
    let height = parts.looked.lock().await.height;
    let deep = height.saturating_sub(DEEP_BLOCKS);
    let mut all = kept.deep.clone();
    all.extend(fresh.into_iter().map(|moved| (moved.movement.txid, moved)));
    let is_deep = |moved: &Moved| moved.movement.height.is_some_and(|height| height < deep);
    kept.deep =
        all.iter().filter(|(_, moved)| is_deep(moved)).map(|(id, moved)| (*id, moved.clone())).collect();
    kept.upto = deep;
    Ok(all.into_values().collect())
}

/// Which transaction of the wallet spends an output.
pub(crate) fn spenders(all: &[Moved]) -> HashMap<OutPoint, Txid> {
    let spends = |moved: &Moved| {
        let txid = moved.movement.txid;
        moved.spends.iter().map(move |spent| (*spent, txid)).collect::<Vec<_>>()
    };
    all.iter().flat_map(spends).collect()
}

/// Reads one. What LND lists and can't be read is left out, and told.
fn moved(listed: &api::Transaction) -> Option<Moved> {
    let raw = Vec::from_hex(&listed.raw_tx_hex).ok();
    let Some(tx) = raw.and_then(|raw| deserialize::<Transaction>(&raw).ok()) else {
        tracing::error!(txid = listed.tx_hash, "LND lists a transaction that can't be read");
        return None;
    };
    let ours = listed.output_details.iter().filter(|output| output.is_our_address);
    let received_sat: u64 = ours.map(|output| channels::sat(output.amount)).sum();
    let received = i64::try_from(received_sat).ok()?;
    let sent_sat = channels::sat(received.saturating_sub(listed.amount));
    let outputs_sat: u64 = tx.output.iter().map(|output| output.value.to_sat()).sum();
    let all_ours = sent_sat > 0 && listed.previous_outpoints.iter().all(|previous| previous.is_our_output);
    Some(Moved {
        movement: OnchainMovement {
            txid: tx.compute_txid(),
            received_sat,
            sent_sat,
            outputs_sat,
            fee_sat: all_ours.then(|| sent_sat.saturating_sub(outputs_sat)),
            height: u32::try_from(listed.block_height).ok().filter(|_| listed.num_confirmations > 0),
        },
        spends: tx.input.iter().map(|input| input.previous_output).collect(),
    })
}

/// The channels that one side closed alone, with what the wallet took of their outputs.
pub(crate) async fn forced_closes(parts: &Parts) -> Result<Vec<ForcedClose>, LightningError> {
    let all = all(parts).await?;
    let looked = channels::look(parts).await?;
    let mut closes = Vec::new();
    for seen in looked.channels.iter() {
        let row = parts.openings.get(&channels::row_key(seen.channel.opening));
        let Some(closing) = row.and_then(|row| row.closing).filter(|closing| closing.forced) else {
            continue;
        };
        let (Some(txid), Some(height)) = (closing.txid, closing.height) else { continue };
        let spent_by = all.iter().flat_map(|moved| {
            let of_it = moved.spends.iter().filter(|spent| spent.txid == txid);
            of_it.map(|spent| (spent.vout, moved.movement.txid))
        });
        closes.push(ForcedClose {
            opening: seen.channel.opening,
            txid,
            height: Some(height),
            outputs_sat: closing.outputs_sat,
            spent_by: spent_by.collect(),
        });
    }
    Ok(closes)
}
