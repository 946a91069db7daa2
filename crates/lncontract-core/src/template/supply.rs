//! Supply with milestones: stages shown by documents, then goods in equal monthly deliveries paid per
//! accepted unit. The worked example of DESIGN.md section 1 is made with it.
//!
//! Invariant: each row is dated from the date of contract, never from the row before; a date outside the
//! calendar is left out, and `check_terms` names it.

use jiff::civil::Date;

use crate::{
    Sat,
    schedule::{dated, instant_of},
    v1::{
        Clauses, Document, Due, DueRule, Duty, FundingPlan, Instrument, Item, Milestone, Obligation, Party,
        PayMode, RowId, Side, Terms, Tranche, Trigger, Unit,
    },
};

/// The most delivery rows a draft expands to; a draft of more fails its sum rule.
const DELIVERIES_MAX: u64 = 240;

/// A supply contract in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supply {
    /// The contract's number.
    pub number: String,
    /// What it is about, in one line.
    pub title: String,
    /// Who pays.
    pub buyer: Party,
    /// Who delivers.
    pub seller: Party,
    /// The anchor of the schedule.
    pub date_of_contract: Date,
    /// The fixed offset from UTC, in minutes.
    pub utc_offset_minutes: i32,
    /// The very days that are not business days.
    pub non_business_days: Vec<Date>,
    /// What is done before the deliveries, each paid whole on acceptance.
    pub stages: Vec<Stage>,
    /// What is delivered.
    pub goods: Goods,
    /// What the buyer sets aside.
    pub tranches: Vec<PlannedTranche>,
    /// A milestone is to be covered that many days before it is due.
    pub covered_days_before: u32,
    /// `to_self_delay` asked of the opener, in blocks.
    pub notice_blocks: u16,
    /// Everything else that was agreed.
    pub clauses: Clauses,
    /// Papers that belong to the contract.
    pub documents: Vec<Document>,
}

/// One stage of the work: a `perform` row and its `pay` row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Id of the milestone and of the `perform` row.
    pub id: RowId,
    /// The words on the page.
    pub title: String,
    /// What it is worth.
    pub amount: Sat,
    /// Due that many months after the date of contract.
    pub months: i32,
}

/// What is delivered: equal monthly deliveries, paid per accepted unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goods {
    /// The item, with the quantity in all.
    pub item: Item,
    /// Where it is handed over.
    pub place: String,
    /// Units of each delivery; the last one takes what is left.
    pub per_delivery: u64,
    /// The first delivery is due that many months after the date of contract.
    pub first_month: i32,
    /// Id of the milestone.
    pub id: RowId,
    /// The words on the page.
    pub title: String,
    /// What all of it is worth.
    pub amount: Sat,
}

/// One step of the funding plan, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTranche {
    /// The step.
    pub tranche: Tranche,
    /// Due that many months after the date of contract.
    pub months: i32,
}

impl Supply {
    /// Expands the draft to terms. They may have faults: ask `check_terms`.
    pub fn terms(&self) -> Terms {
        let mut obligations: Vec<_> = self.stages.iter().flat_map(|stage| self.stage_rows(stage)).collect();
        obligations.extend(self.goods_rows());
        obligations.extend(self.tranches.iter().map(|planned| self.fund_row(planned)));
        let stages = self.stages.iter().map(|stage| (&stage.id, &stage.title, stage.amount));
        let all = stages.chain([(&self.goods.id, &self.goods.title, self.goods.amount)]);
        let milestones: Vec<_> = all
            .map(|(id, title, amount)| Milestone { id: id.clone(), title: title.clone(), amount })
            .collect();
        // A sum that does not fit is a fault of the terms: zero is one.
        let total = Sat::sum(milestones.iter().map(|milestone| milestone.amount)).unwrap_or(Sat::ZERO);
        Terms {
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
            items: vec![self.goods.item.clone()],
            milestones,
            obligations,
            documents: self.documents.clone(),
            funding: FundingPlan {
                tranches: self.tranches.iter().map(|planned| planned.tranche.clone()).collect(),
                covered_days_before: self.covered_days_before,
                notice_blocks: self.notice_blocks,
            },
            clauses: self.clauses.clone(),
        }
    }

    fn stage_rows(&self, stage: &Stage) -> [Obligation; 2] {
        let duty = Duty::Perform { service: stage.title.clone(), quantity: 1 };
        let milestone = Some(stage.id.clone());
        let due = self.due(stage.months);
        let perform = Obligation { id: stage.id.clone(), milestone, debtor: Side::Seller, due, duty };
        let rows = vec![stage.id.clone()];
        [perform, pay_row(&stage.id, stage.amount, rows, PayMode::Whole)]
    }

