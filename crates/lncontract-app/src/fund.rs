//! Earmarks: `fund` announces a channel or a splice, the reconciler makes it once the other side has seen that;
//! closing.
//!
//! The id of an opening is the first 16 bytes of its `fund` entry, on both sides: so the channel is found
//! again after a crash, and the peer's node knows which announcement an inbound channel carries out.

use lncontract_core::{
    Hash, Sat,
    state::Announced,
    v1::{Duty, Fund, Instrument, Payload, Side},
};
use lncontract_lightning::{
    Admission, Channel, ChannelState, CloseMode, InboundChannel, InboundSplice, LightningError, NodeKey,
    OpenFailure, OpeningId, SpliceAdmission, SpliceWay,
};
use lncontract_store::Channels;

use crate::{App, AppError, live::Live};

/// The opening or splice that carries out a `fund` entry.
pub fn opening_id(fund: Hash) -> OpeningId {
    let (first, _) = fund.0.split_at(16);
    OpeningId(u128::from_be_bytes(first.try_into().expect("16 of 32 bytes")))
}

/// What a channel costs beyond its size: a funding transaction of one input and two outputs at a high rate,
/// and the anchor reserve, as far as preflight counts before the node counts exactly.
const FUNDING_MARGIN_SAT: u64 = 20_000;
/// To a peer whose channel or splice can't be judged now: nothing is let in that no record is seen to announce.
pub(crate) const UNREADABLE: &str = "this company can't read its records now; try again later";

impl App {
    /// Announces the channel of a tranche; it is opened when the other side has seen that.
    ///
    /// # Errors
    /// When the law refuses it, or the wallet has too little: names the missing sum and the address.
    pub async fn fund(&self, contract: Hash, tranche: &str) -> Result<Hash, AppError> {
        let live = self.live(contract).await?;
        let peer = crate::companies::peer_node(&*live.lock().await)?;
        // While the peer is away nobody knows: then it is asked when the splice is made.
        let can_splice = self.can_splice(peer).await?.unwrap_or(true);
        let fund = planned(&*live.lock().await, tranche, can_splice)?;
        self.check_funds(fund.amount).await?;
        let mut live = self.to_sign(contract).await?;
        self.write(&mut live, |_| Ok(Payload::Fund(fund)), |_| Vec::new()).await
    }

    /// Asks our node to close a channel together with the other side;
    /// the reconciler tells the record what became of it.
    ///
    /// # Errors
    /// When there is no such channel, or the node can't now.
    pub async fn close_channel(&self, contract: Hash, fund: Hash, mode: CloseMode) -> Result<(), AppError> {
        let live = self.live(contract).await?;
        if live.lock().await.record.state().channels.get(&fund).is_some_and(|known| known.part().is_some()) {
            let todo = "close it on the page of the contract that opened it";
            return Err(AppError::refused("part", "the channel is another contract's", todo));
        }
        let node = self.node().await?;
        let channels = node.channels().await.map_err(AppError::from)?;
        let ours = channels.into_iter().find(|channel| channel.opening == opening_id(fund));
        let channel = ours.ok_or_else(|| AppError::not_found("channel of this earmark"))?;
        if let ChannelState::Closing { .. } | ChannelState::Closed { .. } = channel.state {
            let todo = "nothing is to be done: see its state on the contract's page";
            return Err(AppError::refused("closing", "the channel is closing or closed", todo));
        }
        node.close_channel(channel.id, mode).await.map_err(AppError::from)?;
        self.wake(crate::app::Work::Contract(contract));
        Ok(())
    }

    /// Decides on a channel that a peer's node wants to open:
    /// exactly what a `fund` entry of that peer announced.
    pub(crate) async fn admit_channel(&self, request: InboundChannel) -> Admission {
        let refuse = |text: String| Admission::Refuse { text };
        if request.announced {
            return refuse("only unannounced channels are accepted here".into());
        }
        let peer = lncontract_core::Bytes(request.peer.serialize()).to_string();
        let Ok(moving) = self.live_with(&[Channels::Moving]).await else {
            return refuse(UNREADABLE.into());
        };
        let mut announced = Vec::new();
        for live in moving {
            let live = live.lock().await;
            if live.peer == peer && live.our_side == Side::Seller {
                let opens =
                    |(_, announced): &(Hash, Announced)| announced.into.is_none() && announced.of.is_none();
                announced.extend(waiting(&live).into_iter().filter(opens));
            }
        }
        // One announcement, one channel: what was opened for it stands, whatever became of it. A node that
        // can't say what it has takes nothing more.
        let Ok(there) = self.channels_now().await else {
            return refuse("this company's node can't look at its channels now; try again later".into());
        };
        announced.retain(|(fund, _)| !there.iter().any(|seen| seen.opening == opening_id(*fund)));
        let exact = announced.iter().find(|(_, announced)| announced.amount.0 == request.amount_sat);
        match exact {
            Some((fund, announced)) => Admission::Accept {
                opening: opening_id(*fund),
                to_self_delay_blocks: announced.notice_blocks,
            },
            None if announced.is_empty() => refuse(format!(
                "no channel is announced: a channel of {} sat is accepted here only for a fund entry of a contract",
                request.amount_sat
            )),
            None => refuse(format!(
                "the channel asked for has {} sat, announced is {}",
                request.amount_sat,
                announced.iter().map(|(_, fund)| fund.amount.to_string()).collect::<Vec<_>>().join(" or ")
            )),
        }
    }

