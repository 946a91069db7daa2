//! Views made from state: one file a page. They read and add up; they decide nothing and change nothing.

mod account;
mod channel;
mod contract;
mod coverage;
mod difference;
mod ended;
mod entry;
pub(crate) mod list;
mod look;
mod negotiation;
mod node;
mod overview;
mod parts;
mod payments;
mod plan;
mod prompt;
mod release;
mod timeline;
mod todo;
pub(crate) mod way;
pub(crate) mod words;

pub use account::Account;
pub(crate) use coverage::{channels_now, left_of};
pub use difference::changes;
pub use negotiation::uncovered;
pub use overview::CONTRACTS_PAGE_LEN;
pub use payments::PaymentRow;
pub use plan::{PlannedTranche, proposal};
