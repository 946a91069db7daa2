//! What is left of each earmark, by what our own store says went over which channel.
//!
//! Invariant: what a payment may have taken is taken: only one that failed, or that the node never heard of, is not.
//! Money: a channel that several contracts have a part of is drawn by each up to its own, and what is set aside for the
//! others is left in it; the reserve and the fees are borne by the contract that opened it.

use std::collections::BTreeMap;

use lncontract_core::{
    Bytes, Contract, Hash, Sat,
    coverage::{ChannelNow, Part},
    state::{ChannelState as Known, InvoiceState},
    v1::{RowId, Side},
};
use lncontract_lightning::OpeningId;
use lncontract_store::{Attempt, AttemptState};

use crate::{
    App, AppError,
    fund::opening_id,
    part::{Used, carried_by},
};

/// What was taken from a channel, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The milestone; empty: none.
    pub(crate) stage: RowId,
    /// The `fund` entry of the channel.
    pub(crate) fund: Hash,
    pub(crate) amount_sat: u64,
}

/// What is known of payments over a contract's channels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawn {
    /// What its other payments took, oldest first; none where the store does not know of all.
    pub(crate) taken: Option<Vec<Taken>>,
    /// What is left of the parts of other contracts, by the channel's opening.
    pub(crate) beside: BTreeMap<OpeningId, Sat>,
    /// The channels over which other contracts may be paying.
    pub(crate) busy: Vec<OpeningId>,
}

impl App {
    /// Looks up what was taken from a contract's channels; the payment of `invoice` itself is left out.
    pub(crate) async fn drawn(&self, contract: Hash, invoice: Hash) -> Result<Drawn, AppError> {
        let live = self.live(contract).await?;
        let (taken, shares, peer) = {
            let over = self.taken_over(contract).await?;
            let attempts = self.store.attempts(contract.0).await?;
            let live = live.lock().await;
            let state = live.record.state();
            let shares = live.our_side == Side::Buyer
                && state.channels.values().any(|known| known.part().is_some() || known.released.is_some());
            (taken(state, &attempts, &over, invoice), shares, live.peer.clone())
        };
        let mut drawn = Drawn { taken, ..Drawn::default() };
        if shares {
            let used = self.used_parts(&peer, contract).await?;
            self.look_beside(contract, used, &mut drawn).await?;
        }
        Ok(drawn)
    }

    /// What goes over which channel, by payment, of a contract's payments.
    async fn taken_over(&self, contract: Hash) -> Result<BTreeMap<Hash, Vec<(Hash, u64)>>, AppError> {
        let mut over: BTreeMap<Hash, Vec<(Hash, u64)>> = BTreeMap::new();
        for share in self.store.attempt_shares(contract.0).await? {
            let of_payment = over.entry(Bytes(share.payment_hash)).or_default();
            of_payment.push((Bytes(share.fund_entry_hash), share.amount_sat));
        }
        Ok(over)
    }

    /// What other contracts have in the channels of this one, and whether they are paying over them.
    async fn look_beside(
        &self,
        contract: Hash,
        used: Vec<(Hash, Used)>,
        drawn: &mut Drawn,
    ) -> Result<(), AppError> {
        let live = self.live(contract).await?;
        let (ours, opened_by) = {
            let live = live.lock().await;
            let state = live.record.state();
            let ids = state.channels.keys().map(|fund| carried_by(state, *fund, live.our_side));
            let by = state.channels.values().filter_map(Known::part).map(|part| part.contract);
            (ids.collect::<Vec<_>>(), by.collect::<Vec<_>>())
        };
        let of_it = |used: &&Used| !used.ended && ours.contains(&opening_id(used.channel));
        let mut sharing: Vec<Hash> = opened_by;
        for used in used.iter().map(|(_, used)| used).filter(of_it) {
            let all = self.taken_over(used.contract).await?;
            let attempts = self.store.attempts(used.contract.0).await?;
            let may_be_gone = attempts.iter().filter(|attempt| may_be_gone(attempt));
            let shares = may_be_gone.filter_map(|attempt| all.get(&Bytes(attempt.payment_hash))).flatten();
            let gone_sat: u64 = shares.filter(|(fund, _)| *fund == used.fund).map(|(_, sat)| *sat).sum();
            let beside = drawn.beside.entry(opening_id(used.channel)).or_default();
            *beside = Sat(beside.0.saturating_add(used.amount.less(Sat(gone_sat)).0));
            sharing.push(used.contract);
        }
        for other in sharing {
            let over = self.taken_over(other).await?;
            let attempts = self.store.attempts(other.0).await?;
            let live = self.live(other).await?;
            let live = live.lock().await;
            for attempt in attempts.iter().filter(|attempt| is_sent(attempt)) {
                let funds = over.get(&Bytes(attempt.payment_hash)).into_iter().flatten();
                let ids = funds.map(|(fund, _)| carried_by(live.record.state(), *fund, live.our_side));
                drawn.busy.extend(ids);
            }
        }
        Ok(())
    }
}

