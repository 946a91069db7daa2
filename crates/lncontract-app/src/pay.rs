//! Paying an invoice: preflight, request, and what stands in the way at the moment of sending.
//!
//! Money: every check of DESIGN.md section 8 is made again right before the node is called; an obstacle gives
//! up the attempt only while the node has not heard of it.

use lightning_invoice::Bolt11Invoice;
use lncontract_core::{
    Bytes, Contract, Hash,
    state::InvoiceState,
    v1::{Cancel, Paid, PaidBy, Payload, Received, Side},
};
use lncontract_lightning::{Channel, ChannelId};
use lncontract_store::{Attempt, AttemptState, NewAttempt};

use crate::{
    App, AppError,
    app::Work,
    companies::node_key,
    invoice::description_hash,
    live::Live,
    over::{Asked, Chosen, Drawn, is_sent},
    settlement::{
        machine::{Checks, State},
        worker,
    },
};

/// An invoice to pay, with the channels that it may use and what stands in the way, in words with what to do.
pub(crate) struct Preflight {
    pub(crate) invoice: InvoiceState,
    /// The channels that it goes over, as the law chooses.
    pub(crate) chosen: Chosen,
    /// What never goes away: the attempt is given up.
    never: Vec<String>,
    /// What passes (the payee is away, the channel is not usable yet): it is waited for, as the payment hash
    /// can't be asked for again.
    yet: Vec<String>,
    /// The payee has recorded that it takes this hash no more, and both have seen that.
    withdrawn: bool,
}

impl Preflight {
    /// All that stands in the way; empty: it can be paid now.
    pub(crate) fn obstacles(&self) -> Vec<String> {
        [self.never.as_slice(), self.yet.as_slice()].concat()
    }

    fn checks(&self) -> Checks {
        match (self.never.is_empty(), self.yet.is_empty()) {
            (true, true) => Checks::Hold,
            (true, false) => Checks::Wait,
            (false, _) => Checks::Never { reason: self.never.join("; "), withdrawn: self.withdrawn },
        }
    }
}

