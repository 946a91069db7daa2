//! A splice of ours: looked for, checked, its coins locked, written down, handed to LDK, signed.
//!
//! Invariant: the row is on disk before LDK hears of the splice, and a splice with a row is never ordered
//! again. What is added to the channel is exactly what was asked for. Only the coins of the row are signed.

use std::{sync::Mutex, time::Duration};

use bitcoin::{Amount, FeeRate, Psbt, Transaction, TxOut};
use lightning::{
    chain::ClaimId,
    ln::{
        channel_state::{ChannelDetails, ChannelShutdownState},
        funding::{FundingContribution, FundingContributionError, FundingTemplate},
        types::ChannelId as LdkChannelId,
    },
    util::{
        errors::APIError,
        wallet_utils::{CoinSelection, CoinSelectionSourceSync, Input},
    },
};
use lncontract_lightning::{By, LightningError, OpenFailure, OpeningId, OrderSplice, SpliceWay};

use super::{SpliceEnd, SpliceRow};
use crate::{connect, health::lock, parts::Parts, wallet::OnchainWallet};

/// How long a call waits until both sides have signed.
const ANSWER_WAIT: Duration = Duration::from_secs(20);
/// If the peer splices at the same moment, it may name the fee rate: up to so many times ours.
const FEE_RATE_TIMES_MAX: u64 = 4;

/// Splices, or finds what this splice became.
pub(crate) async fn splice(parts: &Parts, order: OrderSplice) -> Result<(), LightningError> {
    parts.health.check()?;
    {
        let _one_at_a_time = parts.openings.lock().await;
        if parts.splices.get(order.id).is_none() {
            hand_over(parts, &order)?;
        }
    }
    answer(parts, order.id).await
}

fn hand_over(parts: &Parts, order: &OrderSplice) -> Result<(), LightningError> {
    let details = check(parts, order)?;
    let (id, peer) = (details.channel_id, details.counterparty.node_id);
    let template = parts.health.call(|| parts.manager.splice_channel(&id, &peer))?.map_err(not_now)?;
    let contribution = contribution(parts, order, &details, template)?;
    let inputs: Vec<_> = contribution.inputs().iter().map(|input| input.outpoint()).collect();
    let row = SpliceRow {
        channel: id.0,
        number: 0,
        ours: true,
        way: order.way,
        amount_sat: order.amount_sat,
        fee_sat: contribution.estimated_fee().to_sat(),
        inputs: inputs.clone(),
        handed: false,
        funding: None,
        capacity_sat: None,
        end: None,
    };
    parts.splices.put(order.id, row).map_err(|error| parts.disk_fault(&error))?;
    let handed = parts.health.call(|| parts.manager.funding_contributed(&id, &peer, contribution, None))?;
    if let Err(error) = handed {
        parts.wallet.unlock(&inputs);
        parts.splices.remove(order.id).map_err(|error| parts.disk_fault(&error))?;
        return Err(LightningError::Refused { by: By::Us, reason: error.to_string() });
    }
    parts.splices.update(order.id, |row| row.handed = true).map_err(|error| parts.disk_fault(&error))?;
    parts.bell.ring();
    parts.health.call(|| parts.peers.process_events())
}

/// What can be known before coins are chosen.
fn check(parts: &Parts, order: &OrderSplice) -> Result<ChannelDetails, LightningError> {
    let live = parts.health.call(|| parts.manager.list_channels())?;
    let open = |details: &ChannelDetails| {
        let shutdown = details.channel_shutdown_state.unwrap_or(ChannelShutdownState::NotShuttingDown);
        details.is_channel_ready && shutdown == ChannelShutdownState::NotShuttingDown
    };
    let details = live.into_iter().find(|details| details.channel_id.0 == order.channel.0 && open(details));
    let reason = format!("this node has no open channel {}", order.channel);
    let details = details.ok_or(LightningError::Refused { by: By::Us, reason })?;
    if !parts.synced() {
        return Err(LightningError::Splice(OpenFailure::NotSynced));
    }
    if !connect::connected(parts, &details.counterparty.node_id) {
        return Err(LightningError::Splice(OpenFailure::PeerOffline));
    }
    let features = &details.counterparty.features;
    if !(features.supports_splicing() && features.supports_quiescence()) {
        return Err(LightningError::Splice(OpenFailure::NoSplice));
    }
    let unavailable = |reason: &str| Err(LightningError::Unavailable { reason: reason.into() });
    if parts.splices.unended(details.channel_id).is_some() || details.splice_details.is_some() {
        return unavailable("another splice of this channel is not locked yet; this one is next");
    }
    if !details.is_usable {
        return unavailable("the peer has just connected, and the channel is not ready again yet");
    }
    Ok(details)
}

