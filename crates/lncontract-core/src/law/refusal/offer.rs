//! Refusals of offers and their answers.
//! Invariant: each names the rule, both sides of it, and what to do.

use crate::{Faults, Hash, Time, law::Misfit, v1::Side};

/// Why an offer or its answer is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferRefusal {
    /// The other side has the pen.
    #[error("the {holder} holds the pen, the {author} offered; ask for the pen, or counter an open offer")]
    Pen {
        /** Who holds it. */
        holder: Side,
        /** Who offered. */
        author: Side,
    },
    /// One offer at a time.
    #[error("offer {open} is still open; it has to be answered or to lapse first")]
    StillOpen {
        /** The open one. */
        open: Hash,
    },
    /// Nothing to answer.
    #[error("no offer is open, the entry answers {named}; it was answered, or it lapsed")]
    NoneOpen {
        /** The one named. */
        named: Hash,
    },
    /// Answers another offer than the open one.
    #[error("offer {open} is open, the entry answers {named}; answer the open one")]
    Other {
        /** The open one. */
        open: Hash,
        /** The one named. */
        named: Hash,
    },
    /// One's own offer can't be answered, another's can't lapse.
    #[error("the {by} made the offer: only the {by} may let it lapse, only the other side may answer it")]
    Author {
        /** Who made it. */
        by: Side,
    },
    /// The answer names other terms than the offer.
    #[error("the offer proposes the terms {offered}, the entry accepts {accepted}; read them again")]
    OtherTerms {
        /** The offer's. */
        offered: Hash,
        /** The answer's. */
        accepted: Hash,
    },
    /// The offer replaces a version that is not in force.
    #[error("the offer would replace the terms {basis}, in force are {in_force}; offer on those")]
    Basis {
        /** In force. */
        in_force: Hash,
        /** The offer's. */
        basis: Hash,
    },
    /// The offer proposes what is in force already.
    #[error("the terms {terms} are already in force; change something or offer nothing")]
    Unchanged {
        /** Their hash. */
        terms: Hash,
    },
    /// Answered too late.
    #[error("the offer stood until {valid_until}, the answer was signed at {time}; ask for a new offer")]
    TooLate {
        /** The offer's end. */
        valid_until: Time,
        /** Signed. */
        time: Time,
    },
    /// The offer ends before it is made.
    #[error(
        "the offer would stand until {valid_until}, it was signed at {time}; give the other side time to answer"
    )]
    EndsBefore {
        /** The offer's end. */
        valid_until: Time,
        /** Signed. */
        time: Time,
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
    /// A counter has to say what it answers, an offer answers nothing.
    #[error("a counter names the offer that it answers, an offer names none; choose the kind that fits")]
    Answers,
    /// The legal name in the terms is not the one in the key statement.
    #[error("the {side} is {terms:?} in the terms and {keys:?} in its key statement; make them agree")]
    PartyName {
        /** Which party. */
        side: Side,
        /** In the terms. */
        terms: String,
        /** In the keys. */
        keys: String,
    },
    /// The terms break the law in themselves.
    #[error(transparent)]
    Terms(Faults),
    /// The terms do not fit what was already done.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}
