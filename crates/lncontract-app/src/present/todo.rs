//! What is to be done next and what has to be said early, in words and with the page where something is done.

use jiff::civil::Date;
use lncontract_core::{
    Hash, Sat, Time,
    coverage::Warning,
    status::{self, NextAct, Todo as Act},
    v1::{Side, Terms},
};
use lncontract_record::Record;
use serde::{Deserialize, Serialize};

use super::{coverage::title, words};
use crate::{
    falls::Fall,
    view::{ChannelCard, RowAct, Todo, Tone},
};

/// An act in words, but for how late it is: that changes with time alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) due: Option<Time>,
    day: Option<Date>,
    title: String,
    /// What there is to say beside the title where that is no date; then it stands first, and is no act.
    #[serde(default)]
    text: Option<String>,
    button: String,
    href: String,
}

/// What stops payments until people have spoken, by the record.
pub(crate) fn disputes(record: &Record) -> Vec<Kept> {
    let dispute = |title: &str, text: &str| Kept {
        due: Some(Time(0)),
        day: None,
        title: title.into(),
        text: Some(text.into()),
        button: "Open the record".into(),
        href: format!("/contracts/{}/record", record.contract()),
    };
    let forked = (!record.forks().is_empty()).then(|| {
        let text = "Payments are stopped. Both versions are kept as evidence; speak with the other company.";
        dispute("Two versions of one entry were signed", text)
    });
    let differing = (!record.differing().is_empty()).then(|| {
        let text =
            "Payments are stopped. Compare the states with the other company before anything else is signed.";
        dispute("The two companies read the record differently", text)
    });
    forked.into_iter().chain(differing).collect()
}

/// An act in words; `ours`: whether we are the ones to do it.
pub(crate) fn todo(contract: Hash, act: &NextAct, terms: &Terms) -> Todo {
    shown(keep(contract, act, terms), act.late_days)
}

/// What can be said of an act before it is shown.
pub(crate) fn keep(contract: Hash, act: &NextAct, terms: &Terms) -> Kept {
    let (title, button, page) = act_words(&act.todo, terms);
    let day = act.due.and_then(|due| words::day(due, terms));
    let href = format!("/contracts/{contract}{page}");
    Kept { due: act.due, day, title, text: None, button: button.into(), href }
}

/// The act as it is shown at an instant.
pub(crate) fn shown_at(kept: Kept, now: Time) -> Todo {
    let late_days = status::late_days(kept.due, now);
    shown(kept, late_days)
}

fn shown(kept: Kept, late_days: u64) -> Todo {
    let tone = if late_days > 0 || kept.text.is_some() { Tone::Bad } else { Tone::Warn };
    let text = match (kept.day, late_days) {
        _ if kept.text.is_some() => kept.text.unwrap_or_default(),
        (Some(day), 0) => format!("By {}.", words::weekday(day)),
        (Some(day), days) => format!("Was due {}, {days} days late.", words::date(day)),
        (None, _) => String::new(),
    };
    Todo { title: kept.title, text, tone, button: kept.button, href: kept.href }
}

/// A fall of a balance that nothing explains; `theirs`: the counterparty's name.
pub(crate) fn fall(fall: &Fall, theirs: &str) -> Todo {
    let msat = |msat: i64| format!("{} msat", words::grouped(msat.max(0).unsigned_abs()));
    let (what, next) = if fall.peer.is_some() {
        let next = format!(
            "Pay nothing over these channels until it is found, and ask {theirs} what their node shows"
        );
        (format!("in the channels with {theirs}"), next)
    } else {
        ("on chain and in all channels".into(), "Set nothing more aside until it is found".into())
    };
    let text = format!(
        "By our books {} are ours {what}; our node holds {}. No payment, splice, close or fee explains it. {next}; \
         keep the node's log, and compare its payments and transactions with the account.",
        msat(fall.books_msat),
        msat(fall.node_msat),
    );
    let title = format!("{} are missing {what}", msat(fall.missing_msat()));
    Todo { title, text, tone: Tone::Bad, button: "Open the node".into(), href: "/node".into() }
}

/// Whether a person does it; the others the program does by itself.
pub(crate) fn is_for_people(act: &NextAct) -> bool {
    !matches!(act.todo, Act::ConfirmReceipt { .. } | Act::Cancel { .. })
}

/// Whose page it is, and when.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a> {
    pub(crate) contract: Hash,
    pub(crate) ours: Side,
    pub(crate) terms: &'a Terms,
    pub(crate) now: Time,
}

