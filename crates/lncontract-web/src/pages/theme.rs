//! The colours a person chose: a cookie, no script, no flash.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use super::see;
use crate::{auth::local, form::Form, shell::Theme};

/// POST /theme
pub async fn choose(form: Form) -> Response {
    let theme = Theme::read(form.get("theme"));
    let cookie = format!("{}={}; SameSite=Lax; Path=/; Max-Age=31536000", Theme::COOKIE, theme.word());
    ([(header::SET_COOKIE, cookie)], see(local(form.get("back")))).into_response()
}
