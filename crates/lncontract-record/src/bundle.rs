//! Evidence in a file: all signed entries of a contract, and the check of it, without network,
//! database or keys.
//!
//! Invariant: one record has one bundle; a bundle that verifies says exactly what its signatures say. Any
//! changed byte is found. What nobody has acknowledged can be left out unnoticed, and nothing else.
//! A file with either of the two marks of a bundle is one: what is wrong with it is damage, also where it is
//! no JSON. Compatibility: canonical JSON `{entries, format, forks, v}`;
//! entries in the one order of the record. Pure.

use std::collections::BTreeMap;

use lncontract_core::{
    Hash, Sat, Time,
    v1::{Invoice, PayableId, Payload, Seen, Side},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    canonical::{self, CanonicalError},
    entry::SignedEntry,
    ledger::{Fault, Verdict},
    merge::{Cut, Pair},
    record::{Inserted, Record, RecordError},
};

/// The largest bundle, in bytes: 256 MiB.
pub const BUNDLE_LEN_MAX: usize = 256 << 20;

const FORMAT: &str = "lncontract-bundle";
/// How every bundle begins. It and [`MARK`] lie apart: one changed byte, or a cut tail, leaves one of them.
const BEGINNING: &[u8] = br#"{"entries":["#;
/// What stands behind the entries of every bundle.
const MARK: &[u8] = br#""format":"lncontract-bundle""#;
const VERSION: u32 = 0;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    entries: Vec<Value>,
    format: String,
    forks: Vec<Value>,
    v: u32,
}

/// Why a bundle proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It is no bundle that this program reads.
    #[error("this is no bundle")]
    Unreadable(#[source] CanonicalError),
    /// It is a bundle of another version.
    #[error("bundle of version {found}, this program reads {VERSION}: use the newer program")]
    Version {
        /// The bundle's.
        found: u32,
    },
    /// It was changed since it was written: it has the marks of a bundle, but not the canonical form of one.
    #[error("the bundle was changed: it is not written as it was")]
    Changed(#[source] CanonicalError),
    /// An entry does not fit.
    #[error("entry {index} of the bundle does not fit: it was changed, or others were left out")]
    Entry {
        /// Its place in the bundle, from 0.
        index: usize,
        /// What is wrong.
        #[source]
        source: RecordError,
    },
    /// An entry stands twice, or not where the order puts it.
    #[error("entry {index} of the bundle stands at a wrong place")]
    Order {
        /// Its place in the bundle, from 0.
        index: usize,
    },
    /// What is given as the proof of a fork is none.
    #[error("proof {index} of a fork is none")]
    Fork {
        /// Its place among the forks, from 0.
        index: usize,
    },
}

impl BundleError {
    /// Returns whether the file could not be read at all, rather than read and found wrong.
    ///
    /// A bundle of another version is read and not proven: one changed byte makes such a one, too.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable(_))
    }
}

/// How well a payment is proven, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// The payer signed `paid` with the preimage, the payee `received`.
    BothSigned,
    /// The preimage of an invoice that the payee signed. It convicts the payee towards the payer, nothing
    /// more: the payee always had it.
    Preimage,
    /// The payee concedes it; the payer has recorded no receipt.
    PayeeOnly,
}

/// A payment that the record tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The invoice's entry.
    pub invoice: Hash,
    /// Its number.
    pub number: u64,
    /// What for.
    pub payable: PayableId,
    /// How much the payer says, or else the payee.
    pub amount: Sat,
    /// How well it is proven.
    pub proof: Proof,
}

/// An entry that broke the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultLine {
    /// The entry.
    pub entry: Hash,
    /// Who wrote it.
    pub author: Side,
    /// What was wrong.
    pub fault: Fault,
}

/// What a bundle proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The contract.
    pub contract: Hash,
    /// The hash of the terms in force; zero where none are.
    pub terms: Hash,
    /// How long both chains are, and their last entries.
    pub heads: Pair<Seen>,
    /// The hash of the state of all entries.
    pub state: Hash,
    /// All payments, by invoice number.
    pub payments: Vec<Payment>,
    /// All faults.
    pub faults: Vec<FaultLine>,
    /// How many entries were overtaken.
    pub overtaken: u64,
    /// How many entries state another state than we compute.
    pub differing: u64,
    /// Who has written two chains.
    pub forked: Vec<Side>,
}

/// Writes the bundle of a record.
///
/// # Errors
/// When it is larger than [`BUNDLE_LEN_MAX`].
pub fn bundle(record: &Record) -> Result<Vec<u8>, CanonicalError> {
    let mut at = Cut::default();
    let mut entries = Vec::new();
    for side in record.ledger().order() {
        entries.push(canonical::parse(record.ledger().chain(side)[*at.of(side)].entry.bytes())?);
        *at.of_mut(side) += 1;
    }
    let forks = record.forks().iter().map(|fork| canonical::parse(fork.other.bytes()));
    let forks = forks.collect::<Result<_, _>>()?;
    let file = File { entries, format: FORMAT.to_owned(), forks, v: VERSION };
    canonical::to_bytes_within(&file, BUNDLE_LEN_MAX)
}

