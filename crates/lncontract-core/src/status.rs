//! `status`: what a contract comes to at an instant. A view: it changes nothing and decides nothing.
//!
//! Invariant: the only place where the present instant meets the state; what is late or due is never part of
//! the state. Money: of each side `total = paid + outstanding`, always; what was paid beyond that is credit.

mod acts;
mod channels;
mod figures;
mod rows;
mod summary;

use serde::Serialize;

pub use acts::{Acts, NextAct, Todo};
pub use channels::{Agreement, ChannelView, Progress};
pub use figures::{Figures, MilestoneView, PayableState, PayableView};
pub(crate) use figures::{figures, milestones, payables};
pub use rows::{ObligationView, RowState};
pub(crate) use rows::{has_ended, planned_due};
pub use summary::{Summary, summary};

use crate::{
    Contract, Hash, Sat, Time,
    account::{account, open_rows},
    v1::{Account, RowId, Side, Terms},
};

/// A contract as it stands at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The instant.
    pub as_of: Time,
    /// How far the contract is.
    pub phase: Phase,
    /// Who may offer; nobody before the first entry.
    pub pen: Option<Side>,
    /// The offer that waits for an answer.
    pub offer: Option<OfferView>,
    /// The six figures of what the buyer pays.
    pub figures: Figures,
    /// The same of what the seller pays, beside the contract's total: nothing in most contracts.
    pub from_seller: Figures,
    /// The sum of the earmarks whose channel is open, before what was paid over them.
    pub earmarked: Sat,
    /// Paid for invoices that were cancelled or overtaken: the seller owes it back.
    pub credit_due: Sat,
    /// The same the other way round: the buyer owes it back.
    pub credit_due_to_seller: Sat,
    /// The milestones, in the order of the terms.
    pub milestones: Vec<MilestoneView>,
    /// The rows, by due date; those without one last.
    pub obligations: Vec<ObligationView>,
    /// What became payable, by due date.
    pub payables: Vec<PayableView>,
    /// The channels, by the time of their announcement.
    pub channels: Vec<ChannelView>,
    /// What it comes to as an account, and who has signed that; none before terms are in force.
    pub account: Option<AccountView>,
    /// What each side is to do next.
    pub acts: Acts,
}

/// The account of a contract, final or not yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountView {
    /// The figures, as they would be signed now.
    pub account: Account,
    /// The rows that are not performed or not paid; it can be signed when there are none.
    pub open: Vec<RowId>,
    /// Who has signed these very figures.
    pub signed: Vec<Side>,
}

/// How far a contract is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Phase {
    /// No terms in force and none offered.
    Draft,
    /// The first terms are offered.
    Offered {
        /// By whom.
        by: Side,
    },
    /// Terms are in force.
    InForce,
    /// Everything is accepted and paid.
    Done,
    /// Both have signed the final account.
    Closed,
}

/// An open offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OfferView {
    /// Its entry.
    pub entry: Hash,
    /// By whom.
    pub by: Side,
    /// Answered in time by then.
    pub valid_until: Time,
    /// Whether that has passed.
    pub over: bool,
}

/// Views a contract at an instant.
pub fn status(contract: &Contract, as_of: Time) -> Status {
    let payables = figures::payables(contract, as_of);
    let (figures, credit_due) = figures::figures(contract, &payables, Side::Buyer);
    let (from_seller, credit_due_to_seller) = figures::figures(contract, &payables, Side::Seller);
    let channels = channels::channels(contract);
    let terms = contract.terms.as_ref();
    let paid_up = [&figures, &from_seller].iter().all(|figures| figures.outstanding == Sat::ZERO);
    Status {
        as_of,
        phase: phase(contract, paid_up),
        pen: contract.pen,
        offer: offer_view(contract, as_of),
        earmarked: channels::earmarked(&channels),
        credit_due,
        credit_due_to_seller,
        milestones: terms.map(|terms| figures::milestones(terms, &payables)).unwrap_or_default(),
        obligations: terms.map(|terms| rows::rows(contract, terms, &payables, as_of)).unwrap_or_default(),
        account: account_view(contract),
        acts: acts::acts(contract, &payables, as_of),
        figures,
        from_seller,
        payables,
        channels,
    }
}

fn account_view(contract: &Contract) -> Option<AccountView> {
    let account = account(contract)?;
    let signed = contract.accounts.iter().filter(|(_, signed)| signed.account == account);
    Some(AccountView { signed: signed.map(|(side, _)| *side).collect(), open: open_rows(contract), account })
}

fn offer_view(contract: &Contract, as_of: Time) -> Option<OfferView> {
    let offer = contract.offer.as_ref()?;
    let (entry, by, valid_until) = (offer.entry, offer.by, offer.valid_until);
    Some(OfferView { entry, by, valid_until, over: as_of > valid_until })
}

fn phase(contract: &Contract, paid_up: bool) -> Phase {
    match (&contract.terms, &contract.offer) {
        (None, None) => Phase::Draft,
        (None, Some(offer)) => Phase::Offered { by: offer.by },
        (Some(_), _) if contract.is_closed() => Phase::Closed,
        (Some(terms), _) if paid_up && all_accepted(contract, terms) => Phase::Done,
        (Some(_), _) => Phase::InForce,
    }
}

fn all_accepted(contract: &Contract, terms: &Terms) -> bool {
    let mut rows = terms.obligations.iter();
    rows.all(|row| row.quantity().is_none_or(|units| contract.performance(&row.id).accepted >= units))
}

/// Returns how many days something is late: 1 from the day after the due date.
pub fn late_days(due: Option<Time>, as_of: Time) -> u64 {
    let seconds = due.map_or(0, |due| as_of.0.saturating_sub(due.0));
    u64::try_from(seconds).map_or(0, |seconds| seconds.div_ceil(86_400))
}

/// Sums amounts; at the end of the range it stays there, which no checked terms reach.
fn sum(amounts: impl Iterator<Item = Sat>) -> Sat {
    amounts.fold(Sat::ZERO, |sum, amount| Sat(sum.0.saturating_add(amount.0)))
}
