//! The rows of the view: each with its due date and how far it is.

use serde::Serialize;

use super::{PayableState, PayableView, late_days, sum};
use crate::{
    Contract, Hash, Sat, Time,
    schedule::due_after_acceptance,
    state::{ChannelState, Outcome},
    v1::{ChannelStage, CloseManner, DueRule, Duty, Obligation, RowId, Side, Terms},
};

/// A row of the terms and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObligationView {
    /// Its id.
    pub row: RowId,
    /// The milestone it belongs to.
    pub milestone: Option<RowId>,
    /// Who owes it.
    pub debtor: Side,
    /// The last second of its due day; none if no date can be told.
    pub due: Option<Time>,
    /// The date hangs on an event that has not happened: it is what the plan lets expect.
    pub expected: bool,
    /// How far it is.
    pub state: RowState,
    /// Days since the due date, while something of it is still owed.
    pub late_days: u64,
}

/// How far a row is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RowState {
    /// Not due yet, and nothing done.
    Expected,
    /// Due today, and nothing done.
    Due,
    /// Overdue, and nothing done.
    Late {
        /// 1 from the day after the due date.
        days: u64,
    },
    /// Under examination.
    Tendered {
        /// The tender's entry.
        tender: Hash,
        /// Units tendered.
        quantity: u64,
        /// The examination's last instant.
        deadline: Time,
    },
    /// Some units are accepted, and the others are to be tendered.
    AcceptedInPart {
        /// Accepted so far.
        accepted: u64,
        /// Of that many.
        of: u64,
    },
    /// The last tender was rejected, and no unit is accepted.
    Rejected {
        /// The tender's entry.
        tender: Hash,
    },
    /// All units are accepted.
    Accepted,
    /// All units are accepted, the last by silence.
    Deemed,
    /// A `pay` row whose trigger has not come.
    NotEarned,
    /// Payable, and not all of it invoiced.
    Earned {
        /// Payable without an invoice.
        amount: Sat,
    },
    /// Invoiced, and not all of it paid.
    Invoiced {
        /// Invoiced and not paid.
        amount: Sat,
    },
    /// All that is earned so far is paid.
    PaidInPart {
        /// How much.
        paid: Sat,
        /// Of that much.
        of: Sat,
    },
    /// All of it is paid.
    Paid,
    /// A channel is announced, and no node has seen it.
    Announced,
    /// A channel is on its way.
    Pending,
    /// The channel is open.
    Open,
    /// The channel was open and is closing or closed.
    Closed,
}

pub(super) fn rows(
    contract: &Contract,
    terms: &Terms,
    payables: &[PayableView],
    as_of: Time,
) -> Vec<ObligationView> {
    let view = |row: &Obligation| {
        let (due, expected) = due_of(contract, terms, row, payables);
        let state = state_of(contract, row, payables, waiting(due, as_of));
        let over = matches!(
            state,
            RowState::Accepted | RowState::Deemed | RowState::Paid | RowState::Open | RowState::Closed
        );
        // What waits for an event can't be late; what is paid as far as it is earned isn't either.
        let nothing_owed = over || matches!(state, RowState::NotEarned | RowState::PaidInPart { .. });
        let late_days = if nothing_owed || expected { 0 } else { late_days(due, as_of) };
        let (milestone, debtor) = (row.milestone.clone(), row.debtor);
        ObligationView { row: row.id.clone(), milestone, debtor, due, expected, state, late_days }
    };
    let mut all: Vec<_> = terms.obligations.iter().map(view).collect();
    all.sort_by_key(|row| (row.due.is_none(), row.due));
    all
}

/// What a row is while nothing was done on it.
fn waiting(due: Option<Time>, as_of: Time) -> RowState {
    match due {
        Some(due) if as_of > due => RowState::Late { days: late_days(Some(due), as_of) },
        Some(due) if as_of > due.plus_days(-1) => RowState::Due,
        _ => RowState::Expected,
    }
}

/// Returns a row's due instant, and whether it is only what the plan lets expect.
fn due_of(
    contract: &Contract,
    terms: &Terms,
    row: &Obligation,
    payables: &[PayableView],
) -> (Option<Time>, bool) {
    let mut open = payables.iter().filter(|payable| payable.id.row == row.id && !payable.is_paid());
    match open.find_map(|payable| payable.due) {
        Some(due) => (Some(due), false),
        None => planned_due(contract, terms, row),
    }
}