fn not_now(error: APIError) -> LightningError {
    match error {
        APIError::ChannelUnavailable { err } => LightningError::Unavailable { reason: err },
        other => LightningError::Refused { by: By::Us, reason: format!("{other:?}") },
    }
}

/// What we bring to the splice transaction; of a splice in, the coins are locked.
fn contribution(
    parts: &Parts,
    order: &OrderSplice,
    details: &ChannelDetails,
    template: FundingTemplate,
) -> Result<FundingContribution, LightningError> {
    let rate = FeeRate::from_sat_per_kwu(parts.fees.funding().into());
    let rate_max = FeeRate::from_sat_per_kwu(rate.to_sat_per_kwu() * FEE_RATE_TIMES_MAX);
    let built = parts.health.call(|| match order.way {
        SpliceWay::In => coins_in(parts, order.amount_sat, template, rate, rate_max),
        SpliceWay::Out => {
            let room_sat = details.next_splice_out_maximum_sat;
            money_out(parts, order.amount_sat, room_sat, template, rate, rate_max)
        }
    })?;
    built.map_err(LightningError::Splice)
}

fn unknown(error: FundingContributionError) -> OpenFailure {
    OpenFailure::Unknown { text: error.to_string() }
}

/// LDK adds to the channel what inputs, change and its own estimate of the fee leave. So it is asked twice:
/// what the first answer has too much or too little goes into the change of the second.
fn coins_in(
    parts: &Parts,
    amount_sat: u64,
    template: FundingTemplate,
    rate: FeeRate,
    rate_max: FeeRate,
) -> Result<FundingContribution, OpenFailure> {
    let source = SpliceCoins {
        wallet: &parts.wallet,
        reserve_sat: parts.reserve_sat(),
        chosen: Mutex::new(None),
        failure: Mutex::new(None),
    };
    let amount = Amount::from_sat(amount_sat);
    let build = |template: FundingTemplate| {
        let built = template.splice_in_sync(amount, rate, rate_max, &source);
        built.map_err(|error| lock(&source.failure).take().unwrap_or_else(|| unknown(error)))
    };
    let built = build(template.clone()).and_then(|first| {
        source.put_into_change(first.value_added(), amount);
        build(template)
    });
    let exact = built.and_then(|contribution| {
        let text = format!("{} would be added instead of {amount}", contribution.value_added());
        let exact = contribution.value_added() == amount;
        if exact { Ok(contribution) } else { Err(OpenFailure::Unknown { text }) }
    });
    if exact.is_err() {
        source.free();
    }
    exact
}

fn money_out(
    parts: &Parts,
    amount_sat: u64,
    room_sat: u64,
    template: FundingTemplate,
    rate: FeeRate,
    rate_max: FeeRate,
) -> Result<FundingContribution, OpenFailure> {
    let script = parts.wallet.fresh_script();
    let script_pubkey =
        script.map_err(|()| OpenFailure::Unknown { text: "the wallet could not be written".into() })?;
    let build = |template: FundingTemplate, sat: u64| {
        let output = TxOut { value: Amount::from_sat(sat), script_pubkey: script_pubkey.clone() };
        template.splice_out(vec![output], rate, rate_max).map_err(unknown)
    };
    // The fee does not depend on the amount.
    let fee_sat = build(template.clone(), 1).map_or(0, |tiny| tiny.estimated_fee().to_sat());
    let needed_sat = amount_sat.saturating_add(fee_sat);
    if needed_sat > room_sat {
        let missing_sat = needed_sat - room_sat;
        return Err(OpenFailure::InsufficientFunds { needed_sat, available_sat: room_sat, missing_sat });
    }
    build(template, amount_sat)
}

