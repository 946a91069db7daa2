//! The payments of a contract as our store has them: what we began to pay, and what we asked to be paid.

use lncontract_core::{Bytes, Hash};
use lncontract_store::{Attempt, Receivable, ReceivableState};

use super::prompt::attempt_badge;
use crate::{
    App, AppError,
    settlement::machine::State,
    view::{Badge, Tone},
};

/// A payment of ours or to us.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PaymentRow {
    /// The invoice's entry, once it is written.
    pub invoice: Option<Hash>,
    /// Its payment hash: one hash, one payment.
    pub payment_hash: Hash,
    /// Whether we pay it; otherwise we are paid.
    pub outgoing: bool,
    /// How much.
    pub amount_msat: u64,
    /// How it stands.
    pub state: Badge,
    /// Whether nothing more happens to it.
    pub finished: bool,
}

impl App {
    /// The contract's payments: outgoing ones first.
    ///
    /// # Errors
    /// When there is no such contract.
    pub async fn payments(&self, contract: Hash) -> Result<Vec<PaymentRow>, AppError> {
        self.live(contract).await?;
        let attempts = self.store.attempts(contract.0).await?;
        let receivables = self.store.receivables(contract.0).await?;
        Ok(attempts.iter().map(outgoing).chain(receivables.iter().map(incoming)).collect())
    }
}

fn outgoing(attempt: &Attempt) -> PaymentRow {
    let state = State::of(attempt.state);
    PaymentRow {
        invoice: Some(Bytes(attempt.invoice_entry_hash)),
        payment_hash: Bytes(attempt.payment_hash),
        outgoing: true,
        amount_msat: attempt.amount_msat,
        state: attempt_badge(state, attempt.reason.as_deref()),
        finished: state.is_final(),
    }
}

fn incoming(receivable: &Receivable) -> PaymentRow {
    let state = match receivable.state {
        ReceivableState::Live => Badge::new(Tone::Busy, "Asked for"),
        ReceivableState::Cancelled => Badge::new(Tone::Mute, "Cancelled"),
        ReceivableState::Claimed => Badge::new(Tone::Busy, "Arriving"),
        ReceivableState::Received => Badge::new(Tone::Good, "Received"),
    };
    PaymentRow {
        invoice: receivable.invoice_entry_hash.map(Bytes),
        payment_hash: Bytes(receivable.payment_hash),
        outgoing: false,
        amount_msat: receivable.amount_msat,
        state,
        finished: matches!(receivable.state, ReceivableState::Cancelled | ReceivableState::Received),
    }
}
