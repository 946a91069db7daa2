//! Single transactions: fees, replacement, chains, form.

use bitcoin::{Amount, OutPoint, ScriptBuf, Transaction, TxOut};

use super::kit::{Kind, Owner, Spend, ballast, chain, change_of, child_of, refused, submit};

#[test]
fn one_sat_per_vbyte_is_the_least_for_a_single_transaction() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let vsize = Spend::of(&owner, &chain, coin, 1_000).build().vsize() as u64;
    let spend = |fee_sat| Spend::of(&owner, &chain, coin, fee_sat).build();
    refused(submit(&chain, &spend(vsize - 1)), "min relay fee not met, ");
    submit(&chain, &spend(vsize)).unwrap();
}

/// What a transaction pays, and how many outputs of 43 vB it has beside its change.
#[derive(Clone, Copy)]
struct Pays {
    sat: u64,
    more: usize,
}

/// A spend of a coin and its child wait; then another spend of the coin comes. All are 111 vB and ballast.
#[track_caller]
fn replace(first: Pays, child: Pays, second: Pays) -> (Vec<bool>, Result<(), crate::Reject>) {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 1_000_000);
    let spend = |coin, pays: Pays| {
        Spend { outputs: ballast(pays.more), ..Spend::of(&owner, &chain, coin, pays.sat) }.build()
    };
    let first = spend(coin, first);
    submit(&chain, &first).unwrap();
    let child = spend(change_of(&first), child);
    submit(&chain, &child).unwrap();
    let second = spend(coin, second);
    let result = submit(&chain, &second);
    let waiting = chain.mempool();
    let waits = [first, child, second].map(|transaction| waiting.contains(&transaction.compute_txid()));
    (waits.to_vec(), result)
}

/// Pays so much and has no ballast.
fn plain(sat: u64) -> Pays {
    Pays { sat, more: 0 }
}

#[test]
fn a_replacement_that_pays_for_all_it_evicts_and_for_itself_is_taken() {
    let (waits, result) = replace(plain(1_000), plain(500), plain(1_000 + 500 + 111));
    assert_eq!((waits, result), (vec![false, false, true], Ok(())));
}

/// The replacement is refused and what waited waits on.
#[track_caller]
fn not_replaced(first: Pays, child: Pays, second: Pays) {
    let (waits, result) = replace(first, child, second);
    refused(result, "insufficient fee, rejecting replacement");
    assert_eq!(waits, [true, true, false]);
}

#[test]
fn a_replacement_one_sat_short_of_that_is_refused() {
    not_replaced(plain(1_000), plain(500), plain(1_000 + 500 + 110));
}

#[test]
fn a_replacement_with_a_lower_rate_than_what_it_conflicts_with_is_refused() {
    // 90 sat/vB, and with the large child 6 sat/vB; the replacement has 10.
    not_replaced(plain(10_000), Pays { sat: 2_000, more: 40 }, Pays { sat: 20_000, more: 40 });
}

#[test]
fn a_replacement_with_a_lower_rate_than_all_it_evicts_is_refused() {
    // 1.8 sat/vB, and with the child that pays for it 23 sat/vB; the replacement has 4.9.
    not_replaced(plain(200), plain(5_000), Pays { sat: 9_000, more: 40 });
}

#[test]
fn what_an_evicted_transaction_had_spent_is_free() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let other = owner.funded(&chain, Kind::Taproot, 100_000);
    let first = Spend { inputs: vec![coin, other], ..Spend::of(&owner, &chain, coin, 1_000) }.build();
    submit(&chain, &first).unwrap();
    submit(&chain, &Spend::of(&owner, &chain, coin, 5_000).build()).unwrap();
    assert_eq!(chain.spender(other), None);
    submit(&chain, &Spend::of(&owner, &chain, other, 200).build()).unwrap();
}

#[test]
fn a_replacement_does_not_spend_what_it_evicts() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 1_000_000);
    let first = Spend::of(&owner, &chain, coin, 1_000).build();
    submit(&chain, &first).unwrap();
    let own = change_of(&first);
    let second = Spend { inputs: vec![coin, own], ..Spend::of(&owner, &chain, coin, 50_000) }.build();
    refused(submit(&chain, &second), "bad-txns-spends-conflicting-tx");
}

