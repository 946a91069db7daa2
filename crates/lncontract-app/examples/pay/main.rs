//! What the program costs beyond its node: payments through two companies' programs and payments between two bare
//! nodes, in turn, in one process, on one chain and one disk. Then how fast a record is folded and a bundle verified.
//! `cargo xtask bench pay` builds and starts it: `pay [N]`.
//!
//! Invariant: it measures and judges nothing. Both payments begin when a payable invoice is handed over and end when
//! the payer's outcome is kept for good: by the program in its store, by the bare node in its folder.

mod bare;
mod company;
mod rates;
mod terms;

use std::time::Duration;

use anyhow::Context;
use lncontract_devchain::DevChain;
use lncontract_store::{Change, Setting, Store};
use tokio::time::Instant;

use bare::Bare;
use company::{Companies, Steps};

/// Of a channel of 30,000,000 sat.
pub const CHANNEL_SAT: u64 = 30_000_000;
/// Payments of each kind; the first milestone of the worked example, 25,000,000 sat, in so many instalments.
const PAYMENTS: usize = 50;
/// Not counted: the first ones warm up both.
const WARM_UP: usize = 5;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked = std::env::args().nth(1).map(|text| text.parse().context("how many payments?"));
    let payments: usize = asked.transpose()?.unwrap_or(PAYMENTS);
    let dir = tempfile::tempdir_in(std::env::current_dir()?)?;
    let chain = DevChain::with_wall_clock();
    let bare = Bare::start(dir.path(), &chain).await?;
    let companies = Companies::start(dir.path(), &chain).await?;
    let contract = companies.sign(payments).await?;
    companies.open_channel(contract).await?;
    let invoices = companies.invoices(contract, payments).await?;
    let amount_msat = 25_000_000_000 / payments as u64;
    let (mut through, mut alone, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for (number, invoice) in invoices.into_iter().enumerate() {
        // In turn, and each kind first every second time: what else the machine does meets both alike.
        let bare_first = number % 2 == 0;
        let before = if bare_first { Some(bare.pay(amount_msat).await?) } else { None };
        let (took, step) = companies.pay(contract, invoice).await?;
        companies.quiet(contract, number + 1).await?;
        let bare_took = if let Some(before) = before { before } else { bare.pay(amount_msat).await? };
        if number >= WARM_UP {
            through.push(took);
            alone.push(bare_took);
            steps.push(step);
        }
    }
    report(&mut through, &mut alone, &steps);
    println!("  one commit of the store, synchronous FULL: {}", Spread::of(&mut commits(&companies).await?));
    rates::report(&companies.bundle(contract).await?)?;
    bare.stop().await;
    companies.stop().await;
    Ok(())
}

/// One of the steps.
type Part = fn(&Steps) -> Duration;

fn report(through: &mut [Duration], alone: &mut [Duration], steps: &[Steps]) {
    println!("bench pay: {} payments of each kind", through.len());
    let (through, alone) = (Spread::of(through), Spread::of(alone));
    println!("  through the program: {through}");
    println!("  bare node:           {alone}");
    let ratio = through.median.as_micros() * 100 / alone.median.as_micros().max(1);
    println!("  ratio of the medians: {}.{:02} (goal 1.10)", ratio / 100, ratio % 100);
    println!("  where the program's time goes, from the order on, in medians:");
    let parts: [(&str, Part); 4] = [
        ("the order is stored, and answered", |steps| steps.ordered),
        ("it is stored as being sent", |steps| steps.sending),
        ("the payee has stored that it takes it", |steps| steps.claimed),
        ("the outcome is stored", |steps| steps.sent),
    ];
    for (what, part) in parts {
        let mut all: Vec<Duration> = steps.iter().map(part).collect();
        println!("    {what:<40} after {:>6.1} ms", ms(Spread::of(&mut all).median));
    }
}

/// What a commit costs on this disk: the floor under each of the four that a payment waits for.
async fn commits(companies: &Companies) -> anyhow::Result<Vec<Duration>> {
    let mut took = Vec::new();
    for number in 0..100 {
        let setting = Setting { key: "bench".into(), value: number.to_string() };
        let start = Instant::now();
        companies.buyer.store.commit(vec![Change::PutSetting(setting)]).await?;
        took.push(start.elapsed());
    }
    Ok(took)
}

/// Median, and between what nine of ten lie.
struct Spread {
    low: Duration,
    median: Duration,
    high: Duration,
}

impl Spread {
    fn of(all: &mut [Duration]) -> Self {
        all.sort();
        let at = |percent: usize| all.get(all.len() * percent / 100).copied().unwrap_or_default();
        Spread { low: at(5), median: at(50), high: at(95) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "median {:.1} ms, 5% to 95%: {:.1} to {:.1} ms",
            ms(self.median),
            ms(self.low),
            ms(self.high)
        )
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
