//! The rows of the amendment form: what stands in the terms, with what was typed over it.

use lncontract_core::v1::{Duty, Instrument, Milestone, Obligation, Side, Terms};

use super::edit::{day_of, tendered};
use crate::{form::Form, format as f};

/// The tables of the form.
pub struct Rows<'a> {
    pub head: Vec<Number>,
    pub title: String,
    pub total: String,
    pub silence_accepts: bool,
    pub items: Vec<Number>,
    pub work: Vec<Work>,
    pub payments: Vec<Pay>,
    pub tranches: Vec<Fund>,
    /// What a milestone that is added may wait for: id and title.
    pub milestones: Vec<&'a Milestone>,
    /// What a delivery that is added may be like: the first of each item.
    pub goods: Vec<(&'a str, &'a str)>,
    /// Channels that more can be put into: ids and names.
    pub channels: Vec<(&'a str, String)>,
    /// What a tranche may be for: value and words.
    pub stages: Vec<(String, String)>,
    pub buyer: &'a str,
    pub seller: &'a str,
}

/// A number with its label.
pub struct Number {
    pub field: String,
    pub label: String,
    pub value: String,
    pub hint: &'static str,
}

/// A delivery or a piece of work.
pub struct Work {
    pub id: String,
    pub what: String,
    /// Absent where it hangs on an acceptance.
    pub date: Option<String>,
    /// Absent for work.
    pub units: Option<String>,
    pub dropped: bool,
}

/// A payment.
pub struct Pay {
    pub id: String,
    pub milestone: String,
    pub title: String,
    pub when: String,
    pub date: Option<String>,
    pub amount: String,
    pub dropped: bool,
}

/// A tranche.
pub struct Fund {
    pub id: String,
    pub row: String,
    pub what: String,
    pub date: Option<String>,
    pub amount: String,
    pub stages: String,
    pub dropped: bool,
}

impl<'a> Rows<'a> {
    pub fn of(terms: &'a Terms, form: &Form) -> Self {
        let typed = Typed { terms, form };
        let rows = |keep: fn(&Duty) -> bool| terms.obligations.iter().filter(move |row| keep(&row.duty));
        let performs = |duty: &Duty| matches!(duty, Duty::Deliver { .. } | Duty::Perform { .. });
        let items = terms.items.iter().map(|item| Number {
            field: format!("quantity.{}", item.id),
            label: format!("{} in all", item.description),
            value: typed.number(&format!("quantity.{}", item.id), item.quantity),
            hint: "Its deliveries sum to it.",
        });
        Self {
            head: typed.head(),
            title: typed.text("title", terms.title.clone()),
            total: typed.number("total", terms.total.0),
            silence_accepts: form
                .given("deemed_accepted")
                .map_or(terms.clauses.deemed_accepted, |silence| silence == "yes"),
            items: items.collect(),
            work: rows(performs).map(|row| typed.work(row)).collect(),
            payments: rows(|duty| matches!(duty, Duty::Pay { .. })).map(|row| typed.pay(row)).collect(),
            tranches: typed.tranches(),
            milestones: terms
                .milestones
                .iter()
                .filter(|stage| !tendered(terms, &stage.id).is_empty())
                .collect(),
            goods: goods(terms),
            channels: channels(terms),
            stages: typed.stages(),
            buyer: &terms.buyer.short_name,
            seller: &terms.seller.short_name,
        }
    }

    /// What a tranche that is there may be for.
    pub fn standing(&self) -> impl Iterator<Item = &(String, String)> {
        self.stages.iter().filter(|(value, _)| !value.starts_with("new."))
    }

    /// The words of a choice that is no single milestone.
    pub fn named(&self, stages: &str) -> Option<String> {
        let known = self.stages.iter().any(|(value, _)| value == stages);
        (!known && !stages.is_empty()).then(|| stages.replace(',', ", "))
    }
}

struct Typed<'a, 'b> {
    terms: &'a Terms,
    form: &'b Form,
}

impl Typed<'_, '_> {
    fn text(&self, field: &str, stands: String) -> String {
        self.form.given(field).map_or(stands, str::to_owned)
    }

    fn number(&self, field: &str, stands: u64) -> String {
        self.text(field, f::grouped(stands))
    }

    fn date(&self, row: &Obligation) -> Option<String> {
        let stands = day_of(self.terms, row)?.to_string();
        Some(self.text(&format!("date.{}", row.id), stands))
    }

    fn dropped(&self, kind: &str, id: &str) -> bool {
        self.form.all("drop").any(|dropped| dropped == format!("{kind}:{id}"))
    }

