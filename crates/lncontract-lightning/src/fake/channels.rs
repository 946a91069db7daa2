//! Channels of the fake network: opened in steps, confirmed by blocks, closed together or alone.

use bitcoin::{OutPoint, Txid};

use super::{
    CLOSE_FEE_SAT, CONFIRMATIONS, INPUT_FEE_SAT, RESERVE_SAT,
    splices::FakeSplice,
    state::{Coin, Pair, Returning, State, ordered},
};
use crate::{
    By, Channel, ChannelId, ChannelState, CloseMode, ForcedClose, LightningError, NodeEvent, OnchainMovement,
    OpenChannel, OpenFailure, OpeningId,
};

/// Two anchors of 330 sat, paid by the opener (BOLT 3).
const ANCHORS_MSAT: u64 = 660_000;
/// Blocks until the side that did not close alone has its money.
const SWEEP_BLOCKS: u32 = 6;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The peer has not answered.
    Asked,
    /// Funded; so many blocks.
    Pending(u32),
    /// Ready on both sides.
    Open,
    /// The closing transaction waits for a block; by which place it was closed alone.
    Closing { alone: Option<usize>, tx: Txid },
    /// A block holds it.
    Closed { forced: bool, tx: Txid },
    /// Never opened.
    Failed(OpenFailure),
}

#[derive(Clone, Debug)]
pub(super) struct FakeChannel {
    pub(super) id: ChannelId,
    /// Opener and acceptor.
    pub(super) ends: [usize; 2],
    pub(super) openings: [Option<OpeningId>; 2],
    pub(super) capacity_sat: u64,
    /// Its size when it was opened, which limits what is in flight over it for ever.
    pub(super) opened_sat: u64,
    /// Of opener and acceptor; what is in flight is in neither.
    pub(super) balance_msat: [u64; 2],
    pub(super) delay_blocks: u16,
    pub(super) funding: Option<OutPoint>,
    pub(super) stage: Stage,
    pub(super) splices: Vec<FakeSplice>,
    /// The block that holds the closing transaction.
    pub(super) closed_at: Option<u32>,
    /// What brings back what the closing transaction left to opener and acceptor.
    pub(super) swept_by: [Option<Txid>; 2],
}

impl FakeChannel {
    pub(super) fn end_of(&self, seat: usize) -> Option<usize> {
        self.ends.iter().position(|end| *end == seat)
    }

    pub(super) fn pair(&self) -> Pair {
        ordered(self.ends[0], self.ends[1])
    }

    fn reserve_sat(&self) -> u64 {
        self.capacity_sat / 100
    }

    /// What the closing transaction leaves to one end; the opener pays for it.
    fn pays_out_sat(&self, end: usize) -> u64 {
        let fee_sat = if end == 0 { CLOSE_FEE_SAT } else { 0 };
        (self.balance_msat[end] / 1_000).saturating_sub(fee_sat)
    }

    /// What one end can send: what both the present funding and the coming one allow.
    pub(super) fn room_msat(&self, end: usize) -> u64 {
        let anchors_msat = if end == 0 { ANCHORS_MSAT } else { 0 };
        let (ours_msat, theirs_msat) = (self.coming_msat(end), self.coming_msat(1 - end));
        let coming_capacity_sat = self.capacity_sat.saturating_add_signed((ours_msat + theirs_msat) / 1_000);
        let now = self.balance_msat[end].saturating_sub(self.reserve_sat() * 1_000);
        let then = self.balance_msat[end].saturating_add_signed(ours_msat);
        let then = then.saturating_sub(coming_capacity_sat / 100 * 1_000);
        now.min(then).saturating_sub(anchors_msat)
    }
}

impl State {
    /// The channel as one end sees it; `None` if that end has no id for it (it never accepted).
    pub(super) fn view(&self, channel: &FakeChannel, end: usize) -> Option<Channel> {
        let usable = channel.stage == Stage::Open && self.links.contains(&channel.pair());
        let live = matches!(channel.stage, Stage::Open);
        let carry_msat = self.carry_msat(channel, end);
        let room = |end: usize| if live { channel.room_msat(end) } else { 0 };
        let state = match &channel.stage {
            Stage::Asked => ChannelState::Requested,
            Stage::Pending(confirmations) => ChannelState::Pending {
                confirmations: (*confirmations).min(CONFIRMATIONS),
                needed: CONFIRMATIONS,
            },
            Stage::Open => ChannelState::Open { usable },
            Stage::Closing { alone, .. } => ChannelState::Closing { forced: alone.is_some() },
            Stage::Closed { forced, tx } => ChannelState::Closed { forced: *forced, closing_tx: Some(*tx) },
            Stage::Failed(failure) => ChannelState::Failed(failure.clone()),
        };
        Some(Channel {
            id: channel.id,
            opening: channel.openings[end]?,
            peer: self.seats[channel.ends[1 - end]].key,
            outbound: end == 0,
            funding: channel.funding,
            capacity_sat: channel.capacity_sat,
            local_msat: channel.balance_msat[end],
            outbound_capacity_msat: room(end),
            next_outbound_htlc_limit_msat: if usable { carry_msat } else { 0 },
            inbound_capacity_msat: room(1 - end),
            reserve_sat: channel.reserve_sat(),
            in_flight_limit_msat: channel.opened_sat * 1_000,
            our_delay_blocks: Some(if end == 0 { channel.delay_blocks } else { 144 }),
            state,
            splices: channel.splices_seen(end),
        })
    }

