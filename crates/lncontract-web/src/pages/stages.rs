//! The sign of a stage of a channel that opens.

use lncontract_app::view::{Progress, Tone};

use crate::format::tone_icon;

/// Behind us a tick, under way the sign of the channel's own state, to come a ring.
pub fn sign(progress: &Progress, tone: &Tone) -> &'static str {
    match (progress, tone) {
        (Progress::Done, _) => "tick",
        (Progress::Now, Tone::Warn) => "retry",
        (Progress::Now, tone) => tone_icon(tone),
        (Progress::Todo, _) => "ring",
    }
}
