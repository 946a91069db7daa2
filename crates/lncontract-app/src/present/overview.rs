//! The overview: what is to be done today, what is owed, what is under way; and the frame of every page.

use std::collections::BTreeSet;

use lncontract_core::{Bytes, Hash, Time};
use lncontract_store::{Channels, Contract, ContractPage, Side as StoredSide, Which};

use super::{
    list::{Kept, day_number},
    node::standing,
    todo,
};
use crate::{
    App, AppError,
    view::{Badge, ChannelCard, ContractRow, Frame, Of, Overview, Todo, Tone},
};

/// How many days ahead the overview adds up.
const AHEAD_DAYS: i64 = 30;
/// A page of the list of contracts has so many; the last one has fewer.
pub const CONTRACTS_PAGE_LEN: usize = 50;
/// The overview shows so many contracts, the newest.
const NEWEST_MAX: u32 = 10;
/// How many things to do the overview shows, and of how many contracts.
const TODOS_MAX: u32 = 20;
/// Of how many contracts the overview shows the channels that are on their way.
const UNDERWAY_MAX: u32 = 10;
/// Of how many contracts with something to do the overview says also what has to be said early.
const CLOSER_MAX: usize = 5;

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
                Ok(info) => (standing(&info, "Node in step"), info.height),
                Err(_) => (Badge::new(Tone::Bad, "Node not reached"), 0),
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

    /// A page of contracts, newest first, after the one with that id; from the store's rows, none is opened. What is
    /// covered is asked of the node.
    ///
    /// # Errors
    /// When there is no such contract, or the store does not answer.
    pub async fn contracts(&self, after: Option<Hash>) -> Result<Vec<ContractRow>, AppError> {
        let mut page = ContractPage::first(CONTRACTS_PAGE_LEN as u32);
        if let Some(after) = after {
            let last = self.store.contract(after.0).await?.ok_or_else(|| AppError::not_found("contract"))?;
            page.after = Some(last.cursor());
        }
        self.listed(page).await
    }

    async fn listed(&self, page: ContractPage) -> Result<Vec<ContractRow>, AppError> {
        let rows = self.store.contracts(page).await?;
        let there =
            self.node_channels().await.into_iter().map(|channel| (channel.opening, channel)).collect();
        rows.iter().map(|row| Ok(Kept::read(&row.projection)?.shown(&there))).collect()
    }

    /// The overview: sums that the store keeps, the first things to do, channels on their way, the newest contracts.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn overview(&self) -> Result<Overview, AppError> {
        let until_day = day_number(self.clock.now().plus_days(AHEAD_DAYS));
        let (bought, sold) =
            (self.store.totals(StoredSide::Buyer).await?, self.store.totals(StoredSide::Seller).await?);
        let mut overview = Overview {
            we_owe_sat: self.store.due_by(true, until_day).await?,
            owed_to_us_sat: self.store.due_by(false, until_day).await?,
            earmarked_by_us_sat: bought.earmarked_sat,
            earmarked_for_us_sat: sold.earmarked_sat,
            onchain_free_sat: 0,
            outstanding_ours_sat: bought.outstanding_sat,
            outstanding_theirs_sat: sold.outstanding_sat,
            todos: Vec::new(),
            todo_count: bought.todos + sold.todos,
            underway: Vec::new(),
            contracts: self.listed(ContractPage::first(NEWEST_MAX)).await?,
            contract_count: bought.contracts + sold.contracts,
            first_steps: Vec::new(),
        };
        if let Ok(node) = self.node().await
            && let Ok(balances) = node.balances().await
        {
            overview.onchain_free_sat = balances.onchain_spendable_sat;
        }
        let to_do = self.store.contracts_which(Which::ToDo, TODOS_MAX).await?;
        let moving = self.store.contracts_which(Which::With(Channels::Moving), UNDERWAY_MAX).await?;
        overview.todos = self.fallen().await?;
        overview.todos.extend(self.first_todos(&to_do)?);
        self.look_closer(&mut overview, &to_do, &moving).await?;
        overview.first_steps = self.first_steps(&overview).await?;
        Ok(overview)
    }

    fn first_todos(&self, rows: &[Contract]) -> Result<Vec<Of<Todo>>, AppError> {
        let mut kept = Vec::new();
        for row in rows {
            let read = Kept::read(&row.projection)?;
            let contract = format!("{}, {}", read.row.number, read.row.counterparty);
            kept.extend(read.todos.into_iter().map(|todo| (contract.clone(), todo)));
        }
        kept.sort_by_key(|(_, todo)| (todo.due.is_none(), todo.due));
        kept.truncate(TODOS_MAX as usize);
        let now = self.clock.now();
        Ok(kept
            .into_iter()
            .map(|(contract, todo)| Of { contract, what: todo::shown_at(todo, now) })
            .collect())
    }

    /// What rows don't have: channels on their way, and what has to be said early of those contracts that stand first.
    async fn look_closer(
        &self,
        overview: &mut Overview,
        to_do: &[Contract],
        moving: &[Contract],
    ) -> Result<(), AppError> {
        let first = to_do.iter().take(CLOSER_MAX).chain(moving);
        let ids: BTreeSet<Hash> = first.map(|row| Bytes(row.id)).collect();
        let on_its_way =
            |card: &ChannelCard| !matches!(card.state.word.as_str(), "Open" | "Closed" | "Refused");
        for id in ids {
            // One that can't be opened does not take the others with it; its own page says what is wrong.
            let Ok(view) = self.contract(id).await else { continue };
            let contract = format!("{}, {}", view.number, view.their_short_name);
            let of = |what| Of { contract: contract.clone(), what };
            overview.todos.extend(view.watch.into_iter().map(of));
            let of = |what| Of { contract: contract.clone(), what };
            overview.underway.extend(view.channels.into_iter().filter(on_its_way).map(of));
        }
        Ok(())
    }

    /// What nothing explains, with the names of counterparties.
    async fn fallen(&self) -> Result<Vec<Of<Todo>>, AppError> {
        let mut todos = Vec::new();
        for fall in self.falls().await {
            let peer = match &fall.peer {
                Some(id) => self.store.peer(id).await?,
                None => None,
            };
            let name = peer.map_or_else(|| "the other company".into(), |peer| peer.short_name);
            todos.push(Of { contract: String::new(), what: todo::fall(&fall, &name) });
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
