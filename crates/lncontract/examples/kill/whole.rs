//! The whole play from the first tranche to the final account and the closed channels, and the kills in it. What is
//! done next is read off the record, by the same function as the sandbox's play.
//!
//! Invariant: nobody acts unless both programs are up and agree. What was asked of a program that was killed may have
//! been done or not: the next look at the record tells.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use lncontract::sandbox::play::{
    next::{Next, next},
    scenes::{Answered, Scene, evidence, reasons, scene},
};
use lncontract_app::Clock;
use lncontract_core::{
    Hash, Time,
    state::Outcome,
    status::{Todo, status},
    v1::{Side, Terms},
};
use lncontract_record::{Record, bundle::open_bundle};
use serde_json::{Value, json};

use crate::{
    clock::FileClock,
    company::{CLOCK, Company},
    passed::{Passed, both_up, under_kills},
    plan::{Moment, Plan},
    regtest::Regtest,
    rest::Asked,
    scene::{PATIENCE, Scene as Stage, text},
    verdict::{self, Before},
};

const LOOK_EVERY: Duration = Duration::from_millis(60);
const BLOCK_EVERY: Duration = Duration::from_millis(200);
/// A block for every week of moved time: both nodes have to follow each, and each brings both signs of life.
const BLOCK_S: i64 = 7 * 86_400;

/// Plays it in a folder that holds a copy of the scene, and judges what came of it.
pub fn tell(stage: &Stage, folder: &Path, plan: &Plan<Moment>) -> anyhow::Result<()> {
    let (regtest, buyer, seller) = stage.stage(folder);
    for company in [&buyer, &seller] {
        company.start()?;
    }
    both_up(&buyer, &seller)?;
    let before = Before::look(stage, &buyer, &seller)?;
    under_kills(plan, &buyer, &seller, |passed| {
        let clock = FileClock::at(&folder.join(CLOCK));
        Whole::new(&stage.contract, &regtest, &buyer, &seller, clock, passed).play()
    })?;
    verdict::whole::reach(&stage.contract, &buyer, &seller, &before)?;
    buyer.stop()?;
    seller.stop()
}

struct Whole<'a> {
    contract: &'a str,
    path: String,
    regtest: &'a Regtest,
    buyer: &'a Company,
    seller: &'a Company,
    clock: FileClock,
    passed: &'a Passed<Moment>,
    steps: u64,
    funds: u64,
    payments: u64,
    closings: u64,
    /// The record as it was read last, and the hash and length it had.
    read: Option<(Value, usize, Record)>,
    next_block: Instant,
    refusal: String,
}

impl<'a> Whole<'a> {
    fn new(
        contract: &'a str,
        regtest: &'a Regtest,
        buyer: &'a Company,
        seller: &'a Company,
        clock: FileClock,
        passed: &'a Passed<Moment>,
    ) -> Self {
        Whole {
            contract,
            path: format!("/contracts/{contract}"),
            regtest,
            buyer,
            seller,
            clock,
            passed,
            steps: 0,
            funds: 0,
            payments: 0,
            closings: 0,
            read: None,
            next_block: Instant::now(),
            refusal: String::new(),
        }
    }

    fn play(&mut self) -> anyhow::Result<()> {
        let (mut steps, mut since) = (0, Instant::now());
        while since.elapsed() < PATIENCE {
            if self.step()? {
                return Ok(());
            }
            if self.steps != steps {
                (steps, since) = (self.steps, Instant::now());
            }
            thread::sleep(LOOK_EVERY);
        }
        bail!("nothing followed step {steps} within {PATIENCE:?}; last refusal: {}", self.refusal)
    }

