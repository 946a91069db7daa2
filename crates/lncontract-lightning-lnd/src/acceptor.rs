//! Channels that peers want to open with us: LND asks, the program answers.
//!
//! Invariant: what is admitted has a row on disk before LND hears the yes, so that the channel is known for what it is
//! when it appears. While this conversation is not there LND accepts by its own rules: the program then sees the
//! channel as one that nobody announced, and says so.

use std::{sync::Arc, time::Duration};

use lncontract_lightning::{Admission, InboundChannel, NodeKey};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    api::{AcceptRequest, AcceptResponse, COMMITMENT_ANCHORS, path},
    channels::{OpeningRow, row_key},
    parts::Parts,
    rpc::Fault,
};

/// LND waits 15 seconds, then refuses by itself.
const HOST_WAIT: Duration = Duration::from_secs(12);
/// LND passes on 500 characters.
const WORDS_MOST: usize = 500;
/// BOLT 2, `channel_flags`.
const ANNOUNCE: u32 = 1;

/// Answers until LND ends it.
pub(crate) async fn run(parts: Arc<Parts>) -> Result<(), Fault> {
    let (answers, ours) = mpsc::channel::<AcceptResponse>(16);
    let mut asked = parts
        .rpc
        .conversation::<_, AcceptRequest, _>(path::CHANNEL_ACCEPTOR, ReceiverStream::new(ours))
        .await?;
    while let Some(request) = asked.next().await? {
        let (parts, answers) = (Arc::clone(&parts), answers.clone());
        // Each in a task of its own: one that takes long holds up no other.
        tokio::spawn(async move {
            let pending_chan_id = request.pending_chan_id.clone();
            let answer = match admit(&parts, &request).await {
                Ok((to_self_delay_blocks, in_flight_max_msat)) => AcceptResponse {
                    accept: true,
                    pending_chan_id,
                    error: String::new(),
                    csv_delay: u32::from(to_self_delay_blocks),
                    in_flight_max_msat,
                },
                Err(words) => AcceptResponse {
                    accept: false,
                    pending_chan_id,
                    error: words.chars().take(WORDS_MOST).collect(),
                    ..AcceptResponse::default()
                },
            };
            if answers.send(answer).await.is_err() {
                tracing::warn!("LND ended the conversation about an inbound channel before it was answered");
            }
        });
    }
    Ok(())
}

/// The delay of the opener's output and what it may have in flight, or why not.
async fn admit(parts: &Parts, request: &AcceptRequest) -> Result<(u16, u64), String> {
    let peer = NodeKey::from_slice(&request.node_pubkey).map_err(|_| "the opener has no key".to_owned())?;
    let asked = InboundChannel {
        peer,
        amount_sat: request.funding_amt,
        announced: request.channel_flags & ANNOUNCE != 0,
    };
    let answer = parts.config.host.channel_requested(asked);
    let Ok(answer) = tokio::time::timeout(HOST_WAIT, answer).await else {
        return Err("the company's program did not answer in time; try again later".into());
    };
    let (opening, to_self_delay_blocks) = match answer {
        Admission::Accept { opening, to_self_delay_blocks } => (opening, to_self_delay_blocks),
        Admission::Refuse { text } => return Err(text),
    };
    // After the program's own words: an opener that was refused may ask again with a plainer type.
    if request.commitment_type != COMMITMENT_ANCHORS {
        return Err("only channels with anchors are accepted here (option_anchors, and no other type)".into());
    }
    if request.push_amt > 0 || request.wants_zero_conf {
        return Err("only channels without a pushed amount, and confirmed ones, are accepted here".into());
    }
    let known = parts.openings.get(&row_key(opening));
    if known.is_some_and(|row| row.funding.is_some() || row.failed.is_some()) {
        return Err("that channel was opened already".into());
    }
    let row = OpeningRow::ordered(peer, false, request.funding_amt);
    if let Err(error) = parts.openings.put(&row_key(opening), row) {
        tracing::error!(%error, "an admitted channel could not be noted");
        return Err("the company's program could not write it down; try again later".into());
    }
    // All of it at once: a milestone may be as large as its channel (DESIGN.md section 6).
    Ok((to_self_delay_blocks, request.funding_amt.saturating_mul(1_000)))
}
