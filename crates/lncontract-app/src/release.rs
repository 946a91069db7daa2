//! Money back on chain while its channel goes on: the seller's `release`, the buyer's order to take it out, and what
//! the seller's node admits of that.
//!
//! Invariant: a splice out rests on a settled release of exactly that amount, one for one. The order is in the store
//! before the node hears of it, and the id of the splice is the first 16 bytes of the `release` entry, on both sides.
//! Money: the fee comes on top, out of what is the buyer's, and is bounded.

use std::{collections::BTreeSet, time::Duration};

use lncontract_core::{
    Hash, Sat,
    state::{ChannelState as Part, Released},
    v1::{Payload, Release, Side},
};
use lncontract_lightning::{Channel, ChannelState, InboundSplice, SpliceAdmission};
use lncontract_store::{Change, Channels};
use tokio::time::Instant;

use crate::{
    App, AppError,
    app::Work,
    companies::peer_node,
    fund::{UNREADABLE, opening_id},
    live::Live,
    part::{SET_ASIDE, beside},
};

/// The most that the transaction of a splice may cost beside what is released.
pub(crate) const FEE_MOST_SAT: u64 = 20_000;
/// How long the seller's node lets a splice wait for the entry that settles its release: it is on its way.
const SETTLING: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(100);

impl App {
    /// Gives money that is set aside in a channel back to the buyer, who may then take it out.
    ///
    /// # Errors
    /// When the law refuses it, our node does not see the channel open, or the buyer has not that much in it.
    pub async fn release(&self, contract: Hash, fund: Hash, amount: Sat) -> Result<Hash, AppError> {
        let there = self.channels_now().await?;
        let beside = self.beside(contract, fund).await?;
        let mut live = self.to_sign(contract).await?;
        let payload = Payload::Release(Release { fund, amount });
        if live.our_side == Side::Seller && live.record.state().channels.contains_key(&fund) {
            check_room(&there, fund, amount, beside)?;
        }
        self.write(&mut live, |_| Ok(payload), |_| Vec::new()).await
    }

    /// Takes out what a release gave back: the reconciler carries it out and tells the record what became of it.
    ///
    /// # Errors
    /// When it is not released, not settled, taken out or ordered already, or a payment to that company is under way.
    pub async fn take_back(&self, contract: Hash, release: Hash) -> Result<(), AppError> {
        // Whoever sets it aside for another contract looks under the same lock.
        let _one_at_a_time = self.parts.lock().await;
        let row = self.store.opening_by_fund(release.0).await?;
        if row.as_ref().is_some_and(|row| row.state == SET_ASIDE) {
            let todo = "it comes back when the channel closes";
            return Err(AppError::refused(
                "set-aside",
                "this release is set aside for another contract",
                todo,
            ));
        }
        let there = self.channels_now().await?;
        let live = self.live(contract).await?;
        let (released, peer, node) = {
            let live = live.lock().await;
            (may_take(&live, release)?, live.peer.clone(), peer_node(&live)?)
        };
        if self.can_splice(node).await? == Some(false) {
            let title = "one of the two nodes can't take money out of an open channel";
            let todo = "set it aside for another contract with this company, or close the channel";
            return Err(AppError::refused("no-splice", title, todo));
        }
        let beside = self.beside(contract, released.from).await?;
        check_room(&there, released.from, released.amount, beside)?;
        if row.is_some() {
            let todo = "nothing is to be done: see how far it is on the contract's page";
            return Err(AppError::refused("taken-back", "this release is being taken out already", todo));
        }
        if self.paying(&peer).await? {
            let todo = "take it back when that is decided";
            return Err(AppError::refused("in-flight", "a payment to this company is under way", todo));
        }
        let row = self.opening_row(contract, release, released.amount, &peer).await?;
        self.store.commit(vec![Change::PutOpening(row)]).await?;
        self.wake(Work::Contract(contract));
        Ok(())
    }

    /// What other contracts have in a channel of this one: that is not released or taken out.
    async fn beside(&self, contract: Hash, fund: Hash) -> Result<Sat, AppError> {
        let peer = self.live(contract).await?.lock().await.peer.clone();
        Ok(beside(&self.used_parts(&peer, contract).await?, fund))
    }

