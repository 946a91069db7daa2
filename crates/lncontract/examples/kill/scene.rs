//! The scene before the story: two companies that have met, have money and have signed the worked example, and
//! their chain. Made once; each run plays on a copy.
//!
//! A node's folder is never restored from a copy: an old channel state is how a node loses everything. Here it is
//! safe, because both companies and the chain are copied together while all three are stopped: nobody is left who
//! has seen anything later.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use jiff::{Timestamp, tz::Offset};
use lncontract::sandbox::play::RESERVE_SAT;
use lncontract_core::{template::supply::worked_example, v1::Party};
use serde_json::{Value, json};

use crate::{
    Arguments,
    company::{Address, Company, Side},
    regtest::Regtest,
};

/// What the companies have, in satoshi, and whether their clock moves.
#[derive(Clone, Copy)]
pub struct Setting {
    pub buyer_sat: u64,
    pub seller_sat: u64,
    pub clock_moves: bool,
}

impl Setting {
    /// For the first milestone: its channel; fees and the anchor reserve of both.
    pub const MILESTONE: Self =
        Setting { buyer_sat: 30_000_000 + RESERVE_SAT, seller_sat: RESERVE_SAT, clock_moves: false };
    /// For the whole play: all that is set aside, and the same.
    pub const WHOLE: Self =
        Setting { buyer_sat: 155_000_000 + RESERVE_SAT, seller_sat: RESERVE_SAT, clock_moves: true };
}

/// How long a step may take; generous, since machines are shared.
pub const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Below the ports that systems hand out by themselves: a port must stay free while its program is killed.
const PORTS: std::ops::Range<u16> = 15_000..32_000;

/// See the head of this file.
pub struct Scene {
    dir: PathBuf,
    bitcoind: PathBuf,
    chain: SocketAddr,
    buyer: (Address, String),
    seller: (Address, String),
    /// What it was made for.
    pub setting: Setting,
    /// The contract.
    pub contract: String,
}

impl Scene {
    /// Makes it, and stops everything.
    pub fn prepare(arguments: &Arguments, setting: Setting) -> anyhow::Result<Self> {
        let dir = arguments.dir.join("scene");
        fs::create_dir_all(dir.join("bitcoind")).with_context(|| format!("folder {}", dir.display()))?;
        let [chain, buyer_web, buyer_node, seller_web, seller_node] = free_ports()?;
        let address = |side, web, node| {
            let program = arguments.program.clone();
            Address { side, program, moves: setting.clock_moves, web, node }
        };
        let mut scene = Scene {
            dir,
            bitcoind: arguments.bitcoind.clone(),
            chain,
            buyer: (address(Side::Buyer, buyer_web, buyer_node), String::new()),
            seller: (address(Side::Seller, seller_web, seller_node), String::new()),
            setting,
            contract: String::new(),
        };
        let (regtest, buyer, seller) = scene.stage(&scene.dir);
        for company in [&buyer, &seller] {
            company.init()?;
            company.start()?;
            until("the program", || Ok(company.is_up().then_some(())))?;
        }
        (scene.buyer.1, scene.seller.1) = (buyer.sign_in()?, seller.sign_in()?);
        let counterparty = meet(&buyer, &seller)?;
        give(&regtest, &buyer, setting.buyer_sat)?;
        give(&regtest, &seller, setting.seller_sat)?;
        scene.contract = sign(&buyer, &seller, &counterparty)?;
        buyer.stop()?;
        seller.stop()?;
        Ok(scene)
    }

    /// The chain, running, and both companies, not yet started, in a folder that holds the scene.
    pub fn stage(&self, folder: &Path) -> (Regtest, Company, Company) {
        let regtest = Regtest::start(&self.bitcoind, &folder.join("bitcoind"), self.chain);
        let url = regtest.url();
        let company =
            |(address, token): &(Address, String)| Company::new(address.clone(), folder, &url, token);
        let (buyer, seller) = (company(&self.buyer), company(&self.seller));
        (regtest, buyer, seller)
    }

    /// Copies all of it; see the head of this file for why that may be done.
    pub fn copy_to(&self, folder: &Path) -> anyhow::Result<()> {
        copy(&self.dir, folder).with_context(|| format!("the scene can't be copied to {}", folder.display()))
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, to) = (entry?, to);
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}

/// Five addresses of this machine that nobody listens on now.
fn free_ports() -> anyhow::Result<[SocketAddr; 5]> {
    // Where the search begins hangs on the process, so that two harnesses on one machine rarely meet.
    let begin = PORTS.start + (std::process::id() % 1_000) as u16 * 16;
    let addresses = (begin..PORTS.end).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let free: Vec<SocketAddr> =
        addresses.filter(|address| TcpListener::bind(address).is_ok()).take(5).collect();
    free.try_into().ok().context("there are no five free ports")
}

/// Exchanges invites and confirms the words. Returns the seller's id at the buyer.
fn meet(buyer: &Company, seller: &Company) -> anyhow::Result<String> {
    let mut ids = Vec::new();
    for (us, them) in [(buyer, seller), (seller, buyer)] {
        let company = us.post("/companies", &them.get("/invite")?)?;
        let id = text(&company["id"])?;
        us.post(&format!("/companies/{id}/words"), &json!({}))?;
        ids.push(id);
    }
    Ok(ids.swap_remove(0))
}

fn give(regtest: &Regtest, company: &Company, sat: u64) -> anyhow::Result<()> {
    let address = company.post("/node/addresses", &json!({}))?;
    regtest.send(&text(&address["address"])?, sat);
    regtest.mine(1);
    until("the deposit", || Ok((company.get("/node")?["onchain_sat"] == sat).then_some(())))
}

/// Offers the worked example and accepts it. Returns the contract's id.
fn sign(buyer: &Company, seller: &Company, counterparty: &str) -> anyhow::Result<String> {
    let party = |side: Side| {
        let (name, short_name) = side.names();
        Party {
            name: name.into(),
            short_name: short_name.into(),
            tax_id: String::new(),
            address: String::new(),
        }
    };
    let now = text(&buyer.get("/frame")?["now"])?.parse::<Timestamp>()?;
    let today = Offset::UTC.to_datetime(now).date();
    let terms = worked_example(today, party(Side::Buyer), party(Side::Seller), 0);
    let offer =
        json!({ "counterparty": counterparty, "our_side": "buyer", "terms": terms, "valid_days": 14 });
    let contract = text(&buyer.post("/contracts", &offer)?["id"])?;
    let path = format!("/contracts/{contract}");
    let offered = until("the offer at the seller", || {
        Ok(seller.get(&path).ok().filter(|view| view["can_answer_offer"] == true))
    })?;
    seller.post(&format!("{path}/accept"), &json!({ "terms_hash": offered["terms_hash"] }))?;
    until("both in step", || {
        let (ours, theirs) = (buyer.get(&path)?, seller.get(&path)?);
        let agree = |view: &Value| view["version"] == 1 && view["agreed"]["tone"] == "good";
        Ok((agree(&ours) && agree(&theirs) && ours["state_hash"] == theirs["state_hash"]).then_some(()))
    })?;
    Ok(contract)
}

/// A text of an answer.
pub fn text(value: &Value) -> anyhow::Result<String> {
    let text = value.as_str().with_context(|| format!("{value} where a text should be"))?;
    ensure!(!text.is_empty(), "an empty text");
    Ok(text.to_owned())
}

/// Asks until there is an answer.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(found) = ask().with_context(|| what.to_owned())? {
            return Ok(found);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    bail!("{what} did not come within {PATIENCE:?}")
}
