//! Splices as the port shows them: a table of our own beside LDK's list of candidates.
//!
//! Invariant: a splice has one row, written before LDK hears of it, ours and the peer's alike. A row without
//! an end belongs to the one splice of its channel that LDK has neither locked nor dropped. How far that is
//! follows from LDK's list each time; only output, size and end are kept.

pub(crate) mod gate;
pub(crate) mod order;

use std::collections::HashSet;

use bitcoin::{OutPoint, Txid};
use lightning::{
    events::NegotiationFailureReason,
    io,
    ln::{
        channel_state::{ChannelDetails, SpliceCandidateStatus},
        types::ChannelId as LdkChannelId,
    },
};
use lncontract_lightning::{Channel, OpenFailure, OpeningId, Splice, SpliceState, SpliceWay};
use serde::{Deserialize, Serialize};

use crate::{
    channels::opening_key, config::StartError, failure::refused_by_peer, parts::Parts, table::Table,
};

/// What is remembered of a splice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SpliceRow {
    pub(crate) channel: [u8; 32],
    /// Its place among all splices of the node.
    pub(crate) number: u64,
    pub(crate) ours: bool,
    pub(crate) way: SpliceWay,
    pub(crate) amount_sat: u64,
    pub(crate) fee_sat: u64,
    /// Our coins in its transaction.
    pub(crate) inputs: Vec<OutPoint>,
    /// Whether LDK has heard of it: from then on it knows of it, or it is over.
    pub(crate) handed: bool,
    pub(crate) funding: Option<OutPoint>,
    pub(crate) capacity_sat: Option<u64>,
    pub(crate) end: Option<SpliceEnd>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SpliceEnd {
    Locked,
    Failed(OpenFailure),
}

impl SpliceRow {
    fn splice(&self, id: OpeningId, details: Option<&ChannelDetails>) -> Splice {
        let state = match (&self.end, self.funding) {
            (Some(SpliceEnd::Locked), _) => SpliceState::Locked,
            (Some(SpliceEnd::Failed(failure)), _) => SpliceState::Failed(failure.clone()),
            (None, None) => SpliceState::Requested,
            (None, Some(funding)) if details.and_then(present_funding) == Some(funding) => {
                SpliceState::Locked
            }
            (None, Some(_)) => pending(details),
        };
        Splice {
            id,
            ours: self.ours,
            way: self.way,
            amount_sat: self.amount_sat,
            fee_sat: self.fee_sat,
            funding: self.funding,
            capacity_sat: self.capacity_sat,
            state,
        }
    }
}

fn present_funding(details: &ChannelDetails) -> Option<OutPoint> {
    details.funding_txo.map(|outpoint| outpoint.into_bitcoin_outpoint())
}

fn pending(details: Option<&ChannelDetails>) -> SpliceState {
    let needed = details.and_then(|details| details.confirmations_required).unwrap_or(0);
    let confirmed = details.and_then(|details| details.splice_details.as_ref()?.confirmed_candidate.as_ref());
    let confirmations = confirmed.map_or(0, |candidate| candidate.confirmations.min(needed));
    SpliceState::Pending { confirmations, needed }
}

/// A splice that both sides have signed.
pub(crate) struct Signed {
    pub(crate) txid: Txid,
    pub(crate) capacity_sat: u64,
    /// What it adds to our side, in satoshi.
    pub(crate) change_sat: i64,
}

/// Splices of a channel that both sides have signed and that are not locked: one at most, since none
/// replaces another here.
pub(crate) fn signed(details: &ChannelDetails) -> Vec<Signed> {
    let candidates = details.splice_details.iter().flat_map(|splice| &splice.candidates);
    let signed = candidates.filter_map(|candidate| match candidate.status {
        SpliceCandidateStatus::Negotiated { txid, new_channel_value_satoshis: capacity_sat } => {
            let ours = candidate.contribution.as_ref();
            let change_sat = ours.map_or(0, |contribution| contribution.net_value().to_sat());
            Some(Signed { txid, capacity_sat, change_sat })
        }
        _ => None,
    });
    signed.collect()
}

/// The table of splices.
pub(crate) struct SpliceBook(pub(crate) Table<SpliceRow>);

