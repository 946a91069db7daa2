//! The hash of a state as docs/record.md defines it, made from the state's JSON and from nothing else.
//!
//! Invariant: none of the program's own hashing is used here, so that the words and the program can be told apart.

use lncontract_core::{Bytes, Contract, Hash};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::party::{Party, paid_contract};

/// The parts that are named by an entry, and those that are named by a text.
const BY_ENTRY: [&str; 4] = ["channels", "invoices", "strays", "tenders"];
const BY_TEXT: [&str; 3] = ["changed", "payables", "rows"];

/// Hashes a state by the words of the document.
pub fn documented_hash(state: &Contract) -> Hash {
    let whole = serde_json::to_value(state).unwrap();
    let mut outline = json!({
        "accounts": whole.get("accounts").cloned().unwrap_or_else(|| json!({})),
        "contract": state.id(),
        "versions": whole["versions"],
    });
    for (kinds, by_entry) in [(&BY_ENTRY[..], true), (&BY_TEXT[..], false)] {
        for kind in kinds {
            outline[kind] = json!(Bytes(tree(whole[kind].as_object().unwrap(), by_entry)));
        }
    }
    if let Some(pen) = whole.get("pen") {
        outline["pen"] = pen.clone();
    }
    if let Some(offer) = whole.get("offer") {
        let (entry, by) = (&offer["entry"], &offer["by"]);
        let (terms, until) = (&offer["terms_hash"], &offer["valid_until"]);
        outline["offer"] = json!({ "by": by, "entry": entry, "terms": terms, "valid_until": until });
    }
    Bytes(tagged("lncontract/state", outline.to_string().as_bytes()))
}

fn tree(parts: &Map<String, Value>, by_entry: bool) -> [u8; 32] {
    let rank = |key: &str| match by_entry {
        true => Sha256::digest(key.parse::<Hash>().unwrap().0),
        false => Sha256::digest(key),
    };
    let Some(top) = parts.keys().max_by_key(|key| rank(key)) else { return [0; 32] };
    let branch = |of: &dyn Fn(&String) -> bool| {
        let these = parts.iter().filter(|(key, _)| of(key));
        tree(&these.map(|(key, value)| (key.clone(), value.clone())).collect(), by_entry)
    };
    let part = tagged("lncontract/part", json!([top, parts[top]]).to_string().as_bytes());
    let (left, right) = (branch(&|key| key < top), branch(&|key| key > top));
    tagged("lncontract/branch", &[left, part, right].concat())
}

fn tagged(tag: &str, bytes: &[u8]) -> [u8; 32] {
    let tag = Sha256::digest(tag);
    Sha256::new().chain_update(tag).chain_update(tag).chain_update(bytes).finalize().into()
}

#[test]
fn the_hash_of_a_state_is_the_one_that_the_document_defines() {
    let check = |state: &Contract, hash: Hash| assert_eq!(hash, documented_hash(state));
    let (paid, ..) = paid_contract();
    check(paid.record.state(), paid.record.state_hash());
    let (mut buyer, mut seller) = Party::in_force();
    for _ in 0..9 {
        let tender = seller.tender(1);
        buyer.take(&tender);
        check(buyer.record.state(), buyer.record.state_hash());
        let answer = buyer.answer(tender.id(), 0);
        seller.take(&answer);
        check(seller.record.state(), seller.record.state_hash());
    }
    assert_eq!(buyer.record.state().tenders.len(), 9, "a tree of some height");
}
