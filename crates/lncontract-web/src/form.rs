//! A form as it was typed: the values are kept, whatever was wrong with them,
//! and shown again beside what to do.
//!
//! Invariant: nothing typed is lost or changed; a password is never written back.

use std::borrow::Borrow;

use axum::{
    extract::{FromRequest, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lncontract_app::{AppError, Class};
use lncontract_core::Hash;

use crate::{
    format::{Markup, escape, icon, parse_amount},
    problem::Problem,
};

/// The fields of a form in their order; a name may come more than once (rows of a table).
#[derive(Clone, Debug, Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    trouble: Option<Trouble>,
}

/// Why a form was not done: a summary for its head, and what is wrong with single fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The fact.
    pub title: String,
    /// What to do.
    pub todo: String,
    /// Field (its name, or name and row as `ms-amount.2`) and what is wrong with it.
    pub faults: Vec<(String, String)>,
    /// What the answer's status line says.
    pub status: StatusCode,
}

impl Trouble {
    /// Bad input, found here.
    pub fn new(title: impl Into<String>, todo: impl Into<String>, faults: Vec<(String, String)>) -> Self {
        Self { title: title.into(), todo: todo.into(), faults, status: StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// One field is wrong.
    pub fn field(name: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(text.clone(), "Change it and send the form again.", vec![(name.to_owned(), text)])
    }
}

impl Form {
    /// A form as it is first shown.
    pub fn prefilled<N: Into<String>, V: Into<String>>(fields: impl IntoIterator<Item = (N, V)>) -> Self {
        Self { fields: fields.into_iter().map(|(n, v)| (n.into(), v.into())).collect(), trouble: None }
    }

    /// Returns a value, trimmed; empty where the field is absent.
    pub fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Returns a value, trimmed, if the form has the field: an empty one was emptied, an absent one stays as it is.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Returns a value as typed: for passwords, whose spaces count.
    pub fn exactly(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    }

    /// Returns all values of a repeated field, trimmed.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.trim())
    }

    /// Returns the value of a repeated field in a row, counted from 0.
    pub fn nth(&self, name: &str, row: impl Borrow<usize>) -> &str {
        self.all(name).nth(*row.borrow()).unwrap_or_default()
    }

    /// Whether a box is ticked, a choice made or a button pressed.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == value
    }

    /// Adds a field.
    pub fn push(&mut self, name: &str, value: &str) {
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    /// Takes a field out, all of its values or the one that is named.
    pub fn drop_value(&mut self, name: &str, value: Option<&str>) {
        self.fields.retain(|(field, text)| field != name || value.is_some_and(|value| text != value));
    }

    /// Takes a row out of a table: the `row`th value of each of these fields.
    pub fn drop_row(&mut self, names: &[&str], row: usize) {
        for name in names {
            let place = self.fields.iter().enumerate().filter(|(_, (field, _))| field == name).nth(row);
            if let Some((place, _)) = place {
                self.fields.remove(place);
            }
        }
    }

    /// Reads an amount.
    ///
    /// # Errors
    /// When it is not one.
    pub fn amount(&self, name: &str) -> Result<u64, Trouble> {
        parse_amount(self.get(name))
            .ok_or_else(|| Trouble::field(name, format!("{:?} is not a whole number.", self.get(name))))
    }

    /// Reads a hash.
    ///
    /// # Errors
    /// When it is not one.
    pub fn hash(&self, name: &str) -> Result<Hash, Trouble> {
        let text = self.get(name).to_ascii_lowercase();
        text.parse()
            .map_err(|_| Trouble::field(name, format!("A SHA-256 has 64 hexadecimal digits, not {text:?}.")))
    }

    /// The same form with what was wrong with it.
    #[must_use]
    pub fn with(mut self, trouble: impl Into<Trouble>) -> Self {
        self.trouble = Some(trouble.into());
        self
    }

    /// Takes a refusal of the use case onto the form; what no form can cure stays a problem of its own.
    ///
    /// # Errors
    /// When the thing is not there, the session is over, or the program is at fault.
    pub fn refused(self, error: AppError) -> Result<Self, Problem> {
        match error.class {
            Class::Refused | Class::NotNow => Ok(self.with(error)),
            Class::NotFound | Class::Locked | Class::Fault => Err(Problem(error)),
        }
    }

    /// What was wrong, for the summary.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// `Error: ` before the page's title where something was wrong, so that it is heard first.
    pub fn title_mark(&self) -> &'static str {
        if self.trouble.is_some() { "Error: " } else { "" }
    }

