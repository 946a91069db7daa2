//! Opening a channel: looked for, checked, written down, ordered; closing one.
//!
//! Invariant: LND's OpenChannel has no key against doing it twice, and its outcome can stay unknown. Our id goes into
//! the memo and into a row on disk before LND hears of it; an opening with a row is looked for and never ordered again,
//! unless LND has said that nothing of it is under way.

use std::{sync::Arc, time::Duration};

use lncontract_lightning::{
    By, Channel, ChannelId, ChannelState, CloseMode, LightningError, NodeEvent, OpenChannel, OpenFailure,
    OpeningId,
};

use crate::{
    api::{self, OpenStatus, path},
    channels::{self, OpeningRow, memo, row_key},
    notes::lock,
    parts::Parts,
    peers,
    rpc::{Fault, Kind},
    wallet,
    watch::tell,
    words,
};

/// How long a call waits for the peer's answer. A person may decide there: then the outcome is looked for.
const ANSWER_WAIT: Duration = Duration::from_secs(20);
const SYNC_WAIT: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Opens, or finds what this opening became.
pub(crate) async fn open(parts: &Arc<Parts>, open: OpenChannel) -> Result<ChannelId, LightningError> {
    parts.check()?;
    {
        let _one_at_a_time = parts.ordering.lock().await;
        let known = find(parts, open.opening).await?;
        if known.is_none() {
            check(parts, &open).await?;
            order(parts, &open).await?;
        }
    }
    answer(parts, open.opening).await
}

/// What there is of an opening; LND's lists are looked at first.
async fn find(parts: &Parts, opening: OpeningId) -> Result<Option<Channel>, LightningError> {
    let looked = channels::look_now(parts).await?;
    let found = looked.channels.iter().find(|seen| seen.channel.opening == opening);
    Ok(found.map(|seen| seen.channel.clone()))
}

/// What can be known before the peer is asked.
async fn check(parts: &Parts, open: &OpenChannel) -> Result<(), LightningError> {
    synced(parts).await?;
    if !peers::connected(parts).await?.contains(&open.peer) {
        return Err(LightningError::Open(OpenFailure::PeerOffline));
    }
    wallet::can_fund(parts, open.amount_sat).await
}

