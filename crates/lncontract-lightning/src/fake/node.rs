//! A node of the fake network, as the port's caller sees it.

use std::sync::Arc;

use bitcoin::{Address, Network};

use super::{
    Behind, FakeNetwork,
    channels::Stage,
    state::{Run, State, address_of, ordered},
};
use crate::{
    Admission, Balances, BoxFuture, By, Channel, ChannelId, CloseMode, ForcedClose, InboundChannel,
    InboundSplice, Lightning, LightningError, MESSAGE_LEN_MAX, MadeInvoice, NewInvoice, NodeInfo, NodeKey,
    OnchainMovement, OpenChannel, OpenFailure, OrderSplice, Pay, PaymentHash, PaymentState, Peer,
    SpliceAdmission, SpliceState, SpliceWay,
};

/// A handle on one start of a node; after a stop its calls say so, also when the node was started again.
pub struct FakeLightning {
    pub(super) network: Arc<FakeNetwork>,
    pub(super) seat: usize,
    pub(super) run: u64,
}

fn refused(reason: &str) -> LightningError {
    LightningError::Refused { by: By::Us, reason: reason.into() }
}

impl FakeLightning {
    /// The node's key.
    pub fn key(&self) -> NodeKey {
        self.network.state().seats[self.seat].key
    }

    fn check(&self, state: &State) -> Result<(), LightningError> {
        match &state.seats[self.seat].run {
            Run::Running(run) if *run == self.run => Ok(()),
            Run::Running(_) => Err(LightningError::Unavailable { reason: "the node was stopped".into() }),
            Run::Stopped(reason) => Err(LightningError::Unavailable { reason: reason.clone() }),
        }
    }

    fn with<T>(
        &self,
        f: impl FnOnce(&mut State, usize) -> Result<T, LightningError>,
    ) -> Result<T, LightningError> {
        self.network.change(|state| self.check(state).and_then(|()| f(state, self.seat)))
    }

    /// Whether the next answer is to be lost; it is only once.
    fn lost_answer(&self) -> Option<Behind> {
        self.network.change(|state| state.seats[self.seat].lost_answer.take())
    }

    async fn connect_now(&self, peer: NodeKey, address: &str) -> Result<(), LightningError> {
        self.with(|state, seat| {
            if state.seats[seat].key == peer {
                return Err(refused("this is the node's own key"));
            }
            let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
            if port.is_none() {
                return Err(refused("the address must be HOST:PORT"));
            }
            state.seats[seat].known.insert(peer);
            let other = state.seat_of(&peer).filter(|_| address == address_of(&peer));
            if let Some(other) = other {
                state.link(ordered(seat, other));
            }
            let reached = other.is_some_and(|other| state.linked(seat, other));
            let reason = format!("node {peer} does not answer at {address}; it is tried again all the time");
            if reached { Ok(()) } else { Err(LightningError::Unavailable { reason }) }
        })
    }

    /// Does it, unless the answer is to be lost.
    async fn answer<T>(
        &self,
        done: impl Future<Output = Result<T, LightningError>>,
    ) -> Result<T, LightningError> {
        self.with(|_, _| Ok(()))?;
        let lost = self.lost_answer();
        let unknown = || LightningError::OutcomeUnknown { reason: "the answer was lost".into() };
        if lost == Some(Behind::NotDone) {
            return Err(unknown());
        }
        let answer = done.await;
        if lost.is_some() { Err(unknown()) } else { answer }
    }

    async fn open_now(&self, open: &OpenChannel) -> Result<ChannelId, LightningError> {
        let known = self.with(|state, seat| Ok(state.opened(seat, open.opening)))?;
        let index = match known {
            Some(index) => index,
            None => {
                let index = self.with(|state, seat| state.order(seat, open))?;
                self.ask_peer(index, open).await;
                index
            }
        };
        self.with(|state, _| match &state.channels[index].stage {
            Stage::Failed(failure) => Err(LightningError::Open(failure.clone())),
            Stage::Asked => {
                let reason = "the peer has not answered yet; look for the opening by its id".into();
                Err(LightningError::OutcomeUnknown { reason })
            }
            _ => Ok(state.channels[index].id),
        })
    }

