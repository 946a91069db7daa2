//! Hashes with a tag, as in BIP 340: what is hashed for one purpose never stands for another.
//!
//! Invariant: every hash of the record is made here, over canonical bytes. Pure.
//! Compatibility: the tags are part of the format.

use std::collections::BTreeMap;

use lncontract_core::{
    Bytes, Contract, Hash, Time,
    state::SignedAccount,
    table::{Key, Table},
    v1::{Account, Header, KeyStatement, Payload, Side, Terms},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::canonical::{self, CanonicalError};

/// What a hash stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// An entry: its header's bytes. The hash is the entry's id and what the record key signs.
    Entry,
    /// A payload's bytes.
    Payload,
    /// The bytes of terms.
    Terms,
    /// The outline of a state.
    State,
    /// One part of a state: a row, a tender, a payable, an invoice, a channel.
    Part,
    /// Parts of one kind: the hashes of a left branch, of a part, of a right branch.
    Branch,
    /// The bytes of a final account.
    Account,
    /// What the company key signs in an act.
    Act,
    /// The bytes of a company's key statement.
    Company,
    /// The digits that two people compare by voice.
    Voice,
    /// An envelope on a transport of its own, without its signature.
    Envelope,
}

impl Tag {
    /// Returns the tag's text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Entry => "lncontract/entry",
            Self::Payload => "lncontract/payload",
            Self::Terms => "lncontract/terms",
            Self::State => "lncontract/state",
            Self::Part => "lncontract/part",
            Self::Branch => "lncontract/branch",
            Self::Account => "lncontract/account",
            Self::Act => "lncontract/act",
            Self::Company => "lncontract/company",
            Self::Voice => "lncontract/voice",
            Self::Envelope => "lncontract/envelope",
        }
    }
}

/// Returns SHA-256(SHA-256(tag) || SHA-256(tag) || bytes) (BIP 340, "Tagged Hashes").
pub fn tagged(tag: Tag, bytes: &[u8]) -> Hash {
    let prefix = Sha256::digest(tag.text());
    let hash = Sha256::new().chain_update(prefix).chain_update(prefix).chain_update(bytes).finalize();
    Bytes(hash.into())
}

/// Returns plain SHA-256, as an invoice's payment hash is made of its preimage (BOLT 11).
pub fn sha256(bytes: &[u8]) -> Hash {
    Bytes(Sha256::digest(bytes).into())
}

fn of<T: Serialize>(tag: Tag, value: &T) -> Result<Hash, CanonicalError> {
    Ok(tagged(tag, &canonical::to_bytes(value)?))
}

/// Returns the id of the entry with that header.
///
/// # Errors
/// When the header has no canonical form: an integer above 2^53-1.
pub fn entry_id(header: &Header) -> Result<Hash, CanonicalError> {
    of(Tag::Entry, header)
}

/// Returns the hash that a header names its payload by.
///
/// # Errors
/// When the payload has no canonical form.
pub fn payload_hash(payload: &Payload) -> Result<Hash, CanonicalError> {
    of(Tag::Payload, payload)
}

/// Returns the hash of terms.
///
/// # Errors
/// When the terms have no canonical form.
pub fn terms_hash(terms: &Terms) -> Result<Hash, CanonicalError> {
    of(Tag::Terms, terms)
}

/// Returns the hash of a final account.
///
/// # Errors
/// When the account has no canonical form.
pub fn account_hash(account: &Account) -> Result<Hash, CanonicalError> {
    of(Tag::Account, account)
}

/// Returns the hash of a key statement.
///
/// # Errors
/// When the statement has no canonical form.
pub fn company_hash(statement: &KeyStatement) -> Result<Hash, CanonicalError> {
    of(Tag::Company, statement)
}

/// What a state's hash is of: what is small as it is, of terms their hash, of what grows with the entries one hash
/// for each kind.
#[derive(Serialize)]
struct Outline<'a> {
    contract: Hash,
    #[serde(skip_serializing_if = "Option::is_none")]
    pen: Option<Side>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<OfferOutline>,
    versions: &'a [Hash],
    changed: Hash,
    rows: Hash,
    tenders: Hash,
    payables: Hash,
    invoices: Hash,
    strays: Hash,
    channels: Hash,
    accounts: &'a BTreeMap<Side, SignedAccount>,
}

#[derive(Serialize)]
struct OfferOutline {
    entry: Hash,
    by: Side,
    terms: Hash,
    valid_until: Time,
}

/// Returns the hash of a state, which both companies compare. What did not change since it was last asked for is not
/// hashed again.
///
/// # Panics
/// When the law makes a state without canonical form. It is made of canonical entries and checked sums only.
pub fn state_hash(state: &Contract) -> Hash {
    let offer = state.offer.as_ref().map(|offer| OfferOutline {
        entry: offer.entry,
        by: offer.by,
        terms: offer.terms_hash,
        valid_until: offer.valid_until,
    });
    let outline = Outline {
        contract: state.id(),
        pen: state.pen,
        offer,
        versions: &state.versions,
        changed: parts(&state.changed),
        rows: parts(&state.rows),
        tenders: parts(&state.tenders),
        payables: parts(&state.payables),
        invoices: parts(&state.invoices),
        strays: parts(&state.strays),
        channels: parts(&state.channels),
        accounts: &state.accounts,
    };
    of_state(Tag::State, &outline)
}

/// One hash of the parts of one kind: of the tree that their keys make (docs/record.md), zero where there are none.
fn parts<K: Key + Serialize, V: Clone + Serialize>(table: &Table<K, V>) -> Hash {
    let part = |key: &K, value: &V| of_state(Tag::Part, &(key, value));
    let join = |[left, own, right]: [Hash; 3]| {
        tagged(
            Tag::Branch,
            &[left.as_bytes(), own.as_bytes(), right.as_bytes()].map(|bytes| &bytes[..]).concat(),
        )
    };
    table.digest(&part, &join)
}

fn of_state<T: Serialize>(tag: Tag, value: &T) -> Hash {
    let bytes = canonical::to_bytes_within(value, usize::MAX);
    tagged(tag, &bytes.expect("a state has neither null nor float, and its integers fit"))
}

/// What an act is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ActStatement {
    /// The contract; zero in its first entry, which has no id yet when it is signed.
    pub contract: Hash,
    /// The word of the entry's kind: `offer`, `accept`, `counter`, `final_account`.
    pub act: &'static str,
    /// Hash of the terms offered or accepted, or of the account.
    pub target: Hash,
    /// After this instant no entry may use the act.
    pub expires: Time,
}

/// Returns what the company key signs.
///
/// # Panics
/// Never: hashes, a time and a word always have a canonical form.
pub fn act_hash(statement: &ActStatement) -> Hash {
    of(Tag::Act, statement).expect("hashes, a time and a word have a canonical form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_hashed_twice_before_the_bytes() {
        // BIP 340: tagged_hash(tag, msg) = sha256(tag_hash + tag_hash + msg).
        let tag = Sha256::digest("lncontract/entry");
        let mut plain = tag.to_vec();
        plain.extend_from_slice(&tag);
        plain.extend_from_slice(b"message");
        assert_eq!(tagged(Tag::Entry, b"message"), sha256(&plain));
    }

    #[test]
    fn the_same_bytes_under_two_tags_have_two_hashes() {
        assert_ne!(tagged(Tag::Terms, b"x"), tagged(Tag::State, b"x"));
    }
}
