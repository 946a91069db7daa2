//! `sandbox --play`: two companies sign the worked example and follow it, by themselves, through the same use
//! cases as the pages.
//!
//! `follow` does what the contract asks of each side next, `scenes` says which tenders go wrong, `channel` and
//! `money` carry out the acts that take several steps, and `money` holds the account at the end.

pub mod amendment;
pub mod channel;
pub mod follow;
pub mod money;
pub mod next;
pub mod release;
pub mod scenes;
pub mod wait;

use std::sync::Arc;

use anyhow::{Context, ensure};
use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};
use lncontract_app::{NewCompany, NewContract};
use lncontract_core::{
    Hash, Time,
    template::supply::worked_example,
    v1::{Party, Side, Terms},
};
use lncontract_lightning::Lightning;
use serde_json::json;

use self::{
    follow::Course,
    money::Given,
    wait::{see, until},
};
use super::{
    Company, Sandbox,
    report::{How, Report},
};

/// The password of both companies: the sandbox's money is worth nothing.
pub const PASSWORD: &str = "sandbox-password";
/// Satoshi that the chain gives each company beside what it is to set aside: fees, and the anchor reserve.
pub const RESERVE_SAT: u64 = 1_000_000;

/// What is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Play {
    /// The worked example to its first paid milestone
    FirstMilestone,
    /// The worked example from draft to its end
    Example,
    /// The same, amended after its first milestone: 156,000,000 sat
    Amendment,
}

/// When the clock has to stand at the beginning, so that nothing of these terms is late: at noon of their date.
pub fn begin(terms: &Terms) -> Option<Time> {
    let noon = terms.date_of_contract.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).ok()?;
    Some(Time(noon.timestamp().as_second()))
}

/// Walks the play. `terms`: others than the worked example's. Returns the exit code.
pub async fn run(sandbox: &Sandbox, play: Play, terms: Option<Terms>, json: bool) -> anyhow::Result<u8> {
    let mut report = Report::new(if json { How::Json } else { How::People }, sandbox.time.clock());
    let terms = match terms {
        Some(terms) => terms,
        None => example(sandbox)?,
    };
    let (contract, money) = walk(sandbox, play, terms, &mut report).await?;
    let result = money::account(sandbox, contract, &money).await?;
    let ok = result["result"] == "ok";
    report.end(&result);
    Ok(u8::from(!ok))
}

async fn walk(
    sandbox: &Sandbox,
    play: Play,
    terms: Terms,
    report: &mut Report,
) -> anyhow::Result<(Hash, Given)> {
    let (buyer, seller) = (&sandbox.buyer, &sandbox.seller);
    for (company, party) in [(buyer, &terms.buyer), (seller, &terms.seller)] {
        set_up(company, party, report).await?;
    }
    meet(buyer, seller, report).await?;
    let given = give(sandbox, play, &terms, report).await?;
    channel::refuse_unannounced(sandbox, report).await?;
    let contract = sign(buyer, seller, terms, report).await?;
    Course::new(sandbox, contract, play).follow(report).await?;
    release::release_all(sandbox, contract, report).await?;
    channel::close_all(sandbox, contract, report).await?;
    Ok((contract, given))
}

/// First run of a company.
///
/// # Errors
/// When it is set up already.
pub async fn set_up(company: &Company, party: &Party, report: &mut Report) -> anyhow::Result<()> {
    let new = NewCompany {
        name: party.name.clone(),
        short_name: party.short_name.clone(),
        user: company.side.into(),
        password: PASSWORD.into(),
    };
    let words = company.app.new_company(new).await?;
    let some: Vec<(usize, String)> = [3, 11, 20].map(|place| (place, words[place - 1].clone())).to_vec();
    company.app.confirm_words(PASSWORD, &some).await?;
    report.step("company.ready", company.side, json!({}));
    Ok(())
}

