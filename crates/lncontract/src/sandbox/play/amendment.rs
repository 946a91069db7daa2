//! The play's amendment: the last delivery is moved, and a milestone of 6,000,000 sat with its own channel is
//! added; the seller counters once, the buyer accepts.

use anyhow::Context;
use lncontract_core::{
    Sat,
    schedule::{after, instant_of},
    v1::{Due, DueRule, Duty, Instrument, Milestone, Obligation, PayMode, Side, Terms, Tranche, Trigger},
};
use serde_json::json;

use super::{follow::Course, wait::in_step};
use crate::sandbox::report::Report;

/// How long an offer stands.
pub const VALID_DAYS: u32 = 14;
const SPARE_PARTS: Sat = Sat(6_000_000);
/// The milestone and 1% reserve, and room for fees.
const CHANNEL: Sat = Sat(7_000_000);

/// Offers, counters, accepts.
///
/// # Errors
/// When one of the three is refused, or the companies don't come to the same terms.
pub async fn amend(course: &Course<'_>, report: &mut Report) -> anyhow::Result<()> {
    let (buyer, seller) = (course.company(Side::Buyer), course.company(Side::Seller));
    let contract = course.contract;
    let terms = buyer.app.terms_of(contract).await?;
    buyer.app.amend(contract, amended(&terms, 15, 10)?, VALID_DAYS).await?;
    let total_sat = terms.total.0 + SPARE_PARTS.0;
    let step = json!({ "total_sat": total_sat, "last_delivery_months": 15, "spare_parts_months": 10 });
    report.step("amendment.offered", buyer.side, step);
    in_step(course.sandbox, contract).await?;
    seller.app.counter_offer(contract, amended(&terms, 16, 11)?, VALID_DAYS).await?;
    let step = json!({ "last_delivery_months": 16, "spare_parts_months": 11 });
    report.step("amendment.countered", seller.side, step);
    in_step(course.sandbox, contract).await?;
    buyer.app.accept_offer(contract).await?;
    let status = in_step(course.sandbox, contract).await?;
    report.step("amendment.accepted", buyer.side, json!({ "total_sat": status.figures.total.0 }));
    Ok(())
}

/// What the buyer needs beside what the first terms set aside, in satoshi.
pub const MORE_SAT: u64 = CHANNEL.0;

/// The terms with the last delivery moved and spare parts added, each due that many months after the date of
/// contract.
///
/// # Errors
/// When the terms have no delivery, or a date is out of range.
pub fn amended(terms: &Terms, delivery_months: i32, spare_parts_months: i32) -> anyhow::Result<Terms> {
    let mut terms = terms.clone();
    let moved = due(&terms, delivery_months)?;
    let mut rows = terms.obligations.iter_mut().rev();
    let last = rows.find(|row| matches!(row.duty, Duty::Deliver { .. }));
    last.context("these terms have no delivery to move")?.due = moved;
    let id = "spare-parts".to_owned();
    let title = "Spare parts".to_owned();
    let row = |id: &str, debtor, due, milestone: Option<&String>, duty| Obligation {
        id: id.to_owned(),
        milestone: milestone.cloned(),
        debtor,
        due,
        duty,
    };
    let perform = Duty::Perform { service: title.clone(), quantity: 1 };
    let tendered = due(&terms, spare_parts_months)?;
    terms.obligations.push(row(&id, Side::Seller, tendered, Some(&id), perform));
    let rule = DueRule::Acceptance { row: id.clone(), months: 0, days: 0 };
    let trigger = Trigger::Acceptance { rows: vec![id.clone()] };
    let pay = Duty::Pay { amount: SPARE_PARTS, trigger, mode: PayMode::Whole, net_days: 0 };
    terms.obligations.push(row("pay-spare-parts", Side::Buyer, Due { rule, at: None }, Some(&id), pay));
    let tranche = "channel-3".to_owned();
    let funded = due(&terms, spare_parts_months - 1)?;
    let fund = Duty::Fund { tranche: tranche.clone() };
    terms.obligations.push(row("fund-channel-3", Side::Buyer, funded, None, fund));
    terms.funding.tranches.push(Tranche {
        id: tranche,
        amount: CHANNEL,
        instrument: Instrument::Channel,
        stages: vec![id.clone()],
    });
    terms.milestones.push(Milestone { id, title, amount: SPARE_PARTS, payer: Side::Buyer });
    terms.total = Sat(terms.total.0 + SPARE_PARTS.0);
    Ok(terms)
}

fn due(terms: &Terms, months: i32) -> anyhow::Result<Due> {
    let date = after(terms.date_of_contract, months, 0)?;
    let at = instant_of(date, terms.utc_offset_minutes)?;
    Ok(Due { rule: DueRule::DateOfContract { months, days: 0 }, at: Some(at) })
}
