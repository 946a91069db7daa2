//! The one place where this crate names the program behind it: the use cases, or in its own tests a double
//! with the same signatures that answers with the samples.
//! A signature that drifts breaks one of the two builds.

#[cfg(not(test))]
pub use lncontract_app::{App, CONTRACTS_PAGE_LEN, NewCompany, NewContract, QUESTION_LEN_MAX};

#[cfg(test)]
pub use crate::samples::{App, CONTRACTS_PAGE_LEN, NewCompany, NewContract, QUESTION_LEN_MAX};
