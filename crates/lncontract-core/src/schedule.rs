//! Due-rule arithmetic on civil dates, and the one instant that a civil date means.
//!
//! Invariant: months are added to the anchor itself and clamped to the month's end, then days are added; no
//! row is computed from the row before it. A day on which something is due, and the last day of a period, is a
//! business day: if the terms list it as none, it is the next one that they don't list. Offset and list are those
//! of the terms: no time zone table, no calendar of holidays, no clock.

use jiff::{Span, civil::Date, tz::Offset};

use crate::{
    Time,
    v1::{DueRule, Terms},
};

/// The first and last year that a contract may speak of: RFC 3339 writes four digits.
pub const YEARS: std::ops::RangeInclusive<i16> = 1970..=9998;

/// A date outside the years 1970 to 9998.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the date falls outside the years 1970 to 9998; choose fewer months or days")]
pub struct OutOfCalendar;

/// Returns the date that many months, then days, after the anchor:
/// 31 January + 1 month is the last of February.
///
/// # Errors
/// When the date is outside [`YEARS`].
pub fn after(anchor: Date, months: i32, days: i32) -> Result<Date, OutOfCalendar> {
    let months = Span::new().try_months(months).map_err(|_| OutOfCalendar)?;
    let days = Span::new().try_days(days).map_err(|_| OutOfCalendar)?;
    let date =
        anchor.checked_add(months).and_then(|date| date.checked_add(days)).map_err(|_| OutOfCalendar)?;
    if YEARS.contains(&date.year()) { Ok(date) } else { Err(OutOfCalendar) }
}

/// Returns the last second of the civil day at a fixed offset from UTC in minutes.
///
/// # Errors
/// When the date is outside [`YEARS`] or no clock has that offset.
pub fn instant_of(date: Date, utc_offset_minutes: i32) -> Result<Time, OutOfCalendar> {
    let offset = offset(utc_offset_minutes).ok_or(OutOfCalendar)?;
    if !YEARS.contains(&date.year()) {
        return Err(OutOfCalendar);
    }
    let instant = offset.to_timestamp(date.at(23, 59, 59, 0)).map_err(|_| OutOfCalendar)?;
    Ok(Time(instant.as_second()))
}

/// Returns the civil day in which an instant lies at a fixed offset from UTC in minutes.
///
/// # Errors
/// When that day is outside [`YEARS`] or no clock has that offset.
pub fn day_of(time: Time, utc_offset_minutes: i32) -> Result<Date, OutOfCalendar> {
    let offset = offset(utc_offset_minutes).ok_or(OutOfCalendar)?;
    let date = offset.to_datetime(time.timestamp().ok_or(OutOfCalendar)?).date();
    if YEARS.contains(&date.year()) { Ok(date) } else { Err(OutOfCalendar) }
}

/// Returns the day itself, or the next one that the list does not name. The list ascends.
///
/// # Errors
/// When that day is outside [`YEARS`].
pub fn business_day(date: Date, non_business_days: &[Date]) -> Result<Date, OutOfCalendar> {
    let mut day = date;
    for free in non_business_days.iter().filter(|free| **free >= date) {
        if *free == day {
            day = after(day, 0, 1)?;
        }
    }
    Ok(day)
}

/// Returns the instant at which something is due that falls on that day: the last second of it, or of the next
/// business day.
///
/// # Errors
/// When that day is outside [`YEARS`].
pub fn due_on(date: Date, terms: &Terms) -> Result<Time, OutOfCalendar> {
    instant_of(business_day(date, &terms.non_business_days)?, terms.utc_offset_minutes)
}

/// Returns the end of a period of days that begins at an instant; if it would end on a day that is no business day,
/// it ends with the next one that is. What leaves the calendar is not moved.
pub fn end_of_period(start: Time, days: u32, terms: &Terms) -> Time {
    let end = start.plus_days(i64::from(days));
    let Ok(day) = day_of(end, terms.utc_offset_minutes) else { return end };
    let moved = business_day(day, &terms.non_business_days).ok().filter(|moved| *moved != day);
    moved.and_then(|day| instant_of(day, terms.utc_offset_minutes).ok()).unwrap_or(end)
}

fn offset(minutes: i32) -> Option<Offset> {
    Offset::from_seconds(minutes.checked_mul(60)?).ok()
}

/// Returns `count` dates, one a month, each computed from the anchor:
/// the first `first_month` months after it.
///
/// # Errors
/// When one of them is outside [`YEARS`].
pub fn monthly(anchor: Date, first_month: i32, count: u16) -> Result<Vec<Date>, OutOfCalendar> {
    (0..i32::from(count))
        .map(|index| after(anchor, first_month.checked_add(index).ok_or(OutOfCalendar)?, 0))
        .collect()
}

