//! Opening a channel: looked for, checked, written down, ordered, funded.
//!
//! Invariant: the row is on disk before LDK hears of the opening, and an opening with a row is never ordered
//! again. Our own funds are checked, with fee and reserve, before the peer is asked.

use std::time::Duration;

use bitcoin::ScriptBuf;
use lightning::ln::types::ChannelId as LdkChannelId;
use lncontract_lightning::{
    By, ChannelId, LightningError, NodeEvent, NodeKey, OpenChannel, OpenFailure, OpeningId,
};

use crate::{
    channels::{ChannelRow, End},
    parts::Parts,
    watch::tell,
};

/// How long a call waits for the peer's answer; a program that decides by hand may take longer, then the
/// outcome is to be looked for.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// Opens, or finds what this opening became.
pub(crate) async fn open(parts: &Parts, open: OpenChannel) -> Result<ChannelId, LightningError> {
    parts.health.check()?;
    {
        let _one_at_a_time = parts.openings.lock().await;
        if parts.book.get(open.opening).is_none_or(|row| row.may_be_ordered_again()) {
            check(parts, &open)?;
            order(parts, &open).await?;
        }
    }
    answer(parts, open.opening).await
}

/// What can be known before the peer is asked.
fn check(parts: &Parts, open: &OpenChannel) -> Result<(), LightningError> {
    if !parts.synced() {
        return Err(LightningError::Open(OpenFailure::NotSynced));
    }
    if parts.peers.peer_by_node_id(&open.peer).is_none() {
        return Err(LightningError::Open(OpenFailure::PeerOffline));
    }
    parts
        .wallet
        .can_fund(open.amount_sat, parts.reserve_with_another_sat(), parts.fees.funding())
        .map_err(LightningError::Open)
}

async fn order(parts: &Parts, open: &OpenChannel) -> Result<(), LightningError> {
    let row = ChannelRow::ordered(open.peer, true, open.amount_sat);
    // Told here, so that this stage is never missed; `watch` tells it again if it was not recorded.
    let requested = NodeEvent::Channel(row.channel(open.opening));
    parts.book.put(open.opening, row).map_err(|error| parts.disk_fault(&error))?;
    tell(&*parts.config.host, requested).await;
    let opening = open.opening.0;
    let ordered = parts
        .health
        .call(|| parts.manager.create_channel(open.peer, open.amount_sat, 0, opening, None, None))?;
    if let Err(error) = ordered {
        parts.book.remove(open.opening).map_err(|error| parts.disk_fault(&error))?;
        return Err(LightningError::Refused { by: By::Us, reason: format!("{error:?}") });
    }
    parts.bell.ring();
    parts.health.call(|| parts.peers.process_events())
}

/// Waits until the channel has its lasting id, or failed.
async fn answer(parts: &Parts, opening: OpeningId) -> Result<ChannelId, LightningError> {
    let mut bell = parts.bell.listen();
    let end = tokio::time::Instant::now() + ANSWER_WAIT;
    loop {
        parts.health.check()?;
        let row = parts.book.get(opening);
        match row.as_ref().and_then(|row| row.end.as_ref()) {
            Some(End::Failed(failure)) => return Err(LightningError::Open(failure.clone())),
            Some(End::Closed { .. }) => {
                return Ok(ChannelId(row.and_then(|row| row.id).unwrap_or_default()));
            }
            None => {}
        }
        // Funded: both sides have signed, and the funding transaction is on its way.
        if let Some(id) = row.filter(|row| row.funded).and_then(|row| row.id) {
            return Ok(ChannelId(id));
        }
        if tokio::time::timeout_at(end, bell.changed()).await.is_err() {
            let reason = "the peer has not answered yet; look for the opening by its id".into();
            return Err(LightningError::OutcomeUnknown { reason });
        }
    }
}

/// The peer has agreed: the funding transaction is built, or the opening given up.
pub(crate) fn fund(
    parts: &Parts,
    temporary: LdkChannelId,
    peer: NodeKey,
    opening: OpeningId,
    amount_sat: u64,
    script: ScriptBuf,
) -> Result<(), OpenFailure> {
    // After a refusal LDK asks the peer again with plainer types,
    // down to one whose commitment fee cannot be bumped.
    if !has_anchors(parts, opening) {
        let text = "the peer takes channels without anchors only; this node needs option_anchors".into();
        return Err(OpenFailure::Policy { text });
    }
    let reserve_sat = parts.reserve_sat();
    let transaction = parts.wallet.build_funding(script, amount_sat, reserve_sat, parts.fees.funding())?;
    let inputs: Vec<_> = transaction.input.iter().map(|input| input.previous_output).collect();
    let noted = parts.book.update(opening, |row| {
        row.inputs = inputs.clone();
        row.funding_tx = Some(transaction.clone());
    });
    let generated = noted.map_err(|error| error.to_string()).and_then(|()| {
        let generated = parts.manager.funding_transaction_generated(temporary, peer, transaction);
        generated.map_err(|error| format!("{error:?}"))
    });
    generated.map_err(|text| {
        parts.wallet.unlock(&inputs);
        OpenFailure::Unknown { text }
    })
}

fn has_anchors(parts: &Parts, opening: OpeningId) -> bool {
    let live = parts.manager.list_channels();
    let channel = live.iter().find(|channel| channel.user_channel_id == opening.0);
    let channel_type = channel.and_then(|channel| channel.channel_type.as_ref());
    channel_type.is_some_and(|channel_type| channel_type.supports_anchors_zero_fee_htlc_tx())
}

/// Notes why an opening of ours failed before it was funded, and tells the peer that it is over.
pub(crate) fn give_up(
    parts: &Parts,
    temporary: LdkChannelId,
    peer: NodeKey,
    opening: OpeningId,
    failure: OpenFailure,
) {
    if let Err(error) = parts.book.update(opening, |row| row.end = Some(End::Failed(failure))) {
        parts.disk_fault(&error);
    }
    let text = "the opener could not fund the channel".to_string();
    if let Err(error) = parts.manager.force_close_broadcasting_latest_txn(&temporary, &peer, text) {
        tracing::debug!(?error, "the opening was gone already");
    }
}
