//! What libbitcoinconsensus accepts and refuses, seen through the mempool.

use bitcoin::{Amount, ScriptBuf, Transaction, TxOut, Witness, opcodes::all::OP_PUSHNUM_1, script::Builder};

use super::kit::{Kind, Owner, Spend, chain, refused, submit};

/// A spend is accepted and mined; with `damage` done to it, it is refused.
fn check(kind: Kind, damage: fn(&mut Transaction)) {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, kind, 100_000);
    let good = Spend::of(&owner, &chain, coin, 1_000).build();
    let mut bad = good.clone();
    damage(&mut bad);
    refused(submit(&chain, &bad), "mandatory-script-verify-flag-failed, input 0");
    assert!(chain.mempool().is_empty());
    submit(&chain, &good).unwrap();
    let block = chain.mine(1)[0];
    assert_eq!(chain.transaction(good.compute_txid()).unwrap().1, Some(block));
}

fn flip_signature(transaction: &mut Transaction) {
    let mut items: Vec<Vec<u8>> = transaction.input[0].witness.to_vec();
    items[0][20] ^= 1;
    transaction.input[0].witness = Witness::from_slice(&items);
}

fn take_one_sat(transaction: &mut Transaction) {
    transaction.output[0].value -= Amount::ONE_SAT;
}

fn drop_witness(transaction: &mut Transaction) {
    transaction.input[0].witness = Witness::new();
}

#[test]
fn a_taproot_spend_is_accepted_and_one_with_a_damaged_signature_refused() {
    check(Kind::Taproot, flip_signature);
}

#[test]
fn a_taproot_signature_holds_for_no_other_outputs() {
    check(Kind::Taproot, take_one_sat);
}

#[test]
fn a_taproot_output_is_not_anyones() {
    check(Kind::Taproot, drop_witness);
}

#[test]
fn a_p2wpkh_spend_is_accepted_and_one_with_a_damaged_signature_refused() {
    check(Kind::Segwit, flip_signature);
}

#[test]
fn a_p2wpkh_signature_holds_for_no_other_outputs() {
    check(Kind::Segwit, take_one_sat);
}

#[test]
fn inputs_of_several_kinds_are_judged_with_all_their_outputs() {
    let (chain, owner) = (chain(), Owner::new());
    let taproot = owner.funded(&chain, Kind::Taproot, 40_000);
    let segwit = owner.funded(&chain, Kind::Segwit, 50_000);
    let spend = Spend { inputs: vec![segwit, taproot], ..Spend::of(&owner, &chain, segwit, 2_000) }.build();
    let mut bad = spend.clone();
    let other = bad.input[0].witness.clone();
    bad.input[0].witness = std::mem::replace(&mut bad.input[1].witness, other);
    refused(submit(&chain, &bad), "mandatory-script-verify-flag-failed");
    submit(&chain, &spend).unwrap();
}

#[test]
fn the_second_judgement_of_another_witness_does_not_use_the_first() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let good = Spend::of(&owner, &chain, coin, 1_000).build();
    submit(&chain, &good).unwrap();
    chain.reorg_dropping(1, 2, &[good.compute_txid()]).unwrap();
    assert!(chain.mempool().is_empty(), "dropped");
    let mut bad = good.clone();
    flip_signature(&mut bad);
    assert_eq!(good.compute_txid(), bad.compute_txid());
    refused(submit(&chain, &bad), "mandatory-script-verify-flag-failed");
}

#[test]
fn a_pay_to_anchor_output_is_spent_without_a_signature() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let script_pubkey = Builder::new().push_opcode(OP_PUSHNUM_1).push_slice([0x4e, 0x73]).into_script();
    let anchor = TxOut { value: Amount::from_sat(240), script_pubkey };
    let parent = Spend { outputs: vec![anchor], ..Spend::of(&owner, &chain, coin, 1_000) }.build();
    submit(&chain, &parent).unwrap();
    let anchor = bitcoin::OutPoint::new(parent.compute_txid(), 0);
    let change = bitcoin::OutPoint::new(parent.compute_txid(), 1);
    let child = Spend { inputs: vec![anchor, change], ..Spend::of(&owner, &chain, change, 1_000) }.build();
    assert_eq!(child.input[0].witness, Witness::new());
    assert_eq!(child.input[0].script_sig, ScriptBuf::new());
    submit(&chain, &child).unwrap();
    chain.mine(1);
    assert_eq!(chain.spender(anchor), Some(child.compute_txid()));
}
