//! The fields of the form, read into a draft.
//!
//! Invariant: a row of a table that says nothing is no row; a field that is absent stands as the template has it.

use lncontract_app::view::CompanyRow;
use lncontract_core::{
    Sat,
    template::{
        Template, row_id,
        supply::{Delivery, Funding, Goods, Payment, Stage, Step, Supply, monthly},
    },
    v1::{Clauses, Document, Party, RowId, Side},
};

use super::{Draft, Faults, goods_field, party_of, rows_of};
use crate::{form::Form, format::parse_amount};

const GRACE_HOURS: u32 = 24;

pub(super) fn draft(form: &Form, us: Party, companies: &[CompanyRow], faults: &mut Faults) -> Option<Draft> {
    let our_side = if form.is("our_side", "seller") { Side::Seller } else { Side::Buyer };
    let them = companies.iter().find(|company| form.is("counterparty", &company.id));
    if them.is_none() {
        faults.push(("counterparty".into(), "Choose the company that this is offered to.".into()));
    }
    let date = form.get("date_of_contract").parse().ok();
    if date.is_none() {
        faults.push(("date_of_contract".into(), "The date of contract can’t be read; choose a day.".into()));
    }
    let non_business_days = days(form.get("non_business_days"), faults);
    let (stages, goods) = (stages(form, faults), goods(form, faults));
    let payments = payments(form, &stages, &goods, faults);
    let steps = steps(form, &Titles::of(&stages, &goods, &payments), faults);
    let covered = count(form.get("covered_days_before"), "covered_days_before", faults);
    let examination = count(form.get("examination_days"), "examination_days", faults);
    let notice = count(form.get("notice_blocks"), "notice_blocks", faults);
    let grace = or(form, "grace_hours", GRACE_HOURS, faults);
    let offset = offset(form.get("utc_offset_minutes"), faults);
    let valid = count(form.get("valid_days"), "valid_days", faults);
    let total = sat(form.get("total"), "total", faults);
    let documents = documents(form, faults);
    let (them, date) = (them?, date?);
    let (us, other) = (party(form, "our", us), party(form, "their", party_of(them)));
    let (buyer, seller) = if our_side == Side::Buyer { (us, other) } else { (other, us) };
    let clauses = Clauses {
        examination_days: examination?,
        deemed_accepted: !form.is("deemed_accepted", "no"),
        grace_hours: grace?,
    };
    let supply = Supply {
        template: Template::Supply,
        number: form.get("number").to_owned(),
        title: form.get("title").to_owned(),
        buyer,
        seller,
        date_of_contract: date,
        utc_offset_minutes: offset?,
        non_business_days,
        total: Some(total?),
        stages,
        goods,
        payments,
        funding: Funding::Steps(steps),
        covered_days_before: covered?,
        notice_blocks: notice?,
        clauses,
        documents,
    };
    let terms = supply.terms();
    Some(Draft { counterparty: them.id.clone(), our_side, supply, terms, valid_days: valid? })
}

/// A party with what was typed of it.
fn party(form: &Form, whose: &str, known: Party) -> Party {
    let typed = |part: &str, known: String| {
        let text = form.get(&format!("{whose}_{part}"));
        if text.is_empty() { known } else { text.to_owned() }
    };
    Party {
        name: known.name,
        short_name: typed("short_name", known.short_name),
        tax_id: typed("tax_id", known.tax_id),
        address: typed("address", known.address),
    }
}

fn stages(form: &Form, faults: &mut Faults) -> Vec<Stage> {
    let mut stages = Vec::new();
    for row in rows_of(form, "ms_title", "ms_amount") {
        let title = titled(form, "ms_title", row, "A milestone", faults);
        let amount = sat(form.nth("ms_amount", row), &format!("ms_amount.{row}"), faults);
        let when = after(form, "ms", row, faults);
        if let (Some(amount), Some((months, days))) = (amount, when) {
            let id = id(form, "ms_id", row, &title);
            stages.push(Stage { id, title, amount, months, days });
        }
    }
    stages
}

