//! Paying invoices: over named channels only, directly, for no fee; and what became of it.
//!
//! Money: LND's own book of payments, by hash, is what keeps a payment from being made twice, so it is asked first, and
//! nothing is sent of a hash that is under way or paid. `fee_limit` 0 does not make a payment direct: that every named
//! channel ends at the payee is checked, and the time lock leaves no room for a second hop. A payment over several
//! channels goes in parts that we cut ourselves: LND would choose their sizes, and what is set aside in a channel for
//! other things has to stay. All parts name the whole amount (BOLT 4, `total_msat`), so the payee takes all or none.

use std::{sync::Arc, time::Duration};

use bitcoin::hex::FromHex;
use lightning_invoice::Bolt11Invoice;
use lncontract_lightning::{
    By, Channel, LightningError, NodeEvent, Pay, PaymentHash, PaymentPreimage, PaymentState,
};

use crate::{
    api::{self, Payment, Payments, failure_reason, path, payment_status},
    channels::{self, Seen},
    notes::lock,
    parts::{Parts, unix_time},
    rpc::{Answers, Fault, Kind},
    watch::{own_fault, tell},
};

/// How long LND may take to say that it has a payment.
const TAKEN_WAIT: Duration = Duration::from_secs(10);
/// Seconds that LND tries; what is in flight after them stays in flight until it is decided.
const TRY_S: i32 = 60;
/// Blocks on top of what the payee asks for: blocks that are found on the way. A second hop needs more.
const CLTV_MARGIN_BLOCKS: u32 = 10;
const CLTV_PADDING_BLOCKS: u32 = 3;
const PAGE: u64 = 500;
/// How often the list of payments is read beside the news.
const CATCH_UP_EVERY: Duration = Duration::from_secs(10);
const TURN: Duration = Duration::from_secs(1);
/// The cursor: payments up to that index are over and told.
const CURSOR: &str = "payments";

/// A part of a payment over one channel.
struct Part {
    scid: u64,
    amount_msat: u64,
}

/// Sends; returns when LND has the payment.
pub(crate) async fn pay(parts: &Arc<Parts>, pay: Pay) -> Result<(), LightningError> {
    parts.check()?;
    let invoice = read(&pay.bolt11)?;
    let hash: PaymentHash = invoice.payment_hash().0;
    // One at a time for a hash: the question and the sending belong together.
    if !lock(&parts.sending).insert(hash) {
        return Ok(());
    }
    let _sending = Sending { parts, hash };
    ask_and_send(parts, &pay, &invoice, hash).await
}

/// A hash that is being handed to LND; also a caller that gives up lets go of it.
struct Sending<'a> {
    parts: &'a Parts,
    hash: PaymentHash,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        lock(&self.parts.sending).remove(&self.hash);
    }
}

async fn ask_and_send(
    parts: &Arc<Parts>,
    pay: &Pay,
    invoice: &Bolt11Invoice,
    hash: PaymentHash,
) -> Result<(), LightningError> {
    match payment(parts, hash).await? {
        PaymentState::InFlight | PaymentState::Sent { .. } => return Ok(()),
        PaymentState::Absent | PaymentState::Failed { .. } => {}
    }
    if invoice.expires_at().is_some_and(|at| at.as_secs() < unix_time()) {
        return Err(LightningError::Expired);
    }
    let looked = channels::look_now(parts).await?;
    let cut = cut(pay, invoice, &looked.channels)?;
    match cut.as_slice() {
        [one] => whole(parts, pay, invoice, one).await,
        many => in_parts(parts, invoice, hash, many, looked.height).await,
    }
}

fn read(bolt11: &str) -> Result<Bolt11Invoice, LightningError> {
    let invoice: Result<Bolt11Invoice, _> = bolt11.parse();
    invoice.map_err(|error| refused(format!("the invoice can't be read: {error}")))
}

fn refused(reason: String) -> LightningError {
    LightningError::Refused { by: By::Us, reason }
}

