//! The terms file on the page of a new contract: a draft fills the form, whole terms are offered as they are, and the
//! form's draft can be taken away as a file.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use lncontract_app::{
    terms_file::{TermsFile, write_draft},
    view::CompanyRow,
};
use lncontract_core::{
    template::{row_id, supply::Supply},
    v1::{Party, Side},
};

use super::{Offer, Read};
use crate::{
    form::{Form, Trouble},
    format::parse_amount,
    pages::draft,
};

/// Reads the file that was pasted: a draft becomes the form; whole terms stay a file.
pub fn read(form: Form, us: &Party, companies: &[CompanyRow]) -> Form {
    let text = form.exactly("pasted").to_owned();
    let again = |form: Form, title: &str, todo: String| {
        let faults = vec![("pasted".to_owned(), todo.clone())];
        form.with(Trouble::new(title, todo, faults))
    };
    match TermsFile::read(&text) {
        Err(error) => again(form, "the terms file can’t be read", error.to_string()),
        Ok(TermsFile::Whole(terms)) => {
            let (side, them) = who(us, &terms.buyer, &terms.seller, companies, &form);
            let side = if side == Side::Buyer { "buyer" } else { "seller" };
            let valid_days = form.get("valid_days").to_owned();
            let fields = [("our_side", side.to_owned()), ("counterparty", them), ("valid_days", valid_days)];
            let mut form = Form::prefilled(fields);
            form.push("file", &text);
            form
        }
        Ok(TermsFile::Supply(supply)) => {
            let (side, them) = who(us, &supply.buyer, &supply.seller, companies, &form);
            let ours = if side == Side::Buyer { &supply.buyer } else { &supply.seller };
            let theirs = if side == Side::Buyer { &supply.seller } else { &supply.buyer };
            let known = companies.iter().any(|company| company.name == theirs.name);
            let mut filled = draft::fill(&supply, side, &them, form.get("valid_days"));
            if ours.name == us.name && known {
                return filled;
            }
            // Their short names, tax ids and addresses are not ours.
            for whose in ["our", "their"] {
                for part in ["short_name", "tax_id", "address"] {
                    filled.drop_value(&format!("{whose}_{part}"), None);
                }
            }
            let (buyer, seller) = (&supply.buyer.name, &supply.seller.name);
            let todo = format!(
                "It names {buyer} as buyer and {seller} as seller; on this page stand {} and the chosen company.",
                us.name
            );
            let fault = "Choose the company that this is offered to; the file names another one.".to_owned();
            let faults = vec![("counterparty".to_owned(), fault)];
            filled.with(Trouble::new("the file is filled in, with other companies’ names", todo, faults))
        }
    }
}

/// Our side and the other company's id by the names in the file; where they fit nobody, as chosen.
fn who(us: &Party, buyer: &Party, seller: &Party, companies: &[CompanyRow], form: &Form) -> (Side, String) {
    let chosen = if form.is("our_side", "seller") { Side::Seller } else { Side::Buyer };
    let side = match (buyer.name == us.name, seller.name == us.name) {
        (true, _) => Side::Buyer,
        (_, true) => Side::Seller,
        _ => chosen,
    };
    let theirs = if side == Side::Buyer { seller } else { buyer };
    let known = companies.iter().find(|company| company.name == theirs.name);
    (side, known.map_or_else(|| form.get("counterparty").to_owned(), |company| company.id.clone()))
}

/// The whole terms of a file.
pub(super) fn whole(form: &Form) -> Read {
    let file = match TermsFile::read(form.get("file")) {
        Ok(file) => file,
        Err(error) => {
            let words = error.to_string();
            let faults = vec![("file".into(), words.clone())];
            let trouble = Trouble::new("the terms file can’t be read", words, faults);
            return Read { offer: None, supply: None, trouble: Some(trouble) };
        }
    };
    let (terms, faults) = file.terms();
    let mut faults: Vec<_> = faults.iter().map(|fault| ("file".to_owned(), fault.to_string())).collect();
    let valid_days = parse_amount(form.get("valid_days")).and_then(|days| u32::try_from(days).ok());
    if valid_days.is_none() {
        faults.push(("valid_days".into(), "Say for how many days the offer stands.".into()));
    }
    let todo = "Change the file where it says so.";
    let trouble =
        (!faults.is_empty()).then(|| Trouble::new("the contract can’t be offered yet", todo, faults));
    let offer = Offer {
        counterparty: form.get("counterparty").to_owned(),
        our_side: if form.is("our_side", "seller") { Side::Seller } else { Side::Buyer },
        terms,
        // Where it can't be read, the fault above stops the offer.
        valid_days: valid_days.unwrap_or_default(),
    };
    Read { offer: Some(offer), supply: None, trouble }
}

/// The draft as a file to keep; none if a number in it is larger than a file can hold.
pub fn download(draft: &Supply) -> Option<Response> {
    let text = write_draft(draft).ok()?;
    // Letters, digits and dashes only: the number is somebody's text.
    let name = format!("attachment; filename=\"{}.toml\"", row_id(&draft.number));
    let kind = HeaderValue::from_static("application/toml");
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).ok()?);
    Some(response)
}
