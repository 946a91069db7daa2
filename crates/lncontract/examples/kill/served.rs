//! A company of the whole play: the wiring of `serve`, and a clock that moves. Started by the harness as
//! `kill company --dir DIR --clock FILE --bitcoind-url URL --listen-web ADDRESS --listen-node ADDRESS`.
//!
//! Invariant: everything but the clock is the program's own. The password comes as `serve` has it.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use lncontract::wire::{self, Place, Reached};
use lncontract_lightning_ldk::Bitcoind;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

use crate::{clock::FileClock, regtest::LOGIN, value};

/// Runs until it is told to stop.
#[tokio::main]
pub async fn run(options: &[String]) -> anyhow::Result<()> {
    let given = |name: &str| value(options, name).with_context(|| format!("{name} is missing"));
    let log = std::env::var("LNCONTRACT_LOG").unwrap_or_default();
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new(log)).with_writer(std::io::stderr).init();
    let mut told = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(given("--listen-web")?).await.context("the pages' port")?;
    let (dir, listen) = (given("--dir")?, given("--listen-node")?.parse()?);
    let chain = Bitcoind::new(&given("--bitcoind-url")?, LOGIN, LOGIN);
    let clock = FileClock::at(Path::new(&given("--clock")?));
    let network = bitcoin::Network::Regtest;
    let place =
        Place { dir: Path::new(&dir), network, listen, reached: Reached::by_node(listen.to_string()) };
    let (app, _) = wire::company(place, Arc::new(chain), Arc::new(clock)).await?;
    app.unlock_with(&std::env::var("LNCONTRACT_PASSWORD")?).await?;
    println!("{{\"unlocked\":true}}");
    let stopped = async move {
        told.recv().await;
    };
    lncontract_web::serve(listener, Arc::clone(&app), None, stopped).await?;
    app.stop().await;
    Ok(())
}
