//! What each side is to do next: the answer to "what should I do now".
//!
//! Invariant: every act listed is one that `admit` takes from that side at that instant, given what the act
//! itself needs (a node's invoice, a preimage, reasons).

use serde::Serialize;

use super::{
    PayableState, PayableView, late_days,
    rows::{has_ended, planned_due},
};
use crate::{
    Contract, Hash, Sat, Time,
    account::{account, open_rows},
    law::is_frozen,
    v1::{Duty, Instrument, PayableId, RowId, Side, Terms},
};

/// What each side is to do next, by due date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Acts {
    /// The buyer.
    pub buyer: Vec<NextAct>,
    /// The seller.
    pub seller: Vec<NextAct>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextAct {
    /// What.
    pub todo: Todo,
    /// By when; none if nothing presses.
    pub due: Option<Time>,
    /// Days since then.
    pub late_days: u64,
}

/// What there is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Todo {
    /// Offer the first terms.
    Offer,
    /// Accept, reject or counter the open offer.
    AnswerOffer {
        /// The offer.
        offer: Hash,
    },
    /// State that one's own offer ran out.
    Lapse {
        /// The offer.
        offer: Hash,
        /// Its end, to be stated.
        deadline: Time,
    },
    /// Tender what is left of a row.
    Tender {
        /// The row.
        row: RowId,
        /// Units left.
        units: u64,
    },
    /// Examine a tender and answer.
    AnswerTender {
        /// The tender.
        tender: Hash,
        /// Its row.
        row: RowId,
        /// Units tendered.
        units: u64,
    },
    /// State that the examination ran out.
    Deem {
        /// The tender.
        tender: Hash,
        /// Its row.
        row: RowId,
        /// The examination's end, to be stated.
        deadline: Time,
    },
    /// Open or splice a channel.
    Fund {
        /// The tranche.
        tranche: RowId,
        /// How much.
        amount: Sat,
    },
    /// Make an invoice.
    Invoice {
        /// For what.
        payable: PayableId,
        /// How much.
        amount: Sat,
        /// The next number.
        number: u64,
    },
    /// Pay an invoice.
    Pay {
        /// The invoice.
        invoice: Hash,
        /// What it is for.
        payable: PayableId,
        /// How much.
        amount: Sat,
    },
    /// Confirm a payment.
    ConfirmReceipt {
        /// The invoice.
        invoice: Hash,
        /// How much.
        amount: Sat,
    },
    /// Sign the final account.
    SignAccount,
    /// Cancel an invoice that ran out, so that a new one can be made.
    Cancel {
        /// The invoice.
        invoice: Hash,
    },
}

impl Acts {
    /// Returns the acts of one side.
    pub fn of(&self, side: Side) -> &[NextAct] {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }
}

/// The acts found so far, each with its side.
struct Findings {
    acts: Vec<(Side, NextAct)>,
    as_of: Time,
}

impl Findings {
    fn push(&mut self, side: Side, due: Option<Time>, todo: Todo) {
        self.acts.push((side, NextAct { todo, due, late_days: late_days(due, self.as_of) }));
    }
}

pub(super) fn acts(contract: &Contract, payables: &[PayableView], as_of: Time) -> Acts {
    let mut found = Findings { acts: Vec::new(), as_of };
    offers(contract, &mut found);
    final_account(contract, &mut found);
    examinations(contract, &mut found);
    if let Some(terms) = contract.terms.as_ref().filter(|_| !contract.is_closed()) {
        planned(contract, terms, &mut found);
        money(contract, terms, payables, &mut found);
    }
    found.acts.sort_by_key(|(_, act)| (act.due.is_none(), act.due));
    let of = |side| found.acts.iter().filter(|(by, _)| *by == side).map(|(_, act)| act.clone()).collect();
    Acts { buyer: of(Side::Buyer), seller: of(Side::Seller) }
}

/// When nothing is open any more, each side that has not signed these figures signs them.
fn final_account(contract: &Contract, found: &mut Findings) {
    if contract.offer.is_some() || contract.is_closed() || !open_rows(contract).is_empty() {
        return;
    }
    let Some(account) = account(contract) else { return };
    for side in [Side::Buyer, Side::Seller] {
        if contract.accounts.get(&side).is_none_or(|signed| signed.account != account) {
            found.push(side, None, Todo::SignAccount);
        }
    }
}

fn offers(contract: &Contract, found: &mut Findings) {
    match (&contract.offer, contract.pen) {
        (None, Some(holder)) if contract.terms.is_none() => found.push(holder, None, Todo::Offer),
        (Some(offer), _) => {
            let deadline = offer.valid_until;
            if found.as_of <= deadline {
                found.push(offer.by.other(), Some(deadline), Todo::AnswerOffer { offer: offer.entry });
            } else if found.as_of > deadline.plus_seconds(contract.grace_seconds()) {
                found.push(offer.by, None, Todo::Lapse { offer: offer.entry, deadline });
            }
        }
        _ => {}
    }
}

