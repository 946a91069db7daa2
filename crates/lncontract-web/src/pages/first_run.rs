//! First run: the company, its recovery words, and proof that they are on paper.
//!
//! Money: the words are in the answer that shows them and nowhere else here;
//! showing them again takes the password.

use std::cmp::Ordering;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use lncontract_app::{AppError, Class};

use super::{html, see, with_form};
use crate::{
    Web,
    app::NewCompany,
    auth,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::{Outside, Shell},
};

// The template names its own module, for the signs of the three steps.
use crate::pages::first_run;

/// Which words are asked for: one of each third, so that no page is left out.
/// The program checks that there are three.
const ASKED: [(&str, &str, usize); 3] =
    [("word_3", "Word 3", 3), ("word_12", "Word 12", 12), ("word_22", "Word 22", 22)];

#[derive(Template)]
#[template(path = "first_run_company.html")]
struct CompanyPage<'a> {
    shell: &'a Shell,
    form: &'a Form,
    step: u8,
}

#[derive(Template)]
#[template(path = "first_run_words.html")]
struct WordsPage<'a> {
    shell: &'a Shell,
    form: &'a Form,
    words: &'a [String],
    step: u8,
}

#[derive(Template)]
#[template(path = "first_run_check.html")]
struct CheckPage<'a> {
    shell: &'a Shell,
    form: &'a Form,
    asked: Vec<(&'static str, &'static str)>,
    step: u8,
}

/// The three steps: the words, the sign before them, and whether each is done or under way.
pub fn pace(step: &u8) -> [(&'static str, &'static str, Ordering); 3] {
    [(1, "1 Company"), (2, "2 Recovery words"), (3, "3 Check the words")].map(|(number, words)| {
        let place = u8::cmp(&number, step);
        let sign = match place {
            Ordering::Less => "check",
            Ordering::Equal => "wait",
            Ordering::Greater => "ring",
        };
        (words, sign, place)
    })
}

/// GET /setup
pub async fn show(State(web): State<Web>, Outside(shell): Outside) -> Result<Response, Problem> {
    if web.app.is_set_up().await? {
        return Ok(see("/"));
    }
    let form = Form::default();
    Ok(with_form(&CompanyPage { shell: &shell, form: &form, step: 1 }, &form))
}

/// POST /setup: answers with the words at once, because nothing keeps them for a second request.
pub async fn set_up(
    State(web): State<Web>,
    Outside(shell): Outside,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    if web.app.is_set_up().await? {
        return Ok(see("/sign-in"));
    }
    match begin(&web, &form).await {
        Ok((words, token)) => {
            let cookie = [(header::SET_COOKIE, auth::set_cookie(&headers, &token))];
            let page = WordsPage { shell: &shell, form: &Form::default(), words: &words, step: 2 };
            Ok((cookie, html(&page)).into_response())
        }
        Err(trouble) => {
            let form = form.with(trouble);
            Ok(with_form(&CompanyPage { shell: &shell, form: &form, step: 1 }, &form))
        }
    }
}

async fn begin(web: &Web, form: &Form) -> Result<(Vec<String>, String), Trouble> {
    let password = form.exactly("password");
    if password != form.exactly("again") {
        return Err(Trouble::field("again", "The two passwords differ. Type both again."));
    }
    let new = NewCompany {
        name: form.get("name").to_owned(),
        short_name: form.get("short_name").to_owned(),
        user: form.get("user").to_owned(),
        password: password.to_owned(),
    };
    let user = new.user.clone();
    let words = web.app.new_company(new).await?;
    let token = web.app.sign_in(&user, password).await?;
    Ok((words, token))
}

/// GET /setup/words: asks for the password first.
pub async fn ask_words(shell: Shell) -> Response {
    let form = Form::default();
    with_form(&WordsPage { shell: &shell, form: &form, words: &[], step: 2 }, &form)
}

/// POST /setup/words
pub async fn show_words(State(web): State<Web>, shell: Shell, form: Form) -> Result<Response, Problem> {
    let (form, words) = match web.app.recovery_words(form.exactly("password")).await {
        Ok(words) => (form, words),
        Err(error) => (kept(form, error)?, Vec::new()),
    };
    Ok(with_form(&WordsPage { shell: &shell, form: &form, words: &words, step: 2 }, &form))
}

/// GET /setup/confirm
pub async fn ask_check(shell: Shell) -> Response {
    check_page(&shell, &Form::default())
}

/// POST /setup/confirm
pub async fn check(State(web): State<Web>, shell: Shell, form: Form) -> Result<Response, Problem> {
    let typed = ASKED.map(|(field, _, number)| (number, form.get(field).to_lowercase()));
    match web.app.confirm_words(form.exactly("password"), &typed).await {
        // The next thing that is missing.
        Ok(()) if web.app.awaits_own_node().await => Ok(see("/node/lnd")),
        Ok(()) => Ok(see("/")),
        Err(error) => Ok(check_page(&shell, &kept(form, error)?)),
    }
}

/// A wrong password belongs to this form; it does not end the session.
fn kept(form: Form, error: AppError) -> Result<Form, Problem> {
    match error.class {
        Class::Locked => {
            Ok(form.with(Trouble { status: StatusCode::UNPROCESSABLE_ENTITY, ..Trouble::from(error) }))
        }
        _ => form.refused(error),
    }
}

fn check_page(shell: &Shell, form: &Form) -> Response {
    let asked = ASKED.map(|(field, label, _)| (field, label)).to_vec();
    with_form(&CheckPage { shell, form, asked, step: 3 }, form)
}
