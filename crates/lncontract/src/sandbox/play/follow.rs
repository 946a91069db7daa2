//! The course of the contract: what the two companies have to do next, done by them, one act after the other,
//! the clock moved to the next date where nothing is left to do today.
//!
//! It asks the same `status` that the pages ask, and does nothing that it does not name (`next`).

use anyhow::bail;
use lncontract_core::{
    Hash, Time,
    status::{PayableView, Status, Todo},
    v1::{Side, Terms},
};
use serde_json::json;

use super::{
    Play, amendment, channel, money,
    next::{Next, next},
    node,
    scenes::{Answered, Scene, evidence, reasons, scene},
    wait::{in_step, until},
};
use crate::sandbox::{Company, Sandbox, report::Report};

/// More acts than any contract of the template has.
const ACTS_MAX: usize = 5_000;

/// A contract on its course.
pub struct Course<'a> {
    /// Both companies, and their time.
    pub sandbox: &'a Sandbox,
    /// What is played.
    pub contract: Hash,
    /// Where the play ends.
    pub play: Play,
    /// How many tenders of each row were answered.
    pub answered: Answered,
    amended: bool,
}

impl<'a> Course<'a> {
    /// Begins with terms that are in force.
    pub fn new(sandbox: &'a Sandbox, contract: Hash, play: Play) -> Self {
        Self { sandbox, contract, play, answered: Answered::default(), amended: false }
    }

    /// Follows it to its end.
    ///
    /// # Errors
    /// When an act is refused, or what follows from it does not come.
    pub async fn follow(&mut self, report: &mut Report) -> anyhow::Result<()> {
        for _ in 0..ACTS_MAX {
            match self.next(report).await? {
                Next::Nothing => return Ok(()),
                next => self.take(next, report).await?,
            }
        }
        bail!("the contract did not come to its end in {ACTS_MAX} acts")
    }

    /// What is next, when both companies are in step; the amendment is made on the way, where it is played.
    ///
    /// # Errors
    /// When they don't come into step.
    pub async fn next(&mut self, report: &mut Report) -> anyhow::Result<Next> {
        let mut status = in_step(self.sandbox, self.contract).await?;
        let first_is_paid = status.payables.iter().any(PayableView::is_paid);
        match self.play {
            Play::FirstMilestone if first_is_paid => return Ok(Next::Nothing),
            Play::Amendment if first_is_paid && !self.amended => {
                self.amended = true;
                amendment::amend(self, report).await?;
                status = in_step(self.sandbox, self.contract).await?;
            }
            _ => {}
        }
        let next = next(&status, &self.terms().await?, &self.answered, self.sandbox.time.now());
        if next == Next::Wait {
            self.settle(&status).await?;
        }
        Ok(next)
    }

    /// Takes that step.
    ///
    /// # Errors
    /// When an act is refused, or what follows from it does not come.
    pub async fn take(&mut self, next: Next, report: &mut Report) -> anyhow::Result<()> {
        match next {
            Next::Act(side, todo) => self.perform(side, todo, report).await,
            Next::At(time) => self.forward_to(time).await,
            Next::Wait | Next::Nothing => Ok(()),
        }
    }

    /// Moves the clock, and waits for both nodes to follow the chain.
    async fn forward_to(&self, time: Time) -> anyhow::Result<()> {
        self.sandbox.time.forward_to(time).await;
        let tip = self.sandbox.time.chain().height();
        for company in [&self.sandbox.buyer, &self.sandbox.seller] {
            let node = node(company)?;
            until("the node at the chain's tip", || async {
                Ok((node.info().await?.height >= tip).then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    async fn perform(&mut self, side: Side, todo: Todo, report: &mut Report) -> anyhow::Result<()> {
        let company = self.company(side);
        match todo {
            Todo::Tender { row, units } => self.tender(side, row, units, report).await,
            Todo::AnswerTender { tender, row, units } => self.answer(side, tender, row, units, report).await,
            Todo::Deem { tender, row, .. } => {
                company.app.deem(self.contract, tender).await?;
                report.step("tender.deemed", company.side, json!({ "row": row }));
                Ok(())
            }
            Todo::Fund { tranche, .. } => channel::fund(self, &tranche, report).await,
            Todo::Invoice { payable, amount, .. } => {
                let invoice = company.app.make_invoice(self.contract, payable).await?;
                let step = json!({ "invoice": invoice.to_string(), "sat": amount.0 });
                report.step("invoice.made", company.side, step);
                Ok(())
            }
            Todo::Pay { invoice, amount, .. } => money::pay(self, side, invoice, amount, report).await,
            Todo::SignAccount => {
                let read = company.app.final_account(self.contract).await?.hash;
                company.app.sign_final_account(self.contract, read).await?;
                report.step("account.signed", company.side, json!({ "account": read.to_string() }));
                Ok(())
            }
            other => bail!("the play does not know what to do about {other:?}"),
        }
    }

    async fn tender(
        &self,
        side: Side,
        row: String,
        quantity: u64,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let company = self.company(side);
        let tender = evidence(&row, quantity, self.answered.of(&row));
        let sha256 = tender.documents.iter().map(|document| document.sha256.to_string()).collect::<String>();
        company.app.tender(self.contract, tender).await?;
        let step = json!({ "row": row, "units": quantity, "sha256": sha256 });
        report.step("tender.made", company.side, step);
        Ok(())
    }

    async fn answer(
        &mut self,
        side: Side,
        tender: Hash,
        row: String,
        units: u64,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let terms = self.terms().await?;
        let (step, accepted) = match scene(&terms, &row, self.answered.of(&row), units) {
            Scene::Accept => ("tender.accepted", units),
            Scene::Reject => ("tender.rejected", 0),
            Scene::Part => ("tender.accepted-in-part", units - 1),
            Scene::Silence => bail!("the buyer was to be silent about {row}"),
        };
        let why = if accepted < units { reasons(&terms, &row) } else { Vec::new() };
        self.answered.add(&row);
        let company = self.company(side);
        company.app.answer_tender(self.contract, tender, accepted, why.clone()).await?;
        let mut said = json!({ "row": row, "accepted": accepted, "of": units });
        if !why.is_empty() {
            said["reasons"] = json!(why);
        }
        report.step(step, company.side, said);
        Ok(())
    }

    /// Waits for what the programs do by themselves.
    async fn settle(&self, before: &Status) -> anyhow::Result<()> {
        until("what the programs do by themselves", || async {
            let now = self.sandbox.buyer.app.status(self.contract).await?;
            Ok((now.acts != before.acts).then_some(()))
        })
        .await
    }

    async fn terms(&self) -> anyhow::Result<Terms> {
        Ok(self.sandbox.buyer.app.terms_of(self.contract).await?)
    }

    /// The company of a side.
    pub fn company(&self, side: Side) -> &Company {
        match side {
            Side::Buyer => &self.sandbox.buyer,
            Side::Seller => &self.sandbox.seller,
        }
    }
}
