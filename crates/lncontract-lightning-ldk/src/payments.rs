//! Sending money: checked, written down, handed to LDK, and its outcome kept for good.
//!
//! Money: the payment hash is LDK's payment id, so a hash that LDK knows is never sent again; a hash whose
//! outcome is kept here as sent is not even offered. A failed one may be sent again,
//! since nothing of it is in flight.

use std::{str::FromStr, time::Duration};

use bitcoin::secp256k1::PublicKey;
use lightning::{
    ln::{
        channel_state::ChannelDetails,
        channelmanager::{
            Bolt11InvoiceParameters, OptionalBolt11PaymentParams, PaymentId, RecentPaymentDetails,
        },
        outbound_payment::{Bolt11PaymentError, Retry, RetryableSendFailure},
    },
    routing::router::RouteParametersConfig,
};
use lightning_invoice::{Bolt11Invoice, Bolt11InvoiceDescription, Sha256};
use lightning_types::payment::PaymentHash as LdkHash;
use lncontract_lightning::{
    By, LightningError, MadeInvoice, NewInvoice, NodeEvent, Pay, PaymentHash, PaymentPreimage, PaymentState,
    Share,
};
use serde::{Deserialize, Serialize};

use crate::{
    health::unix_time,
    parts::Parts,
    router::{Room, split},
    table::hex,
    watch::tell,
};

/// How long LDK tries other splits after a part came back.
const RETRY: Duration = Duration::from_secs(5);

/// Blocks that a payment to us may wait: LDK wants it decided 39 blocks before, so about 100 are left for the
/// host. At LDK's shortest (42) a payment would be at its deadline as it arrives.
const FINAL_CLTV_BLOCKS: u16 = 144;

/// What is kept of a payment of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PaymentRow {
    /// Handed to LDK; what came of it is not known here.
    Asked,
    /// Arrived.
    Sent { preimage: PaymentPreimage, fee_msat: u64 },
    /// Failed, and nothing of it is in flight.
    Failed { reason: String },
}

fn refused(reason: impl Into<String>) -> LightningError {
    LightningError::Refused { by: By::Us, reason: reason.into() }
}

/// Makes an invoice with an exact amount and a description hash.
pub(crate) fn create_invoice(parts: &Parts, new: NewInvoice) -> Result<MadeInvoice, LightningError> {
    use bitcoin::hashes::Hash;
    let hash = bitcoin::hashes::sha256::Hash::from_byte_array(new.description_hash);
    let parameters = Bolt11InvoiceParameters {
        amount_msats: Some(new.amount_msat),
        description: Bolt11InvoiceDescription::Hash(Sha256(hash)),
        invoice_expiry_delta_secs: Some(new.expiry_s),
        min_final_cltv_expiry_delta: Some(FINAL_CLTV_BLOCKS),
        ..Default::default()
    };
    let invoice = parts
        .health
        .call(|| parts.manager.create_bolt11_invoice(parameters))?
        .map_err(|error| refused(format!("the invoice could not be made: {error:?}")))?;
    let expires = invoice.duration_since_epoch() + invoice.expiry_time();
    Ok(MadeInvoice {
        payment_hash: invoice.payment_hash().0,
        expires_at_s: expires.as_secs(),
        bolt11: invoice.to_string(),
    })
}

/// What the invoice says, checked as far as it can be without the channels.
struct Payable {
    invoice: Bolt11Invoice,
    hash: LdkHash,
    amount_msat: u64,
    payee: PublicKey,
}

fn parse(parts: &Parts, bolt11: &str) -> Result<Payable, LightningError> {
    let invoice = Bolt11Invoice::from_str(bolt11)
        .map_err(|error| refused(format!("the invoice cannot be read: {error}")))?;
    let (ours, theirs) = (parts.config.network, invoice.network());
    if ours != theirs {
        return Err(refused(format!("the invoice is for {theirs}, this node is on {ours}")));
    }
    let amount_msat = invoice.amount_milli_satoshis().ok_or_else(|| refused("the invoice has no amount"))?;
    let payee = invoice.payee_pub_key().copied().unwrap_or_else(|| invoice.recover_payee_pub_key());
    let hash = invoice.payment_hash();
    Ok(Payable { invoice, hash, amount_msat, payee })
}

