//! Every page in the states of the worked example, looked at by axe-core in a real browser: wide and narrow, light and
//! dark. With LNCONTRACT_SHOTS set to a folder each is pictured too (`cargo xtask shots`).
//!
//! Invariant: a page with a violation fails the test, after all pages were looked at.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use lncontract::sandbox::{
    Company,
    play::{self, Play, amendment, channel, follow::Course, next::Next, release, wait},
    report::Report,
};
use lncontract_core::{
    Hash,
    status::Todo,
    v1::{Party, Side},
};
use tokio::time::timeout;

use crate::{
    empty_folder,
    inspector::Inspector,
    person::Person,
    programs::{Driver, given},
    stage::Stage,
};

/// How long a page, or a step of the play, may take before the test says which did not end.
const PATIENCE: Duration = Duration::from_secs(120);
const WIDTHS: [u32; 2] = [1440, 390];
const THEMES: [&str; 2] = ["light", "dark"];

#[tokio::test(flavor = "multi_thread")]
async fn real_chromium_with_real_axe_finds_no_violation_on_any_page() -> Result<()> {
    let dir = empty_folder("pages")?;
    let stage = Stage::set(&dir).await?;
    let driver = Driver::start(&dir).await?;
    let axe = std::fs::read_to_string(given("LNCONTRACT_AXE")?).context("axe-core can't be read")?;
    let person = Person::sits_down("buyer", &stage.buyer, &driver, &dir).await?;
    let mut tour = Tour {
        stage: &stage,
        person: &person,
        inspector: Inspector::new(person.browser(), &axe),
        shots: std::env::var_os("LNCONTRACT_SHOTS").filter(|folder| !folder.is_empty()).map(PathBuf::from),
        looked: BTreeSet::new(),
        violations: Vec::new(),
    };
    let toured = tour.all().await;
    let Tour { violations, looked, .. } = tour;
    if toured.is_err() {
        eprintln!("{}", person.leaves_behind(&dir).await?);
    }
    person.leaves().await?;
    stage.sandbox.stop().await;
    let found = violations.join("\n");
    toured.with_context(|| found.clone())?;
    ensure!(looked.len() >= PAGES_MIN, "only {} pages were looked at: {looked:?}", looked.len());
    ensure!(violations.is_empty(), "{} violations:\n{found}", violations.len());
    Ok(())
}

/// Fewer pages than that: the tour has lost its way.
const PAGES_MIN: usize = 52;

/// One browser; cookies carry the port, so that it is signed in at both companies.
struct Tour<'a> {
    stage: &'a Stage,
    person: &'a Person,
    inspector: Inspector<'a>,
    shots: Option<PathBuf>,
    /// The pages by name.
    looked: BTreeSet<String>,
    violations: Vec<String>,
}