    /// Looks at both pages and does what is next. Returns whether everything is done.
    fn step(&mut self) -> anyhow::Result<bool> {
        let path = self.path.clone();
        let (Some(ours), Some(theirs)) = (self.look(self.buyer, &path)?, self.look(self.seller, &path)?)
        else {
            return Ok(false);
        };
        let mut states = [&ours, &theirs].into_iter().flat_map(channel_states);
        // One that was killed before it was signed is refused, says so, and is funded again.
        if states.any(|state| !["Open", "Closed", "Refused"].contains(&state.as_str())) {
            self.mine();
            return Ok(false);
        }
        if !in_step(&ours, &theirs) || self.is_paying()? || !self.at_the_tip()? || !self.read(&ours)? {
            return Ok(false);
        }
        let Some((_, _, record)) = &self.read else { return Ok(false) };
        let state = record.state();
        let terms = state.terms.clone().context("terms are in force in the scene")?;
        let mut answered = Answered::default();
        let judged =
            state.tenders.values().filter(|tender| matches!(tender.outcome, Outcome::Answered { .. }));
        judged.for_each(|tender| answered.add(&tender.row));
        let now = self.clock.now();
        match next(&status(state, now), &terms, &answered, now) {
            Next::Act(side, todo) => self.perform(side, &todo, &terms, &answered).map(|()| false),
            Next::Wait => Ok(false),
            Next::At(time) => self.forward_to(time).map(|()| false),
            Next::Nothing => self.close(&ours),
        }
    }

    /// Whether the contract was read as the page shows it.
    fn read(&mut self, view: &Value) -> anyhow::Result<bool> {
        let (hash, length) = (&view["state_hash"], view["record"].as_array().map_or(0, Vec::len));
        if self.read.as_ref().is_some_and(|(read, long, _)| read == hash && *long == length) {
            return Ok(true);
        }
        let answer = self.buyer.bundle(self.contract);
        let Some(bytes) = self.heard(answer)? else { return Ok(false) };
        // Cut off by a kill it is none; it is asked for again.
        match open_bundle(&bytes) {
            Ok(record) => self.read = Some((hash.clone(), length, record)),
            Err(error) => self.refusal = error.to_string(),
        }
        Ok(false)
    }

    /// Whether a payment is under way: a person pays once, and waits for what becomes of it.
    fn is_paying(&mut self) -> anyhow::Result<bool> {
        let path = format!("{}/payments", self.path);
        let Some(payments) = self.look(self.buyer, &path)? else { return Ok(true) };
        let payments = payments.as_array().context("payments are a list")?;
        for payment in payments {
            anyhow::ensure!(payment["state"]["tone"] != "bad", "a payment failed: {payment}");
        }
        Ok(payments.iter().any(|payment| payment["finished"] == false))
    }

