//! What somebody does at our node without this program: payments of a contract's invoices are found and taken up, an
//! invoice of ours that was withdrawn there is cancelled in the record.
//!
//! Money: such a payment is as good as one of ours, and no second one may follow. The node is asked about each unpaid
//! invoice once in the life of the process, and hears of later ones by events; only the node's receipt counts.

use std::collections::{HashMap, HashSet};

use lncontract_core::{Bytes, Hash};
use lncontract_lightning::{NotRecorded, PaymentHash, PaymentPreimage, PaymentState};
use lncontract_store::{AttemptState, Change, MoveAttempt, NewAttempt, NewLedger, ReceivableState};

use crate::{App, AppError, app::Work};

/// How many receipts of payments that no contract is known to have asked for are kept in memory.
const HEARD_MAX: usize = 10_000;

/// What was heard, and what was asked.
#[derive(Debug, Default)]
pub(crate) struct ByHand {
    heard: HashMap<PaymentHash, (PaymentPreimage, u64)>,
    asked: HashSet<PaymentHash>,
    withdrawn: HashSet<PaymentHash>,
}

impl ByHand {
    /// The node paid something; nobody here knows yet what for.
    pub(crate) fn heard(&mut self, hash: PaymentHash, preimage: PaymentPreimage, fee_msat: u64) {
        if self.heard.len() >= HEARD_MAX {
            // The node is asked again about what is still unpaid.
            self.heard.clear();
            self.asked.clear();
        }
        self.heard.insert(hash, (preimage, fee_msat));
    }
}

impl App {
    /// The node takes no payment of an invoice of ours any more. It tells that until the record says so too.
    pub(crate) async fn record_withdrawn(&self, hash: PaymentHash) -> Result<(), NotRecorded> {
        let known = self.store.receivable(hash).await.map_err(|error| NotRecorded(error.to_string()))?;
        if known.is_none_or(|known| known.state != ReceivableState::Live) {
            self.by_hand.lock().await.withdrawn.remove(&hash);
            return Ok(());
        }
        self.by_hand.lock().await.withdrawn.insert(hash);
        self.wake(Work::All);
        Err(NotRecorded(
            "an invoice that was withdrawn at the node is not cancelled in the record yet".into(),
        ))
    }

    /// Whether the node has told that.
    pub(crate) async fn is_withdrawn(&self, hash: PaymentHash) -> bool {
        self.by_hand.lock().await.withdrawn.contains(&hash)
    }
}

impl App {
    /// Takes up what was paid of a contract's invoices without this program.
    pub(crate) async fn take_up_by_hand(&self, contract: Hash) -> Result<(), AppError> {
        for (invoice, new) in self.unpaid_without_attempt(contract).await? {
            let Some((preimage, fee_msat)) = self.paid_by_hand(new.payment_hash).await? else { continue };
            tracing::warn!(invoice = %invoice, "an invoice was paid by hand at our node; it is taken up");
            let (payment_hash, at) = (new.payment_hash, new.at);
            let line = NewLedger {
                key: format!("paid:{}", Bytes(payment_hash)),
                contract_id: Some(contract.0),
                kind: "paid".into(),
                amount_msat: -i64::try_from(new.amount_msat).unwrap_or(i64::MAX),
                fee_msat,
                at,
                detail: "by hand".into(),
            };
            let moved = MoveAttempt {
                payment_hash,
                from: vec![AttemptState::Requested],
                to: AttemptState::Succeeded,
                worker: None,
                preimage: Some(preimage),
                fee_msat: Some(fee_msat),
                reason: None,
                at,
            };
            let changes = vec![Change::InsertAttempt(new), Change::MoveAttempt(moved), Change::Ledger(line)];
            self.store.commit(changes).await?;
        }
        Ok(())
    }

    /// The other side's invoices that are to be paid and that we have not begun to pay.
    async fn unpaid_without_attempt(&self, contract: Hash) -> Result<Vec<(Hash, NewAttempt)>, AppError> {
        let attempts = self.store.attempts(contract.0).await?;
        let live = self.live(contract).await?;
        let live = live.lock().await;
        let at = self.clock.now().0;
        let is_new = |entry: &Hash| attempts.iter().all(|attempt| attempt.invoice_entry_hash != entry.0);
        let invoices = live.record.state().invoices.iter();
        let unpaid = invoices.filter(|(entry, known)| {
            // The payee's receipt may have come first; ours is missing all the same.
            known.by != live.our_side && !known.cancelled && known.paid_at.is_none() && is_new(entry)
        });
        let new = unpaid.filter_map(|(entry, known)| {
            let new = NewAttempt {
                payment_hash: known.payment_hash.0,
                contract_id: contract.0,
                invoice_entry_hash: entry.0,
                bolt11: known.bolt11.clone(),
                amount_msat: known.amount.to_msat().ok()?.0,
                at,
            };
            Some((*entry, new))
        });
        Ok(new.collect())
    }

    async fn paid_by_hand(&self, hash: PaymentHash) -> Result<Option<(PaymentPreimage, u64)>, AppError> {
        {
            let by_hand = self.by_hand.lock().await;
            if let Some(heard) = by_hand.heard.get(&hash) {
                return Ok(Some(*heard));
            }
            if by_hand.asked.contains(&hash) {
                return Ok(None);
            }
        }
        let known = self.node().await?.payment(hash).await.map_err(AppError::from)?;
        self.by_hand.lock().await.asked.insert(hash);
        Ok(match known {
            PaymentState::Sent { preimage, fee_msat } => Some((preimage, fee_msat)),
            PaymentState::Absent | PaymentState::InFlight | PaymentState::Failed { .. } => None,
        })
    }
}
