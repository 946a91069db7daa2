//! Examination of a tender: accept it, accept some of its units, or reject it with all reasons at once. For a
//! tender of ours: state that silence accepted it.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lncontract_app::view::TenderView;
use lncontract_core::Hash;

use super::{see, with_form};
use crate::{
    app::App,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "examine.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a TenderView,
    /// Whether we tendered it: then the other company judges.
    ours: bool,
    form: &'a Form,
}

/// GET /contracts/{id}/examine/{tender}
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, tender)): Path<(Hash, Hash)>,
) -> Result<Response, Problem> {
    let (view, ours) = look(&app, id, tender).await?;
    Ok(page(&shell, &view, ours, &Form::prefilled([("accepted", "0")])))
}

/// POST /contracts/{id}/examine/{tender}
pub async fn answer(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, tender)): Path<(Hash, Hash)>,
    form: Form,
) -> Result<Response, Problem> {
    let (view, ours) = look(&app, id, tender).await?;
    if ours {
        return match app.deem(id, tender).await {
            Ok(_) => Ok(see(format!("/contracts/{id}"))),
            Err(error) => Ok(page(&shell, &view, ours, &form.refused(error)?)),
        };
    }
    let (accepted, reasons) = match read(&form, view.quantity) {
        Ok(answer) => answer,
        Err(trouble) => return Ok(page(&shell, &view, ours, &form.with(trouble))),
    };
    match app.answer_tender(id, tender, accepted, reasons).await {
        Ok(_) => Ok(see(format!("/contracts/{id}"))),
        Err(error) => Ok(page(&shell, &view, ours, &form.refused(error)?)),
    }
}

async fn look(app: &App, id: Hash, tender: Hash) -> Result<(TenderView, bool), Problem> {
    let (view, contract) = (app.tender_view(id, tender).await?, app.contract(id).await?);
    let ours = super::row(&contract, &view.row)?.ours;
    Ok((view, ours))
}

/// How many units are accepted, and why not the others.
fn read(form: &Form, quantity: u64) -> Result<(u64, Vec<String>), Trouble> {
    if form.is("do", "accept") {
        return Ok((quantity, Vec::new()));
    }
    let accepted = if form.get("accepted").is_empty() { 0 } else { form.amount("accepted")? };
    let reasons: Vec<String> = form.get("reasons").lines().map(str::trim).map(str::to_owned).collect();
    let reasons: Vec<String> = reasons.into_iter().filter(|reason| !reason.is_empty()).collect();
    if accepted >= quantity {
        let words = format!("{accepted} of {quantity} is all of it: use Accept, or give a smaller number.");
        return Err(Trouble::field("accepted", words));
    }
    if reasons.is_empty() {
        return Err(Trouble::field("reasons", "Give every reason, one a line: later ones don’t count."));
    }
    Ok((accepted, reasons))
}

pub(crate) fn page(shell: &Shell, view: &TenderView, ours: bool, form: &Form) -> Response {
    with_form(&Page { shell, view, ours, form }, form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_gives_all_reasons_one_a_line() {
        let check = |fields: &[(&str, &str)], expect: Result<(u64, &[&str]), &str>| {
            let found = read(&Form::prefilled(fields.iter().copied()), 2);
            let expect =
                expect.map(|(n, reasons)| (n, reasons.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>()));
            assert_eq!(found.map_err(|trouble| trouble.faults[0].0.clone()), expect.map_err(str::to_owned));
        };
        check(&[("do", "accept")], Ok((2, &[])));
        check(
            &[("do", "reject"), ("accepted", "0"), ("reasons", "J4 \r\n\r\n report")],
            Ok((0, &["J4", "report"])),
        );
        check(&[("do", "reject"), ("accepted", "1"), ("reasons", "J4")], Ok((1, &["J4"])));
        check(&[("do", "reject"), ("accepted", "2"), ("reasons", "J4")], Err("accepted"));
        check(&[("do", "reject"), ("accepted", "x"), ("reasons", "J4")], Err("accepted"));
        check(&[("do", "reject"), ("accepted", "0"), ("reasons", " \n ")], Err("reasons"));
    }
}
