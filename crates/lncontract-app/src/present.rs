//! Views made from state: one file a page. They read and add up; they decide nothing and change nothing.

mod account;
mod channel;
mod contract;
mod entry;
pub(crate) mod list;
mod node;
mod overview;
mod payments;
mod prompt;
mod todo;
pub(crate) mod words;

pub use account::Account;
pub use payments::PaymentRow;
