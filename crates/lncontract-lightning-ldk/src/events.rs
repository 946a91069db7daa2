//! What LDK reports, each event made durable before it is acknowledged.
//!
//! Invariant: handling an event twice is the same as once, since LDK repeats them after a crash. An event
//! that could not be recorded is asked for again (`ReplayEvent`). The handler runs inside LDK's background
//! loop, so nothing in it waits long: decisions by the host are taken elsewhere.

use std::sync::Arc;

use bitcoin::OutPoint;
use lightning::{
    events::{ClosureReason, Event, FundingInfo, PaymentFailureReason, ReplayEvent},
    ln::types::ChannelId as LdkChannelId,
};
use lncontract_lightning::{ChannelId, InboundChannel, NodeEvent, OpeningId, PaymentHash};

use crate::{
    channels::End,
    claims::ClaimRow,
    failure::{is_forced, never_opened},
    inbound, opening,
    parts::Parts,
    payments, splices,
    table::hex,
    watch::tell,
};

/// Handles one event.
pub(crate) async fn handle(parts: &Arc<Parts>, event: Event) -> Result<(), ReplayEvent> {
    tracing::debug!(event = name(&event), "LDK reports");
    let done = match event {
        event @ (Event::OpenChannelRequest { .. }
        | Event::FundingGenerationReady { .. }
        | Event::ChannelPending { .. }
        | Event::ChannelClosed { .. }) => channel_event(parts, event),
        event @ (Event::FundingTransactionReadyForSigning { .. }
        | Event::SpliceNegotiated { .. }
        | Event::SpliceNegotiationFailed { .. }
        | Event::ChannelReady { .. }) => splice_event(parts, event),
        event @ (Event::PaymentClaimable { .. }
        | Event::PaymentClaimed { .. }
        | Event::PaymentSent { .. }
        | Event::PaymentFailed { .. }) => payment_event(parts, event).await,
        event => chain_event(parts, event).await,
    };
    parts.bell.ring();
    if done { Ok(()) } else { Err(ReplayEvent()) }
}

/// The event's name without its fields: some hold preimages, which belong in no log.
fn name(event: &Event) -> String {
    let text = format!("{event:?}");
    text.chars().take_while(|letter| letter.is_alphanumeric()).collect()
}

fn channel_event(parts: &Arc<Parts>, event: Event) -> bool {
    match event {
        Event::OpenChannelRequest {
            temporary_channel_id: temporary,
            counterparty_node_id: peer,
            funding_satoshis: amount_sat,
            channel_negotiation_type: funds,
            channel_type,
            is_announced: announced,
            ..
        } => {
            let request = InboundChannel { peer, amount_sat, announced };
            let asked = inbound::Asked { temporary, request, funds, channel_type };
            tokio::spawn(inbound::decide(parts.clone(), asked));
            true
        }
        Event::FundingGenerationReady {
            temporary_channel_id: temporary,
            counterparty_node_id: peer,
            channel_value_satoshis: amount_sat,
            output_script,
            user_channel_id,
        } => {
            let id = OpeningId(user_channel_id);
            if let Err(failure) = opening::fund(parts, temporary, peer, id, amount_sat, output_script) {
                opening::give_up(parts, temporary, peer, id, failure);
            }
            true
        }
        Event::ChannelPending { channel_id, user_channel_id, funding_txo, .. } => {
            funded(parts, OpeningId(user_channel_id), channel_id, funding_txo)
        }
        Event::ChannelClosed { channel_id, user_channel_id, reason, last_local_balance_msat, .. } => {
            let local_msat = last_local_balance_msat.unwrap_or(0);
            closed(parts, OpeningId(user_channel_id), channel_id, &reason, local_msat)
        }
        _ => true,
    }
}

fn splice_event(parts: &Parts, event: Event) -> bool {
    let noted = match event {
        Event::FundingTransactionReadyForSigning {
            channel_id,
            counterparty_node_id: peer,
            unsigned_transaction,
            ..
        } => {
            splices::order::sign(parts, channel_id, peer, unsigned_transaction);
            Ok(())
        }
        Event::SpliceNegotiationFailed { channel_id, reason, .. } => parts.splice_failed(channel_id, &reason),
        Event::ChannelReady { user_channel_id, .. } => parts
            .book
            .update(OpeningId(user_channel_id), |row| row.unconfirmed = false)
            .and_then(|()| parts.settle_splices()),
        // Negotiated or locked: LDK's list has it.
        _ => parts.settle_splices(),
    };
    noted.map_err(|error| parts.disk_fault(&error)).is_ok()
}

fn funded(parts: &Parts, opening: OpeningId, id: LdkChannelId, funding: OutPoint) -> bool {
    let noted = parts.book.update(opening, |row| {
        row.id = Some(id.0);
        row.funding = Some(funding);
        // Told again, it may be in a block by now.
        row.unconfirmed |= !row.outbound && !row.funded;
        row.funded = true;
    });
    if let Err(error) = noted {
        parts.disk_fault(&error);
        return false;
    }
    broadcast_funding(parts, opening);
    true
}

