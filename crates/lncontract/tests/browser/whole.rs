//! What comes later in the worked example, by clicks: a splice with its stages, a payment over two channels, a partial
//! acceptance, the final account. The play brings both companies there.
//!
//! Invariant: what a walk is about is done by clicks only; everything between is the play's.

use anyhow::{Context as _, Result, ensure};
use lncontract::sandbox::{
    play::{
        self, Play,
        channel::{self, close_all},
        follow::Course,
        next::Next,
        scenes::{Scene, scene},
    },
    report::Report,
};
use lncontract_core::{
    Hash,
    status::Todo,
    v1::{Side, Terms},
};

use crate::{empty_folder, person::Person, programs::Driver, stage::Stage};

#[tokio::test(flavor = "multi_thread")]
async fn real_chromium_walks_splice_two_channel_payment_partial_acceptance_and_final_account_by_clicks()
-> Result<()> {
    let dir = empty_folder("whole")?;
    let stage = Stage::set(&dir).await?;
    let terms = play::example(&stage.sandbox)?;
    let contract = stage.sign(&terms).await?;
    let driver = Driver::start(&dir).await?;
    let walk = Walk {
        buyer: Person::sits_down("buyer", &stage.buyer, &driver, &dir).await?,
        seller: Person::sits_down("seller", &stage.seller, &driver, &dir).await?,
        stage: &stage,
    };
    let walked = walk.all(contract, &terms).await;
    for person in [walk.buyer, walk.seller] {
        if walked.is_err() {
            eprintln!("{}", person.leaves_behind(&dir).await?);
        }
        person.leaves().await?;
    }
    stage.sandbox.stop().await;
    walked
}

struct Walk<'a> {
    stage: &'a Stage,
    buyer: Person,
    seller: Person,
}

/// What was walked so far.
#[derive(Debug, Default, PartialEq, Eq)]
struct Walked {
    splice: bool,
    two_channels: bool,
    in_part: bool,
    signatures: usize,
}

impl Walk<'_> {
    async fn all(&self, contract: Hash, terms: &Terms) -> Result<()> {
        let mut report = self.stage.report();
        for person in [&self.buyer, &self.seller] {
            person.signs_in(person.name, play::PASSWORD).await?;
        }
        let walked = self.follow(contract, terms, &mut report).await?;
        let all = Walked { splice: true, two_channels: true, in_part: true, signatures: 2 };
        ensure!(walked == all, "{walked:?}");
        close_all(&self.stage.sandbox, contract, &mut report).await?;
        for person in [&self.buyer, &self.seller] {
            self.goes_home(person).await?;
            person.sees("Nothing to do").await?;
        }
        Ok(())
    }

    /// Follows the play, and takes its place where something is walked.
    async fn follow(&self, contract: Hash, terms: &Terms, report: &mut Report) -> Result<Walked> {
        let mut walked = Walked::default();
        let mut course = Course::new(&self.stage.sandbox, contract, Play::Example);
        loop {
            let next = course.next(report).await?;
            match &next {
                Next::Nothing => return Ok(walked),
                Next::Act(_, Todo::Fund { tranche, .. }) if tranche == "splice-1" => {
                    self.splice(&course, report).await.context("the splice")?;
                    walked.splice = true;
                }
                Next::Act(_, Todo::Pay { amount, .. }) if amount.0 == 60_000_000 => {
                    self.pay_over_two().await.context("the payment over two channels")?;
                    walked.two_channels = true;
                }
                Next::Act(_, Todo::AnswerTender { row, units, .. })
                    if !walked.in_part
                        && scene(terms, row, course.answered.of(row), *units) == Scene::Part =>
                {
                    self.accept_in_part(row).await.context("the partial acceptance")?;
                    course.answered.add(row);
                    walked.in_part = true;
                }
                Next::Act(side, Todo::SignAccount) => {
                    self.sign(*side).await.context("the final account")?;
                    walked.signatures += 1;
                }
                _ => course.take(next, report).await?,
            }
        }
    }

    /// The clock moves by months: sessions end.
    async fn goes_home(&self, person: &Person) -> Result<()> {
        person.goes_home(person.name, play::PASSWORD).await
    }

    /// Asked for, confirming, open: on both pages, which follow by themselves.
    async fn splice(&self, course: &Course<'_>, report: &mut Report) -> Result<()> {
        self.goes_home(&self.buyer).await?;
        self.buyer.follows("Fund").await?;
        self.buyer.arrives_at("Top up with 20 000 000 sat with Castor?").await?;
        self.buyer.presses("Set aside 20 000 000 sat").await?;
        self.buyer.sees("Splice 1, general: 20 000 000 sat more").await?;
        self.buyer.sees("Confirming").await?;
        self.goes_home(&self.seller).await?;
        self.seller.follows("Supply of 12 subsystems").await?;
        self.seller.sees("Splice 1, general: 20 000 000 sat more").await?;
        self.seller.sees("Confirming").await?;
        let view = self.stage.sandbox.buyer.app.contract(course.contract).await?;
        let splices = view.channels.iter().flat_map(|channel| &channel.splices);
        let splice = splices.map(|splice| splice.fund).next().context("the page shows a splice")?;
        channel::confirm(course, splice, report).await?;
        for person in [&self.buyer, &self.seller] {
            person.sees_gone("Confirming").await?;
            person.sees("50 000 000").await?;
        }
        Ok(())
    }

    async fn pay_over_two(&self) -> Result<()> {
        self.goes_home(&self.buyer).await?;
        self.buyer.follows("Review payment").await?;
        self.buyer.arrives_at("Pay 60 000 000 sat to Castor Subsystems s.r.o.?").await?;
        self.buyer.sees("Can be paid now").await?;
        self.buyer.sees("Channel 1").await?;
        self.buyer.sees("Channel 2").await?;
        self.buyer.types("Type the amount in sat to confirm", "60,000,000").await?;
        self.buyer.presses("Approve and pay 60 000 000 sat").await?;
        self.buyer.sees("Receipt (preimage)").await
    }

    async fn accept_in_part(&self, row: &str) -> Result<()> {
        self.goes_home(&self.buyer).await?;
        self.buyer.follows("Examine").await?;
        self.buyer.arrives_at("Examine:").await?;
        self.buyer.types("Units accepted", "1").await?;
        self.buyer.types("All reasons", "Unit 2 fails the leak test").await?;
        self.buyer.presses("Answer with these reasons").await?;
        self.goes_home(&self.seller).await?;
        self.seller.sees("tender it").await.with_context(|| format!("the rest of {row} is to be tendered"))
    }

    async fn sign(&self, side: Side) -> Result<()> {
        let person = if side == Side::Buyer { &self.buyer } else { &self.seller };
        self.goes_home(person).await?;
        person.follows("Read it").await?;
        person.sees("What the contract came to").await?;
        person.sees("150 000 000").await?;
        person.presses("Sign the final account").await?;
        person.sees("signed").await
    }
}
