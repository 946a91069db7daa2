//! What stands around every page: the company, the node in a word, who is signed in, and the colours chosen.
//!
//! Invariant: a page with a navigation is only made for somebody who is signed in.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use lncontract_app::view::{Badge, Frame, Tone};
use lncontract_core::Time;

use crate::{Web, auth::Session, problem::Problem};

/// The colours a person chose; kept in a cookie, written by the server into `<html data-theme>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Name of the cookie.
    pub const COOKIE: &str = "lncontract_theme";

    /// Reads a cookie or a form's value; what is not known is as the system.
    pub fn read(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What stands around a page.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Who we are and how our node does.
    pub frame: Frame,
    /// Who is signed in; empty outside.
    pub user: String,
    /// The colours chosen.
    pub theme: Theme,
    /// The page's own path.
    pub path: String,
    /// Whether the clock can be moved: in the sandbox.
    pub sandbox: bool,
}

impl Shell {
    /// A shell for pages that need no session, before anything is asked of the company.
    pub fn outside(headers: &HeaderMap, path: &str) -> Self {
        let frame = Frame {
            company: String::new(),
            short_name: String::new(),
            network: String::new(),
            node: Badge::new(Tone::Mute, "Not known"),
            height: 0,
            now: Time(0),
        };
        let theme = Theme::read(cookie(headers, Theme::COOKIE).unwrap_or_default());
        Self { frame, user: String::new(), theme, path: path.to_owned(), sandbox: false }
    }

    /// The same with the company's name and network, where they can be known.
    pub async fn named(mut self, web: &Web) -> Self {
        if let Ok(frame) = web.app.frame().await {
            self.frame = frame;
        }
        self
    }

    /// Whether an entry of the navigation is the present page or holds it.
    pub fn at(&self, part: &str) -> bool {
        if part == "/" { self.path == "/" } else { self.path.starts_with(part) }
    }

    /// The network in words; empty on mainnet, where nothing needs saying.
    pub fn network(&self) -> Option<Badge> {
        match self.frame.network.as_str() {
            "" | "mainnet" | "bitcoin" => None,
            network => Some(Badge::new(Tone::Warn, format!("Test network ({network})"))),
        }
    }
}

impl FromRequestParts<Web> for Shell {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let session = parts.extensions.get::<Session>().cloned();
        let frame = web.app.frame().await?;
        let outside = Self::outside(&parts.headers, parts.uri.path());
        let user = session.map(|session| session.user).unwrap_or_default();
        Ok(Self { frame, user, sandbox: web.clock.is_some(), ..outside })
    }
}

/// The token of the present session, for signing out.
impl FromRequestParts<Web> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        let session = parts.extensions.get::<Self>().cloned();
        session.ok_or_else(|| Problem(lncontract_app::AppError::locked("not signed in")))
    }
}

/// The request's headers and path, for pages outside a session.
#[derive(Clone, Debug)]
pub struct Outside(pub Shell);

impl FromRequestParts<Web> for Outside {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        Ok(Self(Shell::outside(&parts.headers, parts.uri.path()).named(web).await))
    }
}

/// Returns a cookie's value (RFC 6265), by hand: ours are plain tokens without quotes.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=1; lncontract_theme=dark".parse().unwrap());
        headers.append(header::COOKIE, "b=2".parse().unwrap());
        assert_eq!(cookie(&headers, "lncontract_theme"), Some("dark"));
        assert_eq!(cookie(&headers, "theme"), None);
        assert_eq!(cookie(&headers, "b"), Some("2"));
        assert_eq!(Shell::outside(&headers, "/").theme, Theme::Dark);
    }

    #[test]
    fn the_navigation_knows_where_one_is() {
        let shell = Shell::outside(&HeaderMap::new(), "/contracts/abc");
        assert!(shell.at("/contracts") && !shell.at("/") && !shell.at("/node"));
    }
}