    /// Whether both nodes have followed the chain.
    fn at_the_tip(&mut self) -> anyhow::Result<bool> {
        let tip = self.regtest.call("getblockcount", &json!([]));
        for company in [self.buyer, self.seller] {
            if self.look(company, "/node")?.is_none_or(|node| node["height"] != tip) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn perform(&mut self, side: Side, todo: &Todo, terms: &Terms, answered: &Answered) -> anyhow::Result<()> {
        let company = if side == Side::Buyer { self.buyer } else { self.seller };
        match todo {
            Todo::Tender { row, units } => {
                let tender = json!(evidence(row, *units, answered.of(row)));
                self.act(company, "/tenders", &tender)
            }
            Todo::AnswerTender { tender, row, units } => {
                let accepted = match scene(terms, row, answered.of(row), *units) {
                    Scene::Accept => *units,
                    Scene::Reject => 0,
                    Scene::Part => units - 1,
                    Scene::Silence => bail!("the buyer was to be silent about {row}"),
                };
                let reasons = if accepted < *units { reasons(terms, row) } else { Vec::new() };
                let answer = json!({ "accepted": accepted, "reasons": reasons });
                self.act(company, &format!("/tenders/{tender}/answer"), &answer)
            }
            Todo::Deem { tender, .. } => self.act(company, &format!("/tenders/{tender}/deem"), &json!({})),
            Todo::Fund { tranche, .. } => {
                self.passed.reach(Moment::Fund(self.funds));
                self.funds += 1;
                self.act(company, "/funds", &json!({ "tranche": tranche }))
            }
            Todo::Invoice { payable, .. } => self.act(company, "/invoices", &json!(payable)),
            Todo::Pay { invoice, amount, .. } => self.pay(company, *invoice, amount.0),
            Todo::SignAccount => {
                let Some(account) = self.look(company, &format!("{}/account", self.path))? else {
                    return Ok(());
                };
                self.act(company, "/account", &json!({ "account_hash": account["hash"] }))
            }
            other => bail!("the play does not know what to do about {other:?}"),
        }
    }

    fn pay(&mut self, company: &Company, invoice: Hash, amount_sat: u64) -> anyhow::Result<()> {
        let path = format!("{}/invoices/{invoice}", self.path);
        let Some(prompt) = self.look(company, &path)? else { return Ok(()) };
        if prompt["obstacles"] != json!([]) {
            self.refusal = prompt["obstacles"].to_string();
            return Ok(());
        }
        self.passed.reach(Moment::Pay(self.payments));
        self.payments += 1;
        self.act(company, &format!("/invoices/{invoice}/pay"), &json!({ "amount_sat": amount_sat }))
    }

    /// When nothing is owed any more, the channels are closed together. Returns whether they all are.
    fn close(&mut self, view: &Value) -> anyhow::Result<bool> {
        let cards = view["channels"].as_array().context("channels are a list")?;
        let Some(open) = cards.iter().find(|card| card["can_close"] == true) else {
            return Ok(channel_states(view).iter().all(|state| state != "Open"));
        };
        self.passed.reach(Moment::Close(self.closings));
        self.closings += 1;
        let below = format!("/funds/{}/close", text(&open["fund"])?);
        self.act(self.buyer, &below, &json!({ "alone": false }))?;
        // It shows after a moment only; asking twice does no harm, and is no step.
        thread::sleep(BLOCK_EVERY);
        Ok(false)
    }

    /// Moves the clock of both, and the chain with it.
    fn forward_to(&mut self, time: Time) -> anyhow::Result<()> {
        self.count_step();
        loop {
            let now = self.clock.now();
            if now >= time {
                return Ok(());
            }
            let to = time.min(now.plus_seconds(BLOCK_S));
            self.clock.forward_to(to)?;
            self.regtest.call("setmocktime", &json!([to.0]));
            self.regtest.mine(1);
        }
    }

    fn mine(&mut self) {
        if Instant::now() >= self.next_block {
            self.regtest.mine(1);
            self.next_block = Instant::now() + BLOCK_EVERY;
        }
    }

    fn count_step(&mut self) {
        self.passed.reach(Moment::Step(self.steps));
        self.steps += 1;
    }

    fn act(&mut self, company: &Company, below: &str, body: &Value) -> anyhow::Result<()> {
        self.count_step();
        let answer = company.post(&format!("{}{below}", self.path), body);
        self.heard(answer).map(|_| ())
    }

    fn look(&mut self, company: &Company, path: &str) -> anyhow::Result<Option<Value>> {
        if !company.is_up() {
            return Ok(None);
        }
        self.heard(company.get(path))
    }

    /// A program that is away or can't now is asked again; one that speaks of its own fault is not.
    fn heard<T>(&mut self, answer: Result<T, Asked>) -> anyhow::Result<Option<T>> {
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

/// How the channels and splices of a page stand.
fn channel_states(view: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let cards = list(&view["channels"]);
    let splices = cards.iter().flat_map(|card| list(&card["splices"])).collect::<Vec<_>>();
    let words =
        cards.iter().chain(&splices).map(|card| card["state"]["word"].as_str().unwrap_or("?").to_owned());
    words.collect()
}

/// Whether both pages show the same record, and say so.
fn in_step(ours: &Value, theirs: &Value) -> bool {
    let length = |view: &Value| view["record"].as_array().map(Vec::len);
    let agree = |view: &Value| view["agreed"]["tone"] == "good";
    agree(ours)
        && agree(theirs)
        && ours["state_hash"] == theirs["state_hash"]
        && length(ours) == length(theirs)
}
