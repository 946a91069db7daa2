//! What follows by itself: looks at a contract's record, store and node, and does what is due.
//! Level-triggered: it remembers nothing, so that after a crash the next look finds the same things to do.
//!
//! Invariant: nothing irreversible rests on an entry that is not settled. Each step reads under the
//! contract's lock, lets it go, acts through the node, and records the outcome under the lock again.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::OutPoint;
use lncontract_core::{
    Contract, Hash, Sat, Time,
    account::open_rows,
    v1::{Ack, ChannelStage, Close, CloseManner, Earmark, Payload, Side},
};
use lncontract_lightning::{
    Channel, ChannelId, ChannelState, Lightning, LightningError, NodeKey, OpenChannel, OpenFailure,
    OpeningId, OrderSplice, Splice, SpliceState, SpliceWay,
};
use lncontract_record::{Record, Verdict};
use lncontract_store::{AttemptState, Change, MoveReceivable, Opening, ReceivableState, StoreError};

use crate::{App, AppError, companies::node_key, fund::opening_id, live::Live, part::carried_by, refused};

/// How long a side may be silent while anything is open (DESIGN.md section 4).
const HEARTBEAT_S: i64 = 86_400;
/// The shortest wait before an opening or an order to pay that did not work is tried again.
const RETRY_MIN_S: i64 = 5;
/// The longest.
const RETRY_MAX_S: i64 = 600;

impl App {
    /// Brings one contract forward as far as it goes by itself.
    pub(crate) async fn reconcile(&self, contract: Hash) -> Result<(), AppError> {
        if !self.live(contract).await?.lock().await.may_sign() {
            // Heads come first; they wake us.
            return Ok(());
        }
        self.acknowledge(contract).await?;
        self.give_sign_of_life(contract).await?;
        if self.node().await.is_ok() {
            self.open_announced(contract).await?;
            self.report_channels(contract).await?;
            self.bring_payments_forward(contract).await?;
        }
        self.confirm_receipts(contract).await?;
        self.cancel_overtaken(contract).await?;
        self.renew_invoices(contract).await
    }

    /// Writes an ack when something of the other side waits for it.
    async fn acknowledge(&self, contract: Hash) -> Result<(), AppError> {
        let live = self.live(contract).await?;
        let mut live = live.lock().await;
        if live.record.needs_ack(live.our_side) {
            self.write(&mut live, |state| Ok(Payload::Ack(Ack { state })), |_| Vec::new()).await?;
        }
        Ok(())
    }

    /// Writes a heartbeat a day while anything is open:
    /// who was there can't sign with an older date afterwards.
    async fn give_sign_of_life(&self, contract: Hash) -> Result<(), AppError> {
        let live = self.live(contract).await?;
        let mut live = live.lock().await;
        if heartbeat_due(&live.record, live.our_side).is_some_and(|due| self.clock.now() >= due) {
            self.write(&mut live, |state| Ok(Payload::Heartbeat(Ack { state })), |_| Vec::new()).await?;
        }
        Ok(())
    }

    /// Makes the channels and splices that we announced and the other side has seen announced.
    async fn open_announced(&self, contract: Hash) -> Result<(), AppError> {
        let node = self.node().await?;
        let there = node.channels().await.map_err(AppError::from)?;
        let live = self.live(contract).await?;
        let taken_back = self.taken_back(contract).await?;
        let (due, peer, peer_id) = {
            let live = live.lock().await;
            let keys =
                live.record.state().keys(live.our_side.other()).ok_or_else(|| AppError::fault("keys"))?;
            (to_open(&live, &there, &taken_back), node_key(keys)?, live.peer.clone())
        };
        if due.is_empty() || !self.connected().await.contains(&peer) {
            // It waits for the peer; that is no attempt that failed.
            return Ok(());
        }
        let mut spliced: Vec<ChannelId> = Vec::new();
        let mut opens = false;
        for due in due {
            // One at a time for each channel; what has to wait keeps no other from going.
            let taken = due.base.is_some_and(|base| spliced.contains(&base));
            if taken || (due.way == SpliceWay::Out && self.paying(&peer_id).await?) {
                continue;
            }
            // One channel with a company at a time: a node may allow no second one that waits for confirmations, and
            // both sides see all that there are between them.
            if due.base.is_none() && (opens || there.iter().any(|seen| is_on_its_way(seen, &peer))) {
                continue;
            }
            opens |= due.base.is_none();
            let mut row = self.opening_row(contract, due.fund, due.amount, &peer_id).await?;
            if row.state == "retrying" && self.clock.now().0 < next_try(row.created_at, row.updated_at) {
                continue;
            }
            spliced.extend(due.base);
            // Persist before asking: our id is in the store and in the record before the node hears of it.
            self.store.commit(vec![Change::PutOpening(row.clone())]).await?;
            let (state, detail) = match due.order(&*node, peer).await {
                Ok(()) => ("requested", String::new()),
                Err(error @ LightningError::Splice(OpenFailure::NoSplice | OpenFailure::OwnNoSplice)) => {
                    self.end_as_failed(contract, due.fund).await?;
                    ("failed", refused::told(&error))
                }
                Err(error @ LightningError::OutcomeUnknown { .. }) => ("unknown", refused::told(&error)),
                Err(error) => ("retrying", refused::told(&error)),
            };
            row.state = state.into();
            row.detail = detail;
            row.updated_at = self.clock.now().0;
            self.store.commit(vec![Change::PutOpening(row)]).await?;
            self.announce();
        }
        Ok(())
    }