    /// What one payment can carry from one end: what can be sent, below the limit of what is in flight.
    pub(super) fn carry_msat(&self, channel: &FakeChannel, end: usize) -> u64 {
        let in_flight_msat = self.in_flight_msat(channel.id, channel.ends[end]);
        let limit_msat = (channel.opened_sat * 1_000).saturating_sub(in_flight_msat);
        channel.room_msat(end).min(limit_msat)
    }

    /// The channels of a node that were closed alone.
    pub(super) fn forced_closes(&self, seat: usize) -> Vec<ForcedClose> {
        let close = |channel: &FakeChannel| {
            let end = channel.end_of(seat)?;
            let Stage::Closed { forced: true, tx } = channel.stage else { return None };
            let swept = |by: &Txid| self.seats[seat].movements.iter().any(|movement| movement.txid == *by);
            let spent_by = channel.swept_by[end].filter(swept).map(|by| (end as u32, by));
            Some(ForcedClose {
                opening: channel.openings[end]?,
                txid: tx,
                height: channel.closed_at,
                outputs_sat: vec![channel.pays_out_sat(0), channel.pays_out_sat(1)],
                spent_by: spent_by.into_iter().collect(),
            })
        };
        self.channels.iter().filter_map(close).collect()
    }

    /// Tells both ends how the channel is now.
    pub(super) fn note_channel(&mut self, index: usize) {
        for end in [0, 1] {
            let channel = &self.channels[index];
            let seat = channel.ends[end];
            if let Some(view) = self.view(channel, end) {
                self.push(seat, NodeEvent::Channel(view));
            }
        }
    }

    /// A connection came or went: open channels over it are usable, or not any more.
    pub(super) fn note_usable(&mut self, pair: Pair) {
        for index in 0..self.channels.len() {
            if self.channels[index].pair() == pair && self.channels[index].stage == Stage::Open {
                self.note_channel(index);
            }
        }
    }

    /// Channels of that node that are not over.
    pub(super) fn channels_of(&self, seat: usize) -> usize {
        let over = |stage: &Stage| matches!(stage, Stage::Failed(_) | Stage::Closed { .. });
        self.channels.iter().filter(|channel| channel.end_of(seat).is_some() && !over(&channel.stage)).count()
    }

    pub(super) fn spendable_sat(&self, seat: usize) -> u64 {
        let ripe = self.seats[seat].coins.iter().filter(|coin| coin.from_height <= self.height);
        ripe.map(|coin| coin.sat).sum()
    }

    /// The channel that this opening of that node became.
    pub(super) fn opened(&self, seat: usize, opening: OpeningId) -> Option<usize> {
        self.channels.iter().position(|channel| {
            channel.end_of(seat).is_some_and(|end| channel.openings[end] == Some(opening))
        })
    }

    /// Takes the order: everything that is known before the peer is asked. Gives the place of the channel.
    pub(super) fn order(&mut self, seat: usize, open: &OpenChannel) -> Result<usize, LightningError> {
        let peer = self.seat_of(&open.peer).filter(|peer| self.linked(seat, *peer));
        let peer = peer.ok_or(LightningError::Open(OpenFailure::PeerOffline))?;
        let reserve_sat = (self.channels_of(seat) as u64 + 1) * RESERVE_SAT;
        self.choose_coins(seat, open.amount_sat, reserve_sat).map_err(LightningError::Open)?;
        let id = ChannelId(self.draw());
        self.channels.push(FakeChannel {
            id,
            ends: [seat, peer],
            openings: [Some(open.opening), None],
            capacity_sat: open.amount_sat,
            opened_sat: open.amount_sat,
            balance_msat: [0, 0],
            delay_blocks: 144,
            funding: None,
            stage: Stage::Asked,
            splices: Vec::new(),
            closed_at: None,
            swept_by: [None, None],
        });
        let index = self.channels.len() - 1;
        self.note_channel(index);
        Ok(index)
    }

