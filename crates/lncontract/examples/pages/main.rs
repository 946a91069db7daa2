//! What a page costs with 10, 1,000 and 100,000 contracts: list, overview and a contract's page, asked for over HTTP.
//! `cargo xtask bench pages` builds and starts it: `pages [CONTRACTS ...]`.
//!
//! Invariant: it measures and judges nothing. Processor time is that of the whole process, so it includes the store's
//! threads, the worker and the client here. The first contracts of each company are real and signed by both; the others
//! are copies of a row under other ids, each with something to do and something due: no list opens their records.

mod company;

use std::{io::BufRead, time::Duration};

use anyhow::Context;
use lncontract_lightning::FakeNetwork;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use company::Company;

/// How many contracts.
const SIZES: [usize; 3] = [10, 1_000, 100_000];
/// Requests of a page that are measured at a time: the processor's time is counted in hundredths of a second.
const REQUESTS: u32 = 200;
/// How often each is measured, in turn; the least counts, since what disturbs only adds.
const TIMES: usize = 7;

/// Where a company has a page.
type Path = fn(&Company) -> String;

/// What is asked for, and where it is.
const PAGES: [(&str, Path); 4] = [
    ("list", Company::list),
    ("list, in the middle", Company::middle),
    ("overview", Company::overview),
    ("contract's page", Company::page),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let asked: Vec<usize> =
        std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>().context("how many?")?;
    let sizes = if asked.is_empty() { SIZES.to_vec() } else { asked };
    let dir = tempfile::tempdir_in(std::env::current_dir()?)?;
    let network = FakeNetwork::at(1_768_467_600);
    let mut companies = Vec::new();
    for (place, contracts) in sizes.into_iter().enumerate() {
        let start = Instant::now();
        let company = Company::with(dir.path(), &network, place, contracts).await?;
        println!("{contracts} contracts made in {:.1} s", start.elapsed().as_secs_f64());
        companies.push(company);
    }
    for (what, path) in PAGES {
        report(what, path, &companies).await?;
    }
    Ok(())
}

/// The least that a page took, and its length.
#[derive(Clone, Copy)]
struct Least {
    cpu_ms: f64,
    wall: Duration,
    bytes: usize,
}

/// Measures one kind of page in all companies, in turn.
async fn report(what: &str, path: Path, companies: &[Company]) -> anyhow::Result<()> {
    let mut least = vec![Least { cpu_ms: f64::MAX, wall: Duration::MAX, bytes: 0 }; companies.len()];
    for _ in 0..TIMES {
        for (company, least) in companies.iter().zip(&mut least) {
            let (before_ms, start) = (cpu_ms()?, Instant::now());
            for _ in 0..REQUESTS {
                least.bytes = get(company, &path(company)).await?;
            }
            least.cpu_ms = least.cpu_ms.min((cpu_ms()? - before_ms) / f64::from(REQUESTS));
            least.wall = least.wall.min(start.elapsed() / REQUESTS);
        }
    }
    println!("bench pages: {what}");
    let mut before = None;
    for (company, now) in companies.iter().zip(&least) {
        let Least { cpu_ms, wall, bytes } = *now;
        let ratio = before.map_or_else(String::new, |ms| format!(" ({:.2} of the line above)", cpu_ms / ms));
        println!(
            "  {:>7} contracts: {cpu_ms:.2} ms of processor{ratio}, {:.2} ms in all, {bytes} bytes",
            company.contracts,
            wall.as_secs_f64() * 1e3,
        );
        before = Some(cpu_ms);
    }
    Ok(())
}

/// Asks for a page and reads it to its end. Returns its length.
async fn get(company: &Company, path: &str) -> anyhow::Result<usize> {
    let mut stream = TcpStream::connect(company.address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: lncontract_session_{}={}\r\nConnection: close\r\n\r\n",
        company.address,
        company.address.port(),
        company.token
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let status = answer.lines().next().transpose()?.unwrap_or_default();
    anyhow::ensure!(status == "HTTP/1.1 200 OK", "{path}: {status:?}");
    Ok(answer.len())
}

/// The processor's time of this process so far, in ms: fields 14 and 15 of /proc/self/stat, in hundredths of a second.
fn cpu_ms() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, behind) = stat.rsplit_once(')').context("the name stands in brackets")?;
    let fields: Vec<&str> = behind.split_whitespace().collect();
    let ticks =
        |place: usize| fields.get(place).context("a short line").and_then(|text| Ok(text.parse::<u32>()?));
    Ok(f64::from(ticks(11)? + ticks(12)?) * 10.0)
}