    /// Tells the record that a splice never comes: one of the nodes can't. The tranche is free for a channel then.
    async fn end_as_failed(&self, contract: Hash, fund: Hash) -> Result<(), AppError> {
        let live = self.live(contract).await?;
        let mut live = live.lock().await;
        let close = Payload::Close(Close { fund, manner: CloseManner::Failed, txid: None });
        self.write(&mut live, |_| Ok(close), |_| Vec::new()).await?;
        Ok(())
    }

    pub(crate) async fn opening_row(
        &self,
        contract: Hash,
        fund: Hash,
        amount: Sat,
        peer: &str,
    ) -> Result<Opening, AppError> {
        if let Some(row) = self.store.opening_by_fund(fund.0).await? {
            return Ok(row);
        }
        let at = self.clock.now().0;
        Ok(Opening {
            id: opening_id(fund).0,
            contract_id: contract.0,
            fund_entry_hash: fund.0,
            peer_id: peer.to_owned(),
            amount_sat: amount.0,
            state: "requested".into(),
            channel_id: None,
            funding_outpoint: None,
            detail: String::new(),
            created_at: at,
            updated_at: at,
            finished_at: None,
        })
    }

    /// Tells the record what our node sees of the contract's channels.
    async fn report_channels(&self, contract: Hash) -> Result<(), AppError> {
        let there = self.channels_now().await?;
        let mut parts = BTreeMap::new();
        for (fund, part, why_not) in self.parts_to_report(contract, &there).await? {
            if why_not.is_none() {
                // First there: from then on nobody takes it out.
                self.report_release(&part, &there).await?;
                parts.insert(fund, opening_id(part.channel));
            }
        }
        let live = self.live(contract).await?;
        let mut live = live.lock().await;
        for payload in reports(&live, &parts, &there) {
            if let Payload::Close(Close { fund, manner: CloseManner::Failed, .. }) = &payload {
                self.note_failure(*fund, &there).await?;
            }
            self.write(&mut live, |_| Ok(payload), |_| Vec::new()).await?;
        }
        Ok(())
    }

    async fn note_failure(&self, fund: Hash, there: &[Channel]) -> Result<(), AppError> {
        let failure = seen(opening_id(fund), there).and_then(|seen| seen.failure);
        let (Some(failure), Some(mut row)) = (failure, self.store.opening_by_fund(fund.0).await?) else {
            return Ok(());
        };
        let now = self.clock.now().0;
        row.state = "failed".into();
        row.detail = refused::of_failure(failure);
        (row.updated_at, row.finished_at) = (now, Some(now));
        Ok(self.store.commit(vec![Change::PutOpening(row)]).await?)
    }

    /// Drives unfinished payments, and writes the receipts of those that succeeded.
    async fn bring_payments_forward(&self, contract: Hash) -> Result<(), AppError> {
        self.take_up_by_hand(contract).await?;
        for attempt in self.store.attempts(contract.0).await? {
            let invoice = lncontract_core::Bytes(attempt.invoice_entry_hash);
            let mut preimage = attempt.preimage;
            if !matches!(attempt.state, AttemptState::Succeeded | AttemptState::Failed) {
                self.drive_payment(contract, invoice).await?;
                preimage = self.store.attempt(attempt.payment_hash).await?.and_then(|now| now.preimage);
            }
            if let Some(preimage) = preimage {
                self.write_paid(contract, invoice, preimage).await?;
            }
        }
        Ok(())
    }

    /// Confirms in the record what our node has received.
    async fn confirm_receipts(&self, contract: Hash) -> Result<(), AppError> {
        for receivable in self.store.receivables(contract.0).await? {
            if let (ReceivableState::Received, Some(entry)) =
                (receivable.state, receivable.invoice_entry_hash)
            {
                self.write_received(contract, lncontract_core::Bytes(entry)).await?;
            }
        }
        Ok(())
    }