    /// What the acceptor's node says before its host is asked.
    pub(super) fn peer_refusal(&self, index: usize) -> Option<OpenFailure> {
        let (pair, peer) = (self.channels[index].pair(), self.channels[index].ends[1]);
        let waiting =
            |channel: &&FakeChannel| channel.pair() == pair && matches!(channel.stage, Stage::Pending(_));
        if self.channels.iter().filter(waiting).count() >= self.seats[peer].pending_limit {
            return Some(OpenFailure::PeerPendingLimit);
        }
        let needed_sat = (self.channels_of(peer) as u64 + 1) * RESERVE_SAT - RESERVE_SAT;
        let missing_sat = needed_sat.saturating_sub(self.spendable_sat(peer));
        (missing_sat > 0).then(|| OpenFailure::Policy {
            text: format!("this node lacks {missing_sat} sat on chain, confirmed, for closing fees"),
        })
    }

    pub(super) fn fail_opening(&mut self, index: usize, failure: OpenFailure) {
        if self.channels[index].stage == Stage::Asked {
            self.channels[index].stage = Stage::Failed(failure);
            self.note_channel(index);
        }
    }

    /// The acceptor's host has agreed: the funding leaves the opener's wallet.
    pub(super) fn accept(&mut self, index: usize, opening: OpeningId, delay_blocks: u16) {
        if self.channels[index].stage != Stage::Asked {
            return;
        }
        let (opener, acceptor) = (self.channels[index].ends[0], self.channels[index].ends[1]);
        if self.opened(acceptor, opening).is_some() {
            let text = "this channel is open or on its way already".into();
            return self.fail_opening(index, OpenFailure::Policy { text });
        }
        let amount_sat = self.channels[index].capacity_sat;
        let reserve_sat = self.channels_of(opener) as u64 * RESERVE_SAT;
        match self.spend(opener, amount_sat, reserve_sat, 0) {
            Err(failure) => self.fail_opening(index, failure),
            Ok((txid, _)) => {
                let channel = &mut self.channels[index];
                channel.openings[1] = Some(opening);
                channel.delay_blocks = delay_blocks.clamp(144, 2_016);
                channel.balance_msat[0] = amount_sat * 1_000;
                channel.funding = Some(OutPoint::new(txid, 0));
                channel.stage = Stage::Pending(0);
                self.note_channel(index);
            }
        }
    }

    /// Pays an amount out of a node's coins into a transaction that spends `others_sat` besides.
    /// Gives the transaction and its fee.
    pub(super) fn spend(
        &mut self,
        seat: usize,
        amount_sat: u64,
        reserve_sat: u64,
        others_sat: u64,
    ) -> Result<(Txid, u64), OpenFailure> {
        let (left, change_sat) = self.choose_coins(seat, amount_sat, reserve_sat)?;
        let held = |coins: &[Coin]| coins.iter().map(|coin| coin.sat).sum::<u64>();
        let sent_sat = held(&self.seats[seat].coins) - held(&left);
        self.seats[seat].coins = left;
        if change_sat > 0 {
            self.deposit(seat, change_sat);
        }
        let txid = self.draw_txid();
        let fee_sat = sent_sat - amount_sat - change_sat;
        self.seats[seat].movements.push(OnchainMovement {
            txid,
            received_sat: change_sat,
            sent_sat,
            outputs_sat: amount_sat + change_sat + others_sat,
            fee_sat: Some(fee_sat),
            height: Some(self.height + 1),
        });
        Ok((txid, fee_sat))
    }

    /// Largest coins first: the coins that are left, and the change.
    pub(super) fn choose_coins(
        &self,
        seat: usize,
        amount_sat: u64,
        reserve_sat: u64,
    ) -> Result<(Vec<Coin>, u64), OpenFailure> {
        let (mut ripe, mut left): (Vec<Coin>, Vec<Coin>) =
            self.seats[seat].coins.iter().copied().partition(|coin| coin.from_height <= self.height);
        ripe.sort_by_key(|coin| std::cmp::Reverse(coin.sat));
        let available_sat: u64 = ripe.iter().map(|coin| coin.sat).sum();
        let fee_sat = |inputs: usize| (inputs as u64 + 1) * INPUT_FEE_SAT;
        let mut chosen_sat = 0;
        for (count, coin) in ripe.iter().enumerate() {
            chosen_sat += coin.sat;
            let spent_sat = amount_sat + fee_sat(count + 1);
            if chosen_sat >= spent_sat && available_sat >= spent_sat + reserve_sat {
                left.extend(&ripe[count + 1..]);
                return Ok((left, chosen_sat - spent_sat));
            }
        }
        let needed_sat = amount_sat + fee_sat(ripe.len() + 1) + reserve_sat;
        let missing_sat = needed_sat.saturating_sub(available_sat);
        Err(OpenFailure::InsufficientFunds { needed_sat, available_sat, missing_sat })
    }

