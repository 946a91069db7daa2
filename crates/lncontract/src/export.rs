//! `export`: the evidence of a contract out of the database, while the program does not run.
//!
//! Invariant: takes the data directory's lock as the program does;
//! a file that is there is never written over.

use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use lncontract_app::{App, SystemClock};
use lncontract_core::Hash;
use lncontract_record::verify_bundle;
use lncontract_store::SqliteStore;
use serde_json::json;

use crate::{say::say, wire};

/// What the command line says.
#[derive(clap::Args)]
pub struct Args {
    /// The data directory
    #[arg(long, env = "LNCONTRACT_DIR", value_name = "DIR")]
    dir: PathBuf,
    /// The contract's id; a wrong one gets the list
    #[arg(long, value_name = "ID")]
    contract: String,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// One JSON object instead of a line
    #[arg(long)]
    json: bool,
}

/// Writes the bundle. Returns the exit code: 1 where what was written does not hold.
///
/// # Errors
/// When the program runs, there is no such contract, or the file is there already.
pub async fn run(args: Args) -> anyhow::Result<u8> {
    // Opening would make a database; a wrong --dir is no reason for one.
    SqliteStore::schema_of(&args.dir)
        .await
        .with_context(|| format!("no company in {}: check --dir", args.dir.display()))?;
    let app =
        wire::company_without_node(&args.dir, bitcoin::Network::Regtest, None, Arc::new(SystemClock)).await?;
    let contract = find(&app, &args.contract).await?;
    let bytes = app.export_bundle(contract).await?;
    let verified = verify_bundle(&bytes);
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&args.out);
    let written = file.and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    written.with_context(|| format!("can't write {}: give a name that is not taken", args.out.display()))?;
    let entries = verified.as_ref().map_or(0, |report| report.heads.buyer.count + report.heads.seller.count);
    if args.json {
        let bundle = args.out.display().to_string();
        say!("{}", json!({ "bundle": bundle, "contract": contract.to_string(), "entries": entries }));
    } else {
        say!("{}: {entries} entries, {} bytes", args.out.display(), bytes.len());
    }
    if let Err(error) = verified {
        eprintln!(
            "lncontract: the record in the database does not hold: {error}; keep a copy and restore a backup"
        );
        return Ok(1);
    }
    Ok(0)
}

async fn find(app: &App, id: &str) -> anyhow::Result<Hash> {
    if let Ok(contract) = id.trim().to_lowercase().parse::<Hash>()
        && app.status(contract).await.is_ok()
    {
        return Ok(contract);
    }
    let known = app.contracts(None).await?;
    let list: Vec<String> = known.iter().map(|row| format!("  {}  {}", row.id, row.title)).collect();
    if list.is_empty() {
        bail!("no contract {id}: there is none in this data directory");
    }
    bail!("no contract {id}; the newest are:\n{}", list.join("\n"))
}
