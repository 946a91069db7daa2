//! The planner: which tranches would cover the milestones of some terms, and why each.
//!
//! Invariant: a proposal, nothing more: what it makes is a funding plan that a hand could have written. Each tranche
//! is dated by whole months from the date of contract, the last that keeps the covenant, and never sets aside less
//! than what is missing then. Money: rounded up, to whole steps of `Wishes::round_to`.

mod unpayable;

use std::fmt;

use serde::Serialize;

use crate::{
    Contract, Sat, Time,
    coverage::{Limits, StageOutlook, Warning, outlook},
    schedule::{after, day_of, due_on, instant_of},
    v1::{Due, DueRule, Duty, Instrument, Obligation, RowId, Side, Terms, Tranche},
};

pub use unpayable::{Unpayable, unpayable};

/// The most months that a plan looks ahead.
const MONTHS_MAX: i32 = 1_200;

/// What the buyer wants of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Wishes {
    /// The first channel has at least that size, as comfort.
    pub first_at_least: Sat,
    /// Each tranche is a multiple of that.
    pub round_to: Sat,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { first_at_least: Sat::ZERO, round_to: Sat(1_000_000) }
    }
}

/// A tranche as the planner proposes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposed {
    /// The tranche.
    pub tranche: Tranche,
    /// Due that many months after the date of contract.
    pub months: i32,
    /// Why.
    pub reasons: Vec<Because>,
}

impl Proposed {
    /// Returns the `fund` row of the tranche in those terms.
    pub fn row(&self, terms: &Terms) -> Obligation {
        let rule = DueRule::DateOfContract { months: self.months, days: 0 };
        let date = after(terms.date_of_contract, self.months, 0).ok();
        let at = date.and_then(|date| due_on(date, terms).ok());
        Obligation {
            id: format!("fund-{}", self.tranche.id),
            milestone: None,
            debtor: Side::Buyer,
            due: Due { rule, at },
            duty: Duty::Fund { tranche: self.tranche.id.clone() },
        }
    }
}

/// Why a tranche is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Because {
    /// The milestone that it covers.
    pub milestone: RowId,
    /// When its first payment is due.
    pub due: Time,
    /// When the covenant wants it covered.
    pub covered_by: Time,
    /// What of it nothing else covers then.
    pub missing: Sat,
    /// What the tranche holds back for reserve and fees: it is put in on top.
    pub held_back: Sat,
    /// Why in this form.
    pub form: Form,
}

/// Why a tranche has its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Form {
    /// The first channel.
    First,
    /// Spliced into the first channel, which carries the largest payment in one piece.
    Splice {
        /// The largest payment of the milestone.
        largest: Sat,
        /// The most the channel has in flight, fixed when it was opened.
        at_once: Sat,
    },
    /// A channel of its own, because the first one can't carry the payment in one piece.
    Own {
        /// The largest payment of the milestone.
        largest: Sat,
        /// The most the first channel has in flight, fixed when it was opened.
        at_once: Sat,
    },
    /// A further channel, because the node can't splice: it is paid in parts.
    Further,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { milestone, due, covered_by, missing, held_back, form } = self;
        write!(
            f,
            "covers {missing} of {milestone} from {covered_by} on, due {due}, and {held_back} held back"
        )?;
        match form {
            Form::First => f.write_str("; the first channel"),
            Form::Splice { largest, at_once } => {
                write!(f, "; in one piece, since {largest} is within the {at_once} fixed at the opening")
            }
            Form::Own { largest, at_once } => {
                write!(
                    f,
                    "; a channel of its own, since {largest} is more than the {at_once} of the first at once"
                )
            }
            Form::Further => f.write_str("; a further channel, since the node can't splice"),
        }
    }
}

/// Proposes a funding plan for terms. Tranches that they have already are passed over. Terms with faults may
/// get no proposal, or part of one.
pub fn propose(terms: &Terms, limits: &Limits, wishes: &Wishes) -> Vec<Proposed> {
    let mut draft = Draft { terms: without_plan(terms), limits, wishes, proposed: Vec::new() };
    let mut order: Vec<RowId> = Vec::new();
    for stage in draft.outlook() {
        if !order.contains(&stage.expected.milestone) {
            order.push(stage.expected.milestone);
        }
    }
    for milestone in order {
        draft.cover(&milestone);
    }
    draft.proposed
}

/// Returns what a funding plan leaves uncovered if it is kept: each with its milestone's path in the terms, the
/// date of the covenant and what is missing then.
pub fn warnings(terms: &Terms, limits: &Limits) -> Vec<Warning> {
    let contract = Contract { terms: Some(terms.clone().into()), ..Contract::default() };
    outlook(&contract, &[], limits, begin(terms)).warnings
}

/// The first second of the date of contract.
fn begin(terms: &Terms) -> Time {
    let end = instant_of(terms.date_of_contract, terms.utc_offset_minutes);
    end.map_or(Time(i64::MIN), |end| end.plus_seconds(-86_399))
}

fn without_plan(terms: &Terms) -> Terms {
    let mut terms = terms.clone();
    terms.funding.tranches.clear();
    terms.obligations.retain(|row| !matches!(row.duty, Duty::Fund { .. }));
    terms
}