impl Tour<'_> {
    async fn all(&mut self) -> Result<()> {
        let mut report = self.stage.report();
        let sandbox = &self.stage.sandbox;
        let terms = play::example(sandbox)?;
        self.first_run(&terms.buyer).await?;
        play::set_up(&sandbox.seller, &terms.seller, &mut report).await?;
        self.visit(Side::Seller, "sign-in", "/").await?;
        self.person.signs_in("seller", play::PASSWORD).await?;
        for (name, path) in [
            ("overview-first", "/"),
            ("contracts-none", "/contracts"),
            ("companies-none", "/companies"),
            ("node-new", "/node"),
            ("new-contract-alone", "/contracts/new"),
        ] {
            self.visit(Side::Seller, name, path).await?;
        }
        self.compare_words().await?;
        play::meet(&sandbox.buyer, &sandbox.seller, &mut report).await?;
        play::give(sandbox, Play::Example, &terms, &mut report).await?;
        self.visit(Side::Buyer, "companies", "/companies").await?;
        self.visit(Side::Buyer, "new-contract", "/contracts/new").await?;
        let contract = play::offer(&sandbox.buyer, &sandbox.seller, terms, &mut report).await?;
        let page = format!("/contracts/{contract}");
        self.visit(Side::Buyer, "contract-offered", &page).await?;
        self.visit(Side::Seller, "offer", &format!("{page}/offer")).await?;
        play::accept(&sandbox.buyer, &sandbox.seller, contract, &mut report).await?;
        self.visit(Side::Buyer, "contract-in-force", &page).await?;
        self.visit(Side::Buyer, "terms", &format!("{page}/offer")).await?;
        self.visit(Side::Buyer, "problem-no-such-page", "/no/such/page").await?;
        self.visit(Side::Buyer, "problem-no-such-contract", &format!("/contracts/{}", Hash::ZERO)).await?;
        self.amendment(contract).await?;
        self.course(contract, &mut report).await?;
        self.release(contract, &mut report).await?;
        self.visit(Side::Buyer, "close", &format!("{page}/close/{}", self.first_channel(contract).await?))
            .await?;
        channel::close_all(sandbox, contract, &mut report).await?;
        for (name, below) in [("contract-closed", ""), ("record", "/record"), ("account-signed", "/account")]
        {
            self.visit(Side::Buyer, name, &format!("{page}{below}")).await?;
        }
        self.visit(Side::Seller, "overview-after", "/").await?;
        self.visit(Side::Seller, "record-from-file", "/record-file").await?;
        self.wallet().await?;
        self.own_lnd().await
    }

    /// By clicks, since these pages can't be asked for.
    async fn first_run(&mut self, party: &Party) -> Result<()> {
        let person = self.person;
        self.inspector.can_find().await?;
        self.look("first-run-company").await?;
        person.names_company(&party.name, &party.short_name, "buyer", play::PASSWORD).await?;
        let paper = person.writes_words_down().await?;
        self.look("first-run-words").await?;
        person.goes_to_check().await?;
        self.look("first-run-check").await?;
        person.shows_words(&paper, play::PASSWORD).await
    }

    /// Money leaves by clicks: the page with its cost can't be asked for.
    async fn wallet(&mut self) -> Result<()> {
        let to = self.stage.sandbox.seller.app.new_address().await?;
        self.visit(Side::Buyer, "wallet", "/wallet").await?;
        let person = self.person;
        person.types("To which address", &to).await?;
        person.types("How much, in satoshi", "100 000").await?;
        person.presses("See what it costs").await?;
        person.arrives_at("Pay out").await?;
        self.look("wallet-pay-out").await?;
        person.types("The company’s password", play::PASSWORD).await?;
        person.presses("Pay out").await?;
        person.arrives_at("Wallet").await?;
        self.look("wallet-waiting").await?;
        person.follows("Raise the fee").await?;
        person.arrives_at("Raise the fee?").await?;
        self.look("wallet-raise").await
    }

    /// A node is connected by clicks: refused here, since there is none.
    async fn own_lnd(&mut self) -> Result<()> {
        let (app, company, user) = self.stage.without_node().await?;
        let address = format!("{company}/node/lnd");
        self.inspector.opens(&address).await?;
        self.person.enters(user, play::PASSWORD).await?;
        self.inspector.opens(&address).await?;
        self.look("own-lnd").await?;
        self.person.types("Address of its gRPC interface", "127.0.0.1:1").await?;
        self.person.types("Its certificate, pasted", "no certificate").await?;
        self.person.presses("Test the connection").await?;
        self.person.sees("That is no certificate.").await?;
        self.look("own-lnd-refused").await?;
        self.inspector.opens(&format!("{company}/node")).await?;
        self.look("node-none").await?;
        app.stop().await;
        Ok(())
    }

    /// The digits to compare are there before they are compared.
    async fn compare_words(&mut self) -> Result<()> {
        let (buyer, seller) = (&self.stage.sandbox.buyer, &self.stage.sandbox.seller);
        for (us, them) in [(buyer, seller), (seller, buyer)] {
            us.app.accept_invite(&them.app.invite().await?).await?;
        }
        self.visit(Side::Buyer, "companies-compare", "/companies").await
    }

    async fn first_channel(&self, contract: Hash) -> Result<Hash> {
        let view = self.stage.sandbox.buyer.app.contract(contract).await?;
        Ok(view.channels.first().context("the play has opened channels")?.fund)
    }

    /// Offered and refused, so that the play goes on by the terms in force.
    async fn amendment(&mut self, contract: Hash) -> Result<()> {
        let (sandbox, page) = (&self.stage.sandbox, format!("/contracts/{contract}"));
        let (buyer, seller) = (&sandbox.buyer.app, &sandbox.seller.app);
        self.visit(Side::Buyer, "amend", &format!("{page}/amend")).await?;
        let terms = amendment::amended(&buyer.terms_of(contract).await?, 15, 10)?;
        buyer.amend(contract, terms, amendment::VALID_DAYS).await?;
        wait::in_step(sandbox, contract).await?;
        self.visit(Side::Buyer, "contract-amendment-offered", &page).await?;
        self.visit(Side::Seller, "offer-amendment", &format!("{page}/offer")).await?;
        seller.reject_offer(contract, "Spare parts are another contract".into()).await?;
        wait::in_step(sandbox, contract).await?;
        Ok(())
    }

    /// What is left over goes back while its channel is open.
    async fn release(&mut self, contract: Hash, report: &mut Report) -> Result<()> {
        let (sandbox, page) = (&self.stage.sandbox, format!("/contracts/{contract}"));
        let left = release::releasable(sandbox, contract).await?;
        let (fund, amount) = *left.first().context("the example sets more aside than it pays")?;
        self.visit(Side::Seller, "release", &format!("{page}/release/{fund}")).await?;
        let released = release::release(sandbox, contract, fund, amount, report).await?;
        self.visit(Side::Buyer, "contract-released", &page).await?;
        self.visit(Side::Buyer, "take-back", &format!("{page}/take-back/{released}")).await?;
        release::take_back(sandbox, contract, released, report).await?;
        self.visit(Side::Seller, "contract-taken-back", &page).await
    }

    /// Follows the play; whenever somebody has something new to do, its page is looked at first.
    async fn course(&mut self, contract: Hash, report: &mut Report) -> Result<()> {
        let sandbox = &self.stage.sandbox;
        let page = format!("/contracts/{contract}");
        let mut course = Course::new(sandbox, contract, Play::Example);
        loop {
            let next =
                timeout(PATIENCE, course.next(report)).await.context("what is next is not known")??;
            let Next::Act(side, todo) = &next else {
                if next == Next::Nothing {
                    return Ok(());
                }
                timeout(PATIENCE, course.take(next, report)).await.context("the clock does not move")??;
                continue;
            };
            self.act_pages(*side).await?;
            match todo {
                Todo::Fund { tranche, .. } => {
                    let fund = channel::announce(&course, tranche, report).await?;
                    let kind = if tranche.starts_with("splice") { "splice" } else { "channel" };
                    self.once(Side::Buyer, &format!("contract-{kind}-on-its-way"), &page).await?;
                    self.once(Side::Buyer, "overview-under-way", "/").await?;
                    channel::confirm(&course, fund, report).await?;
                    self.once(Side::Seller, &format!("contract-{kind}-open"), &page).await?;
                }
                Todo::Pay { invoice, .. } => {
                    let paid = format!("{page}/pay/{invoice}");
                    timeout(PATIENCE, course.take(next, report))
                        .await
                        .context("a payment does not end")??;
                    self.once(Side::Buyer, "paid", &paid).await?;
                    self.once(Side::Buyer, "node", "/node").await?;
                    self.once(Side::Seller, "contracts", "/contracts").await?;
                }
                _ => {
                    let act = format!("{todo:?} does not end");
                    timeout(PATIENCE, course.take(next, report)).await.context(act)??;
                }
            }
        }
    }

    /// The pages of what a side has to do now, each kind once.
    async fn act_pages(&mut self, side: Side) -> Result<()> {
        let overview = self.company(side).app.overview().await?;
        for todo in overview.todos.into_iter().map(|todo| todo.what) {
            let kind = todo.href.split('/').nth(3).unwrap_or_default().to_owned();
            if !kind.is_empty() && self.once(side, &kind, &todo.href).await? {
                self.once(side, "overview", "/").await?;
                self.once(side, &format!("contract-before-{kind}"), &below(&todo.href)).await?;
            }
        }
        Ok(())
    }

    fn company(&self, side: Side) -> &Company {
        match side {
            Side::Buyer => &self.stage.sandbox.buyer,
            Side::Seller => &self.stage.sandbox.seller,
        }
    }

    /// Visits a page under a name that was not used yet. Says whether it did.
    async fn once(&mut self, side: Side, name: &str, path: &str) -> Result<bool> {
        if self.looked.contains(name) {
            return Ok(false);
        }
        self.visit(side, name, path).await?;
        Ok(true)
    }

    async fn visit(&mut self, side: Side, name: &str, path: &str) -> Result<()> {
        let visited = timeout(PATIENCE, self.open_and_look(side, name, path)).await;
        visited.with_context(|| format!("page {name} was not seen within {PATIENCE:?}"))?
    }

    async fn open_and_look(&mut self, side: Side, name: &str, path: &str) -> Result<()> {
        let (company, user) = match side {
            Side::Buyer => (&self.stage.buyer, "buyer"),
            Side::Seller => (&self.stage.seller, "seller"),
        };
        let address = format!("{company}{path}");
        // The clock moves by months: sessions end.
        if self.inspector.opens(&address).await? != address && name != "sign-in" {
            self.person.enters(user, play::PASSWORD).await.with_context(|| format!("page {name}"))?;
            let at = self.inspector.opens(&address).await?;
            ensure!(at == address, "page {name}: {at} instead of {address}");
        }
        self.look(name).await
    }

    /// Looks at the page that is open, in all widths and colours.
    async fn look(&mut self, name: &str) -> Result<()> {
        self.looked.insert(name.to_owned());
        for (width, theme) in WIDTHS.into_iter().flat_map(|width| THEMES.map(|theme| (width, theme))) {
            let how = format!("{name}, {width} px, {theme}");
            self.inspector.sets(width, theme).await.with_context(|| how.clone())?;
            let found = self.inspector.finds().await.with_context(|| how.clone())?;
            self.violations.extend(found.into_iter().map(|wrong| format!("{how}: {wrong}")));
            if let Some(shots) = &self.shots {
                self.inspector.pictures(width, &shots.join(format!("{name}-{width}-{theme}.png"))).await?;
            }
        }
        Ok(())
    }
}

/// The contract's page above a page of its own.
fn below(href: &str) -> String {
    href.split('/').take(3).collect::<Vec<_>>().join("/")
}
