//! An amendment, by clicks: the buyer moves the last delivery and adds a milestone of 6,000,000 sat with a channel of its
//! own, the seller counters once, the buyer accepts; six figures and coverage follow.

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use lncontract::sandbox::play;
use lncontract_core::{schedule, v1::Terms};

use crate::{empty_folder, person::Person, programs::Driver, stage::Stage};

#[tokio::test(flavor = "multi_thread")]
async fn real_chromium_walks_an_amendment_with_a_counter_by_clicks() -> Result<()> {
    let dir = empty_folder("amendment")?;
    let stage = Stage::set(&dir).await?;
    let terms = play::example(&stage.sandbox)?;
    stage.sign(&terms).await?;
    let driver = Driver::start(&dir).await?;
    let walk = Walk {
        buyer: Person::sits_down("buyer", &stage.buyer, &driver, &dir).await?,
        seller: Person::sits_down("seller", &stage.seller, &driver, &dir).await?,
    };
    let walked = walk.all(&terms).await;
    for person in [walk.buyer, walk.seller] {
        if walked.is_err() {
            eprintln!("{}", person.leaves_behind(&dir).await?);
        }
        person.leaves().await?;
    }
    stage.sandbox.stop().await;
    walked
}

struct Walk {
    buyer: Person,
    seller: Person,
}

impl Walk {
    async fn all(&self, terms: &Terms) -> Result<()> {
        let anchor = terms.date_of_contract;
        let day = |months: i32| schedule::after(anchor, months, 0).context("a day of the calendar");
        for person in [&self.buyer, &self.seller] {
            person.signs_in(person.name, play::PASSWORD).await?;
            person.follows("Supply of 12 subsystems").await?;
        }
        self.amend(day(16)?, day(11)?, day(10)?).await.context("the amendment")?;
        self.counter(day(17)?).await.context("the counter")?;
        self.accept().await.context("the acceptance")
    }

    async fn amend(&self, moved: Date, tendered: Date, funded: Date) -> Result<()> {
        let buyer = &self.buyer;
        buyer.follows("Amend").await?;
        buyer.chooses_day("Due day of Delivery 6: Subsystem", moved).await?;
        buyer.types("Contract total, sat", "156 000 000").await?;
        buyer.presses("Add a milestone").await?;
        buyer.types("New milestone", "Spare parts").await?;
        buyer.types("Amount, sat", "6 000 000").await?;
        buyer.chooses_day("Due day", tendered).await?;
        buyer.presses("Add a tranche").await?;
        buyer.types("Amount of new tranche 1, sat", "7 000 000").await?;
        buyer.chooses_day("Due day of new tranche 1", funded).await?;
        buyer.chooses("What new tranche 1 is for", "Spare parts").await?;
        buyer.presses("Show the difference").await?;
        for words in ["What would change", "156 000 000", "162 000 000", "Spare parts"] {
            buyer.sees(words).await?;
        }
        buyer.presses("Offer this amendment").await?;
        buyer.sees("How it stands").await
    }

    async fn counter(&self, later: Date) -> Result<()> {
        let seller = &self.seller;
        seller.follows("Overview").await?;
        seller.follows("Review offer").await?;
        seller.sees("What their offer changes").await?;
        seller.follows("Counter with other terms").await?;
        seller.chooses_day("Due day of Delivery 6: Subsystem", later).await?;
        seller.types("Examination period, days", "14").await?;
        seller.presses("Show the difference").await?;
        seller.sees("Our counter").await?;
        seller.presses("Offer this counter").await?;
        seller.sees("How it stands").await
    }

    async fn accept(&self) -> Result<()> {
        let buyer = &self.buyer;
        buyer.follows("Overview").await?;
        buyer.follows("Review offer").await?;
        buyer.sees("Compare with the terms in force").await?;
        buyer.follows("Compare with the terms in force").await?;
        buyer.sees("not there").await?;
        buyer.presses("Accept these terms").await?;
        for person in [buyer, &self.seller] {
            person.follows("Overview").await?;
            person.follows("Supply of 12 subsystems").await?;
            person.sees_figure("Contract total", "156 000 000").await?;
            person.sees("as amended").await?;
            person.sees("Spare parts").await?;
        }
        Ok(())
    }
}
