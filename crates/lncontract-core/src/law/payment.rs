//! Payments: the payer's receipt and the payee's confirmation.
//!
//! Invariant: both are facts. Nothing that the other side wrote at the same time takes them away: a payment
//! of an invoice that was cancelled or overtaken stays in the state and means that credit is due.

use sha2::{Digest, Sha256};

use super::{At, MoneyRefusal, Refusal, Rule};
use crate::{
    Bytes, Contract, Hash, Sat,
    state::{InvoiceState, Payable, Stray},
    v1::{Paid, PaidBy, Received, Side},
};

/// Who made the invoice is paid, the other side pays. An invoice that is not in effect has no author here: what
/// was recorded of it is a fact all the same.
fn written_by(payee: bool, past: &Contract, invoice: Hash, at: At<'_>) -> Result<(), Refusal> {
    let Some(known) = past.invoices.get(&invoice) else { return Ok(()) };
    let (expected, author) = (if payee { known.by } else { known.by.other() }, at.header.author);
    if author == expected { Ok(()) } else { Err(Refusal::WrongSide { expected, author }) }
}

/// Returns what is kept of a payment of an invoice that is not in effect.
fn stray(state: &mut Contract, invoice: Hash, payer: Side) -> &mut Stray {
    if !state.strays.contains_key(&invoice) {
        state.strays.insert(invoice, Stray { payer, paid: Sat::ZERO, received: Sat::ZERO });
    }
    state.strays.get_mut(&invoice).expect("it was there, or was put there just now")
}

/// Notes at the payable that its invoice is paid, and whether the payee says so.
fn note(state: &mut Contract, invoice: Hash, by_payee: bool) {
    let Some(known) = state.invoices.get(&invoice) else { return };
    let of_it = |payable: &mut Payable| {
        if payable.invoice == Some(invoice) {
            (payable.paid, payable.confirmed) = (true, payable.confirmed || by_payee);
        }
    };
    state.payables.change(&known.payable.key(), of_it);
}

/// Returns the invoice, if the amount is exactly its own:
/// the payee's node takes no other (DESIGN.md section 8).
fn exactly(past: &Contract, invoice: Hash, found: Sat) -> Result<&InvoiceState, MoneyRefusal> {
    let known = past.invoices.get(&invoice).ok_or(MoneyRefusal::UnknownInvoice { invoice })?;
    if known.amount == found { Ok(known) } else { Err(MoneyRefusal::Amount { payable: known.amount, found }) }
}

impl Rule for Paid {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        written_by(false, past, self.invoice, at)
    }

    fn only_admit(&self, past: &Contract, _at: At<'_>) -> Result<(), Refusal> {
        let invoice = exactly(past, self.invoice, self.amount)?;
        if invoice.paid_at.is_some() {
            return Err(MoneyRefusal::Paid { invoice: self.invoice }.into());
        }
        let PaidBy::Lightning { preimage } = self.method;
        // BOLT 11: the payment hash is the plain SHA-256 of the preimage.
        let found: Hash = Bytes(Sha256::digest(preimage.as_bytes()).into());
        if found != invoice.payment_hash {
            return Err(MoneyRefusal::Preimage { expected: invoice.payment_hash, found }.into());
        }
        Ok(())
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        match state.invoices.get_mut(&self.invoice) {
            Some(invoice) => {
                invoice.paid_at = invoice.paid_at.or(Some(at.header.time));
                note(state, self.invoice, false);
            }
            None => stray(state, self.invoice, at.header.author).paid = self.amount,
        }
    }
}

impl Rule for Received {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        written_by(true, past, self.invoice, at)
    }

    fn only_admit(&self, past: &Contract, _at: At<'_>) -> Result<(), Refusal> {
        let invoice = exactly(past, self.invoice, self.amount)?;
        if invoice.received_at.is_some() {
            return Err(MoneyRefusal::Paid { invoice: self.invoice }.into());
        }
        Ok(())
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        match state.invoices.get_mut(&self.invoice) {
            Some(invoice) => {
                invoice.received_at = invoice.received_at.or(Some(at.header.time));
                note(state, self.invoice, true);
            }
            None => stray(state, self.invoice, at.header.author.other()).received = self.amount,
        }
    }
}
