//! Payables and invoices with what the law asks of all of them at once, kept beside them: who has a number or a
//! payment hash, what a row has earned and been paid, and which payables are open.
//!
//! Invariant: what is kept beside is a function of the payables or invoices themselves, and changes with them only
//! here; so an entry costs the same, however many there are.

use std::{collections::BTreeMap, ops::Deref};

use serde::{Deserialize, Serialize};

use super::{InvoiceState, Payable};
use crate::{
    Hash, Sat,
    table::{Iter, Table},
    v1::{RowId, Side},
};

/// Every invoice, by its entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Table<Hash, InvoiceState>", into = "Table<Hash, InvoiceState>")]
pub struct Invoices {
    all: Table<Hash, InvoiceState>,
    numbers: Table<(Side, u64), Hash>,
    payment_hashes: Table<Hash, Hash>,
    last: BTreeMap<Side, u64>,
}

impl Invoices {
    pub(crate) fn insert(&mut self, entry: Hash, invoice: InvoiceState) {
        self.numbers.insert((invoice.by, invoice.number), entry);
        self.payment_hashes.insert(invoice.payment_hash, entry);
        let last = self.last.entry(invoice.by).or_default();
        *last = (*last).max(invoice.number);
        self.all.insert(entry, invoice);
    }

    /// An invoice, to note what became of it; what it says stays.
    pub(crate) fn get_mut(&mut self, entry: &Hash) -> Option<&mut InvoiceState> {
        self.all.get_mut(entry)
    }

    /// Returns a side's invoice of that number.
    pub fn numbered(&self, by: Side, number: u64) -> Option<Hash> {
        self.numbers.get(&(by, number)).copied()
    }

    /// Returns the invoice that asks for a payment hash.
    pub fn asking_for(&self, payment_hash: &Hash) -> Option<Hash> {
        self.payment_hashes.get(payment_hash).copied()
    }

    /// Returns a side's highest number; 0 before its first invoice.
    pub fn last_number(&self, by: Side) -> u64 {
        self.last.get(&by).copied().unwrap_or(0)
    }
}

impl Deref for Invoices {
    type Target = Table<Hash, InvoiceState>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl<'a> IntoIterator for &'a Invoices {
    type Item = (&'a Hash, &'a InvoiceState);
    type IntoIter = Iter<'a, Hash, InvoiceState>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

impl From<Table<Hash, InvoiceState>> for Invoices {
    fn from(all: Table<Hash, InvoiceState>) -> Self {
        let mut invoices = Self::default();
        all.iter().for_each(|(entry, invoice)| invoices.insert(*entry, invoice.clone()));
        invoices
    }
}

impl From<Invoices> for Table<Hash, InvoiceState> {
    fn from(invoices: Invoices) -> Self {
        invoices.all
    }
}

/// What a `pay` row has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowMoney {
    /// Units that earned something.
    pub units: u64,
    /// What became payable.
    pub earned: Sat,
    /// What is paid of that.
    pub paid: Sat,
}

/// What became payable, by [`crate::v1::PayableId::key`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Table<String, Payable>", into = "Table<String, Payable>")]
pub struct Payables {
    all: Table<String, Payable>,
    rows: Table<RowId, RowMoney>,
    open: Table<String, ()>,
}

impl Payables {
    /// Puts a payable there; one that is there already stays.
    pub(crate) fn insert(&mut self, payable: Payable) {
        let key = payable.id.key();
        if !self.all.contains_key(&key) {
            self.all.insert(key.clone(), payable);
            self.count(&key);
        }
    }

    /// Changes one, if it is there.
    pub(crate) fn change(&mut self, key: &str, change: impl FnOnce(&mut Payable)) {
        if self.all.contains_key(key) {
            self.discount(key);
            if let Some(payable) = self.all.get_mut(key) {
                change(payable);
            }
            self.count(key);
        }
    }

    /// Takes out those that are not wanted any more.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Payable) -> bool) {
        let gone = self.all.iter().filter(|(_, payable)| !keep(payable)).map(|(key, _)| key.clone());
        for key in gone.collect::<Vec<_>>() {
            self.discount(&key);
            self.all.remove(&key);
        }
    }

    /// Returns what a row has come to.
    pub fn of_row(&self, row: &str) -> RowMoney {
        self.rows.get(row).copied().unwrap_or_default()
    }

    /// Returns what each row has come to.
    pub fn rows(&self) -> impl Iterator<Item = (&RowId, &RowMoney)> {
        self.rows.iter()
    }

    /// Returns those whose payment their payee has not confirmed.
    pub fn open(&self) -> impl Iterator<Item = &Payable> {
        self.open.keys().filter_map(|key| self.all.get(key))
    }

    fn count(&mut self, key: &str) {
        let Some(payable) = self.all.get(key) else { return };
        let row = self.rows.or_default(&payable.id.row);
        row.units = row.units.saturating_add(payable.units);
        row.earned = Sat(row.earned.0.saturating_add(payable.amount.0));
        if payable.paid {
            row.paid = Sat(row.paid.0.saturating_add(payable.amount.0));
        }
        if !payable.confirmed {
            self.open.insert(key.to_owned(), ());
        }
    }

    fn discount(&mut self, key: &str) {
        let Some(payable) = self.all.get(key) else { return };
        let row = self.rows.or_default(&payable.id.row);
        row.units = row.units.saturating_sub(payable.units);
        row.earned = Sat(row.earned.0.saturating_sub(payable.amount.0));
        if payable.paid {
            row.paid = Sat(row.paid.0.saturating_sub(payable.amount.0));
        }
        if *row == RowMoney::default() {
            self.rows.remove(&payable.id.row);
        }
        self.open.remove(key);
    }
}

impl Deref for Payables {
    type Target = Table<String, Payable>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl<'a> IntoIterator for &'a Payables {
    type Item = (&'a String, &'a Payable);
    type IntoIter = Iter<'a, String, Payable>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

impl From<Table<String, Payable>> for Payables {
    fn from(all: Table<String, Payable>) -> Self {
        let mut payables = Self::default();
        all.iter().for_each(|(_, payable)| payables.insert(payable.clone()));
        payables
    }
}

impl From<Payables> for Table<String, Payable> {
    fn from(payables: Payables) -> Self {
        payables.all
    }
}