/// Sends, unless the hash is known already.
pub(crate) async fn pay(parts: &Parts, pay: Pay) -> Result<(), LightningError> {
    parts.health.check()?;
    let payable = parse(parts, &pay.bolt11)?;
    let key = hex(&payable.hash.0);
    // One decision at a time, also against the handler that writes outcomes.
    let _one_at_a_time = parts.attempts.lock().await;
    let before = parts.payments.get(&key);
    if matches!(before, Some(PaymentRow::Sent { .. })) || known_to_ldk(parts, &payable.hash) {
        return Ok(());
    }
    if payable.invoice.would_expire(unix_time()) {
        return Err(LightningError::Expired);
    }
    check_channels(parts, &payable, &pay)?;
    parts.payments.put(&key, PaymentRow::Asked).map_err(|error| parts.disk_fault(&error))?;
    parts.router.name(payable.hash, pay.channels.iter().map(|share| (share.channel.0, share.most_msat)));
    match send(parts, &payable)? {
        Ok(()) | Err(Bolt11PaymentError::SendingFailed(RetryableSendFailure::DuplicatePayment)) => {
            parts.asked.insert(payable.hash.0);
            parts.health.call(|| parts.peers.process_events())
        }
        Err(error) => {
            // LDK said so before anything was sent: the row is as it was.
            parts.router.forget(&payable.hash);
            let undone = match before {
                Some(row) => parts.payments.put(&key, row),
                None => parts.payments.remove(&key),
            };
            undone.map_err(|error| parts.disk_fault(&error))?;
            Err(refused(format!("the payment could not be sent: {error:?}")))
        }
    }
}

fn send(parts: &Parts, payable: &Payable) -> Result<Result<(), Bolt11PaymentError>, LightningError> {
    let params = OptionalBolt11PaymentParams {
        // The channels are direct: whoever would take a fee is not on the way.
        route_params_config: RouteParametersConfig {
            max_total_routing_fee_msat: Some(0),
            ..Default::default()
        },
        retry_strategy: Retry::Timeout(RETRY),
        ..Default::default()
    };
    let id = PaymentId(payable.hash.0);
    parts.health.call(|| parts.manager.pay_for_bolt11_invoice(&payable.invoice, id, None, params))
}

/// Whether the named channels end at the payee and can carry the amount; says in words what is lacking.
fn check_channels(parts: &Parts, payable: &Payable, pay: &Pay) -> Result<(), LightningError> {
    if pay.channels.is_empty() {
        return Err(refused("no channel is named for this payment"));
    }
    let live = parts.health.call(|| parts.manager.list_channels())?;
    let mut named: Vec<(&ChannelDetails, u64)> = Vec::new();
    for Share { channel: id, most_msat } in &pay.channels {
        let channel = live.iter().find(|channel| channel.channel_id.0 == id.0);
        let channel = channel.ok_or_else(|| refused(format!("this node has no open channel {id}")))?;
        if channel.counterparty.node_id != payable.payee {
            return Err(refused(format!("channel {id} does not end at the payee, node {}", payable.payee)));
        }
        named.push((channel, *most_msat));
    }
    named.retain(|(channel, _)| channel.is_usable);
    if named.is_empty() {
        let reason =
            "none of the named channels can be used now: the payee's node is not connected, or they \
                      are not open yet"
                .into();
        return Err(LightningError::Unavailable { reason });
    }
    let rooms: Vec<Room> = named
        .iter()
        .enumerate()
        .map(|(index, (channel, most_msat))| Room {
            index,
            min_msat: channel.next_outbound_htlc_minimum_msat,
            max_msat: channel.next_outbound_htlc_limit_msat.min(*most_msat),
        })
        .collect();
    let parts_max = usize::from(RouteParametersConfig::default().max_path_count);
    if split(payable.amount_msat, &rooms, parts_max).is_none() {
        let room_msat: u64 = rooms.iter().map(|room| room.max_msat).sum();
        return Err(refused(format!(
            "the payment is {} msat, and the named channels can carry {room_msat} msat now",
            payable.amount_msat
        )));
    }
    Ok(())
}

