//! What was released of a channel, as the contract's page shows it, and what may be.

use lncontract_core::{
    status::{ChannelView, Progress as Stage},
    v1::Side,
};
use lncontract_lightning::{Channel, SpliceState};

use super::channel::{Desk, stages};
use crate::{
    fund::opening_id,
    release::room_sat,
    view::{Badge, ReleaseLine, Tone},
};

/// The words of its three stages: the first while it lasts and once it is over.
const RELEASING: [&str; 3] = ["Released", "Released", "Taken back"];

/// Of one that is set aside for another contract: nothing leaves the channel.
const SETTING_ASIDE: [&str; 3] = ["Released", "Released", "Set aside again"];

impl Desk<'_> {
    /// What we may release of a channel now: as much as the record and our node allow.
    pub(super) fn releasable_sat(&self, channel: &ChannelView, open: Option<&Channel>) -> u64 {
        match (self.live.our_side, open) {
            (Side::Seller, Some(open)) => {
                let beside_sat = self.parts.beside.get(&channel.fund).copied().unwrap_or(0);
                channel.releasable.0.min(room_sat(open).saturating_sub(beside_sat))
            }
            _ => 0,
        }
    }

    /// A release, as a line of its channel.
    pub(super) fn release(&self, part: &ChannelView, seen: Option<&Channel>) -> ReleaseLine {
        let id = opening_id(part.fund);
        let seen = seen.and_then(|seen| seen.splices.iter().find(|seen| seen.id == id));
        let mut splice = self.line(part, seen);
        splice.title = "Release".into();
        let confirming = match seen.map(|seen| &seen.state) {
            Some(SpliceState::Pending { .. }) => Some(splice.state.word.clone()),
            _ => None,
        };
        splice.stages = stages(&self.live.record, part, &RELEASING, confirming);
        let waits = part.progress == Stage::Announced && seen.is_none();
        let ordered = self.opening(part.fund).is_some();
        let used = self.parts.used.get(&part.fund).filter(|_| seen.is_none());
        let set_aside_for = used.map(|used| self.parts.line(*used));
        if set_aside_for.is_some() {
            splice.stages = stages(&self.live.record, part, &SETTING_ASIDE, None);
        }
        match part.progress {
            Stage::Announced if set_aside_for.is_some() => {
                splice.state = Badge::new(Tone::Busy, "Being set aside again");
            }
            Stage::Open if set_aside_for.is_some() => {
                splice.state = Badge::new(Tone::Good, "Set aside again");
            }
            Stage::Announced if waits && !ordered => {
                splice.state = Badge::new(Tone::Mute, "Not taken back yet")
            }
            Stage::Open => splice.state = Badge::new(Tone::Good, "Taken back"),
            Stage::Failed => {
                splice.state = Badge::new(Tone::Bad, "Failed");
                let why = seen.and_then(|seen| match &seen.state {
                    SpliceState::Failed(failure) => Some(format!("{failure}. ")),
                    _ => None,
                });
                let next = "Nothing left the channel, and the release is void: the seller may sign another";
                splice.trouble = format!("{}{next}", why.unwrap_or_default());
            }
            _ => {}
        }
        let settled = self.live.record.settled(&part.fund);
        let ours = self.live.our_side == Side::Buyer;
        let can_take_back = ours && waits && settled && !ordered && set_aside_for.is_none();
        ReleaseLine { splice, can_take_back, set_aside_for }
    }
}
