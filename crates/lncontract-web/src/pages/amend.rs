//! Other terms for a contract: an amendment of those in force, or a counter to an offer that waits for us. By fields,
//! or as a terms file; both make terms, and before they are signed the difference is shown side by side.
//!
//! Invariant: what is offered is what was shown: an offer names the hash of the terms whose difference was read, and
//! the terms that the form began with. Money: amounts are whole satoshi, and the total that is typed has to be the sum.

mod edit;
mod rows;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lncontract_app::{
    AppError,
    terms_file::{TermsFile, write_terms},
    view::{Comparison, ContractView, Negotiation, Turn},
};
use lncontract_core::{
    Hash,
    v1::{Side, Terms},
};

use self::rows::Rows;
use super::{see, with_form};
use crate::{
    app::App,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::Shell,
};

/// For how many days an offer stands where nobody says otherwise.
const VALID_DAYS: &str = "14";

#[derive(Template)]
#[template(path = "amend.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a ContractView,
    tab: &'static str,
    form: &'a Form,
    turn: Turn,
    /// Absent where nothing may be offered now.
    rows: Option<Rows<'a>>,
    comparison: Option<&'a Comparison>,
    /// The terms as a file.
    file: String,
    by_file: bool,
    /// The form whose terms were compared.
    in_hand: &'static str,
    can_offer: bool,
    /// The columns of the difference.
    old: &'a str,
    new: &'static str,
}

/// Terms that somebody typed, and what they would change.
struct Draft {
    terms: Terms,
    comparison: Option<Comparison>,
    trouble: Option<Trouble>,
    by_file: bool,
}

impl Draft {
    fn can_be_offered(&self) -> bool {
        let changes = self.comparison.as_ref().is_some_and(|comparison| !comparison.changes.is_empty());
        changes && self.trouble.is_none()
    }
}

/// GET /contracts/{id}/amend
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(id): Path<Hash>,
) -> Result<Response, Problem> {
    let (view, talk) = (app.contract(id).await?, app.negotiation(id).await?);
    let Some(start) = may_write(&talk) else { return Ok(page(&shell, &view, &talk, None, &Form::default())) };
    let draft = Draft { terms: start.clone(), comparison: None, trouble: None, by_file: false };
    Ok(page(&shell, &view, &talk, Some(&draft), &Form::default()))
}

/// POST /contracts/{id}/amend
pub async fn act(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(id): Path<Hash>,
    mut form: Form,
) -> Result<Response, Problem> {
    if form.is("do", "pass") {
        app.pass_pen(id).await?;
        return Ok(see(format!("/contracts/{id}/amend")));
    }
    let (view, talk) = (app.contract(id).await?, app.negotiation(id).await?);
    let Some(start) = may_write(&talk) else { return Ok(page(&shell, &view, &talk, None, &form)) };
    let deed = form.get("do").to_owned();
    arrange(&mut form, &deed);
    let draft = read(&app, id, &form, start, &talk).await?;
    let trouble = match deed.as_str() {
        "offer" => refuse(&form, &view, &draft),
        "preview" => draft.trouble.clone(),
        // Rows come and go before everything can be read.
        _ => None,
    };
    let form = match trouble {
        Some(trouble) => form.with(trouble),
        None if deed == "offer" => match sign(&app, id, &form, &talk, &draft).await {
            Ok(()) => return Ok(see(format!("/contracts/{id}/offer"))),
            Err(error) => form.refused(error)?,
        },
        None => form,
    };
    Ok(page(&shell, &view, &talk, Some(&draft), &form))
}

/// The terms to begin with, where something may be offered by us.
fn may_write(talk: &Negotiation) -> Option<&Terms> {
    talk.start().filter(|_| matches!(talk.turn, Turn::Offer | Turn::Answer))
}

/// Adds a row or takes one out, as its button says.
fn arrange(form: &mut Form, deed: &str) {
    let tables = [("nm", edit::MILESTONE.as_slice()), ("nd", &edit::DELIVERY), ("nt", &edit::TRANCHE)];
    for (name, fields) in tables {
        if deed == format!("add-{name}") {
            fields.iter().for_each(|field| form.push(field, ""));
        } else if let Some(row) = deed.strip_prefix(&format!("drop-{name}-")).and_then(|row| row.parse().ok())
        {
            form.drop_row(fields, row);
        }
    }
    if let Some(row) = deed.strip_prefix("drop:") {
        form.push("drop", row);
    } else if let Some(row) = deed.strip_prefix("keep:") {
        form.drop_value("drop", Some(row));
    }
}

