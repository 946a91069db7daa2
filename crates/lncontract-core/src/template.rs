//! Templates: drafts that expand to whole terms. Invariant: a template writes nothing that a hand could not
//! have written; what it makes is judged by `check_terms` like everything else.

pub mod supply;