impl App {
    /// Pays an invoice of theirs over the contract's channels.
    /// Returns when the attempt is stored and the node was asked.
    ///
    /// # Errors
    /// When something stands in the way (nothing was sent), or it is being paid already.
    pub async fn pay(&self, contract: Hash, invoice: Hash) -> Result<(), AppError> {
        let channels = self.channels_now().await?;
        let preflight = self.preflight(contract, invoice, Ok(channels)).await?;
        if preflight.checks() != Checks::Hold {
            let todo = preflight.obstacles().join("; ");
            return Err(AppError::refused("not-payable-now", "it can't be paid now", todo));
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
        let channels = self.channels_now().await?;
        let preflight = self.preflight(contract, invoice, Ok(channels)).await?;
        let hash = preflight.invoice.payment_hash.0;
        worker::drive(self, hash, &preflight.chosen.over, &preflight.checks()).await
    }

    /// Looks at an invoice of theirs with record, store and the node's channels; a node that does not answer
    /// is one more obstacle.
    pub(crate) async fn preflight(
        &self,
        contract: Hash,
        invoice: Hash,
        channels: Result<Vec<Channel>, AppError>,
    ) -> Result<Preflight, AppError> {
        let connected = self.connected().await;
        let attempts = self.store.attempts(contract.0).await?;
        let drawn = self.drawn(contract, invoice).await?;
        let live = self.live(contract).await?;
        let live = live.lock().await;
        let state = live.record.state();
        let known = state.invoices.get(&invoice).ok_or_else(|| AppError::not_found("invoice"))?.clone();
        let others: Vec<&Attempt> =
            attempts.iter().filter(|other| other.invoice_entry_hash != invoice.0).collect();
        let (mut never, mut yet) = earlier(state, &known, &others);
        let of_it = attempts.iter().find(|attempt| attempt.invoice_entry_hash == invoice.0);
        if of_it.is_some_and(|attempt| attempt.state == AttemptState::Failed) {
            never.push("its payment has failed: ask the payee to cancel it and make another one".into());
        }
        never.extend(law_obstacles(&live, &known));
        never.extend(self.invoice_obstacles(&live, &known)?);
        yet.extend(record_obstacles(&live, invoice));
        let withdrawn = known.cancelled && cancel_is_settled(&live, invoice);
        let channels = match channels {
            Ok(channels) => channels,
            Err(trouble) => {
                yet.push(trouble.to_string());
                return Ok(Preflight { invoice: known, chosen: Chosen::default(), never, yet, withdrawn });
            }
        };
        let payee = state.keys(live.our_side.other()).map(node_key).transpose()?;
        if payee.is_none_or(|payee| !connected.contains(&payee)) {
            yet.push("the payee's node is not connected: pay it when it is back".into());
        }
        let busy = under_way(&live, &others, &channels, &drawn);
        let chosen = Asked { live: &live, known: &known, there: &channels, drawn: &drawn }.choose(&busy);
        yet.extend(chosen.obstacle.clone());
        Ok(Preflight { invoice: known, chosen, never, yet, withdrawn })
    }

    /// What the invoice itself must say: payee, network, amount, description, expiry (BOLT 11).
    fn invoice_obstacles(&self, live: &Live, known: &InvoiceState) -> Result<Vec<String>, AppError> {
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

/// What our other payments for the same payable say against this one: for ever, and yet.
/// Money: a new invoice is a second reason to pay. It counts once nothing of the first is under way.
fn earlier(state: &Contract, known: &InvoiceState, others: &[&Attempt]) -> (Vec<String>, Vec<String>) {
    let (mut never, mut yet) = (Vec::new(), Vec::new());
    for other in others {
        let Some(paid) = state.invoices.get(&Bytes(other.invoice_entry_hash)) else { continue };
        match State::of(other.state) {
            _ if paid.payable != known.payable => {}
            State::Failed => {}
            State::Succeeded => never.push(format!("it was paid with invoice {}", paid.number)),
            _ => yet.push(format!(
                "the payment of invoice {} for the same is not decided yet: wait for it",
                paid.number
            )),
        }
    }
    (never, yet)
}

/// The channels over which a payment of ours may be under way: one large payment at a time per channel.
fn under_way(live: &Live, others: &[&Attempt], channels: &[Channel], drawn: &Drawn) -> Vec<ChannelId> {
    let of_others = channels.iter().filter(|channel| drawn.busy.contains(&channel.opening));
    let of_others: Vec<ChannelId> = of_others.map(|channel| channel.id).collect();
    let invoices = others
        .iter()
        .filter(|attempt| is_sent(attempt))
        .filter_map(|attempt| live.record.state().invoices.get(&Bytes(attempt.invoice_entry_hash)));
    let own = invoices.flat_map(|known| Asked { live, known, there: channels, drawn }.may_use());
    own.chain(of_others).collect()
}

/// Whether both companies have seen that the payee takes an invoice no more.
pub(crate) fn cancel_is_settled(live: &Live, invoice: Hash) -> bool {
    let chains = [Side::Buyer, Side::Seller].map(|side| live.record.ledger().chain(side));
    let of_invoice =
        |payload: &Payload| matches!(payload, Payload::Cancel(Cancel { invoice: of, .. }) if *of == invoice);
    let mut cancels = chains.into_iter().flatten().map(|line| line.entry.entry());
    cancels.any(|entry| of_invoice(&entry.payload) && live.record.settled(&entry.id))
}

/// What the record says against paying it, now and for ever.
fn law_obstacles(live: &Live, known: &InvoiceState) -> Vec<String> {
    let mut obstacles = Vec::new();
    if known.by == live.our_side {
        obstacles.push("it is our own invoice".into());
    }
    if known.cancelled {
        let state = live.record.state();
        let payable = state.payables.get(&known.payable.key());
        let next = payable.and_then(|payable| state.live_invoice(payable));
        obstacles.push(match next {
            Some((_, next)) => format!("the invoice is cancelled: pay invoice {} instead", next.number),
            None => "the invoice is cancelled: wait for another one".into(),
        });
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