    fn head(&self) -> Vec<Number> {
        let number = |field: &str, label: &str, stands: u64, hint| Number {
            field: field.into(),
            label: label.into(),
            value: self.number(field, stands),
            hint,
        };
        let (funding, clauses) = (&self.terms.funding, &self.terms.clauses);
        vec![
            number(
                "covered_days_before",
                "Each milestone covered, days before due",
                funding.covered_days_before.into(),
                "",
            ),
            number("notice_blocks", "Notice of the earmark, blocks", funding.notice_blocks.into(), ""),
            number("examination_days", "Examination period, days", clauses.examination_days.into(), ""),
            number(
                "grace_hours",
                "Grace past a deadline, hours",
                clauses.grace_hours.into(),
                "Before somebody may state that it passed.",
            ),
        ]
    }

    fn work(&self, row: &Obligation) -> Work {
        let (what, units) = match &row.duty {
            Duty::Deliver { item, quantity, .. } => {
                let item = self.terms.item(item).map_or(item, |item| &item.description);
                let units = self.number(&format!("units.{}", row.id), *quantity);
                (format!("{}: {item}", sentence(&row.id)), Some(units))
            }
            Duty::Perform { service, .. } => (service.clone(), None),
            _ => (row.id.clone(), None),
        };
        let of = row.milestone.as_deref().unwrap_or_default();
        let dropped = self.dropped("delivery", &row.id) || self.dropped("milestone", of);
        Work { id: row.id.clone(), what, date: self.date(row), units, dropped }
    }

    fn pay(&self, row: &Obligation) -> Pay {
        let stands = if let Duty::Pay { amount, .. } = row.duty { amount.0 } else { 0 };
        let milestone = row.milestone.clone().unwrap_or_default();
        let found = self.terms.milestone(&milestone);
        let title = found.map_or_else(|| row.id.clone(), |found| found.title.clone());
        let mut when = match row.trigger_rows() {
            [] if day_of(self.terms, row).is_some() => "on its day".to_owned(),
            [] => "when the terms are in force".to_owned(),
            _ if row.is_per_unit() => "for each accepted unit".to_owned(),
            _ => "on acceptance".to_owned(),
        };
        if row.debtor == Side::Seller {
            when = format!("{when}, by {}", self.terms.seller.short_name);
        }
        Pay {
            id: row.id.clone(),
            title,
            when,
            date: self.date(row),
            amount: self.number(&format!("amount.{}", row.id), stands),
            dropped: self.dropped("milestone", &milestone),
            milestone,
        }
    }

    fn tranches(&self) -> Vec<Fund> {
        let fund = |tranche: &lncontract_core::v1::Tranche| {
            let row = self.terms.fund_row(&tranche.id);
            let what = match &tranche.instrument {
                Instrument::Channel => format!("New {}", tranche.id.replace('-', " ")),
                Instrument::SpliceIn { into } => format!("Top-up of {}", into.replace('-', " ")),
            };
            Fund {
                id: tranche.id.clone(),
                row: row.map(|row| row.id.clone()).unwrap_or_default(),
                what,
                date: row.and_then(|row| self.date(row)),
                amount: self.number(&format!("size.{}", tranche.id), tranche.amount.0),
                stages: self.text(&format!("for.{}", tranche.id), tranche.stages.join(",")),
                dropped: self.dropped("tranche", &tranche.id),
            }
        };
        self.terms.funding.tranches.iter().map(fund).collect()
    }

    fn stages(&self) -> Vec<(String, String)> {
        let stands = self.terms.milestones.iter().filter(|stage| stage.payer == Side::Buyer);
        let stands = stands.map(|stage| (stage.id.clone(), stage.title.clone()));
        let new = self.form.all("nm_title").enumerate().filter(|(_, title)| !title.is_empty());
        stands.chain(new.map(|(row, title)| (format!("new.{row}"), title.to_owned()))).collect()
    }
}

fn goods(terms: &Terms) -> Vec<(&str, &str)> {
    let of = |item: &lncontract_core::v1::Item| {
        let delivers =
            |row: &&Obligation| matches!(&row.duty, Duty::Deliver { item: named, .. } if *named == item.id);
        terms.obligations.iter().find(delivers).map(|row| row.id.as_str())
    };
    terms.items.iter().filter_map(|item| Some((of(item)?, item.description.as_str()))).collect()
}

fn channels(terms: &Terms) -> Vec<(&str, String)> {
    let opens = terms.funding.tranches.iter().filter(|tranche| tranche.instrument == Instrument::Channel);
    opens.map(|tranche| (tranche.id.as_str(), tranche.id.replace('-', " "))).collect()
}

fn sentence(id: &str) -> String {
    f::sentence(&id.replace('-', " ")).trim_end_matches('.').to_owned()
}
