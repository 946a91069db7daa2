//! `init`: the first run without the page. Makes the company and prints its 24 recovery words, once.
//!
//! Invariant: a company that is there is never replaced. Money:
//! the words are printed only after the store has the seed.

use std::{
    io::{self, BufRead, Write},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context, ensure};
use lncontract_app::{NewCompany, SystemClock};
use serde_json::json;

use crate::{config, say::say, wire};

/// What the command line says.
#[derive(clap::Args)]
pub struct Args {
    /// The data directory; made if it is missing
    #[arg(long, env = "LNCONTRACT_DIR", value_name = "DIR")]
    dir: PathBuf,
    /// The legal name of the company; asked for if it is left out
    #[arg(long)]
    name: Option<String>,
    /// Its name on pages, at most 24 characters; asked for if it is left out
    #[arg(long)]
    short_name: Option<String>,
    /// The name you will sign in with; asked for if it is left out
    #[arg(long)]
    user: Option<String>,
    /// File with the password; else LNCONTRACT_PASSWORD
    #[arg(long, env = "LNCONTRACT_PASSWORD_FILE", value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// One JSON object instead of lines
    #[arg(long)]
    json: bool,
}

/// Makes it. Returns the exit code.
///
/// # Errors
/// When there is a company already, a field is missing, or the folder can't be used.
pub async fn run(args: Args) -> anyhow::Result<u8> {
    let password = config::password(args.password_file.as_deref(), None)?.with_context(|| {
        format!("no password: set {}, or give --password-file FILE", config::PASSWORD_VARIABLE)
    })?;
    // The network is of no matter here: no node starts, and nothing of it is written.
    let app =
        wire::company_without_node(&args.dir, bitcoin::Network::Regtest, None, Arc::new(SystemClock)).await?;
    ensure!(
        !app.is_set_up().await?,
        "a company is set up in {} already: start it with serve, or give another --dir",
        args.dir.display()
    );
    let new = NewCompany {
        name: given("Legal name", args.name)?,
        short_name: given("Short name for pages", args.short_name)?,
        user: given("Your name", args.user)?,
        password: password.0,
    };
    let words = app.found_company(&new).await?.words();
    print(&new, &words, args.json);
    Ok(0)
}

/// What was given, or else what a person answers.
fn given(what: &str, value: Option<String>) -> anyhow::Result<String> {
    if let Some(value) = value {
        return Ok(value);
    }
    eprint!("{what}: ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("standard input can't be read")?;
    Ok(answer.trim().to_owned())
}

fn print(new: &NewCompany, words: &[String], json: bool) {
    if json {
        say!("{}", json!({ "company": new.name, "user": new.user, "words": words }));
        return;
    }
    say!(
        "{} is set up. These 24 words restore its keys and its money; write them on paper, in order:\n",
        new.name
    );
    for (row, four) in words.chunks(4).enumerate() {
        let cells: Vec<String> = four
            .iter()
            .enumerate()
            .map(|(column, word)| format!("{:>2} {word:<10}", row * 4 + column + 1))
            .collect();
        say!("    {}", cells.join(" ").trim_end());
    }
    say!("\nThey are not printed again; the page asks for some of them to see that they are written down.");
    say!("Start the program with `lncontract serve` and sign in as {}.", new.user);
}
