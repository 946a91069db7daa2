//! Finding things in the terms by their row ids, and the few words that belong to a shape.
//! No rule is judged here.

use std::fmt;

use super::{Item, Milestone, Obligation, PayMode, PayableId, Payload, Side, Terms, Tranche, Trigger};
use crate::{Time, v1::Duty};

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Buyer => "buyer",
            Self::Seller => "seller",
        })
    }
}

impl Side {
    /// The buyer: who pays where nothing else is said.
    pub(crate) fn buyer() -> Self {
        Self::Buyer
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    pub(crate) fn is_buyer(&self) -> bool {
        *self == Self::Buyer
    }
}

impl Terms {
    /// Returns the row with that id.
    pub fn obligation(&self, id: &str) -> Option<&Obligation> {
        self.obligations.iter().find(|row| row.id == id)
    }

    /// Returns the item with that id.
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// Returns the milestone with that id.
    pub fn milestone(&self, id: &str) -> Option<&Milestone> {
        self.milestones.iter().find(|milestone| milestone.id == id)
    }

    /// Returns the tranche with that id.
    pub fn tranche(&self, id: &str) -> Option<&Tranche> {
        self.funding.tranches.iter().find(|tranche| tranche.id == id)
    }

    /// Returns the `fund` row that names a tranche.
    pub fn fund_row(&self, tranche: &str) -> Option<&Obligation> {
        self.obligations
            .iter()
            .find(|row| matches!(&row.duty, Duty::Fund { tranche: named } if named == tranche))
    }

    /// Returns how many units the rows have in all; none if one is missing, can't be tendered,
    /// or the sum does not fit.
    pub fn units(&self, rows: &[String]) -> Option<u64> {
        rows.iter().try_fold(0_u64, |sum, row| sum.checked_add(self.obligation(row)?.quantity()?))
    }

    /// Returns the `pay` rows that the acceptance of a row counts for.
    pub fn pay_rows_on<'a>(&'a self, row: &'a str) -> impl Iterator<Item = &'a Obligation> {
        self.obligations.iter().filter(move |pay| pay.trigger_rows().iter().any(|named| named == row))
    }

    /// Returns the party on that side.
    pub fn party(&self, side: Side) -> &super::Party {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }
}

impl Obligation {
    /// Returns to whom it is owed.
    pub fn creditor(&self) -> Side {
        self.debtor.other()
    }

    /// Returns how many units are to be tendered; none for `pay` and `fund` rows.
    pub fn quantity(&self) -> Option<u64> {
        match self.duty {
            Duty::Deliver { quantity, .. } | Duty::Perform { quantity, .. } => Some(quantity),
            Duty::Pay { .. } | Duty::Fund { .. } => None,
        }
    }

    /// Returns the rows whose acceptance makes it payable; empty for every other row.
    pub fn trigger_rows(&self) -> &[String] {
        match &self.duty {
            Duty::Pay { trigger: Trigger::Acceptance { rows }, .. } => rows,
            _ => &[],
        }
    }

    /// Tells whether it is paid for each accepted unit.
    pub fn is_per_unit(&self) -> bool {
        matches!(self.duty, Duty::Pay { mode: PayMode::PerUnit, .. })
    }
}

impl Payload {
    /// Returns the deadline of a timeout entry (`deem`, `lapse`):
    /// who signed by then goes before it in the merge.
    pub fn deadline(&self) -> Option<Time> {
        match self {
            Self::Deem(deem) => Some(deem.deadline),
            Self::Lapse(lapse) => Some(lapse.deadline),
            _ => None,
        }
    }
}

impl PayableId {
    /// Returns one text for it, the key in the state: `row`, or `row/tender`.
    pub fn key(&self) -> String {
        match self.tender {
            Some(tender) => format!("{}/{tender}", self.row),
            None => self.row.clone(),
        }
    }
}
