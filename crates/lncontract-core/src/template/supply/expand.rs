//! The draft written out as terms, and each fault of the terms brought back to its place in the draft.
//!
//! Invariant: whatever the draft says, the terms come out; what is wrong with them is for `check_terms` to say.

use super::{Funding, Goods, Payment, Stage, Step, Supply};
use crate::{
    AMOUNT_MAX, Fault, Reason, Sat, check_terms,
    coverage::{Limits, Warning},
    plan::{Unpayable, Wishes, propose, unpayable, warnings},
    schedule::{business_day, dated, instant_of},
    v1::{
        Due, DueRule, Duty, FundingPlan, Instrument, Item, Milestone, Obligation, PayMode, RowId, Side,
        Terms, Tranche, Trigger, Unit,
    },
};

impl Supply {
    /// Expands the draft to terms. They may have faults: ask [`Supply::check`].
    pub fn terms(&self) -> Terms {
        self.expand().0
    }

    /// Expands the draft and checks what comes out.
    ///
    /// # Errors
    /// Every fault, with its path in the draft.
    pub fn check(&self) -> Result<Terms, Vec<Fault>> {
        let (terms, places) = self.expand();
        let Err(found) = check_terms(&terms) else { return Ok(terms) };
        let mut faults: Vec<Fault> = Vec::new();
        for fault in found.into_iter().map(|fault| places.brought_back(fault)) {
            // What the draft says once may stand in several rows.
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        Err(faults)
    }

    fn expand(&self) -> (Terms, Places) {
        let mut out = Expansion::of(self);
        self.stages.iter().enumerate().for_each(|(index, stage)| out.stage(index, stage));
        self.goods.iter().enumerate().for_each(|(index, goods)| out.goods(index, goods));
        self.payments.iter().enumerate().for_each(|(index, payment)| out.payment(index, payment));
        let bought = out.milestones.iter().filter(|milestone| milestone.payer == Side::Buyer);
        // A sum that does not fit is a fault of its own, whatever stands for it here.
        let sum = || Sat::sum(bought.map(|milestone| milestone.amount)).unwrap_or(AMOUNT_MAX);
        let total = self.total.unwrap_or_else(sum);
        out.places.named("funding.notice_blocks", "notice_blocks");
        out.places.named("funding.covered_days_before", "covered_days_before");
        let mut terms = Terms {
            law: 1,
            number: self.number.clone(),
            title: self.title.clone(),
            buyer: self.buyer.clone(),
            seller: self.seller.clone(),
            unit: Unit::Sat,
            total,
            date_of_contract: self.date_of_contract,
            utc_offset_minutes: self.utc_offset_minutes,
            non_business_days: self.non_business_days.clone(),
            items: std::mem::take(&mut out.items),
            milestones: std::mem::take(&mut out.milestones),
            obligations: std::mem::take(&mut out.rows),
            documents: self.documents.clone(),
            funding: FundingPlan {
                tranches: Vec::new(),
                covered_days_before: self.covered_days_before,
                notice_blocks: self.notice_blocks,
            },
            clauses: self.clauses.clone(),
        };
        match &self.funding {
            Funding::Steps(steps) => {
                steps.iter().enumerate().for_each(|(index, step)| out.step(index, step, &mut terms));
            }
            Funding::Plan => {
                out.places.named("funding.tranches", "funding");
                for proposed in propose(&terms, &Limits::default(), &Wishes::default()) {
                    out.places.named(format!("obligations[{}]", terms.obligations.len()), "funding");
                    terms.obligations.push(proposed.row(&terms));
                    terms.funding.tranches.push(proposed.tranche);
                }
            }
        }
        out.places.named("obligations", if self.goods.is_empty() { "stages" } else { "goods" });
        (terms, out.places)
    }

    /// Returns what the draft's own funding leaves uncovered if it is kept, with the paths of the draft.
    pub fn warnings(&self, limits: &Limits) -> Vec<Warning> {
        let (terms, places) = self.expand();
        let mut found = warnings(&terms, limits);
        for warning in &mut found {
            if let Warning::Uncovered { path, .. } = warning {
                *path = places.path(path);
            }
        }
        found
    }

    /// Returns what the draft's own funding can never pay, with the paths of the draft.
    pub fn unpayable(&self, limits: &Limits) -> Vec<Unpayable> {
        let (terms, places) = self.expand();
        let found = unpayable(&terms, limits).into_iter();
        found.map(|unpayable| Unpayable { path: places.path(&unpayable.path), ..unpayable }).collect()
    }
}

/// Where in the draft a part of the terms comes from; the first that fits decides.
#[derive(Default)]
struct Places(Vec<Place>);

struct Place {
    terms: String,
    draft: String,
    /// What follows in the path is the same in the draft.
    same_behind: bool,
}

impl Places {
    fn named(&mut self, terms: impl Into<String>, draft: impl Into<String>) {
        self.0.push(Place { terms: terms.into(), draft: draft.into(), same_behind: false });
    }

