//! The edge: `sandbox`, `serve`, `verify` and the other commands; the only crate that wires.
//!
//! Exit codes: 0 done; 1 the thing asked about is not as it should be;
//! 2 it could not be asked (bad input, not now).
//!
//! A library beside its binary, so that tests and examples play on the same wiring. Nobody else links it.

#![deny(clippy::print_stdout, reason = "a closed pipe would end the program: `say!`")]

mod chain;
mod client;
mod config;
mod doctor;
mod export;
mod init;
mod lnd;
mod own_lnd;
mod post;
pub mod sandbox;
mod say;
mod serve;
mod terms_file;
mod verify;
pub mod wire;

use std::{io::IsTerminal, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};
use lncontract_app::{AppError, Class};
use tracing_subscriber::EnvFilter;

/// Contracts between two companies, settled over Lightning.
#[derive(Parser)]
#[command(
    name = "lncontract",
    version,
    about = "Contracts between two companies, settled over Lightning",
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What is logged to standard error, as in RUST_LOG
    #[arg(long, global = true, env = "LNCONTRACT_LOG", default_value = "warn,ldk=off")]
    log: String,
}

#[derive(Subcommand)]
enum Command {
    /// Make a company without its page, and print its recovery words
    Init(init::Args),
    /// Run a company's program: pages, record, node
    Serve(Box<serve::Args>),
    /// Two companies on this machine: a chain in the process, two nodes, two pages
    Sandbox(sandbox::Args),
    /// Check a bundle: no network, no database
    Verify(verify::Args),
    /// Look at everything the program needs, and say what to do about what is not right
    Doctor(Box<doctor::Args>),
    /// Write the evidence of a contract to a file, while the program does not run
    Export(export::Args),
    /// Ask a running program about its contracts
    Contract(client::ContractArgs),
    /// Ask a running program about the channels of a contract, open or close one, release money of one
    Channel(client::ChannelArgs),
    /// Show, make or pay an invoice over a running program
    Invoice(client::InvoiceArgs),
    /// Ask a running program about the companies it knows, hand over an invite or take one
    Company(client::CompanyArgs),
    /// Ask a running program about its node
    Node(client::NodeArgs),
    /// Coins, payments out of the wallet, higher fees, of a running program
    Wallet(client::WalletArgs),
    /// The company's own LND: bake the macaroons that this program needs, test the connection
    Lnd(Box<lnd::Args>),
    /// Move the clock of a running sandbox
    Clock(client::ClockArgs),
    /// Print the table of options for docs/configuration.md
    #[command(hide = true)]
    ConfigTable,
}

/// Does what the command line says.
pub async fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&cli.log))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let outcome = match cli.command {
        Command::Sandbox(args) => sandbox::run(args).await,
        Command::Verify(args) => verify::run(&args),
        Command::Init(args) => init::run(args).await,
        Command::Serve(args) => serve::run(*args).await,
        Command::Doctor(args) => doctor::run(*args).await,
        Command::Export(args) => export::run(args).await,
        Command::Contract(args) => client::contract(args).await,
        Command::Channel(args) => client::channel(args).await,
        Command::Invoice(args) => client::invoice(args).await,
        Command::Company(args) => client::company(args).await,
        Command::Node(args) => client::node(args).await,
        Command::Wallet(args) => client::wallet(args).await,
        Command::Lnd(args) => lnd::run(*args).await,
        Command::Clock(args) => client::clock(args).await,
        Command::ConfigTable => Ok(config::print_table(Cli::command())),
    };
    match outcome {
        Ok(0) if say::lost() => ExitCode::from(2),
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("lncontract: {error:#}");
            let fault = error.downcast_ref::<AppError>().is_some_and(|error| error.class == Class::Fault);
            ExitCode::from(if fault { 1 } else { 2 })
        }
    }
}
