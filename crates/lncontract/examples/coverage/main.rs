//! What it costs to compute the coverage of every contract anew, with 10, 100 and 1,000 contracts that each have a
//! channel of their own with one company. `cargo xtask bench coverage` builds and starts it:
//! `coverage [CONTRACTS ...]`.
//!
//! Invariant: it measures and judges nothing. All contracts are real and signed by both, and all channels are open at
//! the node, which is a double without a disk: what is measured is the program. Coverage is computed as the contract's
//! page shows it, from the record and from the node's list of channels.

#[expect(dead_code, reason = "pages are another example's")]
#[path = "../pages/company.rs"]
mod company;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use bitcoin::{Address, Network};
use lncontract_core::{Hash, v1::Side};
use lncontract_lightning::FakeNetwork;
use tokio::time::Instant;

use company::{Program, meet, program, sign, until};

/// How many contracts, and as many channels.
const SIZES: [usize; 3] = [10, 100, 1_000];
/// How often all are computed; the least counts, since what disturbs only adds.
const TIMES: usize = 5;
/// The first tranche of the worked example.
const TRANCHE: &str = "channel-1";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked: Vec<usize> =
        std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>().context("how many?")?;
    let sizes = if asked.is_empty() { SIZES.to_vec() } else { asked };
    let dir = tempfile::tempdir_in(std::env::current_dir()?)?;
    let network = FakeNetwork::at(1_768_467_600);
    println!("bench coverage: of every contract once");
    let mut first = None;
    for (place, contracts) in sizes.into_iter().enumerate() {
        let buyer = program(dir.path(), &network, place, Side::Buyer).await?;
        let seller = program(dir.path(), &network, place, Side::Seller).await?;
        meet(&buyer, &seller).await?;
        // Its reserve for closing channels.
        give(&network, &seller, 1_000_000_000).await?;
        let mut all = Vec::new();
        for _ in 0..contracts {
            let contract = sign(&buyer, &seller).await?;
            open(&network, &buyer, contract).await?;
            all.push(contract);
        }
        seller.app.stop().await;
        let least = least(&buyer, &all).await?;
        buyer.app.stop().await;
        let each = least / u32::try_from(contracts)?;
        let ratio = each.as_secs_f64() / first.get_or_insert(each).as_secs_f64();
        println!(
            "  {contracts:>5} contracts, as many channels: {:.2} ms each, {ratio:.2} of the first line, {:.2} s in all",
            each.as_secs_f64() * 1e3,
            least.as_secs_f64(),
        );
    }
    Ok(())
}

/// Opens the contract's first channel.
async fn open(network: &Arc<FakeNetwork>, buyer: &Program, contract: Hash) -> anyhow::Result<()> {
    give(network, buyer, 31_000_000).await?;
    buyer.app.fund(contract, TRANCHE).await?;
    until(async || {
        network.mine(1);
        let view = buyer.app.contract(contract).await;
        view.is_ok_and(|view| view.channels.iter().any(|card| card.state.word == "Open"))
    })
    .await
}

async fn give(network: &FakeNetwork, company: &Program, sat: u64) -> anyhow::Result<()> {
    let address =
        company.app.new_address().await?.parse::<Address<_>>()?.require_network(Network::Regtest)?;
    anyhow::ensure!(network.fund_address(&address, sat), "the address is a node's");
    network.mine(1);
    Ok(())
}

/// The least that all of them took, one after another.
async fn least(buyer: &Program, contracts: &[Hash]) -> anyhow::Result<Duration> {
    let mut least = Duration::MAX;
    for _ in 0..TIMES {
        let start = Instant::now();
        for contract in contracts {
            let view = buyer.app.contract(*contract).await?;
            let covered = view.coverage.is_some_and(|coverage| !coverage.payments.is_empty());
            anyhow::ensure!(covered, "its coverage is there");
        }
        least = least.min(start.elapsed());
    }
    Ok(least)
}
