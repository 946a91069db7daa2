//! Which contracts are looked at again soon, and which rest until something happens; their rows in the store say when
//! time alone is a reason.
//!
//! Invariant: a contract rests only while nothing of it is on its way: no entry that waits to be seen, no money, no
//! channel that opens or ends. A contract that rests is as it would be if it were looked at every second: what its node
//! does with an open channel wakes it by name (`App::wake_channel`), and once a minute all with an open channel are
//! looked at, should a word of the node have been lost.

use std::sync::{Arc, PoisonError};

use lncontract_core::{
    Bytes, Contract, Hash, NodeId,
    state::ChannelState,
    v1::{ChannelStage, CloseManner, Side},
};
use lncontract_lightning::OpeningId;
use lncontract_store::{AttemptState, Channels, ReceivableState, Which};

use crate::{App, AppError, app::Work, fund::opening_id, live::Live};

/// More contracts than that are not kept in memory while they rest.
const RESTING_MAX: usize = 1_000;

/// What follows a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Something is under way: it is looked at with the next tick.
    Soon,
    /// It rests until it is woken or due.
    WhenWoken,
}

impl App {
    /// The contracts whose time has come.
    pub(crate) async fn due_by_now(&self, limit: u32) -> Result<Vec<Hash>, AppError> {
        let by = self.clock.now().0;
        let rows = self.store.contracts_which(Which::ToLookAt { by }, limit).await?;
        Ok(rows.into_iter().map(|row| Bytes(row.id)).collect())
    }

    /// The contracts with channels that stand so.
    pub(crate) async fn with_channels(&self, all: &[Channels]) -> Result<Vec<Hash>, AppError> {
        let mut found = Vec::new();
        for channels in all.iter().copied() {
            let rows = self.store.contracts_which(Which::With(channels), u32::MAX).await?;
            found.extend(rows.into_iter().map(|row| Bytes(row.id)));
        }
        Ok(found)
    }

    /// The contracts with the company of that node.
    pub(crate) async fn contracts_with(&self, peer: NodeId) -> Result<Vec<Hash>, AppError> {
        Ok(self.store.contracts_of_peer(&peer.to_string()).await?.into_iter().map(Bytes).collect())
    }

    /// Brings the contract's row up to the time, if that is what it waited for, and says what follows.
    pub(crate) async fn settle_down(&self, contract: Hash) -> Result<Next, AppError> {
        let live = self.live(contract).await?;
        let live = live.lock().await;
        let row = self.store.contract(contract.0).await?.ok_or_else(|| AppError::not_found("contract"))?;
        if row.summary.look_at.is_some_and(|at| at <= self.clock.now().0) {
            self.store.commit(self.row(&live.record, live.our_side, &live.peer)?).await?;
            self.announce();
        }
        self.note_channels(contract, &live);
        let awake = is_awake(&live) || self.money_moves(contract).await?;
        Ok(if awake { Next::Soon } else { Next::WhenWoken })
    }

    /// Remembers whose channels these are. After a start each contract that has had one is looked at once.
    fn note_channels(&self, contract: Hash, live: &Live) {
        let ids = live.record.state().channels.keys().map(|fund| (opening_id(*fund), contract));
        self.openings.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
    }

    /// Wakes the contract of a channel with which the node has done something.
    pub(crate) fn wake_channel(&self, opening: OpeningId) {
        let openings = self.openings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contract) = openings.get(&opening) {
            self.wake(Work::Contract(*contract));
        }
    }

    async fn money_moves(&self, contract: Hash) -> Result<bool, AppError> {
        let paying = self.store.attempts(contract.0).await?;
        let paying = paying
            .iter()
            .any(|attempt| !matches!(attempt.state, AttemptState::Succeeded | AttemptState::Failed));
        let paid = self.store.receivables(contract.0).await?;
        Ok(paying || paid.iter().any(|receivable| receivable.state == ReceivableState::Claimed))
    }

    /// Forgets a contract that rests, if there are many; the next who asks for it reads it from the store.
    pub(crate) async fn put_away(&self, contract: Hash) {
        let mut contracts = self.contracts.lock().await;
        // Nobody can get hold of it while the map is locked, and nobody has it: nothing is lost.
        if contracts.len() > RESTING_MAX
            && contracts.get(&contract).is_some_and(|live| Arc::strong_count(live) == 1)
        {
            contracts.remove(&contract);
        }
    }
}

fn is_awake(live: &Live) -> bool {
    let (record, ours) = (&live.record, live.our_side);
    let state = record.state();
    let unseen = record.needs_ack(ours) || record.needs_ack(ours.other());
    let waits = live.unsure || live.ask_again_at.is_some() || live.refused.is_some();
    let out_of_step = live.connected && !live.sync.ready(Some(record));
    let money = state.payables.open().next().is_some();
    unseen
        || waits
        || out_of_step
        || money
        || state.channels.values().any(|channel| !is_over(state, channel, ours) && !is_quiet(channel, ours))
}

/// Whether a channel or splice of the contract's own is open, our side has said so, and nobody has said that it ends.
fn is_quiet(channel: &ChannelState, ours: Side) -> bool {
    let own = channel.announced.as_ref().is_some_and(|announced| announced.of.is_none());
    let open = channel.reports.get(&ours).is_some_and(|said| said.stage == ChannelStage::Open);
    own && open && channel.closes.is_empty()
}

/// Whether our side has told all there is to tell of a channel, splice or release: that it failed, or the transaction
/// that ended it.
fn is_over(state: &Contract, channel: &ChannelState, ours: Side) -> bool {
    let base = channel.base().and_then(|base| state.channels.get(&base));
    let ends = [Some(channel), base].into_iter().flatten().filter_map(|channel| channel.closes.get(&ours));
    ends.into_iter().any(|end| end.txid.is_some() || end.manner == CloseManner::Failed)
}
