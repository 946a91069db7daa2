//! The channels on the way through the outlook: tranches go in, payments go out.
//!
//! Invariant: no more goes out of a channel than it can send, and each payment goes over the channels that `choose`
//! chooses. What a tranche leaves to be sent follows the limits of the node.

use serde::Serialize;

use super::{ChannelNow, Expected, Part, Piece, StageOutlook, Standing, choice::Way, choose};
use crate::{
    Contract, Hash, Sat, Time,
    v1::{Duty, Instrument, Obligation, Terms},
};

/// What a channel holds back, and what a node can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// The reserve of a channel, in percent of its size (BOLT 2: 1).
    pub reserve_percent: u64,
    /// Kept in each channel for the fees of its commitment transaction.
    pub fee_buffer: Sat,
    /// The part of its first size that a channel may have in flight, in percent, fixed at the opening.
    pub in_flight_percent: u64,
    /// Whether the node can add money to an open channel; if not, a splice of the plan is a further channel.
    pub splice: bool,
}

impl Default for Limits {
    /// Those of the embedded node.
    fn default() -> Self {
        Self { reserve_percent: 1, fee_buffer: Sat(10_000), in_flight_percent: 100, splice: true }
    }
}

impl Limits {
    /// Returns what a channel of that size can send, all of it being the buyer's.
    pub fn can_send(&self, size: Sat) -> Sat {
        size.less(self.reserve(size)).less(self.fee_buffer)
    }

    /// Returns the reserve of a channel of that size, rounded up.
    pub(crate) fn reserve(&self, size: Sat) -> Sat {
        Sat(size.0.saturating_mul(self.reserve_percent).div_ceil(100))
    }

    pub(crate) fn in_flight(&self, size: Sat) -> Sat {
        Sat(size.0.saturating_mul(self.in_flight_percent) / 100)
    }
}

/// The channels on the way.
#[derive(Clone)]
pub(super) struct Walk<'a> {
    contract: Hash,
    terms: &'a Terms,
    limits: &'a Limits,
    pub(super) channels: Vec<ChannelNow>,
    paid: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        contract: &Contract,
        terms: &'a Terms,
        channels: &[ChannelNow],
        limits: &'a Limits,
    ) -> Self {
        let id = contract.id();
        let own = channels.iter().filter(|channel| channel.contract == id).cloned();
        Self { contract: id, terms, limits, channels: own.collect(), paid: 0 }
    }

    pub(super) fn now(&self) -> Sat {
        let usable = self.channels.iter().filter(|channel| channel.standing == Standing::Usable);
        let sends = |channel: &ChannelNow| {
            let left = channel.parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.left.0));
            channel.can_send.0.min(left)
        };
        Sat(usable.fold(0_u64, |sum, channel| sum.saturating_add(sends(channel))))
    }

    /// Whose peer is away now is expected to come back.
    pub(super) fn come_back(&mut self) {
        for channel in self.channels.iter_mut().filter(|channel| channel.standing == Standing::Away) {
            channel.standing = Standing::Usable;
        }
    }

    /// Puts a tranche in. Returns how much it is.
    pub(super) fn fund(&mut self, row: &Obligation) -> Sat {
        let Duty::Fund { tranche } = &row.duty else { return Sat::ZERO };
        let Some(tranche) = self.terms.tranche(tranche) else { return Sat::ZERO };
        let amount = tranche.amount;
        let part = Part { tranche: tranche.id.clone(), stages: tranche.stages.clone(), left: amount };
        let into = match &tranche.instrument {
            Instrument::SpliceIn { into } if self.limits.splice => Some(into),
            _ => None,
        };
        let is_base = |channel: &&mut ChannelNow| {
            channel.standing != Standing::Closing && channel.parts.first().map(|part| &part.tranche) == into
        };
        if into.is_some()
            && let Some(channel) = self.channels.iter_mut().find(is_base)
        {
            channel.parts.push(part);
            let more = amount.less(self.limits.reserve(amount));
            channel.can_send = Sat(channel.can_send.0.saturating_add(more.0));
            channel.at_once = channel.can_send.min(channel.in_flight_limit);
        } else {
            let (can_send, in_flight_limit) = (self.limits.can_send(amount), self.limits.in_flight(amount));
            self.channels.push(ChannelNow {
                contract: self.contract,
                // No entry yet: a number of its own tells it from the others.
                fund: stand_in(self.channels.len()),
                parts: vec![part],
                standing: Standing::Usable,
                can_send,
                at_once: can_send.min(in_flight_limit),
                in_flight_limit,
            });
        }
        amount
    }

    /// Asks how a payment is covered now, those before it being paid first.
    pub(super) fn ask(&self, expected: &[Expected], index: usize, at: Time) -> StageOutlook {
        let mut then = self.clone();
        for payment in expected.iter().take(index).skip(self.paid) {
            then.pay(payment);
        }
        let payment = &expected[index];
        let missing = match choose(then.contract, &payment.milestone, payment.amount, &then.channels).way {
            Way::Short { missing, .. } => missing,
            Way::OnePiece { .. } | Way::Split { .. } => Sat::ZERO,
        };
        StageOutlook {
            expected: payment.clone(),
            covered_by: at,
            covered: payment.amount.less(missing),
            missing,
            in_one_piece: false,
        }
    }

    /// Pays as much as the channels can. Tells whether all of it went over one channel.
    pub(super) fn pay(&mut self, payment: &Expected) -> bool {
        self.paid += 1;
        let way = choose(self.contract, &payment.milestone, payment.amount, &self.channels).way;
        let (pieces, in_one_piece) = match way {
            Way::OnePiece { fund } => (vec![Piece { fund, amount: payment.amount }], true),
            Way::Split { pieces } => (pieces, false),
            Way::Short { now, .. } => (now, false),
        };
        for piece in pieces {
            if let Some(channel) = self.channels.iter_mut().find(|channel| channel.fund == piece.fund) {
                channel.draw(&payment.milestone, piece.amount);
            }
        }
        in_one_piece
    }
}

/// An id for a channel that has no entry yet.
fn stand_in(number: usize) -> Hash {
    let mut id = Hash::ZERO;
    let number = u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes();
    id.0[..number.len()].copy_from_slice(&number);
    id.0[31] = 1;
    id
}

impl ChannelNow {
    /// Takes a payment out: the stage's own earmark first, then the general one.
    fn draw(&mut self, stage: &str, amount: Sat) {
        self.can_send = self.can_send.less(amount);
        self.at_once = self.can_send.min(self.in_flight_limit);
        let mut missing = amount;
        for own in [true, false] {
            for part in
                self.parts.iter_mut().filter(|part| part.is_for(stage) && part.stages.is_empty() != own)
            {
                let taken = part.left.min(missing);
                (part.left, missing) = (part.left.less(taken), missing.less(taken));
            }
        }
    }
}