    /// A node that restarts forgets what was never funded.
    pub(super) fn drop_unfunded(&mut self, seat: usize) {
        for index in 0..self.channels.len() {
            if self.channels[index].end_of(seat).is_some() {
                let text = "the node was stopped before the channel was funded; nothing was spent".into();
                self.fail_opening(index, OpenFailure::Unknown { text });
                let text = "the node was stopped before the splice was signed; nothing was spent";
                self.drop_unsigned_splices(index, text);
            }
        }
    }

    /// A channel or splice with enough confirmations is ready once its ends have met.
    pub(super) fn make_ready(&mut self) {
        for index in 0..self.channels.len() {
            let channel = &self.channels[index];
            let deep = matches!(channel.stage, Stage::Pending(blocks) if blocks >= CONFIRMATIONS);
            if deep && self.links.contains(&channel.pair()) {
                self.channels[index].stage = Stage::Open;
                self.note_channel(index);
            } else if channel.splices_are_deep() && self.links.contains(&channel.pair()) {
                self.channels[index].lock_splices();
                self.note_channel(index);
            }
        }
    }

    /// A block: funding transactions are one deeper, closing ones are in.
    pub(super) fn confirm_channels(&mut self) {
        for index in 0..self.channels.len() {
            match self.channels[index].stage.clone() {
                Stage::Pending(blocks) => {
                    self.channels[index].stage = Stage::Pending(blocks + 1);
                    if blocks < CONFIRMATIONS {
                        self.note_channel(index);
                    }
                }
                Stage::Closing { alone, tx } => self.pay_out(index, alone, tx),
                _ if self.channels[index].confirm_splices() => self.note_channel(index),
                _ => {}
            }
        }
        self.make_ready();
    }

    fn pay_out(&mut self, index: usize, alone: Option<usize>, tx: Txid) {
        self.fail_over(index);
        // What is signed is in the chain before it: the closing transaction spends the last output.
        self.channels[index].lock_splices();
        let channel = self.channels[index].clone();
        for (end, seat) in channel.ends.into_iter().enumerate() {
            let sat = channel.pays_out_sat(end);
            let wait_blocks = match alone {
                None => 0,
                Some(closer) if closer == seat && end == 0 => channel.delay_blocks.into(),
                Some(closer) if closer == seat => 144,
                Some(_) => SWEEP_BLOCKS,
            };
            let due_height = self.height + wait_blocks;
            // After a forced close it comes by a sweep: a transaction of its own, with one output.
            let (fee_sat, outputs_sat, by) = match alone {
                None => (0, channel.pays_out_sat(0) + channel.pays_out_sat(1), tx),
                Some(_) => (CLOSE_FEE_SAT, sat.saturating_sub(CLOSE_FEE_SAT), self.draw_txid()),
            };
            self.seats[seat].returning.push(Returning { sat, fee_sat, due_height, tx: by, outputs_sat });
            self.channels[index].swept_by[end] = Some(by);
        }
        self.channels[index].stage = Stage::Closed { forced: alone.is_some(), tx };
        self.channels[index].closed_at = Some(self.height);
        self.note_channel(index);
    }

    pub(super) fn close(
        &mut self,
        seat: usize,
        id: ChannelId,
        mode: CloseMode,
    ) -> Result<(), LightningError> {
        let refused = |reason: String| LightningError::Refused { by: By::Us, reason };
        let live = |stage: &Stage| matches!(stage, Stage::Pending(_) | Stage::Open);
        let index = self
            .channels
            .iter()
            .position(|channel| channel.id == id && channel.end_of(seat).is_some() && live(&channel.stage));
        let index = index.ok_or_else(|| refused(format!("this node has no open channel {id}")))?;
        let alone = match mode {
            CloseMode::Forced => Some(seat),
            CloseMode::Cooperative => None,
        };
        if alone.is_none() && !self.links.contains(&self.channels[index].pair()) {
            let reason = "closing together needs the peer, and its node is not connected".into();
            return Err(LightningError::Unavailable { reason });
        }
        if alone.is_none() && self.in_flight_over(index) {
            return Err(refused("a payment is in flight over the channel: close it afterwards".into()));
        }
        self.drop_unsigned_splices(index, "the channel was closed before the splice was signed");
        let tx = self.draw_txid();
        self.channels[index].stage = Stage::Closing { alone, tx };
        self.note_channel(index);
        Ok(())
    }
}
