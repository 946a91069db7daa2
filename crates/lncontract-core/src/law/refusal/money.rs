//! Refusals of invoices and payments.
//! Invariant: each names the rule, both sides of it, and what to do.

use crate::{Hash, Sat, Time};

/// Why an invoice or a payment is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyRefusal {
    /// Nothing is payable under that id.
    #[error("nothing is payable under {payable:?}; it becomes payable by its trigger")]
    NotPayable {
        /** The key of the payable. */
        payable: String,
    },
    /// One live invoice a payable.
    #[error("{payable:?} has the invoice {invoice}; cancel that one first, unless it is paid")]
    Invoiced {
        /** The key of the payable. */
        payable: String,
        /** Its invoice. */
        invoice: Hash,
    },
    /// Not exactly the payable's amount.
    #[error("payable are {payable}, the entry says {found}; the amounts have to be equal")]
    Amount {
        /** Payable or invoiced. */
        payable: Sat,
        /** The entry's. */
        found: Sat,
    },
    /// Invoice numbers have no gap.
    #[error("the next invoice number is {next}, the entry says {found}; number without gaps")]
    Number {
        /** The next. */
        next: u64,
        /** The entry's. */
        found: u64,
    },
    /// The number is in use.
    #[error("invoice number {number} is in use by {invoice}; take the next")]
    NumberTaken {
        /** The number. */
        number: u64,
        /** Its invoice. */
        invoice: Hash,
    },
    /// An invoice that is over before it is made.
    #[error("the invoice would end at {expires}, it was signed at {time}; give the payer time")]
    Expires {
        /** Its end. */
        expires: Time,
        /** Signed. */
        time: Time,
    },
    /// No BOLT 11 invoice in it.
    #[error("the invoice carries no BOLT 11 text; make it at the node first")]
    NoBolt11,
    /// A payment hash is used once.
    #[error("the payment hash is in use by invoice {invoice}; make a new invoice at the node")]
    HashUsed {
        /** The invoice that has it. */
        invoice: Hash,
    },
    /// No such invoice.
    #[error("the record has no invoice {invoice} in effect; it was overtaken, or never made")]
    UnknownInvoice {
        /** The one named. */
        invoice: Hash,
    },
    /// Cancelled already.
    #[error("invoice {invoice} is already cancelled")]
    Cancelled {
        /** The invoice. */
        invoice: Hash,
    },
    /// Paid already.
    #[error("invoice {invoice} is already paid; nothing is left to do with it")]
    Paid {
        /** The invoice. */
        invoice: Hash,
    },
    /// The preimage does not hash to the payment hash.
    #[error(
        "the preimage hashes to {found}, the invoice's payment hash is {expected}; report the node's own receipt"
    )]
    Preimage {
        /** The invoice's. */
        expected: Hash,
        /** Of the preimage. */
        found: Hash,
    },
}
