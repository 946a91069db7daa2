//! Parts: what one contract released and another one of the same two companies sets aside, over the same channel.
//!
//! Invariant: a part counts for us once our own record of the other contract says that it was released, our own node
//! sees the channel, and nothing else has that money; until then nothing is reported. Money: on the buyer's side one
//! row of the store has a release, so that it is either taken out or set aside, and once.

use std::collections::BTreeMap;

use lncontract_core::{
    Bytes, Contract, Hash, Sat,
    state::ChannelState as Known,
    v1::{ChannelStage, Earmark, Part, Payload, Side},
};
use lncontract_lightning::{Channel, ChannelState, OpeningId, SpliceState};
use lncontract_store::{Change, Opening};

use crate::{App, AppError, app::Work, fund::opening_id, live::Live, present::left_of, view::FreePart};

/// The state of an opening row whose release is set aside for another contract.
pub(crate) const SET_ASIDE: &str = "set-aside";

/// The opening of the channel that a fund entry put money into. A part lies in that of another contract, once our own
/// side has said so.
pub(crate) fn carried_by(state: &Contract, fund: Hash, ours: Side) -> OpeningId {
    let known = state.channels.get(&fund).filter(|known| known.reports.contains_key(&ours));
    opening_id(known.and_then(Known::part).map_or(fund, |part| part.channel))
}

/// A part that a contract names, as far as its own record tells.
struct Named {
    fund: Hash,
    part: Part,
    amount: Sat,
}

/// What a release is set aside for.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    /// The other contract.
    pub(crate) contract: Hash,
    /// Its `fund` entry.
    pub(crate) fund: Hash,
    /// The `fund` entry that opened the channel, in the contract that released it.
    pub(crate) channel: Hash,
    /// How much.
    pub(crate) amount: Sat,
    /// What is left of it, by that contract's record; all of it while nobody has reported it.
    pub(crate) left: Sat,
    /// Whether anybody has reported its end.
    pub(crate) ended: bool,
}

impl App {
    /// What the other contracts with a company name of releases, by these; `but` is left out.
    pub(crate) async fn used_parts(&self, peer: &str, but: Hash) -> Result<Vec<(Hash, Used)>, AppError> {
        let mut used = Vec::new();
        for contract in self.store.contracts_of_peer(peer).await?.into_iter().map(Bytes) {
            if contract == but {
                continue;
            }
            let live = self.live(contract).await?;
            let live = live.lock().await;
            let state = live.record.state();
            for (fund, known) in &state.channels {
                let Some((part, announced)) = known.part().zip(known.announced.as_ref()) else { continue };
                let ended = state.ends(known).next().is_some();
                let (channel, amount) = (part.channel, announced.amount);
                let left = if known.was_open() { left_of(state, *fund) } else { amount };
                used.push((part.release, Used { contract, fund: *fund, channel, amount, left, ended }));
            }
        }
        Ok(used)
    }

    /// The parts that a contract names and our side has not reported: what each is, and why it does not count for us
    /// yet; none: it does.
    pub(crate) async fn parts_to_report(
        &self,
        contract: Hash,
        there: &[Channel],
    ) -> Result<Vec<(Hash, Part, Option<String>)>, AppError> {
        let live = self.live(contract).await?;
        let (named, peer, ours) = {
            let live = live.lock().await;
            (named(&live), live.peer.clone(), live.our_side)
        };
        let mut all = Vec::new();
        for named in named {
            let why = self.why_not(contract, &named, &peer, ours, there).await?;
            all.push((named.fund, named.part, why));
        }
        Ok(all)
    }

