//! Splices of the fake network: a channel's money moves to a new output, and the channel stays the same.
//!
//! Invariant: an unlocked splice takes room away and gives none: what can be sent fits the present funding
//! and the coming one.

use bitcoin::OutPoint;

use super::{
    CONFIRMATIONS, INPUT_FEE_SAT, RESERVE_SAT, channels::FakeChannel, channels::Stage, state::State,
};
use crate::{
    By, ChannelId, LightningError, OnchainMovement, OpenFailure, OpeningId, OrderSplice, Splice, SpliceState,
    SpliceWay,
};

#[derive(Clone, Debug)]
pub(super) struct FakeSplice {
    /// Of the channel's opener and acceptor.
    pub(super) ids: [Option<OpeningId>; 2],
    /// The end that ordered it.
    pub(super) by: usize,
    pub(super) way: SpliceWay,
    pub(super) amount_sat: u64,
    pub(super) fee_sat: u64,
    pub(super) funding: Option<OutPoint>,
    pub(super) capacity_sat: Option<u64>,
    pub(super) state: SpliceState,
}

impl FakeSplice {
    /// What it adds to the orderer's side of the channel, in satoshi.
    fn change_sat(&self) -> i64 {
        match self.way {
            SpliceWay::In => self.amount_sat.cast_signed(),
            SpliceWay::Out => -(self.amount_sat + self.fee_sat).cast_signed(),
        }
    }

    fn is_pending(&self) -> bool {
        matches!(self.state, SpliceState::Pending { .. })
    }

    /// As one end sees it; `None` if that end has no id for it (it never let it in).
    fn view(&self, end: usize) -> Option<Splice> {
        let ours = self.by == end;
        let fee_in_amount = !ours && self.way == SpliceWay::Out;
        Some(Splice {
            id: self.ids[end]?,
            ours,
            way: self.way,
            amount_sat: self.amount_sat + if fee_in_amount { self.fee_sat } else { 0 },
            fee_sat: if ours { self.fee_sat } else { 0 },
            funding: self.funding,
            capacity_sat: self.capacity_sat,
            state: self.state.clone(),
        })
    }
}

impl FakeChannel {
    pub(super) fn splices_seen(&self, end: usize) -> Vec<Splice> {
        self.splices.iter().filter_map(|splice| splice.view(end)).collect()
    }

    /// What signed splices will add to one end, in millisatoshi.
    pub(super) fn coming_msat(&self, end: usize) -> i64 {
        let ours = self.splices.iter().filter(|splice| splice.is_pending() && splice.by == end);
        ours.map(|splice| splice.change_sat() * 1_000).sum()
    }

    fn unlocked(&self) -> bool {
        self.splices.iter().any(|splice| splice.is_pending() || splice.state == SpliceState::Requested)
    }

    /// The coming funding takes the place of the present one.
    pub(super) fn lock_splices(&mut self) {
        for splice in self.splices.iter_mut().filter(|splice| splice.is_pending()) {
            splice.state = SpliceState::Locked;
            let change_sat = splice.change_sat();
            let balance = &mut self.balance_msat[splice.by];
            *balance = balance.saturating_add_signed(change_sat * 1_000);
            self.capacity_sat = self.capacity_sat.saturating_add_signed(change_sat);
            self.funding = splice.funding;
        }
    }

    /// One block more; says whether that is a new stage.
    pub(super) fn confirm_splices(&mut self) -> bool {
        let mut news = false;
        for splice in &mut self.splices {
            if let SpliceState::Pending { confirmations, needed } = &mut splice.state {
                news |= *confirmations < *needed;
                *confirmations = (*confirmations + 1).min(*needed);
            }
        }
        news
    }

    pub(super) fn splices_are_deep(&self) -> bool {
        self.splices.iter().any(|splice| match splice.state {
            SpliceState::Pending { confirmations, needed } => confirmations >= needed,
            _ => false,
        })
    }
}

impl State {
    /// The channel and place of a splice that this node ordered under that id.
    pub(super) fn spliced(&self, seat: usize, id: OpeningId) -> Option<(usize, usize)> {
        self.channels.iter().enumerate().find_map(|(index, channel)| {
            let end = channel.end_of(seat)?;
            let at = channel.splices.iter().position(|splice| splice.ids[end] == Some(id))?;
            Some((index, at))
        })
    }

