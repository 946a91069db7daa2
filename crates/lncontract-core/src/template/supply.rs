//! Supply with milestones: stages shown by documents, goods in deliveries paid per accepted unit, further
//! payments of either side. The worked example of DESIGN.md section 1 is made with it.
//!
//! Invariant: each row is dated from the date of contract or from an acceptance, never from the row before; a
//! date outside the calendar is left out, and `check_terms` names it. A draft's faults are named by the path in
//! the draft, where its author finds them.

mod expand;
mod hand;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Template;
use crate::{
    Sat,
    v1::{Clauses, Document, Party, RowId, Side, Terms},
};

/// The most deliveries that [`monthly`] makes.
const DELIVERIES_MAX: u64 = 240;

/// A supply contract in the making, as a hand writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supply {
    /// Says that this is no whole terms: `supply`.
    pub template: Template,
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
    #[serde(default)]
    pub utc_offset_minutes: i32,
    /// The very days that are not business days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub non_business_days: Vec<Date>,
    /// What the buyer owes in all, to be compared with the sum; the sum itself if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "hand::some_sat")]
    pub total: Option<Sat>,
    /// A milestone is to be covered that many days before it is due.
    pub covered_days_before: u32,
    /// `to_self_delay` (BOLT 2) asked of the opener, in blocks.
    pub notice_blocks: u16,
    /// Everything else that was agreed.
    pub clauses: Clauses,
    /// What is done for a fixed sum, each paid whole on acceptance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// What is delivered, each paid per accepted unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goods: Vec<Goods>,
    /// Payments of either side on a date or after an acceptance: a deposit, its return, a bonus.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    /// What the buyer sets aside.
    #[serde(default, skip_serializing_if = "Funding::is_none")]
    pub funding: Funding,
    /// Papers that belong to the contract.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
}

/// One stage of the work: a `perform` row and its `pay` row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Id of the milestone and of the `perform` row.
    pub id: RowId,
    /// The words on the page.
    pub title: String,
    /// What it is worth.
    #[serde(deserialize_with = "hand::sat")]
    pub amount: Sat,
    /// Due that many months after the date of contract.
    pub months: i32,
    /// And that many days after that.
    #[serde(default)]
    pub days: i32,
}

/// What is delivered: an item in deliveries, paid per accepted unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goods {
    /// Id of the milestone.
    pub id: RowId,
    /// The words on the page.
    pub title: String,
    /// What all of it is worth.
    #[serde(deserialize_with = "hand::sat")]
    pub amount: Sat,
    /// Id of the item.
    pub item: RowId,
    /// The seller's part number.
    pub part_number: String,
    /// What it is.
    pub description: String,
    /// How many in all; the deliveries sum to it.
    pub quantity: u64,
    /// Where it is handed over.
    pub place: String,
    /// When how many are handed over.
    pub deliveries: Vec<Delivery>,
}

/// One delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// Due that many months after the date of contract.
    pub months: i32,
    /// And that many days after that.
    #[serde(default)]
    pub days: i32,
    /// How many units.
    pub quantity: u64,
}

/// A payment on a date, or on the acceptance of what it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// Id of the milestone.
    pub id: RowId,
    /// The words on the page.
    pub title: String,
    /// How much.
    #[serde(deserialize_with = "hand::sat")]
    pub amount: Sat,
    /// Who pays it: the buyer if nothing is said. What the seller pays does not count in the total.
    #[serde(default = "Side::buyer", skip_serializing_if = "Side::is_buyer")]
    pub by: Side,
    /// Payable when all of these are accepted: stages, goods, or rows like `delivery-3`. Empty: on its date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<RowId>,
    /// Due that many months after the acceptance, or after the date of contract.
    #[serde(default)]
    pub months: i32,
    /// And that many days after that.
    #[serde(default)]
    pub days: i32,
}

/// What the buyer sets aside: the planner's proposal, or steps that are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Funding {
    /// In a file: `funding = "plan"`.
    Plan,
    /// In a file: `[[funding]]`, once a step.
    Steps(Vec<Step>),
}

