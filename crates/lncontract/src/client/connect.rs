//! `node connect`: the company's own LND, tested by the running program and then used.
//!
//! Invariant: macaroons and lndconnect strings come from files; they go to the program that was named, and are printed
//! nowhere.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use bitcoin::hex::DisplayHex;
use serde_json::{Value, json};

use super::{
    print,
    session::{Ask, Session},
};
use crate::{config, say::say};

/// What leads to the LND.
#[derive(clap::Args)]
pub struct Args {
    /// File with an lndconnect:// string, in place of address, certificate and macaroons
    #[arg(long, value_name = "FILE", conflicts_with_all = ["lnd_address", "lnd_certificate_file", "lnd_macaroon_file"])]
    lndconnect_file: Option<PathBuf>,
    /// LND's gRPC interface
    #[arg(long, value_name = "HOST:PORT", requires = "lnd_certificate_file")]
    lnd_address: Option<String>,
    /// LND's own tls.cert
    #[arg(long, value_name = "FILE", requires = "lnd_macaroon_file")]
    lnd_certificate_file: Option<PathBuf>,
    /// A macaroon that `lncontract lnd bake` made; several: the option again, or commas
    #[arg(long, value_name = "FILE", value_delimiter = ',', requires = "lnd_address")]
    lnd_macaroon_file: Vec<PathBuf>,
    /// Where other nodes reach it [default: as it announces itself]
    #[arg(long, value_name = "HOST:PORT")]
    reached_at: Option<String>,
}

/// Tests it, shows what it can do, and uses it. Returns the exit code.
///
/// # Errors
/// When a file can't be read, or the program refuses; the node of before stays then.
pub(super) async fn run(ask: &Ask, args: Args) -> anyhow::Result<u8> {
    let access = access(&args)?.to_string();
    let password = config::password(ask.password_file.as_deref(), None)?;
    let password = password.map(|password| password.0).unwrap_or_default();
    let session = Session::open(ask).await?;
    let (server, token) = (&session.server, Some(session.token.as_str()));
    let connected = async {
        let tested = server.call("POST", "/node/own/tests", token, Some(access.as_bytes())).await?;
        if ask.json {
            say!("{tested}");
        } else {
            say!("{}", print::node_report(&tested["report"]));
        }
        let obstacle = tested["report"]["obstacle"].as_str().unwrap_or_default();
        ensure!(obstacle.is_empty(), "it can't be used: {obstacle}");
        let order = json!({ "id": tested["id"], "password": password }).to_string();
        server.call("POST", "/node/own", token, Some(order.as_bytes())).await
    };
    let connected = connected.await;
    session.close().await;
    connected?;
    if !ask.json {
        say!("it is the company's node from now on; `node info` shows it");
    }
    Ok(0)
}

/// The body of the request.
fn access(args: &Args) -> anyhow::Result<Value> {
    let reached_at = args.reached_at.clone().unwrap_or_default();
    if let Some(file) = &args.lndconnect_file {
        return Ok(json!({ "connect": text(file)?, "reached_at": reached_at }));
    }
    let (Some(address), Some(certificate)) = (&args.lnd_address, &args.lnd_certificate_file) else {
        bail!(
            "no LND: give --lnd-address, --lnd-certificate-file and --lnd-macaroon-file, or --lndconnect-file"
        );
    };
    let macaroons: anyhow::Result<Vec<String>> =
        args.lnd_macaroon_file.iter().map(|file| Ok(read(file)?.to_lower_hex_string())).collect();
    Ok(json!({
        "address": address, "certificate": text(certificate)?, "macaroons": macaroons?, "reached_at": reached_at,
    }))
}

fn text(file: &Path) -> anyhow::Result<String> {
    String::from_utf8(read(file)?).ok().with_context(|| format!("{} is no text", file.display()))
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("the file {} can't be read", file.display()))
}
