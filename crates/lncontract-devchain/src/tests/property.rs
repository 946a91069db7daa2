//! Whatever is done to the chain: no money appears or vanishes, and replayed blocks give the same state.

use bitcoin::OutPoint;
use proptest::prelude::*;

use super::kit::{Kind, Owner, Spend, chain};
use crate::{DevChain, ledger::subsidy_sat};

/// Something done to the chain; the numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Act {
    Fund {
        amount_sat: u64,
        taproot: bool,
    },
    Mine {
        blocks: u32,
    },
    MineEmpty,
    /// Spends some output of the owner's, mined or waiting, even one that waits to be spent already.
    Spend {
        which: usize,
        fee_sat: u64,
        sequence: u32,
        parts: u64,
    },
    Reorg {
        depth: u32,
        more: u32,
    },
    ReorgEmpty {
        depth: u32,
    },
    ReorgDropping {
        depth: u32,
        which: usize,
    },
    Later {
        seconds: u64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (20_000..1_000_000_u64, any::<bool>())
            .prop_map(|(amount_sat, taproot)| Act::Fund { amount_sat, taproot }),
        2 => (1..4_u32).prop_map(|blocks| Act::Mine { blocks }),
        1 => Just(Act::MineEmpty),
        6 => (any::<usize>(), 0..5_000_u64, prop_oneof![Just(0xffff_fffd), 0..6_u32], 1..4_u64)
            .prop_map(|(which, fee_sat, sequence, parts)| Act::Spend { which, fee_sat, sequence, parts }),
        1 => (1..8_u32, 1..3_u32).prop_map(|(depth, more)| Act::Reorg { depth, more }),
        1 => (1..8_u32).prop_map(|depth| Act::ReorgEmpty { depth }),
        1 => (1..8_u32, any::<usize>()).prop_map(|(depth, which)| Act::ReorgDropping { depth, which }),
        1 => (0..4_000_u64).prop_map(|seconds| Act::Later { seconds }),
    ]
}

/// What the owner could try to spend: every output of his that was ever made and is still known.
fn outputs(chain: &DevChain, owner: &Owner, made: &[bitcoin::Txid]) -> Vec<OutPoint> {
    let ours = [owner.script(Kind::Taproot), owner.script(Kind::Segwit)];
    let known = made.iter().filter_map(|txid| Some((*txid, chain.transaction(*txid)?.0)));
    known
        .flat_map(|(txid, transaction)| {
            let outputs =
                (0..).zip(transaction.output).filter(|(_, output)| ours.contains(&output.script_pubkey));
            outputs.map(move |(vout, _)| OutPoint::new(txid, vout)).collect::<Vec<_>>()
        })
        .collect()
}

fn perform(chain: &DevChain, owner: &Owner, made: &mut Vec<bitcoin::Txid>, act: &Act) {
    match *act {
        Act::Fund { amount_sat, taproot } => {
            let kind = if taproot { Kind::Taproot } else { Kind::Segwit };
            made.extend(chain.fund(&owner.address(kind), amount_sat));
        }
        Act::Mine { blocks } => drop(chain.mine(blocks)),
        Act::MineEmpty => drop(chain.mine_empty(1)),
        Act::Spend { which, fee_sat, sequence, parts } => {
            let outputs = outputs(chain, owner, made);
            let Some(input) = outputs.get(which % outputs.len().max(1)) else { return };
            let value_sat =
                chain.transaction(input.txid).unwrap().0.output[input.vout as usize].value.to_sat();
            let part = bitcoin::TxOut {
                value: bitcoin::Amount::from_sat(value_sat / (parts + 1)),
                script_pubkey: owner.script(Kind::Segwit),
            };
            let fee_sat = fee_sat.min(value_sat / (parts + 1));
            let outputs = vec![part; usize::try_from(parts).unwrap()];
            let spend = Spend { outputs, sequence, ..Spend::of(owner, chain, *input, fee_sat) }.build();
            // Refused or not: the rules are tested elsewhere, here only that the state stays sound.
            if super::kit::submit(chain, &spend).is_ok() {
                made.push(spend.compute_txid());
            }
        }
        Act::Reorg { depth, more } => drop(chain.reorg(depth, depth + more).unwrap()),
        Act::ReorgEmpty { depth } => drop(chain.reorg_empty(depth, depth + 1).unwrap()),
        Act::ReorgDropping { depth, which } => {
            let dropped: Vec<_> = made.get(which % made.len().max(1)).copied().into_iter().collect();
            chain.reorg_dropping(depth, depth + 1, &dropped).unwrap();
        }
        Act::Later { seconds } => chain.set_time(chain.now() + seconds),
    }
}

/// The invariants that the files state.
fn sound(chain: &DevChain) {
    let issued_sat: u64 = (1..=chain.height()).map(subsidy_sat).sum();
    assert_eq!(chain.total_sat(), issued_sat, "money is conserved");
    let mut spent = std::collections::HashSet::new();
    let mut before = std::collections::HashSet::new();
    for txid in chain.mempool() {
        let (transaction, block) = chain.transaction(txid).unwrap();
        assert_eq!(block, None);
        for outpoint in transaction.input.iter().map(|input| input.previous_output) {
            assert!(spent.insert(outpoint), "no output is spent twice");
            let parent = chain.transaction(outpoint.txid).expect("what is spent exists").1;
            assert!(parent.is_some() || before.contains(&outpoint.txid), "parents come before children");
            assert_eq!(chain.spender(outpoint), Some(txid));
        }
        before.insert(txid);
    }
}

/// The same active blocks, connected one by one to a new chain, give the same coins.
fn replayed(chain: &DevChain, owner: &Owner) {
    let copy = DevChain::bare(std::sync::Arc::new(|| 0));
    for height in 1..=chain.height() {
        let block = chain.block_by_hash(chain.block_at(height).unwrap().hash).unwrap();
        copy.submit_block(block).unwrap();
    }
    assert_eq!(copy.tip_block(), chain.tip_block());
    for script in [owner.script(Kind::Taproot), owner.script(Kind::Segwit), chain.miner.script().to_owned()] {
        let coins = |chain: &DevChain| -> Vec<OutPoint> {
            chain.lock().ledger.coins_of(&script).map(|(outpoint, _)| outpoint).collect()
        };
        assert_eq!(coins(&copy), coins(chain));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_whatever_happens(acts in prop::collection::vec(act(), 1..40)) {
        let (chain, owner, mut made) = (chain(), Owner::new(), Vec::new());
        for act in &acts {
            perform(&chain, &owner, &mut made, act);
            sound(&chain);
        }
        chain.mine(1);
        sound(&chain);
        replayed(&chain, &owner);
    }
}
