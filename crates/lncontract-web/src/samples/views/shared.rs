//! What the sample contract shares with others: a part of a channel, a release that is free, one that is set aside.

use lncontract_app::view::*;
use lncontract_core::v1::Part;

use super::{badge, contract::stage, hash};

/// What another contract released, set aside here.
pub(super) fn part(like: &ChannelCard) -> ChannelCard {
    ChannelCard {
        fund: hash(0x17),
        tranche: Some("channel-4".into()),
        title: "Channel 4, commissioning".into(),
        size_sat: 4_000_000,
        outpoint: Some(format!("{}:1", hash(0x2c))),
        state: badge(Tone::Good, "Open"),
        stages: vec![stage("Open", Progress::Done, Some("2026-10-21T09:00:00Z"))],
        seen: badge(Tone::Good, "Seen by us and by Castor"),
        sight: SightView::default(),
        part_of: Some(PartLine { contract: hash(0x70), number: "SC-2025-009".into() }),
        ..like.clone()
    }
}

pub(super) fn released() -> ReleaseLine {
    ReleaseLine {
        splice: SpliceLine {
            fund: hash(0x15),
            title: "Release".into(),
            amount_sat: 4_000_000,
            outpoint: None,
            state: badge(Tone::Mute, "Not taken back yet"),
            stages: vec![
                stage("Released", Progress::Now, Some("2026-10-28T09:00:00Z")),
                stage("Confirming", Progress::Todo, None),
                stage("Taken back", Progress::Todo, None),
            ],
            seen: badge(Tone::Mute, "Not seen yet"),
            sight: SightView::default(),
            trouble: String::new(),
        },
        can_take_back: true,
        set_aside_for: None,
    }
}

pub(super) fn set_aside() -> ReleaseLine {
    let at = Some("2026-10-20T09:00:00Z");
    let splice = SpliceLine {
        fund: hash(0x16),
        amount_sat: 3_000_000,
        state: badge(Tone::Good, "Set aside again"),
        stages: vec![
            stage("Released", Progress::Done, at),
            stage("Confirmed", Progress::Done, at),
            stage("Set aside again", Progress::Done, at),
        ],
        ..released().splice
    };
    let number = "SC-2026-031".into();
    let set_aside_for = Some(PartLine { contract: hash(0x71), number });
    ReleaseLine { splice, can_take_back: false, set_aside_for }
}

/// What another contract with Castor released, of as much as channel 2 asks for.
pub fn free_parts() -> Vec<FreePart> {
    let part = Part { contract: hash(0x70), channel: hash(0x72), release: hash(0x73) };
    vec![FreePart { part, number: "SC-2025-009".into(), amount_sat: 60_000_000 }]
}