/// The plan so far, with the terms as they would be with it.
struct Draft<'a> {
    terms: Terms,
    limits: &'a Limits,
    wishes: &'a Wishes,
    proposed: Vec<Proposed>,
}

impl Draft<'_> {
    fn outlook(&self) -> Vec<StageOutlook> {
        let contract = Contract { terms: Some(self.terms.clone().into()), ..Contract::default() };
        outlook(&contract, &[], self.limits, begin(&self.terms)).stages
    }

    /// Adds what a milestone lacks.
    fn cover(&mut self, milestone: &str) {
        let payments = self.outlook().into_iter().filter(|stage| stage.expected.milestone == milestone);
        let payments: Vec<_> = payments.collect();
        let sum = |of: fn(&StageOutlook) -> Sat| Sat::sum(payments.iter().map(of)).ok();
        let (Some(first), Some(missing)) = (payments.first(), sum(|stage| stage.missing)) else { return };
        let (Some(whole), largest) = (sum(|stage| stage.expected.amount), largest(&payments)) else { return };
        if missing == Sat::ZERO {
            return;
        }
        let months = self.last_month_before(first.covered_by);
        let (form, missing) = match self.proposed.first() {
            None => (Form::First, missing),
            Some(base) => {
                let at_once = self.limits.in_flight(base.tranche.amount);
                if !self.limits.splice {
                    (Form::Further, missing)
                } else if largest <= at_once {
                    (Form::Splice { largest, at_once }, missing)
                } else {
                    (Form::Own { largest, at_once }, whole)
                }
            }
        };
        let amount = self.size(missing, form);
        let held_back = self.held_back(amount, form);
        let (due, covered_by) = (first.expected.due, first.covered_by);
        let milestone = milestone.to_owned();
        let because = Because { milestone, due, covered_by, missing, held_back, form };
        self.add(months, amount, because);
    }

    /// Returns the size that leaves so much to be sent: rounded up.
    fn size(&self, missing: Sat, form: Form) -> Sat {
        let step = self.wishes.round_to.0.max(1);
        let up = |amount: Sat| Sat(amount.0.div_ceil(step).saturating_mul(step));
        let sendable = 100_u64.saturating_sub(self.limits.reserve_percent).max(1);
        let fees = if matches!(form, Form::Splice { .. }) { Sat::ZERO } else { self.limits.fee_buffer };
        let net = missing.0.saturating_add(fees.0);
        let size = up(Sat(net.saturating_mul(100).div_ceil(sendable)));
        if form == Form::First { size.max(up(self.wishes.first_at_least)) } else { size }
    }

    fn held_back(&self, amount: Sat, form: Form) -> Sat {
        let sends = if matches!(form, Form::Splice { .. }) {
            amount.less(self.limits.reserve(amount))
        } else {
            self.limits.can_send(amount)
        };
        amount.less(sends)
    }

    /// Returns the most months after the date of contract that still lie before an instant.
    fn last_month_before(&self, instant: Time) -> i32 {
        let day = day_of(instant, self.terms.utc_offset_minutes);
        let Ok(day) = day else { return 0 };
        let fits =
            |months: &i32| after(self.terms.date_of_contract, *months, 0).is_ok_and(|date| date <= day);
        (0..MONTHS_MAX).take_while(fits).last().unwrap_or(0)
    }

    /// Adds a tranche, or puts more into the one before it if that would be spliced into at once.
    fn add(&mut self, months: i32, amount: Sat, because: Because) {
        let splice = matches!(because.form, Form::Splice { .. });
        if splice
            && let Some(last) = self
                .proposed
                .last_mut()
                .filter(|last| last.months == months && !matches!(last.reasons[0].form, Form::Own { .. }))
        {
            last.tranche.amount = Sat(last.tranche.amount.0.saturating_add(amount.0));
            last.reasons.push(because);
            let changed = last.tranche.clone();
            let tranches = self.terms.funding.tranches.iter_mut();
            tranches
                .filter(|tranche| tranche.id == changed.id)
                .for_each(|tranche| *tranche = changed.clone());
            return;
        }
        let like = |of: fn(&Instrument) -> bool| {
            self.proposed.iter().filter(|proposed| of(&proposed.tranche.instrument)).count() + 1
        };
        let (id, instrument) = match self.proposed.first() {
            Some(base) if splice => {
                let number = like(|instrument| *instrument != Instrument::Channel);
                (format!("splice-{number}"), Instrument::SpliceIn { into: base.tranche.id.clone() })
            }
            _ => (
                format!("channel-{}", like(|instrument| *instrument == Instrument::Channel)),
                Instrument::Channel,
            ),
        };
        let own = matches!(because.form, Form::Own { .. });
        let stages = if own { vec![because.milestone.clone()] } else { Vec::new() };
        let tranche = Tranche { id, amount, instrument, stages };
        let proposed = Proposed { tranche, months, reasons: vec![because] };
        self.terms.obligations.push(proposed.row(&self.terms));
        self.terms.funding.tranches.push(proposed.tranche.clone());
        self.proposed.push(proposed);
    }
}

fn largest(payments: &[StageOutlook]) -> Sat {
    payments.iter().map(|stage| stage.expected.amount).max().unwrap_or(Sat::ZERO)
}