/// Whether LDK still has the hash: on its way, given up with parts in flight, or arrived a while ago.
fn known_to_ldk(parts: &Parts, hash: &LdkHash) -> bool {
    parts.manager.list_recent_payments().iter().any(|payment| match payment {
        RecentPaymentDetails::Pending { payment_hash, .. }
        | RecentPaymentDetails::Abandoned { payment_hash, .. } => payment_hash == hash,
        RecentPaymentDetails::Fulfilled { payment_id, .. } => payment_id.0 == hash.0,
        RecentPaymentDetails::AwaitingInvoice { .. } => false,
    })
}

/// What is known of a hash.
pub(crate) fn payment(parts: &Parts, hash: PaymentHash) -> Result<PaymentState, LightningError> {
    let in_flight = parts.health.call(|| known_to_ldk(parts, &LdkHash(hash)))?;
    Ok(match parts.payments.get(&hex(&hash)) {
        Some(PaymentRow::Sent { preimage, fee_msat }) => PaymentState::Sent { preimage, fee_msat },
        _ if in_flight => PaymentState::InFlight,
        Some(PaymentRow::Failed { reason }) => PaymentState::Failed { reason },
        // LDK's event with the outcome is still in its queue.
        Some(PaymentRow::Asked) if parts.asked.contains(&hash) => PaymentState::InFlight,
        // Asked by an earlier process that ended before LDK wrote it down: it was never sent.
        Some(PaymentRow::Asked) | None => PaymentState::Absent,
    })
}

/// Our payment arrived. False: to be told again.
pub(crate) async fn sent(parts: &Parts, hash: PaymentHash, preimage: PaymentPreimage, fee_msat: u64) -> bool {
    if let Err(error) = parts.payments.put(&hex(&hash), PaymentRow::Sent { preimage, fee_msat }) {
        parts.disk_fault(&error);
        return false;
    }
    parts.router.forget(&LdkHash(hash));
    tell(&*parts.config.host, NodeEvent::PaymentSent { payment_hash: hash, preimage, fee_msat }).await
}

/// LDK gave our payment up since no named channel could take it, and nothing of it is in flight: the payee did not
/// refuse it. It is as if it had never been asked for, and may be asked for again. False: to be told again.
pub(crate) async fn unsent(parts: &Parts, hash: PaymentHash) -> bool {
    let _one_at_a_time = parts.attempts.lock().await;
    // Told again after a crash, while the same hash has been sent once more.
    if known_to_ldk(parts, &LdkHash(hash)) {
        return true;
    }
    if matches!(parts.payments.get(&hex(&hash)), Some(PaymentRow::Asked)) {
        if let Err(error) = parts.payments.remove(&hex(&hash)) {
            parts.disk_fault(&error);
            return false;
        }
        parts.router.forget(&LdkHash(hash));
    }
    true
}

/// Our payment failed and nothing of it is in flight. False: to be told again.
pub(crate) async fn failed(parts: &Parts, hash: PaymentHash, reason: String) -> bool {
    let one_at_a_time = parts.attempts.lock().await;
    let arrived = matches!(parts.payments.get(&hex(&hash)), Some(PaymentRow::Sent { .. }));
    // Told again after a crash, while the same hash has been sent once more: not its outcome.
    if arrived || known_to_ldk(parts, &LdkHash(hash)) {
        return true;
    }
    if let Err(error) = parts.payments.put(&hex(&hash), PaymentRow::Failed { reason: reason.clone() }) {
        parts.disk_fault(&error);
        return false;
    }
    parts.router.forget(&LdkHash(hash));
    drop(one_at_a_time);
    tell(&*parts.config.host, NodeEvent::PaymentFailed { payment_hash: hash, reason }).await
}
