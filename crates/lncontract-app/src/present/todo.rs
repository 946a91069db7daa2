//! What is to be done next, in words and with the page where it is done.

use lncontract_core::{
    Hash,
    status::{NextAct, Todo as Act},
    v1::Terms,
};

use super::words;
use crate::view::{RowAct, Todo, Tone};

/// An act in words; `ours`: whether we are the ones to do it.
pub(crate) fn todo(contract: Hash, act: &NextAct, terms: &Terms) -> Todo {
    let (title, button, page) = act_words(&act.todo, terms);
    let due = act.due.and_then(|due| words::day(due, terms));
    let text = match (due, act.late_days) {
        (Some(day), 0) => format!("By {}.", words::weekday(day)),
        (Some(day), days) => format!("Was due {}, {days} days late.", words::date(day)),
        (None, _) => String::new(),
    };
    let tone = if act.late_days > 0 { Tone::Bad } else { Tone::Warn };
    Todo { title, text, tone, button: button.into(), href: format!("/contracts/{contract}{page}") }
}

/// Whether a person does it; the others the program does by itself.
pub(crate) fn is_for_people(act: &NextAct) -> bool {
    !matches!(act.todo, Act::ConfirmReceipt { .. } | Act::Cancel { .. })
}

/// The link in a row's line, if the act belongs to that row.
pub(crate) fn row_act(contract: Hash, row: &str, acts: &[NextAct], terms: &Terms) -> Option<RowAct> {
    let of_row = |act: &&NextAct| match &act.todo {
        Act::Tender { row: of, .. } | Act::AnswerTender { row: of, .. } | Act::Deem { row: of, .. } => {
            of == row
        }
        Act::Fund { tranche, .. } => terms.fund_row(tranche).is_some_and(|fund| fund.id == row),
        Act::Invoice { payable, .. } | Act::Pay { payable, .. } => payable.row == row,
        _ => false,
    };
    let act = acts.iter().filter(|act| is_for_people(act)).find(of_row)?;
    let (_, button, page) = act_words(&act.todo, terms);
    Some(RowAct { button: button.into(), href: format!("/contracts/{contract}{page}") })
}

/// Title, button and page below the contract's.
fn act_words(act: &Act, terms: &Terms) -> (String, &'static str, String) {
    let row = |id: &str| terms.obligation(id).map_or_else(|| id.to_owned(), |row| words::what(row, terms));
    let stage = |id: &str| {
        let milestone = terms.obligation(id).and_then(|row| row.milestone.clone()).unwrap_or_default();
        terms.milestone(&milestone).map_or_else(|| id.to_owned(), |milestone| milestone.title.to_lowercase())
    };
    match act {
        Act::Offer => ("Offer the first terms".into(), "Open", String::new()),
        Act::AnswerOffer { .. } => ("Answer the offer".into(), "Review offer", "/offer".into()),
        Act::Lapse { .. } => ("State that our offer ran out".into(), "State it", "/offer".into()),
        Act::Tender { row: id, units } => {
            let tender = if *units == 1 { "tender it".into() } else { format!("tender {units} units") };
            (format!("{} and {tender}", row(id)), "Tender", format!("/tender/{id}"))
        }
        Act::AnswerTender { tender, row: id, .. } => {
            (format!("Examine the tender: {}", row(id)), "Examine", format!("/examine/{tender}"))
        }
        Act::Deem { tender, row: id, .. } => (
            format!("State that it counts as accepted: {}", row(id)),
            "State it",
            format!("/examine/{tender}"),
        ),
        Act::Fund { tranche, amount } => (
            format!("Fund {} with {}", tranche.replace('-', " "), words::sat(amount.0)),
            "Fund",
            format!("/fund/{tranche}"),
        ),
        Act::Invoice { payable, amount, .. } => (
            format!("Make the invoice for {}, {}", stage(&payable.row), words::sat(amount.0)),
            "Make invoice",
            invoice_page(payable),
        ),
        Act::Pay { invoice, payable, amount } => (
            format!("Pay {} for {}", words::sat(amount.0), stage(&payable.row)),
            "Review payment",
            format!("/pay/{invoice}"),
        ),
        Act::ConfirmReceipt { amount, .. } => {
            (format!("Confirm the payment of {}", words::sat(amount.0)), "Open", String::new())
        }
        Act::SignAccount => ("Sign the final account".into(), "Read it", "/account".into()),
        Act::Cancel { invoice } => {
            ("Cancel the invoice that ran out".into(), "Open", format!("/pay/{invoice}"))
        }
    }
}

fn invoice_page(payable: &lncontract_core::v1::PayableId) -> String {
    match &payable.tender {
        Some(tender) => format!("/invoice/{}?tender={tender}", payable.row),
        None => format!("/invoice/{}", payable.row),
    }
}
