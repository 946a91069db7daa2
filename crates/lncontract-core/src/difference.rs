//! What one version of terms changes in another: computed for the page that shows both side by side, never stored.
//!
//! Invariant: terms that are equal have an empty difference, and only those. Rows are matched by their ids, which last
//! through all versions.

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    Sat,
    v1::{Clauses, Document, FundingPlan, Item, Milestone, Obligation, Party, Terms, Tranche},
};

/// What changes from one version to another; what stays as it is does not stand in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The contract's total.
    pub total: Option<Change<Sat>>,
    /// What is said of the contract as a whole.
    pub words: Vec<WordChange>,
    /// The date of contract.
    pub date_of_contract: Option<Change<Date>>,
    /// The days that are not business days.
    pub non_business_days: Option<Change<Vec<Date>>>,
    /// The buyer.
    pub buyer: Option<Change<Party>>,
    /// The seller.
    pub seller: Option<Change<Party>>,
    /// What is delivered.
    pub items: Rows<Item>,
    /// What is paid for what.
    pub milestones: Rows<Milestone>,
    /// Who owes what, and when.
    pub obligations: Rows<Obligation>,
    /// The tranches of the funding plan.
    pub tranches: Rows<Tranche>,
    /// What else the funding plan says: covenant and notice, without its tranches.
    pub funding: Option<Change<FundingPlan>>,
    /// Everything else that was agreed.
    pub clauses: Option<Change<Clauses>>,
    /// Papers that come or go.
    pub documents: Rows<Document>,
}

/// What was and what would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    /// In the old terms.
    pub old: T,
    /// In the new ones.
    pub new: T,
}

/// A changed word or number of the terms' head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WordChange {
    /// Its field in the terms.
    pub field: &'static str,
    /// What was and what would be.
    pub change: Change<String>,
}

/// The rows of one list that come, go or change, each in the order of its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rows<T> {
    /// Only in the new terms.
    pub added: Vec<T>,
    /// Only in the old ones.
    pub removed: Vec<T>,
    /// In both, and not the same.
    pub changed: Vec<Change<T>>,
    /// The rows of both stand in another order.
    pub reordered: bool,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { added: Vec::new(), removed: Vec::new(), changed: Vec::new(), reordered: false }
    }
}

impl<T> Rows<T> {
    /// Tells whether nothing of the list changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty() && !self.reordered
    }
}

impl Difference {
    /// Tells whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Change<Obligation> {
    /// Tells whether the row is moved: another due date.
    pub fn is_moved(&self) -> bool {
        self.old.due != self.new.due
    }
}

/// Computes what `new` changes in `old`.
pub fn difference(old: &Terms, new: &Terms) -> Difference {
    Difference {
        total: change(&old.total, &new.total),
        words: words(old, new),
        date_of_contract: change(&old.date_of_contract, &new.date_of_contract),
        non_business_days: change(&old.non_business_days, &new.non_business_days),
        buyer: change(&old.buyer, &new.buyer),
        seller: change(&old.seller, &new.seller),
        items: rows(&old.items, &new.items, |item| item.id.clone()),
        milestones: rows(&old.milestones, &new.milestones, |milestone| milestone.id.clone()),
        obligations: rows(&old.obligations, &new.obligations, |row| row.id.clone()),
        tranches: rows(&old.funding.tranches, &new.funding.tranches, |tranche| tranche.id.clone()),
        funding: change(&without_tranches(&old.funding), &without_tranches(&new.funding)),
        clauses: change(&old.clauses, &new.clauses),
        documents: rows(&old.documents, &new.documents, Clone::clone),
    }
}

fn change<T: PartialEq + Clone>(old: &T, new: &T) -> Option<Change<T>> {
    (old != new).then(|| Change { old: old.clone(), new: new.clone() })
}

fn words(old: &Terms, new: &Terms) -> Vec<WordChange> {
    let all = [
        ("number", old.number.clone(), new.number.clone()),
        ("title", old.title.clone(), new.title.clone()),
        ("law", old.law.to_string(), new.law.to_string()),
        ("utc_offset_minutes", old.utc_offset_minutes.to_string(), new.utc_offset_minutes.to_string()),
    ];
    let changed = all.into_iter().filter(|(_, old, new)| old != new);
    changed.map(|(field, old, new)| WordChange { field, change: Change { old, new } }).collect()
}

fn without_tranches(plan: &FundingPlan) -> FundingPlan {
    FundingPlan { tranches: Vec::new(), ..plan.clone() }
}

/// Matches rows by what names them, the first of each.
fn rows<T: PartialEq + Clone, K: PartialEq>(old: &[T], new: &[T], id: fn(&T) -> K) -> Rows<T> {
    let in_list = |list: &[T], row: &T| list.iter().any(|other| id(other) == id(row));
    let kept = |list: &[T], other: &[T]| -> Vec<K> {
        list.iter().filter(|row| in_list(other, row)).map(id).collect()
    };
    let pair = |row: &T| change(row, new.iter().find(|after| id(after) == id(row))?);
    Rows {
        added: new.iter().filter(|row| !in_list(old, row)).cloned().collect(),
        removed: old.iter().filter(|row| !in_list(new, row)).cloned().collect(),
        changed: old.iter().filter_map(pair).collect(),
        reordered: kept(old, new) != kept(new, old),
    }
}
