//! The form of a new contract, read into the supply template; what can't be read is named by its field.
//!
//! Invariant: the terms that are previewed are the terms that are offered. Money: amounts are read as whole
//! satoshi, and the total that was typed has to be the sum of the milestones, to the satoshi.

use jiff::civil::Date;
use lncontract_app::view::CompanyRow;
use lncontract_core::{
    Sat, check_terms,
    template::{
        Template,
        supply::{Funding, Goods, Stage, Step, Supply, monthly},
    },
    v1::{Clauses, Party, RowId, Side, Terms},
};

use crate::{
    form::{Form, Trouble},
    format::parse_amount,
};

/// Dates of the contract are read in UTC until a company says otherwise.
const UTC_OFFSET_MINUTES: i32 = 0;
const GRACE_HOURS: u32 = 24;

/// What is to be offered.
pub struct Draft {
    pub counterparty: String,
    pub our_side: Side,
    pub terms: Terms,
    pub valid_days: u32,
}

type Faults = Vec<(String, String)>;

/// The worked example of DESIGN.md section 1 as the form is first shown.
pub fn example(today: Date) -> Form {
    let mut form = Form::prefilled([
        ("our_side", "buyer"),
        ("number", "MSI-2026-003"),
        ("title", "Supply of 12 subsystems"),
        ("part_number", "CS-4471"),
        ("description", "Subsystem"),
        ("quantity", "12"),
        ("per_delivery", "2"),
        ("first_delivery_month", "9"),
        ("place", "Buyer’s works"),
        ("total", "150 000 000"),
        ("delivery_title", "Delivery and acceptance"),
        ("delivery_amount", "20 000 000"),
        ("covered_days_before", "14"),
        ("examination_days", "10"),
        ("notice_blocks", "1 008"),
        ("valid_days", "14"),
    ]);
    form.push("date_of_contract", &today.to_string());
    for [title, amount, months] in [
        ["Materials on order", "25 000 000", "0"],
        ["Stage 1 assembly", "15 000 000", "3"],
        ["Stage 2 assembly", "30 000 000", "6"],
        ["Subsystem testing", "60 000 000", "8"],
    ] {
        push_row(&mut form, &MILESTONE, &[title, amount, months]);
    }
    for [how, amount, months, stage] in [
        ["channel", "30 000 000", "0", ""],
        ["top-up", "20 000 000", "2", ""],
        ["top-up", "25 000 000", "5", ""],
        ["channel", "60 000 000", "7", "Subsystem testing"],
        ["top-up", "20 000 000", "8", "Delivery and acceptance"],
    ] {
        push_row(&mut form, &TRANCHE, &[how, amount, months, stage]);
    }
    form
}

/// The fields of a milestone's row.
pub const MILESTONE: [&str; 3] = ["ms_title", "ms_amount", "ms_months"];
/// The fields of a tranche's row.
pub const TRANCHE: [&str; 4] = ["tr_how", "tr_amount", "tr_months", "tr_stage"];

/// Adds a row to a table of the form.
pub fn push_row(form: &mut Form, names: &[&str], values: &[&str]) {
    for (name, value) in names.iter().zip(values) {
        form.push(name, value);
    }
}

/// Sums of the form, as far as they can be read: the milestones together, and the total that was typed.
pub fn sums(form: &Form) -> Option<(u64, u64)> {
    let amounts = form.all("ms_amount").chain([form.get("delivery_amount")]).filter(|text| !text.is_empty());
    let sum = amounts.map(parse_amount).try_fold(0_u64, |sum, amount| sum.checked_add(amount?))?;
    Some((sum, parse_amount(form.get("total"))?))
}

