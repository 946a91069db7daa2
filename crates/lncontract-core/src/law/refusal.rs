//! Why an entry is refused or overtaken. Invariant: each refusal names the rule, both sides of it,
//! and what to do.

mod account;
mod channel;
mod money;
mod offer;
mod performance;

pub use account::AccountRefusal;
pub use channel::ChannelRefusal;
pub use money::MoneyRefusal;
pub use offer::OfferRefusal;
pub use performance::PerformanceRefusal;

use crate::{
    Hash, Time,
    v1::{Kind, RowId, Side},
};

/// Why an entry may not be written, or has no effect at its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The format's version is not the one this program writes.
    #[error("the entry has format version {found}, this law reads version 0; use the program that wrote it")]
    Format {
        /** What the header says. */
        found: u32,
    },
    /// The header's kind is not the payload's.
    #[error("the header says {}, the payload is of kind {}; write the entry anew", header.word(), payload.word())]
    Kind {
        /** The header's. */
        header: Kind,
        /** The payload's. */
        payload: Kind,
    },
    /// No first entry yet.
    #[error("the contract has not begun; its first entry is an offer with both companies' keys")]
    NotBegun,
    /// A second first entry.
    #[error("the contract {contract} has already begun; offer without keys")]
    AlreadyBegun {
        /** Its id. */
        contract: Hash,
    },
    /// A first entry that does not stand at the beginning.
    #[error(
        "a contract's first entry names no contract, predecessor, terms or seen entries; write it as a new one"
    )]
    NotFirst,
    /// An entry of another contract.
    #[error("the entry is of contract {found}, this is {expected}; file it there")]
    OtherContract {
        /** This one. */
        expected: Hash,
        /** The entry's. */
        found: Hash,
    },
    /// The header does not name the terms of its past.
    #[error("the entry names the terms {named}, in force are {in_force}; write it under those")]
    OtherTerms {
        /** In force. */
        in_force: Hash,
        /** Named. */
        named: Hash,
    },
    /// Needs terms, and none are in force.
    #[error("no terms are in force yet; an offer has to be accepted first")]
    NotInForce,
    /// The terms have no such row.
    #[error("the terms in force have no row {row:?}; choose one of theirs")]
    UnknownRow {
        /** The row named. */
        row: RowId,
    },
    /// The row was changed by a later version than the one the entry names.
    #[error("row {row:?} was changed by version {changed}, the entry names version {named}; write it anew")]
    RowChanged {
        /** The row. */
        row: RowId,
        /** When it changed. */
        changed: u64,
        /** The entry's version. */
        named: u64,
    },
    /// The author has an open offer that would change the row.
    #[error("row {row:?} would be changed by your open offer {offer}; wait for its answer or its lapse")]
    Frozen {
        /** The row. */
        row: RowId,
        /** The offer. */
        offer: Hash,
    },
    /// Only the other side may write this.
    #[error("this is for the {expected} to write, the {author} wrote it")]
    WrongSide {
        /** Who may. */
        expected: Side,
        /** Who did. */
        author: Side,
    },
    /// A timeout entry that is written too early.
    #[error("signed at {time}, but silence counts only after {after}; wait until then")]
    TooEarly {
        /** Deadline and grace. */
        after: Time,
        /** Signed. */
        time: Time,
    },
    /// A timeout entry with another deadline than the record's.
    #[error("the deadline is {expected}, the entry says {found}; write it with the record's")]
    Deadline {
        /** The record's. */
        expected: Time,
        /** The entry's. */
        found: Time,
    },
    /// About the final account.
    #[error(transparent)]
    Account(#[from] AccountRefusal),
    /// About offers and their answers.
    #[error(transparent)]
    Offer(#[from] OfferRefusal),
    /// About tenders and their examination.
    #[error(transparent)]
    Performance(#[from] PerformanceRefusal),
    /// About invoices and payments.
    #[error(transparent)]
    Money(#[from] MoneyRefusal),
    /// About channels.
    #[error(transparent)]
    Channel(#[from] ChannelRefusal),
}