impl Default for Funding {
    fn default() -> Self {
        Self::Steps(Vec::new())
    }
}

impl Funding {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// One step of the funding plan, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Id of the tranche.
    pub id: RowId,
    /// Due that many months after the date of contract.
    pub months: i32,
    /// And that many days after that.
    #[serde(default)]
    pub days: i32,
    /// How much goes in.
    #[serde(deserialize_with = "hand::sat")]
    pub amount: Sat,
    /// The step whose channel it is spliced into; a channel of its own if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<RowId>,
    /// The milestones it is earmarked to; empty: the contract in general.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<RowId>,
}

/// Returns one delivery a month, the first `first_month` months after the date of contract; the last one takes
/// what is left.
pub fn monthly(quantity: u64, per_delivery: u64, first_month: i32) -> Vec<Delivery> {
    let each = per_delivery.max(1);
    let count = quantity.div_ceil(each).min(DELIVERIES_MAX);
    let delivery = |(number, months): (u64, i32)| {
        let quantity = each.min(quantity - number * each);
        Delivery { months, days: 0, quantity }
    };
    (0..count).zip(first_month..).map(delivery).collect()
}

/// Returns the worked example of DESIGN.md section 1: 12 subsystems, 150,000,000 sat, five milestones,
/// five tranches.
pub fn worked_example(date_of_contract: Date, buyer: Party, seller: Party, utc_offset_minutes: i32) -> Terms {
    let stage = |id: &str, title: &str, amount, months| Stage {
        id: id.to_owned(),
        title: title.to_owned(),
        amount: Sat(amount),
        months,
        days: 0,
    };
    let goods = Goods {
        id: "delivery-and-acceptance".to_owned(),
        title: "Delivery and acceptance".to_owned(),
        amount: Sat(20_000_000),
        item: "subsystem".to_owned(),
        part_number: "CS-4471".to_owned(),
        description: "Subsystem".to_owned(),
        quantity: 12,
        place: "Buyer's works".to_owned(),
        deliveries: monthly(12, 2, 9),
    };
    let draft = Supply {
        template: Template::Supply,
        number: "MSI-2026-003".to_owned(),
        title: "Supply of 12 subsystems".to_owned(),
        buyer,
        seller,
        date_of_contract,
        utc_offset_minutes,
        non_business_days: Vec::new(),
        total: Some(Sat(150_000_000)),
        stages: vec![
            stage("materials-on-order", "Materials on order", 25_000_000, 0),
            stage("stage-1-assembly", "Stage 1 assembly", 15_000_000, 3),
            stage("stage-2-assembly", "Stage 2 assembly", 30_000_000, 6),
            stage("subsystem-testing", "Subsystem testing", 60_000_000, 8),
        ],
        goods: vec![goods],
        payments: Vec::new(),
        funding: Funding::Steps(worked_plan()),
        covered_days_before: 14,
        notice_blocks: 1_008,
        clauses: Clauses { examination_days: 10, deemed_accepted: true, grace_hours: 24 },
        documents: Vec::new(),
    };
    draft.terms()
}

/// The funding plan of the worked example: 155,000,000 sat, of which 1% of every channel is reserve.
fn worked_plan() -> Vec<Step> {
    let step = |months, id: &str, amount, into: Option<&str>, stages: &[&str]| Step {
        id: id.to_owned(),
        months,
        days: 0,
        amount: Sat(amount),
        into: into.map(str::to_owned),
        stages: stages.iter().map(|stage| (*stage).to_owned()).collect(),
    };
    vec![
        step(0, "channel-1", 30_000_000, None, &[]),
        step(2, "splice-1", 20_000_000, Some("channel-1"), &[]),
        step(5, "splice-2", 25_000_000, Some("channel-1"), &[]),
        step(7, "channel-2", 60_000_000, None, &["subsystem-testing"]),
        step(8, "splice-3", 20_000_000, Some("channel-1"), &["delivery-and-acceptance"]),
    ]
}
