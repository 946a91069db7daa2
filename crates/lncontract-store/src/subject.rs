//! The rows the store returns and the values its changes carry, one file per subject.
//!
//! Invariant: plain data. Texts called JSON, bytes and states not listed here are opaque to the store.

mod attempt;
mod company;
mod contract;
mod entry;
mod job;
mod ledger;
mod opening;
mod peer;
mod receivable;
mod summary;
mod user;

pub use attempt::{Attempt, AttemptShare, AttemptState, MoveAttempt, NewAttempt};
pub use company::{AuditRow, Company, NewAudit, Sealed, Setting};
pub use contract::{Contract, ContractCursor, ContractPage, Draft};
pub use entry::{EntryRow, Fork, MarkDelivered, NewEntry, NewOutbox, OutboxRow, RetryOutbox, Side};
pub use job::{FinishJob, Job, NewJob, RetryJob};
pub use ledger::{LedgerRow, NewLedger};
pub use opening::Opening;
pub use peer::Peer;
pub use receivable::{MoveReceivable, NewReceivable, Receivable, ReceivableState};
pub use summary::{Channels, Due, PutDue, Summary, Totals, Which};
pub use user::{Session, User};

/// Makes an enum that is stored as a word. Compatibility: a word that was released is never changed.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Returns the word that is stored.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// Reads the stored word; `None` if there is no such word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
use words;