    /// The status line that goes with the page.
    pub fn status(&self) -> StatusCode {
        self.trouble.as_ref().map_or(StatusCode::OK, |trouble| trouble.status)
    }

    /// What is wrong with one field.
    pub fn fault(&self, name: impl AsRef<str>) -> Option<&str> {
        let name = name.as_ref();
        let faults = self.trouble.as_ref().map(|trouble| trouble.faults.as_slice()).unwrap_or_default();
        faults.iter().find(|(field, _)| field == name).map(|(_, text)| text.as_str())
    }

    /// Attributes of a field's input: what makes it invalid for eyes and for a reader.
    pub fn marks(&self, name: impl AsRef<str>) -> Markup {
        let name = name.as_ref();
        let fault = self
            .fault(name)
            .map(|_| format!("aria-invalid=\"true\" aria-describedby=\"{}-e\"", escape(name)));
        Markup(fault.unwrap_or_default())
    }

    /// The line below a field that says what is wrong with it.
    pub fn complaint(&self, name: impl AsRef<str>) -> Markup {
        let name = name.as_ref();
        let Some(fault) = self.fault(name) else { return Markup::default() };
        let (id, sign, text) = (escape(name), icon("stop"), escape(fault));
        Markup(format!("<p class=\"err\" id=\"{id}-e\">{sign}<span>{text}</span></p>"))
    }

    /// A labelled input. `attributes` is ours, never typed text.
    pub fn input(&self, name: &str, label: &str, hint: &str, attributes: &str) -> Markup {
        let secret = attributes.contains("password");
        let value = if secret { String::new() } else { escape(self.get(name)) };
        let described = if self.fault(name).is_some() { format!("{name}-e") } else { format!("{name}-h") };
        let invalid = if self.fault(name).is_some() { " aria-invalid=\"true\"" } else { "" };
        let hint_line = match hint {
            "" => String::new(),
            hint => format!("<p class=\"hint\" id=\"{name}-h\">{}</p>", escape(hint)),
        };
        let aria = if hint.is_empty() && invalid.is_empty() {
            String::new()
        } else {
            format!(" aria-describedby=\"{described}\"")
        };
        Markup(format!(
            "<div class=\"field\"><label for=\"{name}\">{}</label>\
             <input id=\"{name}\" name=\"{name}\" value=\"{value}\"{invalid}{aria} {attributes}>{hint_line}{}</div>",
            escape(label),
            self.complaint(name)
        ))
    }
}

impl From<AppError> for Trouble {
    fn from(error: AppError) -> Self {
        let status = crate::problem::status(error.class);
        Self { title: error.title, todo: error.todo, faults: Vec::new(), status }
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let form = axum::Form::<Vec<(String, String)>>::from_request(request, state).await;
        let axum::Form(fields) = form.map_err(IntoResponse::into_response)?;
        Ok(Self { fields, trouble: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_and_is_escaped() {
        let form = Form::prefilled([("title", "<b>12</b> \"units\"")])
            .with(Trouble::field("title", "The title is <too> short."));
        let html = form.input("title", "Title", "", "").0;
        assert!(html.contains("value=\"&lt;b&gt;12&lt;/b&gt; &quot;units&quot;\""), "{html}");
        assert!(html.contains("aria-invalid=\"true\""), "{html}");
        assert!(html.contains("The title is &lt;too&gt; short."), "{html}");
        assert_eq!(form.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn a_password_is_never_written_back() {
        let form = Form::prefilled([("password", "correct horse")]);
        assert!(!form.input("password", "Password", "", "type=\"password\"").0.contains("correct"));
    }

    #[test]
    fn rows_of_a_table_keep_their_order_and_can_be_dropped() {
        let mut form =
            Form::prefilled([("t", "a"), ("n", "1"), ("t", "b"), ("n", "2"), ("t", "c"), ("n", "3")]);
        form.drop_row(&["t", "n"], 1);
        assert_eq!(form.all("t").collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(form.nth("n", 1), "3");
        form.drop_row(&["t", "n"], 9);
        assert_eq!(form.all("t").count(), 2);
    }

    #[test]
    fn a_refusal_stays_on_the_form_and_a_fault_does_not() {
        let form = || Form::prefilled([("a", "b")]);
        assert!(form().refused(AppError::refused("x", "t", "d")).is_ok_and(|form| form.get("a") == "b"));
        assert!(form().refused(AppError::not_now("x", "t", "d")).is_ok());
        assert!(form().refused(AppError::fault("t")).is_err());
        assert!(form().refused(AppError::not_found("contract")).is_err());
    }
}
