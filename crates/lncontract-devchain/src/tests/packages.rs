//! Packages: a child that pays for its parents, dust that goes with it, version 3.

use bitcoin::{OutPoint, TxOut};

use super::kit::{Kind, Owner, Spend, anchor, ballast, chain, change_of, child_of, refused, submit};

/// A parent without fee and a child that pays `child_sat`, as a package.
fn package(version: i32, dust: Option<u64>, child_sat: u64) -> Result<(), crate::Reject> {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Segwit, 100_000);
    let outputs: Vec<TxOut> = dust.map(anchor).into_iter().collect();
    let parent = Spend { outputs, version, ..Spend::of(&owner, &chain, coin, 0) }.build();
    let child = child_of(&owner, &chain, &parent, child_sat, version);
    refused(submit(&chain, &parent), "min relay fee not met");
    chain.submit(&[parent.clone(), child.clone()])?;
    assert_eq!(chain.mempool(), [parent.compute_txid(), child.compute_txid()]);
    let block = chain.mine(1)[0];
    assert_eq!(chain.transaction(parent.compute_txid()).unwrap().1, Some(block));
    Ok(())
}

#[test]
fn a_child_pays_for_a_parent_without_fee() {
    package(2, None, 500).unwrap();
    package(3, None, 500).unwrap();
}

#[test]
fn a_child_that_pays_for_itself_alone_does_not_carry_its_parent() {
    refused(package(2, None, 130), "min relay fee not met, 130 sat < ");
}

#[test]
fn a_child_must_spend_the_dust_of_its_parent() {
    refused(package(3, Some(0), 1_000), "missing-ephemeral-spends");
}

#[test]
fn a_dust_anchor_goes_with_the_child_that_spends_it() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Segwit, 100_000);
    let parent = Spend { outputs: vec![anchor(0)], version: 3, ..Spend::of(&owner, &chain, coin, 0) }.build();
    let inputs = vec![OutPoint::new(parent.compute_txid(), 0), change_of(&parent)];
    let parents = std::slice::from_ref(&parent);
    let child = Spend { inputs, parents, version: 3, ..Spend::of(&owner, &chain, coin, 1_000) }.build();
    chain.submit(&[parent, child]).unwrap();
    assert_eq!(chain.mempool().len(), 2);
}

#[test]
fn dust_with_a_fee_is_refused() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Segwit, 100_000);
    let spend = |sat| Spend { outputs: vec![anchor(sat)], ..Spend::of(&owner, &chain, coin, 1_000) }.build();
    refused(submit(&chain, &spend(239)), "dust, output 0 has 239 sat < 240 sat");
    submit(&chain, &spend(240)).unwrap();
}

#[test]
fn a_stranger_does_not_pay_for_a_transaction_without_fee() {
    let (chain, owner) = (chain(), Owner::new());
    let first = owner.funded(&chain, Kind::Taproot, 100_000);
    let second = owner.funded(&chain, Kind::Taproot, 100_000);
    let free = Spend::of(&owner, &chain, first, 0).build();
    let cheap = Spend::of(&owner, &chain, second, 100).build();
    refused(chain.submit(&[free.clone(), cheap]), "package-not-child-with-parents");
    let rich = Spend::of(&owner, &chain, second, 9_000).build();
    refused(chain.submit(&[free, rich.clone()]), "min relay fee not met");
    assert_eq!(chain.mempool(), [rich.compute_txid()]);
}

#[test]
fn a_package_replaces_what_its_parent_conflicts_with() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let theirs = Spend::of(&owner, &chain, coin, 1_000).build();
    submit(&chain, &theirs).unwrap();
    let ours = Spend { outputs: ballast(1), ..Spend::of(&owner, &chain, coin, 0) }.build();
    let child = child_of(&owner, &chain, &ours, 1_100, 2);
    refused(chain.submit(&[ours.clone(), child]), "insufficient fee");
    let child = child_of(&owner, &chain, &ours, 5_000, 2);
    chain.submit(&[ours.clone(), child.clone()]).unwrap();
    assert_eq!(chain.mempool(), [ours.compute_txid(), child.compute_txid()]);
}

#[test]
fn a_version_3_parent_has_one_child_and_a_better_one_takes_its_place() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 100_000);
    let parent = Spend { outputs: ballast(1), version: 3, ..Spend::of(&owner, &chain, coin, 1_000) }.build();
    submit(&chain, &parent).unwrap();
    let child = |vout, fee_sat, version| {
        Spend { version, ..Spend::of(&owner, &chain, OutPoint::new(parent.compute_txid(), vout), fee_sat) }
            .build()
    };
    refused(submit(&chain, &child(0, 200, 2)), "TRUC-violation, only a version 3");
    let first = child(0, 200, 3);
    submit(&chain, &first).unwrap();
    refused(submit(&chain, &child(1, 250, 3)), "insufficient fee");
    let better = child(1, 900, 3);
    submit(&chain, &better).unwrap();
    assert_eq!(chain.mempool(), [parent.compute_txid(), better.compute_txid()]);
    refused(
        submit(&chain, &child_of(&owner, &chain, &better, 900, 3)),
        "TRUC-violation, a version 3 transaction has at most one",
    );
}

#[test]
fn a_replacement_of_the_child_must_spend_the_dust_as_well() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Segwit, 100_000);
    let parent = Spend { outputs: vec![anchor(0)], ..Spend::of(&owner, &chain, coin, 0) }.build();
    let both = vec![OutPoint::new(parent.compute_txid(), 0), change_of(&parent)];
    let parents = std::slice::from_ref(&parent);
    let child = Spend { inputs: both, parents, ..Spend::of(&owner, &chain, coin, 1_000) }.build();
    chain.submit(&[parent.clone(), child]).unwrap();
    refused(submit(&chain, &child_of(&owner, &chain, &parent, 50_000, 2)), "missing-ephemeral-spends");
}

#[test]
fn two_members_of_a_package_do_not_spend_the_same_output() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Segwit, 100_000);
    let one = Spend::of(&owner, &chain, coin, 0).build();
    let other = Spend { outputs: ballast(1), ..Spend::of(&owner, &chain, coin, 0) }.build();
    let parents = &[one.clone(), other.clone()];
    let inputs = vec![change_of(&one), change_of(&other)];
    let child = Spend { inputs, parents, ..Spend::of(&owner, &chain, coin, 9_000) }.build();
    refused(chain.submit(&[one, other, child]), "conflict-in-package");
}

#[test]
fn version_3_is_small_and_keeps_to_itself() {
    let (chain, owner) = (chain(), Owner::new());
    let coin = owner.funded(&chain, Kind::Taproot, 1_000_000);
    let spend = |coin, version, more| {
        Spend { version, outputs: ballast(more), ..Spend::of(&owner, &chain, coin, 20_000) }.build()
    };
    refused(
        submit(&chain, &spend(coin, 3, 235)),
        "TRUC-violation, a version 3 transaction has at most 10,000 vB",
    );
    let parent = spend(coin, 3, 225);
    submit(&chain, &parent).unwrap();
    refused(
        submit(&chain, &spend(change_of(&parent), 3, 25)),
        "TRUC-violation, a version 3 child has at most 1,000 vB",
    );
    submit(&chain, &spend(change_of(&parent), 3, 20)).unwrap();
    let coin = owner.funded(&chain, Kind::Taproot, 1_000_000);
    let parent = spend(coin, 2, 0);
    submit(&chain, &parent).unwrap();
    refused(
        submit(&chain, &spend(change_of(&parent), 3, 0)),
        "TRUC-violation, a version 3 transaction spends no other",
    );
}
