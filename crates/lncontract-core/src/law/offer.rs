//! Offers and counters. Invariant: only the holder of the pen offers, one offer at a time, on the terms in
//! force; a counter answers the open offer and takes the pen.
//! The first entry of a contract is an offer with both keys.

use super::{At, OfferRefusal, Refusal, Rule, answers::open_for_answer, fit::fits};
use crate::{
    Contract, Faults, Hash, check_terms,
    state::{Identity, OpenOffer},
    v1::{Genesis, Header, Kind, Offer, Side, Terms},
};

/// Checks that a first entry stands at the beginning.
pub(super) fn begins(past: &Contract, header: &Header) -> Result<(), Refusal> {
    if past.identity.is_some() {
        return Err(Refusal::AlreadyBegun { contract: past.id() });
    }
    let seen_nothing = header.seen.count == 0 && header.seen.hash == Hash::ZERO;
    let names_nothing =
        header.contract == Hash::ZERO && header.prev == Hash::ZERO && header.terms == Hash::ZERO;
    if seen_nothing && names_nothing && header.seq == 0 { Ok(()) } else { Err(Refusal::NotFirst) }
}

impl Rule for Offer {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        let time = at.header.time;
        if self.valid_until <= time {
            return Err(OfferRefusal::EndsBefore { valid_until: self.valid_until, time }.into());
        }
        match (at.header.kind, self.answers) {
            (Kind::Counter, Some(answered)) => {
                open_for_answer(past, at, answered)?;
            }
            (Kind::Offer, None) => may_offer(past, at)?,
            _ => return Err(OfferRefusal::Answers.into()),
        }
        if self.basis != past.terms_hash() {
            return Err(OfferRefusal::Basis { in_force: past.terms_hash(), basis: self.basis }.into());
        }
        Ok(())
    }

    fn only_admit(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        if self.act.expires < at.header.time {
            return Err(OfferRefusal::ActExpired { expires: self.act.expires, time: at.header.time }.into());
        }
        if self.terms_hash == past.terms_hash() {
            return Err(OfferRefusal::Unchanged { terms: self.terms_hash }.into());
        }
        if let Some(genesis) = &self.genesis {
            same_names(genesis, &self.terms)?;
        }
        check_terms(&self.terms).map_err(|faults| OfferRefusal::Terms(Faults(faults)))?;
        fits(past, &self.terms).map_err(OfferRefusal::Misfit)?;
        Ok(())
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        if let Some(Genesis { buyer, seller, .. }) = &self.genesis {
            state.identity = Some(Identity { contract: at.id, buyer: buyer.clone(), seller: seller.clone() });
        }
        state.pen = Some(at.header.author);
        state.offer = Some(OpenOffer {
            entry: at.id,
            by: at.header.author,
            terms: self.terms.clone().into(),
            terms_hash: self.terms_hash,
            valid_until: self.valid_until,
        });
    }
}

/// Checks the pen; the author of the first entry takes it.
fn may_offer(past: &Contract, at: At<'_>) -> Result<(), OfferRefusal> {
    match past.pen {
        Some(holder) if holder != at.header.author => {
            return Err(OfferRefusal::Pen { holder, author: at.header.author });
        }
        _ => {}
    }
    match &past.offer {
        Some(offer) => Err(OfferRefusal::StillOpen { open: offer.entry }),
        None => Ok(()),
    }
}

fn same_names(genesis: &Genesis, terms: &Terms) -> Result<(), OfferRefusal> {
    for (side, keys) in [(Side::Buyer, &genesis.buyer), (Side::Seller, &genesis.seller)] {
        let party = &terms.party(side).name;
        if *party != keys.name {
            return Err(OfferRefusal::PartyName { side, terms: party.clone(), keys: keys.name.clone() });
        }
    }
    Ok(())
}
