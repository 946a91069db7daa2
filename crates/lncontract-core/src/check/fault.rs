//! What can be wrong with terms. Invariant: a fault names its place and both sides,
//! so that a form can show it there.

use std::fmt;

use jiff::civil::Date;

use crate::{
    Sat, Time,
    v1::{RowId, Side},
};

/// One fault of terms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Fault {
    /// Where, as a path in the terms file: `obligations[3].due.at`.
    pub path: String,
    /// What.
    pub reason: Reason,
}

/// All faults of terms, one a line. Not empty where a check returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the terms have {} faults", self.0.len())?;
        self.0.iter().try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

impl std::error::Error for Faults {}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Another law than this one.
    #[error("the terms name law {found}, this program has law 1")]
    Law {
        /** The terms'. */
        found: u32,
    },
    /// A text that has to say something.
    #[error("is empty; write something")]
    Empty,
    /// A text that is too long.
    #[error("has {found} characters, at most {most} fit")]
    TooLong {
        /** Its length. */
        found: usize,
        /** The limit. */
        most: usize,
    },
    /// More rows than one version may have.
    #[error("has {found} rows, at most {most} fit")]
    TooMany {
        /** How many. */
        found: usize,
        /** The limit. */
        most: usize,
    },
    /// Not a row id.
    #[error("{found:?} is no row id; use 1 to 32 of a-z, 0-9 and -, starting with a letter")]
    Id {
        /** What was there. */
        found: String,
    },
    /// An id that an earlier row of the list has.
    #[error("{id:?} stands at {first} already; each stands once in its list")]
    Duplicate {
        /** The id. */
        id: RowId,
        /** The path of the first that has it. */
        first: String,
    },
    /// A reference to nothing.
    #[error("names the {what} {id:?}, and there is none; add it or name another")]
    Unknown {
        /** What is meant. */
        what: &'static str,
        /** The id named. */
        id: RowId,
    },
    /// A row without the milestone it needs.
    #[error("has no milestone; every delivery, performance and payment belongs to one")]
    NoMilestone,
    /// Nothing, or more than there can be.
    #[error("is {found}; choose between 1 sat and {most}")]
    Amount {
        /** What was there. */
        found: Sat,
        /** The limit. */
        most: Sat,
    },
    /// Nothing, or more than can be counted.
    #[error("is {found}; choose between 1 and {most}")]
    Count {
        /** What was there. */
        found: u64,
        /** The limit. */
        most: u64,
    },
    /// Amounts that don't sum.
    #[error("is {stated}, its rows sum to {rows}; make them equal")]
    SumSat {
        /** Stated. */
        stated: Sat,
        /** Summed. */
        rows: Sat,
    },
    /// Units that don't sum.
    #[error("is {stated}, its rows sum to {rows}; make them equal")]
    SumUnits {
        /** Stated. */
        stated: u64,
        /** Summed. */
        rows: u64,
    },
    /// A sum that does not fit.
    #[error("the rows sum to more than can be counted; make them smaller")]
    Overflow,
    /// Less than one satoshi for each unit.
    #[error("{amount} over {units} units is less than 1 sat a unit; pay the row whole")]
    BelowOneSat {
        /** The row's. */
        amount: Sat,
        /** The trigger's. */
        units: u64,
    },
    /// The wrong side owes it.
    #[error(
        "is owed by the {found}; the {expected} pays its milestone or sets the money aside, so write that"
    )]
    Debtor {
        /** Who may. */
        expected: Side,
        /** Who does. */
        found: Side,
    },
    /// Acceptance of something that can't be accepted.
    #[error("waits for the acceptance of {row:?}, which is not delivered or performed; name a row that is")]
    NotTenderable {
        /** The row named. */
        row: RowId,
    },
    /// Price per unit of something without delivered units.
    #[error("pays per unit of {row:?}, which is no delivery; name delivery rows only")]
    NotDelivery {
        /** The row named. */
        row: RowId,
    },
    /// Price per unit on a date.
    #[error("pays per unit, so it has to be triggered by the acceptance of deliveries")]
    PerUnitTrigger,
    /// Waits for nothing.
    #[error("waits for the acceptance of no row; name at least one")]
    NoRows,
    /// Triggered by a date or by signing, due after an acceptance.
    #[error("is triggered by a date or by signing, so its due rule has to give a date")]
    UndatedTrigger,
    /// Rows that wait for each other.
    #[error("waits for its own acceptance, by way of {path:?}; break the circle")]
    Cycle {
        /** The rows in between. */
        path: Vec<RowId>,
    },
    /// No clock has that offset.
    #[error("is {found} minutes; choose between -840 and 840")]
    Offset {
        /** What was there. */
        found: i32,
    },
    /// A date outside the calendar of the law.
    #[error("gives a date outside the years 1970 to 9998; choose another")]
    Calendar,
    /// Earlier than the contract.
    #[error("gives {found}, before the date of contract {contract}; choose a later one")]
    BeforeContract {
        /** The row's. */
        found: Date,
        /** The contract's. */
        contract: Date,
    },
    /// Earlier than what it waits for.
    #[error("is {months} months and {days} days after the acceptance; choose no negative number")]
    BeforeAcceptance {
        /** Months. */
        months: i32,
        /** Days. */
        days: i32,
    },
    /// A dated row without its instant.
    #[error("is missing; the rule gives {expected}")]
    NoInstant {
        /** What belongs there. */
        expected: Time,
    },
    /// A dated row with another instant than its rule gives.
    #[error("is {found}, the rule gives {expected}; write that")]
    Instant {
        /** The rule's. */
        expected: Time,
        /** The row's. */
        found: Time,
    },
    /// An instant for a day that nobody knows yet.
    #[error("is {found}, but the rule hangs on an acceptance; leave it out")]
    EarlyInstant {
        /** The row's. */
        found: Time,
    },
    /// Days out of order.
    #[error("{found} stands after {before}; list each day once, in ascending order")]
    Order {
        /** The later in the list. */
        found: Date,
        /** The one before it. */
        before: Date,
    },
    /// Notice outside what the node's protocol is asked for.
    #[error("is {found} blocks; choose between 1008 and 2016")]
    Notice {
        /** What was there. */
        found: u16,
    },
    /// A tranche that no row, or more than one, sets aside.
    #[error("tranche {tranche:?} is named by {rows} fund rows; one has to name it")]
    FundRows {
        /** The tranche. */
        tranche: RowId,
        /** How many rows name it. */
        rows: usize,
    },
    /// Money set aside by the buyer for what the seller pays.
    #[error("is earmarked to {stage:?}, which the seller pays; leave it out")]
    SellerPays {
        /** The milestone named. */
        stage: RowId,
    },
    /// A splice into something that is not a channel of its own.
    #[error("splices into {into:?}, which opens no channel; name a tranche that does")]
    SpliceTarget {
        /** The tranche named. */
        into: RowId,
    },
    /// Rules that hang together with a longer wait than can be counted.
    #[error("is {found} days; at most {most} fit")]
    Days {
        /** What was there. */
        found: u32,
        /** The limit. */
        most: u32,
    },
}