/// Our coins for one splice, chosen once and then held to.
struct SpliceCoins<'a> {
    wallet: &'a OnchainWallet,
    reserve_sat: u64,
    chosen: Mutex<Option<CoinSelection>>,
    failure: Mutex<Option<OpenFailure>>,
}

impl SpliceCoins<'_> {
    fn put_into_change(&self, added: Amount, wanted: Amount) {
        if let Some(change) = lock(&self.chosen).as_mut().and_then(|chosen| chosen.change_output.as_mut()) {
            let change_sat = (change.value + added).checked_sub(wanted);
            change.value = change_sat.unwrap_or(change.value);
        }
    }

    fn free(&self) {
        if let Some(chosen) = lock(&self.chosen).take() {
            let coins: Vec<_> = chosen.confirmed_utxos.iter().map(|coin| coin.outpoint()).collect();
            self.wallet.unlock(&coins);
        }
    }
}

impl CoinSelectionSourceSync for SpliceCoins<'_> {
    fn select_confirmed_utxos(
        &self,
        _claim_id: Option<ClaimId>,
        must_spend: Vec<Input>,
        must_pay_to: &[TxOut],
        rate_sat_per_kwu: u32,
        _max_tx_weight: u64,
    ) -> Result<CoinSelection, ()> {
        let mut chosen = lock(&self.chosen);
        if let Some(chosen) = chosen.clone() {
            return Ok(chosen);
        }
        match self.wallet.select_for_splice(&must_spend, must_pay_to, rate_sat_per_kwu, self.reserve_sat) {
            Ok(selection) => {
                *chosen = Some(selection.clone());
                Ok(selection)
            }
            Err(failure) => {
                *lock(&self.failure) = Some(failure);
                Err(())
            }
        }
    }

    // Splices are signed when both sides have built the transaction: see `sign`.
    fn sign_psbt(&self, _psbt: Psbt) -> Result<Transaction, ()> {
        Err(())
    }
}

/// Waits until both sides have signed, or it failed.
async fn answer(parts: &Parts, id: OpeningId) -> Result<(), LightningError> {
    let mut bell = parts.bell.listen();
    let end = tokio::time::Instant::now() + ANSWER_WAIT;
    loop {
        parts.health.check()?;
        parts.settle_splices().map_err(|error| parts.disk_fault(&error))?;
        let row = parts.splices.get(id);
        let signed = row.as_ref().is_some_and(|row| row.funding.is_some());
        match row.and_then(|row| row.end) {
            Some(SpliceEnd::Failed(failure)) => return Err(LightningError::Splice(failure)),
            Some(SpliceEnd::Locked) => return Ok(()),
            None if signed => return Ok(()),
            None => {}
        }
        if tokio::time::timeout_at(end, bell.changed()).await.is_err() {
            let reason = "the peer has not answered yet; look for the splice by its id".into();
            return Err(LightningError::OutcomeUnknown { reason });
        }
    }
}

/// Signs our coins in the splice transaction that both sides have built. LDK checks the rest of it.
pub(crate) fn sign(
    parts: &Parts,
    channel: LdkChannelId,
    peer: bitcoin::secp256k1::PublicKey,
    tx: Transaction,
) {
    let Some((_, row)) = parts.splices.unended(channel).filter(|(_, row)| row.ours) else {
        tracing::error!("a splice that this node did not order was not signed");
        let _ = parts.manager.cancel_funding_contributed(&channel, &peer);
        return;
    };
    let signed = parts.wallet.sign_inputs(tx, &row.inputs);
    let done = signed.map_err(|()| "our wallet could not sign".to_string()).and_then(|tx| {
        let done = parts.manager.funding_transaction_signed(&channel, &peer, tx);
        done.map_err(|error| format!("{error:?}"))
    });
    if let Err(error) = done {
        // The peer may have given up in the meantime: LDK tells of it by another event.
        tracing::info!(error, "a splice was not signed");
        let _ = parts.manager.cancel_funding_contributed(&channel, &peer);
    }
}
