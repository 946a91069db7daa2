//! A new contract from the supply template: the form, what it says in plain words, the planner's proposal, the terms
//! file it is read from or written to, and the offer.

mod file;
mod plan;

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use lncontract_app::{AppError, view::CompanyRow};
use lncontract_core::{
    template::supply::Supply,
    v1::{Party, Side, Terms},
};

use self::plan::Plan;
use super::{
    draft::{self, Draft},
    plain::Plain,
    see, with_form,
};
use crate::{
    app::{App, NewContract},
    form::{Form, Trouble},
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
    /// What a tranche may be for.
    stages: Vec<&'a str>,
    /// What a payment may wait for.
    performed: Vec<&'a str>,
    plan: Option<Plan>,
    /// Whole terms from a file: the form shows no fields of theirs.
    whole: bool,
}

/// What a form comes to.
struct Read {
    offer: Option<Offer>,
    /// The draft behind the terms; absent for whole terms from a file.
    supply: Option<Supply>,
    trouble: Option<Trouble>,
}

/// What would be offered, and to whom.
struct Offer {
    counterparty: String,
    our_side: Side,
    terms: Terms,
    valid_days: u32,
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
    let read = read(&form, &shell, &companies);
    Ok(page(&shell, &form, &companies, &read))
}

/// POST /contracts/new
pub async fn act(State(app): State<Arc<App>>, shell: Shell, mut form: Form) -> Result<Response, Problem> {
    let companies = app.companies().await?;
    let act = form.get("do").to_owned();
    match act.as_str() {
        "read" => form = file::read(form, &us(&shell), &companies),
        "fields" => form.drop_value("file", None),
        // What stands there is replaced: it need not be readable.
        "plan" => draft::drop_plan(&mut form),
        _ => edit(&mut form, &act),
    }
    let mut found = read(&form, &shell, &companies);
    if let (Some(supply), Some(offer)) = (&found.supply, &found.offer) {
        match act.as_str() {
            "plan" => {
                let steps = plan::steps(&form, &offer.terms);
                draft::fill_plan(&mut form, supply, &steps);
            }
            "list" => draft::list_deliveries(&mut form, supply),
            _ => {}
        }
    }
    if matches!(act.as_str(), "plan" | "list") {
        found = read(&form, &shell, &companies);
    }
    if let (Some(supply), "download") = (&found.supply, act.as_str()) {
        let fault =
            || AppError::refused("too-large", "a number is larger than a file can hold", "make it smaller");
        return Ok(file::download(supply).ok_or_else(fault)?);
    }
    let form = match (act.as_str(), found.trouble.clone(), &found.offer) {
        ("offer" | "preview" | "download" | "plan" | "list", Some(trouble), _) => form.with(trouble),
        ("offer", None, Some(offer)) => match app.offer(offer.new_contract()).await {
            Ok(contract) => return Ok(see(format!("/contracts/{contract}"))),
            Err(error) => form.refused(error)?,
        },
        _ => form,
    };
    Ok(page(&shell, &form, &companies, &found))
}

/// Adds or drops a row, as its button says.
fn edit(form: &mut Form, act: &str) {
    let tables = [
        ("gd", draft::GOODS.as_slice()),
        ("dl", &draft::DELIVERY),
        ("ms", &draft::MILESTONE),
        ("pm", &draft::PAYMENT),
        ("tr", &draft::TRANCHE),
        ("doc", &draft::DOCUMENT),
    ];
    for (name, fields) in tables {
        if act == format!("add-{name}") {
            let first = if name == "tr" { "channel" } else { "" };
            let values = (0..fields.len()).map(|place| if place == 0 { first } else { "" });
            draft::push_row(form, fields, &values.collect::<Vec<_>>());
        } else if let Some(row) = act.strip_prefix(&format!("drop-{name}-")).and_then(|row| row.parse().ok())
        {
            form.drop_row(fields, row);
        }
    }
}

/// Reads the form: its fields, or the whole terms of a file that no field shows.
fn read(form: &Form, shell: &Shell, companies: &[CompanyRow]) -> Read {
    if form.given("file").is_some() {
        return file::whole(form);
    }
    match draft::read(form, us(shell), companies) {
        Ok((Draft { counterparty, our_side, supply, terms, valid_days }, trouble)) => {
            let offer = Offer { counterparty, our_side, terms, valid_days };
            Read { offer: Some(offer), supply: Some(supply), trouble }
        }
        Err(trouble) => Read { offer: None, supply: None, trouble: Some(trouble) },
    }
}

impl Offer {
    fn new_contract(&self) -> NewContract {
        NewContract {
            counterparty: self.counterparty.clone(),
            our_side: self.our_side,
            terms: self.terms.clone(),
            valid_days: self.valid_days,
        }
    }
}

fn us(shell: &Shell) -> Party {
    let (name, short_name) = (shell.frame.company.clone(), shell.frame.short_name.clone());
    Party { name, short_name, tax_id: String::new(), address: String::new() }
}

fn page(shell: &Shell, form: &Form, companies: &[CompanyRow], read: &Read) -> Response {
    let terms = read.offer.as_ref().map(|offer| &offer.terms);
    let plain = terms.map(Plain::of);
    let titled = |names: &[&str]| -> Vec<&str> {
        let all = names.iter().flat_map(|name| form.all(name).collect::<Vec<_>>());
        all.filter(|title| !title.is_empty()).collect()
    };
    let page = Page {
        shell,
        form,
        companies,
        funding_sat: plain.as_ref().map(Plain::funding_sat),
        deliveries_line: plain.as_ref().map(deliveries_line),
        plain,
        sum: draft::sums(form).map(|(milestones, total)| sum_line(milestones, total)),
        stages: titled(&["ms_title", "delivery_title", "pm_title"]),
        performed: titled(&["ms_title", "delivery_title"]),
        plan: terms.map(|terms| Plan::of(form, terms)),
        whole: form.given("file").is_some(),
    };
    with_form(&page, form)
}

/// The fields of goods: name, label, class of a number's.
fn goods_fields(form: &Form) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut fields = vec![
        ("part_number", "Part number", ""),
        ("description", "Goods", ""),
        ("quantity", "Quantity", "num"),
        ("place", "Place of delivery", ""),
        ("delivery_title", "Milestone, paid with the deliveries", ""),
        ("delivery_amount", "Amount, sat", "num"),
    ];
    if !lists_deliveries(form) {
        fields.insert(3, ("per_delivery", "Units each month", "num"));
        fields.insert(4, ("first_delivery_month", "First delivery, months after date of contract", "num"));
    }
    fields
}

/// What of goods no field shows, and is kept.
fn hidden_goods_fields(form: &Form) -> &'static [&'static str] {
    const ALL: [&str; 4] = ["goods_id", "item_id", "per_delivery", "first_delivery_month"];
    if lists_deliveries(form) { &ALL } else { &ALL[..2] }
}

fn lists_deliveries(form: &Form) -> bool {
    form.all("dl_quantity").count() > 0
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
mod tests;
