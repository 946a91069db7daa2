//! Channels as the port shows them: LDK's list, and a table of our own that remembers what LDK forgets.
//!
//! Invariant: an opening has one row, written before LDK hears of it, and keeps it after the channel is gone;
//! so "was this opened?" has one answer through every restart.

use std::{collections::HashSet, sync::Arc};

use bitcoin::{Block, OutPoint, Txid, secp256k1::PublicKey};
use lightning::{
    io,
    ln::channel_state::{ChannelDetails, ChannelShutdownState},
};
use lncontract_lightning::{Channel, ChannelId, ChannelState, OpenFailure, OpeningId};
use serde::{Deserialize, Serialize};

use crate::{failure::may_be_ordered_again, local_balance::local_msat, table::Table, watch::Bell};

/// What is remembered of an opening, ours or the peer's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ChannelRow {
    pub(crate) peer: PublicKey,
    pub(crate) outbound: bool,
    pub(crate) amount_sat: u64,
    /// The channel's id, once it has its lasting one.
    pub(crate) id: Option<[u8; 32]>,
    pub(crate) funding: Option<OutPoint>,
    /// Whether the funding transaction may be on its way: the channel existed.
    pub(crate) funded: bool,
    /// Whether the funding transaction is the peer's and was in no block yet: nobody has lost anything if it never
    /// gets there.
    #[serde(default)]
    pub(crate) unconfirmed: bool,
    /// Our coins in the funding transaction.
    pub(crate) inputs: Vec<OutPoint>,
    /// The funding transaction, if ours. Money: given to the chain only once `funded` (the peer has signed
    /// our way back); then LDK's own broadcast may have been cut off by the end of the process,
    /// so it is given again.
    #[serde(default)]
    pub(crate) funding_tx: Option<bitcoin::Transaction>,
    pub(crate) end: Option<End>,
    /// Outputs of signed splices: what spends one of them or the funding closes the channel, or is the next
    /// splice.
    #[serde(default)]
    pub(crate) spliced: Vec<OutPoint>,
    /// The size after the last locked splice.
    #[serde(default)]
    pub(crate) capacity_sat: Option<u64>,
    /// The transaction in a block that spends the funding and is no splice, as far as is known. LDK says
    /// later how the channel ended.
    #[serde(default)]
    pub(crate) spent_by: Option<Txid>,
    /// Whether that is one side's own commitment transaction, by its form; `None` while no block holds it. LDK can't
    /// know where the other side has forgotten a channel that was closed together while we were off.
    #[serde(default)]
    pub(crate) spent_alone: Option<bool>,
    /// The outputs of the closing transaction, once a block holds it.
    #[serde(default)]
    pub(crate) closing_outputs_sat: Vec<u64>,
    /// The height of that block.
    #[serde(default)]
    pub(crate) closing_height: Option<u32>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum End {
    /// Never opened.
    Failed(OpenFailure),
    /// Closed; `closing_tx` is known when a block holds it.
    Closed { forced: bool, local_msat: u64, closing_tx: Option<Txid> },
}

impl ChannelRow {
    pub(crate) fn ordered(peer: PublicKey, outbound: bool, amount_sat: u64) -> Self {
        ChannelRow {
            peer,
            outbound,
            amount_sat,
            id: None,
            funding: None,
            funded: false,
            unconfirmed: false,
            inputs: Vec::new(),
            funding_tx: None,
            end: None,
            spliced: Vec::new(),
            capacity_sat: None,
            spent_by: None,
            spent_alone: None,
            closing_outputs_sat: Vec::new(),
            closing_height: None,
        }
    }

    /// Whether it is an opening of ours to which the peer said no for now: no channel, and no failed one.
    pub(crate) fn may_be_ordered_again(&self) -> bool {
        let unfunded = self.outbound && !self.funded;
        let refused = |end: &End| matches!(end, End::Failed(failure) if may_be_ordered_again(failure));
        unfunded && self.end.as_ref().is_some_and(refused)
    }