/// LND is behind for a moment after every block: that is waited for.
async fn synced(parts: &Parts) -> Result<(), LightningError> {
    let end = tokio::time::Instant::now() + SYNC_WAIT;
    while !parts.info().await.map_err(Fault::reading)?.synced_to_chain {
        if tokio::time::Instant::now() >= end {
            return Err(LightningError::Open(OpenFailure::NotSynced));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

async fn order(parts: &Arc<Parts>, open: &OpenChannel) -> Result<(), LightningError> {
    let row = OpeningRow::ordered(open.peer, true, open.amount_sat);
    // Told here, so that this stage is never missed; `watch` tells it again if it was not recorded.
    let requested = NodeEvent::Channel(row.channel(open.opening));
    let noted = parts.openings.put(&row_key(open.opening), row);
    noted.map_err(|error| parts.disk_fault(&error))?;
    tell(&*parts.config.host, requested).await;
    let question = api::OpenRequest {
        node_pubkey: open.peer.serialize().to_vec(),
        local_funding_amount: i64::try_from(open.amount_sat).unwrap_or(i64::MAX),
        target_conf: wallet::FUNDING_TARGET_BLOCKS,
        private: true,
        memo: memo(open.opening),
    };
    // In a task of its own: what LND says is noted, also when nobody waits for it any more.
    let (parts, opening) = (Arc::clone(parts), open.opening);
    tokio::spawn(async move {
        let first = tokio::select! {
            first = first_word(&parts, question) => first,
            () = parts.stopping() => return,
        };
        if let Err(error) = note(&parts, opening, first) {
            tracing::error!(%error, "what became of an opening is looked for at the next start");
        }
        parts.ring();
    });
    Ok(())
}

/// Waits for LND's first word on an opening: it is pending, or it is not.
async fn first_word(parts: &Parts, question: api::OpenRequest) -> Result<Option<bitcoin::OutPoint>, Fault> {
    let mut stages = parts.rpc.answers::<_, OpenStatus>(path::OPEN_CHANNEL, question).await?;
    while let Some(stage) = stages.next().await? {
        if let Some(pending) = stage.chan_pending {
            let txid = <[u8; 32]>::try_from(pending.txid.as_slice()).ok();
            let txid = txid.map(bitcoin::hashes::Hash::from_byte_array);
            return Ok(txid.map(|txid| bitcoin::OutPoint { txid, vout: pending.output_index }));
        }
    }
    Ok(None)
}

/// Writes down what LND said. Where its word leaves open what it did, the row stays, and is looked for.
fn note(
    parts: &Parts,
    opening: OpeningId,
    first: Result<Option<bitcoin::OutPoint>, Fault>,
) -> std::io::Result<()> {
    let key = row_key(opening);
    let Some(row) = parts.openings.get(&key) else { return Ok(()) };
    match first {
        Ok(Some(funding)) => parts.openings.put(&key, OpeningRow { funding: Some(funding), ..row }),
        Ok(None) => Ok(()),
        Err(Fault { kind: Kind::Silent, text }) => {
            tracing::warn!(text, "the outcome of an opening is not known; it is looked for");
            Ok(())
        }
        Err(fault) if fault.kind == Kind::Refused => {
            let failure = words::refusal(&fault.text);
            tracing::info!(%failure, "an opening was refused");
            if failure.passes() {
                return forget(parts, opening, LightningError::Open(failure));
            }
            parts.openings.put(&key, OpeningRow { failed: Some(failure), ..row })
        }
        // LND was not there or does not let us: nothing was done, and it can be tried again as it is.
        Err(fault) => forget(parts, opening, fault.reading()),
    }
}

/// Nothing of it is under way: it may be ordered again.
fn forget(parts: &Parts, opening: OpeningId, why: LightningError) -> std::io::Result<()> {
    lock(&parts.refusals).insert(opening, why);
    parts.openings.remove(&row_key(opening))
}

/// Waits until the opening is pending, or refused.
async fn answer(parts: &Parts, opening: OpeningId) -> Result<ChannelId, LightningError> {
    let mut bell = parts.bell.subscribe();
    let end = tokio::time::Instant::now() + ANSWER_WAIT;
    loop {
        parts.check()?;
        let Some(row) = parts.openings.get(&row_key(opening)) else {
            let why = lock(&parts.refusals).remove(&opening);
            let unknown = || LightningError::OutcomeUnknown { reason: "it is looked for by its id".into() };
            return Err(why.unwrap_or_else(unknown));
        };
        if let Some(failure) = row.failed {
            return Err(LightningError::Open(failure));
        }
        if let Some(funding) = row.funding {
            return Ok(channels::channel_id(funding));
        }
        // LND's lists may show it before LND's answer does, and rows do not ring.
        let _ = tokio::time::timeout(LOOK_EVERY, bell.changed()).await;
        if tokio::time::Instant::now() >= end {
            let reason = "the peer has not answered yet; the opening is looked for by its id".into();
            return Err(LightningError::OutcomeUnknown { reason });
        }
    }
}

/// Closes a channel; returns when LND has taken the order.
pub(crate) async fn close(parts: &Arc<Parts>, id: ChannelId, mode: CloseMode) -> Result<(), LightningError> {
    let looked = channels::look_now(parts).await?;
    let refused = |reason: String| LightningError::Refused { by: By::Us, reason };
    let seen = looked.channels.iter().find(|seen| seen.channel.id == id && seen.channel.funding.is_some());
    let channel =
        seen.map(|seen| &seen.channel).ok_or_else(|| refused(format!("there is no channel {id}")))?;
    if !matches!(channel.state, ChannelState::Open { .. } | ChannelState::Pending { .. }) {
        return Err(refused(format!("the channel {id} is closing or closed already")));
    }
    let funding = channel.funding.unwrap_or_default();
    let point = api::ChannelPoint { funding_txid_str: funding.txid.to_string(), output_index: funding.vout };
    let force = mode == CloseMode::Forced;
    let question = api::CloseRequest { channel_point: Some(point), force };
    let mut stages = parts
        .rpc
        .answers::<_, api::CloseStatus>(path::CLOSE_CHANNEL, question)
        .await
        .map_err(Fault::acting)?;
    // With a peer that does not agree on a fee LND says nothing: then it is under way all the same.
    let first = tokio::time::timeout(ANSWER_WAIT, stages.next()).await;
    parts.ring();
    match first {
        Ok(Ok(_)) | Err(_) => Ok(()),
        Ok(Err(fault)) => Err(fault.acting()),
    }
}