/// Reads the terms that the form makes, and compares them with those on the table.
async fn read(app: &App, id: Hash, form: &Form, start: &Terms, talk: &Negotiation) -> Result<Draft, Problem> {
    let by_file = form.given("file").is_some();
    let (terms, mut faults, edited) = if by_file {
        // A page sends lines that end in CR LF, and TOML texts hold none of them.
        match TermsFile::read(form.get("file")) {
            Ok(file) => (file.terms().0, Vec::new(), None),
            Err(error) => {
                let trouble = Trouble::new(
                    "the terms file can’t be read",
                    error.to_string(),
                    vec![("file".into(), error.to_string())],
                );
                let terms = start.clone();
                return Ok(Draft { terms, comparison: None, trouble: Some(trouble), by_file });
            }
        }
    } else {
        let edited = edit::apply(form, start);
        (edited.terms.clone(), edited.faults.clone(), Some(edited))
    };
    let comparison = app.compare(id, on_the_table(talk, start), &terms).await?;
    for (path, words) in &comparison.faults {
        let field = edited.as_ref().map_or_else(|| "file".to_owned(), |edited| edited.field_of(path));
        faults.push((field, format!("{path}: {words}")));
    }
    let todo = "Change the fields named here; nothing was written.";
    let trouble =
        (!faults.is_empty()).then(|| Trouble::new("these terms can’t be offered yet", todo, faults));
    Ok(Draft { terms, comparison: Some(comparison), trouble, by_file })
}

/// What new terms are compared with: the open offer if we counter it, else what is in force.
fn on_the_table<'a>(talk: &'a Negotiation, start: &'a Terms) -> &'a Terms {
    match talk.turn {
        Turn::Answer => talk.offered.as_ref().unwrap_or(start),
        _ => talk.in_force.as_ref().unwrap_or(start),
    }
}

/// Why it is not signed: faults, terms that others took the place of, a difference that nobody has seen.
fn refuse(form: &Form, view: &ContractView, draft: &Draft) -> Option<Trouble> {
    if let Some(trouble) = &draft.trouble {
        return Some(trouble.clone());
    }
    let comparison = draft.comparison.as_ref()?;
    if form.get("basis") != view.terms_hash.to_string() {
        let todo = "Read the difference to the terms on the table now, then offer again.";
        return Some(Trouble::new(
            "other terms are on the table since this page was shown",
            todo,
            Vec::new(),
        ));
    }
    if comparison.changes.is_empty() {
        let todo = "Change something: a date, a quantity, an amount, a row.";
        return Some(Trouble::new("nothing would change", todo, Vec::new()));
    }
    if form.get("seen") != comparison.terms_hash.to_string() {
        let todo = "Read it, then offer: what is signed is what was read.";
        return Some(Trouble::new("the difference was not shown yet", todo, Vec::new()));
    }
    None
}

async fn sign(app: &App, id: Hash, form: &Form, talk: &Negotiation, draft: &Draft) -> Result<(), AppError> {
    let days = if form.given("valid_days").is_some() { form.get("valid_days") } else { VALID_DAYS };
    let days = f::parse_amount(days).and_then(|days| u32::try_from(days).ok()).ok_or_else(|| {
        AppError::refused(
            "unreadable",
            format!("{days:?} is no number of days"),
            "say how long the offer stands",
        )
    })?;
    let terms = draft.terms.clone();
    match talk.turn {
        Turn::Answer => app.counter_offer(id, terms, days).await.map(drop),
        _ => app.amend(id, terms, days).await.map(drop),
    }
}

fn page(
    shell: &Shell,
    view: &ContractView,
    talk: &Negotiation,
    draft: Option<&Draft>,
    form: &Form,
) -> Response {
    let by_file = draft.is_some_and(|draft| draft.by_file);
    let file = match draft {
        Some(_) if by_file => form.exactly("file").to_owned(),
        // A number that no file can hold is a fault of the terms already.
        Some(draft) => write_terms(&draft.terms).unwrap_or_default(),
        None => String::new(),
    };
    let start = may_write(talk);
    let page = Page {
        shell,
        view,
        tab: "terms",
        form,
        turn: talk.turn,
        rows: start.map(|start| Rows::of(start, form)),
        comparison: draft.and_then(|draft| draft.comparison.as_ref()),
        file,
        by_file,
        in_hand: if by_file { "by-file" } else { "by-fields" },
        can_offer: draft.is_some_and(Draft::can_be_offered),
        old: if talk.turn == Turn::Answer { "Their offer" } else { "In force" },
        new: if talk.turn == Turn::Answer { "Our counter" } else { "Our offer" },
    };
    with_form(&page, form)
}