/// Gives the funding transaction of a funded channel to the chain; one that is there already does no harm.
pub(crate) fn broadcast_funding(parts: &Parts, opening: OpeningId) {
    let row = parts.book.get(opening).filter(|row| row.funded && row.end.is_none());
    if let Some(transaction) = row.and_then(|row| row.funding_tx) {
        parts.broadcaster.queue(vec![transaction]);
    }
}

fn closed(
    parts: &Parts,
    opening: OpeningId,
    id: LdkChannelId,
    reason: &ClosureReason,
    local_msat: u64,
) -> bool {
    tracing::info!(opening = %format!("{:032x}", opening.0), %reason, "a channel ended");
    let noted = parts.book.update(opening, |row| {
        let before = row.end.take();
        // Its funding never got into a block: there is nothing to close. One of ours was sent, and may get there.
        let lost = row.unconfirmed || matches!(reason, ClosureReason::FundingTimedOut);
        row.end = Some(match before {
            Some(End::Failed(failure)) if !row.funded => End::Failed(failure),
            _ if !row.funded || lost => End::Failed(never_opened(reason)),
            before => {
                let closing_tx = match before {
                    Some(End::Closed { closing_tx, .. }) => closing_tx,
                    _ => row.spent_by,
                };
                row.id = Some(id.0);
                // What stands in a block decides; LDK's word is of before.
                let spent_alone = row.spent_alone.filter(|_| closing_tx.is_some());
                End::Closed { forced: spent_alone.unwrap_or(is_forced(reason)), local_msat, closing_tx }
            }
        });
    });
    noted.map_err(|error| parts.disk_fault(&error)).is_ok()
}

async fn payment_event(parts: &Arc<Parts>, event: Event) -> bool {
    match event {
        Event::PaymentClaimable { payment_hash, amount_msat, purpose, claim_deadline, .. } => {
            let preimage = purpose.preimage().map(|preimage| preimage.0);
            let row = ClaimRow { amount_msat, preimage, deadline: claim_deadline };
            let noted = parts.claims.put(&hex(&payment_hash.0), row);
            noted.map_err(|error| parts.disk_fault(&error)).is_ok()
        }
        Event::PaymentClaimed { payment_hash, amount_msat, htlcs, .. } => {
            let mut channels: Vec<_> = htlcs.iter().map(|htlc| ChannelId(htlc.channel_id.0)).collect();
            channels.sort();
            channels.dedup();
            received(parts, payment_hash.0, amount_msat, channels).await
        }
        Event::PaymentSent { payment_hash, payment_preimage, fee_paid_msat, .. } => {
            payments::sent(parts, payment_hash.0, payment_preimage.0, fee_paid_msat.unwrap_or(0)).await
        }
        // No channel took it at that moment: the peer was gone before LDK could send.
        Event::PaymentFailed { payment_id, reason: Some(PaymentFailureReason::RouteNotFound), .. } => {
            payments::unsent(parts, payment_id.0).await
        }
        Event::PaymentFailed { payment_id, reason, .. } => {
            let words = reason.map_or("no reason given".into(), |reason| format!("{reason:?}"));
            // The payment id is the hash: see `payments`.
            payments::failed(parts, payment_id.0, words).await
        }
        _ => true,
    }
}

async fn received(
    parts: &Parts,
    payment_hash: PaymentHash,
    amount_msat: u64,
    channels: Vec<ChannelId>,
) -> bool {
    // Kept for good, and before the program hears of it: its books never know more than this folder.
    if let Err(error) = parts.receipts.put(&hex(&payment_hash), amount_msat) {
        parts.disk_fault(&error);
        return false;
    }
    let event = NodeEvent::PaymentReceived { payment_hash, amount_msat, channels };
    if !tell(&*parts.config.host, event).await {
        return false;
    }
    parts.claims.remove(&hex(&payment_hash)).map_err(|error| parts.disk_fault(&error)).is_ok()
}

async fn chain_event(parts: &Arc<Parts>, event: Event) -> bool {
    match event {
        Event::DiscardFunding { funding_info, .. } => {
            let inputs = match funding_info {
                FundingInfo::Tx { transaction } => {
                    transaction.input.iter().map(|input| input.previous_output).collect()
                }
                FundingInfo::Contribution { inputs, .. } => inputs,
                FundingInfo::OutPoint { .. } => Vec::new(),
            };
            parts.wallet.unlock(&inputs);
            parts.splice_discarded(&inputs).map_err(|error| parts.disk_fault(&error)).is_ok()
        }
        Event::SpendableOutputs { outputs, channel_id, counterparty_node_id } => {
            // Static outputs pay scripts of the wallet, which sees them in the block.
            let tracked =
                parts.sweeper.track_spendable_outputs(outputs, channel_id, counterparty_node_id, true, None);
            let tracked = tracked.await.is_ok();
            parts.sweep().await;
            tracked
        }
        Event::BumpTransaction(bump) => {
            parts.bumper.handle_event(&bump).await;
            true
        }
        _ => true,
    }
}
