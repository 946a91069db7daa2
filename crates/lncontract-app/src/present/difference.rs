//! What one version of terms changes in another, in words: for the page that shows both side by side.
//!
//! Invariant: nothing changes without a line. What has no words of its own is shown as it stands in a terms file.

use lncontract_core::{
    difference::{Change, Rows, difference},
    schedule::dated,
    v1::{
        Clauses, Due, DueRule, Duty, FundingPlan, Instrument, Obligation, Party, PayMode, Terms, Tranche,
        Trigger,
    },
};
use serde::Serialize;

use super::words;
use crate::view::{ChangeGroup, ChangeKind, ChangeLine};

/// Both versions.
#[derive(Clone, Copy)]
struct Both<'a> {
    old: &'a Terms,
    new: &'a Terms,
}

/// Tells what `new` changes in `old`, group by group; nothing where they are the same.
pub fn changes(old: &Terms, new: &Terms) -> Vec<ChangeGroup> {
    let (found, both) = (difference(old, new), Both { old, new });
    let performs = |row: &Obligation| matches!(row.duty, Duty::Deliver { .. } | Duty::Perform { .. });
    let pays = |row: &Obligation| matches!(row.duty, Duty::Pay { .. });
    let groups = [
        ("The contract", head(old, new)),
        (
            "Goods",
            both.rows(
                &found.items,
                |_, item| item.description.clone(),
                |_, item| {
                    vec![
                        ("Part number", item.part_number.clone()),
                        ("Goods", item.description.clone()),
                        ("Quantity", words::units(item.quantity)),
                    ]
                },
            ),
        ),
        ("Deliveries and work", both.rows(&only(&found.obligations, performs, true), row_name, row_parts)),
        (
            "Milestones",
            both.rows(
                &found.milestones,
                |_, milestone| milestone.title.clone(),
                |terms, milestone| {
                    vec![
                        ("Title", milestone.title.clone()),
                        ("Amount", words::sat(milestone.amount.0)),
                        ("Paid by", terms.party(milestone.payer).short_name.clone()),
                    ]
                },
            ),
        ),
        ("Payments", both.rows(&only(&found.obligations, pays, false), row_name, row_parts)),
        ("Funds set aside", funds(both, &found.tranches, &found.obligations)),
        ("Conditions", conditions(&found.funding, &found.clauses)),
        (
            "Documents",
            both.rows(
                &found.documents,
                |_, document| document.name.clone(),
                |_, document| vec![("SHA-256", document.sha256.to_string())],
            ),
        ),
    ];
    let groups = groups.into_iter().filter(|(_, lines)| !lines.is_empty());
    groups.map(|(title, lines)| ChangeGroup { title: title.into(), lines }).collect()
}

impl Both<'_> {
    /// The lines of a list: what comes and goes in one line each, what changes part by part.
    fn rows<T: Serialize>(
        self,
        rows: &Rows<T>,
        name: fn(&Terms, &T) -> String,
        parts: fn(&Terms, &T) -> Vec<(&'static str, String)>,
    ) -> Vec<ChangeLine> {
        let whole = |terms: &Terms, row: &T| {
            let parts = parts(terms, row);
            let told = parts.iter().filter(|(part, text)| !goes_without_saying(part, text));
            told.map(|(part, text)| format!("{part}: {text}")).collect::<Vec<_>>().join("\n")
        };
        let mut lines = Vec::new();
        for row in &rows.removed {
            lines.push(line(
                name(self.old, row),
                "",
                whole(self.old, row),
                String::new(),
                ChangeKind::Removed,
            ));
        }
        for Change { old, new } in &rows.changed {
            let before = lines.len();
            let what = name(self.old, old);
            let (was, is) = (parts(self.old, old), parts(self.new, new));
            let alike = was.iter().map(|(part, _)| part).eq(is.iter().map(|(part, _)| part));
            for ((part, old), (_, new)) in was.into_iter().zip(is).filter(|_| alike) {
                if old != new {
                    lines.push(line(what.clone(), part, old, new, ChangeKind::Changed));
                }
            }
            if lines.len() == before {
                lines.push(line(what, "As written", written(old), written(new), ChangeKind::Changed));
            }
        }
        for row in &rows.added {
            lines.push(line(name(self.new, row), "", String::new(), whole(self.new, row), ChangeKind::Added));
        }
        if rows.reordered {
            let [old, new] = ["as it was", "changed"].map(str::to_owned);
            lines.push(line("The order of the rows".into(), "", old, new, ChangeKind::Changed));
        }
        lines
    }
}