    /// Whether a payment of ours to a company is not decided.
    pub(crate) async fn paying(&self, peer: &str) -> Result<bool, AppError> {
        for attempt in self.store.attempts_unfinished().await? {
            if self.store.contract(attempt.contract_id).await?.is_some_and(|row| row.peer_id == peer) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The releases that we were told to take out, by their entries.
    pub(crate) async fn taken_back(&self, contract: Hash) -> Result<BTreeSet<Hash>, AppError> {
        let rows = self.store.openings(contract.0).await?;
        Ok(rows
            .into_iter()
            .filter(|row| row.state != SET_ASIDE)
            .map(|row| lncontract_core::Bytes(row.fund_entry_hash))
            .collect())
    }

    /// Decides on money that a peer's node wants to take out: exactly what we released of that channel, once.
    pub(crate) async fn admit_splice_out(&self, request: InboundSplice) -> SpliceAdmission {
        let peer = lncontract_core::Bytes(request.peer.serialize()).to_string();
        let end = Instant::now() + SETTLING;
        loop {
            let moving = self.live_with(&[Channels::Moving]).await;
            let used = self.used_parts(&peer, Hash::ZERO).await;
            let (Ok(moving), Ok(used)) = (moving, used) else {
                return SpliceAdmission::Refuse { text: UNREADABLE.into() };
            };
            let mut found = None;
            for live in moving {
                let live = live.lock().await;
                if live.peer == peer && live.our_side == Side::Seller {
                    found = found.or_else(|| waiting(&live, &request));
                }
            }
            let is_used = |release| used.iter().any(|(of, _)| *of == release);
            match found {
                Some((release, _)) if is_used(release) => {
                    let text = "that release is set aside for another contract: it comes back when the channel closes";
                    return SpliceAdmission::Refuse { text: text.into() };
                }
                None => {
                    let text = "no release gives that much of this channel back: ask the seller to sign one";
                    return SpliceAdmission::Refuse { text: text.into() };
                }
                Some((release, true)) => return SpliceAdmission::Accept { splice: opening_id(release) },
                Some(_) if Instant::now() >= end => {
                    let text = "the release is not settled: this node has nothing yet that has seen it";
                    return SpliceAdmission::Refuse { text: text.into() };
                }
                Some(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }
}

/// The release that a splice would take out, and whether it may.
fn waiting(live: &Live, request: &InboundSplice) -> Option<(Hash, bool)> {
    let state = live.record.state();
    let exact = |part: &Part| {
        part.released.as_ref().is_some_and(|released| {
            let most_sat = released.amount.0.saturating_add(FEE_MOST_SAT);
            opening_id(released.from) == request.opening
                && (released.amount.0..=most_sat).contains(&request.amount_sat)
        })
    };
    let mut open = state.channels.iter().filter(|(_, part)| is_waiting(live, part));
    let (release, _) = open.find(|(_, part)| exact(part))?;
    Some((*release, live.record.settled(release) && !live.record.payments_frozen()))
}

/// Whether nobody has reported what takes it out, or the end of it.
fn is_waiting(live: &Live, part: &Part) -> bool {
    part.reports.is_empty() && live.record.state().ends(part).next().is_none()
}

/// What a release gives back, if our node may take it out now.
fn may_take(live: &Live, release: Hash) -> Result<Released, AppError> {
    let refused = |code, title, todo| Err(AppError::refused(code, title, todo));
    if live.our_side != Side::Buyer {
        return refused("not-ours", "what is set aside is the buyer's", "the buyer takes it back");
    }
    let part = live.record.state().channels.get(&release);
    let Some((part, released)) = part.and_then(|part| Some((part, part.released.clone()?))) else {
        return refused("not-released", "the record has no such release", "ask the seller to sign one");
    };
    if !is_waiting(live, part) {
        let todo = "nothing is to be done: see what became of it on the contract's page";
        return refused("taken-back", "this release is taken out, or its channel has ended", todo);
    }
    if live.record.payments_frozen() {
        let todo = "compare the records with the other company first";
        return refused("frozen", "the two companies read the record differently", todo);
    }
    if !live.record.settled(&release) {
        return refused("not-settled", "the release is not settled yet", "try again in a moment");
    }
    Ok(released)
}

/// What can be taken out of a channel at most: what the buyer can send over it, less what that may cost.
pub(crate) fn room_sat(channel: &Channel) -> u64 {
    let buyers_msat =
        if channel.outbound { channel.outbound_capacity_msat } else { channel.inbound_capacity_msat };
    (buyers_msat / 1_000).saturating_sub(FEE_MOST_SAT)
}

fn check_room(there: &[Channel], fund: Hash, amount: Sat, beside: Sat) -> Result<(), AppError> {
    let channel = there.iter().find(|channel| channel.opening == opening_id(fund));
    let open = channel.filter(|channel| matches!(channel.state, ChannelState::Open { .. }));
    let Some(channel) = open else {
        let todo = "see its state on the contract's page";
        return Err(AppError::refused("not-open", "our node sees no open channel of this earmark", todo));
    };
    let room_sat = room_sat(channel).saturating_sub(beside.0);
    if amount.0 > room_sat {
        let title =
            format!("{} sat can be taken out of the channel at most, asked for are {}", room_sat, amount.0);
        let todo = "take less: reserve, fees and what other contracts have in it stay in it until it closes";
        return Err(AppError::refused("too-much", title, todo));
    }
    Ok(())
}
