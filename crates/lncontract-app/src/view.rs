//! Views: what a face may show. Made from state, never stored; faces format them and add nothing.
//!
//! Amounts are whole satoshi, dates are civil dates in the contract's own offset, times are UTC.

mod account;
mod channel;
mod coverage;
mod ended;
mod negotiation;
mod node;
mod own_node;
mod timeline;
mod wallet;

use jiff::civil::Date;
use lncontract_core::{Hash, Time, v1::Side};
use serde::{Deserialize, Serialize};

pub use account::{AccountLine, AccountSums, AccountView};
pub use channel::{
    ChannelCard, ClosingView, FreePart, Look, PartLine, Progress, ReleaseLine, SightView, SpliceLine,
    StageMark,
};
pub use coverage::{CoveragePoint, CoverageRow, CoverageView};
pub use ended::{EndedView, OnchainView};
pub use negotiation::{
    ChangeGroup, ChangeKind, ChangeLine, Comparison, Effect, FigureChange, Negotiation, Turn,
};
pub use node::{NodeChannelRow, NodeView};
pub use own_node::{AbilityRow, NodeChoice, NodeReport, OwnNodeView, RoleRow, TestedNode};
pub use timeline::{Lane, Sign, SpanKind, TimelineMark, TimelineSpan, TimelineView};
pub use wallet::{CoinRow, CostView, RaiseView, TreasuryView, WaitingRow, WithdrawalRow};

/// How a state is to be felt; UI.md section 5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// As agreed, nothing to do.
    Good,
    /// Under way, someone or something else acts.
    Busy,
    /// Act soon or watch.
    Warn,
    /// Late, refused, differs.
    Bad,
    /// Not yet, or over.
    #[default]
    Mute,
}

/// A state as a page shows it: never a colour alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Badge {
    /// The feeling.
    pub tone: Tone,
    /// The word, as in UI.md section 5.
    pub word: String,
}

impl Badge {
    /// Makes one.
    pub fn new(tone: Tone, word: impl Into<String>) -> Self {
        Self { tone, word: word.into() }
    }
}

/// What stands on every page: who we are and how our node does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Our legal name; empty before the first run.
    pub company: String,
    /// Our short name.
    pub short_name: String,
    /// `regtest` or `signet`.
    pub network: String,
    /// The node in a word: in step, catching up, stopped, locked.
    pub node: Badge,
    /// The height it has processed.
    pub height: u32,
    /// What the program's clock shows.
    pub now: Time,
}

/// An act and the page where it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Todo {
    /// The fact or the act, verb first.
    pub title: String,
    /// The consequence, with figures and dates.
    pub text: String,
    /// How it is to be felt.
    pub tone: Tone,
    /// The words on the button.
    pub button: String,
    /// The page.
    pub href: String,
}

/// Something of a contract where those of several stand together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Of<T> {
    /// The contract's number and the counterparty's short name; empty: of no contract.
    pub contract: String,
    /// What it is.
    #[serde(flatten)]
    pub what: T,
}

/// The overview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// What we owe in the next 30 days.
    pub we_owe_sat: u64,
    /// What is owed to us in the next 30 days.
    pub owed_to_us_sat: u64,
    /// Earmarked by us.
    pub earmarked_by_us_sat: u64,
    /// Earmarked for us, seen by our node.
    pub earmarked_for_us_sat: u64,
    /// Free to fund, on chain.
    pub onchain_free_sat: u64,
    /// What we are to pay and have not, in all contracts in which we buy.
    pub outstanding_ours_sat: u64,
    /// What we are to be paid and are not, in all contracts in which we sell.
    pub outstanding_theirs_sat: u64,
    /// What a person has to do, the first due first; not more than fit a page.
    pub todos: Vec<Of<Todo>>,
    /// How many there are in all.
    pub todo_count: u64,
    /// Channels that are on their way.
    pub underway: Vec<Of<ChannelCard>>,
    /// The newest contracts.
    pub contracts: Vec<ContractRow>,
    /// How many there are in all.
    pub contract_count: u64,
    /// Steps of a new company, each with whether it is done; empty once all are.
    pub first_steps: Vec<(Todo, bool)>,
}

