//! Whether the row that an entry is about still stands as the entry knew it.
//!
//! Invariant: an entry names the version of its past, and rows keep their ids; so it stays good under later
//! versions unless its row changed. The offeror writes nothing on rows that its open offer would change, so
//! that an admitted acceptance can't cross it.

use super::{At, Refusal};
use crate::{
    Contract, Hash,
    v1::{Duty, Obligation, Side, Terms},
};

/// Returns the row in the terms in force, if the entry may stand on it.
pub(super) fn standing<'a>(past: &'a Contract, at: At<'_>, row: &str) -> Result<&'a Obligation, Refusal> {
    let terms = past.terms.as_ref().ok_or(Refusal::NotInForce)?;
    let found = terms.obligation(row).ok_or_else(|| Refusal::UnknownRow { row: row.to_owned() })?;
    let named = past.versions.iter().rposition(|version| *version == at.header.terms);
    let Some(named) = named.and_then(|index| u64::try_from(index).ok()) else {
        return Err(Refusal::OtherTerms { in_force: past.terms_hash(), named: at.header.terms });
    };
    let changed = past.changed.get(row).copied().unwrap_or(0);
    if changed > named {
        return Err(Refusal::RowChanged { row: row.to_owned(), changed, named });
    }
    match frozen_by(past, at.header.author, row) {
        Some(offer) => Err(Refusal::Frozen { row: row.to_owned(), offer }),
        None => Ok(found),
    }
}

/// Returns the author's own open offer, if it would change the row.
fn frozen_by(past: &Contract, author: Side, row: &str) -> Option<Hash> {
    let offer = past.offer.as_ref().filter(|offer| offer.by == author)?;
    changes(past.terms.as_ref()?, &offer.terms, row).then_some(offer.entry)
}

/// Tells whether a side may write nothing on a row because its own open offer would change it.
pub(crate) fn is_frozen(past: &Contract, author: Side, row: &str) -> bool {
    frozen_by(past, author, row).is_some()
}

/// Returns the row if it stands, and with it the per-unit prices that its acceptance would earn.
pub(super) fn standing_with_prices<'a>(
    past: &'a Contract,
    at: At<'_>,
    row: &str,
) -> Result<&'a Obligation, Refusal> {
    let found = standing(past, at, row)?;
    for pay in past.terms.iter().flat_map(|terms| terms.pay_rows_on(row)).filter(|pay| pay.is_per_unit()) {
        standing(past, at, &pay.id)?;
    }
    Ok(found)
}

/// Tells whether a row means something else in other terms: it is gone or new, says something else, or what
/// it hangs on does (its item, its tranche, the units that divide its price, the examination of a tender).
pub(super) fn changes(old: &Terms, new: &Terms, row: &str) -> bool {
    let (Some(before), Some(after)) = (old.obligation(row), new.obligation(row)) else { return true };
    if before != after || old.utc_offset_minutes != new.utc_offset_minutes || old.law != new.law {
        return true;
    }
    match &before.duty {
        Duty::Deliver { item, .. } => {
            named_item(old, item) != named_item(new, item) || old.clauses != new.clauses
        }
        Duty::Perform { .. } => old.clauses != new.clauses,
        Duty::Pay { .. } => {
            before.is_per_unit() && old.units(before.trigger_rows()) != new.units(after.trigger_rows())
        }
        Duty::Fund { tranche } => {
            old.tranche(tranche) != new.tranche(tranche)
                || old.funding.notice_blocks != new.funding.notice_blocks
        }
    }
}

/// What an item is; how many there are in all is no matter of one delivery.
fn named_item<'a>(terms: &'a Terms, item: &str) -> Option<(&'a str, &'a str)> {
    terms.item(item).map(|item| (item.part_number.as_str(), item.description.as_str()))
}