fn goods(form: &Form, faults: &mut Faults) -> Vec<Goods> {
    let mut all = Vec::new();
    let count_of = |name: &str| form.all(name).count();
    for row in 0..count_of("delivery_title").max(count_of("quantity")) {
        let field = |name: &str| (form.nth(name, row), goods_field(name, row));
        let [title, description] =
            ["delivery_title", "description"].map(|name| form.nth(name, row).to_owned());
        if title.is_empty() && description.is_empty() && form.nth("delivery_amount", row).is_empty() {
            continue;
        }
        let (text, name) = field("quantity");
        let quantity: Option<u64> = count(text, &name, faults);
        let (text, name) = field("delivery_amount");
        let amount = sat(text, &name, faults);
        let deliveries = deliveries(form, row, quantity, faults);
        let (Some(amount), Some(quantity), Some(deliveries)) = (amount, quantity, deliveries) else {
            continue;
        };
        all.push(Goods {
            id: id(form, "goods_id", row, &title),
            title,
            amount,
            item: id(form, "item_id", row, &description),
            part_number: form.nth("part_number", row).to_owned(),
            description,
            quantity,
            place: form.nth("place", row).to_owned(),
            deliveries,
        });
    }
    all
}

/// The rows that are listed for goods; where none is, the same quantity each month.
fn deliveries(
    form: &Form,
    goods: usize,
    quantity: Option<u64>,
    faults: &mut Faults,
) -> Option<Vec<Delivery>> {
    let listed: Vec<usize> = rows_of(form, "dl_quantity", "dl_months")
        .into_iter()
        .filter(|row| of_goods(form, *row) == goods)
        .collect();
    if listed.is_empty() {
        let each = count(form.nth("per_delivery", goods), &goods_field("per_delivery", goods), faults);
        let name = goods_field("first_delivery_month", goods);
        let first = count(form.nth("first_delivery_month", goods), &name, faults);
        return Some(monthly(quantity?, each?, first?));
    }
    let mut all = Vec::new();
    for row in listed {
        let quantity = count(form.nth("dl_quantity", row), &format!("dl_quantity.{row}"), faults);
        let when = after(form, "dl", row, faults);
        if let (Some(quantity), Some((months, days))) = (quantity, when) {
            all.push(Delivery { months, days, quantity });
        }
    }
    Some(all)
}

/// Which goods a delivery's row is of: the first if it does not say.
pub(super) fn of_goods(form: &Form, row: usize) -> usize {
    form.nth("dl_of", row).parse().unwrap_or(0)
}

fn payments(form: &Form, stages: &[Stage], goods: &[Goods], faults: &mut Faults) -> Vec<Payment> {
    let titles = Titles::of(stages, goods, &[]);
    let mut all = Vec::new();
    for row in rows_of(form, "pm_title", "pm_amount") {
        let title = titled(form, "pm_title", row, "A payment", faults);
        let amount = sat(form.nth("pm_amount", row), &format!("pm_amount.{row}"), faults);
        let when = after(form, "pm", row, faults);
        let by = if form.nth("pm_by", row) == "seller" { Side::Seller } else { Side::Buyer };
        if let (Some(amount), Some((months, days))) = (amount, when) {
            let after = titles.ids(form.nth("pm_after", row));
            all.push(Payment { id: id(form, "pm_id", row, &title), title, amount, by, after, months, days });
        }
    }
    all
}

fn steps(form: &Form, titles: &Titles<'_>, faults: &mut Faults) -> Vec<Step> {
    let rows: Vec<usize> =
        (0..form.all("tr_how").count()).filter(|row| !form.nth("tr_amount", row).is_empty()).collect();
    let ids = tranche_ids(form, &rows);
    let opens = |row: &usize| form.nth("tr_how", row) == "channel";
    let base = rows.iter().zip(&ids).find(|(row, _)| opens(row)).map(|(_, id)| id.clone());
    let base = base.unwrap_or_else(|| "channel-1".to_owned());
    let mut planned = Vec::new();
    for (row, id) in rows.into_iter().zip(ids) {
        let amount = sat(form.nth("tr_amount", row), &format!("tr_amount.{row}"), faults);
        let when = after(form, "tr", row, faults);
        let into = match form.nth("tr_how", row) {
            "channel" => None,
            "top-up" => Some(base.clone()),
            channel => Some(channel.to_owned()),
        };
        let stages = titles.ids(form.nth("tr_stage", row));
        // A row that can't be read is named itself.
        let typed = ["ms_title", "delivery_title", "pm_title"]
            .map(|name| form.all(name).any(|title| title == form.nth("tr_stage", row)));
        let unknown = stages.iter().find(|id| !titles.has(id));
        if let Some(unknown) = unknown.filter(|_| !typed.contains(&true)) {
            faults.push((format!("tr_stage.{row}"), format!("No milestone is called {unknown:?}.")));
        }
        if let (Some(amount), Some((months, days))) = (amount, when) {
            planned.push(Step { id, months, days, amount, into, stages });
        }
    }
    planned
}

