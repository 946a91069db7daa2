//! The account: our books beside our node, to the millisatoshi and at each moment.
//!
//! Invariant: the books are made from the ledger and from transactions as blocks hold them, never from a balance
//! of the node, so that a satoshi that the node has lost is seen here.
//!
//! A channel that was closed alone is booked in three steps. Until a block holds the closing transaction all
//! that was ours in the channel is on its way back. Then what the transaction did not leave us has been spent:
//! its fee and the anchors (BOLT 3: the opener pays both), fractions of a satoshi, a balance below the dust
//! limit. At last a sweep brings the output into the wallet, less its own fee. What we take of an output that
//! was not ours (the other side published an old state) is income. Payments that were in flight when the channel
//! closed are a difference until they are decided.

use std::collections::BTreeSet;

use lncontract_lightning::{Channel, ChannelState, ForcedClose, OnchainMovement};
use lncontract_store::LedgerRow;

use crate::{App, AppError};

/// What an anchor output holds (BOLT 3). No other output is that small: it would be below the dust limit.
const ANCHOR_SAT: u64 = 330;

const LEDGER_PAGE: u32 = 1_000;

/// Our books beside our node. Equal to the millisatoshi, or something is to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Account {
    /// What came in, less what went out, less fees: deposits, payments, and what transactions cost.
    pub ledger_msat: i64,
    /// What the node holds: on chain, in channels, and on its way back from channels.
    pub node_msat: i64,
    /// What transactions cost: of ours, of the closing of channels that we opened, of sweeps.
    pub onchain_fee_sat: u64,
}

impl App {
    /// Our books beside our node.
    ///
    /// # Errors
    /// When the node does not run.
    pub async fn account(&self) -> Result<Account, AppError> {
        let lines = self.ledger_lines().await?;
        self.account_with(lines.iter().map(|line| line.amount_msat - line.fee_msat.cast_signed()).sum()).await
    }

    /// The same, for whoever has the sum of the ledger.
    pub(crate) async fn account_with(&self, payments_msat: i64) -> Result<Account, AppError> {
        let node = self.node().await?;
        let balances = node.balances().await.map_err(AppError::from)?;
        let channels = node.channels().await.map_err(AppError::from)?;
        let movements = node.onchain_movements().await.map_err(AppError::from)?;
        let closes = node.forced_closes().await.map_err(AppError::from)?;
        let books = Books::of(&movements, &channels, &closes);
        let held_sat = balances.onchain_total_sat + balances.closing_sat;
        Ok(Account {
            ledger_msat: books.deposits_sat.cast_signed() * 1_000 - books.cost_msat + payments_msat,
            node_msat: (held_sat * 1_000 + balances.channels_msat).cast_signed(),
            onchain_fee_sat: u64::try_from(books.cost_msat).unwrap_or(0).div_ceil(1_000),
        })
    }

