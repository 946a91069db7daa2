//! The signed two-party record, sans-IO: bytes, chains, merge, sync.
//!
//! Architecture Invariant: no I/O, clock, randomness or floats. The state is a function of the *set* of
//! entries held, never of the order in which they came. Canonical bytes are made in one place, [`canonical`].
//! Own and received entries go through the same functions. docs/record.md is the format in words.

pub mod bundle;
pub mod canonical;
pub mod entry;
pub mod envelope;
pub mod evidence;
pub mod hash;
pub mod keys;
pub mod ledger;
pub mod merge;
pub mod record;
pub mod sync;
pub mod wire;

pub use bundle::{BundleError, Report, bundle, verify_bundle};
pub use entry::{EntryError, SignedEntry, sign_act};
pub use envelope::Envelope;
pub use evidence::{EvidenceError, ForkProof};
pub use hash::ActStatement;
pub use keys::{KeyError, SecretKey, comparison_words};
pub use ledger::{Fault, PlaceError, Verdict};
pub use merge::Pair;
pub use record::{DraftError, Fork, Inserted, Record, RecordError};
pub use sync::Sync;
