//! A draft written into the form: the way back of `fields`, so that a terms file is edited like anything else.
//!
//! Invariant: reading the form again makes the same draft; ids that no field shows travel with their rows.

use lncontract_core::{
    template::supply::{Funding, Goods, Step, Supply},
    v1::{Party, RowId, Side},
};

use super::{DELIVERY, DOCUMENT, GOODS, MILESTONE, PAYMENT, TRANCHE, push_row};
use crate::{form::Form, format::grouped};

/// Writes a draft into an empty form. Who is who stands beside it: the other company and our side are chosen.
pub fn fill(draft: &Supply, our_side: Side, counterparty: &str, valid_days: &str) -> Form {
    let side = if our_side == Side::Buyer { "buyer" } else { "seller" };
    let mut form =
        Form::prefilled([("our_side", side), ("counterparty", counterparty), ("valid_days", valid_days)]);
    head(&mut form, draft, our_side);
    for stage in &draft.stages {
        let [amount, months, days] = numbers(stage.amount.0, stage.months, stage.days);
        push_row(&mut form, &MILESTONE, &[&stage.title, &amount, &months, &days, &stage.id]);
    }
    for (index, goods) in draft.goods.iter().enumerate() {
        push_goods(&mut form, index, goods);
    }
    for payment in &draft.payments {
        let [amount, months, days] = numbers(payment.amount.0, payment.months, payment.days);
        let by = payment.by.to_string();
        let after = named(draft, &payment.after);
        let values = [&payment.title, &amount, &by, &after, &months, &days, &payment.id];
        push_row(&mut form, &PAYMENT, &values.map(String::as_str));
    }
    let planned;
    let steps = match &draft.funding {
        Funding::Steps(steps) => steps,
        // What the planner proposes, written out: the same terms.
        Funding::Plan => {
            planned = written_out(draft);
            &planned
        }
    };
    fill_plan(&mut form, draft, steps);
    for document in &draft.documents {
        push_row(&mut form, &DOCUMENT, &[&document.name, &document.sha256.to_string()]);
    }
    form
}

fn head(form: &mut Form, draft: &Supply, our_side: Side) {
    let total = draft.total.unwrap_or_else(|| draft.terms().total);
    let silence = if draft.clauses.deemed_accepted { "yes" } else { "no" };
    let days: Vec<_> = draft.non_business_days.iter().map(ToString::to_string).collect();
    for (name, value) in [
        ("number", draft.number.clone()),
        ("title", draft.title.clone()),
        ("date_of_contract", draft.date_of_contract.to_string()),
        ("utc_offset_minutes", draft.utc_offset_minutes.to_string()),
        ("non_business_days", days.join(" ")),
        ("total", grouped(total.0)),
        ("covered_days_before", draft.covered_days_before.to_string()),
        ("notice_blocks", grouped(u64::from(draft.notice_blocks))),
        ("examination_days", draft.clauses.examination_days.to_string()),
        ("grace_hours", draft.clauses.grace_hours.to_string()),
        ("deemed_accepted", silence.to_owned()),
    ] {
        form.push(name, &value);
    }
    let (us, them) = match our_side {
        Side::Buyer => (&draft.buyer, &draft.seller),
        Side::Seller => (&draft.seller, &draft.buyer),
    };
    for (whose, Party { short_name, tax_id, address, .. }) in [("our", us), ("their", them)] {
        form.push(&format!("{whose}_short_name"), short_name);
        form.push(&format!("{whose}_tax_id"), tax_id);
        form.push(&format!("{whose}_address"), address);
    }
}

fn push_goods(form: &mut Form, index: usize, goods: &Goods) {
    let [quantity, amount] = [goods.quantity, goods.amount.0].map(grouped);
    let words = [&goods.id, &goods.item, &goods.part_number, &goods.description];
    let [id, item, part, description] = words.map(String::as_str);
    let (place, title) = (goods.place.as_str(), goods.title.as_str());
    push_row(form, &GOODS, &[id, item, part, description, &quantity, "", "", place, title, &amount]);
    fill_deliveries(form, index, goods);
}

/// Lists all deliveries as rows, in the place of those that stand.
pub fn list_deliveries(form: &mut Form, draft: &Supply) {
    DELIVERY.iter().for_each(|name| form.drop_value(name, None));
    for (index, goods) in draft.goods.iter().enumerate() {
        fill_deliveries(form, index, goods);
    }
}

fn fill_deliveries(form: &mut Form, index: usize, goods: &Goods) {
    for delivery in &goods.deliveries {
        let [quantity, months, days] = numbers(delivery.quantity, delivery.months, delivery.days);
        push_row(form, &DELIVERY, &[&index.to_string(), &quantity, &months, &days]);
    }
}

/// Takes the funding plan out.
pub fn drop_plan(form: &mut Form) {
    TRANCHE.iter().for_each(|name| form.drop_value(name, None));
}

/// Writes a funding plan in the place of the one that stands.
pub fn fill_plan(form: &mut Form, draft: &Supply, steps: &[Step]) {
    drop_plan(form);
    let base = steps.iter().find(|step| step.into.is_none()).map(|step| &step.id);
    for step in steps {
        let [amount, months, days] = numbers(step.amount.0, step.months, step.days);
        let how = match &step.into {
            None => "channel",
            into if into.as_ref() == base => "top-up",
            Some(into) => into,
        };
        let stages = named(draft, &step.stages);
        push_row(form, &TRANCHE, &[how, &amount, &months, &stages, &days, &step.id]);
    }
}

/// The steps that the planner's word stands for.
fn written_out(draft: &Supply) -> Vec<Step> {
    let terms = draft.terms();
    let mut steps = Vec::new();
    for tranche in &terms.funding.tranches {
        let rule = terms.fund_row(&tranche.id).map(|row| row.due.rule.clone());
        let Some(lncontract_core::v1::DueRule::DateOfContract { months, days }) = rule else { continue };
        let into = match &tranche.instrument {
            lncontract_core::v1::Instrument::SpliceIn { into } => Some(into.clone()),
            lncontract_core::v1::Instrument::Channel => None,
        };
        let (id, amount, stages) = (tranche.id.clone(), tranche.amount, tranche.stages.clone());
        steps.push(Step { id, months, days, amount, into, stages });
    }
    steps
}

/// A choice as the form shows it: the title of the one that is named, or ids with commas between them.
fn named(draft: &Supply, ids: &[RowId]) -> String {
    let titles: Vec<(&String, &RowId)> = (draft.stages.iter().map(|stage| (&stage.title, &stage.id)))
        .chain(draft.goods.iter().map(|goods| (&goods.title, &goods.id)))
        .chain(draft.payments.iter().map(|payment| (&payment.title, &payment.id)))
        .collect();
    if let [one] = ids
        && let Some((title, _)) = titles.iter().find(|(_, id)| *id == one)
        // The title names the first that has it.
        && titles.iter().find(|(other, _)| other == title).is_some_and(|(_, id)| *id == one)
    {
        return (*title).clone();
    }
    ids.join(",")
}

fn numbers(amount: u64, months: i32, days: i32) -> [String; 3] {
    [grouped(amount), months.to_string(), days.to_string()]
}
