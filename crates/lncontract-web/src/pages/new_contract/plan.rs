//! The planner on the page of a new contract: the proposal as rows of the form, why each tranche, and what the plan
//! that stands leaves uncovered.

use lncontract_app::{PlannedTranche, proposal, uncovered};
use lncontract_core::{
    Sat,
    template::supply::Step,
    v1::{Instrument, Terms},
};

use crate::{form::Form, format::parse_amount};

/// What there is to say about the plan of the form.
pub struct Plan {
    /// Why each tranche, where the plan that stands is the proposal.
    pub because: Vec<PlannedTranche>,
    /// What the plan leaves uncovered if it is kept.
    pub uncovered: Vec<String>,
}

impl Plan {
    pub fn of(form: &Form, terms: &Terms) -> Self {
        let because = proposal(terms, comfort(form));
        let proposed = because.iter().map(|planned| &planned.tranche);
        let is_proposal = proposed.eq(&terms.funding.tranches);
        let because = if is_proposal { because } else { Vec::new() };
        Self { because, uncovered: uncovered(terms) }
    }
}

/// The proposal as steps of a draft.
pub fn steps(form: &Form, terms: &Terms) -> Vec<Step> {
    let step = |planned: PlannedTranche| {
        let into = match planned.tranche.instrument {
            Instrument::SpliceIn { into } => Some(into),
            Instrument::Channel => None,
        };
        let (id, amount, stages) = (planned.tranche.id, planned.tranche.amount, planned.tranche.stages);
        Step { id, months: planned.months, days: 0, amount, into, stages }
    };
    proposal(terms, comfort(form)).into_iter().map(step).collect()
}

/// What the first channel has at least; nothing where it can't be read.
fn comfort(form: &Form) -> Sat {
    Sat(parse_amount(form.get("comfort")).unwrap_or(0))
}
