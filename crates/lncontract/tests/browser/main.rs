//! README's "What to click first", walked in a real browser: the built program, two companies, each with a
//! browser and an empty profile, from the first run to the first payment and the closing of its channel. What comes
//! later in the contract is walked in `whole`, another offer and its counter in `amendment`; `pages` has every page looked at by a checker.
//!
//! Invariant: by clicks and typing only. What can't be reached that way is not there for a person either.

mod amendment;
mod inspector;
mod pages;
mod person;
mod programs;
mod stage;
mod steps;
mod whole;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use person::Person;
use programs::{Driver, Sandbox};

const PASSWORD: &str = "a sentence is fine here";
/// SHA-256 of "abc": a document of the seller.
const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[tokio::test]
async fn real_chromium_walks_from_invite_to_first_payment_by_clicks() -> Result<()> {
    let dir = empty_folder("first-payment")?;
    let sandbox = Sandbox::start(&dir).await?;
    let driver = Driver::start(&dir).await?;
    let walk = Walk {
        buyer: Person::sits_down("buyer", &sandbox.buyer, &driver, &dir).await?,
        seller: Person::sits_down("seller", &sandbox.seller, &driver, &dir).await?,
    };
    let walked = walk.all().await;
    if walked.is_err() {
        for person in [&walk.buyer, &walk.seller] {
            match person.leaves_behind(&dir).await {
                Ok(told) => eprintln!("{told}"),
                Err(error) => eprintln!("{}: no picture could be had: {error:#}", person.name),
            }
        }
        eprintln!("what the sandbox said is in {}", dir.join("sandbox.log").display());
    }
    // What went wrong in the walk is told first.
    let left = [walk.buyer.leaves().await, walk.seller.leaves().await];
    walked?;
    left.into_iter().collect()
}

/// A folder of this run for a walk, below one of Cargo's own: what a failed walk left behind stays until the next one.
fn empty_folder(walk: &str) -> Result<PathBuf> {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser").join(walk);
    // A browser of a run that was killed may still write there: what can't be removed now goes the next time.
    let _ = std::fs::remove_dir_all(&all);
    let dir = all.join(std::process::id().to_string());
    std::fs::create_dir_all(&dir).context("the folder can't be made")?;
    Ok(dir)
}

/// The two people.
struct Walk {
    buyer: Person,
    seller: Person,
}

impl Walk {
    /// The steps of README, by its numbers.
    async fn all(&self) -> Result<()> {
        self.first_run(&self.buyer, "Meridian Systems Integration GmbH", "Meridian").await?;
        self.first_run(&self.seller, "Castor Subsystems s.r.o.", "Castor").await?;
        self.companies().await.context("step 2, companies")?;
        self.offer().await.context("step 3, new contract")?;
        self.fund().await.context("step 4, fund")?;
        self.tender("Certificate C-0093.pdf").await.context("step 5, tender")?;
        self.reject().await.context("step 5, reject")?;
        self.tender("Certificate C-0094.pdf").await.context("step 5, tender again")?;
        self.accept().await.context("step 5, accept")?;
        self.invoice().await.context("step 6, invoice")?;
        self.pay().await.context("step 6, pay")?;
        self.close().await.context("step 7, close together")?;
        self.sign_in_again().await.context("after the walk, sign out and in")
    }

    async fn first_run(&self, person: &Person, name: &str, short: &str) -> Result<()> {
        let run = async {
            person.names_company(name, short, person.name, PASSWORD).await?;
            let paper = person.writes_words_down().await?;
            person.goes_to_check().await?;
            person.shows_words(&paper, PASSWORD).await?;
            person.follows("Node and funds").await?;
            person.arrives_at("Node and funds").await?;
            person.sees_figure("On chain", "40 000 000").await
        };
        run.await.with_context(|| format!("step 1, first run of the {}", person.name))
    }

    async fn companies(&self) -> Result<()> {
        for (from, to) in [(&self.buyer, &self.seller), (&self.seller, &self.buyer)] {
            from.follows("Companies").await?;
            from.arrives_at("Companies").await?;
            let invite = from.reads_field("Invite as text").await?;
            from.presses("Copy").await?;
            from.sees("Copied").await?;
            to.follows("Companies").await?;
            to.types("Paste it here", &invite).await?;
            to.presses("Accept the invite").await?;
            to.sees("Compare the digits").await?;
        }
        let (ours, theirs) = (self.buyer.reads_words(2).await?, self.seller.reads_words(2).await?);
        ensure!(ours == theirs, "the buyer reads {ours:?}, the seller {theirs:?}");
        for person in [&self.buyer, &self.seller] {
            person.presses("All of them are equal").await?;
            person.sees("Digits compared").await?;
            person.sees("Connected").await?;
        }
        Ok(())
    }