fn examinations(contract: &Contract, found: &mut Findings) {
    let Some(terms) = &contract.terms else { return };
    for row in &terms.obligations {
        let Some((tender, open)) = contract.open_tender(&row.id) else { continue };
        let mut prices = terms.pay_rows_on(&row.id).filter(|pay| pay.is_per_unit());
        let frozen = |side| is_frozen(contract, side, &row.id);
        let (name, deadline) = (row.id.clone(), open.deadline);
        let silent = terms.clauses.deemed_accepted && found.as_of > deadline;
        if !silent
            && !frozen(row.creditor())
            && !prices.any(|pay| is_frozen(contract, row.creditor(), &pay.id))
        {
            let todo = Todo::AnswerTender { tender, row: name, units: open.quantity };
            found.push(row.creditor(), Some(deadline), todo);
        } else if silent
            && found.as_of > deadline.plus_seconds(contract.grace_seconds())
            && !frozen(row.debtor)
            && !prices.any(|pay| is_frozen(contract, row.debtor, &pay.id))
        {
            found.push(row.debtor, None, Todo::Deem { tender, row: name, deadline });
        }
    }
}

/// Tenders and tranches: all that are due by tomorrow, and of the later ones the next of each kind.
fn planned(contract: &Contract, terms: &Terms, found: &mut Findings) {
    let mut tenders = Vec::new();
    let mut tranches = Vec::new();
    for row in terms.obligations.iter().filter(|row| !is_frozen(contract, row.debtor, &row.id)) {
        let due = planned_due(contract, terms, row).0;
        if let Some(quantity) = row.quantity() {
            let units = quantity.saturating_sub(contract.performance(&row.id).accepted);
            if units > 0 && contract.open_tender(&row.id).is_none() {
                tenders.push((due, row.debtor, Todo::Tender { row: row.id.clone(), units }));
            }
        } else if let Duty::Fund { tranche } = &row.duty
            && contract.live_channel(tranche).is_none()
            && !has_ended(contract, tranche)
            && let Some(planned) = terms.tranche(tranche)
            && !waits_for_channel(contract, &planned.instrument)
        {
            let todo = Todo::Fund { tranche: tranche.clone(), amount: planned.amount };
            tranches.push((due, row.debtor, todo));
        }
    }
    for mut kind in [tenders, tranches] {
        kind.sort_by_key(|(due, ..)| (due.is_none(), *due));
        let now =
            kind.iter().filter(|(due, ..)| due.is_some_and(|due| due <= found.as_of.plus_days(1))).count();
        for (due, side, todo) in kind.into_iter().take(now + 1) {
            found.push(side, due, todo);
        }
    }
}

/// Tells whether a splice waits for its channel. Once that has ended, the money goes into a further one.
fn waits_for_channel(contract: &Contract, instrument: &Instrument) -> bool {
    let Instrument::SpliceIn { into } = instrument else { return false };
    contract.live_channel(into).is_none() && !has_ended(contract, into)
}

/// What is payable; of what waits for its date, the next of each side, which may be invoiced ahead.
fn money(contract: &Contract, terms: &Terms, payables: &[PayableView], found: &mut Findings) {
    let mut ahead = Vec::new();
    for payable in payables {
        let Some(row) = terms.obligation(&payable.id.row) else { continue };
        let (id, amount) = (payable.id.clone(), payable.amount);
        match payable.state {
            PayableState::NotYet if ahead.contains(&row.debtor) => {}
            PayableState::NotYet | PayableState::Earned if !is_frozen(contract, row.creditor(), &row.id) => {
                let number = contract.next_invoice_number(row.creditor());
                found.push(row.creditor(), payable.due, Todo::Invoice { payable: id, amount, number });
                if payable.state == PayableState::NotYet {
                    ahead.push(row.debtor);
                }
            }
            PayableState::NotYet | PayableState::Earned => {}
            PayableState::Invoiced { invoice, expired: true, .. } => {
                found.push(row.creditor(), payable.due, Todo::Cancel { invoice });
            }
            PayableState::Invoiced { invoice, .. } => {
                found.push(row.debtor, payable.due, Todo::Pay { invoice, payable: id, amount });
            }
            PayableState::Paid { invoice, by_payee: false, .. } => {
                found.push(row.creditor(), None, Todo::ConfirmReceipt { invoice, amount });
            }
            PayableState::Paid { .. } => {}
        }
    }
}
