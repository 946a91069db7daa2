//! Dates as `2 Nov 2026` and how near they are. Civil dates are the contract's; instants are told in UTC.

use std::{borrow::Borrow, fmt::Display};

use jiff::{civil::Date, tz::TimeZone};
use lncontract_core::Time;

use super::Markup;

/// From that many days before it on, a date is soon.
const SOON_DAYS: i64 = 10;

/// A civil date: `2 Nov 2026`.
pub fn date(date: impl Borrow<Date>) -> Markup {
    let date = *date.borrow();
    tagged(date, date.strftime("%-d %b %Y"))
}

/// A civil date where someone must act: `Mon 2 Nov 2026`.
pub fn weekday(date: impl Borrow<Date>) -> Markup {
    let date = *date.borrow();
    tagged(date, date.strftime("%a %-d %b %Y"))
}

/// An instant: `28 Oct 2026 14:20 UTC`.
pub fn stamp(time: impl Borrow<Time>) -> Markup {
    written(*time.borrow(), "%-d %b %Y %H:%M UTC")
}

/// The day of an instant, as the head of a list: `Wed 28 Oct 2026`.
pub fn day(time: impl Borrow<Time>) -> Markup {
    weekday(today(time))
}

/// The clock time of an instant within a day that stands above it: `14:20`.
pub fn clock(time: impl Borrow<Time>) -> Markup {
    written(*time.borrow(), "%H:%M")
}

/// Returns the day of an instant in UTC; the first day there is where the instant is out of range.
pub fn today(time: impl Borrow<Time>) -> Date {
    time.borrow().timestamp().map_or(Date::MIN, |timestamp| timestamp.to_zoned(TimeZone::UTC).date())
}

/// How near a date is, never instead of it: `in 5 days`, `tomorrow`, `today`, `3 days late`.
/// Late only while it is open.
pub fn nearness(date: impl Borrow<Date>, today: Date, open: impl Borrow<bool>) -> Markup {
    let days = today.until(*date.borrow()).map_or(0, |span| i64::from(span.get_days()));
    let class = match days {
        ..0 => "il late",
        0..=SOON_DAYS => "il soon",
        _ => "il",
    };
    let words = match days {
        ..-1 => format!("{} days late", days.unsigned_abs()),
        -1 => "1 day late".to_owned(),
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        2.. => format!("in {days} days"),
    };
    if *open.borrow() && days <= SOON_DAYS {
        Markup(format!("<small class=\"{class}\">{words}</small>"))
    } else {
        Markup::default()
    }
}

/// The same in a sentence, after a comma.
pub fn and_near(date: impl Borrow<Date>, today: Date, open: impl Borrow<bool>) -> Markup {
    match nearness(date, today, open).0 {
        words if words.is_empty() => Markup::default(),
        words => Markup(format!(", {words}")),
    }
}

fn tagged(machine: impl Display, words: impl Display) -> Markup {
    Markup(format!("<time datetime=\"{machine}\">{words}</time>"))
}

fn written(time: Time, form: &str) -> Markup {
    match time.timestamp() {
        Some(timestamp) => tagged(time, timestamp.strftime(form)),
        None => Markup(super::escape(&time.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as on;

    #[test]
    fn dates_are_written_day_month_year() {
        assert_eq!(date(on(2026, 11, 2)).0, "<time datetime=\"2026-11-02\">2 Nov 2026</time>");
        assert_eq!(weekday(on(2026, 11, 2)).0, "<time datetime=\"2026-11-02\">Mon 2 Nov 2026</time>");
        let time: Time = "2026-10-28T14:20:00Z".parse().unwrap();
        assert!(stamp(time).0.contains(">28 Oct 2026 14:20 UTC<"));
        assert!(stamp(time).0.contains("datetime=\"2026-10-28T14:20:00Z\""));
        assert_eq!(today(time), on(2026, 10, 28));
        // Two instants of one day stand under one head.
        assert_eq!(day(time), day(time.plus_seconds(3_600)));
        assert_eq!(day(time).0, "<time datetime=\"2026-10-28\">Wed 28 Oct 2026</time>");
    }

    #[test]
    fn an_instant_out_of_range_is_shown_and_does_not_stop_a_page() {
        assert_eq!(stamp(Time(i64::MAX)).0, format!("@{}", i64::MAX));
        assert_eq!(today(Time(i64::MAX)), Date::MIN);
    }

    #[test]
    fn nearness_is_told_from_ten_days_before() {
        let now = on(2026, 10, 28);
        let check = |day: Date, open, class: &str, words: &str| {
            let html = nearness(day, now, open).0;
            let expect = format!("<small class=\"{class}\">{words}</small>");
            assert_eq!(html, if words.is_empty() { String::new() } else { expect });
        };
        check(on(2026, 11, 2), true, "il soon", "in 5 days");
        check(on(2026, 11, 7), true, "il soon", "in 10 days");
        check(on(2026, 11, 8), true, "", "");
        check(on(2026, 10, 29), true, "il soon", "tomorrow");
        check(on(2026, 10, 28), true, "il soon", "today");
        check(on(2026, 10, 27), true, "il late", "1 day late");
        check(on(2026, 9, 28), true, "il late", "30 days late");
        check(on(2026, 9, 28), false, "", "");
    }
}