/// Follows the anchors back to a row that is dated or accepted,
/// and applies their rules on the way to the row again.
pub(crate) fn planned_due(contract: &Contract, terms: &Terms, row: &Obligation) -> (Option<Time>, bool) {
    let mut rules = Vec::new();
    let mut at = row;
    let mut expected = false;
    // Terms in force have no circle; the bound keeps even unchecked terms from going round for ever.
    let start = loop {
        if let Some(instant) = at.due.at {
            break Some(instant);
        }
        let DueRule::Acceptance { row: anchor, .. } = &at.due.rule else { break None };
        rules.push(&at.due.rule);
        let Some(anchor) = terms.obligation(anchor) else { break None };
        let done = contract.performance(&anchor.id);
        if anchor.quantity().is_some_and(|units| done.accepted >= units) {
            break done.accepted_at;
        }
        expected = true;
        if rules.len() > terms.obligations.len() {
            break None;
        }
        at = anchor;
    };
    let due = rules
        .iter()
        .rev()
        .try_fold(start, |instant, rule| Some(Some(due_after_acceptance(rule, instant?, terms).ok()?)));
    (due.flatten(), expected)
}

fn state_of(contract: &Contract, row: &Obligation, payables: &[PayableView], waiting: RowState) -> RowState {
    match &row.duty {
        Duty::Deliver { quantity, .. } | Duty::Perform { quantity, .. } => {
            performed(contract, &row.id, *quantity, waiting)
        }
        Duty::Pay { amount, .. } => paid(*amount, payables.iter().filter(|payable| payable.id.row == row.id)),
        Duty::Fund { tranche } => funded(contract, tranche, waiting),
    }
}

fn performed(contract: &Contract, row: &str, units: u64, waiting: RowState) -> RowState {
    if let Some((tender, open)) = contract.open_tender(row) {
        return RowState::Tendered { tender, quantity: open.quantity, deadline: open.deadline };
    }
    let done = contract.performance(row);
    let last = done.last_tender.and_then(|id| Some((id, contract.tenders.get(&id)?)));
    match last {
        Some((_, tender)) if done.accepted >= units && matches!(tender.outcome, Outcome::Deemed { .. }) => {
            RowState::Deemed
        }
        Some(_) if done.accepted >= units => RowState::Accepted,
        Some(_) if done.accepted > 0 => RowState::AcceptedInPart { accepted: done.accepted, of: units },
        Some((tender, _)) => RowState::Rejected { tender },
        None => waiting,
    }
}

fn paid<'a>(of: Sat, payables: impl Iterator<Item = &'a PayableView> + Clone) -> RowState {
    let in_state = |wanted: fn(&PayableState) -> bool| {
        sum(payables.clone().filter(|payable| wanted(&payable.state)).map(|payable| payable.amount))
    };
    let earned = in_state(|state| *state == PayableState::Earned);
    let invoiced = in_state(|state| matches!(state, PayableState::Invoiced { .. }));
    let paid = in_state(|state| matches!(state, PayableState::Paid { .. }));
    if earned > Sat::ZERO {
        RowState::Earned { amount: earned }
    } else if invoiced > Sat::ZERO {
        RowState::Invoiced { amount: invoiced }
    } else if paid == Sat::ZERO {
        RowState::NotEarned
    } else if paid < of {
        RowState::PaidInPart { paid, of }
    } else {
        RowState::Paid
    }
}

fn funded(contract: &Contract, tranche: &str, waiting: RowState) -> RowState {
    if let Some((_, channel)) = contract.live_channel(tranche) {
        return match channel.reports.values().map(|report| report.stage).max() {
            None => RowState::Announced,
            Some(ChannelStage::Pending) => RowState::Pending,
            Some(ChannelStage::Open) => RowState::Open,
        };
    }
    if has_ended(contract, tranche) { RowState::Closed } else { waiting }
}

/// Tells whether a channel of the tranche was open and ended.
/// An opening that failed leaves the tranche as owed as it was.
pub(crate) fn has_ended(contract: &Contract, tranche: &str) -> bool {
    let of_tranche = |channel: &&ChannelState| {
        channel.announced.as_ref().is_some_and(|announced| announced.tranche == tranche)
    };
    let mut ends = contract.channels.values().filter(of_tranche).flat_map(|channel| contract.ends(channel));
    ends.any(|end| end.manner != CloseManner::Failed)
}