    /// The row as a channel; LDK has it no more, or not yet.
    pub(crate) fn channel(&self, opening: OpeningId) -> Channel {
        let (local_msat, state) = match &self.end {
            Some(End::Failed(failure)) => (0, ChannelState::Failed(failure.clone())),
            Some(End::Closed { forced, local_msat, closing_tx: None }) => {
                (*local_msat, ChannelState::Closing { forced: *forced })
            }
            Some(End::Closed { forced, local_msat, closing_tx }) => {
                (*local_msat, ChannelState::Closed { forced: *forced, closing_tx: *closing_tx })
            }
            // Between LDK's dropping it and the event that says how: a moment.
            None if self.funded => (0, ChannelState::Closing { forced: false }),
            None => (0, ChannelState::Requested),
        };
        Channel {
            id: ChannelId(self.id.unwrap_or_default()),
            opening,
            peer: self.peer,
            outbound: self.outbound,
            funding: self.funding,
            capacity_sat: self.capacity_sat.unwrap_or(self.amount_sat),
            local_msat,
            outbound_capacity_msat: 0,
            next_outbound_htlc_limit_msat: 0,
            inbound_capacity_msat: 0,
            reserve_sat: 0,
            in_flight_limit_msat: 0,
            our_delay_blocks: None,
            state,
            splices: Vec::new(),
        }
    }
}

/// The table of channels.
pub(crate) struct ChannelBook {
    table: Table<ChannelRow>,
    bell: Arc<Bell>,
}

/// The key of an opening's or a splice's row.
pub(crate) fn opening_key(id: OpeningId) -> String {
    format!("{:032x}", id.0)
}

impl ChannelBook {
    pub(crate) fn new(table: Table<ChannelRow>, bell: Arc<Bell>) -> Self {
        ChannelBook { table, bell }
    }

    pub(crate) fn get(&self, opening: OpeningId) -> Option<ChannelRow> {
        self.table.get(&opening_key(opening))
    }

    pub(crate) fn put(&self, opening: OpeningId, row: ChannelRow) -> Result<(), io::Error> {
        self.table.put(&opening_key(opening), row)?;
        self.bell.ring();
        Ok(())
    }

    pub(crate) fn remove(&self, opening: OpeningId) -> Result<(), io::Error> {
        self.table.remove(&opening_key(opening))
    }

    pub(crate) fn update(
        &self,
        opening: OpeningId,
        change: impl FnOnce(&mut ChannelRow),
    ) -> Result<(), io::Error> {
        self.table.update(&opening_key(opening), change)?;
        self.bell.ring();
        Ok(())
    }

    /// All openings.
    pub(crate) fn rows(&self) -> Vec<(OpeningId, ChannelRow)> {
        let opening = |key: &str| u128::from_str_radix(key, 16).map(OpeningId).ok();
        self.table.all().into_iter().filter_map(|(key, row)| Some((opening(&key)?, row))).collect()
    }

    /// Notes the output of a signed splice.
    pub(crate) fn note_splice(&self, opening: OpeningId, output: OutPoint) -> Result<(), io::Error> {
        self.update(opening, |row| {
            if !row.spliced.contains(&output) {
                row.spliced.push(output);
            }
            row.spent_by = row.spent_by.filter(|txid| *txid != output.txid);
        })
    }

    /// The channel's money lies in the output of a splice now.
    pub(crate) fn lock_splice(
        &self,
        opening: OpeningId,
        output: OutPoint,
        capacity_sat: u64,
    ) -> Result<(), io::Error> {
        self.update(opening, |row| {
            row.funding = Some(output);
            row.capacity_sat = Some(capacity_sat);
        })
    }

    /// Notes the transactions in the block that fund a channel of a peer, and that spend the money of a channel.
    pub(crate) fn block_connected(&self, block: &Block, height: u32) -> Result<(), io::Error> {
        self.note_confirmed(block)?;
        // All of them: an opening that its peer gave up may have been funded all the same; then it is closed, not
        // failed.
        for (opening, row) in self.rows() {
            let money =
                |outpoint: &OutPoint| row.funding == Some(*outpoint) || row.spliced.contains(outpoint);
            let spends = |tx: &&bitcoin::Transaction| tx.input.iter().any(|i| money(&i.previous_output));
            for spending in block.txdata.iter().filter(spends) {
                let txid = spending.compute_txid();
                if row.spliced.iter().any(|output| output.txid == txid) {
                    continue;
                }
                self.update(opening, |row| {
                    row.closing_height = Some(height);
                    row.closing_outputs_sat =
                        spending.output.iter().map(|output| output.value.to_sat()).collect();
                    let alone = is_commitment(spending);
                    row.spent_alone = Some(alone);
                    match &mut row.end {
                        Some(End::Closed { forced, closing_tx, .. }) => {
                            (*forced, *closing_tx) = (alone, Some(txid));
                        }
                        Some(End::Failed(_)) => {
                            row.end =
                                Some(End::Closed { forced: alone, local_msat: 0, closing_tx: Some(txid) });
                        }
                        None => row.spent_by = Some(txid),
                    }
                })?;
            }
        }
        Ok(())
    }