    /// Why a part does not count for us.
    async fn why_not(
        &self,
        contract: Hash,
        named: &Named,
        peer: &str,
        ours: Side,
        there: &[Channel],
    ) -> Result<Option<String>, AppError> {
        let part = &named.part;
        let why = |words: &str| Ok(Some(words.to_owned()));
        if self.store.contract(part.contract.0).await?.is_none() {
            return why("we have no such contract");
        }
        let other = self.live(part.contract).await?;
        {
            let other = other.lock().await;
            if other.peer != peer || other.our_side != ours {
                return why("that contract is with another company, or in other roles");
            }
            let known = other.record.state().channels.get(&part.release);
            let exact = |known: &&Known| {
                let released = known.released.as_ref();
                released.is_some_and(|found| (found.from, found.amount) == (part.channel, named.amount))
            };
            let Some(known) = known.filter(exact) else {
                return why("that contract has not released that much of that channel");
            };
            if known.closes.values().next().is_some() {
                return why("that release is void");
            }
            if !other.record.settled(&part.release) || other.record.payments_frozen() {
                return why("that release is not confirmed by both records yet");
            }
        }
        let Some(channel) = there.iter().find(|seen| seen.opening == opening_id(part.channel)) else {
            return why("our node has no such channel");
        };
        if channel.splices.iter().any(|splice| splice.id == opening_id(part.release)) {
            return why("that money is taken out of the channel");
        }
        let used = self.used_parts(peer, contract).await?;
        let there = Sat(named.amount.0.saturating_add(beside(&used, part.channel).0));
        if used.iter().any(|(release, _)| *release == part.release) {
            why("another contract has that money")
        } else if matches!(channel.state, ChannelState::Open { .. }) && !holds(channel, there) {
            why("the channel does not hold that much any more")
        } else {
            Ok(None)
        }
    }

    /// Tells the contract that released a part that it is set aside for another one: nothing left the channel.
    pub(crate) async fn report_release(&self, part: &Part, there: &[Channel]) -> Result<(), AppError> {
        let seen = there.iter().find(|seen| seen.opening == opening_id(part.channel));
        let open = seen.filter(|seen| matches!(seen.state, ChannelState::Open { .. }));
        let Some((channel, outpoint)) = open.and_then(|open| Some((open, open.funding?))) else {
            return Ok(());
        };
        let live = self.live(part.contract).await?;
        let mut live = live.lock().await;
        let known = live.record.state().channels.get(&part.release);
        if known.is_none_or(|known| known.reports.contains_key(&live.our_side)) {
            return Ok(());
        }
        let earmark = Earmark {
            fund: part.release,
            outpoint: outpoint.to_string(),
            capacity: Sat(channel.capacity_sat),
            stage: ChannelStage::Open,
        };
        self.write(&mut live, |_| Ok(Payload::Earmark(earmark)), |_| Vec::new()).await?;
        Ok(())
    }

    /// What other contracts with the same company have released and nobody has taken out or set aside: what a tranche
    /// of this one may be carried out by.
    ///
    /// # Errors
    /// When there is no such contract.
    pub async fn free_parts(&self, contract: Hash) -> Result<Vec<FreePart>, AppError> {
        let live = self.live(contract).await?;
        let (peer, ours) = {
            let live = live.lock().await;
            (live.peer.clone(), live.our_side)
        };
        let mut free = Vec::new();
        if ours != Side::Buyer {
            return Ok(free);
        }
        let there = self.channels_now().await?;
        let used = self.used_parts(&peer, Hash::ZERO).await?;
        for other in self.store.contracts_of_peer(&peer).await?.into_iter().map(Bytes) {
            if other == contract {
                continue;
            }
            let found = released(&*self.live(other).await?.lock().await, &there);
            for (part, amount) in found {
                if self.store.opening_by_fund(part.release.0).await?.is_some() {
                    continue;
                }
                if used.iter().all(|(of, _)| *of != part.release) {
                    let more = Sat(amount.0.saturating_add(beside(&used, part.channel).0));
                    let channel = there.iter().find(|seen| seen.opening == opening_id(part.channel));
                    if !channel.is_some_and(|channel| holds(channel, more)) {
                        continue;
                    }
                    let row = self.store.contract(other.0).await?;
                    let number = row.map(|row| row.number).unwrap_or_default();
                    free.push(FreePart { part, number, amount_sat: amount.0 });
                }
            }
        }
        Ok(free)
    }

    /// Sets aside for a tranche what another contract of the two companies released, in place of opening a channel.
    ///
    /// # Errors
    /// When that is not free any more, the tranche asks for another amount, or the law refuses it.
    pub async fn fund_by_part(&self, contract: Hash, tranche: &str, release: Hash) -> Result<Hash, AppError> {
        // Whoever takes it out looks under the same lock.
        let _one_at_a_time = self.parts.lock().await;
        let free = self.free_parts(contract).await?;
        let Some(found) = free.into_iter().find(|found| found.part.release == release) else {
            let title = "that release is not free to be set aside for this contract";
            let todo =
                "choose one that is confirmed, not taken back, and of an open channel with the same company";
            return Err(AppError::refused("not-free", title, todo));
        };
        let mut live = self.to_sign(contract).await?;
        let mut fund = crate::fund::planned(&live, tranche, false)?;
        if fund.amount.0 != found.amount_sat {
            let title =
                format!("{tranche} sets aside {}, released are {} sat", fund.amount, found.amount_sat);
            let todo = "one release carries out one tranche: choose one of the same amount";
            return Err(AppError::refused("other-amount", title, todo));
        }
        let row = self.set_aside_row(&found, &live.peer);
        let released_by = found.part.contract;
        fund.of = Some(found.part);
        let along = |_| vec![Change::PutOpening(row)];
        let id = self.write(&mut live, |_| Ok(Payload::Fund(fund)), along).await?;
        self.wake(Work::Contract(released_by));
        Ok(id)
    }