fn line(what: String, part: &str, old: String, new: String, kind: ChangeKind) -> ChangeLine {
    ChangeLine { what: words::upper_first(&what), part: part.into(), old, new, kind }
}

/// What is left out of a whole row: the line says it already, or it is as usual. Where it changes it is told.
fn goes_without_saying(part: &str, text: &str) -> bool {
    match part {
        "Title" | "Work" | "Item" | "Milestone" | "Tranche" | "Payer" => true,
        "Days to pay" => text == "0",
        "In" => text == ONE_PAYMENT,
        _ => text.is_empty(),
    }
}

/// How most payments are made.
const ONE_PAYMENT: &str = "one payment";

/// A row as its file has it.
fn written<T: Serialize>(row: &T) -> String {
    serde_json::to_string(row).unwrap_or_default()
}

/// The rows of some kind. The rows stand in one list: `first` says with which kind a changed order is told.
fn only(rows: &Rows<Obligation>, keep: fn(&Obligation) -> bool, first: bool) -> Rows<Obligation> {
    let of = |rows: &[Obligation]| rows.iter().filter(|row| keep(row)).cloned().collect();
    Rows {
        added: of(&rows.added),
        removed: of(&rows.removed),
        changed: rows.changed.iter().filter(|change| keep(&change.old)).cloned().collect(),
        reordered: rows.reordered && first,
    }
}

fn head(old: &Terms, new: &Terms) -> Vec<ChangeLine> {
    let days = |terms: &Terms| {
        let days: Vec<_> = terms.non_business_days.iter().map(|day| words::date(*day)).collect();
        days.join(", ")
    };
    let mut parts = vec![
        ("Contract total", words::sat(old.total.0), words::sat(new.total.0)),
        ("Number", old.number.clone(), new.number.clone()),
        ("Title", old.title.clone(), new.title.clone()),
        ("Date of contract", words::date(old.date_of_contract), words::date(new.date_of_contract)),
        ("Days that are no business days", days(old), days(new)),
        ("Offset from UTC, minutes", old.utc_offset_minutes.to_string(), new.utc_offset_minutes.to_string()),
        ("Law", old.law.to_string(), new.law.to_string()),
    ];
    for (part, old, new) in [("Buyer", &old.buyer, &new.buyer), ("Seller", &old.seller, &new.seller)] {
        let said = |party: &Party| {
            let Party { name, short_name, tax_id, address } = party.clone();
            [name, short_name, tax_id, address]
        };
        parts.extend(said(old).into_iter().zip(said(new)).map(|(old, new)| (part, old, new)));
    }
    let changed = parts.into_iter().filter(|(_, old, new)| old != new);
    changed.map(|(part, old, new)| line(part.into(), "", old, new, ChangeKind::Changed)).collect()
}

fn row_name(terms: &Terms, row: &Obligation) -> String {
    match &row.duty {
        Duty::Deliver { item, .. } => {
            let item = terms.item(item).map_or(item, |item| &item.description);
            format!("{}, {}", row.id.replace('-', " "), item)
        }
        _ => words::what(row, terms),
    }
}

fn row_parts(terms: &Terms, row: &Obligation) -> Vec<(&'static str, String)> {
    let mut parts = match &row.duty {
        Duty::Deliver { item, quantity, place } => vec![
            ("Quantity", words::units(*quantity)),
            ("Place", place.clone()),
            ("Item", terms.item(item).map_or(item, |item| &item.description).clone()),
        ],
        Duty::Perform { service, quantity } => {
            vec![("Quantity", words::units(*quantity)), ("Work", service.clone())]
        }
        Duty::Pay { amount, trigger, mode, net_days } => vec![
            ("Amount", words::sat(amount.0)),
            ("Payable", payable(trigger)),
            (
                "In",
                if *mode == PayMode::PerUnit { "one payment for each accepted unit" } else { ONE_PAYMENT }
                    .into(),
            ),
            ("Days to pay", net_days.to_string()),
        ],
        Duty::Fund { tranche } => vec![("Tranche", tranche.clone())],
    };
    parts.insert(0, ("Due", due(terms, &row.due)));
    let owed = if matches!(row.duty, Duty::Pay { .. }) { "Payer" } else { "Owed by" };
    parts.push((owed, terms.party(row.debtor).short_name.clone()));
    let milestone = row.milestone.as_deref().unwrap_or_default();
    parts.push(("Milestone", terms.milestone(milestone).map_or(milestone, |found| &found.title).to_owned()));
    parts
}