    fn same_behind(&mut self, terms: impl Into<String>, draft: impl Into<String>) {
        self.0.push(Place { terms: terms.into(), draft: draft.into(), same_behind: true });
    }

    fn path(&self, terms: &str) -> String {
        let found = self.0.iter().find_map(|place| Some((place, terms.strip_prefix(&place.terms)?)));
        match found {
            Some((place, behind)) if place.same_behind => format!("{}{behind}", place.draft),
            Some((place, _)) => place.draft.clone(),
            None => terms.to_owned(),
        }
    }

    fn brought_back(&self, fault: Fault) -> Fault {
        let path = self.path(&fault.path);
        let reason = match fault.reason {
            Reason::Duplicate { id, first } => Reason::Duplicate { id, first: self.path(&first) },
            other => other,
        };
        Fault { path, reason }
    }
}

/// The terms so far.
struct Expansion<'a> {
    draft: &'a Supply,
    places: Places,
    items: Vec<Item>,
    milestones: Vec<Milestone>,
    rows: Vec<Obligation>,
    deliveries: usize,
}

impl<'a> Expansion<'a> {
    fn of(draft: &'a Supply) -> Self {
        Self {
            draft,
            places: Places::default(),
            items: Vec::new(),
            milestones: Vec::new(),
            rows: Vec::new(),
            deliveries: 0,
        }
    }

    fn stage(&mut self, index: usize, stage: &Stage) {
        let path = format!("stages[{index}]");
        self.milestone(&path, &stage.id, &stage.title, stage.amount, Side::Buyer);
        let perform = Obligation {
            id: stage.id.clone(),
            milestone: Some(stage.id.clone()),
            debtor: Side::Seller,
            due: self.due(stage.months, stage.days),
            duty: Duty::Perform { service: stage.title.clone(), quantity: 1 },
        };
        let places = [(".due", "months"), (".duty.service", "title"), (".id", "id"), (".milestone", "id")];
        self.row(perform, &path, &places);
        let pay = self.pay_row(&stage.id, stage.amount, Side::Buyer, vec![stage.id.clone()], PayMode::Whole);
        self.row(pay, &path, &[(".duty.amount", "amount"), (".id", "id"), (".milestone", "id")]);
    }

    fn goods(&mut self, index: usize, goods: &Goods) {
        let path = format!("goods[{index}]");
        self.milestone(&path, &goods.id, &goods.title, goods.amount, Side::Buyer);
        let item = format!("items[{index}]");
        self.places.named(format!("{item}.id"), format!("{path}.item"));
        self.places.same_behind(item, path.as_str());
        self.items.push(Item {
            id: goods.item.clone(),
            part_number: goods.part_number.clone(),
            description: goods.description.clone(),
            quantity: goods.quantity,
        });
        let mut named = Vec::new();
        for (number, delivery) in goods.deliveries.iter().enumerate() {
            self.deliveries += 1;
            let id = format!("delivery-{}", self.deliveries);
            named.push(id.clone());
            let (item, place, quantity) = (goods.item.clone(), goods.place.clone(), delivery.quantity);
            let row = Obligation {
                id,
                milestone: Some(goods.id.clone()),
                debtor: Side::Seller,
                due: self.due(delivery.months, delivery.days),
                duty: Duty::Deliver { item, quantity, place },
            };
            for (part, field) in [(".duty.place", "place"), (".duty.item", "item"), (".milestone", "id")] {
                let terms = format!("obligations[{}]{part}", self.rows.len());
                self.places.named(terms, format!("{path}.{field}"));
            }
            let places = [(".due", "months"), (".duty.quantity", "quantity")];
            self.row(row, &format!("{path}.deliveries[{number}]"), &places);
        }
        let pay = self.pay_row(&goods.id, goods.amount, Side::Buyer, named, PayMode::PerUnit);
        let places =
            [(".duty.trigger.rows", "deliveries"), (".duty", "amount"), (".id", "id"), (".milestone", "id")];
        self.row(pay, &path, &places);
    }

