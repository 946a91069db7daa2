//! Paying an invoice: preflight, request, and what stands in the way at the moment of sending.
//!
//! Money: every check of DESIGN.md section 8 is made again right before the node is called; an obstacle gives
//! up the attempt only while the node has not heard of it.

use lightning_invoice::Bolt11Invoice;
use lncontract_core::{
    Bytes, Hash,
    v1::{Paid, PaidBy, Payload, Received, Side},
};
use lncontract_lightning::{Channel, ChannelId, ChannelState};
use lncontract_store::NewAttempt;

use crate::{
    App, AppError,
    app::Work,
    companies::node_key,
    fund::opening_id,
    invoice::description_hash,
    live::Live,
    settlement::{machine::State, worker},
};

/// An invoice to pay, with the channels that it may use and what stands in the way.
pub(crate) struct Preflight {
    pub(crate) invoice: lncontract_core::state::InvoiceState,
    /// Channels of its stage first, then the general ones: title, what one payment can carry, id.
    pub(crate) over: Vec<(String, u64, ChannelId)>,
    /// In words, with what to do; empty: it can be paid now.
    pub(crate) obstacles: Vec<String>,
    /// Whether one of them never goes away: the attempt is given up. What passes (the payee is away, the
    /// channel is not usable yet) is waited for, as the payment hash can't be asked for again.
    pub(crate) hopeless: bool,
}

impl App {
    /// Pays an invoice of theirs over the contract's channels.
    /// Returns when the attempt is stored and the node was asked.
    ///
    /// # Errors
    /// When something stands in the way (nothing was sent), or it is being paid already.
    pub async fn pay(&self, contract: Hash, invoice: Hash) -> Result<(), AppError> {
        let preflight = self.preflight(contract, invoice).await?;
        if !preflight.obstacles.is_empty() {
            return Err(AppError::refused(
                "not-payable-now",
                "it can't be paid now",
                preflight.obstacles.join("; "),
            ));
        }
        let amount_msat =
            preflight.invoice.amount.to_msat().map_err(|error| AppError::fault(error.to_string()))?.0;
        let attempt = NewAttempt {
            payment_hash: preflight.invoice.payment_hash.0,
            contract_id: contract.0,
            invoice_entry_hash: invoice.0,
            bolt11: preflight.invoice.bolt11.clone(),
            amount_msat,
            at: self.clock.now().0,
        };
        worker::request(self, attempt).await?;
        self.wake(Work::Contract(contract));
        Ok(())
    }

    /// Brings an unfinished attempt forward and, once it succeeded, writes the receipt into the record.
    pub(crate) async fn drive_payment(&self, contract: Hash, invoice: Hash) -> Result<State, AppError> {
        let preflight = self.preflight(contract, invoice).await?;
        let hash = preflight.invoice.payment_hash.0;
        let attempt = self.store.attempt(hash).await?.ok_or_else(|| AppError::not_found("payment"))?;
        let state = State::of(attempt.state);
        if state == State::Requested && !preflight.obstacles.is_empty() && !preflight.hopeless {
            return Ok(state);
        }
        let over: Vec<ChannelId> = preflight.over.iter().map(|(_, _, id)| *id).collect();
        worker::drive(self, hash, &over, &preflight.obstacles).await
    }

    /// Looks at an invoice of theirs with record, store and node.
    pub(crate) async fn preflight(&self, contract: Hash, invoice: Hash) -> Result<Preflight, AppError> {
        let channels = self.node().await?.channels().await.map_err(AppError::from)?;
        let connected = self.connected().await;
        let live = self.live(contract).await?;
        let live = live.lock().await;
        let state = live.record.state();
        let known = state.invoices.get(&invoice).ok_or_else(|| AppError::not_found("invoice"))?.clone();
        let mut obstacles = law_obstacles(&live, &known);
        obstacles.extend(self.invoice_obstacles(&live, &known)?);
        let hopeless = !obstacles.is_empty();
        obstacles.extend(record_obstacles(&live, invoice));
        let over = usable(&live, &known, &channels);
        let payee = state.keys(live.our_side.other()).map(node_key).transpose()?;
        if payee.is_none_or(|payee| !connected.contains(&payee)) {
            obstacles.push("the payee's node is not connected: it is paid when it is back".into());
        }
        let carry = over.iter().map(|(_, at_once, _)| *at_once).max().unwrap_or(0);
        if over.is_empty() {
            obstacles.push("no open channel is earmarked for it: fund one first".into());
        } else if carry < known.amount.0 {
            obstacles.push(format!(
                "not payable in one piece: one payment can carry {carry} sat over these channels, the invoice asks for {}",
                known.amount
            ));
        }
        Ok(Preflight { invoice: known, over, obstacles, hopeless })
    }