    /// The whole ledger of the company.
    pub(crate) async fn ledger_lines(&self) -> Result<Vec<LedgerRow>, AppError> {
        let mut all: Vec<LedgerRow> = Vec::new();
        loop {
            let after = all.last().map_or(0, |last| last.position);
            let page = self.store.ledger(None, after, LEDGER_PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}

/// What came from outside, and what transactions cost us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Books {
    deposits_sat: u64,
    /// Below zero where we took more than a fee cost.
    cost_msat: i64,
}

impl Books {
    fn of(movements: &[OnchainMovement], channels: &[Channel], closes: &[ForcedClose]) -> Self {
        let mut books = Self::default();
        for channel in channels {
            match closes.iter().find(|close| close.opening == channel.opening) {
                Some(close) => books.cost_msat += cost_msat(channel, close),
                // On its way back in whole satoshis; the rest is lost with the closing transaction.
                None if matches!(channel.state, ChannelState::Closing { .. }) => {
                    books.cost_msat += (channel.local_msat % 1_000).cast_signed();
                }
                None => {}
            }
        }
        for movement in movements {
            books.movement(movement, channels, closes);
        }
        books
    }

    fn movement(&mut self, movement: &OnchainMovement, channels: &[Channel], closes: &[ForcedClose]) {
        let closed = channels.iter().find(|channel| match channel.state {
            ChannelState::Closed { forced: false, closing_tx } => closing_tx == Some(movement.txid),
            _ => false,
        });
        let spends = |close: &&ForcedClose| close.spent_by.iter().any(|(_, by)| *by == movement.txid);
        if let Some(channel) = closed {
            self.cost_msat += closed_together_msat(channel, movement);
            return;
        }
        // Money that goes from the wallet into a channel of ours or back is neither deposit nor fee.
        let mut splices = channels.iter().flat_map(|channel| &channel.splices);
        let splice = splices.find(|splice| splice.funding.is_some_and(|at| at.txid == movement.txid));
        let fee_sat = if let Some(splice) = splice {
            splice.fee_sat
        } else if closes.iter().any(|close| spends(&close)) {
            let swept_sat: u64 = closes.iter().map(|close| swept_sat(close, movement)).sum();
            (movement.sent_sat + swept_sat).saturating_sub(movement.received_sat)
        } else if movement.sent_sat == 0 {
            self.deposits_sat += movement.received_sat;
            0
        } else {
            movement.fee_sat.unwrap_or_else(|| unknown_fee_sat(movement))
        };
        self.cost_msat += (fee_sat * 1_000).cast_signed();
    }
}

/// The cost of a transaction that also spends what the wallet does not know: a fee bump over an anchor, before
/// its parent is in a block. All that it pays out comes back to us.
fn unknown_fee_sat(movement: &OnchainMovement) -> u64 {
    if movement.outputs_sat == movement.received_sat {
        movement.sent_sat.saturating_sub(movement.received_sat)
    } else {
        0
    }
}

/// What closing together cost us: the opener pays the fee (BOLT 2, closing_signed), each its fraction of a
/// satoshi.
fn closed_together_msat(channel: &Channel, closing: &OnchainMovement) -> i64 {
    let capacity_msat = channel.capacity_sat * 1_000;
    let remote_msat = capacity_msat.saturating_sub(channel.local_msat);
    let lost_msat = capacity_msat.saturating_sub(closing.outputs_sat * 1_000);
    let ours_msat = if channel.outbound {
        lost_msat.saturating_sub(remote_msat % 1_000)
    } else {
        channel.local_msat % 1_000
    };
    ours_msat.cast_signed()
}

/// What of a closing transaction the wallet's transaction spends; an anchor was given up with the channel.
fn swept_sat(close: &ForcedClose, by: &OnchainMovement) -> u64 {
    let spent = close.spent_by.iter().filter(|(_, txid)| *txid == by.txid);
    spent.filter_map(|(index, _)| value(close, *index)).filter(|sat| *sat != ANCHOR_SAT).sum()
}

fn value(close: &ForcedClose, index: u32) -> Option<u64> {
    close.outputs_sat.get(usize::try_from(index).ok()?).copied()
}

/// What the close itself cost us: our balance less what the closing transaction left us, and less what we took
/// of the rest.
fn cost_msat(channel: &Channel, close: &ForcedClose) -> i64 {
    let ours = ours(channel, close);
    let sum_sat = |indices: &mut dyn Iterator<Item = u32>| -> u64 {
        indices.filter_map(|index| value(close, index)).filter(|sat| *sat != ANCHOR_SAT).sum()
    };
    let left_sat = sum_sat(&mut ours.iter().copied());
    let taken_sat =
        sum_sat(&mut close.spent_by.iter().map(|(index, _)| *index).filter(|index| !ours.contains(index)));
    channel.local_msat.cast_signed() - ((left_sat + taken_sat) * 1_000).cast_signed()
}

/// The outputs that are ours by our balance. The side that did not open pays no fee, so its output is its
/// balance; the rest is the opener's.
fn ours(channel: &Channel, close: &ForcedClose) -> BTreeSet<u32> {
    let local_sat = channel.local_msat / 1_000;
    let remote_sat = (channel.capacity_sat * 1_000).saturating_sub(channel.local_msat) / 1_000;
    let whole_sat = if channel.outbound { remote_sat } else { local_sat };
    let outputs = || (0..).zip(&close.outputs_sat).filter(|(_, sat)| **sat != ANCHOR_SAT);
    let whole = outputs().find(|(_, sat)| **sat == whole_sat).map(|(index, _)| index);
    if channel.outbound {
        outputs().map(|(index, _)| index).filter(|index| Some(*index) != whole).collect()
    } else {
        whole.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
