//! The final account: the company key signs the hash of the very account, and both records end closed and equal.

use lncontract_core::{
    Hash, Sat,
    account::account,
    v1::{FinalAccount, Payload, Side},
};
use lncontract_record::{EntryError, KeyError, SignedEntry, bundle, hash::account_hash, verify_bundle};

use crate::party::{Party, act, company_key, genesis, paid_contract, record_key};

impl Party {
    fn account(&self) -> FinalAccount {
        let account = account(self.record.state()).expect("terms are in force");
        let account_hash = account_hash(&account).expect("an account has a canonical form");
        let act = act(self.side, self.record.contract(), "final_account", account_hash);
        FinalAccount { account, account_hash, state: self.record.state_hash(), act }
    }
}

#[test]
fn both_companies_sign_one_hash_and_both_records_are_closed() {
    let (mut buyer, mut seller, _) = paid_contract();
    let signed = seller.write(Payload::FinalAccount(seller.account()));
    buyer.take(&signed);
    assert!(!buyer.record.state().is_closed());
    let Payload::FinalAccount(theirs) = &signed.entry().payload else { unreachable!() };
    assert_eq!(theirs.account_hash, buyer.account().account_hash);
    let answer = buyer.write(Payload::FinalAccount(buyer.account()));
    seller.take(&answer);
    assert!(buyer.record.state().is_closed() && seller.record.state().is_closed());
    assert_eq!(buyer.record.state_hash(), seller.record.state_hash());
    assert_eq!(buyer.record.state().accounts[&Side::Buyer].account.buyer.paid, Sat(50_000));
    let bytes = bundle(&buyer.record).unwrap();
    assert!(verify_bundle(&bytes).is_ok());
    // What both signed has its golden hashes.
    assert_eq!(
        [theirs.account_hash, signed.id(), answer.id(), buyer.record.state_hash()]
            .map(|hash| hash.to_string()),
        GOLDEN
    );
}

#[test]
fn the_company_key_signs_the_very_account_for_this_very_act() {
    let (_, seller, _) = paid_contract();
    let good = seller.account();
    let check = |signed: FinalAccount, expected: &EntryError| {
        let entry = seller.record.draft(
            Side::Seller,
            seller.now.plus_seconds(60),
            Payload::FinalAccount(good.clone()),
        );
        let mut header = entry.unwrap().header;
        let payload = Payload::FinalAccount(signed);
        header.payload_hash = lncontract_record::hash::payload_hash(&payload).unwrap();
        let bytes = SignedEntry::sign(header, payload, &record_key(Side::Seller)).unwrap();
        assert_eq!(SignedEntry::open(bytes.bytes(), Some(&genesis())), Err(expected.clone()));
    };
    let mut other = good.clone();
    other.account.buyer.paid = Sat(1);
    let (stated, computed) = (good.account_hash, account_hash(&other.account).unwrap());
    check(other.clone(), &EntryError::AccountHash { stated, computed });
    other.account_hash = computed;
    let key = company_key(Side::Seller).public();
    let bad_act = EntryError::Act { author: Side::Seller, source: KeyError::Signature { key } };
    check(other, &bad_act);
    let contract = seller.record.contract();
    let accept = act(Side::Seller, contract, "accept", good.account_hash);
    check(FinalAccount { act: accept, ..good.clone() }, &bad_act);
    let elsewhere = act(Side::Seller, Hash::ZERO, "final_account", good.account_hash);
    check(FinalAccount { act: elsewhere, ..good.clone() }, &bad_act);
}

/// The account, the entry of each side, the state.
const GOLDEN: [&str; 4] = [
    "fe754724b827e84122c3a5cef8c4f0c158542d2f6aec30e444d23f718611256e",
    "16173363af0086027e465291d3b4201dabcb6d8a400977ae9163cf1a273546c9",
    "c9df1d3d7b6f741d1c4db08168fe9692a547b820c9378e8bc4471ffac5a2c65c",
    "c02a256ce6864e9d535e9ef08e0b307d6b2ae640cae2ce3ee2cb2cecce7d792a",
];
