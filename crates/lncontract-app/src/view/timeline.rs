//! The view of the timeline: what happened and is to come, lane by lane.

use jiff::civil::Date;
use serde::Serialize;

use super::Tone;

/// The contract over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimelineView {
    /// The first day that is drawn.
    pub from: Date,
    /// The last day that is drawn.
    pub to: Date,
    /// Milestones, funding, channels: one lane each.
    pub lanes: Vec<Lane>,
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lane {
    /// What it is about.
    pub title: String,
    /// How much it is worth.
    pub amount_sat: u64,
    /// What lasts: examinations, a channel's life.
    pub spans: Vec<TimelineSpan>,
    /// What falls on a day.
    pub marks: Vec<TimelineMark>,
}

/// What falls on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimelineMark {
    /// Its sign.
    pub sign: Sign,
    /// The day: when it happened, else when it is due.
    pub day: Date,
    /// Whether that day hangs on an event not yet happened.
    pub expected: bool,
    /// How it is to be felt.
    pub tone: Tone,
    /// Whether it has happened.
    pub done: bool,
    /// What, in words.
    pub what: String,
}

/// Signs of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// Money paid.
    Payment,
    /// Goods delivered or work done.
    Work,
    /// Money set aside.
    Funding,
}

/// What lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimelineSpan {
    /// Its kind.
    pub kind: SpanKind,
    /// Its first day.
    pub from: Date,
    /// Its last day, as far as is known; it goes on where it is none.
    pub to: Option<Date>,
    /// What, in words.
    pub what: String,
}

/// Kinds of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpanKind {
    /// A tender under examination, or accepted.
    Tender,
    /// A tender that was rejected.
    Rejected,
    /// A channel on its way.
    Confirming,
    /// An open channel.
    Open,
    /// A channel on its way to its end.
    Closing,
}
