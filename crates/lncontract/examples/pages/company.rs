//! A company with as many contracts as wanted, and its counterparty.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use lncontract_app::{App, NewCompany, NewContract, NodeAccess, NotStarted, StartNode, SystemClock, Wiring};
use lncontract_core::{
    Hash,
    template::supply::worked_example,
    v1::{Party, Side},
};
use lncontract_lightning::{BoxFuture, FakeNetwork, Host, Lightning};
use lncontract_store::{Change, Contract, Due, PutDue, SqliteStore, Store, Summary};
use tokio::{net::TcpListener, time::Instant};

const USER: &str = "anna";
const PASSWORD: &str = "a long enough password";
/// Rows of one commit.
const AT_ONCE: usize = 1_000;
const DAY_S: i64 = 86_400;
/// How many contracts are real: as many as the overview opens of those with something to do.
const REAL: usize = 5;

/// The company that is asked.
pub struct Company {
    pub address: SocketAddr,
    pub token: String,
    pub contracts: usize,
    real: Hash,
    middle: Hash,
}

struct Starter {
    network: Arc<FakeNetwork>,
    seed: u8,
}

impl StartNode for Starter {
    fn start<'a>(
        &'a self,
        _seed: &'a [u8; 32],
        _: Option<&'a NodeAccess>,
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>> {
        Box::pin(async move { Ok(self.network.node(self.seed, host) as Arc<dyn Lightning>) })
    }
}

/// One company's program.
pub struct Program {
    pub app: Arc<App>,
    store: Arc<SqliteStore>,
}

impl Company {
    /// Makes it: the first contracts are signed with a counterparty, the others are copies of a row of theirs.
    pub async fn with(
        dir: &Path,
        network: &Arc<FakeNetwork>,
        place: usize,
        contracts: usize,
    ) -> anyhow::Result<Self> {
        let buyer = program(dir, network, place, Side::Buyer).await?;
        let seller = program(dir, network, place, Side::Seller).await?;
        meet(&buyer, &seller).await?;
        let mut real = sign(&buyer, &seller).await?;
        for _ in 1..REAL.min(contracts) {
            real = sign(&buyer, &seller).await?;
        }
        seller.app.stop().await;
        let row = buyer.store.contract(real.0).await?.context("the contract is there")?;
        for first in (REAL..contracts).step_by(AT_ONCE) {
            let copies = first..(first + AT_ONCE).min(contracts);
            buyer.store.commit(copies.flat_map(|number| copy(&row, number)).collect()).await?;
        }
        let token = buyer.app.sign_in(USER, PASSWORD).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(lncontract_web::serve(listener, buyer.app, None, std::future::pending()));
        let middle = if contracts / 2 < REAL { real } else { copy_id(contracts / 2) };
        Ok(Self { address, token, contracts, real, middle })
    }

    pub fn list(&self) -> String {
        "/contracts".into()
    }

    pub fn middle(&self) -> String {
        format!("/contracts?after={}", self.middle)
    }

    pub fn overview(&self) -> String {
        "/".into()
    }

    pub fn page(&self) -> String {
        format!("/contracts/{}", self.real)
    }
}

/// Sets one up on the network of doubles.
pub async fn program(
    dir: &Path,
    network: &Arc<FakeNetwork>,
    place: usize,
    side: Side,
) -> anyhow::Result<Program> {
    let store = Arc::new(SqliteStore::open(dir.join(format!("{place}-{side}"))).await?);
    let seed = u8::try_from(2 * place + if side == Side::Buyer { 1 } else { 2 })?;
    let key = lncontract_lightning::NodeKey::from_secret_key(
        bitcoin::secp256k1::SECP256K1,
        &bitcoin::secp256k1::SecretKey::from_slice(&[seed; 32])?,
    );
    let app = App::start(Wiring {
        store: Arc::clone(&store) as Arc<dyn Store>,
        clock: Arc::new(SystemClock),
        node: Arc::new(Starter { network: Arc::clone(network), seed }),
        network: "regtest".into(),
        own_node: None,
        node_address: network.address(key),
        peer_address: None,
        post: Arc::new(lncontract_app::NoPost),
    });
    let Party { name, short_name, .. } = party(side);
    let (user, password) = (USER.to_owned(), PASSWORD.to_owned());
    app.new_company(NewCompany { name, short_name, user, password }).await?;
    Ok(Program { app, store })
}

fn party(side: Side) -> Party {
    let (name, short_name) = match side {
        Side::Buyer => ("Meridian Systems Integration GmbH", "Meridian"),
        Side::Seller => ("Castor Subsystems s.r.o.", "Castor"),
    };
    Party { name: name.into(), short_name: short_name.into(), tax_id: String::new(), address: String::new() }
}

/// They exchange invites and compare the words.
pub async fn meet(buyer: &Program, seller: &Program) -> anyhow::Result<()> {
    for (us, them) in [(buyer, seller), (seller, buyer)] {
        let row = us.app.accept_invite(&them.app.invite().await?).await?;
        us.app.confirm_company_words(&row.id).await?;
    }
    Ok(())
}

/// The worked example, offered and accepted.
pub async fn sign(buyer: &Program, seller: &Program) -> anyhow::Result<Hash> {
    let counterparty = buyer.app.companies().await?.first().context("they have met")?.id.clone();
    let today = buyer.app.now().timestamp().context("a day")?.to_zoned(jiff::tz::TimeZone::UTC).date();
    let terms = worked_example(today, party(Side::Buyer), party(Side::Seller), 0);
    let contract =
        buyer.app.offer(NewContract { counterparty, our_side: Side::Buyer, terms, valid_days: 14 }).await?;
    until(async || seller.app.contract(contract).await.is_ok_and(|view| view.can_answer_offer)).await?;
    seller.app.accept_offer(contract).await?;
    until(async || buyer.app.contract(contract).await.is_ok_and(|view| view.version == 1)).await?;
    Ok(contract)
}

/// Asks until it is so.
pub async fn until(ask: impl AsyncFn() -> bool) -> anyhow::Result<()> {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        if ask().await {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("what was waited for did not come")
}

fn copy_id(number: usize) -> Hash {
    lncontract_record::hash::sha256(&number.to_be_bytes())
}

/// The same contract under another id: older, with one thing to do, later than the real ones', and one sum due.
fn copy(row: &Contract, number: usize) -> [Change; 2] {
    let id = copy_id(number);
    let real = lncontract_core::Bytes(row.id).to_string();
    let behind = i64::try_from(number).unwrap_or(i64::MAX);
    let summary = Summary {
        todos: 1,
        todo_due_at: row.summary.todo_due_at + behind * 600,
        look_at: None,
        ..row.summary
    };
    let copy = Contract {
        id: id.0,
        projection: row.projection.replace(&real, &id.to_string()),
        created_at: row.created_at - behind,
        summary,
        ..row.clone()
    };
    let day = (row.created_at / DAY_S) + behind % 400;
    let due = vec![Due { ours: number.is_multiple_of(2), day, amount_sat: 25_000_000 }];
    [Change::PutContract(copy), Change::PutDue(PutDue { contract_id: id.0, due })]
}