    /// A node's invoice of an overtaken entry takes no payment.
    async fn cancel_overtaken(&self, contract: Hash) -> Result<(), AppError> {
        let live = self.live(contract).await?;
        for receivable in self.store.receivables(contract.0).await? {
            let Some(entry) = receivable.invoice_entry_hash else { continue };
            let overtaken = {
                let live = live.lock().await;
                let verdict = live.record.effect(&lncontract_core::Bytes(entry));
                matches!(verdict, Some(Verdict::Overtaken(_) | Verdict::Fault(_)))
            };
            if receivable.state == ReceivableState::Live && overtaken {
                let cancelled = MoveReceivable {
                    payment_hash: receivable.payment_hash,
                    from: vec![ReceivableState::Live],
                    to: ReceivableState::Cancelled,
                    invoice_entry_hash: None,
                    at: self.clock.now().0,
                };
                match self.store.commit(vec![Change::MoveReceivable(cancelled)]).await {
                    // It was claimed in the meantime: money has moved, and the record is told by the receipt.
                    Ok(()) | Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}

/// When what did not work is tried again, in seconds since 1970 UTC: after as long as it has been tried for, so
/// that the waits double.
pub(crate) fn next_try(created_at: i64, updated_at: i64) -> i64 {
    let tried_for = updated_at - created_at;
    updated_at + tried_for.clamp(RETRY_MIN_S, RETRY_MAX_S)
}

/// When a side's next heartbeat is due; none while nothing is open. Who has written nothing yet begins with an act of a
/// person.
pub(crate) fn heartbeat_due(record: &Record, side: Side) -> Option<Time> {
    let last = record.ledger().chain(side).last()?.entry.entry().header.time;
    anything_open(record.state()).then(|| last.plus_seconds(HEARTBEAT_S))
}

/// Whether either side still has something to wait for: an offer, what the terms in force ask for, a channel.
fn anything_open(state: &Contract) -> bool {
    let owed = state.terms.is_some() && !state.is_closed() && !open_rows(state).is_empty();
    // A splice ends with its channel.
    let channel = state.channels.values().any(|channel| state.ends(channel).next().is_none());
    state.offer.is_some() || owed || channel
}

/// A `fund` entry to be carried out, or a `release` that we were told to take out.
struct Due {
    fund: Hash,
    amount: Sat,
    /// The channel that is spliced; none: it opens one.
    base: Option<ChannelId>,
    way: SpliceWay,
}

impl Due {
    async fn order(&self, node: &dyn Lightning, peer: NodeKey) -> Result<(), LightningError> {
        let (id, amount_sat) = (opening_id(self.fund), self.amount.0);
        match self.base {
            None => node.open_channel(OpenChannel { opening: id, peer, amount_sat }).await.map(|_| ()),
            Some(channel) => node.splice(OrderSplice { id, channel, way: self.way, amount_sat }).await,
        }
    }
}

/// Announced, settled, and not on our node yet. A splice waits until its channel is open and no other splice of
/// it is under way.
fn to_open(live: &Live, there: &[Channel], taken_back: &BTreeSet<Hash>) -> Vec<Due> {
    if live.our_side != Side::Buyer || live.record.payments_frozen() {
        return Vec::new();
    }
    let state = live.record.state();
    let mut due: Vec<Due> = Vec::new();
    for (entry, channel) in &state.channels {
        let ended = state.ends(channel).next().is_some();
        let (amount, way) = match (&channel.announced, &channel.released) {
            // A part is there already.
            (Some(announced), _) if announced.of.is_some() => continue,
            (Some(announced), _) => (announced.amount, SpliceWay::In),
            (None, Some(released)) if taken_back.contains(entry) => (released.amount, SpliceWay::Out),
            _ => continue,
        };
        let begun = ended || !channel.reports.is_empty() || seen(opening_id(*entry), there).is_some();
        if begun || !live.record.settled(entry) {
            continue;
        }
        let base = match channel.base() {
            None => None,
            Some(base) => match spliceable(base, there) {
                Some(id) => Some(id),
                None => continue,
            },
        };
        due.push(Due { fund: *entry, amount, base, way });
    }
    due
}

/// Whether a channel with that peer is asked for or waits for confirmations.
pub(crate) fn is_on_its_way(seen: &Channel, peer: &NodeKey) -> bool {
    seen.peer == *peer && matches!(seen.state, ChannelState::Requested | ChannelState::Pending { .. })
}

/// The channel of a fund entry, if it can be spliced now.
fn spliceable(base: Hash, there: &[Channel]) -> Option<ChannelId> {
    let channel = there.iter().find(|channel| channel.opening == opening_id(base))?;
    let over = |splice: &Splice| matches!(splice.state, SpliceState::Locked | SpliceState::Failed(_));
    let open = channel.state == (ChannelState::Open { usable: true });
    (open && channel.splices.iter().all(over)).then_some(channel.id)
}

/// What our node sees of a fund entry.
struct Seen<'a> {
    stage: Option<ChannelStage>,
    funding: Option<OutPoint>,
    capacity_sat: u64,
    end: Option<(CloseManner, Option<Hash>)>,
    failure: Option<&'a OpenFailure>,
}

/// Looks for the channel or splice that carries out a fund or release entry.
fn seen(id: OpeningId, there: &[Channel]) -> Option<Seen<'_>> {
    let splices = there.iter().flat_map(|channel| &channel.splices);
    let channel = there.iter().find(|channel| channel.opening == id).map(seen_channel);
    channel.or_else(|| splices.into_iter().find(|splice| splice.id == id).map(seen_splice))
}

fn seen_channel(channel: &Channel) -> Seen<'_> {
    let (mut stage, mut end, mut failure) = (None, None, None);
    let manner = |forced: bool| if forced { CloseManner::Forced } else { CloseManner::Cooperative };
    match &channel.state {
        ChannelState::Requested => {}
        ChannelState::Pending { .. } => stage = Some(ChannelStage::Pending),
        ChannelState::Open { .. } => stage = Some(ChannelStage::Open),
        ChannelState::Closing { forced } => end = Some((manner(*forced), None)),
        ChannelState::Closed { forced, closing_tx } => {
            // Shown as explorers show it: the reverse of the hash's byte order.
            let txid = closing_tx.and_then(|txid| txid.to_string().parse().ok());
            end = Some((manner(*forced), txid));
        }
        ChannelState::Failed(why) => (end, failure) = (Some((CloseManner::Failed, None)), Some(why)),
    }
    Seen { stage, funding: channel.funding, capacity_sat: channel.capacity_sat, end, failure }
}

fn seen_splice(splice: &Splice) -> Seen<'_> {
    let (mut stage, mut end, mut failure) = (None, None, None);
    match &splice.state {
        SpliceState::Requested => {}
        SpliceState::Pending { .. } => stage = Some(ChannelStage::Pending),
        SpliceState::Locked => stage = Some(ChannelStage::Open),
        SpliceState::Failed(why) => (end, failure) = (Some((CloseManner::Failed, None)), Some(why)),
    }
    let capacity_sat = splice.capacity_sat.unwrap_or(0);
    Seen { stage, funding: splice.funding, capacity_sat, end, failure }
}