#[test]
fn an_output_that_a_block_has_spent_is_spent() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 1_000_000);
    let first = Spend::of(&owner, &chain, coin, 1_000).build();
    submit(&chain, &first).unwrap();
    chain.mine(1);
    let second = Spend::of(&owner, &chain, coin, 90_000).build();
    refused(submit(&chain, &second), "bad-txns-inputs-missingorspent");
}

#[test]
fn more_out_than_in_is_refused() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let mut spend = Spend::of(&owner, &chain, coin, 1_000).build();
    spend.output[0].value = Amount::from_sat(100_001);
    refused(submit(&chain, &spend), "bad-txns-in-belowout, value in (100000 sat) < value out (100001 sat)");
}

#[test]
fn the_26th_unconfirmed_transaction_of_a_chain_is_refused() {
    let (chain, owner) = (chain(), Owner::new());
    let mut coin = owner.funded(&chain, Kind::Taproot, 1_000_000);
    for _ in 0..25 {
        let link = Spend::of(&owner, &chain, coin, 500).build();
        submit(&chain, &link).unwrap();
        coin = change_of(&link);
    }
    refused(
        submit(&chain, &Spend::of(&owner, &chain, coin, 500).build()),
        "too-long-mempool-chain, 26 unconfirmed",
    );
}

#[test]
fn a_transaction_has_at_most_24_unconfirmed_descendants() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 1_000_000);
    let parent = Spend { outputs: ballast(25), ..Spend::of(&owner, &chain, coin, 5_000) }.build();
    submit(&chain, &parent).unwrap();
    let child = |vout| Spend::of(&owner, &chain, OutPoint::new(parent.compute_txid(), vout), 200).build();
    for vout in 0..24 {
        submit(&chain, &child(vout)).unwrap();
    }
    refused(submit(&chain, &child(24)), "too-long-mempool-chain, 26 unconfirmed");
    chain.mine_without(&(0..24).map(|vout| child(vout).compute_txid()).collect::<Vec<_>>());
    submit(&chain, &child(24)).unwrap();
}

#[test]
fn a_child_whose_parent_was_mined_alone_may_have_children() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let parent = Spend::of(&owner, &chain, coin, 500).build();
    submit(&chain, &parent).unwrap();
    let child = child_of(&owner, &chain, &parent, 500, 2);
    submit(&chain, &child).unwrap();
    chain.mine_without(&[child.compute_txid()]);
    let grandchild = child_of(&owner, &chain, &child, 500, 2);
    submit(&chain, &grandchild).unwrap();
    assert_eq!(chain.mempool(), [child.compute_txid(), grandchild.compute_txid()]);
}

#[test]
fn what_is_known_is_no_error_and_changes_nothing() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let spend = Spend::of(&owner, &chain, coin, 1_000).build();
    submit(&chain, &spend).unwrap();
    submit(&chain, &spend).unwrap();
    assert_eq!(chain.mempool().len(), 1);
    chain.mine(1);
    submit(&chain, &spend).unwrap();
    assert!(chain.mempool().is_empty());
}

/// A change to a good spend, and what it is refused for.
#[track_caller]
fn malformed(reason: &str, change: impl FnOnce(&mut Transaction)) {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let mut spend = Spend::of(&owner, &chain, coin, 1_000).build();
    change(&mut spend);
    refused(submit(&chain, &spend), reason);
}

#[test]
fn each_rule_of_form_has_its_word() {
    malformed("bad-txns-vin-empty", |spend| spend.input.clear());
    malformed("bad-txns-vout-empty", |spend| spend.output.clear());
    malformed("bad-txns-inputs-duplicate", |spend| spend.input.push(spend.input[0].clone()));
    malformed("bad-txns-vout-toolarge", |spend| spend.output[0].value = Amount::MAX_MONEY + Amount::ONE_SAT);
    malformed("bad-txns-txouttotal-toolarge", |spend| {
        spend.output[0].value = Amount::MAX_MONEY;
        spend.output.push(spend.output[0].clone());
    });
    malformed("bad-cb-length", |spend| spend.input[0].previous_output = OutPoint::null());
    malformed("version", |spend| spend.version.0 = 4);
    malformed("tx-size", |spend| spend.output = ballast(2_400));
    malformed("tx-size-small", |spend| {
        spend.output = vec![TxOut { value: Amount::ZERO, script_pubkey: ScriptBuf::from_bytes(vec![0x6a]) }];
        spend.input[0].witness.clear();
    });
    malformed("bad-txns-too-many-sigops", |spend| {
        spend.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0xac; 4_001]);
    });
}
