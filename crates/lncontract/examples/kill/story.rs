//! The story from `fund` to `received`, and the kills in it.
//!
//! Invariant: whoever acts looks first. What was asked of a program that was killed may have been done or not; the
//! next look at its page tells, as it would tell a person.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::{
    company::Company,
    passed::{Passed, both_up, under_kills},
    plan::{Plan, Point},
    regtest::Regtest,
    rest::Asked,
    scene::{PATIENCE, Scene, text},
    verdict::{self, Before, entries, live_channel},
};

const LOOK_EVERY: Duration = Duration::from_millis(15);
const BLOCK_EVERY: Duration = Duration::from_millis(200);

/// Plays it in a folder that holds a copy of the scene, and judges what came of it.
pub fn tell(scene: &Scene, folder: &Path, plan: &Plan<Point>) -> anyhow::Result<()> {
    let (regtest, buyer, seller) = scene.stage(folder);
    for company in [&buyer, &seller] {
        company.start()?;
    }
    both_up(&buyer, &seller)?;
    let before = Before::look(scene, &buyer, &seller)?;
    under_kills(plan, &buyer, &seller, |passed| Story::new(scene, &regtest, &buyer, &seller, passed).play())?;
    verdict::reach(&scene.contract, &regtest, &buyer, &seller, &before)?;
    buyer.stop()?;
    seller.stop()
}

struct Story<'a> {
    path: String,
    regtest: &'a Regtest,
    buyer: &'a Company,
    seller: &'a Company,
    passed: &'a Passed<Point>,
    open: bool,
    next_block: Instant,
    /// What a program refused last: the reason, if the story does not go on.
    refusal: String,
}

impl<'a> Story<'a> {
    fn new(
        scene: &Scene,
        regtest: &'a Regtest,
        buyer: &'a Company,
        seller: &'a Company,
        passed: &'a Passed<Point>,
    ) -> Self {
        Story {
            path: format!("/contracts/{}", scene.contract),
            regtest,
            buyer,
            seller,
            passed,
            open: false,
            next_block: Instant::now(),
            refusal: String::new(),
        }
    }

    fn play(&mut self) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if self.step()? {
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
        let passed = self.passed.all();
        bail!("not received within {PATIENCE:?}; passed {passed:?}; last refusal: {}", self.refusal)
    }

    /// Looks at both pages and does what is next. Returns whether it is received on both.
    fn step(&mut self) -> anyhow::Result<bool> {
        let buyer = self.look(self.buyer, &self.path.clone())?;
        let seller = self.look(self.seller, &self.path.clone())?;
        if !self.open {
            self.open_channel(buyer.as_ref(), seller.as_ref())?;
            return Ok(false);
        }
        if let Some(view) = &seller {
            self.sell(view)?;
        }
        if let Some(view) = &buyer {
            self.buy(view)?;
        }
        let received =
            |view: &Value| !entries(view, "paid").is_empty() && !entries(view, "received").is_empty();
        Ok(buyer.as_ref().is_some_and(received) && seller.as_ref().is_some_and(received))
    }

    /// The buyer asks for the channel; the chain makes blocks until it is open on both pages. One that came to nothing
    /// since a program was killed before it was signed says so, and a person asks again.
    fn open_channel(&mut self, buyer: Option<&Value>, seller: Option<&Value>) -> anyhow::Result<()> {
        if buyer.is_some_and(|view| live_channel(view).is_none()) {
            self.passed.reach(Point::Fund);
            return self.act(self.buyer, "/funds", json!({ "tranche": "channel-1" }));
        }
        let channel = |view: Option<&'_ Value>| view.and_then(live_channel).cloned().unwrap_or_default();
        let (ours, theirs) = (channel(buyer), channel(seller));
        if ours["outpoint"].is_string() || theirs["outpoint"].is_string() {
            self.passed.reach(Point::Confirming);
        }
        self.open = [ours, theirs].iter().all(|channel| channel["state"]["word"] == "Open");
        if self.open {
            self.passed.reach(Point::Open);
        } else if self.passed.has(Point::Confirming) && Instant::now() >= self.next_block {
            self.regtest.mine(1);
            self.next_block = Instant::now() + BLOCK_EVERY;
        }
        Ok(())
    }

    /// What the seller's people do.
    fn sell(&mut self, view: &Value) -> anyhow::Result<()> {
        if entries(view, "tender").is_empty() {
            self.passed.reach(Point::Tender);
            let document =
                json!({ "name": "Purchase orders 4471-A and 4471-B.pdf", "sha256": "44".repeat(32) });
            let tender = json!({ "row": "materials-on-order", "quantity": 1, "documents": [document] });
            return self.act(self.seller, "/tenders", tender);
        }
        if view["figures"]["earned_sat"] == 25_000_000 && entries(view, "invoice").is_empty() {
            self.passed.reach(Point::Invoice);
            return self.act(self.seller, "/invoices", json!({ "row": "pay-materials-on-order" }));
        }
        Ok(())
    }

    /// What the buyer's people do.
    fn buy(&mut self, view: &Value) -> anyhow::Result<()> {
        if let [tender] = entries(view, "tender")[..]
            && entries(view, "answer").is_empty()
        {
            self.passed.reach(Point::Accept);
            return self.act(
                self.buyer,
                &format!("/tenders/{}/answer", text(tender)?),
                json!({ "accepted": 1 }),
            );
        }
        if !entries(view, "paid").is_empty() {
            self.passed.reach(Point::Paid);
        } else if let [invoice] = entries(view, "invoice")[..] {
            return self.pay(&text(invoice)?);
        }
        Ok(())
    }

    /// A person pays once: not while a payment is there, whatever has become of it.
    fn pay(&mut self, invoice: &str) -> anyhow::Result<()> {
        let Some(payments) = self.look(self.buyer, &format!("{}/payments", self.path))? else {
            return Ok(());
        };
        if let Some(begun) = payments.as_array().context("payments are a list")?.first() {
            ensure!(begun["state"]["tone"] != "bad", "the payment failed: {}", begun["state"]["word"]);
            return Ok(());
        }
        let Some(prompt) = self.look(self.buyer, &format!("{}/invoices/{invoice}", self.path))? else {
            return Ok(());
        };
        if prompt["obstacles"] != json!([]) {
            self.refusal = prompt["obstacles"].to_string();
            return Ok(());
        }
        self.passed.reach(Point::Pay);
        self.act(self.buyer, &format!("/invoices/{invoice}/pay"), json!({ "amount_sat": 25_000_000 }))
    }

    fn look(&mut self, company: &Company, path: &str) -> anyhow::Result<Option<Value>> {
        if !company.is_up() {
            return Ok(None);
        }
        self.heard(company.get(path))
    }

    fn act(&mut self, company: &Company, below: &str, body: Value) -> anyhow::Result<()> {
        let answer = company.post(&format!("{}{below}", self.path), &body);
        self.heard(answer).map(|_| ())
    }

    /// A program that is away or can't now is asked again; one that speaks of its own fault is not.
    fn heard(&mut self, answer: Result<Value, Asked>) -> anyhow::Result<Option<Value>> {
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(Asked::Refused { status: 500, text }) => bail!("a fault of the program: {text}"),
            Err(refused @ Asked::Refused { .. }) => {
                self.refusal = refused.to_string();
                Ok(None)
            }
            Err(Asked::Away(_)) => Ok(None),
        }
    }
}
