//! Transactions that ask to enter the mempool together: what they spend, pay and are to each other.
//!
//! Invariant: a group that was gathered spends only what exists, nothing twice, and fits the next block.
//! Touches nothing but the memory of judged scripts.

use std::collections::{BTreeSet, HashMap};

use bitcoin::{OutPoint, Transaction, TxOut, Txid};

use super::Mempool;
use crate::{
    check,
    error::Reject,
    ledger::{Coin, Ledger},
    policy,
    script::Scripts,
};

/// Transactions that are judged together: parents before the child that pays for them.
pub(super) struct Group<'a> {
    pub(super) members: &'a [Transaction],
    pub(super) txids: Vec<Txid>,
    /// In the order of the members.
    pub(super) coins: Vec<Vec<Coin>>,
    pub(super) fees_sat: Vec<u64>,
    /// What their signature checks cost, in the order of the members.
    pub(super) sigops: Vec<usize>,
    pub(super) vsize: u64,
    /// Entries that a member cannot stand beside.
    pub(super) conflicts: BTreeSet<Txid>,
}

impl Mempool {
    /// Finds what a group spends and whom it conflicts with, and applies the rules of the next block.
    pub(super) fn gather<'a>(
        &self,
        ledger: &Ledger,
        members: &'a [Transaction],
    ) -> Result<Group<'a>, Reject> {
        let mut made: HashMap<OutPoint, &TxOut> = HashMap::new();
        let mut spent = BTreeSet::new();
        let mut group = Group {
            members,
            txids: members.iter().map(Transaction::compute_txid).collect(),
            coins: Vec::new(),
            fees_sat: Vec::new(),
            sigops: Vec::new(),
            vsize: members.iter().map(policy::vsize).sum(),
            conflicts: BTreeSet::new(),
        };
        for (member, txid) in members.iter().zip(&group.txids) {
            if member.is_coinbase() {
                return Err(Reject::Malformed("coinbase"));
            }
            let mut coins = Vec::with_capacity(member.input.len());
            for outpoint in member.input.iter().map(|input| input.previous_output) {
                if !spent.insert(outpoint) {
                    return Err(Reject::PackageConflict(outpoint));
                }
                group.conflicts.extend(self.spender(&outpoint));
                let waiting = made.get(&outpoint).copied().or_else(|| self.output(&outpoint));
                let fresh = |output: &TxOut| Coin {
                    output: output.clone(),
                    height: ledger.height() + 1,
                    coinbase: false,
                };
                let coin = waiting.map(fresh).or_else(|| ledger.coin(&outpoint).cloned());
                coins.push(coin.ok_or(Reject::MissingOrSpent(outpoint))?);
            }
            group.fees_sat.push(check::in_next_block(ledger, member, &coins)?);
            group.sigops.push(check::sigops_cost(member, &coins));
            group.coins.push(coins);
            made.extend((0..).zip(&member.output).map(|(vout, output)| (OutPoint::new(*txid, vout), output)));
        }
        Ok(group)
    }
}

impl Group<'_> {
    pub(super) fn fee_sat(&self) -> u64 {
        self.fees_sat.iter().sum()
    }

    /// The members, by place, that the one at `place` spends from, directly or not.
    pub(super) fn ancestors_inside(&self, place: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = vec![place];
        while let Some(child) = open.pop() {
            for input in &self.members[child].input {
                let parent = self.txids[..child].iter().position(|txid| *txid == input.previous_output.txid);
                if let Some(parent) = parent.filter(|parent| found.insert(*parent)) {
                    open.push(parent);
                }
            }
        }
        found
    }

    pub(super) fn parents_of(&self, inside: &BTreeSet<usize>, place: usize) -> Vec<Txid> {
        let places = inside.iter().chain([&place]);
        places.flat_map(|place| &self.members[*place].input).map(|input| input.previous_output.txid).collect()
    }

    /// A package is one child and its ancestors; else one could pay for a stranger, which no miner honours.
    pub(super) fn shape(&self) -> Result<(), Reject> {
        let last = self.members.len() - 1;
        let ancestors = self.ancestors_inside(last);
        match (0..last).find(|place| !ancestors.contains(place)) {
            Some(stranger) => Err(Reject::PackageShape(self.txids[stranger])),
            None => Ok(()),
        }
    }

    pub(super) fn spends_its_dust(&self) -> Result<(), Reject> {
        for (place, parent) in self.members.iter().enumerate() {
            let Some(vout) = policy::dust_outputs(parent).next() else { continue };
            let spends = |child: &&Transaction| {
                child.input.iter().any(|input| input.previous_output.txid == self.txids[place])
            };
            let mut children = self.members[place + 1..].iter().filter(spends).peekable();
            if children.peek().is_none() {
                return Err(Reject::DustLeft(OutPoint::new(self.txids[place], vout)));
            }
            children.try_for_each(|child| policy::spends_dust_of(child, parent))?;
        }
        Ok(())
    }

    /// Judges the scripts of all members.
    pub(super) fn judge_scripts(&self, scripts: &mut Scripts) -> Result<(), Reject> {
        for (member, coins) in self.members.iter().zip(&self.coins) {
            let spent: Vec<TxOut> = coins.iter().map(|coin| coin.output.clone()).collect();
            scripts.judge(member, &spent)?;
        }
        Ok(())
    }
}
