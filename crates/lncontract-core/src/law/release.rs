//! Releases: the seller, for whom money is set aside, gives some of it back while the channel goes on.
//!
//! Invariant: never more than is set aside in the channel and not released yet, one release of a channel at a time, and
//! nothing while a milestone that the channel is set aside for is not paid in full. Money: the buyer's node takes out
//! exactly that, once, and pays the fee of it beside that out of what is its own.

use super::{At, ChannelRefusal, Refusal, Rule};
use crate::{
    Contract, Hash, Sat, Time,
    state::{ChannelState, Released},
    status::{milestones, payables},
    v1::{Release, RowId, Side},
};

/// What is owed is no matter of an instant: what falls due at any time is part of it.
const END: Time = Time(i64::MAX);

impl Rule for Release {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        if at.header.author != Side::Seller {
            return Err(Refusal::WrongSide { expected: Side::Seller, author: at.header.author });
        }
        if self.amount == Sat::ZERO {
            return Err(ChannelRefusal::NothingReleased.into());
        }
        let fund = self.fund;
        let channel =
            past.channels.get(&fund).filter(|found| found.announced.is_some() && found.base().is_none());
        let channel = channel.ok_or(ChannelRefusal::NoChannel { fund })?;
        if channel.part().is_some() {
            return Err(ChannelRefusal::ReleaseOfPart { fund }.into());
        }
        if past.ends(channel).next().is_some() {
            return Err(ChannelRefusal::Ended { fund }.into());
        }
        if let Some(release) = under_way(past, fund) {
            return Err(ChannelRefusal::Releasing { fund, release }.into());
        }
        let left = past.releasable(fund);
        if self.amount > left {
            return Err(ChannelRefusal::TooMuch { left, found: self.amount }.into());
        }
        match still_owed(past, fund) {
            Some((milestone, missing)) => Err(ChannelRefusal::StillOwed { milestone, missing }.into()),
            None => Ok(()),
        }
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        let released = Released { from: self.fund, amount: self.amount, at: at.header.time };
        state.channels.or_default(&at.id).released = Some(released);
    }
}

impl Contract {
    /// Returns what is set aside in a channel by its own tranche and the splices that are locked, and not released.
    pub(crate) fn releasable(&self, fund: Hash) -> Sat {
        let open = |part: &&ChannelState| part.was_open() && part.closes.is_empty() && part.part().is_none();
        let open = parts(self, fund).filter(open);
        let amounts = open.filter_map(|part| part.announced.as_ref()).map(|announced| announced.amount);
        let set_aside = amounts.fold(Sat::ZERO, |sum, amount| Sat(sum.0.saturating_add(amount.0)));
        set_aside.less(self.released(fund))
    }
}

/// Returns what of a channel may be released now: nothing while it has to pay, or another release is under way.
pub(crate) fn free(contract: &Contract, fund: Hash) -> Sat {
    let held = still_owed(contract, fund).is_some() || under_way(contract, fund).is_some();
    if held { Sat::ZERO } else { contract.releasable(fund) }
}

/// The channel that a fund entry opened, and what was spliced into it.
fn parts(contract: &Contract, fund: Hash) -> impl Iterator<Item = &ChannelState> {
    let of_it = move |(id, part): &(&Hash, &ChannelState)| **id == fund || part.base() == Some(fund);
    contract.channels.iter().filter(of_it).map(|(_, part)| part)
}

/// Returns the release of a channel that is not taken out yet and has not failed.
fn under_way(contract: &Contract, fund: Hash) -> Option<Hash> {
    let of_it = |part: &ChannelState| part.released.as_ref().is_some_and(|released| released.from == fund);
    let mut all = contract.channels.iter().filter(|(_, part)| of_it(part));
    all.find(|(_, part)| part.closes.is_empty() && !part.was_open()).map(|(release, _)| *release)
}

/// Returns the first milestone that a channel is set aside for and that the buyer has not paid, and what is missing.
fn still_owed(contract: &Contract, fund: Hash) -> Option<(RowId, Sat)> {
    let terms = contract.terms.as_ref()?;
    let announced = || parts(contract, fund).filter_map(|part| part.announced.as_ref());
    let is_for =
        |milestone: &RowId| announced().any(|part| part.stages.is_empty() || part.stages.contains(milestone));
    let mut all = milestones(terms, &payables(contract, END)).into_iter();
    let owed =
        all.find(|found| found.payer == Side::Buyer && found.paid < found.amount && is_for(&found.id))?;
    Some((owed.id, owed.amount.less(owed.paid)))
}