    fn note_confirmed(&self, block: &Block) -> Result<(), io::Error> {
        let unconfirmed: Vec<_> = self.rows().into_iter().filter(|(_, row)| row.unconfirmed).collect();
        if unconfirmed.is_empty() {
            return Ok(());
        }
        let txids: HashSet<Txid> = block.txdata.iter().map(bitcoin::Transaction::compute_txid).collect();
        for (opening, row) in unconfirmed {
            if row.funding.is_some_and(|funding| txids.contains(&funding.txid)) {
                self.update(opening, |row| row.unconfirmed = false)?;
            }
        }
        Ok(())
    }

    /// All channels: LDK's, and those it has no more.
    pub(crate) fn channels(&self, live: &[ChannelDetails]) -> Vec<Channel> {
        let rows = self.rows();
        let opened_sat = |details: &ChannelDetails| {
            let row = rows.iter().find(|(opening, _)| opening.0 == details.user_channel_id);
            row.map_or(details.channel_value_satoshis, |(_, row)| row.amount_sat)
        };
        let mut channels: Vec<Channel> =
            live.iter().map(|details| of_details(details, opened_sat(details))).collect();
        for (opening, row) in rows.into_iter().filter(|(_, row)| !row.may_be_ordered_again()) {
            if !channels.iter().any(|channel| channel.opening == opening) {
                channels.push(row.channel(opening));
            }
        }
        channels
    }
}

fn of_details(details: &ChannelDetails, opened_sat: u64) -> Channel {
    Channel {
        id: ChannelId(details.channel_id.0),
        opening: OpeningId(details.user_channel_id),
        peer: details.counterparty.node_id,
        outbound: details.is_outbound,
        funding: details.funding_txo.map(|outpoint| outpoint.into_bitcoin_outpoint()),
        capacity_sat: details.channel_value_satoshis,
        local_msat: local_msat(details),
        outbound_capacity_msat: details.outbound_capacity_msat,
        next_outbound_htlc_limit_msat: details.next_outbound_htlc_limit_msat,
        inbound_capacity_msat: details.inbound_capacity_msat,
        reserve_sat: details.unspendable_punishment_reserve.unwrap_or(0),
        in_flight_limit_msat: in_flight_limit_msat(details, opened_sat),
        our_delay_blocks: details.force_close_spend_delay,
        state: live_state(details),
        splices: Vec::new(),
    }
}

/// LDK shows the limit only where it is below what the channel could carry anyway; before that it is the size
/// at the opening, since both nodes allow all of it.
fn in_flight_limit_msat(details: &ChannelDetails, opened_sat: u64) -> u64 {
    let reserves_sat = details.unspendable_punishment_reserve.unwrap_or(0)
        + details.counterparty.unspendable_punishment_reserve;
    let free_msat = details.channel_value_satoshis.saturating_sub(reserves_sat) * 1_000;
    let binding = details.counterparty.outbound_htlc_maximum_msat.filter(|limit| *limit < free_msat);
    binding.unwrap_or(opened_sat * 1_000)
}

fn live_state(details: &ChannelDetails) -> ChannelState {
    let shutdown = details.channel_shutdown_state.unwrap_or(ChannelShutdownState::NotShuttingDown);
    if shutdown != ChannelShutdownState::NotShuttingDown {
        ChannelState::Closing { forced: false }
    } else if details.is_channel_ready {
        ChannelState::Open { usable: details.is_usable }
    } else if details.funding_txo.is_some() {
        let needed = details.confirmations_required.unwrap_or(0);
        ChannelState::Pending { confirmations: details.confirmations.unwrap_or(0).min(needed), needed }
    } else {
        ChannelState::Requested
    }
}

