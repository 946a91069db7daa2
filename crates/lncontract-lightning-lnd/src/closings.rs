//! Channels that end: what LND says of them, and the closing transaction as the block has it.
//!
//! Invariant: height, outputs and manner of a close come from the block itself, not from LND's books, so both companies
//! say the same of it, and the account is made from what the chain holds. Blocks are searched from where the channel
//! was seen alive last; a channel that is gone and whose end no block shows yet is closing.

use bitcoin::{Block, OutPoint, Transaction, Txid, consensus::deserialize};
use lncontract_lightning::{ChannelState, OpenFailure};
use serde::{Deserialize, Serialize};

use crate::{
    api::{self, ClosedChannels, PendingChannels, closure, path},
    channels::OpeningRow,
    parts::Parts,
    rpc::{Fault, Kind},
};

/// How many blocks further back than needed the search begins: LND's lists may lag behind its height.
const MARGIN_BLOCKS: u32 = 2;
/// Blocks that one look searches at most; the next one goes on.
const BLOCKS_MOST: u32 = 200;

/// How a channel ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closing {
    /// Whether one side closed it alone.
    pub(crate) forced: bool,
    /// The transaction that spends the funding output, once a block holds it.
    pub(crate) txid: Option<Txid>,
    /// That block's height.
    pub(crate) height: Option<u32>,
    /// The transaction's outputs.
    pub(crate) outputs_sat: Vec<u64>,
    /// Up to which block was searched.
    pub(crate) searched: u32,
}

impl Closing {
    fn begun(forced: bool, since: u32) -> Self {
        let searched = since.saturating_sub(MARGIN_BLOCKS);
        Self { forced, txid: None, height: None, outputs_sat: Vec::new(), searched }
    }

    pub(crate) fn state(&self) -> ChannelState {
        match self.height {
            None => ChannelState::Closing { forced: self.forced },
            Some(_) => ChannelState::Closed { forced: self.forced, closing_tx: self.txid },
        }
    }
}

/// Brings the row of a channel that is not alive any more up to date.
pub(crate) async fn follow(
    parts: &Parts,
    row: &OpeningRow,
    funding: OutPoint,
    pending: &PendingChannels,
    (since, height): (u32, u32),
) -> Result<OpeningRow, Fault> {
    if row.closing.as_ref().is_some_and(|closing| closing.height.is_some()) {
        return Ok(row.clone());
    }
    let point = funding.to_string();
    let named = |channel: &Option<api::PendingChannel>| {
        channel.as_ref().is_some_and(|channel| channel.channel_point == point)
    };
    let waiting = pending.waiting_close.iter().find(|closing| named(&closing.channel));
    let in_block = pending.force_closing.iter().any(|closing| named(&closing.channel));
    let alone = waiting.and_then(|closing| closing.channel.as_ref()).is_some_and(is_alone);
    let before = row.closing.clone().unwrap_or_else(|| Closing::begun(alone, since));
    let mut closing = Closing { forced: before.forced || alone || in_block, ..before };
    let searched =
        if waiting.is_none() { search(parts, funding, &mut closing, height).await } else { Ok(()) };
    if waiting.is_some() || closing.height.is_some() {
        return Ok(OpeningRow { closing: Some(closing), ..row.clone() });
    }
    let closed: ClosedChannels = parts.rpc.call(path::CLOSED_CHANNELS, api::Nothing {}).await?;
    let ended = closed.channels.iter().find(|closed| closed.channel_point == point);
    match (ended, searched) {
        (Some(ended), _) if matches!(ended.close_type, closure::FUNDING_CANCELED | closure::ABANDONED) => {
            let text = "its funding transaction was in no block in time, and LND has given it up".to_owned();
            Ok(OpeningRow { failed: Some(OpenFailure::TimedOut { text }), ..row.clone() })
        }
        (_, Err(fault)) if matches!(fault.kind, Kind::Away | Kind::Silent) => Err(fault),
        (Some(ended), Err(fault)) => {
            tracing::warn!(
                reason = fault.text,
                "the block of a closing can't be read; LND's word is taken for it"
            );
            closing.forced = ended.close_type != closure::COOPERATIVE;
            closing.txid = ended.closing_tx_hash.parse().ok();
            closing.height = Some(ended.close_height);
            Ok(OpeningRow { closing: Some(closing), ..row.clone() })
        }
        (Some(_), Ok(())) => Ok(OpeningRow { closing: Some(closing), ..row.clone() }),
        (None, _) if in_block || row.closing.is_some() => {
            Ok(OpeningRow { closing: Some(closing), ..row.clone() })
        }
        // In no list, and no block spends it: nothing is said that LND does not say.
        (None, _) => Ok(row.clone()),
    }
}