/// Whether money of it may have left.
fn may_be_gone(attempt: &Attempt) -> bool {
    !matches!(attempt.state, AttemptState::Requested | AttemptState::Failed)
}

/// Whether it may be under way. One that rests for a reason is not: the node does not know it, and it is not sent
/// again.
pub(crate) fn is_sent(attempt: &Attempt) -> bool {
    attempt.reason.is_none() && matches!(attempt.state, AttemptState::Sending | AttemptState::Unknown)
}

/// What the payments of a contract but one took; none where one of them is not in the store, or not its channels.
fn taken(
    state: &Contract,
    attempts: &[Attempt],
    over: &BTreeMap<Hash, Vec<(Hash, u64)>>,
    but: Hash,
) -> Option<Vec<Taken>> {
    let of_ours = |invoice: &Hash| attempts.iter().any(|attempt| attempt.invoice_entry_hash == invoice.0);
    let mut paid = state.invoices.iter().filter(|(_, known)| known.by == Side::Seller && known.is_paid());
    if paid.any(|(invoice, _)| !of_ours(invoice)) {
        return None;
    }
    let mut all = Vec::new();
    let others = attempts.iter().filter(|attempt| attempt.invoice_entry_hash != but.0);
    for attempt in others.filter(|attempt| may_be_gone(attempt)) {
        let known = state.invoices.get(&Bytes(attempt.invoice_entry_hash));
        let stage = known.map(|known| stage(state, known)).unwrap_or_default();
        let shares = over.get(&Bytes(attempt.payment_hash))?;
        let one = |(fund, amount_sat): &(Hash, u64)| Taken {
            stage: stage.clone(),
            fund: *fund,
            amount_sat: *amount_sat,
        };
        all.extend(shares.iter().map(one));
    }
    Some(all)
}

/// The milestone that an invoice is for; none: only what is set aside for the contract in general pays it.
pub(super) fn stage(state: &Contract, known: &InvoiceState) -> RowId {
    let row = state.terms.as_ref().and_then(|terms| terms.obligation(&known.payable.row));
    row.and_then(|row| row.milestone.clone()).unwrap_or_default()
}

/// What was put into each part of a channel and not released: the oldest part gives first, as the record's own count
/// has it.
pub(super) fn set_aside(state: &Contract, now: &ChannelNow) -> Vec<u64> {
    let amount = |part: &Part| {
        let announced = state.channels.iter().filter_map(|(id, known)| Some((id, known.announced.as_ref()?)));
        let of_it = announced.filter(|(id, found)| **id == now.fund || found.into == Some(now.fund));
        let mut sums =
            of_it.filter(|(_, found)| found.tranche == part.tranche).map(|(_, found)| found.amount.0);
        sums.next().unwrap_or(part.left.0)
    };
    let mut released_sat = state.released(now.fund).0;
    let still_there = |part: &Part| {
        let taken_sat = amount(part).min(released_sat);
        released_sat -= taken_sat;
        amount(part) - taken_sat
    };
    now.parts.iter().map(still_there).collect()
}

/// Counts what is left of each part: a stage's payment took its own parts of that channel first, then general ones, the
/// older first.
pub(super) fn exactly(state: &Contract, channels: &mut [ChannelNow], taken: &[Taken]) {
    for now in channels {
        let full = set_aside(state, now);
        now.parts.iter_mut().zip(full).for_each(|(part, full_sat)| part.left = Sat(full_sat));
        for taken in taken.iter().filter(|taken| taken.fund == now.fund) {
            let mut gone = Sat(taken.amount_sat);
            let own = |part: &Part| part.stages.contains(&taken.stage);
            let general = |part: &Part| part.stages.is_empty();
            // What neither has was released since, out of another part than this count takes it from.
            for wanted in [&own as &dyn Fn(&Part) -> bool, &general, &|_: &Part| true] {
                for part in now.parts.iter_mut().filter(|part| wanted(part)) {
                    let amount = part.left.min(gone);
                    (part.left, gone) = (part.left.less(amount), gone.less(amount));
                }
            }
        }
    }
}
