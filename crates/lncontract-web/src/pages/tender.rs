//! Tender: what we proffer, with its evidence. No file is uploaded:
//! a document goes into the record by its SHA-256.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lncontract_app::view::{ContractView, ObligationRow, Quantity};
use lncontract_core::{
    Bytes, Hash,
    v1::{Document, Tender, Terms},
};
use sha2::{Digest as _, Sha256};

use super::{row as row_of, see, with_form};
use crate::{
    app::App,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::Shell,
};

/// How many documents the form takes by name and hash.
const DOCUMENTS: usize = 3;

#[derive(Template)]
#[template(path = "tender.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a ContractView,
    row: &'a ObligationRow,
    examination: String,
    /// Whether there is only one unit, so that no number is asked.
    whole: bool,
    form: &'a Form,
}

/// GET /contracts/{id}/tender/{row}
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, row)): Path<(Hash, String)>,
) -> Result<Response, Problem> {
    let (view, terms) = (app.contract(id).await?, app.terms_of(id).await?);
    let row = row_of(&view, &row)?;
    let form = Form::prefilled([("quantity", units(row).to_string())]);
    Ok(page(&shell, &view, &terms, row, &form))
}

/// POST /contracts/{id}/tender/{row}
pub async fn tender(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, row)): Path<(Hash, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let (view, terms) = (app.contract(id).await?, app.terms_of(id).await?);
    let row = row_of(&view, &row)?;
    let tender = match read(&form, row) {
        Ok(tender) => tender,
        Err(trouble) => return Ok(page(&shell, &view, &terms, row, &form.with(trouble))),
    };
    match app.tender(id, tender).await {
        Ok(_) => Ok(see(format!("/contracts/{id}"))),
        Err(error) => Ok(page(&shell, &view, &terms, row, &form.refused(error)?)),
    }
}

fn read(form: &Form, row: &ObligationRow) -> Result<Tender, Trouble> {
    Ok(Tender {
        row: row.row.clone(),
        quantity: form.amount("quantity")?,
        documents: documents(form)?,
        note: form.get("note").to_owned(),
    })
}

fn documents(form: &Form) -> Result<Vec<Document>, Trouble> {
    let mut documents = Vec::new();
    for line in 0..DOCUMENTS {
        let (name, sha256) = (form.nth("doc_name", line), form.nth("doc_sha256", line).to_ascii_lowercase());
        match (name.is_empty(), sha256.is_empty()) {
            (true, true) => continue,
            (true, false) => {
                return Err(Trouble::field(&format!("doc_name.{line}"), "A document needs a name."));
            }
            (false, _) => {}
        }
        let parsed = sha256.parse().map_err(|_| {
            let words =
                format!("A SHA-256 has 64 hexadecimal digits; {name:?} has {}.", sha256.chars().count());
            Trouble::field(&format!("doc_sha256.{line}"), words)
        })?;
        documents.push(Document { name: name.to_owned(), sha256: parsed });
    }
    let text = plain_lines(form.exactly("text"));
    if !text.trim().is_empty() {
        let name = Some(form.get("text_name")).filter(|name| !name.is_empty()).unwrap_or("note.txt");
        documents.push(Document { name: name.to_owned(), sha256: Bytes(Sha256::digest(&text).into()) });
    }
    Ok(documents)
}

/// Browsers send line ends as CR LF (WHATWG HTML, form submission); a file saved elsewhere has LF.
fn plain_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn units(row: &ObligationRow) -> u64 {
    match row.quantity {
        Quantity::Units(units) => units,
        Quantity::Sat(_) => 1,
    }
}

pub(crate) fn page(
    shell: &Shell,
    view: &ContractView,
    terms: &Terms,
    row: &ObligationRow,
    form: &Form,
) -> Response {
    let days = terms.clauses.examination_days;
    let silence = if terms.clauses.deemed_accepted { "; silence accepts" } else { "" };
    let examination = format!("within {days} days{silence}.");
    let whole = units(row) == 1;
    with_form(&Page { shell, view, row, examination, whole, form }, form)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_text_goes_by_its_hash_over_plain_line_feeds() {
        let of = |text: &str| documents(&Form::prefilled([("text", text), ("text_name", "C-0093")])).unwrap();
        assert_eq!(of("abc")[0].sha256.to_string(), SHA256_OF_ABC);
        assert_eq!(of("a\r\nb")[0].sha256, of("a\nb")[0].sha256);
        assert_eq!(of("abc")[0].name, "C-0093");
        assert!(of("  \r\n ").is_empty());
    }

    #[test]
    fn a_document_needs_a_name_and_a_whole_hash() {
        let check = |name: &str, sha256: &str, expect: Result<usize, &str>| {
            let form = Form::prefilled([("doc_name", name), ("doc_sha256", sha256)]);
            let found = documents(&form).map(|documents| documents.len());
            assert_eq!(found.map_err(|trouble| trouble.faults[0].0.clone()), expect.map_err(str::to_owned));
        };
        check("C-0093.pdf", SHA256_OF_ABC, Ok(1));
        check("C-0093.pdf", &SHA256_OF_ABC.to_uppercase(), Ok(1));
        check("C-0093.pdf", "abc", Err("doc_sha256.0"));
        check("C-0093.pdf", "", Err("doc_sha256.0"));
        check("", SHA256_OF_ABC, Err("doc_name.0"));
        check("", "", Ok(0));
    }
}
