//! Refusals of the final account, and of what comes after it.
//! Invariant: each names the rule, both sides of it, and what to do.

use crate::{
    Hash, Time,
    v1::{RowId, Side},
};

/// Why a final account is refused, or an entry after it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountRefusal {
    /// Both have signed.
    #[error("both companies have signed the final account; what comes now needs a new contract")]
    Closed,
    /// An offer waits for its answer.
    #[error("offer {offer} is open; answer it or let it lapse, then sign the account")]
    Offer {
        /** The offer. */
        offer: Hash,
    },
    /// Something is not performed or not paid.
    #[error("{} rows are open: {}; perform and pay them, or amend the terms", rows.len(), rows.join(", "))]
    Open {
        /** The rows. */
        rows: Vec<RowId>,
    },
    /// Not what the record comes to.
    #[error("the entry's account is not what the record comes to; compare both and sign the record's")]
    Differs,
    /// Once is enough.
    #[error("the {by} has signed this account already; the other side's signature is missing")]
    Signed {
        /** Who. */
        by: Side,
    },
    /// The company's signature may not be used any more.
    #[error(
        "the company's signature could be used until {expires}, the entry was signed at {time}; sign again"
    )]
    ActExpired {
        /** The act's end. */
        expires: Time,
        /** Signed. */
        time: Time,
    },
}
