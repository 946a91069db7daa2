//! How figures, dates and states are written on pages: UI.md sections 3 and 5, each rule once.
//!
//! Invariant: whatever comes in as text goes out escaped; nothing here knows a page, asks the clock or reads
//! state. Money: amounts are whole satoshi and stay integers to the last digit;
//! shares of bars are integer arithmetic.

mod amount;
mod date;
mod draw;
mod sign;

use std::{borrow::Borrow, fmt};

use lncontract_app::view::Quantity;
use lncontract_core::v1::Side;

pub use crate::assets::address as asset;
pub use amount::{blocks, data, grouped, millions, parse_amount, sat, share, units};
pub use date::{and_near, clock, date, day, nearness, stamp, today, weekday};
pub use draw::{Bar, coverage_bar, ours_bar, qr, ratio_bar, swatch};
pub use sign::{badge, icon, plain_badge, small_icon, tone_icon, tone_word};

/// Finished HTML: templates write it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup(pub String);

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Markup {}

/// Returns the text with the five characters that HTML gives a meaning replaced.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A long code in running text: its first and last six characters, the whole in the title.
/// An output keeps its `:index`.
pub fn short_hash(whole: impl fmt::Display) -> Markup {
    let whole = whole.to_string();
    let (code, index) =
        whole.split_once(':').map_or((whole.as_str(), None), |(code, index)| (code, Some(index)));
    let count = code.chars().count();
    let text = if count <= 16 {
        code.to_owned()
    } else {
        let head: String = code.chars().take(6).collect();
        let tail: String = code.chars().skip(count - 6).collect();
        format!("{head}…{tail}")
    };
    let index = index.map(|index| format!(":{index}")).unwrap_or_default();
    let (title, text) = (escape(&whole), escape(&format!("{text}{index}")));
    Markup(format!("<span class=\"hash nb\" title=\"{title}\">{text}</span>"))
}

/// A code for comparing by eye: groups of four.
pub fn fours(whole: impl fmt::Display) -> String {
    groups_of_four(&whole.to_string())
}

/// The first eight characters in two groups: enough to find an entry again.
pub fn brief(whole: impl fmt::Display) -> String {
    groups_of_four(&whole.to_string().chars().take(8).collect::<String>())
}

fn groups_of_four(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for (place, character) in text.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            out.push(' ');
        }
        out.push(character);
    }
    out
}

/// A part in a contract, as a table says it.
pub fn side(side: impl Borrow<Side>) -> &'static str {
    match side.borrow() {
        Side::Buyer => "Buyer",
        Side::Seller => "Seller",
    }
}

/// How much a row is about: an amount with its unit, or a count of goods.
pub fn quantity(quantity: impl Borrow<Quantity>) -> Markup {
    match quantity.borrow() {
        Quantity::Sat(value) => sat(value),
        Quantity::Units(count) => Markup(units(count)),
    }
}

/// The first letter as a capital: a rule or a reason that begins a sentence.
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_html_gives_a_meaning_is_escaped() {
        assert_eq!(escape("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
    }

    #[test]
    fn hashes_are_short_in_text_and_whole_in_the_title() {
        let outpoint = "e655e24717c686b67464f47dbbbe864cd77a7938c492084941b65986e937eae6:0";
        let html = short_hash(outpoint).0;
        assert!(html.contains(">e655e2…37eae6:0<"), "{html}");
        assert!(html.contains(&format!("title=\"{outpoint}\"")), "{html}");
        assert!(!short_hash("<script>alert(1)</script>").0.contains("<script>"));
    }

    #[test]
    fn codes_stand_in_groups_of_four() {
        let check = |text: &str, expect: &str| assert_eq!(fours(text), expect);
        check("", "");
        check("abcd", "abcd");
        check("abcde", "abcd e");
        check("bdfc35170f57", "bdfc 3517 0f57");
        assert_eq!(brief("bdfc35170f57"), "bdfc 3517");
    }

    #[test]
    fn a_sentence_begins_with_a_capital() {
        assert_eq!(sentence("serial 0002 missing"), "Serial 0002 missing");
        assert_eq!(sentence(""), "");
    }
}