/// They exchange invites and compare the words.
///
/// # Errors
/// When the words differ, or one is not set up.
pub async fn meet(buyer: &Company, seller: &Company, report: &mut Report) -> anyhow::Result<()> {
    for (us, them) in [(buyer, seller), (seller, buyer)] {
        let row = us.app.accept_invite(&them.app.invite().await?).await?;
        us.app.confirm_company_words(&row.id).await?;
        report.step("company.met", us.side, json!({ "words": row.words.join(" / ") }));
    }
    let mine = buyer.app.companies().await?.remove(0).words;
    ensure!(mine == seller.app.companies().await?.remove(0).words, "the two companies read different words");
    Ok(())
}

/// Gives the buyer what it is to set aside, and both what fees and the anchor reserve need.
///
/// # Errors
/// When a node does not run, or the money does not come.
pub async fn give(
    sandbox: &Sandbox,
    play: Play,
    terms: &Terms,
    report: &mut Report,
) -> anyhow::Result<Given> {
    let tranches = terms.funding.tranches.iter().map(|tranche| tranche.amount.0);
    let set_aside: u64 = match play {
        Play::FirstMilestone => tranches.take(1).sum(),
        Play::Example => tranches.sum(),
        Play::Amendment => tranches.sum::<u64>() + amendment::MORE_SAT,
    };
    let given = Given { buyer_sat: set_aside + RESERVE_SAT, seller_sat: RESERVE_SAT };
    for (company, sat) in [(&sandbox.buyer, given.buyer_sat), (&sandbox.seller, given.seller_sat)] {
        let node = node(company)?;
        let address = node.new_address().await?;
        sandbox.time.chain().send(&address, sat)?;
        sandbox.time.chain().mine(1);
        until("the deposit", || async {
            Ok((node.balances().await?.onchain_spendable_sat >= sat).then_some(()))
        })
        .await?;
        report.step("deposit.confirmed", company.side, json!({ "sat": sat }));
    }
    Ok(given)
}

/// The worked example, from today on.
///
/// # Errors
/// When the clock shows no date.
pub fn example(sandbox: &Sandbox) -> anyhow::Result<Terms> {
    let today = Offset::UTC.to_datetime(Timestamp::from_second(sandbox.time.now().0)?).date();
    let party = |name: &str, short_name: &str| Party {
        name: name.into(),
        short_name: short_name.into(),
        tax_id: String::new(),
        address: String::new(),
    };
    let buyer = party("Meridian Systems Integration GmbH", "Meridian");
    Ok(worked_example(today, buyer, party("Castor Subsystems s.r.o.", "Castor"), 0))
}

async fn sign(buyer: &Company, seller: &Company, terms: Terms, report: &mut Report) -> anyhow::Result<Hash> {
    let contract = offer(buyer, seller, terms, report).await?;
    accept(buyer, seller, contract, report).await?;
    Ok(contract)
}

/// The buyer offers these terms; the seller has them when this returns.
///
/// # Errors
/// When they are no contract, or don't arrive.
pub async fn offer(
    buyer: &Company,
    seller: &Company,
    terms: Terms,
    report: &mut Report,
) -> anyhow::Result<Hash> {
    let counterparty = buyer.app.companies().await?.remove(0).id;
    let total = terms.total.0;
    let new = NewContract { counterparty, our_side: Side::Buyer, terms, valid_days: 14 };
    let contract = buyer.app.offer(new).await?;
    report.step(
        "contract.offered",
        buyer.side,
        json!({ "contract": contract.to_string(), "total_sat": total }),
    );
    until("the offer at the seller", || async {
        Ok(seller.app.contract(contract).await.ok().filter(|view| view.can_answer_offer))
    })
    .await?;
    Ok(contract)
}

/// The seller accepts; they are in force on both sides when this returns.
///
/// # Errors
/// When there is no offer, or the acceptance does not arrive.
pub async fn accept(
    buyer: &Company,
    seller: &Company,
    contract: Hash,
    report: &mut Report,
) -> anyhow::Result<()> {
    seller.app.accept_offer(contract).await?;
    report.step("contract.accepted", seller.side, json!({}));
    see(&buyer.app, contract, "the acceptance at the buyer", |view| (view.version == 1).then_some(()))
        .await?;
    report.step("contract.in_force", buyer.side, json!({}));
    Ok(())
}

fn node(company: &Company) -> anyhow::Result<Arc<dyn Lightning>> {
    company.node.running().with_context(|| format!("the {}'s node does not run", company.side))
}
