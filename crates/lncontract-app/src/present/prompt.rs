//! The prompts before an act: what is tendered, and what is paid over which channel.

use lncontract_core::{
    Hash,
    v1::{Payload, Side},
};

use super::words;
use crate::{
    App, AppError,
    settlement::machine::State,
    view::{Badge, PayPrompt, TenderView, Tone},
};

impl App {
    /// A tender before its examiner.
    ///
    /// # Errors
    /// When there is no such tender.
    pub async fn tender_view(&self, contract: Hash, tender: Hash) -> Result<TenderView, AppError> {
        let live = self.live(contract).await?;
        let live = live.lock().await;
        let none = || AppError::not_found("tender");
        let known = live.record.state().tenders.get(&tender).ok_or_else(none)?;
        let entry = live.record.ledger().line(&tender).ok_or_else(none)?.entry.entry();
        let Payload::Tender(said) = &entry.payload else { return Err(none()) };
        let terms = super::contract::shown_terms(&live)?;
        let row = terms.obligation(&known.row).ok_or_else(none)?;
        Ok(TenderView {
            contract,
            contract_title: terms.title.clone(),
            tender,
            row: known.row.clone(),
            what: words::what(row, &terms),
            quantity: known.quantity,
            documents: said
                .documents
                .iter()
                .map(|document| (document.name.clone(), document.sha256))
                .collect(),
            note: said.note.clone(),
            tendered_at: known.at,
            deadline: known.deadline,
            deemed: terms.clauses.deemed_accepted,
        })
    }

    /// The prompt before money leaves; also shows how a payment stands, with or without a node.
    ///
    /// # Errors
    /// When there is no such invoice.
    pub async fn pay_prompt(&self, contract: Hash, invoice: Hash) -> Result<PayPrompt, AppError> {
        let preflight = self.preflight(contract, invoice, self.channels_now().await).await?;
        let known = &preflight.invoice;
        let attempt = self.store.attempt(known.payment_hash.0).await?;
        let live = self.live(contract).await?;
        let live = live.lock().await;
        let terms = super::contract::shown_terms(&live)?;
        let row = terms.obligation(&known.payable.row);
        let milestone =
            row.and_then(|row| terms.milestone(row.milestone.as_deref()?)).map(|of| of.title.clone());
        let payable = live.record.state().payables.get(&known.payable.key());
        let due = payable.and_then(|payable| payable.due).and_then(|due| words::day(due, &terms));
        let state = attempt
            .as_ref()
            .map(|attempt| attempt_badge(State::of(attempt.state), attempt.reason.as_deref()));
        Ok(PayPrompt {
            contract,
            contract_title: terms.title.clone(),
            invoice,
            number: known.number,
            payee: terms.party(known.by).name.clone(),
            milestone: milestone.unwrap_or_else(|| known.payable.row.clone()),
            amount_sat: known.amount.0,
            due,
            why: why(&live, known, &terms),
            over: preflight.chosen.over.iter().map(|over| (over.title.clone(), over.amount_sat)).collect(),
            passed_over: preflight.chosen.passed_over.clone(),
            missing_sat: preflight.chosen.missing_sat,
            obstacles: preflight.obstacles(),
            state,
            payment_hash: known.payment_hash,
            receipt: receipt(&live, invoice),
        })
    }
}

/// How an attempt stands, in words.
pub(super) fn attempt_badge(state: State, reason: Option<&str>) -> Badge {
    match state {
        State::Requested => Badge::new(Tone::Busy, "Requested"),
        State::Sending => Badge::new(Tone::Busy, "In flight"),
        State::Unknown => match reason {
            Some(reason) => Badge::new(Tone::Warn, format!("Not sent again: {reason}")),
            None => Badge::new(Tone::Warn, "Outcome not known"),
        },
        State::Succeeded => Badge::new(Tone::Good, "Paid"),
        State::Failed => {
            Badge::new(Tone::Bad, format!("Failed: {}", reason.unwrap_or("the node gave no reason")))
        }
    }
}

/// Why it is due, line by line.
fn why(
    live: &crate::live::Live,
    known: &lncontract_core::state::InvoiceState,
    terms: &lncontract_core::v1::Terms,
) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    if let Some(row) = terms.obligation(&known.payable.row) {
        lines.push(("Obligation".into(), words::what(row, terms)));
        for trigger in row.trigger_rows() {
            let done = live.record.state().performance(trigger);
            if let Some(at) = done.accepted_at.and_then(|at| words::day(at, terms)) {
                let what =
                    terms.obligation(trigger).map_or_else(|| trigger.clone(), |row| words::what(row, terms));
                lines.push(("Accepted".into(), format!("{what}, {}", words::date(at))));
            }
        }
    }
    lines.push(("Invoice".into(), format!("number {}, {}", known.number, words::sat(known.amount.0))));
    lines
}

/// The preimage in the payer's receipt.
fn receipt(live: &crate::live::Live, invoice: Hash) -> Option<Hash> {
    let chains = [Side::Buyer, Side::Seller].map(|side| live.record.ledger().chain(side));
    chains.into_iter().flatten().find_map(|line| match &line.entry.entry().payload {
        Payload::Paid(paid) if paid.invoice == invoice => match &paid.method {
            lncontract_core::v1::PaidBy::Lightning { preimage } => Some(*preimage),
        },
        _ => None,
    })
}