/// The id of each tranche: the one it brought, or the next free of `channel-1`, `splice-1`, ...
fn tranche_ids(form: &Form, rows: &[usize]) -> Vec<RowId> {
    let mut taken: Vec<RowId> = rows.iter().map(|row| form.nth("tr_id", row).to_owned()).collect();
    for place in 0..rows.len() {
        if !taken[place].is_empty() {
            continue;
        }
        let word = if form.nth("tr_how", rows[place]) == "channel" { "channel" } else { "splice" };
        let mut ids = (1..=taken.len() + 1).map(|number| format!("{word}-{number}"));
        if let Some(free) = ids.find(|id| !taken.contains(id)) {
            taken[place] = free;
        }
    }
    taken
}

fn documents(form: &Form, faults: &mut Faults) -> Vec<Document> {
    let mut all = Vec::new();
    for row in rows_of(form, "doc_name", "doc_sha256") {
        let sha256 = form.nth("doc_sha256", row);
        match sha256.to_ascii_lowercase().parse() {
            Ok(sha256) => all.push(Document { name: form.nth("doc_name", row).to_owned(), sha256 }),
            Err(_) => {
                let words = format!("A SHA-256 has 64 hexadecimal digits, not {sha256:?}.");
                faults.push((format!("doc_sha256.{row}"), words));
            }
        }
    }
    all
}

/// What can be named by its title on the form.
struct Titles<'a>(Vec<(&'a str, &'a RowId)>);

impl<'a> Titles<'a> {
    fn of(stages: &'a [Stage], goods: &'a [Goods], payments: &'a [Payment]) -> Self {
        let stages = stages.iter().map(|stage| (stage.title.as_str(), &stage.id));
        let goods = goods.iter().map(|goods| (goods.title.as_str(), &goods.id));
        let payments = payments.iter().map(|payment| (payment.title.as_str(), &payment.id));
        Self(stages.chain(goods).chain(payments).collect())
    }

    /// The ids that a choice means: one title, or ids with commas between them.
    fn ids(&self, text: &str) -> Vec<RowId> {
        if let Some((_, id)) = self.0.iter().find(|(title, _)| *title == text) {
            return vec![(*id).clone()];
        }
        text.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect()
    }

    fn has(&self, id: &str) -> bool {
        self.0.iter().any(|(_, known)| *known == id)
    }
}

fn titled(form: &Form, name: &str, row: usize, what: &str, faults: &mut Faults) -> String {
    let title = form.nth(name, row);
    if title.is_empty() {
        faults.push((format!("{name}.{row}"), format!("{what} needs a title.")));
    }
    title.to_owned()
}

/// The id that a row brought from a file, or one made from its words.
fn id(form: &Form, name: &str, row: usize, words: &str) -> RowId {
    let brought = form.nth(name, row);
    if brought.is_empty() { row_id(words) } else { brought.to_owned() }
}

/// Months and days after the anchor.
fn after(form: &Form, table: &str, row: usize, faults: &mut Faults) -> Option<(i32, i32)> {
    let months = form.nth(&format!("{table}_months"), row);
    let days = form.nth(&format!("{table}_days"), row);
    let (months, days) = (
        if months.is_empty() && !days.is_empty() { "0" } else { months },
        if days.is_empty() { "0" } else { days },
    );
    let months = count(months, &format!("{table}_months.{row}"), faults);
    let days = count(days, &format!("{table}_days.{row}"), faults);
    Some((months?, days?))
}

fn sat(text: &str, name: &str, faults: &mut Faults) -> Option<Sat> {
    let amount = parse_amount(text);
    if amount.is_none() {
        faults.push((name.to_owned(), format!("{text:?} is no amount in whole satoshi.")));
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

fn or<T: TryFrom<u64>>(form: &Form, name: &str, absent: T, faults: &mut Faults) -> Option<T> {
    if form.get(name).is_empty() { Some(absent) } else { count(form.get(name), name, faults) }
}

/// An offset from UTC: the only number that may be negative. Absent: UTC itself.
fn offset(text: &str, faults: &mut Faults) -> Option<i32> {
    let minutes = if text.is_empty() { Some(0) } else { text.replace('\u{2212}', "-").parse().ok() };
    if minutes.is_none() {
        faults.push(("utc_offset_minutes".into(), format!("{text:?} is no number of minutes.")));
    }
    minutes
}

fn days(text: &str, faults: &mut Faults) -> Vec<jiff::civil::Date> {
    let mut all = Vec::new();
    for word in text.split([' ', ',', '\n', '\r']).filter(|word| !word.is_empty()) {
        match word.parse() {
            Ok(day) => all.push(day),
            Err(_) => {
                let words = format!("{word:?} is no day; write days like 2027-12-25, with spaces between.");
                faults.push(("non_business_days".into(), words));
            }
        }
    }
    all
}
