//! The fields of the amendment form, read into terms: those on the table with what was typed.
//!
//! Invariant: a field that is absent or says what stood there changes nothing, so that an empty form makes the very
//! terms it began with. What can't be read is named by its field and leaves the row as it was. Rows are named by their
//! ids, which last through all versions: `date.delivery-6`, `amount.pay-spare-parts`, `size.channel-2`.

use jiff::civil::Date;
use lncontract_core::{
    Sat,
    schedule::dated,
    template::change::{
        Cause, NewDelivery, NewMilestone, NewTranche, add_delivery, add_milestone, add_tranche, due_on,
        remove_delivery, remove_milestone, remove_tranche, reprice,
    },
    v1::{Duty, Obligation, RowId, Side, Terms},
};

use crate::{form::Form, format::parse_amount};

/// The fields of a milestone that is added.
pub const MILESTONE: [&str; 5] = ["nm_title", "nm_amount", "nm_by", "nm_on", "nm_date"];
/// The fields of a delivery that is added.
pub const DELIVERY: [&str; 3] = ["nd_like", "nd_units", "nd_date"];
/// The fields of a tranche that is added.
pub const TRANCHE: [&str; 4] = ["nt_how", "nt_amount", "nt_date", "nt_for"];

/// The terms that a form makes.
pub struct Edited {
    pub terms: Terms,
    /// Fields that can't be read.
    pub faults: Vec<(String, String)>,
    /// Ids of what was added, and the field that a fault of it is shown at.
    added: Vec<(RowId, String)>,
}

/// Reads the form over the terms that it began with.
pub fn apply(form: &Form, start: &Terms) -> Edited {
    let mut edited = Edited { terms: start.clone(), faults: Vec::new(), added: Vec::new() };
    edited.head(form);
    for row in &start.obligations {
        edited.row(form, row);
    }
    edited.tranches(form, start);
    for dropped in form.all("drop") {
        match dropped.split_once(':') {
            Some(("delivery", id)) => remove_delivery(&mut edited.terms, id),
            Some(("milestone", id)) => remove_milestone(&mut edited.terms, id),
            Some(("tranche", id)) => remove_tranche(&mut edited.terms, id),
            _ => {}
        }
    }
    edited.new_deliveries(form);
    let milestones = edited.new_milestones(form);
    edited.new_tranches(form, &milestones);
    edited
}

/// What a field is called in the summary of what is wrong.
fn label(field: &str) -> String {
    let (part, of) = field.split_once('.').unwrap_or((field, ""));
    let number = of.parse::<usize>().map_or(0, |row| row.saturating_add(1));
    let of = of.replace('-', " ");
    match part {
        "date" => format!("Due day of {of}"),
        "units" | "quantity" => format!("Quantity of {of}"),
        "amount" => format!("Amount of {of}"),
        "size" => format!("Amount of {of}, to be set aside"),
        "nm_amount" => format!("Amount of new milestone {number}"),
        "nm_date" => format!("Due day of new milestone {number}"),
        "nd_units" => format!("Units of new delivery {number}"),
        "nd_date" => format!("Due day of new delivery {number}"),
        "nt_amount" => format!("Amount of new tranche {number}"),
        "nt_date" => format!("Due day of new tranche {number}"),
        _ => field.replace('_', " "),
    }
}

/// The day that a row is due by its own rule; none where it hangs on an acceptance.
pub fn day_of(terms: &Terms, row: &Obligation) -> Option<Date> {
    dated(&row.due.rule, terms.date_of_contract).ok().flatten()
}

impl Edited {
    fn fault(&mut self, field: impl Into<String>, words: impl Into<String>) {
        self.faults.push((field.into(), words.into()));
    }

    /// A whole number from a field; none where it is absent or can't be read.
    fn number<T: TryFrom<u64>>(&mut self, form: &Form, field: &str) -> Option<T> {
        let text = form.given(field)?;
        self.number_in(text, field)
    }