/// Whether LND does not say that both made the closing transaction.
fn is_alone(channel: &api::PendingChannel) -> bool {
    channel.chan_status_flags.split('|').all(|flag| flag != "ChanStatusCoopBroadcasted")
}

/// Searches blocks for what spends the funding output.
async fn search(parts: &Parts, funding: OutPoint, closing: &mut Closing, height: u32) -> Result<(), Fault> {
    let last = height.min(closing.searched + BLOCKS_MOST);
    for at in closing.searched..=last {
        let block = block(parts, at).await?;
        let spends = |tx: &&Transaction| tx.input.iter().any(|input| input.previous_output == funding);
        if let Some(tx) = block.txdata.iter().find(spends) {
            closing.forced = is_commitment(tx);
            closing.txid = Some(tx.compute_txid());
            closing.height = Some(at);
            closing.outputs_sat = tx.output.iter().map(|output| output.value.to_sat()).collect();
            return Ok(());
        }
        closing.searched = at;
    }
    Ok(())
}

async fn block(parts: &Parts, height: u32) -> Result<Block, Fault> {
    let at = api::BlockHeight { block_height: i64::from(height) };
    let hash: api::BlockHash = parts.rpc.call(path::GET_BLOCK_HASH, at).await?;
    let raw: api::RawBlock = parts.rpc.call(path::GET_BLOCK, hash).await?;
    deserialize(&raw.raw_block).map_err(|error| {
        let text = format!("the block {height} that LND hands out can't be read: {error}");
        Fault { kind: Kind::Refused, text }
    })
}

/// A commitment transaction has the upper 8 bits of its number in the sequence and marks the locktime (BOLT 3).
fn is_commitment(tx: &Transaction) -> bool {
    let locktime = tx.lock_time.to_consensus_u32() >> 24 == 0x20;
    locktime && tx.input.iter().all(|input| input.sequence.to_consensus_u32() >> 24 == 0x80)
}

#[cfg(test)]
mod tests {
    use bitcoin::{Sequence, TxIn, absolute::LockTime, transaction::Version};

    use super::*;

    fn check(locktime: u32, sequence: u32, expect: bool) {
        let tx = Transaction {
            version: Version::TWO,
            lock_time: LockTime::from_consensus(locktime),
            input: vec![TxIn { sequence: Sequence(sequence), ..TxIn::default() }],
            output: vec![],
        };
        assert_eq!(is_commitment(&tx), expect);
    }

    #[test]
    fn a_commitment_is_told_by_its_form() {
        check(0x2012_3456, 0x8012_3456, true);
        check(0, 0xffff_ffff, false);
        check(0x2012_3456, 0xffff_fffd, false);
    }

    #[test]
    fn a_close_is_closed_once_a_block_holds_it() {
        let begun = Closing::begun(true, 100);
        assert_eq!(begun.state(), ChannelState::Closing { forced: true });
        assert_eq!(begun.searched, 98);
        let there = Closing { height: Some(101), ..begun };
        assert_eq!(there.state(), ChannelState::Closed { forced: true, closing_tx: None });
    }
}
