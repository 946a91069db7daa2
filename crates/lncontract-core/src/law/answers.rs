//! What ends an offer: accept, reject, lapse; and passing the pen.
//! A counter is an offer too and stands there.
//!
//! Invariant: only the other side answers, with a signed time not after `valid_until`; only the offeror
//! states the lapse, with a signed time after `valid_until` and grace.
//! So two versions can't both come into force on one basis.

use super::{At, OfferRefusal, Refusal, Rule, fit::fits, payable, standing::changes};
use crate::{
    Contract, Hash,
    state::OpenOffer,
    table::Table,
    v1::{Accept, Lapse, Pass, Reject, Terms},
};

/// Returns the open offer, if it is the one named.
fn open(past: &Contract, named: Hash) -> Result<&OpenOffer, OfferRefusal> {
    match &past.offer {
        None => Err(OfferRefusal::NoneOpen { named }),
        Some(offer) if offer.entry != named => Err(OfferRefusal::Other { open: offer.entry, named }),
        Some(offer) => Ok(offer),
    }
}

/// Returns the open offer, if the author may answer it now.
pub(super) fn open_for_answer<'a>(
    past: &'a Contract,
    at: At<'_>,
    named: Hash,
) -> Result<&'a OpenOffer, OfferRefusal> {
    let offer = open(past, named)?;
    if offer.by == at.header.author {
        return Err(OfferRefusal::Author { by: offer.by });
    }
    if at.header.time > offer.valid_until {
        return Err(OfferRefusal::TooLate { valid_until: offer.valid_until, time: at.header.time });
    }
    Ok(offer)
}

impl Rule for Accept {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        let offer = open_for_answer(past, at, self.offer)?;
        if self.terms_hash != offer.terms_hash {
            let (offered, accepted) = (offer.terms_hash, self.terms_hash);
            return Err(OfferRefusal::OtherTerms { offered, accepted }.into());
        }
        Ok(())
    }

    fn only_admit(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        if self.act.expires < at.header.time {
            return Err(OfferRefusal::ActExpired { expires: self.act.expires, time: at.header.time }.into());
        }
        let offer = open_for_answer(past, at, self.offer)?;
        fits(past, &offer.terms).map_err(OfferRefusal::Misfit)?;
        Ok(())
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        let Some(offer) = state.offer.take() else { return };
        if let Some(old) = &state.terms {
            mark_changed(&mut state.changed, old, &offer.terms, state.versions.len());
        }
        // A final account is of the terms it names.
        state.accounts.clear();
        state.versions.push(offer.terms_hash);
        state.terms = Some(offer.terms);
        payable::renew(state, at.header.time);
    }
}

/// Notes the rows that a new version changes, so that entries of older versions on them are overtaken.
fn mark_changed(changed: &mut Table<String, u64>, old: &Terms, new: &Terms, version: usize) {
    let version = u64::try_from(version).unwrap_or(u64::MAX);
    for row in old.obligations.iter().chain(&new.obligations) {
        if changes(old, new, &row.id) {
            changed.insert(row.id.clone(), version);
        }
    }
}

impl Rule for Reject {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        open_for_answer(past, at, self.offer)?;
        Ok(())
    }

    fn apply(&self, state: &mut Contract, _at: At<'_>) {
        state.offer = None;
    }
}

impl Rule for Lapse {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        let offer = open(past, self.offer)?;
        if offer.by != at.header.author {
            return Err(OfferRefusal::Author { by: offer.by }.into());
        }
        silence(past, at, offer.valid_until, self.deadline)
    }

    fn apply(&self, state: &mut Contract, _at: At<'_>) {
        state.offer = None;
    }
}

/// Checks a timeout entry: it states the record's deadline and was signed after that and the grace.
pub(super) fn silence(
    past: &Contract,
    at: At<'_>,
    expected: crate::Time,
    found: crate::Time,
) -> Result<(), Refusal> {
    if found != expected {
        return Err(Refusal::Deadline { expected, found });
    }
    let after = expected.plus_seconds(past.grace_seconds());
    if at.header.time > after { Ok(()) } else { Err(Refusal::TooEarly { after, time: at.header.time }) }
}

impl Rule for Pass {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        match (past.pen, &past.offer) {
            (_, Some(offer)) => Err(OfferRefusal::StillOpen { open: offer.entry }.into()),
            (Some(holder), None) if holder != at.header.author => {
                Err(Refusal::WrongSide { expected: holder, author: at.header.author })
            }
            _ => Ok(()),
        }
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        state.pen = Some(at.header.author.other());
    }
}