/// When: the day, or what it hangs on.
fn due(terms: &Terms, due: &Due) -> String {
    match &due.rule {
        DueRule::Acceptance { row, months: 0, days: 0 } => {
            format!("on acceptance of {}", row.replace('-', " "))
        }
        DueRule::Acceptance { row, months, days } => {
            let row = row.replace('-', " ");
            format!("{months} months and {days} days after the acceptance of {row}")
        }
        rule => {
            let day = dated(rule, terms.date_of_contract).ok().flatten();
            day.map_or_else(|| "no day of the calendar".to_owned(), words::date)
        }
    }
}

fn payable(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Date => "on its date".into(),
        Trigger::Signing => "when the terms are in force".into(),
        Trigger::Acceptance { rows } => {
            let rows: Vec<_> = rows.iter().map(|row| row.replace('-', " ")).collect();
            format!("on acceptance of {}", rows.join(", "))
        }
    }
}

/// Tranches, each with the day of its `fund` row, and the rows that are moved.
fn funds(both: Both<'_>, tranches: &Rows<Tranche>, obligations: &Rows<Obligation>) -> Vec<ChangeLine> {
    let name = |_: &Terms, tranche: &Tranche| tranche.id.replace('-', " ");
    let mut lines = both.rows(tranches, name, |terms, tranche| {
        let stages = tranche.stages.iter();
        let stages = stages.map(|id| terms.milestone(id).map_or(id, |stage| &stage.title).as_str());
        let stages = stages.collect::<Vec<_>>().join(", ");
        let stages = if stages.is_empty() { "the contract in general".to_owned() } else { stages };
        let how = match &tranche.instrument {
            Instrument::Channel => "a new channel".to_owned(),
            Instrument::SpliceIn { into } => format!("more into {}", into.replace('-', " ")),
        };
        let when = terms.fund_row(&tranche.id).map_or_else(String::new, |row| due(terms, &row.due));
        vec![("Due", when), ("Amount", words::sat(tranche.amount.0)), ("How", how), ("For", stages)]
    });
    let mut rows = only(obligations, |row| matches!(row.duty, Duty::Fund { .. }), false);
    // With a tranche that comes or goes, or is told with its day already, its row was told.
    let told = |row: &Obligation| {
        let Duty::Fund { tranche } = &row.duty else { return false };
        let changed = tranches.changed.iter().map(|change| &change.old);
        let all = tranches.added.iter().chain(&tranches.removed).chain(changed);
        all.into_iter().any(|found| found.id == *tranche)
    };
    rows.added.retain(|row| !told(row));
    rows.removed.retain(|row| !told(row));
    rows.changed.retain(|change| !told(&change.old));
    lines.extend(both.rows(&rows, words_of_fund, row_parts));
    lines
}

fn words_of_fund(_: &Terms, row: &Obligation) -> String {
    match &row.duty {
        Duty::Fund { tranche } => tranche.replace('-', " "),
        _ => row.id.clone(),
    }
}

fn conditions(funding: &Option<Change<FundingPlan>>, clauses: &Option<Change<Clauses>>) -> Vec<ChangeLine> {
    let mut parts: Vec<(&str, String, String)> = Vec::new();
    if let Some(Change { old, new }) = funding {
        let number = |part, old: u64, new: u64| (part, old.to_string(), new.to_string());
        parts.push(number(
            "Milestones covered, days before due",
            old.covered_days_before.into(),
            new.covered_days_before.into(),
        ));
        parts.push(number(
            "Notice of an earmark, blocks",
            old.notice_blocks.into(),
            new.notice_blocks.into(),
        ));
    }
    if let Some(Change { old, new }) = clauses {
        let silence = |clauses: &Clauses| {
            if clauses.deemed_accepted { "accepts" } else { "does not accept" }.to_owned()
        };
        let number = |part, old: u32, new: u32| (part, old.to_string(), new.to_string());
        parts.push(number("Examination period, days", old.examination_days, new.examination_days));
        parts.push(("Silence", silence(old), silence(new)));
        parts.push(number("Grace past a deadline, hours", old.grace_hours, new.grace_hours));
    }
    let changed = parts.into_iter().filter(|(_, old, new)| old != new);
    changed.map(|(part, old, new)| line(part.into(), "", old, new, ChangeKind::Changed)).collect()
}

#[cfg(test)]
mod tests;