    async fn ask_peer(&self, index: usize, open: &OpenChannel) {
        let (refusal, host, peer) = {
            let state = self.network.state();
            let acceptor = state.channels[index].ends[1];
            (state.peer_refusal(index), state.seats[acceptor].host.clone(), state.seats[self.seat].key)
        };
        if let Some(failure) = refusal {
            return self.network.change(|state| state.fail_opening(index, failure));
        }
        let request = InboundChannel { peer, amount_sat: open.amount_sat, announced: false };
        let admission = host.channel_requested(request).await;
        self.network.change(|state| match admission {
            Admission::Accept { opening, to_self_delay_blocks } => {
                state.accept(index, opening, to_self_delay_blocks);
            }
            Admission::Refuse { text } => state.fail_opening(index, OpenFailure::Policy { text }),
        });
    }

    async fn splice_now(&self, order: &OrderSplice) -> Result<(), LightningError> {
        let known = self.with(|state, seat| Ok(state.spliced(seat, order.id)))?;
        let (index, at) = match known {
            Some(place) => place,
            None => {
                let (index, at) = self.with(|state, seat| state.order_splice(seat, order))?;
                self.ask_peer_to_splice(index, at).await;
                (index, at)
            }
        };
        self.with(|state, _| match &state.channels[index].splices[at].state {
            SpliceState::Failed(failure) => Err(LightningError::Splice(failure.clone())),
            SpliceState::Requested => {
                let reason = "the peer has not answered yet; look for the splice by its id".into();
                Err(LightningError::OutcomeUnknown { reason })
            }
            SpliceState::Pending { .. } | SpliceState::Locked => Ok(()),
        })
    }

    async fn ask_peer_to_splice(&self, index: usize, at: usize) {
        let asked = {
            let state = self.network.state();
            let channel = &state.channels[index];
            let splice = &channel.splices[at];
            let other = 1 - splice.by;
            let fee_sat = if splice.way == SpliceWay::Out { splice.fee_sat } else { 0 };
            channel.openings[other].map(|opening| {
                let request = InboundSplice {
                    peer: state.seats[channel.ends[splice.by]].key,
                    opening,
                    channel: channel.id,
                    way: splice.way,
                    amount_sat: splice.amount_sat + fee_sat,
                };
                (state.seats[channel.ends[other]].host.clone(), request)
            })
        };
        let Some((host, request)) = asked else { return };
        let admission = host.splice_requested(request).await;
        self.network.change(|state| match admission {
            SpliceAdmission::Accept { splice } => state.accept_splice(index, at, splice),
            SpliceAdmission::Refuse { text } => state.fail_splice(index, at, OpenFailure::Policy { text }),
        });
    }

    fn pay_now(&self, pay: &Pay) -> Result<(), LightningError> {
        let now_s = (self.network.clock)();
        self.with(|_, _| Ok(()))?;
        match self.lost_answer() {
            None => self.with(|state, seat| state.pay(seat, pay, now_s)),
            Some(behind) => {
                if behind == Behind::Done {
                    self.with(|state, seat| state.pay(seat, pay, now_s))?;
                }
                Err(LightningError::OutcomeUnknown { reason: "the answer was lost".into() })
            }
        }
    }

    fn send(&self, peer: NodeKey, bytes: Vec<u8>) -> Result<(), LightningError> {
        let (host, from) = self.with(|state, seat| {
            if bytes.len() > MESSAGE_LEN_MAX {
                let reason =
                    format!("a message has {MESSAGE_LEN_MAX} bytes at most, this one has {}", bytes.len());
                return Err(refused(&reason));
            }
            let other = state.seat_of(&peer).filter(|other| state.linked(seat, *other));
            let reason = format!("node {peer} is not connected");
            let other = other.ok_or(LightningError::Unavailable { reason })?;
            Ok((state.seats[other].host.clone(), state.seats[seat].key))
        })?;
        host.message(from, bytes);
        Ok(())
    }
}