/// Reads the form. The terms come out whenever every field can be read,
/// together with what is wrong with them as a whole.
///
/// # Errors
/// With every field that can't be read.
pub fn read(form: &Form, us: Party, companies: &[CompanyRow]) -> Result<(Draft, Option<Trouble>), Trouble> {
    let mut faults = Faults::new();
    let draft = fields(form, us, companies, &mut faults);
    let title = "the contract can’t be offered yet";
    let Some(draft) = draft.filter(|_| faults.is_empty()) else {
        return Err(Trouble::new(title, "Change the fields named here.", faults));
    };
    if let Some((sum, total)) = sums(form).filter(|(sum, total)| sum != total) {
        let words = format!("The milestones add up to {sum} sat, the contract total says {total} sat.");
        faults.push(("total".into(), words));
    }
    if let Err(found) = check_terms(&draft.terms) {
        faults.extend(found.iter().map(|fault| (field_of(&fault.path).to_owned(), fault.to_string())));
    }
    let todo = "It has to add up to the satoshi, and every date has to follow from the date of contract.";
    let trouble = (!faults.is_empty()).then(|| Trouble::new(title, todo, faults));
    Ok((draft, trouble))
}

fn fields(form: &Form, us: Party, companies: &[CompanyRow], faults: &mut Faults) -> Option<Draft> {
    let our_side = if form.is("our_side", "seller") { Side::Seller } else { Side::Buyer };
    let them = companies.iter().find(|company| form.is("counterparty", &company.id));
    if them.is_none() {
        faults.push(("counterparty".into(), "Choose the company that this is offered to.".into()));
    }
    let date = form.get("date_of_contract").parse::<Date>().ok();
    if date.is_none() {
        faults.push(("date_of_contract".into(), "The date of contract can’t be read; choose a day.".into()));
    }
    let stages = stages(form, faults);
    let goods = goods(form, faults);
    let tranches = tranches(form, &stages, goods.as_ref(), faults);
    let covered = count(form.get("covered_days_before"), "covered_days_before", faults);
    let examination = count(form.get("examination_days"), "examination_days", faults);
    let notice = count(form.get("notice_blocks"), "notice_blocks", faults);
    let valid = count(form.get("valid_days"), "valid_days", faults);
    let (them, date, goods) = (them?, date?, goods?);
    let other = party_of(them);
    let (buyer, seller) = if our_side == Side::Buyer { (us, other) } else { (other, us) };
    let supply = Supply {
        template: Template::Supply,
        number: form.get("number").to_owned(),
        title: form.get("title").to_owned(),
        buyer,
        seller,
        date_of_contract: date,
        utc_offset_minutes: UTC_OFFSET_MINUTES,
        non_business_days: Vec::new(),
        total: None,
        stages,
        goods: vec![goods],
        payments: Vec::new(),
        funding: Funding::Steps(tranches),
        covered_days_before: covered?,
        notice_blocks: notice?,
        clauses: Clauses { examination_days: examination?, deemed_accepted: true, grace_hours: GRACE_HOURS },
        documents: Vec::new(),
    };
    Some(Draft { counterparty: them.id.clone(), our_side, terms: supply.terms(), valid_days: valid? })
}

fn stages(form: &Form, faults: &mut Faults) -> Vec<Stage> {
    let mut stages = Vec::new();
    for row in 0..form.all("ms_title").count() {
        let field = |name: &str| (form.nth(name, row), format!("{name}.{row}"));
        let (title, name) = field("ms_title");
        if title.is_empty() && form.nth("ms_amount", row).is_empty() {
            continue;
        }
        if title.is_empty() {
            faults.push((name, "A milestone needs a title.".into()));
        }
        let amount = sat(field("ms_amount"), faults);
        let (months, name) = field("ms_months");
        let months = count(months, &name, faults);
        if let (Some(amount), Some(months)) = (amount, months) {
            stages.push(Stage { id: row_id(title), title: title.to_owned(), amount, months, days: 0 });
        }
    }
    stages
}

