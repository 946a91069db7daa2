//! A new contract from the supply template: the form, what it says in plain words, and the offer.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use lncontract_app::view::CompanyRow;
use lncontract_core::v1::{Party, Terms};

use super::{
    draft::{self, Draft},
    plain::Plain,
    see, with_form,
};
use crate::{
    app::{App, NewContract},
    form::Form,
    format::{self as f, Bar, Markup},
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "new_contract.html")]
struct Page<'a> {
    shell: &'a Shell,
    form: &'a Form,
    companies: &'a [CompanyRow],
    plain: Option<Plain<'a>>,
    sum: Option<SumLine>,
    funding_sat: Option<u64>,
    deliveries_line: Option<String>,
    stages: Vec<&'a str>,
}

/// The milestones against the total.
struct SumLine {
    milestones_sat: u64,
    total_sat: u64,
    difference_sat: u64,
    word: &'static str,
    tone: &'static str,
    bar: Markup,
}

/// GET /contracts/new
pub async fn show(State(app): State<Arc<App>>, shell: Shell) -> Result<Response, Problem> {
    let companies = app.companies().await?;
    let mut form = draft::example(f::today(shell.frame.now));
    if let Some(first) = companies.first() {
        form.push("counterparty", &first.id);
    }
    let terms = draft::read(&form, us(&shell), &companies).ok().map(|(draft, _)| draft.terms);
    Ok(page(&shell, &form, &companies, terms.as_ref()))
}

/// POST /contracts/new
pub async fn act(State(app): State<Arc<App>>, shell: Shell, mut form: Form) -> Result<Response, Problem> {
    let companies = app.companies().await?;
    let act = form.get("do").to_owned();
    edit(&mut form, &act);
    let (draft, trouble) = match draft::read(&form, us(&shell), &companies) {
        Ok((draft, trouble)) => (Some(draft), trouble),
        Err(trouble) => (None, Some(trouble)),
    };
    let terms = draft.as_ref().map(|draft| draft.terms.clone());
    let form = match (act.as_str(), draft, trouble) {
        ("offer", Some(draft), None) => match app.offer(offered(draft)).await {
            Ok(contract) => return Ok(see(format!("/contracts/{contract}"))),
            Err(error) => form.refused(error)?,
        },
        ("offer" | "preview", _, Some(trouble)) => form.with(trouble),
        _ => form,
    };
    Ok(page(&shell, &form, &companies, terms.as_ref()))
}

/// Adds or drops a row, as its button says.
fn edit(form: &mut Form, act: &str) {
    let number = |start| act.strip_prefix(start).and_then(|row: &str| row.parse::<usize>().ok());
    match act {
        "add-ms" => draft::push_row(form, &draft::MILESTONE, &[""; 3]),
        "add-tr" => draft::push_row(form, &draft::TRANCHE, &["channel", "", "", ""]),
        _ => {
            if let Some(row) = number("drop-ms-") {
                form.drop_row(&draft::MILESTONE, row);
            }
            if let Some(row) = number("drop-tr-") {
                form.drop_row(&draft::TRANCHE, row);
            }
        }
    }
}

fn offered(draft: Draft) -> NewContract {
    let Draft { counterparty, our_side, terms, valid_days } = draft;
    NewContract { counterparty, our_side, terms, valid_days }
}

fn us(shell: &Shell) -> Party {
    let (name, short_name) = (shell.frame.company.clone(), shell.frame.short_name.clone());
    Party { name, short_name, tax_id: String::new(), address: String::new() }
}

pub(crate) fn page(shell: &Shell, form: &Form, companies: &[CompanyRow], terms: Option<&Terms>) -> Response {
    let plain = terms.map(Plain::of);
    let titles = form.all("ms_title").chain([form.get("delivery_title")]).filter(|title| !title.is_empty());
    let page = Page {
        shell,
        form,
        companies,
        funding_sat: plain.as_ref().map(Plain::funding_sat),
        deliveries_line: plain.as_ref().map(deliveries_line),
        plain,
        sum: draft::sums(form).map(|(milestones, total)| sum_line(milestones, total)),
        stages: titles.collect(),
    };
    with_form(&page, form)
}

fn deliveries_line(plain: &Plain<'_>) -> String {
    let quantity: u64 = plain.deliveries.iter().map(|delivery| delivery.quantity).sum();
    let word = if plain.deliveries.len() == 1 { "delivery" } else { "deliveries" };
    format!("{} {word} make {quantity}", plain.deliveries.len())
}

fn sum_line(milestones_sat: u64, total_sat: u64) -> SumLine {
    let (word, tone) = match milestones_sat.cmp(&total_sat) {
        std::cmp::Ordering::Less => ("Missing", "bad"),
        std::cmp::Ordering::Equal => ("Difference", "good"),
        std::cmp::Ordering::Greater => ("Too much", "bad"),
    };
    let over = milestones_sat.saturating_sub(total_sat);
    let parts =
        [Bar { amount_sat: milestones_sat - over, class: "f-cov" }, Bar { amount_sat: over, class: "f-bad" }];
    let bar = f::ratio_bar(milestones_sat.max(total_sat), &parts, 8, "");
    SumLine { milestones_sat, total_sat, difference_sat: milestones_sat.abs_diff(total_sat), word, tone, bar }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_line_says_what_is_missing_or_too_much() {
        let check = |milestones, total, word, difference| {
            let line = sum_line(milestones, total);
            assert_eq!((line.word, line.difference_sat), (word, difference));
        };
        check(150_000_000, 150_000_000, "Difference", 0);
        check(155_000_000, 150_000_000, "Too much", 5_000_000);
        check(145_000_000, 150_000_000, "Missing", 5_000_000);
    }

    #[test]
    fn buttons_add_and_drop_rows() {
        let mut form = draft::example(jiff::civil::date(2026, 1, 15));
        let check = |form: &mut Form, act, milestones, tranches| {
            edit(form, act);
            assert_eq!(
                (form.all("ms_title").count(), form.all("tr_how").count()),
                (milestones, tranches),
                "{act}"
            );
        };
        check(&mut form, "add-ms", 5, 5);
        check(&mut form, "drop-ms-0", 4, 5);
        assert_eq!(form.nth("ms_title", 0), "Stage 1 assembly");
        check(&mut form, "add-tr", 4, 6);
        check(&mut form, "drop-tr-5", 4, 5);
        check(&mut form, "drop-ms-99", 4, 5);
        check(&mut form, "preview", 4, 5);
    }
}
