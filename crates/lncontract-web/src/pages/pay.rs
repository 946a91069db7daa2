//! Before money leaves: why it is due, over which channels, and the decision.
//!
//! Money: the amount is typed once more and has to be the invoice's; what stands in the way is asked again on
//! submit, and by the program once more before it sends.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lncontract_app::{
    AppError,
    view::{PayPrompt, Tone},
};
use lncontract_core::{Hash, v1::Side};

use super::{see, with_form};
use crate::{
    app::App,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "pay.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a PayPrompt,
    paid: bool,
    begun: bool,
    /// Whether the invoice is ours: then the other company pays.
    ours: bool,
    form: &'a Form,
}

/// GET /contracts/{id}/pay/{invoice}
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, invoice)): Path<(Hash, Hash)>,
) -> Result<Response, Problem> {
    let (view, ours) = look(&app, id, invoice).await?;
    Ok(page(&shell, &view, ours, &Form::default()))
}

/// POST /contracts/{id}/pay/{invoice}
pub async fn pay(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, invoice)): Path<(Hash, Hash)>,
    form: Form,
) -> Result<Response, Problem> {
    let (view, ours) = look(&app, id, invoice).await?;
    if ours {
        return cancel(&app, &shell, &view, form).await;
    }
    if let Err(trouble) = confirmed(&form, &view) {
        return Ok(page(&shell, &view, ours, &form.with(trouble)));
    }
    match app.pay(id, invoice).await {
        Ok(_) => Ok(see(format!("/contracts/{id}/pay/{invoice}"))),
        Err(error) => Ok(page(&shell, &view, ours, &form.refused(error)?)),
    }
}

/// Withdraws an invoice of ours.
async fn cancel(app: &App, shell: &Shell, view: &PayPrompt, form: Form) -> Result<Response, Problem> {
    if form.get("reason").is_empty() {
        let form = form.with(Trouble::field("reason", "Say why: the other company sees it."));
        return Ok(page(shell, view, true, &form));
    }
    match app.cancel_invoice(view.contract, view.invoice, form.get("reason").to_owned()).await {
        Ok(_) => Ok(see(format!("/contracts/{}", view.contract))),
        Err(error) => Ok(page(shell, view, true, &form.refused(error)?)),
    }
}

async fn look(app: &App, id: Hash, invoice: Hash) -> Result<(PayPrompt, bool), Problem> {
    let (view, contract) = (app.pay_prompt(id, invoice).await?, app.contract(id).await?);
    Ok((view, contract.our_side == Side::Seller))
}

fn confirmed(form: &Form, view: &PayPrompt) -> Result<(), Trouble> {
    if let Some(obstacle) = view.obstacles.first() {
        let error =
            AppError::not_now("not-payable", "nothing was sent: it can't be paid now", obstacle.clone());
        return Err(error.into());
    }
    let (typed, asked) = (form.amount("amount")?, view.amount_sat);
    let words = || format!("The invoice asks for {asked} sat, typed were {typed}. Nothing was sent.");
    if typed == asked { Ok(()) } else { Err(Trouble::field("amount", words())) }
}

pub(crate) fn page(shell: &Shell, view: &PayPrompt, ours: bool, form: &Form) -> Response {
    let paid = view.receipt.is_some();
    // A payment that failed may be tried again; anything else that was begun may not.
    let begun = view.state.as_ref().is_some_and(|state| state.tone != Tone::Bad);
    with_form(&Page { shell, view, paid, begun, ours, form }, form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::views;

    #[test]
    fn nothing_is_sent_unless_the_amount_typed_is_the_invoices() {
        let check = |typed: &str, obstacle: Option<&str>, expect: bool| {
            let mut view = views::pay_prompt();
            view.obstacles = obstacle.into_iter().map(str::to_owned).collect();
            let found = confirmed(&Form::prefilled([("amount", typed)]), &view);
            assert_eq!(found.is_ok(), expect, "{typed:?}");
        };
        check("30 000 000", None, true);
        check("30000000", None, true);
        check("30 000 001", None, false);
        check("3 000 000", None, false);
        check("", None, false);
        check("30 000 000", Some("the peer did not answer"), false);
    }
}