impl SpliceBook {
    pub(crate) fn get(&self, id: OpeningId) -> Option<SpliceRow> {
        self.0.get(&opening_key(id))
    }

    /// Keeps a new row under the next number.
    pub(crate) fn put(&self, id: OpeningId, row: SpliceRow) -> Result<(), io::Error> {
        let number = self.rows().last().map_or(0, |(_, row)| row.number + 1);
        self.0.put(&opening_key(id), SpliceRow { number, ..row })
    }

    pub(crate) fn remove(&self, id: OpeningId) -> Result<(), io::Error> {
        self.0.remove(&opening_key(id))
    }

    fn update(&self, id: OpeningId, change: impl FnOnce(&mut SpliceRow)) -> Result<(), io::Error> {
        self.0.update(&opening_key(id), change).map(|_| ())
    }

    /// All splices, oldest first.
    fn rows(&self) -> Vec<(OpeningId, SpliceRow)> {
        let id = |key: &str| u128::from_str_radix(key, 16).map(OpeningId).ok();
        let rows = self.0.all().into_iter().filter_map(|(key, row)| Some((id(&key)?, row)));
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|(_, row)| row.number);
        rows
    }

    /// The splice of a channel that has no end yet.
    pub(crate) fn unended(&self, channel: LdkChannelId) -> Option<(OpeningId, SpliceRow)> {
        self.rows().into_iter().rev().find(|(_, row)| row.channel == channel.0 && row.end.is_none())
    }

    /// Ends a splice that has no end yet.
    pub(crate) fn end(&self, id: OpeningId, end: SpliceEnd) -> Result<(), io::Error> {
        self.update(id, |row| row.end = row.end.take().or(Some(end)))
    }

    /// Adds the splices to the channels.
    pub(crate) fn attach(&self, channels: &mut [Channel], live: &[ChannelDetails]) {
        for (id, row) in self.rows() {
            let details = live.iter().find(|details| details.channel_id.0 == row.channel);
            if let Some(channel) = channels.iter_mut().find(|channel| channel.id.0 == row.channel) {
                channel.splices.push(row.splice(id, details));
            }
        }
    }
}

impl Parts {
    /// Keeps what LDK's list says of the splices that have no end yet.
    pub(crate) fn settle_splices(&self) -> Result<(), io::Error> {
        let unended = self.splices.rows().into_iter().filter(|(_, row)| row.end.is_none());
        let unended: Vec<_> = unended.collect();
        if unended.is_empty() {
            return Ok(());
        }
        let live = self.manager.list_channels();
        for (id, row) in unended {
            let Some(details) = live.iter().find(|details| details.channel_id.0 == row.channel) else {
                self.settle_in_closed_channel(id, &row)?;
                continue;
            };
            let opening = OpeningId(details.user_channel_id);
            let funding = row.funding.or_else(|| self.new_output(opening, details));
            let Some(funding) = funding else {
                // LDK tells of the failure of what we ordered; the peer's is just gone.
                if !row.ours && row.handed && details.splice_details.is_none() {
                    let text = "the peer gave it up before it was signed".into();
                    self.splices.end(id, SpliceEnd::Failed(OpenFailure::Unknown { text }))?;
                }
                continue;
            };
            if row.funding.is_none() {
                let capacity_sat = signed(details).first().map(|signed| signed.capacity_sat);
                self.book.note_splice(opening, funding)?;
                self.splices.update(id, |row| {
                    row.funding = Some(funding);
                    row.capacity_sat = capacity_sat.or(Some(details.channel_value_satoshis));
                })?;
            }
            if present_funding(details) == Some(funding) {
                self.book.lock_splice(opening, funding, details.channel_value_satoshis)?;
                self.splices.end(id, SpliceEnd::Locked)?;
            }
        }
        Ok(())
    }

    /// The output of the splice under way: of the signed one, or of one that was locked before anybody looked.
    fn new_output(&self, opening: OpeningId, details: &ChannelDetails) -> Option<OutPoint> {
        if let Some(signed) = signed(details).first() {
            return self.output_of(details.channel_id, signed.txid);
        }
        let before = self.book.get(opening)?.funding?;
        present_funding(details).filter(|present| *present != before)
    }

