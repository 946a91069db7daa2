//! Invoices: made by the payee's node for exactly a payable, live in the store before the payer hears of them.
//!
//! When one runs out is what its entry says, on the clock that signs: for the law, for both companies and for the
//! payer's worker. What stands in the BOLT 11 text follows the wall clock of the node that made it; it is only
//! a bound that the payer's node looks at when it sends, and it comes later. One that ran out is cancelled by
//! the payee's program, and made anew once both have seen that.

use lncontract_core::{
    Bytes, Hash,
    v1::{Cancel, Invoice, PayableId, Payload},
};
use lncontract_lightning::NewInvoice;
use lncontract_record::{canonical, hash::sha256};
use lncontract_store::{Change, MoveReceivable, NewReceivable, ReceivableState};

use crate::{App, AppError, live::Live, pay::cancel_is_settled};

/// How long an invoice can be paid: one week.
const EXPIRY_S: u32 = 7 * 86_400;
/// How much later the node's bound is: a clock that is a little off decides nothing.
const EXPIRY_MARGIN_S: u32 = 86_400;
/// What the record says of an invoice that ran out.
const RAN_OUT: &str = "it ran out unpaid; another one follows";
/// What the record says of an invoice that our node takes no payment of any more.
const WITHDRAWN: &str = "it was withdrawn at the payee's node, not by this program; another one can be made";

impl App {
    /// Makes the invoice of something payable to us. Returns its entry.
    ///
    /// # Errors
    /// When the law refuses it: nothing payable, invoiced already; or our node does not run.
    pub async fn make_invoice(&self, contract: Hash, payable: PayableId) -> Result<Hash, AppError> {
        let node = self.node().await?;
        let live = self.live(contract).await?;
        let (amount, number) = asked(&*live.lock().await, &payable)?;
        let description_hash = description_hash(contract, &payable)?.0;
        let amount_msat = amount.to_msat().map_err(|error| AppError::fault(error.to_string()))?.0;
        let new = NewInvoice {
            amount_msat,
            description_hash,
            expiry_s: EXPIRY_S + EXPIRY_MARGIN_S,
            label: format!("{contract} {}", payable.key()),
        };
        let made = node.create_invoice(new).await.map_err(AppError::from)?;
        let (bolt11, payment_hash, key) = (made.bolt11.clone(), made.payment_hash, payable.key());
        let invoice = Invoice {
            payable,
            amount,
            number,
            bolt11: made.bolt11,
            payment_hash: Bytes(payment_hash),
            expires: self.clock.now().plus_seconds(EXPIRY_S.into()),
        };
        let at = self.clock.now().0;
        let live_in_store = |entry: Hash| {
            vec![Change::InsertReceivable(NewReceivable {
                payment_hash,
                contract_id: contract.0,
                payable: key,
                invoice_entry_hash: Some(entry.0),
                bolt11,
                amount_msat,
                at,
            })]
        };
        let mut live = self.to_sign(contract).await?;
        self.write(&mut live, |_| Ok(Payload::Invoice(invoice)), live_in_store).await
    }

    /// Withdraws an invoice of ours: from the store's word on, our node takes no payment of it.
    ///
    /// # Errors
    /// When it is not ours, paid, being paid, or cancelled already.
    pub async fn cancel_invoice(
        &self,
        contract: Hash,
        invoice: Hash,
        reason: String,
    ) -> Result<Hash, AppError> {
        let mut live = self.to_sign(contract).await?;
        let known = live.record.state().invoices.get(&invoice);
        let payment_hash = known.ok_or_else(|| AppError::not_found("invoice"))?.payment_hash;
        let at = self.clock.now().0;
        let cancelled = move |_| {
            vec![Change::MoveReceivable(MoveReceivable {
                payment_hash: payment_hash.0,
                from: vec![ReceivableState::Live],
                to: ReceivableState::Cancelled,
                invoice_entry_hash: None,
                at,
            })]
        };
        let payload = |_| Ok(Payload::Cancel(Cancel { invoice, reason }));
        self.write(&mut live, payload, cancelled).await.map_err(|error| match error.code {
            // Money: the store said first that it is taken. A payment and a cancellation exclude each other.
            "conflict" => AppError::refused(
                "being-paid",
                "the invoice is being paid",
                "nothing was cancelled: see how the payment stands; if it should not have come, pay it back",
            ),
            _ => error,
        })
    }

    /// Cancels the invoices of ours that ran out unpaid, and those that somebody withdrew at our node. For one that ran
    /// out it makes the next one once both companies have seen that: nothing of the old one can be taken any more. Who
    /// withdrew one by hand decides about another.
    pub(crate) async fn renew_invoices(&self, contract: Hash) -> Result<(), AppError> {
        let live = self.live(contract).await?;
        for receivable in self.store.receivables(contract.0).await? {
            let Some(entry) = receivable.invoice_entry_hash.map(Bytes) else { continue };
            let (ran_out, next) = {
                let live = live.lock().await;
                let Some(known) = live.record.state().invoices.get(&entry) else { continue };
                let ran_out = !known.cancelled && !known.is_paid() && known.expires < self.clock.now();
                (ran_out, due_again(&live, entry, receivable.updated_at))
            };
            match receivable.state {
                ReceivableState::Live if ran_out => {
                    self.cancel_invoice(contract, entry, RAN_OUT.into()).await?;
                }
                ReceivableState::Live if self.is_withdrawn(receivable.payment_hash).await => {
                    self.cancel_invoice(contract, entry, WITHDRAWN.into()).await?;
                }
                ReceivableState::Cancelled => {
                    if let Some(payable) = next {
                        self.make_invoice(contract, payable).await?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What an invoice was for that was cancelled after it had run out, if it is to be invoiced again.
fn due_again(live: &Live, entry: Hash, cancelled_at: i64) -> Option<PayableId> {
    let state = live.record.state();
    let known = state.invoices.get(&entry)?;
    let is_open = state.payables.get(&known.payable.key())?.invoice.is_none();
    let ran_out = known.cancelled && !known.is_paid() && cancelled_at > known.expires.0;
    let again = is_open && ran_out && cancel_is_settled(live, entry) && !live.record.payments_frozen();
    again.then(|| known.payable.clone())
}

/// The amount and the next number for a payable of ours that rests on a settled entry.
fn asked(live: &Live, id: &PayableId) -> Result<(lncontract_core::Sat, u64), AppError> {
    let state = live.record.state();
    let payable = state.payables.get(&id.key()).ok_or_else(|| {
        let todo = "it becomes payable when its milestone is accepted";
        AppError::refused("not-payable", format!("nothing is payable for {}", id.row), todo)
    })?;
    if let Some((_, invoice)) = state.live_invoice(payable) {
        let todo = format!("invoice {} is open; cancel it first if it is wrong", invoice.number);
        return Err(AppError::refused("invoiced", "there is an invoice for this already", todo));
    }
    Ok((payable.amount, state.next_invoice_number(live.our_side)))
}

/// What stands in an invoice instead of a description: plain SHA-256 of the canonical bytes of `{contract,
/// payable}` (BOLT 11, tag `h`). It ties the money to what it is for, without saying it to anybody else.
pub(crate) fn description_hash(contract: Hash, payable: &PayableId) -> Result<Hash, AppError> {
    #[derive(serde::Serialize)]
    struct Described<'a> {
        contract: Hash,
        payable: &'a PayableId,
    }
    Ok(sha256(&canonical::to_bytes(&Described { contract, payable })?))
}