/// What our node sees and our side has not said yet.
/// `parts`: the channels of parts that count for us from now on.
fn reports(live: &Live, parts: &BTreeMap<Hash, OpeningId>, there: &[Channel]) -> Vec<Payload> {
    let mut payloads = Vec::new();
    let state = live.record.state();
    for (fund, channel) in &state.channels {
        let id = parts.get(fund).copied().unwrap_or_else(|| carried_by(state, *fund, live.our_side));
        let Some(seen) = seen(id, there) else { continue };
        let said = channel.reports.get(&live.our_side);
        if let (Some(stage), Some(outpoint)) = (seen.stage, seen.funding)
            && said.is_none_or(|said| said.stage < stage)
        {
            let capacity = Sat(seen.capacity_sat);
            payloads.push(Payload::Earmark(Earmark {
                fund: *fund,
                outpoint: outpoint.to_string(),
                capacity,
                stage,
            }));
        }
        if let Some((manner, txid)) = seen.end {
            let said = channel.closes.get(&live.our_side);
            if said.is_none_or(|said| said.txid.is_none() && txid.is_some()) {
                payloads.push(Payload::Close(Close { fund: *fund, manner, txid }));
            }
        }
    }
    payloads
}

#[cfg(test)]
mod tests {
    use lncontract_core::state::{Announced, ChannelState as Part, CloseReport, Released};

    use super::*;

    #[test]
    fn a_channel_that_has_ended_leaves_nothing_open_whatever_was_added_to_it_and_released_of_it() {
        let (base, at) = (lncontract_core::Bytes([1; 32]), lncontract_core::Time(0));
        let fund = |into| {
            let (tranche, amount, stages) = ("channel-1".into(), Sat(30), Vec::new());
            let announced = Announced { tranche, amount, stages, notice_blocks: 144, into, of: None, at };
            Part { announced: Some(announced), ..Part::default() }
        };
        let released = Some(Released { from: base, amount: Sat(5), at });
        let mut state = Contract::default();
        state.channels.insert(base, fund(None));
        state.channels.insert(lncontract_core::Bytes([2; 32]), fund(Some(base)));
        state.channels.insert(lncontract_core::Bytes([3; 32]), Part { released, ..Part::default() });
        assert!(anything_open(&state));
        let end = CloseReport { manner: CloseManner::Cooperative, txid: None, at };
        state.channels.get_mut(&base).expect("it is there").closes.insert(Side::Buyer, end);
        assert!(!anything_open(&state));
    }
}