    async fn offer(&self) -> Result<()> {
        self.buyer.follows("Contracts").await?;
        self.buyer.follows("New contract").await?;
        self.buyer.arrives_at("New contract").await?;
        self.buyer.types("Contract number", "MC-2026-014").await?;
        self.buyer.presses("Offer this contract").await?;
        self.buyer.sees("Castor’s turn").await?;
        self.seller.follows("Overview").await?;
        self.seller.follows("Review offer").await?;
        self.seller.sees("12 × Subsystem").await?;
        self.seller.presses("Accept the contract over 150 000 000 sat").await?;
        self.seller.sees("In force").await?;
        self.seller.sees_figure("Contract total", "150 000 000").await?;
        self.buyer.sees("In force").await
    }

    async fn fund(&self) -> Result<()> {
        self.buyer.follows("Fund").await?;
        self.buyer.arrives_at("Open a channel of 30 000 000 sat with Castor?").await?;
        self.buyer.presses("Open with 30 000 000 sat").await?;
        self.buyer.sees("Confirming").await?;
        // Nobody reloads: the pages follow by themselves.
        for (person, other) in [(&self.buyer, "Castor"), (&self.seller, "Meridian")] {
            person.sees("Can be paid from it").await?;
            person.sees(&format!("Seen by us and by {other}")).await?;
        }
        Ok(())
    }

    async fn tender(&self, document: &str) -> Result<()> {
        self.seller.follows("Tender").await?;
        self.seller.arrives_at("Tender:").await?;
        self.seller.types("Name of document 1", document).await?;
        self.seller.types("SHA-256 of document 1", SHA256).await?;
        self.seller.presses("Tender to Meridian").await?;
        self.seller.sees("Tendered").await?;
        self.buyer.follows("Examine").await?;
        self.buyer.arrives_at("Examine:").await?;
        self.buyer.sees(document).await
    }

    async fn reject(&self) -> Result<()> {
        self.buyer.types("All reasons", "Purchase order 4711 is not signed").await?;
        self.buyer.presses("Reject").await?;
        self.buyer.sees("Rejected").await?;
        self.seller.sees("Rejected: Purchase order 4711 is not signed").await
    }

    async fn accept(&self) -> Result<()> {
        self.buyer.presses("Accept it as performed").await?;
        self.buyer.sees_figure("Earned", "25 000 000").await?;
        self.seller.sees_figure("Earned", "25 000 000").await
    }

    async fn invoice(&self) -> Result<()> {
        self.seller.follows("Make invoice").await?;
        self.seller.arrives_at("Make an invoice").await?;
        self.seller.presses("Make the invoice and send it").await?;
        self.seller.sees_figure("Invoiced", "25 000 000").await
    }

    async fn pay(&self) -> Result<()> {
        self.buyer.follows("Review payment").await?;
        self.buyer.arrives_at("Pay 25 000 000 sat to Castor Subsystems s.r.o.?").await?;
        self.buyer.sees("Can be paid now").await?;
        self.buyer.types("Type the amount in sat to confirm", "25,000,000").await?;
        self.buyer.presses("Approve and pay 25 000 000 sat").await?;
        self.buyer.sees("Receipt (preimage)").await?;
        self.buyer.follows("Back to the contract").await?;
        for person in [&self.buyer, &self.seller] {
            person.sees_figure("Paid", "25 000 000").await?;
            person.sees_figure("Outstanding", "125 000 000").await?;
        }
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        self.buyer.follows("Close this channel").await?;
        self.buyer.arrives_at("Close Channel 1").await?;
        self.buyer.types("Type the channel’s name", "Channel 1, general").await?;
        self.buyer.presses("Close it together").await?;
        for person in [&self.buyer, &self.seller] {
            person.sees("Closed").await?;
            person.follows("Record").await?;
            person.sees("Export bundle").await?;
            person.sees("Both companies agree").await?;
        }
        Ok(())
    }

    async fn sign_in_again(&self) -> Result<()> {
        self.buyer.presses("Sign out").await?;
        self.buyer.signs_in(self.buyer.name, PASSWORD).await
    }
}
