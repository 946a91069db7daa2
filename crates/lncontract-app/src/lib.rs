//! The use cases, one file each; settlement; sync; jobs; clock.
//!
//! The shape of every write is in `live`: load, admit, append with its outbox row in one transaction, act,
//! record the outcome. Architecture Invariant: no SQL, no node's own API and no HTTP here;
//! time comes from [`Clock`] only.

mod app;
mod carriers;
mod clock;
mod companies;
mod company;
mod courier;
mod error;
mod exchange;
mod falls;
mod file;
mod final_account;
mod fund;
mod host;
mod invite;
mod invoice;
mod keys;
mod live;
mod offer;
mod over;
mod own_node;
mod part;
mod pay;
mod present;
mod receive;
mod reconcile;
mod refused;
mod release;
mod rest;
mod seal;
mod settlement;
mod signing;
mod tender;
pub mod terms_file;
mod treasury;
pub mod view;
mod worker;

pub use app::{App, NotStarted, StartNode, Wiring};
pub use clock::{Clock, MovableClock, SystemClock};
pub use company::NewCompany;
pub use courier::{NoPost, NotPosted, Post, QUESTION_LEN_MAX};
pub use error::{AppError, Class};
pub use file::Taken;
pub use fund::opening_id;
pub use host::NODE_STARTS;
pub use invite::Invite;
pub use keys::Seed;
pub use lncontract_lightning::CloseMode;
pub use offer::NewContract;
pub use own_node::{NodeAccess, OwnNode};
pub use present::{Account, CONTRACTS_PAGE_LEN, PaymentRow, PlannedTranche, changes, proposal, uncovered};
pub use treasury::{LeaveOrder, Leaving, Speed};
