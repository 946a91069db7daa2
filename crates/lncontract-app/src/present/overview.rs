//! The overview: what is to be done today, what is owed, what is under way; and the frame of every page.

use lncontract_core::{Time, status::status, v1::Side};
use lncontract_store::ContractPage;

use super::todo;
use crate::{
    App, AppError,
    view::{Badge, ContractRow, Frame, Overview, Todo, Tone},
};

/// How many days ahead the overview adds up.
const AHEAD_DAYS: i64 = 30;
/// A page of the list.
const PAGE_LEN: u32 = 200;

impl App {
    /// What the program's clock shows.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// What stands on every page.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn frame(&self) -> Result<Frame, AppError> {
        let company = self.store.company().await?;
        let (name, short_name) =
            company.map(|company| (company.name, company.short_name)).unwrap_or_default();
        let (node, height) = match self.node().await {
            Ok(node) => match node.info().await {
                Ok(info) if info.synced => (Badge::new(Tone::Good, "Node in step"), info.height),
                Ok(info) => (Badge::new(Tone::Warn, "Catching up"), info.height),
                Err(_) => (Badge::new(Tone::Bad, "Node stopped"), 0),
            },
            Err(error) if error.class == crate::Class::Locked => (Badge::new(Tone::Mute, "Locked"), 0),
            Err(_) => (Badge::new(Tone::Bad, "Node stopped"), 0),
        };
        Ok(Frame {
            company: name,
            short_name,
            network: self.network.clone(),
            node,
            height,
            now: self.clock.now(),
        })
    }

    /// All contracts, newest first, from the store's projections; what is covered is asked of the node.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn contracts(&self) -> Result<Vec<ContractRow>, AppError> {
        let rows = self.store.contracts(ContractPage::first(PAGE_LEN)).await?;
        let there = self.node_channels().await;
        let mut contracts = Vec::new();
        for row in rows {
            let mut row: ContractRow = serde_json::from_str(&row.projection)
                .map_err(|_| AppError::fault("a projection is unreadable"))?;
            let live = self.live(row.id).await?;
            let live = live.lock().await;
            row.covered_sat = super::contract::covered(&live, &there, self.clock.now());
            contracts.push(row);
        }
        Ok(contracts)
    }

    /// The overview.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn overview(&self) -> Result<Overview, AppError> {
        let mut overview = Overview {
            we_owe_sat: 0,
            owed_to_us_sat: 0,
            earmarked_by_us_sat: 0,
            earmarked_for_us_sat: 0,
            onchain_free_sat: 0,
            todos: Vec::new(),
            underway: Vec::new(),
            contracts: Vec::new(),
            first_steps: Vec::new(),
        };
        if let Ok(node) = self.node().await
            && let Ok(balances) = node.balances().await
        {
            overview.onchain_free_sat = balances.onchain_spendable_sat;
        }
        overview.todos = self.fallen().await?;
        let until = self.clock.now().plus_days(AHEAD_DAYS);
        for (id, live) in self.all_live().await? {
            {
                let live = live.lock().await;
                let status = status(live.record.state(), self.clock.now());
                let terms = super::contract::shown_terms(&live)?;
                let due = status.payables.iter().filter(|payable| !payable.is_paid());
                let due: u64 = due
                    .filter(|payable| payable.due.is_none_or(|due| due <= until))
                    .map(|payable| payable.amount.0)
                    .sum();
                let acts = status.acts.of(live.our_side).iter().filter(|act| todo::is_for_people(act));
                overview.todos.extend(acts.map(|act| todo::todo(id, act, &terms)));
                if live.our_side == Side::Buyer {
                    overview.we_owe_sat += due
                } else {
                    overview.owed_to_us_sat += due
                }
            }
            let view = self.contract(id).await?;
            match view.our_side {
                Side::Buyer => overview.earmarked_by_us_sat += view.figures.earmarked_sat,
                Side::Seller => overview.earmarked_for_us_sat += view.figures.earmarked_sat,
            }
            overview.todos.extend(view.watch);
            let moving = |word: &str| !matches!(word, "Open" | "Closed" | "Refused");
            overview.underway.extend(view.channels.into_iter().filter(|card| moving(&card.state.word)));
        }
        overview.contracts = self.contracts().await?;
        overview.first_steps = self.first_steps(&overview).await?;
        Ok(overview)
    }

    /// What nothing explains, with the names of counterparties.
    async fn fallen(&self) -> Result<Vec<Todo>, AppError> {
        let mut todos = Vec::new();
        for fall in self.falls().await {
            let peer = match &fall.peer {
                Some(id) => self.store.peer(id).await?,
                None => None,
            };
            let name = peer.map_or_else(|| "the other company".into(), |peer| peer.short_name);
            todos.push(todo::fall(&fall, &name));
        }
        Ok(todos)
    }

    async fn first_steps(&self, overview: &Overview) -> Result<Vec<(Todo, bool)>, AppError> {
        let met = self.store.peers().await?.iter().any(|peer| peer.words_confirmed_at.is_some());
        let step = |title: &str, text: &str, button: &str, href: &str| Todo {
            title: title.into(),
            text: text.into(),
            tone: Tone::Busy,
            button: button.into(),
            href: href.into(),
        };
        let steps = vec![
            (
                step(
                    "Confirm the recovery words",
                    "They bring back the company’s keys and its on-chain funds.",
                    "Confirm",
                    "/setup/confirm",
                ),
                self.words_confirmed().await?,
            ),
            (
                step(
                    "Deposit",
                    "Channels are funded from the node’s own wallet.",
                    "Deposit address",
                    "/node",
                ),
                overview.onchain_free_sat > 0 || !overview.contracts.is_empty(),
            ),
            (
                step(
                    "Meet the other company",
                    "Exchange invites and compare the digits by voice.",
                    "Companies",
                    "/companies",
                ),
                met,
            ),
            (
                step(
                    "Draft the contract",
                    "From the template for supply with milestones.",
                    "New contract",
                    "/contracts/new",
                ),
                !overview.contracts.is_empty(),
            ),
        ];
        Ok(if steps.iter().all(|(_, done)| *done) { Vec::new() } else { steps })
    }
}