    fn payment(&mut self, index: usize, payment: &Payment) {
        let path = format!("payments[{index}]");
        self.milestone(&path, &payment.id, &payment.title, payment.amount, payment.by);
        let named: Vec<RowId> = payment.after.iter().flat_map(|name| self.named(name)).collect();
        let mut pay = self.pay_row(&payment.id, payment.amount, payment.by, named, PayMode::Whole);
        let (on_date, own_due) = (payment.after.is_empty(), self.due(payment.months, payment.days));
        match &mut pay.duty {
            Duty::Pay { trigger, .. } if on_date => (*trigger, pay.due) = (Trigger::Date, own_due),
            _ => {
                if let DueRule::Acceptance { months, days, .. } = &mut pay.due.rule {
                    (*months, *days) = (payment.months, payment.days);
                }
            }
        }
        let places = [
            (".due.rule.row", "after"),
            (".due", "months"),
            (".duty.amount", "amount"),
            (".duty.trigger", "after"),
            (".id", "id"),
            (".milestone", "id"),
        ];
        self.row(pay, &path, &places);
    }

    fn step(&mut self, index: usize, step: &Step, terms: &mut Terms) {
        let (path, tranche) = (format!("funding[{index}]"), format!("funding.tranches[{index}]"));
        self.places.named(format!("{tranche}.instrument.into"), format!("{path}.into"));
        self.places.same_behind(tranche, path.as_str());
        let instrument = step.into.clone().map_or(Instrument::Channel, |into| Instrument::SpliceIn { into });
        let (id, amount, stages) = (step.id.clone(), step.amount, step.stages.clone());
        terms.funding.tranches.push(Tranche { id, amount, instrument, stages });
        let row = Obligation {
            id: format!("fund-{}", step.id),
            milestone: None,
            debtor: Side::Buyer,
            due: self.due(step.months, step.days),
            duty: Duty::Fund { tranche: step.id.clone() },
        };
        let places = [(".due", "months"), (".id", "id"), (".duty.tranche", "id")];
        self.placed(terms.obligations.len(), &path, &places);
        terms.obligations.push(row);
    }

    /// A milestone of the draft's row at `path`.
    fn milestone(&mut self, path: &str, id: &str, title: &str, amount: Sat, payer: Side) {
        self.places.same_behind(format!("milestones[{}]", self.milestones.len()), path);
        self.milestones.push(Milestone { id: id.to_owned(), title: title.to_owned(), amount, payer });
    }

    /// A row of the draft's row at `path`, and where its parts come from.
    fn row(&mut self, row: Obligation, path: &str, places: &[(&str, &str)]) {
        self.placed(self.rows.len(), path, places);
        self.rows.push(row);
    }

    fn placed(&mut self, index: usize, path: &str, places: &[(&str, &str)]) {
        let terms = format!("obligations[{index}]");
        for (part, field) in places {
            self.places.named(format!("{terms}{part}"), format!("{path}.{field}"));
        }
        self.places.named(terms, path);
    }

    /// Paid on acceptance of the rows, at once; expected when the last of them is.
    fn pay_row(&self, id: &str, amount: Sat, debtor: Side, rows: Vec<RowId>, mode: PayMode) -> Obligation {
        let row = rows.last().cloned().unwrap_or_default();
        Obligation {
            id: format!("pay-{id}"),
            milestone: Some(id.to_owned()),
            debtor,
            due: Due { rule: DueRule::Acceptance { row, months: 0, days: 0 }, at: None },
            duty: Duty::Pay { amount, trigger: Trigger::Acceptance { rows }, mode, net_days: 0 },
        }
    }

    /// The rows that a name of the draft stands for: goods for all their deliveries, anything else for itself.
    fn named(&self, name: &str) -> Vec<RowId> {
        let goods = self.draft.goods.iter().any(|goods| goods.id == name);
        if !goods {
            return vec![name.to_owned()];
        }
        let of_goods = |row: &&Obligation| row.milestone.as_deref() == Some(name) && row.quantity().is_some();
        self.rows.iter().filter(of_goods).map(|row| row.id.clone()).collect()
    }

    fn due(&self, months: i32, days: i32) -> Due {
        let rule = DueRule::DateOfContract { months, days };
        let date = dated(&rule, self.draft.date_of_contract).ok().flatten();
        let date = date.and_then(|date| business_day(date, &self.draft.non_business_days).ok());
        let at = date.and_then(|date| instant_of(date, self.draft.utc_offset_minutes).ok());
        Due { rule, at }
    }
}