    fn number_in<T: TryFrom<u64>>(&mut self, text: &str, field: &str) -> Option<T> {
        let number = parse_amount(text).and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            self.fault(field, format!("{}: {text:?} is no whole number that fits here.", label(field)));
        }
        number
    }

    fn date(&mut self, text: &str, field: &str) -> Option<Date> {
        let date = text.parse().ok();
        if date.is_none() {
            self.fault(field, format!("{}: {text:?} can’t be read as a day; choose one.", label(field)));
        }
        date
    }

    fn head(&mut self, form: &Form) {
        if let Some(title) = form.given("title") {
            title.clone_into(&mut self.terms.title);
        }
        if let Some(total) = self.number(form, "total") {
            self.terms.total = Sat(total);
        }
        if let Some(days) = self.number(form, "covered_days_before") {
            self.terms.funding.covered_days_before = days;
        }
        if let Some(blocks) = self.number(form, "notice_blocks") {
            self.terms.funding.notice_blocks = blocks;
        }
        if let Some(days) = self.number(form, "examination_days") {
            self.terms.clauses.examination_days = days;
        }
        if let Some(hours) = self.number(form, "grace_hours") {
            self.terms.clauses.grace_hours = hours;
        }
        if let Some(silence) = form.given("deemed_accepted") {
            self.terms.clauses.deemed_accepted = silence == "yes";
        }
        for index in 0..self.terms.items.len() {
            let field = format!("quantity.{}", self.terms.items[index].id);
            if let Some(quantity) = self.number(form, &field) {
                self.terms.items[index].quantity = quantity;
            }
        }
    }

    /// Date, units and amount of a row that is there.
    fn row(&mut self, form: &Form, row: &Obligation) {
        let field = format!("date.{}", row.id);
        let was = day_of(&self.terms, row);
        if let Some(text) = form.given(&field).filter(|_| was.is_some())
            && let Some(date) = self.date(text, &field)
            && was != Some(date)
        {
            let due = due_on(&self.terms, date);
            self.change(&row.id, |row| row.due = due);
        }
        if let Duty::Deliver { .. } = row.duty
            && let Some(units) = self.number(form, &format!("units.{}", row.id))
        {
            self.change(&row.id, |row| {
                if let Duty::Deliver { quantity, .. } = &mut row.duty {
                    *quantity = units;
                }
            });
        }
        if let Duty::Pay { amount, .. } = row.duty
            && let Some(new) = self.number(form, &format!("amount.{}", row.id))
            && amount != Sat(new)
        {
            reprice(&mut self.terms, &row.id, Sat(new));
        }
    }

    fn change(&mut self, id: &str, with: impl FnOnce(&mut Obligation)) {
        if let Some(row) = self.terms.obligations.iter_mut().find(|row| row.id == id) {
            with(row);
        }
    }

    fn tranches(&mut self, form: &Form, start: &Terms) {
        for (index, tranche) in start.funding.tranches.iter().enumerate() {
            if let Some(size) = self.number(form, &format!("size.{}", tranche.id)) {
                self.terms.funding.tranches[index].amount = Sat(size);
            }
            if let Some(stages) = form.given(&format!("for.{}", tranche.id)) {
                self.terms.funding.tranches[index].stages = listed(stages);
            }
        }
    }

    fn new_deliveries(&mut self, form: &Form) {
        for row in 0..form.all("nd_like").count() {
            let (units, date) = (form.nth("nd_units", row), form.nth("nd_date", row));
            if units.is_empty() && date.is_empty() {
                continue;
            }
            let quantity = self.number_in(units, &format!("nd_units.{row}"));
            let date = self.date(date, &format!("nd_date.{row}"));
            let (Some(quantity), Some(date)) = (quantity, date) else { continue };
            let like = form.nth("nd_like", row).to_owned();
            match add_delivery(&mut self.terms, &NewDelivery { like, quantity, date }) {
                Some(id) => self.added.push((id, format!("nd_units.{row}"))),
                None => self.fault(format!("nd_like.{row}"), "Choose goods of this contract."),
            }
        }
    }

    /// Adds the milestones; returns each one's id by its row in the form.
    fn new_milestones(&mut self, form: &Form) -> Vec<Option<RowId>> {
        (0..form.all("nm_title").count()).map(|row| self.new_milestone(form, row)).collect()
    }

    fn new_milestone(&mut self, form: &Form, row: usize) -> Option<RowId> {
        let [title, amount, by, on, date] = MILESTONE.map(|name| form.nth(name, row));
        if title.is_empty() && amount.is_empty() {
            return None;
        }
        if title.is_empty() {
            self.fault(format!("nm_title.{row}"), "A milestone needs a title.");
        }
        let amount = self.number_in(amount, &format!("nm_amount.{row}"));
        let cause = match on {
            "work" | "" => self.date(date, &format!("nm_date.{row}")).map(Cause::Work),
            "day" => self.date(date, &format!("nm_date.{row}")).map(Cause::Day),
            milestone => {
                let rows = tendered(&self.terms, milestone);
                if rows.is_empty() {
                    self.fault(format!("nm_on.{row}"), "Nothing of that milestone can be accepted.");
                }
                (!rows.is_empty()).then_some(Cause::Acceptance(rows))
            }
        };
        let payer = if by == "seller" { Side::Seller } else { Side::Buyer };
        let (amount, on) = (Sat(amount?), cause?);
        let new = NewMilestone { title: title.to_owned(), amount, payer, on };
        let id = add_milestone(&mut self.terms, &new);
        self.added.push((format!("pay-{id}"), format!("nm_amount.{row}")));
        self.added.push((id.clone(), format!("nm_title.{row}")));
        Some(id)
    }

    fn new_tranches(&mut self, form: &Form, milestones: &[Option<RowId>]) {
        for row in 0..form.all("nt_how").count() {
            let [how, amount, date, stages] = TRANCHE.map(|name| form.nth(name, row));
            if amount.is_empty() && date.is_empty() {
                continue;
            }
            let amount = self.number_in(amount, &format!("nt_amount.{row}"));
            let date = self.date(date, &format!("nt_date.{row}"));
            let (Some(amount), Some(date)) = (amount, date) else { continue };
            // `new.0` is the first milestone that is added in the same form.
            let new = stages.strip_prefix("new.").and_then(|row| row.parse::<usize>().ok());
            let stages = match new {
                Some(new) => milestones.get(new).cloned().flatten().into_iter().collect(),
                None => listed(stages),
            };
            let into = (how != "channel").then(|| how.to_owned());
            let id = add_tranche(&mut self.terms, &NewTranche { amount: Sat(amount), into, stages, date });
            self.added.push((format!("fund-{id}"), format!("nt_date.{row}")));
            self.added.push((id, format!("nt_amount.{row}")));
        }
    }

    /// The field that a fault at a path of the terms is shown at; `file` where no field says it.
    pub fn field_of(&self, path: &str) -> String {
        let (list, behind) = path.split_once('[').unwrap_or((path, ""));
        let (index, part) = behind.split_once(']').unwrap_or(("", ""));
        let index: usize = index.parse().unwrap_or(usize::MAX);
        let (id, field) = match list {
            "obligations" => match self.terms.obligations.get(index) {
                Some(row) => (&row.id, row_field(&self.terms, row, part)),
                None => return "file".into(),
            },
            "items" => match self.terms.items.get(index) {
                Some(item) => (&item.id, format!("quantity.{}", item.id)),
                None => return "file".into(),
            },
            "milestones" => match self.terms.milestones.get(index) {
                Some(milestone) => (&milestone.id, priced(&self.terms, &milestone.id)),
                None => return "file".into(),
            },
            "funding.tranches" => match self.terms.funding.tranches.get(index) {
                Some(tranche) => (&tranche.id, format!("size.{}", tranche.id)),
                None => return "file".into(),
            },
            "total" | "title" => return path.into(),
            _ => {
                const HEAD: [&str; 5] = [
                    "covered_days_before",
                    "notice_blocks",
                    "examination_days",
                    "grace_hours",
                    "deemed_accepted",
                ];
                let found = HEAD.iter().find(|field| path.ends_with(**field));
                return (*found.unwrap_or(&"file")).into();
            }
        };
        let added = self.added.iter().find(|(of, _)| of == id);
        added.map_or(field, |(_, field)| field.clone())
    }
}

fn row_field(terms: &Terms, row: &Obligation, part: &str) -> String {
    let what = match row.duty {
        Duty::Deliver { .. } if !part.starts_with(".due") => "units",
        Duty::Pay { .. } if !part.starts_with(".due") => "amount",
        _ if day_of(terms, row).is_some() => "date",
        _ => return "file".into(),
    };
    format!("{what}.{}", row.id)
}

/// The field of what a milestone is paid with first.
fn priced(terms: &Terms, milestone: &str) -> String {
    let pays = |row: &&Obligation| {
        row.milestone.as_deref() == Some(milestone) && matches!(row.duty, Duty::Pay { .. })
    };
    terms.obligations.iter().find(pays).map_or_else(|| "file".to_owned(), |row| format!("amount.{}", row.id))
}

/// The rows of a milestone that are tendered and accepted.
pub fn tendered(terms: &Terms, milestone: &str) -> Vec<RowId> {
    let of = |row: &&Obligation| row.milestone.as_deref() == Some(milestone) && row.quantity().is_some();
    terms.obligations.iter().filter(of).map(|row| row.id.clone()).collect()
}

/// Ids with commas between them; nothing is none.
fn listed(text: &str) -> Vec<RowId> {
    text.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
