//! One command's talk with the running program: sign in, ask, sign out.
//!
//! Invariant: the password is sent to the address that was named and shown nowhere; the session ends with the command.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde_json::{Value, json};

use super::http::Server;
use crate::{config, say::say};

/// Which program to ask, and as whom.
#[derive(clap::Args)]
pub struct Ask {
    /// The program's pages
    #[arg(long, global = true, env = "LNCONTRACT_URL", default_value = "http://127.0.0.1:8420")]
    url: String,
    /// Who asks: the name that signs in
    #[arg(long, global = true, env = "LNCONTRACT_USER")]
    user: Option<String>,
    /// File with the password; else LNCONTRACT_PASSWORD
    #[arg(long, global = true, env = "LNCONTRACT_PASSWORD_FILE", value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
    /// The program's answer as it is, one JSON value
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// One request, and how its answer is shown to people.
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Option<Vec<u8>>,
    pub(super) show: fn(&Value) -> String,
}

pub(super) fn get(path: String, show: fn(&Value) -> String) -> Request {
    Request { method: "GET", path, body: None, show }
}

pub(super) fn post(path: String, body: Value, show: fn(&Value) -> String) -> Request {
    Request { method: "POST", path, body: Some(body.to_string().into_bytes()), show }
}

/// Writes a contract's record to a file.
pub(super) async fn export(ask: &Ask, id: &str, out: &Path) -> anyhow::Result<u8> {
    let session = Session::open(ask).await?;
    let bytes =
        session.server.bytes("GET", &format!("/contracts/{id}/bundle"), Some(&session.token), None).await;
    session.close().await;
    let bytes = bytes?;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(out);
    let written = file.and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    written.with_context(|| format!("can't write {}: give a name that is not taken", out.display()))?;
    if ask.json {
        say!("{}", json!({ "bundle": out.display().to_string(), "contract": id, "bytes": bytes.len() }));
    } else {
        say!(
            "{}: {} bytes; `lncontract verify` checks it, `contract import` takes it over there",
            out.display(),
            bytes.len()
        );
    }
    Ok(0)
}

pub(super) async fn ask(ask: &Ask, request: Request) -> anyhow::Result<u8> {
    let session = Session::open(ask).await?;
    let (path, token) = (&request.path, Some(session.token.as_str()));
    let answer = session.server.call(request.method, path, token, request.body.as_deref()).await;
    session.close().await;
    let answer = answer?;
    if ask.json {
        say!("{answer}");
    } else {
        say!("{}", (request.show)(&answer));
    }
    Ok(0)
}

/// Between signing in and signing out.
pub(super) struct Session {
    pub(super) server: Server,
    pub(super) token: String,
}

impl Session {
    pub(super) async fn open(ask: &Ask) -> anyhow::Result<Self> {
        let server = Server::at(&ask.url)?;
        let user = ask.user.as_deref().context("who asks? give --user NAME, or set LNCONTRACT_USER")?;
        let password = config::password(ask.password_file.as_deref(), None)?;
        let password = password.with_context(|| {
            format!("no password: set {}, or give --password-file FILE", config::PASSWORD_VARIABLE)
        })?;
        let credentials = json!({ "user": user, "password": password.0 }).to_string();
        let session = server.call("POST", "/sessions", None, Some(credentials.as_bytes())).await?;
        let token = session["token"].as_str().context("the program gave no session")?.to_owned();
        Ok(Self { server, token })
    }

    /// A session that is not ended here ends by itself; the answer matters more.
    pub(super) async fn close(&self) {
        let _ = self.server.call("DELETE", "/sessions", Some(&self.token), None).await;
    }
}