impl Watch<'_> {
    /// What has to be said early, for both sides: each with its date, the missing sum, and what to do.
    pub(crate) fn todos(self, warnings: &[Warning], channels: &[ChannelCard]) -> Vec<Todo> {
        let mut todos: Vec<Todo> = channels.iter().filter_map(|card| self.closing(card)).collect();
        todos.extend(self.uncovered(warnings));
        todos.extend(warnings.iter().filter_map(|warning| self.overdue(warning)));
        todos
    }

    fn todo(self, tone: Tone, title: String, text: String, page: &str) -> Todo {
        let (button, contract) = ("Look".into(), self.contract);
        Todo { title, text, tone, button, href: format!("/contracts/{contract}{page}") }
    }

    fn date(self, at: Time) -> String {
        words::day(at, self.terms).map(words::weekday).unwrap_or_default()
    }

    /// One for all milestones that will not be covered when the covenant asks, though the plan is kept: the next one
    /// with all its words, then those after it.
    fn uncovered(self, warnings: &[Warning]) -> Option<Todo> {
        let mut found: Vec<(&str, Sat, Time, Time)> = Vec::new();
        for warning in warnings {
            let Warning::Uncovered { expected, covered_by, missing, .. } = warning else { continue };
            match found.iter_mut().find(|(milestone, ..)| *milestone == expected.milestone) {
                Some((_, sum, ..)) => *sum = Sat(sum.0.saturating_add(missing.0)),
                None => found.push((&expected.milestone, *missing, *covered_by, expected.due)),
            }
        }
        found.sort_by_key(|(_, _, covered_by, _)| *covered_by);
        let (&(milestone, missing, covered_by, due), after) = found.split_first()?;
        let late = covered_by <= self.now;
        let is = if late { "should be covered since" } else { "has to be covered by" };
        let what = match self.ours {
            Side::Buyer => "Set it aside in a further channel, or propose terms with another funding plan.",
            Side::Seller => "Ask for it to be set aside, or for another funding plan.",
        };
        let after: Vec<_> = after
            .iter()
            .map(|(milestone, missing, by, _)| {
                let by = self.date(*by);
                format!("{} for {} by {by}", words::sat(missing.0), title(self.terms, milestone))
            })
            .collect();
        let after =
            if after.is_empty() { String::new() } else { format!(" After that: {}.", after.join(", ")) };
        let text = format!(
            "Its payment due {} {is} {}, and the channels with what the funding plan puts in by then don’t cover all of \
             it. {what}{after}",
            self.date(due),
            self.date(covered_by),
        );
        let title = format!("{} missing for {}", words::sat(missing.0), title(self.terms, milestone));
        Some(self.todo(if late { Tone::Bad } else { Tone::Warn }, title, text, "#coverage"))
    }

    /// For the seller: the buyer has it among its own acts.
    fn overdue(self, warning: &Warning) -> Option<Todo> {
        let Warning::TrancheOverdue { tranche, amount, due } = warning else { return None };
        if self.ours == Side::Buyer {
            return None;
        }
        let buyer = &self.terms.buyer.short_name;
        let title = format!("{buyer} has not set aside {} of the funding plan", words::sat(amount.0));
        let text = format!(
            "{} was due {}. Nothing of it counts as covered until its channel is open; ask {buyer} when it comes.",
            words::capital(&tranche.replace('-', " ")),
            self.date(*due),
        );
        Some(self.todo(Tone::Bad, title, text, "#channels"))
    }

    /// A channel on its way to its end that takes something from the contract, or that one side closed alone.
    fn closing(self, card: &ChannelCard) -> Option<Todo> {
        let closing = card.closing.as_ref()?;
        let runs = closing.blocks_left.is_some_and(|blocks| blocks > 0);
        let alone = closing.alone && (runs || closing.txid.is_none());
        if !alone && closing.lost.is_empty() {
            return None;
        }
        let how = if closing.alone { "was closed by one company alone" } else { "was closed" };
        let mut text = match (closing.blocks_left, closing.about) {
            (Some(blocks), Some(about)) if blocks > 0 => format!(
                "The notice runs: {} blocks are left, until about {}. ",
                words::grouped(u64::from(blocks)),
                words::weekday(about)
            ),
            _ => String::new(),
        };
        let lost: Vec<_> =
            closing.lost.iter().map(|(name, amount)| format!("{} for {name}", words::sat(*amount))).collect();
        if lost.is_empty() {
            text += "Nothing that falls due loses its coverage.";
        } else {
            text += &format!("It was to pay {}: that is not covered any more. ", lost.join(", "));
            text += match self.ours {
                Side::Buyer => "Set it aside again in a further channel.",
                Side::Seller => "Ask for it to be set aside again before the work goes on.",
            };
        }
        let tone = if closing.lost.is_empty() { Tone::Warn } else { Tone::Bad };
        Some(self.todo(tone, format!("{} {how}", card.title), text, "#channels"))
    }
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

#[cfg(test)]
mod tests;
