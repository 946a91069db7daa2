//! Signs: every state is a tone, an icon and a word (UI.md section 5),
//! so that colour never carries the meaning alone.

use std::borrow::Borrow;

use lncontract_app::view::{Badge, Tone};

use super::{Markup, escape};
use crate::assets;

/// An icon of the sprite, as decoration beside a word.
pub fn icon(name: &str) -> Markup {
    drawn(name, "i")
}

/// The same, for buttons and running text.
pub fn small_icon(name: &str) -> Markup {
    drawn(name, "i s")
}

fn drawn(name: &str, class: &str) -> Markup {
    let sprite = assets::address("icons.svg");
    Markup(format!(
        "<svg class=\"{class}\" aria-hidden=\"true\"><use href=\"{sprite}#i-{}\"/></svg>",
        escape(name)
    ))
}

/// A state with its ground.
pub fn badge(state: &Badge) -> Markup {
    worded(state, "badge")
}

/// A state without ground, where a column would become a rainbow.
pub fn plain_badge(state: &Badge) -> Markup {
    worded(state, "badge plain")
}

fn worded(state: &Badge, class: &str) -> Markup {
    let (tone, sign, word) = (tone_word(state.tone), icon(sign_of(state)), escape(&state.word));
    Markup(format!("<span class=\"{class}\" data-tone=\"{tone}\">{sign}{word}</span>"))
}

/// The value of `data-tone`.
pub fn tone_word(tone: impl Borrow<Tone>) -> &'static str {
    match tone.borrow() {
        Tone::Good => "good",
        Tone::Busy => "busy",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
        Tone::Mute => "mute",
    }
}

/// The icon that stands for a tone where no word says more.
pub fn tone_icon(tone: impl Borrow<Tone>) -> &'static str {
    match tone.borrow() {
        Tone::Good => "check",
        Tone::Busy => "wait",
        Tone::Warn => "warn",
        Tone::Bad => "stop",
        Tone::Mute => "ring",
    }
}

/// Words of UI.md section 5 that have a sign of their own; the first that fits.
const SIGNS: &[(&str, &str)] = &[
    ("Not seen", "noeye"),
    ("Seen", "eye"),
    ("Connected", "link"),
    ("Trying again", "retry"),
    ("Your answer", "pen"),
    ("Their answer", "pen"),
    ("Draft", "pen"),
    ("Tendered", "box"),
    ("Waiting for approval", "approve"),
    ("Late", "warn"),
    ("Closed", "shut"),
    ("Released", "shut"),
    ("Waived", "shut"),
    ("Overtaken", "shut"),
];

fn sign_of(state: &Badge) -> &'static str {
    let own = SIGNS.iter().find(|(word, _)| state.word.starts_with(word));
    own.map_or_else(|| tone_icon(state.tone), |(_, sign)| sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_tone_sign_and_word() {
        let check = |tone, word: &str, sign: &str| {
            let html = badge(&Badge::new(tone, word)).0;
            assert!(html.contains(&format!("data-tone=\"{}\"", tone_word(tone))), "{html}");
            assert!(html.contains(&format!("#i-{sign}\"")), "{html}");
            assert!(html.contains(&format!("</svg>{word}</span>")), "{html}");
        };
        check(Tone::Good, "In force", "check");
        check(Tone::Good, "Seen by Castor", "eye");
        check(Tone::Bad, "Not seen", "noeye");
        check(Tone::Good, "Connected", "link");
        check(Tone::Warn, "Trying again", "retry");
        check(Tone::Warn, "Your answer", "pen");
        check(Tone::Busy, "Confirming 1 of 3", "wait");
        check(Tone::Mute, "Expected", "ring");
        check(Tone::Bad, "5 days late", "stop");
    }

    #[test]
    fn a_word_from_outside_is_escaped() {
        assert!(badge(&Badge::new(Tone::Bad, "<b>")).0.contains("&lt;b&gt;"));
    }

    #[test]
    fn every_sign_is_in_the_sprite() {
        let sprite = include_str!("../../assets/icons.svg");
        let tones = [Tone::Good, Tone::Busy, Tone::Warn, Tone::Bad, Tone::Mute].map(tone_icon);
        for sign in SIGNS.iter().map(|(_, sign)| *sign).chain(tones) {
            assert!(sprite.contains(&format!("id=\"i-{sign}\"")), "{sign}");
        }
    }
}