fn goods(form: &Form, faults: &mut Faults) -> Option<Goods> {
    let quantity: Option<u64> = count(form.get("quantity"), "quantity", faults);
    let per_delivery: Option<u64> = count(form.get("per_delivery"), "per_delivery", faults);
    let first_month: Option<i32> = count(form.get("first_delivery_month"), "first_delivery_month", faults);
    let amount = sat((form.get("delivery_amount"), "delivery_amount".into()), faults);
    let description = form.get("description").to_owned();
    let (item, part_number) = (row_id(&description), form.get("part_number").to_owned());
    let title = form.get("delivery_title").to_owned();
    Some(Goods {
        id: row_id(&title),
        title,
        amount: amount?,
        item,
        part_number,
        description,
        quantity: quantity?,
        place: form.get("place").to_owned(),
        deliveries: monthly(quantity?, per_delivery?, first_month?),
    })
}

fn tranches(form: &Form, stages: &[Stage], goods: Option<&Goods>, faults: &mut Faults) -> Vec<Step> {
    let (mut channels, mut top_ups) = (0, 0);
    let mut planned = Vec::new();
    for row in 0..form.all("tr_how").count() {
        let field = |name: &str| (form.nth(name, row), format!("{name}.{row}"));
        if form.nth("tr_amount", row).is_empty() {
            continue;
        }
        let amount = sat(field("tr_amount"), faults);
        let (months, name) = field("tr_months");
        let months = count(months, &name, faults);
        let top_up = form.nth("tr_how", row) == "top-up";
        let (id, into) = if top_up {
            top_ups += 1;
            (format!("splice-{top_ups}"), Some("channel-1".to_owned()))
        } else {
            channels += 1;
            (format!("channel-{channels}"), None)
        };
        let (stage, name) = field("tr_stage");
        let all = stages.iter().map(|stage| (&stage.title, &stage.id));
        let mut all = all.chain(goods.map(|goods| (&goods.title, &goods.id)));
        let known = all.find(|(title, _)| *title == stage).map(|(_, id)| id.clone());
        if known.is_none() && !stage.is_empty() {
            faults.push((name, format!("No milestone is called {stage:?}.")));
        }
        if let (Some(amount), Some(months)) = (amount, months) {
            let stages = known.into_iter().collect();
            planned.push(Step { id, months, days: 0, amount, into, stages });
        }
    }
    planned
}

fn sat((text, name): (&str, String), faults: &mut Faults) -> Option<Sat> {
    let amount = parse_amount(text);
    if amount.is_none() {
        faults.push((name, format!("{text:?} is no amount in whole satoshi.")));
    }
    amount.map(Sat)
}

fn count<T: TryFrom<u64>>(text: &str, name: &str, faults: &mut Faults) -> Option<T> {
    let number = parse_amount(text).and_then(|number| T::try_from(number).ok());
    if number.is_none() {
        faults.push((name.to_owned(), format!("{text:?} is no number that fits here.")));
    }
    number
}

/// A row id from words: what is no letter or digit becomes one dash, 32 characters at most.
fn row_id(words: &str) -> RowId {
    let mut id = String::new();
    for character in words.chars() {
        let plain = character.to_ascii_lowercase();
        if plain.is_ascii_lowercase() || (plain.is_ascii_digit() && !id.is_empty()) {
            id.push(plain);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    id.truncate(32);
    let id = id.trim_end_matches('-');
    if id.is_empty() { "row".to_owned() } else { id.to_owned() }
}

/// A company as terms name it: by its legal name and the short one that its invite brought.
pub fn party_of(company: &CompanyRow) -> Party {
    let (name, short_name) = (company.name.clone(), company.short_name.clone());
    Party { name, short_name, tax_id: String::new(), address: String::new() }
}

/// The field that a fault of the terms is about.
fn field_of(path: &str) -> &'static str {
    const FIELDS: &[(&str, &str)] = &[
        ("number", "number"),
        ("title", "title"),
        ("total", "total"),
        ("date_of_contract", "date_of_contract"),
        ("items", "quantity"),
        ("milestones", "ms"),
        ("funding.notice_blocks", "notice_blocks"),
        ("funding.covered", "covered_days_before"),
        ("funding", "n3"),
        ("clauses", "examination_days"),
        ("obligations", "ms"),
    ];
    FIELDS.iter().find(|(start, _)| path.starts_with(start)).map_or("counterparty", |(_, field)| field)
}

#[cfg(test)]
mod tests;
