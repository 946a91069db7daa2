//! Who may come in: every address needs a session unless it is on one short list. Default deny.
//!
//! Invariant: a new route is closed until somebody puts it on the list below. Money:
//! no act without a session.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use lncontract_app::AppError;

use crate::{Web, problem::Problem, shell::cookie};

/// Every attempt to sign in takes at least that long, so that guessing is slow and tells nothing by its time.
pub const SIGN_IN_DELAY: Duration = Duration::from_millis(400);
/// So many attempts run at once; more are turned away.
pub const SIGN_IN_AT_ONCE: usize = 4;

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// The user's name.
    pub user: String,
    /// The session's token, hexadecimal.
    pub token: String,
}

/// What needs no session: setting up (closed by itself once done), signing in, colours,
/// stylesheet and script.
fn is_public(method: &Method, path: &str) -> bool {
    matches!(path, "/setup" | "/sign-in" | "/theme")
        || path.starts_with("/assets/")
        || (path == "/api/v1/sessions" && method == Method::POST)
}

/// Lets requests with a session through, and sends everybody else to where they can get one.
pub async fn guard(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if is_public(request.method(), &path) {
        return next.run(request).await;
    }
    match session(&web, token(request.headers(), &path)).await {
        Ok(Some(session)) => {
            request.extensions_mut().insert(session);
            return next.run(request).await;
        }
        Ok(None) => {}
        Err(error) => return Problem(error).into_response(),
    }
    if path.starts_with("/api/") || path == "/events" {
        return Problem(AppError::locked("not signed in")).into_response();
    }
    match web.app.is_set_up().await {
        Ok(true) => {}
        Ok(false) => return Redirect::to("/setup").into_response(),
        Err(error) => return Problem(error).into_response(),
    }
    let back = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let back = if request.method() == Method::GET && path != "/" {
        format!("?next={}", encoded(back))
    } else {
        String::new()
    };
    Redirect::to(&format!("/sign-in{back}")).into_response()
}

async fn session(web: &Web, token: Option<String>) -> Result<Option<Session>, AppError> {
    let Some(token) = token else { return Ok(None) };
    // After a start the keys are locked until somebody gives the password:
    // an older session is no use until then.
    if !web.app.is_unlocked().await {
        return Ok(None);
    }
    Ok(web.app.session(&token).await?.map(|user| Session { user, token }))
}

/// The token of a request: `Authorization: Bearer` for the API,
/// the cookie for pages and for the API from a page.
fn token(headers: &HeaderMap, path: &str) -> Option<String> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer ")).filter(|_| path.starts_with("/api/"));
    let token = bearer.or_else(|| cookie(headers, &cookie_name(headers)))?.trim();
    Some(token.to_owned()).filter(|token| !token.is_empty())
}

/// Cookies don't know ports: two companies on one machine would sign each other out,
/// so the name carries the port.
fn cookie_name(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = host.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
    format!("lncontract_session_{}", port.unwrap_or("default"))
}

/// The `Set-Cookie` of a new session. It lives as long as the browser;
/// the program decides how long it counts.
pub fn set_cookie(headers: &HeaderMap, token: &str) -> String {
    format!("{}={token}; HttpOnly; SameSite=Lax; Path=/", cookie_name(headers))
}

/// The `Set-Cookie` that takes the session away.
pub fn clear_cookie(headers: &HeaderMap) -> String {
    format!("{}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0", cookie_name(headers))
}

/// Where to go after signing in or choosing colours: a path here, never another site.
pub fn local(path: &str) -> &str {
    let here = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && path.is_ascii();
    if here && !path.chars().any(char::is_control) { path } else { "/" }
}

/// Percent-encodes a path for a query (RFC 3986).
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_list_is_open() {
        let check = |method, path, expect| assert_eq!(is_public(&method, path), expect, "{path}");
        check(Method::GET, "/sign-in", true);
        check(Method::POST, "/setup", true);
        check(Method::GET, "/assets/lncontract.css", true);
        check(Method::POST, "/api/v1/sessions", true);
        check(Method::DELETE, "/api/v1/sessions", false);
        check(Method::GET, "/", false);
        check(Method::GET, "/setup/words", false);
        check(Method::GET, "/api/v1/contracts", false);
        check(Method::GET, "/sign-in/../contracts", false);
        check(Method::GET, "/anything-new", false);
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        let check = |path, expect| assert_eq!(local(path), expect);
        check("/contracts/abc?x=1", "/contracts/abc?x=1");
        check("//evil.example", "/");
        check("https://evil.example", "/");
        check("/\\evil.example", "/");
        check("/a\r\nset-cookie: x", "/");
        check("", "/");
    }

    #[test]
    fn the_cookie_carries_the_port_and_no_script_reads_it() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:8081".parse().unwrap());
        let set = set_cookie(&headers, "abc");
        assert_eq!(set, "lncontract_session_8081=abc; HttpOnly; SameSite=Lax; Path=/");
        headers.insert(
            header::COOKIE,
            "lncontract_session_8082=other; lncontract_session_8081=abc".parse().unwrap(),
        );
        assert_eq!(token(&headers, "/"), Some("abc".to_owned()));
        headers.insert(header::AUTHORIZATION, "Bearer def".parse().unwrap());
        assert_eq!(token(&headers, "/api/v1/node"), Some("def".to_owned()));
        assert_eq!(token(&headers, "/"), Some("abc".to_owned()));
    }

    #[test]
    fn the_way_back_is_encoded() {
        assert_eq!(encoded("/a?b=c&d"), "/a%3Fb%3Dc%26d");
    }
}