/// Opens a bundle: every signature is checked and every entry judged again.
///
/// # Errors
/// When it is no bundle, or not what was signed.
pub fn open_bundle(bytes: &[u8]) -> Result<Record, BundleError> {
    let misread = |error| match error {
        CanonicalError::TooLong { .. } => BundleError::Unreadable(error),
        _ if has_a_mark(bytes) => BundleError::Changed(error),
        _ => BundleError::Unreadable(error),
    };
    let value = canonical::parse_within(bytes, BUNDLE_LEN_MAX).map_err(misread)?;
    let file: File = serde_json::from_value(value).map_err(|error| misread(canonical::shape(error)))?;
    if file.format != FORMAT {
        let reason = format!("format {:?}, expected {FORMAT:?}", file.format);
        return Err(misread(CanonicalError::Shape { reason }));
    }
    if file.v != VERSION {
        return Err(BundleError::Version { found: file.v });
    }
    let mut record = replay(&file.entries)?;
    for (index, value) in file.forks.iter().enumerate() {
        let bytes = canonical::to_bytes(value).map_err(|_| BundleError::Fork { index })?;
        match record.insert(&bytes, Time(i64::MAX)) {
            Ok(Inserted::Forked(_)) => {}
            _ => return Err(BundleError::Fork { index }),
        }
    }
    Ok(record)
}

/// Returns whether the file is a bundle, whatever was done to it since.
fn has_a_mark(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGINNING) || bytes.windows(MARK.len()).any(|window| window == MARK)
}

fn replay(entries: &[Value]) -> Result<Record, BundleError> {
    let entry_error = |index, source| BundleError::Entry { index, source };
    let mut record: Option<Record> = None;
    let mut authors = Vec::new();
    for (index, value) in entries.iter().enumerate() {
        let bytes = canonical::to_bytes(value)
            .map_err(|error| entry_error(index, RecordError::Entry(error.into())))?;
        let now = Time(i64::MAX);
        match &mut record {
            None => record = Some(Record::begin(&bytes, now).map_err(|source| entry_error(index, source))?),
            Some(record) => match record.insert(&bytes, now).map_err(|source| entry_error(index, source))? {
                Inserted::New(_) => {}
                Inserted::Known | Inserted::Forked(_) => return Err(BundleError::Order { index }),
            },
        }
        let header = SignedEntry::peek(&bytes).map_err(|error| entry_error(index, error.into()))?;
        authors.push(header.author);
    }
    let record = record.ok_or(entry_error(0, RecordError::Empty))?;
    // One record has one bundle: another order of the same entries is a change too.
    match record.ledger().order().iter().zip(&authors).position(|(ours, theirs)| ours != theirs) {
        Some(index) => Err(BundleError::Order { index }),
        None => Ok(record),
    }
}

/// Checks a bundle and tells what it proves.
///
/// # Errors
/// When it proves nothing: see [`BundleError::is_unreadable`].
pub fn verify_bundle(bytes: &[u8]) -> Result<Report, BundleError> {
    let record = open_bundle(bytes)?;
    let lines = || [Side::Buyer, Side::Seller].into_iter().flat_map(|side| record.ledger().chain(side));
    let faults = lines().filter_map(|line| match &line.verdict {
        Verdict::Fault(fault) => {
            let (entry, author) = (line.entry.id(), line.entry.entry().header.author);
            Some(FaultLine { entry, author, fault: fault.clone() })
        }
        _ => None,
    });
    let mut forked: Vec<Side> = record.forks().iter().map(|fork| fork.held.entry().header.author).collect();
    forked.sort();
    forked.dedup();
    Ok(Report {
        contract: record.contract(),
        terms: record.state().terms_hash(),
        heads: record.heads(),
        state: record.state_hash(),
        payments: payments(&record),
        faults: faults.collect(),
        overtaken: lines().filter(|line| matches!(line.verdict, Verdict::Overtaken(_))).count() as u64,
        differing: lines().filter(|line| line.differs.is_some()).count() as u64,
        forked,
    })
}

/// Collects what was reported of each invoice. A `paid` whose preimage does not fit its invoice is a fault
/// and no payment, and so is one whose invoice is not in its past.
fn payments(record: &Record) -> Vec<Payment> {
    let mut reported: BTreeMap<Hash, (Option<Sat>, Option<Sat>)> = BTreeMap::new();
    for line in [Side::Buyer, Side::Seller].into_iter().flat_map(|side| record.ledger().chain(side)) {
        match &line.entry.entry().payload {
            _ if matches!(line.verdict, Verdict::Fault(_)) => {}
            Payload::Paid(paid) => reported.entry(paid.invoice).or_default().0 = Some(paid.amount),
            Payload::Received(received) => {
                reported.entry(received.invoice).or_default().1 = Some(received.amount)
            }
            _ => {}
        }
    }
    let mut payments: Vec<Payment> =
        reported.into_iter().filter_map(|(id, said)| payment(record, id, said)).collect();
    payments.sort_by_key(|payment| (payment.number, payment.invoice));
    payments
}

fn payment(record: &Record, id: Hash, said: (Option<Sat>, Option<Sat>)) -> Option<Payment> {
    let Payload::Invoice(Invoice { payable, number, .. }) = &record.ledger().line(&id)?.entry.entry().payload
    else {
        return None;
    };
    let (amount, proof) = match said {
        (Some(paid), Some(received)) if paid == received => (paid, Proof::BothSigned),
        // They name different amounts: the receipt proves that the invoice was paid, no more.
        (Some(paid), _) => (paid, Proof::Preimage),
        (None, received) => (received?, Proof::PayeeOnly),
    };
    Some(Payment { invoice: id, number: *number, payable: payable.clone(), amount, proof })
}