/// A contract in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractRow {
    /// Its id.
    pub id: Hash,
    /// Its title.
    pub title: String,
    /// Its number.
    pub number: String,
    /// The counterparty's short name.
    pub counterparty: String,
    /// Our part.
    pub our_side: Side,
    /// Paid.
    pub paid_sat: u64,
    /// Can be paid now over open channels.
    pub covered_sat: u64,
    /// In all.
    pub total_sat: u64,
    /// Total less paid.
    pub outstanding_sat: u64,
    /// When the next payment is due.
    pub next_payment: Option<Date>,
    /// How it stands.
    pub state: Badge,
}

/// The six figures, and what stands beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FiguresView {
    /// As amended.
    pub total_sat: u64,
    /// Accepted and so payable or paid.
    pub earned_sat: u64,
    /// Asked for by live or paid invoices.
    pub invoiced_sat: u64,
    /// Paid.
    pub paid_sat: u64,
    /// Held back by agreement.
    pub retained_sat: u64,
    /// Total less paid.
    pub outstanding_sat: u64,
    /// Set aside in open channels.
    pub earmarked_sat: u64,
    /// Set aside in channels that wait for confirmation.
    pub confirming_sat: u64,
    /// What can be paid now over open channels.
    pub covered_sat: u64,
    /// What falls due next; 0 where nothing does.
    pub next_payment_sat: u64,
    /// What of that is covered now.
    pub next_covered_sat: u64,
}

/// A milestone with how it is paid and covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MilestoneRow {
    /// Its title.
    pub title: String,
    /// When it is due, as far as is known.
    pub due: Option<Date>,
    /// Whether that date hangs on an event not yet happened.
    pub expected: bool,
    /// What it is worth.
    pub amount_sat: u64,
    /// Whether we pay it.
    pub ours: bool,
    /// Whether all of it is paid.
    pub paid: bool,
    /// How it stands.
    pub state: Badge,
}

/// A row of the contract, for the table by due date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObligationRow {
    /// The row's id.
    pub row: String,
    /// When, as far as is known.
    pub due: Option<Date>,
    /// Days from today to it: negative is late.
    pub in_days: Option<i64>,
    /// Whether that date hangs on an event not yet happened.
    pub expected: bool,
    /// Whether it is ours to do.
    pub ours: bool,
    /// Verb first.
    pub what: String,
    /// More: reasons of a rejection, evidence, invoice.
    pub note: String,
    /// `2 units` or an amount.
    pub quantity: Quantity,
    /// How it stands.
    pub state: Badge,
    /// What can be done about it now by us.
    pub act: Option<RowAct>,
    /// Whether it is over.
    pub done: bool,
}

/// How much a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Money.
    Sat(u64),
    /// Units.
    Units(u64),
}

/// What we can do about a row, with its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowAct {
    /// The words on the link.
    pub button: String,
    /// The page.
    pub href: String,
}

/// An entry of the record, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryRow {
    /// Its id.
    pub id: Hash,
    /// Its author's short name.
    pub author: String,
    /// Whether we wrote it.
    pub ours: bool,
    /// Its number in the author's chain, from 1.
    pub number: u64,
    /// When it was signed.
    pub time: Time,
    /// Its kind.
    pub kind: String,
    /// In words.
    pub what: String,
    /// Sent, waiting; Confirmed; Overtaken; Fault; Read differently.
    pub state: Badge,
    /// Whether it is a plain acknowledgement or sign of life.
    pub plain: bool,
}