    /// What keeps a release from being taken out, or set aside twice.
    fn set_aside_row(&self, found: &FreePart, peer: &str) -> Opening {
        let at = self.clock.now().0;
        Opening {
            id: opening_id(found.part.release).0,
            contract_id: found.part.contract.0,
            fund_entry_hash: found.part.release.0,
            peer_id: peer.to_owned(),
            amount_sat: found.amount_sat,
            state: SET_ASIDE.into(),
            channel_id: None,
            funding_outpoint: None,
            detail: String::new(),
            created_at: at,
            updated_at: at,
            finished_at: Some(at),
        }
    }

    /// The numbers of contracts, for words.
    pub(crate) async fn numbers(
        &self,
        contracts: impl Iterator<Item = Hash>,
    ) -> Result<BTreeMap<Hash, String>, AppError> {
        let mut numbers = BTreeMap::new();
        for contract in contracts {
            if let Some(row) = self.store.contract(contract.0).await? {
                numbers.insert(contract, row.number);
            }
        }
        Ok(numbers)
    }
}

/// What is left in a channel of the parts that contracts have of it.
pub(crate) fn beside(used: &[(Hash, Used)], channel: Hash) -> Sat {
    let of_it = used.iter().filter(|(_, used)| used.channel == channel && !used.ended);
    Sat(of_it.map(|(_, used)| used.left.0).sum())
}

/// Whether the buyer has that much in a channel.
fn holds(channel: &Channel, amount: Sat) -> bool {
    let theirs_msat = channel.capacity_sat.saturating_mul(1_000).saturating_sub(channel.local_msat);
    let buyers_msat = if channel.outbound { channel.local_msat } else { theirs_msat };
    buyers_msat / 1_000 >= amount.0
}

/// The parts that a contract names, that both have seen named, and that our side has not reported.
fn named(live: &Live) -> Vec<Named> {
    let state = live.record.state();
    let waits = |fund: &Hash, known: &Known| {
        let quiet = !known.reports.contains_key(&live.our_side) && known.closes.is_empty();
        quiet && live.record.settled(fund) && !live.record.payments_frozen()
    };
    let all = state.channels.iter().filter(|(fund, known)| waits(fund, known));
    let named = all.filter_map(|(fund, known)| {
        let announced = known.announced.as_ref()?;
        Some(Named { fund: *fund, part: announced.of.clone()?, amount: announced.amount })
    });
    named.collect()
}

/// What a contract of ours as the buyer has released and nobody has reported, of channels that our node sees open.
fn released(live: &Live, there: &[Channel]) -> Vec<(Part, Sat)> {
    let (record, state) = (&live.record, live.record.state());
    if live.our_side != Side::Buyer || record.payments_frozen() {
        return Vec::new();
    }
    let open = |fund: Hash| {
        let seen = there.iter().find(|seen| seen.opening == opening_id(fund));
        seen.filter(|seen| matches!(seen.state, ChannelState::Open { .. }))
    };
    let free = state.channels.iter().filter_map(|(release, known)| {
        let released = known.released.as_ref()?;
        let channel = open(released.from)?;
        let moving = channel.splices.iter().any(|splice| splice.id == opening_id(*release));
        let waits = known.reports.is_empty() && state.ends(known).next().is_none();
        let part = Part { contract: state.id(), channel: released.from, release: *release };
        (waits && !moving && record.settled(release)).then_some((part, released.amount))
    });
    free.collect()
}

/// Whether a splice of a channel is locked.
pub(crate) fn is_locked(channel: &Channel, splice: Hash) -> bool {
    let mut splices = channel.splices.iter();
    splices.any(|seen| seen.id == opening_id(splice) && seen.state == SpliceState::Locked)
}