    /// What is signed may still be in the chain when its channel closes: that row stays as it is until LDK
    /// says that the coins are free.
    fn settle_in_closed_channel(&self, id: OpeningId, row: &SpliceRow) -> Result<(), io::Error> {
        if row.funding.is_some() {
            return Ok(());
        }
        let text = "the channel was closed before the splice was signed".into();
        self.splices.end(id, SpliceEnd::Failed(OpenFailure::Unknown { text }))
    }

    /// The channel's output in a splice transaction: LDK's list has the transaction only, the monitor both.
    fn output_of(&self, channel: LdkChannelId, txid: Txid) -> Option<OutPoint> {
        let monitor = self.monitor.get_monitor(channel).ok()?;
        let outputs = monitor.get_outputs_to_watch().into_iter().find(|(watched, _)| *watched == txid)?.1;
        let (vout, _) = outputs.first()?;
        Some(OutPoint::new(txid, *vout))
    }

    /// At the start: what was not signed when the node ended is over, with nothing spent. Gives our coins in
    /// splices that go on.
    pub(crate) fn settle_splices_at_start(&self) -> Result<HashSet<OutPoint>, StartError> {
        let bad = |error: io::Error| StartError::Folder {
            doing: "settling old splices",
            reason: error.to_string(),
        };
        self.settle_splices().map_err(bad)?;
        let live = self.manager.list_channels();
        let goes_on = |row: &SpliceRow| {
            let details = live.iter().find(|details| details.channel_id.0 == row.channel);
            details.is_some_and(|details| details.splice_details.is_some())
        };
        let mut kept = HashSet::new();
        for (id, row) in self.splices.rows().into_iter().filter(|(_, row)| row.end.is_none()) {
            if row.funding.is_none() && !goes_on(&row) {
                let text = "the node was stopped before the splice was signed; nothing was spent".into();
                self.splices.end(id, SpliceEnd::Failed(OpenFailure::Unknown { text })).map_err(bad)?;
            } else {
                kept.extend(row.inputs);
            }
        }
        Ok(kept)
    }

    /// LDK gave up a splice of ours.
    pub(crate) fn splice_failed(
        &self,
        channel: LdkChannelId,
        reason: &NegotiationFailureReason,
    ) -> Result<(), io::Error> {
        match self.splices.unended(channel) {
            Some((id, row)) if row.ours && row.funding.is_none() => {
                self.splices.end(id, SpliceEnd::Failed(why(reason)))
            }
            _ => Ok(()),
        }
    }

    /// LDK gives coins back: a signed splice that held them can't confirm any more.
    pub(crate) fn splice_discarded(&self, inputs: &[OutPoint]) -> Result<(), io::Error> {
        let held = |row: &SpliceRow| row.inputs.iter().any(|input| inputs.contains(input));
        for (id, row) in self.splices.rows().into_iter().filter(|(_, row)| row.end.is_none() && held(row)) {
            let Some(funding) = row.funding else { continue };
            self.wallet.forget(funding.txid);
            let text = "the channel was closed before the splice was in a block".into();
            self.splices.end(id, SpliceEnd::Failed(OpenFailure::Unknown { text }))?;
        }
        Ok(())
    }
}

/// LDK's reasons by what helps.
fn why(reason: &NegotiationFailureReason) -> OpenFailure {
    match reason {
        NegotiationFailureReason::PeerDisconnected => OpenFailure::PeerOffline,
        NegotiationFailureReason::CounterpartyAborted { msg } => refused_by_peer(&msg.0),
        other => OpenFailure::Unknown { text: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lightning_types::string::UntrustedString;

    #[test]
    fn a_failed_splice_names_what_helps() {
        assert_eq!(why(&NegotiationFailureReason::PeerDisconnected), OpenFailure::PeerOffline);
        let words = "Contract 7 announces no splice";
        let aborted = NegotiationFailureReason::CounterpartyAborted { msg: UntrustedString(words.into()) };
        assert_eq!(why(&aborted), OpenFailure::Policy { text: words.into() });
        let closing = why(&NegotiationFailureReason::ChannelClosing);
        assert!(matches!(closing, OpenFailure::Unknown { text } if text.contains("closing")));
    }
}