    /// Takes the order: everything that is known before the peer is asked.
    pub(super) fn order_splice(
        &mut self,
        seat: usize,
        order: &OrderSplice,
    ) -> Result<(usize, usize), LightningError> {
        let (index, end) = self.open_channel_of(seat, order.channel)?;
        let channel = &self.channels[index];
        if !self.linked(channel.ends[0], channel.ends[1]) {
            return Err(LightningError::Splice(OpenFailure::PeerOffline));
        }
        if channel.unlocked() {
            let reason = "another splice of this channel is not locked yet; this one is next".into();
            return Err(LightningError::Unavailable { reason });
        }
        let fee_sat = 2 * INPUT_FEE_SAT;
        let enough = match order.way {
            SpliceWay::In => {
                let reserve_sat = self.channels_of(seat) as u64 * RESERVE_SAT;
                self.choose_coins(seat, order.amount_sat, reserve_sat).map(|_| ())
            }
            SpliceWay::Out => enough(order.amount_sat + fee_sat, channel.room_msat(end) / 1_000),
        };
        enough.map_err(LightningError::Splice)?;
        let mut ids = [None, None];
        ids[end] = Some(order.id);
        let channel = &mut self.channels[index];
        channel.splices.push(FakeSplice {
            ids,
            by: end,
            way: order.way,
            amount_sat: order.amount_sat,
            fee_sat,
            funding: None,
            capacity_sat: None,
            state: SpliceState::Requested,
        });
        let at = channel.splices.len() - 1;
        self.note_channel(index);
        Ok((index, at))
    }

    fn open_channel_of(&self, seat: usize, id: ChannelId) -> Result<(usize, usize), LightningError> {
        let found = self.channels.iter().enumerate().find_map(|(index, channel)| {
            let end = channel.end_of(seat)?;
            (channel.id == id && channel.stage == Stage::Open).then_some((index, end))
        });
        let reason = format!("this node has no open channel {id}");
        found.ok_or(LightningError::Refused { by: By::Us, reason })
    }

    pub(super) fn fail_splice(&mut self, index: usize, at: usize, failure: OpenFailure) {
        let splice = &mut self.channels[index].splices[at];
        if splice.state == SpliceState::Requested {
            splice.state = SpliceState::Failed(failure);
            self.note_channel(index);
        }
    }

    /// The other end's host has agreed: both sign.
    pub(super) fn accept_splice(&mut self, index: usize, at: usize, id: OpeningId) {
        let channel = &self.channels[index];
        let splice = channel.splices[at].clone();
        let (by, capacity_sat) = (channel.ends[splice.by], channel.capacity_sat);
        if splice.state != SpliceState::Requested || channel.stage != Stage::Open {
            return;
        }
        let coming_sat = capacity_sat.saturating_add_signed(splice.change_sat());
        let signed = match splice.way {
            SpliceWay::In => {
                let reserve_sat = self.channels_of(by) as u64 * RESERVE_SAT;
                self.spend(by, splice.amount_sat, reserve_sat, capacity_sat)
            }
            SpliceWay::Out => {
                let txid = self.draw_txid();
                self.deposit(by, splice.amount_sat);
                self.seats[by].movements.push(OnchainMovement {
                    txid,
                    received_sat: splice.amount_sat,
                    sent_sat: 0,
                    outputs_sat: splice.amount_sat + coming_sat,
                    fee_sat: None,
                    height: Some(self.height + 1),
                });
                Ok((txid, splice.fee_sat))
            }
        };
        match signed {
            Err(failure) => self.fail_splice(index, at, failure),
            Ok((txid, fee_sat)) => {
                let splice = &mut self.channels[index].splices[at];
                splice.ids[1 - splice.by] = Some(id);
                splice.fee_sat = fee_sat;
                splice.funding = Some(OutPoint::new(txid, 0));
                splice.capacity_sat = Some(coming_sat);
                splice.state = SpliceState::Pending { confirmations: 0, needed: CONFIRMATIONS };
                self.note_channel(index);
            }
        }
    }

    /// Splices that nobody has signed are forgotten by a restart, and end with the channel.
    pub(super) fn drop_unsigned_splices(&mut self, index: usize, text: &str) {
        for at in 0..self.channels[index].splices.len() {
            self.fail_splice(index, at, OpenFailure::Unknown { text: text.into() });
        }
    }
}

fn enough(needed_sat: u64, available_sat: u64) -> Result<(), OpenFailure> {
    let missing_sat = needed_sat.saturating_sub(available_sat);
    let short = OpenFailure::InsufficientFunds { needed_sat, available_sat, missing_sat };
    if missing_sat > 0 { Err(short) } else { Ok(()) }
}