    fn goods_rows(&self) -> Vec<Obligation> {
        let goods = &self.goods;
        let each = goods.per_delivery.max(1);
        let mut left = goods.item.quantity;
        let mut rows = Vec::new();
        for (number, months) in (1..=DELIVERIES_MAX).zip(goods.first_month..) {
            if left == 0 {
                break;
            }
            let quantity = each.min(left);
            left -= quantity;
            let (item, place) = (goods.item.id.clone(), goods.place.clone());
            rows.push(Obligation {
                id: format!("delivery-{number}"),
                milestone: Some(goods.id.clone()),
                debtor: Side::Seller,
                due: self.due(months),
                duty: Duty::Deliver { item, quantity, place },
            });
        }
        let named = rows.iter().map(|row| row.id.clone()).collect();
        rows.push(pay_row(&goods.id, goods.amount, named, PayMode::PerUnit));
        rows
    }

    fn fund_row(&self, planned: &PlannedTranche) -> Obligation {
        Obligation {
            id: format!("fund-{}", planned.tranche.id),
            milestone: None,
            debtor: Side::Buyer,
            due: self.due(planned.months),
            duty: Duty::Fund { tranche: planned.tranche.id.clone() },
        }
    }

    fn due(&self, months: i32) -> Due {
        let rule = DueRule::DateOfContract { months, days: 0 };
        let date = dated(&rule, self.date_of_contract).ok().flatten();
        let at = date.and_then(|date| instant_of(date, self.utc_offset_minutes).ok());
        Due { rule, at }
    }
}

/// Paid on acceptance of the rows, at once; expected when the last of them is.
fn pay_row(milestone: &str, amount: Sat, rows: Vec<RowId>, mode: PayMode) -> Obligation {
    let row = rows.last().cloned().unwrap_or_default();
    Obligation {
        id: format!("pay-{milestone}"),
        milestone: Some(milestone.to_owned()),
        debtor: Side::Buyer,
        due: Due { rule: DueRule::Acceptance { row, months: 0, days: 0 }, at: None },
        duty: Duty::Pay { amount, trigger: Trigger::Acceptance { rows }, mode, net_days: 0 },
    }
}

/// Returns the worked example of DESIGN.md section 1: 12 subsystems, 150,000,000 sat, five milestones,
/// five tranches.
pub fn worked_example(date_of_contract: Date, buyer: Party, seller: Party, utc_offset_minutes: i32) -> Terms {
    let stage = |id: &str, title: &str, amount, months| Stage {
        id: id.to_owned(),
        title: title.to_owned(),
        amount: Sat(amount),
        months,
    };
    let item = Item {
        id: "subsystem".to_owned(),
        part_number: "CS-4471".to_owned(),
        description: "Subsystem".to_owned(),
        quantity: 12,
    };
    let draft = Supply {
        number: "MSI-2026-003".to_owned(),
        title: "Supply of 12 subsystems".to_owned(),
        buyer,
        seller,
        date_of_contract,
        utc_offset_minutes,
        non_business_days: Vec::new(),
        stages: vec![
            stage("materials-on-order", "Materials on order", 25_000_000, 0),
            stage("stage-1-assembly", "Stage 1 assembly", 15_000_000, 3),
            stage("stage-2-assembly", "Stage 2 assembly", 30_000_000, 6),
            stage("subsystem-testing", "Subsystem testing", 60_000_000, 8),
        ],
        goods: Goods {
            item,
            place: "Buyer's works".to_owned(),
            per_delivery: 2,
            first_month: 9,
            id: "delivery-and-acceptance".to_owned(),
            title: "Delivery and acceptance".to_owned(),
            amount: Sat(20_000_000),
        },
        tranches: worked_plan(),
        covered_days_before: 14,
        notice_blocks: 1_008,
        clauses: Clauses { examination_days: 10, deemed_accepted: true, grace_hours: 24 },
        documents: Vec::new(),
    };
    draft.terms()
}

/// The funding plan of the worked example: 155,000,000 sat, of which 1% of every channel is reserve.
fn worked_plan() -> Vec<PlannedTranche> {
    let step = |months, id: &str, amount, instrument, stages: &[&str]| PlannedTranche {
        tranche: Tranche {
            id: id.to_owned(),
            amount: Sat(amount),
            instrument,
            stages: stages.iter().map(|stage| (*stage).to_owned()).collect(),
        },
        months,
    };
    let splice = || Instrument::SpliceIn { into: "channel-1".to_owned() };
    vec![
        step(0, "channel-1", 30_000_000, Instrument::Channel, &[]),
        step(2, "splice-1", 20_000_000, splice(), &[]),
        step(5, "splice-2", 25_000_000, splice(), &[]),
        step(7, "channel-2", 60_000_000, Instrument::Channel, &["subsystem-testing"]),
        step(8, "splice-3", 20_000_000, splice(), &["delivery-and-acceptance"]),
    ]
}