/// How much goes over which of the named channels: in their order, each as much as it may and can.
fn cut(pay: &Pay, invoice: &Bolt11Invoice, there: &[Seen]) -> Result<Vec<Part>, LightningError> {
    let payee = invoice.recover_payee_pub_key();
    let amount_msat =
        invoice.amount_milli_satoshis().ok_or_else(|| refused("the invoice names no amount".into()))?;
    let (mut left_msat, mut parts, mut room_msat) = (amount_msat, Vec::new(), 0_u64);
    for share in &pay.channels {
        let seen =
            there.iter().find(|seen| seen.channel.id == share.channel && seen.channel.funding.is_some());
        let seen = seen.filter(|seen| seen.channel.peer == payee);
        let Some((scid, channel)) = seen.and_then(|seen| Some((seen.scid?, &seen.channel))) else {
            return Err(refused(format!(
                "the channel {} is not open, or does not end at the payee",
                share.channel
            )));
        };
        let can_msat = carries_msat(channel).min(share.most_msat);
        room_msat = room_msat.saturating_add(can_msat);
        let amount_msat = can_msat.min(left_msat);
        if amount_msat > 0 {
            left_msat -= amount_msat;
            parts.push(Part { scid, amount_msat });
        }
    }
    if left_msat > 0 || parts.is_empty() {
        let reason = format!(
            "the named channels carry {room_msat} msat now, the invoice asks for {amount_msat} msat; nothing was sent"
        );
        return Err(refused(reason));
    }
    Ok(parts)
}

fn carries_msat(channel: &Channel) -> u64 {
    let usable = channel.state == (lncontract_lightning::ChannelState::Open { usable: true });
    if usable { channel.next_outbound_htlc_limit_msat } else { 0 }
}

/// In one piece: LND pays the invoice over the one channel.
async fn whole(parts: &Parts, pay: &Pay, invoice: &Bolt11Invoice, part: &Part) -> Result<(), LightningError> {
    let cltv = u32::try_from(invoice.min_final_cltv_expiry_delta()).unwrap_or(u32::MAX);
    let question = api::SendPayment {
        payment_request: pay.bolt11.clone(),
        timeout_seconds: TRY_S,
        cltv_limit: i32::try_from(cltv.saturating_add(CLTV_MARGIN_BLOCKS)).unwrap_or(i32::MAX),
        fee_limit_msat: 0,
        max_parts: 1,
        outgoing_chan_ids: vec![part.scid],
    };
    let mut states: Answers<Payment> =
        match parts.rpc.answers::<_, Payment>(path::SEND_PAYMENT, question).await {
            Ok(states) => states,
            Err(fault) => return unless_known(fault),
        };
    match tokio::time::timeout(TAKEN_WAIT, states.next()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(fault)) => unless_known(fault),
        Err(_elapsed) => {
            let reason = "LND has not said that it has the payment; it is asked by its hash".into();
            Err(LightningError::OutcomeUnknown { reason })
        }
    }
}

/// A hash that LND has already is no fault.
fn unless_known(fault: Fault) -> Result<(), LightningError> {
    let expired = fault.kind == Kind::Refused && fault.text.starts_with("invoice expired");
    match fault.kind {
        Kind::Exists => Ok(()),
        _ if expired => Err(LightningError::Expired),
        _ => Err(fault.acting()),
    }
}

