//! The client commands: a running program asked over its REST interface,
//! by the same user and password as on its pages.
//!
//! Invariant: a command is one request between signing in and signing out; it knows no rule and no record.
//! Money: paying names the amount, and the program refuses another one.

mod connect;
mod http;
mod print;
mod session;
mod wallet;

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use self::session::{Ask, Request, ask, export, get, post};
pub use self::wallet::{WalletArgs, wallet};
use crate::{say::say, terms_file};

/// Asks about contracts.
#[derive(clap::Args)]
pub struct ContractArgs {
    #[command(subcommand)]
    command: Contract,
    #[command(flatten)]
    ask: Ask,
}

#[derive(clap::Subcommand)]
enum Contract {
    /// The contracts, newest first, a page at a time
    List {
        /// The last one of the page before
        #[arg(long, value_name = "ID")]
        after: Option<String>,
    },
    /// One contract: figures, what is to be done, rows by due date
    Show {
        /// Its id
        id: String,
    },
    /// Read a terms file (TOML), say everything that is wrong with it, and print the terms; asks nobody
    Draft {
        /// The file: the draft of a template, or whole terms; examples/terms has some
        #[arg(long, value_name = "FILE")]
        terms: PathBuf,
    },
    /// Offer the terms of a file for a contract that is in force
    Amend {
        /// Its id
        id: String,
        /// The file, as for `draft`
        #[arg(long, value_name = "FILE")]
        terms: PathBuf,
        /// For how many days the offer stands
        #[arg(long, default_value_t = 14)]
        valid_days: u32,
    },
    /// Write a contract's record to a file: evidence, and what brings it to the other company where nothing else does
    Export {
        /// Its id
        id: String,
        /// The file to write; one that is there is not written over
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Take the record that the other company exported
    Import {
        /// The file
        file: PathBuf,
    },
    /// Answer the open offer with the terms of a file
    Counter {
        /// Its id
        id: String,
        /// The file, as for `draft`
        #[arg(long, value_name = "FILE")]
        terms: PathBuf,
        /// For how many days the offer stands
        #[arg(long, default_value_t = 14)]
        valid_days: u32,
    },
    /// Offer the terms of a file to a company
    Offer {
        /// The file, as for `draft`
        #[arg(long, value_name = "FILE")]
        terms: PathBuf,
        /// The company's id, as its row under Companies has it
        #[arg(long)]
        to: String,
        /// Which side we are
        #[arg(long, default_value = "buyer", value_parser = ["buyer", "seller"])]
        side: String,
        /// For how many days the offer stands
        #[arg(long, default_value_t = 14)]
        valid_days: u32,
    },
}

/// Asks about a contract's channels.
#[derive(clap::Args)]
pub struct ChannelArgs {
    #[command(subcommand)]
    command: Channel,
    #[command(flatten)]
    ask: Ask,
}

#[derive(clap::Subcommand)]
enum Channel {
    /// The channels of a contract
    List {
        /// The contract's id
        contract: String,
    },
    /// Announce a tranche of the funding plan and open its channel
    Fund {
        /// The contract's id
        contract: String,
        /// The tranche's id
        tranche: String,
        /// Set aside what another contract with the same company released, in place of a new channel: the release
        /// entry's id, as `list` shows it there
        #[arg(long, value_name = "RELEASE")]
        release: Option<String>,
    },
    /// Close a channel together with the counterparty
    Close {
        /// The contract's id
        contract: String,
        /// The fund entry's id, as `list` shows it
        fund: String,
    },
    /// The seller: give money that is set aside in a channel back; the channel goes on
    Release {
        /// The contract's id
        contract: String,
        /// The fund entry's id, as `list` shows it
        fund: String,
        /// How much, in satoshi
        amount_sat: u64,
    },
    /// The buyer: take out on chain what a release gave back
    TakeBack {
        /// The contract's id
        contract: String,
        /// The release entry's id, as `list` shows it
        release: String,
    },
}

/// Asks about invoices.
#[derive(clap::Args)]
pub struct InvoiceArgs {
    #[command(subcommand)]
    command: Invoice,
    #[command(flatten)]
    ask: Ask,
}

#[derive(clap::Subcommand)]
enum Invoice {
    /// What we began to pay, and what we asked to be paid
    List {
        /// The contract's id
        contract: String,
    },
    /// What one should know before paying it, and the receipt after
    Show {
        /// The contract's id
        contract: String,
        /// The invoice entry's id
        invoice: String,
    },
    /// Make the invoice of a payment that is due
    Make {
        /// The contract's id
        contract: String,
        /// The payment's row
        row: String,
    },
    /// Pay it over the contract's channels
    Pay {
        /// The contract's id
        contract: String,
        /// The invoice entry's id
        invoice: String,
        /// The amount, in satoshi: has to be the invoice's
        #[arg(long)]
        amount_sat: u64,
    },
}

/// Asks about the companies that ours knows.
#[derive(clap::Args)]
pub struct CompanyArgs {
    #[command(subcommand)]
    command: Company,
    #[command(flatten)]
    ask: Ask,
}

#[derive(clap::Subcommand)]
enum Company {
    /// All companies we know, with the words to compare
    List,
    /// Our invite, to hand over
    Invite,
    /// Take the other company's invite and connect to its node
    Accept {
        /// The whole text of the invite
        invite: String,
    },
    /// State that a person compared the words by voice
    Confirm {
        /// The company's id, as `list` shows it
        id: String,
    },
}

/// Asks about the node.
#[derive(clap::Args)]
pub struct NodeArgs {
    #[command(subcommand)]
    command: Node,
    #[command(flatten)]
    ask: Ask,
}

#[derive(clap::Subcommand)]
enum Node {
    /// Balances, channels, peers
    Info,
    /// A fresh deposit address
    Address,
    /// Our books beside the node's balances, to the millisatoshi
    Account,
    /// Connect the company's own LND, tested first, where no option of `serve` names one
    Connect(connect::Args),
}

/// Moves the sandbox's clock.
#[derive(clap::Args)]
pub struct ClockArgs {
    #[command(subcommand)]
    command: Clock,
    #[command(flatten)]
    ask: Ask,
}

#[derive(clap::Subcommand)]
enum Clock {
    /// Move the clock of both companies of a running sandbox forward, with the blocks of that time
    Forward {
        /// How many days, 1 to 92
        days: u16,
    },
}

/// `contract`.
///
/// # Errors
/// When the program does not answer, or refuses.
pub async fn contract(args: ContractArgs) -> anyhow::Result<u8> {
    let request = match args.command {
        Contract::List { after: None } => get("/contracts".into(), print::contracts),
        Contract::List { after: Some(id) } => {
            get(format!("/contracts?after={}", segment(&id)?), print::contracts)
        }
        Contract::Show { id } => get(format!("/contracts/{}", segment(&id)?), print::contract),
        Contract::Draft { terms } => {
            let terms = serde_json::to_value(terms_file::read(&terms)?)?;
            say!("{}", if args.ask.json { terms.to_string() } else { print::terms(&terms) });
            return Ok(0);
        }
        Contract::Amend { id, terms, valid_days } => {
            post(format!("/contracts/{}/amend", segment(&id)?), version(&terms, valid_days)?, print::written)
        }
        Contract::Counter { id, terms, valid_days } => post(
            format!("/contracts/{}/counter", segment(&id)?),
            version(&terms, valid_days)?,
            print::written,
        ),
        Contract::Export { id, out } => return export(&args.ask, segment(&id)?, &out).await,
        Contract::Import { file } => {
            let bytes = std::fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
            Request { method: "POST", path: "/bundles".into(), body: Some(bytes), show: print::taken }
        }
        Contract::Offer { terms, to, side, valid_days } => {
            let terms = terms_file::read(&terms)?;
            let body = json!({
                "counterparty": to, "our_side": side, "terms": terms, "valid_days": valid_days,
            });
            post("/contracts".into(), body, |answer| {
                format!("offered as contract {}", print::field(answer, "id"))
            })
        }
    };
    ask(&args.ask, request).await
}

/// `channel`.
///
/// # Errors
/// When the program does not answer, or refuses.
pub async fn channel(args: ChannelArgs) -> anyhow::Result<u8> {
    let request = match args.command {
        Channel::List { contract } => get(format!("/contracts/{}", segment(&contract)?), print::channels),
        Channel::Fund { contract, tranche, release } => post(
            format!("/contracts/{}/funds", segment(&contract)?),
            match release {
                Some(release) => json!({ "tranche": tranche, "release": release }),
                None => json!({ "tranche": tranche }),
            },
            print::written,
        ),
        Channel::Close { contract, fund } => post(
            format!("/contracts/{}/funds/{}/close", segment(&contract)?, segment(&fund)?),
            json!({ "alone": false }),
            |_| "closing; `channel list` tells the rest".into(),
        ),
        Channel::Release { contract, fund, amount_sat } => post(
            format!("/contracts/{}/funds/{}/release", segment(&contract)?, segment(&fund)?),
            json!({ "amount_sat": amount_sat }),
            print::written,
        ),
        Channel::TakeBack { contract, release } => post(
            format!("/contracts/{}/releases/{}/take-back", segment(&contract)?, segment(&release)?),
            json!({}),
            |_| "taking it out; `channel list` tells the rest".into(),
        ),
    };
    ask(&args.ask, request).await
}

/// `invoice`.
///
/// # Errors
/// When the program does not answer, or refuses.
pub async fn invoice(args: InvoiceArgs) -> anyhow::Result<u8> {
    let request = match args.command {
        Invoice::List { contract } => {
            get(format!("/contracts/{}/payments", segment(&contract)?), print::payments)
        }
        Invoice::Show { contract, invoice } => {
            get(format!("/contracts/{}/invoices/{}", segment(&contract)?, segment(&invoice)?), print::invoice)
        }
        Invoice::Make { contract, row } => post(
            format!("/contracts/{}/invoices", segment(&contract)?),
            json!({ "row": row }),
            print::written,
        ),
        Invoice::Pay { contract, invoice, amount_sat } => post(
            format!("/contracts/{}/invoices/{}/pay", segment(&contract)?, segment(&invoice)?),
            json!({ "amount_sat": amount_sat }),
            |_| "begun; `invoice show` tells the rest".into(),
        ),
    };
    ask(&args.ask, request).await
}

/// `company`.
///
/// # Errors
/// When the program does not answer, or refuses.
pub async fn company(args: CompanyArgs) -> anyhow::Result<u8> {
    let request = match args.command {
        Company::List => get("/companies".into(), print::companies),
        Company::Invite => get("/invite".into(), |answer| print::field(answer, "invite")),
        Company::Accept { invite } => post("/companies".into(), json!({ "invite": invite }), print::company),
        Company::Confirm { id } => {
            post(format!("/companies/{}/words", segment(&id)?), json!({}), |_| "confirmed".into())
        }
    };
    ask(&args.ask, request).await
}

/// `node`.
///
/// # Errors
/// When the program does not answer, or refuses.
pub async fn node(args: NodeArgs) -> anyhow::Result<u8> {
    let request = match args.command {
        Node::Info => get("/node".into(), print::node),
        Node::Account => get("/node/account".into(), print::account),
        Node::Connect(what) => return connect::run(&args.ask, what).await,
        Node::Address => post("/node/addresses".into(), json!({}), |answer| print::field(answer, "address")),
    };
    ask(&args.ask, request).await
}

/// `clock`.
///
/// # Errors
/// When the program does not answer, or is no sandbox.
pub async fn clock(args: ClockArgs) -> anyhow::Result<u8> {
    let Clock::Forward { days } = args.command;
    let request = post("/clock".into(), json!({ "days": days }), |answer| print::field(answer, "now"));
    ask(&args.ask, request).await
}

/// The terms of a file as an offer for a contract that is there.
fn version(terms: &Path, valid_days: u32) -> anyhow::Result<Value> {
    Ok(json!({ "terms": terms_file::read(terms)?, "valid_days": valid_days }))
}

/// An id as a part of a path: nothing else may be smuggled in.
fn segment(id: &str) -> anyhow::Result<&str> {
    let plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    anyhow::ensure!(plain, "{id:?} is no id: ids have letters, digits and dashes");
    Ok(id)
}
