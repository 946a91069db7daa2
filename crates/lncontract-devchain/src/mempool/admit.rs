//! The way into the mempool: alone, as a package, or back from a block that was disconnected.
//!
//! Invariant: a group enters whole or not at all, and only after every rule held for all of it. Touches the
//! mempool and the memory of judged scripts.

use std::collections::BTreeSet;

use bitcoin::{Transaction, Txid};

use super::{Mempool, group::Group};
use crate::{
    check,
    error::Reject,
    ledger::Ledger,
    policy::{self, TRUC},
    script::Scripts,
};

/// A chain of unconfirmed transactions has at most so many, seen from either end.
const CHAIN_MAX: usize = 25;
/// A replacement evicts at most so many (BIP 125, rule 5).
const EVICTED_MAX: usize = 100;

impl Mempool {
    /// Takes transactions as a node that relays would: each alone if it can, the rest as one package. What
    /// is known already is passed over. An earlier one may have been taken when a later one is refused.
    pub(crate) fn submit(
        &mut self,
        ledger: &Ledger,
        scripts: &mut Scripts,
        package: &[Transaction],
    ) -> Result<(), Reject> {
        let mut waiting: Vec<Transaction> = Vec::new();
        let mut refusal = None;
        for transaction in package {
            if self.known(ledger, transaction)? {
                continue;
            }
            match self.admit(ledger, scripts, std::slice::from_ref(transaction)) {
                Ok(()) => {}
                // A child may pay for this one, or this is the child.
                Err(
                    reject @ (Reject::FeeTooLow { .. }
                    | Reject::InsufficientFee { .. }
                    | Reject::MissingOrSpent(_)
                    | Reject::DustLeft(_)),
                ) => {
                    refusal = Some(reject);
                    waiting.push(transaction.clone());
                }
                Err(reject) => return Err(reject),
            }
        }
        match (refusal, waiting.len()) {
            (Some(reject), 1) => Err(reject),
            (Some(_), _) => self.admit(ledger, scripts, &waiting),
            (None, _) => Ok(()),
        }
    }

    /// Takes a transaction back that a disconnected block held, or that waited: its fee was judged then.
    pub(crate) fn readmit(
        &mut self,
        ledger: &Ledger,
        scripts: &mut Scripts,
        transaction: &Transaction,
    ) -> Result<(), Reject> {
        if self.known(ledger, transaction)? {
            return Ok(());
        }
        check::form(transaction)?;
        let group = self.gather(ledger, std::slice::from_ref(transaction))?;
        let mut spends = transaction.input.iter().map(|input| input.previous_output);
        if let Some(outpoint) = spends.find(|outpoint| self.spender(outpoint).is_some()) {
            return Err(Reject::MissingOrSpent(outpoint));
        }
        group.judge_scripts(scripts)?;
        self.insert(transaction.clone(), group.fees_sat[0], group.sigops[0]);
        Ok(())
    }

    fn known(&self, ledger: &Ledger, transaction: &Transaction) -> Result<bool, Reject> {
        let txid = transaction.compute_txid();
        if let Some(entry) = self.get(&txid) {
            let same = entry.transaction.compute_wtxid() == transaction.compute_wtxid();
            return if same { Ok(true) } else { Err(Reject::OtherWitness(txid)) };
        }
        Ok(ledger.mined(&txid).is_some())
    }

    fn admit(
        &mut self,
        ledger: &Ledger,
        scripts: &mut Scripts,
        members: &[Transaction],
    ) -> Result<(), Reject> {
        for member in members {
            check::form(member)?;
            policy::form(member)?;
        }
        let group = self.gather(ledger, members)?;
        group.shape()?;
        for (place, member) in members.iter().enumerate() {
            policy::sigops(group.sigops[place])?;
            policy::dust(member, group.fees_sat[place])?;
        }
        policy::relay_fee(group.fee_sat(), group.vsize)?;
        group.spends_its_dust()?;
        let evicted = self.replacement(&group)?;
        self.places(&group, &evicted)?;
        group.judge_scripts(scripts)?;
        for txid in &evicted {
            self.remove(txid);
        }
        for (place, member) in members.iter().enumerate() {
            self.insert(member.clone(), group.fees_sat[place], group.sigops[place]);
        }
        Ok(())
    }

