//! Sessions over REST: a name and a password for a token, which lives as long as a session of the pages.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use super::Body;
use crate::{Web, auth::Session, pages::sign_in::attempt, problem::Problem};

/// Who signs in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    user: String,
    password: String,
}

/// What to send from now on.
#[derive(Serialize)]
pub struct Token {
    token: String,
}

/// POST /api/v1/sessions
pub async fn sign_in(
    State(web): State<Web>,
    Body(who): Body<Credentials>,
) -> Result<(StatusCode, Json<Token>), Problem> {
    let token = attempt(&web, &who.user, &who.password).await?;
    Ok((StatusCode::CREATED, Json(Token { token })))
}

/// DELETE /api/v1/sessions: ends the session whose token was sent.
pub async fn sign_out(State(web): State<Web>, session: Session) -> Result<StatusCode, Problem> {
    web.app.sign_out(&session.token).await?;
    Ok(StatusCode::NO_CONTENT)
}
