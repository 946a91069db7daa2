//! Terms: what two parties agree. Rows keep their ids through all versions.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Hash, Sat, Time};

/// The id of a row (item, milestone, obligation, tranche, stage): 1 to 32 of `a-z 0-9 -`,
/// starting with a letter.
pub type RowId = String;

/// Which of the two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Pays; goes first where nothing else decides (DESIGN.md section 4, merge).
    Buyer,
    /// Delivers and performs.
    Seller,
}

impl Side {
    /// Returns the counterparty.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Buyer => Self::Seller,
            Self::Seller => Self::Buyer,
        }
    }
}

/// One version of the contract, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The frozen version of admit, merge and fold: 1.
    pub law: u32,
    /// The contract's number, as both companies file it.
    pub number: String,
    /// What it is about, in one line.
    pub title: String,
    /// Who pays.
    pub buyer: Party,
    /// Who delivers.
    pub seller: Party,
    /// Unit of account: `sat`.
    pub unit: Unit,
    /// What the buyer owes in all; the milestones that the buyer pays sum to it. What the seller pays stands
    /// beside it.
    pub total: Sat,
    /// The anchor of the schedule.
    pub date_of_contract: Date,
    /// The fixed offset from UTC, in minutes (-840 to 840), in which all civil dates are read.
    pub utc_offset_minutes: i32,
    /// The very days that are not business days, in ascending order; nothing else decides. What falls due on one
    /// of them, and a period that ends on one, is put off to the next day that is not listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub non_business_days: Vec<Date>,
    /// Goods and services by part number.
    pub items: Vec<Item>,
    /// What is paid for what.
    pub milestones: Vec<Milestone>,
    /// The rows: who owes what to whom, and when.
    pub obligations: Vec<Obligation>,
    /// Papers that belong to the contract, by hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// What the buyer sets aside, when, and for what.
    pub funding: FundingPlan,
    /// Everything else that was agreed.
    pub clauses: Clauses,
}

/// Unit of account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Satoshi.
    Sat,
}

/// A company as the terms name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The legal name.
    pub name: String,
    /// The name used on pages, at most 24 characters.
    pub short_name: String,
    /// VAT or other tax identifier.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tax_id: String,
    /// Postal address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
}

/// Something that is delivered, by part number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Row id.
    pub id: RowId,
    /// The seller's part number.
    pub part_number: String,
    /// What it is.
    pub description: String,
    /// How many in all; the delivery rows of the item sum to it.
    pub quantity: u64,
}

/// A payment of the contract and what it is for. Its `pay` rows sum to its amount; its payer owes them all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// Row id; also the name of the stage that earmarks may be tied to.
    pub id: RowId,
    /// The words on the page.
    pub title: String,
    /// What it is worth.
    pub amount: Sat,
    /// Who pays it: the buyer, or the seller where something is returned or credited.
    #[serde(default = "Side::buyer", skip_serializing_if = "Side::is_buyer")]
    pub payer: Side,
}

/// One row of who owes what to whom, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Obligation {
    /// Row id.
    pub id: RowId,
    /// The milestone it belongs to; every `deliver`, `perform` and `pay` row has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milestone: Option<RowId>,
    /// Who owes it; the other side is the creditor.
    pub debtor: Side,
    /// When.
    pub due: Due,
    /// What.
    pub duty: Duty,
}

/// What a row obliges to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
pub enum Duty {
    /// Hand over goods.
    Deliver {
        /// Which item.
        item: RowId,
        /// How many of it.
        quantity: u64,
        /// Where.
        place: String,
    },
    /// Do work, shown by a document.
    Perform {
        /// What work.
        service: String,
        /// How many units of it.
        quantity: u64,
    },
    /// Pay money.
    Pay {
        /// How much in all.
        amount: Sat,
        /// What makes it payable.
        trigger: Trigger,
        /// In how many pieces.
        mode: PayMode,
        /// Days between the trigger and the due date: 0 is at once.
        net_days: u32,
    },
    /// Set money aside.
    Fund {
        /// Which tranche of the funding plan.
        tranche: RowId,
    },
}

/// What makes a `pay` row payable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "on", rename_all = "snake_case")]
pub enum Trigger {
    /// Its due date.
    Date,
    /// The terms being in force.
    Signing,
    /// Acceptance of these rows.
    Acceptance {
        /// All of them for `whole`; each by its accepted units for `per_unit`.
        rows: Vec<RowId>,
    },
}

/// In how many pieces a `pay` row is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayMode {
    /// One payment when all rows of the trigger are accepted.
    Whole,
    /// One payment for each acceptance: amount / units, rounded down, for each unit;
    /// the remainder on the last unit.
    PerUnit,
}

/// A due date: the rule, and the instant it gives where that is known when the terms are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// How the date is found.
    pub rule: DueRule,
    /// The last second of the due day; absent while the rule hangs on an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
}

/// How a due date is found. Months are added to the anchor itself, clamped to the month's end, then days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "from", rename_all = "snake_case")]
pub enum DueRule {
    /// That day, or the next business day.
    Date {
        /// The day.
        date: Date,
    },
    /// From the date of contract.
    DateOfContract {
        /// Months after it.
        months: i32,
        /// Days after that.
        days: i32,
    },
    /// From the acceptance of another row.
    Acceptance {
        /// The row.
        row: RowId,
        /// Months after it.
        months: i32,
        /// Days after that.
        days: i32,
    },
}

/// A paper by its hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// File name or title.
    pub name: String,
    /// Plain SHA-256 of its bytes.
    pub sha256: Hash,
}

/// What the buyer sets aside, when, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FundingPlan {
    /// In the order of their due dates.
    pub tranches: Vec<Tranche>,
    /// A milestone is to be covered that many days before it is due.
    pub covered_days_before: u32,
    /// Notice: the `to_self_delay` (BOLT 2) asked of the opener, in blocks (1,008 to 2,016).
    pub notice_blocks: u16,
}

/// One step of the funding plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tranche {
    /// Row id; a `fund` obligation names it.
    pub id: RowId,
    /// How much goes in.
    pub amount: Sat,
    /// Into what.
    pub instrument: Instrument,
    /// The milestones it is earmarked to; empty: the contract in general.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<RowId>,
}

/// What holds earmarked money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
pub enum Instrument {
    /// A new channel with the seller.
    Channel,
    /// More money into the channel of that tranche (where a node can't splice: a further channel).
    SpliceIn {
        /// The tranche whose channel it is.
        into: RowId,
    },
}

/// What else was agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clauses {
    /// Days the creditor has to examine a tender.
    pub examination_days: u32,
    /// Whether silence after that accepts.
    pub deemed_accepted: bool,
    /// Hours past a deadline before a timeout entry (`deem`, `lapse`) may be written: 24 by default.
    pub grace_hours: u32,
}
