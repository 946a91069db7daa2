//! What waits for a block, and who spends what among it.
//!
//! Invariant: every entry can be mined in the next block once its parents are, no two entries spend the same
//! output, and an entry's number is higher than its parents' numbers. Touches memory only.

mod admit;
mod group;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bitcoin::{OutPoint, Transaction, TxOut, Txid};

use crate::policy;

/// A transaction that waits.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) transaction: Transaction,
    pub(crate) fee_sat: u64,
    /// Virtual size in vB.
    pub(crate) vsize: u64,
    /// What its signature checks cost (BIP 141).
    pub(crate) sigops: usize,
    number: u64,
    parents: BTreeSet<Txid>,
    children: BTreeSet<Txid>,
}

#[derive(Debug, Default)]
pub(crate) struct Mempool {
    entries: HashMap<Txid, Entry>,
    by_number: BTreeMap<u64, Txid>,
    spent_by: HashMap<OutPoint, Txid>,
    next_number: u64,
}

impl Mempool {
    pub(crate) fn get(&self, txid: &Txid) -> Option<&Entry> {
        self.entries.get(txid)
    }

    /// The entries in the order in which they came, so parents before children.
    pub(crate) fn in_order(&self) -> impl DoubleEndedIterator<Item = (Txid, &Entry)> {
        self.by_number.values().map(|txid| (*txid, &self.entries[txid]))
    }

    /// The entry that spends an output.
    pub(crate) fn spender(&self, outpoint: &OutPoint) -> Option<Txid> {
        self.spent_by.get(outpoint).copied()
    }

    /// An output of an entry.
    pub(crate) fn output(&self, outpoint: &OutPoint) -> Option<&TxOut> {
        self.entries.get(&outpoint.txid)?.transaction.output.get(outpoint.vout as usize)
    }

    /// The entries that the given ones spend from, directly or not, and themselves.
    pub(crate) fn with_ancestors(&self, from: impl IntoIterator<Item = Txid>) -> BTreeSet<Txid> {
        self.closure(from, |entry| &entry.parents)
    }

    /// The entries that spend from the given ones, directly or not, and themselves.
    pub(crate) fn with_descendants(&self, from: impl IntoIterator<Item = Txid>) -> BTreeSet<Txid> {
        self.closure(from, |entry| &entry.children)
    }

    fn closure(
        &self,
        from: impl IntoIterator<Item = Txid>,
        next: impl Fn(&Entry) -> &BTreeSet<Txid>,
    ) -> BTreeSet<Txid> {
        let mut found = BTreeSet::new();
        let mut open: Vec<Txid> = from.into_iter().filter(|txid| self.entries.contains_key(txid)).collect();
        while let Some(txid) = open.pop() {
            if found.insert(txid) {
                open.extend(next(&self.entries[&txid]));
            }
        }
        found
    }

    /// Takes one entry out, mined or evicted. Who evicts takes its descendants out too.
    pub(crate) fn remove(&mut self, txid: &Txid) -> Option<Transaction> {
        let entry = self.entries.remove(txid)?;
        self.by_number.remove(&entry.number);
        for input in &entry.transaction.input {
            self.spent_by.remove(&input.previous_output);
        }
        for parent in &entry.parents {
            if let Some(parent) = self.entries.get_mut(parent) {
                parent.children.remove(txid);
            }
        }
        for child in &entry.children {
            if let Some(child) = self.entries.get_mut(child) {
                child.parents.remove(txid);
            }
        }
        Some(entry.transaction)
    }

    /// Takes everything out, parents before children.
    pub(crate) fn drain(&mut self) -> Vec<Transaction> {
        let transactions = self.in_order().map(|(_, entry)| entry.transaction.clone()).collect();
        *self = Self { next_number: self.next_number, ..Self::default() };
        transactions
    }

    fn insert(&mut self, transaction: Transaction, fee_sat: u64, sigops: usize) {
        let (txid, number) = (transaction.compute_txid(), self.next_number);
        self.next_number += 1;
        let mut parents = BTreeSet::new();
        for outpoint in transaction.input.iter().map(|input| input.previous_output) {
            self.spent_by.insert(outpoint, txid);
            if let Some(parent) = self.entries.get_mut(&outpoint.txid) {
                parent.children.insert(txid);
                parents.insert(outpoint.txid);
            }
        }
        self.by_number.insert(number, txid);
        let vsize = policy::vsize(&transaction);
        let entry = Entry { transaction, fee_sat, vsize, sigops, number, parents, children: BTreeSet::new() };
        self.entries.insert(txid, entry);
    }
}