impl Lightning for FakeLightning {
    fn info(&self) -> BoxFuture<'_, Result<NodeInfo, LightningError>> {
        let info = self.with(|state, seat| {
            Ok(NodeInfo {
                key: state.seats[seat].key,
                network: Network::Regtest,
                height: state.height,
                synced: true,
                chain_doubts: Vec::new(),
                software: "a node in memory".into(),
                splice: true,
                bolt12: false,
            })
        });
        Box::pin(async { info })
    }
    fn balances(&self) -> BoxFuture<'_, Result<Balances, LightningError>> {
        Box::pin(async { self.with(|state, seat| Ok(state.balances(seat))) })
    }
    fn onchain_movements(&self) -> BoxFuture<'_, Result<Vec<OnchainMovement>, LightningError>> {
        Box::pin(async { self.with(|state, seat| Ok(state.seats[seat].movements.clone())) })
    }
    fn forced_closes(&self) -> BoxFuture<'_, Result<Vec<ForcedClose>, LightningError>> {
        Box::pin(async { self.with(|state, seat| Ok(state.forced_closes(seat))) })
    }
    fn new_address(&self) -> BoxFuture<'_, Result<Address, LightningError>> {
        Box::pin(async { self.with(|state, seat| Ok(state.new_address(seat))) })
    }
    fn connect<'a>(&'a self, peer: NodeKey, address: &'a str) -> BoxFuture<'a, Result<(), LightningError>> {
        Box::pin(self.connect_now(peer, address))
    }
    fn peers(&self) -> BoxFuture<'_, Result<Vec<Peer>, LightningError>> {
        Box::pin(async {
            self.with(|state, seat| {
                let known = |other: &usize| {
                    let key = state.seats[*other].key;
                    *other != seat && (state.linked(seat, *other) || state.seats[seat].known.contains(&key))
                };
                let others = (0..state.seats.len()).filter(known);
                let peer = |other: usize| {
                    let connected = state.linked(seat, other);
                    Peer { key: state.seats[other].key, connected, splice: connected.then_some(true) }
                };
                Ok(others.map(peer).collect())
            })
        })
    }
    fn open_channel(&self, open: OpenChannel) -> BoxFuture<'_, Result<ChannelId, LightningError>> {
        Box::pin(async move { self.answer(self.open_now(&open)).await })
    }
    fn splice(&self, order: OrderSplice) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(async move { self.answer(self.splice_now(&order)).await })
    }
    fn channels(&self) -> BoxFuture<'_, Result<Vec<Channel>, LightningError>> {
        Box::pin(async {
            self.with(|state, seat| {
                let ours = state.channels.iter().filter_map(|channel| Some((channel, channel.end_of(seat)?)));
                Ok(ours.filter_map(|(channel, end)| state.view(channel, end)).collect())
            })
        })
    }
    fn close_channel(&self, id: ChannelId, mode: CloseMode) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(async move { self.with(|state, seat| state.close(seat, id, mode)) })
    }
    fn create_invoice(&self, invoice: NewInvoice) -> BoxFuture<'_, Result<MadeInvoice, LightningError>> {
        let now_s = (self.network.clock)();
        Box::pin(async move { self.with(|state, seat| Ok(state.make_invoice(seat, &invoice, now_s))) })
    }
    fn pay(&self, pay: Pay) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(async move { self.pay_now(&pay) })
    }
    fn payment(&self, hash: PaymentHash) -> BoxFuture<'_, Result<PaymentState, LightningError>> {
        Box::pin(async move { self.with(|state, seat| Ok(state.payment_state(seat, &hash))) })
    }
    fn send_message(&self, peer: NodeKey, bytes: Vec<u8>) -> BoxFuture<'_, Result<(), LightningError>> {
        Box::pin(async move { self.send(peer, bytes) })
    }
    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.network.change(|state| {
                if self.check(state).is_ok() {
                    state.stop(self.seat);
                }
            });
        })
    }
}
