//! Whose turn it is about the terms, and what other terms would change.

use lncontract_core::{
    Hash, Sat, check_terms,
    coverage::{Limits, Warning},
    misfits,
    plan::warnings,
    status::status,
    v1::{Payload, Terms},
};
use lncontract_record::{Record, hash::terms_hash};

use super::{difference::changes, words};
use crate::{
    App, AppError,
    view::{Comparison, Effect, FigureChange, Negotiation, Turn},
};

impl App {
    /// The terms between the two companies, and whose turn it is.
    ///
    /// # Errors
    /// When there is no such contract.
    pub async fn negotiation(&self, contract: Hash) -> Result<Negotiation, AppError> {
        let live = self.live(contract).await?;
        let live = live.lock().await;
        let state = live.record.state();
        let offer = state.offer.as_ref();
        let turn = match offer {
            Some(offer) if offer.by == live.our_side => Turn::TheirAnswer,
            Some(_) => Turn::Answer,
            None if state.pen == Some(live.our_side) => Turn::Offer,
            None => Turn::TheirPen,
        };
        Ok(Negotiation {
            turn,
            in_force: state.terms.as_deref().cloned(),
            offered: offer.map(|offer| (*offer.terms).clone()),
            countered: offer.and_then(|offer| countered(&live.record, offer.entry)),
            offer_until: offer.map(|offer| offer.valid_until),
        })
    }

    /// What `new` would change in `old`, and what it would do to the contract as it stands. Nothing is written.
    ///
    /// # Errors
    /// When there is no such contract, or a text in the terms has no canonical bytes.
    pub async fn compare(&self, contract: Hash, old: &Terms, new: &Terms) -> Result<Comparison, AppError> {
        let live = self.live(contract).await?;
        let live = live.lock().await;
        let state = live.record.state();
        let mut faults: Vec<(String, String)> = Vec::new();
        for fault in check_terms(new).err().unwrap_or_default() {
            faults.push((fault.path, fault.reason.to_string()));
        }
        faults.extend(misfits(state, new).into_iter().map(|misfit| (misfit.path(new), misfit.to_string())));
        let effect = state.terms.as_ref().map(|in_force| {
            let mut after = state.clone();
            after.terms = Some(new.clone().into());
            let now = self.clock.now();
            let [before, after] = [state, &after].map(|state| status(state, now).figures);
            let figure = |name: &str, old: Sat, new: Sat| FigureChange {
                name: name.into(),
                old_sat: old.0,
                new_sat: new.0,
            };
            let uncovered = uncovered(new);
            Effect {
                figures: vec![
                    figure("Contract total", before.total, after.total),
                    figure("Earned", before.earned, after.earned),
                    figure("Invoiced", before.invoiced, after.invoiced),
                    figure("Paid", before.paid, after.paid),
                    figure("Retained", before.retained, after.retained),
                    figure("Outstanding", before.outstanding, after.outstanding),
                    figure("Set aside in all, by the plan", planned(in_force), planned(new)),
                ],
                uncovered,
                uncovered_before: self::uncovered(in_force).len(),
            }
        });
        Ok(Comparison { terms_hash: terms_hash(new)?, changes: changes(old, new), effect, faults })
    }
}

/// The terms of the offer that an offer counters.
fn countered(record: &Record, offer: Hash) -> Option<Terms> {
    let payload = |id: &Hash| Some(&record.ledger().line(id)?.entry.entry().payload);
    let Payload::Counter(counter) = payload(&offer)? else { return None };
    match payload(&counter.answers?)? {
        Payload::Offer(answered) | Payload::Counter(answered) => Some(answered.terms.clone()),
        _ => None,
    }
}

/// The sum of the funding plan; what does not fit is a fault that the check names.
fn planned(terms: &Terms) -> Sat {
    let amounts = terms.funding.tranches.iter().map(|tranche| tranche.amount);
    Sat::sum(amounts).unwrap_or(Sat(u64::MAX))
}

/// What the plan leaves uncovered if it is kept, in words.
pub fn uncovered(terms: &Terms) -> Vec<String> {
    let told = |warning: &Warning| {
        let Warning::Uncovered { expected, covered_by, missing, .. } = warning else { return None };
        let title = terms.milestone(&expected.milestone).map_or(&expected.milestone, |found| &found.title);
        let day = |time| words::day(time, terms).map_or_else(String::new, words::date);
        let (amount, missing) = (words::sat(expected.amount.0), words::sat(missing.0));
        Some(format!(
            "{title}: {amount} due {}, and {missing} of it are not covered on {}, when the terms ask for it.",
            day(expected.due),
            day(*covered_by)
        ))
    };
    warnings(terms, &Limits::default()).iter().filter_map(told).collect()
}