    /// What the invoice itself must say: payee, network, amount, description, expiry (BOLT 11).
    fn invoice_obstacles(
        &self,
        live: &Live,
        known: &lncontract_core::state::InvoiceState,
    ) -> Result<Vec<String>, AppError> {
        let mut obstacles = Vec::new();
        let mut must = |holds: bool, words: &str| {
            if !holds {
                obstacles.push(format!("{words}: ask the payee to cancel it and make another one"));
            }
        };
        let Ok(bolt11) = known.bolt11.parse::<Bolt11Invoice>() else {
            return Ok(vec![
                "the invoice can't be read: ask the payee to cancel it and make another one".into(),
            ]);
        };
        let contract = live.record.state().id();
        let payee = live.record.state().keys(live.our_side.other()).map(node_key).transpose()?;
        must(payee == Some(bolt11.recover_payee_pub_key()), "the invoice is not by the payee's node");
        must(bolt11.network().to_string() == self.network, "the invoice is of another network");
        let amount = known.amount.to_msat().map(|msat| msat.0).ok();
        must(bolt11.amount_milli_satoshis() == amount, "the invoice's amount is not the payable's");
        must(
            bolt11.payment_hash().0 == known.payment_hash.0,
            "the invoice's payment hash is not the record's",
        );
        let described = description_hash(contract, &known.payable)?;
        let said = match bolt11.description() {
            lightning_invoice::Bolt11InvoiceDescriptionRef::Hash(hash) => {
                Bytes(*bitcoin::hashes::Hash::as_byte_array(&hash.0))
            }
            lightning_invoice::Bolt11InvoiceDescriptionRef::Direct(_) => Hash::ZERO,
        };
        must(said == described, "the invoice does not name this contract and milestone");
        must(known.expires >= self.clock.now(), "the invoice has expired");
        Ok(obstacles)
    }

    /// Writes the receipt of a payment of ours, if the record does not have it.
    pub(crate) async fn write_paid(
        &self,
        contract: Hash,
        invoice: Hash,
        preimage: [u8; 32],
    ) -> Result<(), AppError> {
        let live = self.live(contract).await?;
        let mut live = live.lock().await;
        let Some(known) = live.record.state().invoices.get(&invoice) else { return Ok(()) };
        if known.paid_at.is_some() {
            return Ok(());
        }
        let method = PaidBy::Lightning { preimage: Bytes(preimage) };
        let paid = Paid { invoice, amount: known.amount, method };
        self.write(&mut live, |_| Ok(Payload::Paid(paid)), |_| Vec::new()).await?;
        Ok(())
    }

    /// Confirms a payment to us, if the record does not have it.
    pub(crate) async fn write_received(&self, contract: Hash, invoice: Hash) -> Result<(), AppError> {
        let live = self.live(contract).await?;
        let mut live = live.lock().await;
        let Some(known) = live.record.state().invoices.get(&invoice) else { return Ok(()) };
        if known.received_at.is_some() {
            return Ok(());
        }
        let received = Received { invoice, amount: known.amount };
        self.write(&mut live, |_| Ok(Payload::Received(received)), |_| Vec::new()).await?;
        Ok(())
    }
}

/// What the record says against paying it, now and for ever.
fn law_obstacles(live: &Live, known: &lncontract_core::state::InvoiceState) -> Vec<String> {
    let mut obstacles = Vec::new();
    if known.by == live.our_side {
        obstacles.push("it is our own invoice".into());
    }
    if known.cancelled {
        obstacles.push("the invoice is cancelled: wait for another one".into());
    }
    if known.is_paid() {
        obstacles.push("the invoice is paid".into());
    }
    obstacles
}

/// What the record says against paying anything of that entry yet.
fn record_obstacles(live: &Live, id: Hash) -> Vec<String> {
    let mut obstacles = Vec::new();
    if !live.record.settled(&id) {
        obstacles.push("the invoice is not confirmed by both records yet: wait a moment".into());
    }
    if live.record.payments_frozen() {
        obstacles
            .push("the two records differ: payments are stopped until both companies have cleared it".into());
    }
    obstacles
}

/// The open channels that a payment may use: those of its stage first, then the general ones,
/// never another contract's.
fn usable(
    live: &Live,
    known: &lncontract_core::state::InvoiceState,
    channels: &[Channel],
) -> Vec<(String, u64, ChannelId)> {
    let state = live.record.state();
    let row = state
        .terms
        .as_ref()
        .and_then(|terms| terms.obligations.iter().find(|row| row.id == known.payable.row));
    let stage = row.and_then(|row| row.milestone.clone());
    let mut found: Vec<(bool, String, u64, ChannelId)> = Vec::new();
    for (fund, channel) in &state.channels {
        let Some(announced) = &channel.announced else { continue };
        let general = announced.stages.is_empty();
        if !general && !announced.stages.iter().any(|of| Some(of) == stage.as_ref()) {
            continue;
        }
        let seen = channels.iter().find(|seen| seen.opening == opening_id(*fund));
        if let Some(seen) = seen
            && seen.state == (ChannelState::Open { usable: true })
            && live.our_side == Side::Buyer
        {
            let at_once = seen.next_outbound_htlc_limit_msat / 1_000;
            found.push((general, announced.tranche.clone(), at_once, seen.id));
        }
    }
    found.sort();
    found.into_iter().map(|(_, title, at_once, id)| (title, at_once, id)).collect()
}