/// In parts: each is one hop over one channel.
async fn in_parts(
    parts: &Arc<Parts>,
    invoice: &Bolt11Invoice,
    hash: PaymentHash,
    cut: &[Part],
    height: u32,
) -> Result<(), LightningError> {
    let mut tasks = tokio::task::JoinSet::new();
    for part in cut {
        let question =
            api::SendToRoute { payment_hash: hash.to_vec(), route: Some(route(invoice, part, height)) };
        let parts = Arc::clone(parts);
        tasks.spawn(async move {
            // It answers when the part has arrived or come back; the payment itself is followed by its hash.
            let wait = Duration::from_secs(u64::from(TRY_S.unsigned_abs()));
            parts.rpc.call_within::<_, api::Nothing>(path::SEND_TO_ROUTE, question, wait).await.map(|_| ())
        });
    }
    let end = tokio::time::Instant::now() + TAKEN_WAIT;
    loop {
        tokio::select! {
            Some(ended) = tasks.join_next() => match ended {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => match payment(parts, hash).await? {
                    // LND never took it: nothing is in flight.
                    PaymentState::Absent if tasks.is_empty() => return Err(fault.acting()),
                    PaymentState::Absent => {}
                    _ => break,
                },
                Err(error) => tracing::error!(%error, "a part of a payment was not sent"),
            },
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
        if payment(parts, hash).await? != PaymentState::Absent {
            break;
        }
        if tokio::time::Instant::now() >= end {
            let reason = "LND has not said that it has the payment; it is asked by its hash".into();
            return Err(LightningError::OutcomeUnknown { reason });
        }
    }
    // The parts go on by themselves; their calls may end with nobody listening.
    tasks.detach_all();
    Ok(())
}

fn route(invoice: &Bolt11Invoice, part: &Part, height: u32) -> api::Route {
    let cltv = u32::try_from(invoice.min_final_cltv_expiry_delta()).unwrap_or(u32::MAX);
    let expiry = height.saturating_add(cltv).saturating_add(CLTV_PADDING_BLOCKS);
    let total_amt_msat = i64::try_from(invoice.amount_milli_satoshis().unwrap_or(0)).unwrap_or(i64::MAX);
    let amount_msat = i64::try_from(part.amount_msat).unwrap_or(i64::MAX);
    let record = api::MppRecord { total_amt_msat, payment_addr: invoice.payment_secret().0.to_vec() };
    let hop = api::Hop {
        chan_id: part.scid,
        expiry,
        amt_to_forward_msat: amount_msat,
        pub_key: invoice.recover_payee_pub_key().to_string(),
        mpp_record: Some(record),
        metadata: invoice.payment_metadata().cloned().unwrap_or_default(),
    };
    api::Route { total_time_lock: expiry, hops: vec![hop], total_amt_msat: amount_msat }
}

/// What LND knows of a payment.
pub(crate) async fn payment(parts: &Parts, hash: PaymentHash) -> Result<PaymentState, LightningError> {
    parts.check()?;
    let question = api::TrackPayment { payment_hash: hash.to_vec() };
    let states = parts.rpc.answers::<_, Payment>(path::TRACK_PAYMENT, question).await;
    let now = match states {
        Ok(mut states) => tokio::time::timeout(TAKEN_WAIT, states.next()).await.map_err(|_| {
            let reason = "LND does not say what it knows of the payment".into();
            LightningError::Unavailable { reason }
        })?,
        Err(fault) => Err(fault),
    };
    match now {
        Ok(Some(payment)) => Ok(state(&payment)),
        Ok(None) => Err(LightningError::Unavailable { reason: "LND ended its answer".into() }),
        Err(fault) if fault.kind == Kind::NotFound => Ok(PaymentState::Absent),
        Err(fault) => Err(fault.reading()),
    }
}

fn state(payment: &Payment) -> PaymentState {
    match payment.status {
        payment_status::SUCCEEDED => match PaymentPreimage::from_hex(&payment.payment_preimage) {
            Ok(preimage) => {
                PaymentState::Sent { preimage, fee_msat: u64::try_from(payment.fee_msat).unwrap_or(0) }
            }
            // Not without its receipt; LND writes both at once.
            Err(_) => PaymentState::InFlight,
        },
        payment_status::FAILED => PaymentState::Failed { reason: reason(payment) },
        _ => PaymentState::InFlight,
    }
}

/// LND's reason in words.
fn reason(payment: &Payment) -> String {
    let nothing_sent = payment.htlcs.is_empty();
    let words = match payment.failure_reason {
        failure_reason::TIMEOUT => "LND did not get it through in time",
        failure_reason::NO_ROUTE | failure_reason::INSUFFICIENT_BALANCE if nothing_sent => {
            "LND found no way over the named channels: the peer is away, or too little room is in them"
        }
        failure_reason::NO_ROUTE => "LND found no way over the named channels",
        failure_reason::INSUFFICIENT_BALANCE => "the named channels have too little room",
        failure_reason::INCORRECT_PAYMENT_DETAILS => {
            "the payee's node gave it back: it takes this invoice no more, or not this amount"
        }
        failure_reason::CANCELED => "it was cancelled at our LND",
        _ => "LND names no reason",
    };
    words.to_owned()
}

/// Tells the host the outcome of every payment, those of before and those to come.
pub(crate) async fn run(parts: Arc<Parts>) -> Result<(), Fault> {
    let mut updates = parts.rpc.answers::<_, Payment>(path::TRACK_PAYMENTS, api::Nothing {}).await?;
    loop {
        // Also now and then: LND does not say from when on it tells what changes.
        catch_up(&parts).await?;
        let end = tokio::time::Instant::now() + CATCH_UP_EVERY;
        while let Ok(update) = tokio::time::timeout_at(end, updates.next()).await {
            let Some(payment) = update? else { return Ok(()) };
            outcome(&parts, &payment).await;
            parts.ring();
        }
    }
}

/// Payments after the cursor. It stays before the first one that is not over.
async fn catch_up(parts: &Parts) -> Result<(), Fault> {
    let mut cursor = parts.cursors.get(CURSOR).unwrap_or(0);
    let mut unbroken = true;
    loop {
        let question =
            api::ListPayments { include_incomplete: true, index_offset: cursor, max_payments: PAGE };
        let page: Payments = parts.rpc.call(path::LIST_PAYMENTS, question).await?;
        for payment in &page.payments {
            unbroken &= outcome(parts, payment).await;
            if unbroken {
                parts.cursors.put(CURSOR, payment.payment_index).map_err(|error| own_fault(&error))?;
            }
        }
        if page.payments.is_empty() {
            return Ok(());
        }
        cursor = page.last_index_offset;
    }
}

/// Tells the outcome, until it is recorded; false if there is none yet.
async fn outcome(parts: &Parts, payment: &Payment) -> bool {
    let Ok(payment_hash) = PaymentHash::from_hex(&payment.payment_hash) else { return true };
    let event = match state(payment) {
        PaymentState::Sent { preimage, fee_msat } => {
            NodeEvent::PaymentSent { payment_hash, preimage, fee_msat }
        }
        PaymentState::Failed { reason } => NodeEvent::PaymentFailed { payment_hash, reason },
        PaymentState::InFlight | PaymentState::Absent => return false,
    };
    while !tell(&*parts.config.host, event.clone()).await {
        tokio::time::sleep(TURN).await;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: i32, preimage: &str, expect: &PaymentState) {
        let payment = Payment { status, payment_preimage: preimage.into(), ..Payment::default() };
        assert_eq!(state(&payment), *expect);
    }

    #[test]
    fn only_a_receipt_is_sent_and_only_lnds_word_is_failed() {
        check(
            payment_status::SUCCEEDED,
            &"07".repeat(32),
            &PaymentState::Sent { preimage: [7; 32], fee_msat: 0 },
        );
        check(payment_status::SUCCEEDED, "", &PaymentState::InFlight);
        for under_way in [0, 1, 4, 99] {
            check(under_way, "", &PaymentState::InFlight);
        }
        let failed = Payment { status: payment_status::FAILED, failure_reason: 4, ..Payment::default() };
        assert!(matches!(state(&failed), PaymentState::Failed { reason } if reason.contains("gave it back")));
    }
}
