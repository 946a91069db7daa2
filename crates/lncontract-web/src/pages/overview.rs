//! The overview: what to do today, what is late, what is not covered.

use std::{borrow::Borrow, sync::Arc};

use askama::Template;
use axum::{extract::State, response::Response};
use lncontract_app::view::{Overview, Progress};

use super::{html, stages};
use crate::{app::App, format as f, problem::Problem, shell::Shell};

#[derive(Template)]
#[template(path = "overview.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a Overview,
    done: usize,
}

impl Page<'_> {
    /// Whether this is the first step that is not done: its button is the page's main one.
    fn is_next(&self, step: impl Borrow<usize>) -> bool {
        self.view.first_steps.iter().position(|(_, done)| !done) == Some(*step.borrow())
    }

    /// Whether no contract is left for the list.
    fn shows_all(&self) -> bool {
        self.view.contract_count == self.view.contracts.len() as u64
    }
}

/// GET /
pub async fn show(State(app): State<Arc<App>>, shell: Shell) -> Result<Response, Problem> {
    let view = app.overview().await?;
    Ok(page(&shell, &view))
}

pub(crate) fn page(shell: &Shell, view: &Overview) -> Response {
    let done = view.first_steps.iter().filter(|(_, done)| *done).count();
    html(&Page { shell, view, done })
}
