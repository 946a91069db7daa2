//! Invoices: made by the payee's node for exactly a payable,
//! live in the store before the payer hears of them.

use lncontract_core::{
    Bytes, Hash, Time,
    v1::{Cancel, Invoice, PayableId, Payload},
};
use lncontract_lightning::NewInvoice;
use lncontract_record::{canonical, hash::sha256};
use lncontract_store::{Change, MoveReceivable, NewReceivable, ReceivableState};

use crate::{App, AppError, live::Live};

/// How long an invoice can be paid: one week.
const EXPIRY_S: u32 = 7 * 86_400;

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
        let new = NewInvoice { amount_msat, description_hash, expiry_s: EXPIRY_S };
        let made = node.create_invoice(new).await.map_err(AppError::from)?;
        let expires = Time(i64::try_from(made.expires_at_s).map_err(|_| AppError::fault("invoice expiry"))?);
        let (bolt11, payment_hash, key) = (made.bolt11.clone(), made.payment_hash, payable.key());
        let invoice = Invoice {
            payable,
            amount,
            number,
            bolt11: made.bolt11,
            payment_hash: Bytes(payment_hash),
            expires,
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
        let mut live = live.lock().await;
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
        let live = self.live(contract).await?;
        let mut live = live.lock().await;
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
        self.write(&mut live, |_| Ok(Payload::Cancel(Cancel { invoice, reason })), cancelled).await
    }
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
