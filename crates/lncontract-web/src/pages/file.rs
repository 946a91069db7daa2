//! The record by a file: what the other company exported is taken here, where nothing else goes through.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Multipart, State},
    response::Response,
};
use lncontract_app::Taken;

use super::{html, with_form};
use crate::{
    app::App,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "file.html")]
struct Page<'a> {
    shell: &'a Shell,
    form: &'a Form,
    taken: Option<Taken>,
}

/// GET /record-file
pub async fn show(shell: Shell) -> Response {
    html(&Page { shell: &shell, form: &Form::default(), taken: None })
}

/// POST /record-file
pub async fn take(
    State(app): State<Arc<App>>,
    shell: Shell,
    mut parts: Multipart,
) -> Result<Response, Problem> {
    let again = |form: &Form| with_form(&Page { shell: &shell, form, taken: None }, form);
    let file = match parts.next_field().await {
        Ok(Some(field)) if field.name() == Some("file") => field.bytes().await,
        Ok(_) => return Ok(again(&Form::default().with(Trouble::field("file", "Choose a file.")))),
        Err(error) => Err(error),
    };
    let bytes = match file {
        Ok(bytes) if !bytes.is_empty() => bytes,
        Ok(_) => return Ok(again(&Form::default().with(Trouble::field("file", "Choose a file.")))),
        Err(error) => {
            let todo = "Nothing was taken. Choose the file again; it may have 64 MiB.";
            let trouble = Trouble::new("The file did not arrive whole", todo, vec![]);
            tracing::info!(%error, "an upload broke off");
            return Ok(again(&Form::default().with(trouble)));
        }
    };
    match app.take_file(bytes.to_vec()).await {
        Ok(taken) => Ok(html(&Page { shell: &shell, form: &Form::default(), taken: Some(taken) })),
        Err(error) => Ok(again(&Form::default().refused(error)?)),
    }
}

/// What a file brought, in a sentence each.
fn sentences(taken: &Taken) -> Vec<String> {
    let entries = |count: u64| format!("{count} {}", if count == 1 { "entry" } else { "entries" });
    let mut said = vec![match (taken.new, taken.known) {
        (0, known) => format!("Nothing in it is new: its {} were here already.", entries(known)),
        (new, 0) => format!("{} came with it.", entries(new)),
        (new, known) => format!("{} came with it; {} were here already.", entries(new), entries(known)),
    }];
    if taken.ahead > 0 {
        let ahead = entries(taken.ahead);
        said.push(format!("{ahead} are dated ahead of our clock: check it, and take the file again later."));
    }
    if taken.lacking > 0 {
        let lacking = entries(taken.lacking);
        said.push(format!(
            "We hold {lacking} that the file does not: export our record and bring it to them."
        ));
    }
    said
}

#[cfg(test)]
mod tests {
    use lncontract_core::Bytes;

    use super::*;

    #[test]
    fn what_a_file_brought_is_said_with_what_to_do() {
        let said = |new, known, lacking, ahead| {
            sentences(&Taken { contract: Bytes([0; 32]), new, known, lacking, ahead }).join(" ")
        };
        assert_eq!(said(1, 0, 0, 0), "1 entry came with it.");
        assert_eq!(said(0, 7, 0, 0), "Nothing in it is new: its 7 entries were here already.");
        assert!(
            said(2, 7, 3, 0).ends_with(
                "We hold 3 entries that the file does not: export our record and bring it to them."
            )
        );
        assert!(
            said(2, 7, 0, 1).contains("1 entry are dated ahead")
                || said(2, 7, 0, 1).contains("dated ahead of our clock")
        );
    }
}
