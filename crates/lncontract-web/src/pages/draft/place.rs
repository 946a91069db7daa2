//! Where on the form a fault of the draft is shown: its path in the draft, brought to the field that says it.

use super::{fields::of_goods, goods_field, rows_of};
use crate::form::Form;

/// The field that a fault is about.
pub(super) fn field_of(path: &str, form: &Form) -> String {
    let (list, behind) = path.split_once('[').unwrap_or((path, ""));
    let (index, part) = behind.split_once(']').unwrap_or(("", ""));
    let (index, part) = (index.parse().unwrap_or(0), part.trim_start_matches('.'));
    let row = |title: &str, amount: &str| rows_of(form, title, amount).get(index).copied().unwrap_or(index);
    match list {
        "stages" => {
            let field = match part {
                "amount" => "ms_amount",
                "months" | "days" => "ms_months",
                _ => "ms_title",
            };
            format!("{field}.{}", row("ms_title", "ms_amount"))
        }
        "payments" => {
            let field = match part {
                "amount" => "pm_amount",
                "months" | "days" => "pm_months",
                "after" => "pm_after",
                _ => "pm_title",
            };
            format!("{field}.{}", row("pm_title", "pm_amount"))
        }
        "funding" if !behind.is_empty() => {
            let rows = (0..form.all("tr_how").count()).filter(|row| !form.nth("tr_amount", row).is_empty());
            let field = match part {
                "amount" => "tr_amount",
                "months" | "days" => "tr_months",
                "into" => "tr_how",
                part if part.starts_with("stages") => "tr_stage",
                _ => "tr_amount",
            };
            format!("{field}.{}", rows.clone().nth(index).unwrap_or(index))
        }
        "goods" => goods(index, part, form),
        "documents" => format!("doc_name.{}", row("doc_name", "doc_sha256")),
        _ => head(path),
    }
}

fn goods(index: usize, part: &str, form: &Form) -> String {
    let (list, behind) = part.split_once('[').unwrap_or((part, ""));
    let field = match list {
        "deliveries" if !behind.is_empty() => {
            let (delivery, part) = behind.split_once(']').unwrap_or((behind, ""));
            let delivery: usize = delivery.parse().unwrap_or(0);
            let listed = rows_of(form, "dl_quantity", "dl_months").into_iter();
            let row = listed.filter(|row| of_goods(form, *row) == index).nth(delivery);
            let field = if part == ".quantity" { "dl_quantity" } else { "dl_months" };
            return match row {
                Some(row) => format!("{field}.{row}"),
                None => goods_field("first_delivery_month", index),
            };
        }
        "quantity" | "deliveries" => "quantity",
        "amount" => "delivery_amount",
        "item" | "description" => "description",
        "part_number" => "part_number",
        "place" => "place",
        _ => "delivery_title",
    };
    goods_field(field, index)
}

fn head(path: &str) -> String {
    const FIELDS: &[(&str, &str)] = &[
        ("number", "number"),
        ("title", "title"),
        ("total", "total"),
        ("date_of_contract", "date_of_contract"),
        ("utc_offset_minutes", "utc_offset_minutes"),
        ("non_business_days", "non_business_days"),
        ("notice_blocks", "notice_blocks"),
        ("covered_days_before", "covered_days_before"),
        ("clauses.grace_hours", "grace_hours"),
        ("clauses", "examination_days"),
        ("funding", "n3"),
        ("stages", "ms"),
        ("milestones", "ms"),
        ("items", "quantity"),
    ];
    let found = FIELDS.iter().find(|(start, _)| path.starts_with(start));
    found.map_or("counterparty", |(_, field)| field).to_owned()
}