/// Returns the day that a rule gives when the terms are made; none while it hangs on an acceptance.
///
/// # Errors
/// When that day is outside [`YEARS`].
pub fn dated(rule: &DueRule, date_of_contract: Date) -> Result<Option<Date>, OutOfCalendar> {
    match *rule {
        DueRule::Date { date } => Ok(Some(date)),
        DueRule::DateOfContract { months, days } => after(date_of_contract, months, days).map(Some),
        DueRule::Acceptance { .. } => Ok(None),
    }
}

/// Returns the instant that a rule gives for an acceptance at `accepted`: never before that day, for dated rules
/// not before their day either, and on a business day.
///
/// # Errors
/// When it is outside [`YEARS`].
pub fn due_after_acceptance(rule: &DueRule, accepted: Time, terms: &Terms) -> Result<Time, OutOfCalendar> {
    let offset = terms.utc_offset_minutes;
    let accepted_on = day_of(accepted, offset)?;
    let date = match *rule {
        DueRule::Acceptance { months, days, .. } => after(accepted_on, months, days)?,
        _ => dated(rule, terms.date_of_contract)?.map_or(accepted_on, |date| date.max(accepted_on)),
    };
    due_on(date, terms)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn months_are_clamped_to_the_month_end_and_days_come_after() {
        let check = |anchor: Date, months, days, expected: Date| {
            assert_eq!(after(anchor, months, days), Ok(expected), "{anchor} + {months} months + {days} days");
        };
        check(date(2026, 1, 31), 1, 0, date(2026, 2, 28));
        check(date(2028, 1, 31), 1, 0, date(2028, 2, 29));
        check(date(2026, 1, 31), 2, 0, date(2026, 3, 31));
        check(date(2026, 1, 31), 1, 1, date(2026, 3, 1));
        check(date(2026, 10, 31), 4, 0, date(2027, 2, 28));
        check(date(2026, 3, 31), -1, 0, date(2026, 2, 28));
        check(date(2026, 12, 15), 14, 0, date(2028, 2, 15));
        check(date(2026, 3, 15), 0, -15, date(2026, 2, 28));
    }

    #[test]
    fn each_monthly_date_is_computed_from_the_anchor_and_not_from_the_one_before() {
        let dates = monthly(date(2026, 1, 31), 0, 5).unwrap();
        let expected =
            [(1, 31), (2, 28), (3, 31), (4, 30), (5, 31)].map(|(month, day)| date(2026, month, day));
        assert_eq!(dates, expected);
    }

    #[test]
    fn a_civil_day_ends_at_its_last_second_at_the_offset() {
        let check = |date, offset, expected: &str| {
            let instant = instant_of(date, offset).unwrap();
            assert_eq!(instant.to_string(), expected);
            assert_eq!(day_of(instant, offset), Ok(date));
            assert_eq!(day_of(instant.plus_seconds(1), offset), Ok(date.tomorrow().unwrap()));
        };
        check(date(2026, 3, 1), 0, "2026-03-01T23:59:59Z");
        check(date(2026, 3, 1), 60, "2026-03-01T22:59:59Z");
        check(date(2026, 3, 1), -840, "2026-03-02T13:59:59Z");
        check(date(2026, 3, 1), 345, "2026-03-01T18:14:59Z");
    }

    #[test]
    fn a_day_that_is_no_business_day_gives_way_to_the_next_that_is_one() {
        let free = [date(2026, 4, 3), date(2026, 4, 4), date(2026, 4, 5), date(2026, 4, 6), date(2026, 5, 1)];
        let check = |day: Date, expected: Date| assert_eq!(business_day(day, &free), Ok(expected), "{day}");
        check(date(2026, 4, 2), date(2026, 4, 2));
        check(date(2026, 4, 3), date(2026, 4, 7));
        check(date(2026, 4, 5), date(2026, 4, 7));
        check(date(2026, 4, 7), date(2026, 4, 7));
        check(date(2026, 5, 1), date(2026, 5, 2));
        assert_eq!(business_day(date(9998, 12, 31), &[date(9998, 12, 31)]), Err(OutOfCalendar));
    }

    #[test]
    fn what_leaves_the_calendar_is_an_error_and_not_a_panic() {
        assert_eq!(after(date(9998, 12, 31), 1, 0), Err(OutOfCalendar));
        assert_eq!(after(date(2026, 1, 1), i32::MAX, 0), Err(OutOfCalendar));
        assert_eq!(after(date(2026, 1, 1), 0, i32::MIN), Err(OutOfCalendar));
        assert_eq!(instant_of(date(2026, 1, 1), i32::MAX), Err(OutOfCalendar));
        assert_eq!(monthly(date(2026, 1, 1), i32::MAX, 2), Err(OutOfCalendar));
        assert_eq!(day_of(Time(i64::MAX), 0), Err(OutOfCalendar));
    }
}
