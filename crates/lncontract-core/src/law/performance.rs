//! Tender, answer, deem: how a row is performed.
//!
//! Invariant: at most one tender of a row is under examination; a tender is judged once, by the creditor
//! within the examination or, where the terms take silence for acceptance, by its running out.
//! What is not accepted reopens.

use super::{
    At, PerformanceRefusal, Refusal, Rule,
    answers::silence,
    payable,
    standing::{standing, standing_with_prices},
};
use crate::{
    Contract, Hash, Time,
    schedule::end_of_period,
    state::{Outcome, TenderState},
    v1::{Answer, Deem, Obligation, Side, Tender, Terms},
};

fn written_by(expected: Side, at: At<'_>) -> Result<(), Refusal> {
    let author = at.header.author;
    if author == expected { Ok(()) } else { Err(Refusal::WrongSide { expected, author }) }
}

impl Rule for Tender {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        let row = standing(past, at, &self.row)?;
        written_by(row.debtor, at)?;
        let name = || self.row.clone();
        let quantity = row.quantity().ok_or_else(|| PerformanceRefusal::NotTenderable { row: name() })?;
        if let Some((tender, _)) = past.open_tender(&self.row) {
            return Err(PerformanceRefusal::UnderExamination { row: name(), tender }.into());
        }
        let open = quantity.saturating_sub(past.performance(&self.row).accepted);
        if (1..=open).contains(&self.quantity) {
            return Ok(());
        }
        Err(PerformanceRefusal::Quantity { row: name(), open, tendered: self.quantity }.into())
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        let time = at.header.time;
        let examined = |terms: &Terms| end_of_period(time, terms.clauses.examination_days, terms);
        let deadline = state.terms.as_deref().map_or(time, examined);
        let tender = TenderState {
            row: self.row.clone(),
            quantity: self.quantity,
            at: at.header.time,
            deadline,
            outcome: Outcome::Open,
        };
        state.tenders.insert(at.id, tender);
        state.rows.or_default(&self.row).last_tender = Some(at.id);
    }
}

/// Returns a tender under examination with its row, if the row and its prices still stand as the entry knew
/// them.
fn examined<'a>(
    past: &'a Contract,
    at: At<'_>,
    tender: Hash,
) -> Result<(&'a TenderState, &'a Obligation), Refusal> {
    let found = past.tenders.get(&tender).ok_or(PerformanceRefusal::Unknown { tender })?;
    if found.outcome != Outcome::Open {
        return Err(PerformanceRefusal::Judged { tender }.into());
    }
    Ok((found, standing_with_prices(past, at, &found.row)?))
}

/// Takes silence for acceptance?
fn is_deemed(past: &Contract) -> bool {
    past.terms.as_ref().is_some_and(|terms| terms.clauses.deemed_accepted)
}

impl Rule for Answer {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        let (tender, row) = examined(past, at, self.tender)?;
        written_by(row.creditor(), at)?;
        // Without deemed acceptance a late answer is the only way out of the examination, so it stays open.
        if is_deemed(past) && at.header.time > tender.deadline {
            return Err(PerformanceRefusal::Over { deadline: tender.deadline, time: at.header.time }.into());
        }
        let (tendered, accepted) = (tender.quantity, self.accepted);
        if accepted > tendered {
            return Err(PerformanceRefusal::TooMany { tendered, accepted }.into());
        }
        let explained = self.reasons.iter().any(|reason| !reason.trim().is_empty());
        if accepted < tendered && !explained {
            return Err(PerformanceRefusal::Reasons { accepted, tendered }.into());
        }
        Ok(())
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        let outcome = Outcome::Answered { accepted: self.accepted, at: at.header.time };
        judge(state, self.tender, outcome, at.header.time);
    }
}

impl Rule for Deem {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        let (tender, row) = examined(past, at, self.tender)?;
        written_by(row.debtor, at)?;
        if !is_deemed(past) {
            return Err(PerformanceRefusal::NotDeemed { tender: self.tender }.into());
        }
        silence(past, at, tender.deadline, self.deadline)
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        judge(state, self.tender, Outcome::Deemed { at: at.header.time }, at.header.time);
    }
}

/// Ends an examination, and lets what it earned become payable.
fn judge(state: &mut Contract, id: Hash, outcome: Outcome, time: Time) {
    let Some(tender) = state.tenders.get_mut(&id) else { return };
    tender.outcome = outcome;
    let (row, units) = (tender.row.clone(), tender.accepted());
    if units == 0 {
        return;
    }
    let performance = state.rows.or_default(&row);
    performance.accepted = performance.accepted.saturating_add(units);
    performance.accepted_at = Some(time);
    payable::earn(state, &row, id, units, time);
}