    /// Judges the replacement of what conflicts, and returns what goes: that and all that spends from it.
    ///
    /// BIP 125 without the signal, as nodes relay today: more fee in all, the relay fee for its own size on
    /// top, a higher fee rate than each it conflicts with, and than all it evicts together.
    fn replacement(&self, group: &Group<'_>) -> Result<BTreeSet<Txid>, Reject> {
        let mut conflicts = group.conflicts.clone();
        conflicts.extend(self.truc_siblings(group));
        let evicted = self.with_descendants(conflicts.iter().copied());
        if evicted.is_empty() {
            return Ok(evicted);
        }
        if evicted.len() > EVICTED_MAX {
            return Err(Reject::TooManyReplaced { evicted: evicted.len(), allowed: EVICTED_MAX });
        }
        let parents =
            group.members.iter().flat_map(|member| &member.input).map(|input| input.previous_output.txid);
        if let Some(txid) = self.with_ancestors(parents).intersection(&evicted).next() {
            return Err(Reject::SpendsEvicted(*txid));
        }
        let (fee_sat, vsize) = (group.fee_sat(), group.vsize);
        let evicted_sat: u64 = evicted.iter().map(|txid| self.entries[txid].fee_sat).sum();
        let evicted_vsize: u64 = evicted.iter().map(|txid| self.entries[txid].vsize).sum();
        let beats = |other_sat: u64, other_vsize: u64| {
            u128::from(fee_sat) * u128::from(other_vsize) > u128::from(other_sat) * u128::from(vsize)
        };
        let beats_each =
            conflicts.iter().map(|txid| &self.entries[txid]).all(|entry| beats(entry.fee_sat, entry.vsize));
        if fee_sat < evicted_sat + policy::relay_sat(vsize)
            || !beats_each
            || !beats(evicted_sat, evicted_vsize)
        {
            return Err(Reject::InsufficientFee { fee_sat, vsize, evicted_sat, evicted_vsize });
        }
        Ok(evicted)
    }

    /// A version 3 parent has one child: another one replaces it, if it pays for that (BIP 431).
    fn truc_siblings(&self, group: &Group<'_>) -> BTreeSet<Txid> {
        let truc = group.members.iter().filter(|member| member.version.0 == TRUC);
        let parents =
            truc.flat_map(|member| &member.input).filter_map(|input| self.get(&input.previous_output.txid));
        parents
            .filter(|parent| parent.transaction.version.0 == TRUC)
            .flat_map(|parent| parent.children.clone())
            .collect()
    }

    /// Judges the place of each member among what will be unconfirmed with it.
    fn places(&self, group: &Group<'_>, evicted: &BTreeSet<Txid>) -> Result<(), Reject> {
        let long = |count| {
            if count > CHAIN_MAX { Err(Reject::LongChain { count, allowed: CHAIN_MAX }) } else { Ok(()) }
        };
        for (place, member) in group.members.iter().enumerate() {
            let inside = group.ancestors_inside(place);
            let outside = self.with_ancestors(group.parents_of(&inside, place));
            long(outside.len() + inside.len() + 1)?;
            for ancestor in &outside {
                let descendants = self.with_descendants([*ancestor]);
                long(descendants.difference(evicted).count() + group.members.len())?;
            }
            let entries = outside.iter().map(|txid| &self.entries[txid].transaction);
            policy::topology(member, entries.chain(inside.iter().map(|place| &group.members[*place])))?;
            for parent in member.input.iter().filter_map(|input| self.get(&input.previous_output.txid)) {
                policy::spends_dust_of(member, &parent.transaction)?;
            }
        }
        Ok(())
    }
}
