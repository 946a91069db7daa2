//! Amounts: grouped by three with U+202F, the plain figure beside it for machines, and read back from a form.
//!
//! Templates hand over references, code hands over values: `Borrow` takes both.
//! Money: a figure is never shortened and never leaves the integers; what cannot be read is refused,
//! not guessed.

use std::borrow::Borrow;

use super::Markup;

/// Between groups of three: a narrow no-break space.
const GROUP: char = '\u{202f}';
/// Between a figure and its unit: a no-break space.
const GAP: char = '\u{a0}';

/// The digits in groups of three.
pub fn grouped(value: impl Borrow<u64>) -> String {
    let digits = value.borrow().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len());
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(GROUP);
        }
        out.push(digit);
    }
    out
}

/// A figure without its unit, for a column or a strip that names the unit in its head.
pub fn data(value: impl Borrow<u64>) -> Markup {
    let value = *value.borrow();
    Markup(format!("<data value=\"{value}\">{}</data>", grouped(value)))
}

/// A height or a count of blocks.
pub fn blocks<T: Copy + Into<u64>>(count: &T) -> Markup {
    data((*count).into())
}

/// An amount with its unit, kept on one line.
pub fn sat(value: impl Borrow<u64>) -> Markup {
    Markup(format!("<span class=\"nb\">{}{GAP}sat</span>", data(value)))
}

/// A count of goods: `1 unit`, `2 units`.
pub fn units(count: impl Borrow<u64>) -> String {
    let count = *count.borrow();
    let word = if count == 1 { "unit" } else { "units" };
    format!("{}{GAP}{word}", grouped(count))
}

/// A whole number of tenths of a million as `25 M`, for a chart beside full figures; anything else in full.
pub fn millions(value: u64) -> String {
    match (value / 1_000_000, value % 1_000_000 / 100_000, value % 100_000) {
        (whole @ 1.., 0, 0) => format!("{}{GAP}M", grouped(whole)),
        (whole @ 1.., tenths, 0) => format!("{}.{tenths}{GAP}M", grouped(whole)),
        _ => grouped(value),
    }
}

/// A part of a whole in percent, rounded down: 99.6 is 99, and nothing of nothing is 100.
pub fn share(part: impl Borrow<u64>, whole: impl Borrow<u64>) -> String {
    let (part, whole) = (*part.borrow(), *whole.borrow());
    let percent = if whole == 0 { 100 } else { u128::from(part) * 100 / u128::from(whole) };
    format!("{percent}{GAP}%")
}

/// Reads an amount as a person types it: digits, with spaces, commas,
/// dots or apostrophes between groups of three.
pub fn parse_amount(text: &str) -> Option<u64> {
    let text = text.trim();
    let between = |c: char| c.is_whitespace() || matches!(c, ',' | '.' | '\'' | '’' | '\u{202f}' | '\u{a0}');
    let groups: Vec<&str> = text.split(between).collect();
    let (first, others) = groups.split_first()?;
    let plain = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let well_grouped = others.is_empty()
        || (first.len() <= 3 && others.iter().all(|group| plain(group) && group.len() == 3));
    if plain(first) && well_grouped { groups.concat().parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_and_carry_their_plain_figure() {
        let check = |value: u64, expect: &str| {
            assert_eq!(grouped(value), expect.replace('_', "\u{202f}"));
            assert!(data(value).0.contains(&format!("value=\"{value}\"")));
        };
        check(0, "0");
        check(999, "999");
        check(1_000, "1_000");
        check(1_666_674, "1_666_674");
        check(30_000_000, "30_000_000");
        check(150_000_000, "150_000_000");
        check(u64::MAX, "18_446_744_073_709_551_615");
        assert!(sat(30_000_000).0.ends_with("</data>\u{a0}sat</span>"));
    }

    #[test]
    fn amounts_are_read_as_people_type_them_and_nothing_else_is() {
        let check = |text: &str, expect: Option<u64>| assert_eq!(parse_amount(text), expect, "{text:?}");
        check("30000000", Some(30_000_000));
        check(" 30 000 000 ", Some(30_000_000));
        check("30\u{202f}000\u{202f}000", Some(30_000_000));
        check("30,000,000", Some(30_000_000));
        check("30.000.000", Some(30_000_000));
        check("30'000'000", Some(30_000_000));
        check("0", Some(0));
        check("", None);
        check("30.5", None);
        check("3000 000", None);
        check("30 00", None);
        check("-5", None);
        check("+5", None);
        check("30 M", None);
        check("30,,000", None);
        check("99999999999999999999", None);
    }

    #[test]
    fn millions_are_short_only_where_nothing_is_lost() {
        let check = |value, expect: &str| {
            assert_eq!(millions(value), expect.replace('_', "\u{202f}").replace(' ', "\u{a0}"))
        };
        check(25_000_000, "25 M");
        check(1_500_000, "1.5 M");
        check(1_666_674, "1_666_674");
        check(900_000, "900_000");
        check(0, "0");
    }

    #[test]
    fn shares_round_down() {
        let check = |part, whole, expect: &str| assert_eq!(share(part, whole), format!("{expect}\u{a0}%"));
        check(996, 1_000, "99");
        check(30_000_000, 30_000_000, "100");
        check(0, 0, "100");
        check(u64::MAX, u64::MAX, "100");
    }

    #[test]
    fn one_unit_is_not_units() {
        assert_eq!(units(1), "1\u{a0}unit");
        assert_eq!(units(12), "12\u{a0}units");
    }
}
