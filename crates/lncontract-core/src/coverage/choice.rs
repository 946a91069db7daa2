//! Which channels pay an amount. Invariant: the pieces sum to the amount, or to what can be paid now with what is
//! missing beside it; each is within what its channel carries. The same channels give the same choice.

use serde::Serialize;

use super::{ChannelNow, Standing};
use crate::{Hash, Sat};

/// How an amount is to be paid, and why not over the other channels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// How.
    pub way: Way,
    /// Each channel that was passed over or not enough by itself, with the reason.
    pub passed_over: Vec<(Hash, Why)>,
}

/// How an amount is to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Way {
    /// In one piece over one channel.
    OnePiece {
        /// Its `fund` entry.
        fund: Hash,
    },
    /// One payment in parts over several channels, all or nothing (BOLT 4, multi-part).
    Split {
        /// What goes over each.
        pieces: Vec<Piece>,
    },
    /// Not all of it can be paid now.
    Short {
        /// What can be paid now, as an instalment, if the parties agree to one.
        now: Vec<Piece>,
        /// What is missing.
        missing: Sat,
    },
}

/// What goes over one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Its `fund` entry.
    pub fund: Hash,
    /// How much.
    pub amount: Sat,
}

/// Why a channel does not pay the amount alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Why {
    /// It is earmarked to another contract.
    OtherContract,
    /// It is earmarked to other stages.
    OtherStages,
    /// Its peer is away.
    Away,
    /// It is closing.
    Closing,
    /// Less is left of its earmark than the amount.
    Earmark {
        /// What is left.
        left: Sat,
    },
    /// It can't send the amount at all.
    CanSend {
        /// What it can send.
        most: Sat,
    },
    /// It could send it, but not at once.
    AtOnce {
        /// What one payment can carry.
        most: Sat,
    },
}

/// Chooses the channels that pay an amount for a stage of a contract.
pub fn choose(contract: Hash, stage: &str, amount: Sat, channels: &[ChannelNow]) -> Choice {
    let mut passed_over = Vec::new();
    let (mut own, mut general) = (Vec::new(), Vec::new());
    for channel in channels {
        if let Some(why) = why_not(contract, stage, amount, channel) {
            passed_over.push((channel.fund, why));
        }
        let carries = channel.carries(stage);
        if channel.contract == contract && channel.standing == Standing::Usable && carries > Sat::ZERO {
            let group = if channel.is_of(stage) { &mut own } else { &mut general };
            group.push(Piece { fund: channel.fund, amount: carries });
        }
    }
    let mut pieces = Vec::new();
    let missing = take(&mut own, amount, &mut pieces);
    let missing = take(&mut general, missing, &mut pieces);
    let way = match (missing, pieces.as_slice()) {
        (Sat::ZERO, [one]) => Way::OnePiece { fund: one.fund },
        (Sat::ZERO, _) => Way::Split { pieces },
        _ => Way::Short { now: pieces, missing },
    };
    Choice { way, passed_over }
}

/// Takes an amount from a group: the smallest channel that carries it alone, or else the largest first. Returns what
/// is missing.
fn take(group: &mut [Piece], amount: Sat, pieces: &mut Vec<Piece>) -> Sat {
    if amount == Sat::ZERO {
        return amount;
    }
    group.sort_by_key(|piece| piece.amount);
    if let Some(one) = group.iter().find(|piece| piece.amount >= amount) {
        pieces.push(Piece { fund: one.fund, amount });
        return Sat::ZERO;
    }
    let mut missing = amount;
    for piece in group.iter().rev() {
        let amount = piece.amount.min(missing);
        if amount > Sat::ZERO {
            pieces.push(Piece { fund: piece.fund, amount });
            missing = missing.less(amount);
        }
    }
    missing
}

fn why_not(contract: Hash, stage: &str, amount: Sat, channel: &ChannelNow) -> Option<Why> {
    if channel.contract != contract {
        return Some(Why::OtherContract);
    }
    if !channel.parts.iter().any(|part| part.is_for(stage)) {
        return Some(Why::OtherStages);
    }
    match channel.standing {
        Standing::Closing => return Some(Why::Closing),
        Standing::Away => return Some(Why::Away),
        Standing::Usable => {}
    }
    let left = channel.earmarked(stage);
    if channel.carries(stage) >= amount {
        None
    } else if left < amount && left <= channel.can_send {
        Some(Why::Earmark { left })
    } else if channel.can_send < amount {
        Some(Why::CanSend { most: channel.can_send })
    } else {
        Some(Why::AtOnce { most: channel.at_once })
    }
}