/// A commitment transaction by its form: its number stands, veiled, in lock time and sequence (BOLT 3).
fn is_commitment(tx: &bitcoin::Transaction) -> bool {
    let lock = tx.lock_time.to_consensus_u32() >> 24 == 0x20;
    lock && tx.input.first().is_some_and(|input| input.sequence.0 >> 24 == 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_how_the_channel_ended() {
        use bitcoin::{hashes::Hash, secp256k1::Secp256k1};
        let peer = bitcoin::secp256k1::SecretKey::from_slice(&[1; 32]).expect("a key");
        let mut row = ChannelRow::ordered(peer.public_key(&Secp256k1::new()), true, 1_000_000);
        let state = |row: &ChannelRow| row.channel(OpeningId(7)).state;
        assert_eq!(state(&row), ChannelState::Requested);
        row.funded = true;
        row.end = Some(End::Closed { forced: true, local_msat: 5, closing_tx: None });
        assert_eq!(state(&row), ChannelState::Closing { forced: true });
        let closing_tx = Some(Txid::from_byte_array([3; 32]));
        row.end = Some(End::Closed { forced: true, local_msat: 5, closing_tx });
        assert_eq!(state(&row), ChannelState::Closed { forced: true, closing_tx });
        row.end = Some(End::Failed(OpenFailure::TimedOut { text: "nobody answered".into() }));
        let again: ChannelRow =
            serde_json::from_slice(&serde_json::to_vec(&row).expect("written")).expect("read again");
        let failure = OpenFailure::TimedOut { text: "nobody answered".into() };
        assert_eq!(state(&again), ChannelState::Failed(failure));
    }

    fn book(dir: &tempfile::TempDir) -> ChannelBook {
        let store = Arc::new(crate::types::Store::new(dir.path().to_path_buf()).expect("a store"));
        ChannelBook::new(Table::load(store, "channels").expect("an empty table"), Bell::new())
    }

    fn funded_row() -> (ChannelRow, OutPoint) {
        use bitcoin::{hashes::Hash, secp256k1::Secp256k1};
        let peer = bitcoin::secp256k1::SecretKey::from_slice(&[1; 32]).expect("a key");
        let mut row = ChannelRow::ordered(peer.public_key(&Secp256k1::new()), true, 1_000_000);
        let funding = OutPoint { txid: Txid::from_byte_array([3; 32]), vout: 0 };
        (row.funded, row.funding) = (true, Some(funding));
        (row, funding)
    }

    fn spending(previous_output: OutPoint, lock_time: u32, sequence: u32) -> bitcoin::Transaction {
        let sequence = bitcoin::Sequence(sequence);
        let input = bitcoin::TxIn { previous_output, sequence, ..bitcoin::TxIn::default() };
        let lock_time = bitcoin::absolute::LockTime::from_consensus(lock_time);
        let version = bitcoin::transaction::Version::TWO;
        bitcoin::Transaction { version, lock_time, input: vec![input], output: vec![] }
    }

    fn block_with(transaction: bitcoin::Transaction) -> Block {
        let mut block = bitcoin::blockdata::constants::genesis_block(bitcoin::Network::Regtest);
        block.txdata.push(transaction);
        block
    }

    /// LDK said that one side closed the channel alone; then a block holds what spends its money.
    fn check_spent(lock_time: u32, sequence: u32, alone: bool) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let book = book(&dir);
        let (mut row, funding) = funded_row();
        row.end = Some(End::Closed { forced: true, local_msat: 5, closing_tx: None });
        book.put(OpeningId(7), row).expect("written");
        let closing = spending(funding, lock_time, sequence);
        let closing_tx = Some(closing.compute_txid());
        book.block_connected(&block_with(closing), 0).expect("written");
        let state = book.get(OpeningId(7)).expect("a row").channel(OpeningId(7)).state;
        assert_eq!(state, ChannelState::Closed { forced: alone, closing_tx });
    }

    #[test]
    fn an_opening_that_was_given_up_is_closed_after_all_where_a_block_holds_what_spends_it() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let book = book(&dir);
        let (mut row, funding) = funded_row();
        row.end = Some(End::Failed(OpenFailure::PeerOffline));
        book.put(OpeningId(7), row).expect("written");
        let commitment = spending(funding, 0x2012_3456, 0x8012_3456);
        let closing_tx = Some(commitment.compute_txid());
        book.block_connected(&block_with(commitment), 0).expect("written");
        let state = book.get(OpeningId(7)).expect("a row").channel(OpeningId(7)).state;
        assert_eq!(state, ChannelState::Closed { forced: true, closing_tx });
    }

    #[test]
    fn a_peers_funding_is_unconfirmed_until_a_block_holds_it() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let book = book(&dir);
        let (mut row, _) = funded_row();
        let transaction = spending(OutPoint::null(), 0, 0);
        row.funding = Some(OutPoint { txid: transaction.compute_txid(), vout: 0 });
        row.unconfirmed = true;
        book.put(OpeningId(7), row).expect("written");
        let unconfirmed = || book.get(OpeningId(7)).expect("a row").unconfirmed;
        book.block_connected(&block_with(spending(OutPoint::null(), 1, 0)), 0).expect("written");
        assert!(unconfirmed());
        book.block_connected(&block_with(transaction), 1).expect("written");
        assert!(!unconfirmed());
    }

    #[test]
    fn whether_a_channel_was_closed_alone_is_told_by_the_transaction_in_the_block() {
        check_spent(0x2012_3456, 0x8012_3456, true);
        // Closed together while we were off: the peer had forgotten the channel when we were back.
        check_spent(0, 0xFFFF_FFFF, false);
        check_spent(0, 0xFFFF_FFFD, false);
    }
}
