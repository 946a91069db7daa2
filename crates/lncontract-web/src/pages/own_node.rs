//! The company's own LND: what leads to it is typed or uploaded, tested, and used after the password.
//!
//! Invariant: a macaroon or an lndconnect string that came in goes to the use case and into no answer.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Multipart, State},
    response::Response,
};
use lncontract_app::{
    AppError, NodeAccess,
    view::{AbilityRow, NodeChoice, NodeReport, OwnNodeView},
};

use super::{see, with_form};
use crate::{
    app::App,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "own_node.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a OwnNodeView,
    form: &'a Form,
}

/// GET /node/lnd
pub async fn show(State(app): State<Arc<App>>, shell: Shell) -> Result<Response, Problem> {
    page(&app, &shell, &Form::default()).await
}

/// POST /node/lnd: asks the node that was typed; nothing is kept but for the next form.
pub async fn test(State(app): State<Arc<App>>, shell: Shell, parts: Multipart) -> Result<Response, Problem> {
    let (access, form) = match typed(parts).await {
        Ok(typed) => typed,
        Err(trouble) => return page(&app, &shell, &Form::default().with(trouble)).await,
    };
    match app.test_own_node(access).await {
        Ok(_) => Ok(see("/node/lnd#tested")),
        Err(error) => page(&app, &shell, &placed(form, error)?).await,
    }
}

/// POST /node/lnd/use: the one that was tested.
pub async fn connect(State(app): State<Arc<App>>, shell: Shell, form: Form) -> Result<Response, Problem> {
    match app.use_own_node(form.get("id"), form.exactly("password")).await {
        Ok(()) => Ok(see("/node")),
        Err(error) => page(&app, &shell, &Form::default().refused(error)?).await,
    }
}

async fn page(app: &App, shell: &Shell, form: &Form) -> Result<Response, Problem> {
    let view = app.own_node_view().await?;
    Ok(with_form(&Page { shell, view: &view, form }, form))
}

/// A refusal at the field that it is about.
fn placed(form: Form, error: AppError) -> Result<Form, Problem> {
    let field = match error.code {
        "node-address" => "address",
        "node-certificate" => "certificate",
        "node-macaroon" => "macaroon",
        "node-connect" => "connect",
        "node-reached-at" => "reached_at",
        _ => return form.refused(error),
    };
    let text = format!("{}.", f::sentence(&error.title));
    let todo = format!("{}. {AGAIN}", f::sentence(&error.todo));
    Ok(form.with(Trouble::new(text.clone(), todo, vec![(field.to_owned(), text)])))
}

/// What has to be typed again after a refusal.
const AGAIN: &str = "What is secret, and files, have to be given again.";

/// Reads the form: text as it was pasted, files as they are. What is no secret is kept for the next showing.
async fn typed(mut parts: Multipart) -> Result<(NodeAccess, Form), Trouble> {
    let (mut access, mut form) = (NodeAccess::default(), Form::default());
    let broken =
        || Trouble::new("The form did not arrive whole", "Send it again; files may have 1 MiB.", vec![]);
    while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|_| broken())?;
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        if text.is_empty() {
            continue;
        }
        match name.as_str() {
            "connect" => access.connect = text,
            "address" | "reached_at" | "certificate" => {
                form.push(&name, &text);
                match name.as_str() {
                    "address" => access.address = text,
                    "reached_at" => access.reached_at = text,
                    _ => access.certificate = text,
                }
            }
            "certificate_file" => access.certificate = text,
            "macaroon" => access.macaroons.extend(text.split_whitespace().map(str::to_owned)),
            "macaroon_file" => {
                access.macaroons.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
            }
            _ => {}
        }
    }
    Ok((access, form))
}

/// The sign before an ability.
fn sign(ability: &AbilityRow) -> (&'static str, &'static str) {
    match ability.can {
        Some(true) => ("good", "check"),
        Some(false) => ("mute", "ring"),
        None => ("warn", "wait"),
    }
}

/// What an ability comes to, in a word.
fn word(ability: &AbilityRow) -> &'static str {
    match ability.can {
        Some(true) => "Yes",
        Some(false) => "No",
        None => "LND does not tell",
    }
}

/// How many roles are not whole.
fn lacking(report: &NodeReport) -> usize {
    report.roles.iter().filter(|role| !role.missing.is_empty()).count()
}
