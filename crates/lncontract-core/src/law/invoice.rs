//! Invoices and their cancellation. Invariant: a payable has at most one invoice that is not cancelled, for
//! exactly its amount; each company numbers its own without a gap in its past, and no two invoices share a
//! payment hash.

use super::{At, MoneyRefusal, Refusal, Rule, standing::standing};
use crate::{
    Contract,
    state::{InvoiceState, Payable},
    v1::{Cancel, Invoice},
};

impl Rule for Invoice {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        let row = standing(past, at, &self.payable.row)?;
        let (expected, author) = (row.creditor(), at.header.author);
        if author != expected {
            return Err(Refusal::WrongSide { expected, author });
        }
        let key = self.payable.key();
        let Some(payable) = past.payables.get(&key) else {
            return Err(MoneyRefusal::NotPayable { payable: key }.into());
        };
        if let Some(invoice) = payable.invoice {
            return Err(MoneyRefusal::Invoiced { payable: key, invoice }.into());
        }
        if payable.amount != self.amount {
            return Err(MoneyRefusal::Amount { payable: payable.amount, found: self.amount }.into());
        }
        if let Some(invoice) = past.invoices.numbered(author, self.number) {
            return Err(MoneyRefusal::NumberTaken { number: self.number, invoice }.into());
        }
        match past.invoices.asking_for(&self.payment_hash) {
            Some(invoice) => Err(MoneyRefusal::HashUsed { invoice }.into()),
            None => Ok(()),
        }
    }

    fn only_admit(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        let next = past.next_invoice_number(at.header.author);
        // At the fold a gap may stand: it is the number of an invoice that was overtaken,
        // and that is kept and shown.
        if self.number != next {
            return Err(MoneyRefusal::Number { next, found: self.number }.into());
        }
        if self.expires <= at.header.time {
            return Err(MoneyRefusal::Expires { expires: self.expires, time: at.header.time }.into());
        }
        if self.bolt11.is_empty() {
            return Err(MoneyRefusal::NoBolt11.into());
        }
        Ok(())
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        let invoice = InvoiceState {
            payable: self.payable.clone(),
            by: at.header.author,
            amount: self.amount,
            number: self.number,
            bolt11: self.bolt11.clone(),
            payment_hash: self.payment_hash,
            expires: self.expires,
            cancelled: false,
            paid_at: None,
            received_at: None,
        };
        state.invoices.insert(at.id, invoice);
        state.payables.change(&self.payable.key(), |payable| payable.invoice = Some(at.id));
    }
}

impl Rule for Cancel {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        let id = self.invoice;
        let invoice = past.invoices.get(&id).ok_or(MoneyRefusal::UnknownInvoice { invoice: id })?;
        let (expected, author) = (invoice.by, at.header.author);
        if author != expected {
            return Err(Refusal::WrongSide { expected, author });
        }
        if invoice.cancelled {
            return Err(MoneyRefusal::Cancelled { invoice: id }.into());
        }
        if invoice.is_paid() {
            return Err(MoneyRefusal::Paid { invoice: id }.into());
        }
        Ok(())
    }

    fn apply(&self, state: &mut Contract, _at: At<'_>) {
        let Some(invoice) = state.invoices.get_mut(&self.invoice) else { return };
        invoice.cancelled = true;
        let of_it = |payable: &mut Payable| {
            if payable.invoice == Some(self.invoice) {
                payable.invoice = None;
            }
        };
        state.payables.change(&invoice.payable.key(), of_it);
    }
}
