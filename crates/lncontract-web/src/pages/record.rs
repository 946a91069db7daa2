//! The record of a contract: whether both hold the same, and every entry in words.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use lncontract_app::view::{ContractView, EntryRow, Tone};
use lncontract_core::{Hash, v1::Side};
use serde::Deserialize;

use super::html;
// The template names its own module, for what binds a company.
use crate::pages::record;
use crate::{
    app::App,
    format::{self as f, Markup},
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "record.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a ContractView,
    tab: &'static str,
    all: bool,
    chains: [Chain<'a>; 2],
    days: Vec<(Markup, Vec<&'a EntryRow>)>,
}

/// One company's chain.
struct Chain<'a> {
    name: &'a str,
    ours: bool,
    count: usize,
    last: Option<&'a EntryRow>,
}

/// Which entries to show.
#[derive(Deserialize)]
pub struct Which {
    #[serde(default)]
    all: String,
}

/// Whether the company key signs an entry of that kind too (DESIGN.md section 4).
pub fn binds(kind: &str) -> bool {
    matches!(kind, "offer" | "accept" | "counter")
}

/// GET /contracts/{id}/record
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(id): Path<Hash>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let view = app.contract(id).await?;
    Ok(page(&shell, &view, !which.all.is_empty()))
}

/// GET /contracts/{id}/bundle: the record as bytes that anybody can check without either company.
pub async fn bundle(State(app): State<Arc<App>>, Path(id): Path<Hash>) -> Result<Response, Problem> {
    let bytes = app.export_bundle(id).await?;
    let name = format!("attachment; filename=\"record-{id}.lncbundle\"");
    let head =
        [(header::CONTENT_TYPE, "application/octet-stream".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((head, bytes).into_response())
}

pub(crate) fn page(shell: &Shell, view: &ContractView, all: bool) -> Response {
    let chain = |name, ours| {
        let mut entries = view.record.iter().filter(|entry| entry.ours == ours);
        Chain { name, ours, count: entries.clone().count(), last: entries.next() }
    };
    let chains = [chain(&*view.our_name, true), chain(&*view.their_name, false)];
    html(&Page { shell, view, tab: "record", all, chains, days: days(&view.record, all) })
}

/// Entries under the day they were signed on, newest first.
fn days(record: &[EntryRow], all: bool) -> Vec<(Markup, Vec<&EntryRow>)> {
    let mut days: Vec<(Markup, Vec<&EntryRow>)> = Vec::new();
    for entry in record.iter().filter(|entry| all || !entry.plain) {
        let day = f::day(entry.time);
        match days.last_mut() {
            Some((last, entries)) if *last == day => entries.push(entry),
            _ => days.push((day, vec![entry])),
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::views;

    #[test]
    fn entries_stand_under_their_day_and_plain_ones_only_when_asked_for() {
        let record = views::contract().record;
        let shown = |all| days(&record, all).iter().map(|(_, entries)| entries.len()).sum::<usize>();
        assert_eq!(shown(true), record.len());
        assert_eq!(shown(false), record.iter().filter(|entry| !entry.plain).count());
        assert!(shown(false) < shown(true));
        // 28, 22, 19 October 2026, 15 and 14 January: each once.
        assert_eq!(days(&record, true).len(), 5);
    }
}