/// The contract's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContractView {
    /// Its id.
    pub id: Hash,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Our part.
    pub our_side: Side,
    /// Our legal name.
    pub our_name: String,
    /// The counterparty's legal name.
    pub their_name: String,
    /// The counterparty's short name.
    pub their_short_name: String,
    /// The anchor of its dates.
    pub date_of_contract: Date,
    /// Which version of the terms, from 1; 0 before the first is in force.
    pub version: u64,
    /// How it stands.
    pub state: Badge,
    /// What stops everything: two versions of one entry, read differently.
    pub alerts: Vec<Todo>,
    /// Our turn, first one first.
    pub our_turn: Vec<Todo>,
    /// Their turn.
    pub their_turn: Vec<Todo>,
    /// What has to be said early: what will not be covered, what closes, what the other side is late with.
    pub watch: Vec<Todo>,
    /// The figures.
    pub figures: FiguresView,
    /// The covenant in words.
    pub rule: String,
    /// Milestones.
    pub milestones: Vec<MilestoneRow>,
    /// Coverage over time; none before terms are in force and where our node does not answer.
    pub coverage: Option<CoverageView>,
    /// What happened and is to come, drawn over time; none where no date is known.
    pub timeline: Option<TimelineView>,
    /// Account and evidence, once both have closed it.
    pub ended: Option<EndedView>,
    /// Channels.
    pub channels: Vec<ChannelCard>,
    /// Rows by due date.
    pub obligations: Vec<ObligationRow>,
    /// The record, newest first.
    pub record: Vec<EntryRow>,
    /// Hash of the state that both computed, or ours.
    pub state_hash: Hash,
    /// Whether both companies computed the same state at the last common point.
    pub agreed: Badge,
    /// Whether the counterparty is connected.
    pub connection: Badge,
    /// Hash of the terms shown.
    pub terms_hash: Hash,
    /// An open offer's last instant.
    pub offer_until: Option<Time>,
    /// Whether the open offer waits for us.
    pub can_answer_offer: bool,
}

/// The prompt before money leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayPrompt {
    /// The contract.
    pub contract: Hash,
    /// Its title.
    pub contract_title: String,
    /// The invoice's entry.
    pub invoice: Hash,
    /// Its number.
    pub number: u64,
    /// To whom.
    pub payee: String,
    /// For which milestone.
    pub milestone: String,
    /// How much.
    pub amount_sat: u64,
    /// When it is due.
    pub due: Option<Date>,
    /// Why it is due, line by line.
    pub why: Vec<(String, String)>,
    /// Over which channels, and how much over each; what could go now, if something is missing.
    pub over: Vec<(String, u64)>,
    /// The other channels, each with the reason why it is not used.
    pub passed_over: Vec<(String, String)>,
    /// What the channels can't carry now.
    pub missing_sat: u64,
    /// What stands in the way; empty: it can be paid now.
    pub obstacles: Vec<String>,
    /// How the payment stands, where one was begun.
    pub state: Option<Badge>,
    /// The payment hash.
    pub payment_hash: Hash,
    /// The receipt, once paid.
    pub receipt: Option<Hash>,
}

/// A tender before its examiner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TenderView {
    /// The contract.
    pub contract: Hash,
    /// Its title.
    pub contract_title: String,
    /// The tender's entry.
    pub tender: Hash,
    /// The row.
    pub row: String,
    /// What is tendered.
    pub what: String,
    /// Units.
    pub quantity: u64,
    /// Evidence: name and SHA-256.
    pub documents: Vec<(String, Hash)>,
    /// The debtor's words.
    pub note: String,
    /// When it was tendered.
    pub tendered_at: Time,
    /// The examination's last instant.
    pub deadline: Time,
    /// Whether silence accepts.
    pub deemed: bool,
}

/// A counterparty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CompanyRow {
    /// Its node key: our id of it.
    pub id: String,
    /// Its legal name.
    pub name: String,
    /// The name it chose for pages.
    pub short_name: String,
    /// Where its node is reached.
    pub address: String,
    /// Groups to compare by voice.
    pub words: Vec<String>,
    /// When a person said that they are equal.
    pub words_confirmed_at: Option<Time>,
    /// Where its program is reached over HTTPS, if it is.
    pub peer_address: Option<String>,
    /// Whether the record goes to it and comes from it now.
    pub connection: Badge,
    /// Which way, since when not, what to do; empty if there is nothing to say.
    pub way: String,
}