    /// Decides on a splice that a peer's node wants to make: exactly what a `fund` entry of that peer announced.
    /// Money: an earmark is taken back by a release of the seller or by closing its channel, with notice.
    pub(crate) async fn admit_splice(&self, request: InboundSplice) -> SpliceAdmission {
        if request.way == SpliceWay::Out {
            return self.admit_splice_out(request).await;
        }
        let peer = lncontract_core::Bytes(request.peer.serialize()).to_string();
        let Ok(moving) = self.live_with(&[Channels::Moving]).await else {
            return SpliceAdmission::Refuse { text: UNREADABLE.into() };
        };
        for live in moving {
            let live = live.lock().await;
            if live.peer != peer || live.our_side != Side::Seller {
                continue;
            }
            let exact = waiting(&live).into_iter().find(|(_, announced)| {
                announced.into.is_some_and(|base| opening_id(base) == request.opening)
                    && announced.amount.0 == request.amount_sat
            });
            if let Some((fund, _)) = exact {
                return SpliceAdmission::Accept { splice: opening_id(fund) };
            }
        }
        let amount_sat = request.amount_sat;
        let text = format!("no fund entry of a contract announces {amount_sat} sat more for this channel");
        SpliceAdmission::Refuse { text }
    }

    /// Whether our node and the peer's can change the size of an open channel between them; `None`: the peer is away,
    /// and ours could.
    pub(crate) async fn can_splice(&self, peer: NodeKey) -> Result<Option<bool>, AppError> {
        let node = self.node().await?;
        if !node.info().await.map_err(AppError::from)?.splice {
            return Ok(Some(false));
        }
        let peers = node.peers().await.map_err(AppError::from)?;
        Ok(peers.iter().find(|known| known.key == peer).and_then(|known| known.splice))
    }

    pub(crate) async fn channels_now(&self) -> Result<Vec<Channel>, AppError> {
        self.node().await?.channels().await.map_err(AppError::from)
    }

    async fn check_funds(&self, amount: Sat) -> Result<(), AppError> {
        let node = self.node().await?;
        let balances = node.balances().await.map_err(AppError::from)?;
        let needed_sat = amount.0.saturating_add(FUNDING_MARGIN_SAT);
        let available_sat = balances.onchain_spendable_sat;
        if available_sat < needed_sat {
            let missing_sat = needed_sat - available_sat;
            let short = OpenFailure::InsufficientFunds { needed_sat, available_sat, missing_sat };
            let address = node.new_address().await.map_err(AppError::from)?;
            let todo = format!(
                "send at least {missing_sat} sat to {address}, wait for 1 confirmation, then fund again"
            );
            return Err(AppError::refused(
                "insufficient-funds",
                LightningError::Open(short).to_string(),
                todo,
            ));
        }
        Ok(())
    }
}

/// What the funding plan says of a tranche. Where there is nothing to splice into, or it can't be, its money goes
/// into a further channel, and the entry says so.
pub(crate) fn planned(live: &Live, tranche: &str, can_splice: bool) -> Result<Fund, AppError> {
    let not_in_force =
        || AppError::refused("not-in-force", "no terms are in force", "wait for the acceptance");
    let terms = live.record.state().terms.as_ref().ok_or_else(not_in_force)?;
    let planned = terms.funding.tranches.iter().find(|planned| planned.id == tranche);
    let planned = planned.ok_or_else(|| AppError::not_found("tranche in the funding plan"))?;
    let instrument = match &planned.instrument {
        Instrument::SpliceIn { into } if can_splice && spliceable(live, into) => None,
        Instrument::SpliceIn { .. } => Some(Instrument::Channel),
        Instrument::Channel => None,
    };
    debug_assert!(
        terms.obligations.iter().any(|row| matches!(&row.duty, Duty::Fund { tranche: t } if t == tranche))
    );
    Ok(Fund {
        tranche: planned.id.clone(),
        amount: planned.amount,
        stages: planned.stages.clone(),
        notice_blocks: terms.funding.notice_blocks,
        instrument,
        of: None,
    })
}

/// Whether a tranche has a channel of the contract's own that money can be spliced into.
fn spliceable(live: &Live, tranche: &str) -> bool {
    live.record.state().live_channel(tranche).is_some_and(|(_, channel)| channel.part().is_none())
}

/// Announced channels and splices that nobody has reported yet, and that have not ended.
fn waiting(live: &Live) -> Vec<(Hash, Announced)> {
    let state = live.record.state();
    let unreported = state
        .channels
        .iter()
        .filter(|(_, channel)| channel.reports.is_empty() && state.ends(channel).next().is_none());
    unreported.filter_map(|(fund, channel)| Some((*fund, channel.announced.clone()?))).collect()
}
